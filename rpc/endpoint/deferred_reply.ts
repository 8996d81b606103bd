// This module is browser compatible.
import { checkFailure } from "./rpc_failure.ts";

/** What takes the answer of a {@linkcode DeferredReply}. */
export interface ReplySink {
  /**
   * Takes the answer.
   *
   * @param value The value.
   * @returns Whether it will be sent.
   * @throws {RangeError} If the reply of the call does not allow it.
   */
  value(value: unknown): boolean;
  /**
   * Takes an error instead.
   *
   * @param code What kind.
   * @param message For people.
   * @returns Whether it will be sent.
   */
  failure(code: number, message: string): boolean;
}

/**
 * An answer that is given later. A handler gets it from its context, keeps it, and
 * returns it in place of the answer.
 *
 * It counts as one of the calls that the caller may have waiting until it is settled.
 *
 * @typeParam T What the call is answered with.
 */
export class DeferredReply<T> {
  #sink: ReplySink | undefined;

  /**
   * Creates one; done by the endpoint.
   *
   * @param sink What takes the answer.
   */
  constructor(sink: ReplySink) {
    this.#sink = sink;
  }

  /** Whether it was settled. */
  get isSettled(): boolean {
    return this.#sink === undefined;
  }

  /**
   * Answers. It leaves at the end of the tick, of the next one if none is under way.
   *
   * @param value What with.
   * @returns Whether it will be sent: not if it was settled before, or the caller is
   * gone.
   * @throws {RangeError} If the reply of the call does not allow it; nothing is settled
   * then.
   */
  settle(value: T): boolean {
    const sink = this.#sink;
    if (sink === undefined) return false;
    const isSent = sink.value(value);
    this.#sink = undefined;
    return isSent;
  }

  /**
   * Answers with an error.
   *
   * @param code What kind: an integer from 0 to 65535, as the game numbers them.
   * @param message For people: at most 256 bytes of UTF-8.
   * @returns Whether it will be sent: not if it was settled before, or the caller is
   * gone.
   * @throws {RangeError} If `code` or `message` is out of its range; nothing is settled
   * then.
   */
  fail(code: number, message = ""): boolean {
    checkFailure(code, message);
    const sink = this.#sink;
    this.#sink = undefined;
    return sink?.failure(code, message) ?? false;
  }
}
