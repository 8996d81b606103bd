// What every AnalyticsStore does, as one table of cases.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { AnalyticsError } from "../../analytics_error.ts";
import { QuantileSketch } from "../../sketch/quantile_sketch.ts";
import type {
  AnalyticsStore,
  CountRow,
  Dimension,
  ExpireQuery,
  RollUp,
  SessionInfo,
} from "../store.ts";
import {
  ALL,
  allRows,
  contentOf,
  countQuery,
  death,
  eventOf,
  frames,
  HOUR_MS,
  idOf,
  NOW_MS,
  rollUp,
  runOf,
} from "./store_fixture.ts";

/** A store over storage of its own. */
export interface StoreSubject {
  /** The store, which nothing has been put in. */
  readonly store: AnalyticsStore;
  /** Closes it, where it is open, and removes the storage. */
  close(): Promise<void>;
}

/**
 * Registers a test for each of the cases.
 *
 * @param name The name of the implementation.
 * @param open Opens a store over fresh storage.
 */
export function storeConformance(
  name: string,
  open: () => Promise<StoreSubject>,
): void {
  for (const [behaviour, run] of Object.entries(STORE_CASES)) {
    Deno.test(`${name} ${behaviour}`, async () => {
      const subject = await open();
      try {
        await run(subject.store);
      } finally {
        await subject.close();
      }
    });
  }
}

/** A sum's row in short. */
function brief({ startMs, count, ...keys }: CountRow): string {
  const parts = [keys.key1, keys.key2, keys.build, keys.platform];
  return `${(startMs - NOW_MS) / HOUR_MS}h ${parts.join("/")} ${count}`;
}

async function countOf(
  store: AnalyticsStore,
  part: Parameters<typeof countQuery>[0] = {},
): Promise<string[]> {
  return (await store.counts(countQuery(part))).map(brief);
}

async function numbersOf(
  store: AnalyticsStore,
  part: Partial<Parameters<AnalyticsStore["events"]>[0]> = {},
  limit?: number,
): Promise<string[]> {
  const rows = await allRows(
    (after, most) => store.events({ ...ALL, ...part }, after, most),
    limit,
  );
  return rows.map(({ session, number }) =>
    `${session.replaceAll("_", "")}${number}`
  );
}

/** Cases by what they show. */
const STORE_CASES: Readonly<
  Record<string, (store: AnalyticsStore) => Promise<void>>
> = {
  async "write() stores events, and gives them back as they were"(store) {
    const run = runOf("s", [
      death(3, "spikes", 7),
      eventOf(4, { data: '{"key":"\u{1f600}","value":0.1}', timeMs: 5 }),
    ], { common: '{"region":"eu"}' });
    assertEquals(await store.write([run], rollUp), [
      { accepted: 2, duplicates: 0, isErased: false },
    ]);
    const { common, events, title, session, player, build, platform } = run;
    const info = { title, session, player, build, platform };
    const rows = await store.eventsAfter(0, 10);
    const expected = events.map((event, i) => ({
      id: rows[i]!.id,
      ...event,
      ...info,
      common,
    }));
    assertEquals(rows, expected);
    assert(rows[0]!.id > 0 && rows[1]!.id > rows[0]!.id);
    assertEquals((await store.events(ALL, undefined, 10)).rows, [rows[0]!]);
    const wide = { ...ALL, fromMs: 0 };
    assertEquals(await store.events(wide, undefined, 10), {
      rows: [rows[1]!, rows[0]!],
      next: undefined,
    });
  },

  async "write() stores each number of a session once, in any order"(store) {
    const numbers = [[5, 6, 7], [6, 7, 8], [1, 9], [0, 1, 2, 3, 4, 5], [4]];
    const outcomes = [];
    for (const run of numbers) {
      const events = run.map((number) => eventOf(number));
      outcomes.push(...await store.write([runOf("s", events)], rollUp));
    }
    assertEquals(
      outcomes.map(({ accepted, duplicates }) => [accepted, duplicates]),
      [[3, 0], [1, 2], [2, 0], [4, 2], [0, 1]],
    );
    assertEquals(
      await numbersOf(store),
      Array.from({ length: 10 }, (_, i) => `s${i}`),
    );
    assertEquals(await countOf(store), ["0h /// 10"]);
    const { rows } = await store.sessions(ALL, undefined, 10);
    assertEquals(rows.map(({ events }) => events), [10]);
  },

  async "write() tells duplicates within one call and among calls at a time"(
    store,
  ) {
    const run = runOf("s", [eventOf(0), eventOf(1)]);
    const [twice, ...others] = await Promise.all([
      store.write([run, run], rollUp),
      ...Array.from({ length: 20 }, () => store.write([run], rollUp)),
    ]);
    const all = [...twice, ...others.flat()];
    assertEquals(all.reduce((sum, { accepted }) => sum + accepted, 0), 2);
    assertEquals(all.reduce((sum, { duplicates }) => sum + duplicates, 0), 42);
    assertEquals(await countOf(store), ["0h /// 2"]);
  },

  async "write() gives outcomes in the order of the runs"(store) {
    await store.write([runOf("b", [eventOf(0)])], rollUp);
    await store.erase("main", idOf("p-c"), rollUp);
    assertEquals(
      await store.write(
        ["a", "b", "c", "d"].map((name) =>
          runOf(name, [eventOf(0), eventOf(1)])
        ),
        rollUp,
      ),
      [
        { accepted: 2, duplicates: 0, isErased: false },
        { accepted: 1, duplicates: 1, isErased: false },
        { accepted: 0, duplicates: 0, isErased: true },
        { accepted: 2, duplicates: 0, isErased: false },
      ],
    );
  },

  async "write() of nothing stores nothing"(store) {
    assertEquals(await store.write([], rollUp), []);
    assertEquals(await store.write([runOf("s", [])], rollUp), [
      { accepted: 0, duplicates: 0, isErased: false },
    ]);
    assertEquals((await store.sessions(ALL, undefined, 10)).rows, []);
  },

  async "write() keeps a session's player, build and platform as they came first"(
    store,
  ) {
    const seen: SessionInfo[] = [];
    const roll: RollUp = (info, events) => {
      seen.push(info);
      return rollUp(info, events);
    };
    await store.write([runOf("s", [eventOf(0)])], roll);
    await store.write(
      [runOf("s", [eventOf(1)], { build: "2.0", platform: "mac" })],
      roll,
    );
    assertEquals(await countOf(store, { by: ["build", "platform"] }), [
      "0h //1.0/linux 2",
    ]);
    assertEquals({ ...seen.at(-1)! }, { ...seen[0]! });
    // Of another player or title it is another session.
    const player = idOf("other");
    await store.write([
      runOf("s", [eventOf(0)], { player }),
      runOf("s", [eventOf(0)], { title: "second" }),
    ], roll);
    const { rows } = await store.sessions(ALL, undefined, 10);
    assertEquals(rows.map(({ player }) => player), [idOf("p-s"), player]);
    await store.erase("main", player, rollUp);
    assertEquals(await numbersOf(store), ["s0", "s1"]);
  },

  async "write() stores nothing of a run whose events cannot be summed up"(
    store,
  ) {
    const before = await contentOf(store);
    const error = new TypeError("No");
    const results = await Promise.allSettled([
      store.write([runOf("s", [eventOf(0)])], () => {
        throw error;
      }),
      store.write([runOf("t", [frames(0, [1])])], (info, events) => {
        const { sketches, ...rest } = rollUp(info, events);
        return {
          ...rest,
          sketches: sketches.map((change) => ({ ...change, sketch: [1] })),
        };
      }),
    ]);
    assertEquals(results.map(({ status }) => status), ["rejected", "rejected"]);
    assert(results[0]!.status === "rejected" && results[0]!.reason === error);
    assert(
      results[1]!.status === "rejected" &&
        results[1]!.reason instanceof RangeError,
    );
    assertEquals(await contentOf(store), before);
    assertEquals(
      (await store.write([runOf("s", [eventOf(0)])], rollUp))[0]!.accepted,
      1,
    );
  },

  async "sessions() tells when a session began, went on and ended"(store) {
    async function times(): Promise<unknown[]> {
      const { rows } = await store.sessions(ALL, undefined, 10);
      return rows.map((row) => [
        row.startMs - NOW_MS,
        row.lastMs - NOW_MS,
        row.endReason,
        row.playerFirstMs - NOW_MS,
      ]);
    }
    await store.write([runOf("s", [eventOf(9), eventOf(11)])], rollUp);
    assertEquals(await times(), [[9000, 11_000, "", 9000]]);
    await store.write([runOf("s", [eventOf(5)])], rollUp);
    assertEquals(await times(), [[5000, 11_000, "", 5000]]);
    const start = eventOf(1, { name: "sessionStart", timeMs: NOW_MS + 2000 });
    await store.write([runOf("s", [start])], rollUp);
    // What an event says stays, whatever is earlier.
    await store.write([runOf("s", [eventOf(0)])], rollUp);
    assertEquals(await times(), [[2000, 11_000, "", 2000]]);
    const end = eventOf(99, { name: "sessionEnd", data: '{"reason":"idle"}' });
    await store.write([runOf("s", [end])], rollUp);
    assertEquals(await times(), [[2000, 99_000, "idle", 2000]]);
    await store.write([runOf("s", [eventOf(50)])], rollUp);
    assertEquals(await times(), [[2000, 99_000, "idle", 2000]]);
  },

  async "sessions() tells when a player's first session began, in the title"(
    store,
  ) {
    const player = idOf("ada");
    for (const [session, hour] of [["b", 5], ["a", 2], ["c", 9]] as const) {
      const event = eventOf(0, { timeMs: NOW_MS + hour * HOUR_MS });
      await store.write([runOf(session, [event], { player })], rollUp);
    }
    const early = eventOf(0, { timeMs: NOW_MS });
    await store.write(
      [runOf("d", [early], { player, title: "second" })],
      rollUp,
    );
    const query = { ...ALL, fromMs: NOW_MS + 3 * HOUR_MS };
    const { rows } = await store.sessions(query, undefined, 10);
    assertEquals(
      rows.map(({ session, playerFirstMs }) => [session, playerFirstMs]),
      [
        [idOf("b"), NOW_MS + 2 * HOUR_MS],
        [idOf("c"), NOW_MS + 2 * HOUR_MS],
      ],
    );
  },

  async "sessions() lists by time, filtered, page by page"(store) {
    for (let i = 0; i < 40; i++) {
      const event = eventOf(0, { timeMs: NOW_MS + (i * 7 % 10) * 1000 });
      await store.write([
        runOf(`s${i}`, [event], {
          build: i % 2 === 0 ? "a" : "b",
          platform: i % 3 === 0 ? "x" : "y",
        }),
      ], rollUp);
    }
    async function list(
      part: Partial<typeof ALL>,
      limit: number,
    ): Promise<string[]> {
      const query = { ...ALL, ...part };
      const rows = await allRows(
        (after, most) => store.sessions(query, after, most),
        limit,
      );
      return rows.map(({ session }) => session.replaceAll("_", ""));
    }
    const expected = Array.from({ length: 40 }, (_, i) => i)
      .sort((a, b) => (a * 7 % 10) - (b * 7 % 10) || a - b);
    for (const limit of [1, 3, 40, 41]) {
      assertEquals(await list({}, limit), expected.map((i) => `s${i}`));
      assertEquals(
        await list({ build: "a", platform: "x" }, limit),
        expected.filter((i) => i % 6 === 0).map((i) => `s${i}`),
      );
      assertEquals(
        await list({ fromMs: NOW_MS + 2000, toMs: NOW_MS + 4000 }, limit),
        expected.filter((i) => [2, 3].includes(i * 7 % 10))
          .map((i) => `s${i}`),
      );
    }
    assertEquals(await list({ title: "second" }, 5), []);
  },

  async "sessions() lists those of a player, whenever they began"(store) {
    const player = idOf("ada");
    for (let i = 0; i < 5; i++) {
      const event = eventOf(0, { timeMs: NOW_MS - i * 1e10 });
      await store.write([runOf(`s${i}`, [event], { player })], rollUp);
      await store.write([runOf(`t${i}`, [event])], rollUp);
    }
    const query = { ...ALL, fromMs: 0, toMs: 0, player };
    for (const limit of [1, 2, 5]) {
      const rows = await allRows(
        (after, most) => store.sessions(query, after, most),
        limit,
      );
      assertEquals(
        rows.map(({ session }) => session),
        [4, 3, 2, 1, 0].map((i) => idOf(`s${i}`)),
      );
    }
    const other = { ...query, title: "second" };
    assertEquals((await store.sessions(other, undefined, 10)).rows, []);
  },

  async "counts() adds up by time spans and dimensions"(store) {
    await store.write(
      ["1.0", "1.1"].flatMap((build, i) =>
        ["linux", "mac"].map((platform, j) => {
          const events = Array.from(
            { length: 8 - i - 2 * j },
            (_, k) =>
              death(k, k % 2 === 0 ? "lava" : "spikes", k % 3, {
                timeMs: NOW_MS + (k % 4) * HOUR_MS + k,
              }),
          );
          return runOf(`s${i}${j}`, events, { build, platform });
        })
      ),
      rollUp,
    );
    const range = {
      metric: "death",
      fromMs: NOW_MS,
      toMs: NOW_MS + 4 * HOUR_MS,
    };
    assertEquals(await countOf(store, range), ["0h /// 26"]);
    assertEquals(await countOf(store, { ...range, stepMs: 2 * HOUR_MS }), [
      "0h /// 15",
      "2h /// 11",
    ]);
    assertEquals(
      await countOf(store, { ...range, stepMs: 3 * HOUR_MS, by: ["key1"] }),
      [
        "0h lava/// 14",
        "0h spikes/// 7",
        "3h spikes/// 5",
      ],
    );
    assertEquals(
      await countOf(store, { ...range, by: ["platform", "build"] }),
      [
        "0h //1.0/linux 8",
        "0h //1.0/mac 6",
        "0h //1.1/linux 7",
        "0h //1.1/mac 5",
      ],
    );
    assertEquals(
      await countOf(store, { ...range, build: "1.1", platform: "mac" }),
      ["0h /// 5"],
    );
    assertEquals(
      await countOf(store, { ...range, key1: "lava", by: ["key2"] }),
      ["0h /0// 6", "0h /1// 4", "0h /2// 4"],
    );
    assertEquals(await countOf(store, { ...range, metric: "event" }), [
      "0h /// 26",
    ]);
    // Both ends, to the hour.
    assertEquals(
      await countOf(store, { ...range, fromMs: NOW_MS + HOUR_MS }),
      ["1h /// 18"],
    );
    assertEquals(
      await countOf(store, { ...range, toMs: NOW_MS + 3 * HOUR_MS }),
      ["0h /// 21"],
    );
    assertEquals(await countOf(store, { ...range, title: "second" }), []);
    assertEquals(await countOf(store, { ...range, metric: "none" }), []);
  },

  async "counts() keeps apart texts that look alike"(store) {
    const keys = ["", "a", "A", "a b", "a/b", "1", "01", "\u00e9", "\u{1f600}"];
    for (const key1 of keys) {
      for (const key2 of keys) {
        await store.count("main", "b", "p", [
          { metric: "m", hourMs: NOW_MS, key1, key2, count: 2 },
        ]);
      }
    }
    const rows = await store.counts(
      countQuery({ metric: "m", by: ["key1", "key2"] }),
    );
    assertEquals(rows.length, keys.length ** 2);
    assert(rows.every(({ count }) => count === 2));
    const texts = rows.map(({ key1, key2 }) => `${key1}\0${key2}`);
    assertEquals(texts, texts.toSorted());
    assertEquals(
      (await countOf(store, { metric: "m", key1: "A" })).length,
      1,
    );
  },

  async "count() adds to sums, of what is above 0"(store) {
    const change = {
      metric: "drop",
      hourMs: NOW_MS,
      key1: "death",
      key2: "refused: erased",
      count: 5,
    };
    await Promise.all(
      [5, 2, 0, -3].map((count) =>
        store.count("main", "", "", [{ ...change, count }, change])
      ),
    );
    assertEquals(
      await countOf(store, {
        metric: "drop",
        fromMs: NOW_MS,
        by: DIMENSIONS,
      }),
      ["0h death/refused: erased// 27"],
    );
  },

  async "counts() and sketches() refuse spans that are of no hours"(store) {
    const refused = [
      { fromMs: NOW_MS + 1 },
      { fromMs: NaN },
      { stepMs: 1 },
      { stepMs: -HOUR_MS },
      { stepMs: Infinity },
    ];
    for (const part of refused) {
      await assertRejects(() => store.counts(countQuery(part)), RangeError);
      const query = { ...ALL, metric: "frameTime", stepMs: 0, by: [], ...part };
      await assertRejects(() => store.sketches(query), RangeError);
    }
  },

  async "sketches() merges by time spans and dimensions"(store) {
    const values = [[16, 17, 33], [16, 900], [8], [0, 5]] as const;
    await store.write(
      values.map((list, i) =>
        runOf(`s${i}`, [
          frames(0, list, { timeMs: NOW_MS + 5 }),
          frames(1, list, { timeMs: NOW_MS + HOUR_MS }),
          frames(2, list, { timeMs: NOW_MS + HOUR_MS + 1 }),
        ], { build: i < 2 ? "1.0" : "1.1", platform: i % 2 ? "mac" : "pc" })
      ),
      rollUp,
    );
    function sketchOf(...lists: (readonly number[])[]): number[] {
      const sketch = new QuantileSketch();
      for (const value of lists.flat()) sketch.add(value);
      return sketch.toJson();
    }
    const query = {
      ...ALL,
      metric: "frameTime",
      fromMs: NOW_MS,
      stepMs: HOUR_MS,
    };
    const none = { build: "", platform: "" };
    assertEquals(await store.sketches({ ...query, by: [] }), [
      { startMs: NOW_MS, ...none, sketch: sketchOf(...values) },
      {
        startMs: NOW_MS + HOUR_MS,
        ...none,
        sketch: sketchOf(...values, ...values),
      },
    ]);
    assertEquals(
      await store.sketches({
        ...query,
        toMs: NOW_MS + HOUR_MS,
        by: ["build"],
      }),
      [
        {
          startMs: NOW_MS,
          build: "1.0",
          platform: "",
          sketch: sketchOf(values[0], values[1]),
        },
        {
          startMs: NOW_MS,
          build: "1.1",
          platform: "",
          sketch: sketchOf(values[2], values[3]),
        },
      ],
    );
    assertEquals(
      await store.sketches({
        ...query,
        stepMs: 0,
        by: [],
        build: "1.0",
        platform: "mac",
      }),
      [{
        startMs: NOW_MS,
        ...none,
        sketch: sketchOf(values[1], values[1], values[1]),
      }],
    );
    assertEquals(await store.sketches({ ...query, metric: "m", by: [] }), []);
  },

  async "events() lists by time, filtered, page by page"(store) {
    const expected: { text: string; timeMs: number; name: string }[] = [];
    for (let i = 0; i < 30; i++) {
      const events = Array.from({ length: 3 }, (_, number) => {
        const name = ["custom", "death", "custom"][number]!;
        const timeMs = NOW_MS + (i * 3 + number) * 7 % 20 * 1000;
        expected.push({ text: `s${i}x${number}`, timeMs, name });
        return name === "death"
          ? death(number, "lava", 1, { timeMs })
          : eventOf(number, { timeMs });
      });
      const build = i % 2 === 0 ? "a" : "b";
      await store.write([runOf(`s${i}x`, events, { build })], rollUp);
    }
    expected.sort((a, b) => a.timeMs - b.timeMs);
    for (const limit of [1, 7, 90, 91]) {
      assertEquals(
        await numbersOf(store, {}, limit),
        expected.map(({ text }) => text),
      );
      assertEquals(
        await numbersOf(store, { name: "death" }, limit),
        expected.filter(({ name }) => name === "death")
          .map(({ text }) => text),
      );
      const part = { fromMs: NOW_MS + 3000, toMs: NOW_MS + 6000, build: "a" };
      assertEquals(
        await numbersOf(store, part, limit),
        expected.filter(({ text, timeMs }) =>
          timeMs >= part.fromMs && timeMs < part.toMs &&
          parseInt(text.slice(1)) % 2 === 0
        ).map(({ text }) => text),
      );
      assertEquals(await numbersOf(store, { platform: "none" }, limit), []);
      assertEquals(await numbersOf(store, { name: "none" }, limit), []);
      assertEquals(await numbersOf(store, { title: "none" }, limit), []);
    }
  },

  async "events() lists those of a player by id, whenever they were"(store) {
    const player = idOf("ada");
    for (let i = 0; i < 6; i++) {
      const events = [0, 1, 2].map((number) =>
        (number === 1 ? death : (n: number) => eventOf(n))(number, "lava", 1)
      ).map((event) => ({ ...event, timeMs: NOW_MS - i * 1e10 }));
      await store.write([
        runOf(
          `s${i % 2}`,
          events.map((event) => ({
            ...event,
            number: event.number + 3 * i,
          })),
          { player },
        ),
        runOf(`t${i}`, events),
      ], rollUp);
    }
    const expected = Array.from(
      { length: 18 },
      (_, i) => `s${Math.floor(i / 3) % 2}${i}`,
    );
    const query = { fromMs: 5, toMs: 6, player };
    for (const limit of [1, 4, 18, 19]) {
      assertEquals(await numbersOf(store, query, limit), expected);
      assertEquals(
        await numbersOf(store, { ...query, name: "death" }, limit),
        expected.filter((_, i) => i % 3 === 1),
      );
    }
    assertEquals(await numbersOf(store, { ...query, title: "none" }), []);
  },

  async "events() goes on behind a page whatever is stored meanwhile"(store) {
    for (let i = 0; i < 5; i++) {
      await store.write([runOf("s", [eventOf(i)])], rollUp);
    }
    const page = await store.events(ALL, undefined, 3);
    const early = eventOf(10, { timeMs: NOW_MS });
    const late = eventOf(11, { timeMs: NOW_MS + 3500 });
    await store.write([runOf("s", [early, late])], rollUp);
    const { rows, next } = await store.events(ALL, page.next, 10);
    assertEquals(rows.map(({ number }) => number), [3, 11, 4]);
    assertEquals(next, undefined);
  },

  async "recent() lists the newest events first"(store) {
    for (let i = 0; i < 10; i++) {
      const build = i % 2 === 0 ? "a" : "b";
      await store.write([
        runOf(`s${i}`, [
          eventOf(0, { timeMs: NOW_MS - i * 1000 }),
          eventOf(1),
        ], { build }),
        runOf(`t${i}`, [eventOf(0)], { title: "second" }),
      ], rollUp);
    }
    const rows = await store.recent(ALL, 5);
    assertEquals(
      rows.map(({ session, number }) => [session, number]),
      [["s9", 1], ["s9", 0], ["s8", 1], ["s8", 0], ["s7", 1]].map(
        ([session, number]) => [idOf(session as string), number],
      ),
    );
    const ids = rows.map(({ id }) => id);
    assertEquals(ids, ids.toSorted((a, b) => b - a));
    const some = await store.recent(
      { ...ALL, build: "a", toMs: NOW_MS - 1999 },
      1000,
    );
    assertEquals(
      some.map(({ session }) => session),
      ["s8", "s6", "s4", "s2"].map(idOf),
    );
    assertEquals(await store.recent({ ...ALL, platform: "none" }, 10), []);
  },

  async "eventsAfter() lists events of all titles behind an id"(store) {
    for (let i = 0; i < 10; i++) {
      const title = i % 2 === 0 ? "main" : "second";
      await store.write([runOf(`s${i}`, [eventOf(0)], { title })], rollUp);
    }
    const rows = await store.eventsAfter(0, 100);
    assertEquals(
      rows.map(({ session }) => session),
      Array.from({ length: 10 }, (_, i) => idOf(`s${i}`)),
    );
    assertEquals(
      await store.eventsAfter(rows[3]!.id, 2),
      rows.slice(4, 6),
    );
    assertEquals(await store.eventsAfter(rows[9]!.id, 10), []);
  },

  async "mark() tells what setMark() kept"(store) {
    assertEquals(await store.mark("export"), 0);
    await store.setMark("export", 5);
    await store.setMark("other", Number.MAX_SAFE_INTEGER);
    await store.setMark("export", 7);
    assertEquals(await store.mark("export"), 7);
    assertEquals(await store.mark("other"), Number.MAX_SAFE_INTEGER);
  },

  async "erase() leaves everything as if the player had not been there"(store) {
    const player = idOf("ada");
    const others = [
      runOf("o1", [
        death(0, "lava", 1),
        frames(1, [15, 20]),
        eventOf(2, { timeMs: NOW_MS + 5 * HOUR_MS }),
      ]),
      runOf("o2", [frames(0, [40, 41])], { build: "1.1" }),
      runOf("s1", [eventOf(0)], { player, title: "second" }),
    ];
    const own = [
      runOf("s1", [death(0, "lava", 1), death(1, "rare", 9)], { player }),
      runOf("s1", [eventOf(2), frames(3, [16, 18])], { player }),
      runOf("s2", [frames(0, [40, 41])], { player, build: "1.1" }),
      runOf("s3", [eventOf(0)], { player, build: "9", platform: "rare" }),
    ];
    for (const run of others) await store.write([run], rollUp);
    const titles = ["main", "second"];
    const before = await contentOf(store, titles);
    for (const run of own) await store.write([run], rollUp);
    assertEquals(await store.erase("main", player, rollUp), {
      sessions: 3,
      events: 6,
    });
    assertEquals(await contentOf(store, titles), before);
    // Nothing comes again, and nothing is there to be erased again.
    assertEquals(
      await store.write(own, rollUp),
      own.map(() => ({
        accepted: 0,
        duplicates: 0,
        isErased: true,
      })),
    );
    assertEquals(await store.erase("main", player, rollUp), {
      sessions: 0,
      events: 0,
    });
    assertEquals(await contentOf(store, titles), before);
    // In another title he is another one.
    assertEquals(
      await store.write([
        runOf("s1", [eventOf(1)], { player, title: "second" }),
      ], rollUp),
      [{ accepted: 1, duplicates: 0, isErased: false }],
    );
  },

  async "erase() takes what is written at the same time, or refuses it"(store) {
    const player = idOf("ada");
    const runs = Array.from(
      { length: 60 },
      (_, i) => runOf(`s${i % 7}`, [death(i, "lava", 1)], { player }),
    );
    const other = runOf("other", [death(0, "lava", 1)]);
    await store.write([other], rollUp);
    const before = await contentOf(store);
    const writes = runs.slice(0, 30).map((run) => store.write([run], rollUp));
    const erased = store.erase("main", player, rollUp);
    writes.push(...runs.slice(30).map((run) => store.write([run], rollUp)));
    let accepted = 0;
    for (const [outcome] of await Promise.all(writes)) {
      accepted += outcome!.accepted;
      assert(outcome!.isErased === (outcome!.accepted === 0));
    }
    assertEquals((await erased).events, accepted);
    assertEquals(await contentOf(store), before);
  },

  async "expire() removes old events, and leaves what they come to"(store) {
    const events = Array.from(
      { length: 20 },
      (_, i) => death(i, "lava", 1, { timeMs: NOW_MS + i * HOUR_MS }),
    );
    await store.write([
      runOf("s", events),
      runOf("t", events.slice(0, 5)),
    ], rollUp);
    const sums = await countOf(store, { by: ["key1"], stepMs: HOUR_MS });
    const sessions = await store.sessions(ALL, undefined, 10);
    const query = {
      eventsBeforeMs: NOW_MS + 8 * HOUR_MS,
      rollupsBeforeMs: 0,
      limit: 4,
    };
    assertEquals(await expireAll(store, query), 13);
    assertEquals(
      await numbersOf(store),
      Array.from({ length: 12 }, (_, i) => `s${i + 8}`),
    );
    assertEquals(await countOf(store, { by: ["key1"], stepMs: HOUR_MS }), sums);
    assertEquals(await store.sessions(ALL, undefined, 10), sessions);
    // What has expired was had.
    assertEquals((await store.write([runOf("s", events)], rollUp))[0], {
      accepted: 0,
      duplicates: 20,
      isErased: false,
    });
  },

  async "expire() removes old sums, sketches and sessions, and their events"(
    store,
  ) {
    const player = idOf("ada");
    const start = { name: "sessionStart" };
    await store.write([
      runOf("s", [eventOf(0, start), frames(1, [5])], { player }),
      runOf("t", [
        eventOf(0, start),
        frames(1, [6], { timeMs: NOW_MS + 9 * HOUR_MS }),
      ], { player }),
      runOf("u", [frames(0, [7], { timeMs: NOW_MS + 9 * HOUR_MS })], {
        player,
      }),
    ], rollUp);
    const query = {
      eventsBeforeMs: 0,
      rollupsBeforeMs: NOW_MS + HOUR_MS,
      limit: 2,
    };
    // 3 events, 2 sums, 1 sketch, 1 session.
    assertEquals(await expireAll(store, query), 7);
    assertEquals(await numbersOf(store), ["t1", "u0"]);
    const { rows } = await store.sessions(ALL, undefined, 10);
    assertEquals(
      rows.map(({ session, playerFirstMs, events }) => [
        session,
        playerFirstMs,
        events,
      ]),
      [[idOf("t"), NOW_MS, 2], [idOf("u"), NOW_MS, 1]],
    );
    assertEquals(await countOf(store, { by: ["key1"] }), [
      "0h frameTime/// 2",
    ]);
    // With his last session the player is forgotten.
    const all = { ...query, rollupsBeforeMs: NOW_MS + 10 * HOUR_MS };
    assertEquals(await expireAll(store, all), 2 + 1 + 1 + 2);
    const late = eventOf(0, { timeMs: NOW_MS + 20 * HOUR_MS });
    await store.write([runOf("s", [late], { player })], rollUp);
    const [row] = (await store.sessions(ALL, undefined, 10)).rows;
    assertEquals(row?.playerFirstMs, late.timeMs);
  },

  async "erase() of what has expired in part takes what there is"(store) {
    const early = death(0, "lava", 1);
    const late = death(1, "lava", 1, { timeMs: NOW_MS + 5 * HOUR_MS });
    await store.write([runOf("s", [early, late])], rollUp);
    const query = { eventsBeforeMs: 0, rollupsBeforeMs: 0, limit: 100 };
    await expireAll(store, { ...query, eventsBeforeMs: NOW_MS + HOUR_MS });
    assertEquals(await store.erase("main", idOf("p-s"), rollUp), {
      sessions: 1,
      events: 1,
    });
    assertEquals(await countOf(store), ["0h /// 1"]);
    // A sum that has expired is not taken from, nor does it come back below 0.
    await store.write([runOf("t", [early, late])], rollUp);
    await expireAll(store, { ...query, rollupsBeforeMs: NOW_MS + HOUR_MS });
    await store.erase("main", idOf("p-t"), rollUp);
    assertEquals(await countOf(store, { by: ["key1"] }), []);
  },

  async "methods refuse limits and cursors that are none"(store) {
    await store.write([runOf("s", [eventOf(0), eventOf(1)])], rollUp);
    for (const limit of [0, -1, 1.5, NaN, Infinity, 10_001]) {
      const calls = [
        () => store.sessions(ALL, undefined, limit),
        () => store.events(ALL, undefined, limit),
        () => store.recent(ALL, limit),
        () => store.eventsAfter(0, limit),
      ];
      for (const call of calls) await assertRejects(call, RangeError);
    }
    await assertRejects(() => store.recent(ALL, 1001), RangeError);
    const expired = { eventsBeforeMs: 0, rollupsBeforeMs: 0, limit: 0 };
    await assertRejects(() => store.expire(expired), RangeError);
    for (const after of ["", "x", "1", "1.2.3", "1'--.5", "9".repeat(1e5)]) {
      for (const player of [undefined, idOf("p-s")]) {
        const query = { ...ALL, ...(player === undefined ? {} : { player }) };
        const calls = [
          () => store.sessions(query, after, 10),
          () => store.events(query, after, 10),
        ];
        for (const call of calls) await assertRejects(call, RangeError);
      }
    }
    // Those that look like one give a page.
    const end = `${Number.MAX_SAFE_INTEGER}.${Number.MAX_SAFE_INTEGER}`;
    assertEquals((await store.events(ALL, end, 10)).rows, []);
    assertEquals((await store.events(ALL, "-1.0", 10)).rows.length, 2);
    assertEquals((await store.sessions(ALL, end, 10)).rows, []);
  },

  async "methods take ranges that are of nothing, and texts of any kind"(
    store,
  ) {
    const title = "'; DROP TABLE events; -- \u{1f600}\n%_";
    const run = runOf("s", [death(0, title, 1)], {
      title,
      build: title,
      platform: title,
      common: '{"a":"\\u0000"}',
    });
    await store.write([run], rollUp);
    const range = { ...ALL, title };
    assertEquals((await store.recent(range, 5))[0]?.common, run.common);
    assertEquals(
      await countOf(store, { title, metric: "death", by: DIMENSIONS }),
      [`0h ${title}/1/${title}/${title} 1`],
    );
    const nothing = { ...range, fromMs: range.toMs, toMs: range.fromMs };
    assertEquals(await store.counts(countQuery(nothing)), []);
    assertEquals((await store.events(nothing, undefined, 5)).rows, []);
    assertEquals((await store.sessions(nothing, undefined, 5)).rows, []);
    const forever = { ...range, fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
    assertEquals(
      (await store.counts(countQuery({ ...forever, stepMs: HOUR_MS }))).length,
      1,
    );
    assertEquals((await store.events(forever, undefined, 5)).rows.length, 1);
    await store.erase(title, run.player, rollUp);
    assertEquals(await store.eventsAfter(0, 10), []);
  },

  async "close() may be called twice, and all else is refused then"(store) {
    await store.write([runOf("s", [eventOf(0)])], rollUp);
    await store.close();
    await store.close();
    const query = { ...ALL, metric: "frameTime", stepMs: 0, by: [] };
    const expired = { eventsBeforeMs: 0, rollupsBeforeMs: 0, limit: 1 };
    const calls: (() => Promise<unknown>)[] = [
      () => store.write([runOf("s", [eventOf(1)])], rollUp),
      () => store.write([], rollUp),
      () => store.count("main", "", "", []),
      () => store.counts(countQuery()),
      () => store.sketches(query),
      () => store.sessions(ALL, undefined, 1),
      () => store.events(ALL, undefined, 1),
      () => store.recent(ALL, 1),
      () => store.eventsAfter(0, 1),
      () => store.mark("m"),
      () => store.setMark("m", 1),
      () => store.erase("main", "p", rollUp),
      () => store.expire(expired),
    ];
    for (const call of calls) {
      const error = await assertRejects(call, AnalyticsError);
      assertEquals(error.code, "closed");
    }
  },

  async "close() finishes what is under way"(store) {
    const writes = Array.from(
      { length: 50 },
      (_, i) => store.write([runOf("s", [eventOf(i)])], rollUp),
    );
    const closed = store.close();
    const outcomes = (await Promise.all(writes)).flat();
    assert(outcomes.every(({ accepted }) => accepted === 1));
    await closed;
  },
};

const DIMENSIONS: readonly Dimension[] = ["key1", "key2", "build", "platform"];

/** Removes until there is nothing more to be removed. */
async function expireAll(
  store: AnalyticsStore,
  query: ExpireQuery,
): Promise<number> {
  let removed = 0;
  for (;;) {
    const count = await store.expire(query);
    assert(count <= query.limit);
    removed += count;
    if (count < query.limit) return removed;
  }
}
