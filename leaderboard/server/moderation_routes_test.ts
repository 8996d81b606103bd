import { assert, assertEquals, assertRejects } from "@std/assert";
import { LeaderboardError } from "../leaderboard_error.ts";
import { ADMIN_KEY, Harness } from "./_testing/harness.ts";

const ADMIN = { key: ADMIN_KEY };

Deno.test("PATCH player hides him everywhere, what he submits later too, and shows him again", async () => {
  await using harness = new Harness();
  await harness.putBoard("b", { classes: ["x"] });
  await harness.submit("b", "ada", { score: 9, class: "x" });
  await harness.submit("b", "bob", { score: 5, class: "x" });
  const path = "/v1/boards/b/players/ada";
  const hide = { ...ADMIN, body: { isHidden: true } };
  const hidden = await harness.ask("PATCH", path, hide);
  assertEquals([hidden.status, hidden.body], [200, { entries: 6 }]);
  const again = await harness.ask("PATCH", path, hide);
  assertEquals(again.body, { entries: 0 });
  assertEquals(await harness.order("b"), ["bob"]);
  assertEquals(await harness.order("b", "?class=x"), ["bob"]);
  const gone = await harness.ask("GET", path);
  assertEquals([gone.status, gone.body.code], [404, "playerNotFound"]);
  const better = await harness.submit("b", "ada", { score: 10 });
  assertEquals([better.status, better.body.status], [200, "accepted"]);
  assertEquals(better.body.standings, []);
  harness.clock.advance(86_400_000);
  await harness.submit("b", "ada", { score: 11 });
  assertEquals(await harness.order("b", "?period=daily"), []);
  const shown = await harness.ask("PATCH", path, {
    ...ADMIN,
    body: { isHidden: false },
  });
  assertEquals(shown.body, { entries: 7 });
  assertEquals(await harness.order("b"), ["ada", "bob"]);
  assertEquals(await harness.order("b", "?period=daily"), ["ada"]);
  const { body } = await harness.ask("GET", path);
  assertEquals(body.entry.score, 11);
});

Deno.test("PATCH player hides who has no entry yet", async () => {
  await using harness = new Harness();
  await harness.putBoard("b");
  const { body } = await harness.ask("PATCH", "/v1/boards/b/players/ada", {
    ...ADMIN,
    body: { isHidden: true },
  });
  assertEquals(body, { entries: 0 });
  await harness.submit("b", "ada", { score: 1 });
  assertEquals(await harness.order("b"), []);
});

Deno.test("DELETE player removes his entries, and leaves him hidden if he was", async () => {
  await using harness = new Harness();
  await harness.putBoard("b");
  const path = "/v1/boards/b/players/ada";
  await harness.submit("b", "ada", { score: 1 });
  const removed = await harness.ask("DELETE", path, ADMIN);
  assertEquals([removed.status, removed.body], [200, { entries: 3 }]);
  await harness.submit("b", "ada", { score: 1 });
  assertEquals(await harness.order("b"), ["ada"]);
  await harness.ask("PATCH", path, { ...ADMIN, body: { isHidden: true } });
  await harness.ask("DELETE", path, ADMIN);
  await harness.submit("b", "ada", { score: 1 });
  assertEquals(await harness.order("b"), []);
});

Deno.test("POST held accepts and rejects what verify has quarantined", async () => {
  await using harness = new Harness({
    verify: ({ score }) =>
      score > 100
        ? { decision: "quarantine", reason: "too good" }
        : score < 0
        ? "reject"
        : "accept",
  });
  await harness.putBoard("b");
  await harness.submit("b", "bob", { score: 100 });
  const rejected = await harness.submit("b", "ada", { score: -1 });
  assertEquals([rejected.status, rejected.body.code], [422, "rejected"]);
  const held = await harness.submit("b", "ada", { score: 101 }, "k1");
  assertEquals([held.status, held.body], [202, { status: "quarantined" }]);
  const twice = await harness.submit("b", "ada", { score: 101 }, "k1");
  assertEquals([twice.status, twice.body], [202, {
    status: "quarantined",
    isDuplicate: true,
  }]);
  await harness.submit("b", "ada", { score: 102 }, "k2");
  assertEquals(await harness.order("b"), ["bob"]);
  const path = "/v1/boards/b/held";
  const list = await harness.ask("GET", `${path}?limit=1`, ADMIN);
  assertEquals(list.body.held.length, 1);
  const { id, heldAt, ...first } = list.body.held[0];
  assertEquals(heldAt, "2026-11-25T12:00:00.000Z");
  assertEquals(first, {
    playerId: "ada",
    submission: { playerId: "ada", name: "ada", score: 101, subscore: 0 },
    reason: "too good",
  });
  const more = await harness.ask(
    "GET",
    `${path}?after=${list.body.next}`,
    ADMIN,
  );
  assertEquals(more.body.next, undefined);
  const second = more.body.held[0];
  // The day in which it came is over when it is accepted.
  harness.clock.advance(86_400_000);
  const accepted = await harness.ask("POST", `${path}/${id}`, {
    ...ADMIN,
    body: { decision: "accept" },
  });
  assertEquals([accepted.status, accepted.body.status], [200, "accepted"]);
  assertEquals(accepted.body.standings.length, 3);
  assertEquals(await harness.order("b"), ["ada", "bob"]);
  assertEquals(await harness.order("b", "?period=daily"), []);
  const known = await harness.submit("b", "ada", { score: 101 }, "k1");
  assertEquals([known.status, known.body.isDuplicate], [200, true]);
  const gone = await harness.ask("POST", `${path}/${id}`, {
    ...ADMIN,
    body: { decision: "accept" },
  });
  assertEquals([gone.status, gone.body.code], [404, "heldNotFound"]);
  const no = await harness.ask("POST", `${path}/${second.id}`, {
    ...ADMIN,
    body: { decision: "reject" },
  });
  assertEquals([no.status, no.body], [200, { status: "rejected" }]);
  const refused = await harness.submit("b", "ada", { score: 102 }, "k2");
  assertEquals([refused.status, refused.body.code], [422, "rejected"]);
  assertEquals((await harness.ask("GET", path, ADMIN)).body, { held: [] });
});

Deno.test("POST held takes a submission once, however many decide at once", async () => {
  await using harness = new Harness({ verify: () => "quarantine" });
  await harness.putBoard("b", { operator: "sum" });
  await harness.submit("b", "ada", { score: 5 });
  const { body } = await harness.ask("GET", "/v1/boards/b/held", ADMIN);
  const answers = await Promise.all(
    Array.from(
      { length: 10 },
      (_, i) =>
        harness.ask("POST", `/v1/boards/b/held/${body.held[0].id}`, {
          ...ADMIN,
          body: { decision: i % 2 === 0 ? "accept" : "reject" },
        }),
    ),
  );
  const taken = answers.filter(({ status }) => status === 200);
  assertEquals(taken.length, 1);
  const { body: { entry } } = await harness.ask(
    "GET",
    "/v1/boards/b/players/ada",
  );
  // Whichever of them came first.
  assertEquals(
    entry?.score,
    taken[0]!.body.status === "accepted" ? 5 : undefined,
  );
});

Deno.test("POST held hides what a hidden player gets accepted", async () => {
  await using harness = new Harness({ verify: () => "quarantine" });
  await harness.putBoard("b");
  await harness.submit("b", "ada", { score: 5 });
  await harness.ask("PATCH", "/v1/boards/b/players/ada", {
    ...ADMIN,
    body: { isHidden: true },
  });
  const { body } = await harness.ask("GET", "/v1/boards/b/held", ADMIN);
  const { status } = await harness.ask(
    "POST",
    `/v1/boards/b/held/${body.held[0].id}`,
    { ...ADMIN, body: { decision: "accept" } },
  );
  assertEquals(status, 200);
  assertEquals(await harness.order("b"), []);
});

Deno.test("GET export streams a season as CSV, whatever its length", async () => {
  await using harness = new Harness({
    playerRate: { perSecond: 1, burst: 1_000 },
  });
  await harness.putBoard("b");
  await harness.submit("b", "=cmd", { score: 1, name: 'a "b", c' });
  await Promise.all(
    Array.from(
      { length: 2_100 },
      (_, i) => harness.submit("b", `p${i}`, { score: 10 + i }),
    ),
  );
  const answer = await harness.ask("GET", "/v1/boards/b/export", ADMIN);
  assertEquals(answer.status, 200);
  assertEquals(answer.headers.get("content-type"), "text/csv; charset=utf-8");
  assertEquals(
    answer.headers.get("content-disposition"),
    'attachment; filename="b-allTime-0.csv"',
  );
  const lines = answer.text.split("\r\n");
  assertEquals(lines.length, 1 + 2_101 + 1);
  assert(
    lines[1]!.startsWith("1,p2099,p2099,2109,0,,2026-11-25T12:00:00.000Z"),
  );
  assert(lines[2_101]!.includes(`"'=cmd","a ""b"", c",1,0`), lines[2_101]);
  const empty = await harness.ask(
    "GET",
    "/v1/boards/b/export?season=1&period=daily",
    ADMIN,
  );
  assertEquals(empty.text.split("\r\n").length, 2);
});

Deno.test("LeaderboardServer.decide() accepts and rejects once, as its author says", async () => {
  await using harness = new Harness({
    verify: () => ({ decision: "quarantine", reason: "look" }),
  });
  await harness.putBoard("b", { maxEntries: 1 });
  const { server } = harness;
  for (const [player, score] of [["ada", 1], ["bob", 2], ["cy", 3]] as const) {
    await harness.submit("b", player, { score, metadata: { level: score } });
  }
  const [first] = await server.quarantined("main/b", { limit: 1 });
  const { playerId, score, metadata, reason, submittedMs } = first!;
  assertEquals(
    { playerId, score, metadata, reason, submittedMs },
    {
      playerId: playerId,
      score: 1,
      metadata: { level: 1 },
      reason: "look",
      submittedMs: harness.clock.epochMs(),
    },
  );
  assertEquals(playerId, "ada");
  const rest = await server.quarantined("main/b", { after: first!.sequence });
  assertEquals(rest.map(({ playerId }) => playerId as string), ["bob", "cy"]);
  const yes = await server.decide("main/b", first!.id, "accept");
  assertEquals(yes.status, "accepted");
  const codes = [];
  for (const [i, decision] of (["reject", "accept"] as const).entries()) {
    const no = await server.decide("main/b", rest[i]!.id, decision);
    codes.push(no.status === "refused" && no.code);
  }
  assertEquals(codes, ["rejected", "boardFull"]);
  await assertRejects(
    () => server.decide("main/b", first!.id, "accept"),
    LeaderboardError,
    "no such held submission",
  );
  await assertRejects(
    () => server.decide("main/b", first!.id, "maybe" as "accept"),
    TypeError,
  );
  assertEquals(await harness.order("b"), ["ada"]);
});
