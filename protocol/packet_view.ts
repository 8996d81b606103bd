// This module is browser compatible.

/**
 * A decoded packet whose payload is not copied. Make one, and let
 * `PacketDecoder.tryDecode` fill it for every packet.
 *
 * @example One view for all packets
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Packet, PacketDecoder, PacketEncoder, PacketView } from "@tickwire/net/protocol";
 *
 * const datagram = new PacketEncoder().encode(Packet.heartbeat(9));
 * const decoder = new PacketDecoder();
 * const view = new PacketView();
 * assertEquals(decoder.tryDecode(datagram, view), undefined);
 * assertEquals([view.sequence, view.payloadLen], [9, 0]);
 * ```
 */
export class PacketView {
  /** The version of the protocol: 0 to 255. */
  version = 0;
  /** Bits of `PacketFlags`; those of compression say how the payload stands here. */
  flags = 0;
  /** A `PacketKind`, or one of the game's own. */
  kind = 0;
  /** The packet's number: 0 to 4294967295, wraps. */
  sequence = 0;
  /** The newest number received from the other side. */
  ack = 0;
  /** Bit i says that the number `ack - 1 - i` was received too. */
  ackBits = 0;
  /**
   * What the payload lies in: the bytes that were decoded or, for an LZ4 payload,
   * the decoder's own buffer, which its next call overwrites.
   */
  buffer: Uint8Array = new Uint8Array(0);
  /** Where the payload begins in `buffer`. */
  payloadStart = 0;
  /** Bytes of the payload. */
  payloadLen = 0;
  /** Where the packet ends in the bytes that were decoded, and the next one begins. */
  end = 0;

  /**
   * Shows the payload, without a copy.
   *
   * @returns A view of `buffer`.
   */
  payload(): Uint8Array {
    const { payloadStart } = this;
    return this.buffer.subarray(payloadStart, payloadStart + this.payloadLen);
  }
}
