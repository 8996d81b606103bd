// This module is browser compatible.
import { PageAnswer } from "../../http/server/mod.ts";
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
  readonly #answer: PageAnswer;

  private constructor(answer: PageAnswer) {
    this.#answer = answer;
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
    return new LeaderboardPage(
      await PageAnswer.make({
        title: "Leaderboards",
        style: PAGE_STYLE,
        markup: PAGE_MARKUP,
        script: `"use strict";\n(${runPage})();\n`,
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
