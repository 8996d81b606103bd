// This module is browser compatible.

/** How messages are delivered: whether all arrive, and in which order. */
export const Channel = {
  /** Each message arrives exactly once, in any order. */
  Reliable: 0,
  /** Each message arrives at most once, in any order. */
  Unreliable: 1,
  /** Each message arrives exactly once, in the order of sending. */
  ReliableOrdered: 2,
  /**
   * Each message arrives at most once, and never an older one after a newer one:
   * what comes too late is dropped.
   */
  UnreliableOrdered: 3,
} as const;

/** One of the channels. */
export type Channel = typeof Channel[keyof typeof Channel];

/**
 * Tells whether every message of a channel arrives.
 *
 * @param channel The channel.
 * @returns Whether it is `Reliable` or `ReliableOrdered`.
 *
 * @example Which messages may be lost
 * ```ts
 * import { assert } from "@std/assert";
 * import { Channel, isReliable } from "@tickwire/net/protocol";
 *
 * assert(isReliable(Channel.ReliableOrdered));
 * assert(!isReliable(Channel.Unreliable));
 * ```
 */
export function isReliable(channel: Channel): boolean {
  return (channel & 1) === 0;
}

/**
 * Tells whether the messages of a channel arrive in the order of sending.
 *
 * @param channel The channel.
 * @returns Whether it is `ReliableOrdered` or `UnreliableOrdered`.
 *
 * @example Which messages keep their order
 * ```ts
 * import { assert } from "@std/assert";
 * import { Channel, isOrdered } from "@tickwire/net/protocol";
 *
 * assert(isOrdered(Channel.UnreliableOrdered));
 * assert(!isOrdered(Channel.Reliable));
 * ```
 */
export function isOrdered(channel: Channel): boolean {
  return (channel & 2) !== 0;
}

/**
 * Tells whether a number, such as one from the wire, is a channel.
 *
 * @param value Any number.
 * @returns Whether it is 0, 1, 2 or 3.
 *
 * @example A number from the wire
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { isChannel } from "@tickwire/net/protocol";
 *
 * assertEquals([3, 4, 1.5].map(isChannel), [true, false, false]);
 * ```
 */
export function isChannel(value: number): value is Channel {
  return (value & 3) === value;
}
