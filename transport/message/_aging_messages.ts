// This module is browser compatible.
import { PartialMessage } from "../fragment/partial_message.ts";
import type { InboxChannel } from "./_inbox_channel.ts";

/** An unreliable message in fragments: it is given up in time. */
export class AgingMessage extends PartialMessage {
  readonly channel: InboxChannel;
  readonly number: number;
  older: AgingMessage | undefined = undefined;
  newer: AgingMessage | undefined = undefined;

  constructor(
    channel: InboxChannel,
    number: number,
    length: number,
    fragmentBytes: number,
    nowMs: number,
  ) {
    super(length, fragmentBytes, nowMs);
    this.channel = channel;
    this.number = number;
  }
}

/**
 * Unreliable messages in fragments, oldest first. A list, as a peer decides how many there
 * are: to look at the first entry of a `Map` takes as long as many were removed before it.
 */
export class AgingMessages {
  /** Bytes of all, counted whole. */
  bytes = 0;
  #oldest: AgingMessage | undefined = undefined;
  #newest: AgingMessage | undefined = undefined;

  get oldest(): AgingMessage | undefined {
    return this.#oldest;
  }

  /** Adds the newest one. */
  add(message: AgingMessage): void {
    const newest = this.#newest;
    message.older = newest;
    if (newest === undefined) this.#oldest = message;
    else newest.newer = message;
    this.#newest = message;
    this.bytes += message.length;
  }

  /** Removes one that is there. */
  remove(message: AgingMessage): void {
    const { older, newer } = message;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    message.older = undefined;
    message.newer = undefined;
    this.bytes -= message.length;
  }
}
