// This module is browser compatible.
import { isObject } from "../_is_object.ts";
import type { LobbyFilter } from "../browser/lobby_filter.ts";
import type { LobbyRole } from "../lobby_error.ts";
import type { LobbyConfig, LobbyTeamConfig } from "../manager/lobby_config.ts";
import { MAX_PASSWORD_BYTES } from "../password/password.ts";
import {
  anyOf,
  has,
  integer,
  isAmount,
  isBoolean,
  isCount,
  isFiniteNumber,
  isLatencies,
  isLobby,
  isMetadata,
  isMetadataChanges,
  isPlayer,
  isTeam,
  listOf,
  nullable,
  optional,
  pick,
  type Shape,
  type ShapeOf,
  text,
} from "./_shape.ts";
import type { LobbyRequest, LobbyRequestName } from "./lobby_request.ts";

/** The longest request, in bytes of UTF-8. */
export const MAX_REQUEST_BYTES = 16_384;

const PASSWORD = text(1, MAX_PASSWORD_BYTES);
const ROLE = anyOf<LobbyRole>({ player: true, spectator: true });

const TEAMS: ShapeOf<LobbyTeamConfig> = {
  count: optional(isFiniteNumber),
  assignment: optional(text(0, 64)),
  maxSize: optional(isFiniteNumber),
};

/** What each field of a configuration has to be; the manager judges whether it can be set so. */
const CONFIG: ShapeOf<LobbyConfig> = {
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
  teams: optional(has(TEAMS)),
  hostRights: optional(text(0, 64)),
};

const FILTER: ShapeOf<LobbyFilter> = {
  mode: optional(text(1, 32)),
  map: optional(text(0, 64)),
  name: optional(text(1, 64)),
  region: optional(text(0, 64)),
  hideFull: optional(isBoolean),
  hidePrivate: optional(isBoolean),
  hideUnjoinable: optional(isBoolean),
};

/** Choices of modes or maps. */
const CHOICES = listOf(text(1, 64), 64);

/** The fields of each request. */
export const REQUEST_FIELDS: {
  readonly [K in LobbyRequestName]: ShapeOf<
    Extract<LobbyRequest, { readonly do: K }>,
    "do"
  >;
} = {
  hello: {
    protocol: isCount,
    lobby: optional(isLobby),
    version: optional(isCount),
    chat: optional(isCount),
  },
  create: {
    config: optional(has(CONFIG)),
    password: optional(PASSWORD),
    metadata: optional(isMetadata),
    playerMetadata: optional(isMetadata),
  },
  join: {
    lobby: optional(isLobby),
    role: optional(ROLE),
    password: optional(PASSWORD),
    code: optional(text(1, 64)),
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
  configure: { changes: has(CONFIG) },
  setPassword: { password: nullable(PASSWORD) },
  setMetadata: { changes: isMetadataChanges },
  setPlayerMetadata: { changes: isMetadataChanges },
  setTeam: { team: nullable(isTeam), player: optional(isPlayer) },
  setRole: { role: ROLE, player: optional(isPlayer) },
  assignTeams: {},
  rebalanceTeams: {},
  invite: {
    role: optional(ROLE),
    uses: optional(integer(1, 1_000_000)),
    ttlMs: optional(isAmount),
  },
  revokeInvite: { code: text(1, 64) },
  reserve: { players: listOf(isPlayer, 256), ttlMs: optional(isAmount) },
  cancelReservation: { reservation: isCount },
  start: {},
  cancelStart: {},
  reset: {},
  readyCheck: { timeoutMs: optional(isAmount) },
  vote: { isReady: isBoolean },
  cancelReadyCheck: {},
  chat: { text: text(1, MAX_REQUEST_BYTES), isTeam: optional(isBoolean) },
  browse: { filter: has(FILTER) },
  unbrowse: {},
  setLatencies: { latencies: isLatencies },
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
  if (typeof name !== "string" || !Object.hasOwn(REQUEST_FIELDS, name)) {
    return { wrong: "do" };
  }
  const picked = pick(value, REQUEST_FIELDS[name as LobbyRequestName]);
  if ("wrong" in picked) return picked;
  const { fields } = picked;
  // What nobody knows is left out of these as well.
  if (name === "create") prune(fields, "config", CONFIG);
  else if (name === "configure") prune(fields, "changes", CONFIG);
  else if (name === "browse") prune(fields, "filter", FILTER);
  return { request: { do: name, ...fields } as LobbyRequest };
}

function prune(
  fields: Record<string, unknown>,
  name: string,
  shape: Shape,
): void {
  const picked = pick(fields[name], shape);
  if ("wrong" in picked) return;
  fields[name] = picked.fields;
  if (picked.fields.teams !== undefined) prune(picked.fields, "teams", TEAMS);
}
