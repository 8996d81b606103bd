// This module is browser compatible.

/**
 * What carries envelopes between hubs, so that several act as one. Implemented by
 * `BroadcastChannelBackplane`, by `RedisBackplane`, and by whoever has another bus.
 *
 * It carries bytes and knows nothing of them; `PROTOCOL.md` says what they are. An
 * envelope that is lost, comes twice or comes damaged is noticed by the hubs; but
 * those of one hub must come in the order in which it published them.
 *
 * One object serves one hub. Whether a hub gets its own envelopes back does not
 * matter: it knows them.
 *
 * @example A bus within one thread, for tests
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import type { Backplane } from "@tickwire/net/websocket";
 *
 * const listeners = new Set<(envelope: Uint8Array) => void>();
 * const bus = (): Backplane => ({
 *   publish(envelope) {
 *     const copy = envelope.slice();
 *     queueMicrotask(() => listeners.forEach((listener) => listener(copy)));
 *     return true;
 *   },
 *   subscribe(onEnvelope) {
 *     listeners.add(onEnvelope);
 *     return () => listeners.delete(onEnvelope);
 *   },
 *   close: () => Promise.resolve(),
 * });
 *
 * const got: number[] = [];
 * bus().subscribe(([first]) => got.push(first!));
 * bus().publish(new Uint8Array([7]));
 * await Promise.resolve();
 * assertEquals(got, [7]);
 * ```
 */
export interface Backplane {
  /**
   * Gives an envelope to all other hubs. It does not wait and does not throw.
   *
   * @param envelope The bytes, which are copied or consumed before this returns.
   * @returns Whether it was taken. `false` if there is no room, or after `close()`;
   * then nobody gets it. `true` is no promise that anybody does.
   */
  publish(envelope: Uint8Array): boolean;
  /**
   * Hands out the envelopes of the others from now on. What came before that is gone.
   *
   * @param onEnvelope Called with each envelope, never from within `publish`. It does
   * not throw. The bytes are valid only during the call.
   * @returns A function that ends it: nothing is handed out after it returns.
   */
  subscribe(onEnvelope: (envelope: Uint8Array) => void): () => void;
  /**
   * Ends it: nothing more is taken nor handed out from the call on, and what was taken
   * before goes out first. Calling it again changes nothing.
   *
   * @returns A promise that resolves when nothing is left open. It does not reject.
   */
  close(): Promise<void>;
}
