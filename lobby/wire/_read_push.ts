// This module is browser compatible.
import { isObject } from "../_is_object.ts";
import type { LobbyListing } from "../browser/lobby_listing.ts";
import { isLobbyEvent } from "./_lobby_event_shapes.ts";
import {
  isListing,
  isListingChange,
  isLobbyView,
  LISTING_FIELDS,
} from "./_lobby_shapes.ts";
import {
  anyOf,
  type Check,
  has,
  integer,
  isAmount,
  isBoolean,
  isCount,
  isLobby,
  isPlayer,
  listOf,
  nullable,
  optional,
  pick,
  type ShapeOf,
  text,
} from "./_shape.ts";
import type {
  LobbyChatMessage,
  LobbyListEnd,
  LobbyProposal,
  LobbyPush,
  LobbyTicketEnd,
  LobbyTicketStatus,
  LobbyTimesLeft,
} from "./lobby_push.ts";

/** The longest text that a client takes, in bytes: what the mux takes by itself. */
const MAX_PUSH_BYTES = 1_048_576;

const MAX_LISTED = 65_536;

/** The fields of a message of the chat. */
export const CHAT_FIELDS: ShapeOf<LobbyChatMessage> = {
  lobby: isLobby,
  number: isCount,
  player: isPlayer,
  text: text(1, 65_536),
  isTeam: isBoolean,
};

/** The fields of how a ticket stands. */
export const TICKET_FIELDS: ShapeOf<LobbyTicketStatus> = {
  queue: text(1, 64),
  players: listOf(isPlayer, 256),
  waitedMs: isAmount,
  estimatedWaitMs: optional(isAmount),
};

/** Whether a value is how a ticket stands. */
export const isTicketStatus: Check = has(TICKET_FIELDS);

/** The fields of a match to be confirmed. */
export const PROPOSAL_FIELDS: ShapeOf<LobbyProposal> = {
  proposal: isCount,
  queue: text(1, 64),
  players: integer(1, 65_536),
  timeoutMs: isAmount,
  leftMs: isAmount,
  isAccepted: isBoolean,
};

/** Whether a value is a match to be confirmed. */
export const isProposal: Check = has(PROPOSAL_FIELDS);

/** How long it is yet to what a lobby waits for. */
export const TIMES_LEFT: ShapeOf<LobbyTimesLeft> = {
  countdownLeftMs: optional(isAmount),
  readyCheckLeftMs: optional(isAmount),
};

/** The fields of each push. */
export const PUSH_FIELDS: {
  readonly [K in LobbyPush["push"]]: ShapeOf<
    Extract<LobbyPush, { readonly push: K }>,
    "push"
  >;
} = {
  player: { player: isPlayer },
  view: { view: isLobbyView, ...TIMES_LEFT },
  left: {
    lobby: isLobby,
    reason: anyOf<(LobbyPush & { push: "left" })["reason"]>({
      left: true,
      kicked: true,
      timedOut: true,
      destroyed: true,
      unknown: true,
    }),
  },
  event: { event: isLobbyEvent },
  chat: { message: has(CHAT_FIELDS) },
  chatMissed: { lobby: isLobby, from: isCount, to: isCount },
  list: {
    key: text(1, 64),
    isReset: isBoolean,
    added: listOf(isListing, MAX_LISTED),
    changed: listOf(isListingChange, MAX_LISTED),
    removed: listOf(isLobby, MAX_LISTED),
  },
  moved: { url: text(1, 2_048) },
  listEnded: { key: text(1, 64), reason: anyOf<LobbyListEnd>({ slow: true }) },
  sync: {
    lobby: nullable(isLobbyView),
    ticket: optional(isTicketStatus),
    proposal: optional(isProposal),
    ...TIMES_LEFT,
  },
  ticket: { ticket: isTicketStatus },
  ticketEnded: {
    reason: anyOf<LobbyTicketEnd>({
      cancelled: true,
      expired: true,
      declined: true,
      matched: true,
      failed: true,
      lost: true,
    }),
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
  if ("wrong" in picked) return undefined;
  const push = { push: name, ...picked.fields } as LobbyPush;
  // Listings are kept, of which a client bounds what it knows of: nothing else of them stays.
  return push.push === "list"
    ? { ...push, added: push.added.map(knownOf) }
    : push;
}

function knownOf(listing: LobbyListing): LobbyListing {
  const picked = pick(listing, LISTING_FIELDS) as { fields: object };
  return picked.fields as LobbyListing;
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
