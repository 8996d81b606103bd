import type { DatagramAddress } from "../socket/datagram_address.ts";

/** One of so many is a request once more although the server has challenged: its answer may not have arrived. */
const REQUEST_EVERY = 4;

/** A way to a session's server that is being proven: another one, or the same one from where this end is now. */
export class ClientPath {
  readonly address: DatagramAddress;
  /** When it is given up. */
  readonly endMs: number;
  isChallenged = false;
  /** When the next request or response is due. */
  nextSendMs: number;
  #count = 0;

  constructor(address: DatagramAddress, nowMs: number, endMs: number) {
    this.address = address;
    this.nextSendMs = nowMs;
    this.endMs = endMs;
  }

  /** When something is due. */
  get dueMs(): number {
    return Math.min(this.nextSendMs, this.endMs);
  }

  /** Whether the next one to send is a response; asked once for each. */
  takeTurn(): boolean {
    return this.isChallenged &&
      this.#count++ % REQUEST_EVERY < REQUEST_EVERY - 1;
  }
}
