// This module is browser compatible.
import { type Random, SeededRandom } from "../core/mod.ts";
import { checkBytes } from "./_check_bytes.ts";
import { type Channel, isChannel, isOrdered, isReliable } from "./channel.ts";
import {
  cutCloseReason,
  type LinkState,
  type MessageLink,
  type MessageSink,
} from "./message_link.ts";

/** Options for {@linkcode MemoryLinkPair}. */
export interface MemoryLinkOptions {
  /**
   * Whether the ends are open from the start. If not, they are `connecting` until
   * {@linkcode MemoryLinkPair.open}.
   *
   * @default {true}
   */
  readonly isOpen?: boolean;
  /**
   * The most bytes of one message: an integer from 1 to `maxQueuedBytes`.
   *
   * @default {65536}
   */
  readonly maxMessageBytes?: number;
  /**
   * The most bytes in each direction that are on their way or wait to be polled:
   * an integer, 1 or more.
   *
   * @default {1048576}
   */
  readonly maxQueuedBytes?: number;
  /**
   * The most messages in each direction that are on their way or wait to be
   * polled: an integer, 1 or more.
   *
   * @default {1024}
   */
  readonly maxQueuedMessages?: number;
  /**
   * The time that every message takes one way, in milliseconds: finite, 0 or more.
   *
   * @default {0}
   */
  readonly latencyMs?: number;
  /**
   * The most that a message takes beyond `latencyMs`, in milliseconds: finite, 0
   * or more. How much of it is drawn for each one.
   *
   * @default {0}
   */
  readonly jitterMs?: number;
  /**
   * How likely it is that a message does not get through: 0 to 1. On an unreliable
   * channel it is lost. On a reliable one it is sent again, which costs twice
   * `latencyMs` and `jitterMs`, for up to 8 times; then it does get through.
   *
   * @default {0}
   */
  readonly loss?: number;
  /**
   * Where jitter and loss come from: the same numbers, the same run. If left out,
   * every pair has the same numbers.
   */
  readonly random?: Random;
}

const DEFAULT_MAX_MESSAGE_BYTES = 65_536;
const DEFAULT_MAX_QUEUED_BYTES = 1_048_576;
const DEFAULT_MAX_QUEUED_MESSAGES = 1_024;
const MAX_RESENDS = 8;
const CHANNELS = 4;

const CONNECTING: LinkState = Object.freeze({ type: "connecting" });
const OPEN: LinkState = Object.freeze({ type: "open" });

/** What both ends share: the conditions and the time. */
interface Wire {
  readonly maxMessageBytes: number;
  readonly maxQueuedBytes: number;
  readonly maxQueuedMessages: number;
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly loss: number;
  readonly random: Random;
  nowMs: number;
}

/** A message on its way, or waiting to be polled. */
interface Message {
  readonly bytes: Uint8Array;
  readonly channel: Channel;
  /** Counts the messages of the direction. */
  readonly number: number;
  /** When it arrives. */
  readonly dueMs: number;
}

/**
 * Two ends of a {@linkcode MessageLink} within one process, for tests: with
 * latency, jitter and loss as wanted, and the same run for the same seed.
 *
 * With no latency a message is there at the next `poll()` of the other end. With
 * some, it is there when {@linkcode MemoryLinkPair.tick} has passed the time. What
 * jitter and loss do stays within what each channel promises. Whatever a sink was
 * given is overwritten with zeros when it returns, so that a test shows who keeps
 * bytes without copying them.
 *
 * @example A slow and lossy line
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SeededRandom } from "@tickwire/net/core";
 * import { Channel, MemoryLinkPair } from "@tickwire/net/protocol";
 *
 * const pair = new MemoryLinkPair({
 *   latencyMs: 40,
 *   jitterMs: 20,
 *   loss: 0.5,
 *   random: new SeededRandom(7),
 * });
 * const sent = Array.from({ length: 100 }, (_, i) => i);
 * for (const i of sent) {
 *   pair.a.send(new Uint8Array([i]), Channel.ReliableOrdered);
 * }
 * const received: number[] = [];
 * for (let frame = 0; frame < 120; frame++) {
 *   pair.tick(1 / 60);
 *   pair.b.poll((bytes) => received.push(bytes[0]!));
 * }
 * assertEquals(received, sent);
 * ```
 */
export class MemoryLinkPair {
  /** One end. */
  readonly a: MessageLink;
  /** The other end. */
  readonly b: MessageLink;
  readonly #wire: Wire;
  readonly #ends: readonly MemoryLink[];

  /**
   * Creates a pair of ends that are connected with each other.
   *
   * @param options Limits and conditions, the same in both directions.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(options: MemoryLinkOptions = {}) {
    const wire = resolve(options);
    const a = new MemoryLink(wire);
    const b = new MemoryLink(wire);
    a.connect(b);
    b.connect(a);
    this.a = a;
    this.b = b;
    this.#wire = wire;
    this.#ends = [a, b];
    if (options.isOpen ?? true) this.open();
  }

  /** Opens the ends that are `connecting`. */
  open(): void {
    for (const end of this.#ends) end.open();
  }

  /**
   * Moves both ends on: what is due by then has arrived.
   *
   * @param dt The time in seconds: finite, 0 or more.
   * @throws {RangeError} If `dt` is negative or not finite.
   */
  tick(dt: number): void {
    if (!(dt >= 0 && dt < Infinity)) {
      throw new RangeError(
        `Cannot tick as dt must be finite and >= 0: current value is ${dt}`,
      );
    }
    this.#wire.nowMs += dt * 1_000;
    for (const end of this.#ends) end.settle();
  }
}

class MemoryLink implements MessageLink {
  readonly #wire: Wire;
  #peer: MemoryLink = this;
  #state: LinkState = CONNECTING;
  /** What comes in, by `dueMs`, then by `number`. */
  #incoming: Message[] = [];
  #incomingBytes = 0;
  #nextNumber = 0;
  /** When the last message of each channel arrives. */
  readonly #lastDueMs = new Float64Array(CHANNELS);
  /** The number from which on each channel may hand out messages. */
  readonly #firstNumber = new Float64Array(CHANNELS);
  /** The other end has closed: the reason, and when it arrives. */
  #closing: { readonly dueMs: number; readonly reason: string } | undefined;
  #isPolling = false;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  get state(): LinkState {
    return this.#state;
  }

  get maxMessageBytes(): number {
    return this.#wire.maxMessageBytes;
  }

  /** What a long average would come to. */
  get rttMs(): number {
    const { latencyMs, jitterMs } = this.#wire;
    return this.#state === CONNECTING ? 0 : 2 * latencyMs + jitterMs;
  }

  send(bytes: Uint8Array, channel: Channel): boolean {
    if (!isChannel(channel)) {
      throw new RangeError(
        `Cannot send a message as channel must be 0, 1, 2 or 3: current value is ${channel}`,
      );
    }
    checkBytes(bytes, "send a message");
    if (this.#state !== OPEN || bytes.length > this.#wire.maxMessageBytes) {
      return false;
    }
    return this.#peer.#accept(bytes, channel);
  }

  poll(sink: MessageSink): void {
    if (this.#isPolling) {
      throw new TypeError(
        "Cannot poll the link as its sink must have returned: current call is inside of it",
      );
    }
    const { nowMs } = this.#wire;
    const endNumber = this.#nextNumber;
    this.#isPolling = true;
    try {
      // The sink may close the link, which leaves nothing to hand out.
      for (;;) {
        const message = this.#incoming[0];
        if (
          message === undefined || message.dueMs > nowMs ||
          message.number >= endNumber
        ) break;
        this.#incoming.shift();
        this.#handOut(message, sink);
      }
    } finally {
      this.#isPolling = false;
      this.settle();
    }
  }

  close(reason: string): void {
    if (this.#state.type === "closed") return;
    const cut = cutCloseReason(reason);
    this.#end(cut);
    this.#peer.#endAfterIncoming(cut);
  }

  connect(peer: MemoryLink): void {
    this.#peer = peer;
  }

  open(): void {
    if (this.#state === CONNECTING) this.#state = OPEN;
  }

  /** Closes if the other end has, and everything before was polled. */
  settle(): void {
    if (
      this.#closing !== undefined && this.#closing.dueMs <= this.#wire.nowMs &&
      this.#incoming.length === 0 && !this.#isPolling
    ) this.#end(this.#closing.reason);
  }

  /** Takes a message from the other end; returns whether there is room. */
  #accept(bytes: Uint8Array, channel: Channel): boolean {
    // The sender cannot know yet.
    if (this.#state.type === "closed") return true;
    const { maxQueuedBytes, maxQueuedMessages, loss, random } = this.#wire;
    if (
      this.#incoming.length >= maxQueuedMessages ||
      this.#incomingBytes + bytes.length > maxQueuedBytes
    ) return false;
    if (!isReliable(channel) && loss > 0 && random.nextFloat() < loss) {
      return true;
    }
    this.#insert({
      // A Buffer of Node's gives views by slice().
      bytes: new Uint8Array(bytes),
      channel,
      number: this.#nextNumber++,
      dueMs: this.#dueMs(channel),
    });
    return true;
  }

  /** Draws when a message that is sent now arrives. */
  #dueMs(channel: Channel): number {
    const { nowMs, latencyMs, jitterMs, loss, random } = this.#wire;
    let dueMs = nowMs + latencyMs;
    if (jitterMs > 0) dueMs += random.nextFloat() * jitterMs;
    if (!isReliable(channel)) return dueMs;
    for (let i = 0; i < MAX_RESENDS && loss > 0; i++) {
      if (random.nextFloat() >= loss) break;
      dueMs += 2 * (latencyMs + jitterMs);
    }
    // A receiver in order holds back what overtook an earlier message.
    if (isOrdered(channel)) {
      dueMs = Math.max(dueMs, this.#lastDueMs[channel]!);
      this.#lastDueMs[channel] = dueMs;
    }
    return dueMs;
  }

  #insert(message: Message): void {
    const incoming = this.#incoming;
    // From the end, where most belong. Of equal times the earlier number is first.
    let at = incoming.length;
    while (at > 0 && incoming[at - 1]!.dueMs > message.dueMs) at -= 1;
    incoming.splice(at, 0, message);
    this.#incomingBytes += message.bytes.length;
  }

  #handOut({ bytes, channel, number }: Message, sink: MessageSink): void {
    this.#incomingBytes -= bytes.length;
    if (isOrdered(channel)) {
      if (number < this.#firstNumber[channel]!) return;
      this.#firstNumber[channel] = number;
    }
    try {
      sink(bytes, channel);
    } finally {
      bytes.fill(0);
    }
  }

  #endAfterIncoming(reason: string): void {
    if (this.#state.type === "closed") return;
    const { nowMs, latencyMs } = this.#wire;
    this.#closing = { dueMs: nowMs + latencyMs, reason };
    this.settle();
  }

  #end(reason: string): void {
    this.#state = Object.freeze({ type: "closed", reason });
    this.#incoming = [];
    this.#incomingBytes = 0;
  }
}

function resolve(options: MemoryLinkOptions): Wire {
  const {
    maxQueuedBytes = DEFAULT_MAX_QUEUED_BYTES,
    maxQueuedMessages = DEFAULT_MAX_QUEUED_MESSAGES,
    latencyMs = 0,
    jitterMs = 0,
    loss = 0,
    random = new SeededRandom(0),
  } = options;
  const {
    maxMessageBytes = Math.min(DEFAULT_MAX_MESSAGE_BYTES, maxQueuedBytes),
  } = options;
  check("maxQueuedBytes", maxQueuedBytes, isCount(maxQueuedBytes), COUNT);
  check(
    "maxQueuedMessages",
    maxQueuedMessages,
    isCount(maxQueuedMessages),
    COUNT,
  );
  check(
    "maxMessageBytes",
    maxMessageBytes,
    isCount(maxMessageBytes) && maxMessageBytes <= maxQueuedBytes,
    `an integer from 1 to maxQueuedBytes (${maxQueuedBytes})`,
  );
  check("latencyMs", latencyMs, isTime(latencyMs), TIME);
  check("jitterMs", jitterMs, isTime(jitterMs), TIME);
  check("loss", loss, loss >= 0 && loss <= 1, "from 0 to 1");
  return {
    maxMessageBytes,
    maxQueuedBytes,
    maxQueuedMessages,
    latencyMs,
    jitterMs,
    loss,
    random,
    nowMs: 0,
  };
}

const COUNT = "an integer >= 1";
const TIME = "finite and >= 0";

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1;
}

function isTime(value: number): boolean {
  return value >= 0 && value < Infinity;
}

function check(
  name: string,
  value: number,
  isRight: boolean,
  wanted: string,
): void {
  if (isRight) return;
  throw new RangeError(
    `Cannot create a MemoryLinkPair as ${name} must be ${wanted}: current value is ${value}`,
  );
}
