// This module is browser compatible.
import { checkInteger, checkNotNegative } from "../../core/mod.ts";
import { Channel, isReliable } from "../../protocol/mod.ts";
import type { Rpc } from "../contract/define_rpc.ts";
import { MAX_EXCESS } from "../wire/_weight.ts";
import { MAX_CALLS } from "../wire/call_reader.ts";
import type { RpcPacketKind } from "../wire/packet_kind.ts";
import {
  CallPacket,
  MAX_PACKET_HEADER_BYTES,
  MAX_RUN_HEADER_BYTES,
  runHeaderBytes,
} from "./_call_packet.ts";
import { CallStore, PlaceState } from "./_call_store.ts";
import type { CallEncoder } from "./call_encoder.ts";

/** Options for {@linkcode RpcOutbox}. */
export interface RpcOutboxOptions {
  /**
   * How many calls wait at most: an integer from 1 to 1048576.
   *
   * @default {4096}
   */
  readonly maxCalls?: number;
  /**
   * How many bytes of calls wait at most: an integer from 64 to 268435456. The outbox
   * itself takes up to twice that.
   *
   * @default {262144}
   */
  readonly maxBytes?: number;
  /**
   * The bytes of a packet not to be exceeded by putting several calls into it, so that it
   * fits a datagram: an integer, 64 or more. A call that is larger goes alone.
   *
   * @default {1200}
   */
  readonly packetBytes?: number;
  /**
   * How much may go out in one flush before cosmetic calls wait, in bytes of calls: 0 or
   * more. All other calls count, and go whatever it is.
   *
   * @default {4800}
   */
  readonly budgetBytes?: number;
  /**
   * How long a cosmetic call may wait, in milliseconds: 0 or more. What has waited longer
   * when it is left over by a flush is dropped: an explosion that comes late is worse
   * than none. With 0 it goes at its first flush or never.
   *
   * @default {250}
   */
  readonly cosmeticMaxAgeMs?: number;
}

/**
 * What became of a call:
 *
 * - `queued`: it waits.
 * - `coalesced`: it waits, in place of an older one.
 * - `full`: there is no room for it. Nothing has changed.
 * - `tooLarge`: there never is, as it fits no message of the link. Nothing has changed.
 */
export type OutboxResult = "queued" | "coalesced" | "full" | "tooLarge";

/** What has become of calls so far. Each count only grows. */
export interface OutboxCounts {
  /** Calls that a link has taken. */
  readonly sent: number;
  /** Packets that a link has taken. */
  readonly sentPackets: number;
  /** Their bytes. */
  readonly sentBytes: number;
  /** Packets that a link has refused; their calls wait on. */
  readonly refusedPackets: number;
  /** Calls in whose place a newer one went. */
  readonly coalesced: number;
  /** Calls that were refused, `full` and `tooLarge`. */
  readonly refused: number;
  /** Cosmetic calls that made room for others. */
  readonly droppedCosmetic: number;
  /** Other calls of unreliable channels that made room for others. */
  readonly droppedUnreliable: number;
  /** Cosmetic calls that had waited too long. */
  readonly agedOut: number;
  /** Calls that waited when the outbox was cleared. */
  readonly cleared: number;
}

/** What sends a packet: `MessageLink.send`. It copies what it keeps. */
export type OutboxSink = (bytes: Uint8Array, channel: Channel) => boolean;

const DEFAULT_MAX_CALLS = 4_096;
const DEFAULT_MAX_BYTES = 262_144;
const DEFAULT_PACKET_BYTES = 1_200;
const DEFAULT_BUDGET_BYTES = 4_800;
const DEFAULT_COSMETIC_MAX_AGE_MS = 250;
const LARGEST_MAX_CALLS = 1 << 20;
const LARGEST_MAX_BYTES = 1 << 28;
const LEAST_BYTES = 64;

/** Below these, cosmetic calls by what they matter. */
const UNRELIABLE_CLASS = 256;
const RELIABLE_CLASS = 257;
const CLASSES = 258;

/** What nothing may get lost of goes first. */
const CHANNELS: readonly Channel[] = [
  Channel.ReliableOrdered,
  Channel.Reliable,
  Channel.UnreliableOrdered,
  Channel.Unreliable,
];

/**
 * The calls that wait for one peer, as bytes, until the next flush.
 *
 * **Order.** What is sent on a channel is always a part of what was called, in that
 * order; the calls of each channel are numbered from 0 as a link takes them. A coalesced call therefore goes where it was made, not where the older one
 * stood: it may refer to what was called in between. There is no order between channels.
 * What a link refuses waits, with all that is behind it on that channel.
 *
 * **Cosmetic calls** go in a flush as far as its budget reaches behind all other calls:
 * first those that matter more, of these the older ones; one that does not fit leaves its
 * place to a smaller one. What is left waits for the next flush, or drops out when it is
 * too old.
 *
 * **At the bound**, room is made by dropping cosmetic calls, those that matter least
 * first, then calls of unreliable channels; of each the oldest first, and none that
 * matters more than the new one. A reliable call that was taken is never dropped: where
 * nothing may be dropped, the new one is refused.
 *
 * **Turns.** After `mark()` what is pushed waits for the flush after the next one, and
 * does not take the place of anything that goes in the next one. So what a handler calls
 * in a tick goes in the next tick, and a call that is made in each tick goes in each.
 */
export class RpcOutbox {
  readonly #kind: RpcPacketKind;
  readonly #maxMessageBytes: number;
  readonly #packetBytes: number;
  readonly #maxCalls: number;
  readonly #maxBytes: number;
  readonly #budgetBytes: number;
  readonly #cosmeticMaxAgeMs: number;
  readonly #store: CallStore;
  readonly #packet = new CallPacket();
  /** By class: how many calls wait, and their bytes. */
  readonly #classCounts = new Int32Array(CLASSES);
  readonly #classBytes = new Int32Array(CLASSES);
  /** By class: before this place there is none of it. */
  readonly #classStarts = new Int32Array(CLASSES);
  readonly #channelCounts = new Int32Array(4);
  readonly #counts = {
    sent: 0,
    sentPackets: 0,
    sentBytes: 0,
    refusedPackets: 0,
    coalesced: 0,
    refused: 0,
    droppedCosmetic: 0,
    droppedUnreliable: 0,
    agedOut: 0,
    cleared: 0,
  };
  #cosmeticCount = 0;
  #nowMs = 0;
  /** By channel: the sequence of the next call. */
  readonly #sequences = new Float64Array(4);
  /** What lies from here on waits for the flush after the next; -1 if nothing does. */
  #mark = -1;
  #isFlushing = false;

  /**
   * Creates an empty outbox.
   *
   * @param kind Whose calls: `ClientCalls` or `ServerCalls`.
   * @param maxMessageBytes The most bytes of a message of the link: an integer, 64 or
   * more.
   * @param options Its bounds.
   * @throws {RangeError} If one of them is out of its range.
   */
  constructor(
    kind: RpcPacketKind,
    maxMessageBytes: number,
    options: RpcOutboxOptions = {},
  ) {
    const {
      maxCalls = DEFAULT_MAX_CALLS,
      maxBytes = DEFAULT_MAX_BYTES,
      packetBytes = DEFAULT_PACKET_BYTES,
      budgetBytes = DEFAULT_BUDGET_BYTES,
      cosmeticMaxAgeMs = DEFAULT_COSMETIC_MAX_AGE_MS,
    } = options;
    this.#kind = kind;
    this.#maxMessageBytes = checkInteger(
      "maxMessageBytes",
      maxMessageBytes,
      LEAST_BYTES,
      Number.MAX_SAFE_INTEGER,
    );
    this.#packetBytes = Math.min(
      maxMessageBytes,
      checkInteger(
        "packetBytes",
        packetBytes,
        LEAST_BYTES,
        Number.MAX_SAFE_INTEGER,
      ),
    );
    this.#maxCalls = checkInteger("maxCalls", maxCalls, 1, LARGEST_MAX_CALLS);
    this.#maxBytes = checkInteger(
      "maxBytes",
      maxBytes,
      LEAST_BYTES,
      LARGEST_MAX_BYTES,
    );
    this.#budgetBytes = checkNotNegative("budgetBytes", budgetBytes);
    this.#cosmeticMaxAgeMs = checkNotNegative(
      "cosmeticMaxAgeMs",
      cosmeticMaxAgeMs,
    );
    this.#store = new CallStore(maxCalls, maxBytes);
  }

  /** How many calls wait. */
  get waiting(): number {
    return this.#store.count;
  }

  /** Their bytes. */
  get waitingBytes(): number {
    return this.#store.byteLength;
  }

  /** Whether half of the calls that may wait do, or half of the bytes. */
  get isHalfFull(): boolean {
    return this.#store.count * 2 >= this.#maxCalls ||
      this.#store.byteLength * 2 >= this.#maxBytes;
  }

  /** What has become of calls so far: always the same object, which goes on counting. */
  get counts(): OutboxCounts {
    return this.#counts;
  }

  /**
   * Lets time pass, for the age of cosmetic calls.
   *
   * @param dt Seconds: 0 or more.
   */
  tick(dt: number): void {
    this.#nowMs += dt * 1_000;
  }

  /**
   * Takes a call. Its bytes are copied.
   *
   * @param call What holds it.
   * @returns What became of it.
   * @throws {TypeError} If it holds none, or a sink calls this.
   */
  push(call: CallEncoder): OutboxResult {
    this.#refuseSink();
    const { rpc } = call;
    if (rpc === undefined) {
      throw new TypeError(
        "Cannot push a call as its encoder must hold one: current value is none",
      );
    }
    const length = call.end - call.start;
    const size = length + call.keyLength;
    if (
      MAX_PACKET_HEADER_BYTES + MAX_RUN_HEADER_BYTES + length >
        this.#maxMessageBytes || size > this.#maxBytes
    ) {
      this.#counts.refused++;
      return "tooLarge";
    }
    const store = this.#store;
    const callClass = classOf(rpc);
    const older = call.keyLength > 0
      ? store.find(call, Math.max(0, this.#mark))
      : -1;
    if (this.#isOver(size) && !this.#hasRoom(size, callClass, older)) {
      this.#counts.refused++;
      return "full";
    }
    if (older >= 0) {
      this.#counts.coalesced++;
      this.#remove(older);
    }
    this.#makeRoom(size);
    while (store.makePlace(size)) this.#compact();
    const place = store.end;
    store.append(call, callClass, this.#nowMs);
    this.#classCounts[callClass]!++;
    this.#classBytes[callClass]! += size;
    if (place < this.#classStarts[callClass]!) {
      this.#classStarts[callClass] = place;
    }
    this.#channelCounts[rpc.channel]!++;
    if (callClass < UNRELIABLE_CLASS) this.#cosmeticCount++;
    return older < 0 ? "queued" : "coalesced";
  }

  /**
   * From now on, what is pushed waits for the flush after the next one.
   *
   * @throws {TypeError} If a sink calls this.
   */
  mark(): void {
    this.#refuseSink();
    this.#mark = this.#store.end;
  }

  /**
   * Sends what waits, in as many packets as it takes. To be called in every tick, also
   * while the link is not open: what is too old goes then.
   *
   * @param sink What takes the packets. It gets no further packet of a channel after it
   * has refused one.
   * @throws {TypeError} If a sink calls this.
   */
  flush(sink: OutboxSink): void {
    this.#refuseSink();
    const store = this.#store;
    if (store.count > 0) {
      const end = this.#mark < 0 ? store.end : this.#mark;
      this.#isFlushing = true;
      try {
        this.#choose(end);
        for (let i = 0; i < CHANNELS.length; i++) {
          const channel = CHANNELS[i]!;
          if (this.#channelCounts[channel]! > 0) {
            this.#sendChannel(channel, end, sink);
          }
        }
      } finally {
        this.#isFlushing = false;
        if (store.count > 0) this.#settle(end);
      }
    }
    this.#mark = -1;
    if (store.isSparse) this.#compact();
  }

  /** Drops all that waits. */
  clear(): void {
    this.#refuseSink();
    this.#counts.cleared += this.#store.count;
    for (let place = this.#store.end - 1; place >= 0; place--) {
      if (this.#store.states[place] !== PlaceState.Empty) this.#remove(place);
    }
    this.#mark = -1;
  }

  /** Whether a further call of so many bytes would exceed the bounds. */
  #isOver(size: number): boolean {
    return this.#store.count >= this.#maxCalls ||
      this.#store.byteLength + size > this.#maxBytes;
  }

  /** Whether there is room for a call without those that matter no more than it does. */
  #hasRoom(size: number, callClass: number, older: number): boolean {
    const store = this.#store;
    let { count, byteLength } = store;
    const last = Math.min(callClass, UNRELIABLE_CLASS);
    for (let i = 0; i <= last; i++) {
      count -= this.#classCounts[i]!;
      byteLength -= this.#classBytes[i]!;
    }
    // An older call of its kind is of its class.
    if (older >= 0 && callClass > last) {
      count--;
      byteLength -= store.lengths[older]! + store.keyLengths[older]!;
    }
    return count < this.#maxCalls && byteLength + size <= this.#maxBytes;
  }

  /** Drops what matters least, as much as needed, which there is. */
  #makeRoom(size: number): void {
    for (let i = 0; this.#isOver(size); i++) {
      while (this.#classCounts[i]! > 0 && this.#isOver(size)) {
        this.#dropOldest(i);
      }
    }
  }

  #dropOldest(callClass: number): void {
    const { states, classes } = this.#store;
    let place = this.#classStarts[callClass]!;
    while (
      states[place] === PlaceState.Empty || classes[place] !== callClass
    ) place++;
    this.#classStarts[callClass] = place;
    if (callClass < UNRELIABLE_CLASS) this.#counts.droppedCosmetic++;
    else this.#counts.droppedUnreliable++;
    this.#remove(place);
  }

  /** Which calls go: all that must, and as many cosmetic ones as fit besides. */
  #choose(end: number): void {
    const { states, classes } = this.#store;
    let budget = this.#budgetBytes;
    for (let place = 0; place < end; place++) {
      if (
        states[place] === PlaceState.Empty || classes[place]! < UNRELIABLE_CLASS
      ) continue;
      states[place] = PlaceState.Going;
      budget -= this.#costOf(place);
    }
    let left = this.#cosmeticCount;
    for (let i = UNRELIABLE_CLASS - 1; left > 0 && i >= 0; i--) {
      const count = this.#classCounts[i]!;
      if (count === 0) continue;
      left -= count;
      for (let place = this.#classStarts[i]!; place < end; place++) {
        if (
          classes[place] !== i || states[place] === PlaceState.Empty
        ) continue;
        const cost = this.#costOf(place);
        if (cost > budget) continue;
        budget -= cost;
        states[place] = PlaceState.Going;
      }
    }
  }

  /** The bytes of a call, with those of a run of its own: in a longer run it is fewer. */
  #costOf(place: number): number {
    const length = this.#store.lengths[place]!;
    return runHeaderBytes(this.#store.rpcs[place]!.id, 1, length) + length;
  }

  #sendChannel(channel: Channel, end: number, sink: OutboxSink): void {
    const store = this.#store;
    const packet = this.#packet;
    let place = this.#nextGoing(0, end, channel);
    while (place < end) {
      const start = place;
      let count = 0;
      this.#packetExcess = 0;
      packet.begin(this.#kind, this.#sequences[channel]!);
      while (place < end && count < MAX_CALLS) {
        const after = this.#addRun(place, end, channel, count);
        if (after === place) break;
        count += this.#runCount;
        place = after;
      }
      const bytes = packet.buffer.subarray(0, packet.length);
      if (!sink(bytes, channel)) {
        this.#counts.refusedPackets++;
        return;
      }
      this.#sequences[channel]! += count;
      this.#counts.sent += count;
      this.#counts.sentPackets++;
      this.#counts.sentBytes += packet.length;
      for (let at = start; at < place; at++) {
        if (
          store.states[at] === PlaceState.Going &&
          store.rpcs[at]!.channel === channel
        ) this.#remove(at);
      }
    }
  }

  /** How many calls the last `#addRun()` has added. */
  #runCount = 0;
  /** By how much the packet's calls weigh more than their bytes allow for. */
  #packetExcess = 0;

  /**
   * Adds calls of one kind to the packet, as many as follow each other and fit.
   *
   * @returns The place of the next call of the channel: the same if none fits.
   */
  #addRun(
    start: number,
    end: number,
    channel: Channel,
    already: number,
  ): number {
    const { rpcs, starts, lengths, excesses, bytes } = this.#store;
    const packet = this.#packet;
    const rpc = rpcs[start]!;
    const room = this.#packetBytes - packet.length;
    let count = 0;
    let byteLength = 0;
    let place = start;
    while (place < end && rpcs[place] === rpc && already + count < MAX_CALLS) {
      const longer = byteLength + lengths[place]!;
      const needed = runHeaderBytes(rpc.id, count + 1, longer) + longer;
      // What no packet holds beside others goes alone.
      const excess = this.#packetExcess + excesses[place]!;
      if ((needed > room || excess > MAX_EXCESS) && already + count > 0) break;
      this.#packetExcess = excess;
      byteLength = longer;
      count++;
      place = this.#nextGoing(place + 1, end, channel);
      if (needed > room) break;
    }
    this.#runCount = count;
    if (count === 0) return start;
    packet.beginRun(rpc.id, count, byteLength);
    let at = start;
    for (let i = 0; i < count; i++) {
      packet.call(bytes, starts[at]!, lengths[at]!);
      at = this.#nextGoing(at + 1, end, channel);
    }
    return place;
  }

  #nextGoing(from: number, end: number, channel: Channel): number {
    const { states, rpcs } = this.#store;
    let place = from;
    while (
      place < end &&
      (states[place] !== PlaceState.Going || rpcs[place]!.channel !== channel)
    ) place++;
    return place;
  }

  /** What has not gone waits on, without what is too old or replaced meanwhile. */
  #settle(end: number): void {
    const store = this.#store;
    const { states, classes, keyLengths, times } = store;
    for (let place = 0; place < end; place++) {
      if (states[place] === PlaceState.Empty) continue;
      states[place] = PlaceState.Waiting;
      if (
        classes[place]! < UNRELIABLE_CLASS &&
        this.#nowMs - times[place]! >= this.#cosmeticMaxAgeMs
      ) {
        this.#counts.agedOut++;
        this.#remove(place);
      } else if (
        this.#mark >= 0 && keyLengths[place]! > 0 && store.hasNewer(place)
      ) {
        this.#counts.coalesced++;
        this.#remove(place);
      }
    }
  }

  #remove(place: number): void {
    const store = this.#store;
    const callClass = store.classes[place]!;
    this.#classCounts[callClass]!--;
    this.#classBytes[callClass]! -= store.lengths[place]! +
      store.keyLengths[place]!;
    this.#channelCounts[store.rpcs[place]!.channel]!--;
    if (callClass < UNRELIABLE_CLASS) this.#cosmeticCount--;
    store.remove(place);
    if (store.count === 0) this.#classStarts.fill(0);
    if (this.#mark > store.end) this.#mark = store.end;
  }

  #compact(): void {
    if (this.#mark > 0) {
      let before = 0;
      for (let place = 0; place < this.#mark; place++) {
        if (this.#store.states[place] !== PlaceState.Empty) before++;
      }
      this.#mark = before;
    }
    this.#store.compact();
    this.#classStarts.fill(0);
  }

  #refuseSink(): void {
    if (!this.#isFlushing) return;
    throw new TypeError("Cannot use an outbox as its sink must not call it");
  }
}

function classOf({ definition: { cosmetic }, channel }: Rpc): number {
  return cosmetic ?? (isReliable(channel) ? RELIABLE_CLASS : UNRELIABLE_CLASS);
}
