// This module is browser compatible.
import type { PlayerId, Random } from "../../core/mod.ts";
import type { LobbyRole } from "../lobby_error.ts";
import type { LobbyId } from "../lobby_id.ts";
import type { TeamId } from "../team_id.ts";
import type { Lobby } from "./lobby.ts";
import type { LobbyLimits } from "./lobby_limits.ts";
import type { LobbyMetadata } from "./lobby_metadata.ts";

/** How often passwords may be tried. */
export interface PasswordRate {
  /** How many at once: an integer from 1 to 1000. */
  readonly burst: number;
  /** How many milliseconds later one more is allowed: 1 to 3600000. */
  readonly intervalMs: number;
}

/** Options for {@linkcode LobbyManager}. */
export interface LobbyManagerOptions {
  /** What there is at most. */
  readonly limits?: Partial<LobbyLimits>;
  /**
   * For how long a seat is kept without a connection, in milliseconds: 0 to 2678400000
   * (31 days), or `Infinity`.
   *
   * @default {60_000}
   */
  readonly reconnectGraceMs?: number;
  /**
   * For how long a host may be without a connection before another player decides, in
   * milliseconds: 0 to 2678400000 (31 days), or `Infinity`. A phone takes up to ten seconds to load a page anew, or to
   * change networks; and clients of a server that was away for some time come back within about that time again. A lobby
   * can wait for that: its players see that the host is away. The seat is kept for longer.
   *
   * @default {15_000}
   */
  readonly hostGraceMs?: number;
  /**
   * For how long a password waits to be verified, in milliseconds: above 0 and finite.
   *
   * @default {10_000}
   */
  readonly passwordTimeoutMs?: number;
  /**
   * How often one player may try the password of one lobby.
   *
   * @default {{ burst: 5, intervalMs: 10_000 }}
   */
  readonly passwordRatePerPlayer?: PasswordRate;
  /**
   * How often all players together may try the password of one lobby, however many ids
   * somebody has. An invite code lets in without it.
   *
   * @default {{ burst: 30, intervalMs: 1000 }}
   */
  readonly passwordRatePerLobby?: PasswordRate;
  /**
   * What random teams are drawn from.
   *
   * @default {new SecureRandom()}
   */
  readonly random?: Random;
  /**
   * Makes the id of a new lobby: one that is no other's.
   *
   * @default eight letters and digits from `crypto.getRandomValues()`
   */
  readonly newLobbyId?: () => string;
  /**
   * Makes an invite code that nobody can guess: 1 to 64 bytes.
   *
   * @default twelve letters and digits, 60 bits, from `crypto.getRandomValues()`
   */
  readonly newCode?: () => string;
}

/** What a lobby is told of somebody who comes in. */
export interface LobbyPlayerInfo {
  /**
   * What others see: 1 to `nameBytes` bytes, not blank, without control characters.
   *
   * @default the player's id, if it can be shown
   */
  readonly name?: string;
  /**
   * What the game says about the player.
   *
   * @default {{}}
   */
  readonly metadata?: LobbyMetadata;
  /**
   * How strong the player is, for teams that are assigned: from -1e9 to 1e9, in any
   * unit. Nobody in the lobby sees it.
   *
   * @default {0}
   */
  readonly skill?: number;
  /** With whom the player comes: text of 1 to 64 bytes that all of them have. */
  readonly party?: string;
}

/** Options for {@linkcode LobbyManager.createLobby}. */
export interface CreateLobbyOptions {
  /**
   * The lobby's id.
   *
   * @default what `newLobbyId` makes
   */
  readonly id?: LobbyId;
  /** Who the host is. */
  readonly player?: LobbyPlayerInfo;
  /**
   * What the game says about the lobby.
   *
   * @default {{}}
   */
  readonly metadata?: LobbyMetadata;
  /** What a password is compared with: opaque text of 1 to 1024 bytes, such as a salted hash. */
  readonly passwordVerifier?: string;
}

/** Options for {@linkcode LobbyManager.join}. */
export interface JoinLobbyOptions extends LobbyPlayerInfo {
  /**
   * To play or to look on.
   *
   * @default {"player"}
   */
  readonly role?: LobbyRole;
  /** The password, of up to 256 bytes. */
  readonly password?: string;
}

/** What came of a join that was not refused. */
export type LobbyJoin =
  /** The player is in. */
  | { readonly type: "joined"; readonly lobby: Lobby }
  /**
   * The password is to be verified first: `passwordToVerify` says so to whom can, and
   * {@linkcode LobbyManager.answerPassword} goes on.
   */
  | { readonly type: "pending"; readonly attempt: number };

/** A place in a match that was found. */
export interface LobbyMatchSeat extends LobbyPlayerInfo {
  /** Who. */
  readonly player: PlayerId;
  /** In which team. */
  readonly team?: TeamId;
}

/** Options for {@linkcode LobbyManager.kick}. */
export interface KickOptions {
  /**
   * For how long the player may not come back, in milliseconds: 0 for no time, up to
   * `Infinity` for as long as the lobby lives.
   *
   * @default {0}
   */
  readonly banMs?: number;
}

/** Options for {@linkcode LobbyManager.reserve}. */
export interface ReserveOptions {
  /**
   * For how long the seats are kept, in milliseconds: above 0.
   *
   * @default {30_000}
   */
  readonly ttlMs?: number;
  /** In which team they are. */
  readonly team?: TeamId;
}

/** Options for {@linkcode LobbyManager.invite}. */
export interface InviteOptions {
  /**
   * As what it lets in.
   *
   * @default {"player"}
   */
  readonly role?: LobbyRole;
  /**
   * How often: 1 to 65536, or `Infinity`.
   *
   * @default {Infinity}
   */
  readonly uses?: number;
  /**
   * For how long, in milliseconds: above 0, up to `Infinity`.
   *
   * @default {Infinity}
   */
  readonly ttlMs?: number;
}
