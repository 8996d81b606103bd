/**
 * Prints `sync/vectors/match_recording.json`, which is to be made anew only when the format of recordings is another.
 *
 *     deno run sync/recording/_testing/make_vectors.ts > sync/vectors/match_recording.json
 */
import { crc32 } from "../../../core/mod.ts";
import { ByteReader, ByteWriter } from "../../../protocol/mod.ts";
import { CRC_BYTES, HEADER_BYTES } from "../_format.ts";
import { MATCH } from "./match_game.ts";
import {
  entitiesOf,
  type MatchVectors,
  toHex,
  VECTOR_SEED,
  VECTOR_TICKS,
  vectorTypes,
} from "./match_vectors.ts";
import { KEY_EVERY_TICKS, playMatch } from "./play_match.ts";

const ticks: MatchVectors["ticks"][number][] = [];
let before: ReturnType<typeof entitiesOf> = new Map();
const { recording, checksums, rolling } = playMatch(
  VECTOR_SEED,
  VECTOR_TICKS,
  (tick, tables) => {
    const now = entitiesOf(tables);
    ticks.push({
      tick,
      checksum: 0,
      set: [...now].filter(([place, entity]) =>
        JSON.stringify(before.get(place)) !== JSON.stringify(entity)
      ).map(([, entity]) => entity),
      cleared: [...before].filter(([place]) => !now.has(place)).map((
        [, [type, slot]],
      ) => [type, slot] as const),
    });
    before = now;
  },
);
/** Where each record begins. */
const starts = [HEADER_BYTES];
const reader = new ByteReader();
for (let at = HEADER_BYTES; at < recording.length;) {
  reader.reset(recording, at);
  const length = reader.varint();
  at = reader.position + length + CRC_BYTES;
  starts.push(at);
}
/** A record with other bytes in it, and the CRC-32 that is right for them. */
function forged(record: number, offset: number, xor: number) {
  const at = starts[record]!;
  const bytes = recording.slice(at, starts[record + 1]);
  bytes[offset]! ^= xor;
  const end = bytes.length - CRC_BYTES;
  const writer = new ByteWriter();
  writer.raw(bytes.subarray(0, end));
  writer.u32(crc32(bytes, 0, end));
  return { length: recording.length, at, bytes: toHex(writer.toBytes()) };
}
/** One byte that is another. */
function flipped(at: number) {
  const bytes = toHex(Uint8Array.of(recording[at]! ^ 0x10));
  return { length: recording.length, at, bytes };
}
function cut(length: number) {
  return { length, at: 0, bytes: "" };
}
const CHECKSUM = 4;
const [last] = starts.slice(-2);
const damaged: MatchVectors["damaged"] = [
  { name: "no records", ...cut(HEADER_BYTES), ending: "complete", shown: 0 },
  {
    name: "cut behind a record",
    ...cut(starts[9]!),
    ending: "complete",
    shown: 9,
  },
  {
    name: "cut within a length",
    ...cut(starts[3]! + 1),
    ending: "truncated",
    shown: 3,
  },
  {
    name: "cut within a body",
    ...cut(starts[14]! - 9),
    ending: "truncated",
    shown: 13,
  },
  {
    name: "cut within a CRC-32",
    ...cut(recording.length - 1),
    ending: "truncated",
    shown: VECTOR_TICKS - 1,
  },
  {
    name: "another bit in a body",
    ...flipped(starts[5]! + 20),
    ending: "corrupt",
    shown: 5,
  },
  {
    name: "another bit in a CRC-32",
    ...flipped(last! - 2),
    ending: "corrupt",
    shown: VECTOR_TICKS - 2,
  },
  {
    name: "a record of no kind, with the right CRC-32",
    ...forged(7, 1, 3),
    ending: "corrupt",
    shown: 7,
  },
  {
    name: "a difference that is said to be a whole state",
    ...forged(KEY_EVERY_TICKS + 1, 1, 3),
    ending: "corrupt",
    shown: KEY_EVERY_TICKS + 1,
  },
  {
    name: "another checksum, with the right CRC-32",
    ...forged(8, CHECKSUM, 1),
    ending: "corrupt",
    shown: 8,
  },
];
const { hashHigh, hashLow } = MATCH.contract;
const vectors: MatchVectors = {
  about:
    'RECORDING.md; bytes are hexadecimal. `contract`: the hash in the header, its high half first. `types`, by number: of each field with columns what those mean and the largest number, and the names of the fields beside them. `recording`: all of it. `ticks`: what is shown of each, as the difference to the tick before: entities that are otherwise (type, place, generation, numbers, bytes beside them), and places (type, place) that lose theirs; then the checksum of the whole state. `rolling`: FNV-1a, 64 bits, of all these checksums, 4 bytes each, the lowest first. `damaged`: the first `length` bytes of the recording, with others written over those from `at` on; how it ends once it is played ("complete", "truncated" or "corrupt"), and how many of the ticks are shown.',
  contract: [hashHigh, hashLow].map((half) =>
    half.toString(16).padStart(8, "0")
  ).join(""),
  types: vectorTypes(),
  recording: toHex(recording),
  rolling,
  ticks: ticks.map((it, i) => ({ ...it, checksum: checksums[i]! })),
  damaged,
};
console.log(JSON.stringify(vectors));
