// This module is browser compatible.
import type { ChannelOptions, WsClientOptions } from "../../websocket/mod.ts";
import type { LobbyRole } from "../lobby_error.ts";
import type { LobbyConfigChanges } from "../manager/lobby_config.ts";
import type { LobbyMetadata } from "../manager/lobby_metadata.ts";

/** How a {@linkcode LobbyClient} behaves: like a `WsClient` over the mux, and besides. */
export interface LobbyClientOptions extends Omit<WsClientOptions, "mux"> {
  /**
   * How channels of the game's own behave that the client sends on, by name.
   *
   * @default {{}}
   */
  readonly mux?: Readonly<Record<string, ChannelOptions>>;
  /**
   * Makes of the URL of another server, to which this one sends the client, the URL to connect to; `undefined` for one not
   * to go to. The request is then refused as `elsewhere`. By default the host and path that are named, with the query of the
   * client's own URL (which may have a token in it), and never without TLS from a server with it.
   */
  readonly redirect?: (url: string) => string | undefined;
  /**
   * Milliseconds of `tick` time for which an answer is waited: above 0.
   *
   * @default {15000}
   */
  readonly requestTimeoutMs?: number;
  /**
   * The most events that wait to be drained, outcomes of requests that are under way included: an integer, 64 to 1000000.
   * What comes beyond waits at the server.
   *
   * @default {4096}
   */
  readonly maxUndrainedEvents?: number;
  /**
   * The most lobbies that `browser` keeps: see `LobbyBrowserOptions`.
   *
   * @default {10000}
   */
  readonly maxListings?: number;
}

/** What a lobby is made with. */
export interface LobbyCreateOptions {
  /** What it is set to; what is left out is as the server has it by default. */
  readonly config?: LobbyConfigChanges;
  /** What others have to say to enter: 1 to 128 bytes of UTF-8. */
  readonly password?: string;
  /** What the game says about the lobby. */
  readonly metadata?: LobbyMetadata;
  /** What the game says about the player. */
  readonly playerMetadata?: LobbyMetadata;
}

/** How a lobby is entered. */
export interface LobbyEnterOptions {
  /**
   * To play, or to look on.
   *
   * @default {"player"}
   */
  readonly role?: LobbyRole;
  /** The lobby's password: 1 to 128 bytes of UTF-8. */
  readonly password?: string;
  /** What the game says about the player. */
  readonly metadata?: LobbyMetadata;
}

/** Whether who is kicked may come back. */
export interface LobbyKickOptions {
  /**
   * Whether not as long as the lobby lives.
   *
   * @default {false}
   */
  readonly isBanned?: boolean;
  /** For how many milliseconds not; in place of `isBanned`. */
  readonly banMs?: number;
}

/** What an invite code is good for. */
export interface LobbyInviteOptions {
  /**
   * As what it lets in.
   *
   * @default {"player"}
   */
  readonly role?: LobbyRole;
  /** How often: 1 to 65536; for any number of times if left out. */
  readonly uses?: number;
  /** For how long, in milliseconds: above 0; for as long as the lobby lives if left out. */
  readonly ttlMs?: number;
}

/** What somebody wants to play, with whom and from where. */
export interface LobbyEnqueueOptions {
  /**
   * Whether all players of the lobby come along, which its host alone may say.
   *
   * @default {false}
   */
  readonly isParty?: boolean;
  /** Which modes of the queue would do: at most 64; all of them if left out. */
  readonly modes?: readonly string[];
  /** Which maps would do: at most 64; all of them if left out. */
  readonly maps?: readonly string[];
  /**
   * Milliseconds to each region and back, of the player alone and for this ticket alone. A queue with regions needs them.
   *
   * @default what `setLatencies` has said
   */
  readonly latencies?: Readonly<Record<string, number>>;
}
