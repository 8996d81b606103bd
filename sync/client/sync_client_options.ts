// This module is browser compatible.
import type { Clock } from "../../core/mod.ts";
import type { ByteWriter } from "../../protocol/mod.ts";
import type { SyncCoders } from "../coder/sync_coders.ts";
import type { EntityTable } from "../snapshot/entity_table.ts";
import type { InputFeedback } from "../wire/input_feedback.ts";
import type { WorldSnapshot } from "./world_snapshot.ts";

/** Gives a client's inputs to its reports. */
export interface InputSource {
  /**
   * Writes what the report is to carry of inputs: nothing, or up to 1024 bytes. More
   * is an error of the writer's, and the report has none then.
   *
   * @param writer Where to.
   */
  write(writer: ByteWriter): void;
  /**
   * Takes what the server tells of the inputs.
   *
   * @param feedback It, which holds during the call only. Older than before if messages
   * were reordered.
   */
  acknowledge(feedback: Readonly<InputFeedback>): void;
}

/**
 * The times of a snapshot that has come, in units of 1/64 ms as 32 bits that wrap: what
 * a clock needs.
 */
export interface TimeSample {
  /** When the server sent it, by its clock, which began with its first tick. */
  readonly sent: number;
  /** When it was taken from the link, by the client's clock. */
  readonly received: number;
  /** The tick that it is of. */
  readonly tick: number;
  /**
   * When the client had sent the newest report that the server had, by the client's
   * clock; `undefined` if the server had none lately.
   */
  readonly echo: number | undefined;
  /** How long the server had had that: 0 to 65535. */
  readonly held: number;
  /**
   * What the server tells of the inputs; `undefined` if nothing. Older than before if
   * messages were reordered.
   */
  readonly input: Readonly<InputFeedback> | undefined;
}

/** The options of `SyncClient`. */
export interface SyncClientOptions {
  /** What makes the coders: as at the server. `FastCoder` alone if left out. */
  readonly coders?: SyncCoders;
  /**
   * Reports in each second: above 0; at most one is sent in a tick.
   *
   * @default {60}
   */
  readonly reportRate?: number;
  /**
   * How long the handshake may take once the link is open, in milliseconds of the ticks'
   * `dt`: above 0. Then the link is closed.
   *
   * @default {10000}
   */
  readonly handshakeTimeoutMs?: number;
  /** Gives the inputs; there are none if left out. */
  readonly inputs?: InputSource;
  /**
   * Takes the times of each snapshot that is new, also if its base is missing: for a
   * `NetworkClock`.
   *
   * @param sample The times, which hold during the call only.
   */
  readonly onTimes?: (sample: TimeSample) => void;
  /**
   * Takes each snapshot that was decoded, within `SyncClient.tick`: for a
   * `SnapshotPlayer` and a `Predictor`.
   *
   * @param snapshot The snapshot, which is the newest.
   * @param tables The newest that is known of each entity: those of the snapshot, unless
   * it is partial. Those that are not in its `stale` are as of its tick here too.
   */
  readonly onSnapshot?: (
    snapshot: WorldSnapshot,
    tables: readonly EntityTable[],
  ) => void;
  /** Where the times in messages come from; the system's if left out. */
  readonly clock?: Clock;
}
