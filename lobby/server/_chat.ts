// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import { utf8Length } from "../../protocol/mod.ts";
import type { LobbyId } from "../lobby_id.ts";
import type { LobbyChatMessage } from "../wire/lobby_push.ts";

/**
 * What control characters there are but the line feed, and what turns the direction of the text around it: nobody types
 * them, and they write over what stands beside them.
 */
const UNFIT =
  // deno-lint-ignore no-control-regex -- they are what is refused
  /[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

/** What is said in lobbies: of each the last messages, and nothing beyond this process. */
export class Chat {
  readonly #maxBytes: number;
  readonly #maxHistory: number;
  readonly #history = new Map<LobbyId, LobbyChatMessage[]>();
  #said = 0;

  constructor(maxBytes: number, maxHistory: number) {
    this.#maxBytes = maxBytes;
    this.#maxHistory = maxHistory;
  }

  /** How many messages there have been. */
  get said(): number {
    return this.#said;
  }

  /** Tells whether a text may be said by anybody. */
  isFit(text: string): boolean {
    return text.trim() !== "" && !UNFIT.test(text) &&
      utf8Length(text) <= this.#maxBytes;
  }

  /** Keeps a message, and numbers it. */
  say(
    lobby: LobbyId,
    player: PlayerId,
    text: string,
    isTeam: boolean,
  ): LobbyChatMessage {
    const number = this.#said += 1;
    const message = { lobby, number, player, text, isTeam };
    if (!isTeam && this.#maxHistory > 0) {
      const history = this.#history.get(lobby) ?? [];
      this.#history.set(lobby, history);
      history.push(message);
      if (history.length > this.#maxHistory) history.shift();
    }
    return message;
  }

  /** The last messages to all of a lobby. */
  last(lobby: LobbyId): readonly LobbyChatMessage[] {
    return this.#history.get(lobby) ?? [];
  }

  /** A lobby is gone. */
  forget(lobby: LobbyId): void {
    this.#history.delete(lobby);
  }
}
