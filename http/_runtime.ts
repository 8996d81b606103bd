// This module is browser compatible.

/**
 * Tells whether `fetch` is a browser's: it has a cache of its own, and streams request bodies over HTTP/2 only, if at all.
 *
 * @returns `false` in Deno, Node and Bun, which name themselves.
 */
export function isBrowser(): boolean {
  return !/^(Deno|Node\.js|Bun)\//.test(globalThis.navigator?.userAgent ?? "");
}
