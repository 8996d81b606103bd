// This module is browser compatible.
import { encodeBase64 } from "../../core/mod.ts";
import { PAGE_MARKUP } from "./_page_markup.ts";
import { pageScript } from "./_page_script.ts";
import { PAGE_STYLE } from "./_page_style.ts";

/** A title that an {@linkcode AnalyticsPage} shows. */
export interface AnalyticsPageTitle {
  /** The title. */
  readonly title: string;
  /**
   * An API key of its role `reader`, where the collector has keys and everybody who sees the page may read what they
   * open: it is part of the page. Without one the page asks for a key when the collector does.
   */
  readonly key?: string;
}

/**
 * A dashboard over what a collector has stored: figures and charts that follow what comes in, by build, platform and
 * time, each with a table behind it and a download of what is seen. It is one answer, without files beside it and
 * without a build, and asks for `v1/query/…` beside itself: serve it where the collector is mounted, with a slash at the
 * end.
 *
 * Its Content-Security-Policy lets nothing run but its own script; labels and names are only ever shown as text. What is
 * looked at stands in the hash of the URL; a key that somebody enters is kept in his tab, and is never in the URL.
 *
 * @example What it answers
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { AnalyticsPage } from "@tickwire/net/analytics/page";
 *
 * const page = await AnalyticsPage.make();
 * const response = page.respond();
 * assertEquals(response.headers.get("content-type"), "text/html; charset=utf-8");
 * assert(response.headers.get("content-security-policy")?.includes("default-src 'none'"));
 * assert((await response.text()).startsWith("<!doctype html>"));
 * ```
 */
export class AnalyticsPage {
  readonly #html: string;
  readonly #policy: string;

  private constructor(html: string, policy: string) {
    this.#html = html;
    this.#policy = policy;
  }

  /**
   * Makes the page.
   *
   * @param titles The titles that it may show; the one of a collector without keys by default.
   * @returns A promise of the page. It rejects with a `RangeError` if there is no title.
   */
  static async make(
    titles: readonly AnalyticsPageTitle[] = [{ title: "main" }],
  ): Promise<AnalyticsPage> {
    if (titles.length === 0) {
      throw new RangeError("Cannot make page as there must be a title");
    }
    const script = pageScript();
    // What is data is not run; a "<" in it could end it.
    const config = JSON.stringify(titles).replaceAll("<", "\\u003c");
    const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Analytics</title>
<link rel="icon" href="data:,">
<style>${PAGE_STYLE}</style>
</head>
<body>${PAGE_MARKUP}<script id="config" type="application/json">${config}</script>
<script>${script}</script>
</body>
</html>
`;
    const policy = [
      "default-src 'none'",
      `script-src '${await hashOf(script)}'`,
      `style-src '${await hashOf(PAGE_STYLE)}'`,
      "img-src data:",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ].join("; ");
    return new AnalyticsPage(html, policy);
  }

  /**
   * Answers a request for the page.
   *
   * @param method The request's method: for `HEAD` there is no body.
   * @returns A new response.
   */
  respond(method: string = "GET"): Response {
    return new Response(method === "HEAD" ? null : this.#html, {
      headers: {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": this.#policy,
        "cache-control": "no-cache",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
      },
    });
  }
}

async function hashOf(text: string): Promise<string> {
  const bytes = new TextEncoder().encode(text);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return `sha256-${encodeBase64(hash)}`;
}
