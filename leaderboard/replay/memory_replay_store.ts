// This module is browser compatible.
import { LeaderboardError } from "../leaderboard_error.ts";
import { resolveReplayLimits } from "./replay_limits.ts";
import type {
  ReplayAppendResult,
  ReplayBeginResult,
  ReplayStore,
  ReplayStoreOptions,
  ReplayUpload,
  ReplayUploadRequest,
  StoredReplay,
} from "./replay_store.ts";

/** What is held for an upload or a replay, in the order of its parts. */
interface Held<Info> {
  info: Info;
  readonly parts: Uint8Array[];
}

/** What somebody has here. */
interface Owner {
  /** What counts for his quota. */
  bytes: number;
  /** Those that something was done with last are last. */
  readonly uploads: Set<Held<ReplayUpload>>;
}

/**
 * A {@linkcode ReplayStore} that lives as long as the object: for tests, and where nothing has to survive a restart.
 *
 * @example Two parts, one replay
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemoryReplayStore } from "@tickwire/net/leaderboard";
 *
 * await using store = new MemoryReplayStore();
 * const sha256 = "9f".repeat(32);
 * await store.begin({
 *   sha256, bytes: 3, encoding: "identity", encodedBytes: 3, id: "u1", owner: "ada", nowMs: 0, expiresMs: 86_400_000,
 * });
 * await store.append("u1", 0, new Uint8Array([1, 2]), 86_400_000);
 * await store.append("u1", 2, new Uint8Array([3]), 86_400_000);
 * await store.complete("u1", 1000);
 * assertEquals(await store.read(sha256, 1, 100), new Uint8Array([2, 3]));
 * ```
 */
export class MemoryReplayStore implements ReplayStore {
  readonly #limits: Required<ReplayStoreOptions>;
  readonly #uploads = new Map<string, Held<ReplayUpload>>();
  readonly #replays = new Map<string, Held<StoredReplay>>();
  readonly #owners = new Map<string, Owner>();
  #bytes = 0;
  #isClosed = false;

  /**
   * Creates an empty store.
   *
   * @param options How much it holds.
   * @throws {RangeError} If a bound is out of its range.
   */
  constructor(options: ReplayStoreOptions = {}) {
    this.#limits = resolveReplayLimits(options);
  }

  /** Encoded bytes that are held: those of replays and of uploads. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Begins an upload, or finds the one that goes on. See {@linkcode ReplayStore.begin}.
   *
   * @param request What will come.
   * @returns A promise of what there is.
   */
  begin(request: ReplayUploadRequest): Promise<ReplayBeginResult> {
    return this.#settle((): ReplayBeginResult => {
      const { nowMs, ...announced } = request;
      const replay = this.#touch(request.sha256, nowMs, undefined);
      if (replay !== undefined) return { type: "complete", replay };
      const own = [...this.#owner(request.owner).uploads];
      const same = own.find(({ info }) => info.sha256 === request.sha256);
      if (same !== undefined && isSame(same.info, request)) {
        same.info = { ...same.info, expiresMs: request.expiresMs };
        this.#moveLast(same);
        return { type: "open", upload: same.info, given: 0 };
      }
      const others = own.filter((held) => held !== same);
      const { maxUploads, maxUploadsPerOwner } = this.#limits;
      const given = [
        ...(same === undefined ? [] : [same]),
        ...others.slice(0, Math.max(0, others.length + 1 - maxUploadsPerOwner)),
      ];
      // Nothing is given up for an upload that is then refused.
      let gained = 0;
      for (const held of given) gained += held.info.offset;
      const refusal = this.#uploads.size - given.length >= maxUploads
        ? FULL
        : this.#refusal(request.owner, request.encodedBytes - gained);
      if (refusal !== undefined) {
        this.#forgetIdle(request.owner);
        return refusal;
      }
      for (const held of given) this.#drop(held.info.id);
      const info = { ...announced, offset: 0 };
      const held = { info, parts: [] };
      this.#uploads.set(info.id, held);
      this.#owner(info.owner).uploads.add(held);
      return { type: "open", upload: info, given: given.length };
    });
  }

  /**
   * Finds an upload. See {@linkcode ReplayStore.upload}.
   *
   * @param id Its name.
   * @returns A promise of it, or of `undefined`.
   */
  upload(id: string): Promise<ReplayUpload | undefined> {
    return this.#settle(() => this.#uploads.get(id)?.info);
  }

  /**
   * Adds a part. See {@linkcode ReplayStore.append}.
   *
   * @param id The upload.
   * @param offset Where the part begins.
   * @param bytes The part, which is copied.
   * @param expiresMs When the upload is given up if nothing else comes.
   * @returns A promise of what became of it.
   */
  append(
    id: string,
    offset: number,
    bytes: Uint8Array,
    expiresMs: number,
  ): Promise<ReplayAppendResult> {
    return this.#settle((): ReplayAppendResult => {
      const held = this.#uploads.get(id);
      if (held === undefined) return { type: "notFound" };
      const upload = held.info;
      if (offset !== upload.offset) return { type: "offsetMismatch", upload };
      if (offset + bytes.length > upload.encodedBytes) {
        return { type: "tooLong", upload };
      }
      const refusal = this.#refusal(upload.owner, bytes.length);
      if (refusal !== undefined) return refusal;
      if (bytes.length > 0) held.parts.push(bytes.slice());
      held.info = { ...upload, offset: offset + bytes.length, expiresMs };
      this.#count(upload.owner, bytes.length);
      this.#bytes += bytes.length;
      this.#moveLast(held);
      return { type: "appended", upload: held.info };
    });
  }

  /**
   * Reads part of what has been uploaded. See {@linkcode ReplayStore.readUpload}.
   *
   * @param id The upload.
   * @param offset Where to begin.
   * @param maxBytes The most bytes.
   * @returns A promise of the bytes, or of `undefined`.
   */
  readUpload(
    id: string,
    offset: number,
    maxBytes: number,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#settle(() => {
      const held = this.#uploads.get(id);
      return held && readParts(held.parts, offset, maxBytes);
    });
  }

  /**
   * Makes a replay of an upload. See {@linkcode ReplayStore.complete}.
   *
   * @param id The upload.
   * @param nowMs Now, in epoch milliseconds.
   * @returns A promise of the replay, or of `undefined`.
   */
  complete(id: string, nowMs: number): Promise<StoredReplay | undefined> {
    return this.#settle(() => {
      const held = this.#uploads.get(id);
      if (held === undefined) return undefined;
      const { sha256, bytes, encoding, encodedBytes, owner, offset } =
        held.info;
      if (offset !== encodedBytes) return undefined;
      const there = this.#touch(sha256, nowMs, undefined);
      if (there !== undefined) {
        this.#drop(id);
        return there;
      }
      this.#uploads.delete(id);
      this.#owner(owner).uploads.delete(held);
      const info = {
        sha256,
        bytes,
        encoding,
        encodedBytes,
        owner,
        usedMs: nowMs,
        isLinked: false,
      };
      this.#replays.set(sha256, { info, parts: held.parts });
      this.#forgetIdle(owner);
      return info;
    });
  }

  /**
   * Gives an upload up. See {@linkcode ReplayStore.abort}.
   *
   * @param id The upload.
   * @returns A promise of whether it was there.
   */
  abort(id: string): Promise<boolean> {
    return this.#settle(() => this.#drop(id));
  }

  /**
   * Gives up uploads whose time is over. See {@linkcode ReplayStore.removeExpired}.
   *
   * @param nowMs Now, in epoch milliseconds.
   * @param limit The most of them.
   * @returns A promise of how many were given up.
   */
  removeExpired(nowMs: number, limit: number): Promise<number> {
    return this.#settle(() => {
      const expired = [...this.#uploads.values()]
        .filter(({ info }) => info.expiresMs <= nowMs)
        .sort((a, b) => a.info.expiresMs - b.info.expiresMs)
        .slice(0, limit);
      for (const { info } of expired) this.#drop(info.id);
      return expired.length;
    });
  }

  /**
   * Finds a replay. See {@linkcode ReplayStore.replay}.
   *
   * @param sha256 Its name.
   * @returns A promise of it, or of `undefined`.
   */
  replay(sha256: string): Promise<StoredReplay | undefined> {
    return this.#settle(() => this.#replays.get(sha256)?.info);
  }

  /**
   * Reads part of a replay as it is encoded. See {@linkcode ReplayStore.read}.
   *
   * @param sha256 The replay.
   * @param offset Where to begin.
   * @param maxBytes The most bytes.
   * @returns A promise of the bytes, or of `undefined`.
   */
  read(
    sha256: string,
    offset: number,
    maxBytes: number,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#settle(() => {
      const held = this.#replays.get(sha256);
      return held && readParts(held.parts, offset, maxBytes);
    });
  }

  /**
   * Notes that a replay is needed. See {@linkcode ReplayStore.touch}.
   *
   * @param sha256 The replay.
   * @param nowMs Now, in epoch milliseconds.
   * @param isLinked Its `isLinked` from now on; if left out, it stays as it is.
   * @returns A promise of the replay, or of `undefined`.
   */
  touch(
    sha256: string,
    nowMs: number,
    isLinked?: boolean,
  ): Promise<StoredReplay | undefined> {
    return this.#settle(() => this.#touch(sha256, nowMs, isLinked));
  }

  /**
   * Lists replays that were not used for some time. See {@linkcode ReplayStore.unused}.
   *
   * @param beforeMs Those with a `usedMs` before this time.
   * @param limit The most of them.
   * @returns A promise of them, the longest unused first.
   */
  unused(beforeMs: number, limit: number): Promise<readonly StoredReplay[]> {
    return this.#settle(() =>
      [...this.#replays.values()]
        .filter(({ info }) => info.usedMs < beforeMs)
        .sort((a, b) => a.info.usedMs - b.info.usedMs)
        .slice(0, limit)
        .map(({ info }) => info)
    );
  }

  /**
   * Removes a replay, unless it has been touched meanwhile. See {@linkcode ReplayStore.remove}.
   *
   * @param sha256 The replay.
   * @param usedMs Its `usedMs` when it was found to be needed by nobody.
   * @returns A promise of whether it was removed.
   */
  remove(sha256: string, usedMs: number): Promise<boolean> {
    return this.#settle(() => {
      const info = this.#replays.get(sha256)?.info;
      if (info?.usedMs !== usedMs) return false;
      this.#replays.delete(sha256);
      this.#bytes -= info.encodedBytes;
      if (!info.isLinked) this.#count(info.owner, -info.encodedBytes);
      return true;
    });
  }

  /** Makes every further call but this one reject. */
  close(): Promise<void> {
    this.#isClosed = true;
    return Promise.resolve();
  }

  /** Closes the store at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #touch(
    sha256: string,
    usedMs: number,
    isLinked: boolean | undefined,
  ): StoredReplay | undefined {
    const held = this.#replays.get(sha256);
    if (held === undefined) return undefined;
    const before = held.info;
    const after = {
      ...before,
      usedMs,
      isLinked: isLinked ?? before.isLinked,
    };
    if (before.isLinked && !after.isLinked) {
      this.#count(before.owner, before.encodedBytes);
    } else if (!before.isLinked && after.isLinked) {
      this.#count(before.owner, -before.encodedBytes);
    }
    held.info = after;
    return after;
  }

  #refusal(
    owner: string,
    bytes: number,
  ): { type: "full" | "quotaExceeded" } | undefined {
    const { maxBytes, maxBytesPerOwner } = this.#limits;
    // What adds nothing is always taken, so that an upload of which all is there can end.
    if (bytes <= 0) return undefined;
    if (this.#bytes + bytes > maxBytes) return FULL;
    return this.#owner(owner).bytes + bytes > maxBytesPerOwner
      ? { type: "quotaExceeded" }
      : undefined;
  }

  #drop(id: string): boolean {
    const held = this.#uploads.get(id);
    if (held === undefined) return false;
    const { owner, offset } = held.info;
    this.#uploads.delete(id);
    this.#owner(owner).uploads.delete(held);
    this.#bytes -= offset;
    this.#count(owner, -offset);
    return true;
  }

  #moveLast(held: Held<ReplayUpload>): void {
    const { uploads } = this.#owner(held.info.owner);
    uploads.delete(held);
    uploads.add(held);
  }

  #count(owner: string, bytes: number): void {
    this.#owner(owner).bytes += bytes;
    this.#forgetIdle(owner);
  }

  #owner(name: string): Owner {
    const known = this.#owners.get(name);
    if (known !== undefined) return known;
    const owner = { bytes: 0, uploads: new Set<Held<ReplayUpload>>() };
    this.#owners.set(name, owner);
    return owner;
  }

  #forgetIdle(name: string): void {
    const owner = this.#owners.get(name);
    if (owner?.bytes === 0 && owner.uploads.size === 0) {
      this.#owners.delete(name);
    }
  }

  #settle<T>(call: () => T): Promise<T> {
    // What the executor throws is what the promise rejects with.
    return new Promise((resolve) => {
      if (this.#isClosed) {
        throw new LeaderboardError(
          "closed",
          "Cannot use the replay store as it is closed",
        );
      }
      resolve(call());
    });
  }
}

const FULL = { type: "full" } as const;

function isSame(upload: ReplayUpload, request: ReplayUploadRequest): boolean {
  return upload.bytes === request.bytes &&
    upload.encoding === request.encoding &&
    upload.encodedBytes === request.encodedBytes;
}

function readParts(
  parts: readonly Uint8Array[],
  offset: number,
  maxBytes: number,
): Uint8Array<ArrayBuffer> {
  let held = 0;
  for (const part of parts) held += part.length;
  const bytes = new Uint8Array(
    Math.max(0, Math.min(maxBytes, held - offset)),
  );
  let start = -offset;
  for (const part of parts) {
    const from = Math.max(0, -start);
    const room = bytes.length - Math.max(0, start);
    if (from < part.length && room > 0) {
      bytes.set(part.subarray(from, from + room), Math.max(0, start));
    }
    start += part.length;
  }
  return bytes;
}
