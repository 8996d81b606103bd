// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import { isObject } from "../_is_object.ts";
import type { LobbyId } from "../lobby_id.ts";
import {
  type Check,
  has,
  integer,
  isAmount,
  isLobby,
  isPlayer,
  listOf,
  optional,
  text,
} from "../wire/_shape.ts";

/** What is kept of players who look for a match. */
export interface TicketRecord {
  readonly format: 1;
  readonly queue: string;
  /** Who asked first. */
  readonly players: readonly PlayerId[];
  readonly modes: readonly string[];
  readonly maps?: readonly string[];
  readonly latencies?: Readonly<Record<string, number>>;
  /** The lobby that they came from together. */
  readonly lobby?: LobbyId;
  readonly waitedMs: number;
}

const isRecord: Check = has({
  format: integer(1, 1),
  queue: text(1, 64),
  players: (value) =>
    listOf(isPlayer, 256)(value) && (value as unknown[]).length > 0,
  modes: listOf(text(1, 64), 64),
  maps: optional(listOf(text(1, 64), 64)),
  latencies: optional((value) =>
    isObject(value) && Object.values(value).every(isAmount)
  ),
  lobby: optional(isLobby),
  waitedMs: isAmount,
});

/** Reads what was kept; `undefined` if it is nothing of the kind. */
export function readTicketRecord(value: string): TicketRecord | undefined {
  try {
    const record: unknown = JSON.parse(value);
    return isRecord(record) ? record as TicketRecord : undefined;
  } catch {
    return undefined;
  }
}
