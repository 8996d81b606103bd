// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { LobbyError } from "../lobby_error.ts";
import type { LobbyId } from "../lobby_id.ts";
import type { ModeExplanation } from "../matchmaking/ticket_explanation.ts";
import type {
  LobbyProposal,
  LobbyTicketStatus,
  LobbyTimesLeft,
} from "./lobby_push.ts";
import type { LobbyRequestName } from "./lobby_request.ts";

/** Why a server refuses a request: what a lobby's rules say, or what it says itself. */
export type LobbyRequestError =
  | LobbyError
  /** The request cannot be read, or has something in it that nobody can do. */
  | {
    readonly type: "invalidRequest";
    /** Which field is wrong; `do` for what nobody knows, empty for what is no request at all. */
    readonly field: string;
    readonly message: string;
  }
  /** The game does not want a lobby to be like that. */
  | {
    readonly type: "configRefused";
    /** Why, in the game's own words. */
    readonly reason: string;
    readonly message: string;
  }
  /** The game does not want that said. */
  | {
    readonly type: "chatRefused";
    /** Why, in the game's own words. */
    readonly reason: string;
    readonly message: string;
  }
  /** The server speaks another version. */
  | {
    readonly type: "unsupportedProtocol";
    /** Which one. */
    readonly protocol: number;
    readonly message: string;
  }
  /** Another server has what was asked for, or the player: ask there. */
  | {
    readonly type: "elsewhere";
    /** Where clients reach that server. */
    readonly url: string;
    readonly message: string;
  }
  /** It is not known yet which server has it, as the one that had it has died. */
  | {
    readonly type: "unavailable";
    /** When to ask again, in milliseconds from now. */
    readonly retryAfterMs: number;
    readonly message: string;
  }
  /** There is no such queue. */
  | {
    readonly type: "queueNotFound";
    readonly queue: string;
    readonly message: string;
  };

/** What a client has been told when it has said hello. */
export interface LobbyHello extends LobbyTimesLeft {
  /** The version that the server speaks. */
  readonly protocol: number;
  /** Who the client is. */
  readonly player: PlayerId;
  /** In which lobby it is. */
  readonly lobby: LobbyId | null;
  /** How its ticket stands, if it waits for a match. */
  readonly ticket?: LobbyTicketStatus;
  /** The match that it has to answer to, if there is one. */
  readonly proposal?: LobbyProposal;
}

/** Why a ticket has not been matched yet. */
export interface LobbyTicketExplanation {
  /** How the ticket stands. */
  readonly ticket: LobbyTicketStatus;
  /** What is in the way, by mode; none while it waits for its own players. */
  readonly modes: readonly ModeExplanation[];
}

/** What there is to know when a request was carried out, by what was asked for; nothing for all others. */
export interface LobbyValues {
  /** Who and where the player is. */
  readonly hello: LobbyHello;
  /** The lobby that was made. */
  readonly create: { readonly lobby: LobbyId };
  /** The lobby that was entered. */
  readonly join: { readonly lobby: LobbyId };
  /** The invite's number, and its code. */
  readonly invite: { readonly invite: number; readonly code: string };
  /** The reservation's number. */
  readonly reserve: { readonly reservation: number };
  /** How the ticket stands. */
  readonly enqueue: LobbyTicketStatus;
  /** Why there is no match yet. */
  readonly explain: LobbyTicketExplanation;
  /** By what the messages of the list are known. */
  readonly browse: { readonly key: string };
}

/**
 * What there is to know when a request was carried out.
 *
 * @typeParam K What was asked for.
 */
export type LobbyValueOf<K extends LobbyRequestName> = K extends
  keyof LobbyValues ? LobbyValues[K] : Readonly<Record<string, never>>;

/** What comes of a request. */
export type LobbyAnswer =
  | { readonly ok: true; readonly value: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly error: LobbyRequestError };
