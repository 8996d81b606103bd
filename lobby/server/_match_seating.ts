// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { LobbyError } from "../lobby_error.ts";
import type { LobbyId } from "../lobby_id.ts";
import type { LobbyResult } from "../lobby_result.ts";
import { checkSeats } from "../manager/_check_entry.ts";
import { checkConfig, checkMetadataChanges } from "../manager/_check_input.ts";
import { cannotSeat, tooMany } from "../manager/_errors.ts";
import type { Lobby } from "../manager/lobby.ts";
import type { LobbyConfigChanges } from "../manager/lobby_config.ts";
import type { LobbyLimits } from "../manager/lobby_limits.ts";
import type { LobbyManager } from "../manager/lobby_manager.ts";
import type {
  LobbyMatchSeat,
  LobbyPlayerInfo,
} from "../manager/lobby_manager_options.ts";
import type { LobbyMetadata } from "../manager/lobby_metadata.ts";
import type { BackfillId, BackfillRequest } from "../matchmaking/backfill.ts";
import type { MatchmakingQueue } from "../matchmaking/matchmaking_queue.ts";
import type { MatchmakingResult } from "../matchmaking/matchmaking_result.ts";
import type {
  MatchTeam,
  ProposedMatch,
} from "../matchmaking/proposed_match.ts";
import type { TeamId } from "../team_id.ts";
import {
  hasLobbyTeams,
  matchConfig,
  type MatchShape,
} from "./_match_config.ts";
import type { People } from "./_people.ts";
import type { LobbyMatchSettings } from "./lobby_queue_options.ts";
import type { LobbyServerEvent } from "./lobby_server_event.ts";

/** Who is seated has left all others by then. */
const IN_NO_LOBBY: ReadonlyMap<PlayerId, never> = new Map<PlayerId, never>();

/** What seating players does through its server. */
export interface MatchSeatingHost {
  readonly manager: LobbyManager;
  /** Those of the manager. */
  readonly limits: LobbyLimits;
  readonly people: People;
  readonly skillOf: (
    player: PlayerId,
  ) => { readonly skill: number; readonly uncertainty?: number };
  /** Takes what the manager has to tell: after each call of it. */
  takeEvents(): void;
  tell(event: LobbyServerEvent): void;
}

/** Gives the matches of a queue their lobbies, or their players seats in those that they fill up. */
export class MatchSeating {
  readonly #name: string;
  readonly #settingsOf: (
    match: ProposedMatch,
  ) => LobbyMatchSettings | undefined;
  readonly #queue: MatchmakingQueue;
  readonly #host: MatchSeatingHost;
  readonly #backfills = new Map<BackfillId, LobbyId>();

  /** `settingsOf` tells what the game wants a match's lobby to be, or nothing if its function has thrown. */
  constructor(
    name: string,
    settingsOf: (match: ProposedMatch) => LobbyMatchSettings | undefined,
    queue: MatchmakingQueue,
    host: MatchSeatingHost,
  ) {
    this.#name = name;
    this.#settingsOf = settingsOf;
    this.#queue = queue;
    this.#host = host;
  }

  /** Has a lobby filled up. */
  addBackfill(
    lobby: LobbyId,
    request: BackfillRequest,
  ): MatchmakingResult<BackfillId> {
    const added = this.#queue.addBackfill(request);
    if (added.isOk) this.#backfills.set(added.value, lobby);
    return added;
  }

  /** Fills a lobby up no further; returns whether that was under way. */
  removeBackfill(backfill: BackfillId): boolean {
    return this.#backfills.delete(backfill) &&
      this.#queue.removeBackfill(backfill).isOk;
  }

  /** A lobby is gone: nobody need come there. */
  onDestroyed(lobby: LobbyId): void {
    for (const [backfill, other] of this.#backfills) {
      if (other !== lobby) continue;
      this.#backfills.delete(backfill);
      this.#queue.removeBackfill(backfill);
    }
  }

  /** Seats all players of a match, or none; `parties` names the party of those that have one. */
  seat(
    match: ProposedMatch,
    parties: ReadonlyMap<PlayerId, string>,
  ): LobbyResult<Lobby | undefined> {
    return match.backfill === undefined
      ? this.#make(match, parties)
      : this.#fill(match, match.backfill, parties);
  }

  #make(
    match: ProposedMatch,
    parties: ReadonlyMap<PlayerId, string>,
  ): LobbyResult<Lobby> {
    const { manager } = this.#host;
    const { teams, mode, map, region } = match;
    const players = teams.flatMap(playersOf);
    const settings = this.#settingsOf(match);
    if (settings === undefined) {
      return unseated("The queue's own lobby function has thrown");
    }
    const { config, metadata = {} } = settings;
    const shape: MatchShape = {
      queue: this.#name,
      mode,
      map,
      teamSizes: teams.map((team) => playersOf(team).length),
    };
    const hasTeams = hasLobbyTeams(shape);
    const seats = teams.flatMap((team, i): LobbyMatchSeat[] =>
      playersOf(team).map((player) => ({
        player,
        ...this.#infoOf(player, parties),
        ...(hasTeams && { team: i as TeamId }),
      }))
    );
    // Who is not there now would be no host for long.
    const first = seats.findIndex(({ player }) => this.#isOnline(player));
    if (first > 0) seats.unshift(...seats.splice(first, 1));
    const whole = matchConfig(shape, config);
    const objection = this.#objectionTo(seats, whole, metadata);
    if (objection !== undefined) {
      return { isOk: false, error: cannotSeat(objection) };
    }
    for (const player of players) this.#leave(player);
    const made = manager.createMatch(seats, whole, { metadata });
    if (made.isOk) {
      this.#markAbsent(players);
      this.#host.takeEvents();
      this.#host.tell({
        type: "matchMade",
        queue: this.#name,
        mode,
        region,
        map,
        lobby: made.value.id,
        teams: teams.map(playersOf),
      });
    }
    return made;
  }

  /**
   * Tells why there can be no lobby for a match, while its players are still in theirs: what the manager finds out when it is
   * to make one would cost them those.
   */
  #objectionTo(
    seats: readonly LobbyMatchSeat[],
    config: LobbyConfigChanges,
    metadata: LobbyMetadata,
  ): LobbyError | undefined {
    const { manager, limits } = this.#host;
    const players = new Set(seats.map(({ player }) => player));
    // A lobby whose players have all left is gone.
    const emptied = new Set<LobbyId>();
    for (const player of players) {
      const lobby = manager.lobbyForPlayer(player);
      if (lobby?.players.every(({ id }) => players.has(id)) === true) {
        emptied.add(lobby.id);
      }
    }
    if (manager.lobbyCount - emptied.size >= limits.lobbies) {
      return tooMany("lobbies", limits.lobbies);
    }
    const checked = checkConfig(config, undefined, limits);
    if (checked.error !== undefined) return checked.error;
    return checkSeats(seats, checked.value, IN_NO_LOBBY, limits).error ??
      checkMetadataChanges("metadata", metadata, {}, limits.lobbyMetadataBytes)
        .error;
  }

  #fill(
    match: ProposedMatch,
    backfill: BackfillId,
    parties: ReadonlyMap<PlayerId, string>,
  ): LobbyResult<undefined> {
    const lobby = this.#backfills.get(backfill);
    const players = match.teams.flatMap(playersOf);
    const view = lobby === undefined
      ? undefined
      : this.#host.manager.lobby(lobby);
    if (lobby === undefined || view === undefined) {
      return unseated("The lobby is gone");
    }
    const objection = this.#reserve(view, match);
    if (objection !== undefined) {
      const { message } = objection;
      return unseated(
        `The lobby is closed: ${message}`,
        objection,
      );
    }
    const { manager } = this.#host;
    for (const player of players) {
      this.#leave(player);
      manager.join(player, lobby, this.#infoOf(player, parties));
    }
    this.#markAbsent(players);
    this.#host.takeEvents();
    this.#host.tell({ type: "backfilled", queue: this.#name, lobby, players });
    return { isOk: true, value: undefined };
  }

  /**
   * Keeps seats for all players of a match, or for none: the lobby may have been filled up by others since the backfill was
   * added, and who cannot be seated is to stay where they are. Tells what is in the way, if anything is.
   */
  #reserve(
    { id, config }: Lobby,
    match: ProposedMatch,
  ): LobbyError | undefined {
    const { manager } = this.#host;
    const reservations: number[] = [];
    for (const [i, team] of match.teams.entries()) {
      const players = playersOf(team);
      if (players.length === 0) continue;
      const reserved = manager.reserve(
        id,
        players,
        config.teams.count > 0 ? { team: i as TeamId } : {},
      );
      if (reserved.isOk) {
        reservations.push(reserved.value);
        continue;
      }
      for (const it of reservations) manager.cancelReservation(id, it);
      this.#host.takeEvents();
      return reserved.error;
    }
    return undefined;
  }

  #infoOf(
    player: PlayerId,
    parties: ReadonlyMap<PlayerId, string>,
  ): LobbyPlayerInfo {
    const name = this.#host.people.get(player)?.name;
    const party = parties.get(player);
    return {
      skill: this.#host.skillOf(player).skill,
      ...(name !== undefined && { name }),
      ...(party !== undefined && { party }),
    };
  }

  #markAbsent(players: readonly PlayerId[]): void {
    for (const player of players) {
      if (!this.#isOnline(player)) {
        this.#host.manager.setConnected(player, false);
      }
    }
  }

  #leave(player: PlayerId): void {
    const { manager } = this.#host;
    if (manager.lobbyForPlayer(player) === undefined) return;
    manager.leave(player);
    this.#host.takeEvents();
  }

  #isOnline(player: PlayerId): boolean {
    return this.#host.people.get(player)?.isOnline === true;
  }
}

/** The players of a team of a match. */
export function playersOf({ parties }: MatchTeam): PlayerId[] {
  return parties.flat();
}

function unseated(
  message: string,
  cause?: LobbyError,
): { readonly isOk: false; readonly error: LobbyError } {
  return {
    isOk: false,
    error: {
      type: "matchmakingError",
      reason: "cannotSeat",
      message,
      ...(cause !== undefined && { cause }),
    },
  };
}
