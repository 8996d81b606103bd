// This module is browser compatible.
import { encodeBase64 } from "../../core/mod.ts";
import { PAGE_MARKUP } from "./_page_markup.ts";
import { runPage } from "./_page_script.ts";
import { PAGE_STYLE } from "./_page_style.ts";

/** A title whose boards a {@linkcode LeaderboardPage} shows. */
export interface PageTitle {
  /** The title. */
  readonly title: string;
  /** An API key of its role `game`, where the server has keys. Everybody who sees the page can read it. */
  readonly key?: string;
}

/**
 * A page that shows the boards of a server live: by board, period and class, around a player, and with each change as it
 * comes. It is one answer, without files beside it and without a build, and asks for `v1/…` beside itself: serve it where
 * the server is mounted, with a slash at the end.
 *
 * Its Content-Security-Policy lets nothing run but its own script; names of players are only ever shown as text.
 *
 * @example What it answers
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { LeaderboardPage } from "@tickwire/net/leaderboard/page";
 *
 * const page = await LeaderboardPage.make();
 * const response = page.respond();
 * assertEquals(response.headers.get("content-type"), "text/html; charset=utf-8");
 * assert(response.headers.get("content-security-policy")?.includes("default-src 'none'"));
 * assert((await response.text()).startsWith("<!doctype html>"));
 * ```
 */
export class LeaderboardPage {
  readonly #html: string;
  readonly #policy: string;

  private constructor(html: string, policy: string) {
    this.#html = html;
    this.#policy = policy;
  }

  /**
   * Makes the page.
   *
   * @param titles The titles that it may show; the one of a server without keys by default.
   * @returns A promise of the page. It rejects with a `RangeError` if there is no title.
   */
  static async make(
    titles: readonly PageTitle[] = [{ title: "main" }],
  ): Promise<LeaderboardPage> {
    if (titles.length === 0) {
      throw new RangeError("Cannot make page as there must be a title");
    }
    const script = `"use strict";\n(${runPage})();\n`;
    // What is data is not run; a "<" in it could end it.
    const config = JSON.stringify(titles).replaceAll("<", "\\u003c");
    const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Leaderboards</title>
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
    return new LeaderboardPage(html, policy);
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
