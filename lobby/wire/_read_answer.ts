// This module is browser compatible.
import { isObject } from "../_is_object.ts";
import type { ModeExplanation } from "../matchmaking/ticket_explanation.ts";
import {
  isProposal,
  isTicketStatus,
  parse,
  TICKET_FIELDS,
  TIMES_LEFT,
} from "./_read_push.ts";
import {
  type Check,
  has,
  isAmount,
  isBoolean,
  isCount,
  isLobby,
  isPlayer,
  listOf,
  nullable,
  optional,
  pick,
  type Shape,
  type ShapeOf,
  text,
} from "./_shape.ts";
import type {
  LobbyAnswer,
  LobbyRequestError,
  LobbyValues,
} from "./lobby_answer.ts";
import type { LobbyRequestName } from "./lobby_request.ts";

/** The fields of why a ticket waits in a mode. */
export const EXPLANATION_FIELDS: ShapeOf<ModeExplanation> = {
  mode: text(1, 64),
  reason: text(1, 64),
  waitingTickets: isCount,
  waitingPlayers: isCount,
  bySkill: isCount,
  byLatency: isCount,
  byMaps: isCount,
  compatibleTickets: isCount,
  compatiblePlayers: isCount,
  neededPlayers: isCount,
  skillWindow: isAmount,
  latencyWindowMs: isAmount,
};

const VALUES: {
  readonly [K in keyof LobbyValues]: ShapeOf<LobbyValues[K]>;
} = {
  hello: {
    protocol: isCount,
    player: isPlayer,
    lobby: nullable(isLobby),
    ticket: optional(isTicketStatus),
    proposal: optional(isProposal),
    ...TIMES_LEFT,
  },
  create: { lobby: isLobby },
  join: { lobby: isLobby },
  invite: { invite: isCount, code: text(1, 64) },
  reserve: { reservation: isCount },
  enqueue: TICKET_FIELDS,
  explain: {
    ticket: isTicketStatus,
    modes: listOf(has(EXPLANATION_FIELDS), 64),
  },
  browse: { key: text(1, 64) },
};

const isOk: Check = has({ ok: isBoolean });
const isError: Check = has({ type: text(1, 64), message: text(0, 4_096) });
const isElsewhere: Check = has({ url: text(1, 2_048) });
const isUnavailable: Check = has({ retryAfterMs: isAmount });

/** Reads what a server answers; `undefined` if it is no answer to that. */
export function readAnswer(
  source: string,
  to: LobbyRequestName,
): LobbyAnswer | undefined {
  const value = parse(source);
  if (!isObject(value) || !isOk(value)) return undefined;
  if (value.ok === false) {
    return isError(value.error) && isWhole(value.error as LobbyRequestError)
      ? { ok: false, error: value.error as LobbyRequestError }
      : undefined;
  }
  const shape: Shape = Object.hasOwn(VALUES, to)
    ? VALUES[to as keyof LobbyValues]
    : {};
  const picked = pick(value.value ?? {}, shape);
  return "wrong" in picked ? undefined : { ok: true, value: picked.fields };
}

/** Whether the fields of an error are there that a client itself goes by. */
function isWhole(error: LobbyRequestError): boolean {
  switch (error.type) {
    case "elsewhere":
      return isElsewhere(error);
    case "unavailable":
      return isUnavailable(error);
    default:
      return true;
  }
}
