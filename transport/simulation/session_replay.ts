// This module is browser compatible.
import { type Clock, ManualClock } from "../../core/mod.ts";
import { ByteReader } from "../../protocol/mod.ts";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import {
  type DatagramSink,
  type DatagramSocket,
  SendResult,
} from "../socket/datagram_socket.ts";
import { SocketCounters } from "../socket/socket_counters.ts";
import {
  CAPTURE_MAGIC,
  CaptureKind,
  type CaptureRecord,
  readRecord,
} from "./_capture_format.ts";

/** What comes next in a {@linkcode SessionReplay}. */
export type ReplayStep =
  | {
    /** The socket was polled here: poll it, or whatever polls it. */
    readonly type: "poll";
    /** The time that the poll moves the clock to, in milliseconds. */
    readonly nowMs: number;
  }
  | {
    /** Something was noted here by {@linkcode SessionRecorder.note}. */
    readonly type: "note";
    /** What; the receiver's own. */
    readonly bytes: Uint8Array;
  }
  | {
    /** The socket was closed here. */
    readonly type: "closed";
  };

/** Where a replay did something else than what was recorded. */
export interface ReplayDifference {
  /** `"sent"`: other bytes, or to another address, or one more or fewer than recorded; `"polled"`: once too often. */
  readonly what: "sent" | "polled";
  /** How many datagrams were sent, or tried to, before it. */
  readonly index: number;
  /** When, in milliseconds of the replay's clock. */
  readonly nowMs: number;
}

/**
 * Replays what a {@linkcode SessionRecorder} has recorded: a socket that hands out the same datagrams at the same polls and
 * times, answers the same to what is sent, and compares it.
 *
 * A state machine that is made in the same way, and told the same, then does the same to the bit; otherwise {@linkcode
 * SessionReplay.difference} tells where it first did not. Every poll of the socket moves the clock to the time of the next
 * recorded poll.
 */
export class SessionReplay {
  /** The socket, which reaches nobody. */
  readonly socket: DatagramSocket;
  /** The time that was recorded: moved by the socket's polls. */
  readonly clock: Clock;
  /** Whether the capture ends within a record, which is left out. */
  readonly isTruncated: boolean;
  /** How many bytes of the capture are whole records. */
  readonly wholeBytes: number;
  readonly #socket: ReplaySocket;

  /**
   * Reads a capture.
   *
   * @param capture Its bytes, which must not change as long as it is replayed.
   * @throws {SyntaxError} If it is no capture, or a record in it is wrong; one that is cut is no error, unless less than its
   * beginning is left.
   */
  constructor(capture: Uint8Array) {
    const parsed = parseCapture(capture);
    this.wholeBytes = parsed.bytes.length;
    this.isTruncated = this.wholeBytes < capture.length;
    this.#socket = new ReplaySocket(parsed);
    this.socket = this.#socket;
    this.clock = this.#socket.clock;
  }

  /** Where the replay first did something else than what was recorded; `undefined` if it did not (yet). */
  get difference(): ReplayDifference | undefined {
    return this.#socket.difference;
  }

  /**
   * Tells what comes next. A note and the end are taken out; a poll stays until the socket is polled.
   *
   * @returns The step; `undefined` at the end, when what was sent has also been compared to the last.
   */
  next(): ReplayStep | undefined {
    return this.#socket.next();
  }
}

interface ParsedCapture {
  /** Its bytes up to the last whole record. */
  readonly bytes: Uint8Array;
  /** Where the first record begins. */
  readonly start: number;
  readonly addresses: readonly CaptureRecord[];
  readonly startUs: number;
  readonly epochOffsetMs: number;
}

function parseCapture(capture: Uint8Array): ParsedCapture {
  if (CAPTURE_MAGIC.some((byte, i) => capture[i] !== byte)) {
    throw new SyntaxError(
      "Cannot replay as the bytes must be a capture of version 1: they begin otherwise",
    );
  }
  const reader = new ByteReader(capture);
  reader.skip(CAPTURE_MAGIC.length);
  const startUs = reader.varint();
  const epochOffsetMs = reader.f64();
  if (!reader.ok || !Number.isFinite(epochOffsetMs)) {
    throw new SyntaxError(
      "Cannot replay as the capture must have a time to start at: it is cut or wrong",
    );
  }
  const start = reader.position;
  const addresses: CaptureRecord[] = [];
  let end = start;
  let us = startUs;
  let isInPoll = false;
  while (!reader.atEnd) {
    const record = readRecord(reader, addresses.length);
    if (record === undefined) {
      if (reader.error === "truncated") break;
      throw wrongRecord(end);
    }
    const { kind } = record;
    us += record.elapsedUs;
    if (kind === CaptureKind.Address) addresses.push(record);
    else if (!isOutput(record)) {
      const isStray = kind === CaptureKind.Received && !isInPoll;
      if (isStray || us > Number.MAX_SAFE_INTEGER) throw wrongRecord(end);
      isInPoll = kind === CaptureKind.Poll || kind === CaptureKind.Received;
    }
    end = reader.position;
  }
  // The first address is the socket's own, and stands before all else.
  if (end > start && capture[start] !== CaptureKind.Address) {
    throw wrongRecord(start);
  }
  const bytes = capture.subarray(0, end);
  return { bytes, start, addresses, startUs, epochOffsetMs };
}

function wrongRecord(at: number): SyntaxError {
  return new SyntaxError(
    `Cannot replay as every record of the capture must be right: the one at byte ${at} is not`,
  );
}

/** Goes through the records of a capture that was found right: those that are outputs, or the inputs. */
class RecordCursor {
  readonly #reader = new ByteReader();
  readonly #wantsOutputs: boolean;
  #record: CaptureRecord | undefined;

  constructor({ bytes, start }: ParsedCapture, wantsOutputs: boolean) {
    this.#reader.reset(bytes, start);
    this.#wantsOutputs = wantsOutputs;
    this.advance();
  }

  /** The record at hand; `undefined` at the end. */
  get record(): CaptureRecord | undefined {
    return this.#record;
  }

  advance(): void {
    this.#record = undefined;
    while (!this.#reader.atEnd) {
      const record = readRecord(this.#reader, Infinity)!;
      const isWanted = this.#wantsOutputs
        ? isOutput(record)
        : record.kind !== CaptureKind.Address && !isOutput(record);
      if (isWanted) {
        this.#record = record;
        return;
      }
    }
  }
}

class ReplayAddress implements DatagramAddress {
  readonly socket: ReplaySocket;
  readonly host: string;
  readonly port: number;
  readonly key: Uint8Array;

  constructor(
    socket: ReplaySocket,
    host: string,
    port: number,
    key: Uint8Array,
  ) {
    this.socket = socket;
    this.host = host;
    this.port = port;
    this.key = key;
  }

  retain(): void {}

  release(): void {}

  toString(): string {
    const { host, port } = this;
    return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  }
}

const MAX_DATAGRAM_BYTES = 65_507;
const MIN_KEY = new Uint8Array(1);

class ReplaySocket implements DatagramSocket {
  readonly localAddress: ReplayAddress;
  readonly maxDatagramBytes = MAX_DATAGRAM_BYTES;
  readonly counters = new SocketCounters();
  readonly clock: ManualClock;
  difference: ReplayDifference | undefined = undefined;
  readonly #addresses: readonly ReplayAddress[];
  readonly #byName = new Map<string, ReplayAddress>();
  /** What comes in and is noted. */
  readonly #inputs: RecordCursor;
  /** What was sent or tried to. */
  readonly #outputs: RecordCursor;
  #sent = 0;
  #us: number;
  #isClosed = false;

  constructor(capture: ParsedCapture) {
    const { startUs, epochOffsetMs } = capture;
    this.#us = startUs;
    this.clock = new ManualClock({
      nowMs: startUs / 1000,
      epochMs: epochOffsetMs + startUs / 1000,
    });
    this.#addresses = capture.addresses.map(({ host, port, bytes }) => {
      const address = new ReplayAddress(this, host, port, bytes);
      const name = address.toString();
      // The recorded socket may have forgotten it in between.
      const known = this.#byName.get(name);
      if (known !== undefined) return known;
      this.#byName.set(name, address);
      return address;
    });
    this.localAddress = this.#addresses[0] ??
      new ReplayAddress(this, "0.0.0.0", 0, MIN_KEY);
    this.#inputs = new RecordCursor(capture, false);
    this.#outputs = new RecordCursor(capture, true);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  address(host: string, port: number): ReplayAddress {
    const address = new ReplayAddress(this, host, port, MIN_KEY);
    return this.#byName.get(address.toString()) ?? address;
  }

  send(datagram: Uint8Array, to: DatagramAddress): SendResult {
    const { counters } = this;
    const { record: recorded } = this.#outputs;
    if (
      recorded === undefined || this.#addresses[recorded.address] !== to ||
      !isSame(recorded.bytes, datagram)
    ) this.#differ("sent");
    this.#outputs.advance();
    this.#sent += 1;
    const result = (recorded?.result ?? SendResult.Sent) as SendResult;
    if (result === SendResult.Sent) {
      counters.sent += 1;
      counters.sentBytes += datagram.length;
    } else if (result === SendResult.Full) counters.full += 1;
    else counters.failed += 1;
    return result;
  }

  flush(): void {}

  poll(sink: DatagramSink): number {
    const { record: poll } = this.#inputs;
    if (poll?.kind !== CaptureKind.Poll) {
      this.#differ("polled");
      return 0;
    }
    this.#inputs.advance();
    this.#us += poll.elapsedUs;
    // Computed as the recorder did: a sum of milliseconds would differ in the last bit.
    this.clock.setNowMs(this.#us / 1000);
    let count = 0;
    for (;;) {
      const { record } = this.#inputs;
      if (record?.kind !== CaptureKind.Received) return count;
      this.#inputs.advance();
      this.counters.received += 1;
      this.counters.receivedBytes += record.bytes.length;
      count += 1;
      sink(record.bytes, this.#addresses[record.address]!);
    }
  }

  close(): void {
    this.#isClosed = true;
  }

  next(): ReplayStep | undefined {
    const inputs = this.#inputs;
    // A sink that has thrown has left some.
    while (inputs.record?.kind === CaptureKind.Received) inputs.advance();
    const { record } = inputs;
    if (record === undefined) {
      if (this.#outputs.record !== undefined) this.#differ("sent");
      return undefined;
    }
    if (record.kind === CaptureKind.Poll) {
      return { type: "poll", nowMs: (this.#us + record.elapsedUs) / 1000 };
    }
    inputs.advance();
    return record.kind === CaptureKind.Note
      ? { type: "note", bytes: record.bytes.slice() }
      : { type: "closed" };
  }

  #differ(what: "sent" | "polled"): void {
    this.difference ??= {
      what,
      index: this.#sent,
      nowMs: this.clock.nowMs(),
    };
  }
}

function isOutput({ kind }: CaptureRecord): boolean {
  return kind === CaptureKind.Sent || kind === CaptureKind.NotSent;
}

function isSame(one: Uint8Array, two: Uint8Array): boolean {
  if (one.length !== two.length) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== two[i]) return false;
  return true;
}
