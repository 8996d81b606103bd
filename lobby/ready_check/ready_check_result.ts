// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";

/** What a ready check ends with. */
export type ReadyCheckResult =
  /** Everybody has said yes. */
  | { readonly type: "allReady" }
  /** The time was up. */
  | {
    readonly type: "timedOut";
    /** Who has said no, in the order of the check. */
    readonly declined: readonly PlayerId[];
    /** Who has said nothing. */
    readonly silent: readonly PlayerId[];
  }
  /** Somebody said no, or it was called off. */
  | {
    readonly type: "cancelled";
    /** Why: `declined`, or what {@linkcode ReadyCheck.cancel} was given. */
    readonly reason: string;
    /** Who has said no, in the order of the check. */
    readonly declined: readonly PlayerId[];
    /** Who has said nothing. */
    readonly silent: readonly PlayerId[];
  };
