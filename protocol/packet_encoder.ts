// This module is browser compatible.
import type { Vec3 } from "../core/mod.ts";
import {
  COMPACT,
  COMPRESSION_SHIFT,
  HAS_ACK,
  HAS_VERSION,
  kindCode,
} from "./_compact_header.ts";
import {
  checkThreshold,
  DEFAULT_COMPRESSION_THRESHOLD_BYTES,
} from "./_compression_threshold.ts";
import { DEFAULT_POSITION_STEP, positionIndex } from "./_position.ts";
import { putVarint32, varintLength32 } from "./_varint.ts";
import { BitWriter } from "./bit_writer.ts";
import { ByteWriter } from "./byte_writer.ts";
import { Lz4Compressor } from "./lz4.ts";
import type { Packet } from "./packet.ts";
import {
  CompressionHint,
  compressionOf,
  FULL_HEADER_BYTES,
  MAGIC,
  MAX_COMPACT_HEADER_BYTES,
  MAX_PAYLOAD_LEN,
  type PacketHeader,
  PROTOCOL_VERSION,
} from "./packet_header.ts";
import { isPacketKind, PacketKind } from "./packet_kind.ts";
import { ProtocolError } from "./protocol_error.ts";

/** Options for {@linkcode PacketEncoder}. */
export interface PacketEncoderOptions {
  /**
   * `compact` leaves out what is absent and takes 4 bytes or more for the header;
   * `full` always takes 22.
   *
   * @default {"compact"}
   */
  readonly form?: "compact" | "full";
  /**
   * How to compress payloads that are plain. Deflate is asynchronous: see
   * `deflatePayload`, whose packets an encoder sends as they are.
   *
   * @default {CompressionHint.None}
   */
  readonly compression?:
    | typeof CompressionHint.None
    | typeof CompressionHint.Lz4;
  /**
   * Payloads of fewer bytes are sent plain: an integer, 0 to 65535.
   *
   * @default {256}
   */
  readonly compressionThresholdBytes?: number;
}

// What the usual packet needs, again: a binding of another module is looked up at
// each use, which makes a packet a tenth slower.
const VERSION = PROTOCOL_VERSION;
const MAX_HEADER_BYTES = MAX_COMPACT_HEADER_BYTES;
const MAX_PAYLOAD_BYTES = MAX_PAYLOAD_LEN;
const FORM = COMPACT;
const ACK = HAS_ACK;
const toCode = kindCode;
const put = putVarint32;

/** Those that say nothing of compression. */
const PLAIN_FLAGS = 0x07;
const LAST_NAMED_CODE = PacketKind.Error << 1;

/**
 * Turns packets into bytes. `WIRE.md` beside this file says which.
 *
 * @example Many packets in one datagram
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ByteWriter, Packet, PacketEncoder } from "@tickwire/net/protocol";
 *
 * const encoder = new PacketEncoder();
 * const writer = new ByteWriter({ maxBytes: 1200 });
 * for (let sequence = 1; sequence <= 3; sequence++) {
 *   encoder.encodeInto(Packet.heartbeat(sequence), writer);
 * }
 * assertEquals([writer.ok, writer.length], [true, 12]);
 * ```
 */
export class PacketEncoder {
  readonly #isFull: boolean;
  /** Whether the form is compact, and nothing is compressed. */
  readonly #isUsual: boolean;
  readonly #lz4: Lz4Compressor | undefined;
  readonly #thresholdBytes: number;
  /** What `encode` writes into before it copies. */
  readonly #own = new ByteWriter({
    maxBytes: MAX_COMPACT_HEADER_BYTES + MAX_PAYLOAD_LEN,
  });
  /** Where payloads are compressed; made when the first one is. */
  #compressed: Uint8Array | undefined;

  /**
   * Creates an encoder.
   *
   * @param options The form of the header, and compression.
   * @throws {RangeError} If an option is none of its values.
   */
  constructor(options: PacketEncoderOptions = {}) {
    const {
      form = "compact",
      compression = CompressionHint.None,
      compressionThresholdBytes: threshold =
        DEFAULT_COMPRESSION_THRESHOLD_BYTES,
    } = options;
    if (form !== "compact" && form !== "full") {
      throw new RangeError(
        `Cannot create a PacketEncoder as form must be "compact" or "full": current value is ${form}`,
      );
    }
    if (
      compression !== CompressionHint.None &&
      compression !== CompressionHint.Lz4
    ) {
      throw new RangeError(
        `Cannot create a PacketEncoder as compression must be CompressionHint.None or CompressionHint.Lz4 (for deflate there is deflatePayload()): current value is ${compression}`,
      );
    }
    checkThreshold(threshold, "create a PacketEncoder");
    this.#isFull = form === "full";
    this.#lz4 = compression === CompressionHint.Lz4
      ? new Lz4Compressor()
      : undefined;
    this.#thresholdBytes = threshold;
    this.#isUsual = !this.#isFull && this.#lz4 === undefined;
  }

  /**
   * Encodes a packet.
   *
   * @param packet The packet.
   * @returns Bytes that belong to the caller.
   * @throws {ProtocolError} `encodeError` if a field is out of its range,
   * `payloadTooLarge` if the payload is, `unknownPacketKind` if the kind is none,
   * `invalidCompression` if the flags name none.
   */
  encode(packet: Packet): Uint8Array<ArrayBuffer> {
    const writer = this.#own;
    writer.reset();
    if (!this.encodeInto(packet, writer)) throw encodeError(packet);
    return writer.buffer.slice(0, writer.length) as Uint8Array<ArrayBuffer>;
  }

  /**
   * Encodes packets one after the other.
   *
   * @param packets The packets.
   * @returns Bytes that belong to the caller, for `PacketDecoder.decodeAll`.
   * @throws {ProtocolError} As `encode`.
   */
  encodeBatch(packets: Iterable<Packet>): Uint8Array<ArrayBuffer> {
    const writer = new ByteWriter({ maxBytes: 2 ** 30 });
    for (const packet of packets) {
      if (!this.encodeInto(packet, writer)) {
        if (writer.error !== "full") throw encodeError(packet);
        break;
      }
    }
    return writer.toBytes();
  }

  /**
   * Encodes a packet after what `writer` holds. It throws nothing, and allocates
   * nothing once `writer` has grown: any object with a header and a payload will
   * do, such as one that is used again and again.
   *
   * @param packet The packet. Its payload tells its length, not the header's
   * `payloadLen`.
   * @param writer Where to; not the bytes that the payload lies in.
   * @returns Whether it was written; if not, nothing was, and `writer.error` says
   * whether there was no room or a field was out of its range.
   */
  encodeInto(packet: Packet, writer: ByteWriter): boolean {
    const { header, payload } = packet;
    const { flags, kind, sequence, ack, ackBits } = header;
    const { buffer, length: start } = writer;
    const payloadLen = payload.length;
    const code = toCode(kind);
    // What nearly all packets are, written without working out the length of the
    // header beforehand. It is kept short, so that the compiler inlines it and what
    // it calls: that halves the time.
    if (
      !this.#isUsual || header.version !== VERSION ||
      (flags & PLAIN_FLAGS) !== flags || (kind & 0xffff) !== kind ||
      code > 0x7f || code > LAST_NAMED_CODE && (code & 1) === 0 ||
      sequence >>> 0 !== sequence || ack >>> 0 !== ack ||
      ackBits >>> 0 !== ackBits || payloadLen > MAX_PAYLOAD_BYTES ||
      start + MAX_HEADER_BYTES + payloadLen > buffer.length ||
      writer.error !== undefined
    ) return this.#encodeUnusual(packet, writer);
    let first = FORM | flags;
    buffer[start + 1] = code;
    let at = put(buffer, start + 2, sequence);
    if (ack !== 0 || ackBits !== 0) {
      first |= ACK;
      at = put(buffer, at, ack);
      at = put(buffer, at, ~ackBits >>> 0);
    }
    buffer[start] = first;
    if (payloadLen < 0x80) buffer[at++] = payloadLen;
    else at = put(buffer, at, payloadLen);
    buffer.set(payload, at);
    writer.length = at + payloadLen;
    return true;
  }

  /**
   * Encodes one number as a varint; see `ByteWriter.varint`, which is for many.
   *
   * @param value An integer from 0 to 2^53 - 1.
   * @returns 1 to 8 bytes.
   * @throws {ProtocolError} `encodeError` if `value` is no such integer.
   */
  static encodeVarint(value: number): Uint8Array<ArrayBuffer> {
    const writer = new ByteWriter({ initialBytes: 8, maxBytes: 8 });
    writer.varint(value);
    return writer.toBytes();
  }

  /**
   * Encodes how far something moved, as three zigzag varints of whole steps: 3
   * bytes for less than 64 steps along each axis.
   *
   * Both positions are rounded to steps first, so that no error adds up over many
   * deltas, as long as each is applied to the result of the one before.
   *
   * @param base Where it was, as the receiver knows it.
   * @param current Where it is.
   * @param step The smallest distance that is sent, above 0.
   * @returns 3 bytes or more.
   * @throws {ProtocolError} `encodeError` if a coordinate is not finite, or
   * is more than 2^48 steps away from 0.
   * @throws {RangeError} If `step` is not finite and above 0.
   */
  static encodePositionDelta(
    base: Readonly<Vec3>,
    current: Readonly<Vec3>,
    step: number = DEFAULT_POSITION_STEP,
  ): Uint8Array<ArrayBuffer> {
    const writer = new ByteWriter({ initialBytes: 24, maxBytes: 24 });
    writer.zigzag(positionIndex(current.x, step) - positionIndex(base.x, step));
    writer.zigzag(positionIndex(current.y, step) - positionIndex(base.y, step));
    writer.zigzag(positionIndex(current.z, step) - positionIndex(base.z, step));
    return writer.toBytes();
  }

  /**
   * Packs flags, eight to a byte, the first into the lowest bit.
   *
   * @param flags The flags.
   * @returns A byte for each eight, the unused bits 0.
   */
  static packBools(flags: readonly boolean[]): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(Math.ceil(flags.length / 8));
    const writer = new BitWriter(ByteWriter.over(bytes));
    writer.bools(flags);
    writer.align();
    return bytes;
  }

  /** Encodes what fits, in either form, compressed or not. */
  #encodeUnusual(packet: Packet, writer: ByteWriter): boolean {
    const { header, payload } = packet;
    if (!fits(header)) {
      writer.fail("range");
      return false;
    }
    let { flags } = header;
    let source = payload;
    let payloadLen = payload.length;
    if (
      this.#lz4 !== undefined && payloadLen >= this.#thresholdBytes &&
      flags >>> COMPRESSION_SHIFT === 0
    ) {
      const length = this.#compress(this.#lz4, payload);
      if (length > 0) {
        flags |= CompressionHint.Lz4 << COMPRESSION_SHIFT;
        source = this.#compressed!;
        payloadLen = length;
      }
    }
    if (payloadLen > MAX_PAYLOAD_LEN) {
      writer.fail("range");
      return false;
    }
    const headerLength = this.#isFull
      ? FULL_HEADER_BYTES
      : compactLength(header, payloadLen);
    if (!writer.reserve(headerLength + payloadLen)) return false;
    const { buffer } = writer;
    const at = this.#isFull
      ? putFull(buffer, writer.length, header, flags, payloadLen)
      : putCompact(buffer, writer.length, header, flags, payloadLen);
    buffer.set(
      payloadLen === source.length ? source : source.subarray(0, payloadLen),
      at,
    );
    writer.length = at + payloadLen;
    return true;
  }

  /** Compresses into `#compressed`; returns the bytes, or 0 if it is not worth it. */
  #compress(lz4: Lz4Compressor, payload: Uint8Array): number {
    if (payload.length > MAX_PAYLOAD_LEN) return 0;
    const target = this.#compressed ??= new Uint8Array(MAX_PAYLOAD_LEN);
    const start = putVarint32(target, 0, payload.length);
    // One byte less than the payload, or it is no gain.
    const end = payload.length - 1;
    if (end <= start) return 0;
    const length = lz4.compress(payload, 0, payload.length, target, start, end);
    return length < 0 ? 0 : start + length;
  }
}

function fits(header: PacketHeader): boolean {
  const { version, flags, kind, sequence, ack, ackBits } = header;
  return sequence >>> 0 === sequence && ack >>> 0 === ack &&
    ackBits >>> 0 === ackBits && (version & 0xff) === version &&
    (flags & 0x1f) === flags && flags >>> COMPRESSION_SHIFT !== 3 &&
    isPacketKind(kind);
}

/** Why a packet does not fit. */
function encodeError({ header, payload }: Packet): ProtocolError {
  if (!isPacketKind(header.kind)) {
    return new ProtocolError(
      "unknownPacketKind",
      `Cannot encode a packet as kind must be a PacketKind or from 0x8000 to 0xFFFF: current value is ${header.kind}`,
    );
  }
  if (compressionOf(header.flags) === 3) {
    return new ProtocolError(
      "invalidCompression",
      `Cannot encode a packet as its flags name no compression: current value is ${header.flags}`,
    );
  }
  if (payload.length > MAX_PAYLOAD_LEN) {
    return new ProtocolError(
      "payloadTooLarge",
      `Cannot encode a packet as its payload must be at most ${MAX_PAYLOAD_LEN} bytes: current value is ${payload.length}`,
    );
  }
  const { version, flags, sequence, ack, ackBits } = header;
  return new ProtocolError(
    "encodeError",
    `Cannot encode a packet as a field is out of its range: current values are version ${version}, flags ${flags}, sequence ${sequence}, ack ${ack}, ackBits ${ackBits}`,
  );
}

function putFull(
  buffer: Uint8Array,
  start: number,
  header: PacketHeader,
  flags: number,
  payloadLen: number,
): number {
  const { kind } = header;
  buffer[start] = MAGIC[0];
  buffer[start + 1] = MAGIC[1];
  buffer[start + 2] = MAGIC[2];
  buffer[start + 3] = MAGIC[3];
  buffer[start + 4] = header.version;
  buffer[start + 5] = flags;
  buffer[start + 6] = kind;
  buffer[start + 7] = kind >>> 8;
  put32(buffer, start + 8, header.sequence);
  put32(buffer, start + 12, header.ack);
  put32(buffer, start + 16, header.ackBits);
  buffer[start + 20] = payloadLen;
  buffer[start + 21] = payloadLen >>> 8;
  return start + FULL_HEADER_BYTES;
}

function putCompact(
  buffer: Uint8Array,
  start: number,
  header: PacketHeader,
  flags: number,
  payloadLen: number,
): number {
  const { version, kind, ack, ackBits } = header;
  let first = COMPACT | flags;
  let at = start + 1;
  if (version !== PROTOCOL_VERSION) {
    first |= HAS_VERSION;
    buffer[at++] = version;
  }
  at = putVarint32(buffer, at, kindCode(kind));
  at = putVarint32(buffer, at, header.sequence);
  if (ack !== 0 || ackBits !== 0) {
    first |= HAS_ACK;
    at = putVarint32(buffer, at, ack);
    // The other way round, as usually everything arrives: all ones are one byte.
    at = putVarint32(buffer, at, ~ackBits >>> 0);
  }
  buffer[start] = first;
  return putVarint32(buffer, at, payloadLen);
}

function compactLength(header: PacketHeader, payloadLen: number): number {
  const { ack, ackBits } = header;
  let length = 1 + varintLength32(kindCode(header.kind)) +
    varintLength32(header.sequence) + varintLength32(payloadLen);
  if (header.version !== PROTOCOL_VERSION) length += 1;
  if (ack !== 0 || ackBits !== 0) {
    length += varintLength32(ack) + varintLength32(~ackBits >>> 0);
  }
  return length;
}

function put32(buffer: Uint8Array, at: number, value: number): void {
  buffer[at] = value;
  buffer[at + 1] = value >>> 8;
  buffer[at + 2] = value >>> 16;
  buffer[at + 3] = value >>> 24;
}
