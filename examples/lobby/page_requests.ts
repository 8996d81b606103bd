import {
  type LobbyCallError,
  type LobbyClientEvent,
  LobbyPromises,
  type LobbyRequestError,
  type LobbyRequestId,
  type LobbyRequestName,
  type LobbyValueOf,
} from "../../lobby/mod.ts";
import { element, setText } from "./browser.ts";

const NOTICE_SECONDS = 6;

/** What becomes of something that was asked for. */
export interface Outcome<T> {
  onDone?(value: T): void;
  /** Why not, in words; by default they are shown at the bottom of the page. */
  onRefused?(words: string): void;
}

/** What was asked for and is not answered yet, and the line that tells people what went wrong. */
export class Requests {
  readonly #promises = new LobbyPromises();
  #noticeSeconds = 0;

  /**
   * Minds a request.
   *
   * @param request What the client's call has given.
   * @param outcome What is to be done then.
   */
  ask<K extends LobbyRequestName>(
    request: LobbyRequestId<K> | undefined,
    outcome: Outcome<LobbyValueOf<K>> = {},
  ): void {
    this.#promises.of(request).then(
      (value) => outcome.onDone?.(value),
      (error: LobbyCallError) => {
        const words = wordsFor(error);
        if (outcome.onRefused !== undefined) outcome.onRefused(words);
        else this.notice(words);
      },
    );
  }

  /** Takes an event, if it is the end of a request. */
  take(event: LobbyClientEvent): void {
    this.#promises.take(event);
  }

  /** Tells people something. */
  notice(words: string): void {
    this.#noticeSeconds = NOTICE_SECONDS;
    setText(element("notice"), words);
    element("notice").hidden = false;
  }

  frame(dt: number): void {
    if (this.#noticeSeconds <= 0) return;
    this.#noticeSeconds -= dt;
    if (this.#noticeSeconds > 0) return;
    element("notice").hidden = true;
    setText(element("notice"), "");
  }
}

/** Why something was not done, in the words of this game. */
function wordsFor({ outcome, error, reason }: LobbyCallError): string {
  if (error !== undefined) return wordsForRefusal(error);
  if (outcome === "notTaken") return "Not connected";
  return reason === "undelivered"
    ? "The server was restarted: please try again"
    : "The server did not answer";
}

function wordsForRefusal(error: LobbyRequestError): string {
  switch (error.type) {
    case "wrongPassword":
      return "That password is wrong";
    case "lobbyFull":
      return "All seats are taken";
    case "lobbyNotFound":
      return "That lobby is gone";
    case "lobbyNotJoinable":
      return error.reason === "inGame"
        ? "A game is under way"
        : error.reason === "inviteOnly"
        ? "Only an invite code lets you in"
        : "You cannot get in now";
    case "notFound":
      return error.what === "invite" ? "Nobody knows that code" : error.message;
    case "rateLimited":
      return `Too fast: try again in ${
        Math.ceil(error.retryAfterMs / 1_000)
      } s`;
    default:
      return error.message;
  }
}
