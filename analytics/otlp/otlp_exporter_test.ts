import { assert, assertEquals, assertThrows } from "@std/assert";
import { ManualClock, type Metric, SeededRandom } from "../../core/mod.ts";
import {
  type FakeCall,
  FakeFetch,
  settle,
} from "../../http/_testing/fake_fetch.ts";
import { FakeStore, makeRows, rowOf, START_MS } from "./_testing/event_rows.ts";
import {
  LOGS_REQUEST,
  METRICS_REQUEST,
  throughProtobuf,
} from "./_testing/otlp_proto.ts";
import { MemoryAnalyticsStore } from "../store/memory_analytics_store.ts";
import {
  OtlpExporter,
  type OtlpExporterOptions,
  type OtlpExportError,
} from "./otlp_exporter.ts";
import type { OtlpLogsRequest, OtlpMetricsRequest } from "./otlp_types.ts";

interface World {
  readonly store: FakeStore;
  readonly net: BodyFetch;
  readonly exporter: OtlpExporter;
  readonly errors: OtlpExportError[];
  /** Lets so many steps of a second pass. */
  run(seconds: number): Promise<void>;
}

function makeWorld(
  store: FakeStore,
  options: Partial<OtlpExporterOptions> = {},
): World {
  const net = new BodyFetch();
  const errors: OtlpExportError[] = [];
  const exporter = new OtlpExporter({
    store: store.asStore(),
    endpoint: "http://collector.test/otlp/",
    onError: (error) => errors.push(error),
    isCompressed: false,
    ...options,
    http: {
      fetch: net.fetchBody,
      clock: new ManualClock({ epochMs: START_MS }),
      random: new SeededRandom(7),
      timeoutMs: Infinity,
      ...options.http,
    },
  });
  async function run(seconds: number): Promise<void> {
    for (let i = 0; i < seconds; i++) {
      exporter.tick(1);
      do await settle(); while (net.reading > 0);
    }
  }
  return { store, net, exporter, errors, run };
}

function accept(call: FakeCall): void {
  call.answer("{}", { headers: { "Content-Type": "application/json" } });
}

/** A `fetch` under the test's control, which has read the bodies. */
class BodyFetch extends FakeFetch {
  /** How many bodies are being read. */
  reading = 0;

  readonly fetchBody = async (
    url: string,
    init: RequestInit,
  ): Promise<Response> => {
    this.reading++;
    const body = await (init.body as Blob).text();
    this.reading--;
    return await this.fetch(url, { ...init, body });
  };
}

function textOf(call: FakeCall): string {
  return call.init.body as string;
}

function logsOf(call: FakeCall): OtlpLogsRequest {
  return JSON.parse(textOf(call));
}

function uidsOf(request: OtlpLogsRequest): string[] {
  return request.resourceLogs.flatMap(({ scopeLogs }) =>
    scopeLogs[0]!.logRecords
  )
    .map(({ attributes }) => attributes[0]!.value.stringValue!);
}

function expectedUids(store: FakeStore): string[] {
  return store.rows.filter(({ name }) => name !== "frameTime")
    .map(({ session, number }) => `${session}.${number}`).sort();
}

function figure(
  metrics: Iterable<Metric>,
  name: string,
  signal?: string,
): number {
  for (const metric of metrics) {
    if (
      metric.name === `tickwire_otlp_${name}` &&
      metric.labels?.signal === signal
    ) return metric.value;
  }
  throw new Error(`There is no ${name}`);
}

Deno.test("OtlpExporter sends everything once, slice by slice, and remembers it", async () => {
  const world = makeWorld(new FakeStore(makeRows(250)), { maxEvents: 100 });
  world.net.onCall = accept;
  await world.run(40);
  const logs = world.net.calls.filter(({ path }) => path === "/otlp/v1/logs");
  assertEquals(logs.length, 3);
  assertEquals(
    logs.flatMap((call) => uidsOf(logsOf(call))).sort(),
    expectedUids(world.store),
  );
  assertEquals(
    world.net.calls.filter(({ path }) => path === "/otlp/v1/metrics").length,
    3,
  );
  for (const { headers, init } of world.net.calls) {
    assertEquals(headers.get("content-type"), "application/json");
    assertEquals([init.method, init.redirect], ["POST", "error"]);
  }
  assertEquals(world.store.marks.get("otlp"), 250);
  assertEquals(world.exporter.isBehind, false);
  assertEquals(
    figure(world.exporter.metrics(), "accepted_records", "logs"),
    225,
  );
  assertEquals(world.errors, []);
  // What comes later is found by asking again.
  world.store.rows.push(rowOf({ id: 251, number: 999, name: "death" }));
  await world.run(10);
  assertEquals(world.store.marks.get("otlp"), 251);
  world.exporter.close();
});

Deno.test("OtlpExporter has one slice under way, and moves the mark when both parts are accepted", async () => {
  const world = makeWorld(new FakeStore(makeRows(250)), { maxEvents: 100 });
  await world.run(30);
  assertEquals(world.net.paths.sort(), ["/otlp/v1/logs", "/otlp/v1/metrics"]);
  assert(world.exporter.isBehind);
  assert(world.exporter.lagMs > 20_000);
  const [logs, metrics] = world.net.calls;
  accept(logs!);
  await world.run(30);
  assertEquals(world.store.marks.get("otlp"), undefined);
  assertEquals(world.net.calls.length, 2);
  accept(metrics!);
  await world.run(5);
  assertEquals(world.store.marks.get("otlp"), 100);
  assertEquals(world.net.open.length, 2);
  world.exporter.close();
});

Deno.test("OtlpExporter waits for Retry-After, and sends only what was not accepted again", async () => {
  for (const status of [429, 502, 503, 504]) {
    const world = makeWorld(new FakeStore(makeRows(50)));
    await world.run(5);
    const [logs, metrics] = world.net.calls;
    accept(logs!);
    metrics!.answer("", { status, headers: { "Retry-After": "120" } });
    await world.run(115);
    assertEquals(world.net.calls.length, 2, `${status}`);
    await world.run(15);
    assertEquals(world.net.calls.length, 3);
    const again = world.net.calls[2]!;
    assertEquals(again.path, "/otlp/v1/metrics");
    assertEquals(textOf(again), textOf(metrics!));
    accept(again);
    await world.run(5);
    assertEquals(world.store.marks.get("otlp"), 50);
    assertEquals(world.errors.map(({ type, status }) => [type, status]), [[
      "retrying",
      status,
    ]]);
    assertEquals(figure(world.exporter.metrics(), "retries"), 1);
    world.exporter.close();
  }
});

Deno.test("OtlpExporter reads a Retry-After that is a date", async () => {
  const world = makeWorld(new FakeStore(makeRows(5)));
  await world.run(5);
  const until = new Date(START_MS + 90_000).toUTCString();
  world.net.calls[0]!.answer("", {
    status: 503,
    headers: { "Retry-After": until },
  });
  await world.run(85);
  assertEquals(world.net.calls.length, 1);
  await world.run(10);
  assertEquals(world.net.calls.length, 2);
  world.exporter.close();
});

Deno.test("OtlpExporter asks a server for ever that cannot be reached or refuses its key", async () => {
  const world = makeWorld(new FakeStore(makeRows(9)));
  let tries = 0;
  world.net.onCall = (call) => {
    const status = [0, 401, 403, 404, 408, 302][tries++ % 6]!;
    if (status === 0) call.fail();
    else call.answer("", { status });
  };
  await world.run(2000);
  assert(tries > 40, `${tries}`);
  assertEquals(world.errors.map(({ type }) => type), ["retrying"]);
  assertEquals(world.store.marks.get("otlp"), undefined);
  world.net.onCall = accept;
  await world.run(70);
  assertEquals(world.store.marks.get("otlp"), 9);
  assertEquals(world.exporter.lagMs, 0);
  world.exporter.close();
});

Deno.test("OtlpExporter skips and counts a slice that is refused for good", async () => {
  const world = makeWorld(new FakeStore(makeRows(30)), { maxEvents: 10 });
  world.net.onCall = (call) => {
    const isBad = call.path.endsWith("logs") && world.net.calls.length < 3;
    if (isBad) {
      call.answer('{"code":3,"message":"bad record"}', { status: 400 });
    } else accept(call);
  };
  await world.run(40);
  assertEquals(world.store.marks.get("otlp"), 30);
  assertEquals(world.errors, [{
    type: "rejected",
    signal: "logs",
    status: 400,
    message: "bad record",
    lost: 9,
    cause: undefined,
  }]);
  const metrics = [...world.exporter.metrics()];
  assertEquals(figure(metrics, "dropped_records", "logs"), 9);
  assertEquals(figure(metrics, "accepted_records", "logs"), 18);
  world.exporter.close();
});

Deno.test("OtlpExporter gives up on a slice after fifteen answers of 500", async () => {
  const world = makeWorld(new FakeStore(makeRows(5)));
  world.net.onCall = (call) => call.answer("", { status: 500 });
  await world.run(1000);
  assertEquals(world.net.calls.length, 15);
  assertEquals(world.store.marks.get("otlp"), 5);
  assertEquals(world.errors.map(({ type }) => type), ["retrying", "rejected"]);
  world.exporter.close();
});

Deno.test("OtlpExporter halves what is too large, and skips a single event that is", async () => {
  const world = makeWorld(new FakeStore(makeRows(9)));
  const large = `${world.store.rows[3]!.session}.0`;
  world.net.onCall = (call) => {
    const uids = uidsOf(logsOf(call));
    if (uids.length > 2 || uids.includes(large)) {
      call.answer("", { status: 413 });
    } else accept(call);
  };
  await world.run(200);
  assertEquals(world.store.marks.get("otlp"), 9);
  assertEquals(world.errors.map(({ type, lost }) => [type, lost]), [[
    "rejected",
    1,
  ]]);
  const metrics = [...world.exporter.metrics()];
  assertEquals(figure(metrics, "accepted_records", "logs"), 8);
  assertEquals(figure(metrics, "dropped_records", "logs"), 1);
  world.exporter.close();
});

Deno.test("OtlpExporter counts what a partial success refused", async () => {
  const world = makeWorld(new FakeStore(makeRows(10)));
  world.net.onCall = (call) =>
    call.answer(JSON.stringify({
      partialSuccess: call.path.endsWith("logs")
        ? { rejectedLogRecords: "4", errorMessage: "too old" }
        : { rejectedDataPoints: 1 },
    }));
  await world.run(10);
  assertEquals(world.store.marks.get("otlp"), 10);
  assertEquals(
    world.errors.map((
      { type, signal, lost, message },
    ) => [type, signal, lost, message]),
    [["partialSuccess", "logs", 4, "too old"], [
      "partialSuccess",
      "metrics",
      1,
      "",
    ]],
  );
  const metrics = [...world.exporter.metrics()];
  assertEquals(figure(metrics, "refused_records", "logs"), 4);
  assertEquals(figure(metrics, "accepted_records", "logs"), 5);
  assertEquals(figure(metrics, "refused_records", "metrics"), 1);
  world.exporter.close();
});

Deno.test("OtlpExporter takes any answer of 200 for accepted, whatever is in it", async () => {
  for (
    const body of [
      "",
      "<html>",
      "[]",
      "null",
      '{"partialSuccess":{"rejectedLogRecords":"x"}}',
      '{"partialSuccess":7}',
    ]
  ) {
    const world = makeWorld(new FakeStore(makeRows(5)));
    world.net.onCall = (call) => call.answer(body);
    await world.run(10);
    assertEquals(world.store.marks.get("otlp"), 5, body);
    assertEquals(world.errors, [], body);
    world.exporter.close();
  }
});

Deno.test("OtlpExporter goes on when a store that failed works again", async () => {
  const world = makeWorld(new FakeStore(makeRows(20)));
  world.net.onCall = accept;
  world.store.failures = 3;
  await world.run(30);
  assertEquals(world.store.marks.get("otlp"), 20);
  assertEquals(world.errors.map(({ type, message }) => [type, message]), [[
    "storeFailed",
    "The disk is full",
  ]]);
  assertEquals(figure(world.exporter.metrics(), "store_failures"), 3);
  // One that fails to keep the mark is asked again, and nothing is sent again.
  world.store.rows.push(rowOf({ id: 21, number: 999 }));
  world.net.onCall = (call) => {
    world.store.failures = 2;
    accept(call);
  };
  const before = world.net.calls.length;
  await world.run(30);
  assertEquals(world.store.marks.get("otlp"), 21);
  assertEquals(world.net.calls.length, before + 1);
  world.exporter.close();
});

Deno.test("OtlpExporter survives a store that throws at once", async () => {
  const store = new FakeStore();
  store.mark = () => {
    throw new Error("Not now");
  };
  const world = makeWorld(store);
  await world.run(3);
  assertEquals(world.errors.map(({ type }) => type), ["storeFailed"]);
  world.exporter.close();
});

Deno.test("OtlpExporter has intervals that follow each other, over restarts too", async () => {
  const store = new FakeStore(makeRows(200));
  // One that came a day late.
  store.rows[149] = { ...store.rows[149]!, timeMs: START_MS - 86_400_000 };
  const intervals: [string, string][] = [];
  for (const until of [90, 200]) {
    const world = makeWorld(new FakeStore(store.rows.slice(0, until)), {
      maxEvents: 30,
    });
    for (const [name, value] of store.marks) world.store.marks.set(name, value);
    world.net.onCall = (call) => {
      if (call.path.endsWith("metrics")) {
        const { resourceMetrics }: OtlpMetricsRequest = JSON.parse(
          textOf(call),
        );
        const point = resourceMetrics[0]!.scopeMetrics[0]!.metrics[0]!
          .exponentialHistogram!.dataPoints[0]!;
        intervals.push([point.startTimeUnixNano, point.timeUnixNano]);
      }
      accept(call);
    };
    await world.run(60);
    world.exporter.close();
    for (const [name, value] of world.store.marks) store.marks.set(name, value);
  }
  assertEquals(intervals.length, 7);
  for (const [at, [start, end]] of intervals.entries()) {
    assert(BigInt(start) < BigInt(end));
    if (at > 0) assertEquals(start, intervals[at - 1]![1]);
  }
});

Deno.test("OtlpExporter ends nothing twice when closed, and does nothing after", async () => {
  const world = makeWorld(new FakeStore(makeRows(20)));
  await world.run(5);
  assertEquals(world.net.open.length, 2);
  world.exporter.close();
  world.exporter[Symbol.dispose]();
  await settle();
  assertEquals(world.net.open.length, 0);
  await world.run(100);
  assertEquals(world.net.calls.length, 2);
  assertEquals(world.store.marks.get("otlp"), undefined);
  assertEquals(world.errors, []);
});

Deno.test("OtlpExporter may be closed by the handler of an error", async () => {
  const world = makeWorld(new FakeStore(makeRows(20)), {
    onError: () => world.exporter.close(),
  });
  world.net.onCall = (call) => call.fail();
  await world.run(50);
  assertEquals(world.net.calls.length, 2);
});

Deno.test("OtlpExporter needs no pace of ticks if it is woken", async () => {
  let isAwake = true;
  const world = makeWorld(new FakeStore(makeRows(1000)), {
    maxEvents: 50,
    http: { onWake: () => isAwake = true },
  });
  world.net.onCall = accept;
  for (let turns = 0; turns < 1000; turns++) {
    if (isAwake) {
      isAwake = false;
      world.exporter.tick(0);
    }
    do await settle(); while (world.net.reading > 0);
  }
  assertEquals(world.store.marks.get("otlp"), 1000);
  world.exporter.close();
});

Deno.test("OtlpExporter gets on with a client that takes one request at a time", async () => {
  const world = makeWorld(new FakeStore(makeRows(50)), {
    http: { maxPending: 1 },
  });
  world.net.onCall = accept;
  await world.run(30);
  assertEquals(world.store.marks.get("otlp"), 50);
  world.exporter.close();
});

Deno.test("OtlpExporter exports what a MemoryAnalyticsStore has", async () => {
  const store = new MemoryAnalyticsStore();
  const rows = makeRows(140);
  const nothing = {
    counts: [],
    sketches: [],
    startMs: undefined,
    endReason: undefined,
  };
  await store.write(
    rows.map((row) => ({ ...row, receivedMs: START_MS, events: [row] })),
    () => nothing,
  );
  const world = makeWorld(new FakeStore(rows), { store, maxEvents: 50 });
  world.net.onCall = accept;
  await world.run(20);
  const logs = world.net.calls.filter(({ path }) => path.endsWith("logs"));
  assertEquals(
    logs.flatMap((call) => uidsOf(logsOf(call))).sort(),
    expectedUids(world.store),
  );
  const [last] = await store.recent({
    title: "main",
    fromMs: 0,
    toMs: 2 * START_MS,
  }, 1);
  assertEquals(await store.mark("otlp"), last!.id);
  world.exporter.close();
  await store.close();
});

Deno.test("OtlpExporter sends the header fields that it is given", async () => {
  const world = makeWorld(new FakeStore(makeRows(1)), {
    headers: { "X-Key": "k" },
  });
  await world.run(5);
  assertEquals(world.net.calls[0]!.headers.get("x-key"), "k");
  world.exporter.close();
});

Deno.test("OtlpExporter refuses options that make no sense", () => {
  const store = new FakeStore().asStore();
  for (
    const endpoint of [
      "",
      "localhost:4318",
      "/v1",
      "ftp://x",
      "http://u:secret@x",
      "http://x?a",
      "http://x#a",
    ]
  ) {
    const error = assertThrows(
      () => new OtlpExporter({ store, endpoint }),
      TypeError,
      "endpoint",
    );
    assert(!(error as Error).message.includes("secret"));
  }
  const endpoint = "http://localhost:4318";
  for (
    const wrong of [
      { name: "" },
      { name: "a b" },
      { maxEvents: 0 },
      { maxEvents: 10_001 },
      { intervalMs: 0 },
      { intervalMs: Infinity },
    ]
  ) {
    assertThrows(
      () => new OtlpExporter({ store, endpoint, ...wrong }),
      RangeError,
    );
  }
  using exporter = new OtlpExporter({ store, endpoint });
  assertThrows(() => exporter.tick(-1), RangeError, "dt");
  assertThrows(() => exporter.tick(NaN), RangeError, "dt");
});

/** A receiver on a real port, which reads what it gets with the official messages. */
class Receiver {
  readonly uids: string[] = [];
  /** How many frames the accepted requests had. */
  frames = 0;
  requests = 0;
  accepted = 0;
  /** The answer to each request; 0 for one that is accepted but whose answer is lost. */
  statusOf: () => number = () => 200;
  #server: Deno.HttpServer<Deno.NetAddr> | undefined;
  #port = 0;

  start(): void {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: this.#port, onListen: () => {} },
      (request) => this.#answer(request),
    );
    this.#port = this.#server.addr.port;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async stop(): Promise<void> {
    await this.#server?.shutdown();
    this.#server = undefined;
  }

  async #answer(request: Request): Promise<Response> {
    this.requests++;
    assertEquals(request.headers.get("content-encoding"), "gzip");
    const body = await new Response(
      request.body!.pipeThrough(new DecompressionStream("gzip")),
    ).text();
    const status = this.statusOf();
    if (status !== 200 && status !== 0) {
      return new Response(null, { status, headers: { "Retry-After": "1" } });
    }
    this.accepted++;
    const { pathname } = new URL(request.url);
    if (pathname === "/v1/logs") {
      const logs = throughProtobuf(
        LOGS_REQUEST,
        body,
      ) as unknown as OtlpLogsRequest;
      this.uids.push(...uidsOf(logs));
    } else {
      assertEquals(pathname, "/v1/metrics");
      const { resourceMetrics } = throughProtobuf(
        METRICS_REQUEST,
        body,
      ) as unknown as OtlpMetricsRequest;
      for (const { scopeMetrics } of resourceMetrics) {
        const [metric] = scopeMetrics[0]!.metrics;
        for (const point of metric!.exponentialHistogram!.dataPoints) {
          this.frames += Number(point.count);
        }
      }
    }
    return status === 0
      ? new Response(null, { status: 503 })
      : Response.json({});
  }
}

function exporterOf(
  store: FakeStore,
  receiver: Receiver,
  seed: number,
): OtlpExporter {
  return new OtlpExporter({
    store: store.asStore(),
    endpoint: receiver.endpoint,
    maxEvents: 100,
    http: { random: new SeededRandom(seed), timeoutMs: Infinity },
  });
}

async function runUntil(
  exporter: OtlpExporter,
  isDone: () => boolean,
): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!isDone()) {
    assert(Date.now() < deadline, "It takes too long");
    exporter.tick(0.5);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

Deno.test("OtlpExporter brings every event to a server that fails and restarts, and none is new after dedupe", async () => {
  const seed = 20;
  const random = new SeededRandom(seed);
  const store = new FakeStore(makeRows(2000, seed));
  const receiver = new Receiver();
  receiver.start();
  // Refused, or taken without saying so.
  receiver.statusOf = () => {
    const draw = random.nextFloat();
    return draw < 0.15 ? 503 : draw < 0.3 ? 429 : draw < 0.45 ? 0 : 200;
  };
  let exporter = exporterOf(store, receiver, seed);
  const isPast = (id: number) => (store.marks.get("otlp") ?? 0) >= id;
  try {
    await runUntil(exporter, () => isPast(500));
    // The server is away for a while.
    await receiver.stop();
    const { requests } = receiver;
    for (let i = 0; i < 100; i++) {
      exporter.tick(0.5);
      await settle();
    }
    assertEquals(receiver.requests, requests);
    receiver.start();
    await runUntil(exporter, () => isPast(1000));
    // The exporter is killed with a slice under way, and another one goes on.
    const before = receiver.accepted;
    await runUntil(exporter, () => receiver.accepted > before);
    exporter.close();
    exporter = exporterOf(store, receiver, seed + 1);
    await runUntil(exporter, () => isPast(2000) && !exporter.isBehind);
  } finally {
    exporter.close();
    await receiver.stop();
  }
  assertEquals(
    [...new Set(receiver.uids)].sort(),
    expectedUids(store),
    `seed ${seed}`,
  );
  // Otherwise nothing has been tried.
  assert(receiver.uids.length > 1800);
  assert(receiver.requests > receiver.accepted);
  assert(receiver.frames >= 200 * 20);
});

Deno.test("OtlpExporter brings every frame once to a server that only refuses", async () => {
  const seed = 21;
  const random = new SeededRandom(seed);
  const store = new FakeStore(makeRows(1000, seed));
  const receiver = new Receiver();
  receiver.start();
  receiver.statusOf = () => random.nextFloat() < 0.4 ? 503 : 200;
  const exporter = exporterOf(store, receiver, seed);
  try {
    await runUntil(exporter, () => store.marks.get("otlp") === 1000);
  } finally {
    exporter.close();
    await receiver.stop();
  }
  assertEquals(receiver.uids.sort(), expectedUids(store), `seed ${seed}`);
  assertEquals(receiver.frames, 100 * 20);
});
