// This module is browser compatible.
import type { Query } from "../../http/server/mod.ts";
import type { Board } from "../board/board.ts";
import type { BoardPeriod } from "../board/board_period.ts";
import type { Ranking } from "../store/store.ts";
import { invalidName } from "./_boards.ts";
import { Problem } from "./problem.ts";

/** The latest moment that a `Date` knows. */
const MAX_EPOCH_MS = 8_640_000_000_000_000;

/** The period that a query names. Throws a {@linkcode Problem} if there is none. */
export function periodOf(board: Board, query: Query): BoardPeriod {
  const name = query.get("period");
  if (name === undefined) return board.defaultPeriod;
  const period = board.periods.get(name);
  if (period === undefined) {
    throw invalidName("period", board.periods.keys());
  }
  return period;
}

/** The class that a query names, or `""`. Throws a {@linkcode Problem} if the board has no such. */
export function classOf(board: Board, query: Query): string {
  const name = query.get("class") ?? "";
  if (name !== "" && !board.classes.has(name)) {
    throw invalidName("class", board.classes);
  }
  return name;
}

/** The ranking that a query names; PROTOCOL.md, section 3. */
export function rankingOf(
  board: Board,
  query: Query,
  epochMs: number,
): Ranking {
  const period = periodOf(board, query);
  const season = query.integer(
    "season",
    period.seasonAt(epochMs).startMs,
    0,
    MAX_EPOCH_MS,
  );
  return board.ranking(period.name, season, classOf(board, query));
}

/** One of several parameters that exclude each other. Throws a {@linkcode Problem} if there are more. */
export function onlyOneOf<Name extends string>(
  query: Query,
  names: readonly Name[],
): Name | undefined {
  const present = names.filter((name) => query.has(name));
  if (present.length <= 1) return present[0];
  throw new Problem(
    "invalidRequest",
    `Cannot answer as only one of ${names.join(", ")} may be there`,
    { field: present[1]! },
  );
}
