/**
 * Runs a public conformance suite for HTTP caches (npm package "http-cache-tests", BSD-3-Clause, by the editor of
 * RFC 9111) against `HttpClient`, as the private cache of a client: what the suite calls a browser cache. The suite's
 * own server runs in this process on a free port of loopback.
 *
 *     deno run -A tools/cache_conformance.ts [directory of another edition of the suite]
 *
 * The suite pauses for 3 s between steps, so a run takes about half a minute.
 *
 * @module
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  HttpClient,
  HttpHeaders,
  HttpRequest,
  type HttpResponse,
  type HttpTerminalEvent,
  MemoryCacheStore,
} from "../http/mod.ts";

/** The results of the tests of one kind. */
export interface KindResult {
  /** Tests that passed. */
  passed: number;
  /** Tests that were run. */
  total: number;
  /** The id of each test that failed, with what the suite says. */
  readonly failed: Map<string, string>;
}

/** The results of a run. */
export interface ConformanceResult {
  /** What a cache must do. */
  readonly required: KindResult;
  /** What a cache does that makes the most of what it may. */
  readonly optimal: KindResult;
  /** What caches do differently; neither result is better. */
  readonly check: KindResult;
}

interface SuiteTest {
  readonly id: string;
  readonly kind?: "required" | "optimal" | "check";
  readonly browser_skip?: boolean;
  readonly cdn_only?: boolean;
}

interface SuiteInit {
  readonly method?: string;
  readonly headers?: ReadonlyArray<readonly [string, string]>;
  readonly body?: string;
  readonly cache?: string;
}

interface SuiteResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  text(): Promise<string>;
}

type SuiteFetch = (url: string, init?: SuiteInit) => Promise<SuiteResponse>;

// deno-lint-ignore no-explicit-any
type SuiteModule = Record<string, any>;

/**
 * Runs the suite.
 *
 * @param base Where the suite's modules are: what its imports begin with.
 * @returns The results.
 */
export async function runCacheConformance(
  base = "http-cache-tests/",
): Promise<ConformanceResult> {
  const load = (path: string): Promise<SuiteModule> => import(base + path);
  const [config, state, test, runner, index] = await Promise.all([
    load("server/handle-config.mjs"),
    load("server/handle-state.mjs"),
    load("server/handle-test.mjs"),
    load("client/runner.mjs"),
    load("tests/index.mjs"),
  ]);
  const handlers: SuiteModule = {
    config: config["default"],
    state: state["default"],
    test: test["default"],
  };
  const server = createServer((request, response) => {
    const [, kind, ...path] = (request.url ?? "/").split("?")[0]!.split("/");
    const handler = handlers[kind ?? ""];
    if (handler === undefined) response.writeHead(404).end();
    else handler(path, request, response);
  });
  await new Promise<void>((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve())
  );
  const { port } = server.address() as AddressInfo;
  const caller = new Caller();
  try {
    await runner["runTests"](
      index["default"],
      caller.fetch,
      true,
      `http://127.0.0.1:${port}`,
    );
  } finally {
    caller.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  return evaluate(index["default"], runner["getResults"]());
}

/** Turns the calls of the suite into requests of a client that is ticked. */
class Caller {
  readonly #store = new MemoryCacheStore({ maxBytes: 64 * 1_048_576 });
  readonly #client = new HttpClient({
    cache: this.#store,
    maxConcurrent: 256,
    deadlineMs: 20_000,
    retries: 0,
    circuitBreaker: false,
  });
  readonly #waiting = new Map<number, (event: HttpTerminalEvent) => void>();
  #isTicking = false;
  #lastTickMs = 0;

  close(): void {
    this.#client.close();
  }

  readonly fetch: SuiteFetch = async (url, init = {}) => {
    const headers = new HttpHeaders(init.headers ?? []);
    const method = init.method ?? "GET";
    let request = HttpRequest.create(method, url).withRetries(0);
    for (const [name, value] of headers) {
      request = request.withHeader(name, value);
    }
    if (init.body !== undefined) request = request.withBody(init.body);
    if (init.cache === "no-cache") request = request.withCache("revalidate");
    const id = this.#client.send(request);
    const event = await new Promise<HttpTerminalEvent>((resolve) => {
      this.#waiting.set(id, resolve);
      if (this.#isTicking) return;
      this.#lastTickMs = performance.now();
      this.#tick();
    });
    if (event.type === "success") return toSuiteResponse(event.response);
    if (event.type === "failure" && event.response !== undefined) {
      return toSuiteResponse(event.response);
    }
    throw new TypeError(event.type === "failure" ? event.message : event.type);
  };

  #tick(): void {
    this.#isTicking = this.#waiting.size > 0;
    if (!this.#isTicking) return;
    const nowMs = performance.now();
    this.#client.tick((nowMs - this.#lastTickMs) / 1_000);
    this.#lastTickMs = nowMs;
    for (const event of this.#client.drainEvents()) {
      switch (event.type) {
        case "success":
        case "failure":
        case "timeout":
        case "cancelled":
          this.#waiting.get(event.id)?.(event);
          this.#waiting.delete(event.id);
      }
    }
    setTimeout(() => this.#tick(), 1);
  }
}

// Not a web Response: that allows no status above 599, and the suite has a 999.
function toSuiteResponse(response: HttpResponse): SuiteResponse {
  return {
    status: response.status,
    statusText: "",
    headers: new Headers([...response.headers]),
    text: () => Promise.resolve(response.text),
  };
}

function evaluate(
  suites: ReadonlyArray<{ readonly tests: readonly SuiteTest[] }>,
  results: Readonly<Record<string, true | readonly string[]>>,
): ConformanceResult {
  const newResult = (): KindResult => ({
    passed: 0,
    total: 0,
    failed: new Map(),
  });
  const result = {
    required: newResult(),
    optimal: newResult(),
    check: newResult(),
  };
  for (const { tests } of suites) {
    for (const { id, kind = "required", browser_skip, cdn_only } of tests) {
      if (browser_skip === true || cdn_only === true) continue;
      const ofKind = result[kind];
      ofKind.total++;
      const outcome = results[id];
      if (outcome === true) ofKind.passed++;
      else ofKind.failed.set(id, outcome?.join(": ") ?? "not run");
    }
  }
  return result;
}

if (import.meta.main) {
  const directory = Deno.args[0];
  const base = directory === undefined
    ? undefined
    : new URL(`${directory}/`, `file://${Deno.cwd()}/`).href;
  const result = await runCacheConformance(base);
  for (const [kind, { passed, total, failed }] of Object.entries(result)) {
    console.log(`${kind}: ${passed} of ${total}`);
    for (const [id, message] of failed) console.log(`  ${id}: ${message}`);
  }
}
