// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import { type Board, HIDDEN_PERIOD } from "../board/board.ts";
import type {
  Ranking,
  StoredEntry,
  TransactionChange,
} from "../store/store.ts";
import type { ServerContext } from "./_server_context.ts";

/** How many rankings a transaction may read. */
const MAX_RANKINGS = 64;

interface CountedChange extends TransactionChange {
  readonly changed: number;
}

/**
 * Hides a player on a board, or shows him again. That he is hidden is noted first: what he submits meanwhile is hidden,
 * or was there when his entries are looked for. Doing it again finishes what was cut off.
 *
 * @returns A promise of how many entries changed.
 */
export async function setHidden(
  context: ServerContext,
  board: Board,
  playerId: PlayerId,
  isHidden: boolean,
): Promise<number> {
  const nowMs = context.clock.epochMs();
  await context.store.transact(
    {
      board: board.id,
      playerId,
      rankings: [board.hiddenRanking],
      nowMs,
    },
    ({ entries: [entry], sequence }) => ({
      entries: [
        isHidden ? entry ?? noteOf(playerId, sequence, nowMs) : null,
      ],
    }),
  );
  return await changeEntries(
    context,
    board,
    playerId,
    (entry) => entry.isHidden === isHidden ? undefined : { ...entry, isHidden },
  );
}

/**
 * Removes a player's entries from a board. If he is hidden there, he stays it.
 *
 * @returns A promise of how many there were.
 */
export function removePlayer(
  context: ServerContext,
  board: Board,
  playerId: PlayerId,
): Promise<number> {
  return changeEntries(context, board, playerId, () => null);
}

async function changeEntries(
  { store, clock }: ServerContext,
  board: Board,
  playerId: PlayerId,
  change: (entry: StoredEntry) => StoredEntry | null | undefined,
): Promise<number> {
  const rankings: Ranking[] = [];
  for (const { period, season, className } of await store.rankings(board.id)) {
    if (period === HIDDEN_PERIOD) continue;
    rankings.push(board.ranking(period, season, className));
  }
  let count = 0;
  for (let at = 0; at < rankings.length; at += MAX_RANKINGS) {
    const result = await store.transact<CountedChange>({
      board: board.id,
      playerId,
      rankings: rankings.slice(at, at + MAX_RANKINGS),
      nowMs: clock.epochMs(),
    }, (state) => {
      const entries = state.entries.map((entry) =>
        entry === undefined ? undefined : change(entry)
      );
      const changed = entries.filter((entry) => entry !== undefined).length;
      return { entries, changed };
    });
    count += result.change.changed;
  }
  return count;
}

/** The entry that says that a player is hidden. Hidden itself, it is in no page. */
function noteOf(
  playerId: PlayerId,
  sequence: number,
  submittedMs: number,
): StoredEntry {
  return {
    playerId,
    name: playerId,
    score: 0,
    subscore: 0,
    sequence,
    className: "",
    metadata: "",
    replay: "",
    submittedMs,
    isHidden: true,
  };
}
