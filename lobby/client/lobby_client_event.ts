// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { WsEvent } from "../../websocket/mod.ts";
import type { LobbyId } from "../lobby_id.ts";
import type { Lobby } from "../manager/lobby.ts";
import type { LobbyEvent, LobbyLeaveReason } from "../manager/lobby_event.ts";
import type { LobbyRequestError, LobbyValueOf } from "../wire/lobby_answer.ts";
import type {
  LobbyChatMessage,
  LobbyListEnd,
  LobbyProposal,
  LobbyTicketEnd,
  LobbyTicketStatus,
} from "../wire/lobby_push.ts";
import type { LobbyRequestName } from "../wire/lobby_request.ts";
import type { LobbyRequestId } from "./lobby_request_id.ts";

/** A request was carried out, and stored: its `do` tells which kind, and so what there is to know. */
export type LobbyRequestDone = {
  [K in LobbyRequestName]: {
    readonly type: "done";
    /** The number that the call gave. */
    readonly request: LobbyRequestId<K>;
    /** What was asked for. */
    readonly do: K;
    /** What there is to know. */
    readonly value: LobbyValueOf<K>;
  };
}[LobbyRequestName];

/** What a {@linkcode LobbyClient} tells. Each request ends with one `done`, `refused` or `failed`. */
export type LobbyClientEvent =
  | LobbyRequestDone
  | {
    /** The server refuses a request. */
    readonly type: "refused";
    /** The number that the call gave. */
    readonly request: LobbyRequestId;
    /** What was asked for. */
    readonly do: LobbyRequestName;
    /** Why. */
    readonly error: LobbyRequestError;
  }
  | {
    /** Nobody knows whether a request was carried out; where it changes a lobby, the lobby tells. */
    readonly type: "failed";
    /** The number that the call gave. */
    readonly request: LobbyRequestId;
    /** What was asked for. */
    readonly do: LobbyRequestName;
    /**
     * Why: `timeout`, there was no answer in time; `undelivered`, the server was restarted, or has forgotten the client;
     * `closed`, the client was closed; `denied`, it may not speak to lobbies; `unreadable`, the answer makes no sense.
     */
    readonly reason:
      | "timeout"
      | "undelivered"
      | "closed"
      | "denied"
      | "unreadable";
  }
  | {
    /**
     * Client and server agree on who the player is and where: at first, and whenever something may have been missed. What was
     * missed has been told before it, by the events that there are for that.
     */
    readonly type: "synced";
    /** Who the player is. */
    readonly player: PlayerId;
    /** The lobby that the player is in. */
    readonly lobby: Lobby | undefined;
  }
  | {
    /** The player is in a lobby now, by `create`, by `join` or by a match; or is in it again. */
    readonly type: "entered";
    /** The lobby. */
    readonly lobby: Lobby;
  }
  | {
    /** The lobby that the player is in has changed. */
    readonly type: "lobby";
    /** How. */
    readonly event: LobbyEvent;
    /** The lobby after it. */
    readonly lobby: Lobby;
  }
  | {
    /** The lobby that the player is in is told as a whole, as something of it was not told. */
    readonly type: "replaced";
    /** The lobby. */
    readonly lobby: Lobby;
  }
  | {
    /** The player is in a lobby no longer. */
    readonly type: "left";
    /** Which. */
    readonly lobby: LobbyId;
    /** Why; `unknown` if that happened while nobody could tell. */
    readonly reason: LobbyLeaveReason | "destroyed" | "unknown";
  }
  | {
    /**
     * Somebody in the lobby says something, or has said it: the last messages come after `entered`, and what was missed
     * after a connection was lost. None comes twice.
     */
    readonly type: "chat";
    /** What. */
    readonly message: LobbyChatMessage;
  }
  | {
    /** Something was said while the client was away, and is not there any more. */
    readonly type: "chatMissed";
    /** Where. */
    readonly lobby: LobbyId;
    /** The number of the first message of those; some may have been for another team. */
    readonly from: number;
    /** The number of the last one. */
    readonly to: number;
  }
  | {
    /** The list of lobbies is another, in `browser`. */
    readonly type: "list";
  }
  | {
    /** The list of lobbies will not change any more: ask for it again. */
    readonly type: "listEnded";
    /** Why. */
    readonly reason: LobbyListEnd;
  }
  | {
    /** The player waits for a match: from now on, still, or again. */
    readonly type: "ticket";
    /** How that stands. */
    readonly ticket: LobbyTicketStatus;
  }
  | {
    /** The player waits for a match no longer. */
    readonly type: "ticketEnded";
    /** Why; `unknown` if that happened while nobody could tell. */
    readonly reason: LobbyTicketEnd | "unknown";
  }
  | {
    /** There is a match: `answer` it. */
    readonly type: "proposal";
    /** Which. It may be accepted already: by this player, before the page was loaded anew. */
    readonly proposal: LobbyProposal;
  }
  | {
    /** The player has said yes to the match, here or on another page, and the others have not all yet. */
    readonly type: "proposalAccepted";
    /** Which. */
    readonly proposal: LobbyProposal;
  }
  | {
    /** All have answered, or the time is over. */
    readonly type: "proposalEnded";
    /** Which. */
    readonly proposal: number;
    /** Whether there will be a match; `undefined` if that was found out while nobody could tell. */
    readonly isConfirmed: boolean | undefined;
    /** Who has said no, or nothing. */
    readonly missing: readonly PlayerId[];
  }
  | {
    /** Something of the connection, or a message on a channel of the game's own. */
    readonly type: "socket";
    /** What. */
    readonly event: WsEvent;
  };
