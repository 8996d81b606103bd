import { assert, assertEquals } from "@std/assert";
import { type PlayerId, SeededRandom } from "../../core/mod.ts";
import { MAX_SCORE, MIN_SCORE, normalizeScore, type Score } from "../score.ts";
import type { StoredEntry } from "../store/store.ts";
import {
  applySubmission,
  checkSubmission,
  type ScoreSubmission,
} from "./apply_submission.ts";
import { type Board, parseBoard } from "./board.ts";
import type { BoardOptions, ScoreOrder } from "./board_options.ts";

const CASES = Deno.env.get("TICKWIRE_SOAK") === "1" ? 200_000 : 2_000;

function board(options: BoardOptions): Board {
  return parseBoard("main/x", options);
}

function submit(
  sequence: number,
  score: Score,
  subscore: Score = 0,
  more: Partial<ScoreSubmission> = {},
): ScoreSubmission {
  return {
    playerId: "ada" as PlayerId,
    name: `Ada ${sequence}`,
    score,
    subscore,
    sequence,
    className: "",
    metadata: `{"run":${sequence}}`,
    replay: "",
    submittedMs: sequence * 1_000,
    isHidden: false,
    wasHeld: false,
    ...more,
  };
}

/** The entry of a submission that took the place. */
function entryOf(
  submission: ScoreSubmission,
  position: Partial<StoredEntry> = {},
): StoredEntry {
  const { wasHeld: _, ...entry } = submission;
  return { ...entry, ...position };
}

/** Applies submissions one after the other, of which none may be refused. */
function applyAll(
  rules: Board,
  submissions: readonly ScoreSubmission[],
): StoredEntry | undefined {
  let entry: StoredEntry | undefined;
  for (const submission of submissions) {
    assertEquals(checkSubmission(rules, submission), undefined);
    const applied = applySubmission(rules, entry, submission);
    assert(applied.type !== "refused");
    if (applied.type === "changed") entry = applied.entry;
  }
  return entry;
}

Deno.test("applySubmission() with best compares score and subscore as one pair", () => {
  const rules = board({ operator: "best", subscoreOrder: "ascending" });
  const first = submit(1, 100, 50);
  assertEquals(applySubmission(rules, undefined, first), {
    type: "changed",
    entry: entryOf(first),
  });
  const entry = entryOf(first);
  const cases: [score: Score, subscore: Score, changes: boolean][] = [
    [101, 99, true],
    [100, 49, true],
    [100, 50, false],
    [100, 51, false],
    [99, 0, false],
    [2n ** 60n, 99, true],
    [-(2n ** 60n), 0, false],
  ];
  for (const [score, subscore, changes] of cases) {
    const next = submit(2, score, subscore);
    const wanted = changes
      ? { type: "changed" as const, entry: entryOf(next) }
      : { type: "unchanged" as const };
    assertEquals(applySubmission(rules, entry, next), wanted);
  }
});

Deno.test("applySubmission() with latest keeps the place of who stays where he was", () => {
  const rules = board({ operator: "latest" });
  const again = submit(9, 100, 5);
  assertEquals(applyAll(rules, [submit(1, 100, 5), again]), {
    ...entryOf(again),
    sequence: 1,
  });
  const worse = submit(9, 1, 0);
  assertEquals(applyAll(rules, [submit(1, 100, 5), worse]), entryOf(worse));
});

Deno.test("applySubmission() with sum adds both, and keeps the place at no change", () => {
  const rules = board({ operator: "sum" });
  const nothing = submit(7, 0, 0);
  assertEquals(
    applyAll(rules, [submit(1, 100, -5), submit(3, -30, 2), nothing]),
    entryOf(nothing, { score: 70, subscore: -3, sequence: 3 }),
  );
});

Deno.test("applySubmission() with decrement goes down from 0", () => {
  const rules = board({ operator: "decrement" });
  const last = submit(2, 2n ** 53n, 0);
  assertEquals(
    applyAll(rules, [submit(1, 5, 1), last]),
    entryOf(last, { score: -(2n ** 53n) - 5n, subscore: -1 }),
  );
  const first = applyAll(rules, [submit(1, 0, 0)])!;
  assert(Object.is(first.score, 0) && Object.is(first.subscore, 0));
});

Deno.test("applySubmission() with decrement bounds what is left", () => {
  const rules = board({ operator: "decrement", minScore: -10, maxScore: 0 });
  const entry = applyAll(rules, [submit(1, 10)]);
  assertEquals(entry?.score, -10);
  const applied = applySubmission(rules, entry, submit(2, 1));
  assert(applied.type === "refused");
  assertEquals(applied.refusal.code, "scoreOutOfBounds");
});

Deno.test("applySubmission() refuses what leaves 64 bits", () => {
  const up = board({ operator: "sum" });
  const down = board({ operator: "decrement" });
  const cases: [Board, StoredEntry, ScoreSubmission, field: string][] = [
    [up, submit(1, MAX_SCORE), submit(2, 1), "score"],
    [up, submit(1, MIN_SCORE), submit(2, -1), "score"],
    [up, submit(1, 0, MAX_SCORE), submit(2, 0, 1), "subscore"],
    [down, submit(1, MIN_SCORE), submit(2, 1), "score"],
    [down, submit(1, 0, -MAX_SCORE), submit(2, 0, 2), "subscore"],
  ];
  for (const [rules, entry, submission, field] of cases) {
    const applied = applySubmission(rules, entry, submission);
    assert(applied.type === "refused");
    assertEquals(applied.refusal.code, "scoreOverflow");
    assertEquals(applied.refusal.field, field);
  }
  const edge = applySubmission(up, submit(1, MAX_SCORE), submit(2, -1));
  assert(edge.type === "changed");
  assertEquals(edge.entry.score, 2n ** 63n - 2n);
});

Deno.test("applySubmission() holds the entry to the bounds as well", () => {
  const rules = board({ operator: "sum", minScore: -10, maxScore: 10 });
  for (const [before, score] of [[8, 3], [-8, -3]] as const) {
    assertEquals(checkSubmission(rules, submit(2, score)), undefined);
    const applied = applySubmission(rules, submit(1, before), submit(2, score));
    assert(applied.type === "refused");
    assertEquals(applied.refusal.code, "scoreOutOfBounds");
    assertEquals(applied.refusal.field, "score");
  }
  const edge = applySubmission(rules, submit(1, 8), submit(2, 2));
  assert(edge.type === "changed");
});

Deno.test("checkSubmission() knows classes, bounds and signs", () => {
  const cases: [
    options: BoardOptions,
    submission: ScoreSubmission,
    wanted: string | undefined,
  ][] = [
    [{}, submit(1, MIN_SCORE, MAX_SCORE), undefined],
    [{ minScore: 0 }, submit(1, -1), "scoreOutOfBounds score"],
    [{ minScore: 0 }, submit(1, 0, -1), undefined],
    [{ maxScore: "9007199254740993" }, submit(1, 2n ** 53n), undefined],
    [
      { maxScore: "9007199254740993" },
      submit(1, 2n ** 53n + 2n),
      "scoreOutOfBounds score",
    ],
    [{ operator: "increment" }, submit(1, -1), "scoreOutOfBounds score"],
    [{ operator: "increment" }, submit(1, 0, -1), "scoreOutOfBounds subscore"],
    [{ operator: "decrement" }, submit(1, -1), "scoreOutOfBounds score"],
    [{ operator: "decrement" }, submit(1, 1, 1), undefined],
    [{ operator: "decrement", maxScore: 0 }, submit(1, 1), undefined],
    [{ operator: "sum" }, submit(1, -1, -1), undefined],
    [{}, submit(1, 1, 0, { className: "a" }), "invalidClass class"],
    [{ classes: ["a"] }, submit(1, 1, 0, { className: "a" }), undefined],
    [{ classes: ["a"] }, submit(1, 1), undefined],
    [
      { classes: ["a"] },
      submit(1, 1, 0, { className: "toString" }),
      "invalidClass class",
    ],
  ];
  for (const [options, submission, wanted] of cases) {
    const refusal = checkSubmission(board(options), submission);
    assertEquals(refusal && `${refusal.code} ${refusal.field}`, wanted);
    if (refusal === undefined) continue;
    assert(/^Cannot submit as .* must .*: current value is /.test(
      refusal.message,
    ));
  }
});

Deno.test("applySubmission() counts a held submission from when it came", () => {
  const held = submit(3, 50, 0, { wasHeld: true });
  const best = board({});
  // As good, and there before.
  assertEquals(applySubmission(best, submit(5, 50), held), {
    type: "changed",
    entry: entryOf(held),
  });
  const latest = board({ operator: "latest" });
  assertEquals(
    applySubmission(latest, submit(5, 7), held).type,
    "unchanged",
  );
  assertEquals(applySubmission(latest, submit(2, 7), held).type, "changed");
  // What came after it kept an older place.
  const kept = { ...submit(5, 7), sequence: 1 };
  assertEquals(applySubmission(latest, kept, held).type, "unchanged");
  // A clock that was set back does not make a submission late.
  const early = submit(6, 8, 0, { submittedMs: 1 });
  assertEquals(applySubmission(latest, submit(5, 7), early).type, "changed");
  const sum = board({ operator: "sum" });
  const entry = submit(5, 7);
  assertEquals(applySubmission(sum, entry, held), {
    type: "changed",
    entry: entryOf(entry, { score: 57 }),
  });
});

/** A score of few values, so that there are ties, or of all 64 bits. */
function randomScore(random: SeededRandom): bigint {
  if (random.nextU32() % 4 > 0) return BigInt(random.nextU32() % 4) - 1n;
  const wide = BigInt(random.nextU32()) << 32n | BigInt(random.nextU32());
  return BigInt.asIntN(64, wide);
}

function randomRun(random: SeededRandom, count: number): ScoreSubmission[] {
  return Array.from({ length: count }, (_, i) =>
    submit(
      i + 1,
      normalizeScore(randomScore(random)),
      normalizeScore(randomScore(random)),
    ));
}

function shuffle<T>(random: SeededRandom, values: readonly T[]): T[] {
  return values.map((value) => [random.nextU32(), value] as const)
    .sort(([a], [b]) => a - b).map(([, value]) => value);
}

/** 192 bits, of which the lowest are the best. */
function keyOf(rules: Board, entry: StoredEntry): bigint {
  const [score, subscore] = [
    [rules.order, entry.score] as const,
    [rules.subscoreOrder, entry.subscore] as const,
  ].map(([order, value]) => {
    const unsigned = BigInt(value) + 2n ** 63n;
    return order === "ascending" ? unsigned : 2n ** 64n - 1n - unsigned;
  }) as [bigint, bigint];
  return score << 128n | subscore << 64n | BigInt(entry.sequence);
}

Deno.test("applySubmission() with best ends with the first of the sorted, in whatever order", () => {
  const orders: ScoreOrder[] = ["ascending", "descending"];
  const boards = orders.flatMap((order) =>
    orders.map((subscoreOrder) => board({ order, subscoreOrder }))
  );
  for (let seed = 0; seed < CASES; seed++) {
    const random = new SeededRandom(seed);
    const rules = boards[seed % 4]!;
    const run = randomRun(random, 1 + random.nextU32() % 8);
    const wanted = run.toSorted((a, b) =>
      keyOf(rules, a) < keyOf(rules, b) ? -1 : 1
    )[0]!;
    for (const submissions of [run, shuffle(random, run)]) {
      assertEquals(
        applyAll(rules, submissions),
        entryOf(wanted),
        `seed ${seed}`,
      );
    }
  }
});

Deno.test("applySubmission() with latest ends with the last, at the place where it has been", () => {
  const rules = board({ operator: "latest" });
  for (let seed = 0; seed < CASES; seed++) {
    const run = randomRun(new SeededRandom(seed), 1 + seed % 8);
    const last = run.at(-1)!;
    const other = run.findLastIndex(({ score, subscore }) =>
      score !== last.score || subscore !== last.subscore
    );
    assertEquals(
      applyAll(rules, run),
      entryOf(last, { sequence: run[other + 1]!.sequence }),
      `seed ${seed}`,
    );
  }
});

Deno.test("applySubmission() with sums is exact, and refuses what does not fit", () => {
  const boards = (["sum", "increment", "decrement"] as const).map((operator) =>
    board({ operator })
  );
  for (let seed = 0; seed < CASES; seed++) {
    const random = new SeededRandom(seed);
    const rules = boards[seed % 3]!;
    const { operator } = rules;
    const sign = operator === "decrement" ? -1n : 1n;
    let entry: StoredEntry | undefined;
    let [score, subscore, sequence] = [0n, 0n, 0];
    for (const submission of randomRun(random, 8)) {
      const a = BigInt(submission.score);
      const b = BigInt(submission.subscore);
      const refusal = checkSubmission(rules, submission);
      const isSigned = operator !== "sum" && (a < 0n || b < 0n);
      assertEquals(refusal?.code, isSigned ? "scoreOutOfBounds" : undefined);
      if (isSigned) continue;
      const applied = applySubmission(rules, entry, submission);
      const next = [score + sign * a, subscore + sign * b] as const;
      if (next.some((n) => BigInt.asIntN(64, n) !== n)) {
        assert(applied.type === "refused", `seed ${seed}`);
        assertEquals(applied.refusal.code, "scoreOverflow", `seed ${seed}`);
        continue;
      }
      assert(applied.type === "changed", `seed ${seed}`);
      const isMoved = entry === undefined || a !== 0n || b !== 0n;
      if (isMoved) sequence = submission.sequence;
      [score, subscore] = next;
      entry = applied.entry;
      const wanted = {
        score: normalizeScore(score),
        subscore: normalizeScore(subscore),
        sequence,
      };
      assertEquals(entry, entryOf(submission, wanted), `seed ${seed}`);
    }
  }
});

Deno.test("applySubmission() gives no two players the same place", () => {
  // Whatever is held, late or the same again: a sequence stays with the player whose submission it was.
  const boards = (["best", "latest", "sum"] as const).map((operator) =>
    board({ operator })
  );
  for (let seed = 0; seed < CASES / 2; seed++) {
    const random = new SeededRandom(seed);
    const rules = boards[seed % 3]!;
    const entries = new Map<PlayerId, StoredEntry>();
    const owners = new Map<number, PlayerId>();
    const run = Array.from({ length: 30 }, (_, i) => {
      const id = `p${random.nextU32() % 4}` as PlayerId;
      owners.set(i + 1, id);
      const wasHeld = random.nextU32() % 3 === 0;
      const score = random.nextU32() % 3;
      return submit(i + 1, score, 0, { playerId: id, wasHeld });
    });
    const late = run.filter(({ wasHeld }) => wasHeld);
    const queue = [...run.filter(({ wasHeld }) => !wasHeld), ...late];
    for (const submission of queue) {
      const { playerId } = submission;
      const entry = entries.get(playerId);
      const applied = applySubmission(rules, entry, submission);
      if (applied.type === "changed") entries.set(playerId, applied.entry);
    }
    for (const [playerId, { sequence }] of entries) {
      assertEquals(owners.get(sequence), playerId, `seed ${seed}`);
    }
  }
});
