// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import { checkConfig } from "../manager/_check_input.ts";
import { deepFreeze } from "../manager/_deep_freeze.ts";
import { notAllowed } from "../manager/_errors.ts";
import type { Lobby } from "../manager/lobby.ts";
import type { LobbyConfigChanges } from "../manager/lobby_config.ts";
import type { LobbyRequestError } from "../wire/lobby_answer.ts";
import { FailureReport } from "./_failure_report.ts";
import { averageSkill, type ServerSettings } from "./_server_settings.ts";
import type { LobbyServerEvent } from "./lobby_server_event.ts";
import type {
  LobbyChatWish,
  LobbyConfigVerdict,
} from "./lobby_server_options.ts";

/** How long a client is told to wait whose wish could not be judged. */
const RETRY_MS = 1_000;

/** The functions of the game that are asked. */
type GameHook = (LobbyServerEvent & { type: "hookFailed" })["hook"];

/** What is to be said, as the game has judged it. */
export type VettedText =
  | { readonly isOk: true; readonly value: string }
  | { readonly isOk: false; readonly error: LobbyRequestError };

/** What a lobby is to be, as the game has judged it. */
export type Vetted =
  | { readonly isOk: true; readonly value: LobbyConfigChanges }
  | { readonly isOk: false; readonly error: LobbyRequestError };

/** What the game is asked about players and lobbies: where its functions throw the server goes on, and tells of it. */
export class GameHooks {
  readonly #settings: ServerSettings;
  readonly #tell: (event: LobbyServerEvent) => void;
  readonly #failures = {
    skillOf: new FailureReport(),
    vetConfig: new FailureReport(),
    vetChat: new FailureReport(),
  };
  #nowMs = 0;

  constructor(
    settings: ServerSettings,
    tell: (event: LobbyServerEvent) => void,
  ) {
    this.#settings = settings;
    this.#tell = tell;
  }

  tick(dt: number): void {
    this.#nowMs += dt * 1_000;
  }

  /** How strong a player is: average, if the game cannot say. */
  skillOf(
    player: PlayerId,
  ): { readonly skill: number; readonly uncertainty?: number } {
    try {
      return this.#settings.skillOf(player);
    } catch (error) {
      this.#onFailure("skillOf", player, error);
      return averageSkill();
    }
  }

  /** What the game makes of what a player wants a lobby to be. */
  vet(
    player: PlayerId,
    lobby: Lobby | undefined,
    changes: LobbyConfigChanges,
  ): Vetted {
    const { hostRights = "full" } = lobby?.config ?? {};
    if ((changes.hostRights ?? hostRights) !== hostRights) {
      return { isOk: false, error: notAllowed("hostRights") };
    }
    const { vetConfig, limits } = this.#settings;
    const whole = vetConfig && checkConfig(changes, lobby?.config, limits);
    // What is out of its range, the manager refuses.
    if (vetConfig === undefined || whole?.value === undefined) {
      return { isOk: true, value: changes };
    }
    try {
      const config = deepFreeze(whole.value);
      return apply(changes, vetConfig({ player, lobby, config }));
    } catch (error) {
      this.#onFailure("vetConfig", player, error);
      return undecided("The game cannot say now whether it wants such a lobby");
    }
  }

  /** What the game makes of what a player wants to say; `isFit` tells what may be said at all. */
  vetChat(wish: LobbyChatWish, isFit: (text: string) => boolean): VettedText {
    try {
      const verdict = this.#settings.vetChat?.(wish);
      if (verdict === undefined) return { isOk: true, value: wish.text };
      if (verdict.type === "refused") {
        const { reason } = verdict;
        return {
          isOk: false,
          error: {
            type: "chatRefused",
            reason,
            message: `The game refuses to have that said: ${reason}`,
          },
        };
      }
      const { text } = verdict;
      if (isFit(text)) return { isOk: true, value: text };
      throw new RangeError(
        `Cannot say what vetChat has made of a message as it must be fit to be said: current value is ${
          JSON.stringify(text)
        }`,
      );
    } catch (error) {
      this.#onFailure("vetChat", wish.player, error);
      return undecided("The game cannot say now whether that may be said");
    }
  }

  #onFailure(
    hook: GameHook,
    player: PlayerId,
    error: unknown,
  ): void {
    const times = this.#failures[hook].count(this.#nowMs);
    if (times === undefined) return;
    this.#tell({ type: "hookFailed", hook, player, error, times });
  }
}

function undecided(
  message: string,
): { readonly isOk: false; readonly error: LobbyRequestError } {
  return {
    isOk: false,
    error: { type: "unavailable", retryAfterMs: RETRY_MS, message },
  };
}

function apply(
  changes: LobbyConfigChanges,
  verdict: LobbyConfigVerdict | undefined,
): Vetted {
  if (verdict === undefined) return { isOk: true, value: changes };
  if (verdict.type === "refused") {
    const { reason } = verdict;
    return {
      isOk: false,
      error: {
        type: "configRefused",
        reason,
        message: `The game refuses such a lobby: ${reason}`,
      },
    };
  }
  const teams = { ...changes.teams, ...verdict.changes.teams };
  return { isOk: true, value: { ...changes, ...verdict.changes, teams } };
}
