import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import {
  drawPersonalPayload,
  drawPersonalSample,
} from "../event/_testing/personal_samples.ts";
import { BUILT_IN_EVENTS } from "../event/built_in_events.ts";
import { checkFields } from "../event/check_fields.ts";
import { EventCatalog } from "../event/event_catalog.ts";
import { hasLabelForm } from "../event/label.ts";
import { MemoryAnalyticsStore } from "../store/memory_analytics_store.ts";
import {
  ADMIN_KEY,
  dumpOf,
  GAME_KEY,
  Harness,
  idOf,
  type Run,
  runOf,
} from "./_testing/harness.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
/** All 10,000 under TICKWIRE_SOAK, else one in five. */
const PAYLOADS = IS_SOAK ? 10_000 : 2_000;

Deno.test("AnalyticsCollector stores nothing personal, and nothing outside the schema, of payloads that try", async () => {
  const seed = 20_261_126;
  const random = new SeededRandom(seed);
  const events = [{
    name: "shopOpened",
    fields: {
      shop: { kind: "label" },
      gold: { kind: "int", optional: true },
    },
  }] as const;
  const catalog = new EventCatalog(events);
  const definitions = [...BUILT_IN_EVENTS, catalog.get("shopOpened")!];
  const store = new MemoryAnalyticsStore({ maxEvents: 100_000 });
  await using harness = new Harness({ store, events });
  const personal = new Set<string>();
  const told = new Set<string>();
  const sessions = new Set<string>();
  for (let i = 0; i < PAYLOADS; i++) {
    const payload = drawPersonalPayload(random, definitions);
    for (const text of payload.personal) personal.add(text);
    const entries = Object.entries(payload.fields);
    sessions.add(idOf(i));
    const run = runOf({
      s: idOf(i),
      d: [
        [payload.definition.name, ...entries.map(([name]) => name)],
        ["death", "cause", "floor"],
      ],
      e: [[1, 0, "spikes", 1], [0, 0, ...entries.map(([, it]) => it)]],
      ...strayOf(random, personal),
    });
    const { status, text } = await harness.send([run]);
    assert(status === 200 || status === 400, text);
    told.add(text);
  }
  assert(
    harness.metric("refused_events", { reason: "personalData" }) >
      PAYLOADS / 20,
  );
  assert(harness.metric("events", { outcome: "accepted" }) > 0.4 * PAYLOADS);

  // Each text once, as there are many and each is looked for in all.
  const pieces = new Set(told);
  for (let last = 0;;) {
    const rows = await store.eventsAfter(last, 10_000);
    if (rows.length === 0) break;
    last = rows.at(-1)!.id;
    for (const { name, data, common, build, platform, session } of rows) {
      for (const text of [data, common, build, platform]) pieces.add(text);
      assert(sessions.has(session));
      const definition = catalog.get(name);
      assert(definition !== undefined, name);
      const fields = JSON.parse(data);
      assertEquals(checkFields(definition, fields), undefined, data);
      for (const key of Object.keys(fields)) {
        assert(Object.hasOwn(definition.fields, key), key);
      }
      assert(["{}", '{"region":"eu"}'].includes(common), common);
    }
  }
  const range = { title: "main", fromMs: 0, toMs: 4e12, stepMs: 0 };
  const by = ["key1", "key2", "build", "platform"] as const;
  for (const metric of ["event", "death", "drop", "hitch"]) {
    const rows = await store.counts({ ...range, metric, by });
    pieces.add(JSON.stringify(rows));
  }
  const everything = [
    ...pieces,
    JSON.stringify(harness.errors),
    JSON.stringify([...harness.collector.metrics()]),
  ].join("\n");
  for (const text of personal) {
    assert(!everything.includes(text), `seed ${seed}: ${text}`);
  }
});

/** At times, something personal where a run says what it is of. */
function strayOf(random: SeededRandom, personal: Set<string>): Run {
  const { text } = drawPersonalSample(random);
  const place = random.nextU32() % 40;
  const strays: Run[] = [
    { b: text },
    { p: text },
    { c: { who: text } },
    { c: { [text]: 1 } },
    { s: text },
    { i: text },
    { d: [[text]], e: [] },
    { who: text },
  ];
  const stray = strays[place];
  if (stray === undefined) return {};
  // A build is named by whoever makes the game: a version of four parts looks like an address.
  if (stray.b !== undefined && hasLabelForm(text)) return {};
  personal.add(text);
  return stray;
}

Deno.test("AnalyticsCollector keeps no address, and tells none", async () => {
  const addresses = ["203.0.113.77", "2001:db8:77:77::77", "198.51.100.77"];
  const marks = ["203.0.113.77", "2001:db8:77:77", "198.51.100.77"];
  const inner = new MemoryAnalyticsStore();
  let isFailing = false;
  const seen: unknown[] = [];
  // All that a store is ever told.
  const store = new Proxy(inner, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        seen.push(args);
        if (isFailing) return Promise.reject(new Error("no"));
        return value.apply(target, args);
      };
    },
  });
  const logged: unknown[] = [];
  const { log, error, warn, info, debug } = console;
  const put = (...args: unknown[]): void => void logged.push(args);
  Object.assign(console, {
    log: put,
    error: put,
    warn: put,
    info: put,
    debug: put,
  });
  const answers: string[] = [];
  const harness = new Harness({
    store,
    trustedProxies: ["198.51.100.77"],
    addressRate: { perSecond: 1, burst: 3 },
  });
  try {
    for (const from of addresses) {
      const ask = {
        from,
        headers: {
          "x-forwarded-for": `${addresses[0]}, ${addresses[1]}`,
          "forwarded": `for=${addresses[0]}`,
          "user-agent": `Game from ${addresses[0]}`,
          "referer": `https://${addresses[0]}/`,
          "origin": `https://${addresses[0]}`,
        },
      };
      isFailing = false;
      for (
        const answer of [
          await harness.send([runOf()], ask),
          await harness.ask("GET", `/v1/players/${idOf(1_001)}`, ask),
          await harness.ask("DELETE", `/v1/players/${idOf(1_001)}`, {
            ...ask,
            key: ADMIN_KEY,
          }),
          await harness.ask("POST", "/v1/batch", { ...ask, body: "{" }),
          await harness.ask("POST", "/v1/batch", { ...ask, key: "wrong" }),
          (isFailing = true) && await harness.send([runOf()], {
            ...ask,
            key: ADMIN_KEY,
          }),
          await harness.send([runOf()], { ...ask, key: GAME_KEY }),
        ]
      ) answers.push(answer.text);
    }
  } finally {
    Object.assign(console, { log, error, warn, info, debug });
  }
  assert(harness.errors.length > 0);
  assert(harness.metric("rate_limited", { by: "address" }) > 0);
  const errors = harness.errors.map((it) =>
    it instanceof Error ? `${it.stack} ${JSON.stringify(it.cause)}` : it
  );
  const everything = JSON.stringify([
    await dumpOf(inner),
    seen,
    logged,
    errors,
    answers,
    [...harness.collector.metrics()],
  ]);
  for (const mark of marks) assert(!everything.includes(mark), mark);
  await harness.collector.close();
  await inner.close();
});
