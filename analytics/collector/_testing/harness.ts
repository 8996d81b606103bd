import { encodeBase64Url, ManualClock } from "../../../core/mod.ts";
import { MemoryAnalyticsStore } from "../../store/memory_analytics_store.ts";
import type { AnalyticsStore } from "../../store/store.ts";
import { AnalyticsCollector } from "../collector.ts";
import type { AnalyticsCollectorOptions } from "../collector_options.ts";

/** 2026-11-25T12:00:00Z, a Wednesday. */
export const START_MS = Date.UTC(2026, 10, 25, 12);
export const GAME_KEY = "game-key";
export const READER_KEY = "reader-key-0123456789";
export const ADMIN_KEY = "admin-key-0123456789";
/** The game of another title. */
export const OTHER_KEY = "other-key";

/** An answer, with its JSON if it is any. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // deno-lint-ignore no-explicit-any -- tests look into it
  readonly body: any;
}

/** What a request is besides method and path. */
export interface Ask {
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is if it is a text, bytes or a stream, else as JSON. */
  readonly body?: unknown;
  readonly from?: string;
}

/** A run as it stands in a batch. */
export type Run = Readonly<Record<string, unknown>>;

/** A collector with a memory store and a clock that a test moves. */
export class Harness {
  readonly clock: ManualClock;
  readonly store: AnalyticsStore;
  readonly collector: AnalyticsCollector;
  /** What `onError` was told. */
  readonly errors: unknown[] = [];

  constructor(
    options: Partial<AnalyticsCollectorOptions> = {},
    clock: ManualClock = new ManualClock({ epochMs: START_MS }),
  ) {
    this.clock = clock;
    this.store = options.store ?? new MemoryAnalyticsStore();
    this.collector = new AnalyticsCollector({
      apiKeys: [
        { key: GAME_KEY, role: "game" },
        { key: READER_KEY, role: "reader" },
        { key: ADMIN_KEY, role: "admin" },
        { key: OTHER_KEY, role: "game", title: "other" },
      ],
      clock,
      onError: (error) => this.errors.push(error),
      ...options,
      store: this.store,
    });
  }

  async ask(method: string, path: string, ask: Ask = {}): Promise<Answer> {
    const { key = GAME_KEY, body, from } = ask;
    const request = new Request(`http://localhost${path}`, {
      method,
      headers: {
        ...(key === "" ? {} : { "x-api-key": key }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...ask.headers,
      },
      ...(body === undefined ? {} : { body: bodyOf(body) }),
    });
    const response = await this.collector.handler(
      request,
      from === undefined ? undefined : { remoteAddr: { hostname: from } },
    );
    const text = await response.text();
    const type = response.headers.get("content-type");
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: type === "application/json" && text !== ""
        ? JSON.parse(text)
        : undefined,
    };
  }

  /** Sends a batch of these runs, by a clock that is right unless it is said. */
  send(
    runs: readonly Run[],
    { sentAt = this.clock.epochMs(), ...ask }: Ask & { sentAt?: number } = {},
  ): Promise<Answer> {
    return this.ask("POST", "/v1/batch", {
      ...ask,
      body: { v: 1, sentAt, runs },
    });
  }

  /** A metric's value, of all its labels together. */
  metric(name: string, labels: Readonly<Record<string, string>> = {}): number {
    let sum = 0;
    for (const metric of this.collector.metrics()) {
      if (metric.name !== `tickwire_analytics_${name}`) continue;
      const isMeant = Object.entries(labels).every(([label, value]) =>
        metric.labels?.[label] === value
      );
      if (isMeant) sum += metric.value;
    }
    return sum;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.collector.close();
    await this.store.close();
  }
}

/** An id of a session or a player, the same for the same number. */
export function idOf(number: number): string {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(12, number);
  return encodeBase64Url(bytes);
}

/** A run of three events, all right. */
export function runOf(fields: Run = {}): Run {
  return {
    s: idOf(1),
    i: idOf(1_001),
    b: "1.2.0",
    p: "linux",
    c: { region: "eu" },
    n: 17,
    t: START_MS - 5_000,
    d: [["death", "cause", "floor"], ["itemPickup", "item", "floor"]],
    e: [[0, 0, "spikes", 3], [1, 250, "potion", 3], [0, 1_800, "spikes", 3]],
    ...fields,
  };
}

/** Everything that a store holds of a title, as text. */
export async function dumpOf(
  store: AnalyticsStore,
  title = "main",
): Promise<string> {
  const range = { title, fromMs: 0, toMs: 4e12 };
  const by = ["key1", "key2", "build", "platform"] as const;
  const parts: unknown[] = [
    await store.eventsAfter(0, 10_000),
    await store.sessions(range, undefined, 10_000),
    await store.recent(range, 1_000),
  ];
  for (const metric of ["event", "death", "drop", "hitch"]) {
    parts.push(await store.counts({ ...range, metric, stepMs: 0, by }));
  }
  for (const metric of ["frameTime", "memoryUsage"]) {
    const query = { ...range, metric, stepMs: 0 };
    parts.push(
      await store.sketches({ ...query, by: ["build", "platform"] }),
    );
  }
  return JSON.stringify(parts);
}

function bodyOf(body: unknown): BodyInit {
  return typeof body === "string" || body instanceof Uint8Array ||
      body instanceof ReadableStream
    ? body as BodyInit
    : JSON.stringify(body);
}
