// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { ClientId, WsHubEvent } from "../../websocket/mod.ts";
import type { LobbyError } from "../lobby_error.ts";
import type { LobbyId } from "../lobby_id.ts";
import type { Lobby } from "../manager/lobby.ts";
import type { LobbyEvent } from "../manager/lobby_event.ts";

/**
 * What a {@linkcode LobbyServer} tells its game. What changes a lobby or makes a match is told once it is stored, in its
 * order.
 */
export type LobbyServerEvent =
  | {
    /** A lobby has changed. */
    readonly type: "lobby";
    /** How; its `type` tells what: `gameStarted` and `gameEnded`, say. */
    readonly event: LobbyEvent;
    /** The lobby after it; the last that there was, if it is destroyed. */
    readonly view: Lobby;
  }
  | {
    /** Players have confirmed a match, and sit in a lobby of their own. */
    readonly type: "matchMade";
    /** The queue's name. */
    readonly queue: string;
    /** What is played. */
    readonly mode: string;
    /** Where, if the queue has regions. */
    readonly region: string | undefined;
    /** Where, if the mode has maps. */
    readonly map: string | undefined;
    /** The lobby. */
    readonly lobby: LobbyId;
    /** The teams. */
    readonly teams: readonly (readonly PlayerId[])[];
  }
  | {
    /** Players have confirmed a match, and cannot be given a lobby, or seats in the one that they were to fill up. */
    readonly type: "matchFailed";
    /** The queue's name. */
    readonly queue: string;
    /** Who; they wait no longer. */
    readonly players: readonly PlayerId[];
    /** Why. */
    readonly error: LobbyError;
  }
  | {
    /**
     * A queue's own `match`, `score` or `lobby` has thrown. All else goes on: see `MatchmakingQueue.tick`; a match whose
     * `lobby` has thrown has failed, and `matchFailed` tells of that too. Told at most once a second for a queue.
     */
    readonly type: "queueFailed";
    /** The queue's name. */
    readonly queue: string;
    /** What was thrown last. */
    readonly error: unknown;
    /** How often that has happened since it was told last: 1 or more. */
    readonly times: number;
  }
  | {
    /**
     * The game's own `skillOf`, `vetConfig` or `vetChat` has thrown. A player without a skill counts as average; a lobby that
     * nobody has judged is neither made nor changed, and a message not said: `unavailable`. Told at most once a second for each.
     */
    readonly type: "hookFailed";
    /** Which. */
    readonly hook: "skillOf" | "vetConfig" | "vetChat";
    /** Whom it was asked about last. */
    readonly player: PlayerId;
    /** What was thrown last. */
    readonly error: unknown;
    /** How often that has happened since it was told last: 1 or more. */
    readonly times: number;
  }
  | {
    /** A backfill has found players, who have confirmed and have seats in its lobby. */
    readonly type: "backfilled";
    /** The queue's name. */
    readonly queue: string;
    /** The lobby. */
    readonly lobby: LobbyId;
    /** Who. */
    readonly players: readonly PlayerId[];
  }
  | {
    /** What was stored is here again, for `manager.lobbies()`; nobody is connected yet. */
    readonly type: "restored";
    /** How many lobbies. */
    readonly lobbies: number;
    /** How many tickets, which wait for their players. */
    readonly tickets: number;
    /** What could not be read, with the reason; it stays in the store as it is. */
    readonly refused: readonly {
      readonly key: string;
      readonly reason: string;
    }[];
  }
  | {
    /**
     * Another server of the cluster has died, and this one has what it had; or it has handed a lobby over, as its party
     * waits in a queue here.
     */
    readonly type: "inherited";
    /** How many lobbies. */
    readonly lobbies: number;
    /** How many tickets. */
    readonly tickets: number;
    /** What could not be read, with the reason; it stays in the store as it is. */
    readonly refused: readonly {
      readonly key: string;
      readonly reason: string;
    }[];
  }
  | {
    /**
     * The lease of the cluster is lost, and with it all lobbies, which other servers have from now on. This server is over:
     * its clients are sent away, and nothing is told any more. Make another one, with another `LobbyCluster`.
     */
    readonly type: "clusterLost";
  }
  | {
    /**
     * A client had no room for messages of `sendToPlayer` or `sendToLobby`, and has not got them: send it how things
     * stand. Told at most once a second for a client.
     */
    readonly type: "messagesDropped";
    /** Which. */
    readonly client: ClientId;
    /** Whose. */
    readonly player: PlayerId;
  }
  | {
    /** The store has failed: answers wait, and it is tried again. */
    readonly type: "storeFailed";
    /** What it rejected with. */
    readonly error: unknown;
    /** In how many milliseconds of `tick` time. */
    readonly retryAfterMs: number;
  }
  | {
    /** The store works again. */
    readonly type: "storeRecovered";
  }
  | {
    /** Something at the hub that is none of a lobby's: the game's own channels, and who comes and goes. */
    readonly type: "hub";
    /** What. */
    readonly event: WsHubEvent;
  };
