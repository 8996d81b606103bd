// This module is browser compatible.
import type { Rpc } from "../contract/define_rpc.ts";
import type { ClientId } from "../target/client_id.ts";

/** What becomes of a client's call or packet: only `admit` lets it through. */
export type CallVerdict = "admit" | "rateLimited";

/** What a client did that is not right. */
export type CallOffence = "malformed" | "unauthorised" | "unknownRpc";

/**
 * Decides how much a client may do. The server asks it in the order of arrival, and
 * keeps to what it says.
 */
export interface CallGuard {
  /**
   * Moves on.
   *
   * @param dt The time in seconds.
   */
  tick(dt: number): void;
  /**
   * Asked for each packet, before it is read.
   *
   * @param client Whose.
   * @param bytes How long it is.
   * @returns Whether it is read.
   */
  admitPacket(client: ClientId, bytes: number): boolean;
  /**
   * Asked for each call that a client may make.
   *
   * @param client Whose.
   * @param rpc Which.
   * @returns Whether it is handled.
   */
  admit(client: ClientId, rpc: Rpc): CallVerdict;
  /**
   * Told after each packet.
   *
   * @param client Whose.
   * @param handlerMs How long its handlers took, in milliseconds.
   */
  spend(client: ClientId, handlerMs: number): void;
  /**
   * Told of what is not right.
   *
   * @param client Whose.
   * @param offence What.
   */
  offence(client: ClientId, offence: CallOffence): void;
  /**
   * Told when a client is gone: nothing of it is kept.
   *
   * @param client Which.
   */
  forget(client: ClientId): void;
}

/** Lets everything through. */
export class OpenGuard implements CallGuard {
  /** Does nothing. */
  tick(): void {}

  /** Lets it through. */
  admitPacket(): boolean {
    return true;
  }

  /** Lets it through. */
  admit(): CallVerdict {
    return "admit";
  }

  /** Does nothing. */
  spend(): void {}

  /** Does nothing. */
  offence(): void {}

  /** Does nothing. */
  forget(): void {}
}
