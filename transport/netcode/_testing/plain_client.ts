import { assert } from "@std/assert";
import type { MemorySocket } from "../../link/_testing/memory_network.ts";
import { splitEndpoint } from "../_endpoint.ts";
import { PacketCodec } from "../_packet_codec.ts";
import { CLIENT_TAKES, PacketType } from "../_packet_type.ts";
import { REQUEST_BYTES, VERSION } from "../_sizes.ts";
import { putU64 } from "../_u64.ts";
import { type ConnectToken, parseConnectToken } from "../connect_token.ts";

/** A packet that a {@linkcode PlainClient} was sent. */
export interface Received {
  readonly type: number;
  readonly sequence: bigint;
  readonly body: Uint8Array;
  readonly bytes: Uint8Array;
}

/**
 * A client that does nothing by itself: it makes packets as the standard's text says, and
 * opens those that come. For tests of servers.
 */
export class PlainClient {
  readonly token: ConnectToken;
  readonly socket: MemorySocket;
  readonly received: Received[] = [];
  /** What came that it could not open. */
  readonly strange: Uint8Array[] = [];
  /** What it has sent, its requests apart. */
  readonly sent: Uint8Array[] = [];
  sequence = 0n;
  readonly #codec: PacketCodec;
  readonly #server: string;

  /**
   * @param token 2,048 bytes.
   * @param server Where it sends to: `"10.0.0.1:9"`.
   */
  constructor(token: Uint8Array, socket: MemorySocket, server: string) {
    this.token = parseConnectToken(token);
    this.socket = socket;
    this.#codec = new PacketCodec(this.token.protocolId);
    this.#server = server;
  }

  /** A connection request, byte by byte. */
  request(): Uint8Array<ArrayBuffer> {
    const request = new Uint8Array(REQUEST_BYTES);
    request.set(VERSION, 1);
    putU64(request, 14, this.token.protocolId);
    putU64(request, 22, this.token.expireSeconds);
    request.set(this.token.nonce, 30);
    request.set(this.token.privateData, 54);
    return request;
  }

  /** A sealed packet, with the next sequence or another one. */
  packet(
    type: number,
    body: Uint8Array = new Uint8Array(0),
    sequence = this.sequence++,
    key: Uint8Array = this.token.clientToServerKey,
  ): Uint8Array {
    const out = new Uint8Array(1_400);
    const high = Number(sequence >> 32n);
    const low = Number(sequence & 0xffff_ffffn);
    const length = this.#codec.seal(type, high, low, key, body, out);
    return out.slice(0, length);
  }

  send(bytes: Uint8Array): void {
    const to = this.socket.address(...splitEndpoint(this.#server));
    this.socket.send(bytes, to);
  }

  sendPacket(type: number, body?: Uint8Array): Uint8Array {
    const packet = this.packet(type, body);
    this.sent.push(packet);
    this.send(packet);
    return packet;
  }

  /** Takes what has come. */
  take(bytes: Uint8Array): void {
    const fault = this.#codec.readHeader(bytes, CLIENT_TAKES);
    const { type, sequenceHigh, sequenceLow } = this.#codec;
    const body = new Uint8Array(1_400);
    const length = fault !== 0
      ? -1
      : this.#codec.open(bytes, this.token.serverToClientKey, body);
    if (length < 0) this.strange.push(bytes);
    else {
      const sequence = BigInt(sequenceHigh) << 32n | BigInt(sequenceLow);
      this.received.push({
        type,
        sequence,
        body: body.slice(0, length),
        bytes,
      });
    }
  }

  /** Those of a type that came. */
  of(type: number): Received[] {
    return this.received.filter((packet) => packet.type === type);
  }

  /** Answers the last challenge. */
  respond(): Uint8Array {
    const challenge = this.of(PacketType.Challenge).at(-1);
    assert(challenge !== undefined, "no challenge came");
    return this.sendPacket(PacketType.Response, challenge.body);
  }
}
