// The chat in a browser: three pages in frames of one page that drives them.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { PollLoop } from "../core/mod.ts";
import { ChromiumPage, findChromium } from "../tools/runtimes.ts";
import { Chat } from "./chat_server.ts";
import { parseSaid } from "./chat/line.ts";

const TIMEOUT_MS = 60_000;

/** Stands in each page, before its own scripts. */
const WATCH = `<script>
  const tell = (text) => parent.problems.push(String(text));
  addEventListener("error", (event) => tell(event.message ?? event.target.src), true);
  addEventListener("unhandledrejection", (event) => tell(event.reason));
  console.error = console.warn = tell;
</script>`;

/** Opens the pages, does what people would, and reports what they saw. */
const DRIVER = `<!doctype html>
  <script>var problems = [];</script>
  <script type="module">
    function open(name) {
      const frame = document.createElement("iframe");
      frame.src = "/?name=" + name;
      document.body.append(frame);
      const find = (selector) =>
        [...frame.contentDocument.querySelectorAll(selector)];
      const texts = (selector) => find(selector).map((each) => each.textContent);
      const badges = [];
      return {
        badges,
        texts,
        lines: () => texts("#lines .text"),
        waiting: () => texts("#lines .waiting .text"),
        click: (selector) => find(selector)[0].click(),
        say(text) {
          find("#text")[0].value = text;
          find("#say button")[0].click();
        },
        frame() {
          const [badge] = texts("#badge");
          if (badge !== undefined && badge !== badges.at(-1)) badges.push(badge);
        },
      };
    }
    const pages = [];
    let step = "";
    async function until(what, isTrue) {
      step = what;
      const endMs = performance.now() + 30000;
      do {
        if (performance.now() > endMs) throw new Error("It is late for: " + what);
        await new Promise(requestAnimationFrame);
        for (const page of pages) page.frame();
      } while (!isTrue());
    }
    const isThere = (page) => page.texts("#people li").length === pages.length;

    async function main() {
      const ada = open("ada");
      const bob = open("bob");
      pages.push(ada, bob);
      await until("both are there", () => isThere(ada) && isThere(bob));
      ada.say("<b>hello</b>");
      await until("bob gets it", () => bob.lines().length === 1);
      const carol = open("carol");
      pages.push(carol);
      await until("carol gets what was said", () => carol.lines().length === 1);
      await until("they know of carol", () => isThere(ada) && isThere(carol));
      const people = carol.texts("#people li");

      ada.click("#cut");
      ada.say("I am away");
      const waiting = ada.waiting();
      bob.say("are you there?");
      await until("ada is not there", () => ada.badges.length > 2);
      await until("ada is there again", () => ada.badges.at(-1) === "resumed");
      await until(
        "all have it",
        () => pages.every((page) => page.lines().length === 3),
      );
      await until("nothing waits", () => ada.waiting().length === 0);

      const said = pages.map((page) => page.lines());

      ada.click("#channels li:last-child button");
      ada.say("fresh fish");
      await until("bob has one to read", () =>
        bob.texts(".unread:not([hidden])").join() === "1");
      bob.click("#channels li:last-child button");
      return {
        people,
        waiting,
        badges: ada.badges,
        said,
        fresh: bob.lines(),
        problems,
      };
    }
    const report = await main().catch((error) => ({
      step, error: String(error), problems, seen: pages.map((page) => [page.badges, page.lines()])
    }));
    await fetch("/report", { method: "POST", body: JSON.stringify(report) });
  </script>`;

function html(text: string): Response {
  return new Response(text, { headers: { "content-type": "text/html" } });
}

const chromium = await findChromium();
const missing = "missing" in chromium ? ` (${chromium.missing})` : "";

Deno.test({
  name: `chat_server.ts lets pages talk, over a cut, in Chromium${missing}`,
  ignore: missing !== "" && Deno.env.get("CI") !== "true",
  fn: async () => {
    if ("missing" in chromium) throw new Error(chromium.missing);
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const timer = setTimeout(
      () => reject(new Error(`Nothing came within ${TIMEOUT_MS} ms`)),
      TIMEOUT_MS,
    );
    const chat = new Chat();
    const server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      async (request, info) => {
        switch (new URL(request.url).pathname) {
          case "/drive":
            return html(DRIVER);
          case "/report":
            resolve(await request.text());
            return new Response();
          case "/":
            return html(
              WATCH + await (await chat.handler(request, info)).text(),
            );
        }
        return await chat.handler(request, info);
      },
    );
    const stop = new AbortController();
    const loop = new PollLoop();
    loop.add(chat);
    const running = loop.run({ hz: 60, signal: stop.signal });
    try {
      await using _page = await ChromiumPage.open(
        chromium.program,
        `http://127.0.0.1:${server.addr.port}/drive`,
      );
      const { badges, said, ...rest } = JSON.parse(await promise);
      assertEquals(rest, {
        people: ["Aada", "Bbob", "Ccarol"],
        waiting: ["I am away"],
        fresh: ["fresh fish"],
        problems: [],
      });
      // Which of two came first is for the hub to say, and the same for all.
      assertEquals(said, [said[2], said[2], said[2]]);
      assertEquals(said[2].sort(), [
        "<b>hello</b>",
        "I am away",
        "are you there?",
      ]);
      assertEquals(badges.slice(0, 2), ["connecting", "connected"]);
      // The wait is random, and may be over within a frame.
      assertMatch(badges[2], /^(reconnecting in \d s|connecting)$/);
      assert(badges.includes("resumed"), badges);
    } finally {
      clearTimeout(timer);
      stop.abort();
      await running;
      chat.close();
      await server.shutdown();
    }
  },
});

Deno.test("Chat.handler() serves the page and its modules, and nothing else", async () => {
  const chat = new Chat();
  const get = async (path: string): Promise<Response> =>
    await chat.handler(new Request(`http://127.0.0.1${path}`));
  const page = await (await get("/")).text();
  assert(page.includes(`src="/examples/chat/page.ts"`));
  const module = await get("/core/clock.ts");
  assertEquals(
    module.headers.get("content-type"),
    "text/javascript; charset=utf-8",
  );
  assertEquals((await module.text()).includes("interface Clock"), false);
  for (
    const path of [
      "/deno.json",
      "/tools/run.ts",
      "/core/nothing.ts",
      "/core/../deno.json",
      "/core/..%2ftools/run.ts",
      "/core/%2e%2e/tools/run.ts",
      "/core//etc/passwd",
      "/core/mod.ts.map",
    ]
  ) {
    const response = await get(path);
    assertEquals(response.status, 404, path);
    await response.body?.cancel();
  }
  assertEquals((await get("/chat")).status, 426);
});

Deno.test("parseSaid() takes what a page says, and nothing else", () => {
  assertEquals(parseSaid(`{"id":"a","text":" hi ","from":"eve"}`), {
    id: "a",
    text: " hi ",
  });
  for (
    const json of [
      "",
      "null",
      "[]",
      "7",
      `{"id":"a"}`,
      `{"id":1,"text":"hi"}`,
      `{"id":"a","text":" "}`,
      JSON.stringify({ id: "a", text: "x".repeat(501) }),
      JSON.stringify({ id: "a".repeat(41), text: "hi" }),
    ]
  ) assertEquals(parseSaid(json), undefined, json);
});
