// This module is browser compatible.
import type { Backplane } from "./backplane.ts";

/**
 * Joins the hubs of one process, each in a worker of its own, or those of one origin's
 * pages, by a `BroadcastChannel`.
 *
 * A worker that takes nothing in makes the runtime keep what was sent to it; no
 * runtime tells how much that is.
 *
 * @example Two ends
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { BroadcastChannelBackplane } from "@tickwire/net/websocket";
 *
 * const here = new BroadcastChannelBackplane("docs");
 * const there = new BroadcastChannelBackplane("docs");
 * const got = new Promise((resolve) => there.subscribe(([first]) => resolve(first)));
 * here.publish(new Uint8Array([7]));
 * assertEquals(await got, 7);
 * await here.close();
 * await there.close();
 * ```
 */
export class BroadcastChannelBackplane implements Backplane {
  readonly #channel: BroadcastChannel;
  readonly #listeners = new Set<(envelope: Uint8Array) => void>();
  #isClosed = false;

  /**
   * Opens the channel.
   *
   * @param name The channel's name, the same at all hubs that act as one.
   */
  constructor(name = "tickwire:hub") {
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      // Others may use the name for something else.
      if (this.#isClosed || !(data instanceof Uint8Array)) return;
      for (const listener of this.#listeners) listener(data);
    };
  }

  /**
   * Gives an envelope to all other hubs.
   *
   * @param envelope The bytes, which are copied.
   * @returns Whether it was taken: `false` after `close()`.
   */
  publish(envelope: Uint8Array): boolean {
    if (this.#isClosed) return false;
    // Of a view, the whole buffer behind it would be cloned.
    this.#channel.postMessage(envelope.slice());
    return true;
  }

  /**
   * Hands out the envelopes of the others from now on.
   *
   * @param onEnvelope Called with each envelope; it does not throw.
   * @returns A function that ends it.
   */
  subscribe(onEnvelope: (envelope: Uint8Array) => void): () => void {
    this.#listeners.add(onEnvelope);
    return () => {
      this.#listeners.delete(onEnvelope);
    };
  }

  /**
   * Closes the channel.
   *
   * @returns A promise that is resolved.
   */
  close(): Promise<void> {
    if (!this.#isClosed) this.#channel.close();
    this.#isClosed = true;
    this.#listeners.clear();
    return Promise.resolve();
  }
}
