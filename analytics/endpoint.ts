// This module is browser compatible.

/**
 * Checks where a collector, or whatever else events are sent to, is mounted.
 *
 * @returns The URL with a slash at its end, so that what is relative to it is below it.
 * @throws {TypeError} If it is no absolute http(s) URL, or has more than a path.
 */
export function readEndpoint(endpoint: string): string {
  const url = URL.parse(endpoint);
  if (
    url === null || !(url.protocol === "https:" || url.protocol === "http:") ||
    url.username !== "" || url.password !== "" || url.search !== "" ||
    url.hash !== ""
  ) {
    // What is behind an "@", a "?" or a "#" may be a secret, and is not repeated.
    const shown = String(endpoint).replace(/^.*@/s, "…@")
      .replace(/[?#].*$/s, "").slice(0, 200);
    throw new TypeError(
      `Cannot use endpoint as it must be an absolute http(s) URL without user name, query and fragment: current value is "${shown}"`,
    );
  }
  return url.href.replace(/\/*$/, "/");
}
