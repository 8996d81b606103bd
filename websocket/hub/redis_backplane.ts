// This module is browser compatible.
import {
  checkInteger,
  decodeBase64,
  encodeBase64,
  type RedisLike,
} from "../../core/mod.ts";
import type { Backplane } from "./backplane.ts";

/** Options for {@linkcode RedisBackplane.open}. */
export interface RedisBackplaneOptions {
  /**
   * The channel of publish/subscribe, the same at all hubs that act as one. Whoever
   * can publish on it can speak for a hub.
   *
   * @default {"tickwire:hub"}
   */
  readonly channel?: string;
  /**
   * The most bytes of envelopes that the server has not confirmed; beyond them, none
   * is taken: 1 to 2^30.
   *
   * @default {16777216}
   */
  readonly maxPendingBytes?: number;
}

/** Above all that a hub may publish; a longer text is not even decoded. */
const MAX_TEXT_LENGTH = 2 ** 27;

/**
 * Joins the hubs of several processes or machines by the publish/subscribe of Redis,
 * through the game's own client.
 *
 * All of it goes over one channel, as each subscription of a client is a connection:
 * a hub sees what is published to channels without subscribers of its own, and drops
 * it. An envelope is base64, for clients decode replies as text.
 *
 * What is published while the connection is down is lost, as Redis has it; the hubs
 * count it, and put together again who is there.
 *
 * @example A hub that is one of several
 * ```ts ignore
 * import { createClient } from "redis";
 * import { fromNodeRedis } from "@tickwire/net/core";
 * import { RedisBackplane } from "@tickwire/net/websocket";
 *
 * const client = createClient({ url: "redis://127.0.0.1:6379" });
 * client.on("error", console.error);
 * await client.connect();
 * const backplane = await RedisBackplane.open(fromNodeRedis(client));
 * // new WsHub({ …, backplane })
 * ```
 */
export class RedisBackplane implements Backplane {
  readonly #redis: RedisLike;
  readonly #channel: string;
  readonly #maxPendingBytes: number;
  readonly #listeners = new Set<(envelope: Uint8Array) => void>();
  #end: (() => Promise<void>) | undefined;
  #closed: Promise<void> | undefined;
  #pendingBytes = 0;
  #pending: Promise<unknown> = Promise.resolve();
  #failed = 0;

  private constructor(redis: RedisLike, channel: string, maxBytes: number) {
    this.#redis = redis;
    this.#channel = channel;
    this.#maxPendingBytes = maxBytes;
  }

  /**
   * Subscribes to the channel.
   *
   * @param redis The client, which stays the caller's to close.
   * @param options Where, and bounds.
   * @returns A promise that resolves when the server has confirmed.
   * @throws {TypeError} If `redis` cannot subscribe.
   * @throws {RangeError} If `maxPendingBytes` is out of its range.
   * @throws If the server cannot be reached.
   */
  static async open(
    redis: RedisLike,
    options: RedisBackplaneOptions = {},
  ): Promise<RedisBackplane> {
    const { channel = "tickwire:hub", maxPendingBytes = 16_777_216 } = options;
    checkInteger("maxPendingBytes", maxPendingBytes, 1, 2 ** 30);
    if (redis.subscribe === undefined) {
      throw new TypeError(
        `Cannot open a RedisBackplane as redis must have subscribe: current value is ${redis.subscribe}`,
      );
    }
    const backplane = new RedisBackplane(redis, channel, maxPendingBytes);
    backplane.#end = await redis.subscribe(
      channel,
      (text) => backplane.#onText(text),
    );
    return backplane;
  }

  /** How many envelopes were taken that the server did not confirm. */
  get failed(): number {
    return this.#failed;
  }

  /**
   * Gives an envelope to all hubs.
   *
   * @param envelope The bytes, which are copied.
   * @returns Whether it was taken: `false` if too much waits, or after `close()`.
   */
  publish(envelope: Uint8Array): boolean {
    const { length } = envelope;
    if (
      this.#closed !== undefined ||
      this.#pendingBytes + length > this.#maxPendingBytes
    ) return false;
    this.#pendingBytes += length;
    // Replies come in the order of the commands: the last one is all of them.
    this.#pending = this.#send(encodeBase64(envelope), length);
    return true;
  }

  /**
   * Hands out the envelopes of all hubs from now on, this one's among them.
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
   * Waits for what was published, and ends the subscription.
   *
   * @returns A promise that resolves when nothing is left open.
   */
  close(): Promise<void> {
    this.#listeners.clear();
    return this.#closed ??= this.#finish();
  }

  async #send(text: string, length: number): Promise<void> {
    try {
      await this.#redis.command(["PUBLISH", this.#channel, text]);
    } catch {
      this.#failed += 1;
    }
    this.#pendingBytes -= length;
  }

  #onText(text: string): void {
    if (this.#closed !== undefined || text.length > MAX_TEXT_LENGTH) return;
    // What is no base64 is handed on as no bytes, which a hub counts as wrong.
    const envelope = decodeBase64(text) ?? new Uint8Array(0);
    for (const listener of this.#listeners) listener(envelope);
  }

  async #finish(): Promise<void> {
    await this.#pending;
    try {
      await this.#end?.();
    } catch {
      // The connection was gone already.
    }
  }
}
