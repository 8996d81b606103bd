import { assert, assertEquals } from "@std/assert";
import {
  ManualClock,
  renderOpenMetrics,
  SeededRandom,
} from "../../core/mod.ts";
import {
  Channel,
  f32,
  MemoryLinkPair,
  string,
  u32,
  u8,
} from "../../protocol/mod.ts";
import {
  type ClientId,
  clientId,
  defineRpc,
  RpcClient,
  type RpcContract,
  RpcServer,
  type RpcServerEvent,
  RpcTarget,
} from "../mod.ts";
import type { RpcLimits } from "./rpc_limits.ts";

const DT = 1 / 64;
const HOSTILE = clientId(66);

const game = defineRpc({
  shoot: { params: { frame: u32 }, from: "client" },
  fire: {
    params: { weapon: u8 },
    from: "client",
    rate: { perSecond: 8, burst: 16 },
  },
  chat: { params: { text: string({ maxBytes: 200 }) }, from: "client" },
  buy: { params: { frame: u32 }, from: "client", reply: u32 },
  open: { params: { door: u8 }, from: "owner", reply: u8 },
  damage: { params: { amount: f32 }, from: "server" },
});
type Definitions = typeof game.definitions;

/** The same on the wire, yet this end lets its caller make every call. */
function tamper(contract: RpcContract<Definitions>): RpcContract<Definitions> {
  const rpcs = contract.rpcs.map((rpc) => ({
    ...rpc,
    definition: { ...rpc.definition, from: "any" as const },
  }));
  return {
    ...contract,
    rpcs,
    byName: new Map(rpcs.map((rpc) => [rpc.name, rpc])),
  };
}

class Player {
  readonly pair = new MemoryLinkPair({
    maxQueuedMessages: 4_096,
    maxQueuedBytes: 2 ** 22,
  });
  readonly client: RpcClient<Definitions>;
  readonly id: ClientId;

  constructor(id: ClientId, contract: RpcContract<Definitions> = game) {
    this.id = id;
    this.client = new RpcClient(contract, this.pair.b, {
      maxQueuedBytes: 2 ** 20,
      maxOutstanding: 1_000,
    });
  }

  /** Sends what a client would not; returns how many messages the link took. */
  sendRaw(bytes: Uint8Array, count: number): number {
    let sent = 0;
    while (
      sent < count && this.pair.b.send(bytes, Channel.Reliable)
    ) sent++;
    return sent;
  }
}

/** A server, two honest clients and a hostile one, which all are ready. */
class Arena {
  readonly clock = new ManualClock();
  readonly server: RpcServer<Definitions>;
  readonly honest = [new Player(clientId(1)), new Player(clientId(2))];
  readonly hostile = new Player(HOSTILE, tamper(game));
  readonly events: RpcServerEvent<Definitions>[] = [];
  /** Of each client, the last frame that it told, and how many it told. */
  readonly lastFrame = new Map<ClientId, number>();
  readonly handled = new Map<ClientId, number>();
  /** How long a shot of the hostile client takes. */
  handlerMs = 0;
  frame = 0;
  /** Of the honest clients: outcomes by their type. */
  readonly outcomes = new Map<string, number>();

  constructor(limits?: RpcLimits) {
    this.server = new RpcServer(game, {
      clock: this.clock,
      isOwner: (client, _, { door }) => door === client,
      ...(limits === undefined ? {} : { limits }),
    });
    this.server.on("shoot", ({ frame }, { caller }) => {
      this.lastFrame.set(caller, frame);
      this.#count(caller);
      if (caller === HOSTILE) this.clock.advance(this.handlerMs);
    });
    this.server.on("fire", (_, { caller }) => this.#count(caller));
    this.server.on("chat", (_, { caller }) => this.#count(caller));
    this.server.answer("buy", ({ frame }, { caller }) => {
      this.#count(caller!);
      return frame;
    });
    this.server.answer("open", ({ door }, { caller }) => {
      this.#count(caller!);
      return door;
    });
    for (const player of this.players) {
      this.server.connect(player.pair.a, player.id);
    }
    for (let i = 0; i < 8; i++) this.tick();
    assertEquals(this.events.splice(0).map(({ type }) => type), [
      "peerReady",
      "peerReady",
      "peerReady",
    ]);
  }

  get players(): readonly Player[] {
    return [this.hostile, ...this.honest];
  }

  tick(): void {
    for (const { client, pair } of this.players) {
      client.tick(DT);
      pair.tick(DT);
    }
    this.server.tick(DT);
    this.events.push(...this.server.drainEvents());
  }

  /**
   * A frame in which each honest client shoots and buys, and what it sent in the frame
   * before must have been handled.
   */
  play(): void {
    this.frame++;
    for (const { client } of this.honest) {
      assert(client.send("shoot", { frame: this.frame }));
      assert(client.call("buy", { frame: this.frame }, { timeoutMs: 100 }));
    }
    this.tick();
    for (const { id, client } of this.honest) {
      assertEquals(this.lastFrame.get(id), this.frame, `client ${id}`);
      for (const { type } of client.drainEvents()) {
        this.outcomes.set(type, (this.outcomes.get(type) ?? 0) + 1);
      }
    }
  }

  /** Checks that everything of the honest clients was handled and answered. */
  checkHonest(): void {
    this.tick();
    this.tick();
    for (const { id, client } of this.honest) {
      assertEquals(this.handled.get(id), 2 * this.frame);
      for (const { type } of client.drainEvents()) {
        this.outcomes.set(type, (this.outcomes.get(type) ?? 0) + 1);
      }
    }
    this.outcomes.delete("ready");
    assertEquals([...this.outcomes], [["result", 2 * this.frame]]);
    for (const event of this.events) {
      if ("client" in event) assertEquals(event.client, HOSTILE);
    }
  }

  types(): string[] {
    return this.events.map(({ type }) => type);
  }

  #count(client: ClientId): void {
    this.handled.set(client, (this.handled.get(client) ?? 0) + 1);
  }
}

Deno.test("RpcServer hears honest clients in time while another floods it with calls", () => {
  const arena = new Arena();
  const { client } = arena.hostile;
  let sent = 0;
  for (let frame = 0; frame < 384; frame++) {
    for (let i = 0; i < 800; i++) {
      if (client.send("shoot", { frame })) sent++;
    }
    arena.play();
  }
  arena.checkHonest();
  assert(sent > 100_000, `only ${sent} were sent`);
  const handled = arena.handled.get(HOSTILE)!;
  // Six seconds, which are the burst and a mute: what follows that is beyond the bytes.
  assertEquals(handled, 480);
  const types = arena.types();
  assertEquals(types.slice(0, 3), [
    "peerWarned",
    "peerMuted",
    "peerShouldBeKicked",
  ]);
  // No flood of events either: one a second, and those of the mutes.
  assert(types.length <= 12, `${types}`);
});

Deno.test("RpcServer closes the link of a client that should be kicked, if it is told to", () => {
  const arena = new Arena({ closesKicked: true });
  for (let frame = 0; frame < 256; frame++) {
    for (let i = 0; i < 800; i++) arena.hostile.client.send("shoot", { frame });
    arena.play();
  }
  arena.checkHonest();
  assertEquals(arena.server.size, 2);
  assertEquals(arena.hostile.pair.b.state.type, "closed");
  assertEquals(
    arena.types().filter((type) => type !== "packetRefused"),
    ["peerWarned", "peerMuted", "peerShouldBeKicked", "peerDisconnected"],
  );
});

Deno.test("RpcServer hears honest clients in time while another sends what is no packet", () => {
  const arena = new Arena();
  const random = new SeededRandom(9);
  let sent = 0;
  for (let frame = 0; frame < 640; frame++) {
    const bytes = new Uint8Array(1 + random.nextU32() % 400);
    random.fill(bytes);
    bytes[0] = 1 + random.nextU32() % 3;
    // A run that claims more than there is.
    if (frame % 2 === 0) bytes.fill(0xff, 1);
    sent += arena.hostile.sendRaw(bytes, 200);
    arena.play();
  }
  arena.checkHonest();
  assert(sent > 10_000, `only ${sent} were sent`);
  const offences = arena.events.flatMap((event) =>
    "offence" in event ? [[event.type, event.offence]] : []
  );
  assertEquals(offences.slice(0, 3), [
    ["peerWarned", "malformed"],
    ["peerMuted", "malformed"],
    ["peerShouldBeKicked", "bytes"],
  ]);
  assert(arena.types().filter((type) => type === "packetRefused").length < 40);
});

Deno.test("RpcServer hears honest clients in time while another's calls take long", () => {
  const arena = new Arena();
  arena.handlerMs = 4;
  const startMs = arena.clock.nowMs();
  for (let frame = 0; frame < 640; frame++) {
    for (let i = 0; i < 3; i++) arena.hostile.client.send("shoot", { frame });
    arena.play();
  }
  arena.checkHonest();
  // Of the 7,680 ms that it asked for: the burst, 20 ms a second, and one packet.
  const tookMs = arena.clock.nowMs() - startMs;
  assert(tookMs >= 60 + 190 && tookMs <= 60 + 212, `${tookMs} ms were taken`);
});

Deno.test("RpcServer measures handlers within a packet", () => {
  const arena = new Arena();
  arena.handlerMs = 50;
  const startMs = arena.clock.nowMs();
  for (let i = 0; i < 100; i++) {
    arena.hostile.client.send("shoot", { frame: i });
  }
  arena.play();
  arena.checkHonest();
  // Four calls that might be a pause of the machine's, and four that are none.
  assertEquals(arena.clock.nowMs() - startMs, 8 * 50);
});

Deno.test("RpcServer shuts nobody out for a pause of the machine", () => {
  const arena = new Arena();
  const { client } = arena.hostile;
  for (let frame = 0; frame < 12 * 64; frame++) {
    // A collection of garbage, which falls into its calls now and again.
    arena.handlerMs = frame === 10 || frame === 10 + 11 * 64 ? 500 : 0;
    client.send("shoot", { frame });
    arena.play();
  }
  for (let i = 0; i < 4; i++) arena.play();
  arena.checkHonest();
  assertEquals(arena.handled.get(HOSTILE), 12 * 64);
});

Deno.test("RpcServer lets nobody make the server's calls, or those of what others own", () => {
  const arena = new Arena();
  const { client } = arena.hostile;
  const tampered = client as unknown as {
    send(name: string, params: object): boolean;
  };
  let isHandled = false;
  for (const { client } of arena.honest) {
    client.on("damage", () => {
      isHandled = true;
    });
  }
  assert(tampered.send("damage", { amount: 1_000 }));
  assert(client.call("open", { door: HOSTILE }));
  assert(client.call("open", { door: 1 }));
  for (let i = 0; i < 4; i++) arena.play();
  arena.checkHonest();
  assertEquals(isHandled, false);
  assertEquals(arena.handled.get(HOSTILE), 1);
  assertEquals(
    [...client.drainEvents()].map((event) =>
      event.type === "failed"
        ? event.reason
        : event.type === "result"
        ? event.value
        : event.type
    ),
    ["ready", HOSTILE, "unauthorised"],
  );
  assertEquals(arena.events, []);
});

Deno.test("RpcServer passes on what honest clients say while another shouts", () => {
  const arena = new Arena();
  const heard = new Map<ClientId | undefined, number>();
  for (const { client } of arena.players) {
    client.on("chat", (_, { caller }) => {
      heard.set(caller, (heard.get(caller) ?? 0) + 1);
    });
  }
  const text = "a".repeat(200);
  for (let frame = 0; frame < 384; frame++) {
    for (let i = 0; i < 3; i++) {
      arena.hostile.client.send("chat", { text }, RpcTarget.all());
    }
    arena.play();
  }
  for (const { client } of arena.honest) {
    assert(client.send("chat", { text: "hello" }, RpcTarget.all()));
  }
  for (let i = 0; i < 4; i++) arena.tick();
  for (const { id } of arena.honest) {
    assertEquals(heard.get(id), 3);
    arena.handled.set(id, arena.handled.get(id)! - 1);
  }
  arena.checkHonest();
  // To three clients each: what the bytes of six seconds have room for.
  const { perSecond, burst } = { perSecond: 32_768, burst: 131_072 };
  const most = 3 * (burst + 6.2 * perSecond) / 200;
  const count = heard.get(HOSTILE)!;
  assert(count > 1_000 && count <= most, `${count} were heard`);
});

Deno.test("RpcServer has a client use no more of the others' lines than it may", () => {
  const arena = new Arena({ relays: { perSecond: 16, burst: 32 } });
  let heard = 0;
  for (const { client } of arena.players) {
    client.on("chat", () => {
      heard++;
    });
  }
  for (let frame = 0; frame < 256; frame++) {
    if (frame % 4 === 0) {
      arena.hostile.client.send("chat", { text: "!" }, RpcTarget.all());
    }
    arena.play();
  }
  arena.checkHonest();
  // Of 192: the burst, four seconds, and what the last call was beyond it.
  assert(heard >= 96 && heard <= 96 + 3, `${heard} were heard`);
});

Deno.test("RpcServer answers few of the calls that it refuses, and each ticket ends once", () => {
  const arena = new Arena();
  const { client } = arena.hostile;
  const tickets = new Set<unknown>();
  for (let i = 0; i < 100; i++) {
    const ticket = client.call("open", { door: 1 }, { timeoutMs: 1_000 });
    assert(ticket !== undefined);
    tickets.add(ticket);
  }
  const reasons: Record<string, number> = {};
  for (let frame = 0; frame < 80; frame++) {
    arena.play();
    for (const event of client.drainEvents()) {
      if (!("ticket" in event)) continue;
      assert(tickets.delete(event.ticket));
      const reason = event.type === "failed" ? event.reason : event.type;
      reasons[reason] = (reasons[reason] ?? 0) + 1;
    }
  }
  arena.checkHonest();
  assertEquals(tickets.size, 0);
  assertEquals(reasons, { unauthorised: 40, timedOut: 60 });
});

Deno.test("RpcServer does not hold against a client what another of its id did", () => {
  const server = new RpcServer(game, {
    clock: new ManualClock(),
    isOwner: () => false,
  });
  let handled = 0;
  server.on("shoot", () => {
    handled++;
  });
  for (let round = 1; round <= 20; round++) {
    const player = new Player(clientId(1));
    const peer = server.connect(player.pair.a, player.id)!;
    for (let i = 0; i < 480; i++) player.client.send("shoot", { frame: i });
    for (let frame = 0; frame < 6; frame++) {
      player.client.tick(DT);
      server.tick(DT);
    }
    server.disconnect(peer);
    assertEquals(handled, 480 * round);
  }
  const types = new Set([...server.drainEvents()].map(({ type }) => type));
  assertEquals([...types], ["peerReady", "peerDisconnected"]);
});

Deno.test("RpcServer tells nothing more of a muted client that is gone", () => {
  const arena = new Arena();
  for (let i = 0; i < 800; i++) {
    arena.hostile.client.send("shoot", { frame: i });
  }
  arena.play();
  arena.server.disconnect(arena.server.peer(HOSTILE)!);
  for (let frame = 0; frame < 6 * 64; frame++) arena.play();
  arena.checkHonest();
  assertEquals(arena.types(), ["peerWarned", "peerMuted", "peerDisconnected"]);
});

Deno.test("RpcServer.metrics() tells what was refused, and why", () => {
  const arena = new Arena({ calls: { perSecond: 1, burst: 480 } });
  arena.hostile.client.call("open", { door: 1 });
  for (let i = 0; i < 500; i++) {
    arena.hostile.client.send("shoot", { frame: i });
  }
  for (let i = 0; i < 2; i++) arena.play();
  const text = renderOpenMetrics(arena.server.metrics());
  for (
    const line of [
      'tickwire_rpc_guard_refused_total{reason="notOwner"} 1',
      'tickwire_rpc_guard_refused_total{reason="calls"} 21',
      'tickwire_rpc_guard_refused_total{reason="muted"} 0',
      "tickwire_rpc_guard_warnings_total 0",
      "tickwire_rpc_guard_mutes_total 0",
      "tickwire_rpc_guard_kicks_total 0",
    ]
  ) assert(text.split("\n").includes(line), `${line} is not in ${text}`);
});
