// What a snapshot of a game costs, beside its peers in the same run: a recording of 901 cubes (bench/data/README.md), 2,831
// messages of it, each coded as the difference to an older snapshot that the other end is known to have.
//
// age1, age3, age6, age12    bases that are so many snapshots old; six are a round trip of 100 ms
//
//     deno task bench sync_bytes.ts [--smoke] [--json] [--only=age6]
//
// `--smoke` takes seconds and shows that everything runs; its figures mean little.
import { type Parts, runParts } from "./_report.ts";
import { BytesBench } from "./sync/bytes.ts";

const AGES = [1, 3, 6, 12];

function partsOf(bench: BytesBench): Parts {
  return Object.fromEntries(
    AGES.map((age) => [
      `age${age}`,
      (isSmoke: boolean) => bench.measure(age, isSmoke),
    ]),
  );
}

if (import.meta.main) await runParts(partsOf(new BytesBench()), Deno.args);
