import { assertEquals } from "@std/assert";
import { ByteReader } from "../../protocol/mod.ts";
import { EndsWorld } from "../_testing/ends_world.ts";
import { SnapshotHeader } from "../wire/snapshot_header.ts";

for (const checksumEvery of [0, 1, 4]) {
  Deno.test(`SyncServer sends as many checksums as it is told to: ${checksumEvery}`, () => {
    const world = new EndsWorld({ seed: 3, server: { checksumEvery } });
    const header = new SnapshotHeader();
    const has: boolean[] = [];
    world.connect().links.a.onSend = (bytes): void => {
      if (bytes[0] !== 1) return;
      assertEquals(header.read(new ByteReader(bytes)), undefined);
      has.push(header.hasChecksum);
    };
    world.run(100);
    assertEquals(
      has,
      has.map((_, i) => checksumEvery > 0 && (i + 1) % checksumEvery === 0),
    );
    assertEquals(has.length > 40, true);
  });
}
