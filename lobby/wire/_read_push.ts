// This module is browser compatible.
import { isLobbyEvent } from "./_lobby_event_shapes.ts";
import { isListing, isListingChange, isLobbyView } from "./_lobby_shapes.ts";
import {
  type Check,
  has,
  integer,
  isAmount,
  isBoolean,
  isCount,
  isLobby,
  isObject,
  isPlayer,
  listOf,
  nullable,
  oneOf,
  optional,
  pick,
  type Shape,
  text,
} from "./_shape.ts";
import type { LobbyPush } from "./lobby_push.ts";

/** The longest text that a client takes, in bytes: what the mux takes by itself. */
const MAX_PUSH_BYTES = 1_048_576;

const MAX_LISTED = 65_536;

const isChatMessage: Check = has({
  lobby: isLobby,
  number: isCount,
  player: isPlayer,
  text: text(1, 65_536),
  isTeam: isBoolean,
});

/** Whether a value is how a ticket stands. */
export const isTicketStatus: Check = has({
  queue: text(1, 64),
  players: listOf(isPlayer, 256),
  waitedMs: isAmount,
  estimatedWaitMs: optional(isAmount),
});

/** Whether a value is a match to be confirmed. */
export const isProposal: Check = has({
  proposal: isCount,
  queue: text(1, 64),
  players: integer(1, 65_536),
  timeoutMs: isAmount,
  leftMs: isAmount,
  isAccepted: isBoolean,
});

/** How long it is yet to what a lobby waits for. */
export const TIMES_LEFT: Shape = {
  countdownLeftMs: optional(isAmount),
  readyCheckLeftMs: optional(isAmount),
};

/** The fields of each push. */
export const PUSH_FIELDS: Readonly<Record<LobbyPush["push"], Shape>> = {
  player: { player: isPlayer },
  view: { view: isLobbyView, ...TIMES_LEFT },
  left: {
    lobby: isLobby,
    reason: oneOf("left", "kicked", "timedOut", "destroyed", "unknown"),
  },
  event: { event: isLobbyEvent },
  chat: { message: isChatMessage },
  chatMissed: { lobby: isLobby, from: isCount, to: isCount },
  list: {
    key: text(1, 64),
    isReset: isBoolean,
    added: listOf(isListing, MAX_LISTED),
    changed: listOf(isListingChange, MAX_LISTED),
    removed: listOf(isLobby, MAX_LISTED),
  },
  moved: { url: text(1, 2_048) },
  listEnded: { key: text(1, 64), reason: oneOf("slow") },
  sync: {
    lobby: nullable(isLobbyView),
    ticket: optional(isTicketStatus),
    proposal: optional(isProposal),
    ...TIMES_LEFT,
  },
  ticket: { ticket: isTicketStatus },
  ticketEnded: {
    reason: oneOf(
      "cancelled",
      "expired",
      "declined",
      "matched",
      "failed",
      "lost",
    ),
  },
  proposal: { proposal: isProposal },
  proposalEnded: {
    proposal: isCount,
    isConfirmed: isBoolean,
    missing: listOf(isPlayer, 65_536),
  },
};

/** Reads what a server pushes; `undefined` if it is nothing that is known. */
export function readPush(source: string): LobbyPush | undefined {
  const value = parse(source);
  if (!isObject(value)) return undefined;
  const name = value.push;
  if (typeof name !== "string" || !Object.hasOwn(PUSH_FIELDS, name)) {
    return undefined;
  }
  const picked = pick(value, PUSH_FIELDS[name as LobbyPush["push"]]);
  return "wrong" in picked
    ? undefined
    : { push: name, ...picked.fields } as LobbyPush;
}

/** Reads JSON; `undefined` if it is none. */
export function parse(source: string): unknown {
  if (source.length > MAX_PUSH_BYTES) return undefined;
  try {
    return JSON.parse(source);
  } catch {
    return undefined;
  }
}
