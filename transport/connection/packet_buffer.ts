// This module is browser compatible.
import { MTU } from "../constants.ts";

/**
 * Where packets are built: many connections may share one, as none keeps anything in it
 * between calls. It remembers the views that it made, so that sending allocates nothing.
 */
export class PacketBuffer {
  /** The bytes: {@linkcode MTU} of them. */
  readonly bytes: Uint8Array = new Uint8Array(MTU);
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
