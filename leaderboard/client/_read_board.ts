// This module is browser compatible.
import type {
  ScoreOperator,
  ScoreOrder,
  TieRule,
} from "../board/board_options.ts";
import { isClassName, isName } from "../board/name.ts";
import { isCount, isObject } from "./_read_entry.ts";
import type { BoardInfo, BoardPeriodInfo, SeasonInfo } from "./score_entry.ts";

const MAX_BOARDS = 10_000;
const MAX_CLASSES = 1_024;
const MAX_PERIODS = 64;
const MAX_SEASONS = 1_000_001;

const ORDERS: ReadonlySet<unknown> = new Set<ScoreOrder>([
  "ascending",
  "descending",
]);
const OPERATORS: ReadonlySet<unknown> = new Set<ScoreOperator>([
  "best",
  "latest",
  "sum",
  "increment",
  "decrement",
]);
const TIES: ReadonlySet<unknown> = new Set<TieRule>([
  "earliest",
  "shared",
  "dense",
]);

/** Reads boards from anybody; `undefined` if one of them is none. */
export function readBoards(value: unknown): BoardInfo[] | undefined {
  return readList(value, MAX_BOARDS, readBoard);
}

/** Reads seasons from anybody; `undefined` if one of them is none. */
export function readSeasons(value: unknown): SeasonInfo[] | undefined {
  return readList(value, MAX_SEASONS, readSeason);
}

function readList<T>(
  value: unknown,
  limit: number,
  read: (item: unknown) => T | undefined,
): T[] | undefined {
  if (!Array.isArray(value) || value.length > limit) return undefined;
  const items: T[] = [];
  for (const each of value) {
    const item = read(each);
    if (item === undefined) return undefined;
    items.push(item);
  }
  return items;
}

function readBoard(value: unknown): BoardInfo | undefined {
  if (!isObject(value)) return undefined;
  const { id, order, subscoreOrder, operator, ties } = value;
  const { requiresRun, requiresReplay } = value;
  const classes = readList(
    value.classes,
    MAX_CLASSES,
    (item) => isClassName(item) ? item : undefined,
  );
  const periods = readPeriods(value.periods);
  if (
    !isName(id) || !ORDERS.has(order) || !ORDERS.has(subscoreOrder) ||
    !OPERATORS.has(operator) || !TIES.has(ties) || classes === undefined ||
    typeof requiresRun !== "boolean" || typeof requiresReplay !== "boolean" ||
    periods === undefined
  ) {
    return undefined;
  }
  return {
    id,
    order: order as ScoreOrder,
    subscoreOrder: subscoreOrder as ScoreOrder,
    operator: operator as ScoreOperator,
    ties: ties as TieRule,
    classes,
    requiresRun,
    requiresReplay,
    periods,
  };
}

function readPeriods(
  value: unknown,
): Map<string, BoardPeriodInfo> | undefined {
  if (!isObject(value)) return undefined;
  const periods = new Map<string, BoardPeriodInfo>();
  for (const [name, period] of Object.entries(value)) {
    if (!isName(name) || !isObject(period) || periods.size >= MAX_PERIODS) {
      return undefined;
    }
    const { season, nextReset } = period;
    if (!isCount(season) || !isOptionalCount(nextReset)) return undefined;
    periods.set(name, { season, nextReset });
  }
  return periods;
}

function readSeason(value: unknown): SeasonInfo | undefined {
  if (!isObject(value)) return undefined;
  const { season, endsAt } = value;
  return isCount(season) && isOptionalCount(endsAt)
    ? { season, endsAt }
    : undefined;
}

function isOptionalCount(value: unknown): value is number | undefined {
  return value === undefined || isCount(value);
}
