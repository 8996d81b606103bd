import { HttpHeaders } from "../../headers.ts";
import { formatHttpDate } from "../../http_date.ts";
import {
  type CachedResponse,
  type CacheForward,
  type CacheLookup,
  type CacheMode,
  HttpCache,
} from "../http_cache.ts";
import type { HttpCacheStore } from "../store.ts";

/** What the origin server of a test answers, or that it does not. */
export type Origin = OriginResponse | "down";

/** An origin server that looks at what it was sent. */
export type OriginServer = (sent: HttpHeaders) => Origin;

/** A response of the origin server. */
export interface OriginResponse {
  readonly status?: number;
  /** `Date` is added unless it is here; an empty value leaves it out. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** How long it takes. */
  readonly delaySecs?: number;
}

/** A request of a test. */
export interface TestRequest {
  readonly method?: string;
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly mode?: CacheMode;
}

/** What the game of a test gets. */
export interface Answer {
  readonly status: number;
  readonly headers: HttpHeaders;
  readonly text: string;
  /**
   * `cache`: fresh. `stale`: stale, at once. `origin`: as the server sent it. `validated`: from the cache, after the server
   * was asked. `fallback`: made by the cache because the server failed. `none`: nothing, the client reports the failure.
   */
  readonly from:
    | "cache"
    | "stale"
    | "origin"
    | "validated"
    | "fallback"
    | "none";
  /** The header fields that went to the server, if any did. */
  readonly sent: HttpHeaders | undefined;
  /** Set if the server is to be asked in the background. */
  readonly background: CacheForward | undefined;
  /** Whether identical requests that waited may have the same answer. */
  readonly isReusable: boolean;
}

/** A cache with an origin server and a clock that a test moves. */
export class TestCache {
  readonly cache: HttpCache;
  readonly store: HttpCacheStore;
  nowEpochMs = Date.UTC(2026, 0, 15, 12);

  constructor(store: HttpCacheStore) {
    this.store = store;
    this.cache = new HttpCache({ store, fallbackTtlMs: 60_000 });
  }

  /** The time as an HTTP date, some seconds from now. */
  date(secs = 0): string {
    return formatHttpDate(this.nowEpochMs + secs * 1_000);
  }

  /** Lets time go by. */
  wait(secs: number): void {
    this.nowEpochMs += secs * 1_000;
  }

  /** Gets the default URL. */
  get(
    origin: Origin,
    headers: Readonly<Record<string, string>> = {},
    mode: CacheMode = "default",
  ): Promise<Answer> {
    return this.fetch({ headers, mode }, origin);
  }

  /** Makes a request as a client does. */
  async fetch(
    request: TestRequest,
    origin: Origin | OriginServer,
  ): Promise<Answer> {
    const cacheable = toCacheable(request);
    const mode = request.mode ?? "default";
    const lookup = await this.cache.lookup(cacheable, mode, this.nowEpochMs);
    switch (lookup.type) {
      case "unsatisfiable":
        return toAnswer({
          status: 504,
          statusText: "Gateway Timeout",
          headers: new HttpHeaders(),
          body: new Uint8Array(0),
        }, "fallback");
      case "fresh":
        return toAnswer(lookup.response, "cache");
      case "stale":
        return {
          ...toAnswer(lookup.response, "stale"),
          background: lookup.revalidate,
        };
    }
    return await this.send(lookup, origin);
  }

  /** Sends a request that the cache did not answer. */
  async send(
    forward: CacheLookup & CacheForward,
    server: Origin | OriginServer,
  ): Promise<Answer> {
    const { request, mode, headers: sent } = forward;
    const origin = typeof server === "function" ? server(sent) : server;
    const sentEpochMs = this.nowEpochMs;
    if (origin === "down") {
      const response = this.cache.handleFailure(
        forward,
        "disconnected",
        this.nowEpochMs,
      );
      return response === undefined
        ? { ...NOTHING, sent }
        : { ...toAnswer(response, "fallback"), sent };
    }
    this.wait(origin.delaySecs ?? 0);
    const response = this.#fromOrigin(origin);
    if (response.status >= 500) {
      const stale = this.cache.handleFailure(
        forward,
        "serverError",
        this.nowEpochMs,
      );
      if (stale !== undefined) return { ...toAnswer(stale, "fallback"), sent };
    }
    const result = await this.cache.handleResponse(
      request,
      mode,
      forward,
      response,
      sentEpochMs,
      this.nowEpochMs,
    );
    if (result.outcome === "resend") {
      const again = await this.cache.lookup(request, mode, this.nowEpochMs);
      if (again.type !== "miss") throw new Error(`got ${again.type} on resend`);
      return await this.send(
        again,
        typeof server === "function" ? server : { ...origin, status: 200 },
      );
    }
    return {
      ...toAnswer(
        result.response,
        result.outcome === "revalidated" ? "validated" : "origin",
      ),
      sent,
      isReusable: result.isReusable,
    };
  }

  #fromOrigin(origin: OriginResponse): CachedResponse {
    const headers = new HttpHeaders(origin.headers);
    const date = headers.get("date");
    if (date === undefined) headers.set("date", this.date());
    else if (date === "") headers.delete("date");
    return {
      status: origin.status ?? 200,
      statusText: "",
      headers,
      body: new TextEncoder().encode(origin.body ?? "body"),
    };
  }
}

const NOTHING: Answer = {
  status: 0,
  headers: new HttpHeaders(),
  text: "",
  from: "none",
  sent: undefined,
  background: undefined,
  isReusable: false,
};

function toCacheable(request: TestRequest): CacheForward["request"] {
  return {
    method: request.method ?? "GET",
    url: request.url ?? "https://example.com/a",
    headers: new HttpHeaders(request.headers ?? {}),
  };
}

function toAnswer(response: CachedResponse, from: Answer["from"]): Answer {
  return {
    ...NOTHING,
    status: response.status,
    headers: response.headers,
    text: new TextDecoder().decode(response.body),
    from,
  };
}
