import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { Harness, START_MS } from "./_testing/harness.ts";

const DAY_MS = 86_400_000;

interface PageBody {
  entries: { playerId: string; rank: number; score: number }[];
  total: number;
  nextCursor?: string;
}

async function filled(count: number): Promise<Harness> {
  const harness = new Harness();
  await harness.putBoard("b", { classes: ["x", "any%"] });
  for (let i = 0; i < count; i++) {
    const { status, text } = await harness.submit("b", `p${i}`, {
      score: (i * 7919) % 1000,
    });
    assertEquals(status, 200, text);
  }
  return harness;
}

Deno.test("GET entries gives pages by number, with their offset and total", async () => {
  await using harness = await filled(25);
  const seen: string[] = [];
  for (let page = 1; page <= 3; page++) {
    const { body } = await harness.ask(
      "GET",
      `/v1/boards/b/entries?pageSize=10&page=${page}`,
    );
    assertEquals(body.page, page);
    assertEquals(body.offset, (page - 1) * 10);
    assertEquals(body.total, 25);
    assertEquals(body.nextCursor === undefined, page === 3);
    seen.push(...body.entries.map((it: { playerId: string }) => it.playerId));
  }
  assertEquals(seen, await harness.order("b"));
  const beyond = await harness.ask(
    "GET",
    "/v1/boards/b/entries?page=1000000000&pageSize=1000",
  );
  assertEquals([beyond.status, beyond.body.entries], [200, []]);
});

Deno.test("GET entries walks by cursor over each entry that does not move once", async () => {
  await using harness = await filled(40);
  const random = new SeededRandom(11);
  const seen: string[] = [];
  let query = "?pageSize=7";
  for (;;) {
    const { body } = await harness.ask("GET", `/v1/boards/b/entries${query}`);
    const { entries, nextCursor } = body as PageBody;
    seen.push(...entries.map(({ playerId }) => playerId));
    if (nextCursor === undefined) break;
    query = `?pageSize=7&cursor=${nextCursor}`;
    // Newcomers and climbers, on either side of the cursor.
    for (let i = 0; i < 3; i++) {
      await harness.submit("b", `new${random.nextU32()}`, {
        score: random.nextU32() % 1_000,
      });
    }
  }
  const stayed = seen.filter((id) => id.startsWith("p"));
  assertEquals(stayed.length, 40);
  assertEquals(new Set(seen).size, seen.length);
});

Deno.test("GET entries filters by scores, and counts what is left", async () => {
  await using harness = await filled(30);
  const all = await harness.ask("GET", "/v1/boards/b/entries");
  const wanted = (all.body as PageBody).entries.filter(({ score }) =>
    score >= 300 && score <= 700
  );
  const { body } = await harness.ask(
    "GET",
    "/v1/boards/b/entries?minScore=300&maxScore=700&pageSize=3",
  );
  assert(wanted.length > 3);
  assertEquals(body.total, wanted.length);
  assertEquals(body.entries, wanted.slice(0, 3));
  const next = await harness.ask(
    "GET",
    `/v1/boards/b/entries?minScore=300&maxScore=700&cursor=${body.nextCursor}`,
  );
  assertEquals(next.body.entries, wanted.slice(3));
  assertEquals([next.body.offset, next.body.total], [3, wanted.length]);
});

Deno.test("GET entries centres a page on a player, and finds players by their ids", async () => {
  await using harness = await filled(30);
  const order = await harness.order("b");
  const { body } = await harness.ask(
    "GET",
    `/v1/boards/b/entries?around=${order[10]}&pageSize=5`,
  );
  assertEquals(
    body.entries.map((it: { playerId: string }) => it.playerId),
    order.slice(8, 13),
  );
  assertEquals([body.offset, body.page, body.total], [8, 2, 30]);
  const odd = ["a,b", "100%", "x y", "ä+ö"];
  for (const id of odd) {
    const { status } = await harness.submit("b", id, { score: 2_000 });
    assertEquals(status, 200);
  }
  const list = [...odd, "nobody", order[3]!].map(encodeURIComponent).join(",");
  const { body: some } = await harness.ask(
    "GET",
    `/v1/boards/b/entries?${new URLSearchParams({ players: list })}`,
  );
  assertEquals(
    some.entries.map((it: { playerId: string }) => it.playerId),
    [...odd, order[3]],
  );
  assertEquals(some.entries[4].rank, 8);
  assertEquals([some.total, some.offset, some.nextCursor], [5, 0, undefined]);
});

Deno.test("GET player gives his entry and percentile, by any id", async () => {
  await using harness = new Harness();
  await harness.putBoard("b");
  const ids = ["ada", "bob/../x", "ca%20rl", "dä"];
  for (const [i, id] of ids.entries()) {
    await harness.submit("b", id, { score: 100 - i });
  }
  const percentiles: number[] = [];
  for (const [i, id] of ids.entries()) {
    const { status, body, text } = await harness.ask(
      "GET",
      `/v1/boards/b/players/${encodeURIComponent(id)}`,
    );
    assertEquals(status, 200, text);
    assertEquals([body.entry.playerId, body.entry.rank], [id, i + 1]);
    percentiles.push(body.percentile);
  }
  assertEquals(percentiles, [100, 66.66, 33.33, 0]);
});

for (
  const [ties, ranks, percentiles] of [
    ["earliest", [1, 2, 3, 4], [100, 66.66, 33.33, 0]],
    ["shared", [1, 2, 2, 4], [100, 33.33, 33.33, 0]],
    ["dense", [1, 2, 2, 3], [100, 33.33, 33.33, 0]],
  ] as const
) {
  Deno.test(`GET player counts who is below him, with ${ties} ties`, async () => {
    await using harness = new Harness();
    await harness.putBoard("b", { ties });
    const ids = ["ada", "bob", "carl", "dora"];
    for (const [i, score] of [9, 5, 5, 1].entries()) {
      await harness.submit("b", ids[i]!, { score });
    }
    const answers = await Promise.all(
      ids.map((id) => harness.ask("GET", `/v1/boards/b/players/${id}`)),
    );
    assertEquals(answers.map(({ body }) => body.entry.rank), [...ranks]);
    assertEquals(answers.map(({ body }) => body.percentile), [...percentiles]);
  });
}

Deno.test("GET entries keeps classes and seasons apart", async () => {
  await using harness = await filled(0);
  await harness.submit("b", "ada", { score: 5, class: "any%" });
  await harness.submit("b", "bob", { score: 6 });
  assertEquals(await harness.order("b"), ["bob", "ada"]);
  assertEquals(await harness.order("b", "?class=any%25"), ["ada"]);
  assertEquals(await harness.order("b", "?class=x"), []);
  assertEquals(await harness.order("b", "?period=daily"), ["bob", "ada"]);
  harness.clock.advance(DAY_MS);
  assertEquals(await harness.order("b", "?period=daily"), []);
  await harness.submit("b", "carl", { score: 7 });
  const yesterday = Date.UTC(2026, 10, 25);
  assertEquals(await harness.order("b", "?period=daily"), ["carl"]);
  assertEquals(
    await harness.order("b", `?period=daily&season=${yesterday}`),
    ["bob", "ada"],
  );
  const { body } = await harness.ask(
    "GET",
    "/v1/boards/b/seasons?period=daily",
  );
  assertEquals(body, {
    period: "daily",
    seasons: [
      { season: yesterday + DAY_MS, endsAt: yesterday + 2 * DAY_MS },
      { season: yesterday, endsAt: yesterday + DAY_MS },
    ],
  });
  const allTime = await harness.ask("GET", "/v1/boards/b/seasons");
  assertEquals(allTime.body, { period: "allTime", seasons: [{ season: 0 }] });
});

Deno.test("GET entries goes on in the cursor's season when the next has begun", async () => {
  await using harness = await filled(10);
  const path = "/v1/boards/b/entries?period=daily&pageSize=4";
  const first = await harness.ask("GET", path);
  harness.clock.setEpochMs(START_MS + DAY_MS);
  const next = await harness.ask(
    "GET",
    `${path}&cursor=${first.body.nextCursor}`,
  );
  assertEquals(next.body.season, first.body.season);
  assertEquals([next.body.entries.length, next.body.offset], [4, 4]);
  const mixed = await harness.ask(
    "GET",
    `${path}&season=${
      first.body.season + DAY_MS
    }&cursor=${first.body.nextCursor}`,
  );
  assertEquals([mixed.status, mixed.body.code], [400, "invalidCursor"]);
});

Deno.test("GET entries gives scores beyond 2^53 as text, and takes them", async () => {
  await using harness = new Harness();
  await harness.putBoard("b");
  const scores = ["9223372036854775807", "-9223372036854775808", 7];
  for (const [i, score] of scores.entries()) {
    const { status, body } = await harness.submit("b", `p${i}`, { score });
    assertEquals([status, body.standings[0].score], [200, score]);
  }
  const { body } = await harness.ask(
    "GET",
    "/v1/boards/b/entries?minScore=8&maxScore=9223372036854775807",
  );
  assertEquals((body as PageBody).entries.map(({ score }) => score), [
    "9223372036854775807" as unknown as number,
  ]);
});

Deno.test("GET entries refuses a cursor of another board, period or class", async () => {
  await using harness = await filled(5);
  await harness.putBoard("c", { classes: ["x"] });
  const { body } = await harness.ask("GET", "/v1/boards/b/entries?pageSize=2");
  const cursor = body.nextCursor;
  assertNotEquals(cursor, undefined);
  for (
    const path of [
      "/v1/boards/c/entries?",
      "/v1/boards/b/entries?period=daily&",
      "/v1/boards/b/entries?class=x&",
    ]
  ) {
    const { status, body } = await harness.ask(
      "GET",
      `${path}cursor=${cursor}`,
    );
    assertEquals([status, body.code], [400, "invalidCursor"], path);
  }
});
