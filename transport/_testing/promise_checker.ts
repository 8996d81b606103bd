import { Buffer } from "node:buffer";
import { SeededRandom } from "../../core/mod.ts";
import { Channel, type ChannelDelivery } from "../mod.ts";

/** A message's number (4), and a hash of it, its channel and its length (4). */
export const MIN_MESSAGE_BYTES = 8;

const POOL_BYTES = 0x1_0000;
const MAX_MESSAGE_BYTES = POOL_BYTES / 2;
/** What messages consist of, so that making and checking them costs next to nothing: each takes a piece of it. */
const POOL = makePool();

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
  readonly #scratch = new Uint8Array(MAX_MESSAGE_BYTES);
  readonly #view = new DataView(this.#scratch.buffer);

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

  /** Makes the next message of a channel: of at least {@linkcode MIN_MESSAGE_BYTES}, and 32,768 at most. It is good until the next. */
  make(channel: number, length: number): Uint8Array {
    if (length > MAX_MESSAGE_BYTES) throw new RangeError(`length ${length}`);
    const number = this.#channels[channel]!.lengths.length;
    const hash = this.#hash(channel, number, length);
    this.#view.setUint32(0, number);
    this.#view.setUint32(4, hash);
    this.#scratch.set(pieceOf(hash, length), MIN_MESSAGE_BYTES);
    return this.#scratch.subarray(0, length);
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
    const hash = this.#hash(channel, number, bytes.length);
    const isReal = ledger.lengths[number] === bytes.length &&
      view.getUint32(4) === hash &&
      Buffer.compare(
          bytes.subarray(MIN_MESSAGE_BYTES),
          pieceOf(hash, bytes.length),
        ) === 0;
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

  #hash(channel: number, number: number, length: number): number {
    let hash = Math.imul(this.#salt ^ channel << 24 ^ number, 0x9e37_79b1);
    hash = Math.imul(hash ^ hash >>> 15 ^ length, 0x85eb_ca6b);
    return (hash ^ hash >>> 13) >>> 0;
  }
}

function makePool(): Uint8Array {
  const pool = new Uint8Array(POOL_BYTES);
  new SeededRandom(1).fill(pool);
  return pool;
}

/** What follows the first bytes of a message. */
function pieceOf(hash: number, length: number): Uint8Array {
  const from = hash % MAX_MESSAGE_BYTES;
  return POOL.subarray(from, from + length - MIN_MESSAGE_BYTES);
}

function broken(channel: number, number: number, how: string): Error {
  return new Error(`channel ${channel}: message ${number} ${how}`);
}
