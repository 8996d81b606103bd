import { assert, assertEquals, assertThrows } from "@std/assert";
import { ManualClock, SeededRandom } from "../../core/mod.ts";
import {
  bytes,
  Channel,
  float,
  MemoryLinkPair,
  string,
  u8,
} from "../../protocol/mod.ts";
import {
  assertSame,
  DT,
  EndsWorld,
  metricOf,
  mixed,
} from "../_testing/ends_world.ts";
import { LossyLinks } from "../_testing/lossy_links.ts";
import { PlainCoder } from "../_testing/plain_coder.ts";
import type { SyncClientEvent } from "../client/sync_client_event.ts";
import type { SyncClientOptions } from "../client/sync_client_options.ts";
import { SyncClient } from "../client/sync_client.ts";
import { defineEntity } from "../schema/define_entity.ts";
import {
  defineWorld,
  type EntitySchemas,
  type WorldSchema,
} from "../schema/define_world.ts";
import { countBits } from "../world/bit_set.ts";
import type { EntityId } from "../world/entity_id.ts";
import type { ClientEnd } from "./_client_end.ts";
import type { PeerInputs } from "./sync_peer.ts";
import { SyncServer } from "./sync_server.ts";
import type { SyncServerOptions } from "./sync_server_options.ts";

const world = defineWorld({
  cube: defineEntity({ level: u8, name: string({ maxBytes: 8 }) }, {
    maxEntities: 40,
  }),
});

/** A server and a client over a perfect link. */
class Pair<W extends EntitySchemas> {
  readonly clock = new ManualClock();
  readonly links = new MemoryLinkPair({ maxMessageBytes: 8_192 });
  readonly server: SyncServer<W>;
  readonly client: SyncClient<W>;
  readonly events: SyncClientEvent[] = [];

  constructor(
    schema: WorldSchema<W>,
    server: SyncServerOptions<W> = {},
    client: SyncClientOptions = {},
  ) {
    const { clock } = this;
    this.server = new SyncServer(schema, { clock, ...server });
    this.client = new SyncClient(schema, this.links.b, { clock, ...client });
  }

  run(frames: number, simulate?: (tick: number) => void): this {
    for (let i = 0; i < frames; i++) {
      this.clock.advance(DT * 1_000);
      this.server.tick(DT, simulate);
      this.client.tick(DT);
      this.events.push(...this.client.drainEvents());
    }
    return this;
  }

  get told(): string[] {
    return this.events.map(({ type }) => type);
  }
}

Deno.test("SyncServer keeps a client's world like its own", () => {
  const it = new Pair(world);
  const peer = it.server.connect(it.links.a)!;
  const id = it.server.entities.spawn("cube", { level: 3, name: "a" })!;
  it.run(12);
  assertEquals(it.client.get(id, "cube"), { level: 3, name: "a" });
  it.server.entities.set(id, "cube", { level: 4, name: "b" });
  it.run(4);
  assertEquals(it.client.get(id, "cube"), { level: 4, name: "b" });
  assertEquals([...it.client.ids("cube")], [id]);
  assert(it.client.has(id));
  it.server.entities.despawn(id);
  it.run(4);
  assertEquals(it.client.get(id, "cube"), undefined);
  assertEquals(it.told, ["connected", "entitySpawned", "entityDespawned"]);
  assert(peer.ackedTick! > 10 && peer.sentTick! > 10);
  it.client.close("enough");
  it.run(1);
  assertEquals([...it.server.drainEvents()].map(({ type }) => type), [
    "peerReady",
    "peerDisconnected",
  ]);
  assertEquals(it.told.at(-1), "ended");
  assertEquals(it.server.size, 0);
});

Deno.test("SyncServer sends what simulate changes in the same tick", () => {
  const it = new Pair(world, { sendRate: 60 });
  it.server.connect(it.links.a);
  const id = it.server.entities.spawn("cube", { level: 0, name: "" })!;
  it.run(20, (tick) => {
    it.server.entities.set(id, "cube", { level: tick });
  });
  assertEquals(it.client.get(id, "cube")?.level, it.client.newest?.tick);
  assertEquals(it.client.newest?.tick, 19);
});

Deno.test("SyncServer tells a client from another that has the place now", () => {
  const it = new Pair(world);
  it.server.connect(it.links.a);
  const { entities } = it.server;
  const ids = Array.from(
    { length: 40 },
    (_, i) => entities.spawn("cube", { level: i, name: "old" })!,
  );
  it.run(12);
  it.events.length = 0;
  entities.despawn(ids[7]!);
  const id = entities.spawn("cube", { level: 7, name: "old" })!;
  assertEquals(id & 0xffff, ids[7]! & 0xffff);
  it.run(4);
  assertEquals(it.events, [
    { type: "entityDespawned", id: ids[7]!, entity: "cube" },
    { type: "entitySpawned", id, entity: "cube" },
  ]);
  assertEquals(it.client.get(ids[7]!, "cube"), undefined);
  assertEquals(it.client.get(id, "cube"), { level: 7, name: "old" });
});

Deno.test("SyncServer refuses a client of another version by what differs", () => {
  const other = defineWorld({
    cube: defineEntity({ level: u8, name: string({ maxBytes: 9 }) }, {
      maxEntities: 40,
    }),
  });
  const links = new MemoryLinkPair();
  const server = new SyncServer(world);
  const client = new SyncClient(other, links.b);
  server.connect(links.a);
  const events: SyncClientEvent[] = [];
  for (let i = 0; i < 10; i++) {
    server.tick(DT);
    client.tick(DT);
    events.push(...client.drainEvents());
  }
  assertEquals(events.map(({ type }) => type), ["refused", "ended"]);
  const [refused] = events;
  assert(refused?.type === "refused");
  assert(refused.message.includes("9)) here and"), refused.message);
  assertEquals(refused.differences.map(({ name }) => name), ["cube"]);
  const told = [...server.drainEvents()];
  assertEquals(told.map(({ type }) => type), [
    "peerRefused",
    "peerDisconnected",
  ]);
  assert(told[0]?.type === "peerRefused");
  assert(told[0].message.includes("8)) here and"), told[0].message);
  assertEquals(server.size, 0);
});

Deno.test("SyncServer writes the snapshots of many clients once", () => {
  const server = new SyncServer(mixed, { sendRate: 60 });
  const clients = Array.from({ length: 24 }, () => {
    const links = new MemoryLinkPair();
    server.connect(links.a);
    return new SyncClient(mixed, links.b);
  });
  const id = server.entities.spawn("round", { score: 0 })!;
  for (let i = 0; i < 60; i++) {
    server.entities.set(id, "round", { score: i });
    server.tick(DT);
    for (const client of clients) client.tick(DT);
  }
  for (const client of clients) {
    assertEquals(client.get(id, "round")?.score, 59);
  }
  assert(metricOf(server, "snapshots") > 24 * 50);
  assert(metricOf(server, "shared_bodies") <= 2 * 60);
});

Deno.test("SyncServer leaves what does not change out, whoever counts", () => {
  const it = new Pair(world);
  it.server.connect(it.links.a);
  for (let i = 0; i < 40; i++) {
    it.server.entities.spawn("cube", { level: i, name: "same" });
  }
  it.run(60);
  const before = metricOf(it.server, "bytes_out");
  const count = metricOf(it.server, "snapshots");
  it.run(60);
  const each = (metricOf(it.server, "bytes_out") - before) /
    (metricOf(it.server, "snapshots") - count);
  // The header alone, and a byte that says that no type has changes.
  assert(each <= 22, `${each}`);
});

Deno.test("SyncServer sends spectators less often, and takes no inputs of theirs", () => {
  const got: string[] = [];
  const inputs: PeerInputs = {
    receive: (peer, { length }): boolean => {
      got.push(`${peer.id} ${length}`);
      return length === 3;
    },
    feedback: (_, into): boolean => {
      into.tick = 77;
      into.lead = -1.5;
      return true;
    },
  };
  const acknowledged: string[] = [];
  const source = {
    write: (writer: { raw(bytes: Uint8Array): void }): void =>
      writer.raw(new Uint8Array(3)),
    acknowledge: ({ tick, lead }: { tick: number; lead: number }): void => {
      acknowledged.push(`${tick} ${lead}`);
    },
  };
  const it = new Pair(world, { inputs }, { inputs: source });
  const player = it.server.connect(it.links.a)!;
  const links = new MemoryLinkPair();
  const watcher = it.server.connect(links.a, { isSpectator: true })!;
  const watching = new SyncClient(world, links.b);
  for (let i = 0; i < 62; i++) {
    it.run(1);
    watching.tick(DT);
  }
  assert(watcher.isSpectator && !player.isSpectator);
  assert(got.length > 50 && got.every((text) => text === "1 3"));
  assert(acknowledged.length > 20);
  assertEquals(new Set(acknowledged), new Set(["77 -1.5"]));
  const sent = (end: unknown): number => (end as ClientEnd).inFlight.next;
  assert(sent(player) >= 28 && sent(player) <= 32, `${sent(player)}`);
  assert(sent(watcher) >= 9 && sent(watcher) <= 11, `${sent(watcher)}`);
  // Its report carries inputs all the same.
  const refused = metricOf(it.server, "reports_refused", "inputs");
  assertEquals(refused, 0);
  const report = new Uint8Array([2, 4, 0, 0, 0, 0, 9]);
  links.b.send(report, Channel.Unreliable);
  it.run(1);
  assertEquals(metricOf(it.server, "reports_refused", "inputs"), 1);
});

Deno.test("SyncServer disconnects a client that sends nothing but rubbish", () => {
  const it = new Pair(world);
  it.server.connect(it.links.a);
  it.run(12);
  for (let i = 0; i < 40; i++) {
    it.links.b.send(new Uint8Array([2, 255, i]), Channel.Unreliable);
  }
  it.run(2);
  assertEquals(it.server.size, 0);
  const [, gone] = it.server.drainEvents();
  assert(gone?.type === "peerDisconnected");
  assertEquals(gone.reason, "too many malformed messages");
});

Deno.test("SyncServer reads no more reports than it may", () => {
  const it = new Pair(world, { reportsPerSecond: 100 });
  it.server.connect(it.links.a);
  it.run(12);
  for (let i = 0; i < 1_000; i++) {
    it.links.b.send(new Uint8Array([2, 0, 0, 0, 0, 0]), Channel.Unreliable);
  }
  it.run(2);
  assert(metricOf(it.server, "reports_over_budget") >= 890);
  assertEquals(it.server.size, 1);
});

Deno.test("SyncServer sends an entity alone that no budget has room for", () => {
  const large = defineWorld({
    box: defineEntity({ level: u8, data: bytes({ maxBytes: 3_000 }) }, {
      maxEntities: 8,
    }),
  });
  const it = new Pair(large, { messageBytes: 256 });
  it.server.connect(it.links.a);
  const { entities } = it.server;
  const ids = Array.from(
    { length: 6 },
    () => entities.spawn("box", { level: 0, data: new Uint8Array(0) })!,
  );
  it.run(12);
  ids.forEach((id, i) =>
    entities.set(id, "box", {
      level: i,
      data: new Uint8Array(i * 500).fill(i),
    })
  );
  it.run(60);
  assertSame(it.client.tables, entities.tables, "in pieces");
  assert(metricOf(it.server, "lone_entities") >= 5);
});

Deno.test("SyncServer passes over an entity that no message has room for", () => {
  const large = defineWorld({
    box: defineEntity({ level: u8, data: bytes({ maxBytes: 30_000 }) }, {
      maxEntities: 8,
    }),
  });
  const it = new Pair(large, { messageBytes: 256 });
  it.server.connect(it.links.a);
  const { entities } = it.server;
  const [first, second, third] = Array.from(
    { length: 3 },
    () => entities.spawn("box", { level: 0, data: new Uint8Array(0) })!,
  );
  it.run(12);
  entities.set(first!, "box", { data: new Uint8Array(30_000) });
  entities.set(second!, "box", { data: new Uint8Array(200) });
  for (let i = 0; i < 60; i++) {
    entities.set(third!, "box", { level: i });
    it.run(1);
  }
  it.run(4);
  assert(metricOf(it.server, "entities_too_large") > 0);
  assertEquals(it.client.get(first!, "box")?.data.length, 0);
  assertEquals(it.client.get(second!, "box")?.data.length, 200);
  assertEquals(it.client.get(third!, "box")?.level, 59);
  entities.set(first!, "box", { data: new Uint8Array(1) });
  it.run(30);
  assertSame(it.client.tables, entities.tables, "smaller again");
});

Deno.test("SyncServer sends first what has the higher priority", () => {
  const it = new Pair(world, {
    messageBytes: 128,
    priority: (_, id): number => (id & 0xffff) < 4 ? 20 : 1,
  });
  const peer = it.server.connect(it.links.a)! as ClientEnd;
  const { entities } = it.server;
  const ids = Array.from(
    { length: 40 },
    (_, i) => entities.spawn("cube", { level: i, name: "12345678" })!,
  );
  it.run(20);
  const age = new Map<number, number>();
  for (let i = 0; i < 300; i++) {
    for (const id of ids) {
      entities.set(id, "cube", { level: i % 250, name: `${i}`.padStart(8) });
    }
    it.run(1);
    for (const id of ids) {
      if (i < 60) continue;
      const lag = i - Number(it.client.get(id, "cube")!.name);
      age.set(id, (age.get(id) ?? 0) + lag);
      // Nothing waits for ever.
      assert(lag < 60, `${lag}`);
    }
  }
  const mean = (from: number, to: number): number =>
    ids.slice(from, to).reduce((sum, id) => sum + age.get(id)!, 0) /
    (to - from);
  assert(mean(0, 4) * 3 < mean(4, 40), `${mean(0, 4)}, ${mean(4, 40)}`);
  assert(peer.bytesPerEntity > 5);
});

Deno.test("SyncServer counts on beyond 65535", () => {
  for (const coder of ["fast", "strong"] as const) {
    const bad = { loss: 0.2, duplication: 0.1, delay: 2, jitter: 3 };
    const ends = new EndsWorld({ seed: 5, link: bad });
    const it = ends.connect({ coder });
    const { inFlight } = it.peer as ClientEnd;
    for (let i = 0; i < 65_500; i++) {
      inFlight.push(-1, undefined, undefined, []);
    }
    ends.run(200);
    assert(inFlight.next < 1_000 && it.checked > 60);
    ends.settle(100);
  }
});

Deno.test("SyncServer begins anew when a client has nothing of the last 64 ticks", () => {
  const ends = new EndsWorld({ seed: 6 });
  const it = ends.connect();
  ends.run(60);
  const { links } = it;
  const { send } = links.b;
  links.b.send = (): boolean => true;
  ends.run(200);
  const isFull = ({ channel }: { channel: Channel }): boolean =>
    channel === Channel.Reliable;
  // While nobody says that it has come, each is a base for 64 ticks, and the next one
  // waits longer.
  const begun = it.sent.filter(isFull).map(({ frame }) => frame);
  assertEquals(begun.length, 3);
  assert(begun[2]! - begun[1]! >= 64 && begun[2]! - begun[1]! < 68, `${begun}`);
  links.b.send = send;
  ends.run(60);
  ends.settle(60);
  // What the client has decoded in the meantime is good for the next one.
  assertEquals(it.sent.filter(isFull).length, 3);
});

Deno.test("SyncClient asks for all anew when checksums differ", () => {
  /** Gets one number wrong, once, at the client. */
  class WrongCoder extends PlainCoder {
    static isWrong = false;
    override decode(
      ...args: Parameters<PlainCoder["decode"]>
    ): ReturnType<PlainCoder["decode"]> {
      const result = super.decode(...args);
      if (WrongCoder.isWrong) {
        args[5].values[0]! ^= 1;
        WrongCoder.isWrong = false;
      }
      return result;
    }
  }
  const it = new Pair(world, {
    checksumEvery: 4,
    coders: { fast: () => new PlainCoder() },
  }, { coders: { fast: () => new WrongCoder() } });
  it.server.connect(it.links.a);
  const { entities } = it.server;
  const id = entities.spawn("cube", { level: 2, name: "a" })!;
  const other = entities.spawn("cube", { level: 2, name: "a" })!;
  it.run(40);
  WrongCoder.isWrong = true;
  entities.set(other, "cube", { level: 9 });
  it.run(200);
  assertEquals(it.told.filter((type) => type === "desync").length, 1);
  assertEquals(it.client.get(id, "cube")?.level, 2);
  assertSame(it.client.tables, entities.tables, "again");
  assertEquals(metricOf(it.server, "full_snapshots"), 2);
});

Deno.test("SyncClient keeps the newest of what comes in pieces, and nothing flickers", () => {
  const bad = { loss: 0.2, delay: 6, jitter: 2 };
  const counter = defineWorld({
    thing: defineEntity({
      level: float({ min: 0, max: 4_095, step: 1 }),
      name: string({ maxBytes: 8 }),
    }, { maxEntities: 60 }),
  });
  const links = new LossyLinks({ random: new SeededRandom(8), ...bad });
  const { a, b } = links;
  const server = new SyncServer(counter, { messageBytes: 160, sendRate: 60 });
  const client = new SyncClient(counter, b);
  server.connect(a);
  const ids: EntityId[] = [];
  const spawn = (count: number): void => {
    for (let i = 0; i < count; i++) {
      ids.push(server.entities.spawn("thing", { level: 0, name: "" })!);
    }
  };
  const last = new Map<number, number>();
  const told: string[] = [];
  let partial = 0;
  let stale = 0;
  spawn(20);
  for (let i = 0; i < 600; i++) {
    if (i === 200) spawn(40);
    // Those that go do so while all others wait for their turn.
    if (i === 500) {
      for (const id of ids.splice(0, 20)) server.entities.despawn(id);
    }
    links.tick();
    server.tick(DT, (tick) => {
      for (const id of ids) {
        server.entities.set(id, "thing", { level: tick, name: `${tick}` });
      }
    });
    client.tick(DT);
    told.push(...Array.from(client.drainEvents(), ({ type }) => type));
    if (client.newest?.isPartial) partial++;
    for (const id of client.ids("thing")) {
      const { level, name } = client.get(id, "thing")!;
      assertEquals(`${level}`, name);
      // It never goes back to what an older message had.
      assert(level >= (last.get(id) ?? 0), `${level} < ${last.get(id)}`);
      // All of them change in every tick.
      assertEquals(client.isFresh(id), level === client.newest!.tick);
      if (!client.isFresh(id)) stale++;
      last.set(id, level);
    }
  }
  assert(stale > 1_000, `${stale}`);
  assert(partial > 200 && last.size === 60, `${partial}, ${last.size}`);
  const count = (type: string): number =>
    told.filter((it) => it === type).length;
  assertEquals([count("entitySpawned"), count("entityDespawned")], [60, 20]);
});

Deno.test("SyncServer sends a client that is new what fits, and the rest after", () => {
  const links = new MemoryLinkPair({ maxMessageBytes: 256 });
  const server = new SyncServer(world);
  const client = new SyncClient(world, links.b);
  server.connect(links.a);
  for (let i = 0; i < 40; i++) {
    server.entities.spawn("cube", { level: i, name: "12345678" });
  }
  const counts: number[] = [];
  for (let i = 0; i < 30; i++) {
    server.tick(DT);
    client.tick(DT);
    counts.push([...client.ids("cube")].length);
  }
  assert(counts.some((count) => count > 5 && count < 30), `${counts}`);
  assertSame(client.tables, server.entities.tables, "in pieces");
  assertEquals(metricOf(server, "full_snapshots"), 1);
});

Deno.test("SyncServer keeps to the bytes of a message however much is stale", () => {
  const count = 8_000;
  const crowd = defineWorld({
    thing: defineEntity({ level: u8 }, { maxEntities: count }),
  });
  const random = new SeededRandom(9);
  const messageBytes = 512;
  const it = new Pair(crowd, {
    messageBytes,
    sendRate: 60,
    checksumEvery: 2,
    bytesPerSecond: 2 ** 20,
  });
  const { entities } = it.server;
  const sent: number[] = [];
  const { send } = it.links.a;
  it.links.a.send = (bytes, channel): boolean => {
    if (channel === Channel.Unreliable) sent.push(bytes.length);
    return send.call(it.links.a, bytes, channel);
  };
  it.server.connect(it.links.a);
  const ids = Array.from(
    { length: count },
    () => entities.spawn("thing", { level: 0 })!,
  );
  it.run(150);
  assertSame(it.client.tables, entities.tables, "whole");
  let stale = 0;
  it.run(30, (tick) => {
    for (const id of ids) {
      if (random.nextU32() % 4 === 0) {
        entities.set(id, "thing", { level: tick % 200 });
      }
    }
    stale += countBits(it.client.newest!.stale[0]!);
  });
  assert(stale > 30 * 1_000, `${stale}`);
  assert(sent.every((length) => length <= messageBytes), `${sent}`);
  assertEquals(metricOf(it.server, "lone_entities"), 0);
  it.run(120);
  assertSame(it.client.tables, entities.tables, "in the end");
  assertEquals(it.client.newest!.isPartial, false);
  assertEquals(countBits(it.client.newest!.stale[0]!), 0);
  assert(!it.told.includes("desync"));
});

Deno.test("SyncServer refuses wrong options and links", () => {
  for (
    const options of [
      { sendRate: 0 },
      { spectatorRate: NaN },
      { bytesPerSecond: 100 },
      { messageBytes: 127 },
      { checksumEvery: -1 },
      { reportsPerSecond: 0 },
      { priorities: { cube: -1 } },
      { maxEvents: 1 },
    ]
  ) assertThrows(() => new SyncServer(world, options), RangeError);
  const server = new SyncServer(world, { maxEvents: 16 });
  assertThrows(
    () => server.connect(new MemoryLinkPair({ maxMessageBytes: 255 }).a),
    RangeError,
    "maxMessageBytes",
  );
  assertThrows(
    () => server.connect(new MemoryLinkPair().a, { coder: "x" as "fast" }),
    RangeError,
    "coder",
  );
  assertThrows(() => server.tick(-1), RangeError);
  assertThrows(() => server.tick(0, () => server.tick(0)), TypeError);
  for (let i = 0; i < 8; i++) {
    assert(server.connect(new MemoryLinkPair().a) !== undefined);
  }
  const links = new MemoryLinkPair();
  assertEquals(server.connect(links.a), undefined);
  assertEquals(links.a.state.type, "closed");
  for (const peer of server.peers()) server.disconnect(peer);
  assertEquals([...server.drainEvents()].length, 8);
  assert(server.connect(new MemoryLinkPair().a) !== undefined);
  assertThrows(
    () => new SyncClient(world, new MemoryLinkPair().a, { reportRate: 0 }),
    RangeError,
  );
});

Deno.test("SyncClient drops what is written with a coder that it does not have", () => {
  const strong = (): PlainCoder => new PlainCoder(true);
  const it = new Pair(world, { coders: { strong } });
  it.server.connect(it.links.a, { coder: "strong" });
  it.run(20);
  assertEquals(it.client.newest, undefined);
  const dropped = metricOf(it.client, "client_snapshots_dropped", "coder");
  assertEquals(dropped, 1);
});
