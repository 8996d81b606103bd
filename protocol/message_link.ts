// This module is browser compatible.
import type { Channel } from "./channel.ts";

/**
 * Where a {@linkcode MessageLink} stands. It goes from `connecting` to `open` to
 * `closed`, may leave out either of the first two, and never goes back.
 */
export type LinkState =
  | {
    /** Nothing can be sent yet. */
    readonly type: "connecting";
  }
  | {
    /** Messages can be sent, and come in. */
    readonly type: "open";
  }
  | {
    /** It is over: nothing can be sent, and nothing comes in. */
    readonly type: "closed";
    /**
     * Why: what was given to `close()`, here or at the other end, or the link's
     * own words. At most {@linkcode MAX_CLOSE_REASON_BYTES} bytes of UTF-8.
     */
    readonly reason: string;
  };

/**
 * Takes a message that has come in, and the channel it was sent on.
 *
 * The bytes belong to the link and hold the message only until the sink returns:
 * it copies what it keeps, and writes nothing into them.
 */
export type MessageSink = (bytes: Uint8Array, channel: Channel) => void;

/**
 * One end of a connection that carries whole messages over the four
 * {@linkcode Channel}s, whatever is beneath: what calls, state and lobbies speak
 * over.
 *
 * **Time.** A link has no callbacks of its own and no `tick`: its owner (a
 * connection, a socket client, a {@linkcode MemoryLinkPair}) moves it on, and what
 * has come in waits until {@linkcode MessageLink.poll}. No method throws for what
 * a network or a peer did.
 *
 * **Guarantees.** Each channel keeps what it promises from `open` until either end
 * closes; there is no order between different channels. A link may promise more
 * than was asked: over a WebSocket everything is reliable and ordered.
 *
 * **Closing.** The end that calls {@linkcode MessageLink.close} is closed at once,
 * and loses what had come in but was not polled. What it had sent before is still
 * on its way under the promise of its channel; after that the reason arrives. The
 * other end is closed when it has polled all this, not earlier; what it sends in
 * the meantime is accepted and lost. If the connection breaks, each end is closed
 * with a reason of the link's own, after what had come in whole was polled.
 *
 * @example Whatever the link, the same code
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Channel, MemoryLinkPair, type MessageLink } from "@tickwire/net/protocol";
 *
 * function echo(link: MessageLink): void {
 *   link.poll((bytes, channel) => link.send(bytes, channel));
 * }
 *
 * const pair = new MemoryLinkPair();
 * pair.a.send(new Uint8Array([1, 2, 3]), Channel.ReliableOrdered);
 * echo(pair.b);
 * const answers: number[][] = [];
 * pair.a.poll((bytes) => answers.push([...bytes]));
 * assertEquals(answers, [[1, 2, 3]]);
 * ```
 */
export interface MessageLink {
  /**
   * Where the link stands. It turns `closed` by a call of `close()`, or else when
   * every message that came before the end was polled: whoever sees `closed` has
   * missed nothing.
   */
  readonly state: LinkState;
  /**
   * The most bytes of one message, on every channel: an integer, 1 or more. It
   * does not change while the link is open.
   */
  readonly maxMessageBytes: number;
  /**
   * The time that a message takes there and back in milliseconds, smoothed; 0
   * until it is known. It stays as it was when the link closes.
   */
  readonly rttMs: number;

  /**
   * Sends one message. No bytes are a message too.
   *
   * The bytes are copied or consumed before the call returns. A message that was
   * accepted may still be lost: on an unreliable channel, and when the link
   * closes.
   *
   * @param bytes The message: up to `maxMessageBytes`.
   * @param channel What is promised about it.
   * @returns `true` if it is on its way; `false` if nothing was sent and nothing
   * else changed, as the link is not open, the message too large, or no room left.
   * Room comes back as messages leave, or as the other end takes them in, where the
   * link can tell.
   * @throws {RangeError} If `channel` is not one of the four, in any state.
   * @throws {TypeError} If `bytes` is not a Uint8Array.
   */
  send(bytes: Uint8Array, channel: Channel): boolean;

  /**
   * Hands out the messages that had come in when it was called, in the order of
   * their arrival, each of them once. What arrives during the call waits for the
   * next one, so that two ends which answer each other do not go on for ever.
   *
   * The sink may call `send()` and `close()` of this link, and anything of another
   * one; after `close()` it gets no further message. It may not call `poll()` of
   * this link.
   *
   * If the sink throws, its error goes to the caller. The message counts as
   * handed out; the rest wait for the next call.
   *
   * While the link is `connecting` or `closed` there is nothing to hand out.
   *
   * @param sink What takes the messages.
   * @throws {TypeError} If it is called from a sink of this link.
   */
  poll(sink: MessageSink): void;

  /**
   * Closes the link, from whatever state. The first reason stays: closing a link
   * that is closed does nothing.
   *
   * @param reason Why, for the other end; cut by {@linkcode cutCloseReason}.
   */
  close(reason: string): void;
}

/** The most bytes of UTF-8 of a close reason: as in RFC 6455, section 5.5. */
export const MAX_CLOSE_REASON_BYTES = 123;

const encoder = new TextEncoder();
// A byte order mark is text like any other here.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Cuts a reason to what every link can carry, for those who implement one.
 *
 * @param reason Any text.
 * @returns As many whole characters of it as fit into
 * {@linkcode MAX_CLOSE_REASON_BYTES} bytes of UTF-8, with U+FFFD for each unpaired
 * surrogate.
 *
 * @example A reason that is too long
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { cutCloseReason } from "@tickwire/net/protocol";
 *
 * assertEquals(cutCloseReason("€".repeat(50)), "€".repeat(41));
 * ```
 */
export function cutCloseReason(reason: string): string {
  const bytes = new Uint8Array(MAX_CLOSE_REASON_BYTES);
  const { written } = encoder.encodeInto(reason, bytes);
  return decoder.decode(bytes.subarray(0, written));
}
