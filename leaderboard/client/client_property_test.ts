import { assert, assertEquals } from "@std/assert";
import {
  isPlayerId,
  MemoryJournal,
  type Random,
  SeededRandom,
} from "../../core/mod.ts";
import type { FakeCall } from "../../http/_testing/fake_fetch.ts";
import { normalizeScore } from "../score.ts";
import type { LeaderboardCallId, LeaderboardEvent } from "./event.ts";
import { LeaderboardFilter } from "./filter.ts";
import type { ScoreEntry } from "./score_entry.ts";
import { ScoreSubmission } from "./score_submission.ts";
import {
  accepted,
  ClientRig,
  entryJson,
  pageJson,
  refusal,
} from "./_testing/client_rig.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const BROKEN = IS_SOAK ? 50_000 : 500;
const RUNS = IS_SOAK ? 1_000 : 12;
const SUBMISSION = new ScoreSubmission("ada", "Ada", 1);
const FILTER = LeaderboardFilter.allTime().pageSize(3);

const TERMINAL = new Set([
  "scoreSubmitted",
  "scorePending",
  "scoreRejected",
  "fetchSuccess",
  "fetchFailed",
  "playerRank",
  "rankNotFound",
  "boardsFetched",
  "seasonsFetched",
  "runStarted",
  "runFailed",
  "cancelled",
  "refused",
]);

/** Each kind of call with an answer that is right. */
const CALLS: readonly {
  readonly name: string;
  readonly ends: readonly string[];
  call(rig: ClientRig): LeaderboardCallId;
  answer(): Record<string, unknown>;
}[] = [
  {
    name: "submit",
    ends: ["scoreSubmitted", "scorePending", "scoreRejected"],
    call: ({ client }) => client.submit(SUBMISSION),
    answer: () => ({
      status: "accepted",
      applied: true,
      isDuplicate: false,
      board: "main",
      standings: [
        {
          period: "daily",
          season: 5,
          rank: 1,
          total: 2,
          score: 3,
          subscore: 0,
        },
      ],
    }),
  },
  {
    name: "batch",
    ends: ["scoreSubmitted", "scorePending", "scoreRejected"],
    call: ({ client }) => client.submitBatch([SUBMISSION, SUBMISSION])[1]!,
    answer: () => ({
      results: [
        { status: "pending" },
        {
          status: "accepted",
          applied: false,
          standings: [{
            period: "allTime",
            season: 0,
            rank: 1,
            total: 2,
            score: "9007199254740993",
            subscore: 0,
          }],
        },
      ],
    }),
  },
  {
    name: "fetch",
    ends: ["fetchSuccess", "fetchFailed"],
    call: ({ client }) => client.fetch(FILTER),
    answer: () =>
      pageJson([
        entryJson(1, {
          class: "any%",
          metadata: { a: 1, b: "x", c: true },
          replayUrl: "/v1/replays/00",
        }),
        entryJson(2),
      ], { nextCursor: "abc", class: "any%" }),
  },
  {
    name: "fetchPlayers",
    ends: ["fetchSuccess", "fetchFailed"],
    call: ({ client }) => client.fetchPlayers(["a", "b"], FILTER),
    answer: () => pageJson([entryJson(7)]),
  },
  {
    name: "getRank",
    ends: ["playerRank", "rankNotFound", "fetchFailed"],
    call: ({ client }) => client.getRank("player-4"),
    answer: () => ({
      board: "main",
      period: "daily",
      season: 5,
      entry: entryJson(4),
      total: 10,
      percentile: 66.6,
    }),
  },
  {
    name: "fetchBoards",
    ends: ["boardsFetched", "fetchFailed"],
    call: ({ client }) => client.fetchBoards(),
    answer: () => ({
      boards: [{
        id: "race",
        order: "ascending",
        subscoreOrder: "descending",
        operator: "best",
        ties: "shared",
        classes: ["any%"],
        requiresRun: true,
        requiresReplay: false,
        periods: { daily: { season: 5, nextReset: 9 } },
      }],
    }),
  },
  {
    name: "fetchSeasons",
    ends: ["seasonsFetched", "fetchFailed"],
    call: ({ client }) => client.fetchSeasons(),
    answer: () => ({
      period: "daily",
      seasons: [{ season: 5, endsAt: 9 }, { season: 0 }],
    }),
  },
  {
    name: "startRun",
    ends: ["runStarted", "runFailed"],
    call: ({ client }) => client.startRun(),
    answer: () => ({ run: "abc", expiresAt: "2026-11-25T21:28:39.000Z" }),
  },
];

const ODD: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  0.5,
  1e308,
  2 ** 53,
  "",
  "x".repeat(5_000),
  "\u0000",
  "javascript:alert(1)",
  "//evil.test/x",
  "http://user:pw@evil.test/",
  "99999999999999999999",
  [],
  Array(2_000).fill(0),
  {},
  { length: 3 },
  { toString: 1, status: 200 },
  [[[[[[]]]]]],
];

/** The value with something in it, wherever, put wrong. */
function broken(value: unknown, random: Random): unknown {
  const odd = () => ODD[random.nextU32() % ODD.length];
  if (typeof value !== "object" || value === null || random.nextFloat() < 0.1) {
    return odd();
  }
  if (Array.isArray(value)) {
    if (value.length === 0) return odd();
    const at = random.nextU32() % value.length;
    return random.nextFloat() < 0.2
      ? [...value, ...value, ...value, ...value]
      : value.map((item, i) => i === at ? broken(item, random) : item);
  }
  const fields = Object.entries(value);
  const at = random.nextU32() % (fields.length + 1);
  if (at === fields.length) return { ...value, extra: odd() };
  if (random.nextFloat() < 0.2) fields.splice(at, 1);
  else fields[at] = [fields[at]![0], broken(fields[at]![1], random)];
  return Object.fromEntries(fields);
}

/** What a game relies on. */
function checkEntry(entry: ScoreEntry): void {
  assert(Number.isSafeInteger(entry.rank) && entry.rank >= 1);
  assert(isPlayerId(entry.playerId) && isPlayerId(entry.name));
  assertEquals(normalizeScore(entry.score), entry.score);
  assertEquals(normalizeScore(entry.subscore), entry.subscore);
  assert(!Number.isNaN(Date.parse(entry.timestamp)));
  assert(entry.class === undefined || isPlayerId(entry.class));
  for (const field of Object.values(entry.metadata)) {
    assert(["string", "number", "boolean"].includes(typeof field));
  }
  if (entry.replayUrl !== undefined) {
    assert(/^https?:$/.test(new URL(entry.replayUrl).protocol));
    assert(!entry.replayUrl.includes("@"));
  }
}

function checkEvent(event: LeaderboardEvent): void {
  switch (event.type) {
    case "fetchSuccess":
      assert(event.entries.length <= 3 && Array.isArray(event.entries));
      event.entries.forEach(checkEntry);
      assert(event.total >= 0 && event.page >= 1 && event.offset >= 0);
      assert((event.nextCursor ?? "x").length <= 4_096);
      break;
    case "playerRank":
      checkEntry(event.entry);
      assertEquals(event.entry.playerId, event.playerId);
      assert(event.percentile >= 0 && event.percentile <= 100);
      break;
    case "scoreSubmitted":
      assertEquals(normalizeScore(event.score), event.score);
      assertEquals(typeof event.applied, "boolean");
      assert(event.standings.every(({ rank }) => rank >= 1));
      break;
    case "boardsFetched":
      assert(event.boards.every(({ periods }) => periods instanceof Map));
      break;
    case "runStarted":
      assert(/^[\x21-\x7e]+$/.test(event.run));
      break;
    case "fetchFailed":
    case "scoreRejected":
    case "runFailed":
      assert(event.code.length <= 64 && event.message.length <= 1_000);
      break;
  }
}

for (const { name, ends, call, answer } of CALLS) {
  Deno.test(`LeaderboardClient ends ${name} once and never throws, whatever of ${BROKEN} broken answers comes`, async () => {
    const random = new SeededRandom(name.length);
    const rig = new ClientRig({ board: "main" });
    let ok = 0;
    let malformed = 0;
    for (let i = 0; i < BROKEN; i++) {
      const id = call(rig);
      await rig.step();
      const [sent] = rig.fake.open;
      const json = i === 0 ? answer() : broken(answer(), random);
      let text = JSON.stringify(json);
      // What JSON.stringify never writes, and what breaks off.
      if (random.nextFloat() < 0.05) text = text.replace(/\d+/, "1e999");
      if (random.nextFloat() < 0.05) {
        text = text.replace(/"(\w+)":/, '"__proto__":');
      }
      if (i > 0 && random.nextFloat() < 0.05) {
        text = text.slice(0, random.nextU32() % (text.length + 1));
      }
      const status = i === 0 ? 200 : [200, 201, 202, 204, 404, 422][
        random.nextU32() % 6
      ]!;
      sent!.answer(new Response(status === 204 ? null : text, { status }));
      await rig.step();
      const mine = rig.of(id);
      assertEquals(mine.length, 1, `${i}: ${text.slice(0, 500)}`);
      const [event] = mine;
      assert(ends.includes(event!.type), `${i}: ${event!.type}`);
      if (i === 0) assertEquals(event!.type, ends[0], text);
      checkEvent(event!);
      if (event!.type === ends[0]) ok++;
      else if ("reason" in event! && event.reason === "malformedResponse") {
        malformed++;
      }
      rig.events.length = 0;
      rig.fake.calls.length = 0;
    }
    assert(ok > BROKEN / 100 && malformed > BROKEN / 10, `${ok} ${malformed}`);
    assertEquals(rig.client.pendingCount, 0);
  });
}

Deno.test(`LeaderboardClient ends each call once over ${RUNS} seeds of calls, faults, cancels and bounds`, async () => {
  const seen = new Map<string, number>();
  for (let seed = 1; seed <= RUNS; seed++) {
    const random = new SeededRandom(seed);
    const hasJournal = random.nextFloat() < 0.3;
    const rig = new ClientRig({
      seed,
      retries: random.nextU32() % 3,
      maxPending: 1 + random.nextU32() % 12,
      ...(hasJournal && { journal: new MemoryJournal() }),
    });
    const ids: LeaderboardCallId[] = [];
    const ends = new Map<LeaderboardCallId, string>();
    const take = (event: LeaderboardEvent): void => {
      seen.set(event.type, (seen.get(event.type) ?? 0) + 1);
      if (!TERMINAL.has(event.type)) return;
      assert("id" in event);
      const before = ends.get(event.id);
      assertEquals(before, undefined, `seed ${seed}: ${event.id} ended twice`);
      ends.set(event.id, event.type);
    };
    for (let turn = 0; turn < 60; turn++) {
      while (random.nextFloat() < 0.5) {
        if (random.nextFloat() < 0.3) {
          const count = random.nextU32() % 5;
          ids.push(...rig.client.submitBatch(Array(count).fill(SUBMISSION)));
        } else ids.push(CALLS[random.nextU32() % CALLS.length]!.call(rig));
      }
      for (const call of rig.fake.open) react(call, random);
      if (random.nextFloat() < 0.1 && ids.length > 0) {
        rig.client.cancel(ids[random.nextU32() % ids.length]!);
      }
      await settleAnd(rig, random.nextFloat() < 0.1 ? 40 : random.nextFloat());
      if (random.nextFloat() < 0.2) continue;
      const budget = random.nextU32() % 10;
      for (let i = 0; i < budget; i++) {
        const event = rig.client.pollEvent();
        if (event !== undefined) take(event);
      }
      if (random.nextFloat() < 0.2) {
        for (const event of rig.client.drainEvents()) take(event);
      }
    }
    if (random.nextFloat() < 0.5) rig.client.close();
    for (let i = 0; i < 400 && rig.client.pendingCount > 0; i++) {
      for (const call of rig.fake.open) call.answer(accepted(1));
      await settleAnd(rig, 10);
      for (const event of rig.client.drainEvents()) take(event);
    }
    for (const event of rig.client.drainEvents()) take(event);
    assertEquals(rig.client.pendingCount, 0, `seed ${seed}`);
    for (const id of ids) assert(ends.has(id), `seed ${seed}: ${id} hangs`);
    rig.client.close();
  }
  for (const type of ["refused", "cancelled", "scoreStored", "fetchFailed"]) {
    assert(seen.has(type), type);
  }
});

async function settleAnd(rig: ClientRig, dt: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve));
  rig.client.tick(dt);
}

function react(call: FakeCall, random: Random): void {
  const dice = random.nextFloat();
  if (dice < 0.3) {
    const kind = CALLS[random.nextU32() % CALLS.length]!;
    call.answer(Response.json(kind.answer()));
  } else if (dice < 0.4) call.answer(refusal(404, "playerNotFound"));
  else if (dice < 0.5) call.answer(refusal(503, "unavailable"));
  else if (dice < 0.6) call.fail();
  else if (dice < 0.7) call.answer("<html>", { status: 200 });
}
