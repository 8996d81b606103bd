// Netcode's outcomes over real UDP: time is that of the machine, and tokens let an end be silent for a second.
import { assert, assertEquals } from "@std/assert";
import { ServerProcess } from "../../tools/process_signal.ts";
import { NonBlockingSocket } from "../deno.ts";
import {
  Channel,
  ConnectionManager,
  type DatagramLink,
  type ManagerEvent,
  type PeerId,
} from "../mod.ts";
import {
  type IssueConnectTokenOptions,
  NetcodeClient,
  type NetcodeServer,
} from "../netcode.ts";
import { splitEndpoint } from "./_endpoint.ts";
import { Login } from "./_testing/login.ts";

const { ReliableOrdered } = Channel;
const KILLED = new URL("_testing/kill_server.ts", import.meta.url);
const PATIENCE_MS = 30_000;
const HOST = "127.0.0.1";

function bytesOf(...bytes: number[]): Uint8Array {
  return new Uint8Array(bytes);
}

/** A manager on a real socket, and what came out of it. */
interface End<L> {
  readonly link: L;
  readonly manager: ConnectionManager;
  readonly socket: NonBlockingSocket;
  /** `"10.0.0.1:40000"`, as tokens list it. */
  readonly address: string;
  readonly events: ManagerEvent[];
  readonly received: number[];
}

/** Ends on this machine, which are polled together. */
class Machine implements Disposable {
  readonly login = new Login();
  readonly #ends: End<DatagramLink>[] = [];

  async server(
    options: { hostname?: string; port?: number; maxClients?: number } = {},
  ): Promise<End<NetcodeServer>> {
    const { hostname = HOST, port = 0, maxClients = 16 } = options;
    const socket = await NonBlockingSocket.bind({ hostname, port });
    const link = this.login.server(`${socket.localAddress}`, { maxClients });
    return this.#add(link, socket);
  }

  async client(hostname = HOST): Promise<End<NetcodeClient>> {
    const socket = await NonBlockingSocket.bind({ hostname });
    return this.#add(new NetcodeClient(), socket);
  }

  token(
    server: End<NetcodeServer>,
    options: Partial<IssueConnectTokenOptions> = {},
  ): Uint8Array {
    return this.login.token([server.address], {
      timeoutSeconds: 1,
      ...options,
    });
  }

  /** Begins to connect. */
  connect(
    client: End<NetcodeClient>,
    server: { readonly address: string },
    token: Uint8Array,
  ): PeerId {
    const to = client.socket.address(...splitEndpoint(server.address));
    return client.manager.connect(to, token);
  }

  /** Connects a new client. */
  async connected(
    server: End<NetcodeServer>,
    token: Uint8Array = this.token(server),
    end?: End<NetcodeClient>,
  ): Promise<{ end: End<NetcodeClient>; peer: PeerId; atServer: PeerId }> {
    const client = end ?? await this.client(server.socket.localAddress.host);
    const peer = this.connect(client, server, token);
    const events = await this.events([server, client]);
    for (const { type } of events) assertEquals(type, "peerConnected");
    return { end: client, peer, atServer: events[0]!.peer };
  }

  /** Waits until each end has an event, and takes one out of each. */
  async events(
    ends: readonly { readonly events: ManagerEvent[] }[],
  ): Promise<ManagerEvent[]> {
    await this.until(() => ends.every(({ events }) => events.length > 0));
    return ends.map(({ events }) => events.shift()!);
  }

  async until(isDone: () => boolean): Promise<void> {
    const deadlineMs = performance.now() + PATIENCE_MS;
    for (;;) {
      for (const { manager, events, received } of this.#ends) {
        manager.poll((_peer, bytes) => received.push(bytes[0]!));
        events.push(...manager.drainEvents());
      }
      if (isDone()) return;
      if (performance.now() > deadlineMs) {
        const told = this.#ends.map(({ address, events }) =>
          `${address}: ${events.map(({ type }) => type)}`
        );
        throw new Error(`nothing happened: ${told.join("; ")}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /** Lets an end vanish without a word. */
  vanish(end: End<DatagramLink>): void {
    this.#ends.splice(this.#ends.indexOf(end), 1);
    end.socket.close();
  }

  [Symbol.dispose](): void {
    for (const { manager } of this.#ends) manager[Symbol.dispose]();
  }

  #add<L extends DatagramLink>(link: L, socket: NonBlockingSocket): End<L> {
    const manager = new ConnectionManager({ link });
    manager.bind(socket);
    const end = {
      link,
      manager,
      socket,
      address: `${socket.localAddress}`,
      events: [],
      received: [],
    };
    this.#ends.push(end);
    return end;
  }
}

Deno.test("netcode over UDP connects, talks, and ends, over IPv4 and IPv6", async () => {
  for (const hostname of [HOST, "::1"]) {
    using machine = new Machine();
    const server = await machine.server({ hostname });
    const userData = bytesOf(1, 2, 3);
    const token = machine.token(server, { clientId: 5n, userData });
    const end = await machine.client(hostname);
    const peer = machine.connect(end, server, token);
    const [event] = await machine.events([server, end]);
    assert(event?.type === "peerConnected");
    assertEquals(event.clientId, 5n);
    assertEquals(event.userData.slice(0, 4), bytesOf(1, 2, 3, 0));
    assertEquals(`${event.address}`, end.address);
    for (let i = 0; i < 20; i++) {
      const large = new Uint8Array(20_000).fill(i);
      assert(end.manager.send(peer, large, ReliableOrdered));
      assert(server.manager.send(event.peer, bytesOf(i), ReliableOrdered));
    }
    await machine.until(() =>
      server.received.length === 20 && end.received.length === 20
    );
    const all = Array.from({ length: 20 }, (_, i) => i);
    assertEquals([server.received, end.received], [all, all]);
    server.manager.kick(event.peer, "cheater");
    const [kicked, told] = await machine.events([server, end]);
    assert(kicked?.type === "peerDisconnected" && !kicked.isRemote);
    assert(told?.type === "peerDisconnected" && told.isRemote);
    assertEquals([told.reason, told.message], ["kicked", "cheater"]);
    const again = await machine.connected(server, undefined, end);
    end.manager.disconnect(again.peer, "bye");
    const [left] = await machine.events([server]);
    assert(left?.type === "peerDisconnected");
    assertEquals([left.reason, left.message], ["closed", "bye"]);
  }
});

Deno.test("netcode over UDP connects to the next server where the first is full, and fails at the last", async () => {
  using machine = new Machine();
  const first = await machine.server({ maxClients: 1 });
  const second = await machine.server({ maxClients: 1 });
  await machine.connected(first);
  const token = machine.login.token([first.address, second.address]);
  const end = await machine.client();
  machine.connect(end, first, token);
  const [connected] = await machine.events([end, second]);
  assert(connected?.type === "peerConnected");
  assertEquals(`${connected.address}`, second.address);
  const late = await machine.client();
  machine.connect(
    late,
    first,
    machine.login.token([first.address, second.address]),
  );
  const [failed] = await machine.events([late]);
  assert(failed?.type === "connectFailed");
  assertEquals(failed.reason, "serverFull");
});

Deno.test("netcode over UDP fails by what no server answers, and tells of ends that fall silent", async () => {
  using machine = new Machine();
  const server = await machine.server();
  const other = await machine.server();
  const genuine = machine.token(server);
  const owner = await machine.connected(server, genuine);
  const silent = await machine.connected(server);
  const left = await machine.connected(other);
  // All of them at once, as they wait for their second to pass.
  const table = [
    ["noAnswer", machine.token(server, { privateKey: new Uint8Array(32) })],
    ["noAnswer", machine.token(server, { protocolId: 1n })],
    ["noAnswer", genuine],
    ["noAnswer", machine.token(server, { internalAddresses: ["10.0.0.1:9"] })],
    [
      "tokenExpired",
      machine.token(server, {
        timeoutSeconds: 9,
        expireSeconds: 1,
        clock: {
          nowMs: () => performance.now(),
          epochMs: () => Date.now() - 5_000,
        },
      }),
    ],
    ["invalidToken", genuine.subarray(1)],
  ] as const;
  const clients = await Promise.all(table.map(() => machine.client()));
  for (const [i, [, token]] of table.entries()) {
    machine.connect(clients[i]!, server, token);
  }
  machine.vanish(silent.end);
  machine.vanish(other);
  const [serverEvent, leftEvent] = await machine.events([server, left.end]);
  assertEquals(serverEvent, { type: "peerTimedOut", peer: silent.atServer });
  assertEquals(leftEvent, { type: "peerTimedOut", peer: left.peer });
  const failures = await machine.events(clients);
  assertEquals(
    failures.map((event) => event.type === "connectFailed" && event.reason),
    table.map(([reason]) => reason),
  );
  const { counters } = server.link;
  const { badToken, wrongProtocol, otherServer, expired } = counters;
  assert(Math.min(badToken, wrongProtocol, otherServer, expired) > 0);
  assert(counters.clientConnected + counters.tokenUsed > 0);
  // Who got in is still there.
  assertEquals([owner.end.events, server.events], [[], []]);
  assert(owner.end.manager.send(owner.peer, bytesOf(1), ReliableOrdered));
  await machine.until(() => server.received.length === 1);

  // In the place of the one that vanished stands another: it knows nobody, and takes new tokens.
  const { port } = other.socket.localAddress;
  const anew = await machine.server({ port });
  const back = await machine.connected(anew, undefined, left.end);
  assert(back.end.manager.send(back.peer, bytesOf(2), ReliableOrdered));
  await machine.until(() => anew.received.length === 1);
});

Deno.test("netcode over UDP drops packets that come again", async () => {
  using machine = new Machine();
  const server = await machine.server();
  const end = await machine.client();
  const { socket } = end;
  const datagrams: Uint8Array[] = [];
  const send = socket.send.bind(socket);
  socket.send = (datagram, to) => {
    datagrams.push(datagram.slice());
    return send(datagram, to);
  };
  const { peer, atServer } = await machine.connected(server, undefined, end);
  for (let i = 0; i < 20; i++) {
    assert(end.manager.send(peer, bytesOf(i), ReliableOrdered));
    await machine.until(() => server.received.length > i);
  }
  const { replayed } = server.link.counters;
  const to = end.manager.peerAddress(peer)!;
  const count = datagrams.length;
  for (const datagram of datagrams) send(datagram, to);
  assert(end.manager.send(peer, bytesOf(99), ReliableOrdered));
  await machine.until(() => server.received.length > 20);
  assertEquals(server.received.length, 21);
  assertEquals(server.received.at(-1), 99);
  // But for requests and responses, of which the server takes none from there any more.
  assert(server.link.counters.replayed >= replayed + 20, `of ${count}`);
  assertEquals(server.manager.peers(), [atServer]);
  assertEquals([server.events, end.events], [[], []]);
});

Deno.test("netcode over UDP tells of a server that was killed, and comes back by a new token", async () => {
  using machine = new Machine();
  const key = machine.login.privateKey.join();
  const end = await machine.client();
  async function echo(port: number, value: number): Promise<PeerId> {
    const address = `${HOST}:${port}`;
    const options = { timeoutSeconds: 1 };
    const token = machine.login.token([address], options);
    const peer = machine.connect(end, { address }, token);
    const [event] = await machine.events([end]);
    assertEquals(event?.type, "peerConnected");
    assert(end.manager.send(peer, bytesOf(value), ReliableOrdered));
    await machine.until(() => end.received.at(-1) === value);
    return peer;
  }
  await using server = await ServerProcess.start(KILLED, { args: [key] });
  const { port } = server;
  const peer = await echo(port, 1);
  await server.kill();
  assertEquals(await machine.events([end]), [{ type: "peerTimedOut", peer }]);
  await using again = await ServerProcess.start(KILLED, {
    args: [key, `${port}`],
  });
  assertEquals(again.port, port);
  await echo(port, 2);
});
