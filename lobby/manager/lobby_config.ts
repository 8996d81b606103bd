// This module is browser compatible.
import type { GameMode } from "../game_mode.ts";
import type { TeamAssignment } from "../teams/team_assignment.ts";

/** Who can find a lobby and enter it, before any password. */
export type LobbyAccess =
  /** It is listed, and anybody may enter. */
  | "public"
  /** It is not listed, but who knows its id may enter. */
  | "unlisted"
  /** It is not listed, and only an invite code or a reserved seat lets in. */
  | "inviteOnly";

/** Who may look on. */
export type SpectatorAccess =
  /** Whoever could enter as a player. */
  | "open"
  /** Who has an invite code, or is a player of the lobby already. */
  | "invited"
  /** Nobody. */
  | "none";

/** What the host of a lobby may do beyond what every player may. */
export type HostRights =
  /** All that is the host's. */
  | "full"
  /**
   * Nothing: the host is a player like the others, as in the lobby of a match, whose players nobody has chosen to be with. A
   * `LobbyServer` refuses what only a host may ask for; the game's own server still does it as `lobby.host`.
   */
  | "none";

/** How a lobby divides its players. */
export interface LobbyTeamConfig {
  /** How many teams there are: 0 for none, else 2 to 16. */
  readonly count: number;
  /** Whether teams are assigned when the game begins, or chosen. */
  readonly assignment: TeamAssignment;
  /** How many players a team has at most: 1 to 256. */
  readonly maxSize: number;
}

/** What a lobby is set to, which its host may change while it waits. */
export interface LobbyConfig {
  /** What others see: 1 to `maxNameBytes` bytes in UTF-8, not blank, without control characters. */
  readonly name: string;
  /** What is played. */
  readonly mode: GameMode;
  /** Where: text of the game's own, up to 64 bytes, empty for none. */
  readonly map: string;
  /** How many seats there are, reserved ones included: 1 to `maxPlayersPerLobby`. */
  readonly maxPlayers: number;
  /** How many players a game needs: 1 to `maxPlayers`. */
  readonly minPlayers: number;
  /** Who can find and enter it. */
  readonly access: LobbyAccess;
  /** How many may look on: 0 to `maxSpectatorsPerLobby`. */
  readonly maxSpectators: number;
  /** Who may look on. */
  readonly spectatorAccess: SpectatorAccess;
  /** Who may make invite codes. */
  readonly inviters: "host" | "players";
  /** Whether players may enter while a game is under way, or in the countdown to it, which that ends. */
  readonly isJoinableInGame: boolean;
  /** Whether a countdown begins by itself when everybody is ready. */
  readonly isAutoStarted: boolean;
  /** How long the countdown is, in milliseconds: 0 for none, up to 600000. */
  readonly countdownMs: number;
  /** How the players are divided. */
  readonly teams: LobbyTeamConfig;
  /** What the host may do. It is the game's own server that says so: no request changes it. */
  readonly hostRights: HostRights;
}

/** A configuration with gaps, as it is given: what is missing is as it was, or the default. */
export type LobbyConfigChanges =
  & { readonly [K in Exclude<keyof LobbyConfig, "teams">]?: LobbyConfig[K] }
  & { readonly teams?: Partial<LobbyTeamConfig> };
