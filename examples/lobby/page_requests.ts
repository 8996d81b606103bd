import type {
  LobbyClientEvent,
  LobbyRequestError,
  LobbyRequestName,
  LobbyValues,
} from "../../lobby/mod.ts";
import { element, setText } from "./browser.ts";

const NOTICE_SECONDS = 6;

/** What becomes of something that was asked for. */
export interface Outcome<T> {
  onDone?(value: T): void;
  /** Why not, in words; by default they are shown at the bottom of the page. */
  onRefused?(words: string): void;
}

type ValueOf<K extends LobbyRequestName> = K extends keyof LobbyValues
  ? LobbyValues[K]
  : Readonly<Record<string, never>>;

/** What was asked for and is not answered yet, and the line that tells people what went wrong. */
export class Requests {
  readonly #waiting = new Map<number, Outcome<never>>();
  #noticeSeconds = 0;

  /** How many are not answered. */
  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Minds a request.
   *
   * @param request What the client's call has given.
   * @param outcome What is to be done then.
   */
  ask<K extends LobbyRequestName>(
    request: number | undefined,
    outcome: Outcome<ValueOf<K>> = {},
  ): void {
    if (request === undefined) this.#refused(outcome, "Not connected");
    else this.#waiting.set(request, outcome as Outcome<never>);
  }

  /** Takes an event, if it is the end of a request. */
  take(event: LobbyClientEvent): void {
    if (
      event.type !== "done" && event.type !== "refused" &&
      event.type !== "failed"
    ) return;
    const outcome = this.#waiting.get(event.request);
    this.#waiting.delete(event.request);
    if (event.type === "done") outcome?.onDone?.(event.value as never);
    else if (event.type === "refused") {
      this.#refused(outcome, wordsFor(event.error));
    } else {
      this.#refused(
        outcome,
        event.reason === "undelivered"
          ? "The server was restarted: please try again"
          : "The server did not answer",
      );
    }
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

  #refused(outcome: Outcome<never> | undefined, words: string): void {
    if (outcome?.onRefused !== undefined) outcome.onRefused(words);
    else this.notice(words);
  }
}

/** What a server says, in the words of this game. */
function wordsFor(error: LobbyRequestError): string {
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
