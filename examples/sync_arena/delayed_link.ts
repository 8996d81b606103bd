import {
  type Channel,
  isChannel,
  type LinkState,
  type MessageLink,
  type MessageSink,
} from "../../protocol/mod.ts";

/** Messages that are held each way. */
const MAX_HELD = 1_024;
const OPEN: LinkState = Object.freeze({ type: "open" });

interface Held {
  readonly bytes: Uint8Array;
  readonly channel: Channel;
  readonly dueMs: number;
}

/**
 * A link on which everything takes longer, as if its other end were further away: what a slow line does below a
 * WebSocket. Nothing is lost and nothing overtakes another, so that jitter holds up what comes behind it.
 */
export class DelayedLink implements MessageLink {
  /** What a message takes longer, each way, in milliseconds. */
  latencyMs = 0;
  /** By how much more at most. */
  jitterMs = 0;
  readonly #link: MessageLink;
  readonly #random: () => number;
  readonly #out: Held[] = [];
  readonly #in: Held[] = [];
  #nowMs = 0;
  #isPolling = false;
  #isClosed = false;

  /**
   * Delays a link.
   *
   * @param link What it goes over, which nothing else polls.
   * @param random What jitter comes from: 0 to 1.
   */
  constructor(link: MessageLink, random: () => number = Math.random) {
    this.#link = link;
    this.#random = random;
  }

  get state(): LinkState {
    const { state } = this.#link;
    const isBefore = this.#isPolling || this.#in.length > 0;
    // What came before the end is to be polled.
    return state.type === "closed" && !this.#isClosed && isBefore
      ? OPEN
      : state;
  }

  get maxMessageBytes(): number {
    return this.#link.maxMessageBytes;
  }

  get rttMs(): number {
    const { rttMs } = this.#link;
    return rttMs === 0 ? 0 : rttMs + 2 * this.latencyMs + this.jitterMs;
  }

  /**
   * Lets time pass: sends what is due, and looks for what has come.
   *
   * @param dt How much, in seconds.
   */
  tick(dt: number): void {
    this.#nowMs += dt * 1_000;
    this.#sendDue(this.#nowMs);
    this.#takeIn();
  }

  send(bytes: Uint8Array, channel: Channel): boolean {
    // What the link refuses by itself, it says in its own words.
    const isAtOnce = this.#out.length === 0 && this.#delayMs() === 0;
    if (
      isAtOnce || !isChannel(channel) || !(bytes instanceof Uint8Array) ||
      this.#link.state.type !== "open"
    ) return this.#link.send(bytes, channel);
    if (bytes.length > this.maxMessageBytes || this.#out.length >= MAX_HELD) {
      return false;
    }
    this.#hold(this.#out, bytes, channel);
    return true;
  }

  poll(sink: MessageSink): void {
    if (this.#isPolling) {
      throw new TypeError(
        "Cannot poll the link as its sink must have returned: current call is inside of it",
      );
    }
    this.#takeIn();
    const held = this.#in;
    let due = 0;
    while (due < held.length && held[due]!.dueMs <= this.#nowMs) due++;
    this.#isPolling = true;
    try {
      for (; due > 0 && !this.#isClosed; due--) {
        const { bytes, channel } = held.shift()!;
        sink(bytes, channel);
      }
    } finally {
      this.#isPolling = false;
    }
  }

  close(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#in.length = 0;
    // What was sent before is to arrive.
    this.#sendDue(Infinity);
    this.#link.close(reason);
  }

  #takeIn(): void {
    const held = this.#in;
    // The rest waits at the other end.
    if (held.length >= MAX_HELD) return;
    this.#link.poll((bytes, channel) => this.#hold(held, bytes, channel));
  }

  #sendDue(nowMs: number): void {
    const held = this.#out;
    while (held.length > 0 && held[0]!.dueMs <= nowMs) {
      const { bytes, channel } = held[0]!;
      if (!this.#link.send(bytes, channel)) return;
      held.shift();
    }
  }

  #hold(held: Held[], bytes: Uint8Array, channel: Channel): void {
    const dueMs = Math.max(
      held.at(-1)?.dueMs ?? 0,
      this.#nowMs + this.#delayMs(),
    );
    held.push({ bytes: bytes.slice(), channel, dueMs });
  }

  #delayMs(): number {
    return this.latencyMs + this.#random() * this.jitterMs;
  }
}
