// This module is browser compatible.
import type { Vec3 } from "../core/mod.ts";
import { checkBytes } from "./_check_bytes.ts";
import {
  COMPACT,
  COMPRESSION_SHIFT,
  FLAGS,
  HAS_ACK,
  HAS_VERSION,
  kindOf,
} from "./_compact_header.ts";
import { BitReader } from "./bit_reader.ts";
import { ByteReader } from "./byte_reader.ts";
import { decompressLz4 } from "./lz4.ts";
import { Packet } from "./packet.ts";
import {
  CompressionHint,
  FULL_HEADER_BYTES,
  MAGIC,
  MAX_COMPACT_HEADER_BYTES,
  MAX_PAYLOAD_LEN,
  PROTOCOL_VERSION,
} from "./packet_header.ts";
import { isPacketKind, PacketKind } from "./packet_kind.ts";
import { PacketView } from "./packet_view.ts";
import {
  checkStep,
  DEFAULT_POSITION_STEP,
  isPositionIndex,
  positionIndex,
} from "./_position.ts";
import { ProtocolError, type ProtocolErrorCode } from "./protocol_error.ts";

/** Why a {@linkcode PacketDecoder} refused bytes: see `ProtocolErrorCode`. */
export type PacketRefusal =
  & ProtocolErrorCode
  & (
    | "bufferTooShort"
    | "badMagic"
    | "versionMismatch"
    | "payloadTruncated"
    | "payloadTooLarge"
    | "unknownPacketKind"
    | "invalidCompression"
    | "nonCanonical"
  );

/** Options for {@linkcode PacketDecoder}. */
export interface PacketDecoderOptions {
  /**
   * Whether packets of other versions are refused. If not, they are read as if
   * they were of this one.
   *
   * @default {true}
   */
  readonly strictVersion?: boolean;
  /**
   * The most bytes of a payload, sent or inflated: an integer, 0 to 65535.
   *
   * @default {MAX_PAYLOAD_LEN}
   */
  readonly maxPayloadBytes?: number;
}

/** The form, HAS_VERSION and the compression: all 0 but the form in what is usual. */
const NOT_USUAL = 0xd8;
// What the usual packet needs, again: a binding of another module is looked up at
// each use, which makes a packet a tenth slower.
const VERSION = PROTOCOL_VERSION;
const MAX_HEADER_BYTES = MAX_COMPACT_HEADER_BYTES;
const FORM = COMPACT;
const ACK = HAS_ACK;
const FLAG_BITS = FLAGS;
const LAST_KIND = PacketKind.Error;
const toKind = kindOf;

const MAX_KIND_CODE = 0xffff;
const MAX_U32 = 0xffff_ffff;
const INVALID_COMPRESSION = 3;
/**
 * What the inflated payloads of one `decodeAll` may come to. Without it, every 260
 * bytes of a batch could inflate to 64 KiB.
 */
const MAX_BATCH_PAYLOAD_BYTES = 2 ** 20;

const MESSAGES: Readonly<Record<PacketRefusal, string>> = {
  bufferTooShort: "the bytes end inside its header",
  badMagic: "the bytes begin with neither form of header",
  versionMismatch: `its version is not ${PROTOCOL_VERSION}`,
  payloadTruncated: "the bytes end inside its payload",
  payloadTooLarge: "its payload is larger than allowed",
  unknownPacketKind: "its kind is neither named nor custom",
  invalidCompression: "its compressed payload is corrupt",
  nonCanonical: "it has needless bytes or reserved bits",
};

/**
 * Turns bytes from anybody into packets, in either form of header.
 *
 * `tryDecode` is for the receive path: it returns a code for what is wrong, throws
 * nothing and allocates nothing. `decode` and `decodeAll` throw.
 *
 * @example The receive path
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { PacketDecoder, PacketView } from "@tickwire/net/protocol";
 *
 * const decoder = new PacketDecoder();
 * const view = new PacketView();
 * const datagram = new Uint8Array([0x80, 10, 42, 200]);
 * assertEquals(decoder.tryDecode(datagram, view), "bufferTooShort");
 * ```
 */
export class PacketDecoder {
  /** Whether packets of other versions are refused. */
  readonly strictVersion: boolean;
  readonly #maxPayloadBytes: number;
  readonly #reader = new ByteReader();
  /** What `decode` reads into. */
  readonly #view = new PacketView();
  /** Where LZ4 payloads are inflated; made when the first one comes. */
  #inflated: Uint8Array | undefined;

  /**
   * Creates a decoder.
   *
   * @param options What to accept.
   * @throws {RangeError} If `maxPayloadBytes` is not an integer from 0 to 65535.
   */
  constructor(options: PacketDecoderOptions = {}) {
    const { strictVersion = true, maxPayloadBytes = MAX_PAYLOAD_LEN } = options;
    if ((maxPayloadBytes & MAX_PAYLOAD_LEN) !== maxPayloadBytes) {
      throw new RangeError(
        `Cannot create a PacketDecoder as maxPayloadBytes must be an integer from 0 to ${MAX_PAYLOAD_LEN}: current value is ${maxPayloadBytes}`,
      );
    }
    this.strictVersion = strictVersion;
    this.#maxPayloadBytes = maxPayloadBytes;
  }

  /**
   * Decodes the packet that fills `bytes`. An LZ4 payload is inflated, a deflated
   * one is left to `inflatePayload`; `header.flags` tells how it stands.
   *
   * @param bytes One packet, and nothing after it.
   * @returns The packet. Its payload is a view of `bytes`, unless it was inflated.
   * @throws {ProtocolError} With the code that `tryDecode` returns, or
   * `trailingBytes`.
   * @throws {TypeError} If `bytes` is not a Uint8Array.
   */
  decode(bytes: Uint8Array): Packet {
    checkBytes(bytes, "decode a packet");
    const packet = this.#next(bytes, 0);
    if (this.#view.end === bytes.length) return packet;
    throw new ProtocolError(
      "trailingBytes",
      `Cannot decode a packet as bytes follow it: ${
        bytes.length - this.#view.end
      } of ${bytes.length}`,
    );
  }

  /**
   * Decodes packets that lie one after the other.
   *
   * @param bytes Packets, and nothing after them.
   * @returns The packets. Their payloads are views of `bytes`, unless inflated.
   * @throws {ProtocolError} With the code that `tryDecode` returns, if one of them
   * is wrong; `payloadTooLarge` if together they inflate to more than 1 MiB.
   * @throws {TypeError} If `bytes` is not a Uint8Array.
   */
  decodeAll(bytes: Uint8Array): Packet[] {
    checkBytes(bytes, "decode packets");
    const packets: Packet[] = [];
    let inflatedBytes = 0;
    for (let at = 0; at < bytes.length; at = this.#view.end) {
      const packet = this.#next(bytes, at);
      if (this.#view.buffer !== bytes) inflatedBytes += packet.payload.length;
      if (inflatedBytes > MAX_BATCH_PAYLOAD_BYTES) {
        throw decodeError("payloadTooLarge", at);
      }
      packets.push(packet);
    }
    return packets;
  }

  /**
   * Decodes the packet that begins at `start`. It throws nothing for whatever
   * bytes, reads nothing outside of the range and allocates nothing, but for LZ4
   * payloads: one buffer of the decoder's when the first one comes, and a view for
   * each 64 bytes or more in them that are not compressed.
   *
   * @param bytes The bytes, which are not copied.
   * @param view What takes the packet. After an error its content means nothing.
   * @param start Where the packet begins: an integer from 0 to `end`.
   * @param end Where the bytes end: an integer up to `bytes.length`. Bytes
   * between the packet and it are ignored: `view.end` tells where the next begins.
   * @returns `undefined` if `view` holds the packet, or else what is wrong.
   * @throws {RangeError} If `start` or `end` lies outside of `bytes`.
   */
  tryDecode(
    bytes: Uint8Array,
    view: PacketView,
    start = 0,
    end: number = bytes.length,
  ): PacketRefusal | undefined {
    if (this.#tryUsual(bytes, view, start, end)) return undefined;
    const reader = this.#reader;
    reader.reset(bytes, start, end);
    if (start === end) return "bufferTooShort";
    const first = bytes[start]!;
    const code = first >= COMPACT
      ? this.#compact(first, reader, view)
      : this.#full(reader, view);
    if (code !== undefined) return code;

    const { payloadLen } = view;
    if (payloadLen > this.#maxPayloadBytes) return "payloadTooLarge";
    const payloadStart = reader.position;
    if (payloadLen > end - payloadStart) return "payloadTruncated";
    view.buffer = bytes;
    view.payloadStart = payloadStart;
    view.end = payloadStart + payloadLen;
    return view.flags >>> COMPRESSION_SHIFT === CompressionHint.None
      ? undefined
      : this.#compressed(reader, view);
  }

  /**
   * Decodes one varint; see `ByteReader.varint`, which is for many.
   *
   * @param bytes One varint, and nothing after it.
   * @returns An integer from 0 to 2^53 - 1.
   * @throws {ProtocolError} `bufferTooShort`, `nonCanonical` (needless bytes, or
   * more than 2^53 - 1) or `trailingBytes`.
   */
  static decodeVarint(bytes: Uint8Array): number {
    const reader = new ByteReader(bytes);
    const value = reader.varint();
    checkWhole(reader, "a varint");
    return value;
  }

  /**
   * Decodes what `PacketEncoder.encodePositionDelta` made.
   *
   * @param bytes The delta, and nothing after it.
   * @param base Where it was: the same as was given to the encoder, or rounding
   * to the same step.
   * @param step The same as was given to the encoder.
   * @returns Where it is, each coordinate a multiple of `step`.
   * @throws {ProtocolError} `bufferTooShort`, `trailingBytes`, `nonCanonical` (also
   * if it leads to more than 2^48 steps from 0), or `encodeError` if a coordinate of
   * `base` is out of range.
   * @throws {RangeError} If `step` is not finite and above 0.
   */
  static decodePositionDelta(
    bytes: Uint8Array,
    base: Readonly<Vec3>,
    step: number = DEFAULT_POSITION_STEP,
  ): Vec3 {
    checkStep(step);
    const reader = new ByteReader(bytes);
    const x = positionIndex(base.x, step) + reader.zigzag();
    const y = positionIndex(base.y, step) + reader.zigzag();
    const z = positionIndex(base.z, step) + reader.zigzag();
    checkWhole(reader, "a position delta");
    if (!isPositionIndex(x) || !isPositionIndex(y) || !isPositionIndex(z)) {
      throw new ProtocolError(
        "nonCanonical",
        `Cannot decode a position delta as it must lead to at most 2^48 steps from 0: current values are ${x}, ${y} and ${z}`,
      );
    }
    return { x: x * step, y: y * step, z: z * step };
  }

  /**
   * Unpacks what `PacketEncoder.packBools` made.
   *
   * @param bytes A byte for each eight flags.
   * @param count How many flags: an integer, 0 or more.
   * @returns The flags.
   * @throws {ProtocolError} `bufferTooShort`, `trailingBytes`, or `nonCanonical`
   * if an unused bit is set.
   * @throws {RangeError} If `count` is not an integer of 0 or more.
   */
  static unpackBools(bytes: Uint8Array, count: number): boolean[] {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new RangeError(
        `Cannot unpack flags as count must be an integer >= 0: current value is ${count}`,
      );
    }
    const wanted = Math.ceil(count / 8);
    if (bytes.length !== wanted) {
      throw new ProtocolError(
        bytes.length < wanted ? "bufferTooShort" : "trailingBytes",
        `Cannot unpack ${count} flags as they take ${wanted} bytes: current value is ${bytes.length}`,
      );
    }
    const reader = new BitReader(bytes);
    const flags = reader.bools(new Array<boolean>(count).fill(false));
    if (reader.atEnd) return flags;
    throw new ProtocolError(
      "nonCanonical",
      "Cannot unpack flags as an unused bit is set",
    );
  }

  /** Decodes the packet at `at` into one that the caller may keep. */
  #next(bytes: Uint8Array, at: number): Packet {
    const view = this.#view;
    const code = this.tryDecode(bytes, view, at);
    if (code !== undefined) throw decodeError(code, at);
    return new Packet({
      kind: view.kind,
      sequence: view.sequence,
      flags: view.flags,
      ack: view.ack,
      ackBits: view.ackBits,
      version: view.version,
      payload: view.buffer === bytes ? view.payload() : view.payload().slice(),
    });
  }

  /**
   * Decodes what nearly all packets are, and twice as fast: the compact form of this
   * version, not compressed, no number above 28 bits. Whatever else it meets is left
   * to the rest, which also finds out what is wrong with it.
   */
  #tryUsual(
    bytes: Uint8Array,
    view: PacketView,
    start: number,
    end: number,
  ): boolean {
    // With so many bytes no number can reach beyond the end.
    if (
      !(start >= 0 && end <= bytes.length &&
        end - start >= MAX_HEADER_BYTES)
    ) return false;
    const first = bytes[start]!;
    const kindCode = bytes[start + 1]!;
    if ((first & NOT_USUAL) !== FORM || kindCode > 0x7f) return false;
    let at = start + 2;
    let byte = 0;
    let sequence = bytes[at++]!;
    if (sequence > 0x7f) {
      byte = bytes[at++]!;
      sequence = (sequence & 0x7f) | ((byte & 0x7f) << 7);
      if (byte > 0x7f) {
        byte = bytes[at++]!;
        sequence |= (byte & 0x7f) << 14;
        if (byte > 0x7f) {
          byte = bytes[at++]!;
          sequence |= byte << 21;
          if (byte > 0x7f) return false;
        }
      }
      if (byte === 0) return false;
    }
    let ack = 0;
    let missing = -1;
    if ((first & ACK) !== 0) {
      ack = bytes[at++]!;
      if (ack > 0x7f) {
        byte = bytes[at++]!;
        ack = (ack & 0x7f) | ((byte & 0x7f) << 7);
        if (byte > 0x7f) {
          byte = bytes[at++]!;
          ack |= (byte & 0x7f) << 14;
          if (byte > 0x7f) {
            byte = bytes[at++]!;
            ack |= byte << 21;
            if (byte > 0x7f) return false;
          }
        }
        if (byte === 0) return false;
      }
      missing = bytes[at++]!;
      if (missing > 0x7f) {
        byte = bytes[at++]!;
        missing = (missing & 0x7f) | ((byte & 0x7f) << 7);
        if (byte > 0x7f) {
          byte = bytes[at++]!;
          missing |= (byte & 0x7f) << 14;
          if (byte > 0x7f) {
            byte = bytes[at++]!;
            missing |= byte << 21;
            if (byte > 0x7f) return false;
          }
        }
        if (byte === 0) return false;
      }
    }
    let payloadLen = bytes[at++]!;
    if (payloadLen > 0x7f) {
      byte = bytes[at++]!;
      if (byte > 0x7f || byte === 0) return false;
      payloadLen = (payloadLen & 0x7f) | (byte << 7);
    }
    const kind = toKind(kindCode);
    if ((kindCode & 1) === 0 && kind > LAST_KIND) return false;
    if (payloadLen > this.#maxPayloadBytes || payloadLen > end - at) {
      return false;
    }
    view.version = VERSION;
    view.flags = first & FLAG_BITS;
    view.kind = kind;
    view.sequence = sequence;
    view.ack = ack;
    view.ackBits = ~missing >>> 0;
    view.buffer = bytes;
    view.payloadStart = at;
    view.payloadLen = payloadLen;
    view.end = at + payloadLen;
    return true;
  }

  #compact(
    first: number,
    reader: ByteReader,
    view: PacketView,
  ): PacketRefusal | undefined {
    reader.position += 1;
    let version: number = PROTOCOL_VERSION;
    if ((first & HAS_VERSION) !== 0) {
      version = reader.u8();
      if (!reader.ok) return "bufferTooShort";
      if (version === PROTOCOL_VERSION) return "nonCanonical";
      if (this.strictVersion) return "versionMismatch";
    }
    const kindCode = reader.varint();
    const sequence = reader.varint();
    let ack = 0;
    let ackBits = 0;
    if ((first & HAS_ACK) !== 0) {
      ack = reader.varint();
      const missing = reader.varint();
      if (missing > MAX_U32) reader.fail("range");
      ackBits = ~missing >>> 0;
      if (ack === 0 && ackBits === 0 && reader.ok) return "nonCanonical";
    }
    const payloadLen = reader.varint();
    if (reader.error !== undefined) {
      return reader.error === "truncated" ? "bufferTooShort" : "nonCanonical";
    }
    const flags = first & FLAGS;
    if (flags >>> COMPRESSION_SHIFT === INVALID_COMPRESSION) {
      return "invalidCompression";
    }
    if (kindCode > MAX_KIND_CODE || !isPacketKind(kindOf(kindCode))) {
      return "unknownPacketKind";
    }
    if (sequence > MAX_U32 || ack > MAX_U32) return "nonCanonical";
    if (payloadLen > MAX_PAYLOAD_LEN) return "payloadTooLarge";
    view.version = version;
    view.flags = flags;
    view.kind = kindOf(kindCode);
    view.sequence = sequence;
    view.ack = ack;
    view.ackBits = ackBits;
    view.payloadLen = payloadLen;
    return undefined;
  }

  #full(reader: ByteReader, view: PacketView): PacketRefusal | undefined {
    const { buffer, position } = reader;
    const length = reader.remaining;
    for (let i = 0; i < 4; i++) {
      if (i === length) return "bufferTooShort";
      if (buffer[position + i] !== MAGIC[i]) return "badMagic";
    }
    if (length < FULL_HEADER_BYTES) return "bufferTooShort";
    const version = buffer[position + 4]!;
    if (version !== PROTOCOL_VERSION && this.strictVersion) {
      return "versionMismatch";
    }
    const flags = buffer[position + 5]!;
    if (flags > FLAGS) return "nonCanonical";
    if (flags >>> COMPRESSION_SHIFT === INVALID_COMPRESSION) {
      return "invalidCompression";
    }
    reader.position += 6;
    const kind = reader.u16();
    if (!isPacketKind(kind)) return "unknownPacketKind";
    view.version = version;
    view.flags = flags;
    view.kind = kind;
    view.sequence = reader.u32();
    view.ack = reader.u32();
    view.ackBits = reader.u32();
    view.payloadLen = reader.u16();
    return undefined;
  }

  /** Checks a compressed payload, and inflates it if it is LZ4. */
  #compressed(
    reader: ByteReader,
    view: PacketView,
  ): PacketRefusal | undefined {
    const { buffer, payloadStart, payloadLen, end } = view;
    reader.reset(buffer, payloadStart, end);
    const originalLength = reader.varint();
    if (!reader.ok || originalLength <= payloadLen) return "invalidCompression";
    if (originalLength > this.#maxPayloadBytes) return "payloadTooLarge";
    if (view.flags >>> COMPRESSION_SHIFT === CompressionHint.Zlib) {
      return undefined;
    }
    const inflated = this.#inflated ??= new Uint8Array(this.#maxPayloadBytes);
    const { position } = reader;
    const written = decompressLz4(
      buffer,
      position,
      end,
      inflated,
      0,
      originalLength,
    );
    if (written !== originalLength) return "invalidCompression";
    view.buffer = inflated;
    view.payloadStart = 0;
    view.payloadLen = originalLength;
    view.flags &= ~(INVALID_COMPRESSION << COMPRESSION_SHIFT);
    return undefined;
  }
}

function decodeError(code: PacketRefusal, at: number): ProtocolError {
  return new ProtocolError(
    code,
    `Cannot decode the packet at byte ${at} as ${MESSAGES[code]}`,
  );
}

/** Throws unless `reader` read all of its bytes without an error. */
function checkWhole(reader: ByteReader, what: string): void {
  if (reader.atEnd) return;
  const { error } = reader;
  if (error === undefined) {
    throw new ProtocolError(
      "trailingBytes",
      `Cannot decode ${what} as ${reader.remaining} bytes follow it`,
    );
  }
  throw new ProtocolError(
    error === "truncated" ? "bufferTooShort" : "nonCanonical",
    `Cannot decode ${what} as its bytes are wrong: ${error}`,
  );
}
