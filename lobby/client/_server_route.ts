// This module is browser compatible.
import type { LobbyClientOptions } from "./lobby_client_options.ts";

const SCHEMES: readonly string[] = ["ws:", "wss:", "http:", "https:"];
/** How often a request, or the greeting, may be sent on from one server to another. */
const MAX_REDIRECTS = 4;
/** How long a client stays that was moved: servers that send it to and fro would have it connect without end. */
const MIN_STAY_MS = 1_000;
/** Of how many tries to reach a server that another one has named the last one is the last. */
const MAX_TRIES_ELSEWHERE = 2;

/**
 * Which of several servers a client is at: the one that it was told of first, or the one that another has named. Sees to it
 * that servers that are wrong about each other do not have a client go round without end.
 */
export class ServerRoute {
  readonly #url: LobbyClientOptions["url"];
  readonly #redirect: LobbyClientOptions["redirect"];
  /** What `#url` was the last time, if it is a function. */
  #asked: string | undefined;
  /** The server that another one has named. */
  #target: string | undefined;
  #greetingRedirects = 0;
  /** Until when it is not moved again. */
  #stayUntilMs = 0;
  /** A server that was named and could not be reached: it may be dead, which the others notice after a while. */
  #unreachable: string | undefined;

  constructor(
    url: LobbyClientOptions["url"],
    redirect: LobbyClientOptions["redirect"],
  ) {
    if (typeof url === "string" && !isTarget(url)) {
      throw new TypeError(
        `Cannot make a LobbyClient as url must be an absolute URL with ws, wss, http or https: current value is "${url}"`,
      );
    }
    this.#url = url;
    this.#redirect = redirect;
  }

  /** Where to connect to. */
  url(): string | Promise<string> {
    if (this.#target !== undefined) return this.#target;
    const url = this.#url;
    const given = typeof url === "string" ? url : url();
    if (typeof given === "string") return this.#asked = given;
    return given.then((text) => this.#asked = text);
  }

  /** A greeting was answered with another server: tells where to go, if anywhere. */
  ofGreeting(to: string): string | undefined {
    // It is greeted again after a while, and may know more then.
    if (this.#greetingRedirects >= MAX_REDIRECTS) {
      this.#greetingRedirects = 0;
      return undefined;
    }
    const url = this.#retarget(to);
    if (url === undefined) return undefined;
    if (url === this.#unreachable) {
      this.#unreachable = undefined;
      return undefined;
    }
    this.#greetingRedirects++;
    return url;
  }

  /** A request that was sent on so often was answered with another server: tells where to go, if anywhere. */
  ofRequest(to: string, redirects: number): string | undefined {
    return redirects >= MAX_REDIRECTS ? undefined : this.#retarget(to);
  }

  /** The lobby has moved to another server: tells where to go, if anywhere. */
  ofMove(to: string, nowMs: number): string | undefined {
    // Who stays is told by the next answer where to go, if it is so.
    if (nowMs < this.#stayUntilMs) return undefined;
    const url = this.#retarget(to);
    if (url !== undefined) this.#stayUntilMs = nowMs + MIN_STAY_MS;
    return url;
  }

  /** Whether a request that is asked there again has been sent on once more, and is not just tried again. */
  isCounted(url: string): boolean {
    return url !== this.#unreachable;
  }

  /** It is connected there from now on. */
  follow(url: string): void {
    this.#target = url;
  }

  /** The connection has failed so often in a row. */
  onReconnecting(attempt: number): void {
    // A server that was named and is not there: the first one knows where to go now.
    if (attempt < MAX_TRIES_ELSEWHERE || this.#target === undefined) return;
    this.#unreachable = this.#target;
    this.#target = undefined;
  }

  /** There is a connection. */
  onConnected(): void {
    if (this.#target !== undefined) this.#unreachable = undefined;
  }

  /** The greeting has been answered. */
  onSynced(): void {
    this.#greetingRedirects = 0;
  }

  /** The connection is over: the next one begins anew. */
  onClosed(): void {
    this.#target = undefined;
    this.#greetingRedirects = 0;
  }

  #retarget(to: string): string | undefined {
    const url = this.#sentOn(to);
    return url !== undefined && isTarget(url) ? url : undefined;
  }

  #sentOn(to: string): string | undefined {
    const redirect = this.#redirect;
    if (redirect !== undefined) return redirect(to);
    const from = typeof this.#url === "string" ? this.#url : this.#asked;
    return from === undefined ? undefined : sentOn(from, to);
  }
}

/** Whether a connection can be made to it. */
function isTarget(url: string): boolean {
  return URL.canParse(url) && SCHEMES.includes(new URL(url).protocol);
}

/** Where a client is sent on to: the other server's host, and path if it has one, with this client's own query. */
function sentOn(from: string, to: string): string | undefined {
  if (!isTarget(from) || !isTarget(to)) return undefined;
  const before = new URL(from);
  const after = new URL(to);
  // What was said in secret is not said aloud.
  if (isSecure(before) && !isSecure(after)) return undefined;
  if (after.pathname === "/") after.pathname = before.pathname;
  if (after.search === "") after.search = before.search;
  return after.href;
}

function isSecure({ protocol }: URL): boolean {
  return protocol === "wss:" || protocol === "https:";
}
