// This module is browser compatible.

/**
 * How often, and when, a message is sent again before anybody knows whether it
 * arrived. A pure state machine, fed by what becomes of packets.
 *
 * A message that is sent the first time gets the plan of that moment: `copies` further
 * copies, the i-th due `delayMs(i)` after the first sending. A copy leaves with the
 * first packet after it is due (one is made for it if nothing else leaves), unless the
 * message was acknowledged before. Copies go after new messages of the same priority,
 * unless they are more than 10 ms late, and before those of lower ones; they count
 * against the budget.
 */
export interface RedundancyPolicy {
  /** How many copies beyond the first sending a message of that size gets now: 0 to 7. */
  copies(messageBytes: number, nowMs: number): number;
  /** When copy `index` (0-based) is due, in milliseconds after the first sending; grows with `index`. */
  delayMs(index: number): number;
  /** Bytes left for the first time (`isCopy` false) or as copies. Feeds the budget. */
  onSent(bytes: number, isCopy: boolean, nowMs: number): void;
  /**
   * A packet's fate is known: called once per packet with rising `number` where possible.
   * @param number Its packet number.
   * @param sentMs When it was sent.
   * @param isLost Whether it was declared lost.
   */
  onFate(
    number: number,
    sentMs: number,
    isLost: boolean,
    nowMs: number,
  ): void;
  /** A packet declared lost had arrived after all. */
  onSpuriousLoss(number: number, sentMs: number): void;
  /** The RTT as known now. */
  onRtt(smoothedMs: number, variationMs: number, minMs: number): void;
  /** For statistics: the share of packets lost, 0 to 1, as it is measured now. */
  readonly lossRate: number;
  /** For statistics: how many packets a burst of losses takes on average, 1 or more. */
  readonly burstLength: number;
}
