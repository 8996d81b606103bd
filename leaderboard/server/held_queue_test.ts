import { assert, assertEquals, assertThrows } from "@std/assert";
import { MemoryLeaderboardStore } from "../store/memory_store.ts";
import { HeldQueue } from "./_held_queue.ts";
import type { ServerContext } from "./_server_context.ts";
import { ADMIN_KEY, Harness } from "./_testing/harness.ts";
import { Problem } from "./problem.ts";
import type { VerifyResult } from "./server_options.ts";

Deno.test("LeaderboardServer verifies later what it has answered before", async () => {
  const asked: unknown[] = [];
  await using harness = new Harness({
    verifiesLater: true,
    verify: (submission) => {
      asked.push(submission);
      return submission.score > 10 ? "reject" : "accept";
    },
  });
  await harness.putBoard("b", { classes: ["x"], requiresRun: true });
  const { body: { run } } = await harness.ask("POST", "/v1/boards/b/runs", {
    as: "ada",
  });
  harness.clock.advance(2_000);
  const good = await harness.submit("b", "ada", {
    score: 10,
    class: "x",
    metadata: { a: 1 },
    run,
  }, "k");
  assertEquals([good.status, good.body], [202, { status: "pending" }]);
  const { body: { run: other } } = await harness.ask(
    "POST",
    "/v1/boards/b/runs",
    { as: "bob" },
  );
  await harness.submit("b", "bob", { score: 11, run: other }, "k");
  assertEquals([await harness.order("b"), asked], [[], []]);
  await harness.until(async () => (await harness.order("b")).length === 1);
  await harness.until(async () =>
    (await harness.submit("b", "bob", { score: 11, run: other }, "k"))
      .status === 422
  );
  assertEquals(asked.length, 2);
  assertEquals(asked[0], {
    title: "main",
    board: "b",
    playerId: "ada",
    name: "ada",
    score: 10,
    subscore: 0,
    className: "x",
    metadata: { a: 1 },
    submittedMs: Date.UTC(2026, 10, 25, 12, 0, 2),
    runMs: 2_000,
  });
  const known = await harness.submit("b", "ada", {
    score: 10,
    class: "x",
    metadata: { a: 1 },
    run,
  }, "k");
  assertEquals([known.status, known.body.isDuplicate], [200, true]);
});

Deno.test("LeaderboardServer verifies after a restart what was held before it", async () => {
  const store = new MemoryLeaderboardStore();
  const runKey = new Uint8Array(32);
  const one = new Harness({
    store,
    runKey,
    verifiesLater: true,
    verify: () => "accept",
  });
  await one.putBoard("sum", { operator: "sum" });
  for (let i = 0; i < 250; i++) {
    await one.submit("sum", `p${i % 10}`, { score: 1 });
  }
  await one.server.close();
  let most = 0;
  let running = 0;
  await using two = new Harness({
    store,
    runKey,
    verifiesLater: true,
    maxVerifications: 3,
    verify: async (): Promise<VerifyResult> => {
      most = Math.max(most, ++running);
      await Promise.resolve();
      running -= 1;
      return "accept";
    },
  });
  await two.until(async () => {
    const { body } = await two.ask("GET", "/v1/boards/sum/entries");
    const scores = body.entries.map(({ score }: { score: number }) => score);
    return scores.length === 10 && scores.every((it: number) => it === 25);
  });
  assertEquals(most, 3);
});

Deno.test("LeaderboardServer asks verify again where it throws, and then leaves it to a moderator", async () => {
  let asked = 0;
  await using harness = new Harness({
    verify: () => {
      asked += 1;
      throw new Error("the referee is away");
    },
  });
  await harness.putBoard("b");
  const { status, body } = await harness.submit("b", "ada", { score: 1 });
  assertEquals([status, body.status], [202, "pending"]);
  const held = "/v1/boards/b/held";
  await harness.until(
    async () =>
      (await harness.ask("GET", held, { key: ADMIN_KEY })).body.held.length ===
        1,
    30,
  );
  assertEquals(asked, 1 + 8);
  assertEquals(harness.errors.length, 9);
  const list = await harness.ask("GET", held, { key: ADMIN_KEY });
  assertEquals(list.body.held[0].reason, "verify failed 8 times");
});

Deno.test("LeaderboardServer takes a submission when the verify that failed answers", async () => {
  let asked = 0;
  await using harness = new Harness({
    verify: () => {
      asked += 1;
      if (asked < 4) throw new Error("the referee is away");
      return "accept";
    },
  });
  await harness.putBoard("b");
  await harness.submit("b", "ada", { score: 1 });
  await harness.until(async () => (await harness.order("b")).length === 1);
  assertEquals(asked, 4);
});

Deno.test("LeaderboardServer leaves to a moderator what the board does not take any more", async () => {
  await using harness = new Harness({
    verifiesLater: true,
    verify: () => "accept",
  });
  await harness.putBoard("b", { operator: "sum", maxScore: 10 });
  await harness.submit("b", "ada", { score: 6 });
  await harness.submit("b", "ada", { score: 7 });
  await harness.until(async () => {
    const { body } = await harness.ask("GET", "/v1/boards/b/held", {
      key: ADMIN_KEY,
    });
    return body.held.length === 1;
  });
  const { body } = await harness.ask("GET", "/v1/boards/b/held", {
    key: ADMIN_KEY,
  });
  assert(body.held[0].reason.includes("at most 10"), body.held[0].reason);
  const { body: { entry } } = await harness.ask(
    "GET",
    "/v1/boards/b/players/ada",
  );
  assertEquals(entry.score, 6);
});

Deno.test("LeaderboardServer keeps a tie's order by when submissions came, not by when they were verified", async () => {
  const slow = Promise.withResolvers<VerifyResult>();
  await using harness = new Harness({
    verifiesLater: true,
    verify: ({ playerId }) => playerId === "ada" ? slow.promise : "accept",
  });
  await harness.putBoard("b");
  await harness.submit("b", "ada", { score: 5 });
  await harness.submit("b", "bob", { score: 5 });
  await harness.until(async () => (await harness.order("b")).length === 1);
  slow.resolve("accept");
  await harness.until(async () => (await harness.order("b")).length === 2);
  assertEquals(await harness.order("b"), ["ada", "bob"]);
});

Deno.test("LeaderboardServer holds what verify answers with nonsense", async () => {
  await using harness = new Harness({ verify: () => "maybe" as never });
  await harness.putBoard("b");
  const { body } = await harness.submit("b", "ada", { score: 1 });
  assertEquals(body.status, "pending");
  assert(harness.errors[0] instanceof TypeError);
});

Deno.test("HeldQueue takes no more than it can know of, and says so", async () => {
  let listed = 0;
  const never = new Promise<never>(() => {});
  const queue = new HeldQueue(() =>
    ({
      verify: () => "accept",
      maxVerifications: 1,
      titles: ["main"],
      boards: {
        list: () => [{ board: { id: "main/b" }, isLeaving: false }],
        open: () => never,
      },
      store: {
        held: (_board: string, query: { afterSequence: number }) =>
          Array.from({ length: 100 }, (_, i) => {
            listed += 1;
            const sequence = query.afterSequence + i + 1;
            return { id: `${sequence}`, sequence };
          }),
      },
    }) as unknown as ServerContext
  );
  queue.checkRoom();
  for (let i = 0; i < 200; i++) {
    queue.tick(0.01);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  assertEquals([queue.size, listed], [10_000, 10_000]);
  assertThrows(() => queue.checkRoom(), Problem, "ask again later");
});

Deno.test("LeaderboardServer verifies others where verify says nothing of some", async () => {
  const asked = new Map<unknown, number>();
  const late: (() => void)[] = [];
  await using harness = new Harness({
    verifiesLater: true,
    maxVerifications: 2,
    verify: ({ score }) => {
      asked.set(score, (asked.get(score) ?? 0) + 1);
      if (score as number > 2) return "accept";
      return new Promise((resolve) => late.push(() => resolve("reject")));
    },
  });
  await harness.putBoard("b");
  for (let score = 1; score <= 6; score++) {
    const { status } = await harness.submit("b", `p${score}`, { score });
    assertEquals(status, 202);
  }
  await harness.until(async () => (await harness.order("b")).length === 4, 60);
  // After as many times as one that throws, a moderator decides.
  await harness.until(async () => {
    const { body } = await harness.ask("GET", "/v1/boards/b/held", {
      key: ADMIN_KEY,
    });
    return body.held.length === 2;
  }, 60);
  assertEquals([asked.get(1), asked.get(2)], [8, 8]);
  for (const say of late) say();
  await harness.until(() => true);
  const { body } = await harness.ask("GET", "/v1/boards/b/held", {
    key: ADMIN_KEY,
  });
  assertEquals(body.held.length, 2);
});
