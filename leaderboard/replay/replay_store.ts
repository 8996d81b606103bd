// This module is browser compatible.

/** How a replay's bytes are kept and sent: as they are, or compressed (RFC 1952). */
export type ReplayEncoding = "identity" | "gzip";

/** What a replay is before anybody has seen its bytes. */
export interface ReplayDescription {
  /** The SHA-256 of its bytes, 64 hex digits in lower case: its name. */
  readonly sha256: string;
  /** How many bytes it has. */
  readonly bytes: number;
  /** How they are encoded. */
  readonly encoding: ReplayEncoding;
  /** How many bytes it has in this encoding; `bytes` with `"identity"`. */
  readonly encodedBytes: number;
}

/** A replay of which every byte was there, and had the right hash. */
export interface StoredReplay extends ReplayDescription {
  /** Who uploaded it first. */
  readonly owner: string;
  /** When it was uploaded or touched last, in epoch milliseconds. */
  readonly usedMs: number;
  /** Whether an entry or a held submission had it when somebody looked last. It does not count for its owner then. */
  readonly isLinked: boolean;
}

/** An upload that has not come to its end. */
export interface ReplayUpload extends ReplayDescription {
  /** Its name, which nobody can guess. */
  readonly id: string;
  /** Who began it. */
  readonly owner: string;
  /** How many of the encoded bytes are there. */
  readonly offset: number;
  /** When it is given up, in epoch milliseconds. */
  readonly expiresMs: number;
}

/** What {@linkcode ReplayStore.begin} is asked for. */
export interface ReplayUploadRequest extends ReplayDescription {
  /** The name of the upload, if there has to be a new one: 1 to 64 characters, never used before. */
  readonly id: string;
  /** Who uploads: 1 to 256 characters. */
  readonly owner: string;
  /** Now, in epoch milliseconds. */
  readonly nowMs: number;
  /** When the upload is given up if nothing comes, in epoch milliseconds. */
  readonly expiresMs: number;
}

/** What became of {@linkcode ReplayStore.begin}. */
export type ReplayBeginResult =
  /** The replay is there. It has been touched. */
  | { readonly type: "complete"; readonly replay: StoredReplay }
  /** Parts are awaited from `upload.offset` on. `given` uploads of the owner have been given up for it. */
  | {
    readonly type: "open";
    readonly upload: ReplayUpload;
    readonly given: number;
  }
  /** The store holds too much in all, of bytes or of uploads. */
  | { readonly type: "full" }
  /** The owner has too much that no score has. */
  | { readonly type: "quotaExceeded" };

/** What became of {@linkcode ReplayStore.append}. */
export type ReplayAppendResult =
  /** The part is there. */
  | { readonly type: "appended"; readonly upload: ReplayUpload }
  /** It is not the part that is awaited: that one begins at `upload.offset`. Nothing was changed. */
  | { readonly type: "offsetMismatch"; readonly upload: ReplayUpload }
  /** The part goes beyond what was announced. Nothing was changed. */
  | { readonly type: "tooLong"; readonly upload: ReplayUpload }
  /** There is no such upload. */
  | { readonly type: "notFound" }
  /** As with {@linkcode ReplayStore.begin}: others were faster. Nothing was changed. */
  | { readonly type: "full" }
  | { readonly type: "quotaExceeded" };

/** How much a {@linkcode ReplayStore} holds. */
export interface ReplayStoreOptions {
  /**
   * The most encoded bytes of all replays and uploads: 1 to 2^50. At this bound uploads are refused.
   *
   * @default {1073741824}
   */
  readonly maxBytes?: number;
  /**
   * The most encoded bytes of one owner's uploads and of his replays that no score has: 1 to 2^50. At this bound his
   * uploads are refused.
   *
   * @default {67108864}
   */
  readonly maxBytesPerOwner?: number;
  /**
   * The most uploads that are under way: 1 to 1000000. At this bound new ones are refused.
   *
   * @default {10000}
   */
  readonly maxUploads?: number;
  /**
   * The most uploads of one owner that are under way: 1 to 1024. At this bound the one that stood still for the longest
   * is given up for a new one.
   *
   * @default {8}
   */
  readonly maxUploadsPerOwner?: number;
}

/**
 * Where a {@linkcode LeaderboardServer} keeps replays. A store keeps, counts and bounds bytes; what is in them, and who
 * may do what, is checked by the server.
 *
 * Each call rejects with a {@linkcode LeaderboardError} of code `"storeFailed"` if the storage fails, and with
 * `"closed"` after `close`. Each happens as one: no other call sees half of it.
 */
export interface ReplayStore {
  /**
   * Begins an upload, or finds the one that goes on. An owner has at most one upload of a replay: with another
   * encoding or other lengths, the earlier one is given up.
   *
   * @param request What will come.
   * @returns A promise of what there is.
   */
  begin(request: ReplayUploadRequest): Promise<ReplayBeginResult>;
  /**
   * Finds an upload.
   *
   * @param id Its name.
   * @returns A promise of it, or of `undefined`.
   */
  upload(id: string): Promise<ReplayUpload | undefined>;
  /**
   * Adds a part. When the promise resolves, the part will survive what the store promises.
   *
   * @param id The upload.
   * @param offset Where the part begins: what is there already.
   * @param bytes The part, which is copied or written before the promise resolves, and must not be changed until then.
   * @param expiresMs When the upload is given up if nothing else comes, in epoch milliseconds.
   * @returns A promise of what became of it.
   */
  append(
    id: string,
    offset: number,
    bytes: Uint8Array,
    expiresMs: number,
  ): Promise<ReplayAppendResult>;
  /**
   * Reads part of what has been uploaded.
   *
   * @param id The upload.
   * @param offset Where to begin: 0 or more.
   * @param maxBytes The most bytes: 1 or more.
   * @returns A promise of all there is from `offset` on, up to `maxBytes`; of `undefined` without such an upload. The
   * bytes belong to the caller.
   */
  readUpload(
    id: string,
    offset: number,
    maxBytes: number,
  ): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /**
   * Makes a replay of an upload whose bytes are all there and right. If the replay is there already, that one stays
   * and is touched. The upload is gone in either case.
   *
   * @param id The upload.
   * @param nowMs Now, in epoch milliseconds.
   * @returns A promise of the replay, or of `undefined`, with nothing changed, without such an upload or if bytes are
   * missing.
   */
  complete(id: string, nowMs: number): Promise<StoredReplay | undefined>;
  /**
   * Gives an upload up.
   *
   * @param id The upload.
   * @returns A promise of whether it was there.
   */
  abort(id: string): Promise<boolean>;
  /**
   * Gives up uploads whose time is over, those that stood still for the longest first.
   *
   * @param nowMs Now, in epoch milliseconds: those with an `expiresMs` at or before it are given up.
   * @param limit The most of them: 1 to 1000.
   * @returns A promise of how many were given up; below `limit` if no more are left.
   */
  removeExpired(nowMs: number, limit: number): Promise<number>;
  /**
   * Finds a replay.
   *
   * @param sha256 Its name.
   * @returns A promise of it, or of `undefined`.
   */
  replay(sha256: string): Promise<StoredReplay | undefined>;
  /**
   * Reads part of a replay as it is encoded.
   *
   * @param sha256 The replay.
   * @param offset Where to begin: 0 or more.
   * @param maxBytes The most bytes: 1 or more.
   * @returns A promise of all there is from `offset` on, up to `maxBytes`; of `undefined` without such a replay. The
   * bytes belong to the caller.
   */
  read(
    sha256: string,
    offset: number,
    maxBytes: number,
  ): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /**
   * Notes that a replay is needed. Who links one touches it first: where it is still there after that, no
   * {@linkcode ReplayStore.remove} of one that was found unused before takes it away.
   *
   * @param sha256 The replay.
   * @param nowMs Now, in epoch milliseconds: its `usedMs` from now on.
   * @param isLinked Its `isLinked` from now on; if left out, it stays as it is.
   * @returns A promise of the replay as it is now, or of `undefined` without such a replay.
   */
  touch(
    sha256: string,
    nowMs: number,
    isLinked?: boolean,
  ): Promise<StoredReplay | undefined>;
  /**
   * Lists replays that were not used for some time, the longest unused first.
   *
   * @param beforeMs Those with a `usedMs` before this time, in epoch milliseconds.
   * @param limit The most of them: 1 to 1000.
   * @returns A promise of them.
   */
  unused(beforeMs: number, limit: number): Promise<readonly StoredReplay[]>;
  /**
   * Removes a replay, unless it has been touched meanwhile.
   *
   * @param sha256 The replay.
   * @param usedMs Its `usedMs` when it was found to be needed by nobody.
   * @returns A promise of whether it was removed.
   */
  remove(sha256: string, usedMs: number): Promise<boolean>;
  /** Finishes what is under way and gives back what the store has opened itself. Closing twice has no effect. */
  close(): Promise<void>;
}
