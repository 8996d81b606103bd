// This module is browser compatible.
import { PageAnswer } from "../../http/server/mod.ts";
import { PAGE_MARKUP } from "./_page_markup.ts";
import { PAGE_SCRIPT } from "./_page_script.ts";
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
  readonly #answer: PageAnswer;

  private constructor(answer: PageAnswer) {
    this.#answer = answer;
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
    return new AnalyticsPage(
      await PageAnswer.make({
        title: "Analytics",
        style: PAGE_STYLE,
        markup: PAGE_MARKUP,
        script: PAGE_SCRIPT,
        config: titles,
      }),
    );
  }

  /**
   * Answers a request for the page.
   *
   * @param method The request's method: for `HEAD` there is no body.
   * @returns A new response.
   */
  respond(method: string = "GET"): Response {
    return this.#answer.respond(method);
  }
}
