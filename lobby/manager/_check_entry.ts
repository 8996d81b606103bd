// This module is browser compatible.
import { isPlayerId, type PlayerId } from "../../core/mod.ts";
import { isDisplayText } from "../_text.ts";
import type { LobbyError, LobbyRole } from "../lobby_error.ts";
import { isTeamId, type TeamId } from "../team_id.ts";
import {
  checkCount,
  checkDuration,
  type Checked,
  checkMetadataChanges,
  checkName,
  checkParty,
  checkRole,
  checkSkill,
  mergeMetadata,
} from "./_check_input.ts";
import * as errors from "./_errors.ts";
import { type Entrant, isPlayer } from "./_lobby_members.ts";
import { checkFreeSeat } from "./_lobby_rules.ts";
import { isReserved, type ManagedLobby } from "./_managed_lobby.ts";
import { leftMsOf } from "./_microseconds.ts";
import type { LobbyConfig } from "./lobby_config.ts";
import type { LobbyEntry } from "./lobby_event.ts";
import type { LobbyLimits } from "./lobby_limits.ts";
import type {
  InviteOptions,
  LobbyMatchSeat,
  LobbyPlayerInfo,
} from "./lobby_manager_options.ts";

const MAX_INVITE_USES = 65_536;

/** Checks who a lobby is opened for. */
export function checkSeats(
  seats: readonly LobbyMatchSeat[],
  config: LobbyConfig,
  lobbyOf: ReadonlyMap<PlayerId, ManagedLobby>,
  limits: LobbyLimits,
): Checked<Entrant[]> {
  const { maxPlayers, teams } = config;
  if (seats.length < 1 || seats.length > maxPlayers) {
    return {
      error: errors.invalidConfig(
        "maxPlayers",
        `at least ${seats.length}, and there must be a player`,
      ),
    };
  }
  const sizes = new Array<number>(teams.count).fill(0);
  const entrants = new Map<PlayerId, Entrant>();
  for (const seat of seats) {
    const { player, team } = seat;
    const other = lobbyOf.get(player);
    if (other !== undefined) {
      return { error: errors.playerAlreadyInLobby(player, other.view.id) };
    }
    if (team !== undefined && !(isTeamId(team) && team < teams.count)) {
      return { error: errors.teamNotFound(team, teams.count) };
    }
    if (team !== undefined && ++sizes[team]! > teams.maxSize) {
      return { error: errors.teamFull(team, teams.maxSize) };
    }
    const entrant = checkEntrant(player, seat, limits);
    if (entrant.error !== undefined) return entrant;
    entrants.set(player, entrant.value);
  }
  return entrants.size === seats.length
    ? { value: [...entrants.values()] }
    : { error: errors.invalidConfig("players", "there once each") };
}

/** Checks what is said of somebody who comes in, and fills the gaps. */
export function checkEntrant(
  player: PlayerId,
  info: LobbyPlayerInfo,
  limits: LobbyLimits,
): Checked<Entrant> {
  const { nameBytes, playerMetadataBytes } = limits;
  const usual = isDisplayText(player, nameBytes) ? player : "Player";
  const name = checkName("name", info.name ?? usual, limits);
  if (name.error !== undefined) return name;
  const metadata = checkMetadataChanges(
    "metadata",
    info.metadata ?? {},
    {},
    playerMetadataBytes,
  );
  if (metadata.error !== undefined) return metadata;
  const skill = checkSkill(info.skill ?? 0);
  if (skill.error !== undefined) return skill;
  const party = info.party === undefined ? undefined : checkParty(info.party);
  if (party?.error !== undefined) return party;
  return {
    value: {
      player,
      name: name.value,
      metadata: mergeMetadata({}, metadata.value),
      skill: skill.value,
      party: party?.value,
    },
  };
}

/** Tells why somebody who is in no lobby may not come in, but for the password. */
export function checkEntry(
  record: ManagedLobby,
  player: PlayerId,
  role: LobbyRole,
  entry: LobbyEntry,
  nowUs: number,
): LobbyError | undefined {
  const { view } = record;
  const { id, config } = view;
  const bannedUs = record.bans.get(player);
  if (bannedUs !== undefined) {
    return errors.banned(player, id, leftMsOf(bannedUs, nowUs));
  }
  const isAsked = entry === "invite" || entry === "reservation";
  if (config.access === "inviteOnly" && !isAsked) {
    return errors.lobbyNotJoinable(id, "inviteOnly");
  }
  if (role === "spectator") {
    const { spectatorAccess, maxSpectators } = config;
    if (
      spectatorAccess === "none" || spectatorAccess === "invited" && !isAsked
    ) return errors.lobbyNotJoinable(id, "spectators");
    return view.spectators.length < maxSpectators
      ? undefined
      : errors.lobbyFull(id, role, maxSpectators);
  }
  if (entry === "reservation") return undefined;
  return checkFreeSeat(view);
}

/** Tells why a spectator may not take a seat on its own: as a player it would have been asked for more than it was. */
export function checkPromotion(
  { view, seats, verifier }: ManagedLobby,
  player: PlayerId,
): LobbyError | undefined {
  if (seats.get(player)!.mayPlay) return undefined;
  const { id, config } = view;
  if (config.access === "inviteOnly") {
    return errors.lobbyNotJoinable(id, "inviteOnly");
  }
  return verifier === undefined ? undefined : errors.wrongPassword(id);
}

/** A lobby asks for more from now on: its spectators were not asked. */
export function closeToSpectators({ view, seats }: ManagedLobby): void {
  for (const { id } of view.spectators) seats.get(id)!.mayPlay = false;
}

/** Tells why seats may not be kept for players. */
export function checkReservation(
  record: ManagedLobby,
  players: readonly PlayerId[],
  team: TeamId | undefined,
  limits: LobbyLimits,
  nowUs: number,
): LobbyError | undefined {
  const { view } = record;
  const { id, config } = view;
  const isList = players.length >= 1 && players.length <= 256 &&
    [...players].every(isPlayerId) &&
    new Set(players).size === players.length;
  if (!isList) {
    return errors.invalidConfig("players", "1 to 256 players, each once");
  }
  if (team !== undefined && !(isTeamId(team) && team < config.teams.count)) {
    return errors.teamNotFound(team, config.teams.count);
  }
  for (const player of players) {
    if (record.seats.has(player) || isReserved(record, player)) {
      return errors.playerAlreadyInLobby(player, id);
    }
    const bannedUs = record.bans.get(player);
    if (bannedUs === undefined) continue;
    return errors.banned(player, id, leftMsOf(bannedUs, nowUs));
  }
  const taken = view.players.length + view.reservedSeats + players.length;
  if (taken > config.maxPlayers) {
    return errors.lobbyFull(id, "player", config.maxPlayers);
  }
  const { reservationsPerLobby } = limits;
  return record.reservations.size < reservationsPerLobby
    ? undefined
    : errors.tooMany("reservations", reservationsPerLobby);
}

/** Tells why an invite code may not be made. */
export function checkInvite(
  record: ManagedLobby,
  by: PlayerId,
  { role, uses, ttlMs }: Required<InviteOptions>,
  limits: LobbyLimits,
): LobbyError | undefined {
  const { view } = record;
  if (!isPlayer(view, by)) return errors.playerNotFound(by);
  if (view.config.inviters === "host" && view.host !== by) {
    return errors.notAllowed("inviting");
  }
  const wrong = checkRole("role", role).error ??
    (uses === Infinity
      ? undefined
      : checkCount("uses", uses, 1, MAX_INVITE_USES).error) ??
    checkDuration("ttlMs", ttlMs, 0.001, Infinity).error;
  if (wrong !== undefined) return wrong;
  const { invitesPerLobby } = limits;
  return record.invites.size < invitesPerLobby
    ? undefined
    : errors.tooMany("invites", invitesPerLobby);
}
