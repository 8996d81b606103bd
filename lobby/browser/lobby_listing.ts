// This module is browser compatible.
import type { GameMode } from "../game_mode.ts";
import type { LobbyId } from "../lobby_id.ts";
import type { Lobby } from "../manager/lobby.ts";
import type { LobbyMetadata } from "../manager/lobby_metadata.ts";
import { LobbyState } from "../manager/lobby_state.ts";

/** What somebody who looks for a lobby is told of one. */
export interface LobbyListing {
  /** Which one. */
  readonly id: LobbyId;
  /** What it is called. */
  readonly name: string;
  /** What is played. */
  readonly mode: GameMode;
  /** Where: text of the game's own, empty for none. */
  readonly map: string;
  /** Where it is between one game and the next. */
  readonly state: LobbyState;
  /** How many play. */
  readonly players: number;
  /** How many seats there are. */
  readonly maxPlayers: number;
  /** How many of them are kept for somebody who is not there yet. */
  readonly reservedSeats: number;
  /** How many look on. */
  readonly spectators: number;
  /** Whether a password is asked for. */
  readonly isPrivate: boolean;
  /** Whether somebody may come in now, seats apart. */
  readonly isJoinable: boolean;
  /** Whether somebody may come in now to look on, without an invite code: a place is free, too. */
  readonly isOpenToSpectators: boolean;
  /** Where its server is, in the game's own words; empty if that does not matter. */
  readonly region: string;
  /** Of what the game says about it, what is listed. */
  readonly metadata: LobbyMetadata;
  /** Milliseconds to it and back, where the listing itself tells; a {@linkcode LobbyBrowser} else asks its `pings`. */
  readonly pingMs?: number;
}

/** How {@linkcode lobbyListing} makes a listing. */
export interface LobbyListingOptions {
  /**
   * Where the server is.
   *
   * @default {""}
   */
  readonly region?: string;
  /**
   * Which of the lobby's metadata are listed.
   *
   * @default {[]}
   */
  readonly metadata?: readonly string[];
}

/**
 * Tells what is listed of a lobby, whether or not it is one to be listed.
 *
 * @param lobby The lobby.
 * @param options Where, and how much.
 * @returns The listing.
 *
 * @example What of a lobby is listed
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { playerId } from "@tickwire/net/core";
 * import { lobbyListing, LobbyManager } from "@tickwire/net/lobby";
 *
 * const manager = new LobbyManager();
 * const made = manager.createLobby(playerId("ada"), { name: "Duel", maxPlayers: 2 });
 * if (!made.isOk) throw new Error(made.error.message);
 * const { name, players, maxPlayers, region } = lobbyListing(made.value, { region: "eu" });
 * assertEquals([name, players, maxPlayers, region], ["Duel", 1, 2, "eu"]);
 * ```
 */
export function lobbyListing(
  lobby: Lobby,
  options: LobbyListingOptions = {},
): LobbyListing {
  const { config, state, spectators } = lobby;
  const metadata: Record<string, string | number | boolean> = {};
  for (const name of options.metadata ?? []) {
    const value = lobby.metadata[name];
    if (value !== undefined) metadata[name] = value;
  }
  return {
    id: lobby.id,
    name: config.name,
    mode: config.mode,
    map: config.map,
    state,
    players: lobby.players.length,
    maxPlayers: config.maxPlayers,
    reservedSeats: lobby.reservedSeats,
    spectators: spectators.length,
    isPrivate: lobby.hasPassword,
    isJoinable: config.isJoinableInGame || state === LobbyState.Waiting ||
      state === LobbyState.Postgame,
    isOpenToSpectators: config.access !== "inviteOnly" &&
      config.spectatorAccess === "open" &&
      spectators.length < config.maxSpectators,
    region: options.region ?? "",
    metadata,
  };
}

/** Whether no seat is free. */
export function isFull(listing: LobbyListing): boolean {
  return listing.players + listing.reservedSeats >= listing.maxPlayers;
}
