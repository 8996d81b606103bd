// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import { utf8Length } from "../../protocol/mod.ts";
import { isDisplayLines } from "../_text.ts";
import type { LobbyId } from "../lobby_id.ts";
import type { LobbyChatMessage } from "../wire/lobby_push.ts";

/** The most text that is kept of a lobby: with it a view still finds room in what waits for a client. */
const MAX_KEPT_BYTES = 65_536;

/** A message that is kept. */
interface Kept {
  readonly message: LobbyChatMessage;
  /** Whom it was for; all of the lobby if absent. Who changes teams is not told what was said there before. */
  readonly hearers: readonly PlayerId[] | undefined;
  readonly bytes: number;
}

/** What is said in a lobby: the last messages, without a hole up to the last one. */
interface Talk {
  /** The number of the last message. */
  number: number;
  readonly kept: Kept[];
  bytes: number;
}

/** What somebody has not been told. */
export interface Unheard {
  readonly messages: readonly LobbyChatMessage[];
  /** The numbers of those before that are not there any more, both included. */
  readonly missed: { readonly from: number; readonly to: number } | undefined;
  /** The number of the last message. */
  readonly number: number;
}

/** What is said in lobbies: of each the last messages, and nothing beyond this process but their number. */
export class Chat {
  readonly #maxBytes: number;
  readonly #maxHistory: number;
  readonly #talks = new Map<LobbyId, Talk>();
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
    return isDisplayLines(text, this.#maxBytes);
  }

  /** The number of a lobby's last message: 0 before the first. */
  numberOf(lobby: LobbyId): number {
    return this.#talks.get(lobby)?.number ?? 0;
  }

  /** Goes on after a number, which another process has come to. */
  goOn(lobby: LobbyId, number: number): void {
    const talk = this.#talkOf(lobby);
    talk.number = Math.max(talk.number, number);
  }

  /** Keeps a message, and numbers it. */
  say(
    lobby: LobbyId,
    player: PlayerId,
    text: string,
    hearers: readonly PlayerId[] | undefined,
  ): LobbyChatMessage {
    this.#said += 1;
    const talk = this.#talkOf(lobby);
    const number = talk.number += 1;
    const isTeam = hearers !== undefined;
    const message = { lobby, number, player, text, isTeam };
    const bytes = utf8Length(text);
    talk.kept.push({ message, hearers, bytes });
    talk.bytes += bytes;
    while (
      talk.kept.length > this.#maxHistory || talk.bytes > MAX_KEPT_BYTES
    ) talk.bytes -= talk.kept.shift()!.bytes;
    return message;
  }

  /** What a player has not been told who was told everything up to a number; the last ones, for who has just come. */
  since(lobby: LobbyId, player: PlayerId, after: number | undefined): Unheard {
    const { number, kept } = this.#talks.get(lobby) ?? SILENCE;
    const first = kept[0]?.message.number ?? number + 1;
    return {
      messages: kept.filter(({ message, hearers }) =>
        message.number > (after ?? 0) && hearers?.includes(player) !== false
      ).map(({ message }) => message),
      missed: after !== undefined && after + 1 < first
        ? { from: after + 1, to: first - 1 }
        : undefined,
      number,
    };
  }

  /** A lobby is gone. */
  forget(lobby: LobbyId): void {
    this.#talks.delete(lobby);
  }

  #talkOf(lobby: LobbyId): Talk {
    let talk = this.#talks.get(lobby);
    if (talk === undefined) {
      talk = { number: 0, kept: [], bytes: 0 };
      this.#talks.set(lobby, talk);
    }
    return talk;
  }
}

const SILENCE: Readonly<Talk> = { number: 0, kept: [], bytes: 0 };
