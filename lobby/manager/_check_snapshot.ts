// This module is browser compatible.
import { isPlayerId, type PlayerId } from "../../core/mod.ts";
import { isObject } from "../_is_object.ts";
import type { LobbyError } from "../lobby_error.ts";
import { isLobbyId } from "../lobby_id.ts";
import { isTeamId, type TeamId } from "../team_id.ts";
import {
  checkConfig,
  checkCount,
  checkDuration,
  type Checked,
  checkJson,
  checkMetadataChanges,
  checkName,
  checkOpaqueText,
  checkParty,
  checkRole,
  checkSkill,
} from "./_check_input.ts";
import { invalidConfig } from "./_errors.ts";
import type {
  Lobby,
  LobbyPlayer,
  LobbyReadyCheck,
  LobbySpectator,
} from "./lobby.ts";
import type { LobbyLimits } from "./lobby_limits.ts";
import type { LobbyMetadata } from "./lobby_metadata.ts";
import {
  LOBBY_SNAPSHOT_FORMAT,
  type LobbyAttemptSnapshot,
  type LobbyBanSnapshot,
  type LobbyInviteSnapshot,
  type LobbyReservationSnapshot,
  type LobbySeatSnapshot,
  type LobbySnapshot,
} from "./lobby_snapshot.ts";
import { LobbyState } from "./lobby_state.ts";

/** No honest snapshot has more players with attempts. */
const MAX_ATTEMPTS = 1_000_000;
/** What the slowest limit on attempts takes to forget the most of them. */
const MAX_TIME_MS = 3_600_000_000;
const MAX_SAFE = Number.MAX_SAFE_INTEGER;

/** Where a snapshot is wrong. */
class Wrong {
  readonly error: LobbyError;

  constructor(field: string, wanted: string) {
    const whole = field.startsWith("snapshot") ? field : `snapshot.${field}`;
    this.error = invalidConfig(whole, wanted);
  }
}

/** An object of which nothing is known but that it is one. */
type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads a snapshot that may come from anywhere.
 *
 * @returns A copy that has what a snapshot has and nothing else, and in which everything
 * agrees; or which field does not.
 */
export function checkSnapshot(
  given: unknown,
  limits: LobbyLimits,
): Checked<LobbySnapshot> {
  try {
    return { value: readSnapshot(fieldsOf("snapshot", given), limits) };
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    return { error: error.error };
  }
}

function readSnapshot(given: Fields, limits: LobbyLimits): LobbySnapshot {
  if (given.format !== LOBBY_SNAPSHOT_FORMAT) {
    throw new Wrong("snapshot.format", `${LOBBY_SNAPSHOT_FORMAT}`);
  }
  const lobby = readLobby(fieldsOf("snapshot.lobby", given.lobby), limits);
  const seats = listOf("snapshot.seats", given.seats, 256 + 1024, readSeat);
  const snapshot: LobbySnapshot = {
    format: LOBBY_SNAPSHOT_FORMAT,
    lobby,
    ...optional(
      "verifier",
      given.verifier,
      (value) => take(checkOpaqueText("snapshot.verifier", value, 1024)),
    ),
    ...optional(
      "serverData",
      given.serverData,
      (value) => take(checkJson("serverData", value, limits.serverDataBytes)),
    ),
    seats,
    bans: listOf("snapshot.bans", given.bans, limits.bansPerLobby, readBan),
    invites: listOf(
      "snapshot.invites",
      given.invites,
      limits.invitesPerLobby,
      readInvite,
    ),
    reservations: listOf(
      "snapshot.reservations",
      given.reservations,
      limits.reservationsPerLobby,
      readReservation,
    ),
    attempts: listOf(
      "snapshot.attempts",
      given.attempts,
      MAX_ATTEMPTS,
      readAttempt,
    ),
    ...optionalTime("countdownLeftMs", given),
    ...optionalTime("readyCheckLeftMs", given),
    ...optionalTime("hostGraceLeftMs", given),
    nextInvite: take(checkCount("nextInvite", given.nextInvite, 1, MAX_SAFE)),
    nextReservation: take(
      checkCount("nextReservation", given.nextReservation, 1, MAX_SAFE),
    ),
    seed: take(checkCount("seed", given.seed, 0, 0xffff_ffff)),
  };
  checkAgreement(snapshot);
  return snapshot;
}

function readLobby(given: Fields, limits: LobbyLimits): Lobby {
  const { id, state, host } = given;
  if (!isLobbyId(id)) throw new Wrong("lobby.id", "a lobby's id");
  if (!Object.values(LobbyState).includes(state as LobbyState)) {
    throw new Wrong("lobby.state", "a lobby's state");
  }
  if (!isPlayerId(host)) throw new Wrong("lobby.host", "a player's id");
  const config = take(checkConfig(given.config, undefined, limits));
  const lobby: Lobby = {
    id,
    version: take(checkCount("lobby.version", given.version, 1, MAX_SAFE)),
    state: state as LobbyState,
    host,
    config,
    hasPassword: flag("lobby.hasPassword", given.hasPassword),
    metadata: readMetadata(
      "lobby.metadata",
      given.metadata,
      limits.lobbyMetadataBytes,
    ),
    players: listOf(
      "lobby.players",
      given.players,
      config.maxPlayers,
      (field, value) => readPlayer(field, value, config.teams.count, limits),
    ),
    spectators: listOf(
      "lobby.spectators",
      given.spectators,
      config.maxSpectators,
      (field, value) => readSpectator(field, value, limits),
    ),
    reservedSeats: take(
      checkCount("lobby.reservedSeats", given.reservedSeats, 0, 256),
    ),
    gameCount: take(
      checkCount("lobby.gameCount", given.gameCount, 0, 0xffff_ffff),
    ),
    ...optional("readyCheck", given.readyCheck, readReadyCheck),
    ...optional(
      "results",
      given.results,
      (value) => take(checkJson("lobby.results", value, limits.resultsBytes)),
    ),
  };
  return lobby;
}

function readSpectator(
  field: string,
  given: Fields,
  limits: LobbyLimits,
): LobbySpectator {
  return {
    id: readId(`${field}.id`, given.id),
    name: take(checkName(`${field}.name`, given.name, limits)),
    isConnected: flag(`${field}.isConnected`, given.isConnected),
    ...optional("party", given.party, (value) => take(checkParty(value))),
    metadata: readMetadata(
      `${field}.metadata`,
      given.metadata,
      limits.playerMetadataBytes,
    ),
  };
}

function readPlayer(
  field: string,
  given: Fields,
  teams: number,
  limits: LobbyLimits,
): LobbyPlayer {
  const { id, name, isConnected, party, metadata } = readSpectator(
    field,
    given,
    limits,
  );
  const isReady = flag(`${field}.isReady`, given.isReady);
  if (isReady && !isConnected) {
    throw new Wrong(`${field}.isReady`, "false without a connection");
  }
  return {
    id,
    name,
    isReady,
    isConnected,
    ...optional("team", given.team, (value) => readTeam(field, value, teams)),
    ...(party === undefined ? {} : { party }),
    metadata,
  };
}

function readTeam(field: string, value: unknown, teams: number): TeamId {
  if (isTeamId(value) && value < teams) return value;
  throw new Wrong(`${field}.team`, `a team below ${teams}`);
}

function readReadyCheck(given: unknown): LobbyReadyCheck {
  const field = "lobby.readyCheck";
  const { timeoutMs, votes } = fieldsOf(field, given);
  return {
    timeoutMs: take(checkDuration(field, timeoutMs, 1, 600_000)),
    votes: listOf(field, votes, 256, (name, vote) => ({
      player: readId(name, vote.player),
      ...optional("isReady", vote.isReady, (value) => flag(name, value)),
    })),
  };
}

function readSeat(field: string, given: Fields): LobbySeatSnapshot {
  return {
    player: readId(field, given.player),
    skill: take(checkSkill(given.skill)),
    ...optional(
      "mayPlay",
      given.mayPlay,
      (value) => flag(`${field}.mayPlay`, value),
    ),
    ...optionalTime("graceLeftMs", given),
  };
}

function readBan(field: string, given: Fields): LobbyBanSnapshot {
  return {
    player: readId(field, given.player),
    ...optionalTime("leftMs", given),
  };
}

function readInvite(field: string, given: Fields): LobbyInviteSnapshot {
  const role = take(checkRole(`${field}.role`, given.role));
  return {
    invite: take(checkCount(field, given.invite, 1, MAX_SAFE)),
    code: take(checkOpaqueText(`${field}.code`, given.code, 64)),
    by: readId(field, given.by),
    role,
    ...optional(
      "usesLeft",
      given.usesLeft,
      (value) => take(checkCount(`${field}.usesLeft`, value, 1, 65_536)),
    ),
    ...optionalTime("leftMs", given),
  };
}

function readReservation(
  field: string,
  given: Fields,
): LobbyReservationSnapshot {
  const { players } = given;
  if (!Array.isArray(players) || players.length < 1 || players.length > 256) {
    throw new Wrong(`${field}.players`, "a list of 1 to 256");
  }
  return {
    reservation: take(checkCount(field, given.reservation, 1, MAX_SAFE)),
    players: Array.from(players, (player) => readId(field, player)),
    ...optional("team", given.team, (value) => readTeam(field, value, 16)),
    leftMs: time(`${field}.leftMs`, given.leftMs),
  };
}

function readAttempt(field: string, given: Fields): LobbyAttemptSnapshot {
  return {
    ...optional("player", given.player, (value) => readId(field, value)),
    fullInMs: time(`${field}.fullInMs`, given.fullInMs),
  };
}

/** Checks what parts of a snapshot say of each other. */
function checkAgreement(snapshot: LobbySnapshot): void {
  const { lobby, seats, reservations, invites, bans } = snapshot;
  const { players, spectators, config, state, readyCheck } = lobby;
  const ids = [...players, ...spectators].map(({ id }) => id);
  assertUnique("snapshot.lobby.players", ids);
  assertUnique("snapshot.seats", seats.map(({ player }) => player));
  assertUnique("snapshot.bans", bans.map(({ player }) => player));
  assertUnique("snapshot.invites", invites.map(({ code }) => code));
  assertUnique("snapshot.invites", invites.map(({ invite }) => invite));
  const isHostSeated = players.some(({ id }) => id === lobby.host);
  expect(isHostSeated, "snapshot.lobby.host", "one of the players");
  const kept = reservations.flatMap((reservation) => reservation.players);
  assertUnique("snapshot.reservations", kept);
  assertUnique(
    "snapshot.reservations",
    reservations.map(({ reservation }) => reservation),
  );
  expect(
    kept.length === lobby.reservedSeats &&
      players.length + kept.length <= config.maxPlayers,
    "snapshot.lobby.reservedSeats",
    "what is reserved, and within the seats there are",
  );
  const seatOf = new Map(seats.map((seat) => [seat.player, seat]));
  expect(
    seats.length === ids.length && ids.every((id) => seatOf.has(id)),
    "snapshot.seats",
    "of those who are in the lobby",
  );
  for (const { id, isConnected } of [...players, ...spectators]) {
    expect(
      !isConnected || seatOf.get(id)!.graceLeftMs === undefined,
      "snapshot.seats",
      "without a grace for who is connected",
    );
  }
  expect(
    (snapshot.verifier !== undefined) === lobby.hasPassword,
    "snapshot.verifier",
    "there where the lobby has a password",
  );
  expect(
    (snapshot.countdownLeftMs !== undefined) === (state === "countdown"),
    "snapshot.countdownLeftMs",
    "there during a countdown",
  );
  expect(
    (snapshot.readyCheckLeftMs !== undefined) === (readyCheck !== undefined) &&
      (readyCheck === undefined || state === "waiting"),
    "snapshot.readyCheckLeftMs",
    "there during a ready check, while the lobby waits",
  );
  expect(
    state !== "countdown" || players.every(({ isReady }) => isReady),
    "snapshot.lobby.players",
    "ready in a countdown",
  );
  expect(
    state !== "inGame" || config.teams.count === 0 ||
      players.every(({ team }) => team !== undefined),
    "snapshot.lobby.players",
    "in teams in a game that has them",
  );
  if (readyCheck !== undefined) {
    const asked = readyCheck.votes.map(({ player }) => player);
    assertUnique("snapshot.lobby.readyCheck", asked);
    expect(
      asked.length > 0 &&
        asked.every((id) => players.some((player) => player.id === id)) &&
        readyCheck.votes.some(({ isReady }) => isReady === undefined),
      "snapshot.lobby.readyCheck",
      "of players, and not over",
    );
  }
  const host = players.find(({ id }) => id === lobby.host);
  expect(
    snapshot.hostGraceLeftMs === undefined || !host!.isConnected,
    "snapshot.hostGraceLeftMs",
    "there only for a host without a connection",
  );
  expect(
    invites.every(({ invite }) => invite < snapshot.nextInvite),
    "snapshot.nextInvite",
    "above all invites",
  );
  expect(
    reservations.every((r) => r.reservation < snapshot.nextReservation),
    "snapshot.nextReservation",
    "above all reservations",
  );
}

function take<T>(checked: Checked<T>): T {
  if (checked.error === undefined) return checked.value;
  const { error } = checked;
  const field = error.type === "invalidConfig" ? error.field : "";
  // The reason in its own words, without what it is about.
  throw new Wrong(field, error.message.replace(/^.*? as it must be /, ""));
}

function expect(holds: boolean, field: string, wanted: string): void {
  if (!holds) throw new Wrong(field, wanted);
}

function assertUnique(field: string, list: readonly unknown[]): void {
  expect(new Set(list).size === list.length, field, "without one twice");
}

function fieldsOf(field: string, value: unknown): Fields {
  if (isObject(value)) return value;
  throw new Wrong(field, "an object");
}

function listOf<T>(
  field: string,
  value: unknown,
  max: number,
  read: (field: string, given: Fields) => T,
): T[] {
  if (!Array.isArray(value) || value.length > max) {
    throw new Wrong(field, `a list of up to ${max}`);
  }
  // Not map(), which passes over what is missing in the middle.
  return Array.from(
    value,
    (given, i) => read(`${field}[${i}]`, fieldsOf(`${field}[${i}]`, given)),
  );
}

function readId(field: string, value: unknown): PlayerId {
  if (isPlayerId(value)) return value;
  throw new Wrong(field, "a player's id");
}

function readMetadata(
  field: string,
  value: unknown,
  maxBytes: number,
): LobbyMetadata {
  const fields = fieldsOf(field, value);
  expect(!Object.values(fields).includes(null), field, "without null");
  return take(
    checkMetadataChanges(field, fields, {}, maxBytes),
  ) as LobbyMetadata;
}

function flag(field: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new Wrong(field, "true or false");
}

function time(field: string, value: unknown): number {
  if (typeof value === "number" && value >= 0 && value <= MAX_TIME_MS) {
    return value;
  }
  throw new Wrong(field, `a number from 0 to ${MAX_TIME_MS}`);
}

function optional<Name extends string, T>(
  name: Name,
  value: unknown,
  read: (value: unknown) => T,
): { [K in Name]?: T } {
  return (value === undefined ? {} : { [name]: read(value) }) as {
    [K in Name]?: T;
  };
}

function optionalTime<Name extends string>(
  name: Name,
  given: Fields,
): { [K in Name]?: number } {
  return optional(name, given[name], (value) => time(name, value));
}
