// This module is browser compatible.
import type { RpcTicket } from "./rpc_ticket.ts";

/** What became of a call that has no result, as a promise is rejected with it. */
export class RpcCallError extends Error {
  /** The type of the outcome; `refused` if the call was not taken. */
  readonly outcome:
    | "failed"
    | "timedOut"
    | "cancelled"
    | "disconnected"
    | "refused";
  /** Of a call that has failed: an `RpcFailReason`. */
  readonly reason: string | undefined;
  /** The game's own code, if the reason is `failure`; else 0. */
  readonly code: number;

  /**
   * Creates an error.
   *
   * @param outcome The type of the outcome.
   * @param event What the event tells.
   */
  constructor(outcome: RpcCallError["outcome"], event: TicketEvent = NOTHING) {
    super(event.message || `The call was ${WORDS[outcome]}`);
    this.name = "RpcCallError";
    this.outcome = outcome;
    this.reason = event.reason;
    this.code = event.code ?? 0;
  }
}

/** What is looked at in an event of an endpoint. */
export interface TicketEvent {
  /** What it is. */
  readonly type?: string;
  /** Of an outcome: of which call. */
  readonly ticket?: RpcTicket;
  /** Of a result: the answer. */
  readonly value?: unknown;
  /** Of a failure: why. */
  readonly reason?: string;
  /** Of a failure: the game's code. */
  readonly code?: number;
  /** Of a failure: for people. */
  readonly message?: string;
}

const NOTHING: TicketEvent = Object.freeze({});
const WORDS: Readonly<Record<RpcCallError["outcome"], string>> = {
  failed: "answered with an error",
  timedOut: "not answered in time",
  cancelled: "cancelled",
  disconnected: "cut off",
  refused: "not taken",
};

interface Waiter {
  readonly resolve: (value: never) => void;
  readonly reject: (error: RpcCallError) => void;
}

/**
 * Promises of the outcomes of calls, for tools and tests: a game has its events. Whoever
 * drains the events gives each of them to {@linkcode RpcPromises.take}.
 *
 * @example Await an answer
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemoryLinkPair, u8 } from "@tickwire/net/protocol";
 * import { clientId, defineRpc, RpcClient, RpcPromises, RpcServer } from "@tickwire/net/rpc";
 *
 * const game = defineRpc({ double: { params: { n: u8 }, from: "client", reply: u8 } });
 * const pair = new MemoryLinkPair();
 * const server = new RpcServer(game);
 * server.connect(pair.a, clientId(1));
 * server.answer("double", ({ n }) => n * 2);
 * const client = new RpcClient(game, pair.b);
 *
 * const promises = new RpcPromises();
 * const doubled = promises.of(client.call("double", { n: 21 }));
 * while (promises.size > 0) {
 *   server.tick(1 / 60);
 *   client.tick(1 / 60);
 *   for (const event of client.drainEvents()) promises.take(event);
 * }
 * assertEquals(await doubled, 42);
 * ```
 */
export class RpcPromises {
  readonly #waiters = new Map<RpcTicket, Waiter>();

  /** How many promises are not settled yet. */
  get size(): number {
    return this.#waiters.size;
  }

  /**
   * Promises the outcome of a call.
   *
   * @typeParam T What it is answered with.
   * @param ticket What `call()` has returned, just now: before its outcome is drained.
   * @returns The answer. It rejects with an {@linkcode RpcCallError} for any other outcome,
   * and if the call was not taken.
   * @throws {TypeError} If the ticket has a promise already.
   */
  of<T>(ticket: RpcTicket<T> | undefined): Promise<T> {
    if (ticket === undefined) {
      return Promise.reject(new RpcCallError("refused"));
    }
    if (this.#waiters.has(ticket)) {
      throw new TypeError(
        `Cannot promise an outcome as the ticket must have no promise yet: current value is ${ticket}`,
      );
    }
    return new Promise<T>((resolve, reject) => {
      this.#waiters.set(ticket, { resolve, reject });
    });
  }

  /**
   * Takes an event, and settles the promise that it is about.
   *
   * @param event Any event of the endpoint whose tickets these are.
   * @returns Whether there was one.
   */
  take(event: TicketEvent): boolean {
    const { ticket, type, value } = event;
    const waiter = ticket === undefined ? undefined : this.#waiters.get(ticket);
    if (waiter === undefined) return false;
    this.#waiters.delete(ticket!);
    if (type === "result") waiter.resolve(value as never);
    else waiter.reject(new RpcCallError(type as "failed", event));
    return true;
  }
}
