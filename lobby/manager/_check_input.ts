// This module is browser compatible.
import { utf8Length } from "../../protocol/mod.ts";
import { isObject } from "../_is_object.ts";
import { describeValue, isDisplayText, isText } from "../_text.ts";
import { isGameMode } from "../game_mode.ts";
import type { LobbyError, LobbyRole } from "../lobby_error.ts";
import { MAX_TEAMS } from "../team_id.ts";
import { TeamAssignment } from "../teams/team_assignment.ts";
import { invalidConfig } from "./_errors.ts";
import type {
  HostRights,
  LobbyAccess,
  LobbyConfig,
  LobbyConfigChanges,
  LobbyTeamConfig,
  SpectatorAccess,
} from "./lobby_config.ts";
import type { LobbyLimits } from "./lobby_limits.ts";
import type {
  LobbyJson,
  LobbyMetadata,
  LobbyMetadataChanges,
} from "./lobby_metadata.ts";

/** A month: what takes longer is a mistake. */
export const MAX_DURATION_MS = 2_678_400_000;

const MAX_COUNTDOWN_MS = 600_000;
const MAX_KEY_BYTES = 64;
const MAX_MAP_BYTES = 64;
const MAX_JSON_DEPTH = 16;

const ACCESSES: readonly LobbyAccess[] = ["public", "unlisted", "inviteOnly"];
const SPECTATOR_ACCESSES: readonly SpectatorAccess[] = [
  "open",
  "invited",
  "none",
];
const HOST_RIGHTS: readonly HostRights[] = ["full", "none"];
const ASSIGNMENTS = Object.values(TeamAssignment);

/** A value that was checked, or why it is refused. */
export type Checked<T> =
  | { readonly value: T; readonly error?: never }
  | { readonly error: LobbyError; readonly value?: never };

/** What does not hold, in a field. */
class Refusal {
  readonly error: LobbyError;

  constructor(error: LobbyError) {
    this.error = error;
  }
}

/** Runs checks that leave at the first one that does not hold. */
function checked<T>(check: () => T): Checked<T> {
  try {
    return { value: check() };
  } catch (error) {
    if (error instanceof Refusal) return { error: error.error };
    throw error;
  }
}

function refuse(field: string, wanted: string, value: unknown): never {
  throw new Refusal(
    invalidConfig(field, `${wanted}: current value is ${describeValue(value)}`),
  );
}

/**
 * Makes a whole configuration of one with gaps, from anybody.
 *
 * @param given What there is of it.
 * @param base What the gaps are filled with; `undefined` for the defaults.
 * @param limits The manager's.
 */
export function checkConfig(
  given: unknown,
  base: LobbyConfig | undefined,
  limits: LobbyLimits,
): Checked<LobbyConfig> {
  return checked(() => {
    const changes: LobbyConfigChanges = record("config", given);
    for (const name of Object.keys(changes)) {
      if (!KNOWN.has(name)) refuse(cut(name), "a field that there is", name);
    }
    const { playersPerLobby, spectatorsPerLobby, nameBytes } = limits;
    const maxPlayers = integer(
      "maxPlayers",
      changes.maxPlayers ?? base?.maxPlayers ?? Math.min(8, playersPerLobby),
      1,
      playersPerLobby,
    );
    const config: LobbyConfig = {
      name: displayText(
        "name",
        changes.name ?? base?.name ?? "Lobby",
        nameBytes,
      ),
      mode: mode(changes.mode ?? base?.mode ?? "custom"),
      map: map(changes.map ?? base?.map ?? ""),
      maxPlayers,
      minPlayers: integer(
        "minPlayers",
        changes.minPlayers ?? base?.minPlayers ?? Math.min(2, maxPlayers),
        1,
        maxPlayers,
      ),
      access: oneOf(
        "access",
        changes.access ?? base?.access ?? "public",
        ACCESSES,
      ),
      maxSpectators: integer(
        "maxSpectators",
        changes.maxSpectators ?? base?.maxSpectators ??
          Math.min(8, spectatorsPerLobby),
        0,
        spectatorsPerLobby,
      ),
      spectatorAccess: oneOf(
        "spectatorAccess",
        changes.spectatorAccess ?? base?.spectatorAccess ?? "open",
        SPECTATOR_ACCESSES,
      ),
      inviters: oneOf(
        "inviters",
        changes.inviters ?? base?.inviters ?? "players",
        ["host", "players"],
      ),
      isJoinableInGame: flag(
        "isJoinableInGame",
        changes.isJoinableInGame ?? base?.isJoinableInGame ?? false,
      ),
      isAutoStarted: flag(
        "isAutoStarted",
        changes.isAutoStarted ?? base?.isAutoStarted ?? false,
      ),
      countdownMs: duration(
        "countdownMs",
        changes.countdownMs ?? base?.countdownMs ?? 3000,
        0,
        MAX_COUNTDOWN_MS,
      ),
      teams: teams(changes, base, maxPlayers),
      hostRights: oneOf(
        "hostRights",
        changes.hostRights ?? base?.hostRights ?? "full",
        HOST_RIGHTS,
      ),
    };
    return config;
  });
}

const KNOWN: ReadonlySet<string> = new Set<keyof LobbyConfig>([
  "name",
  "mode",
  "map",
  "maxPlayers",
  "minPlayers",
  "access",
  "maxSpectators",
  "spectatorAccess",
  "inviters",
  "isJoinableInGame",
  "isAutoStarted",
  "countdownMs",
  "teams",
  "hostRights",
]);

const KNOWN_OF_TEAMS: ReadonlySet<string> = new Set<keyof LobbyTeamConfig>([
  "count",
  "assignment",
  "maxSize",
]);

function teams(
  changes: LobbyConfigChanges,
  base: LobbyConfig | undefined,
  maxPlayers: number,
): LobbyTeamConfig {
  const given: Partial<LobbyTeamConfig> = record("teams", changes.teams ?? {});
  for (const name of Object.keys(given)) {
    if (!KNOWN_OF_TEAMS.has(name)) {
      refuse(`teams.${cut(name)}`, "a field that there is", name);
    }
  }
  const count = integer(
    "teams.count",
    given.count ?? base?.teams.count ?? 0,
    0,
    MAX_TEAMS,
  );
  if (count === 1) refuse("teams.count", "0, or 2 or more", count);
  const assignment = oneOf(
    "teams.assignment",
    given.assignment ?? base?.teams.assignment ?? "auto",
    ASSIGNMENTS,
  );
  const isSame = base !== undefined && base.maxPlayers === maxPlayers &&
    base.teams.count === count && base.teams.assignment === assignment;
  // Where teams are assigned, parties alone may make them unequal.
  const usual = count > 0 && assignment === "manual"
    ? Math.ceil(maxPlayers / count)
    : maxPlayers;
  const maxSize = integer(
    "teams.maxSize",
    given.maxSize ?? (isSame ? base.teams.maxSize : usual),
    1,
    256,
  );
  if (count > 0 && count * maxSize < maxPlayers) {
    refuse(
      "teams.maxSize",
      `at least ${Math.ceil(maxPlayers / count)}, so that all players fit`,
      maxSize,
    );
  }
  return { count, assignment, maxSize };
}

/** Checks the name of a player, from anybody. */
export function checkName(
  field: string,
  given: unknown,
  limits: LobbyLimits,
): Checked<string> {
  return checked(() => displayText(field, given, limits.nameBytes));
}

/** Checks the text that the members of a party share. */
export function checkParty(given: unknown): Checked<string> {
  return checked(() =>
    typeof given === "string" && given !== "" && isText(given, MAX_KEY_BYTES)
      ? given
      : refuse("party", `text of 1 to ${MAX_KEY_BYTES} bytes`, given)
  );
}

/** Checks how strong a player is. */
export function checkSkill(given: unknown): Checked<number> {
  return checked(() =>
    Number.isFinite(given) && Math.abs(given as number) <= 1e9
      ? given as number
      : refuse("skill", "a number from -1e9 to 1e9", given)
  );
}

/** Checks what somebody is in a lobby as. */
export function checkRole(field: string, given: unknown): Checked<LobbyRole> {
  return given === "player" || given === "spectator"
    ? { value: given }
    : { error: invalidConfig(field, '"player" or "spectator"') };
}

/** Checks a duration in milliseconds, which may be infinite if `max` is. */
export function checkDuration(
  field: string,
  given: unknown,
  min: number,
  max: number,
): Checked<number> {
  return checked(() => duration(field, given, min, max));
}

/** Checks an integer. */
export function checkCount(
  field: string,
  given: unknown,
  min: number,
  max: number,
): Checked<number> {
  return checked(() => integer(field, given, min, max));
}

/** Checks opaque text such as a verifier. */
export function checkOpaqueText(
  field: string,
  given: unknown,
  maxBytes: number,
): Checked<string> {
  return typeof given === "string" && given !== "" && isText(given, maxBytes)
    ? { value: given }
    // It is a secret: not even its length is told.
    : { error: invalidConfig(field, `text of 1 to ${maxBytes} bytes`) };
}

/**
 * Checks changes of metadata, from anybody.
 *
 * @param field What they are called, for the message.
 * @param given The changes.
 * @param base The metadata before them.
 * @param maxBytes How many bytes the metadata after them may have as JSON.
 * @returns The changes alone, copied.
 */
export function checkMetadataChanges(
  field: string,
  given: unknown,
  base: LobbyMetadata,
  maxBytes: number,
): Checked<LobbyMetadataChanges> {
  return checked(() => {
    const entries: [string, unknown][] = Object.entries(record(field, given));
    // What is longer than this in units is longer in bytes, and need not be written.
    let units = 0;
    for (const [name, value] of entries) {
      if (
        name === "__proto__" || !isDisplayText(name, MAX_KEY_BYTES)
      ) {
        refuse(
          field,
          `named by 1 to ${MAX_KEY_BYTES} bytes without control characters`,
          name,
        );
      }
      const isValue = value === null || typeof value === "boolean" ||
        Number.isFinite(value) ||
        typeof value === "string" && value.isWellFormed();
      if (!isValue) {
        refuse(
          `${field}.${name}`,
          "well-formed text, a finite number or a boolean",
          value,
        );
      }
      units += name.length + (typeof value === "string" ? value.length : 1);
    }
    if (units > 2 * maxBytes) refuse(field, `up to ${maxBytes} bytes`, units);
    const changes = Object.fromEntries(entries) as LobbyMetadataChanges;
    const bytes = utf8Length(JSON.stringify(mergeMetadata(base, changes)));
    if (bytes > maxBytes) refuse(field, `up to ${maxBytes} bytes`, bytes);
    return changes;
  });
}

/** The metadata after changes. */
export function mergeMetadata(
  base: LobbyMetadata,
  changes: LobbyMetadataChanges,
): LobbyMetadata {
  const merged: Record<string, string | number | boolean> = { ...base };
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) delete merged[name];
    else merged[name] = value;
  }
  return merged;
}

/** Checks a value of JSON, and copies it. */
export function checkJson(
  field: string,
  given: unknown,
  maxBytes: number,
): Checked<LobbyJson> {
  return checked(() => {
    let left = maxBytes;
    const copy = (value: unknown, depth: number): LobbyJson => {
      // Counted on the way, so that what is endless ends.
      if (--left < 0) refuse(field, `up to ${maxBytes} bytes`, maxBytes - left);
      if (value === null || typeof value === "boolean") return value;
      if (typeof value === "number" && Number.isFinite(value)) return value;
      if (typeof value === "string" && value.isWellFormed()) {
        left -= value.length;
        return value;
      }
      if (typeof value === "object" && depth < MAX_JSON_DEPTH) {
        if (Array.isArray(value)) {
          return Array.from(value, (item) => copy(item, depth + 1));
        }
        const object: Record<string, LobbyJson> = {};
        for (const [name, entry] of Object.entries(value as object)) {
          if (name === "__proto__" || !name.isWellFormed()) {
            refuse(field, "named by well-formed text", name);
          }
          left -= name.length;
          object[name] = copy(entry, depth + 1);
        }
        return object;
      }
      return refuse(field, "what JSON can hold", value);
    };
    const value = copy(given, 0);
    const bytes = utf8Length(JSON.stringify(value));
    if (bytes > maxBytes) refuse(field, `up to ${maxBytes} bytes`, bytes);
    return value;
  });
}

function record(field: string, value: unknown): Record<string, never> {
  if (!isObject(value)) return refuse(field, "an object", value);
  return value as Record<string, never>;
}

function integer(
  field: string,
  value: unknown,
  min: number,
  max: number,
): number {
  return Number.isInteger(value) && value as number >= min &&
      value as number <= max
    ? value as number
    : refuse(field, `an integer from ${min} to ${max}`, value);
}

function duration(
  field: string,
  value: unknown,
  min: number,
  max: number,
): number {
  const isDuration = typeof value === "number" && value >= min &&
    (value <= MAX_DURATION_MS || value === Infinity) && value <= max;
  return isDuration ? value : refuse(
    field,
    `a number from ${min} to ${Math.min(max, MAX_DURATION_MS)}`,
    value,
  );
}

function flag(field: string, value: unknown): boolean {
  return typeof value === "boolean"
    ? value
    : refuse(field, "true or false", value);
}

function oneOf<T extends string>(
  field: string,
  value: unknown,
  values: readonly T[],
): T {
  return values.includes(value as T)
    ? value as T
    : refuse(field, `one of "${values.join('", "')}"`, value);
}

function displayText(field: string, value: unknown, maxBytes: number): string {
  return isDisplayText(value, maxBytes) ? value : refuse(
    field,
    `text of 1 to ${maxBytes} bytes that is not blank, without control characters`,
    value,
  );
}

function mode(value: unknown): string {
  return isGameMode(value) ? value : refuse(
    "mode",
    "text of 1 to 32 bytes that is not blank, without control characters",
    value,
  );
}

function map(value: unknown): string {
  return value === "" || isDisplayText(value, MAX_MAP_BYTES) ? value : refuse(
    "map",
    `text of up to ${MAX_MAP_BYTES} bytes that is not blank, without control characters`,
    value,
  );
}

function cut(name: string): string {
  return isDisplayText(name, MAX_KEY_BYTES) ? name : "a field";
}
