// The page in a browser, driven from outside as people would.
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { playerId, PollLoop } from "../../core/mod.ts";
import { ChromiumSession } from "../../tools/chromium_session.ts";
import { findChromium } from "../../tools/runtimes.ts";
import {
  LeaderboardServer,
  type LeaderboardServerOptions,
  MemoryLeaderboardStore,
} from "../mod.ts";
import { LeaderboardPage, type PageTitle } from "./mod.ts";

/** What players call themselves. */
const HOSTILE = [
  "<script>document.title='owned'</script>",
  "<img src=x onerror=\"document.title='owned'\">",
  "\u202Eevil",
  "</table><h1>",
  "W".repeat(64),
];

/** A server and its page, on a port. */
class Site {
  readonly store = new MemoryLeaderboardStore();
  readonly http: Deno.HttpServer<Deno.NetAddr>;
  server: LeaderboardServer;
  /** Whether nobody is answered, as if the server were gone. */
  isDown = false;
  readonly #options: Partial<LeaderboardServerOptions>;
  readonly #loop = new PollLoop();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(
    page: LeaderboardPage,
    options: Partial<LeaderboardServerOptions> = {},
  ) {
    this.#options = options;
    this.server = this.#make();
    this.http = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      (request, info) => {
        if (this.isDown) return new Response("", { status: 503 });
        return new URL(request.url).pathname === "/"
          ? page.respond(request.method)
          : this.server.handler(request, info);
      },
    );
    this.#loop.add({ tick: (dt) => this.server.tick(dt) });
    this.#running = this.#loop.run({ hz: 60, signal: this.#stop.signal });
  }

  static async open(
    titles?: readonly PageTitle[],
    options?: Partial<LeaderboardServerOptions>,
  ): Promise<Site> {
    return new Site(await LeaderboardPage.make(titles), options);
  }

  get url(): string {
    return `http://127.0.0.1:${this.http.addr.port}/`;
  }

  async submit(
    player: string,
    score: number | bigint,
    more: Readonly<Record<string, string>> = {},
    board = "arcade",
  ): Promise<void> {
    const { status } = await this.server.submit(board, {
      playerId: playerId(player),
      score,
      ...more,
    });
    assertEquals(status, "accepted");
  }

  async restart(): Promise<void> {
    this.isDown = true;
    await this.server.close();
    this.server = this.#make();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.server.close();
    await this.http.shutdown();
    await this.store.close();
  }

  #make(): LeaderboardServer {
    return new LeaderboardServer({
      store: this.store,
      authenticate: () => undefined,
      boards: {
        arcade: { classes: ["hard", "easy"] },
        race: { order: "ascending", periods: { allTime: {} } },
      },
      ...this.#options,
    });
  }
}

/** Expressions of the page. */
const NAMES =
  `[...document.querySelectorAll("#rows .name")].map((it) => it.textContent)`;
const RANKS =
  `[...document.querySelectorAll("#rows .badge")].map((it) => it.textContent)`;
const STATE = `document.querySelector("#state").textContent`;

function text(id: string): string {
  return `document.querySelector("#${id}").textContent`;
}

const chromium = await findChromium();
const missing = "missing" in chromium ? ` (${chromium.missing})` : "";

function browserTest(
  name: string,
  run: (session: ChromiumSession) => Promise<void>,
): void {
  Deno.test({
    name: `${name}, in Chromium${missing}`,
    ignore: missing !== "" && Deno.env.get("CI") !== "true",
    fn: async () => {
      if ("missing" in chromium) throw new Error(chromium.missing);
      await using session = await ChromiumSession.start(chromium.program);
      await run(session);
    },
  });
}

browserTest(
  "LeaderboardPage shows what changes, as text, over a restart",
  async (session) => {
    await using site = await Site.open();
    for (const [i, name] of HOSTILE.entries()) {
      await site.submit(`player-${i}`, 100 - i, { name });
    }
    await session.open(site.url);
    await session.until(`${NAMES}.length === 5 && ${STATE} === "live"`);
    assertEquals(await session.evaluate(NAMES), HOSTILE);
    assertMatch(await session.evaluate<string>(text("caption")), /5 players/);
    await session.evaluate(
      `globalThis.firstRow = document.querySelector("#rows tr")`,
    );

    await site.submit("player-4", 2n ** 63n - 1n, { name: "Ada" });
    await session.until(`${NAMES}[0] === "Ada"`);
    assertEquals(
      await session.evaluate(
        `document.querySelector("#rows td.score").textContent.replace(/\\D/g, "")`,
      ),
      "9223372036854775807",
    );
    // Rows move, and are not made anew: what somebody is on stays.
    assertEquals(
      await session.evaluate(
        `document.querySelectorAll("#rows tr")[1] === firstRow`,
      ),
      true,
    );
    // It is said too.
    await session.until(
      `${text("said")}.startsWith("Ada is at rank 1 with 9,223")`,
    );
    await site.server.removePlayer("arcade", playerId("player-0"));
    await session.until(`${NAMES}.length === 4`);
    assertEquals(await session.evaluate(RANKS), ["1", "2", "3", "4"]);
    assertEquals(session.problems, []);

    await site.restart();
    await session.until(`${STATE} === "reconnecting"`);
    await site.submit("bob", 7);
    site.isDown = false;
    await session.until(`${STATE} === "live" && ${NAMES}.includes("bob")`);
    assertEquals(
      await session.evaluate(`document.title`),
      "arcade – leaderboard",
    );
    // The browser tells of answers that are none, and of nothing else.
    assertEquals(
      session.problems.filter((it) => !/status of 503|ERR_/.test(it)),
      [],
    );
  },
);

browserTest(
  "LeaderboardPage is used by keyboard, and has a way back",
  async (session) => {
    await using site = await Site.open();
    for (let i = 1; i <= 60; i++) {
      await site.submit(`player-${i}`, i, {
        class: i % 2 === 0 ? "hard" : "easy",
      });
    }
    await session.open(site.url);
    await session.until(`${NAMES}.length === 25`);
    await session.send("Page.bringToFront");
    const focus =
      `document.activeElement.id || document.activeElement.textContent`;
    const order: string[] = [];
    for (let i = 0; i < 6; i++) {
      await session.press("Tab", 9);
      order.push(await session.evaluate<string>(focus));
    }
    assertEquals(order, ["board", "period", "class", "player", "Find", "next"]);
    await session.press("Enter", 13);
    await session.until(`${NAMES}[0] === "player-35"`);
    assertEquals(await session.evaluate(text("range")), "26–50 of 60");
    await session.press("Enter", 13);
    await session.until(`${NAMES}[0] === "player-10"`);
    // The button that went dead gave its place to the other.
    assertEquals(await session.evaluate(focus), "previous");
    await session.evaluate(`history.back()`);
    await session.until(`${NAMES}[0] === "player-35"`);

    await session.evaluate(`document.querySelector("#player").focus()`);
    await session.send("Input.insertText", { text: "player-20" });
    await session.press("Enter", 13);
    await session.until(`document.querySelector("[aria-current]") !== null`);
    assertEquals(
      await session.evaluate(
        `document.querySelector("[aria-current] .name").textContent`,
      ),
      "player-20",
    );
    await session.until(`${text("said")} === "player-20 is at rank 41"`);
    await session.evaluate(`location.hash = "#board=arcade&player=nobody"`);
    await session.until(`${text("empty")} === "nobody has no score here"`);
    await session.evaluate(`document.querySelector("#top").click()`);
    await session.until(`${NAMES}[0] === "player-60"`);
    const choose = (id: string, value: string): Promise<unknown> =>
      session.evaluate(
        `{ const it = document.querySelector("#${id}"); it.value = ${
          JSON.stringify(value)
        }; it.dispatchEvent(new Event("change")); }`,
      );
    await choose("class", "easy");
    await session.until(`${NAMES}[0] === "player-59"`);
    await choose("period", "daily");
    await session.until(
      `${text("caption")}.startsWith("Daily · easy · 30 players")`,
    );
    await choose("board", "race");
    await session.until(
      `${text("title")} === "race" && !document.querySelector("#empty").hidden`,
    );
    assertEquals(
      await session.evaluate(`document.querySelector("#classes").hidden`),
      true,
    );
  },
);

browserTest(
  "LeaderboardPage fits a phone, and is dark and light, moving and still",
  async (session) => {
    await using site = await Site.open();
    for (const [i, name] of HOSTILE.entries()) {
      await site.submit(`player-${i}`, 2n ** 62n + BigInt(i), {
        name,
        class: "hard",
      });
    }
    const background = `getComputedStyle(document.body).backgroundColor`;
    const colors = new Set<string>();
    for (const isDark of [true, false]) {
      await session.setScreen({
        width: 360,
        height: 740,
        isPhone: true,
        isDark,
      });
      await session.open(`${site.url}?${isDark}`);
      await session.until(`${NAMES}.length === 5`);
      // Nothing is wider than the screen, and nothing to touch is small.
      assertEquals(
        await session.evaluate(`document.documentElement.scrollWidth`),
        360,
      );
      const small = `[...document.querySelectorAll("button, select, input")]
      .filter((it) => it.checkVisibility() && it.getBoundingClientRect().height < 44).map((it) => it.id)`;
      assertEquals(await session.evaluate(small), []);
      colors.add(await session.evaluate<string>(background));
      assertEquals((await session.picture()).length > 5_000, true);
    }
    assertEquals(colors.size, 2);
    for (const hasReducedMotion of [false, true]) {
      await session.setScreen({ width: 800, height: 800, hasReducedMotion });
      await session.open(`${site.url}?motion=${hasReducedMotion}`);
      await session.until(`${STATE} === "live" && ${NAMES}.length > 4`);
      await session.evaluate(`{
      globalThis.animated = 0;
      const animate = Element.prototype.animate;
      Element.prototype.animate = function (...args) {
        animated++;
        return animate.apply(this, args);
      };
    }`);
      const name = `mover-${hasReducedMotion}`;
      await site.submit(name, 2n ** 62n + 100n, { name });
      await session.until(`${NAMES}.includes("${name}")`);
      await session.evaluate(`new Promise(requestAnimationFrame)`);
      await session.evaluate(`new Promise(requestAnimationFrame)`);
      assertEquals(await session.evaluate(`animated > 0`), !hasReducedMotion);
    }
    assertEquals(session.problems, []);
  },
);

browserTest(
  "LeaderboardPage shows several titles by their keys",
  async (session) => {
    const apiKeys = [
      { title: "one", role: "game", key: "key-of-one" },
      { title: "two", role: "game", key: "key-of-two" },
    ] as const;
    await using site = await Site.open(apiKeys, {
      apiKeys,
      boards: { "one/race": {}, "two/arcade": {} },
    });
    await site.submit("ada", 1, {}, "one/race");
    await session.open(`${site.url}#game=two`);
    await session.until(`${text("title")} === "arcade" && ${STATE} === "live"`);
    await session.evaluate(`{
    const select = document.querySelector("#game");
    select.value = "one";
    select.dispatchEvent(new Event("change"));
  }`);
    await session.until(`${NAMES}[0] === "ada"`);
    assertEquals(await session.evaluate(text("title")), "race");
    await site.submit("bob", 2, {}, "one/race");
    await session.until(`${NAMES}[0] === "bob"`);
    assertEquals(session.problems, []);
  },
);

Deno.test("LeaderboardPage.respond() has a policy that only its own script and style pass", async () => {
  const page = await LeaderboardPage.make([
    { title: "</script><script>alert(1)</script>", key: "<!--" },
  ]);
  const response = page.respond();
  const policy = response.headers.get("content-security-policy")!;
  const html = await response.text();
  assertEquals(html.match(/<\/script>/g)!.length, 2);
  assertEquals(/ on\w+=| style=|javascript:/.test(html), false);
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
  await assertRejects(() => LeaderboardPage.make([]), RangeError);
});
