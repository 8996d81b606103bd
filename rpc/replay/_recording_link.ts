// This module is browser compatible.
import type {
  Channel,
  LinkState,
  MessageLink,
  MessageSink,
} from "../../protocol/mod.ts";
import type { RecordingWriter } from "./recording_writer.ts";

/** A link of which everything is recorded that its endpoint sees of it. */
export class RecordingLink implements MessageLink {
  readonly #link: MessageLink;
  readonly #writer: RecordingWriter;
  readonly #peer: number;
  #seen: LinkState["type"];

  constructor(link: MessageLink, peer: number, writer: RecordingWriter) {
    this.#link = link;
    this.#writer = writer;
    this.#peer = peer;
    const { state, maxMessageBytes } = link;
    this.#seen = state.type;
    writer.connected(peer, state.type === "open", maxMessageBytes);
    if (state.type === "closed") writer.closed(peer, state.reason);
  }

  get state(): LinkState {
    const { state } = this.#link;
    if (state.type === this.#seen) return state;
    this.#seen = state.type;
    if (state.type === "open") {
      this.#writer.opened(this.#peer, this.#link.maxMessageBytes);
    } else if (state.type === "closed") {
      this.#writer.closed(this.#peer, state.reason);
    }
    return state;
  }

  get maxMessageBytes(): number {
    return this.#link.maxMessageBytes;
  }

  get rttMs(): number {
    return this.#link.rttMs;
  }

  send(bytes: Uint8Array, channel: Channel): boolean {
    const isTaken = this.#link.send(bytes, channel);
    this.#writer.packetOut(this.#peer, channel, bytes, isTaken);
    return isTaken;
  }

  poll(sink: MessageSink): void {
    this.#link.poll((bytes, channel) => {
      this.#writer.packetIn(this.#peer, channel, bytes);
      sink(bytes, channel);
    });
  }

  close(reason: string): void {
    this.#link.close(reason);
  }
}
