import { type PlayerId, playerId, SeededRandom } from "../../../core/mod.ts";
import { type LobbyId, lobbyId } from "../../lobby_id.ts";
import type { LobbyResult } from "../../lobby_result.ts";
import { teamId } from "../../team_id.ts";
import type { LobbyConfigChanges } from "../lobby_config.ts";
import type { LobbyManager } from "../lobby_manager.ts";

/** What came of a call, as far as a test wants to know. */
export type CallResult = LobbyResult<unknown> | undefined;

/** One call, which can be made of several managers alike. */
export type Call = (manager: LobbyManager) => CallResult;

/** Draws calls that people and servers make, sensible ones and others. */
export class RandomLobbyCalls {
  readonly #random: SeededRandom;
  readonly #players: PlayerId[];
  readonly #lobbies: LobbyId[];

  constructor(seed: number, playerCount: number, lobbyCount: number) {
    this.#random = new SeededRandom(seed);
    this.#players = Array.from(
      { length: playerCount },
      (_, i) => playerId(`p${i}`),
    );
    this.#lobbies = Array.from(
      { length: lobbyCount },
      (_, i) => lobbyId(`l${i}`),
    );
  }

  /** All players who may come up. */
  get players(): readonly PlayerId[] {
    return this.#players;
  }

  /** All lobbies that may come up. */
  get lobbies(): readonly LobbyId[] {
    return this.#lobbies;
  }

  /** A number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.#random.nextFloat() * end);
  }

  /** One of several. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  chance(part: number): boolean {
    return this.#random.nextFloat() < part;
  }

  /** The next call, chosen with an eye on the state of a manager. */
  next(manager: LobbyManager): Call {
    const player = this.pick(this.#players);
    const lobby = this.pick(this.#lobbies);
    const home = manager.lobbyForPlayer(player);
    // Mostly those who can, so that much comes to pass.
    const by = home !== undefined && this.chance(0.8) ? home.host : player;
    const other = home !== undefined && this.chance(0.9)
      ? this.pick([...home.players, ...home.spectators]).id
      : this.pick(this.#players);
    const role = this.chance(0.75) ? "player" : "spectator";
    const isOn = this.chance(0.75);
    // Who is nowhere mostly comes in, and who is asked mostly answers.
    const kind = home === undefined
      ? this.pick([0, 3, 3, 3, 3, 7, this.below(31)])
      : home.readyCheck !== undefined && this.chance(0.4)
      ? 30
      : this.below(31);
    switch (kind) {
      case 0:
      case 1: {
        const config = this.#config();
        const options = {
          id: lobby,
          player: this.#info(),
          metadata: { n: this.below(9) },
          ...(this.chance(0.2) ? { passwordVerifier: "v" } : {}),
        };
        return (m) => m.createLobby(player, config, options);
      }
      case 2: {
        const seats = Array.from({ length: 1 + this.below(4) }, () => ({
          player: this.pick(this.#players),
          ...(this.chance(0.3) ? { team: teamId(this.below(3)) } : {}),
        }));
        const config = this.#config();
        return (m) => m.createMatch(seats, config, { id: lobby });
      }
      case 3:
      case 4:
      case 5:
      case 6: {
        const options = {
          role,
          ...this.#info(),
          ...(this.chance(0.7) ? { password: "pw" } : {}),
        } as const;
        return (m) => m.join(player, lobby, options);
      }
      case 7: {
        const codes = manager.invites(lobby);
        const code = codes.length > 0 ? this.pick(codes).code : "none";
        const info = this.#info();
        return (m) => m.joinByCode(player, code, info);
      }
      case 8:
        return this.chance(0.4) ? (m) => m.leave(player) : () => undefined;
      case 9: {
        const banMs = this.pick([0, 0, 100, 5000, Infinity]);
        return (m) => m.kick(by, other, { banMs });
      }
      case 10: {
        const bans = home === undefined ? [] : manager.bans(home.id);
        const who = bans.length > 0 ? this.pick(bans).player : other;
        return (m) => m.unban(by, who);
      }
      case 11:
      case 12:
        return (m) => m.setConnected(player, isOn);
      case 13:
      case 14:
      case 15:
        return (m) => m.setReady(player, isOn);
      case 16:
      case 17:
        return (m) => m.startGame(by);
      case 18:
        return (m) => m.cancelStart(by);
      case 19: {
        const results = this.chance(0.5) ? { winner: player } : undefined;
        return (m) => m.endGame(lobby, results);
      }
      case 20:
        return (m) => m.resetLobby(by);
      case 21: {
        const changes = this.#config();
        return (m) => m.configure(by, changes);
      }
      case 22: {
        const changes = {
          [this.pick(["a", "b", "7"])]: this.pick([1, "x", null, true]),
        };
        return this.chance(0.5)
          ? (m) => m.setMetadata(by, changes)
          : (m) => m.setPlayerMetadata(player, changes);
      }
      case 23: {
        const verifier = this.chance(0.3) ? "w" : undefined;
        return (m) => m.setPassword(by, verifier);
      }
      case 24:
        return (m) => m.transferHost(by, other);
      case 25:
        return (m) => m.setRole(by, other, role);
      case 26: {
        const team = this.chance(0.2) ? undefined : teamId(this.below(4));
        return (m) => m.setTeam(by, other, team);
      }
      case 27: {
        const isRebalance = this.chance(0.5);
        return (m) => isRebalance ? m.rebalanceTeams(by) : m.assignTeams(by);
      }
      case 28: {
        const kept = manager.reservations(lobby);
        if (kept.length > 0 && this.chance(0.3)) {
          const { reservation } = this.pick(kept);
          return (m) => m.cancelReservation(lobby, reservation);
        }
        const players = Array.from(
          { length: 1 + this.below(2) },
          () => this.pick(this.#players),
        );
        const options = { ttlMs: 1 + this.below(3000) };
        return (m) => m.reserve(lobby, players, options);
      }
      case 29: {
        const codes = home === undefined ? [] : manager.invites(home.id);
        if (codes.length > 0 && this.chance(0.3)) {
          const { code } = this.pick(codes);
          return (m) => m.revokeInvite(by, code);
        }
        const options = {
          role,
          uses: this.pick([1, 2, Infinity]),
          ttlMs: this.pick([100, 3000, Infinity]),
        } as const;
        return (m) => m.invite(by, options);
      }
      default: {
        if (home?.readyCheck === undefined) {
          return (m) => m.startReadyCheck(by, 1000);
        }
        return this.chance(0.1)
          ? (m) => m.cancelReadyCheck(by)
          : (m) => m.vote(player, isOn);
      }
    }
  }

  #info(): { name: string; skill: number; party?: string } {
    return {
      name: `n${this.below(100)}`,
      skill: this.below(3000),
      ...(this.chance(0.2) ? { party: `party${this.below(3)}` } : {}),
    };
  }

  #config(): LobbyConfigChanges {
    const all: LobbyConfigChanges = {
      name: `Lobby ${this.below(9)}`,
      map: this.pick(["", "harbour"]),
      maxPlayers: 1 + this.below(8),
      minPlayers: 1 + this.below(2),
      access: this.pick(["public", "public", "unlisted", "inviteOnly"]),
      maxSpectators: this.below(4),
      spectatorAccess: this.pick(["open", "invited", "none"]),
      inviters: this.pick(["host", "players"]),
      isJoinableInGame: this.chance(0.5),
      isAutoStarted: this.chance(0.4),
      countdownMs: this.pick([0, 500, 3000]),
      teams: {
        count: this.pick([0, 2, 3]),
        assignment: this.pick(["auto", "random", "manual"]),
      },
    };
    // A few of them at a time.
    const part = this.pick([0.2, 0.9]);
    return Object.fromEntries(
      Object.entries(all).filter(() => this.chance(part)),
    );
  }
}
