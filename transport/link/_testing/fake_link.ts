import { MTU } from "../../constants.ts";
import type { DatagramAddress } from "../../socket/datagram_address.ts";
import type { DatagramLink, LinkEvent } from "../datagram_link.ts";
import type { PeerId } from "../peer_id.ts";
import { SlotTable } from "../_slot_table.ts";

const OVERHEAD_BYTES = 25;

/**
 * A link that does what a test tells it, for tests of what its owner makes of it: its peers
 * come, go and are wanted when the test says so, and payloads cross it as they are.
 */
export class FakeLink implements DatagramLink {
  maxPayloadBytes: number = MTU - OVERHEAD_BYTES;
  overheadBytes: number = OVERHEAD_BYTES;
  openedPeer: PeerId = 0 as PeerId;
  readonly counters = { opened: 0 };
  readonly nextTickMs: number = Infinity;
  /** Whether it moves: where and when `tell()` says so. */
  moves = false;
  /** What its owner did, in order. */
  readonly calls: string[] = [];
  readonly #peers = new SlotTable<DatagramAddress>();
  readonly #byAddress = new Map<DatagramAddress, PeerId>();
  #events: LinkEvent[] = [];

  /** Something happens at it. */
  tell(event: LinkEvent): void {
    if (event.type === "peerEnded") this.#remove(event.peer);
    else if (event.type === "peerMoved") this.#place(event.peer, event.address);
    this.#events.push(event);
  }

  /** A client comes. */
  admit(address: DatagramAddress, clientId?: bigint): PeerId {
    const peer = this.connect(address);
    const userData = new Uint8Array([7]);
    this.tell({
      type: "peerConnected",
      peer,
      address,
      userData,
      ...clientId === undefined ? {} : { clientId },
    });
    return peer;
  }

  bind(): void {}

  open(datagram: Uint8Array, from: DatagramAddress, out: Uint8Array): number {
    const peer = this.#byAddress.get(from);
    if (peer === undefined) return 0;
    this.counters.opened++;
    this.openedPeer = peer;
    out.set(datagram);
    return datagram.length;
  }

  seal(payload: Uint8Array, peer: PeerId, out: Uint8Array): number {
    if (this.#peers.get(peer) === undefined) return 0;
    out.set(payload);
    return payload.length;
  }

  addressOf(peer: PeerId): DatagramAddress | undefined {
    return this.#peers.get(peer);
  }

  connect(to: DatagramAddress): PeerId {
    const peer = this.#peers.nextId()!;
    to.retain();
    this.#peers.add(peer, to);
    this.#byAddress.set(to, peer);
    return peer;
  }

  move(): boolean {
    this.calls.push("move");
    return this.moves;
  }

  stopAccepting(): void {
    this.calls.push("stopAccepting");
  }

  disconnect(peer: PeerId): void {
    if (this.#remove(peer)) this.calls.push(`disconnect ${peer}`);
  }

  tick(): void {}

  drainEvents(): Iterable<LinkEvent> {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #place(peer: PeerId, address: DatagramAddress): void {
    this.#byAddress.delete(this.#peers.get(peer)!);
    this.#peers.add(peer, address);
    this.#byAddress.set(address, peer);
  }

  #remove(peer: PeerId): boolean {
    const address = this.#peers.get(peer);
    if (address === undefined) return false;
    this.#peers.remove(peer);
    this.#byAddress.delete(address);
    address.release();
    return true;
  }
}
