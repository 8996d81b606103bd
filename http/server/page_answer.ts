// This module is browser compatible.
import { encodeBase64 } from "../../core/mod.ts";

/** What a page is made of. All of it is the author's: nothing of it may come from a peer. */
export interface PageParts {
  /** The title, as HTML. */
  readonly title: string;
  /** The style sheet. */
  readonly style: string;
  /** The body, as HTML, without scripts and without attributes that are style or script. */
  readonly markup: string;
  /** The script. */
  readonly script: string;
  /** What the script finds in the element `config`, as JSON. It is shown to everybody who sees the page. */
  readonly config: unknown;
}

/**
 * A page that is one answer, without files beside it and without a build. Its Content-Security-Policy lets nothing run
 * but its own script, and that ask for nothing but what is beside the page; there is no `innerHTML` in it (Trusted
 * Types).
 */
export class PageAnswer {
  readonly #html: string;
  readonly #policy: string;

  private constructor(html: string, policy: string) {
    this.#html = html;
    this.#policy = policy;
  }

  /** Makes a page. */
  static async make(parts: PageParts): Promise<PageAnswer> {
    const { title, style, markup, script } = parts;
    // What is data is not run; a "<" in it could end it.
    const config = JSON.stringify(parts.config).replaceAll("<", "\\u003c");
    const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>${markup}<script id="config" type="application/json">${config}</script>
<script>${script}</script>
</body>
</html>
`;
    const policy = [
      "default-src 'none'",
      `script-src '${await hashOf(script)}'`,
      `style-src '${await hashOf(style)}'`,
      "img-src data:",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ].join("; ");
    return new PageAnswer(html, policy);
  }

  /** Answers a request for it; for `HEAD` without a body. */
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
  return `sha256-${encodeBase64(hash)}`;
}
