import { MTU } from "../../constants.ts";
import type { DatagramAddress } from "../../socket/datagram_address.ts";
import type { DatagramLink, LinkEvent } from "../datagram_link.ts";
import type { PeerId } from "../peer_id.ts";
import type { MemoryNetwork, MemorySocket } from "./memory_network.ts";

/** A payload that has come in. */
export interface Payload {
  readonly peer: PeerId;
  readonly bytes: Uint8Array;
}

/** A link on a socket, and what came out of it. */
export class LinkEnd {
  readonly link: DatagramLink;
  readonly socket: MemorySocket;
  readonly payloads: Payload[] = [];
  readonly events: LinkEvent[] = [];
  readonly #out = new Uint8Array(MTU);
  readonly #sealed = new Uint8Array(MTU);
  readonly #sockets: MemorySocket[];

  constructor(link: DatagramLink, socket: MemorySocket) {
    this.link = link;
    this.socket = socket;
    this.#sockets = [socket];
    link.bind((datagram, to) => to.socket.send(datagram, to));
  }

  /** Takes from another socket too. */
  bind(socket: MemorySocket): void {
    this.#sockets.push(socket);
  }

  /** Takes what has come in, after so much time. */
  pump(ms: number): void {
    this.link.tick(ms / 1_000);
    for (const socket of this.#sockets) {
      socket.poll((datagram, from) => this.take(datagram, from));
    }
    this.events.push(...this.link.drainEvents());
  }

  /** Takes one datagram. */
  take(datagram: Uint8Array, from: DatagramAddress): void {
    const length = this.link.open(datagram, from, this.#out);
    if (length === 0) return;
    this.payloads.push({
      peer: this.link.openedPeer,
      bytes: this.#out.slice(0, length),
    });
  }

  /** Seals a payload and sends it; returns whether there was a peer to send it to. */
  send(payload: Uint8Array, peer: PeerId): boolean {
    const length = this.link.seal(payload, peer, this.#sealed);
    if (length === 0) return false;
    const to = this.link.addressOf(peer)!;
    to.socket.send(this.#sealed.subarray(0, length), to);
    return true;
  }

  /** The events of a type. */
  of<T extends LinkEvent["type"]>(type: T): Extract<LinkEvent, { type: T }>[] {
    return this.events.filter((
      event,
    ): event is Extract<LinkEvent, { type: T }> => event.type === type);
  }
}

/** Lets time pass for a network and the links on it, in steps. */
export function pass(
  network: MemoryNetwork,
  ends: readonly LinkEnd[],
  ms: number,
  stepMs = 5,
): void {
  for (let passed = 0; passed < ms; passed += stepMs) {
    network.advance(stepMs);
    for (const end of ends) end.pump(stepMs);
  }
}
