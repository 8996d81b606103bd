// This module is browser compatible.
import {
  Channel,
  type Contract,
  type ContractDifference,
  ContractHandshake,
  type MessageLink,
} from "../../protocol/mod.ts";
import { MIN_LINK_BYTES, SyncPacketKind } from "./packet_kind.ts";

const MAX_HANDSHAKE_BYTES = 32_768;
const NOTHING = new Uint8Array(0);
/** What a call of `isLate` counts at most: who slept has not waited. */
const MAX_WAIT_MS = 1_000;
/** Why a link is closed that is not through with it in time. */
export const TOO_LATE = "the handshake took too long";

/** What came of a message of the handshake. */
export type GreetingStep =
  | {
    /** It goes on. */
    readonly type: "waiting";
  }
  | {
    /** Both ends are through with it. */
    readonly type: "ready";
  }
  | {
    /** The worlds differ: the link is of no use. */
    readonly type: "differs";
    /** In what. */
    readonly differences: readonly ContractDifference[];
    /** All of it in a sentence, for people. */
    readonly message: string;
  }
  | {
    /** No message of it: the link is of no use. */
    readonly type: "malformed";
    /** What is wrong. */
    readonly message: string;
  };

const WAITING: GreetingStep = { type: "waiting" };

/**
 * The beginning of a link: each end says which world it knows, and that it is through
 * with it. Nothing else is sent before the other end has said so, as on other channels
 * it could be there before.
 */
export class Greeting {
  readonly #contract: Contract;
  #handshake: ContractHandshake | undefined;
  /** What the link has not taken yet. */
  readonly #waiting: Uint8Array[] = [];
  #waitedMs = 0;
  #isOver = false;
  #isHeard = false;

  /**
   * Begins when the link is open.
   *
   * @param contract What must be the same at both ends.
   */
  constructor(contract: Contract) {
    this.#contract = contract;
  }

  /** Whether what comes from the other end can be read. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether the other end can read what comes from here. */
  get isReady(): boolean {
    return this.#isOver && this.#isHeard;
  }

  /**
   * Sends what waits, if the link takes it.
   *
   * @param link The link.
   * @returns Whether the link is of use: its messages have room for what must fit.
   */
  flush(link: MessageLink): boolean {
    if (link.state.type !== "open") return true;
    if (link.maxMessageBytes < MIN_LINK_BYTES) return false;
    this.#begin(link);
    while (
      this.#waiting.length > 0 &&
      link.send(this.#waiting[0]!, Channel.ReliableOrdered)
    ) this.#waiting.shift();
    return true;
  }

  /**
   * Lets time pass.
   *
   * @param dt How much, in seconds. Of one call a second counts at most, and only while
   * the link is open.
   * @param link The link, of which everything was taken that has come.
   * @param timeoutMs How long it may take.
   * @returns Whether it takes too long.
   */
  isLate(dt: number, link: MessageLink, timeoutMs: number): boolean {
    if (this.isReady || link.state.type !== "open") return false;
    this.#waitedMs += Math.min(MAX_WAIT_MS, dt * 1_000);
    return this.#waitedMs > timeoutMs;
  }

  /**
   * Takes a message.
   *
   * @param bytes The message, whose kind is known.
   * @param link Where it came from.
   * @returns What came of it.
   */
  receive(bytes: Uint8Array, link: MessageLink): GreetingStep {
    if (bytes.length === 1) {
      if (this.#isHeard) return malformed("the handshake was over already");
      this.#isHeard = true;
      return this.isReady ? { type: "ready" } : WAITING;
    }
    if (this.#isOver) return malformed("the handshake is over");
    const step = this.#begin(link).handle(bytes.subarray(1));
    switch (step.type) {
      case "agreed":
        this.#isOver = true;
        this.#push(NOTHING);
        return this.isReady ? { type: "ready" } : WAITING;
      case "reply":
        this.#push(step.bytes);
        return WAITING;
      case "differs":
        return {
          type: "differs",
          differences: step.differences,
          message: step.message,
        };
      case "malformed":
        return { type: "malformed", message: step.message };
    }
  }

  #begin(link: MessageLink): ContractHandshake {
    if (this.#handshake !== undefined) return this.#handshake;
    const handshake = new ContractHandshake(this.#contract, {
      maxMessageBytes: Math.min(
        MAX_HANDSHAKE_BYTES,
        Math.max(MIN_LINK_BYTES, link.maxMessageBytes) - 1,
      ),
    });
    this.#handshake = handshake;
    this.#push(handshake.hello());
    return handshake;
  }

  #push(message: Uint8Array): void {
    const bytes = new Uint8Array(1 + message.length);
    bytes[0] = SyncPacketKind.Handshake;
    bytes.set(message, 1);
    this.#waiting.push(bytes);
  }
}

function malformed(reason: string): GreetingStep {
  return {
    type: "malformed",
    message: `Cannot begin as the peer's message is wrong: ${reason}`,
  };
}
