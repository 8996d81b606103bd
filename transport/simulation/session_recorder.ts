// This module is browser compatible.
import { checkInteger, type Clock, SystemClock } from "../../core/mod.ts";
import { ByteWriter } from "../../protocol/mod.ts";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import {
  type DatagramSink,
  type DatagramSocket,
  type DatagramSocketCounters,
  SendResult,
} from "../socket/datagram_socket.ts";
import {
  CAPTURE_MAGIC,
  CaptureKind,
  MAX_NOTE_BYTES,
} from "./_capture_format.ts";

/** Options for {@linkcode SessionRecorder}. */
export interface SessionRecorderOptions {
  /**
   * The time.
   *
   * @default {a SystemClock}
   */
  readonly clock?: Clock;
  /**
   * How many bytes are held at most until {@linkcode SessionRecorder.takeBytes}; the record that does not fit ends the
   * capture. An integer from 1024 to 2^30.
   *
   * @default {67108864}
   */
  readonly maxBytes?: number;
}

const DEFAULT_MAX_BYTES = 67_108_864;
const LARGEST_MAX_BYTES = 2 ** 30;

/**
 * Records what a socket sends and receives, and when, so that {@linkcode SessionReplay} can feed it into a state machine
 * again, bit for bit.
 *
 * The state machine is given {@linkcode SessionRecorder.socket} and {@linkcode SessionRecorder.clock} in place of its own.
 * That clock goes in microseconds and stands still between two polls of the socket, so that the machine sees the same time
 * again in a replay. What else it is told, such as messages to be sent, goes into {@linkcode SessionRecorder.note}; what it
 * draws must come from a seed.
 *
 * The capture, version 1: all numbers little-endian, varints and strings as `protocol` has them.
 *
 * | bytes | what |
 * | --- | --- |
 * | 8 | `54 57 43 41 50 54 01 0a` |
 * | varint | microseconds of the clock at the start |
 * | 8 | a double: milliseconds since 1970 at the start |
 *
 * Then records, each of which begins with its kind:
 *
 * | kind | record | after it |
 * | --- | --- | --- |
 * | 1 | address | length (varint) and key, length (varint) and host in UTF-8, port (2). Counted from 0 |
 * | 2 | poll | microseconds since the poll before, or the start (varint) |
 * | 3 | received, in the poll before it | index of the address (varint), length (varint), datagram |
 * | 4 | sent | as received |
 * | 5 | not sent | the {@linkcode SendResult} (1), then as received |
 * | 6 | note | length (varint), bytes |
 * | 7 | closed | nothing |
 *
 * A capture may end anywhere: what follows its last whole record is left out.
 *
 * @example Record an echo, and replay it
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import {
 *   type DatagramSocket,
 *   SessionRecorder,
 *   SessionReplay,
 *   SimulatedNetwork,
 * } from "@tickwire/net/transport";
 *
 * function echo(socket: DatagramSocket): void {
 *   socket.poll((datagram, from) => socket.send(datagram, from));
 * }
 * const network = new SimulatedNetwork({ conditions: { latencyMs: 20 } });
 * const recorder = new SessionRecorder(network.socket("10.0.0.1", 9000), {
 *   clock: network.clock,
 * });
 * const client = network.socket("10.0.0.2");
 * client.send(new Uint8Array([1, 2]), client.address("10.0.0.1", 9000));
 * network.advance(20);
 * echo(recorder.socket);
 *
 * const replay = new SessionReplay(recorder.takeBytes());
 * while (replay.next() !== undefined) echo(replay.socket);
 * assertEquals(replay.socket.counters.received, 1);
 * assertEquals(replay.difference, undefined);
 * ```
 */
export class SessionRecorder {
  /** What stands for the socket: all goes through it. */
  readonly socket: DatagramSocket;
  /** The time that the state machine goes by: stands still between two polls. */
  readonly clock: Clock;
  readonly #log: CaptureLog;

  /**
   * Begins to record.
   *
   * @param socket The socket. It is used through {@linkcode SessionRecorder.socket} alone from now on.
   * @param options The clock and the bound.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(socket: DatagramSocket, options: SessionRecorderOptions = {}) {
    const { clock = new SystemClock(), maxBytes = DEFAULT_MAX_BYTES } = options;
    this.#log = new CaptureLog(
      clock,
      checkInteger("maxBytes", maxBytes, 1024, LARGEST_MAX_BYTES),
    );
    this.clock = this.#log;
    this.socket = new RecordedSocket(socket, this.#log);
  }

  /** Whether the bound was met: what happened since is missing. */
  get isFull(): boolean {
    return this.#log.isFull;
  }

  /**
   * Records what else the state machine was told; it is handed out at the same place of the replay.
   *
   * @param bytes 0 to 1,048,576 bytes; copied.
   * @throws {RangeError} If there are more.
   * @throws {TypeError} If the socket is being polled: in a replay nobody could be told.
   */
  note(bytes: Uint8Array): void {
    checkInteger("the length of a note", bytes.length, 0, MAX_NOTE_BYTES);
    if (this.#log.isInPoll) {
      throw new TypeError("Cannot note anything while the socket is polled");
    }
    this.#log.note(bytes);
  }

  /**
   * Takes out what was recorded since the last call: appended to one another, these are the capture.
   *
   * @returns The bytes, the caller's own.
   */
  takeBytes(): Uint8Array<ArrayBuffer> {
    return this.#log.takeBytes();
  }
}

/** Writes records, and is the clock of what is recorded. */
class CaptureLog implements Clock {
  isFull = false;
  isInPoll = false;
  readonly #clock: Clock;
  readonly #writer: ByteWriter;
  readonly #epochOffsetMs: number;
  #us: number;
  #addresses = 0;

  constructor(clock: Clock, maxBytes: number) {
    this.#clock = clock;
    this.#writer = new ByteWriter({ initialBytes: 1024, maxBytes });
    this.#us = microseconds(clock);
    const epochMs = clock.epochMs();
    this.#epochOffsetMs = epochMs - this.#us / 1000;
    const writer = this.#writer;
    writer.raw(CAPTURE_MAGIC);
    writer.varint(this.#us);
    writer.f64(this.#epochOffsetMs);
  }

  nowMs(): number {
    return this.#us / 1000;
  }

  epochMs(): number {
    return this.#epochOffsetMs + this.#us / 1000;
  }

  /** Returns the index of the new address. */
  address({ key, host, port }: DatagramAddress): number {
    const writer = this.#writer;
    const start = writer.length;
    writer.u8(CaptureKind.Address);
    writer.varint(key.length);
    writer.raw(key);
    writer.string(host);
    writer.u16(port);
    this.#end(start);
    return this.#addresses++;
  }

  poll(): void {
    const us = Math.max(microseconds(this.#clock), this.#us);
    const writer = this.#writer;
    const start = writer.length;
    writer.u8(CaptureKind.Poll);
    writer.varint(us - this.#us);
    this.#us = us;
    this.#end(start);
  }

  datagram(
    kind: CaptureKind,
    result: SendResult,
    datagram: Uint8Array,
    address: number,
  ): void {
    const writer = this.#writer;
    const start = writer.length;
    writer.u8(kind);
    if (kind === CaptureKind.NotSent) writer.u8(result);
    writer.varint(address);
    writer.varint(datagram.length);
    writer.raw(datagram);
    this.#end(start);
  }

  note(bytes: Uint8Array): void {
    const writer = this.#writer;
    const start = writer.length;
    writer.u8(CaptureKind.Note);
    writer.varint(bytes.length);
    writer.raw(bytes);
    this.#end(start);
  }

  closed(): void {
    const start = this.#writer.length;
    this.#writer.u8(CaptureKind.Closed);
    this.#end(start);
  }

  takeBytes(): Uint8Array<ArrayBuffer> {
    const writer = this.#writer;
    const { isFull } = this;
    if (isFull) writer.rewind(writer.length);
    const bytes = writer.toBytes();
    writer.reset();
    // A record is missing: nothing after it would be understood.
    if (isFull) writer.fail("full");
    return bytes;
  }

  #end(start: number): void {
    if (this.#writer.ok || this.isFull) return;
    this.#writer.rewind(start);
    this.#writer.fail("full");
    this.isFull = true;
  }
}

function microseconds(clock: Clock): number {
  return Math.max(0, Math.round(clock.nowMs() * 1000));
}

/** A socket's address as its {@linkcode RecordedSocket} hands it out. */
class RecordedAddress implements DatagramAddress {
  readonly socket: RecordedSocket;
  readonly inner: DatagramAddress;
  readonly host: string;
  readonly port: number;
  /** -1 before it was written. */
  index = -1;

  constructor(socket: RecordedSocket, inner: DatagramAddress) {
    this.socket = socket;
    this.inner = inner;
    this.host = inner.host;
    this.port = inner.port;
  }

  get key(): Uint8Array {
    return this.inner.key;
  }

  retain(): void {
    this.inner.retain();
  }

  release(): void {
    this.inner.release();
  }

  toString(): string {
    return this.inner.toString();
  }
}

class RecordedSocket implements DatagramSocket {
  readonly localAddress: DatagramAddress;
  readonly #socket: DatagramSocket;
  readonly #log: CaptureLog;
  /** As long as the socket knows an address, the same object stands for it. */
  readonly #addresses = new WeakMap<DatagramAddress, RecordedAddress>();

  constructor(socket: DatagramSocket, log: CaptureLog) {
    this.#socket = socket;
    this.#log = log;
    this.localAddress = this.#outer(socket.localAddress);
    this.#index(this.localAddress as RecordedAddress);
  }

  get maxDatagramBytes(): number {
    return this.#socket.maxDatagramBytes;
  }

  get isClosed(): boolean {
    return this.#socket.isClosed;
  }

  get counters(): DatagramSocketCounters {
    return this.#socket.counters;
  }

  address(host: string, port: number): DatagramAddress {
    return this.#outer(this.#socket.address(host, port));
  }

  send(datagram: Uint8Array, to: DatagramAddress): SendResult {
    if (!(to instanceof RecordedAddress) || to.socket !== this) {
      return SendResult.Refused;
    }
    const result = this.#socket.send(datagram, to.inner);
    const kind = result === SendResult.Sent
      ? CaptureKind.Sent
      : CaptureKind.NotSent;
    this.#log.datagram(kind, result, datagram, this.#index(to));
    return result;
  }

  flush(): void {
    this.#socket.flush();
  }

  poll(sink: DatagramSink, maxDatagrams?: number): number {
    const log = this.#log;
    log.poll();
    log.isInPoll = true;
    try {
      return this.#socket.poll((datagram, from) => {
        const address = this.#outer(from);
        const index = this.#index(address);
        log.datagram(CaptureKind.Received, SendResult.Sent, datagram, index);
        sink(datagram, address);
      }, maxDatagrams);
    } finally {
      log.isInPoll = false;
    }
  }

  close(): void {
    if (!this.#socket.isClosed) this.#log.closed();
    this.#socket.close();
  }

  #outer(inner: DatagramAddress): RecordedAddress {
    let outer = this.#addresses.get(inner);
    if (outer === undefined) {
      outer = new RecordedAddress(this, inner);
      this.#addresses.set(inner, outer);
    }
    return outer;
  }

  #index(address: RecordedAddress): number {
    if (address.index < 0) address.index = this.#log.address(address);
    return address.index;
  }
}
