// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { LobbyRole } from "../lobby_error.ts";
import { ReadyCheck } from "../ready_check/ready_check.ts";
import type { TeamId } from "../team_id.ts";
import type { TeamSeat } from "../teams/team_system.ts";
import type { HeapEntry } from "./_deadline_heap.ts";
import type { Lobby } from "./lobby.ts";
import type { LobbyJson } from "./lobby_metadata.ts";

/** What a manager knows of somebody in a lobby beside what everybody may see. */
export interface Seat {
  readonly skill: number;
  /** Whether whatever is asked of who comes to play has been asked: not of who was invited to look on. */
  mayPlay: boolean;
  /** Until when it is kept without a connection. */
  graceUs: number;
}

/** An invite code. */
export interface Invite {
  readonly invite: number;
  readonly code: string;
  readonly by: PlayerId;
  readonly role: LobbyRole;
  usesLeft: number;
  readonly untilUs: number;
}

/** Seats that are kept. */
export interface Reservation {
  readonly reservation: number;
  readonly players: Set<PlayerId>;
  readonly team: TeamId | undefined;
  readonly untilUs: number;
}

/** All that a manager knows of a lobby. Times are on the manager's scale, `Infinity` for never. */
export interface ManagedLobby extends HeapEntry {
  view: Lobby;
  verifier: string | undefined;
  /** What the server's own code keeps, frozen. */
  serverData: LobbyJson | undefined;
  /** Of all players and spectators. */
  readonly seats: Map<PlayerId, Seat>;
  /** Until when each is banned. */
  readonly bans: Map<PlayerId, number>;
  readonly invites: Map<string, Invite>;
  readonly reservations: Map<number, Reservation>;
  readyCheck: ReadyCheck | undefined;
  countdownUs: number;
  readyCheckUs: number;
  /** When another may become host. */
  hostGraceUs: number;
  /** When password attempts will be forgotten: all, and those of each player. */
  forgottenUs: number;
  readonly forgottenUsOf: Map<PlayerId, number>;
  /** How the last players who were asked about are divided, if they can be. */
  division:
    | { question: string; seats: readonly TeamSeat[] | undefined }
    | undefined;
  nextInvite: number;
  nextReservation: number;
  readonly seed: number;
}

/** Makes a lobby that has nothing but what everybody may see. */
export function makeManagedLobby(
  view: Lobby,
  order: number,
  seed: number,
): ManagedLobby {
  return {
    view,
    order,
    seed,
    deadlineUs: Infinity,
    heapIndex: -1,
    verifier: undefined,
    serverData: undefined,
    seats: new Map(),
    bans: new Map(),
    invites: new Map(),
    reservations: new Map(),
    readyCheck: undefined,
    countdownUs: Infinity,
    readyCheckUs: Infinity,
    hostGraceUs: Infinity,
    forgottenUs: 0,
    forgottenUsOf: new Map(),
    division: undefined,
    nextInvite: 1,
    nextReservation: 1,
  };
}

/** Whether a seat is kept for somebody. */
export function isReserved(record: ManagedLobby, player: PlayerId): boolean {
  for (const { players } of record.reservations.values()) {
    if (players.has(player)) return true;
  }
  return false;
}

/** Uses up the seat that is kept for somebody, and returns its team if it has one. */
export function takeReservation(
  record: ManagedLobby,
  player: PlayerId,
): TeamId | undefined {
  return dropReservedSeat(record, player)?.team;
}

/** Keeps no seat any more for somebody, and returns the reservation that had it, which is over if it has nobody left. */
export function dropReservedSeat(
  record: ManagedLobby,
  player: PlayerId,
): Reservation | undefined {
  for (const found of record.reservations.values()) {
    if (!found.players.delete(player)) continue;
    if (found.players.size === 0) record.reservations.delete(found.reservation);
    return found;
  }
  return undefined;
}

/** How many seats are kept. */
export function reservedSeats(record: ManagedLobby): number {
  let seats = 0;
  for (const { players } of record.reservations.values()) seats += players.size;
  return seats;
}

/** Everybody is heard, so that all who say no are named; the lobby keeps the time. */
export function makeReadyCheck(players: readonly PlayerId[]): ReadyCheck {
  return new ReadyCheck(players, { timeoutMs: Infinity, endsOnDecline: false });
}
