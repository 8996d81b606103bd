// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { LobbyListingDiff } from "../browser/listing_diff.ts";
import type { LobbyId } from "../lobby_id.ts";
import type { Lobby } from "../manager/lobby.ts";
import type { LobbyEvent, LobbyLeaveReason } from "../manager/lobby_event.ts";

/** Something said in a lobby. */
export interface LobbyChatMessage {
  /** Where. */
  readonly lobby: LobbyId;
  /** Which one, counted from 1 in its lobby, also after the server was restarted: who is told one twice knows it by this. */
  readonly number: number;
  /** Who said it. */
  readonly player: PlayerId;
  /** What. Show it as text: it is as its player wrote it. */
  readonly text: string;
  /** Whether it is for the player's own team. */
  readonly isTeam: boolean;
}

/** How a player's ticket stands. */
export interface LobbyTicketStatus {
  /** The queue's name. */
  readonly queue: string;
  /** Who is in it, who asked first. */
  readonly players: readonly PlayerId[];
  /** How long it has waited, in milliseconds. */
  readonly waitedMs: number;
  /** How long it may take yet, in milliseconds; absent if nobody can tell. */
  readonly estimatedWaitMs?: number;
}

/** A match that its players have to confirm. */
export interface LobbyProposal {
  /** Its number, for the answer: another one for each match, also after a restart of the server. */
  readonly proposal: number;
  /** The queue's name. */
  readonly queue: string;
  /** How many players it has. */
  readonly players: number;
  /** How long there is to answer, from its beginning, in milliseconds. */
  readonly timeoutMs: number;
  /** How long there is yet, as it was told. */
  readonly leftMs: number;
  /** Whether the player has said yes already. */
  readonly isAccepted: boolean;
}

/** How long it is yet to what a lobby waits for, in milliseconds; absent if it does not. */
export interface LobbyTimesLeft {
  /** To the game. */
  readonly countdownLeftMs?: number;
  /** To the end of the ready check. */
  readonly readyCheckLeftMs?: number;
}

/** Why a player waits for a match no longer. */
export type LobbyTicketEnd =
  /** Somebody of the ticket asked for it, or has left the lobby that came along, or that is gone. */
  | "cancelled"
  /** It has waited for as long as it may. */
  | "expired"
  /** Somebody of it has said no to a match, or nothing in time. */
  | "declined"
  /** There is a match: the lobby follows. */
  | "matched"
  /** There was a match, and no lobby could be made for it. */
  | "failed"
  /** The server does not know of it any more. */
  | "lost";

/** How a list of lobbies ends that nobody has taken back. */
export type LobbyListEnd =
  /** Its reader takes too little. */
  "slow";

/** What a server tells without being asked. */
export type LobbyPush =
  | { readonly push: "player"; readonly player: PlayerId }
  | ({ readonly push: "view"; readonly view: Lobby } & LobbyTimesLeft)
  | {
    readonly push: "left";
    readonly lobby: LobbyId;
    readonly reason: LobbyLeaveReason | "destroyed" | "unknown";
  }
  | { readonly push: "event"; readonly event: LobbyEvent }
  | { readonly push: "chat"; readonly message: LobbyChatMessage }
  | {
    readonly push: "chatMissed";
    readonly lobby: LobbyId;
    /** The numbers of the first and of the last message that are not there any more. */
    readonly from: number;
    readonly to: number;
  }
  | ({ readonly push: "list"; readonly key: string } & LobbyListingDiff)
  | {
    readonly push: "listEnded";
    readonly key: string;
    readonly reason: LobbyListEnd;
  }
  /** The lobby is at another server now. */
  | { readonly push: "moved"; readonly url: string }
  | ({
    readonly push: "sync";
    readonly lobby: Lobby | null;
    readonly ticket?: LobbyTicketStatus;
    readonly proposal?: LobbyProposal;
  } & LobbyTimesLeft)
  | { readonly push: "ticket"; readonly ticket: LobbyTicketStatus }
  | { readonly push: "ticketEnded"; readonly reason: LobbyTicketEnd }
  | { readonly push: "proposal"; readonly proposal: LobbyProposal }
  | {
    readonly push: "proposalEnded";
    readonly proposal: number;
    readonly isConfirmed: boolean;
    /** Who said no or nothing, where that is why. */
    readonly missing: readonly PlayerId[];
  };
