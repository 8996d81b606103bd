// This module is browser compatible.
import type { Identity, PlayerId } from "../../core/mod.ts";
import type { Upgraded, WsHubOptions } from "../../websocket/mod.ts";
import type { Lobby } from "../manager/lobby.ts";
import type {
  LobbyConfig,
  LobbyConfigChanges,
} from "../manager/lobby_config.ts";
import type { LobbyManagerOptions } from "../manager/lobby_manager_options.ts";
import type { TeamId } from "../team_id.ts";
import type { LobbyStore } from "../store/lobby_store.ts";
import type { LobbyQueueOptions } from "./lobby_queue_options.ts";

/** How often something may be done. */
export interface LobbyRate {
  /** On the average: above 0. */
  readonly perSecond: number;
  /** At once: an integer of 1 or more. */
  readonly burst: number;
}

/** What a player may say. */
export interface LobbyChatOptions {
  /**
   * The most bytes of UTF-8 of a message: 1 to 8192.
   *
   * @default {512}
   */
  readonly maxBytes?: number;
  /**
   * How often a player may say something.
   *
   * @default {{ perSecond: 1, burst: 5 }}
   */
  readonly rate?: LobbyRate;
  /**
   * How many of the last messages are kept in memory, for who joins and for who was away: 0 to 200, of 64 KiB in all.
   *
   * @default {50}
   */
  readonly history?: number;
}

/** How lobbies are listed. */
export interface LobbyListOptions {
  /**
   * How often readers are told of changes, in milliseconds of `tick` time: 0 for each tick. Each has its turn once in that
   * time, spread over it, and is told all that has changed since its last one: no change waits for longer, unless there are
   * more than 4 MB to be sent in a tick.
   *
   * @default {500}
   */
  readonly intervalMs?: number;
  /**
   * The most lobbies of one list: 1 to 65536. Those that came first are in it; others, when there is room.
   *
   * @default {1000}
   */
  readonly maxListed?: number;
  /**
   * The most different filters that are read at a time: 1 or more. Each takes a few microseconds of each change.
   *
   * @default {1024}
   */
  readonly maxFilters?: number;
  /**
   * Where this server is, in the game's own words.
   *
   * @default {""}
   */
  readonly region?: string;
  /**
   * Which of a lobby's metadata are listed.
   *
   * @default {[]}
   */
  readonly metadata?: readonly string[];
}

/** How passwords are hashed. */
export interface LobbyPasswordOptions {
  /**
   * How often each is: 1 to 10000000. Fewer than by default are for tests.
   *
   * @default {600000}
   */
  readonly iterations?: number;
  /**
   * How many are at a time: 1 to 64. Each takes a thread some 0.2 s.
   *
   * @default {2}
   */
  readonly maxConcurrent?: number;
  /**
   * How many lobbies may wait for theirs: 0 to 65536. Who asks for more is told to come later.
   *
   * @default {64}
   */
  readonly maxWaiting?: number;
  /**
   * How often a player may set one.
   *
   * @default {{ perSecond: 0.1, burst: 3 }}
   */
  readonly rate?: LobbyRate;
}

/** What a player wants to say, for `vetChat` to judge. */
export interface LobbyChatWish {
  /** Who. */
  readonly player: PlayerId;
  /** The lobby in which it is said. */
  readonly lobby: Lobby;
  /** The team to which it is said; `undefined` for all. */
  readonly team: TeamId | undefined;
  /** What: within `chat.maxBytes`, without control characters but line feeds. */
  readonly text: string;
}

/** What a game says to a {@linkcode LobbyChatWish}. */
export type LobbyChatVerdict =
  | {
    /** Nobody hears it: the client is answered `chatRefused`. */
    readonly type: "refused";
    /** Why, in the game's own words, which the client is told. */
    readonly reason: string;
  }
  | {
    /** Something else is said. */
    readonly type: "changed";
    /** What, within the same bounds. */
    readonly text: string;
  };

/** What a player wants a lobby to be, for `vetConfig` to judge. */
export interface LobbyConfigWish {
  /** Who. */
  readonly player: PlayerId;
  /** The lobby, of which the player is host; `undefined` for a new one. */
  readonly lobby: Lobby | undefined;
  /** What it would be set to: the whole of it, frozen, each field in its range. */
  readonly config: LobbyConfig;
}

/** What a game says to a {@linkcode LobbyConfigWish}. */
export type LobbyConfigVerdict =
  | {
    /** It may not be so: the client is answered `configRefused`. */
    readonly type: "refused";
    /** Why, in the game's own words, which the client is told. */
    readonly reason: string;
  }
  | {
    /** It may be, but for this. */
    readonly type: "changed";
    /** What it is to be set to in place of what the player wants. What comes of it is checked as if the player had said so. */
    readonly changes: LobbyConfigChanges;
  };

/** Options for {@linkcode LobbyServer.sendToLobby}. */
export interface LobbyMessageOptions {
  /**
   * Whether those who look on get it too.
   *
   * @default {false}
   */
  readonly withSpectators?: boolean;
}

/** Options for {@linkcode LobbyServer}. */
export interface LobbyServerOptions {
  /** Turns a request into a socket: `upgradeWebSocket` of `@tickwire/net/websocket/deno`, or another runtime's. */
  readonly upgrade: (request: Request) => Upgraded;
  /**
   * Finds out who asks, before anything is upgraded or kept. `undefined` is answered with 401; with 503 if it throws, or the
   * identity has no `playerId` that is one.
   */
  readonly authenticate: (
    request: Request,
  ) => Identity | undefined | Promise<Identity | undefined>;
  /**
   * Where lobbies and tickets are kept; it stays the caller's to close, after the server. A `LobbyCluster` makes the server
   * one of several.
   */
  readonly store: LobbyStore;
  /**
   * What the hub is to be besides: limits, channels of the game's own. The channels `lobby` and `lobby.list` are the
   * server's.
   *
   * @default {{ keepaliveMs: 10_000 }}
   */
  readonly hub?: Omit<WsHubOptions, "upgrade" | "authenticate">;
  /**
   * What the lobbies are like: limits, defaults, seeds. A full lobby within its limits may take 1 MiB of JSON.
   *
   * @default {{}}
   */
  readonly manager?: LobbyManagerOptions;
  /**
   * Where players can look for a match, by name: 1 to 64 bytes of UTF-8.
   *
   * @default {{}}
   */
  readonly queues?: Readonly<Record<string, LobbyQueueOptions>>;
  /**
   * Judges what players want their lobbies to be, at each `create` and `configure` of a client that can be read: names that
   * are no names, more players than a mode has. `undefined` lets it be as it is. It is asked once or more, and must answer the
   * same for the same, at once; where it throws the client is told `unavailable`, and you `hookFailed`. What your own code makes
   * by `manager`, and matches by `lobby` of their queue, it is not asked about, but about what a host makes of those later.
   *
   * @default {() => undefined}
   */
  readonly vetConfig?: (
    wish: LobbyConfigWish,
  ) => LobbyConfigVerdict | undefined;
  /**
   * Judges what players say in their lobbies, and hears all of it: words that nobody wants, players who are muted, a log for
   * moderators. `undefined` lets it be said. It must answer at once; where it throws, or changes a message into one that is not
   * fit to be said, the client is told `unavailable`, and you `hookFailed`.
   *
   * @default {() => undefined}
   */
  readonly vetChat?: (wish: LobbyChatWish) => LobbyChatVerdict | undefined;
  /**
   * How strong a player is, for matches and for even teams; in points, as all rules of the queues. Where it throws, the player
   * counts as average, and `hookFailed` tells of it.
   *
   * @default {() => ({ skill: 1500 })}
   */
  readonly skillOf?: (player: PlayerId) => {
    /** The mean. */
    readonly skill: number;
    /** How far that may be off. */
    readonly uncertainty?: number;
  };
  /**
   * How often a player may ask for something, over all of its connections.
   *
   * @default {{ perSecond: 10, burst: 40 }}
   */
  readonly rate?: LobbyRate;
  /**
   * How many requests that are wrong or come too often are put up with before the connection is closed.
   *
   * @default {{ perSecond: 1, burst: 100 }}
   */
  readonly patience?: LobbyRate;
  /**
   * What players may say in their lobbies.
   *
   * @default {{}}
   */
  readonly chat?: LobbyChatOptions;
  /**
   * How lobbies are listed.
   *
   * @default {{}}
   */
  readonly list?: LobbyListOptions;
  /**
   * How passwords are hashed.
   *
   * @default {{}}
   */
  readonly passwords?: LobbyPasswordOptions;
  /**
   * How much may wait for the store: answers, pushes and events, and 1 KiB for each of them. While there is more, nothing is
   * taken in. An integer of 1 or more.
   *
   * @default {65536}
   */
  readonly maxHeld?: number;
  /**
   * The most events that wait to be drained: an integer, 1024 to 16000000. While there are more than half as many, nothing
   * is taken in.
   *
   * @default {65536}
   */
  readonly maxEvents?: number;
}
