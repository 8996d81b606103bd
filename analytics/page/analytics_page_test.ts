// The dashboard in a browser, driven from outside as people would.
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { FakeCollector, USUAL_LABELS } from "./_testing/fake_collector.ts";
import { ALL_TABLES, browserTest, CARDS } from "./_testing/page_driver.ts";
import { AnalyticsPage } from "./mod.ts";

/** What the collector answered to the last question of a kind. */
function answered<T>(site: FakeCollector, path: string): T[] {
  const own = site.asked.findLast((it) =>
    it.path === path && it.params.by !== "none" && it.params.event === undefined
  )!;
  return (site.bodyOf(path, own.params) as { rows: T[] }).rows;
}

/** The span that was asked for last, by the newest question of sessions that is not of the period before. */
function spanOf(site: FakeCollector): { from: number; to: number } {
  const all = site.asked.filter(({ path }) => path === "deaths");
  const { from, to } = all.at(-1)!.params;
  return { from: Number(from), to: Number(to) };
}

browserTest(
  "AnalyticsPage shows in tables what it was answered",
  async (page) => {
    await using site = await FakeCollector.open();
    await page.open(`${site.url}#${ALL_TABLES}`);
    const { from, to } = spanOf(site);
    const span = { from: `${from}`, to: `${to}` };

    const events = (site.bodyOf("events", { ...span, step: "day" }) as {
      rows: { start: number; event: string; count: number }[];
    }).rows;
    const [head] = await page.table("events");
    assertEquals(head!.length, 6);
    const rows = await page.counts("events");
    assertEquals(rows.length, 7);
    for (const [i, row] of rows.entries()) {
      for (const [j, event] of head!.entries()) {
        if (j === 0) continue;
        const start = from + i * 86_400_000;
        const own = events.find((it) =>
          it.start === start && it.event === event
        );
        assertEquals(row[j], own!.count, `${event} on day ${i}`);
      }
    }
    // The most frequent ones are those that are drawn.
    const totals = Map.groupBy(events, ({ event }) => event);
    const order = [...totals].map(([event, all]) =>
      [event, all.reduce((sum, { count }) => sum + count, 0)] as const
    ).sort((a, b) => b[1] - a[1]).map(([event]) => event)
      .filter((it) => it !== "frameTime" && it !== "memoryUsage");
    assertEquals(head!.slice(1), order.slice(0, 5));

    const sessions = site.bodyOf("sessions", { ...span, step: "day" }) as {
      rows: { sessions: number; players: number; unclean: number }[];
      total: { sessions: number; players: number };
    };
    assertEquals(
      (await page.counts("sessions")).map((
        [, ...row],
      ) => [row[0], row[1], row[3]]),
      sessions.rows.map((it) => [it.sessions, it.players, it.unclean]),
    );
    assertEquals(
      await page.text("#figure-sessions .figure"),
      sessions.total.sessions.toLocaleString("en-US"),
    );
    assertEquals(
      await page.text("#figure-players .figure"),
      sessions.total.players.toLocaleString("en-US"),
    );

    const retention = answered<Record<string, number | null>>(
      site,
      "retention",
    );
    assertEquals(
      (await page.counts("retention")).map(([, ...row]) => row),
      (site.bodyOf("retention", span) as { rows: typeof retention }).rows.map((
        { players, d1, d7, d30 },
      ) => [players!, d1 ?? "–", d7 ?? "–", d30 ?? "–"]),
    );
    const funnel = answered<{ step: string; count: number }>(site, "funnel");
    assertEquals(
      (await page.counts("funnel")).map(([step, count]) => ({ step, count })),
      funnel.map(({ step, count }) => ({ step, count })),
    );
    for (const card of ["frames", "memory"]) {
      const by = card === "frames" ? "build" : "platform";
      const expected = answered<Record<string, number | string>>(site, card);
      const shown = await page.counts(card);
      assertEquals(
        new Map(shown.map(([label, count]) => [label, count])),
        new Map(expected.map((it) => [it[by]!, it.frames!])),
      );
    }
    const [, ...frames] = await page.table("frames");
    for (
      const it of answered<Record<string, number | string>>(site, "frames")
    ) {
      const row = frames.find(([build]) => build === it.build)!;
      assertEquals(
        row.slice(2, 8).map((text) => Number(text.replace(/ ms$/, ""))),
        ["p50", "p90", "p95", "p99", "p999", "max"].map((name) =>
          Math.round(Number(it[name]) * 10) / 10
        ),
      );
    }
    const deaths = answered<{ floor: number; cause: string; count: number }>(
      site,
      "deaths",
    );
    assertEquals(
      new Set((await page.counts("deaths")).map((row) => row.join())),
      new Set(
        deaths.map(({ floor, cause, count }) => [floor, cause, count].join()),
      ),
    );
    assertEquals(
      await page.counts("drops"),
      answered<{ event: string; reason: string; count: number }>(site, "drops")
        .map(({ event, reason, count }) => [event, reason, count]),
    );
    const recent = await page.table("recent");
    assertEquals(recent.length, 51);
    assert(
      recent.some(([, event, fields]) =>
        event === "death" && /^cause .+, floor \d+, x 12.346$/.test(fields!)
      ),
    );

    // There is something to see in each of them.
    for (const card of CARDS) {
      assert(
        await page.session.evaluate<number>(
          `document.querySelectorAll("#${card} svg.chart > *").length`,
        ) > 8,
        card,
      );
      const table = await page.session.evaluate<boolean>(
        `document.querySelector("#${card}-table caption").textContent !== "" &&
        [...document.querySelectorAll("#${card}-table thead th")].every((it) => it.scope === "col") &&
        [...document.querySelectorAll("#${card}-table tbody tr")].every((it) => it.firstChild.scope === "row")`,
      );
      assert(table, card);
    }
    page.assertCalm();
  },
);

browserTest(
  "AnalyticsPage asks by its filters, which stand in the URL",
  async (page) => {
    await using site = await FakeCollector.open();
    await page.open(site.url);
    const asked = async (
      act: () => Promise<void>,
    ): Promise<typeof site.asked> => {
      const since = site.asked.length;
      await act();
      await page.settled();
      return site.asked.slice(since).filter(({ path }) => path !== "filters");
    };
    const hash = `location.hash`;
    for (
      const [act, name, value] of [
        [() => page.choose("#build", "1.1.0"), "build", "1.1.0"],
        [() => page.choose("#platform", "linux"), "platform", "linux"],
      ] as const
    ) {
      const queries = await asked(act);
      assert(queries.length >= 10, name);
      assertEquals(queries.filter(({ params }) => params[name] !== value), []);
    }
    assertEquals(
      await page.session.evaluate(hash),
      "#build=1.1.0&platform=linux",
    );
    const week = spanOf(site);
    assertEquals(week.to - week.from, 7 * 86_400_000);
    await asked(() => page.choose("#range-24h", ""));
    const day = spanOf(site);
    assertEquals(day.to - day.from, 86_400_000);
    assertEquals(
      site.asked.findLast(({ path }) => path === "sessions")!.params.step,
      "hour",
    );
    await asked(() => page.choose("#range-custom", ""));
    const custom = spanOf(site);
    assertEquals(custom.to - custom.from, 14 * 86_400_000);
    await page.session.evaluate(`{
    document.querySelector("#from").value = "2026-01-05";
    document.querySelector("#to").value = "2026-01-09";
    document.querySelector("#to").dispatchEvent(new Event("change"));
  }`);
    await page.session.until(
      `${hash}.includes("from=2026-01-05&to=2026-01-09")`,
    );
    await page.settled();
    assertEquals(spanOf(site), {
      from: Date.UTC(2026, 0, 5),
      to: Date.UTC(2026, 0, 10),
    });
    // A day that is after the other one is told, and asks for nothing.
    await page.session.evaluate(`{
    document.querySelector("#from").value = "2026-01-12";
    document.querySelector("#from").dispatchEvent(new Event("change"));
  }`);
    assertMatch(await page.text("#dates-problem"), /must not be after/);

    await asked(() => page.choose("#frames select", "platform"));
    assertEquals(
      site.asked.findLast(({ path, params }) =>
        path === "frames" && params.by !== "none"
      )!.params.by,
      "platform",
    );
    await asked(() =>
      page.choose("#funnel .steps li:nth-child(2) select", "death")
    );
    await asked(() => page.click("#funnel .chooser > button"));
    await asked(() =>
      page.choose("#funnel label:nth-of-type(1) select", "session")
    );
    const funnel = site.asked.findLast(({ path }) => path === "funnel")!.params;
    assertEquals(
      funnel.steps,
      "sessionStart,death,bossEncounter,achievement,custom",
    );
    assertEquals(funnel.by, "session");
    await page.choose("#deaths select", "map");
    await page.session.until(
      `document.querySelectorAll("#deaths .cell").length === 96`,
    );

    // Who is given the address sees the same.
    const shared = await page.session.evaluate<string>(`location.href`);
    const before = await page.text("#funnel .about");
    await page.session.open("about:blank");
    await page.open(shared);
    assertEquals(await page.text("#funnel .about"), before);
    assertEquals(
      await page.session.evaluate(`document.querySelector("#build").value`),
      "1.1.0",
    );
    page.assertCalm();
  },
);

browserTest(
  "AnalyticsPage follows what comes in, offline and back",
  async (page) => {
    await using site = await FakeCollector.open();
    // Its own clock runs fast, so that it asks by itself.
    await page.session.send("Page.addScriptToEvaluateOnNewDocument", {
      source: `{
      const { setTimeout } = globalThis;
      globalThis.setTimeout = (run, ms) => setTimeout(run, ms / 50);
    }`,
    });
    await page.open(site.url);
    const sessions =
      `document.querySelector("#figure-sessions .figure").textContent`;
    const before = await page.session.evaluate<string>(sessions);
    const chart = `document.querySelector("#events svg.chart").firstChild`;
    await page.session.evaluate(`globalThis.drawn = ${chart}`);
    const since = site.asked.length;
    while (site.asked.length < since + 40) {
      await page.session.evaluate(`new Promise(requestAnimationFrame)`);
    }
    const later = site.asked.slice(since).filter(({ path }) =>
      path !== "recent"
    );
    assertEquals(later.filter(({ status }) => status !== 304), []);
    // What has not changed is not drawn anew.
    assertEquals(await page.session.evaluate(`drawn === ${chart}`), true);

    site.revision++;
    await page.session.until<string>(sessions, (text) => text !== before);
    const changed = await page.session.evaluate<string>(sessions);
    page.assertCalm();

    site.isDown = true;
    await page.session.until(
      `document.querySelector("#state").textContent === "offline"`,
    );
    assertMatch(await page.text("#note-text"), /cannot be reached/);
    // What was there stays.
    assertEquals(await page.session.evaluate(sessions), changed);
    site.isDown = false;
    await page.settled();
    assertEquals(
      await page.session.evaluate(`document.querySelector("#note").hidden`),
      true,
    );
    // Who does not look asks nothing.
    await page.session.evaluate(`{
    Object.defineProperty(document, "hidden", { get: () => true, configurable: true });
  }`);
    const frames = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        await page.session.evaluate(`new Promise(requestAnimationFrame)`);
      }
    };
    // What is under way ends.
    await frames(30);
    const quiet = site.asked.length;
    await frames(30);
    assertEquals(site.asked.length, quiet);
    await page.session.evaluate(`{
    delete document.hidden;
    document.dispatchEvent(new Event("visibilitychange"));
  }`);
    await page.settled();
    while (site.asked.length === quiet) {
      await page.session.evaluate(`new Promise(requestAnimationFrame)`);
    }
    page.assertCalm();
  },
);

browserTest(
  "AnalyticsPage asks for a key, and keeps it to itself",
  async (page) => {
    await using site = await FakeCollector.open(USUAL_LABELS, {
      "key-to-read": "reader",
      "key-of-game": "game",
    });
    const isOpen = `document.querySelector("#key-dialog").open`;
    const enter = async (key: string): Promise<void> => {
      await page.session.until(isOpen);
      assertEquals(
        await page.session.evaluate(`document.activeElement.id`),
        "key",
      );
      await page.session.send("Input.insertText", { text: key });
      await page.press("Enter");
    };
    await page.session.open(`${site.url}#range=30d`);
    await page.session.send("Page.bringToFront");
    await enter("wrong");
    await page.session.until(
      `${isOpen} && /does not know/.test(document.querySelector("#key-about").textContent)`,
    );
    await enter("key-of-game");
    await page.session.until(
      `${isOpen} && /may not read/.test(document.querySelector("#key-about").textContent)`,
    );
    await page.press("Escape");
    await page.session.until(`!${isOpen}`);
    assertMatch(await page.text("#note-text"), /reader or admin/);
    await page.click("#ask-key");
    await enter("key-to-read");
    await page.settled();
    assertEquals(site.asked.at(-1)!.key, "key-to-read");
    const places = await page.session.evaluate<string[]>(
      `[location.href, JSON.stringify(localStorage), document.cookie, document.documentElement.outerHTML]`,
    );
    assertEquals(places.filter((it) => it.includes("key-to-read")), []);
    // In the tab it is still known.
    await page.session.evaluate(`location.reload()`);
    await page.session.until(
      `performance.getEntriesByType("navigation")[0].type === "reload"`,
    );
    await page.settled();
    assertEquals(
      site.asked.filter(({ params }) =>
        JSON.stringify(params).includes("key-to")
      ),
      [],
    );
    page.assertCalm();
  },
);

browserTest(
  "AnalyticsPage shows several titles, each by its own key",
  async (page) => {
    await using site = await FakeCollector.open(
      USUAL_LABELS,
      { "key-1": "reader", "key-2": "reader" },
      [{ title: "one", key: "key-1" }, { title: "two", key: "key-2" }],
    );
    await page.open(site.url);
    assertEquals(site.asked.at(-1)!.key, "key-1");
    const since = site.asked.length;
    await page.choose("#game", "two");
    await page.session.until(`document.title === "two – analytics"`);
    await page.session.until(
      `document.querySelector("[aria-busy=true]") === null`,
    );
    const later = site.asked.slice(since);
    assert(later.length > 10);
    assertEquals(
      later.filter(({ key, etag }) => key !== "key-2" || etag !== ""),
      [],
    );
    page.assertCalm();
  },
);

browserTest(
  "AnalyticsPage takes labels for text, whatever they are",
  async (page) => {
    const hostile = [
      "<script>document.title='owned'</script>",
      '<img src=x onerror="document.title=1">',
      "</td></table><h1>",
      "\u202Eevil",
      '"><svg onload=alert(1)>',
      "__proto__",
      "constructor",
      "=cmd|' /C calc'!A0",
      "W".repeat(64),
    ];
    await using site = await FakeCollector.open({
      events: hostile,
      builds: hostile,
      platforms: hostile,
      causes: hostile,
      floors: 40,
    });
    for (const width of [360, 1_280]) {
      await page.session.setScreen({
        width,
        height: 800,
        isPhone: width < 500,
      });
      await page.open(
        `${site.url}?${width}#${ALL_TABLES}&deaths=${
          width < 500 ? "map" : "bars"
        }`,
      );
      assertEquals(
        await page.session.evaluate(`document.documentElement.scrollWidth`),
        width < 500 ? width : await page.session.evaluate(
          `document.documentElement.clientWidth`,
        ),
      );
      for (const card of ["frames", "memory"]) {
        assertEquals(
          new Set((await page.table(card)).slice(1).map(([label]) => label)),
          new Set(hostile),
        );
      }
      assertEquals(await page.session.evaluate(`document.title`), "Analytics");
      assertEquals(
        await page.session.evaluate(
          `document.querySelectorAll("main script, main img, main h1, main [onload]").length`,
        ),
        0,
      );
    }
    const about = { build: hostile[1]!, platform: hostile[4]! };
    await page.open(`${site.url}?hash#${new URLSearchParams(about)}`);
    assertStringIncludes(await page.text("#about"), hostile[1]!);
    site.refusedPath = "funnel";
    await page.choose("#funnel label:nth-of-type(1) select", "session");
    await page.session.until(
      `!document.querySelector("#funnel .problem").hidden`,
    );
    assertEquals(
      await page.text("#funnel .problem"),
      "The collector refused the question: Cannot read steps <b>here</b>",
    );
    assertEquals(
      page.session.problems.filter((it) => !/status of 400/.test(it)),
      [],
    );
  },
);

browserTest(
  "AnalyticsPage says what to do where there is nothing",
  async (page) => {
    await using site = await FakeCollector.open();
    site.isEmpty = true;
    await page.open(site.url);
    for (const card of [...CARDS, "recent"]) {
      assertMatch(
        await page.text(`#${card} .empty`),
        /^No events yet$/,
        card,
      );
      assertEquals(
        await page.session.evaluate(
          `document.querySelector("#${card} .actions button:last-child").disabled`,
        ),
        true,
      );
    }
    site.isEmpty = false;
    await page.poll();
    await page.session.until(
      `document.querySelectorAll(".card > .empty:not([hidden])").length === 0 &&
      document.querySelector("#welcome").hidden`,
    );
    page.assertCalm();
  },
);

Deno.test("AnalyticsPage.respond() has a policy that only its own script and style pass", async () => {
  const page = await AnalyticsPage.make([
    { title: "</script><script>alert(1)</script>", key: "<!--" },
  ]);
  const response = page.respond();
  const policy = response.headers.get("content-security-policy")!;
  const html = await response.text();
  assertEquals(html.match(/<\/script>/g)!.length, 2);
  assertEquals(/ on\w+="| style=|javascript:/.test(html), false);
  for (
    const [tag, directive] of [["script", "script-src"], ["style", "style-src"]]
  ) {
    const [, inside] = new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(html)!;
    const digest = await crypto.subtle.digest(
      "SHA-256",
      new TextEncoder().encode(inside!),
    );
    const hash = new Uint8Array(digest).toBase64();
    assert(policy.includes(`${directive} 'sha256-${hash}'`), tag);
  }
  assertEquals(policy.includes("unsafe"), false);
  const head = page.respond("HEAD");
  assertEquals(head.body, null);
  assertEquals(
    Object.fromEntries(head.headers),
    Object.fromEntries(response.headers),
  );
  await assertRejects(() => AnalyticsPage.make([]), RangeError);
});
