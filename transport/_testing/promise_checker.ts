import { Channel, type ChannelDelivery } from "../mod.ts";

/** A message's number (4) and a hash of it, its channel and the rest (4). */
export const MIN_MESSAGE_BYTES = 8;

/** What is known of the messages of one channel, one way. */
interface Ledger {
  readonly delivery: ChannelDelivery;
  /** The lengths of what `send()` accepted, by number. */
  readonly lengths: number[];
  /** The numbers that were delivered. */
  readonly delivered: Set<number>;
  newest: number;
}

/**
 * Holds the channels of one direction of a connection to their promises: makes messages, numbered and hashed, and looks at
 * what comes out at the other end.
 */
export class PromiseChecker {
  readonly #channels: readonly Ledger[];
  readonly #salt: number;

  constructor(deliveries: readonly ChannelDelivery[], salt: number) {
    this.#salt = salt;
    this.#channels = deliveries.map((delivery) => ({
      delivery,
      lengths: [],
      delivered: new Set<number>(),
      newest: -1,
    }));
  }

  /** How many messages were delivered, over all channels. */
  get delivered(): number {
    return this.#channels.reduce(
      (sum, { delivered }) => sum + delivered.size,
      0,
    );
  }

  /** How many were accepted, over all channels. */
  get accepted(): number {
    return this.#channels.reduce((sum, { lengths }) => sum + lengths.length, 0);
  }

  /** Makes the next message of a channel: of at least {@linkcode MIN_MESSAGE_BYTES}. */
  make(channel: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    const view = new DataView(bytes.buffer);
    const number = this.#channels[channel]!.lengths.length;
    view.setUint32(0, number);
    let word = number + length;
    for (let i = MIN_MESSAGE_BYTES; i < length; i++) {
      word = Math.imul(word, 0x9e37_79b1) + 1;
      bytes[i] = word >>> 24;
    }
    view.setUint32(4, this.#hash(channel, number, bytes));
    return bytes;
  }

  /** The message that was made last was accepted. */
  accept(channel: number, length: number): void {
    this.#channels[channel]!.lengths.push(length);
  }

  /** Looks at a message that was delivered. Throws where a promise is broken. */
  check(channel: number, bytes: Uint8Array): void {
    const ledger = this.#channels[channel];
    if (ledger === undefined) throw broken(channel, -1, "no such channel");
    if (bytes.length < MIN_MESSAGE_BYTES) throw broken(channel, -1, "invented");
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const number = view.getUint32(0);
    const isReal = ledger.lengths[number] === bytes.length &&
      view.getUint32(4) === this.#hash(channel, number, bytes);
    if (!isReal) throw broken(channel, number, "invented");
    if (ledger.delivered.has(number)) throw broken(channel, number, "twice");
    switch (ledger.delivery) {
      case Channel.ReliableOrdered:
        if (number !== ledger.newest + 1) {
          throw broken(channel, number, `not after ${ledger.newest}`);
        }
        break;
      case Channel.UnreliableOrdered:
      case "latest":
        if (number <= ledger.newest) {
          throw broken(channel, number, `older than ${ledger.newest}`);
        }
        break;
    }
    ledger.newest = Math.max(ledger.newest, number);
    ledger.delivered.add(number);
  }

  /** What has to come yet: `undefined` if each channel has kept its promise in full. */
  get missing(): string | undefined {
    for (const [channel, ledger] of this.#channels.entries()) {
      const { delivery, lengths, delivered, newest } = ledger;
      const isReliable = delivery === Channel.Reliable ||
        delivery === Channel.ReliableOrdered;
      if (isReliable && delivered.size < lengths.length) {
        const first = lengths.findIndex((_, number) => !delivered.has(number));
        return `channel ${channel} (${delivery}): ${delivered.size} of ${lengths.length}, first missing ${first}`;
      }
      if (delivery === "latest" && newest !== lengths.length - 1) {
        return `channel ${channel} (latest): ${newest} is not the newest of ${lengths.length}`;
      }
    }
    return undefined;
  }

  #hash(channel: number, number: number, bytes: Uint8Array): number {
    let hash = Math.imul(this.#salt ^ channel << 8 ^ number, 0x0100_0193);
    for (let i = MIN_MESSAGE_BYTES; i < bytes.length; i++) {
      hash = Math.imul(hash ^ bytes[i]!, 0x0100_0193);
    }
    return hash >>> 0;
  }
}

function broken(channel: number, number: number, how: string): Error {
  return new Error(`channel ${channel}: message ${number} ${how}`);
}
