// Walks through a board page by page, as somebody does who copies it, while others' scores change under his hands, more
// of them than 5,000 a second would be: every row that stays where it is comes exactly once. TICKWIRE_SOAK=1 walks
// through 100,000 rows during 50,000 changes, an ordinary run through some thousands. Nothing sleeps: between two pages
// so many changes are made as the time would bring in which 100 pages a second are read.
import { assert, assertEquals } from "@std/assert";
import { playerId, SeededRandom } from "../core/mod.ts";
import { STORE_KINDS } from "./_testing/stores.ts";
import { parseBoard } from "./board/board.ts";
import { compareScores, normalizeScore, type Score } from "./score.ts";
import { LeaderboardServer } from "./server/server.ts";
import type { LeaderboardStore, StoredEntry } from "./store/store.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const ROWS = IS_SOAK ? 100_000 : 3_000;
const PAGE_SIZE = 100;
const CHANGES_PER_PAGE = 50;
/** Of how many rows one moves. */
const MOVER_EVERY = 5;
const SEED = 1_125;
const BOARD = parseBoard("main/walk", {
  operator: "latest",
  subscoreOrder: "ascending",
  periods: { allTime: {} },
});
const RANKING = BOARD.ranking("allTime", 0, "");

/** Scores of which many are equal, and of which some take all 64 bits. */
function randomScore(random: SeededRandom): Score {
  const low = random.nextU32() % 200;
  switch (random.nextU32() % 8) {
    case 0:
      return normalizeScore(2n ** 63n - 1n - BigInt(low));
    case 1:
      return normalizeScore(BigInt(low) - 2n ** 63n);
    default:
      return low;
  }
}

/** Puts a player where `random` says, or takes him out: what decides is not at issue here. */
async function change(
  store: LeaderboardStore,
  random: SeededRandom,
  id: string,
  kind: "put" | "hide" | "remove",
): Promise<void> {
  const score = randomScore(random);
  const subscore = random.nextU32() % 3;
  await store.transact(
    {
      board: BOARD.id,
      playerId: playerId(id),
      rankings: [RANKING],
      nowMs: 1,
    },
    ({ sequence }) => {
      const entry: StoredEntry = {
        playerId: playerId(id),
        name: id,
        score,
        subscore,
        sequence,
        className: "",
        metadata: "",
        replay: "",
        submittedMs: 1,
        isHidden: kind === "hide",
      };
      return { entries: [kind === "remove" ? null : entry] };
    },
  );
}

async function fill(
  store: LeaderboardStore,
  random: SeededRandom,
): Promise<void> {
  for (let i = 0; i < ROWS; i += 1_000) {
    const count = Math.min(1_000, ROWS - i);
    await Promise.all(Array.from(
      { length: count },
      (_, k) => change(store, random, `p${i + k}`, "put"),
    ));
  }
}

/** Moves, hides and removes some of the rows that move, shows them again, and adds new ones. */
async function disturb(
  store: LeaderboardStore,
  random: SeededRandom,
): Promise<void> {
  const used = new Set<string>();
  while (used.size < CHANGES_PER_PAGE) {
    const index = random.nextU32() % (ROWS / MOVER_EVERY);
    used.add(
      random.nextU32() % 10 === 0 ? `new${index}` : `p${index * MOVER_EVERY}`,
    );
  }
  await Promise.all([...used].map((id) => {
    const kinds = ["put", "put", "put", "put", "hide", "remove"] as const;
    return change(store, random, id, kinds[random.nextU32() % kinds.length]!);
  }));
}

interface Page {
  readonly entries: readonly {
    readonly playerId: string;
    readonly score: number | string;
    readonly subscore: number;
    readonly rank: number;
  }[];
  readonly nextCursor?: string;
}

async function readPage(
  server: LeaderboardServer,
  cursor: string | undefined,
): Promise<Page> {
  const query = cursor === undefined ? "" : `&cursor=${cursor}`;
  const response = await server.handler(
    new Request(
      `http://board.test/v1/boards/walk/entries?pageSize=${PAGE_SIZE}${query}`,
    ),
  );
  const body = await response.json();
  assertEquals(response.status, 200, JSON.stringify(body));
  return body;
}

for (const { name, missing, open } of STORE_KINDS) {
  Deno.test({
    name: `LeaderboardServer's cursors find each of ${
      ROWS.toLocaleString("en")
    } rows that does not move exactly once, ${name}${missing}`,
    ignore: missing !== "",
    async fn() {
      await using own = await open();
      const { store } = own;
      const random = new SeededRandom(SEED);
      const server = new LeaderboardServer({
        store,
        authenticate: () => undefined,
        boards: { walk: { operator: "latest", subscoreOrder: "ascending" } },
      });
      await fill(store, random);
      const seen = new Map<string, number>();
      let cursor: string | undefined;
      let last: Page["entries"][number] | undefined;
      let pages = 0;
      do {
        const page = await readPage(server, cursor);
        for (const entry of page.entries) {
          seen.set(entry.playerId, (seen.get(entry.playerId) ?? 0) + 1);
          if (last !== undefined) {
            const difference =
              compareScores(BigInt(entry.score), BigInt(last.score)) ||
              last.subscore - entry.subscore;
            assert(
              difference <= 0,
              `page ${pages} is not behind the one before`,
            );
          }
          last = entry;
        }
        cursor = page.nextCursor;
        pages++;
        await disturb(store, random);
      } while (cursor !== undefined);
      await server.close();
      assert(pages >= 0.9 * ROWS / PAGE_SIZE, `${pages} pages`);
      let moved = 0;
      for (let i = 0; i < ROWS; i++) {
        const times = seen.get(`p${i}`) ?? 0;
        if (i % MOVER_EVERY !== 0) {
          assertEquals(times, 1, `p${i}, which did not move`);
        } else if (times !== 1) moved++;
      }
      // The walk did meet with rows that moved over the place where it was.
      assert(moved > ROWS / 1_000, `${moved} moved`);
    },
  });
}
