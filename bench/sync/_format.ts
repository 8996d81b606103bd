// What the formats of this bench have in common.
import type { EntityTable, TableContent } from "../../sync/mod.ts";
import type { Recording } from "./_recording.ts";

/** A way to send a snapshot to one who has an older one. */
export interface Format {
  readonly name: string;
  /** Whether the age of the base makes no difference to it. */
  readonly isAgeless?: boolean;
  /** Every how many messages it is measured, as it is slow; all of them by default. */
  readonly every?: number;
  /** Makes both ends, with nothing sent. */
  open(recording: Recording, age: number): Session;
}

/** One message. */
export interface Step {
  /** Its tick. */
  readonly message: number;
  /** What the other end has. */
  readonly base: TableContent;
  readonly current: TableContent;
  /** What has changed on the way from `base`; may be the same again. */
  readonly changed: Uint32Array;
  /** `base` as the other end has decoded it. */
  readonly held: TableContent;
  /** Begins as a copy of `held`, and is to become `current`. */
  readonly into: EntityTable;
}

/** Both ends of a connection. Only `encode` and `decode` are timed. */
export interface Session {
  /** What is kept with each snapshot besides itself, at each end. */
  readonly stateBytes?: number;
  /** What a game does anyway, such as to move things. */
  begin?(step: Step): void;
  /** Gives bytes, which the next call may overwrite. */
  encode(step: Step): Uint8Array;
  /** Reads them into `into`, or into objects of its own. */
  decode(bytes: Uint8Array, step: Step): void;
  /** Tells `into` what came out, if `decode` did not. */
  end?(step: Step): void;
}
