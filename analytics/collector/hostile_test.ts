import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { gzip } from "../../http/server/_testing/bodies.ts";
import { SeededRandom } from "../../core/mod.ts";
import { HttpProblem } from "../../http/server/mod.ts";
import { checkFields } from "../event/check_fields.ts";
import { EventCatalog } from "../event/event_catalog.ts";
import {
  ADMIN_KEY,
  GAME_KEY,
  Harness,
  idOf,
  READER_KEY,
  runOf,
  START_MS,
} from "./_testing/harness.ts";
import { LabelGuard } from "./_label_guard.ts";
import { readBatch, Refusals } from "./read_batch.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const BATCHES = IS_SOAK ? 200_000 : 5_000;
const PATHS = IS_SOAK ? 20_000 : 1_000;
const CATALOG = new EventCatalog();

/** Something of JSON that stands at any place in a batch. */
const ANYTHING: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom(
    ...["__proto__", "constructor", "length", "", "\u0000", "\ud800"],
    ...[0, -0, -1, 0.5, 1e308, Number.MAX_SAFE_INTEGER, 2 ** 53, null, true],
    ...[[], {}, [[]], JSON.parse('{"__proto__":{"v":1}}'), "x".repeat(70)],
  ),
);

/** Mostly what it should be. */
function mostly(right: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 80, arbitrary: right }, {
    weight: 1,
    arbitrary: ANYTHING,
  });
}

const NAME = fc.constantFrom(
  ...["death", "cause", "floor", "level", "itemPickup", "item", "custom"],
  ...["key", "value", "frameTime", "sketch", "hitches", "exception", "text"],
  ...["toString", "hasOwnProperty", "drop", "count", "sessionEnd", "reason"],
);
const VALUE = fc.oneof(
  fc.constantFrom("spikes", "closed", 3, 0.5, true, null, [0, 0, 0, 0]),
  fc.constantFrom<unknown>([33, 16, 17, 0, 255, 1, 5, 1], "a@b.com", "\n"),
  ANYTHING,
);
const RUN = fc.record({
  s: mostly(fc.nat(3).map(idOf)),
  i: mostly(fc.constantFrom(idOf(7), undefined)),
  b: mostly(fc.constantFrom("1.2.0", "2")),
  p: mostly(fc.constant("linux")),
  c: mostly(fc.constantFrom<unknown>(undefined, {}, { region: "eu", hz: 60 })),
  n: mostly(fc.nat(100)),
  t: mostly(fc.integer({ min: START_MS - 1e9, max: START_MS })),
  d: mostly(fc.oneof(
    fc.constant([
      ["death", "cause", "floor"],
      ["itemPickup", "item"],
      ["frameTime", "sketch", "hitches"],
    ]),
    fc.array(fc.array(NAME, { maxLength: 4 }), { maxLength: 4 }),
  )),
  e: mostly(fc.array(
    mostly(
      fc.tuple(
        fc.nat(2),
        mostly(fc.integer({ min: -1_000, max: 1_000 })),
        fc.oneof(
          fc.constant(["spikes", 3]),
          fc.constant(["potion"]),
          fc.array(VALUE, { maxLength: 4 }),
        ),
      ).map(([index, ms, values]) => [index, ms, ...values]),
    ),
    { maxLength: 6 },
  )),
});
const BATCH = mostly(fc.record({
  v: mostly(fc.constant(1)),
  sentAt: mostly(fc.constant(START_MS)),
  runs: mostly(fc.array(mostly(RUN), { maxLength: 3 })),
}));

Deno.test("readBatch() reads anything as a problem, or as events that are right", () => {
  let taken = 0;
  let refused = 0;
  fc.assert(
    fc.property(BATCH, (batch) => {
      const value: unknown = JSON.parse(JSON.stringify(batch));
      const context = {
        catalog: CATALOG,
        guard: new LabelGuard(),
        nowMs: START_MS,
      };
      let runs: ReturnType<typeof readBatch>;
      try {
        runs = readBatch(value, context);
      } catch (error) {
        assert(error instanceof HttpProblem, `${error}`);
        assertEquals([error.status, error.code], [400, "invalidRequest"]);
        return;
      }
      for (const { events, refusals, common } of runs) {
        assertEquals(typeof JSON.parse(common), "object");
        let last = -1;
        for (const { number, name, timeMs, data } of events) {
          assert(number > last && Number.isSafeInteger(timeMs));
          last = number;
          const definition = CATALOG.get(name);
          assert(definition !== undefined, name);
          assertEquals(checkFields(definition, JSON.parse(data)), undefined);
          taken += 1;
        }
        for (const { count } of refusals) refused += count;
      }
    }),
    { numRuns: BATCHES, seed: 20_261_126 },
  );
  assert(taken > BATCHES / 10 && refused > BATCHES / 5, `${taken} ${refused}`);
  assertEquals(({} as { v?: unknown }).v, undefined);
});

Deno.test("AnalyticsCollector answers any bytes with an error or an answer", async () => {
  await using harness = new Harness();
  const seed = 20_261_126;
  const random = new SeededRandom(seed);
  const whole = new TextEncoder().encode(
    JSON.stringify({ v: 1, sentAt: START_MS, runs: [runOf()] }),
  );
  for (let i = 0; i < PATHS; i++) {
    const body = whole.slice(0, 1 + random.nextU32() % whole.length);
    for (let flips = random.nextU32() % 4; flips > 0; flips--) {
      body[random.nextU32() % body.length] = random.nextU32();
    }
    const headers: Record<string, string> = random.nextU32() % 4 === 0
      ? { "content-encoding": "gzip" }
      : {};
    const answer = await harness.ask("POST", "/v1/batch", { body, headers });
    const where = `seed ${seed}, case ${i}: ${answer.text}`;
    assert(answer.status === 200 || answer.status === 400, where);
  }
  assertEquals(harness.errors, []);
});

Deno.test("AnalyticsCollector answers any path, query and header with an error or an answer", async () => {
  await using harness = new Harness();
  await harness.send([runOf()]);
  const seed = 20_261_127;
  const random = new SeededRandom(seed);
  const pick = (of: readonly string[]): string =>
    of[random.nextU32() % of.length]!;
  const parts = [
    ..."v1 batch players query events sessions funnel frames deaths".split(" "),
    idOf(1_001),
    ...["%2e%2e", "%", "%00", "%ff", "a%2Fb", "__proto__", "constructor"],
    "x".repeat(200),
  ];
  const names = "key from to step by build platform event steps limit format"
    .split(" ");
  const values = [
    ...["", "0", "-1", "1e999", "NaN", "%", "%00", "day", "hour", "__proto__"],
    ...["death,death", ",", "9".repeat(400), GAME_KEY, "csv", "build"],
  ];
  const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
  for (let i = 0; i < PATHS; i++) {
    const method = pick(methods);
    const depth = random.nextU32() % 4;
    const path = [
      ...(random.nextU32() % 4 > 0 ? ["v1"] : []),
      ...Array.from({ length: depth }, () => pick(parts)),
    ].join("/");
    const query = Array.from(
      { length: random.nextU32() % 4 },
      () => `${pick(names)}=${pick(values)}`,
    ).join("&");
    const hasBody = !["GET", "HEAD", "OPTIONS"].includes(method);
    const answer = await harness.ask(method, `/${path}?${query}`, {
      key: pick([GAME_KEY, READER_KEY, ADMIN_KEY, ""]),
      headers: { origin: "null", "if-none-match": pick(["*", '"x"', ","]) },
      ...(hasBody ? { body: pick(["{}", "[]", "x"]) } : {}),
    });
    const where = `seed ${seed}, case ${i}: ${method} /${path}?${query}`;
    assert(answer.status < 500, `${where} -> ${answer.text}`);
    if (answer.status >= 400 && method !== "HEAD") {
      assertEquals(typeof answer.body?.code, "string", where);
    }
  }
  assertEquals(harness.errors, []);
});

Deno.test("Refusals adds up as many kinds as a batch can have", () => {
  const refusals = new Refusals();
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 16_384; i++) refusals.add(`n${i}`, "unknownEvent");
  }
  assertEquals(refusals.all.length, 16_384);
  assert(refusals.all.every(({ count }) => count === 2));
});

Deno.test("AnalyticsCollector reads no more of a body than a batch can have", async () => {
  await using harness = new Harness();
  const batch = { v: 1, sentAt: START_MS, runs: [] };
  // 18 KB when it is compressed, 80 MB when it is read.
  const junk = Array.from({ length: 1_300_000 }, () => ({}));
  const answer = await harness.ask("POST", "/v1/batch", {
    body: await gzip(
      new TextEncoder().encode(JSON.stringify({ ...batch, junk })),
    ),
  });
  assertEquals(answer.status, 400);
});
