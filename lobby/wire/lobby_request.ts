// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { LobbyFilter } from "../browser/lobby_filter.ts";
import type { LobbyRole } from "../lobby_error.ts";
import type { LobbyId } from "../lobby_id.ts";
import type { LobbyConfigChanges } from "../manager/lobby_config.ts";
import type {
  LobbyMetadata,
  LobbyMetadataChanges,
} from "../manager/lobby_metadata.ts";
import type { TeamId } from "../team_id.ts";

/** The version of what client and server say to each other; PROTOCOL.md has it. */
export const LOBBY_PROTOCOL = 1;

/** The channel of the mux that all of it goes over, lists apart. */
export const LOBBY_CHANNEL = "lobby";

/** The channel on which a server sends lists, and what it answers who asks for one. */
export const LOBBY_LIST_CHANNEL = "lobby.list";

/** What a client asks a server to do; PROTOCOL.md says what comes of each. */
export type LobbyRequest =
  | {
    readonly do: "hello";
    readonly protocol: number;
    /** Which lobby the client believes to be in, and at which version. */
    readonly lobby?: LobbyId;
    readonly version?: number;
    /** The number of the last message that it knows of what is said there. */
    readonly chat?: number;
  }
  | {
    readonly do: "create";
    readonly config?: LobbyConfigChanges;
    readonly password?: string;
    readonly metadata?: LobbyMetadata;
    readonly playerMetadata?: LobbyMetadata;
  }
  | {
    readonly do: "join";
    readonly lobby?: LobbyId;
    readonly role?: LobbyRole;
    readonly password?: string;
    readonly code?: string;
    readonly metadata?: LobbyMetadata;
  }
  | { readonly do: "leave" }
  | { readonly do: "ready"; readonly isReady: boolean }
  | {
    readonly do: "kick";
    readonly player: PlayerId;
    readonly isBanned?: boolean;
    readonly banMs?: number;
  }
  | { readonly do: "unban"; readonly player: PlayerId }
  | { readonly do: "transferHost"; readonly player: PlayerId }
  | { readonly do: "configure"; readonly changes: LobbyConfigChanges }
  | { readonly do: "setPassword"; readonly password: string | null }
  | { readonly do: "setMetadata"; readonly changes: LobbyMetadataChanges }
  | {
    readonly do: "setPlayerMetadata";
    readonly changes: LobbyMetadataChanges;
  }
  | {
    readonly do: "setTeam";
    readonly team: TeamId | null;
    readonly player?: PlayerId;
  }
  | {
    readonly do: "setRole";
    readonly role: LobbyRole;
    readonly player?: PlayerId;
  }
  | { readonly do: "assignTeams" }
  | { readonly do: "rebalanceTeams" }
  | {
    readonly do: "invite";
    readonly role?: LobbyRole;
    readonly uses?: number;
    readonly ttlMs?: number;
  }
  | { readonly do: "revokeInvite"; readonly code: string }
  | {
    readonly do: "reserve";
    readonly players: readonly PlayerId[];
    readonly ttlMs?: number;
  }
  | { readonly do: "cancelReservation"; readonly reservation: number }
  | { readonly do: "start" }
  | { readonly do: "cancelStart" }
  | { readonly do: "reset" }
  | { readonly do: "readyCheck"; readonly timeoutMs?: number }
  | { readonly do: "vote"; readonly isReady: boolean }
  | { readonly do: "cancelReadyCheck" }
  | {
    readonly do: "chat";
    readonly text: string;
    readonly isTeam?: boolean;
  }
  | { readonly do: "browse"; readonly filter: LobbyFilter }
  | { readonly do: "unbrowse" }
  | {
    readonly do: "setLatencies";
    /** Milliseconds there and back by region, as the client has measured them. */
    readonly latencies: Readonly<Record<string, number>>;
  }
  | {
    readonly do: "enqueue";
    readonly queue: string;
    /** Whether all players of the lobby come along, which its host alone may say. */
    readonly isParty?: boolean;
    readonly modes?: readonly string[];
    readonly maps?: readonly string[];
    /** Of who asks, in place of what `setLatencies` has told. */
    readonly latencies?: Readonly<Record<string, number>>;
  }
  | { readonly do: "dequeue" }
  | { readonly do: "explain" }
  | {
    readonly do: "answer";
    readonly proposal: number;
    readonly isAccepted: boolean;
  };

/** What a client can ask for. */
export type LobbyRequestName = LobbyRequest["do"];
