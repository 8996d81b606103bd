import { assert, assertEquals } from "@std/assert";
import { Channel } from "../../protocol/mod.ts";
import { ServerProcess } from "../../tools/process_signal.ts";
import { NonBlockingSocket } from "../deno.ts";
import {
  ConnectionManager,
  InsecureLink,
  type ManagerEvent,
  type PeerId,
} from "../mod.ts";

const PROGRAM = new URL("_testing/kill_server.ts", import.meta.url);
const CLIENT = new URL("_testing/kill_client.ts", import.meta.url);
const PATIENCE_MS = 30_000;

Deno.test("ConnectionManager tells of a server that was killed, and of one that was started anew", async () => {
  const server = await ServerProcess.start(PROGRAM);
  const { port } = server;
  await using _ = server;
  const socket = await NonBlockingSocket.bind({ hostname: "127.0.0.1" });
  using manager = new ConnectionManager({
    link: new InsecureLink({ protocol: "kill 1" }),
    connection: { keepaliveMs: 100, peerTimeoutMs: 1_000 },
  });
  manager.bind(socket);
  const echoes: number[] = [];
  async function until(
    isDone: (event: ManagerEvent | undefined) => boolean,
  ): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      manager.poll((_peer, bytes) => echoes.push(bytes[0]!));
      let event = manager.pollEvent();
      do {
        if (isDone(event)) return;
        event = manager.pollEvent();
      } while (event !== undefined);
      assert(performance.now() < deadline, "nothing happened");
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
  async function echo(value: number): Promise<void> {
    const peer = manager.connect(socket.address("127.0.0.1", port));
    await until((event) => event?.type === "peerConnected");
    assert(
      manager.send(peer, new Uint8Array([value]), Channel.ReliableOrdered),
    );
    await until(() => echoes.at(-1) === value);
  }
  await echo(1);
  await server.kill();
  await until((event) => event?.type === "peerTimedOut");
  {
    await using again = await ServerProcess.start(PROGRAM, {
      args: [`${port}`],
    });
    await echo(2);
    await again.kill();
  }
  // Before the timeout there is another one in its place.
  await using third = await ServerProcess.start(PROGRAM, { args: [`${port}`] });
  assertEquals(third.port, port);
  await until((event) =>
    event?.type === "peerTimedOut" ||
    event?.type === "peerDisconnected" && event.reason === "unknownSession"
  );
  await echo(3);
  assertEquals(echoes, [1, 2, 3]);
});

Deno.test("ConnectionManager tells of a client that was killed, and keeps the others", async () => {
  const socket = await NonBlockingSocket.bind({ hostname: "127.0.0.1" });
  using manager = new ConnectionManager({
    link: new InsecureLink({ protocol: "kill 1", maxClients: 8 }),
    connection: { keepaliveMs: 100, peerTimeoutMs: 1_000 },
  });
  manager.bind(socket);
  const { port } = socket.localAddress;
  const received = new Map<PeerId, number>();
  const events: ManagerEvent[] = [];
  async function until(isDone: () => boolean): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      manager.poll((peer) => received.set(peer, (received.get(peer) ?? 0) + 1));
      events.push(...manager.drainEvents());
      if (isDone()) return;
      assert(performance.now() < deadline, JSON.stringify(events));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
  async function start(): Promise<[ServerProcess, PeerId]> {
    const before = events.length;
    const [client] = await Promise.all([
      ServerProcess.start(CLIENT, { args: [`${port}`] }),
      until(() => events.length > before),
    ]);
    const event = events[before];
    assert(event?.type === "peerConnected");
    await until(() => received.has(event.peer));
    return [client, event.peer];
  }
  const [first, killed] = await start();
  await using _first = first;
  const [second, left] = await start();
  await using _second = second;
  events.length = 0;
  await first.kill();
  await until(() => events.length > 0);
  assertEquals(events, [{ type: "peerTimedOut", peer: killed }]);
  const before = received.get(left)!;
  await until(() => received.get(left)! > before);
  assertEquals(manager.peers(), [left]);
});
