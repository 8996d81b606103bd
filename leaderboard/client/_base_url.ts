// This module is browser compatible.

const MAX_URL_LENGTH = 8_192;

/** Where the server is mounted. */
export class BaseUrl {
  /** With a slash at its end, so that what is relative to it is below it. */
  readonly href: string;

  constructor(baseUrl: string) {
    const url = URL.parse(baseUrl);
    if (
      url === null || !isHttp(url) || url.username !== "" ||
      url.password !== "" || url.search !== "" || url.hash !== ""
    ) {
      throw new TypeError(
        `Cannot use baseUrl as it must be an absolute http(s) URL without user name, query and fragment: current value is "${
          shown(String(baseUrl), url)
        }"`,
      );
    }
    this.href = url.href.endsWith("/") ? url.href : `${url.href}/`;
  }

  /** The absolute URL of what the server named: a path relative to where it is mounted, or elsewhere by http(s). */
  resolve(url: string): string | undefined {
    if (url === "" || url.length > MAX_URL_LENGTH) return undefined;
    const isMounted = url.startsWith("/") && !/^\/[/\\]/.test(url);
    const resolved = URL.parse(isMounted ? `.${url}` : url, this.href);
    return resolved !== null && isHttp(resolved) && resolved.username === "" &&
        resolved.password === ""
      ? resolved.href
      : undefined;
  }
}

/** Without what may be a secret. */
function shown(text: string, url: URL | null): string {
  return url === null
    ? text.replace(/^.*@/s, "…@").replace(/[?#].*$/s, "").slice(0, 200)
    : `${url.protocol}//${url.host}${url.pathname}`;
}

function isHttp(url: URL): boolean {
  return url.protocol === "http:" || url.protocol === "https:";
}
