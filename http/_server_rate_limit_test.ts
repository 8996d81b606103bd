import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../core/mod.ts";
import { HttpHeaders } from "./headers.ts";
import {
  MAX_RATE_LIMIT_RESET_MS,
  parseServerRateLimit,
} from "./_server_rate_limit.ts";

const NOW = Date.UTC(2026, 6, 1, 12, 0, 0);
const NOW_SECONDS = NOW / 1000;

function parse(
  fields: Record<string, string>,
): [remaining: number, resetMs: number] | undefined {
  const limit = parseServerRateLimit(new HttpHeaders(fields), NOW);
  return limit && [limit.remaining, limit.resetMs];
}

const RATE_LIMIT_FIELDS: [string, ReturnType<typeof parse>][] = [
  ['"default";r=50;t=30', [50, 30_000]],
  ["default;r=50;t=30", [50, 30_000]],
  ['"default" ; r=50 ; t=30', [50, 30_000]],
  ['"default";t=30;r=0', [0, 30_000]],
  ['"default";r=50;t=30;pk=:cHsdsRa894==:', [50, 30_000]],
  ['"a";r=50;t=30, "b";r=3;t=1', [3, 1_000]],
  ['"b";r=3;t=1,"a";r=50;t=30', [3, 1_000]],
  ['"a";r=0;t=1, "b";r=0;t=60, "c";r=0;t=5', [0, 60_000]],
  ['"a, b; c";r=5;t=6', [5, 6_000]],
  ['"quote \\"; r=1;t=1";r=5;t=6', [5, 6_000]],
  ['"x\\\\";r=5;t=6', [5, 6_000]],
  ['"a";r=1, "b";r=9;t=2', [9, 2_000]],
  ['"a";r=x;t=2, "b";r=9;t=2', [9, 2_000]],
  ["limit=100, remaining=50, reset=5", [50, 5_000]],
  ["limit=100,remaining=0,reset=5", [0, 5_000]],
  ["reset=5, remaining=7, limit=10;w=60", [7, 5_000]],
  ['"a";r=1;t=99999999', [1, MAX_RATE_LIMIT_RESET_MS]],
  ['"a";r=999999999999999;t=1', [999_999_999_999_999, 1_000]],
  ["", undefined],
  ['"default"', undefined],
  ['"default";r=50', undefined],
  ['"default";t=50', undefined],
  ['"default";r=-1;t=30', undefined],
  ['"default";r=1.5;t=30', undefined],
  ['"default";r=1;t=-30', undefined],
  ['"default";r=1e3;t=30', undefined],
  ['"default";r=1000000000000000000000;t=30', undefined],
  ['"default;r=50;t=30', undefined],
  ["remaining=5", undefined],
  [`${'"default";r=1;t=1, '.repeat(100)}"x";r=1;t=1`, undefined],
];

Deno.test("parseServerRateLimit() reads the RateLimit field", () => {
  for (const [field, expected] of RATE_LIMIT_FIELDS) {
    assertEquals(parse({ RateLimit: field }), expected, field);
  }
});

for (const prefix of ["RateLimit-", "X-RateLimit-", "X-Rate-Limit-"]) {
  Deno.test(`parseServerRateLimit() reads ${prefix}Remaining and -Reset`, () => {
    function pair(remaining: string, reset: string): ReturnType<typeof parse> {
      return parse({
        [`${prefix}Limit`]: "100",
        [`${prefix}Remaining`]: remaining,
        [`${prefix}Reset`]: reset,
      });
    }
    assertEquals(pair("12", "30"), [12, 30_000]);
    assertEquals(pair(" 12 ", " 0 "), [12, 0]);
    assertEquals(pair("99.0", "1.2345"), [99, 1_235]);
    assertEquals(pair("0", `${NOW_SECONDS + 45}`), [0, 45_000]);
    assertEquals(pair("0", `${NOW_SECONDS + 1}.250`), [0, 1_250]);
    assertEquals(pair("0", `${NOW + 1234}`), [0, 1_234]);
    assertEquals(pair("0", `${NOW_SECONDS - 45}`), [0, 0]);
    assertEquals(pair("0", `${NOW - 45}`), [0, 0]);
    assertEquals(pair("0", "999999999"), [0, MAX_RATE_LIMIT_RESET_MS]);
    assertEquals(pair("0", "99999999999"), [0, MAX_RATE_LIMIT_RESET_MS]);
    assertEquals(pair("0", "999999999999999"), [0, MAX_RATE_LIMIT_RESET_MS]);
    for (
      const bad of ["", "-1", "1e9", "NaN", "5, 6", "9".repeat(30), "soon", "."]
    ) {
      assertEquals(pair("1", bad), undefined, bad);
      assertEquals(pair(bad, "1"), undefined, bad);
    }
  });
}

Deno.test("parseServerRateLimit() takes the newest form that can be read", () => {
  assertEquals(
    parse({
      "X-RateLimit-Remaining": "1",
      "X-RateLimit-Reset": "1",
      "RateLimit-Remaining": "2",
      "RateLimit-Reset": "2",
      "RateLimit": '"a";r=3;t=3',
    }),
    [3, 3_000],
  );
  assertEquals(
    parse({
      "X-RateLimit-Remaining": "1",
      "X-RateLimit-Reset": "1",
      "RateLimit-Remaining": "many",
      "RateLimit-Reset": "2",
      "RateLimit": "none",
    }),
    [1, 1_000],
  );
});

Deno.test("parseServerRateLimit() knows nothing without the fields", () => {
  assertEquals(parse({}), undefined);
  assertEquals(parse({ "X-RateLimit-Remaining": "1" }), undefined);
  assertEquals(parse({ "X-RateLimit-Reset": "1" }), undefined);
  assertEquals(parse({ "RateLimit-Policy": '"a";q=10;w=1' }), undefined);
});

Deno.test("parseServerRateLimit() survives 100,000 mutated fields", () => {
  const seed = 7;
  const random = new SeededRandom(seed);
  const alphabet = '"\\;,=:?@ \tr=t=remaining=reset=-.0123456789\0\u00ff';
  const names = [
    "ratelimit",
    "ratelimit-remaining",
    "ratelimit-reset",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
  ];
  let read = 0;
  for (let run = 0; run < 100_000; run++) {
    const headers = new HttpHeaders();
    for (const name of names) {
      let value = RATE_LIMIT_FIELDS[random.nextU32() % 28]![0];
      if (random.nextFloat() < 0.5) value = `${random.nextU32()}`;
      for (let edits = random.nextU32() % 4; edits > 0; edits--) {
        const at = random.nextU32() % (value.length + 1);
        const cut = random.nextU32() % 3;
        const char = alphabet[random.nextU32() % alphabet.length]!;
        value = value.slice(0, at) + char + value.slice(at + cut);
      }
      headers.set(name, value);
    }
    const limit = parseServerRateLimit(headers, NOW);
    if (limit === undefined) continue;
    read++;
    const message = `seed ${seed}, run ${run}: ${JSON.stringify([...headers])}`;
    assert(
      Number.isSafeInteger(limit.remaining) && limit.remaining >= 0,
      message,
    );
    assert(
      Number.isInteger(limit.resetMs) && limit.resetMs >= 0 &&
        limit.resetMs <= MAX_RATE_LIMIT_RESET_MS,
      message,
    );
  }
  assert(read > 10_000 && read < 99_000, `read ${read}`);
});

Deno.test("parseServerRateLimit() believes no reset of more than an hour", () => {
  const headers = new HttpHeaders({ RateLimit: '"x";r=0;t=3601' });
  assertEquals(parseServerRateLimit(headers, 0)?.resetMs, 3_600_000);
});
