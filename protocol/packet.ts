// This module is browser compatible.
import { checkBytes } from "./_check_bytes.ts";
import { ByteWriter } from "./byte_writer.ts";
import { type PacketHeader, PROTOCOL_VERSION } from "./packet_header.ts";
import { PacketKind } from "./packet_kind.ts";

/** What a {@linkcode Packet} is made of. All numbers are as in `PacketHeader`. */
export interface PacketOptions {
  /** A `PacketKind`, or one of the game's own. */
  readonly kind: number;
  /** The packet's number: 0 to 4294967295, wraps. */
  readonly sequence: number;
  /**
   * Bits of `PacketFlags`. Those of compression say how `payload` stands.
   *
   * @default {0}
   */
  readonly flags?: number;
  /**
   * The newest number received from the other side.
   *
   * @default {0}
   */
  readonly ack?: number;
  /**
   * Which of the 32 numbers before `ack` were received.
   *
   * @default {0}
   */
  readonly ackBits?: number;
  /** The payload, which is not copied; none if left out. */
  readonly payload?: Uint8Array;
  /**
   * The version of the protocol.
   *
   * @default {PROTOCOL_VERSION}
   */
  readonly version?: number;
}

const NOTHING = new Uint8Array(0);

/**
 * A message that says everything about itself: what it is, its number, what was
 * received so far, and a payload.
 *
 * @example A packet there and back
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import {
 *   Packet,
 *   PacketDecoder,
 *   PacketEncoder,
 *   PacketKind,
 * } from "@tickwire/net/protocol";
 *
 * const bytes = new PacketEncoder().encode(
 *   new Packet({
 *     kind: PacketKind.ChatMessage,
 *     sequence: 42,
 *     payload: new TextEncoder().encode("gg"),
 *   }),
 * );
 * assertEquals(bytes, new Uint8Array([0x80, 10, 42, 2, 103, 103]));
 * const packet = new PacketDecoder().decode(bytes);
 * assertEquals(packet.header.kind, PacketKind.ChatMessage);
 * assertEquals(new TextDecoder().decode(packet.payload), "gg");
 * ```
 */
export class Packet {
  /** What it says of itself. */
  readonly header: PacketHeader;
  /** Its payload, as the compression bits of `header.flags` say. */
  readonly payload: Uint8Array;

  /**
   * Creates a packet. What does not fit is refused when it is encoded.
   *
   * @param options Its header and payload.
   * @throws {TypeError} If the payload is not a Uint8Array.
   */
  constructor(options: PacketOptions) {
    const { payload = NOTHING } = options;
    checkBytes(payload, "create a packet");
    this.header = {
      version: options.version ?? PROTOCOL_VERSION,
      flags: options.flags ?? 0,
      kind: options.kind,
      sequence: options.sequence,
      ack: options.ack ?? 0,
      ackBits: options.ackBits ?? 0,
      payloadLen: payload.length,
    };
    this.payload = payload;
  }

  /**
   * Makes a sign of life.
   *
   * @param sequence The packet's number.
   * @returns A packet without payload.
   */
  static heartbeat(sequence: number): Packet {
    return new Packet({ kind: PacketKind.Heartbeat, sequence });
  }

  /**
   * Makes a ping, whose answer tells the round-trip time.
   *
   * @param sequence The packet's number.
   * @param nowMs The sender's clock. Only the sender will read it again, from the
   * answer, as the f64 that the payload is.
   * @returns A packet with 8 bytes of payload.
   *
   * @example The round-trip time
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { ByteReader, Packet } from "@tickwire/net/protocol";
   *
   * const ping = Packet.ping(1, 5_000); // the clock as it is sent
   * const pong = Packet.pong(1, ping.payload); // at the other end
   * const sentMs = new ByteReader(pong.payload).f64();
   * assertEquals(5_040 - sentMs, 40); // the clock as it comes back
   * ```
   */
  static ping(sequence: number, nowMs: number): Packet {
    const payload = new Uint8Array(8);
    ByteWriter.over(payload).f64(nowMs);
    return new Packet({ kind: PacketKind.Ping, sequence, payload });
  }

  /**
   * Makes the answer to a ping.
   *
   * @param sequence The packet's number.
   * @param payload That of the ping, which is sent back as it came and not copied.
   * @returns A packet with the same payload.
   */
  static pong(sequence: number, payload: Uint8Array): Packet {
    return new Packet({ kind: PacketKind.Pong, sequence, payload });
  }
}
