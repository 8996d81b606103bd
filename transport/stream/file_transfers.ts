// This module is browser compatible.
import { checkInteger, checkPositive, EventQueue } from "../../core/mod.ts";
import { utf8Length } from "../../protocol/mod.ts";
import { IncomingFile } from "./_incoming_file.ts";
import {
  cancelCode,
  encodeControl,
  type FileMessage,
  FileMessageReader,
  MAX_CHUNK_BYTES,
  MAX_NAME_BYTES,
  MAX_SIZE,
  MAX_VERSION_BYTES,
  MIN_CHUNK_BYTES,
  Op,
} from "./_messages.ts";
import { OutgoingFile } from "./_outgoing_file.ts";
import type {
  FileEvent,
  FileFailReason,
  FileTransferId,
} from "./file_event.ts";
import type { FileSink, FileSource } from "./file_source.ts";

/** Options for {@linkcode FileTransfers}. */
export interface FileTransfersOptions {
  /**
   * Sends a message on a reliable channel, in order or not: `true` if it is on its way,
   * `false` if there is no room now. The bytes are consumed before it returns.
   */
  readonly send: (message: Uint8Array) => boolean;
  /**
   * How many bytes of a file may be under way to this end, and be held until those
   * before them have come: 4400 to 2^24. A transfer is no faster than this per round
   * trip.
   *
   * @default {262144}
   */
  readonly windowBytes?: number;
  /**
   * How many bytes of a file a message to this end has: 64 to 1100. The largest one
   * fits into a datagram of 1,200 bytes.
   *
   * @default {1100}
   */
  readonly chunkBytes?: number;
  /**
   * The largest file that this end receives, in bytes: 0 to 4294967295.
   *
   * @default {16777216}
   */
  readonly maxBytes?: number;
  /**
   * How many transfers each end may have begun and not ended: 1 to 1024.
   *
   * @default {8}
   */
  readonly maxTransfers?: number;
  /**
   * How many bytes leave at most in a tick: 1100 to 2^30.
   *
   * @default {65536}
   */
  readonly maxBytesPerTick?: number;
  /**
   * After how long without any movement a transfer fails, in milliseconds: above 0.
   *
   * @default {30000}
   */
  readonly timeoutMs?: number;
}

/** Options for {@linkcode FileTransfers.offer} and {@linkcode FileTransfers.serve}. */
export interface FileSendOptions {
  /**
   * Tells this content from others of the same name, as a time or a hash does: 0 to 64
   * bytes of UTF-8. Only what has the same is gone on with.
   *
   * @default {""}
   */
  readonly version?: string;
}

/** Options for {@linkcode FileTransfers.request} and {@linkcode FileTransfers.accept}. */
export interface FileReceiveOptions {
  /** Takes the bytes. Without it they are gathered, and in the event of the end. */
  readonly sink?: FileSink;
  /**
   * How many bytes a sink has already: an integer, 0 or more.
   *
   * @default {0}
   */
  readonly offset?: number;
  /** What was gathered already; copied. Not with a sink. */
  readonly have?: Uint8Array;
  /**
   * The version of what is there already: another one is refused as `"changed"`.
   *
   * @default {""}
   */
  readonly version?: string;
}

const DEFAULT_WINDOW_BYTES = 262_144;
const DEFAULT_MAX_BYTES = 16_777_216;
const DEFAULT_TRANSFERS = 8;
const DEFAULT_TICK_BYTES = 65_536;
const DEFAULT_TIMEOUT_MS = 30_000;
/** While so many messages wait for room nothing begins, and what is refused gets no answer. */
const MAX_UNSENT = 64;
/** For progress, beside the events that somebody waits for. */
const PROGRESS_EVENTS = 256;
const MAX_NUMBER = 0x7fff_ffff;

type File = OutgoingFile | IncomingFile;

/**
 * Files that go from one end of a link to the other beside its messages, in either
 * direction, with progress: a state machine that is given messages and time, and hands
 * out messages and events.
 *
 * The receiver says how far the sender may go, so that it holds no more than its window;
 * the sender reads what it sends when it sends it. What has come is compared by its
 * 64-bit FNV-1a hash: that finds mistakes, and no forgery, against which the link has to
 * protect. After a link has broken, a transfer is begun anew over another one behind what
 * had come, if the version is still the same.
 *
 * Its messages are packets of the kinds `FileRequest` and `FileChunk`. They want a channel
 * of a low priority, so that they give way to the game's own.
 *
 * @example A file over a link
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Channel, MemoryLinkPair, type MessageLink } from "@tickwire/net/protocol";
 * import { FileTransfers } from "@tickwire/net/transport";
 *
 * function transfersOver(link: MessageLink): FileTransfers {
 *   return new FileTransfers({ send: (message) => link.send(message, Channel.Reliable) });
 * }
 *
 * const pair = new MemoryLinkPair();
 * const [server, client] = [transfersOver(pair.a), transfersOver(pair.b)];
 * client.request("level1.map");
 *
 * let received: Uint8Array | undefined;
 * for (let frame = 0; received === undefined && frame < 100; frame++) {
 *   for (const [files, link] of [[server, pair.a], [client, pair.b]] as const) {
 *     link.poll((message) => files.receive(message));
 *     files.tick(1 / 60);
 *     for (const event of files.drainEvents()) {
 *       if (event.type === "requested") server.serve(event.transfer, new Uint8Array(5_000));
 *       if (event.type === "received") received = event.bytes;
 *     }
 *   }
 * }
 * assertEquals(received?.length, 5_000);
 * ```
 */
export class FileTransfers {
  readonly #send: (message: Uint8Array) => boolean;
  readonly #windowBytes: number;
  readonly #chunkBytes: number;
  readonly #maxBytes: number;
  readonly #maxTransfers: number;
  readonly #maxBytesPerTick: number;
  readonly #timeoutMs: number;
  readonly #files = new Map<FileTransferId, File>();
  readonly #events: EventQueue<FileEvent>;
  readonly #reader = new FileMessageReader();
  /** Messages that found no room, the oldest first. */
  #unsent: Uint8Array[] = [];
  #lastNumber = 0;
  #own = 0;
  #malformed = 0;
  #isClosed = false;

  /**
   * Makes one, for one link.
   *
   * @param options How messages leave, and the bounds.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(options: FileTransfersOptions) {
    const {
      send,
      windowBytes = DEFAULT_WINDOW_BYTES,
      chunkBytes = MAX_CHUNK_BYTES,
      maxBytes = DEFAULT_MAX_BYTES,
      maxTransfers = DEFAULT_TRANSFERS,
      maxBytesPerTick = DEFAULT_TICK_BYTES,
      timeoutMs = DEFAULT_TIMEOUT_MS,
    } = options;
    this.#send = send;
    this.#windowBytes = checkInteger(
      "windowBytes",
      windowBytes,
      4 * MAX_CHUNK_BYTES,
      2 ** 24,
    );
    this.#chunkBytes = checkInteger(
      "chunkBytes",
      chunkBytes,
      MIN_CHUNK_BYTES,
      MAX_CHUNK_BYTES,
    );
    this.#maxBytes = checkInteger("maxBytes", maxBytes, 0, MAX_SIZE);
    this.#maxTransfers = checkInteger("maxTransfers", maxTransfers, 1, 1_024);
    this.#maxBytesPerTick = checkInteger(
      "maxBytesPerTick",
      maxBytesPerTick,
      MAX_CHUNK_BYTES,
      2 ** 30,
    );
    this.#timeoutMs = checkPositive("timeoutMs", timeoutMs);
    // Each transfer has room for its beginning and its end.
    const capacity = 4 * maxTransfers + PROGRESS_EVENTS;
    this.#events = new EventQueue({ capacity });
  }

  /** How many transfers are under way, with those that wait for an answer. */
  get size(): number {
    return this.#files.size;
  }

  /** How many messages came that were not as they should be. */
  get malformed(): number {
    return this.#malformed;
  }

  /**
   * Offers a file.
   *
   * @param name What it is called: 1 to 255 bytes of UTF-8.
   * @param source Its bytes, not copied, or where they come from.
   * @param options Its version.
   * @returns The transfer, of which events tell; `undefined` if there are too many.
   * @throws {RangeError} If the name, the version or the size is out of its range.
   */
  offer(
    name: string,
    source: FileSource | Uint8Array,
    options: FileSendOptions = {},
  ): FileTransferId | undefined {
    checkText("name", name, 1, MAX_NAME_BYTES);
    const id = this.#begin();
    if (id === undefined) return undefined;
    const file = new OutgoingFile(id, name, undefined);
    supply(file, source, options);
    this.#files.set(id, file);
    this.#post(encodeControl(id, Op.Offer, (body) => {
      body.string(name);
      body.string(file.version);
      body.varint(file.size);
    }));
    return id;
  }

  /**
   * Asks for a file.
   *
   * @param name What it is called: 1 to 255 bytes of UTF-8.
   * @param options Where the bytes go, and what is there already.
   * @returns The transfer, of which events tell; `undefined` if there are too many.
   * @throws {RangeError} If the name, the version or the offset is out of its range.
   * @throws {TypeError} If there are both a sink and gathered bytes.
   */
  request(
    name: string,
    options: FileReceiveOptions = {},
  ): FileTransferId | undefined {
    checkText("name", name, 1, MAX_NAME_BYTES);
    const version = checkText(
      "version",
      options.version ?? "",
      0,
      MAX_VERSION_BYTES,
    );
    const offset = checkOffset(options);
    const id = this.#begin();
    if (id === undefined) return undefined;
    const file = this.#incoming(id, name);
    file.version = version;
    file.begin(options.have, offset, options.sink);
    this.#files.set(id, file);
    this.#post(encodeControl(id, Op.Request, (body) => {
      body.string(name);
      body.string(version);
      body.varint(file.from);
      body.varint(file.upTo);
      body.varint(file.chunkBytes);
    }));
    return id;
  }

  /**
   * Takes a file that was offered.
   *
   * @param transfer The transfer of the `"offered"` event.
   * @param options Where the bytes go, and what is there already.
   * @returns Whether it is still offered.
   * @throws {RangeError} If the offset is out of its range.
   * @throws {TypeError} If there are both a sink and gathered bytes.
   */
  accept(transfer: FileTransferId, options: FileReceiveOptions = {}): boolean {
    const file = this.#files.get(transfer);
    const offset = checkOffset(options);
    if (file === undefined || file.isSending || file.hasBegun) return false;
    const { version } = options;
    if (
      offset > file.size ||
      version !== undefined && offset > 0 && version !== file.version
    ) {
      this.#cancel(file, "changed");
      this.#fail(file, "changed", "What is there already is of another file");
      return true;
    }
    file.begin(options.have, offset, options.sink);
    file.idleMs = 0;
    this.#post(encodeControl(transfer, Op.Begin, (body) => {
      body.varint(file.from);
      body.varint(file.upTo);
      body.varint(file.chunkBytes);
    }));
    return true;
  }

  /**
   * Sends a file that was asked for.
   *
   * @param transfer The transfer of the `"requested"` event.
   * @param source Its bytes, not copied, or where they come from.
   * @param options Its version.
   * @returns Whether it is still asked for.
   * @throws {RangeError} If the version or the size is out of its range.
   */
  serve(
    transfer: FileTransferId,
    source: FileSource | Uint8Array,
    options: FileSendOptions = {},
  ): boolean {
    const file = this.#files.get(transfer);
    if (file === undefined || !file.isSending || file.source !== undefined) {
      return false;
    }
    supply(file, source, options);
    file.idleMs = 0;
    const isOther = file.position > 0 && file.version !== file.wantedVersion;
    if (isOther || file.position > file.size) {
      this.#cancel(file, "changed");
      this.#fail(file, "changed", "What is there already is of another file");
      return true;
    }
    this.#post(encodeControl(transfer, Op.Answer, (body) => {
      body.string(file.version);
      body.varint(file.size);
    }));
    return true;
  }

  /**
   * Ends a transfer, at either end and at any time: refuses what was offered or asked
   * for, or breaks off what is under way. No event here; one that has ended does nothing.
   *
   * @param transfer The transfer.
   */
  cancel(transfer: FileTransferId): void {
    const file = this.#files.get(transfer);
    if (file === undefined) return;
    const isRefused = (transfer & 1) === 0 &&
      (file.isSending ? file.source === undefined : !file.hasBegun);
    this.#cancel(file, isRefused ? "refused" : "canceled");
    this.#remove(file);
    this.#events.release();
  }

  /**
   * Takes a message that has come in.
   *
   * @param message The bytes, not kept.
   * @returns Whether it was one of a transfer's. Others are for somebody else.
   */
  receive(message: Uint8Array): boolean {
    const read = this.#reader.read(message);
    if (read === undefined) return false;
    if (this.#isClosed) return true;
    if (read === "malformed") {
      this.#malformed += 1;
    } else if (read.op === Op.Request || read.op === Op.Offer) {
      this.#onBegin(read);
    } else {
      const id = read.transfer as FileTransferId;
      const file = this.#files.get(id);
      if (file !== undefined) this.#onMessage(file, read);
      // What was on its way when the transfer ended means nothing any more; but its end
      // may have overtaken its beginning, which the other end then takes for a new one.
      else if (read.op === Op.Begin || read.op === Op.Answer) {
        this.#refuse(id, "canceled");
      }
    }
    return true;
  }

  /**
   * Lets time pass, and sends.
   *
   * @param dt Seconds, 0 or more.
   * @throws {RangeError} If `dt` is negative or NaN.
   */
  tick(dt: number): void {
    if (!(dt >= 0)) {
      throw new RangeError(
        `Cannot tick as dt must be >= 0: current value is ${dt}`,
      );
    }
    const ms = dt * 1_000;
    for (const file of this.#files.values()) {
      file.idleMs += ms;
      if (file.idleMs < this.#timeoutMs) continue;
      this.#cancel(file, "stalled");
      this.#fail(file, "stalled", "Nothing has moved for too long");
    }
    if (this.#flush()) this.#pump();
    for (const file of this.#files.values()) {
      if (!file.hasMoved) continue;
      file.hasMoved = false;
      file.idleMs = 0;
      this.#events.push({
        type: "progress",
        transfer: file.id,
        direction: file.isSending ? "sending" : "receiving",
        bytes: file.position,
        size: file.size,
      });
    }
  }

  /**
   * Takes out what happened.
   *
   * @param budgetMs How long it may take, in milliseconds: 0 or more.
   * @returns The events, each of which is removed when it is given out.
   */
  drainEvents(budgetMs = Infinity): IterableIterator<FileEvent> {
    return this.#events.drain(budgetMs);
  }

  /**
   * Ends all transfers, as when the link has broken: each fails with `"closed"`, and with
   * what had come. Nothing begins or comes in any more. Twice does nothing.
   */
  close(): void {
    if (this.#isClosed) return;
    for (const file of this.#files.values()) {
      this.#cancel(file, "closed");
      this.#fail(file, "closed", "It was closed");
    }
    this.#flush();
    this.#isClosed = true;
    this.#unsent = [];
  }

  #incoming(id: FileTransferId, name: string): IncomingFile {
    return new IncomingFile(id, name, {
      windowBytes: this.#windowBytes,
      chunkBytes: this.#chunkBytes,
      maxBytes: this.#maxBytes,
    });
  }

  /** The number of another transfer, with room for its end. */
  #begin(): FileTransferId | undefined {
    if (this.#isClosed || this.#own >= this.#maxTransfers) return undefined;
    if (this.#unsent.length >= MAX_UNSENT) return undefined;
    if (!this.#events.reserve()) return undefined;
    let id: FileTransferId;
    do {
      this.#lastNumber = this.#lastNumber === MAX_NUMBER
        ? 0
        : this.#lastNumber + 1;
      id = (this.#lastNumber * 2 + 1) as FileTransferId;
    } while (this.#files.has(id));
    this.#own += 1;
    return id;
  }

  #onBegin(message: FileMessage): void {
    const id = message.transfer as FileTransferId;
    // Only the other end begins those that are even here, and each once.
    if ((id & 1) === 1 || this.#files.has(id)) {
      this.#malformed += 1;
      return;
    }
    const { op, name, version, size } = message;
    if (op === Op.Offer && size > this.#maxBytes) {
      return this.#refuse(id, "tooLarge");
    }
    const theirs = this.#files.size - this.#own;
    if (theirs >= this.#maxTransfers || !this.#events.reserve(2)) {
      return this.#refuse(id, "busy");
    }
    if (op === Op.Offer) {
      const file = this.#incoming(id, name);
      file.version = version;
      file.setSize(size);
      this.#files.set(id, file);
      this.#events.pushReserved({
        type: "offered",
        transfer: id,
        name,
        size,
        version,
      });
    } else {
      const file = new OutgoingFile(id, name, undefined);
      file.wantedVersion = version;
      file.begin(message.offset, message.upTo, message.chunkBytes);
      this.#files.set(id, file);
      this.#events.pushReserved({ type: "requested", transfer: id, name });
    }
  }

  #onMessage(file: File, message: FileMessage): void {
    if (message.op === Op.Cancel) {
      const { reason } = message;
      this.#fail(file, reason, `The other end has ended it: ${reason}`);
      return;
    }
    const wrong = file.isSending
      ? this.#onReceiverMessage(file, message)
      : this.#onSenderMessage(file, message);
    if (wrong === undefined) return;
    this.#cancel(file, wrong);
    this.#fail(file, wrong, "What has come is not as it should be");
  }

  #onReceiverMessage(
    file: OutgoingFile,
    message: FileMessage,
  ): FileFailReason | undefined {
    const { op, offset, upTo, chunkBytes } = message;
    switch (op) {
      case Op.Begin:
        if (file.hasBegun || offset > file.size) return "misbehaved";
        file.begin(offset, upTo, chunkBytes);
        file.idleMs = 0;
        return undefined;
      case Op.Grant:
        // It may overtake what begins a transfer.
        file.grant(upTo);
        return undefined;
      case Op.Done: {
        if (!file.hasEnded) return "misbehaved";
        const { id, name, size } = file;
        this.#remove(file);
        this.#events.pushReserved({ type: "sent", transfer: id, name, size });
        return undefined;
      }
    }
    return "misbehaved";
  }

  #onSenderMessage(
    file: IncomingFile,
    message: FileMessage,
  ): FileFailReason | undefined {
    const { op, offset, bytes, version, size } = message;
    let wrong: FileFailReason | undefined;
    if (op === Op.Answer) {
      if (file.hasSize) return "misbehaved";
      if (file.from > 0 && version !== file.version) return "changed";
      file.version = version;
      file.idleMs = 0;
      wrong = file.setSize(size);
    } else if (op === -1) wrong = file.onChunk(offset, bytes);
    else if (op === Op.End) {
      wrong = file.onEnd(message.hashLow, message.hashHigh);
    } else wrong = "misbehaved";
    if (file.isOver) return undefined;
    if (wrong !== undefined) return wrong;
    const end = file.settle();
    if (file.isOver) return undefined;
    if (end !== "complete") return end;
    this.#post(encodeControl(file.id, Op.Done));
    this.#remove(file);
    this.#events.pushReserved({
      type: "received",
      transfer: file.id,
      name: file.name,
      size: file.size,
      version: file.version,
      bytes: file.take(),
    });
    return undefined;
  }

  /** Sends in turns, so that one file does not wait for another to end. */
  #pump(): void {
    let left = this.#maxBytesPerTick;
    for (let hasSent = true; hasSent && left > 0;) {
      hasSent = false;
      for (const file of this.#files.values()) {
        if (!file.isSending) continue;
        const sent = file.pump(this.#send, 4 * MAX_CHUNK_BYTES);
        if (sent < 0) return;
        left -= sent;
        hasSent ||= sent > 0;
        if (left <= 0) break;
      }
    }
    this.#rotate();
  }

  /** Whoever was first is last the next time. */
  #rotate(): void {
    for (const [id, file] of this.#files) {
      this.#files.delete(id);
      this.#files.set(id, file);
      return;
    }
  }

  /** Sends what found no room. Returns whether there is some left. */
  #flush(): boolean {
    let sent = 0;
    while (sent < this.#unsent.length && this.#send(this.#unsent[sent]!)) {
      sent += 1;
    }
    this.#unsent.splice(0, sent);
    if (this.#unsent.length > 0) return false;
    for (const file of this.#files.values()) {
      if (file.isSending || !file.needsGrant) continue;
      const { id, upTo } = file;
      const grant = encodeControl(id, Op.Grant, (body) => body.varint(upTo));
      if (!this.#send(grant)) return false;
      file.needsGrant = false;
    }
    return true;
  }

  #post(message: Uint8Array): void {
    if (this.#unsent.length === 0 && this.#send(message)) return;
    this.#unsent.push(message);
  }

  #cancel({ id }: File, reason: FileFailReason): void {
    // What the other end began it may also break as often as it likes.
    if ((id & 1) === 0) return this.#refuse(id, reason);
    this.#post(
      encodeControl(id, Op.Cancel, (body) => body.u8(cancelCode(reason))),
    );
  }

  #refuse(id: FileTransferId, reason: FileFailReason): void {
    if (this.#unsent.length >= MAX_UNSENT) return;
    this.#post(
      encodeControl(id, Op.Cancel, (body) => body.u8(cancelCode(reason))),
    );
  }

  #fail(file: File, reason: FileFailReason, message: string): void {
    this.#remove(file);
    this.#events.pushReserved({
      type: "failed",
      transfer: file.id,
      name: file.name,
      reason,
      message,
      offset: file.isSending ? 0 : file.position,
      version: file.version,
      bytes: file.isSending ? undefined : file.take(),
    });
  }

  #remove(file: File): void {
    const { id } = file;
    file.isOver = true;
    this.#files.delete(id);
    if ((id & 1) === 1) this.#own -= 1;
  }
}

/** Gives a file its bytes. */
function supply(
  file: OutgoingFile,
  source: FileSource | Uint8Array,
  { version = "" }: FileSendOptions,
): void {
  checkText("version", version, 0, MAX_VERSION_BYTES);
  const given = source instanceof Uint8Array ? fromBytes(source) : source;
  checkInteger("the size of the source", given.size, 0, MAX_SIZE);
  file.version = version;
  file.source = given;
}

function fromBytes(bytes: Uint8Array): FileSource {
  return {
    size: bytes.length,
    read: (offset, into) =>
      into.set(bytes.subarray(offset, offset + into.length)),
  };
}

function checkOffset({ have, offset, sink }: FileReceiveOptions): number {
  if (sink !== undefined && have !== undefined) {
    throw new TypeError(
      "Cannot receive a file as there must be no gathered bytes with a sink: current value has both",
    );
  }
  return checkInteger("offset", offset ?? have?.length ?? 0, 0, MAX_SIZE);
}

function checkText(
  name: string,
  text: string,
  min: number,
  max: number,
): string {
  checkInteger(`the length of ${name} in UTF-8`, utf8Length(text), min, max);
  return text;
}
