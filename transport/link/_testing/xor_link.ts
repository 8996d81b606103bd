import { MTU } from "../../constants.ts";
import type { DatagramAddress } from "../../socket/datagram_address.ts";
import type {
  DatagramLink,
  LinkEvent,
  LinkTransmit,
} from "../datagram_link.ts";
import { InsecureLink } from "../insecure_link.ts";
import type { InsecureLinkOptions } from "../insecure_link_options.ts";
import type { PeerId } from "../peer_id.ts";

const OVERHEAD_BYTES = 25;
const MASK = 0x5a;

/**
 * A link that takes as much room as encryption does, for tests of what stands on links:
 * an insecure one, with payloads that are masked and 20 bytes of filling behind them. Its
 * payloads may be smaller than what there is room for, as netcode's are.
 */
export class XorLink implements DatagramLink {
  readonly maxPayloadBytes: number;
  readonly overheadBytes: number = OVERHEAD_BYTES;
  readonly inner: InsecureLink;
  readonly #masked = new Uint8Array(MTU);

  constructor(
    options: InsecureLinkOptions,
    maxPayloadBytes: number = MTU - OVERHEAD_BYTES,
  ) {
    this.maxPayloadBytes = maxPayloadBytes;
    this.inner = new InsecureLink(options);
  }

  get openedPeer(): PeerId {
    return this.inner.openedPeer;
  }

  get counters(): Readonly<object> {
    return this.inner.counters;
  }

  get nextTickMs(): number {
    return this.inner.nextTickMs;
  }

  bind(transmit: LinkTransmit): void {
    this.inner.bind(transmit);
  }

  open(datagram: Uint8Array, from: DatagramAddress, out: Uint8Array): number {
    const length = this.inner.open(datagram, from, out) - this.#filling;
    if (length < 1) return 0;
    for (let i = length; i < length + this.#filling; i++) {
      if (out[i] !== MASK) return 0;
    }
    for (let i = 0; i < length; i++) out[i]! ^= MASK;
    return length;
  }

  seal(payload: Uint8Array, peer: PeerId, out: Uint8Array): number {
    const { length } = payload;
    if (length < 1 || length > this.maxPayloadBytes) {
      throw new RangeError(`a payload of ${length} bytes`);
    }
    for (let i = 0; i < length; i++) this.#masked[i] = payload[i]! ^ MASK;
    this.#masked.fill(MASK, length, length + this.#filling);
    const masked = this.#masked.subarray(0, length + this.#filling);
    return this.inner.seal(masked, peer, out);
  }

  addressOf(peer: PeerId): DatagramAddress | undefined {
    return this.inner.addressOf(peer);
  }

  connect(to: DatagramAddress, credentials: Uint8Array): PeerId {
    return this.inner.connect(to, credentials);
  }

  move(peer: PeerId, to: DatagramAddress): boolean {
    return this.inner.move(peer, to);
  }

  stopAccepting(): void {
    this.inner.stopAccepting();
  }

  disconnect(peer: PeerId): void {
    this.inner.disconnect(peer);
  }

  tick(dt: number): void {
    this.inner.tick(dt);
  }

  drainEvents(): Iterable<LinkEvent> {
    return this.inner.drainEvents();
  }

  get #filling(): number {
    return OVERHEAD_BYTES - this.inner.overheadBytes;
  }
}
