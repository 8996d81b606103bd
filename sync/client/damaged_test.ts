// What is damaged on its way over a link that nothing protects, and looks genuine.
import { assert, assertEquals } from "@std/assert";
import { ByteReader, ByteWriter, Channel } from "../../protocol/mod.ts";
import { EndsWorld, metricOf } from "../_testing/ends_world.ts";
import { SnapshotHeader } from "../wire/snapshot_header.ts";

Deno.test("SyncClient is not led astray for ever by one snapshot of a tick that is far away", () => {
  const seed = 31;
  const world = new EndsWorld({ seed });
  const { client, links } = world.connect();
  world.run(60);
  const before = world.server.history.newest!;
  let isDamaged = false;
  links.a.onSend = (bytes): void => {
    if (bytes[0] !== 1 || isDamaged) return;
    isDamaged = true;
    const header = new SnapshotHeader();
    const reader = new ByteReader(bytes);
    assertEquals(header.read(reader), undefined);
    header.tick += 2 ** 20;
    const writer = new ByteWriter();
    header.write(writer);
    writer.raw(reader.raw(reader.remaining));
    // It comes in place of the genuine one.
    links.b.inject(writer.toBytes(), Channel.Unreliable);
  };
  // From here on nobody compares: what is wrong comes first.
  const ticks: number[] = [];
  for (let frame = 0; frame < 720; frame++) {
    links.tick();
    world.server.tick(1 / 60, () => world.step());
    client.tick(1 / 60);
    ticks.push(client.newest?.tick ?? -1);
  }
  assert(isDamaged);
  assert(ticks.some((tick) => tick > before + 2 ** 19), "it was not taken");
  const { newest } = world.server.history;
  assert(
    client.newest!.tick > newest! - 10 && client.newest!.tick <= newest!,
    `tick ${client.newest!.tick} of ${newest}`,
  );
  const events = [...client.drainEvents()].map(({ type }) => type);
  assertEquals(events.filter((type) => type === "desync").length, 1);
  assertEquals(metricOf(client, "client_snapshots_dropped", "desync"), 1);
});
