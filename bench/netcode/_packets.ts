import { MTU } from "../../transport/mod.ts";
import {
  HeaderFault,
  PacketCodec,
} from "../../transport/netcode/_packet_codec.ts";
import { ReplayWindow } from "../../transport/netcode/_replay_window.ts";
import {
  PacketType,
  SERVER_TAKES,
} from "../../transport/netcode/_packet_type.ts";

const PROTOCOL_ID = 0x7469_636b_7769_7265n;
const NO_BYTES = new Uint8Array(0);

/** The packets of one direction of a session, sealed and opened without a link. */
export class Packets {
  readonly #codec = new PacketCodec(PROTOCOL_ID);
  readonly #window = new ReplayWindow();
  readonly #key = crypto.getRandomValues(new Uint8Array(32));
  readonly #memory: Uint8Array[] = [];
  readonly #packets: Uint8Array[] = [];
  readonly #out = new Uint8Array(MTU);
  #opened = this.#out;
  #sequence = 0;

  /** Seals into one of so many places. */
  constructor(places = 1) {
    for (let i = 0; i < places; i++) {
      this.#packets.push(this.#memory[i] = new Uint8Array(MTU));
    }
  }

  /** Seals a payload. */
  seal(payload: Uint8Array, place = 0): void {
    const memory = this.#memory[place]!;
    const length = this.#codec.seal(
      PacketType.Payload,
      0,
      ++this.#sequence,
      this.#key,
      payload,
      memory,
    );
    // A socket has a view for each of its slots, too.
    if (this.#packets[place]!.length !== length) {
      this.#packets[place] = memory.subarray(0, length);
    }
  }

  /** Breaks the tag of what was sealed. */
  forge(place: number): void {
    const packet = this.#packets[place]!;
    packet[packet.length - 1]! ^= 1;
  }

  /** Opens what was sealed: its payload until the next one, nothing if it is dropped. */
  open(place = 0): Uint8Array {
    const packet = this.#packets[place]!;
    const codec = this.#codec;
    const fault = codec.readHeader(packet, SERVER_TAKES);
    if (fault !== HeaderFault.None) return NO_BYTES;
    const { sequenceHigh: high, sequenceLow: low } = codec;
    if (this.#window.isReplay(high, low)) return NO_BYTES;
    const length = codec.open(packet, this.#key, this.#out);
    if (length < 0) return NO_BYTES;
    this.#window.advance(high, low);
    if (this.#opened.length !== length) {
      this.#opened = this.#out.subarray(0, length);
    }
    return this.#opened;
  }
}
