// The client in a page, over loopback, with a collector of another origin.
import { assert, assertEquals } from "@std/assert";
import { ChromiumSession } from "../../tools/chromium_session.ts";
import { findChromium } from "../../tools/runtimes.ts";
import { BrowserSite } from "./_testing/browser_site.ts";

const chromium = await findChromium();
const missing = "missing" in chromium ? ` (${chromium.missing})` : "";
const DEADLINE_MS = 20_000;
/** What browsers let a page send while it is closed, less what the client leaves for others. */
const MAX_PAGE_BYTES = 61_440;

/** Registers a test in a browser that is as if it had just been installed. */
function browserTest(
  name: string,
  run: (browser: ChromiumSession, site: BrowserSite) => Promise<void>,
): void {
  Deno.test({
    name: `${name}, in Chromium${missing}`,
    ignore: missing !== "" && Deno.env.get("CI") !== "true",
    fn: async () => {
      if ("missing" in chromium) throw new Error(chromium.missing);
      await using site = new BrowserSite();
      await using browser = await ChromiumSession.start(chromium.program);
      await run(browser, site);
    },
  });
}

/** Opens a page, and waits until it has its modules. */
async function open(browser: ChromiumSession, url: string): Promise<void> {
  await browser.open(url);
  await browser.until(
    `globalThis.isLoaded === true && location.href === "${url}"`,
  );
}

/** Opens another tab, which the page knows as `tab`. */
async function openTab(browser: ChromiumSession): Promise<void> {
  await browser.send("Runtime.evaluate", {
    expression: `globalThis.tab = open("/"); 0`,
    userGesture: true,
  });
  await browser.until("tab !== null && tab.isLoaded === true");
}

/** Waits until a condition holds. */
async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const endMs = performance.now() + DEADLINE_MS;
  while (!await condition()) {
    assert(performance.now() < endMs, `It takes too long: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Waits until the page's client has been ticked ten times more. */
async function ticksPass(browser: ChromiumSession): Promise<void> {
  const ticks = await browser.evaluate<number>("globalThis.ticks ?? 0");
  await browser.until(`(globalThis.ticks ?? 0) >= ${ticks + 10}`);
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** All that a site may have stored in a browser. */
const STORED = `(async () => ({
  items: localStorage.length + sessionStorage.length,
  databases: (await indexedDB.databases()).map(({ name }) => name),
  cookies: document.cookie,
  locks: (await navigator.locks.query()).held.length,
}))()`;
const NOTHING = { items: 0, databases: [], cookies: "", locks: 0 };

const BEFORE = `(() => {
  globalThis.client = make("unsent");
  client.captureErrors(globalThis);
  recordAll(client, 0, 10);
  client.recordFrame(16);
  client.recordMemory(1e6);
  client.flush();
  client.handlePageHide(true);
  Promise.reject(new Error("boom"));
})()`;

browserTest(
  "Analytics stores and sends nothing before the player agrees",
  async (browser, site) => {
    await open(browser, site.page);
    await browser.evaluate(BEFORE);
    // Some ticks pass, and a page that is left.
    await ticksPass(browser);
    assertEquals(await browser.evaluate(STORED), NOTHING);
    await open(browser, `${site.page}?again`);
    assertEquals(await browser.evaluate(STORED), NOTHING);
    assertEquals(site.calls, []);

    await browser.evaluate(BEFORE);
    await ticksPass(browser);
    await browser.evaluate(
      `client.enable("${site.endpoint}"), client.flush()`,
    );
    await until("the batch", async () => (await site.events()).length > 0);
    await browser.until(`client.uploadsSent === 1`);
    assertEquals(await browser.evaluate(STORED), {
      ...NOTHING,
      databases: ["unsent"],
      locks: 1,
    });
    await browser.evaluate(
      `client.record(analytics.AnalyticsEvent.custom({ key: "denied" })), client.disable()`,
    );
    await browser.until<{ locks: number }>(STORED, ({ locks }) => locks === 0);
    const left = await browser.evaluate(`new Promise((resolve, reject) => {
    const request = indexedDB.open("unsent");
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const names = [...request.result.objectStoreNames];
      const rows = names.map((name) => new Promise((resolve) => {
        const all = request.result.transaction(name).objectStore(name).getAll();
        all.onsuccess = () => resolve(JSON.stringify(all.result));
      }));
      Promise.all(rows).then((texts) => resolve(texts.join()));
    };
  })`);
    const { length } = site.calls;
    await open(browser, `${site.page}?left`);
    assertEquals(site.calls.length, length);
    assertEquals(
      (await site.events()).map(({ name }) => name),
      ["sessionStart"],
    );
    // Ids have 22 characters.
    assert(!/[\w-]{22}/.test(`${left}`), `${left}`);
  },
);

browserTest(
  "Analytics works in a page that has no storage",
  async (browser, site) => {
    await open(browser, `${site.page}?sandbox`);
    const storages = `["localStorage", "sessionStorage"].map((name) => {
    try {
      return globalThis[name].length;
    } catch (error) {
      return error.name;
    }
  })`;
    assertEquals(await browser.evaluate(storages), [
      "SecurityError",
      "SecurityError",
    ]);
    await browser.evaluate(BEFORE);
    await ticksPass(browser);
    assertEquals(site.calls, []);
    await browser.evaluate(
      `client.enable("${site.endpoint}"), recordAll(client, 0, 500), client.flush()`,
    );
    await browser.until(
      `client.counters.stored + client.counters.queued === 0`,
    );
    assertEquals(await site.values(), upTo(500));
    assert(
      await browser.evaluate(
        `notices.some(({ type }) => type === "journalFailed")`,
      ),
    );
    const [asked, sent] = site.calls;
    assertEquals(asked!.method, "OPTIONS");
    assertEquals(sent!.headers.get("content-encoding"), "gzip");
    assertEquals(sent!.headers.get("x-api-key"), "game-key");
    assertEquals(sent!.headers.get("cookie"), null);
    assert(sent!.bytes * 2 < sent!.text.length, `${sent!.bytes}`);
  },
);

browserTest(
  "Analytics delivers each event once when its page is left",
  async (browser, site) => {
    await open(browser, site.page);
    // More than a page may send while it is left.
    await browser.evaluate(
      `globalThis.client = make("unsent", { flushEvents: 16384 }),
      client.enable("${site.endpoint}"), recordAll(client, 0, 9000)`,
    );
    await browser.until(
      "client.counters.queued === 0 && client.counters.stored > 9000",
    );
    await browser.evaluate(
      `recordAll(client, 9000, 9100), location.assign("/?next")`,
    );
    await until("the page's last batch", () => site.calls.length > 0);
    await browser.until("globalThis.isLoaded && location.search === '?next'");
    // A page is told twice that it is left, and sends nothing twice.
    assertEquals(site.calls.length, 1);
    const { method, path, bytes, headers } = site.calls[0]!;
    assertEquals([method, path], ["POST", "/v1/batch?key=game-key"]);
    assertEquals(headers.get("content-type"), "text/plain;charset=UTF-8");
    assert(bytes <= MAX_PAGE_BYTES && bytes > 20_000, `${bytes}`);
    await until("its answer", async () => (await site.values()).length > 0);
    assertEquals((await site.values()).slice(-100), upTo(9_100).slice(9_000));

    await browser.evaluate(
      `globalThis.client = make("unsent"), client.enable("${site.endpoint}")`,
    );
    await browser.until("client.sessionId !== undefined");
    await browser.evaluate("client.flush()");
    await browser.until(
      "client.uploadsSent > 0 && client.counters.stored + client.counters.queued === 0",
    );
    assertEquals(await site.values(), upTo(9_100));
    // Whoever is back so soon goes on with his session.
    const starts = (await site.events())
      .filter(({ name }) => name === "sessionStart")
      .map(({ data }) => JSON.parse(data).isResumed);
    assertEquals(starts.sort(), [false, true]);
  },
);

browserTest(
  "Analytics delivers the end of a session when its tab is closed",
  async (browser, site) => {
    await open(browser, site.page);
    await openTab(browser);
    await browser.evaluate(
      `tab.client = tab.make("", { flushEvents: 16384 }), tab.client.enable("${site.endpoint}")`,
    );
    await browser.until("tab.client.sessionId !== undefined");
    // More than half of what a page may send, so that there is no room for it twice.
    await browser.evaluate(
      "tab.recordAll(tab.client, 0, 1800), tab.close()",
    );
    // Hidden and then left, the page sends two batches, and the later one may arrive first.
    await until("the end of the session and all before it", async () => {
      return (await site.events()).some(({ name }) => name === "sessionEnd") &&
        (await site.values()).length >= 1_800;
    });
    assertEquals(await site.values(), upTo(1_800));
    const texts = site.calls.map(({ text }) => JSON.parse(text));
    const numbers: number[] = texts.flatMap(({ runs }) => runs)
      .flatMap(({ n, e }) => e.map((_: unknown, i: number) => n + i));
    assertEquals(numbers.sort((a, b) => a - b), upTo(numbers.length));
  },
);

browserTest(
  "Analytics gives one of two tabs the journal, and loses nothing when both are closed",
  async (browser, site) => {
    await open(browser, site.page);
    const enable = `(page, from, to) => {
    page.client = page.make("unsent");
    page.client.enable("${site.endpoint}");
    page.recordAll(page.client, from, to);
  }`;
    await browser.evaluate(`(${enable})(globalThis, 0, 50)`);
    await browser.until("client.counters.stored > 0");
    await openTab(browser);
    await browser.evaluate(`(${enable})(tab, 50, 90)`);
    await browser.until(`tab.client.sessionId !== undefined`);
    const failed = `(page) => page.notices
    .filter(({ type }) => type === "journalFailed")
    .map(({ cause }) => cause.code)`;
    assertEquals(await browser.evaluate(`(${failed})(globalThis)`), []);
    assertEquals(await browser.evaluate(`(${failed})(tab)`), ["locked"]);
    assert(await browser.evaluate("client.sessionId !== tab.client.sessionId"));

    await browser.evaluate("tab.close()");
    await until("the tab's batches", async () => {
      const values = await site.values();
      return values.filter((value) => value >= 50).length === 40 &&
        (await site.events()).some(({ name }) => name === "sessionEnd");
    });
    await open(browser, `${site.page}?next`);
    await until("the other tab's batch", async () => {
      return (await site.values()).length === 90;
    });
    assertEquals(await site.values(), upTo(90));
    const sessions = (await site.events()).map(({ session }) => session);
    assertEquals(new Set(sessions).size, 2);
  },
);

browserTest(
  "Analytics.captureErrors() hears what a page does not catch",
  async (browser, site) => {
    await open(browser, site.page);
    await browser.evaluate(`(() => {
    globalThis.client = make("");
    client.captureErrors(globalThis);
    client.enable("${site.endpoint}");
    setTimeout(() => {
      throw new RangeError("no slot for ada@example.com");
    });
    Promise.reject(new TypeError("no room at /home/ada/saves"));
  })()`);
    await browser.until("client.counters.recorded === 2");
    await browser.evaluate("client.flush()");
    await browser.until("client.uploadsSent > 0");
    const told = (await site.events())
      .filter(({ name }) => name === "exception")
      .map(({ data }) => JSON.parse(data))
      .map(({ name, message, isFatal }) => [name, message, isFatal]).sort();
    assertEquals(told, [
      ["RangeError", "no slot for <e-mail>", true],
      ["TypeError", "no room at <path>", true],
    ]);
    for (const { text } of site.calls) {
      assert(!text.includes("ada"), text);
      assert(!text.includes("127.0.0.1"), text);
    }
  },
);

browserTest(
  "Analytics follows a collector to no other place",
  async (browser, site) => {
    await using other = new BrowserSite();
    site.redirect = `${other.endpoint}/v1/batch`;
    await open(browser, site.page);
    await browser.evaluate(
      `globalThis.client = make(""), client.enable("${site.endpoint}")`,
    );
    await browser.until("client.sessionId !== undefined");
    await browser.evaluate("client.flush()");
    await browser.until("client.counters.uploadsFailed > 0");
    const { length } = site.calls;
    await browser.evaluate(
      "recordAll(client, 0, 5), client.handlePageHide()",
    );
    await until("the page's batch", () => site.calls.length > length);
    // Whatever the page does about the answer it has done when a later request of its own is over.
    await browser.evaluate("fetch(location.href).then((it) => it.text())");
    await ticksPass(browser);
    assertEquals(other.calls.map(({ path }) => path), []);
  },
);
