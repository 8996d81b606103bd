import type { Random } from "../../core/mod.ts";
import {
  type Channel,
  cutCloseReason,
  isOrdered,
  isReliable,
  type LinkState,
  type MessageLink,
  type MessageSink,
} from "../../protocol/mod.ts";

/** Options for {@linkcode LossyLinks}. */
export interface LossyOptions {
  readonly random: Random;
  /** How likely an unreliable message is lost: 0 to 1. */
  readonly loss?: number;
  /** How likely an unreliable message comes twice: 0 to 1. */
  readonly duplication?: number;
  /** Frames that every message takes. */
  readonly delay?: number;
  /** Frames that a message takes at most beyond that, which reorders them. */
  readonly jitter?: number;
  readonly maxMessageBytes?: number;
}

interface Flying {
  readonly bytes: Uint8Array;
  readonly channel: Channel;
  readonly due: number;
}

/** Two ends of a link that loses, doubles and reorders as its channels allow. */
export class LossyLinks {
  readonly a: LossyEnd;
  readonly b: LossyEnd;

  constructor(options: LossyOptions) {
    this.a = new LossyEnd(options);
    this.b = new LossyEnd(options);
    this.a.peer = this.b;
    this.b.peer = this.a;
  }

  /** A frame passes. */
  tick(): void {
    this.a.frame++;
    this.b.frame++;
  }
}

/** One end; what is sent from it can be watched and changed. */
export class LossyEnd implements MessageLink {
  state: LinkState = { type: "open" };
  readonly rttMs = 0;
  readonly maxMessageBytes: number;
  peer!: LossyEnd;
  frame = 0;
  /** Is told of each message that is sent here. */
  onSend: ((bytes: Uint8Array, channel: Channel) => void) | undefined;
  readonly #options: LossyOptions;
  #incoming: Flying[] = [];
  #lastDue = 0;

  constructor(options: LossyOptions) {
    this.#options = options;
    this.maxMessageBytes = options.maxMessageBytes ?? 65_536;
  }

  send(bytes: Uint8Array, channel: Channel): boolean {
    if (this.state.type !== "open" || bytes.length > this.maxMessageBytes) {
      return false;
    }
    this.onSend?.(bytes, channel);
    const { random, loss = 0, duplication = 0 } = this.#options;
    if (!isReliable(channel) && random.nextFloat() < loss) return true;
    this.peer.#take(bytes, channel);
    if (!isReliable(channel) && random.nextFloat() < duplication) {
      this.peer.#take(bytes, channel);
    }
    return true;
  }

  /** Puts a message in, as if the other end had sent it. */
  inject(bytes: Uint8Array, channel: Channel): void {
    this.#incoming.push({ bytes: bytes.slice(), channel, due: 0 });
  }

  poll(sink: MessageSink): void {
    const due = this.#incoming.filter((it) => it.due <= this.frame);
    this.#incoming = this.#incoming.filter((it) => it.due > this.frame);
    due.sort((a, b) => a.due - b.due);
    for (const { bytes, channel } of due) {
      if (this.state.type !== "open") return;
      sink(bytes, channel);
      bytes.fill(0);
    }
    if (this.peer.state.type === "closed" && this.#incoming.length === 0) {
      this.close(this.peer.state.reason);
    }
  }

  close(reason: string): void {
    if (this.state.type === "closed") return;
    this.state = { type: "closed", reason: cutCloseReason(reason) };
  }

  #take(bytes: Uint8Array, channel: Channel): void {
    const { random, delay = 0, jitter = 0 } = this.#options;
    let due = this.frame + delay + random.nextU32() % (jitter + 1);
    if (isOrdered(channel)) this.#lastDue = due = Math.max(due, this.#lastDue);
    this.#incoming.push({ bytes: bytes.slice(), channel, due });
  }
}
