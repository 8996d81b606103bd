// This module is browser compatible.
import type { Channel } from "../../protocol/mod.ts";
import type { RecordingSubject } from "./record_kind.ts";

export type { RecordingSubject };

/** What a recording begins with. */
export interface RecordingHeader {
  /** Whose it is: a server's, a client's, or calls of the documented surface. */
  readonly subject: RecordingSubject;
  /** The low 32 bits of the contract's hash: 0 to 4294967295; 0 for calls. */
  readonly hashLow: number;
  /** The high 32 bits of the contract's hash: 0 to 4294967295; 0 for calls. */
  readonly hashHigh: number;
}

/**
 * How a recording ends.
 *
 * - `stopped`: whole, as it was stopped.
 * - `full`: whole up to where it would have had more bytes than it was to have.
 * - `truncated`: the bytes end without an end; what there is of whole records holds.
 * - `corrupt`: damaged or made up from some record on; what is before it holds.
 */
export type RecordingEnding = "stopped" | "full" | "truncated" | "corrupt";

/**
 * One thing that happened. `timeMs` is simulation time since the recording began, in
 * steps of a microsecond. `peer` is the client's id in a server's recording, 0 in a
 * client's.
 */
export type Recorded =
  | {
    /** Time moved on, up to `timeMs`. */
    readonly type: "tick";
    readonly timeMs: number;
    /** By how much, in seconds, to the bit. */
    readonly dt: number;
  }
  | {
    /** A peer was connected. */
    readonly type: "connected";
    readonly timeMs: number;
    readonly peer: number;
    /** Whether its link was open. */
    readonly isOpen: boolean;
    /** The most bytes of a message of its link. */
    readonly maxMessageBytes: number;
  }
  | {
    /** Its link went from connecting to open. */
    readonly type: "opened";
    readonly timeMs: number;
    readonly peer: number;
    /** The most bytes of a message of its link. */
    readonly maxMessageBytes: number;
  }
  | {
    /** Its link was closed. */
    readonly type: "closed";
    readonly timeMs: number;
    readonly peer: number;
    /** Why, in the link's words. */
    readonly reason: string;
  }
  | {
    /** The game ended the link of a peer between two ticks. */
    readonly type: "disconnected";
    readonly timeMs: number;
    readonly peer: number;
    /** Why, in the game's words. */
    readonly reason: string;
  }
  | {
    /** A packet came in. */
    readonly type: "packetIn";
    readonly timeMs: number;
    readonly peer: number;
    readonly channel: Channel;
    /** The receiver's own. */
    readonly bytes: Uint8Array<ArrayBuffer>;
  }
  | {
    /** A packet went out. */
    readonly type: "packetOut";
    readonly timeMs: number;
    readonly peer: number;
    readonly channel: Channel;
    /** Whether its link took it. */
    readonly isTaken: boolean;
    /** The receiver's own. */
    readonly bytes: Uint8Array<ArrayBuffer>;
  }
  | {
    /** A call or a packet was refused. */
    readonly type: "rejected";
    readonly timeMs: number;
    readonly peer: number;
    /** The name of the rpc; empty if there is none to name. */
    readonly rpc: string;
    readonly reason: string;
  }
  | {
    /** The clock that measures handlers was read. */
    readonly type: "clock";
    readonly timeMs: number;
    /** How long after the reading before, in milliseconds: a multiple of 1/1000. */
    readonly elapsedMs: number;
  }
  | {
    /** A call of the documented surface. */
    readonly type: "call";
    readonly timeMs: number;
    /** Its caller: 0 is the server. */
    readonly peer: number;
    /** The receiver's own. */
    readonly bytes: Uint8Array<ArrayBuffer>;
  };
