// This module is browser compatible.
import type { Browser } from "./_browser.ts";

/** A question to the collector. */
export interface Query {
  /** What is asked for, such as `"sessions"`. */
  readonly path: string;
  /** Its parameters; those that are `""` are left out. */
  readonly params: Readonly<Record<string, string | number>>;
  /**
   * How old an answer may be that is there already, in milliseconds.
   *
   * @default {0}
   */
  readonly maxAgeMs?: number;
}

/** What came of a question. */
export type Answer =
  /** The body is the same object as before where nothing has changed. */
  | { readonly type: "answered"; readonly body: unknown }
  /** The key is missing or may not. */
  | { readonly type: "keyNeeded"; readonly isForbidden: boolean }
  /** The question is wrong. */
  | { readonly type: "refused"; readonly message: string }
  /** There is no answer now; later there may be one. */
  | { readonly type: "unreachable"; readonly retryAfterMs: number };

/** Asks the collector. */
export interface Source {
  /** Asks, and keeps the answer. */
  ask(query: Query, signal: AbortSignal): Promise<Answer>;
  /** The last answer to a question. */
  known(query: Query): unknown;
  /** Forgets all answers. */
  forget(): void;
}

/** Makes the {@linkcode Source} of the page. `keyOf` gives the API key to use, `""` for none. */
export function makeSource(browser: Browser, keyOf: () => string): Source {
  const MAX_ANSWERS = 128;
  const MAX_RETRY_MS = 60_000;
  /** By URL, the one that was used last at the end. */
  const answers = new Map<string, Known>();

  function urlOf({ path, params }: Query): string {
    const url = new URL(`v1/query/${path}`, browser.location.href);
    url.hash = "";
    for (const [name, value] of Object.entries(params)) {
      if (value !== "") url.searchParams.set(name, `${value}`);
    }
    return url.href;
  }

  function keep(url: string, etag: string, body: unknown): void {
    answers.delete(url);
    answers.set(url, { etag, body, timeMs: performance.now() });
    if (answers.size <= MAX_ANSWERS) return;
    answers.delete(answers.keys().next().value!);
  }

  async function ask(query: Query, signal: AbortSignal): Promise<Answer> {
    const url = urlOf(query);
    const known = answers.get(url);
    if (
      known !== undefined &&
      performance.now() - known.timeMs < (query.maxAgeMs ?? 0)
    ) return { type: "answered", body: known.body };
    const headers = new Headers();
    const key = keyOf();
    if (key !== "") headers.set("x-api-key", key);
    if (known !== undefined && known.etag !== "") {
      headers.set("if-none-match", known.etag);
    }
    try {
      const response = await fetch(url, {
        headers,
        signal,
        redirect: "error",
        cache: "no-store",
      });
      const { status } = response;
      if (status === 304 && known !== undefined) {
        keep(url, known.etag, known.body);
        return { type: "answered", body: known.body };
      }
      if (response.ok) {
        const body: unknown = await response.json();
        keep(url, response.headers.get("etag") ?? "", body);
        return { type: "answered", body };
      }
      const { message, retryAfterMs } = await problemOf(response);
      if (status === 401 || status === 403) {
        return { type: "keyNeeded", isForbidden: status === 403 };
      }
      if (status === 429 || status >= 500) {
        return { type: "unreachable", retryAfterMs };
      }
      return { type: "refused", message };
    } catch {
      return { type: "unreachable", retryAfterMs: 0 };
    }
  }

  async function problemOf(
    response: Response,
  ): Promise<{ message: string; retryAfterMs: number }> {
    let message = `It answered with status ${response.status}`;
    let retryAfterMs = 0;
    try {
      const body = await response.json();
      if (typeof body.message === "string") message = body.message;
      const waitMs = Number(body.retryAfterMs);
      if (waitMs > 0) retryAfterMs = Math.min(MAX_RETRY_MS, waitMs);
    } catch {
      // What is between here and the collector may answer with anything.
    }
    return { message, retryAfterMs };
  }

  return {
    ask,
    known: (query) => answers.get(urlOf(query))?.body,
    forget: () => answers.clear(),
  };
}

/** An answer that is kept. */
interface Known {
  readonly etag: string;
  readonly body: unknown;
  /** When it came or was confirmed, by the clock of `performance`. */
  readonly timeMs: number;
}
