// This module is browser compatible.

/**
 * Which transfer of a {@linkcode FileTransfers}: an integer from 0 to 4294967295. This
 * end began those that are odd.
 */
export type FileTransferId = number & { readonly __brand: "FileTransferId" };

/** Why a transfer failed. */
export type FileFailReason =
  /** The other end does not want it, or does not have it. */
  | "refused"
  /** The other end has canceled it. */
  | "canceled"
  /** The other end has too many already. */
  | "busy"
  /** What it is to go on with is of another version or size. */
  | "changed"
  /** It is larger than may be received. */
  | "tooLarge"
  /** What came is not what was sent. */
  | "corrupt"
  /** Nothing has moved for too long. */
  | "stalled"
  /** The other end does not keep to the protocol. */
  | "misbehaved"
  /** `close()` was called. */
  | "closed";

/** What happened at a {@linkcode FileTransfers}. */
export type FileEvent =
  | {
    /** The other end offers a file: `accept()` or `cancel()`. */
    readonly type: "offered";
    readonly transfer: FileTransferId;
    /** What it is called there: 1 to 255 bytes of UTF-8. No path is to be made of it unchecked. */
    readonly name: string;
    /** Its bytes, as the other end says. */
    readonly size: number;
    /** Which version of it: 0 to 64 bytes of UTF-8. */
    readonly version: string;
  }
  | {
    /** The other end asks for a file: `serve()` or `cancel()`. */
    readonly type: "requested";
    readonly transfer: FileTransferId;
    /** What it is called: 1 to 255 bytes of UTF-8. No path is to be made of it unchecked. */
    readonly name: string;
  }
  | {
    /** Bytes have moved: once a tick for each transfer at the most. May be lost. */
    readonly type: "progress";
    readonly transfer: FileTransferId;
    readonly direction: "sending" | "receiving";
    /** How many were given to the link, or have come in order, from the file's beginning. */
    readonly bytes: number;
    readonly size: number;
  }
  | {
    /** A file is there, and what was received of it is right. */
    readonly type: "received";
    readonly transfer: FileTransferId;
    readonly name: string;
    readonly size: number;
    readonly version: string;
    /** All of it, the receiver's own; `undefined` if a sink took it. */
    readonly bytes: Uint8Array | undefined;
  }
  | {
    /** The other end has all of a file. */
    readonly type: "sent";
    readonly transfer: FileTransferId;
    readonly name: string;
    readonly size: number;
  }
  | {
    /** A transfer is over without success. One that was canceled at this end has no event. */
    readonly type: "failed";
    readonly transfer: FileTransferId;
    readonly name: string;
    readonly reason: FileFailReason;
    /** For people. */
    readonly message: string;
    /** How many bytes had come in order: to go on from. 0 at the sender. */
    readonly offset: number;
    /** Which version they are of, `""` if that is not known. */
    readonly version: string;
    /** Those bytes, the receiver's own; `undefined` if a sink took them, or there are none. */
    readonly bytes: Uint8Array | undefined;
  };
