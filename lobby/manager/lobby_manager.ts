// This module is browser compatible.
import {
  checkNotNegative,
  EventQueue,
  type Metric,
  type PlayerId,
  type Random,
  SecureRandom,
} from "../../core/mod.ts";
import type { LobbyError, LobbyRole } from "../lobby_error.ts";
import { type LobbyId, lobbyId } from "../lobby_id.ts";
import type { LobbyResult } from "../lobby_result.ts";
import { isTeamId, type TeamId } from "../team_id.ts";
import { TeamAssignment } from "../teams/team_assignment.ts";
import {
  checkEntrant,
  checkEntry,
  checkInvite,
  checkPromotion,
  checkReservation,
  checkSeats,
  closeToSpectators,
} from "./_check_entry.ts";
import {
  checkConfig,
  checkDuration,
  type Checked,
  checkJson,
  checkMetadataChanges,
  checkOpaqueText,
  checkRole,
  MAX_DURATION_MS,
  mergeMetadata,
} from "./_check_input.ts";
import { checkSnapshot } from "./_check_snapshot.ts";
import { checkStart, isStartDue } from "./_check_start.ts";
import { DeadlineHeap } from "./_deadline_heap.ts";
import { deepFreeze } from "./_deep_freeze.ts";
import * as errors from "./_errors.ts";
import { LobbyManagerMetrics } from "./_lobby_manager_metrics.ts";
import {
  type Entrant,
  isPlayer,
  makePlayer,
  makeSpectator,
  memberOf,
  teamSizes,
} from "./_lobby_members.ts";
import {
  checkDemotion,
  checkFreeSeat,
  checkOccupancy,
  checkWaiting,
  hasRoomForTeams,
  isOtherGame,
  isRematchWanted,
  isSame,
} from "./_lobby_rules.ts";
import { divide, rebalance, teamForLate } from "./_lobby_teams.ts";
import { firstTimer, type LobbyTimer } from "./_lobby_timer.ts";
import {
  dropReservedSeat,
  isReserved,
  makeManagedLobby,
  makeReadyCheck,
  type ManagedLobby,
  reservedSeats,
  takeReservation,
} from "./_managed_lobby.ts";
import { leftMsOf, toUs } from "./_microseconds.ts";
import {
  type PasswordAttempt,
  PasswordAttempts,
  type PasswordEntry,
} from "./_password_attempts.ts";
import { randomText } from "./_random_text.ts";
import {
  listBans,
  listInvites,
  listReservations,
  restoreLobby,
  writeSnapshot,
} from "./_snapshot.ts";
import { applyLobbyEvent } from "./apply_lobby_event.ts";
import type { Lobby, LobbyPlayer } from "./lobby.ts";
import type { LobbyConfigChanges } from "./lobby_config.ts";
import type {
  LobbyEntry,
  LobbyEvent,
  LobbyInterruption,
  LobbyLeaveReason,
  LobbyManagerEvent,
} from "./lobby_event.ts";
import { fillLimits, type LobbyLimits } from "./lobby_limits.ts";
import type {
  CreateLobbyOptions,
  InviteOptions,
  JoinLobbyOptions,
  KickOptions,
  LobbyJoin,
  LobbyManagerOptions,
  LobbyMatchSeat,
  LobbyPlayerInfo,
  ReserveOptions,
} from "./lobby_manager_options.ts";
import type { LobbyJson, LobbyMetadataChanges } from "./lobby_metadata.ts";
import type {
  LobbyBanSnapshot,
  LobbyInviteSnapshot,
  LobbyReservationSnapshot,
  LobbySnapshot,
} from "./lobby_snapshot.ts";
import { LobbyState } from "./lobby_state.ts";

/** More than any operation or timer makes at once. */
const EVENT_ROOM = 8;
/** Thirty years. What is far beyond in microseconds is beyond all numbers. */
const MAX_DT = 1e9;
const MAX_VERIFIER_BYTES = 1024;
const MAX_CODE_BYTES = 64;
/**
 * Who is host of a match is an accident. It begins as it is made, since all are there and ready: what has to be waited for,
 * one player can hold up.
 */
const MATCH_CONFIG = {
  hostRights: "none",
  isAutoStarted: true,
  countdownMs: 0,
} as const;
/** How often a new id or code may be one that there is. */
const NEW_TRIES = 8;

type WithoutBase<E> = E extends LobbyEvent ? Omit<E, "lobby" | "version">
  : never;
/** An event before it is known whose it is. */
type Change = WithoutBase<LobbyEvent>;

/**
 * Lobbies, as one deterministic state machine: who is in which, who decides, and where
 * each is between one game and the next. It does no input or output: a server calls it
 * for what players ask, ticks it, and tells players what its events say.
 *
 * **Who acts** comes first in every call that a player causes, and is who the server
 * knows it to be. The server itself acts as `lobby.host` where a host is asked for.
 *
 * **What the rules refuse** is answered, never thrown, and changes nothing. Calls throw
 * for a programmer's mistakes alone.
 *
 * **Every change** of a lobby raises its version by one and is one event, of which
 * {@linkcode applyLobbyEvent} makes the lobby after it. A lobby is a frozen value: it
 * can be kept and compared.
 *
 * **The host** is always one of the players. When the host leaves, the player who is
 * connected and has been there longest decides, or else who has been there longest. A
 * host whose connection is lost is replaced after `hostGraceMs`, as soon as there is a
 * connected player, and is not given the lobby back. When the last player leaves, the
 * lobby is gone, with its spectators.
 *
 * **A countdown** ends early as somebody leaves, loses the connection or is no longer
 * ready, or as somebody comes, who needs a reserved seat for it or `isJoinableInGame`; with `isAutoStarted` one begins when all players are connected and
 * ready, they are enough, no seat is reserved and no ready check is under way.
 *
 * **A rematch** is the host's to call, by `resetLobby`, or that of all players who are
 * there, by being ready again after the game.
 *
 * @example Two players and a game
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { playerId } from "@tickwire/net/core";
 * import { LobbyManager } from "@tickwire/net/lobby";
 *
 * const [ada, bob] = [playerId("ada"), playerId("bob")];
 * const manager = new LobbyManager();
 * const created = manager.createLobby(ada, { name: "Friday", countdownMs: 3000 });
 * assert(created.isOk);
 * const { id } = created.value;
 *
 * manager.join(bob, id);
 * const refused = manager.startGame(ada);
 * assertEquals(!refused.isOk && refused.error.type, "playersNotReady");
 * manager.setReady(bob, true);
 * assert(manager.startGame(ada).isOk);
 * manager.tick(3);
 * assertEquals(manager.lobby(id)?.state, "inGame");
 *
 * manager.endGame(id, { winner: bob });
 * manager.leave(ada);
 * assertEquals(manager.lobby(id)?.host, bob);
 * for (const event of manager.drainEvents()) console.log(event.type);
 * ```
 */
export class LobbyManager {
  readonly #limits: LobbyLimits;
  readonly #reconnectGraceUs: number;
  readonly #hostGraceUs: number;
  readonly #attempts: PasswordAttempts;
  readonly #random: Random;
  readonly #newLobbyId: () => string;
  readonly #newCode: () => string;

  readonly #events: EventQueue<LobbyManagerEvent>;
  readonly #lobbies = new Map<LobbyId, ManagedLobby>();
  readonly #lobbyOf = new Map<PlayerId, ManagedLobby>();
  readonly #codes = new Map<string, ManagedLobby>();
  readonly #heap = new DeadlineHeap<ManagedLobby>();
  #nowUs = 0;
  /** What is left of all ticks below a microsecond. */
  #restUs = 0;
  #nextOrder = 1;
  readonly #metrics = new LobbyManagerMetrics();

  /**
   * Creates a manager without lobbies.
   *
   * @param options Its limits and times.
   * @throws {RangeError} If a number is outside its range.
   */
  constructor(options: LobbyManagerOptions = {}) {
    const {
      limits = {},
      reconnectGraceMs = 60_000,
      hostGraceMs = 15_000,
      passwordTimeoutMs = 10_000,
      passwordRatePerPlayer = { burst: 5, intervalMs: 10_000 },
      passwordRatePerLobby = { burst: 30, intervalMs: 1000 },
      random = new SecureRandom(),
      newLobbyId = () => randomText(8),
      newCode = () => randomText(12),
    } = options;
    this.#limits = fillLimits(limits);
    this.#reconnectGraceUs = toGraceUs("reconnectGraceMs", reconnectGraceMs);
    this.#hostGraceUs = toGraceUs("hostGraceMs", hostGraceMs);
    this.#attempts = new PasswordAttempts({
      capacity: this.#limits.passwordAttempts,
      passwordTimeoutMs,
      passwordRatePerPlayer,
      passwordRatePerLobby,
    });
    this.#random = random;
    this.#newLobbyId = newLobbyId;
    this.#newCode = newCode;
    this.#events = new EventQueue({ capacity: this.#limits.events });
  }

  /** How many lobbies there are. */
  get lobbyCount(): number {
    return this.#lobbies.size;
  }

  /** How many events wait to be drained. */
  get pendingEvents(): number {
    return this.#events.size;
  }

  /**
   * Finds a lobby.
   *
   * @param id Which.
   * @returns It; `undefined` if there is none.
   */
  lobby(id: LobbyId): Lobby | undefined {
    return this.#lobbies.get(id)?.view;
  }

  /**
   * Finds the lobby that somebody is in, as a player or a spectator.
   *
   * @param player Who.
   * @returns It; `undefined` if there is none.
   */
  lobbyForPlayer(player: PlayerId): Lobby | undefined {
    return this.#lobbyOf.get(player)?.view;
  }

  /**
   * Iterates over all lobbies, in the order in which they were created or restored. What
   * is created or destroyed meanwhile may or may not be among them.
   *
   * @returns An iterator, to be used once.
   */
  *lobbies(): IterableIterator<Lobby> {
    for (const { view } of this.#lobbies.values()) yield view;
  }

  /**
   * Lists the lobbies whose access is `public`, full ones and those in a game included.
   *
   * @returns Them, in the order in which they were created or restored.
   */
  publicLobbies(): Lobby[] {
    const found: Lobby[] = [];
    for (const { view } of this.#lobbies.values()) {
      if (view.config.access === "public") found.push(view);
    }
    return found;
  }

  /**
   * Lists who may not come into a lobby. It is for its host.
   *
   * @param lobby Which.
   * @returns The bans, the oldest first; none if there is no such lobby.
   */
  bans(lobby: LobbyId): LobbyBanSnapshot[] {
    const record = this.#lobbies.get(lobby);
    return record === undefined ? [] : listBans(record, this.#nowUs);
  }

  /**
   * Lists a lobby's invite codes. They are for its host, and each for its maker.
   *
   * @param lobby Which.
   * @returns The invites, the oldest first; none if there is no such lobby.
   */
  invites(lobby: LobbyId): LobbyInviteSnapshot[] {
    const record = this.#lobbies.get(lobby);
    return record === undefined ? [] : listInvites(record, this.#nowUs);
  }

  /**
   * Lists the seats that a lobby keeps.
   *
   * @param lobby Which.
   * @returns The reservations, the oldest first; none if there is no such lobby.
   */
  reservations(lobby: LobbyId): LobbyReservationSnapshot[] {
    const record = this.#lobbies.get(lobby);
    return record === undefined ? [] : listReservations(record, this.#nowUs);
  }

  /**
   * Tells how long a countdown still is.
   *
   * @param lobby Whose.
   * @returns The time in milliseconds; `undefined` if there is none.
   */
  countdownLeftMs(lobby: LobbyId): number | undefined {
    const record = this.#lobbies.get(lobby);
    return record === undefined || record.countdownUs === Infinity
      ? undefined
      : leftMsOf(record.countdownUs, this.#nowUs);
  }

  /**
   * Tells what the server's own code keeps for a lobby.
   *
   * @param lobby Which.
   * @returns What `setServerData` was given last, frozen; `undefined` if that is nothing,
   * or there is no such lobby.
   */
  serverData(lobby: LobbyId): LobbyJson | undefined {
    return this.#lobbies.get(lobby)?.serverData;
  }

  /**
   * Keeps something for a lobby that only the server's own code sees, such as how its
   * game stands: it is in snapshots, and in no lobby, listing or event. It changes no
   * version; the notice `serverDataChanged` says that there is something to be stored.
   * It stays until it is set anew or the lobby is gone, over games and rematches. A server
   * writes the lobby's whole record each time: set it when a turn is over, not each frame.
   *
   * @param lobby Which.
   * @param data Any value of JSON, up to `serverDataBytes`, which is copied; `undefined`
   * to keep nothing.
   * @returns The lobby, or why not: `lobbyNotFound`, `invalidConfig`, `tooMany`.
   *
   * @example Go on with a game elsewhere
   * ```ts
   * import { assert, assertEquals } from "@std/assert";
   * import { playerId } from "@tickwire/net/core";
   * import { LobbyManager } from "@tickwire/net/lobby";
   *
   * const manager = new LobbyManager();
   * const created = manager.createLobby(playerId("ada"));
   * assert(created.isOk);
   * const { id } = created.value;
   * manager.setServerData(id, { deck: ["7", "queen"] });
   *
   * const other = new LobbyManager();
   * other.restore(JSON.parse(JSON.stringify(manager.snapshot(id))));
   * assertEquals(other.serverData(id), { deck: ["7", "queen"] });
   * assert(!JSON.stringify(other.lobby(id)).includes("queen"));
   * ```
   */
  setServerData(
    lobby: LobbyId,
    data: LobbyJson | undefined,
  ): LobbyResult<Lobby> {
    const found = this.#find(lobby);
    if (found.error !== undefined) return this.#refuse(found.error);
    const record = found.value;
    if (data === undefined) record.serverData = undefined;
    else {
      const { serverDataBytes } = this.#limits;
      const copied = checkJson("serverData", data, serverDataBytes);
      if (copied.error !== undefined) return this.#refuse(copied.error);
      record.serverData = deepFreeze(copied.value);
    }
    this.#events.push(Object.freeze({ type: "serverDataChanged", lobby }));
    return { isOk: true, value: record.view };
  }

  /**
   * Tells how long a ready check still is.
   *
   * @param lobby Whose.
   * @returns The time in milliseconds; `undefined` if there is none.
   */
  readyCheckLeftMs(lobby: LobbyId): number | undefined {
    const record = this.#lobbies.get(lobby);
    return record === undefined || record.readyCheckUs === Infinity
      ? undefined
      : leftMsOf(record.readyCheckUs, this.#nowUs);
  }

  /**
   * Opens a lobby.
   *
   * @param host Who decides there: its first player.
   * @param config What it is set to; what is missing has its default: name `Lobby`, mode
   * `custom`, no map, 8 players of whom 2 are needed, 8 spectators, public and open,
   * players may invite, no joining during a game, no auto-start, 3 s of countdown, no
   * teams, all rights to the host. Teams that are chosen have room for an equal part of the players, others for
   * any number.
   * @param options The rest.
   * @returns The lobby, or why not: `playerAlreadyInLobby`, `invalidConfig`,
   * `lobbyExists`, `tooMany`.
   * @throws {RangeError} If `newLobbyId` made no id.
   */
  createLobby(
    host: PlayerId,
    config: LobbyConfigChanges = {},
    options: CreateLobbyOptions = {},
  ): LobbyResult<Lobby> {
    const { player = {} } = options;
    const opened = this.#open([{ ...player, player: host }], config, options);
    return opened.error === undefined
      ? this.#done(opened.value)
      : this.#refuse(opened.error);
  }

  /**
   * Opens a lobby for a match that was found, with everybody in it, connected and ready:
   * or for nobody, if one of them cannot be seated.
   *
   * @param seats Who: the first one is the host. Where they have teams, those are kept,
   * as the assignment is `manual` unless `config` says otherwise.
   * @param config What it is set to, as in {@linkcode LobbyManager.createLobby} but for these defaults: `hostRights` is
   * `none`, `isAutoStarted` `true` and `countdownMs` 0, so that the game begins at once if the players are enough. In a
   * countdown of its own one player who is not ready any more can keep the others waiting.
   * @param options The rest; its `player` is not used.
   * @returns The lobby; or `matchmakingError` with the reason `cannotSeat` and the
   * `cause`.
   */
  createMatch(
    seats: readonly LobbyMatchSeat[],
    config: LobbyConfigChanges = {},
    options: CreateLobbyOptions = {},
  ): LobbyResult<Lobby> {
    const hasTeams = seats.some(({ team }) => team !== undefined);
    const opened = this.#open(
      seats,
      {
        ...MATCH_CONFIG,
        ...config,
        ...(hasTeams && {
          teams: { assignment: TeamAssignment.Manual, ...config.teams },
        }),
      },
      options,
      true,
    );
    return opened.error === undefined
      ? this.#done(opened.value)
      : this.#refuse(errors.cannotSeat(opened.error));
  }

  /**
   * Closes a lobby, whoever is in it. It is the server's to decide.
   *
   * @param lobby Which.
   * @returns The lobby as it was last, or why not: `lobbyNotFound`, `tooMany`.
   */
  destroyLobby(lobby: LobbyId): LobbyResult<Lobby> {
    const found = this.#find(lobby);
    if (found.error !== undefined) return this.#refuse(found.error);
    const { view } = found.value;
    this.#destroy(found.value);
    return { isOk: true, value: view };
  }

  /**
   * Lets somebody into a lobby. Who has a reserved seat is asked for no password; else a
   * lobby that has one asks, before which it counts the attempt.
   *
   * @param player Who.
   * @param lobby Which.
   * @param options How, and what is known of the player.
   * @returns What came of it, or why not: `lobbyNotFound`, `playerAlreadyInLobby`,
   * `invalidConfig`, `banned`, `lobbyNotJoinable`, `lobbyFull`, `wrongPassword` if there
   * was none, `rateLimited`, `tooMany`.
   */
  join(
    player: PlayerId,
    lobby: LobbyId,
    options: JoinLobbyOptions = {},
  ): LobbyResult<LobbyJoin> {
    const found = this.#find(lobby);
    if (found.error !== undefined) return this.#refuse(found.error);
    const record = found.value;
    const { role = "player" } = options;
    const wrong = checkRole("role", role).error;
    if (wrong !== undefined) return this.#refuse(wrong);
    const entrant = checkEntrant(player, options, this.#limits);
    if (entrant.error !== undefined) return this.#refuse(entrant.error);
    const isExpected = role === "player" && isReserved(record, player);
    const entry = isExpected ? "reservation" : "open";
    const closed = this.#checkOpen(record, player, role, entry);
    if (closed !== undefined) return this.#refuse(closed);
    if (!isExpected && record.verifier !== undefined) {
      const { verifier } = record;
      return this.#tryPassword(
        { record, entrant: entrant.value, role, verifier },
        options.password,
      );
    }
    return this.#join(record, entrant.value, role, entry);
  }

  /**
   * Lets somebody into the lobby of an invite code, whatever its access and password.
   *
   * @param player Who.
   * @param code The code, as it was made.
   * @param options What is known of the player.
   * @returns What came of it, always `joined`; or why not: `notFound` for a code that is
   * none, `playerAlreadyInLobby`, `invalidConfig`, `banned`, `lobbyNotJoinable`,
   * `lobbyFull`, `tooMany`.
   */
  joinByCode(
    player: PlayerId,
    code: string,
    options: LobbyPlayerInfo = {},
  ): LobbyResult<LobbyJoin> {
    const crowded = this.#checkRoom();
    if (crowded !== undefined) return this.#refuse(crowded);
    const record = this.#codes.get(code);
    const invite = record?.invites.get(code);
    if (record === undefined || invite === undefined) {
      return this.#refuse(errors.notFound("invite"));
    }
    const entrant = checkEntrant(player, options, this.#limits);
    if (entrant.error !== undefined) return this.#refuse(entrant.error);
    const { role } = invite;
    // A seat that is kept anyway uses nothing up.
    const isExpected = role === "player" && isReserved(record, player);
    const entry = isExpected ? "reservation" : "invite";
    const closed = this.#checkOpen(record, player, role, entry);
    if (closed !== undefined) return this.#refuse(closed);
    if (!isExpected && --invite.usesLeft === 0) {
      this.#forgetInvite(record, code);
    }
    return this.#join(record, entrant.value, role, entry);
  }

  /**
   * Says whether a password was right, which `passwordToVerify` asked.
   *
   * @param attempt Which attempt.
   * @param isRight Whether it was.
   * @returns The lobby that the player is in now; or why not, which `joinRefused` tells
   * too: `wrongPassword`, or what {@linkcode LobbyManager.join} refuses, as things are
   * now. It is `notFound` if the attempt is over, and `tooMany` if it is to be answered
   * again when events were drained.
   */
  answerPassword(attempt: number, isRight: boolean): LobbyResult<Lobby> {
    const crowded = this.#checkRoom();
    if (crowded !== undefined) return this.#refuse(crowded);
    const waiting = this.#attempts.take(attempt);
    if (waiting === undefined) {
      return this.#refuse(errors.notFound("passwordAttempt"));
    }
    const { record, entrant, role, verifier } = waiting;
    const { id } = record.view;
    // Who is expected by now needs no password.
    const isExpected = role === "player" && isReserved(record, entrant.player);
    const entry = isExpected ? "reservation" : "password";
    const error = this.#lobbies.get(id) !== record
      ? errors.lobbyNotFound(id)
      // Another password was set meanwhile: the right one for the last is wrong now.
      : !isExpected && (!isRight || record.verifier !== verifier)
      ? errors.wrongPassword(id)
      : this.#checkOpen(record, entrant.player, role, entry);
    if (error !== undefined) {
      this.#refuseAttempt(waiting, error);
      return { isOk: false, error };
    }
    this.#admit(record, entrant, role, entry);
    return this.#done(record);
  }

  /**
   * Lets somebody go, who is a player or a spectator.
   *
   * @param player Who.
   * @returns The lobby after it, `undefined` if it is gone; or why not: `playerNotFound`,
   * `tooMany`.
   */
  leave(player: PlayerId): LobbyResult<Lobby | undefined> {
    const acting = this.#actor(player);
    if (acting.error !== undefined) return this.#refuse(acting.error);
    const record = acting.value;
    return this.#remove(record, player, "left", false)
      ? this.#done(record)
      : { isOk: true, value: undefined };
  }

  /**
   * Removes somebody, who is a player or a spectator, and may ban. The invite codes that
   * they have made are worth nothing any more; nor is a seat kept for who is banned.
   *
   * @param by The host.
   * @param player Who is to go.
   * @param options For how long.
   * @returns The lobby after it, or why not: `playerNotFound`, `notHost`,
   * `cannotKickSelf`, `invalidConfig`, `tooMany`.
   */
  kick(
    by: PlayerId,
    player: PlayerId,
    options: KickOptions = {},
  ): LobbyResult<Lobby> {
    const acting = this.#actor(by, true);
    if (acting.error !== undefined) return this.#refuse(acting.error);
    const record = acting.value;
    if (by === player) return this.#refuse(errors.cannotKickSelf(player));
    if (this.#lobbyOf.get(player) !== record) {
      return this.#refuse(errors.playerNotFound(player));
    }
    const banMs = checkDuration("banMs", options.banMs ?? 0, 0, Infinity);
    if (banMs.error !== undefined) return this.#refuse(banMs.error);
    const isBanned = banMs.value > 0;
    if (isBanned) {
      const { bansPerLobby } = this.#limits;
      if (record.bans.size >= bansPerLobby) {
        return this.#refuse(errors.tooMany("bans", bansPerLobby));
      }
      record.bans.set(player, this.#nowUs + toUs(banMs.value));
      this.#dropReservedSeat(record, player);
    }
    // Nobody else knows these codes to revoke them, and others would come in by them.
    for (const invite of record.invites.values()) {
      if (invite.by === player) this.#forgetInvite(record, invite.code);
    }
    this.#metrics.kicked++;
    this.#remove(record, player, "kicked", isBanned);
    return this.#done(record);
  }

  /**
   * Lets somebody come back who was banned.
   *
   * @param by The host.
   * @param player Who.
   * @returns The lobby after it, or why not: `playerNotFound`, `notHost`, `notFound`,
   * `tooMany`.
   */
  unban(by: PlayerId, player: PlayerId): LobbyResult<Lobby> {
    const acting = this.#actor(by, true);
    if (acting.error !== undefined) return this.#refuse(acting.error);
    const record = acting.value;
    if (!record.bans.delete(player)) {
      return this.#refuse(errors.notFound("ban"));
    }
    this.#emit(record, { type: "banLifted", player, reason: "lifted" });
    return this.#done(record);
  }

  /**
   * Notes that somebody's connection is lost or found. The seat is kept for
   * `reconnectGraceMs`.
   *
   * @param player Who.
   * @param isConnected Whether there is a connection.
   * @returns The lobby after it, `undefined` if it is gone as seats are not kept; or why
   * not: `playerNotFound`, `tooMany`.
   */
  setConnected(
    player: PlayerId,
    isConnected: boolean,
  ): LobbyResult<Lobby | undefined> {
    const acting = this.#actor(player);
    if (acting.error !== undefined) return this.#refuse(acting.error);
    const record = acting.value;
    const member = memberOf(record.view, player);
    if (member.isConnected === isConnected) return this.#done(record);
    if (!isConnected && this.#reconnectGraceUs === 0) {
      return this.#remove(record, player, "timedOut", false)
        ? this.#done(record)
        : { isOk: true, value: undefined };
    }
    if (!isConnected && isPlayer(record.view, player)) {
      this.#interrupt(record, "disconnected");
    }
    record.seats.get(player)!.graceUs = isConnected
      ? Infinity
      : this.#nowUs + this.#reconnectGraceUs;
    if (record.view.host === player) {
      record.hostGraceUs = isConnected
        ? Infinity
        : this.#nowUs + this.#hostGraceUs;
    }
    this.#emit(record, { type: "connectionChanged", player, isConnected });
    this.#replaceHost(record);
    return this.#done(record);
  }

  /**
   * Says that a player is ready, or no longer. After a game that asks for a rematch: when
   * all players who are connected have asked, and they are enough, the lobby goes back to
   * waiting as by {@linkcode LobbyManager.resetLobby}.
   *
   * @param player Who.
   * @param isReady Which.
   * @returns The lobby after it, or why not: `playerNotFound`, `alreadyInGame`,
   * `notAllowed` without a connection, `tooMany`.
   */
  setReady(player: PlayerId, isReady: boolean): LobbyResult<Lobby> {
    const acting = this.#actor(player);
    if (acting.error !== undefined) return this.#refuse(acting.error);
    const record = acting.value;
    const { view } = record;
    const seated = view.players.find(({ id }) => id === player);
    if (seated === undefined) {
      return this.#refuse(errors.playerNotFound(player));
    }
    if (view.state === LobbyState.InGame) {
      return this.#refuse(errors.alreadyInGame(view.id));
    }
    if (isReady && !seated.isConnected) {
      return this.#refuse(errors.notAllowed("disconnected"));
    }
    if (seated.isReady === isReady) return this.#done(record);
    if (!isReady && view.state === LobbyState.Countdown) {
      this.#interrupt(record, "unready");
    }
    this.#emit(record, { type: "readyChanged", player, isReady });
    return this.#done(record);
  }

  /**
   * Begins the game, or the countdown to it. All players but the host have to be ready;
   * the host is by doing this.
   *
   * @param by The host.
   * @returns The lobby after it, or why not: `playerNotFound`, `notHost`,
   * `alreadyInGame`, `wrongState` after a game, `notEnoughPlayers`, `playersNotReady`,
   * `notAllowed` if parties do not fit into the teams, `tooMany`.
   */
  startGame(by: PlayerId): LobbyResult<Lobby> {
    const acting = this.#actor(by, true);
    if (acting.error !== undefined) return this.#refuse(acting.error);
    const record = acting.value;
    const error = checkStart(record);
    if (error !== undefined) return this.#refuse(error);
    this.#interrupt(record, "started");
    const host = memberOf(record.view, by) as LobbyPlayer;
    if (!host.isReady) {
      this.#emit(record, { type: "readyChanged", player: by, isReady: true });
    }
    this.#start(record);
    return this.#done(record);
  }

  /**
   * Calls a countdown off. Where it would begin again by itself, the host is no longer
   * ready.
   *
   * @param by The host.
   * @returns The lobby after it, or why not: `playerNotFound`, `notHost`, `wrongState`,
   * `tooMany`.
   */
  cancelStart(by: PlayerId): LobbyResult<Lobby> {
    const acting = this.#actor(by, true);
    if (acting.error !== undefined) return this.#refuse(acting.error);
    const record = acting.value;
    const { view } = record;
    if (view.state !== LobbyState.Countdown) {
      return this.#refuse(errors.wrongState(view));
    }
    this.#interrupt(record, "host");
    const host = view.players.find(({ id }) => id === by)!;
    if (view.config.isAutoStarted && host.isReady) {
      this.#emit(record, { type: "readyChanged", player: by, isReady: false });
    }
    return this.#done(record);
  }

  /**
   * Ends the game. It is the server's to decide, which knows how it ended.
   *
   * @param lobby Whose.
   * @param results How: any value of JSON, up to `resultsBytes`.
   * @returns The lobby after it, or why not: `lobbyNotFound`, `wrongState`,
   * `invalidConfig`, `tooMany`.
   */
  endGame(lobby: LobbyId, results?: LobbyJson): LobbyResult<Lobby> {
    const found = this.#find(lobby);
    if (found.error !== undefined) return this.#refuse(found.error);
    const record = found.value;
    if (record.view.state !== LobbyState.InGame) {
      return this.#refuse(errors.wrongState(record.view));
    }
    if (results === undefined) {
      this.#emit(record, { type: "gameEnded" });
      return this.#done(record);
    }
    const copied = checkJson("results", results, this.#limits.resultsBytes);
    if (copied.error !== undefined) return this.#refuse(copied.error);
    this.#emit(record, { type: "gameEnded", results: copied.value });
    return this.#done(record);
  }

  /**
   * Goes back to waiting after a game: for a rematch of those who are still here, of whom
   * those are ready who have said so since the game. The results stay until the next ones.
   *
   * @param by The host.
   * @returns The lobby after it, or why not: `playerNotFound`, `notHost`,
   * `alreadyInGame`, `wrongState` if no game has ended, `tooMany`.
   */
  resetLobby(by: PlayerId): LobbyResult<Lobby> {
    const acting = this.#actor(by, true);
    if (acting.error !== undefined) return this.#refuse(acting.error);
    const record = acting.value;
    const { view } = record;
    if (view.state === LobbyState.InGame) {
      return this.#refuse(errors.alreadyInGame(view.id));
    }
    if (view.state !== LobbyState.Postgame) {
      return this.#refuse(errors.wrongState(view));
    }
    this.#emit(record, { type: "lobbyReset" });
    return this.#done(record);
  }

  /**
   * Sets a lobby to something else, while it waits. If what is played changes (mode,
   * map, numbers of players, teams), only the host is still ready; if the teams are
   * others, or too small for those in them, nobody is in one.
   *
   * @param by The host.
   * @param changes What is to be different.
   * @returns The lobby after it, or why not: `playerNotFound`, `notHost`,
   * `alreadyInGame`, `wrongState` after a game, `invalidConfig` also if there are more
   * people than seats, `tooMany`.
   */
  configure(by: PlayerId, changes: LobbyConfigChanges): LobbyResult<Lobby> {
    const acting = this.#actor(by, true);
    if (acting.error !== undefined) return this.#refuse(acting.error);
    const record = acting.value;
    const { view } = record;
    const busy = checkWaiting(view);
    if (busy !== undefined) return this.#refuse(busy);
    const whole = checkConfig(changes, view.config, this.#limits);
    if (whole.error !== undefined) return this.#refuse(whole.error);
    const config = whole.value;
    const crowded = checkOccupancy(view, config);
    if (crowded !== undefined) return this.#refuse(crowded);
    if (isSame(config, view.config)) return this.#done(record);
    const isTeamsReset = !hasRoomForTeams(config, view);
    const isReadyReset = isOtherGame(config, view.config);
    if (isReadyReset) this.#interrupt(record, "configChanged");
    const isClosed = config.access === "inviteOnly" &&
      view.config.access !== "inviteOnly";
    if (isClosed) closeToSpectators(record);
    this.#emit(record, {
      type: "configChanged",
      config,
      isReadyReset,
      isTeamsReset,
    });
    return this.#done(record);
  }

  /**
   * Changes what the game says about a lobby, in any state.
   *
   * @param by The host.
   * @param changes What is to be different; `null` removes.
   * @returns The lobby after it, or why not: `playerNotFound`, `notHost`,
   * `invalidConfig`, `tooMany`.
   */
  setMetadata(
    by: PlayerId,
    changes: LobbyMetadataChanges,
  ): LobbyResult<Lobby> {
    const acting = this.#actor(by, true);
    if (acting.error !== undefined) return this.#refuse(acting.error);
    const record = acting.value;
    const checked = checkMetadataChanges(
      "metadata",
      changes,
      record.view.metadata,
      this.#limits.lobbyMetadataBytes,
    );
    if (checked.error !== undefined) return this.#refuse(checked.error);
    this.#emit(record, {
      type: "lobbyMetadataChanged",
      changes: checked.value,
    });
    return this.#done(record);
  }

  /**
   * Changes what the game says about a player or a spectator, in any state.
   *
   * @param player Who.
   * @param changes What is to be different; `null` removes.
   * @returns The lobby after it, or why not: `playerNotFound`, `invalidConfig`, `tooMany`.
   */
  setPlayerMetadata(
    player: PlayerId,
    changes: LobbyMetadataChanges,
  ): LobbyResult<Lobby> {
    const acting = this.#actor(player);
    if (acting.error !== undefined) return this.#refuse(acting.error);
    const record = acting.value;
    const checked = checkMetadataChanges(
      "metadata",
      changes,
      memberOf(record.view, player).metadata,
      this.#limits.playerMetadataBytes,
    );
    if (checked.error !== undefined) return this.#refuse(checked.error);
    this.#emit(record, {
      type: "playerMetadataChanged",
      player,
      changes: checked.value,
    });
    return this.#done(record);
  }

  /**
   * Asks for another password from now on, or for none.
   *
   * @param by The host.
   * @param verifier What one is compared with: opaque text of 1 to 1024 bytes, such as a
   * salted hash; `undefined` for no password.
   * @returns The lobby after it, or why not: `playerNotFound`, `notHost`,
   * `invalidConfig`, `tooMany`.
   */
  setPassword(by: PlayerId, verifier: string | undefined): LobbyResult<Lobby> {
    const acting = this.#actor(by, true);
    if (acting.error !== undefined) return this.#refuse(acting.error);
    const record = acting.value;
    if (verifier !== undefined) {
      const checked = checkOpaqueText("verifier", verifier, MAX_VERIFIER_BYTES);
      if (checked.error !== undefined) return this.#refuse(checked.error);
    }
    record.verifier = verifier;
    const hasPassword = verifier !== undefined;
    if (hasPassword) closeToSpectators(record);
    this.#emit(record, { type: "passwordChanged", hasPassword });
    return this.#done(record);
  }

  /**
   * Makes another player the host.
   *
   * @param by The host.
   * @param player Who is to decide.
   * @returns The lobby after it, or why not: `playerNotFound` also for a spectator,
   * `notHost`, `notAllowed` without a connection, `tooMany`.
   */
  transferHost(by: PlayerId, player: PlayerId): LobbyResult<Lobby> {
    const acting = this.#actor(by, true);
    if (acting.error !== undefined) return this.#refuse(acting.error);
    const record = acting.value;
    const next = record.view.players.find(({ id }) => id === player);
    if (next === undefined) {
      return this.#refuse(errors.playerNotFound(player));
    }
    if (!next.isConnected) {
      return this.#refuse(errors.notAllowed("disconnected"));
    }
    if (by === player) return this.#done(record);
    record.hostGraceUs = Infinity;
    this.#emit(record, {
      type: "hostChanged",
      host: player,
      reason: "transferred",
    });
    return this.#done(record);
  }

  /**
   * Makes a player of a spectator, or a spectator of a player. A host who looks on is
   * host no longer. Who was invited to look on, or did so when the lobby was closed by a password or `inviteOnly`, takes no
   * seat in one that is closed: the host gives it one, by this or by a reservation.
   *
   * @param by Who wants it: the one it is about, or the host.
   * @param player Whom it is about.
   * @param role As what.
   * @returns The lobby after it, or why not: `playerNotFound`, `notHost`, `lobbyFull`,
   * `lobbyNotJoinable` as a game is under way or players are to be invited, `wrongPassword` as players are to have one,
   * `notAllowed` as there are no spectators, `notEnoughPlayers` for the last player, `tooMany`.
   */
  setRole(
    by: PlayerId,
    player: PlayerId,
    role: LobbyRole,
  ): LobbyResult<Lobby> {
    const acting = this.#actor(by, by !== player);
    if (acting.error !== undefined) return this.#refuse(acting.error);
    const record = acting.value;
    const { view } = record;
    if (this.#lobbyOf.get(player) !== record) {
      return this.#refuse(errors.playerNotFound(player));
    }
    const wrong = checkRole("role", role).error;
    if (wrong !== undefined) return this.#refuse(wrong);
    if (isPlayer(view, player) === (role === "player")) {
      return this.#done(record);
    }
    const error = role === "spectator"
      ? checkDemotion(view)
      : isReserved(record, player)
      ? undefined
      : (by === player ? checkPromotion(record, player) : undefined) ??
        checkFreeSeat(view);
    if (error !== undefined) return this.#refuse(error);
    const member = memberOf(view, player);
    const { id, name, isConnected, party, metadata } = member;
    const base = {
      id,
      name,
      isConnected,
      ...(party === undefined ? {} : { party }),
      metadata,
    };
    if (role === "player") {
      this.#interrupt(record, "joined");
      record.seats.get(player)!.mayPlay = true;
      const kept = takeReservation(record, player);
      const team = teamForLate(record, kept);
      this.#metrics.players++;
      this.#emit(record, {
        type: "spectatorPromoted",
        player: {
          ...base,
          isReady: false,
          ...(team === undefined ? {} : { team }),
        },
        reservedSeats: reservedSeats(record),
      });
    } else {
      this.#interrupt(record, "left");
      this.#metrics.players--;
      const host = this.#hostWithout(record, player);
      this.#emit(record, { type: "playerDemoted", spectator: base, host });
    }
    this.#replaceHost(record);
    return this.#done(record);
  }

  /**
   * Puts a player into a team, or in none, while the lobby waits and teams are chosen.
   *
   * @param by Who wants it: the player, or the host.
   * @param player Who is to be in it.
   * @param team Which; `undefined` for none.
   * @returns The lobby after it, or why not: `playerNotFound`, `notHost`,
   * `alreadyInGame`, `wrongState` after a game, `teamNotFound`, `teamFull`, `notAllowed`
   * as teams are assigned, `tooMany`.
   */
  setTeam(
    by: PlayerId,
    player: PlayerId,
    team: TeamId | undefined,
  ): LobbyResult<Lobby> {
    const acting = this.#actor(by, by !== player);
    if (acting.error !== undefined) return this.#refuse(acting.error);
    const record = acting.value;
    const { view } = record;
    const seated = view.players.find(({ id }) => id === player);
    if (seated === undefined) {
      return this.#refuse(errors.playerNotFound(player));
    }
    const busy = checkWaiting(view);
    if (busy !== undefined) return this.#refuse(busy);
    const { count, assignment, maxSize } = view.config.teams;
    if (team !== undefined && (!isTeamId(team) || team >= count)) {
      return this.#refuse(errors.teamNotFound(team, count));
    }
    if (assignment !== TeamAssignment.Manual) {
      return this.#refuse(errors.notAllowed("teamChoice"));
    }
    if (seated.team === team) return this.#done(record);
    if (team !== undefined && teamSizes(view)[team]! >= maxSize) {
      return this.#refuse(errors.teamFull(team, maxSize));
    }
    this.#emit(record, {
      type: "teamChanged",
      player,
      ...(team === undefined ? {} : { team }),
    });
    return this.#done(record);
  }

  /**
   * Divides the players now, while the lobby waits, as it would be done when the game
   * begins; for players to see. It is done again then, for whoever is there.
   *
   * @param by The host.
   * @returns The lobby after it, or why not: `playerNotFound`, `notHost`,
   * `alreadyInGame`, `wrongState` after a game, `notAllowed` as there are no teams or
   * parties do not fit into them, `tooMany`.
   */
  assignTeams(by: PlayerId): LobbyResult<Lobby> {
    const acting = this.#actor(by, true);
    if (acting.error !== undefined) return this.#refuse(acting.error);
    const record = acting.value;
    const busy = checkWaiting(record.view);
    if (busy !== undefined) return this.#refuse(busy);
    if (record.view.config.teams.count === 0) {
      return this.#refuse(errors.notAllowed("teams"));
    }
    const seats = divide(record);
    if (seats === undefined) return this.#refuse(errors.notAllowed("parties"));
    this.#emit(record, { type: "teamsAssigned", seats });
    return this.#done(record);
  }

  /**
   * Moves the player, or the party, whose move makes the teams most equal; see
   * `TeamSystem.rebalance()`. Where all have teams that is possible in a game too.
   *
   * @param by The host.
   * @returns The lobby after it, the same if nothing helps; or why not:
   * `playerNotFound`, `notHost`, `notAllowed` as there are no teams or somebody is in
   * none, `tooMany`.
   */
  rebalanceTeams(by: PlayerId): LobbyResult<Lobby> {
    const acting = this.#actor(by, true);
    if (acting.error !== undefined) return this.#refuse(acting.error);
    const record = acting.value;
    const seats = rebalance(record);
    if (seats === undefined) return this.#refuse(errors.notAllowed("teams"));
    if (seats.length > 0) this.#emit(record, { type: "teamsAssigned", seats });
    return this.#done(record);
  }

  /**
   * Keeps seats for players who are expected: a party that comes one by one, or those
   * whom matchmaking sends into a game under way. Each takes a seat of the lobby until it
   * is used, cancelled or expired, and lets in without a password, also in a game and
   * where only who is invited may enter.
   *
   * @param lobby Where.
   * @param players For whom: 1 to 256, each once.
   * @param options For how long.
   * @returns The reservation's number, or why not: `lobbyNotFound`, `invalidConfig`,
   * `playerAlreadyInLobby` if one of them is here or expected already, `banned`,
   * `teamNotFound`, `lobbyFull`, `tooMany`.
   */
  reserve(
    lobby: LobbyId,
    players: readonly PlayerId[],
    options: ReserveOptions = {},
  ): LobbyResult<number> {
    const found = this.#find(lobby);
    if (found.error !== undefined) return this.#refuse(found.error);
    const record = found.value;
    const { team } = options;
    const ttlMs = checkDuration(
      "ttlMs",
      options.ttlMs ?? 30_000,
      0.001,
      MAX_DURATION_MS,
    );
    if (ttlMs.error !== undefined) return this.#refuse(ttlMs.error);
    const error = checkReservation(
      record,
      players,
      team,
      this.#limits,
      this.#nowUs,
    );
    if (error !== undefined) return this.#refuse(error);
    const reservation = record.nextReservation++;
    record.reservations.set(reservation, {
      reservation,
      players: new Set(players),
      team,
      untilUs: this.#nowUs + toUs(ttlMs.value),
    });
    this.#emit(record, {
      type: "seatsReserved",
      reservation,
      players: [...players],
      reservedSeats: reservedSeats(record),
    });
    this.#done(record);
    return { isOk: true, value: reservation };
  }

  /**
   * Keeps seats no longer.
   *
   * @param lobby Where.
   * @param reservation The reservation's number.
   * @returns The lobby after it, or why not: `lobbyNotFound`, `notFound`, `tooMany`.
   */
  cancelReservation(lobby: LobbyId, reservation: number): LobbyResult<Lobby> {
    const found = this.#find(lobby);
    if (found.error !== undefined) return this.#refuse(found.error);
    const record = found.value;
    if (!record.reservations.delete(reservation)) {
      return this.#refuse(errors.notFound("reservation"));
    }
    this.#emit(record, {
      type: "reservationEnded",
      reservation,
      reason: "cancelled",
      reservedSeats: reservedSeats(record),
    });
    return this.#done(record);
  }

  /**
   * Makes a code that lets in whoever has it, whatever the lobby's access and password.
   *
   * @param by A player of the lobby; the host, if its `inviters` say so.
   * @param options What it is good for.
   * @returns The invite with its code, or why not: `playerNotFound` also for a
   * spectator, `notAllowed`, `invalidConfig`, `tooMany`.
   * @throws {RangeError} If `newCode` made no code.
   */
  invite(
    by: PlayerId,
    options: InviteOptions = {},
  ): LobbyResult<LobbyInviteSnapshot> {
    const acting = this.#actor(by);
    if (acting.error !== undefined) return this.#refuse(acting.error);
    const record = acting.value;
    const { role = "player", uses = Infinity, ttlMs = Infinity } = options;
    const error = checkInvite(record, by, { role, uses, ttlMs }, this.#limits);
    if (error !== undefined) return this.#refuse(error);
    const code = this.#makeCode();
    const invite = record.nextInvite++;
    record.invites.set(code, {
      invite,
      code,
      by,
      role,
      usesLeft: uses,
      untilUs: this.#nowUs + toUs(ttlMs),
    });
    this.#codes.set(code, record);
    this.#emit(record, { type: "inviteCreated", invite, by });
    this.#done(record);
    return { isOk: true, value: listInvites(record, this.#nowUs).at(-1)! };
  }

  /**
   * Makes a code worth nothing.
   *
   * @param by Who made it, or the host.
   * @param code Which.
   * @returns The lobby after it, or why not: `playerNotFound`, `notFound`, `notHost`,
   * `tooMany`.
   */
  revokeInvite(by: PlayerId, code: string): LobbyResult<Lobby> {
    const acting = this.#actor(by);
    if (acting.error !== undefined) return this.#refuse(acting.error);
    const record = acting.value;
    const invite = record.invites.get(code);
    if (invite === undefined) return this.#refuse(errors.notFound("invite"));
    const { host } = record.view;
    if (by !== host && by !== invite.by) {
      return this.#refuse(errors.notHost(by, host));
    }
    this.#forgetInvite(record, code);
    this.#emit(record, {
      type: "inviteEnded",
      invite: invite.invite,
      reason: "revoked",
    });
    return this.#done(record);
  }

  /**
   * Asks all players whether they are ready, while the lobby waits. Everybody is heard;
   * if all are ready, they are so in the lobby too. It ends early as somebody comes,
   * leaves or loses the connection.
   *
   * @param by The host.
   * @param timeoutMs How long they have, in milliseconds: 1 to 600000.
   * @returns The lobby after it, or why not: `playerNotFound`, `notHost`,
   * `alreadyInGame`, `wrongState` after a game or during another check,
   * `invalidConfig`, `tooMany`.
   */
  startReadyCheck(by: PlayerId, timeoutMs = 30_000): LobbyResult<Lobby> {
    const acting = this.#actor(by, true);
    if (acting.error !== undefined) return this.#refuse(acting.error);
    const record = acting.value;
    const { view } = record;
    const busy = checkWaiting(view);
    if (busy !== undefined) return this.#refuse(busy);
    if (record.readyCheck !== undefined) {
      return this.#refuse(errors.wrongState(view));
    }
    const checked = checkDuration("timeoutMs", timeoutMs, 1, 600_000);
    if (checked.error !== undefined) return this.#refuse(checked.error);
    const players = view.players.map(({ id }) => id);
    record.readyCheck = makeReadyCheck(players);
    record.readyCheckUs = this.#nowUs + toUs(timeoutMs);
    this.#emit(record, { type: "readyCheckStarted", players, timeoutMs });
    return this.#done(record);
  }

  /**
   * Answers a ready check, for the first time or another.
   *
   * @param player Who.
   * @param isReady What.
   * @returns The lobby after it, or why not: `playerNotFound` also if the player is not
   * asked, `notFound` if there is no check, `notAllowed` without a connection, `tooMany`.
   */
  vote(player: PlayerId, isReady: boolean): LobbyResult<Lobby> {
    const acting = this.#actor(player);
    if (acting.error !== undefined) return this.#refuse(acting.error);
    const record = acting.value;
    const { readyCheck } = record;
    if (readyCheck === undefined) {
      return this.#refuse(errors.notFound("readyCheck"));
    }
    if (isReady && !memberOf(record.view, player).isConnected) {
      return this.#refuse(errors.notAllowed("disconnected"));
    }
    const last = readyCheck.votes.get(player);
    if (!readyCheck.vote(player, isReady)) {
      return this.#refuse(errors.playerNotFound(player));
    }
    if (last !== isReady) {
      this.#emit(record, { type: "readyCheckVoted", player, isReady });
    }
    this.#endReadyCheck(record);
    return this.#done(record);
  }

  /**
   * Calls a ready check off.
   *
   * @param by The host.
   * @returns The lobby after it, or why not: `playerNotFound`, `notHost`, `notFound`,
   * `tooMany`.
   */
  cancelReadyCheck(by: PlayerId): LobbyResult<Lobby> {
    const acting = this.#actor(by, true);
    if (acting.error !== undefined) return this.#refuse(acting.error);
    const record = acting.value;
    if (record.readyCheck === undefined) {
      return this.#refuse(errors.notFound("readyCheck"));
    }
    this.#interrupt(record, "host");
    return this.#done(record);
  }

  /**
   * Lets time pass: countdowns, graces, bans, reservations, invites and what waits for
   * answers. What is due happens in its order. It costs nothing for lobbies in which
   * nothing is due.
   *
   * @param dt How much, in seconds: 0 to 1e9. It counts to the microsecond.
   * @throws {RangeError} If it is not.
   */
  tick(dt: number): void {
    if (!(dt >= 0 && dt <= MAX_DT)) {
      throw new RangeError(
        `Cannot tick a LobbyManager as dt must be 0 to ${MAX_DT}: current value is ${dt}`,
      );
    }
    const us = dt * 1e6 + this.#restUs;
    const whole = Math.round(us);
    this.#restUs = us - whole;
    this.#nowUs += whole;
    for (const waiting of this.#attempts.due(this.#nowUs)) {
      if (!this.#hasRoom()) break;
      this.#attempts.take(waiting.attempt);
      this.#refuseAttempt(
        waiting,
        errors.lobbyNotJoinable(waiting.record.view.id, "passwordTimeout"),
      );
    }
    while (this.#hasRoom()) {
      const record = this.#heap.first;
      if (record === undefined || record.deadlineUs > this.#nowUs) break;
      if (this.#fire(record, firstTimer(record)!)) this.#settle(record);
    }
  }

  /**
   * Iterates over what has happened since the last drain, and removes it.
   *
   * @param budgetMs How many milliseconds the loop may take, 0 or more; the rest waits
   * for the next one.
   * @returns An iterator, to be used once.
   * @throws {RangeError} If `budgetMs` is negative or `NaN`.
   */
  drainEvents(budgetMs = Infinity): IterableIterator<LobbyManagerEvent> {
    return this.#events.drain(budgetMs);
  }

  /**
   * Takes one event.
   *
   * @returns The oldest; `undefined` if there is none.
   */
  pollEvent(): LobbyManagerEvent | undefined {
    return this.#events.poll();
  }

  /**
   * Writes down all that is needed to go on with a lobby elsewhere. Passwords that wait
   * to be verified are not part of it: who gave one asks again.
   *
   * @param lobby Which.
   * @returns A plain value; `undefined` if there is no such lobby.
   */
  snapshot(lobby: LobbyId): LobbySnapshot | undefined {
    const record = this.#lobbies.get(lobby);
    return record && writeSnapshot(record, this.#nowUs);
  }

  /**
   * Goes on with a lobby where a snapshot was taken. There is no event, as nothing has
   * changed: who has the events up to the snapshot's version has all.
   *
   * @param snapshot What {@linkcode LobbyManager.snapshot} gave, or what came of it by
   * way of JSON: it may be anything, and is checked.
   * @returns The lobby, or why not: `invalidConfig` with the `field` that is wrong,
   * `lobbyExists`, `playerAlreadyInLobby`, `tooMany`.
   */
  restore(snapshot: unknown): LobbyResult<Lobby> {
    const checked = checkSnapshot(snapshot, this.#limits);
    if (checked.error !== undefined) return this.#refuse(checked.error);
    const whole = checked.value;
    const { id } = whole.lobby;
    const { lobbies } = this.#limits;
    if (this.#lobbies.size >= lobbies) {
      return this.#refuse(errors.tooMany("lobbies", lobbies));
    }
    if (this.#lobbies.has(id)) return this.#refuse(errors.lobbyExists(id));
    for (const { player } of whole.seats) {
      const other = this.#lobbyOf.get(player);
      if (other === undefined) continue;
      return this.#refuse(errors.playerAlreadyInLobby(player, other.view.id));
    }
    if (whole.invites.some(({ code }) => this.#codes.has(code))) {
      return this.#refuse(
        errors.invalidConfig("snapshot.invites", "without another's code"),
      );
    }
    const record = restoreLobby(whole, this.#nextOrder++, this.#nowUs);
    this.#lobbies.set(id, record);
    for (const player of record.seats.keys()) this.#lobbyOf.set(player, record);
    for (const code of record.invites.keys()) this.#codes.set(code, record);
    this.#metrics.players += record.view.players.length;
    this.#schedule(record);
    return { isOk: true, value: record.view };
  }

  /**
   * What the manager has done, and holds.
   *
   * @returns Counters and gauges.
   */
  *metrics(): IterableIterator<Metric> {
    yield* this.#metrics.list({
      lobbies: this.#lobbies.size,
      people: this.#lobbyOf.size,
      passwordAttempts: this.#attempts.size,
      events: this.#events.size,
    });
  }

  #refuse(error: LobbyError): { isOk: false; error: LobbyError } {
    this.#metrics.countRefusal(error);
    return { isOk: false, error };
  }

  #done(record: ManagedLobby): { isOk: true; value: Lobby } {
    this.#settle(record);
    return { isOk: true, value: record.view };
  }

  /** Does what follows by itself from what was done. */
  #settle(record: ManagedLobby): void {
    if (isRematchWanted(record.view)) {
      this.#emit(record, { type: "lobbyReset" });
    }
    if (isStartDue(record)) this.#start(record);
    this.#schedule(record);
  }

  #schedule(record: ManagedLobby): void {
    this.#heap.set(record, firstTimer(record)?.atUs ?? Infinity);
  }

  /** Where all events come from. */
  #emit(record: ManagedLobby, change: Change): void {
    const { view } = record;
    const { type, ...rest } = change;
    const event = deepFreeze({
      type,
      lobby: view.id,
      version: view.version + 1,
      ...rest,
    }) as LobbyEvent;
    const after = applyLobbyEvent(view, event);
    // A lobby that is gone is looked at no more.
    if (after !== undefined) record.view = after;
    this.#events.push(event);
  }

  #hasRoom(): boolean {
    return this.#events.size + EVENT_ROOM <= this.#events.capacity;
  }

  #checkRoom(): LobbyError | undefined {
    return this.#hasRoom()
      ? undefined
      : errors.tooMany("events", this.#events.capacity);
  }

  /** Finds the lobby of somebody who wants something. */
  #actor(by: PlayerId, needsHost = false): Checked<ManagedLobby> {
    const crowded = this.#checkRoom();
    if (crowded !== undefined) return { error: crowded };
    const record = this.#lobbyOf.get(by);
    if (record === undefined) return { error: errors.playerNotFound(by) };
    const { host } = record.view;
    return needsHost && host !== by
      ? { error: errors.notHost(by, host) }
      : { value: record };
  }

  #find(lobby: LobbyId): Checked<ManagedLobby> {
    const crowded = this.#checkRoom();
    if (crowded !== undefined) return { error: crowded };
    const record = this.#lobbies.get(lobby);
    return record === undefined
      ? { error: errors.lobbyNotFound(lobby) }
      : { value: record };
  }

  #open(
    seats: readonly LobbyMatchSeat[],
    given: LobbyConfigChanges,
    options: CreateLobbyOptions,
    isReady = false,
  ): Checked<ManagedLobby> {
    const crowded = this.#checkRoom();
    if (crowded !== undefined) return { error: crowded };
    const { lobbies } = this.#limits;
    if (this.#lobbies.size >= lobbies) {
      return { error: errors.tooMany("lobbies", lobbies) };
    }
    const config = checkConfig(given, undefined, this.#limits);
    if (config.error !== undefined) return config;
    const entrants = checkSeats(
      seats,
      config.value,
      this.#lobbyOf,
      this.#limits,
    );
    if (entrants.error !== undefined) return entrants;
    const metadata = checkMetadataChanges(
      "metadata",
      options.metadata ?? {},
      {},
      this.#limits.lobbyMetadataBytes,
    );
    if (metadata.error !== undefined) return metadata;
    const { passwordVerifier } = options;
    if (passwordVerifier !== undefined) {
      const verifier = checkOpaqueText(
        "verifier",
        passwordVerifier,
        MAX_VERIFIER_BYTES,
      );
      if (verifier.error !== undefined) return verifier;
    }
    const id = this.#makeId(options.id);
    if (id.error !== undefined) return id;

    const view: Lobby = deepFreeze({
      id: id.value,
      version: 1,
      state: LobbyState.Waiting,
      host: seats[0]!.player,
      config: config.value,
      hasPassword: passwordVerifier !== undefined,
      metadata: mergeMetadata({}, metadata.value),
      players: entrants.value.map((entrant, i) =>
        makePlayer(entrant, seats[i]!.team, isReady)
      ),
      spectators: [],
      reservedSeats: 0,
      gameCount: 0,
    });
    const record = makeManagedLobby(
      view,
      this.#nextOrder++,
      this.#random.nextU32(),
    );
    record.verifier = passwordVerifier;
    this.#lobbies.set(id.value, record);
    for (const { player, skill } of entrants.value) {
      record.seats.set(player, { skill, mayPlay: true, graceUs: Infinity });
      this.#lobbyOf.set(player, record);
    }
    this.#metrics.created++;
    this.#metrics.joined += entrants.value.length;
    this.#metrics.players += entrants.value.length;
    const event = { type: "lobbyCreated", lobby: id.value, version: 1, view };
    this.#events.push(Object.freeze(event) as LobbyEvent);
    return { value: record };
  }

  #makeId(wanted: LobbyId | undefined): Checked<LobbyId> {
    if (wanted !== undefined) {
      return this.#lobbies.has(wanted)
        ? { error: errors.lobbyExists(wanted) }
        : { value: lobbyId(wanted) };
    }
    let id = lobbyId(this.#newLobbyId());
    for (let i = 1; this.#lobbies.has(id) && i < NEW_TRIES; i++) {
      id = lobbyId(this.#newLobbyId());
    }
    return this.#lobbies.has(id)
      ? { error: errors.lobbyExists(id) }
      : { value: id };
  }

  #makeCode(): string {
    for (let i = 0; i < NEW_TRIES; i++) {
      const code = this.#newCode();
      const checked = checkOpaqueText("code", code, MAX_CODE_BYTES);
      if (checked.error === undefined && !this.#codes.has(code)) return code;
    }
    throw new RangeError(
      `Cannot make an invite as newCode must make new text of 1 to ${MAX_CODE_BYTES} bytes: current value is none after ${NEW_TRIES} tries`,
    );
  }

  /** Tells why somebody may not come in, but for the password. */
  #checkOpen(
    record: ManagedLobby,
    player: PlayerId,
    role: LobbyRole,
    entry: LobbyEntry,
  ): LobbyError | undefined {
    const other = this.#lobbyOf.get(player);
    return other === undefined
      ? checkEntry(record, player, role, entry, this.#nowUs)
      : errors.playerAlreadyInLobby(player, other.view.id);
  }

  /** Counts an attempt, and asks for the password to be verified. */
  #tryPassword(
    entry: PasswordEntry,
    password: string | undefined,
  ): LobbyResult<LobbyJoin> {
    const { record, entrant, verifier } = entry;
    const { id } = record.view;
    if (password === undefined) return this.#refuse(errors.wrongPassword(id));
    const begun = this.#attempts.begin(entry, password, this.#nowUs);
    if (begun.error !== undefined) return this.#refuse(begun.error);
    const attempt = begun.value;
    this.#events.push(Object.freeze({
      type: "passwordToVerify",
      attempt,
      lobby: id,
      player: entrant.player,
      password,
      verifier,
    }));
    return { isOk: true, value: { type: "pending", attempt } };
  }

  #refuseAttempt(waiting: PasswordAttempt, error: LobbyError): void {
    this.#refuse(error);
    this.#events.push(deepFreeze({
      type: "joinRefused",
      attempt: waiting.attempt,
      lobby: waiting.record.view.id,
      player: waiting.entrant.player,
      error,
    }));
  }

  #join(
    record: ManagedLobby,
    entrant: Entrant,
    role: LobbyRole,
    entry: LobbyEntry,
  ): LobbyResult<LobbyJoin> {
    this.#admit(record, entrant, role, entry);
    const { value: lobby } = this.#done(record);
    return { isOk: true, value: { type: "joined", lobby } };
  }

  /** Lets somebody in who may come in. */
  #admit(
    record: ManagedLobby,
    entrant: Entrant,
    role: LobbyRole,
    entry: LobbyEntry,
  ): void {
    const { player, skill } = entrant;
    this.#metrics.joined++;
    const mayPlay = role === "player" || entry !== "invite";
    record.seats.set(player, { skill, mayPlay, graceUs: Infinity });
    this.#lobbyOf.set(player, record);
    if (role === "spectator") {
      const spectator = makeSpectator(entrant);
      this.#emit(record, { type: "spectatorJoined", spectator, entry });
      return;
    }
    this.#interrupt(record, "joined");
    const kept = takeReservation(record, player);
    this.#metrics.players++;
    this.#emit(record, {
      type: "playerJoined",
      player: makePlayer(entrant, teamForLate(record, kept), false),
      entry,
      reservedSeats: reservedSeats(record),
    });
    this.#replaceHost(record);
  }

  /** Whoever may not come in would keep others from the seat. */
  #dropReservedSeat(record: ManagedLobby, player: PlayerId): void {
    const dropped = dropReservedSeat(record, player);
    if (dropped === undefined) return;
    const { reservation, players } = dropped;
    this.#emit(
      record,
      players.size === 0
        ? {
          type: "reservationEnded",
          reservation,
          reason: "cancelled",
          reservedSeats: reservedSeats(record),
        }
        : {
          type: "seatsReserved",
          reservation,
          players: [...players],
          reservedSeats: reservedSeats(record),
        },
    );
  }

  /** Removes somebody, and tells whether there is still a lobby. */
  #remove(
    record: ManagedLobby,
    player: PlayerId,
    reason: LobbyLeaveReason,
    isBanned: boolean,
  ): boolean {
    const role = isPlayer(record.view, player) ? "player" : "spectator";
    if (role === "player") {
      if (record.view.players.length === 1) {
        this.#destroy(record, Object.freeze({ player, reason }));
        return false;
      }
      this.#interrupt(record, "left");
      this.#metrics.players--;
    }
    const host = this.#hostWithout(record, player);
    record.seats.delete(player);
    this.#lobbyOf.delete(player);
    this.#emit(record, {
      type: "playerLeft",
      player,
      role,
      reason,
      isBanned,
      host,
    });
    return true;
  }

  #destroy(
    record: ManagedLobby,
    last?: (LobbyEvent & { type: "lobbyDestroyed" })["last"],
  ): void {
    const { id, players } = record.view;
    this.#metrics.players -= players.length;
    for (const player of record.seats.keys()) this.#lobbyOf.delete(player);
    for (const code of record.invites.keys()) this.#codes.delete(code);
    this.#lobbies.delete(id);
    this.#heap.remove(record);
    this.#emit(
      record,
      last === undefined
        ? { type: "lobbyDestroyed", reason: "closed" }
        : { type: "lobbyDestroyed", reason: "empty", last },
    );
  }

  /** Who is host when a player is gone: the longest there of those who are connected. */
  #hostWithout(record: ManagedLobby, player: PlayerId): PlayerId {
    const { host, players } = record.view;
    if (host !== player) return host;
    const others = players.filter(({ id }) => id !== player);
    const next = others.find(({ isConnected }) => isConnected) ?? others[0]!;
    // Where nobody is connected, the first one who is again decides.
    record.hostGraceUs = next.isConnected ? Infinity : this.#nowUs;
    return next.id;
  }

  /** Gives the lobby to a connected player, if the host has been away for too long. */
  #replaceHost(record: ManagedLobby): void {
    if (record.hostGraceUs > this.#nowUs) return;
    const { host, players } = record.view;
    const next = players.find(({ id, isConnected }) =>
      isConnected && id !== host
    );
    if (next === undefined) return;
    record.hostGraceUs = Infinity;
    this.#emit(record, {
      type: "hostChanged",
      host: next.id,
      reason: "disconnected",
    });
  }

  /** Ends a countdown and a ready check, if there is one. */
  #interrupt(record: ManagedLobby, reason: LobbyInterruption): void {
    if (record.view.state === LobbyState.Countdown) {
      record.countdownUs = Infinity;
      this.#emit(record, { type: "countdownCancelled", reason });
    }
    record.readyCheck?.cancel(reason);
    this.#endReadyCheck(record);
  }

  #endReadyCheck(record: ManagedLobby): void {
    const result = record.readyCheck?.check();
    if (result === undefined) return;
    record.readyCheck = undefined;
    record.readyCheckUs = Infinity;
    this.#emit(record, { type: "readyCheckEnded", result });
  }

  /** Begins a countdown, or the game if there is none. */
  #start(record: ManagedLobby): void {
    const { countdownMs } = record.view.config;
    if (countdownMs === 0) return this.#begin(record);
    record.countdownUs = this.#nowUs + toUs(countdownMs);
    this.#emit(record, { type: "countdownStarted", durationMs: countdownMs });
  }

  #begin(record: ManagedLobby): void {
    record.countdownUs = Infinity;
    const seats = divide(record);
    if (seats === undefined) {
      // The same players could be divided before the countdown, which any change of
      // them ends: but a snapshot may be edited.
      this.#emit(record, { type: "countdownCancelled", reason: "parties" });
      return;
    }
    this.#metrics.started++;
    this.#emit(record, { type: "gameStarted", seats });
  }

  #forgetInvite(record: ManagedLobby, code: string): void {
    record.invites.delete(code);
    this.#codes.delete(code);
  }

  /** Does what is due in a lobby, and tells whether there still is one. */
  #fire(record: ManagedLobby, timer: LobbyTimer): boolean {
    switch (timer.type) {
      case "countdown":
        this.#begin(record);
        return true;
      case "readyCheck":
        record.readyCheck!.expire();
        this.#endReadyCheck(record);
        return true;
      case "hostGrace":
        this.#replaceHost(record);
        return true;
      case "seat":
        return this.#remove(record, timer.player, "timedOut", false);
      case "reservation": {
        const { reservation } = timer;
        record.reservations.delete(reservation);
        this.#emit(record, {
          type: "reservationEnded",
          reservation,
          reason: "expired",
          reservedSeats: reservedSeats(record),
        });
        return true;
      }
      case "invite": {
        const { invite } = record.invites.get(timer.code)!;
        this.#forgetInvite(record, timer.code);
        this.#emit(record, { type: "inviteEnded", invite, reason: "expired" });
        return true;
      }
      case "ban": {
        const { player } = timer;
        record.bans.delete(player);
        this.#emit(record, { type: "banLifted", player, reason: "expired" });
        return true;
      }
    }
  }
}

function toGraceUs(name: string, graceMs: number): number {
  if (graceMs > MAX_DURATION_MS && graceMs < Infinity) {
    throw new RangeError(
      `Cannot use ${name} as it must be up to ${MAX_DURATION_MS}, or Infinity: current value is ${graceMs}`,
    );
  }
  return toUs(checkNotNegative(name, graceMs));
}
