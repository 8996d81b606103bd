import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { playerId, type RedisLike, SeededRandom } from "../../core/mod.ts";
import { whyNoRedis } from "../../tools/redis_server.ts";
import { LeaderboardError } from "../leaderboard_error.ts";
import { compareScores, type Score } from "../score.ts";
import type {
  EntryChange,
  HeldSubmission,
  LeaderboardStore,
  StoredEntry,
  Transaction,
  TransactionChange,
  TransactionState,
} from "../store/store.ts";
import {
  entryOf,
  NOW_MS,
  put,
  rankingOf,
  remove,
} from "../store/_testing/store_fixture.ts";
import { CLIENTS, RedisRig } from "../../tools/redis_rig.ts";
import { RedisLeaderboardStore } from "./redis_leaderboard_store.ts";

const missing = await whyNoRedis();
const KILLS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 40 : 3;
const RANKING = rankingOf();
const ADA = playerId("ada");

/** Registers a test that needs a server. */
function testRedis(behaviour: string, fn: () => Promise<void>): void {
  Deno.test({
    name: `RedisLeaderboardStore ${behaviour}${missing}`,
    ignore: missing !== "",
    fn,
  });
}

/** Comes to an end in the next turns of the event loop, or fails. */
async function until(
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const endMs = performance.now() + 30_000;
  while (!await condition()) {
    if (performance.now() > endMs) throw new Error("It never came true");
    await new Promise((resolve) => setTimeout(resolve));
  }
}

/** Adds to a player's score once for each key, however often it is called. */
async function addOnce(
  store: LeaderboardStore,
  id: string,
  score: number,
  key: string,
): Promise<boolean> {
  const { change } = await store.transact(
    {
      board: RANKING.board,
      playerId: playerId(id),
      rankings: [RANKING],
      nowMs: NOW_MS,
      claims: [key],
    },
    (
      { sequence, entries: [before], claimed: [claimed] },
    ): TransactionChange => {
      if (claimed !== undefined) return {};
      const sum = Number(before?.score ?? 0) + score;
      return {
        entries: [entryOf(id, sum, sequence)],
        claims: [{ value: "1", expiresMs: NOW_MS + 3_600_000 }],
      };
    },
  );
  return change.entries !== undefined;
}

/** A client that notes what is sent, and may answer itself. */
function spy(
  redis: RedisLike,
  onCommand: (args: readonly string[]) => Promise<unknown> | void,
): RedisLike {
  return {
    ...redis,
    command: (args) => onCommand(args) ?? redis.command(args),
  };
}

testRedis(
  "orders what two of them put at once, and loses nothing",
  async () => {
    for (const ties of ["earliest", "shared", "dense"] as const) {
      await using rig = await RedisRig.start();
      const ranking = rankingOf({ ties });
      const stores = [
        new RedisLeaderboardStore(await rig.connect()),
        new RedisLeaderboardStore(await rig.connect()),
      ];
      const seed = 11;
      const random = new SeededRandom(seed);
      const changes: EntryChange[] = [];
      await stores[0]!.subscribe((change) => changes.push(change));
      await Promise.all(Array.from({ length: 800 }, (_, i) => {
        const score: Score = 2n ** 60n + BigInt(random.nextU32() % 40);
        const id = `p${random.nextU32() % 150}`;
        return put(stores[i % 2]!, ranking, id, score);
      }));
      await until(() => changes.length === 800);
      // The order of the commits is that of the messages.
      const entries = new Map<string, StoredEntry>();
      for (const { entry, rank, total } of changes) {
        entries.set(entry!.playerId, entry!);
        assertEquals(total, entries.size, `seed ${seed}`);
        const before = [...entries.values()].filter((it) =>
          compareScores(it.score, entry!.score) > 0 ||
          (ties === "earliest" && it.score === entry!.score &&
            it.sequence < entry!.sequence)
        );
        const expected = ties === "dense"
          ? new Set(before.map(({ score }) => score)).size
          : before.length;
        assertEquals(rank, expected + 1, `seed ${seed}`);
      }
      const sorted = [...entries.values()].sort((a, b) =>
        compareScores(b.score, a.score) || a.sequence - b.sequence
      );
      const page = await stores[1]!.page(ranking, { limit: 1000 });
      assertEquals(page.entries.map(({ entry }) => entry), sorted);
      for (const store of stores) await store.close();
    }
  },
);

testRedis("decides anew where another was faster", async () => {
  await using rig = await RedisRig.start();
  const stores = await Promise.all(
    [1, 2, 3, 4].map(async () =>
      new RedisLeaderboardStore(await rig.connect())
    ),
  );
  const added = await Promise.all(
    Array.from(
      { length: 400 },
      // Each key comes twice, from two machines.
      (_, i) => addOnce(stores[i % 4]!, "ada", 1, `k${i >> 1}`),
    ),
  );
  assertEquals(added.filter((isFirst) => isFirst).length, 200);
  const standing = await stores[0]!.standing(RANKING, ADA);
  assertEquals(standing?.entry.score, 200);
  assert(stores.some(({ conflicts }) => conflicts > 0));
  for (const store of stores) await store.close();
});

testRedis("decides anew whatever it was that another changed", async () => {
  await using rig = await RedisRig.start();
  const redis = await rig.connect();
  const other = new RedisLeaderboardStore(redis);
  const { board } = RANKING;
  const all: Transaction = {
    board,
    playerId: ADA,
    rankings: [RANKING],
    nowMs: NOW_MS,
    claims: ["a", "b"],
    attempts: { period: "allTime", season: 0 },
    heldId: "h",
  };
  const held: HeldSubmission = {
    id: "h",
    board,
    playerId: ADA,
    sequence: 1,
    heldMs: NOW_MS,
    state: "unverified",
    replay: "",
    data: "{}",
  };
  const claim = { value: "1", expiresMs: NOW_MS + 1000 };
  const changes: [string, (sequence: number) => TransactionChange][] = [
    ["an entry", (sequence) => ({ entries: [entryOf("ada", 5, sequence)] })],
    ["the same entry", (sequence) => ({
      entries: [entryOf("ada", 5, sequence)],
    })],
    ["no entry", () => ({ entries: [null] })],
    ["a claim", () => ({ claims: [undefined, claim] })],
    ["attempts", () => ({ attempts: 1 })],
    ["a held submission", () => ({ hold: held })],
    ["its state", () => ({ hold: { ...held, state: "quarantined" } })],
    ["its end", () => ({ releasesHeld: true })],
  ];
  for (const [what, changeOf] of changes) {
    let commands = 0;
    const store = new RedisLeaderboardStore(
      spy(redis, (args) => {
        // The first is a read, the second the write.
        if (++commands !== 2) return;
        return other.transact(all, ({ sequence }) => changeOf(sequence))
          .then(() => redis.command(args));
      }),
    );
    // So that the server knows the scripts.
    await other.transact(all, () => ({}));
    const seen: TransactionState[] = [];
    await store.transact(all, (state): TransactionChange => {
      seen.push(state);
      return {};
    });
    assertEquals([seen.length, store.conflicts], [2, 1], what);
    const [before, after] = seen.map(({ sequence: _, ...rest }) =>
      JSON.stringify(rest)
    );
    assert(before !== after, what);
    await store.close();
  }
  await other.close();
});

for (const [name, connect] of Object.entries(CLIENTS)) {
  testRedis(
    `with ${name} keeps what it acknowledged when Redis is killed`,
    async () => {
      await using rig = await RedisRig.start(connect, [
        ...["--appendonly", "yes", "--appendfsync", "always"],
      ]);
      const stores = [
        new RedisLeaderboardStore(await rig.connect()),
        new RedisLeaderboardStore(await rig.connect()),
      ];
      const count = 100 * (KILLS + 1);
      let failures = 0;
      let done = 0;
      /** As a client does that heard nothing: with the same key until it hears. */
      async function submit(from: number): Promise<void> {
        for (let i = from; i < count; i += 8) {
          for (let isDone = false; !isDone;) {
            try {
              await addOnce(stores[i % 2]!, `p${i % 5}`, i, `key${i}`);
              isDone = true;
              done++;
            } catch (error) {
              assert(error instanceof LeaderboardError, String(error));
              assertEquals(error.code, "storeFailed");
              assert(error.cause instanceof Error);
              failures++;
            }
          }
        }
      }
      const submitters = Array.from({ length: 8 }, (_, from) => submit(from));
      for (let kill = 0; kill < KILLS; kill++) {
        await until(() => done >= 60 + 100 * kill);
        await rig.server.stop("SIGKILL");
        await rig.server.startAgain();
      }
      await Promise.all(submitters);
      const { entries } = await stores[0]!.page(RANKING, { limit: 10 });
      const sums = [0, 0, 0, 0, 0];
      for (let i = 0; i < count; i++) sums[i % 5]! += i;
      assertEquals(
        entries.map(({ entry }) => entry.score),
        sums.toSorted((a, b) => b - a),
      );
      // A client that sends again by itself hides what failed.
      assert(failures > 0 || name === "ioredis");
      for (const store of stores) await store.close();
    },
  );

  testRedis(`with ${name} reads what it has written`, async () => {
    await using rig = await RedisRig.start(connect);
    const store = new RedisLeaderboardStore(await rig.connect());
    const changes: EntryChange[] = [];
    const end = await store.subscribe((change) => changes.push(change));
    const ranking = rankingOf({ ties: "dense" });
    await put(store, ranking, "ada", 2n ** 63n - 1n);
    await put(store, ranking, "b\u00f8b", 2n ** 63n - 2n);
    await put(store, ranking, "cid", 1, { isHidden: true });
    const { entries } = await store.page(ranking, { limit: 10 });
    assertEquals(
      entries.map(({ entry, rank }) => [entry.playerId, entry.score, rank]),
      [["ada", 2n ** 63n - 1n, 1], ["b\u00f8b", 2n ** 63n - 2n, 2]],
    );
    assertEquals(
      (await store.around(ranking, ADA, 1))?.entries[0]?.entry.playerId,
      ADA,
    );
    assertEquals(await store.around(ranking, playerId("cid"), 1), undefined);
    assertEquals((await store.rankings(ranking.board)).length, 1);
    assertEquals(await store.putBoard("main/board", "{}", undefined), true);
    assertEquals(await store.board("main/board"), "{}");
    assertEquals(await store.board("main/other"), undefined);
    assertEquals((await store.boards("main")).length, 1);
    assertEquals(await store.isReplayLinked("00"), false);
    await until(() => changes.length === 2);
    assertEquals(changes.map(({ rank, total }) => [rank, total]), [
      [1, 1],
      [2, 2],
    ]);
    await end();
    await store.close();
  });
}

testRedis("uses keys of one slot in each script of a cluster", async () => {
  await using rig = await RedisRig.start(undefined, [
    ...["--cluster-enabled", "yes"],
  ]);
  const redis = await rig.connect();
  await redis.command(["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
  await until(async () =>
    /cluster_state:ok/.test(String(await redis.command(["CLUSTER", "INFO"])))
  );
  const scripts = new Set<string>();
  const store = new RedisLeaderboardStore(spy(redis, ([name, script]) => {
    if (name === "EVAL") scripts.add(script!);
  }));
  // What would end the hash tag too early.
  const ranking = rankingOf({
    board: "main/a}{b:c%",
    className: "}{",
    ties: "dense",
  });
  const { board } = ranking;
  await store.transact({
    board,
    playerId: playerId("a}b"),
    rankings: [ranking],
    nowMs: NOW_MS,
    claims: ["}{"],
    attempts: ranking,
    heldId: "h",
  }, ({ sequence }) => ({
    entries: [entryOf("a}b", 5, sequence, { replay: "ab" })],
    claims: [{ value: "v", expiresMs: NOW_MS + 1 }],
    attempts: 1,
    hold: {
      id: "h",
      board,
      playerId: playerId("a}b"),
      sequence,
      heldMs: NOW_MS,
      state: "quarantined",
      replay: "ab",
      data: "{}",
    },
  }));
  assertEquals((await store.standing(ranking, playerId("a}b")))?.rank, 1);
  assertEquals((await store.page(ranking, { limit: 1 })).total, 1);
  assert(await store.around(ranking, playerId("a}b"), 5) !== undefined);
  const query = { state: "quarantined", afterSequence: 0, limit: 1 } as const;
  assertEquals((await store.held(board, query)).length, 1);
  assertEquals((await store.rankings(board))[0]?.className, "}{");
  assertEquals(await store.isReplayLinked("ab"), true);
  assertEquals(await store.putBoard(board, "{}", undefined), true);
  assertEquals(await store.boards("main"), [{ board, options: "{}" }]);
  assertEquals(await store.dropRanking(ranking, 10), true);
  assertEquals(scripts.size, 10);
  await store.close();
});

testRedis(
  "sends a script again to a server that has forgotten it",
  async () => {
    await using rig = await RedisRig.start();
    const redis = await rig.connect();
    let sent = 0;
    const store = new RedisLeaderboardStore(spy(redis, ([name]) => {
      if (name === "EVAL") sent++;
    }));
    await put(store, RANKING, "ada", 1);
    assertEquals(sent, 2);
    await put(store, RANKING, "ada", 2);
    assertEquals(sent, 2);
    await redis.command(["SCRIPT", "FLUSH"]);
    await put(store, RANKING, "ada", 3);
    assertEquals(sent, 4);
    assertEquals((await store.standing(RANKING, ADA))?.entry.score, 3);
    await store.close();
  },
);

testRedis("leaves nothing behind of what is removed", async () => {
  await using rig = await RedisRig.start();
  const redis = await rig.connect();
  const store = new RedisLeaderboardStore(redis, { prefix: "test" });
  const rankings = [
    rankingOf({ ties: "dense", className: "a" }),
    rankingOf({ ties: "dense" }),
  ];
  const attempts = { period: "allTime", season: 0 };
  for (let i = 0; i < 300; i++) {
    const player = playerId(`p${i % 100}`);
    await store.transact({
      board: RANKING.board,
      playerId: player,
      rankings,
      nowMs: NOW_MS,
      attempts,
    }, ({ sequence, attempts }) => ({
      attempts: attempts + 1,
      entries: rankings.map(() =>
        entryOf(player, i % 7, sequence, {
          replay: `${i % 10}`,
          isHidden: i % 9 === 0,
        })
      ),
      hold: {
        id: `h${i % 3}`,
        board: RANKING.board,
        playerId: player,
        sequence,
        heldMs: NOW_MS,
        state: i % 2 === 0 ? "unverified" : "quarantined",
        replay: `${i % 4}`,
        data: "{}",
      },
    }));
  }
  for (const state of ["unverified", "quarantined"] as const) {
    for (
      const { id, playerId } of await store.held(RANKING.board, {
        state,
        afterSequence: 0,
        limit: 10,
      })
    ) {
      await store.transact({
        board: RANKING.board,
        playerId,
        rankings: [],
        nowMs: NOW_MS,
        heldId: id,
      }, () => ({ releasesHeld: true }));
    }
  }
  for (let i = 0; i < 100; i += 2) await remove(store, rankings[0]!, `p${i}`);
  for (const ranking of rankings) {
    while (!await store.dropRanking(ranking, 30));
  }
  assertEquals((await redis.command(["KEYS", "*"]) as string[]).sort(), [
    "test:linked",
    "test:{main/board}:meta",
  ]);
  await store.close();
});

testRedis("drops more entries than one script does", async () => {
  await using rig = await RedisRig.start();
  const store = new RedisLeaderboardStore(await rig.connect());
  await Promise.all(
    Array.from(
      { length: 1300 },
      (_, i) => put(store, RANKING, `p${i}`, i, { isHidden: i % 2 === 0 }),
    ),
  );
  assertEquals(await store.dropRanking(RANKING, 1299), false);
  const left = await store.transact(
    {
      board: RANKING.board,
      playerId: ADA,
      rankings: [RANKING],
      nowMs: NOW_MS,
      maxEntries: 2,
    },
    ({ sequence }) => ({ entries: [entryOf("ada", 1, sequence)] }),
  );
  assertEquals(left.isFull, false);
  assertEquals(await store.dropRanking(RANKING, 2), true);
  assertEquals(await store.rankings(RANKING.board), []);
  await store.close();
});

testRedis("drops no more than it is told", async () => {
  await using rig = await RedisRig.start();
  const redis = await rig.connect();
  const store = new RedisLeaderboardStore(redis);
  // Few and small, as Redis scans those all at once.
  for (let i = 0; i < 20; i++) {
    await put(store, RANKING, `p${i}`, i, { isHidden: i > 2 });
  }
  const key = "tickwire:leaderboard:{main/board}:rows:allTime:0:";
  for (const left of [13, 6]) {
    assertEquals(await store.dropRanking(RANKING, 7), false);
    assertEquals(await redis.command(["HLEN", key]), left);
  }
  assertEquals(await store.dropRanking(RANKING, 0), false);
  assertEquals(await store.dropRanking(RANKING, 7), true);
  await store.close();
});

testRedis("changes nothing where Redis has no memory left", async () => {
  await using rig = await RedisRig.start();
  const redis = await rig.connect();
  const store = new RedisLeaderboardStore(redis);
  await put(store, RANKING, "ada", 1);
  const full = ["CONFIG", "SET", "maxmemory", "1"];
  // Before the read, and between the read and the write.
  for (const at of [1, 2]) {
    let commands = 0;
    const filling = new RedisLeaderboardStore(
      spy(redis, (args) => {
        if (++commands !== at) return;
        return redis.command(full).then(() => redis.command(args));
      }),
    );
    const error = await assertRejects(
      () => addOnce(filling, "ada", 5, "key"),
      LeaderboardError,
      "OOM",
    );
    assertEquals(error.code, "storeFailed");
    assertEquals((await store.standing(RANKING, ADA))?.entry.score, 1);
    await redis.command(["CONFIG", "SET", "maxmemory", "0"]);
    await filling.close();
  }
  assertEquals(await addOnce(store, "ada", 5, "key"), true);
  assertEquals((await store.standing(RANKING, ADA))?.entry.score, 6);
  await store.close();
});

testRedis("has Redis forget claims", async () => {
  await using rig = await RedisRig.start();
  const redis = await rig.connect();
  const store = new RedisLeaderboardStore(redis);
  await addOnce(store, "ada", 1, "key");
  const key = "tickwire:leaderboard:{main/board}:claim:ada:key";
  const lifeMs = Number(await redis.command(["PTTL", key]));
  // The claim's hour, and a minute for clocks that differ.
  assert(lifeMs > 3_600_000 && lifeMs <= 3_660_000, `${lifeMs}`);
  await redis.command(["PEXPIRE", key, "1"]);
  await until(async () => await redis.command(["EXISTS", key]) === 0);
  assertEquals(await addOnce(store, "ada", 1, "key"), true);
  await store.close();
});

testRedis("keeps two prefixes apart", async () => {
  await using rig = await RedisRig.start();
  const redis = await rig.connect();
  const one = new RedisLeaderboardStore(redis, { prefix: "one" });
  const two = new RedisLeaderboardStore(redis, { prefix: "two" });
  const changes: EntryChange[] = [];
  await two.subscribe((change) => changes.push(change));
  await put(one, RANKING, "ada", 1);
  await put(two, RANKING, "bob", 1);
  await until(() => changes.length > 0);
  assertEquals(changes.map(({ playerId }) => playerId), [playerId("bob")]);
  assertEquals(await two.standing(RANKING, ADA), undefined);
  await one.close();
  await two.close();
});

testRedis("says of which board changes were lost on the way", async () => {
  await using rig = await RedisRig.start();
  const redis = await rig.connect();
  let isCut = false;
  const store = new RedisLeaderboardStore({
    command: (args) => redis.command(args),
    subscribe: (channel, onMessage) =>
      redis.subscribe!(channel, (message) => {
        if (!isCut) onMessage(message);
      }),
  });
  const told: string[] = [];
  await store.subscribe(
    ({ playerId }) => told.push(playerId),
    (board) => told.push(`missed on ${board}`),
  );
  await put(store, RANKING, "ada", 1);
  await put(store, { ...RANKING, board: "main/other" }, "ada", 1);
  await until(() => told.length === 2);
  // Heard by a subscription of its own, so that it is known to have been told to the other.
  const heard: string[] = [];
  const other = new RedisLeaderboardStore(redis);
  await other.subscribe(({ playerId }) => heard.push(playerId));
  isCut = true;
  await put(store, RANKING, "bob", 2);
  await until(() => heard.length === 1);
  isCut = false;
  await put(store, { ...RANKING, board: "main/other" }, "cid", 3);
  await put(store, RANKING, "cid", 3);
  await put(store, RANKING, "dan", 4);
  await until(() => told.at(-1) === "dan");
  assertEquals(told, [
    ...["ada", "ada", "cid"],
    ...[`missed on ${RANKING.board}`, "cid", "dan"],
  ]);
  await store.close();
  await other.close();
});

testRedis("ignores and counts messages that no store has written", async () => {
  await using rig = await RedisRig.start();
  const redis = await rig.connect();
  const store = new RedisLeaderboardStore(redis);
  const changes: EntryChange[] = [];
  await store.subscribe((change) => changes.push(change));
  const whose = '["main/board","ada"]';
  const key = '["allTime",0,""]';
  const row = '1\nm\n\n["ada","Ada",1,0,1,"","",0]';
  const bad = [
    "",
    "{}",
    "[]\n[]\n1\n1",
    `${whose}\n${key}`,
    `${whose}\n${key}\n1\n1\n7`,
    `${whose}\n${key}\n-1\n1\n7`,
    `${whose}\n${key}\n0\n1\n7\n${row}`,
    `${whose}\n${key}\n1\nx\n7\n${row}`,
    `${whose}\n["allTime",0]\n1\n1\n7\n${row}`,
    `["main/board",""]\n${key}\n1\n1\n7\n${row}`,
    `["main/board","bob"]\n${key}\n1\n1\n7\n${row}`,
    `${whose}\n${key}\n1\n1\n7\n${row.replace("\nm\n", "\n\n")}`,
    `${whose}\n${key}\n1\n1\n7\n${row.replace("1,0,1", '"01",0,1')}`,
    `${whose}\n${key}\n1\n1\n7\n${row.slice(0, -1)}`,
    `${whose}\n${key}\n1\n1\n-7\n${row}`,
  ];
  for (const message of bad) {
    await redis.command(["PUBLISH", "tickwire:leaderboard:changes", message]);
  }
  const good = `${whose}\n${key}\n1\n1\n7\n${row}`;
  await redis.command(["PUBLISH", "tickwire:leaderboard:changes", good]);
  await until(() => changes.length > 0);
  assertEquals(changes[0]?.entry?.score, 1);
  assertEquals(store.malformedMessages, bad.length);
  await store.close();
});

testRedis("rejects what somebody else has written", async () => {
  await using rig = await RedisRig.start();
  const redis = await rig.connect();
  const store = new RedisLeaderboardStore(redis);
  await put(store, RANKING, "ada", 1);
  const key = "tickwire:leaderboard:{main/board}:rows:allTime:0:";
  const before = String(await redis.command(["HGET", key, "ada"]));
  for (const row of ["x", before.slice(0, -1), before.replace("1,0", "")]) {
    await redis.command(["HSET", key, "ada", row]);
    for (
      const call of [
        () => put(store, RANKING, "ada", 2),
        () => store.page(RANKING, { limit: 1 }),
      ]
    ) {
      const error = await assertRejects(call, LeaderboardError);
      assertEquals(error.code, "storeFailed");
    }
  }
  await redis.command(["SET", key, "no hash"]);
  const error = await assertRejects(
    () => put(store, RANKING, "ada", 2),
    LeaderboardError,
    "WRONGTYPE",
  );
  assertEquals(error.code, "storeFailed");
  await store.close();
});

Deno.test("RedisLeaderboardStore gives up where others keep changing the same", async () => {
  let reads = 0;
  let writes = 0;
  const store = new RedisLeaderboardStore({
    command([_name, _script, keys]) {
      // A read has the keys of its state and the rows, a write those of all sets.
      const isRead = keys === "4";
      if (isRead) reads++;
      else writes++;
      return Promise.resolve(isRead ? [reads, 0, "", "", ""] : [0]);
    },
  });
  const error = await assertRejects(
    () => put(store, RANKING, "ada", 1),
    LeaderboardError,
  );
  assertEquals(error.code, "conflict");
  assertEquals([reads, writes, store.conflicts], [32, 32, 32]);
  await store.close();
});

Deno.test("RedisLeaderboardStore rejects with what the client rejects with as cause", async () => {
  const cause = new Error("Socket closed unexpectedly");
  const store = new RedisLeaderboardStore({
    command: () => Promise.reject(cause),
    subscribe: () => Promise.reject(cause),
  });
  for (
    const call of [
      () => put(store, RANKING, "ada", 1),
      () => store.standing(RANKING, ADA),
      () => store.board("main/board"),
      () => store.putBoard("main/board", "{}", undefined),
      () => store.isReplayLinked("ab"),
      () => store.subscribe(() => {}),
    ]
  ) {
    const error = await assertRejects(call, LeaderboardError, "Socket closed");
    assertEquals(error.code, "storeFailed");
    assertEquals(error.cause, cause);
  }
  await store.close();
});

Deno.test("RedisLeaderboardStore refuses what is beyond maxPending", async () => {
  const replies: PromiseWithResolvers<unknown>[] = [];
  const redis: RedisLike = {
    command() {
      const reply = Promise.withResolvers<unknown>();
      replies.push(reply);
      return reply.promise;
    },
  };
  const store = new RedisLeaderboardStore(redis, { maxPending: 2 });
  const [first, second] = [store.board("main/a"), store.board("main/b")];
  const error = await assertRejects(
    () => store.board("main/c"),
    LeaderboardError,
    "at most 2 calls",
  );
  assertEquals(error.code, "storeFailed");
  assertEquals(store.refused, 1);
  let isClosed = false;
  const closing = store.close().then(() => isClosed = true);
  replies[0]!.resolve("{}");
  assertEquals(await first, "{}");
  for (let i = 0; i < 10; i++) await Promise.resolve();
  assertEquals(isClosed, false);
  replies[1]!.resolve(null);
  assertEquals(await second, undefined);
  await closing;
  assertThrows(
    () => new RedisLeaderboardStore(redis, { maxPending: 0 }),
    RangeError,
    "maxPending",
  );
});

Deno.test("RedisLeaderboardStore.subscribe() needs a client that can", async () => {
  const store = new RedisLeaderboardStore({
    command: () => Promise.resolve(null),
  });
  await assertRejects(() => store.subscribe(() => {}), TypeError, "subscribe");
  await store.close();
});
