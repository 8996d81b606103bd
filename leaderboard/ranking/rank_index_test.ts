// The index beside an array that is sorted anew: a million operations in all (TICKWIRE_SOAK=1, a minute); an ordinary run
// takes a slice. A failure names the seed.
import { assertEquals } from "@std/assert";
import { type PlayerId, playerId, SeededRandom } from "../../core/mod.ts";
import type { ScoreOrder, TieRule } from "../board/board_options.ts";
import { MAX_SCORE, MIN_SCORE, type Score } from "../score.ts";
import {
  randomScore,
  SCORE_KINDS,
  type ScoreKind,
} from "./_testing/random_scores.ts";
import { RankOracle } from "./_testing/rank_oracle.ts";
import { RankIndex, type RankIndexMember } from "./rank_index.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const OPERATIONS = IS_SOAK ? 1_000_000 : 100_000;
const OPERATIONS_A_SEED = 5_000;

const ORDERS: readonly ScoreOrder[] = ["descending", "ascending"];
const TIE_RULES: readonly TieRule[] = ["earliest", "shared", "dense"];
/** Players of a seed: few enough for one chunk, and enough for many. */
const POOLS = [20, 700, 4_000];

interface Run {
  readonly index: RankIndex;
  readonly oracle: RankOracle<RankIndexMember>;
  readonly random: SeededRandom;
  readonly pool: number;
  readonly scores: ScoreKind;
  readonly subscores: ScoreKind | "none";
  sequence: number;
}

function startRun(seed: number): Run {
  const random = new SeededRandom(seed);
  function pick<Item>(items: readonly Item[]): Item {
    return items[random.nextU32() % items.length]!;
  }
  const options = {
    order: pick(ORDERS),
    subscoreOrder: pick(ORDERS),
    ties: TIE_RULES[seed % 3]!,
  };
  return {
    index: new RankIndex(options),
    oracle: new RankOracle(options),
    random,
    pool: pick(POOLS),
    scores: pick(SCORE_KINDS),
    subscores: pick([...SCORE_KINDS, "none", "none"] as const),
    // Some runs pass 32 bits, and some are beyond.
    sequence: pick([0, 0, 2 ** 32 - 1_000, 2 ** 45]),
  };
}

function randomMember(run: Run): RankIndexMember {
  const { random, pool, scores, subscores } = run;
  return {
    playerId: playerId(`player-${random.nextU32() % pool}`),
    score: randomScore(random, scores),
    subscore: subscores === "none" ? 0 : randomScore(random, subscores),
    sequence: ++run.sequence,
  };
}

function plainMember(run: Run, id: string, score: Score): RankIndexMember {
  const sequence = ++run.sequence;
  return { playerId: playerId(id), score, subscore: 0, sequence };
}

function put({ index, oracle }: Run, member: RankIndexMember): void {
  const { playerId, score, subscore, sequence } = member;
  index.set(playerId, score, subscore, sequence);
  oracle.set(member);
}

/** Compares what both say, in all or around a few places. */
function check(run: Run, isWhole: boolean, where: string): void {
  const { index, oracle, random, pool } = run;
  const sorted = oracle.sorted();
  const ranks = oracle.ranks();
  assertEquals(index.size, sorted.length, where);
  if (isWhole) {
    assertEquals(
      index.slice(0, index.size),
      sorted.map((member) => member.playerId),
      where,
    );
  }
  const step = isWhole ? 1 : 1 + Math.floor(sorted.length / 4);
  for (let i = random.nextU32() % step; i < sorted.length; i += step) {
    const id = sorted[i]!.playerId;
    const said = [
      index.offsetOf(id),
      index.rankOf(id),
      index.rankAt(i),
      index.countBefore(sorted[i]!),
    ];
    const expected = [i, ranks[i]!, ranks[i]!, i];
    const { score, subscore, sequence } = index.positionOf(id)!;
    const isThere = score === sorted[i]!.score &&
      subscore === sorted[i]!.subscore && sequence === sorted[i]!.sequence;
    if (!isThere) assertEquals(index.positionOf(id), sorted[i], where);
    // Comparing arrays by assertion is slow, and there are millions.
    if (`${said}` !== `${expected}`) assertEquals(said, expected, where);
  }
  const offset = random.nextU32() % (pool + 10);
  const limit = random.nextU32() % 30;
  assertEquals(
    index.slice(offset, limit),
    sorted.slice(offset, offset + limit).map((member) => member.playerId),
    where,
  );
  const place = {
    ...randomMember(run),
    sequence: random.nextU32() % 2 ? run.sequence >>> 1 : Infinity,
  };
  assertEquals(
    index.countBefore(place),
    sorted.filter((member) => oracle.compare(member, place) < 0).length,
    where,
  );
  const absent = playerId(`player-${pool}`);
  assertEquals(index.rankOf(absent), 0, where);
  assertEquals(index.offsetOf(absent), -1, where);
  assertEquals(index.positionOf(absent), undefined, where);
}

Deno.test("RankIndex agrees with an array that is sorted anew", () => {
  for (let seed = 0; seed < OPERATIONS / OPERATIONS_A_SEED; seed++) {
    const run = startRun(seed);
    const { index, oracle, random, pool } = run;
    if (seed % 2 === 0) {
      const members = Array.from({ length: pool }, () => randomMember(run));
      index.load(members);
      for (const member of members) oracle.set(member);
      check(run, true, `seed ${seed}, loaded`);
    }
    // It grows, shrinks and grows again.
    for (let i = 0; i < OPERATIONS_A_SEED; i++) {
      const puts = i % 2_500 < 1_500 ? 8 : 1;
      if (random.nextU32() % 10 < puts) {
        put(run, randomMember(run));
      } else {
        const id = playerId(`player-${random.nextU32() % pool}`);
        assertEquals(index.delete(id), oracle.delete(id), `seed ${seed}`);
      }
      if (i % 100 === 0) check(run, i % 1_000 === 0, `seed ${seed}, at ${i}`);
    }
  }
});

Deno.test("RankIndex agrees to the last player that goes", () => {
  for (const ties of TIE_RULES) {
    const options = {
      order: "descending",
      subscoreOrder: "descending",
      ties,
    } as const;
    const run: Run = {
      index: new RankIndex(options),
      oracle: new RankOracle(options),
      random: new SeededRandom(7),
      pool: 3_000,
      scores: "few",
      subscores: "none",
      sequence: 0,
    };
    for (let i = 0; i < 3_000; i++) put(run, randomMember(run));
    while (run.oracle.size > 0) {
      const { playerId: id } = run.oracle
        .sorted()[run.random.nextU32() % run.oracle.size]!;
      run.index.delete(id);
      run.oracle.delete(id);
      const { size } = run.oracle;
      if (size % 300 === 0) check(run, true, `${ties}, ${size} left`);
    }
    put(run, randomMember(run));
    check(run, true, `${ties}, begun again`);
  }
});

Deno.test("RankIndex leaves nothing of who was there where others come", () => {
  const options = {
    order: "ascending",
    subscoreOrder: "ascending",
    ties: "shared",
  } as const;
  const strange = [
    { score: 10_000, subscore: 5, sequence: 0 },
    { score: 2n ** 60n + 1n, subscore: 0, sequence: 0 },
    { score: 10_000, subscore: -(2n ** 60n) - 1n, sequence: 0 },
    { score: 10_000, subscore: 0, sequence: 2 ** 40 },
  ];
  for (const [kind, { score, subscore, sequence }] of strange.entries()) {
    const run: Run = {
      ...startRun(0),
      index: new RankIndex(options),
      oracle: new RankOracle(options),
      pool: 1,
      sequence: 0,
    };
    // So many that what comes in front goes to where the strange ones were, and not to where the others are.
    const members = Array.from(
      { length: 30_000 },
      (_, i) => plainMember(run, `plain-${i}`, i >>> 5),
    );
    run.index.load(members);
    for (const member of members) run.oracle.set(member);
    for (let i = 0; i < 2_000; i++) {
      put(run, {
        playerId: playerId(`strange-${i}`),
        score,
        subscore,
        sequence: sequence + ++run.sequence,
      });
    }
    for (let i = 0; i < 2_000; i++) {
      const id = playerId(`strange-${i}`);
      run.index.delete(id);
      run.oracle.delete(id);
    }
    for (let i = 0; i < 2_000; i++) {
      put(run, plainMember(run, `front-${i}`, i % 50));
    }
    check(run, true, `kind ${kind}`);
  }
});

Deno.test("RankIndex has those that come in order, from either end", () => {
  for (const order of ORDERS) {
    const run: Run = {
      ...startRun(0),
      index: new RankIndex({ order, subscoreOrder: order, ties: "dense" }),
      oracle: new RankOracle({ order, subscoreOrder: order, ties: "dense" }),
    };
    for (let i = 0; i < 3_000; i++) {
      put(run, {
        playerId: playerId(`p${i}`),
        score: Math.floor(i / 3),
        subscore: 0,
        sequence: i + 1,
      });
    }
    check(run, true, order);
  }
});

Deno.test("RankIndex.load() takes the later one of two with an id", () => {
  const index = new RankIndex({
    order: "descending",
    subscoreOrder: "descending",
    ties: "earliest",
  });
  const [ada, bob] = [playerId("ada"), playerId("bob")];
  function memberOf(
    id: PlayerId,
    score: Score,
    sequence: number,
  ): RankIndexMember {
    return { playerId: id, score, subscore: 0, sequence };
  }
  index.load([
    memberOf(ada, MAX_SCORE, 1),
    memberOf(bob, 5, 2),
    memberOf(ada, MIN_SCORE, 3),
  ]);
  assertEquals(index.slice(0, 10), [bob, ada]);
  // With somebody there, each is set.
  index.load([memberOf(ada, 6, 4), memberOf(bob, 4, 5)]);
  assertEquals(index.slice(0, 10), [ada, bob]);
  assertEquals(index.size, 2);
});

Deno.test("RankIndex.load() sorts what comes in no order", () => {
  for (const kind of SCORE_KINDS) {
    const random = new SeededRandom(11);
    const options = {
      order: "ascending",
      subscoreOrder: "descending",
      ties: "shared",
    } as const;
    const index = new RankIndex(options);
    const oracle = new RankOracle(options);
    const count = IS_SOAK ? 1_000_000 : 30_000;
    for (let i = 0; i < count; i++) {
      oracle.set({
        playerId: playerId(`player-${i}`),
        score: randomScore(random, kind),
        subscore: randomScore(random, "few"),
        // Each once, and in no order: the factor is prime.
        sequence: 1 + (i * 7_919) % count,
      });
    }
    const members = oracle.sorted().toSorted((a, b) =>
      a.playerId < b.playerId ? -1 : 1
    );
    index.load(members);
    const order = oracle.sorted().map((member) => member.playerId);
    assertEquals(index.slice(0, count), order, kind);
  }
});
