// This module is browser compatible.

/** Why a datagram socket of the web could not be opened. */
export type WebDatagramErrorCode =
  /** The server is not there, or does not want it. */
  | "connectFailed"
  /** It took longer than it may. */
  | "timedOut"
  /** The signal was aborted. */
  | "aborted"
  /** This runtime has no such thing. */
  | "unsupported";

/** What the opening of a datagram socket of the web rejects with. */
export class WebDatagramError extends Error {
  /** Why, for programs. */
  readonly code: WebDatagramErrorCode;

  /**
   * Makes an error.
   *
   * @param code Why, for programs.
   * @param message Why, for people.
   * @param options What caused it.
   */
  constructor(
    code: WebDatagramErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "WebDatagramError";
    this.code = code;
  }
}
