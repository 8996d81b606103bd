// Which snapshot the next one builds upon, when nothing has come and when all was lost.
import { assert, assertEquals } from "@std/assert";
import { ManualClock, SeededRandom } from "../../core/mod.ts";
import { ByteWriter, Channel, string, u8 } from "../../protocol/mod.ts";
import {
  ConnectionManager,
  InsecureLink,
  SimulatedNetwork,
} from "../../transport/mod.ts";
import {
  assertSame,
  CODERS,
  DT,
  EndsWorld,
  metricOf,
  mixed,
} from "../_testing/ends_world.ts";
import { LossyLinks } from "../_testing/lossy_links.ts";
import { PlainCoder } from "../_testing/plain_coder.ts";
import { SyncClient } from "../client/sync_client.ts";
import { defineEntity } from "../schema/define_entity.ts";
import { defineWorld } from "../schema/define_world.ts";
import { Report } from "../wire/report.ts";
import { clearBit, nextBit } from "../world/bit_set.ts";
import type { ClientEnd } from "./_client_end.ts";
import type { InterestFilter } from "./interest.ts";
import { SyncServer } from "./sync_server.ts";

const world = defineWorld({
  cube: defineEntity({ level: u8, name: string({ maxBytes: 8 }) }, {
    maxEntities: 60,
  }),
});

const isFull = ({ channel }: { channel: Channel }): boolean =>
  channel === Channel.Reliable;

Deno.test("SyncServer goes on from a first snapshot that is under way", () => {
  for (const coder of ["fast", "strong"] as const) {
    const ends = new EndsWorld({ seed: 40, link: { delay: 15 } });
    for (let i = 0; i < 20; i++) ends.spawn();
    const it = ends.connect({ coder });
    ends.run(60);
    const first = it.sent[0]!;
    assert(isFull(first));
    // It takes 30 frames until the server can know of it.
    const early = it.sent.filter(({ frame }) => frame < first.frame + 30);
    assert(early.length >= 14, `${early.length}`);
    assertEquals(it.sent.filter(isFull).length, 1);
    const { newest } = it.client;
    // What was sent 15 frames ago is here.
    assert(newest!.tick >= 60 - 15 - 4, `${newest!.tick}`);
    ends.settle(60);
  }
});

Deno.test("SyncClient drops what overtakes the first snapshot, and is not out of step", () => {
  const ends = new EndsWorld({ seed: 41 });
  for (let i = 0; i < 20; i++) ends.spawn();
  const it = ends.connect();
  const { links, client } = it;
  const { send } = links.a;
  let held: Uint8Array | undefined;
  links.a.send = (bytes, channel): boolean => {
    if (held !== undefined || channel !== Channel.Reliable) {
      return send.call(links.a, bytes, channel);
    }
    held = bytes.slice();
    return true;
  };
  ends.run(30);
  assert(held !== undefined && [...client.snapshots()].length === 0);
  const early = metricOf(client, "client_snapshots_dropped", "unknownBase");
  assert(early > 8, `${early}`);
  links.b.inject(held, Channel.Reliable);
  it.expected.clear();
  client.tick(0);
  assertEquals(client.newest?.sequence, 0);
  it.lastSequence = 0;
  ends.run(4);
  assert(client.newest!.sequence > 8);
  assertEquals(metricOf(client, "client_snapshots_dropped", "desync"), 0);
  assertEquals(metricOf(ends.server, "full_snapshots"), 1);
  assertEquals(metricOf(ends.server, "restarts"), 0);
  ends.settle(60);
});

Deno.test("SyncServer waits longer each time that a first snapshot is not acknowledged", () => {
  const ends = new EndsWorld({ seed: 42 });
  const it = ends.connect();
  const { send } = it.links.b;
  it.links.b.send = (bytes, channel): boolean =>
    bytes[0] === 0 ? send.call(it.links.b, bytes, channel) : true;
  ends.run(1_200);
  const begun = it.sent.filter(isFull).map(({ frame }) => frame);
  const waits = begun.slice(1).map((frame, i) => frame - begun[i]!);
  // Two frames lie between two messages.
  [64, 128, 256, 256, 256].forEach((ticks, i) =>
    assert(waits[i]! >= ticks && waits[i]! <= ticks + 2, `${waits}`)
  );
});

Deno.test("SyncServer waits for the round trip before it sends a first snapshot again", () => {
  const ends = new EndsWorld({ seed: 43 });
  const it = ends.connect();
  Object.defineProperty(it.links.a, "rttMs", { value: 900 });
  const { send } = it.links.b;
  it.links.b.send = (bytes, channel): boolean =>
    bytes[0] === 0 ? send.call(it.links.b, bytes, channel) : true;
  ends.run(150);
  const begun = it.sent.filter(isFull).map(({ frame }) => frame);
  assertEquals(begun.length, 2);
  const wait = begun[1]! - begun[0]!;
  assert(wait >= 108 && wait <= 110, `${wait}`);
});

Deno.test("SyncServer leaves no client without news for long over UDP that loses a quarter", () => {
  for (const seed of [1, 2, 3]) {
    const network = new SimulatedNetwork({
      seed,
      conditions: { latencyMs: 50, jitterMs: 10, loss: 0.25 },
    });
    const { clock } = network;
    const at = new ConnectionManager({
      link: new InsecureLink({ protocol: "sync", maxClients: 4 }),
      clock,
    });
    at.bind(network.socket("10.0.0.1", 9000));
    const from = new ConnectionManager({
      link: new InsecureLink({ protocol: "sync" }),
      clock,
    });
    const socket = network.socket("10.0.0.2");
    from.bind(socket);
    const peer = from.connect(socket.address("10.0.0.1", 9000));
    const server = new SyncServer(mixed, { clock });
    const ids = Array.from({ length: 90 }, () =>
      server.entities.spawn("cube", {
        position: { x: 0, y: 0, z: 0 },
        rotation: { x: 0, y: 0, z: 0, w: 1 },
        held: false,
      })!);
    const client = new SyncClient(mixed, from.link(peer)!, { clock });
    let readyAt = -1;
    let last = -1;
    let longest = 0;
    for (let frame = 0; frame < 1_200; frame++) {
      network.tick(DT);
      at.poll();
      for (const event of at.drainEvents()) {
        if (event.type === "peerConnected") {
          server.connect(at.link(event.peer)!);
        }
      }
      from.poll();
      for (const _ of from.drainEvents());
      server.tick(DT, (tick) => {
        for (const id of ids) {
          server.entities.set(id, "cube", {
            position: { x: Math.sin(tick + id) * 60, y: tick % 60, z: 1 },
          });
        }
      });
      for (const { type } of server.drainEvents()) {
        if (type === "peerReady") readyAt = last = frame;
      }
      const before = client.newest;
      client.tick(DT);
      if (client.newest !== before) last = frame;
      if (readyAt >= 0) longest = Math.max(longest, frame - last);
    }
    assert(readyAt >= 0);
    assert(longest < 60, `seed ${seed}: ${longest} frames`);
  }
});

/** Gets one number wrong, once, at the client. */
class WrongCoder extends PlainCoder {
  static isWrong = false;
  override decode(
    ...args: Parameters<PlainCoder["decode"]>
  ): ReturnType<PlainCoder["decode"]> {
    const result = super.decode(...args);
    const [, , , , , current, , changed] = args;
    const at = nextBit(changed, 0);
    if (WrongCoder.isWrong && at >= 0 && current.isAlive(at)) {
      current.values[at]! ^= 1;
      WrongCoder.isWrong = false;
    }
    return result;
  }
}

/** Nobody sees the first places. */
const hideFirst: InterestFilter = {
  narrow: (...[, , , , places]): void => {
    for (let at = 0; at < 6; at++) clearBit(places, at);
  },
};

Deno.test("SyncClient finds out that its view is wrong, whatever it sees, and has it anew at once", () => {
  for (
    const [interest, messageBytes] of [
      [[], 1_100],
      [[hideFirst], 1_100],
      [[], 128],
      [[hideFirst], 128],
    ] as const
  ) {
    const message = `${interest.length} filters, ${messageBytes} bytes`;
    const clock = new ManualClock();
    const links = new LossyLinks({ random: new SeededRandom(3), delay: 3 });
    const server = new SyncServer(world, {
      clock,
      interest,
      messageBytes,
      sendRate: 60,
      checksumEvery: 4,
      coders: { fast: () => new PlainCoder() },
    });
    const client = new SyncClient(world, links.b, {
      clock,
      coders: { fast: () => new WrongCoder() },
    });
    server.connect(links.a);
    const ids = Array.from(
      { length: 50 },
      (_, i) => server.entities.spawn("cube", { level: i, name: "abcdefgh" })!,
    );
    const told: string[] = [];
    let wrongAt = -1;
    let foundAt = -1;
    let anewAt = -1;
    let partial = 0;
    for (let frame = 0; frame < 300; frame++) {
      clock.advance(DT * 1_000);
      links.tick();
      server.tick(DT, (tick) => {
        for (const id of ids) {
          server.entities.set(id, "cube", { level: tick % 250 });
        }
      });
      if (frame === 150) WrongCoder.isWrong = true;
      client.tick(DT);
      if (wrongAt < 0 && frame >= 150 && !WrongCoder.isWrong) wrongAt = frame;
      if (client.newest?.isPartial) partial++;
      for (const { type } of client.drainEvents()) {
        if (type === "desync") foundAt = frame;
        told.push(type);
      }
      if (anewAt < 0 && foundAt >= 0 && client.newest !== undefined) {
        anewAt = frame;
      }
    }
    assertEquals(told.filter((it) => it === "desync").length, 1, message);
    assertEquals(messageBytes === 128, partial > 200, message);
    assert(foundAt - wrongAt <= 64, `${message}: ${wrongAt}, ${foundAt}`);
    // A report, and the whole: a few frames, not the 64 ticks of a base's life.
    assert(anewAt - foundAt <= 10, `${message}: ${foundAt}, ${anewAt}`);
    assertEquals(metricOf(server, "restarts"), 1, message);
    assertEquals(metricOf(server, "full_snapshots"), 2, message);
  }
});

Deno.test("SyncServer does not begin anew for a report that comes late", () => {
  const ends = new EndsWorld({ seed: 44, link: { delay: 3 } });
  const it = ends.connect();
  let early: Uint8Array | undefined;
  it.links.b.onSend = (bytes): void => {
    if (bytes[0] === 2) early ??= bytes.slice();
  };
  ends.run(60);
  // From before anything had come.
  assertEquals(early![1]! & 1, 0);
  it.links.a.inject(early!, Channel.Unreliable);
  ends.run(10);
  assertEquals(metricOf(ends.server, "restarts"), 0);
  assertEquals(metricOf(ends.server, "full_snapshots"), 1);
});

Deno.test("SyncServer sends a client that loses all again and again no more than its bytes", () => {
  const bytesPerSecond = 8_192;
  for (const lie of ["never", "always", "both"]) {
    const ends = new EndsWorld({ seed: 45, server: { bytesPerSecond } });
    for (let i = 0; i < 80; i++) ends.spawn();
    const it = ends.connect();
    const { links } = it;
    const { inFlight } = it.peer as ClientEnd;
    const { send } = links.b;
    links.b.send = (bytes, channel): boolean =>
      bytes[0] === 0 ? send.call(links.b, bytes, channel) : true;
    const report = new Report();
    const writer = new ByteWriter();
    for (let frame = 0; frame < 900; frame++) {
      ends.run(1);
      for (let i = 0; i < 3; i++) {
        report.sentStamp = frame * 8 + i;
        report.hasAcks = lie === "always" || (lie === "both" && i % 2 === 0);
        report.newest = inFlight.next - 1 & 0xffff;
        report.mask = 0xffff_ffff;
        writer.reset();
        report.write(writer);
        links.a.inject(writer.view(), Channel.Unreliable);
      }
    }
    let total = 0;
    const start = it.sent[0]!.frame;
    for (const { frame, bytes } of it.sent) {
      total += bytes;
      const seconds = (frame - start) / 60;
      assert(total <= bytesPerSecond * (1 + seconds) + 1, `${lie}: ${total}`);
    }
    const restarts = metricOf(ends.server, "restarts");
    // Four at once, and one for each of the 15 seconds.
    if (lie === "both") assert(restarts >= 10 && restarts <= 20, `${restarts}`);
    else assertEquals(restarts, 0);
    const full = it.sent.filter(isFull).length;
    assert(full <= 28, `${lie}: ${full}`);
  }
});

Deno.test("SyncServer restarts a client of the strong coder from nothing learnt", () => {
  const ends = new EndsWorld({ seed: 46, server: { coders: CODERS } });
  for (let i = 0; i < 30; i++) ends.spawn();
  const it = ends.connect({ coder: "strong" });
  ends.run(60);
  const report = new Report();
  report.sentStamp = 0x4000_0000;
  const writer = new ByteWriter();
  report.write(writer);
  it.links.a.inject(writer.view(), Channel.Unreliable);
  ends.run(60);
  assertEquals(metricOf(ends.server, "restarts"), 1);
  assertEquals(it.sent.filter(isFull).length, 2);
  assertSame(it.client.newest!.tables, it.client.tables, "whole");
});
