import { assertEquals } from "@std/assert";
import { decodeHex } from "@std/encoding/hex";
import { u8 } from "../../protocol/mod.ts";
import { CoderSets } from "../coder/sync_coders.ts";
import { defineEntity } from "../schema/define_entity.ts";
import { defineWorld } from "../schema/define_world.ts";
import { SnapshotDecoder } from "./_snapshot_decoder.ts";
import { SnapshotRing } from "./world_snapshot.ts";

const { types } = defineWorld({
  cube: defineEntity({ level: u8 }, { maxEntities: 9 }),
  door: defineEntity({ level: u8 }, { maxEntities: 4 }),
});

Deno.test("SnapshotDecoder keeps own entities with each snapshot, and refuses other lists", () => {
  const ring = new SnapshotRing(types);
  const decoder = new SnapshotDecoder(
    types,
    new CoderSets(types, undefined),
    ring,
  );
  const steps: { bytes: string; result: string; owned?: number[] }[] = [
    // No type 2, no place 9 of type 0, no place 4 of type 1.
    { bytes: "01 0000 00 00 40 00000000 01 00000200 00", result: "range" },
    { bytes: "01 0000 00 00 40 00000000 01 09000000 00", result: "range" },
    { bytes: "01 0000 00 00 40 00000000 01 04000100 00", result: "range" },
    // That of no base.
    { bytes: "01 0000 00 00 40 00000000 00 00", result: "notCanonical" },
    {
      bytes: "01 0000 00 00 40 00000000 01 08000000 00",
      result: "decoded",
      owned: [8],
    },
    {
      bytes: "01 0100 01 01 40 00000000 01 08000000 00",
      result: "notCanonical",
    },
    { bytes: "01 0100 01 01 00 00000000 00", result: "decoded", owned: [8] },
    {
      bytes: "01 0200 02 02 40 00000000 02 08000000 030001ff 00",
      result: "decoded",
      owned: [
        8,
        0xff01_0003,
      ],
    },
    // To number 1, as number 2 was not acknowledged.
    { bytes: "01 0300 03 02 00 00000000 00", result: "decoded", owned: [8] },
    { bytes: "01 0400 04 02 40 00000000 00 00", result: "decoded", owned: [] },
    { bytes: "01 0500 05 00 00 00000000 00", result: "decoded", owned: [] },
  ];
  for (const { bytes, result, owned } of steps) {
    const message = decodeHex(bytes.replaceAll(" ", ""));
    assertEquals(decoder.read(message), result, bytes);
    if (owned === undefined) continue;
    assertEquals<readonly number[]>(ring.newest!.owned, owned, bytes);
  }
});
