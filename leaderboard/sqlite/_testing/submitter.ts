// A process that submits to a store until it is killed, and says which submissions were acknowledged.
//
//     submitter.ts <file> <players> <submissions of each>
//
// Each player's submissions are 1, 2, 3, …, one after the other, going on where the file says that the player is. Number n
// adds n to a sum and claims the key "n"; each is sent twice, the second time as a client does that heard nothing of the
// first. A line "player n" on the standard output acknowledges it.
import { type PlayerId, playerId } from "../../../core/mod.ts";
import type { Ranking, StoredEntry } from "../../store/store.ts";
import { NOW_MS, rankingOf } from "../../store/_testing/store_fixture.ts";
import { SqliteLeaderboardStore } from "../sqlite_leaderboard_store.ts";

/** What a submission is written to. */
export const RANKINGS: readonly Ranking[] = [
  rankingOf(),
  rankingOf({ period: "daily", season: 1 }),
];

/** The player with a number. */
export function submitterId(i: number): PlayerId {
  return playerId(`player ${i}`);
}

/** Submits a number, once or again. */
async function submit(
  store: SqliteLeaderboardStore,
  player: PlayerId,
  number: number,
): Promise<void> {
  await store.transact(
    {
      board: RANKINGS[0]!.board,
      playerId: player,
      rankings: RANKINGS,
      nowMs: NOW_MS,
      claims: [String(number)],
    },
    ({ sequence, entries, claimed }) => {
      if (claimed[0] !== undefined) return {};
      return {
        entries: entries.map((before): StoredEntry => ({
          playerId: player,
          name: "name",
          score: Number(before?.score ?? 0) + number,
          subscore: 0,
          sequence,
          className: "",
          metadata: String(number),
          replay: "",
          submittedMs: NOW_MS,
          isHidden: false,
        })),
        claims: [{ value: "", expiresMs: NOW_MS + 1 }],
      };
    },
  );
}

async function work(
  store: SqliteLeaderboardStore,
  i: number,
  count: number,
): Promise<void> {
  const player = submitterId(i);
  const encoder = new TextEncoder();
  const standing = await store.standing(RANKINGS[0]!, player);
  let number = Number(standing?.entry.metadata ?? 0);
  for (let left = count; left > 0; left--) {
    number++;
    const first = submit(store, player, number);
    const again = submit(store, player, number);
    await first;
    Deno.stdout.writeSync(encoder.encode(`${i} ${number}\n`));
    await again;
  }
}

if (import.meta.main) {
  const [path, players, count] = Deno.args;
  const store = new SqliteLeaderboardStore({ path: path! });
  await Promise.all(
    Array.from(
      { length: Number(players) },
      (_, i) => work(store, i, Number(count)),
    ),
  );
  await store.close();
}
