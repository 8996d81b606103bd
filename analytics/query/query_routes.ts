// This module is browser compatible.
import { HttpProblem, RouteTable } from "../../http/server/mod.ts";
import type { Call, Routes } from "../collector/call.ts";
import type { RangeQuery } from "../store/store.ts";
import { MAX_FUNNEL_WINDOW_MS, MAX_RECENT_EVENTS } from "./_bounds.ts";
import { entityTagOf, isNamed } from "./_entity_tag.ts";
import { QueryParams } from "./_query_params.ts";
import { QuerySlots } from "./_query_slots.ts";
import { DAY_MS } from "./_range.ts";
import {
  bodyOf,
  type Column,
  csvOf,
  jsonOf,
  type RowAnswer,
} from "./_row_answer.ts";
import { deaths } from "./deaths.ts";
import { dropReport } from "./drop_report.ts";
import { eventsOverTime } from "./events_over_time.ts";
import { funnel, type FunnelStep } from "./funnel.ts";
import { queryFilters } from "./query_filters.ts";
import { recentEvents } from "./recent_events.ts";
import type { AnalyticsQueryOptions } from "./query_options.ts";
import { retention } from "./retention.ts";
import { sessionsOverTime, type SessionSums } from "./sessions_over_time.ts";
import { sketchPercentiles } from "./sketch_percentiles.ts";

/** What is asked for where no range is. */
const DEFAULT_DAYS = 7;
/** The same of retention, of which a week would say little. */
const RETENTION_DAYS = 60;
/** How finely answers that depend on what time it is do so. */
const NOW_MS = 60_000;
/**
 * After how many milliseconds it is asked whether somebody still waits for an answer. Deno tells of everybody who reads the
 * signal of a request on stderr, and most answers are there before.
 */
const WAIT_MS = 250;
const STEPS = ["hour", "day"] as const;

/** Options for {@linkcode QueryRoutes}. */
export interface QueryRoutesOptions {
  /** How often what is stored of a title has changed, as `ChangeCounts` tells: with each change answers are new ones. */
  readonly changes: (title: string) => number;
  /** What tells this run of the process from others, as each counts changes from 0 on. */
  readonly run: string;
  /**
   * How long a session may be without an event before it counts as broken off, in milliseconds.
   *
   * @default {1800000}
   */
  readonly idleMs?: number;
  /**
   * How many queries run at a time.
   *
   * @default {2}
   */
  readonly maxRunning?: number;
  /**
   * How many queries may wait for that; beyond, they are refused with 503.
   *
   * @default {64}
   */
  readonly maxWaiting?: number;
  /**
   * How long a query may run before it is given up with 503, in milliseconds.
   *
   * @default {20000}
   */
  readonly maxRunMs?: number;
}

/** What answers a query: the parameters are read before, the store after it was found out that the answer is a new one. */
interface Question {
  /** What the answer depends on, besides what is stored. */
  readonly depends: readonly unknown[];
  readonly ask: (options: AnalyticsQueryOptions) => Promise<Writer>;
}

/** Writes an answer, of whichever rows. */
interface Writer {
  readonly rows: number;
  readonly json: () => Generator<string>;
  readonly csv: () => Generator<string>;
}

/** The queries of PROTOCOL.md, section 6. */
export class QueryRoutes implements Routes {
  readonly #options: QueryRoutesOptions;
  readonly #idleMs: number;
  readonly #slots: QuerySlots;
  readonly #table = new RouteTable<Call>();
  #notModified = 0;
  #timedOut = 0;

  /** Creates the routes. */
  constructor(options: QueryRoutesOptions) {
    this.#options = options;
    this.#idleMs = options.idleMs ?? 1_800_000;
    this.#slots = new QuerySlots(
      options.maxRunning ?? 2,
      options.maxWaiting ?? 64,
    );
    this.#add("filters", [], filtersQuestion);
    this.#add("events", ["step", "event", "by"], eventsQuestion);
    this.#add(
      "sessions",
      ["step"],
      (call, params) => this.#sessionsQuestion(call, params),
    );
    this.#add("retention", [], retentionQuestion);
    this.#add("funnel", ["steps", "by", "withinMs"], funnelQuestion);
    this.#add(
      "frames",
      ["by", "step"],
      (call, params) => percentilesQuestion(call, params, "frameTime"),
    );
    this.#add(
      "memory",
      ["by", "step"],
      (call, params) => percentilesQuestion(call, params, "memoryUsage"),
    );
    this.#add("deaths", [], deathsQuestion);
    this.#add("drops", [], (call, params) => this.#dropsQuestion(call, params));
    this.#add("recent", ["limit"], recentQuestion);
  }

  /** How many queries are running. */
  get running(): number {
    return this.#slots.running;
  }

  /** How many queries are waiting. */
  get waiting(): number {
    return this.#slots.waiting;
  }

  /** How many queries were refused, as too many were waiting. */
  get refused(): number {
    return this.#slots.refused;
  }

  /** How many queries were given up, as they took too long. */
  get timedOut(): number {
    return this.#timedOut;
  }

  /** How many queries were answered without the store, as nothing had changed. */
  get notModified(): number {
    return this.#notModified;
  }

  /** As in `Routes`. */
  handle(call: Call): Promise<Response> | undefined {
    return this.#table.handle(call);
  }

  #add(
    name: string,
    params: readonly string[],
    questionOf: (call: Call, params: QueryParams) => Question,
  ): void {
    this.#table.add("GET", `query/${name}`, async (call) => {
      call.require("reader", "admin");
      const read = new QueryParams(call, params);
      const format = read.oneOf("format", ["json", "csv"], "json");
      const question = questionOf(call, read);
      // Read before the store is: what changes while it is read makes the answer an old one.
      const tag = entityTagOf([
        this.#options.run,
        call.title,
        this.#options.changes(call.title),
        name,
        format,
        question.depends,
      ]);
      const headers = {
        "etag": tag,
        "cache-control": "private, no-cache",
        "vary": "x-api-key",
      };
      if (isNamed(tag, call.request.headers.get("if-none-match"))) {
        this.#notModified++;
        return new Response(null, { status: 304, headers });
      }
      const answer = await this.#run(call, question);
      return format === "json"
        ? new Response(bodyOf(answer.json(), answer.rows), {
          headers: { ...headers, "content-type": "application/json" },
        })
        : new Response(bodyOf(answer.csv(), answer.rows), {
          headers: {
            ...headers,
            "content-type": "text/csv; charset=utf-8; header=present",
            "content-disposition": `attachment; filename="${name}.csv"`,
          },
        });
    });
  }

  async #run(call: Call, question: Question): Promise<Writer> {
    const { maxRunMs = 20_000 } = this.#options;
    const stop = new AbortController();
    const { signal } = stop;
    let isLeft = false;
    const leave = (): void => {
      isLeft = true;
      stop.abort();
    };
    let asker: AbortSignal | undefined;
    const watch = setTimeout(() => {
      asker = call.request.signal;
      if (asker.aborted) leave();
      else asker.addEventListener("abort", leave);
    }, WAIT_MS);
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      return await this.#slots.run(signal, () => {
        timer = setTimeout(() => stop.abort(), maxRunMs);
        return question.ask({ signal });
      });
    } catch (error) {
      if (signal.aborted && !isLeft) {
        this.#timedOut++;
        throw new HttpProblem(
          "unavailable",
          503,
          `Cannot answer as it takes longer than ${maxRunMs} ms: ask for a shorter range`,
          { retryAfterMs: 60_000 },
        );
      }
      if (isLeft) {
        // Nobody reads it.
        throw new HttpProblem(
          "unavailable",
          503,
          "Cannot answer as nobody asks",
          {
            retryAfterMs: 1_000,
          },
        );
      }
      throw error;
    } finally {
      clearTimeout(watch);
      clearTimeout(timer);
      asker?.removeEventListener("abort", leave);
    }
  }

  #sessionsQuestion(call: Call, params: QueryParams): Question {
    const range = params.range(DEFAULT_DAYS);
    const step = params.oneOf("step", STEPS, "day");
    const nowMs = minuteOf(call);
    const idleMs = this.#idleMs;
    return {
      depends: [range, step, nowMs],
      async ask(options) {
        const { fromMs, toMs, rows, total, share } = await sessionsOverTime(
          call.store,
          { ...range, step, nowMs, idleMs },
          options,
        );
        return writerOf({
          columns: [["start", (it) => it.startMs, "time"], ...SESSION_COLUMNS],
          rows,
          before: { from: fromMs, to: toMs },
          after: {
            total: Object.fromEntries(
              SESSION_COLUMNS.map(([name, value]) => [name, value(total)]),
            ),
          },
          share,
        });
      },
    };
  }

  #dropsQuestion(call: Call, params: QueryParams): Question {
    const range = params.range(DEFAULT_DAYS);
    const nowMs = minuteOf(call);
    const idleMs = this.#idleMs;
    return {
      depends: [range, nowMs],
      async ask(options) {
        const { fromMs, toMs, rows, ...sums } = await dropReport(
          call.store,
          { ...range, nowMs, idleMs },
          options,
        );
        return writerOf({
          columns: [
            ["event", (it) => it.event],
            ["reason", (it) => it.reason],
            ["count", (it) => it.count],
          ],
          rows,
          before: { from: fromMs, to: toMs },
          after: sums,
        });
      },
    };
  }
}

const SESSION_COLUMNS: readonly Column<SessionSums>[] = [
  ["sessions", (it) => it.sessions],
  ["players", (it) => it.players],
  ["newPlayers", (it) => it.newPlayers],
  ["durationMs", (it) => it.durationMs],
  ["medianMs", (it) => Math.round(it.medianMs)],
  ["p90Ms", (it) => Math.round(it.p90Ms)],
  ["running", (it) => it.running],
  ["unclean", (it) => it.unclean],
];

function writerOf<T>(answer: RowAnswer<T>): Writer {
  return {
    rows: answer.rows.length,
    json: () => jsonOf(answer),
    csv: () => csvOf(answer),
  };
}

/** What time it is, as a question has it: answers stay the same within a minute in which nothing changes. */
function minuteOf({ clock }: Call): number {
  return Math.floor(clock.epochMs() / NOW_MS) * NOW_MS;
}

function filtersQuestion(call: Call, params: QueryParams): Question {
  const range = params.range(DEFAULT_DAYS);
  return {
    depends: [range],
    async ask(options) {
      const { fromMs, toMs, events, builds, platforms } = await queryFilters(
        call.store,
        range,
        options,
      );
      const values = { event: events, build: builds, platform: platforms };
      const rows = Object.entries(values).flatMap(([kind, values]) =>
        values.map((value) => ({ kind, value }))
      );
      return {
        rows: rows.length,
        *json() {
          yield JSON.stringify({
            from: fromMs,
            to: toMs,
            events,
            builds,
            platforms,
          });
        },
        csv: () =>
          csvOf({
            columns: [["kind", (it) => it.kind], ["value", (it) => it.value]],
            rows,
            before: {},
            after: {},
          }),
      };
    },
  };
}

function eventsQuestion(call: Call, params: QueryParams): Question {
  const range = params.range(DEFAULT_DAYS);
  const step = params.oneOf("step", STEPS, "day");
  const by = params.oneOf("by", ["none", "build", "platform"], "none");
  const events = params.events("event");
  return {
    depends: [range, step, by, events],
    async ask(options) {
      const { fromMs, toMs, rows, isComplete } = await eventsOverTime(
        call.store,
        { ...range, step, by, events },
        options,
      );
      return writerOf({
        columns: [
          ["start", (it) => it.startMs, "time"],
          ["event", (it) => it.event],
          ...(by === "none" ? [] : [
            [by, (it) => it[by]] satisfies Column<typeof rows[number]>,
          ]),
          ["count", (it) => it.count],
        ],
        rows,
        before: { from: fromMs, to: toMs },
        after: { isComplete },
      });
    },
  };
}

function retentionQuestion(call: Call, params: QueryParams): Question {
  const range = params.range(RETENTION_DAYS);
  // It makes a difference by the day only.
  const nowMs = Math.floor(call.clock.epochMs() / DAY_MS) * DAY_MS;
  return {
    depends: [range, nowMs],
    async ask(options) {
      const { fromMs, toMs, rows, total, share } = await retention(
        call.store,
        { ...range, nowMs },
        options,
      );
      return writerOf({
        columns: [
          ["start", (it) => it.startMs, "time"],
          ["players", (it) => it.players],
          ["d1", (it) => it.d1],
          ["d7", (it) => it.d7],
          ["d30", (it) => it.d30],
        ],
        rows,
        before: { from: fromMs, to: toMs },
        after: { total },
        share,
      });
    },
  };
}

function funnelQuestion(call: Call, params: QueryParams): Question {
  const range = params.range(DEFAULT_DAYS);
  const steps = params.steps("steps");
  const by = params.oneOf("by", ["player", "session"], "player");
  const withinMs = params.integer(
    "withinMs",
    7 * DAY_MS,
    1,
    MAX_FUNNEL_WINDOW_MS,
  );
  return {
    depends: [range, steps, by, withinMs],
    async ask(options) {
      const { fromMs, toMs, rows, share } = await funnel(
        call.store,
        { ...range, steps, by, withinMs },
        options,
      );
      return writerOf({
        columns: [
          ["step", (it) => stepText(it.step)],
          ["count", (it) => it.count],
          ["medianMs", (it) => Math.round(it.medianMs)],
          ["medianTotalMs", (it) => Math.round(it.medianTotalMs)],
        ],
        rows,
        before: { from: fromMs, to: toMs },
        after: {},
        share,
      });
    },
  };
}

function stepText({ event, where = {} }: FunnelStep): string {
  return [
    event,
    ...Object.entries(where).map(([name, value]) => `${name}=${value}`),
  ].join(";");
}

function percentilesQuestion(
  call: Call,
  params: QueryParams,
  metric: "frameTime" | "memoryUsage",
): Question {
  const range = params.range(DEFAULT_DAYS);
  const by = params.oneOf(
    "by",
    ["none", "build", "platform", "build,platform"],
    "none",
  );
  const step = params.oneOf("step", ["none", ...STEPS], "none");
  const isFrames = metric === "frameTime";
  return {
    depends: [range, by, step],
    async ask(options) {
      const { fromMs, toMs, rows, isComplete } = await sketchPercentiles(
        call.store,
        {
          ...range,
          metric,
          by: BY[by],
          ...(step === "none" ? {} : { step }),
        },
        options,
      );
      type Row = typeof rows[number];
      const start: Column<Row> = ["start", (it) => it.startMs, "time"];
      const hitches: Column<Row> = ["hitches", (it) => it.hitches];
      return writerOf<Row>({
        columns: [
          ...(step === "none" ? [] : [start]),
          ["build", (it) => it.build],
          ["platform", (it) => it.platform],
          [isFrames ? "frames" : "count", (it) => it.count],
          ["mean", (it) => it.mean],
          ["p50", (it) => it.p50],
          ["p90", (it) => it.p90],
          ["p95", (it) => it.p95],
          ["p99", (it) => it.p99],
          ["p999", (it) => it.p999],
          ["max", (it) => it.max],
          ...(isFrames ? [hitches] : []),
        ],
        rows,
        before: { from: fromMs, to: toMs },
        after: { isComplete },
      });
    },
  };
}

const BY = {
  "none": [],
  "build": ["build"],
  "platform": ["platform"],
  "build,platform": ["build", "platform"],
} as const;

function deathsQuestion(call: Call, params: QueryParams): Question {
  const range = params.range(DEFAULT_DAYS);
  return {
    depends: [range],
    async ask(options) {
      const { fromMs, toMs, rows, total, isComplete } = await deaths(
        call.store,
        range,
        options,
      );
      return writerOf({
        columns: [
          ["floor", (it) => it.floor],
          ["cause", (it) => it.cause],
          ["count", (it) => it.count],
        ],
        rows,
        before: { from: fromMs, to: toMs },
        after: { total, isComplete },
      });
    },
  };
}

function recentQuestion(call: Call, params: QueryParams): Question {
  const range: RangeQuery = params.range(DEFAULT_DAYS);
  const limit = params.integer("limit", 100, 1, MAX_RECENT_EVENTS);
  return {
    depends: [range, limit],
    async ask(options) {
      const rows = await recentEvents(call.store, { ...range, limit }, options);
      return writerOf({
        columns: [
          ["timeMs", (it) => it.timeMs, "time"],
          ["name", (it) => it.name],
          ["session", (it) => it.session],
          ["number", (it) => it.number],
          ["player", (it) => it.player],
          ["build", (it) => it.build],
          ["platform", (it) => it.platform],
          ["common", (it) => JSON.parse(it.common)],
          ["data", (it) => JSON.parse(it.data)],
        ],
        rows,
        before: { from: range.fromMs, to: range.toMs },
        after: {},
      });
    },
  };
}
