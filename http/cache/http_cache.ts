// This module is browser compatible.

import { HttpHeaders } from "../headers.ts";
import { formatHttpDate } from "../http_date.ts";
import {
  MAX_DELTA_SECONDS,
  NO_REQUEST_DIRECTIVES,
  parseRequestDirectives,
  parseResponseDirectives,
  type RequestDirectives,
} from "./cache_control.ts";
import { strongMatch } from "./entity_tag.ts";
import { answerRange, combineParts, rangeHeaders } from "./partial.ts";
import { parseContentRange } from "./range.ts";
import { RecentInvalidations } from "./recent_invalidations.ts";
import {
  type CacheMode,
  decideFailureReuse,
  decideReuse,
  type Reuse,
} from "./reuse.ts";
import { isStorable, permitsStorage, storableFields } from "./storable.ts";
import type { CacheEntry, CachePart, HttpCacheStore } from "./store.ts";
import {
  currentAgeMs,
  finishEntry,
  interpret,
  type StoredResponse,
  type UnfinishedEntry,
} from "./stored_response.ts";
import {
  addConditions,
  agreesWithHead,
  ifRangeHolds,
  isNotModified,
  mergeFields,
  selectedBy304,
} from "./validation.ts";
import { type Selecting, selectingFields, selectingNames } from "./vary.ts";

export type { CacheMode } from "./reuse.ts";

/** What a cache needs to know of a request. */
export interface CacheableRequest {
  /** The method, as it is sent. */
  readonly method: string;
  /** The absolute URL. */
  readonly url: string;
  /** The header fields as the game means them, with defaults and credentials, without what the cache adds. */
  readonly headers: HttpHeaders;
}

/** A response that goes into the cache or comes out of it. */
export interface CachedResponse {
  /** The status. */
  readonly status: number;
  /** The reason phrase. */
  readonly statusText: string;
  /** The header fields. They belong to the receiver. */
  readonly headers: HttpHeaders;
  /** The content, complete. Shared with the cache: whoever wants to change it copies it. */
  readonly body: Uint8Array;
}

/** A stored response may be handed out at once. */
export interface CacheAnswer {
  /** Whether the response is fresh, or stale and allowed to be. */
  readonly type: "fresh" | "stale";
  /** The answer. */
  readonly response: CachedResponse;
  /** Set if the server is to be asked in the background meanwhile (RFC 5861 section 3): the lookup of that request. */
  readonly revalidate: CacheForward | undefined;
}

/** The request has to be sent. */
export interface CacheForward {
  /** Whether the cache asks, by conditions in `headers`, if what it has stored is still current. */
  readonly type: "miss" | "validate";
  /** The header fields to send: those of the request and what the cache adds. */
  readonly headers: HttpHeaders;
  /** What the request asks of caches. */
  readonly directives: Readonly<RequestDirectives>;
  /** The request. */
  readonly request: CacheableRequest;
  /** How it uses the cache. */
  readonly mode: CacheMode;
  /** The stored response that would answer it, were it fresh. */
  readonly stored: StoredResponse | undefined;
  /** The stored responses that a 304 may be about. */
  readonly asked: readonly StoredResponse[];
  /** How often the cache had been cleared. */
  readonly clearCount: number;
}

/** What a cache says to a request. */
export type CacheLookup =
  | CacheAnswer
  | CacheForward
  /** Nothing stored will do and the request forbids to send it: the answer is 504 (RFC 9111 section 5.2.1.7). */
  | { readonly type: "unsatisfiable" };

/** What a cache makes of a response. */
export interface CacheResult {
  /** What the game gets. */
  readonly response: CachedResponse;
  /**
   * - `network`: the response as it came.
   * - `revalidated`: the stored response, which a 304 confirmed.
   * - `resend`: the server confirmed something that was not asked for, or that was cleared since. What was stored is
   *   dropped; look up and send again.
   */
  readonly outcome: "network" | "revalidated" | "resend";
  /** Whether the response also answers identical requests that waited for it. */
  readonly isReusable: boolean;
}

/** Options for {@linkcode HttpCache}. */
export interface HttpCacheOptions {
  /** Where responses are kept. */
  readonly store: HttpCacheStore;
  /** Milliseconds for which mode `useCache` takes a response as fresh that says nothing about it. */
  readonly fallbackTtlMs: number;
}

/** What a cache has done so far. */
export interface HttpCacheCounters {
  /** Requests answered at once, fresh or stale. */
  readonly hits: number;
  /** Requests that had to be sent without anything stored to validate. */
  readonly misses: number;
  /** Stored responses that a 304 confirmed. */
  readonly revalidated: number;
  /** Stale responses handed out, at once or after a failure. */
  readonly stale: number;
  /** Responses stored. */
  readonly stored: number;
  /** Responses dropped, because of the bound or by `evictStale`. */
  readonly evicted: number;
}

/**
 * A private HTTP cache after RFC 9111, without IO: it is asked before a request is sent and told what came of it.
 *
 * Methods answer at once if the store does, and with a promise otherwise. Nothing that a server sends makes them throw.
 */
export class HttpCache {
  /** Milliseconds for which mode `useCache` takes a response as fresh that says nothing about it. */
  fallbackTtlMs: number;

  readonly #store: HttpCacheStore;
  // Parsed once, not at every hit. Entries are plain data, so that any store can keep them.
  readonly #interpreted = new WeakMap<CacheEntry, StoredResponse>();
  readonly #invalidations = new RecentInvalidations();
  #clearCount = 0;
  #hits = 0;
  #misses = 0;
  #revalidated = 0;
  #stale = 0;
  #stored = 0;
  #evicted = 0;

  /**
   * Makes a cache.
   *
   * @param options Its store and its fallback.
   */
  constructor(options: HttpCacheOptions) {
    this.#store = options.store;
    this.fallbackTtlMs = options.fallbackTtlMs;
  }

  /** What the cache has done so far. */
  get counters(): HttpCacheCounters {
    return {
      hits: this.#hits,
      misses: this.#misses,
      revalidated: this.#revalidated,
      stale: this.#stale,
      stored: this.#stored,
      evicted: this.#evicted + this.#store.evictedCount,
    };
  }

  /**
   * Looks for a stored response (RFC 9111 section 4).
   *
   * @param request The request.
   * @param mode How it uses the cache.
   * @param nowEpochMs The current time in milliseconds since the epoch.
   * @returns What to do.
   */
  lookup(
    request: CacheableRequest,
    mode: CacheMode,
    nowEpochMs: number,
  ): CacheLookup | Promise<CacheLookup> {
    const { method, headers } = request;
    nowEpochMs = withinYears(nowEpochMs);
    if (method !== "GET" && method !== "HEAD") {
      return this.#forward(request, mode, NO_REQUEST_DIRECTIVES, headers);
    }
    const directives = parseRequestDirectives(headers);
    if (
      mode === "noStore" || mode === "noCache" || directives.noStore ||
      hasOriginConditions(headers)
    ) {
      if (directives.onlyIfCached) return UNSATISFIABLE;
      return this.#forward(request, mode, directives, headers);
    }
    const entries = this.#store.get(keyOf(request.url));
    if (entries instanceof Promise) {
      const clearCount = this.#clearCount;
      return entries.then((entries) =>
        this.#choose(
          request,
          mode,
          directives,
          clearCount === this.#clearCount ? entries : [],
          nowEpochMs,
        )
      );
    }
    return this.#choose(request, mode, directives, entries, nowEpochMs);
  }

  /**
   * Takes in a response that came from the server: stores it, updates what is stored by it, or removes what it outdates.
   *
   * The body has to be complete: a response that broke off is a failure, not a response (RFC 9111 section 3.3). A response
   * that was redirected on the way is not one to the request and must not get here.
   *
   * @param request The request.
   * @param mode How it uses the cache.
   * @param lookup What `lookup` said, or `undefined` if it could not be asked.
   * @param response The response. Its body is shared with the cache from now on if the method is GET or HEAD.
   * @param requestEpochMs When the request was sent, in milliseconds since the epoch.
   * @param responseEpochMs When the header of the response came.
   * @returns What to hand to the game.
   */
  handleResponse(
    request: CacheableRequest,
    mode: CacheMode,
    lookup: CacheLookup | undefined,
    response: CachedResponse,
    requestEpochMs: number,
    responseEpochMs: number,
  ): CacheResult | Promise<CacheResult> {
    const { method, headers } = request;
    const passed = { response, outcome: "network", isReusable: false } as const;
    if (method === "OPTIONS" || method === "TRACE") return passed;
    const exchange: Exchange = {
      request,
      key: keyOf(request.url),
      mode,
      directives: parseRequestDirectives(headers),
      forward: isForward(lookup) ? lookup : undefined,
      response,
      requestEpochMs: withinYears(requestEpochMs),
      responseEpochMs: withinYears(responseEpochMs),
    };
    if (method !== "GET" && method !== "HEAD") {
      const done = this.#handleUnsafe(exchange);
      return done instanceof Promise ? done.then(() => passed) : passed;
    }
    if (mode === "noStore" || exchange.directives.noStore) return passed;
    const entries = this.#store.get(exchange.key);
    return entries instanceof Promise
      ? entries.then((entries) => this.#handleSafe(exchange, entries))
      : this.#handleSafe(exchange, entries);
  }

  /**
   * Finds what stands in for a server that could not be asked or that failed
   * (RFC 9111 sections 4.2.4 and 5.2.2.2, RFC 5861 section 4).
   *
   * @param lookup What `lookup` said.
   * @param error `disconnected` if no response came, `serverError` if a 5xx did.
   * @param nowEpochMs The current time in milliseconds since the epoch.
   * @returns A stale response; a 504 if there is one that must not be used; `undefined` if there is none.
   */
  handleFailure(
    lookup: CacheLookup,
    error: "disconnected" | "serverError",
    nowEpochMs: number,
  ): CachedResponse | undefined {
    if (
      !isForward(lookup) || lookup.stored === undefined ||
      lookup.clearCount !== this.#clearCount
    ) return undefined;
    const { stored, request, directives, mode } = lookup;
    const isDisconnected = error === "disconnected";
    nowEpochMs = withinYears(nowEpochMs);
    const reuse = decideFailureReuse(
      stored,
      directives,
      mode,
      this.fallbackTtlMs,
      isDisconnected,
      nowEpochMs,
    );
    if (reuse === "stale") {
      const answer = this.#answer(request, stored, nowEpochMs);
      if (answer !== undefined) this.#stale++;
      return answer;
    }
    // A 5xx of the server is an error response itself and is passed on.
    return reuse === "forbidden" && isDisconnected
      ? gatewayTimeout()
      : undefined;
  }

  /**
   * Removes what is stale. It could still have been validated, or stood in for a server that is gone.
   *
   * @param nowEpochMs The current time in milliseconds since the epoch.
   * @returns How many responses were removed.
   */
  evictStale(nowEpochMs: number): number | Promise<number> {
    const removed = this.#store.evictStale(withinYears(nowEpochMs));
    if (removed instanceof Promise) {
      return removed.then((removed) => {
        this.#evicted += removed;
        return removed;
      });
    }
    this.#evicted += removed;
    return removed;
  }

  /**
   * Removes everything. Requests that were looked up before get nothing of it any more, not after a failure either, and
   * the responses to them are not stored.
   *
   * @returns A promise if the store needs time for it.
   */
  clear(): void | Promise<void> {
    this.#clearCount++;
    return this.#store.clear();
  }

  #choose(
    request: CacheableRequest,
    mode: CacheMode,
    directives: Readonly<RequestDirectives>,
    entries: readonly CacheEntry[],
    nowEpochMs: number,
  ): CacheLookup {
    const { headers } = request;
    const range = rangeOf(request);
    let selected: StoredResponse | undefined;
    let variants: StoredResponse[] | undefined;
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i]!;
      if (entry.method !== "GET" && request.method !== "HEAD") continue;
      const stored = this.#interpret(entry);
      if (entry.part !== undefined) {
        // A part answers only what it has, and never for a whole.
        if (
          range === undefined || !stored.selector.matches(headers) ||
          !ifRangeHolds(headers.get("if-range"), stored) ||
          answerRange(range, stored) === undefined
        ) continue;
        selected ??= stored;
      } else if (!stored.selector.matches(headers)) {
        // A server that counts versions for each user has the same tag for two of them. Its 304 to one would hand out
        // what is stored for the other.
        if (stored.selector.matchesCredentials(headers)) {
          (variants ??= []).push(stored);
        }
      } else if (
        // RFC 9111 section 4: of several the most recent one.
        selected === undefined || selected.entry.part !== undefined ||
        stored.dateEpochMs > selected.dateEpochMs
      ) {
        selected = stored;
      }
    }
    if (selected !== undefined) {
      const reuse = decideReuse(
        selected,
        directives,
        mode,
        this.fallbackTtlMs,
        nowEpochMs,
      );
      if (reuse !== "no") {
        const response = this.#answer(request, selected, nowEpochMs);
        if (response !== undefined) {
          return this.#hit(
            request,
            mode,
            directives,
            selected,
            reuse,
            response,
          );
        }
        selected = undefined;
      }
    }
    if (directives.onlyIfCached) return UNSATISFIABLE;
    if (range !== undefined) variants = undefined;
    return this.#forwardStored(request, mode, directives, selected, variants);
  }

  #hit(
    request: CacheableRequest,
    mode: CacheMode,
    directives: Readonly<RequestDirectives>,
    selected: StoredResponse,
    reuse: Exclude<Reuse, "no">,
    response: CachedResponse,
  ): CacheAnswer {
    this.#hits++;
    if (reuse === "fresh") {
      return { type: "fresh", response, revalidate: undefined };
    }
    this.#stale++;
    return {
      type: "stale",
      response,
      revalidate: reuse === "staleWhileRevalidate"
        ? this.#forwardStored(request, mode, directives, selected, undefined)
        : undefined,
    };
  }

  /** Sends a request on, with the conditions that may spare the server the body. */
  #forwardStored(
    request: CacheableRequest,
    mode: CacheMode,
    directives: Readonly<RequestDirectives>,
    stored: StoredResponse | undefined,
    variants: readonly StoredResponse[] = [],
  ): CacheForward {
    const { headers } = request;
    // The conditions of the game itself go to the server as they are (section 4.3.2), and so does If-Range.
    const asked = stored === undefined ? variants : [stored];
    const conditional = hasConditions(headers) || headers.has("if-range")
      ? undefined
      : addConditions(headers, stored, variants);
    if (conditional === undefined) this.#misses++;
    return {
      type: conditional === undefined ? "miss" : "validate",
      headers: addModeFields(conditional ?? headers, mode),
      directives,
      request,
      mode,
      stored,
      asked,
      clearCount: this.#clearCount,
    };
  }

  /** Sends a request on that nothing stored matters to. */
  #forward(
    request: CacheableRequest,
    mode: CacheMode,
    directives: Readonly<RequestDirectives>,
    headers: HttpHeaders,
  ): CacheForward {
    return {
      type: "miss",
      headers: request.method === "GET" || request.method === "HEAD"
        ? addModeFields(headers, mode)
        : headers,
      directives,
      request,
      mode,
      stored: undefined,
      asked: [],
      clearCount: this.#clearCount,
    };
  }

  /** Makes the answer to a request from a stored response, or `undefined` if that does not have what is asked for. */
  #answer(
    request: CacheableRequest,
    stored: StoredResponse,
    nowEpochMs: number,
  ): CachedResponse | undefined {
    const headers = new HttpHeaders(stored.headers);
    const ageSeconds = Math.floor(currentAgeMs(stored, nowEpochMs) / 1_000);
    // RFC 9111 section 5.1.
    headers.set("age", String(Math.min(ageSeconds, MAX_DELTA_SECONDS)));
    if (request.headers.size > 0 && isNotModified(request.headers, stored)) {
      return notModified(headers);
    }
    return shape(request, stored, headers);
  }

  #interpret(entry: CacheEntry): StoredResponse {
    let stored = this.#interpreted.get(entry);
    if (stored === undefined) {
      stored = interpret(entry);
      this.#interpreted.set(entry, stored);
    }
    return stored;
  }

  #handleSafe(
    exchange: Exchange,
    entries: readonly CacheEntry[],
  ): CacheResult | Promise<CacheResult> {
    if (exchange.response.status === 304) {
      return this.#handle304(exchange, entries);
    }
    const changes = new Changes();
    let stored: StoredResponse | undefined;
    if (this.#mayStore(exchange)) {
      if (exchange.request.method === "HEAD") {
        this.#takeHead(exchange, entries, changes);
      } else if (exchange.response.status === 206) {
        this.#takePart(exchange, entries, changes);
      } else {
        stored = this.#takeWhole(exchange, entries, changes);
      }
    }
    const { response, directives, mode, responseEpochMs } = exchange;
    const isReusable = stored !== undefined &&
      decideReuse(
          stored,
          directives,
          mode,
          this.fallbackTtlMs,
          responseEpochMs,
        ) === "fresh";
    return this.#apply(changes, { response, outcome: "network", isReusable });
  }

  #handle304(
    exchange: Exchange,
    entries: readonly CacheEntry[],
  ): CacheResult | Promise<CacheResult> {
    const { request, response, forward, key } = exchange;
    const { directives, mode, requestEpochMs, responseEpochMs } = exchange;
    const passed = { response, outcome: "network", isReusable: false } as const;
    // The credentials may have changed since the lookup.
    const asked = (forward?.asked ?? []).filter(({ selector }) =>
      selector.matchesCredentials(request.headers)
    );
    const selected = selectedBy304(response.headers, asked);
    const changes = new Changes();
    // What was removed while the server was asked is not put back.
    const isCurrent = this.#mayStore(exchange);
    if (forward?.type !== "validate") {
      // The game asked for itself and gets its 304. What is stored is confirmed by it if the validators say so.
      const hasValidator = response.headers.has("etag") ||
        response.headers.has("last-modified");
      if (!hasValidator || !isCurrent) return passed;
    } else if (
      selected.length === 0 || forward.clearCount !== this.#clearCount
    ) {
      for (const { entry } of asked) changes.remove(key, entry.id);
      return this.#apply(changes, { ...passed, outcome: "resend" });
    }
    let primary: StoredResponse | undefined;
    for (const stored of selected) {
      const isStored = entries.some((entry) =>
        isSameEntry(entry, stored.entry)
      );
      const updated = this.#finish({
        ...stored.entry,
        fields: withDate(
          mergeFields(stored.entry.fields, response.headers),
          responseEpochMs,
        ),
        requestEpochMs,
        responseEpochMs,
      });
      const { entry } = updated;
      if (isCurrent && isStored) {
        if (permitsStorage(entry.status, updated.directives)) {
          changes.put(updated);
        } else changes.remove(key, entry.id);
      }
      if (
        primary === undefined || stored === forward?.stored ||
        (primary.entry.id !== forward?.stored?.entry.id &&
          updated.dateEpochMs > primary.dateEpochMs)
      ) primary = updated;
    }
    this.#revalidated += selected.length > 0 ? 1 : 0;
    if (forward?.type !== "validate") return this.#apply(changes, passed);

    // The response answers this request, by what it varies by now: a variant that the server chose for other selecting
    // fields does, too (section 4.3.3).
    const names = this.#selectingNames(primary!);
    const { id } = primary!.entry;
    if (names === undefined) changes.remove(key, id);
    else if (changes.hasPut(id)) {
      const entry = {
        ...primary!.entry,
        selecting: selectingFields(names, request.headers),
      };
      const variant = this.#finish({ ...entry, id: entryId(entry) });
      if (forward.stored !== undefined && variant.entry.id !== id) {
        changes.remove(key, id);
      }
      changes.put(variant);
    }
    const confirmed = shape(
      request,
      primary!,
      new HttpHeaders(primary!.entry.fields),
    );
    const isReusable = isCurrent &&
      permitsStorage(primary!.entry.status, primary!.directives) &&
      decideReuse(
          primary!,
          directives,
          mode,
          this.fallbackTtlMs,
          responseEpochMs,
        ) === "fresh";
    return this.#apply(changes, {
      response: confirmed ?? response,
      outcome: confirmed === undefined ? "resend" : "revalidated",
      isReusable,
    });
  }

  #takeWhole(
    exchange: Exchange,
    entries: readonly CacheEntry[],
    changes: Changes,
  ): StoredResponse | undefined {
    const { status, body } = exchange.response;
    const stored = this.#newEntry(exchange, "GET", body);
    if (stored === undefined && !isNews(status)) return undefined;
    this.#outdate(exchange, entries, stored, changes);
    if (stored !== undefined) changes.put(stored);
    return stored;
  }

  /** Removes what answered a request before there was something newer. */
  #outdate(
    { request, key }: Exchange,
    entries: readonly CacheEntry[],
    newer: StoredResponse | undefined,
    changes: Changes,
  ): void {
    for (const entry of entries) {
      if (
        entry.id !== newer?.entry.id &&
        this.#interpret(entry).selector.matches(request.headers)
      ) changes.remove(key, entry.id);
    }
  }

  #takeHead(
    exchange: Exchange,
    entries: readonly CacheEntry[],
    changes: Changes,
  ): void {
    const { request, response, key } = exchange;
    const { requestEpochMs, responseEpochMs } = exchange;
    let hasUpdated = false;
    if (response.status === 200) {
      for (const entry of entries) {
        if (
          entry.method !== "GET" || entry.status !== 200 ||
          !this.#interpret(entry).selector.matches(request.headers)
        ) continue;
        const stored = this.#interpret(entry);
        if (!agreesWithHead(response.headers, stored)) {
          changes.remove(key, entry.id);
          continue;
        }
        const updated = this.#finish({
          ...entry,
          fields: withDate(
            mergeFields(entry.fields, response.headers),
            responseEpochMs,
          ),
          requestEpochMs,
          responseEpochMs,
        });
        if (permitsStorage(200, updated.directives)) {
          changes.put(updated);
          hasUpdated = true;
        } else changes.remove(key, entry.id);
      }
    }
    const stored = hasUpdated
      ? undefined
      : this.#newEntry(exchange, "HEAD", EMPTY);
    if (stored !== undefined || isNews(response.status)) {
      this.#outdate(
        exchange,
        entries.filter(({ method }) => method === "HEAD"),
        stored,
        changes,
      );
    }
    if (stored !== undefined) changes.put(stored);
  }

  #takePart(
    exchange: Exchange,
    entries: readonly CacheEntry[],
    changes: Changes,
  ): void {
    const { request, response, key } = exchange;
    const { requestEpochMs, responseEpochMs } = exchange;
    const range = rangeOf(request);
    const content = parseContentRange(response.headers.get("content-range"));
    const { body } = response;
    if (
      range === undefined || content === undefined || body.length === 0 ||
      body.length > content.last - content.first + 1 ||
      response.headers.has("content-encoding")
    ) return;
    const part: CachePart = { range, ...content };
    const fresh = this.#newEntry(exchange, "GET", body, part);
    if (fresh === undefined) {
      this.#outdate(exchange, entries, undefined, changes);
      return;
    }
    for (const entry of entries) {
      if (
        entry.method !== "GET" || entry.status !== 200 ||
        !this.#interpret(entry).selector.matches(request.headers)
      ) continue;
      const stored = this.#interpret(entry);
      if (entry.part === undefined) {
        if (strongMatch(fresh.etag, stored.etag)) {
          // The whole is there and current: only its fields are news (RFC 9111 section 3.4).
          changes.put(this.#finish({
            ...entry,
            fields: withDate(
              mergeFields(entry.fields, response.headers),
              responseEpochMs,
            ),
            requestEpochMs,
            responseEpochMs,
          }));
          return;
        }
        // Its tag says that the whole has changed.
        if (fresh.etag !== undefined && stored.etag !== undefined) {
          changes.remove(key, entry.id);
        }
        continue;
      }
      const combined = combineParts(stored, fresh.etag, part, body);
      if (combined === undefined) continue;
      const { first, last, total } = combined;
      const isWhole = first === 0 && total !== undefined && last === total - 1;
      const fields = mergeFields(entry.fields, response.headers)
        .filter(([name]) =>
          name !== "content-range" && name !== "content-length"
        );
      fields.push(["content-length", String(combined.body.length)]);
      const { part: _, ...whole } = fresh.entry;
      const joined = {
        ...whole,
        fields: withDate(fields, responseEpochMs),
        body: combined.body,
        statusText: "OK",
        ...(isWhole
          ? undefined
          : { part: { range: `bytes=${first}-${last}`, first, last, total } }),
      };
      changes.remove(key, entry.id);
      changes.put(this.#finish({ ...joined, id: entryId(joined) }));
      return;
    }
    changes.put(fresh);
  }

  #handleUnsafe(exchange: Exchange): void | Promise<void> {
    const { request, response, mode, responseEpochMs } = exchange;
    const { status, headers } = response;
    // RFC 9111 section 4.4: an error has changed nothing.
    if (status < 200 || status >= 400) return;
    const changes = new Changes();
    const keys = new Set([exchange.key]);
    for (const name of ["location", "content-location"]) {
      const key = sameOriginKey(headers.get(name), request.url);
      if (key !== undefined) keys.add(key);
    }
    for (const key of keys) {
      this.#invalidations.add(key, responseEpochMs);
      changes.remove(key, undefined);
    }
    // RFC 9110 section 9.3.3: such a response to POST also answers GET.
    if (
      request.method === "POST" && status < 300 && status !== 206 &&
      mode !== "noStore" && !exchange.directives.noStore &&
      sameOriginKey(headers.get("content-location"), request.url) ===
        exchange.key
    ) {
      // The game may change the bytes of such a response: that a body is shared is said of safe methods only.
      const stored = this.#newEntry(exchange, "GET", response.body.slice());
      const isExplicit = stored?.directives.maxAgeSeconds !== undefined ||
        headers.has("expires");
      if (stored !== undefined && isExplicit) changes.put(stored);
    }
    const applied = this.#apply(changes, undefined);
    if (applied instanceof Promise) return applied;
  }

  /** Makes an entry of a response, or `undefined` if it may not be stored. */
  #newEntry(
    exchange: Exchange,
    method: "GET" | "HEAD",
    body: Uint8Array,
    part?: CachePart,
  ): StoredResponse | undefined {
    const { request, response, key, responseEpochMs } = exchange;
    // A part stands for the response that it is a part of.
    const status = part === undefined ? response.status : 200;
    const { headers, statusText } = response;
    const directives = parseResponseDirectives(headers.get("cache-control"));
    if (!isStorable(status, directives, headers)) return undefined;
    const names = selectingNames(headers.get("vary"), directives.public);
    if (names === undefined) return undefined;
    const entry = {
      key,
      method,
      status,
      statusText,
      fields: withDate(storableFields(headers), responseEpochMs),
      // A view would keep all of a larger buffer alive, which the store does not count.
      body: body.byteLength === body.buffer.byteLength ? body : body.slice(),
      requestEpochMs: exchange.requestEpochMs,
      responseEpochMs,
      selecting: selectingFields(names, request.headers),
      ...(part === undefined ? undefined : { part }),
    };
    return this.#finish({ ...entry, id: entryId(entry) });
  }

  #finish(entry: UnfinishedEntry): StoredResponse {
    return finishEntry(entry, this.fallbackTtlMs);
  }

  #selectingNames(stored: StoredResponse): string[] | undefined {
    return selectingNames(stored.headers.get("vary"), stored.directives.public);
  }

  /** Whether a response may still be stored: not if what it answers was invalidated after the request was sent. */
  #mayStore(exchange: Exchange): boolean {
    const { forward, key, requestEpochMs, responseEpochMs } = exchange;
    return (forward === undefined || forward.clearCount === this.#clearCount) &&
      !this.#invalidations.has(key, requestEpochMs, responseEpochMs);
  }

  #apply<T>(changes: Changes, result: T): T | Promise<T> {
    const pending: Promise<unknown>[] = [];
    const wait = (work: Promise<unknown>): void => {
      // If a later change throws at once, nobody will wait for this one.
      work.catch(() => {});
      pending.push(work);
    };
    for (const [key, id] of changes.removals) {
      const removed = this.#store.delete(key, id);
      if (removed instanceof Promise) wait(removed);
    }
    for (const { entry } of changes.puts) {
      const isStored = this.#store.put(entry);
      if (isStored instanceof Promise) {
        wait(isStored.then((isStored) => {
          if (isStored) this.#stored++;
        }));
      } else if (isStored) this.#stored++;
    }
    if (pending.length === 0) return result;
    return Promise.all(pending).then(() => result);
  }
}

interface Exchange {
  readonly request: CacheableRequest;
  readonly key: string;
  readonly mode: CacheMode;
  readonly directives: Readonly<RequestDirectives>;
  readonly forward: CacheForward | undefined;
  readonly response: CachedResponse;
  readonly requestEpochMs: number;
  readonly responseEpochMs: number;
}

class Changes {
  readonly removals: Array<readonly [string, string | undefined]> = [];
  #puts: StoredResponse[] = [];

  get puts(): readonly StoredResponse[] {
    return this.#puts;
  }

  remove(key: string, id: string | undefined): void {
    this.removals.push([key, id]);
    this.#puts = this.#puts.filter(({ entry }) => entry.id !== id);
  }

  put(stored: StoredResponse): void {
    if (this.#puts.length > 0) {
      const { id } = stored.entry;
      this.#puts = this.#puts.filter(({ entry }) => entry.id !== id);
    }
    this.#puts.push(stored);
  }

  hasPut(id: string): boolean {
    return this.#puts.some(({ entry }) => entry.id === id);
  }
}

const UNSATISFIABLE = Object.freeze({ type: "unsatisfiable" });
const EMPTY = new Uint8Array(0);
const MIN_EPOCH_MS = Date.parse("0000-01-01T00:00:00.000Z");
const MAX_EPOCH_MS = Date.parse("9999-12-31T23:59:59.999Z");

// RFC 9110 section 8: what describes content that a 304 does not have.
const CONTENT_FIELDS: readonly string[] = [
  "content-encoding",
  "content-language",
  "content-length",
  "content-range",
  "content-type",
];

function isForward(lookup: CacheLookup | undefined): lookup is CacheForward {
  return lookup?.type === "miss" || lookup?.type === "validate";
}

function keyOf(url: string): string {
  const hash = url.indexOf("#");
  return hash < 0 ? url : url.slice(0, hash);
}

// Only these of another URL on the same origin may be invalidated: a server has no say about others (section 4.4).
function sameOriginKey(
  location: string | undefined,
  url: string,
): string | undefined {
  if (location === undefined || !URL.canParse(location, url)) return undefined;
  const target = new URL(location, url);
  return target.origin === new URL(url).origin ? keyOf(target.href) : undefined;
}

// RFC 9111 section 4.3.2: these are for the origin server alone.
function hasOriginConditions(headers: HttpHeaders): boolean {
  return headers.size > 0 &&
    (headers.has("if-match") || headers.has("if-unmodified-since"));
}

function hasConditions(headers: HttpHeaders): boolean {
  return headers.size > 0 &&
    (headers.has("if-none-match") || headers.has("if-modified-since"));
}

// RFC 9110 section 14.2: Range means something with GET only.
function rangeOf(request: CacheableRequest): string | undefined {
  return request.method === "GET" && request.headers.size > 0
    ? request.headers.get("range")
    : undefined;
}

// What the Fetch Standard ("HTTP-network-or-cache fetch") adds, so that caches on the way do not answer either.
function addModeFields(headers: HttpHeaders, mode: CacheMode): HttpHeaders {
  if (
    (mode !== "revalidate" && mode !== "noCache") ||
    headers.has("cache-control")
  ) return headers;
  const result = new HttpHeaders(headers);
  result.set("cache-control", mode === "revalidate" ? "max-age=0" : "no-cache");
  return result;
}

/** Gives a stored response the form that the request asks for. */
function shape(
  request: CacheableRequest,
  stored: StoredResponse,
  headers: HttpHeaders,
): CachedResponse | undefined {
  const { status, statusText, body } = stored.entry;
  if (request.method === "HEAD") {
    return { status, statusText, headers, body: EMPTY };
  }
  const range = rangeOf(request);
  if (
    range === undefined ||
    !ifRangeHolds(request.headers.get("if-range"), stored)
  ) {
    return stored.entry.part === undefined
      ? { status, statusText, headers, body }
      : undefined;
  }
  const answer = answerRange(range, stored);
  if (answer === "whole") return { status, statusText, headers, body };
  if (answer === undefined) return undefined;
  return {
    status: answer.status,
    statusText: answer.status === 206
      ? "Partial Content"
      : "Range Not Satisfiable",
    headers: rangeHeaders(headers, answer),
    body: answer.body,
  };
}

function notModified(headers: HttpHeaders): CachedResponse {
  for (const name of CONTENT_FIELDS) headers.delete(name);
  return { status: 304, statusText: "Not Modified", headers, body: EMPTY };
}

function gatewayTimeout(): CachedResponse {
  return {
    status: 504,
    statusText: "Gateway Timeout",
    headers: new HttpHeaders(),
    body: EMPTY,
  };
}

// A response that shows what a resource is like now, as opposed to one that only says that something went wrong.
function isNews(status: number): boolean {
  return (status >= 200 && status < 400) || status === 404 || status === 410;
}

// Beyond these years there are no HTTP dates. A wall clock that says so, or nothing at all, is wrong anyway.
function withinYears(epochMs: number): number {
  return epochMs >= MIN_EPOCH_MS
    ? Math.min(epochMs, MAX_EPOCH_MS)
    : MIN_EPOCH_MS;
}

// RFC 9110 section 6.6.1: without a Date, the time at which it came is recorded.
function withDate(
  fields: Array<readonly [string, string]>,
  epochMs: number,
): Array<readonly [string, string]> {
  if (!fields.some(([name]) => name === "date")) {
    fields.push(["date", formatHttpDate(epochMs)]);
  }
  return fields;
}

function entryId(
  entry: {
    readonly method: string;
    readonly selecting: Selecting;
    readonly part?: CachePart;
  },
): string {
  const { method, selecting, part } = entry;
  let id = part === undefined ? method : `${method} part`;
  // Names of fields have no colons in them, and neither names nor values line feeds.
  for (const [name, value] of selecting) {
    id += value === null ? `\n${name}` : `\n${name}:${value}`;
  }
  return id;
}

function isSameEntry(a: CacheEntry, b: CacheEntry): boolean {
  return a.id === b.id && a.responseEpochMs === b.responseEpochMs;
}
