// Reads the dashboard in a browser, and uses it.
import { assertEquals } from "@std/assert";
import { ChromiumSession } from "../../../tools/chromium_session.ts";
import { findChromium } from "../../../tools/runtimes.ts";

const chromium = await findChromium();
const missing = "missing" in chromium ? ` (${chromium.missing})` : "";

/** The cards with charts. */
export const CARDS = [
  "events",
  "sessions",
  "retention",
  "funnel",
  "frames",
  "memory",
  "deaths",
  "drops",
];
/** What opens all of their tables. */
export const ALL_TABLES = `tables=${CARDS.join(",")}`;

/** Registers a test that runs in Chromium. */
export function browserTest(
  name: string,
  run: (page: PageDriver) => Promise<void>,
): void {
  Deno.test({
    name: `${name}, in Chromium${missing}`,
    ignore: missing !== "" && Deno.env.get("CI") !== "true",
    fn: async () => {
      if ("missing" in chromium) throw new Error(chromium.missing);
      await using session = await ChromiumSession.start(chromium.program);
      await run(new PageDriver(session));
    },
  });
}

/** The dashboard, open in a browser. */
export class PageDriver {
  /** What drives the browser. */
  readonly session: ChromiumSession;

  constructor(session: ChromiumSession) {
    this.session = session;
  }

  /** Opens the page, and waits until all cards are shown. */
  async open(url: string): Promise<void> {
    await this.session.open(url);
    await this.settled();
  }

  /** Waits until what is shown is of the view. */
  async settled(): Promise<void> {
    await this.session.until(
      `document.querySelector("#state")?.textContent === "live" &&
        document.querySelector("[aria-busy=true]") === null`,
    );
  }

  /** The text of an element. */
  text(selector: string): Promise<string> {
    return this.session.evaluate(
      `document.querySelector(${JSON.stringify(selector)}).textContent`,
    );
  }

  /** Chooses in a select, a radio or a date as somebody would. */
  choose(selector: string, value: string): Promise<void> {
    return this.#act(`{
      const it = document.querySelector(${JSON.stringify(selector)});
      if (it.type === "radio") it.click();
      else {
        it.value = ${JSON.stringify(value)};
        if (it.value !== ${
      JSON.stringify(value)
    }) throw new Error("There is no such choice");
        it.dispatchEvent(new Event("change"));
      }
    }`);
  }

  /** Presses a button. */
  click(selector: string): Promise<void> {
    return this.#act(
      `document.querySelector(${JSON.stringify(selector)}).click();`,
    );
  }

  /** Asks the collector now, and not only when it is time. */
  async poll(): Promise<void> {
    await this.session.evaluate(`{ dispatchEvent(new Event("online")) }`);
  }

  /** The cells of a card's table, heads first. */
  table(card: string): Promise<string[][]> {
    return this.session.evaluate(
      `[...document.querySelectorAll("#${card}-table tr")]
        .map((row) => [...row.children].map((cell) => cell.textContent))`,
    );
  }

  /** The cells as numbers where they are counts. */
  async counts(card: string): Promise<(string | number)[][]> {
    const [, ...rows] = await this.table(card);
    return rows.map((row) =>
      row.map((text) =>
        /^[\d,]+$/.test(text) ? Number(text.replaceAll(",", "")) : text
      )
    );
  }

  /** Presses a key several times. */
  async press(key: string, times = 1): Promise<void> {
    const codes: Readonly<Record<string, number>> = {
      Tab: 9,
      Enter: 13,
      Escape: 27,
      " ": 32,
      End: 35,
      Home: 36,
      ArrowLeft: 37,
      ArrowUp: 38,
      ArrowRight: 39,
      ArrowDown: 40,
    };
    for (let i = 0; i < times; i++) await this.session.press(key, codes[key]!);
  }

  /** Fails if the browser complained about anything but answers that are none. */
  assertCalm(): void {
    assertEquals(
      this.session.problems.filter((it) => !/status of (401|403|503)/.test(it)),
      [],
    );
  }

  /** Does something, and waits until the page has seen another address if there is one. */
  async #act(script: string): Promise<void> {
    await this.session.evaluate(`new Promise((resolve) => {
      const { href } = location;
      addEventListener("hashchange", () => resolve(), { once: true });
      ${script}
      if (location.href === href) resolve();
    })`);
  }
}
