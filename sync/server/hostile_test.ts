import { assert, assertEquals, assertThrows } from "@std/assert";
import { ManualClock } from "../../core/mod.ts";
import {
  ByteReader,
  ByteWriter,
  Channel,
  MemoryLinkPair,
  u32,
} from "../../protocol/mod.ts";
import { DT } from "../_testing/ends_world.ts";
import { SyncClient } from "../client/sync_client.ts";
import { defineEntity } from "../schema/define_entity.ts";
import { defineWorld } from "../schema/define_world.ts";
import { Greeting } from "../wire/greeting.ts";
import { SyncPacketKind } from "../wire/packet_kind.ts";
import { Report } from "../wire/report.ts";
import { SnapshotHeader } from "../wire/snapshot_header.ts";
import { SyncServer } from "./sync_server.ts";

const world = defineWorld({
  cube: defineEntity({ x: u32, y: u32 }, { maxEntities: 200 }),
});

/** A client that reports what it likes. */
class RawClient {
  readonly links = new MemoryLinkPair();
  /** The numbers of what has come, and whether it had no base. */
  readonly got: { sequence: number; isFull: boolean }[] = [];
  readonly #greeting = new Greeting(world.contract);
  readonly #header = new SnapshotHeader();

  tick(): void {
    const { b } = this.links;
    this.#greeting.flush(b);
    b.poll((bytes) => {
      if (bytes[0] === SyncPacketKind.Handshake) {
        this.#greeting.receive(bytes, b);
      } else {
        assertEquals(this.#header.read(new ByteReader(bytes)), undefined);
        const { sequence, baseAge } = this.#header;
        this.got.push({ sequence, isFull: baseAge === 0 });
      }
    });
    this.#greeting.flush(b);
  }

  acknowledge(sequence: number, stamp: number): void {
    const report = new Report();
    report.hasAcks = true;
    report.newest = sequence;
    report.sentStamp = stamp;
    const writer = new ByteWriter();
    report.write(writer);
    this.links.b.send(writer.view(), Channel.Unreliable);
  }
}

Deno.test("SyncServer begins anew no more often for a client that tells of old snapshots", () => {
  const server = new SyncServer(world, {
    clock: new ManualClock(),
    sendRate: 60,
  });
  for (let i = 0; i < 200; i++) server.entities.spawn("cube", { x: i, y: 0 });
  const client = new RawClient();
  server.connect(client.links.a);
  const run = (frames: number): void => {
    for (let i = 0; i < frames; i++) {
      server.tick(DT);
      client.tick();
    }
  };
  run(5);
  client.acknowledge(client.got[0]!.sequence, 1);
  run(80);
  const old = client.got.splice(0);
  assert(old.length > 60, `${old.length}`);
  for (let i = 1; i < 61; i++) {
    client.acknowledge(old[i]!.sequence, 1 + i);
    run(1);
  }
  const full = client.got.filter(({ isFull }) => isFull).length;
  assert(full <= 2, `${full} whole snapshots in 60 ticks`);
});

Deno.test("SyncServer refuses the priority of a type that there is not", () => {
  assertThrows(
    () => new SyncServer(world, { priorities: { cubes: 4 } as never }),
    RangeError,
    "cube",
  );
});

Deno.test("SyncServer goes on after a tick that took for ever", () => {
  const links = new MemoryLinkPair();
  const server = new SyncServer(world);
  server.connect(links.a);
  const client = new SyncClient(world, links.b);
  const run = (): void => {
    for (let i = 0; i < 5; i++) {
      server.tick(DT);
      client.tick(DT);
    }
  };
  run();
  server.tick(Number.MAX_VALUE);
  client.tick(Number.MAX_VALUE);
  server.tick(Number.MAX_VALUE);
  const { tick } = client.newest!;
  run();
  assert(client.newest!.tick > tick);
});
