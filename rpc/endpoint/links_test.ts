// The same endpoints over links that are none of rpc's business: the other tests are over memory.
import { assert, assertEquals } from "@std/assert";
import { ManualClock, playerId } from "../../core/mod.ts";
import { Channel, u8 } from "../../protocol/mod.ts";
import {
  ConnectionManager,
  InsecureLink,
  SimulatedNetwork,
} from "../../transport/mod.ts";
import { NonBlockingSocket } from "../../transport/deno.ts";
import { upgradeWebSocket } from "../../websocket/deno.ts";
import { WsClient, WsHub } from "../../websocket/mod.ts";
import {
  clientId,
  defineRpc,
  RpcClient,
  RpcServer,
  RpcTarget,
} from "../mod.ts";

const DT = 1 / 60;
const DEADLINE_MS = 30_000;
const COUNT = 40;

const game = defineRpc({
  add: { params: { a: u8, b: u8 }, from: "client", reply: u8 },
  emote: { params: { n: u8 }, from: "client", channel: Channel.Reliable },
  tick: { params: { n: u8 }, from: "server", channel: Channel.Unreliable },
});

/** What each test does: ask, shout and be told, and look at what comes. */
class Exchange {
  // By the machine's clock a busy machine would use up the client's time in handlers.
  readonly server = new RpcServer(game, { clock: new ManualClock() });
  readonly results: number[] = [];
  readonly emotes: string[] = [];
  readonly ends: string[] = [];
  ticks = 0;
  #asked = 0;

  constructor() {
    this.server.answer("add", ({ a, b }) => a + b);
  }

  /** Has a client handle what is called. */
  listen(client: RpcClient<typeof game.definitions>): void {
    client.on(
      "emote",
      ({ n }, { caller }) => this.emotes.push(`${caller} ${n}`),
    );
    client.on("tick", () => this.ticks++);
  }

  /** A frame of the server. */
  serve(): void {
    this.server.send("tick", { n: 1 }, RpcTarget.all());
    this.server.tick(DT);
    for (const event of this.server.drainEvents()) {
      if (event.type === "peerDisconnected") this.ends.push(event.reason);
    }
  }

  frame(client: RpcClient<typeof game.definitions>): void {
    this.serve();
    if (this.#asked < COUNT) {
      client.call("add", { a: this.#asked, b: 1 });
      client.send("emote", { n: this.#asked }, RpcTarget.all());
      this.#asked += 1;
    }
    client.tick(DT);
    for (const event of client.drainEvents()) {
      if (event.type === "result" && event.name === "add") {
        this.results.push(event.value);
      } else assertEquals(event.type, "ready");
    }
  }

  get isDone(): boolean {
    return this.results.length === COUNT && this.emotes.length === COUNT;
  }

  check(): void {
    const numbers = Array.from({ length: COUNT }, (_, i) => i);
    assertEquals(this.results, numbers.map((n) => n + 1));
    assertEquals(
      this.emotes.sort(),
      numbers.map((n) => `5 ${n}`).sort(),
    );
    assert(this.ticks > 0);
  }
}

Deno.test("RpcServer and RpcClient speak over peers of a transport that loses packets", () => {
  const network = new SimulatedNetwork({
    seed: 3,
    conditions: { latencyMs: 20, jitterMs: 10, loss: 0.1, duplication: 0.05 },
  });
  const { clock } = network;
  const at = new ConnectionManager({
    link: new InsecureLink({ protocol: "rpc", maxClients: 4 }),
    clock,
  });
  at.bind(network.socket("10.0.0.1", 9000));
  const from = new ConnectionManager({
    link: new InsecureLink({ protocol: "rpc" }),
    clock,
  });
  const socket = network.socket("10.0.0.2");
  from.bind(socket);
  const peer = from.connect(socket.address("10.0.0.1", 9000));
  const exchange = new Exchange();
  const client = new RpcClient(game, from.link(peer)!);
  exchange.listen(client);
  const frame = (): void => {
    network.tick(DT);
    at.poll();
    for (const event of at.drainEvents()) {
      if (event.type !== "peerConnected") continue;
      exchange.server.connect(at.link(event.peer)!, clientId(5));
    }
    from.poll();
    for (const _ of from.drainEvents());
    exchange.frame(client);
  };
  for (let i = 0; i < 2_000 && !exchange.isDone; i++) frame();
  exchange.check();
  client.close("enough");
  for (const _ of client.drainEvents());
  for (let i = 0; i < 300 && exchange.ends.length === 0; i++) {
    network.tick(DT);
    at.poll();
    from.poll();
    exchange.serve();
  }
  assertEquals(exchange.ends, ["enough"]);
});

Deno.test("RpcServer and RpcClient speak over peers of a transport, through real sockets", async () => {
  const hostname = "127.0.0.1";
  const socketAt = await NonBlockingSocket.bind({ hostname });
  const at = new ConnectionManager({
    link: new InsecureLink({ protocol: "rpc", maxClients: 4 }),
  });
  at.bind(socketAt);
  const socketFrom = await NonBlockingSocket.bind({ hostname });
  const from = new ConnectionManager({
    link: new InsecureLink({ protocol: "rpc" }),
  });
  from.bind(socketFrom);
  const { port } = socketAt.localAddress;
  const peer = from.connect(socketFrom.address(hostname, port));
  const exchange = new Exchange();
  const client = new RpcClient(game, from.link(peer)!);
  exchange.listen(client);
  const endMs = performance.now() + DEADLINE_MS;
  const turn = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve));
    assert(performance.now() < endMs, "It takes too long");
    at.poll();
    for (const event of at.drainEvents()) {
      if (event.type !== "peerConnected") continue;
      exchange.server.connect(at.link(event.peer)!, clientId(5));
    }
    from.poll();
    for (const _ of from.drainEvents());
  };
  while (!exchange.isDone) {
    await turn();
    exchange.frame(client);
  }
  exchange.check();
  client.close("enough");
  for (const _ of client.drainEvents());
  while (exchange.ends.length === 0) {
    await turn();
    exchange.serve();
  }
  assertEquals(exchange.ends, ["enough"]);
  from[Symbol.dispose]();
  at[Symbol.dispose]();
});

Deno.test("RpcServer and RpcClient speak over a hub, through real sockets", async () => {
  const hub = new WsHub({
    upgrade: upgradeWebSocket,
    authenticate: () => ({ playerId: playerId("p") }),
  });
  const http = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    hub.handler,
  );
  const socket = new WsClient({
    url: `ws://127.0.0.1:${http.addr.port}`,
    mux: true,
  });
  socket.connect();
  const exchange = new Exchange();
  const client = new RpcClient(game, socket.link("rpc"));
  exchange.listen(client);
  const endMs = performance.now() + DEADLINE_MS;
  const turn = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve));
    assert(performance.now() < endMs, "It takes too long");
    hub.tick(DT);
    for (const event of hub.drainEvents()) {
      if (event.type !== "clientConnected") continue;
      exchange.server.connect(hub.link(event.client, "rpc")!, clientId(5));
    }
    socket.tick(DT);
    for (const _ of socket.drainEvents());
  };
  while (!exchange.isDone) {
    await turn();
    exchange.frame(client);
  }
  exchange.check();
  client.close("enough");
  for (const _ of client.drainEvents());
  while (exchange.ends.length === 0) {
    await turn();
    exchange.serve();
  }
  assertEquals(exchange.ends, ["enough"]);
  socket.close();
  while (hub.socketCount > 0) await turn();
  hub.close();
  await http.shutdown();
});
