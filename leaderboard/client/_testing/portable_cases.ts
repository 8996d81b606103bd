// This module is browser compatible.

import type {
  LeaderboardCallId,
  LeaderboardClient,
  LeaderboardClientOptions,
  LeaderboardEvent,
} from "../../mod.ts";

/** The modules under test, as the runtime has loaded them. */
export type Tickwire =
  & typeof import("../../mod.ts")
  & Pick<
    typeof import("../../../core/mod.ts"),
    "MemoryJournal" | "SeededRandom"
  >;

/** One thing that the client does in every runtime. */
export interface PortableCase {
  /** Symbol, then behaviour. */
  readonly name: string;
  /**
   * Throws where it does otherwise. `url` is where a server of its own is mounted, with the boards "main", "sum" and
   * "latest", which takes bearer tokens for players' ids.
   */
  run(tickwire: Tickwire, url: string): Promise<void>;
}

const DEADLINE_MS = 30_000;

/** What the client does in every runtime. */
export const PORTABLE_CASES: readonly PortableCase[] = [
  {
    name: "LeaderboardClient submits a score once and tells its rank",
    async run(tickwire, url) {
      const ada = new Player(tickwire, url, "ada");
      const submission = new tickwire.ScoreSubmission(
        "ada",
        "Ada 🎲",
        2n ** 62n,
      )
        .withMeta("level", 3);
      const first = await ada.end(ada.client.submit(submission));
      assertEquals(
        first.type === "scoreSubmitted" &&
          [first.rank, `${first.score}`, first.isDuplicate],
        [1, `${2n ** 62n}`, false],
      );
      const again = await ada.end(
        ada.client.submit(
          (first as { submission: typeof submission }).submission,
        ),
      );
      assertEquals(again.type === "scoreSubmitted" && again.isDuplicate, true);
      const page = await ada.end(ada.client.fetch());
      assertEquals(
        page.type === "fetchSuccess" &&
          page.entries.map(({ name, score, metadata }) => [
            name,
            `${score}`,
            metadata,
          ]),
        [["Ada 🎲", `${2n ** 62n}`, { level: 3 }]],
      );
      ada.client.close();
    },
  },
  {
    name:
      "LeaderboardClient tells why a score is refused, and what is not there",
    async run(tickwire, url) {
      const ada = new Player(tickwire, url, "ada");
      const bob = new tickwire.ScoreSubmission("bob", "Bob", 1);
      const refused = await ada.end(ada.client.submit(bob));
      assertEquals(
        refused.type === "scoreRejected" &&
          [refused.reason, refused.code, refused.status, refused.field],
        ["refused", "playerMismatch", 403, "playerId"],
      );
      const rank = await ada.end(ada.client.getRank("nobody"));
      assertEquals(rank.type, "rankNotFound");
      const board = await ada.end(
        ada.client.fetch(tickwire.LeaderboardFilter.daily().onBoard("none")),
      );
      assertEquals(board.type === "fetchFailed" && board.code, "boardNotFound");
      ada.client.close();
    },
  },
  {
    name:
      "LeaderboardClient walks a board by its cursor, whatever its players are called",
    async run(tickwire, url) {
      const names = ["a,b", "a/b", "+ %41", "ü🎲", "&=?#", "\\", "~'()*!"];
      const { LeaderboardFilter, ScoreSubmission } = tickwire;
      for (const [i, name] of names.entries()) {
        const player = new Player(tickwire, url, name);
        const submission = new ScoreSubmission(name, undefined, 100 - i);
        const end = await player.end(player.client.submit(submission));
        assertEquals(end.type, "scoreSubmitted");
        const rank = await player.end(player.client.getRank(name));
        assertEquals(rank.type === "playerRank" && rank.rank, i + 1);
        player.client.close();
      }
      const reader = new Player(tickwire, url, "reader");
      const { client } = reader;
      const seen: string[] = [];
      let next: LeaderboardCallId | undefined = client.fetch(
        LeaderboardFilter.allTime().pageSize(3),
      );
      while (next !== undefined) {
        const page: LeaderboardEvent = await reader.end(next);
        if (page.type !== "fetchSuccess") throw new Error(page.type);
        seen.push(...page.entries.map(({ playerId }) => playerId));
        next = client.fetchNext(page);
      }
      assertEquals(seen, names);
      const friends = await reader.end(client.fetchPlayers(names));
      assertEquals(
        friends.type === "fetchSuccess" && friends.entries.length,
        names.length,
      );
      client.close();
    },
  },
  {
    name:
      "LeaderboardClient keeps scores while it is offline and over a restart, and has them counted once in order",
    async run(tickwire, url) {
      const journal = new tickwire.MemoryJournal();
      const random = new tickwire.SeededRandom(1);
      let isOnline = false;
      const options: LeaderboardClientOptions = {
        journal,
        http: {
          fetch: async (url, init) => {
            if (!isOnline) throw new TypeError("offline");
            const response = await fetch(url, init);
            // It went through, and nobody hears of it.
            if (random.nextFloat() < 0.5) throw new TypeError("cut");
            return response;
          },
          backoffBaseMs: 1,
          backoffMaxMs: 20,
          circuitBreaker: false,
        },
      };
      const first = new Player(tickwire, url, "ada", options);
      for (let score = 1; score <= 10; score++) {
        const plain = new tickwire.ScoreSubmission("ada", undefined, score);
        first.client.submit(plain.onBoard("sum"));
        first.client.submit(plain.onBoard("latest"));
      }
      await first.until(() => first.all("scoreStored").length === 20, "stored");
      first.client.close();

      isOnline = true;
      const second = new Player(tickwire, url, "ada", options);
      await second.until(
        () => second.all("scoreSubmitted").length === 20,
        "submitted",
      );
      const restored = second.all("scoreStored");
      assertEquals(restored.every(({ isRestored }) => isRestored), true);
      const reader = new Player(tickwire, url, "ada");
      for (const [board, score] of [["sum", 55], ["latest", 10]] as const) {
        const filter = tickwire.LeaderboardFilter.allTime().onBoard(board);
        const rank = await reader.end(reader.client.getRank("ada", filter));
        assertEquals(rank.type === "playerRank" && rank.entry.score, score);
      }
      second.client.close();
      reader.client.close();
    },
  },
];

/** A client and what it has told. */
class Player {
  readonly client: LeaderboardClient;
  readonly events: LeaderboardEvent[] = [];
  #lastMs = performance.now();

  constructor(
    tickwire: Tickwire,
    url: string,
    playerId: string,
    options: LeaderboardClientOptions = {},
  ) {
    this.client = new tickwire.LeaderboardClient(url, {
      ...options,
      playerToken: encodeURIComponent(playerId),
    });
  }

  all<T extends LeaderboardEvent["type"]>(
    type: T,
  ): Extract<LeaderboardEvent, { type: T }>[] {
    return this.events.filter((
      event,
    ): event is Extract<LeaderboardEvent, { type: T }> => event.type === type);
  }

  /** Frames until something is so. */
  async until(isSo: () => boolean, what: string): Promise<void> {
    const endMs = performance.now() + DEADLINE_MS;
    while (!isSo()) {
      if (performance.now() > endMs) {
        const last = this.events.slice(-12).map(({ type }) => type);
        throw new Error(`Too late for: ${what}; ${last.join(", ")}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
      const nowMs = performance.now();
      this.client.tick((nowMs - this.#lastMs) / 1_000);
      this.#lastMs = nowMs;
      for (const event of this.client.drainEvents()) this.events.push(event);
    }
  }

  /** The event that ends a call. */
  async end(id: LeaderboardCallId): Promise<LeaderboardEvent> {
    const find = () => this.events.find((it) => "id" in it && it.id === id);
    await this.until(() => find() !== undefined, `the end of ${id}`);
    return find()!;
  }
}

/** Compares what JSON shows of both. */
function assertEquals(actual: unknown, expected: unknown): void {
  const [is, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (is !== wanted) throw new Error(`It is ${is}, not ${wanted}`);
}
