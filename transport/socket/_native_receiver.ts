import type { DatagramSink } from "./datagram_socket.ts";
import { IPV4_MAPPED } from "./ip_address.ts";
import type { IpAddress, IpAddressTable } from "./ip_address_table.ts";
import type { LibcPort } from "./_libc.ts";
import {
  CONTROL_BYTES,
  CONTROL_WORDS,
  HEADER_WORDS,
  MessageMemory,
  MSG_CONTROLLEN,
  MSG_LEN,
  NAME_WORDS,
} from "./_message_memory.ts";
import type { SystemSocketCounters } from "./_system_socket_counters.ts";

/** Messages that one call takes. */
const BATCH = 32;
/** The most bytes of a message of several datagrams. */
const MAX_MESSAGE_BYTES = 65_536;
/** Errors in a row that are of datagrams sent before. */
const MAX_ATTEMPTS = 64;

/**
 * The half of a native socket that receives: one call takes in many messages, and each may
 * be several datagrams of one size and sender that the kernel did not take apart (UDP GRO).
 */
export class NativeReceiver {
  readonly #libc: LibcPort;
  readonly #fd: number;
  readonly #isIpv6: boolean;
  readonly #maxDatagramBytes: number;
  readonly #counters: SystemSocketCounters;
  readonly #addresses: IpAddressTable;
  readonly #memory: MessageMemory;
  readonly #hasSegments: boolean;
  /** Bytes from one message to the next. */
  readonly #stride: number;
  /** The datagrams last handed out from each message, of the size in `#sizes`: the next ones often have the same. */
  readonly #views: Uint8Array[][];
  readonly #sizes = new Int32Array(BATCH);
  /** Messages from here to `#end` were not handed out yet, of the first one what begins at `#offset`. */
  #next = 0;
  #end = 0;
  #offset = 0;
  #isClosed = false;

  constructor(
    libc: LibcPort,
    fd: number,
    isIpv6: boolean,
    maxDatagramBytes: number,
    counters: SystemSocketCounters,
    addresses: IpAddressTable,
    hasSegments: boolean,
  ) {
    this.#libc = libc;
    this.#fd = fd;
    this.#isIpv6 = isIpv6;
    this.#maxDatagramBytes = maxDatagramBytes;
    this.#counters = counters;
    this.#addresses = addresses;
    this.#hasSegments = hasSegments;
    const bytes = hasSegments ? MAX_MESSAGE_BYTES : maxDatagramBytes;
    // Not a power of two, or all would want the same lines of the processor's cache.
    this.#stride = (bytes + 63 & ~63) + 192;
    const nameBytes = isIpv6 ? 28 : 16;
    const memory = new MessageMemory(BATCH, nameBytes, BATCH * this.#stride);
    this.#memory = memory;
    for (let i = 0; i < BATCH; i++) {
      memory.aim(i, memory.dataAt + i * this.#stride, bytes);
    }
    this.#views = Array.from({ length: BATCH }, () => []);
  }

  /** Hands out what has come. */
  poll(sink: DatagramSink, maxDatagrams: number): number {
    const counters = this.#counters;
    const { words } = this.#memory;
    let handedOut = 0;
    let isDrained = false;
    while (handedOut < maxDatagrams && !this.#isClosed) {
      if (this.#next === this.#end) {
        if (isDrained) break;
        const wanted = Math.min(maxDatagrams - handedOut, BATCH);
        const came = this.#receive(wanted);
        if (came === 0) break;
        isDrained = came < wanted;
      }
      const slot = this.#next;
      const offset = this.#offset;
      const total = words[slot * HEADER_WORDS + MSG_LEN]!;
      const size = this.#sizeOf(slot, total);
      // Before the sink, as that may throw.
      if (offset + size < total) {
        this.#offset = offset + size;
      } else {
        this.#offset = 0;
        this.#next = slot + 1;
      }
      const length = Math.min(size, total - offset);
      if (length > this.#maxDatagramBytes || this.#isCutOff(slot)) {
        counters.droppedHere++;
        continue;
      }
      const from = this.#addressOf(slot);
      const view = this.#viewOf(slot, size, offset, length);
      handedOut++;
      counters.received++;
      counters.receivedBytes += length;
      sink(view, from);
    }
    return handedOut;
  }

  /** What had come in is lost. */
  close(): void {
    this.#isClosed = true;
    this.#next = this.#end = this.#offset = 0;
  }

  /** The size of the datagrams of a message, of which the last may be smaller. */
  #sizeOf(slot: number, total: number): number {
    if (!this.#hasSegments) return total;
    const { words, controlsAt } = this.#memory;
    if (words[slot * HEADER_WORDS + MSG_CONTROLLEN] === 0) return total;
    // No other control message was asked for.
    const size = words[controlsAt + slot * CONTROL_WORDS + 4]!;
    return size > 0 && size < total ? size : total;
  }

  #isCutOff(slot: number): boolean {
    const { layout } = this.#libc;
    const flags = this.#memory
      .words[slot * HEADER_WORDS + layout.msgFlagsAt / 4]!;
    return (flags & layout.MSG_TRUNC) !== 0;
  }

  #addressOf(slot: number): IpAddress {
    const { words, namesAt } = this.#memory;
    const name = namesAt + slot * NAME_WORDS;
    const portWord = words[name]! >>> 16;
    const port = (portWord & 0xff) << 8 | portWord >>> 8;
    if (!this.#isIpv6) {
      return this.#addresses.intern(
        0,
        0,
        IPV4_MAPPED,
        words[name + 1]!,
        port,
        0,
      );
    }
    return this.#addresses.intern(
      words[name + 2]!,
      words[name + 3]!,
      words[name + 4]!,
      words[name + 5]!,
      port,
      words[name + 6]!,
    );
  }

  #viewOf(
    slot: number,
    size: number,
    offset: number,
    length: number,
  ): Uint8Array {
    const start = this.#memory.dataAt + slot * this.#stride + offset;
    if (length < size) {
      return this.#memory.bytes.subarray(start, start + length);
    }
    const views = this.#views[slot]!;
    if (this.#sizes[slot] !== size) {
      this.#sizes[slot] = size;
      views.length = 0;
    }
    const index = offset === 0 ? 0 : offset / size;
    // They are asked for from the first on, and in order.
    if (index < views.length) return views[index]!;
    const view = this.#memory.bytes.subarray(start, start + length);
    views.push(view);
    return view;
  }

  /** Takes in what has come, `wanted` messages at most; tells how many. */
  #receive(wanted: number): number {
    const { layout, calls } = this.#libc;
    const { words, headers } = this.#memory;
    if (this.#hasSegments) {
      for (let i = 0; i < wanted; i++) {
        words[i * HEADER_WORDS + MSG_CONTROLLEN] = CONTROL_BYTES;
      }
    }
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      let came: number;
      if (layout.hasBatches) {
        came = calls.recvmmsg!(
          this.#fd,
          headers[0]!,
          wanted,
          layout.MSG_DONTWAIT,
          null,
        );
      } else {
        const length = calls.recvmsg(
          this.#fd,
          headers[0]!,
          layout.MSG_DONTWAIT,
        );
        words[MSG_LEN] = length;
        came = length < 0 ? -1 : 1;
      }
      if (came > 0) {
        this.#next = 0;
        this.#end = came;
        return came;
      }
      const { errno } = this.#libc;
      // The second is of a datagram sent before, and what has come stands behind it.
      if (errno !== layout.EINTR && errno !== layout.ECONNREFUSED) break;
    }
    return 0;
  }
}
