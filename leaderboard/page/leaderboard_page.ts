import { PAGE_MARKUP } from "./_page_markup.ts";
import { runPage, type Title } from "./_page_script.ts";
import { PAGE_STYLE } from "./_page_style.ts";

/**
 * A page that shows the boards of a server live. All of it is in one answer, made of this module's own text: no file is
 * read and nothing is built. It asks for `v1/…` beside itself.
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
   * @param titles The titles that it may show, at least one, each with a key of the role `game`, which everybody may see.
   */
  static async make(titles: readonly Title[]): Promise<LeaderboardPage> {
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

  /** The page as an answer; for HEAD without its body. */
  respond(method: string): Response {
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
  return `sha256-${hash.toBase64()}`;
}
