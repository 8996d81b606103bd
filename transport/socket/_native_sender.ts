import { SendResult } from "./datagram_socket.ts";
import type { IpAddress } from "./ip_address_table.ts";
import type { LibcPort } from "./_libc.ts";
import {
  CONTROL_WORDS,
  HEADER_WORDS,
  IOVEC_WORDS,
  MessageMemory,
  MSG_CONTROLLEN,
  NAME_WORDS,
} from "./_message_memory.ts";
import { SOL_UDP, writeSockaddr } from "./_sockaddr.ts";
import type { SystemSocketCounters } from "./_system_socket_counters.ts";

/** Messages that one call takes; one more is for a datagram by itself. */
const BATCH = 64;
const SPARE = BATCH;
const DATA_BYTES = 131_072;
/** So many datagrams leave unasked: the other end has work while this one makes more. */
const LEAVES_AT = 32;
const UDP_SEGMENT = 103;
/** Datagrams that one message may have (`UDP_MAX_SEGMENTS` of Linux 4.18). */
const MAX_SEGMENTS = 64;
/** Bytes that one message may have: what fits behind an IP header of any kind. */
const MAX_MESSAGE_BYTES = 65_000;
const SEGMENT_CONTROL_BYTES = 24;
const MAX_ATTEMPTS = 8;
const EIO = 5;
const EINVAL = 22;

/**
 * The half of a native socket that sends: datagrams wait in a batch for one call, and those
 * in a row for one address that have one size go as one message, which the kernel cuts up
 * as late as it can (UDP GSO, `udp(7)`): most of what sending costs is the way through it.
 * A batch leaves before it is as large as it could be: where it takes long to make datagrams,
 * as to seal them, two ends that answer each other would else work in turns.
 */
export class NativeSender {
  readonly #libc: LibcPort;
  readonly #fd: number;
  readonly #isIpv6: boolean;
  readonly #counters: SystemSocketCounters;
  readonly #memory: MessageMemory;
  /** Of each message: whom it is for, how many datagrams it has, and of what size. */
  readonly #to: (IpAddress | undefined)[] = new Array(BATCH).fill(undefined);
  readonly #segments = new Int32Array(BATCH);
  readonly #sizes = new Int32Array(BATCH);
  readonly #starts = new Int32Array(BATCH);
  /** Messages from here to `#end` wait. */
  #next = 0;
  #end = 0;
  /** Bytes of `DATA_BYTES` in use. */
  #dataEnd = 0;
  /** Datagrams since nothing waited. */
  #held = 0;
  #hasSegments: boolean;
  /** What the last message may still take: so many datagrams of up to a size for that address. */
  #runTo: IpAddress | undefined = undefined;
  #runSize = 0;
  #runLeft = 0;

  constructor(
    libc: LibcPort,
    fd: number,
    isIpv6: boolean,
    counters: SystemSocketCounters,
    hasSegments: boolean,
  ) {
    this.#libc = libc;
    this.#fd = fd;
    this.#isIpv6 = isIpv6;
    this.#counters = counters;
    this.#hasSegments = hasSegments;
    const memory = new MessageMemory(BATCH + 1, isIpv6 ? 28 : 16, DATA_BYTES);
    this.#memory = memory;
    for (let i = 0; i < BATCH; i++) {
      const control = memory.controlsAt + i * CONTROL_WORDS;
      memory.words[control] = 16 + 2;
      memory.words[control + 2] = SOL_UDP;
      memory.words[control + 3] = UDP_SEGMENT;
    }
  }

  /** Datagrams that wait. */
  get waiting(): number {
    let count = 0;
    for (let i = this.#next; i < this.#end; i++) count += this.#segments[i]!;
    return count;
  }

  /** Puts a datagram into the batch, or sends it at once if it is not known whether that can be. */
  send(datagram: Uint8Array, to: IpAddress): SendResult {
    const { length } = datagram;
    if (length > to.provenBytes) return this.#sendAlone(datagram, to);
    if (this.#dataEnd + length > DATA_BYTES) {
      this.flush();
      if (this.#dataEnd + length > DATA_BYTES) return SendResult.Full;
    }
    const { words, bytes, dataAt, iovecsAt } = this.#memory;
    if (
      to === this.#runTo && this.#runLeft > 0 && length <= this.#runSize &&
      length > 0
    ) {
      const slot = this.#end - 1;
      const iovec = iovecsAt + slot * IOVEC_WORDS + 2;
      words[iovec] = words[iovec]! + length;
      words[slot * HEADER_WORDS + MSG_CONTROLLEN] = SEGMENT_CONTROL_BYTES;
      this.#segments[slot] = this.#segments[slot]! + 1;
      // Only the last one may be smaller.
      this.#runLeft = length < this.#runSize ? 0 : this.#runLeft - 1;
    } else {
      if (this.#end === BATCH) {
        this.flush();
        if (this.#end === BATCH) return SendResult.Full;
      }
      this.#begin(to, length);
    }
    bytes.set(datagram, dataAt + this.#dataEnd);
    this.#dataEnd += length;
    // Where the system has no room, not a call for each one from there on.
    if (++this.#held % LEAVES_AT === 0) this.flush();
    return SendResult.Sent;
  }

  /** Begins a message. */
  #begin(to: IpAddress, length: number): void {
    const memory = this.#memory;
    const { words } = memory;
    const slot = this.#end++;
    const start = memory.dataAt + this.#dataEnd;
    memory.aim(slot, start, length);
    const name = memory.namesAt + slot * NAME_WORDS;
    writeSockaddr(this.#libc.layout, words, name, to, this.#isIpv6);
    words[slot * HEADER_WORDS + MSG_CONTROLLEN] = 0;
    words[memory.controlsAt + slot * CONTROL_WORDS + 4] = length;
    this.#to[slot] = to;
    this.#segments[slot] = 1;
    this.#sizes[slot] = length;
    this.#starts[slot] = start;
    this.#runTo = to;
    this.#runSize = length;
    this.#runLeft = this.#hasSegments && length > 0
      ? Math.min(MAX_SEGMENTS, Math.floor(MAX_MESSAGE_BYTES / length)) - 1
      : 0;
  }

  /** What the system says of the first datagram for an address, and of a larger one than before, is to be known. */
  #sendAlone(datagram: Uint8Array, to: IpAddress): SendResult {
    this.flush();
    if (this.#end > 0) return SendResult.Full;
    const memory = this.#memory;
    memory.bytes.set(datagram, memory.dataAt);
    const { length } = datagram;
    memory.aim(SPARE, memory.dataAt, length);
    const name = memory.namesAt + SPARE * NAME_WORDS;
    writeSockaddr(this.#libc.layout, memory.words, name, to, this.#isIpv6);
    const result = this.#transmitSpare();
    if (result === SendResult.Sent) to.provenBytes = length;
    return result;
  }

  #transmitSpare(): SendResult {
    if (this.#transmit(SPARE, 1) < 0) return this.#failure();
    const { words, iovecsAt } = this.#memory;
    this.#counters.sent++;
    this.#counters.sentBytes += words[iovecsAt + SPARE * IOVEC_WORDS + 2]!;
    return SendResult.Sent;
  }

  /** Sends what waits, as far as the system takes it. */
  flush(): void {
    if (this.#next === this.#end) return;
    this.#runTo = undefined;
    while (this.#next < this.#end) {
      const sent = this.#transmit(this.#next, this.#end - this.#next);
      if (sent > 0) {
        this.#account(sent);
        continue;
      }
      const slot = this.#next;
      const { errno } = this.#libc;
      const result = this.#failure();
      if (result === SendResult.Full) return;
      const isCut = this.#segments[slot]! > 1 &&
        (errno === EINVAL || errno === EIO);
      if (isCut) {
        // A network device that cannot compute checksums, or a kernel that knows nothing of it.
        this.#hasSegments = false;
        if (!this.#cutUp(slot)) return;
      } else {
        // It was taken for one that can be sent, as others were.
        this.#to[slot]!.provenBytes = 0;
        this.#counters.failed += this.#segments[slot]!;
      }
      this.#next++;
    }
    this.#next = this.#end = 0;
    this.#dataEnd = this.#held = 0;
  }

  #account(sent: number): void {
    const { words, iovecsAt } = this.#memory;
    let count = 0;
    let bytes = 0;
    for (let i = 0; i < sent; i++) {
      const slot = this.#next++;
      count += this.#segments[slot]!;
      bytes += words[iovecsAt + slot * IOVEC_WORDS + 2]!;
    }
    this.#counters.sent += count;
    this.#counters.sentBytes += bytes;
  }

  /** Sends the datagrams of a message one by one; tells whether all are done. */
  #cutUp(slot: number): boolean {
    const memory = this.#memory;
    const { words } = memory;
    const name = memory.namesAt + slot * NAME_WORDS;
    words.copyWithin(
      memory.namesAt + SPARE * NAME_WORDS,
      name,
      name + NAME_WORDS,
    );
    const iovec = memory.iovecsAt + slot * IOVEC_WORDS + 2;
    const size = this.#sizes[slot]!;
    while (this.#segments[slot]! > 0) {
      const rest = words[iovec]!;
      const length = Math.min(rest, size);
      memory.aim(SPARE, this.#starts[slot]!, length);
      const result = this.#transmitSpare();
      if (result === SendResult.Full) return false;
      if (result !== SendResult.Sent) this.#counters.failed++;
      this.#starts[slot] = this.#starts[slot]! + length;
      memory.aim(slot, this.#starts[slot]!, rest - length);
      this.#segments[slot] = this.#segments[slot]! - 1;
      if (this.#segments[slot] === 1) {
        words[slot * HEADER_WORDS + MSG_CONTROLLEN] = 0;
      }
    }
    return true;
  }

  /** Gives messages to the system; tells how many it took, -1 if it did not take the first. */
  #transmit(slot: number, count: number): number {
    const { layout, calls } = this.#libc;
    const header = this.#memory.headers[slot]!;
    for (let attempt = 1;; attempt++) {
      let sent: number;
      if (layout.hasBatches) {
        sent = calls.sendmmsg!(this.#fd, header, count, layout.MSG_DONTWAIT);
      } else {
        const bytes = calls.sendmsg(this.#fd, header, layout.MSG_DONTWAIT);
        sent = bytes < 0 ? -1 : 1;
      }
      if (sent > 0 || attempt === MAX_ATTEMPTS) return sent;
      const { errno } = this.#libc;
      // The second is of a datagram before, and this one has not been sent.
      if (errno !== layout.EINTR && errno !== layout.ECONNREFUSED) return -1;
    }
  }

  #failure(): SendResult {
    const { layout, errno } = this.#libc;
    switch (errno) {
      case layout.EAGAIN:
      case layout.ENOBUFS:
        return SendResult.Full;
      case layout.EMSGSIZE:
        return SendResult.TooLarge;
      default:
        return SendResult.Refused;
    }
  }
}
