import { assert, assertEquals } from "@std/assert";
import { FileJournal } from "../../core/deno.ts";
import {
  type Journal,
  JournalError,
  ManualClock,
  MemoryJournal,
  SeededRandom,
} from "../../core/mod.ts";
import type { FakeCall } from "../../http/_testing/fake_fetch.ts";
import { submissionJson } from "./_submission_json.ts";
import { ScoreSubmission } from "./score_submission.ts";
import {
  accepted,
  ClientRig,
  jsonBody,
  refusal,
  settle,
  START_MS,
} from "./_testing/client_rig.ts";

const RUNS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 1_000 : 25;
const DAY_MS = 86_400_000;
const SUBMISSION = new ScoreSubmission("ada", "Ada", 4_200)
  .withMeta("level", 3).withClass("any%").withSubscore(-1)
  .withReplay("ab".repeat(32)).withRun("token").onBoard("race");

async function sizeOf(journal: Journal): Promise<number> {
  await settle();
  return (await journal.read(0, 1e9)).length;
}

/** The call that is under way, after what the client waits before it. */
async function sent(rig: ClientRig): Promise<FakeCall> {
  for (let i = 0; i < 200; i++) {
    const [call] = rig.fake.open;
    if (call !== undefined) return call;
    await rig.step(1);
  }
  throw new Error("Nothing was sent");
}

Deno.test("LeaderboardClient keeps a submission over being offline and a restart, and counts it once", async () => {
  const journal = new MemoryJournal();
  const first = new ClientRig({ journal });
  first.client.withApiKey("secret-key");
  const id = first.client.submit(SUBMISSION);
  assertEquals(await first.step(), ["scoreStored"]);
  const stored = first.the("scoreStored");
  assertEquals([stored.id, stored.isRestored, stored.board], [
    id,
    false,
    "race",
  ]);
  first.fake.calls[0]!.fail();
  assertEquals(await first.step(), []);
  assertEquals(first.client.pendingCount, 1);
  const entries = await journal.read(0, 1e9);
  assertEquals(entries.length, 1);
  // No secret is written down.
  const text = new TextDecoder().decode(entries[0]!.bytes);
  assertEquals(text.includes("secret-key"), false);

  const second = new ClientRig({ journal, base: "https://moved.test/lb" });
  second.client.withApiKey("new-key");
  assertEquals(await second.step(), ["scoreStored"]);
  const restored = second.the("scoreStored");
  assertEquals(restored.isRestored, true);
  assertEquals(
    submissionJson(restored.submission),
    submissionJson(SUBMISSION),
  );
  const [call] = second.fake.calls;
  // To where the server is now.
  assertEquals(call!.url, "https://moved.test/lb/v1/boards/race/scores");
  assertEquals(call!.headers.get("x-api-key"), "new-key");
  assertEquals(
    call!.headers.get("idempotency-key"),
    first.fake.calls[0]!.headers.get("idempotency-key"),
  );
  assertEquals(await jsonBody(call!), await jsonBody(first.fake.calls[0]!));
  call!.answer(accepted(4_200, { isDuplicate: true, board: "race" }));
  assertEquals(await second.step(), ["scoreSubmitted"]);
  const submitted = second.the("scoreSubmitted");
  assertEquals([submitted.id, submitted.board, submitted.rank], [
    restored.id,
    "race",
    3,
  ]);
  assertEquals(submitted.submission.playerId, SUBMISSION.playerId);
  assertEquals(await sizeOf(journal), 0);
  assertEquals(await new ClientRig({ journal }).step(), []);
});

for (
  const [name, answer] of [
    ["a portal's page", () => new Response("<html>sign in</html>")],
    ["JSON of something else", () => Response.json({ status: 200 })],
    ["a proxy's 404", () => new Response("<html>", { status: 404 })],
    ["500", () => refusal(500, "internalError")],
    ["503", () => refusal(503, "unavailable")],
    ["429", () => refusal(429, "rateLimited")],
    ["522", () => new Response("", { status: 522 })],
  ] as const
) {
  Deno.test(`LeaderboardClient keeps a submission that was answered by ${name}`, async () => {
    const journal = new MemoryJournal();
    const rig = new ClientRig({ journal });
    rig.client.submit(SUBMISSION);
    for (let i = 0; i < 4; i++) {
      (await sent(rig)).answer(answer());
      await rig.step();
    }
    assertEquals(rig.events.map(({ type }) => type), ["scoreStored"]);
    assertEquals(await sizeOf(journal), 1);
    (await sent(rig)).answer(accepted(1));
    assertEquals(await rig.step(), ["scoreSubmitted"]);
    assertEquals(await sizeOf(journal), 0);
  });
}

Deno.test("LeaderboardClient removes what the server refuses for good, and tells", async () => {
  const journal = new MemoryJournal();
  const codes: readonly (readonly [number, string])[] = [
    [400, "invalidRequest"],
    [401, "unauthenticated"],
    [403, "runTooShort"],
    [404, "boardNotFound"],
    [409, "idempotencyMismatch"],
    [413, "bodyTooLarge"],
    [422, "attemptsExhausted"],
  ];
  const rig = new ClientRig({ journal });
  for (const [status, code] of codes) {
    rig.client.submit(SUBMISSION);
    await rig.step();
    await rig.step();
    rig.fake.open[0]!.answer(refusal(status, code));
    assertEquals((await rig.step()).at(-1), "scoreRejected");
    const last = rig.events.at(-1)!;
    assert(last.type === "scoreRejected");
    assertEquals([last.reason, last.code, last.status], [
      "refused",
      code,
      status,
    ]);
  }
  assertEquals(await sizeOf(journal), 0);
});

Deno.test("LeaderboardClient drops a submission that the server may have forgotten, and tells", async () => {
  const journal = new MemoryJournal();
  const first = new ClientRig({ journal });
  first.client.submit(SUBMISSION);
  await first.step();
  await first.step();
  assertEquals(first.fake.calls.length, 1);
  for (const days of [29, 30]) {
    const clock = new ManualClock({ epochMs: START_MS + days * DAY_MS });
    const rig = new ClientRig({ journal, clock });
    const types = await rig.step();
    assertEquals(rig.fake.calls.length, days === 29 ? 1 : 0);
    if (days === 29) {
      assertEquals(types, ["scoreStored"]);
      continue;
    }
    assertEquals(types, ["scoreStored", "scoreRejected"]);
    const { reason, code, submission } = rig.the("scoreRejected");
    assertEquals([reason, code, submission.score], [
      "expired",
      "expired",
      4_200,
    ]);
    assertEquals(await sizeOf(journal), 0);
  }
});

Deno.test("LeaderboardClient tells of a journal that takes nothing", async () => {
  const full: Journal = {
    append: () => Promise.reject(new JournalError("full", "full")),
    read: () => Promise.resolve([]),
    remove: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  const rig = new ClientRig({ journal: full });
  rig.client.submit(SUBMISSION);
  assertEquals(await rig.step(), ["scoreRejected"]);
  assertEquals(rig.the("scoreRejected").reason, "journalFailed");
  assertEquals(rig.fake.calls.length, 0);
});

Deno.test("LeaderboardClient.cancel() removes a stored submission, close() does not", async () => {
  const journal = new MemoryJournal();
  const rig = new ClientRig({ journal });
  const id = rig.client.submit(SUBMISSION);
  rig.client.submit(SUBMISSION);
  await rig.step();
  await rig.step();
  rig.client.cancel(id);
  rig.client.close();
  const ends = [...rig.client.drainEvents()].map(({ type }) => type);
  assertEquals(ends, ["cancelled", "cancelled"]);
  assertEquals(await sizeOf(journal), 1);
  const next = new ClientRig({ journal });
  assertEquals(await next.step(), ["scoreStored"]);
});

Deno.test("LeaderboardClient takes in what an earlier run left as far as events are drained, and loses none", async () => {
  const journal = new MemoryJournal();
  const first = new ClientRig({ journal, maxPending: 1_000 });
  const count = 1_000;
  for (let i = 0; i < count; i++) {
    first.client.submit(new ScoreSubmission(`player-${i}`, undefined, i));
  }
  await first.step();
  first.client.close();
  await settle();

  const rig = new ClientRig({ journal, maxPending: 2 });
  rig.fake.onCall = (call) => call.answer(accepted(1));
  const scores = new Set<unknown>();
  let refused = 0;
  for (let i = 0; i < 2_000 && scores.size < count; i++) {
    await settle();
    rig.client.tick(0.1);
    // A game that draws one event a frame, and asks for something now and then.
    if (i % 3 === 0) rig.client.fetchBoards();
    for (let n = 0; n < 4; n++) {
      const event = rig.client.pollEvent();
      if (event?.type === "refused") refused++;
      if (event?.type !== "scoreSubmitted") continue;
      assertEquals(scores.has(event.submission.score), false);
      scores.add(event.submission.score);
    }
  }
  assertEquals(scores.size, count);
  assert(refused > 0);
  assertEquals(await sizeOf(journal), 0);
});

Deno.test("LeaderboardClient.close() ends what is under way behind what an earlier run left and nobody drained", async () => {
  const journal = new MemoryJournal();
  const first = new ClientRig({ journal, maxPending: 300 });
  for (let i = 0; i < 300; i++) {
    first.client.submit(new ScoreSubmission(`player-${i}`, undefined, i));
  }
  await first.step();
  first.client.close();
  await settle();

  const rig = new ClientRig({ journal, maxPending: 1 });
  rig.fake.onCall = (call) => {
    if (call.init.method === "POST") call.answer(accepted(1));
  };
  const id = rig.client.fetchBoards();
  for (let i = 0; i < 100; i++) {
    await settle();
    rig.client.tick(0.1);
  }
  // It waits for the game to drain.
  const answered = rig.fake.calls.length;
  assert(answered < 300, `${answered}`);
  rig.client.close();
  assertEquals(rig.client.pendingCount, 0);
  const told = [...rig.client.drainEvents()];
  assertEquals(
    told.filter((event) => "id" in event && event.id === id)
      .map(({ type }) => type),
    ["cancelled"],
  );
  const ends = told.filter(({ type }) => type === "scoreSubmitted").length;
  assert(ends > 0);

  const next = new ClientRig({ journal, maxPending: 300 });
  next.fake.onCall = (call) => call.answer(accepted(1));
  for (let i = 0; i < 100; i++) await next.step(0.1);
  const keys = [...rig.fake.calls, ...next.fake.calls].map((call) =>
    call.headers.get("idempotency-key")
  ).filter((key) => key !== null);
  assertEquals([keys.length, new Set(keys).size], [300, 300]);
  assertEquals(await sizeOf(journal), 0);
});

Deno.test("LeaderboardClient leaves alone what else is in its journal", async () => {
  const journal = new MemoryJournal();
  await journal.append(new TextEncoder().encode("something else"));
  const rig = new ClientRig({ journal });
  assertEquals(await rig.step(), []);
  rig.client.submit(SUBMISSION);
  assertEquals(await rig.step(), ["scoreStored"]);
});

/** A server that counts each key once. The scores of the test count up. */
class CountingServer {
  readonly applied = new Map<string, number>();
  readonly #latest = new Map<unknown, number>();
  duplicates = 0;
  /** Scores that came after a later one of the same player. */
  overtaken = 0;

  async take(call: FakeCall): Promise<Response> {
    const key = call.headers.get("idempotency-key")!;
    const { playerId, score } = await jsonBody(call);
    const isDuplicate = this.applied.has(key);
    if (isDuplicate) this.duplicates++;
    else {
      this.applied.set(key, score as number);
      const before = this.#latest.get(playerId) ?? 0;
      if (before > (score as number)) this.overtaken++;
      this.#latest.set(playerId, score as number);
    }
    return accepted(score as number, isDuplicate ? { isDuplicate } : {});
  }
}

async function liveThrough(
  journals: {
    open(): Promise<Journal>;
    close(journal: Journal): Promise<void>;
  },
  seed: number,
): Promise<number> {
  const random = new SeededRandom(seed);
  const server = new CountingServer();
  const submitted = new Map<string, number>();
  const told = new Set<string>();
  let score = 0;
  for (let life = 0; life < 5; life++) {
    const isLast = life === 4;
    const journal = await journals.open();
    const rig = new ClientRig({ journal, seed: seed * 10 + life });
    const stored = new Set<string>();
    for (let turn = 0; isLast ? turn < 600 : turn < 25; turn++) {
      if (!isLast && random.nextFloat() < 0.4) {
        const player = `player-${random.nextU32() % 3}`;
        rig.client.submit(new ScoreSubmission(player, undefined, ++score));
      }
      for (const call of rig.fake.open) {
        const dice = isLast ? 0 : random.nextFloat();
        if (dice < 0.3) call.answer(await server.take(call));
        // The answer is lost on its way back.
        else if (dice < 0.5) await server.take(call).then(() => call.fail());
        else if (dice < 0.6) call.answer("<html>");
        else if (dice < 0.7) call.answer(refusal(503, "unavailable"));
        else if (dice < 0.8) call.fail();
      }
      await rig.step(isLast ? 10 : random.nextFloat());
      for (const event of rig.events.splice(0)) {
        assert("submission" in event, `seed ${seed}: ${event.type}`);
        const { submission } = event;
        const key = submission.idempotencyKey!;
        if (event.type === "scoreStored") {
          stored.add(key);
          submitted.set(key, submission.score as number);
          continue;
        }
        assertEquals(event.type, "scoreSubmitted", `seed ${seed}`);
        assert(stored.delete(key), `seed ${seed}: ${key} ended twice`);
        told.add(key);
      }
      if (isLast && rig.client.pendingCount === 0 && turn > 3) break;
    }
    if (isLast) assertEquals(rig.client.pendingCount, 0, `seed ${seed}`);
    // A crash, without a word: what hangs on the client is gone with it.
    if (!isLast) rig.fake.open.forEach((call) => call.fail());
    await settle();
    await journals.close(journal);
  }
  for (const [key, value] of submitted) {
    assertEquals(server.applied.get(key), value, `seed ${seed}: lost`);
    assert(told.has(key), `seed ${seed}: ${key} was not told`);
  }
  assertEquals(server.overtaken, 0, `seed ${seed}`);
  return server.duplicates;
}

Deno.test(`LeaderboardClient loses no score, counts none twice and tells the end of each over ${RUNS} random lives`, async () => {
  let duplicates = 0;
  for (let seed = 1; seed <= RUNS; seed++) {
    const journal = new MemoryJournal();
    duplicates += await liveThrough({
      open: () => Promise.resolve(journal),
      close: () => Promise.resolve(),
    }, seed);
  }
  assert(duplicates > RUNS / 4, `${duplicates}`);
});

Deno.test("LeaderboardClient does the same with a file", async () => {
  const directory = await Deno.makeTempDir();
  try {
    for (let seed = 1; seed <= Math.ceil(RUNS / 30); seed++) {
      const path = `${directory}/${seed}.journal`;
      await liveThrough({
        open: () => FileJournal.open(path),
        close: (journal) => journal.close(),
      }, seed);
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
