// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { LobbyRole } from "../lobby_error.ts";
import type { TeamId } from "../team_id.ts";
import type { Lobby } from "./lobby.ts";
import type { LobbyJson } from "./lobby_metadata.ts";

/** The format that {@linkcode LobbyManager.snapshot} writes. */
export const LOBBY_SNAPSHOT_FORMAT = 1;

/** What a snapshot keeps of a player or a spectator beside what everybody may see. */
export interface LobbySeatSnapshot {
  /** Who. */
  readonly player: PlayerId;
  /** How strong, in the game's own unit. */
  readonly skill: number;
  /** `false` for a spectator who takes no seat by itself where a password or an invitation is asked for. */
  readonly mayPlay?: boolean;
  /** For how long the seat is kept without a connection, in milliseconds. */
  readonly graceLeftMs?: number;
}

/** What a snapshot keeps of a ban. */
export interface LobbyBanSnapshot {
  /** Who is banned. */
  readonly player: PlayerId;
  /** For how long yet, in milliseconds; absent for as long as the lobby lives. */
  readonly leftMs?: number;
}

/** What a snapshot keeps of an invite code. */
export interface LobbyInviteSnapshot {
  /** Its number. */
  readonly invite: number;
  /** The code. */
  readonly code: string;
  /** Who made it. */
  readonly by: PlayerId;
  /** As what it lets in. */
  readonly role: LobbyRole;
  /** How often yet; absent for any number of times. */
  readonly usesLeft?: number;
  /** For how long yet, in milliseconds; absent for as long as the lobby lives. */
  readonly leftMs?: number;
}

/** What a snapshot keeps of a reservation. */
export interface LobbyReservationSnapshot {
  /** Its number. */
  readonly reservation: number;
  /** Who is expected yet. */
  readonly players: readonly PlayerId[];
  /** In which team. */
  readonly team?: TeamId;
  /** For how long yet, in milliseconds. */
  readonly leftMs: number;
}

/** What a snapshot keeps of a limit on attempts. */
export interface LobbyAttemptSnapshot {
  /** Whose; absent for the limit of the whole lobby. */
  readonly player?: PlayerId;
  /** How long until the limit forgets all of them, in milliseconds. */
  readonly fullInMs: number;
}

/**
 * All that a manager needs to go on with a lobby: a plain value that JSON can hold.
 * Times are what is left, so that it does not age while nobody runs it. It has the
 * verifier of the password, the invite codes and the server's data: keep it as you keep
 * those.
 */
export interface LobbySnapshot {
  /** {@linkcode LOBBY_SNAPSHOT_FORMAT}. */
  readonly format: number;
  /** What everybody may see. */
  readonly lobby: Lobby;
  /** What the password is compared with, if there is one. */
  readonly verifier?: string;
  /** What the server's own code keeps, if it keeps anything. */
  readonly serverData?: LobbyJson;
  /** What else there is of players and spectators, in the order in which they came. */
  readonly seats: readonly LobbySeatSnapshot[];
  /** Who may not come back. */
  readonly bans: readonly LobbyBanSnapshot[];
  /** The invite codes. */
  readonly invites: readonly LobbyInviteSnapshot[];
  /** The seats that are kept. */
  readonly reservations: readonly LobbyReservationSnapshot[];
  /** How much is used up of the limits on password attempts. */
  readonly attempts: readonly LobbyAttemptSnapshot[];
  /** How long the countdown still is, in milliseconds. */
  readonly countdownLeftMs?: number;
  /** How long the ready check still is, in milliseconds. */
  readonly readyCheckLeftMs?: number;
  /** How long the host may stay away, in milliseconds. */
  readonly hostGraceLeftMs?: number;
  /** The number of the next invite. */
  readonly nextInvite: number;
  /** The number of the next reservation. */
  readonly nextReservation: number;
  /** What random teams are made from, an integer from 0 to 2^32 - 1. */
  readonly seed: number;
}
