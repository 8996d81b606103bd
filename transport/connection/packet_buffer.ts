// This module is browser compatible.
import type { AckSample } from "../congestion/congestion_control.ts";
import { MTU } from "../constants.ts";
import { PacketHeader } from "./_packet_header.ts";

/**
 * Where packets are built: many connections may share one, as none keeps anything in it
 * between calls. It remembers the views that it made, so that sending allocates nothing.
 */
export class PacketBuffer {
  /** The bytes: {@linkcode MTU} of them. */
  readonly bytes: Uint8Array = new Uint8Array(MTU);
  /** @internal Where the header of the packet is read that is received. */
  readonly header: PacketHeader = new PacketHeader();
  /** @internal What an acknowledgement tells congestion control. */
  readonly sample: AckSample = {
    nowMs: 0,
    ackedBytes: 0,
    lostBytes: 0,
    ackedPackets: 0,
    lostPackets: 0,
    inFlightBytes: 0,
    rttMs: -1,
    smoothedRttMs: 0,
    minRttMs: 0,
    deliveryRate: 0,
    isAppLimited: false,
    priorDeliveredBytes: 0,
    deliveredBytes: 0,
  };
  readonly #views: (Uint8Array | undefined)[] = [];

  /**
   * A view of the first bytes.
   *
   * @param length How many: 0 to {@linkcode MTU}.
   * @returns The same object for the same length.
   */
  view(length: number): Uint8Array {
    // Filled up in order, so that the array stays a flat one.
    while (this.#views.length <= length) this.#views.push(undefined);
    return this.#views[length] ??= this.bytes.subarray(0, length);
  }
}
