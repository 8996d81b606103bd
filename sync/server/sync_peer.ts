// This module is browser compatible.
import type { MessageLink } from "../../protocol/mod.ts";
import type { EntityId } from "../world/entity_id.ts";
import type { InputFeedback } from "../wire/input_feedback.ts";

/** A client, as its server sees it. */
export interface SyncPeer {
  /** Its number: 1 for the first that connected, and so on. */
  readonly id: number;
  /** The link to it. */
  readonly link: MessageLink;
  /** Whether the handshake is over, so that snapshots go out. */
  readonly isReady: boolean;
  /** Whether it is over with it. */
  readonly isClosed: boolean;
  /** Whether it only watches. */
  readonly isSpectator: boolean;
  /** The tick of the newest snapshot that it is known to have; `undefined` if none. */
  readonly ackedTick: number | undefined;
  /** The tick of the last snapshot that was sent to it; `undefined` before the first. */
  readonly sentTick: number | undefined;
  /** The entities that are its own, ascending: see `SyncServer.own`. */
  readonly owned: readonly EntityId[];
  /** The bytes of all that has come from it. */
  readonly bytesIn: number;
  /** The bytes of the snapshots that were sent to it. */
  readonly bytesOut: number;
  /**
   * Tells whether it was sent the snapshot of a tick, so that it can have seen it.
   *
   * @param tick The tick.
   * @returns Whether it was; `false` if that is more than 63 ticks ago.
   */
  wasSent(tick: number): boolean;
}

/** Takes the inputs of clients. */
export interface PeerInputs {
  /**
   * Takes the inputs of a report, which may have come before: reports are lost,
   * duplicated and reordered, and repeat inputs for that.
   *
   * @param peer Whose they are.
   * @param bytes 1 to 1024 bytes, which hold during the call only.
   * @param nowTick The tick that is simulated next.
   * @returns Whether they are inputs; if not, the report counts as malformed.
   */
  receive(peer: SyncPeer, bytes: Uint8Array, nowTick: number): boolean;
  /**
   * Tells what a client is told of its inputs.
   *
   * @param peer Which.
   * @param into Takes it.
   * @returns Whether there is anything to tell.
   */
  feedback(peer: SyncPeer, into: InputFeedback): boolean;
}
