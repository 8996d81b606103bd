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
import { MAX_PASSWORD_BYTES } from "../password/password.ts";
import type { TeamId } from "../team_id.ts";
import {
  has,
  integer,
  isAmount,
  isBoolean,
  isCount,
  isFiniteNumber,
  isLobby,
  isMetadata,
  isMetadataChanges,
  isObject,
  isPlayer,
  isTeam,
  listOf,
  nullable,
  oneOf,
  optional,
  pick,
  type Shape,
  text,
} from "./_shape.ts";

/** The version of what client and server say to each other; PROTOCOL.md has it. */
export const LOBBY_PROTOCOL = 1;

/** The channel of the mux that all of it goes over. */
export const LOBBY_CHANNEL = "lobby";

/** The longest request, in bytes of UTF-8. */
export const MAX_REQUEST_BYTES = 16_384;

/** What a client asks a server to do; PROTOCOL.md says what comes of each. */
export type LobbyRequest =
  | {
    readonly do: "hello";
    readonly protocol: number;
    /** Which lobby the client believes to be in, and at which version. */
    readonly lobby?: LobbyId;
    readonly version?: number;
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
    readonly team?: TeamId;
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
  | { readonly do: "setRole"; readonly role: LobbyRole }
  | {
    readonly do: "invite";
    readonly role?: LobbyRole;
    readonly uses?: number;
    readonly ttlMs?: number;
  }
  | { readonly do: "revokeInvite"; readonly invite: number }
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
    readonly do: "enqueue";
    readonly queue: string;
    /** Whether all players of the lobby come along, which its host alone may say. */
    readonly isParty?: boolean;
    readonly modes?: readonly string[];
    readonly maps?: readonly string[];
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

const PASSWORD = text(1, MAX_PASSWORD_BYTES);
const ROLE = oneOf("player", "spectator");

/** What each field of a configuration has to be; the manager judges whether it can be set so. */
const CONFIG = has({
  name: optional(text(0, 1_024)),
  mode: optional(text(0, 1_024)),
  map: optional(text(0, 1_024)),
  maxPlayers: optional(isFiniteNumber),
  minPlayers: optional(isFiniteNumber),
  access: optional(text(0, 64)),
  maxSpectators: optional(isFiniteNumber),
  spectatorAccess: optional(text(0, 64)),
  inviters: optional(text(0, 64)),
  isJoinableInGame: optional(isBoolean),
  isAutoStarted: optional(isBoolean),
  countdownMs: optional(isFiniteNumber),
  teams: optional(has({
    count: optional(isFiniteNumber),
    assignment: optional(text(0, 64)),
    maxSize: optional(isFiniteNumber),
  })),
});

const FILTER = has({
  mode: optional(text(1, 32)),
  map: optional(text(0, 64)),
  name: optional(text(1, 64)),
  region: optional(text(0, 64)),
  hideFull: optional(isBoolean),
  hidePrivate: optional(isBoolean),
  hideUnjoinable: optional(isBoolean),
});

/** Choices of modes or maps. */
const CHOICES = listOf(text(1, 64), 64);

const SHAPES: Readonly<Record<LobbyRequestName, Shape>> = {
  hello: {
    protocol: isCount,
    lobby: optional(isLobby),
    version: optional(isCount),
  },
  create: {
    config: optional(CONFIG),
    password: optional(PASSWORD),
    metadata: optional(isMetadata),
    playerMetadata: optional(isMetadata),
  },
  join: {
    lobby: optional(isLobby),
    role: optional(ROLE),
    password: optional(PASSWORD),
    code: optional(text(1, 64)),
    team: optional(isTeam),
    metadata: optional(isMetadata),
  },
  leave: {},
  ready: { isReady: isBoolean },
  kick: {
    player: isPlayer,
    isBanned: optional(isBoolean),
    banMs: optional(isAmount),
  },
  unban: { player: isPlayer },
  transferHost: { player: isPlayer },
  configure: { changes: CONFIG },
  setPassword: { password: nullable(PASSWORD) },
  setMetadata: { changes: isMetadataChanges },
  setPlayerMetadata: { changes: isMetadataChanges },
  setTeam: { team: nullable(isTeam), player: optional(isPlayer) },
  setRole: { role: ROLE },
  invite: {
    role: optional(ROLE),
    uses: optional(integer(1, 1_000_000)),
    ttlMs: optional(isAmount),
  },
  revokeInvite: { invite: isCount },
  reserve: { players: listOf(isPlayer, 256), ttlMs: optional(isAmount) },
  cancelReservation: { reservation: isCount },
  start: {},
  cancelStart: {},
  reset: {},
  readyCheck: { timeoutMs: optional(isAmount) },
  vote: { isReady: isBoolean },
  cancelReadyCheck: {},
  chat: { text: text(1, MAX_REQUEST_BYTES), isTeam: optional(isBoolean) },
  browse: { filter: FILTER },
  unbrowse: {},
  enqueue: {
    queue: text(1, 64),
    isParty: optional(isBoolean),
    modes: optional(CHOICES),
    maps: optional(CHOICES),
    latencies: optional(isLatencies),
  },
  dequeue: {},
  explain: {},
  answer: { proposal: isCount, isAccepted: isBoolean },
};

/** A request, or what is wrong with it: a field's name, `do` for what nobody knows, `""` for what is no such text. */
export type ReadRequest =
  | { readonly request: LobbyRequest }
  | { readonly wrong: string };

const decoder = new TextDecoder("utf-8", { fatal: true });

/** Reads a request of anybody's. Fields that it does not know are left out. */
export function readRequest(bytes: Uint8Array): ReadRequest {
  if (bytes.length > MAX_REQUEST_BYTES) return { wrong: "" };
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch {
    return { wrong: "" };
  }
  if (!isObject(value)) return { wrong: "" };
  const name = value.do;
  if (typeof name !== "string" || !Object.hasOwn(SHAPES, name)) {
    return { wrong: "do" };
  }
  const picked = pick(value, SHAPES[name as LobbyRequestName]);
  return "wrong" in picked
    ? picked
    : { request: { do: name, ...picked.fields } as LobbyRequest };
}

/** Milliseconds by region. */
function isLatencies(value: unknown): boolean {
  if (!isObject(value)) return false;
  const regions = Object.keys(value);
  return regions.length <= 64 && regions.every(text(1, 64)) &&
    Object.values(value).every(isAmount);
}
