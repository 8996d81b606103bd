// This module is browser compatible.

/** Where a request goes. */
export interface Target {
  /** The absolute URL without its fragment. */
  readonly url: string;
  /** Scheme, host and port, as in `URL.origin`. */
  readonly origin: string;
}

const MAX_KNOWN_ORIGINS = 256;

// What `URL` would leave as it is: printable ASCII without what it escapes, turns
// round or resolves ("\", "/." and "%2e" segments, quotes, fragments).
const PLAIN_PATH = /^\/[A-Za-z0-9\-_~!$&()*+,;=:@%/?.]*$/;

/**
 * Resolves request URLs. `URL` costs a microsecond and more; most requests of a game
 * go to few origins with plain paths, and for those a remembered prefix is enough.
 */
export class TargetResolver {
  readonly #base: URL | undefined;
  readonly #origins = new Map<string, string>();
  /** The one most likely to be next. */
  #lastOrigin = "";

  /**
   * Makes a resolver.
   *
   * @param baseUrl What relative URLs are resolved against.
   * @throws {TypeError} If the base is not an absolute http(s) URL.
   */
  constructor(baseUrl?: string) {
    if (baseUrl === undefined) return;
    const base = URL.parse(baseUrl);
    if (base === null || !isHttp(base)) {
      throw new TypeError(
        `Cannot use baseUrl as it must be an absolute http(s) URL: current value is "${baseUrl}"`,
      );
    }
    this.#base = base;
  }

  /** The origin of the base URL, if there is one. */
  get baseOrigin(): string | undefined {
    return this.#base?.origin;
  }

  /**
   * Resolves a URL (WHATWG URL).
   *
   * @param url An absolute URL, or one relative to the base.
   * @returns The target, or a sentence that says why there is none.
   */
  resolve(url: string): Target | string {
    const plain = this.#resolvePlain(url);
    if (plain !== undefined) return plain;
    const parsed = URL.parse(url, this.#base);
    // A URL may hold secrets in its query: only what stands before it is repeated.
    const shown = url.slice(0, 200).replace(/[?#].*$/s, "");
    if (parsed === null) {
      return this.#base === undefined
        ? `Cannot send request as its URL must be absolute or the client must have a baseUrl: current URL is "${shown}"`
        : `Cannot send request as its URL is not valid: current URL is "${shown}"`;
    }
    if (!isHttp(parsed)) {
      return `Cannot send request as its URL must be http or https: current scheme is "${parsed.protocol}"`;
    }
    if (parsed.username !== "" || parsed.password !== "") {
      return "Cannot send request as its URL must not have a user name or password: use a header";
    }
    parsed.hash = "";
    const target = { url: parsed.href, origin: parsed.origin };
    this.#remember(parsed.origin);
    return target;
  }

  #resolvePlain(url: string): Target | undefined {
    if (url.charCodeAt(0) === 0x2f) { // "/…": relative to the base's origin
      const base = this.#base;
      if (base === undefined || url.charCodeAt(1) === 0x2f) return undefined;
      return isPlain(url)
        ? { url: base.origin + url, origin: base.origin }
        : undefined;
    }
    let origin = this.#lastOrigin;
    if (!url.startsWith(origin) || url.charCodeAt(origin.length) !== 0x2f) {
      const scheme = url.indexOf("://");
      if (scheme < 0) return undefined;
      const path = url.indexOf("/", scheme + 3);
      if (path < 0) return undefined;
      const known = this.#origins.get(url.slice(0, path));
      if (known === undefined) return undefined;
      this.#lastOrigin = origin = known;
    }
    return isPlain(url.slice(origin.length)) ? { url, origin } : undefined;
  }

  #remember(origin: string): void {
    if (this.#origins.size >= MAX_KNOWN_ORIGINS) this.#origins.clear();
    this.#origins.set(origin, origin);
  }
}

function isPlain(path: string): boolean {
  return PLAIN_PATH.test(path) && !path.includes("/.") &&
    !path.includes("%2");
}

function isHttp(url: URL): boolean {
  return url.protocol === "http:" || url.protocol === "https:";
}
