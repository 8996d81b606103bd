// This module is browser compatible.
import {
  type Channel,
  cutCloseReason,
  isChannel,
  type LinkState,
  type MessageLink,
  type MessageSink,
} from "../../protocol/mod.ts";
import { CloseCode, ConnectionState } from "../connection/connection_state.ts";
import type { ManagedPeer } from "./_managed_peer.ts";

const CONNECTING: LinkState = Object.freeze({ type: "connecting" });
const OPEN: LinkState = Object.freeze({ type: "open" });

/** What a link needs of the manager that its peer belongs to. */
export interface PeerHost {
  sendTo(peer: ManagedPeer, bytes: Uint8Array, channel: number): boolean;
  closePeer(peer: ManagedPeer, code: number, reason: string): void;
  /** The peer's connection has handed out messages. */
  afterPoll(peer: ManagedPeer): void;
}

/** A peer as a message link: the four channels, and nothing of datagrams. */
export class PeerLink implements MessageLink {
  readonly maxMessageBytes: number;
  readonly #peer: ManagedPeer;
  readonly #host: PeerHost;
  #closed: LinkState | undefined;
  #sink: MessageSink | undefined;

  constructor(peer: ManagedPeer, host: PeerHost, maxMessageBytes: number) {
    this.#peer = peer;
    this.#host = host;
    this.maxMessageBytes = maxMessageBytes;
  }

  get state(): LinkState {
    const { endReason, state } = this.#peer;
    if (endReason !== undefined) {
      return this.#closed ??= Object.freeze({
        type: "closed",
        reason: endReason,
      });
    }
    return state === ConnectionState.Connecting ? CONNECTING : OPEN;
  }

  get rttMs(): number {
    return this.#peer.connection?.rttMs ?? this.#peer.rttMs;
  }

  send(bytes: Uint8Array, channel: Channel): boolean {
    if (!isChannel(channel)) {
      throw new RangeError(
        `Cannot send a message as channel must be 0, 1, 2 or 3: current value is ${channel}`,
      );
    }
    if (!(bytes instanceof Uint8Array)) {
      throw new TypeError(
        `Cannot send a message as bytes must be a Uint8Array: current value is ${bytes}`,
      );
    }
    return bytes.length <= this.maxMessageBytes &&
      this.#host.sendTo(this.#peer, bytes, channel);
  }

  poll(sink: MessageSink): void {
    const peer = this.#peer;
    if (peer.isPolling) {
      throw new TypeError(
        "Cannot poll the link as its sink must have returned: current call is inside of it",
      );
    }
    if (peer.connection === undefined || peer.endReason !== undefined) return;
    peer.isPolling = true;
    this.#sink = sink;
    try {
      peer.connection.poll(this.#handOut);
    } finally {
      this.#sink = undefined;
      peer.isPolling = false;
      this.#host.afterPoll(peer);
    }
  }

  close(reason: string): void {
    if (this.#peer.endReason !== undefined) return;
    this.#host.closePeer(
      this.#peer,
      CloseCode.Closed,
      cutCloseReason(reason),
    );
  }

  readonly #handOut = (bytes: Uint8Array, channel: number): void => {
    // What comes after close(), or on a channel of the game's own, which no link has.
    if (this.#peer.endReason !== undefined || !isChannel(channel)) return;
    this.#sink!(bytes, channel);
  };
}
