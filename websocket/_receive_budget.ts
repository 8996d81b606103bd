// This module is browser compatible.

/**
 * What was received and not drained, wherever it waits. A WebSocket has no back-pressure of its own: this bound is what
 * keeps a game that does not drain from filling its memory.
 */
export class ReceiveBudget {
  readonly maxMessages: number;
  readonly maxBytes: number;
  #messages = 0;
  #bytes = 0;

  constructor(maxMessages: number, maxBytes: number) {
    this.maxMessages = maxMessages;
    this.maxBytes = maxBytes;
  }

  get messages(): number {
    return this.#messages;
  }

  /** Whether a new connection would not come to the bound at once. */
  get isHalfFree(): boolean {
    return this.#messages * 2 <= this.maxMessages &&
      this.#bytes * 2 <= this.maxBytes;
  }

  /** Makes room for a message, or tells that there is none. */
  take(size: number): boolean {
    if (
      this.#messages >= this.maxMessages || this.#bytes + size > this.maxBytes
    ) {
      return false;
    }
    this.#messages++;
    this.#bytes += size;
    return true;
  }

  /** Takes room that was asked for before, be it there or not. */
  hold(size: number): void {
    this.#messages++;
    this.#bytes += size;
  }

  release(size: number): void {
    this.#messages--;
    this.#bytes -= size;
  }
}

/** What a message counts. Text costs an engine up to two bytes a unit, and its length is known without a look at it. */
export function heldSize(data: string | Uint8Array): number {
  return typeof data === "string" ? data.length * 2 : data.length;
}
