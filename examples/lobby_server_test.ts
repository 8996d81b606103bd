// The lobbies in two browsers: from the list to a rematch, over the server's death, and by matchmaking.
import { assertEquals, assertMatch } from "@std/assert";
import axe from "axe-core";
import { playerId } from "../core/mod.ts";
import { lobbyId } from "../lobby/mod.ts";
import { ChromiumSession } from "../tools/chromium_session.ts";
import { findChromium } from "../tools/runtimes.ts";
import { ServerProcess } from "./_testing/server_process.ts";
import { type Choice, parseMove } from "./lobby/game_message.ts";
import { newMatch, RpsMatch } from "./lobby/rps_match.ts";
import { LobbyHost } from "./lobby_server.ts";

const ADA = playerId("Ada");
const BOB = playerId("Bob");
/** What a person does, and sees, as expressions in the page. */
const LISTED =
  `[...document.querySelectorAll(".lobby-name")].map((each) => each.textContent).join()`;
const JOIN = `document.querySelector('.lobby button:not([hidden])').click()`;
const SEATS =
  `["left", "right"].map((side) => document.getElementById(side + "-name").textContent).join()`;
const SCORE =
  `["left", "right"].map((side) => document.getElementById(side + "-score").textContent).join("-")`;
const BADGE = `document.getElementById("badge").dataset.state`;
/** Takes down what the countdown shows, as it is over soon. */
const WATCH_COUNTDOWN = `(() => {
  globalThis.counted = [];
  const where = document.getElementById("countdown");
  new MutationObserver(() => counted.push(where.textContent))
    .observe(where, { childList: true });
})()`;

function isSeen(id: string): string {
  return `document.getElementById("${id}").checkVisibility()`;
}

function textOf(id: string): string {
  return `document.getElementById("${id}").textContent`;
}

async function click(page: ChromiumSession, id: string): Promise<void> {
  const at = `document.getElementById("${id}")`;
  await page.until(`${at}.checkVisibility() && !${at}.disabled`);
  await page.evaluate(`${at}.click()`);
}

async function fill(
  page: ChromiumSession,
  id: string,
  text: string,
): Promise<void> {
  await page.evaluate(`(() => {
    const field = document.getElementById("${id}");
    field.value = ${JSON.stringify(text)};
    field.dispatchEvent(new Event("input"));
    field.dispatchEvent(new Event("change"));
  })()`);
}

async function isShown(page: ChromiumSession, id: string): Promise<void> {
  await page.until(isSeen(id));
}

/** Finds nothing in a page that keeps somebody from using it. */
async function isUsable(page: ChromiumSession): Promise<void> {
  if (await page.evaluate("globalThis.axe === undefined")) {
    await page.evaluate(`{ ${axe.source} }`);
  }
  const violations = await page.evaluate(
    `axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
      violations.map(({ id, nodes }) => id + ": " + nodes.map((it) => it.html.slice(0, 200)).join(" | ")))`,
  );
  assertEquals(violations, []);
  assertEquals(
    await page.evaluate("document.documentElement.scrollWidth - innerWidth"),
    0,
  );
}

/** Plays a round, the first player before the second, and waits for the score of it in both pages. */
async function play(
  [first, second]: readonly [ChromiumSession, ChromiumSession],
  [one, other]: readonly [Choice, Choice],
  score: string,
): Promise<void> {
  await click(first, one);
  // What is chosen is seen by nobody else.
  await second.until<string>(
    `document.getElementById("right-hand").dataset.choice`,
    (choice) => choice === "hidden",
  );
  await click(second, other);
  const [left, right] = score.split("-");
  await first.until<string>(SCORE, (now) => now === score);
  await second.until<string>(SCORE, (now) => now === `${right}-${left}`);
}

function start(database: string, port = "0"): Promise<ServerProcess> {
  return ServerProcess.start("lobby_server.ts", port, "--database", database);
}

const chromium = await findChromium();
const missing = "missing" in chromium ? ` (${chromium.missing})` : "";

Deno.test({
  name:
    `lobby_server.ts leads two pages from the list to a rematch, over its own death, and to a match, in Chromium${missing}`,
  ignore: missing !== "" && Deno.env.get("CI") !== "true",
  fn: async () => {
    if ("missing" in chromium) throw new Error(chromium.missing);
    const folder = await Deno.makeTempDir();
    const database = `${folder}/lobby.db`;
    try {
      await using first = await start(database);
      const { url } = first;
      await using ada = await ChromiumSession.start(chromium.program);
      await using bob = await ChromiumSession.start(chromium.program);
      await ada.setScreen({ width: 1280, height: 720, hasReducedMotion: true });
      await bob.setScreen({
        width: 360,
        height: 740,
        isPhone: true,
        isDark: true,
        hasReducedMotion: true,
      });
      // A name is chosen with the keyboard alone.
      await ada.open(url);
      await isShown(ada, "join");
      await isUsable(ada);
      await fill(ada, "name", "Ada");
      await ada.press("Enter", 13);
      await bob.open(`${url}?name=Bob`);
      for (const page of [ada, bob]) await isShown(page, "home");
      assertEquals(await ada.evaluate(textOf("own-name")), "Ada");

      await fill(ada, "lobby-name", "Behind <b>doors</b>");
      await fill(ada, "access", "password");
      await fill(ada, "new-password", "sesame");
      await click(ada, "create-send");
      await isShown(ada, "room");
      await bob.until<string>(LISTED, (it) => it === "Behind <b>doors</b>");

      await isUsable(bob);

      // A wrong password is refused, and may be corrected.
      await bob.evaluate(JOIN);
      await fill(bob, "password", "please");
      await click(bob, "password-send");
      await bob.until<string>(
        textOf("password-error"),
        (text) => text === "That password is wrong",
      );
      assertEquals(await ada.evaluate(SEATS), "Ada,Free seat");
      for (const page of [ada, bob]) await isUsable(page);
      await fill(bob, "password", "sesame");
      await click(bob, "password-send");
      await bob.until<string>(SEATS, (names) => names === "Bob,Ada");
      await ada.until<string>(SEATS, (names) => names === "Ada,Bob");

      await fill(bob, "text", "<i>hello</i>");
      await bob.evaluate(`document.querySelector("#say button").click()`);
      await ada.until(
        `document.querySelector("#lines .words")?.textContent === "<i>hello</i>"`,
      );

      // It begins when both are ready, after a countdown.
      await click(ada, "ready");
      await bob.until<string>(
        textOf("stage-text"),
        (text) => text === "Ada is ready. Are you?",
      );
      for (const page of [ada, bob]) await page.evaluate(WATCH_COUNTDOWN);
      await click(bob, "ready");
      await play([ada, bob], ["rock", "scissors"], "1-0");
      for (const page of [ada, bob]) {
        const counted = await page.evaluate<string[]>("counted");
        assertMatch(counted.join(), /^3(,2)?(,1)?$/);
      }
      await play([bob, ada], ["paper", "paper"], "0-1");

      // One has chosen, with a key, one has not, and the server dies: all is as it was.
      await ada.until(`!document.getElementById("paper").disabled`);
      await ada.press("p", 80);
      await bob.until<string>(
        `document.getElementById("right-hand").dataset.choice`,
        (choice) => choice === "hidden",
      );
      for (const page of [ada, bob]) await isUsable(page);
      assertEquals([ada.problems, bob.problems], [[], []]);
      await first.kill();
      for (const page of [ada, bob]) {
        await page.until<string>(BADGE, (state) => state === "waiting");
      }
      await using _second = await start(
        database,
        new URL(url).port,
      );
      for (const page of [ada, bob]) {
        await page.until<string>(BADGE, (state) => state === "connected");
        await isShown(page, "choices");
      }
      assertEquals(await ada.evaluate(SEATS), "Ada,Bob");
      await ada.until(
        `document.getElementById("paper").ariaPressed === "true" && document.getElementById("rock").disabled`,
      );
      // So it is when the page is loaded anew.
      await ada.evaluate("location.reload()");
      await ada.until(
        `document.getElementById("paper")?.ariaPressed === "true" && document.getElementById("rock").disabled`,
      );
      await click(bob, "rock");
      await bob.until<string>(SCORE, (now) => now === "0-2");
      await play([bob, ada], ["scissors", "rock"], "0-3");
      await ada.until<string>(
        textOf("result"),
        (text) => text === "You win the match!",
      );
      await bob.until<string>(
        textOf("result"),
        (text) => text.startsWith("Ada wins"),
      );

      // Another one in the same lobby, as both want it, which one of them leaves.
      await click(bob, "rematch");
      await ada.until<string>(
        textOf("stage-text"),
        (text) => text === "Bob wants another one. Do you?",
      );
      await click(ada, "rematch");
      await play([bob, ada], ["scissors", "paper"], "1-0");
      await click(ada, "leave");
      await isShown(ada, "home");
      await bob.until<string>(
        textOf("result"),
        (text) => text.startsWith("You win"),
      );
      await click(bob, "leave");

      // By matchmaking, which says what is in the way, and asks both.
      await click(ada, "play");
      await ada.until<string>(
        textOf("why"),
        (why) => why === "Nobody else is looking for a match",
      );
      assertMatch(await ada.evaluate(textOf("waited")), /^\d+ s$/);
      assertMatch(await ada.evaluate(textOf("estimate")), /^(about|unknown)/);
      // A tab that is hidden, and so gets no frames, hears of it too.
      await ada.evaluate("void (globalThis.requestAnimationFrame = () => 0)");
      await click(bob, "play");
      // Who has said yes, and loads the page anew, is not asked again.
      await click(bob, "accept");
      await bob.until("lobbyPage.client.proposal?.isAccepted === true");
      await bob.evaluate("globalThis.isOld = true, location.reload()");
      await bob.until(
        `globalThis.isOld !== true && document.getElementById("proposal")?.open && document.getElementById("accept").disabled`,
      );
      await click(ada, "accept");
      await play([ada, bob], ["scissors", "paper"], "1-0");
      assertEquals(
        await bob.evaluate(textOf("room-name")),
        "Ranked match",
      );
      assertEquals(
        await bob.evaluate(textOf("left-about")),
        "1500\u00a0±\u00a0350 · you",
      );
      await play([ada, bob], ["scissors", "paper"], "2-0");
      await play([ada, bob], ["scissors", "paper"], "3-0");
      await ada.until<string>(
        textOf("left-about"),
        (text) => text.startsWith("1662\u00a0±\u00a0290 (+162)"),
      );
      await bob.until<string>(
        textOf("left-about"),
        (text) => text.startsWith("1338\u00a0±\u00a0290 (−162)"),
      );
      for (const page of [ada, bob]) await isUsable(page);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("LobbyHost.handler() serves the page and its modules, and nothing else", async () => {
  const host = new LobbyHost();
  await host.ready;
  const get = async (path: string): Promise<Response> =>
    await host.handler(new Request(`http://127.0.0.1${path}`));
  const page = await (await get("/")).text();
  assertMatch(page, /src="\/examples\/lobby\/page.ts"/);
  const module = await get("/lobby/lobby_id.ts");
  assertEquals(
    module.headers.get("content-type"),
    "text/javascript; charset=utf-8",
  );
  await module.body?.cancel();
  for (const path of ["/deno.json", "/lobby/../deno.json", "/lobby/x.ts"]) {
    const response = await get(path);
    assertEquals(response.status, 404, path);
    await response.body?.cancel();
  }
  assertEquals((await get("/lobby?name=ada")).status, 426);
  await host.close();
});

Deno.test("RpsMatch judges every pair, and ends at three", () => {
  const wins = { rock: "scissors", paper: "rock", scissors: "paper" } as const;
  const choices = Object.keys(wins) as Choice[];
  for (const one of choices) {
    for (const other of choices) {
      const match = new RpsMatch(newMatch(lobbyId("a"), 1, [ADA, BOB]));
      match.choose(ADA, { game: 1, round: 1, choice: one });
      match.choose(BOB, { game: 1, round: 1, choice: other });
      const winner = wins[one] === other
        ? ADA
        : wins[other] === one
        ? BOB
        : undefined;
      const { last, score, round } = match.tableFor(ADA);
      assertEquals(last?.winner, winner, `${one} ${other}`);
      assertEquals(last?.choices, [one, other]);
      assertEquals(score, [Number(winner === ADA), Number(winner === BOB)]);
      assertEquals(round, 2);
    }
  }
  const match = new RpsMatch(newMatch(lobbyId("a"), 1, [ADA, BOB]));
  for (let round = 1; match.results === undefined; round++) {
    match.choose(ADA, { game: 1, round, choice: "rock" });
    match.choose(BOB, {
      game: 1,
      round,
      choice: round % 2 === 0 ? "paper" : "scissors",
    });
  }
  assertEquals(match.results, {
    winner: ADA,
    players: [ADA, BOB],
    score: [3, 2],
    isForfeit: false,
  });
  assertEquals(match.choose(BOB, { game: 1, round: 6, choice: "rock" }), false);
});

Deno.test("RpsMatch tells nobody what the other has chosen, and takes no second thoughts", () => {
  const match = new RpsMatch(newMatch(lobbyId("a"), 2, [ADA, BOB]));
  const eve = playerId("eve");
  const move = { game: 2, round: 1, choice: "rock" } as const;
  assertEquals(match.choose(eve, move), false);
  assertEquals(match.choose(ADA, { ...move, game: 1 }), false);
  assertEquals(match.choose(ADA, { ...move, round: 2 }), false);
  assertEquals(match.choose(ADA, move), true);
  assertEquals(match.choose(ADA, { ...move, choice: "paper" }), false);
  assertEquals(match.tableFor(ADA).own, "rock");
  for (const player of [BOB, eve]) {
    const table = match.tableFor(player);
    assertEquals(table.hasChosen, [true, false]);
    assertEquals(JSON.stringify(table).includes("rock"), false);
  }
  match.forfeit(eve);
  assertEquals(match.results, undefined);
  match.forfeit(ADA);
  assertEquals([match.results?.winner, match.results?.isForfeit], [BOB, true]);
});

Deno.test("parseMove() takes what a page says, and nothing else", () => {
  assertEquals(parseMove(`{"game":1,"round":2,"choice":"rock","as":"Bob"}`), {
    game: 1,
    round: 2,
    choice: "rock",
  });
  for (
    const json of [
      "",
      "null",
      "[]",
      `{"game":1,"round":2}`,
      `{"game":1,"round":2,"choice":"well"}`,
      `{"game":"1","round":2,"choice":"rock"}`,
      `{"game":1,"round":0.5,"choice":"rock"}`,
      `{"game":1,"round":2,"choice":"rock","x":"${"x".repeat(200)}"}`,
    ]
  ) assertEquals(parseMove(json), undefined, json);
});
