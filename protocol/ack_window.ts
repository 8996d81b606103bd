// This module is browser compatible.
import { sequenceDistance } from "./sequence.ts";

/** How many numbers before `ack` the bits tell of. */
const ACK_BITS = 32;

/**
 * What a receiver keeps of the packets that arrived, to fill `ack` and `ackBits`
 * of the packets that it sends back: the newest number, and which of the 32
 * before it.
 *
 * An `ack` and `ackBits` of both 0 mean that nothing is acknowledged. So a sender
 * numbers its packets from 1 on. The number 0 comes up at the wrap alone; if it
 * arrives while none of the 32 before it did, it goes unacknowledged until one
 * more packet arrives, whose bits then tell of it.
 *
 * @example Acknowledge what arrived
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { acknowledges, AckWindow } from "@tickwire/net/protocol";
 *
 * const received = new AckWindow();
 * received.record(1);
 * received.record(3);
 * assertEquals([received.ack, received.ackBits], [3, 0b10]);
 * assertEquals(received.record(3), false);
 *
 * // At the sender of 1, 2 and 3:
 * assert(acknowledges(3, 0b10, 1));
 * assert(!acknowledges(3, 0b10, 2));
 * ```
 */
export class AckWindow {
  #ack = 0;
  /** As a signed integer, which every engine stores and shifts as it is. */
  #bits = 0;
  /** Apart from `#ack`, as the number 0 can have arrived at the wrap. */
  #isEmpty = true;

  /** The newest number that arrived: 0 to 4294967295; 0 before the first. */
  get ack(): number {
    return this.#ack;
  }

  /**
   * Which of the 32 numbers before {@linkcode AckWindow.ack} arrived: bit i
   * stands for `ack - 1 - i`, modulo 2^32. 0 to 4294967295.
   */
  get ackBits(): number {
    return this.#bits >>> 0;
  }

  /**
   * Takes note of a packet that arrived. The first one may have any number.
   *
   * @param sequence Its number: 0 to 4294967295, wraps.
   * @returns Whether it is new here and will be acknowledged; `false` for a
   * duplicate, and for one that is more than 32 numbers older than the newest or
   * exactly half way round (2^31), of which the bits cannot tell.
   */
  record(sequence: number): boolean {
    if (this.#isEmpty) {
      this.#isEmpty = false;
      this.#ack = sequence;
      return true;
    }
    const distance = sequenceDistance(this.#ack, sequence);
    if (distance > 0) {
      // Shifts count modulo 32, hence the two cases from there on.
      if (distance < ACK_BITS) {
        this.#bits = (this.#bits << distance) | (1 << (distance - 1));
      } else {
        this.#bits = distance === ACK_BITS ? 1 << (ACK_BITS - 1) : 0;
      }
      this.#ack = sequence;
      return true;
    }
    if (distance === 0 || distance < -ACK_BITS) return false;
    const bit = 1 << (-distance - 1);
    if ((this.#bits & bit) !== 0) return false;
    this.#bits |= bit;
    return true;
  }

  /** Forgets everything, as for a new connection. */
  reset(): void {
    this.#ack = 0;
    this.#bits = 0;
    this.#isEmpty = true;
  }
}

/**
 * Tells whether the acknowledgement in a packet's header is for a given packet:
 * the sender's side of {@linkcode AckWindow}.
 *
 * It compares numbers only. Which of them are under way, and that a number is
 * used again 2^32 packets later, the sender knows: it asks for those alone that
 * it has sent and that are not acknowledged yet.
 *
 * @param ack The header's `ack`: 0 to 4294967295.
 * @param ackBits The header's `ackBits`: 0 to 4294967295.
 * @param sequence The number of the packet that was sent: 0 to 4294967295.
 * @returns Whether the other side says that it arrived; `false` if `ack` and
 * `ackBits` are both 0.
 *
 * @example Nothing, and the number 0 after the wrap
 * ```ts
 * import { assert } from "@std/assert";
 * import { acknowledges } from "@tickwire/net/protocol";
 *
 * assert(!acknowledges(0, 0, 0));
 * assert(acknowledges(0, 1, 0));
 * assert(acknowledges(0, 1, 0xffff_ffff));
 * ```
 */
export function acknowledges(
  ack: number,
  ackBits: number,
  sequence: number,
): boolean {
  if (ack === 0 && ackBits === 0) return false;
  const age = sequenceDistance(sequence, ack);
  if (age === 0) return true;
  return age > 0 && age <= ACK_BITS && ((ackBits >>> (age - 1)) & 1) !== 0;
}
