// This module is browser compatible.
import { checkInteger, type RedisLike } from "../../core/mod.ts";
import { resolveReplayLimits } from "../replay/replay_limits.ts";
import type {
  ReplayAppendResult,
  ReplayBeginResult,
  ReplayStore,
  ReplayStoreOptions,
  ReplayUpload,
  ReplayUploadRequest,
  StoredReplay,
} from "../replay/replay_store.ts";
import { readable, RedisCalls } from "./_calls.ts";
import {
  ABORT,
  APPEND,
  BEGIN,
  COMPLETE,
  EXPIRE,
  READ_REPLAY,
  READ_UPLOAD,
  REMOVE,
  TOUCH,
  UNUSED,
} from "./_replay_scripts.ts";
import {
  decodeReplay,
  decodeSlice,
  decodeUpload,
  encodeForm,
  encodePart,
} from "./_replay_text.ts";
import { RedisScript } from "./_script.ts";

/** Options for {@linkcode RedisReplayStore}. Machines that share a store have the same. */
export interface RedisReplayStoreOptions extends ReplayStoreOptions {
  /**
   * What all keys begin with, the same on all machines that share the replays.
   *
   * @default {"tickwire:replays"}
   */
  readonly prefix?: string;
  /**
   * The most calls that wait for Redis, each of them with up to a part of an upload; beyond them, calls reject: 1 to
   * 65536.
   *
   * @default {1024}
   */
  readonly maxPending?: number;
}

/** Three quarters of the longest string in Redis. */
const MAX_REPLAY_BYTES = 402_653_184;

/**
 * A {@linkcode ReplayStore} in Redis (tested with 7.0), for servers on more than one machine, through the user's own
 * client.
 *
 * Replays are in memory there, as base64: 4 bytes for 3 of what is counted. A replay of more than 384 MiB is refused as
 * too much (`"full"`). All keys are in one slot of a cluster, as the bounds are those of the whole store. What survives a
 * restart is what Redis is set up to keep; `maxmemory-policy` must be `noeviction`.
 *
 * @example Replays that several machines share
 * ```ts ignore
 * import { createClient } from "redis";
 * import { fromNodeRedis } from "@tickwire/net/core";
 * import { RedisReplayStore } from "@tickwire/net/leaderboard/redis";
 *
 * const client = createClient({ url: "redis://127.0.0.1:6379" });
 * client.on("error", console.error);
 * await client.connect();
 * await using replays = new RedisReplayStore(fromNodeRedis(client), { maxBytes: 2 ** 28 });
 * console.log(await replays.unused(Date.now() - 86_400_000, 100));
 * ```
 */
export class RedisReplayStore implements ReplayStore {
  readonly #calls: RedisCalls;
  readonly #limits: Required<ReplayStoreOptions>;
  readonly #keys: readonly [base: string];
  readonly #begin = new RedisScript(BEGIN);
  readonly #append = new RedisScript(APPEND);
  readonly #complete = new RedisScript(COMPLETE);
  readonly #abort = new RedisScript(ABORT);
  readonly #expire = new RedisScript(EXPIRE);
  readonly #readUpload = new RedisScript(READ_UPLOAD);
  readonly #readReplay = new RedisScript(READ_REPLAY);
  readonly #touch = new RedisScript(TOUCH);
  readonly #unused = new RedisScript(UNUSED);
  readonly #remove = new RedisScript(REMOVE);

  /**
   * Creates a store. Nothing is sent yet.
   *
   * @param redis The client, which stays the caller's to close.
   * @param options Where, and how much it holds.
   * @throws {RangeError} If a bound is out of its range.
   */
  constructor(redis: RedisLike, options: RedisReplayStoreOptions = {}) {
    const { prefix = "tickwire:replays", maxPending = 1024 } = options;
    this.#limits = resolveReplayLimits(options);
    this.#keys = [`${prefix}:{replays}`];
    this.#calls = new RedisCalls(
      redis,
      checkInteger("maxPending", maxPending, 1, 65_536),
    );
  }

  /** How many calls were rejected as `maxPending` were waiting. */
  get refused(): number {
    return this.#calls.refused;
  }

  /**
   * Begins an upload, or finds the one that goes on. See {@linkcode ReplayStore.begin}.
   *
   * @param request What will come.
   * @returns A promise of what there is.
   * @throws {LeaderboardError} If Redis fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  begin(request: ReplayUploadRequest): Promise<ReplayBeginResult> {
    const { id, owner, sha256, encodedBytes, nowMs, expiresMs } = request;
    const { maxBytes, maxBytesPerOwner, maxUploads, maxUploadsPerOwner } =
      this.#limits;
    return this.#calls.call(async () => {
      const [type, text, given] = await this.#run(this.#begin, [
        ...[id, owner, sha256, encodeForm(request)],
        ...[encodedBytes, nowMs, expiresMs],
        // What no string of Redis holds is beyond the bound, but for what is there.
        encodedBytes > MAX_REPLAY_BYTES ? 0 : maxBytes,
        ...[maxBytesPerOwner, maxUploads, maxUploadsPerOwner],
      ]);
      if (type === "full" || type === "quotaExceeded") return { type };
      if (type === "complete") {
        return { type, replay: readable(decodeReplay(String(text))) };
      }
      const upload = readable(decodeUpload(String(text)));
      return { type: "open", upload, given: Number(given) };
    });
  }

  /**
   * Finds an upload. See {@linkcode ReplayStore.upload}.
   *
   * @param id Its name.
   * @returns A promise of it, or of `undefined`.
   * @throws {LeaderboardError} If Redis fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  upload(id: string): Promise<ReplayUpload | undefined> {
    return this.#calls.call(async () => {
      const key = `${this.#keys[0]}:uploads`;
      const text = await this.#calls.command(["HGET", key, id]);
      return typeof text === "string"
        ? readable(decodeUpload(text))
        : undefined;
    });
  }

  /**
   * Adds a part. See {@linkcode ReplayStore.append}.
   *
   * @param id The upload.
   * @param offset Where the part begins.
   * @param bytes The part, which is copied before the call returns.
   * @param expiresMs When the upload is given up if nothing else comes.
   * @returns A promise of what became of it.
   * @throws {LeaderboardError} If Redis fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  append(
    id: string,
    offset: number,
    bytes: Uint8Array,
    expiresMs: number,
  ): Promise<ReplayAppendResult> {
    const { maxBytes, maxBytesPerOwner } = this.#limits;
    return this.#calls.call(async () => {
      const [type, text] = await this.#run(this.#append, [
        ...[id, offset, bytes.length, encodePart(offset, bytes), expiresMs],
        ...[maxBytes, maxBytesPerOwner],
      ]);
      if (
        type === "notFound" || type === "full" || type === "quotaExceeded"
      ) return { type };
      const upload = readable(decodeUpload(String(text)));
      return type === "appended" || type === "tooLong"
        ? { type, upload }
        : { type: "offsetMismatch", upload };
    });
  }

  /**
   * Reads part of what has been uploaded. See {@linkcode ReplayStore.readUpload}.
   *
   * @param id The upload.
   * @param offset Where to begin.
   * @param maxBytes The most bytes.
   * @returns A promise of the bytes, or of `undefined`.
   * @throws {LeaderboardError} If Redis fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  readUpload(
    id: string,
    offset: number,
    maxBytes: number,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#slice(this.#readUpload, id, offset, maxBytes);
  }

  /**
   * Makes a replay of an upload. See {@linkcode ReplayStore.complete}.
   *
   * @param id The upload.
   * @param nowMs Now, in epoch milliseconds.
   * @returns A promise of the replay, or of `undefined`.
   * @throws {LeaderboardError} If Redis fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  complete(id: string, nowMs: number): Promise<StoredReplay | undefined> {
    return this.#replayOf(this.#complete, [id, nowMs]);
  }

  /**
   * Gives an upload up. See {@linkcode ReplayStore.abort}.
   *
   * @param id The upload.
   * @returns A promise of whether it was there.
   * @throws {LeaderboardError} If Redis fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  async abort(id: string): Promise<boolean> {
    return await this.#countOf(this.#abort, [id]) === 1;
  }

  /**
   * Gives up uploads whose time is over. See {@linkcode ReplayStore.removeExpired}.
   *
   * @param nowMs Now, in epoch milliseconds.
   * @param limit The most of them.
   * @returns A promise of how many were given up.
   * @throws {LeaderboardError} If Redis fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  removeExpired(nowMs: number, limit: number): Promise<number> {
    return this.#countOf(this.#expire, [nowMs, limit]);
  }

  /**
   * Finds a replay. See {@linkcode ReplayStore.replay}.
   *
   * @param sha256 Its name.
   * @returns A promise of it, or of `undefined`.
   * @throws {LeaderboardError} If Redis fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  replay(sha256: string): Promise<StoredReplay | undefined> {
    return this.#calls.call(async () => {
      const key = `${this.#keys[0]}:replays`;
      const text = await this.#calls.command(["HGET", key, sha256]);
      return typeof text === "string"
        ? readable(decodeReplay(text))
        : undefined;
    });
  }

  /**
   * Reads part of a replay as it is encoded. See {@linkcode ReplayStore.read}.
   *
   * @param sha256 The replay.
   * @param offset Where to begin.
   * @param maxBytes The most bytes.
   * @returns A promise of the bytes, or of `undefined`.
   * @throws {LeaderboardError} If Redis fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  read(
    sha256: string,
    offset: number,
    maxBytes: number,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#slice(this.#readReplay, sha256, offset, maxBytes);
  }

  /**
   * Notes that a replay is needed. See {@linkcode ReplayStore.touch}.
   *
   * @param sha256 The replay.
   * @param nowMs Now, in epoch milliseconds.
   * @param isLinked Its `isLinked` from now on; if left out, it stays as it is.
   * @returns A promise of the replay, or of `undefined`.
   * @throws {LeaderboardError} If Redis fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  touch(
    sha256: string,
    nowMs: number,
    isLinked?: boolean,
  ): Promise<StoredReplay | undefined> {
    const link = isLinked === undefined ? "" : isLinked ? "1" : "0";
    return this.#replayOf(this.#touch, [sha256, nowMs, link]);
  }

  /**
   * Lists replays that were not used for some time. See {@linkcode ReplayStore.unused}.
   *
   * @param beforeMs Those with a `usedMs` before this time.
   * @param limit The most of them.
   * @returns A promise of them, the longest unused first.
   * @throws {LeaderboardError} If Redis fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  unused(beforeMs: number, limit: number): Promise<readonly StoredReplay[]> {
    return this.#calls.call(async () => {
      const texts = await this.#run(this.#unused, [beforeMs, limit]);
      return texts.map((text) => readable(decodeReplay(String(text))));
    });
  }

  /**
   * Removes a replay, unless it has been touched meanwhile. See {@linkcode ReplayStore.remove}.
   *
   * @param sha256 The replay.
   * @param usedMs Its `usedMs` when it was found to be needed by nobody.
   * @returns A promise of whether it was removed.
   * @throws {LeaderboardError} If Redis fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  async remove(sha256: string, usedMs: number): Promise<boolean> {
    return await this.#countOf(this.#remove, [sha256, usedMs]) === 1;
  }

  /**
   * Waits for the calls that are under way. The client stays open. Closing twice has no effect.
   *
   * @returns A promise that resolves when it has done so.
   */
  close(): Promise<void> {
    return this.#calls.close();
  }

  /** Closes the store at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #run(
    script: RedisScript,
    args: readonly (string | number)[],
  ): Promise<unknown[]> {
    return this.#calls.run(script, this.#keys, args.map(String));
  }

  #countOf(
    script: RedisScript,
    args: readonly (string | number)[],
  ): Promise<number> {
    return this.#calls.call(async () => {
      const [count] = await this.#run(script, args);
      return Number(count);
    });
  }

  #replayOf(
    script: RedisScript,
    args: readonly (string | number)[],
  ): Promise<StoredReplay | undefined> {
    return this.#calls.call(async () => {
      const [text] = await this.#run(script, args);
      return text === undefined
        ? undefined
        : readable(decodeReplay(String(text)));
    });
  }

  #slice(
    script: RedisScript,
    name: string,
    offset: number,
    maxBytes: number,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const limit = Math.min(maxBytes, MAX_REPLAY_BYTES);
    return this.#calls.call(async () => {
      const [text] = await this.#run(script, [name, offset, limit]);
      return text === undefined
        ? undefined
        : readable(decodeSlice(String(text), offset, limit));
    });
  }
}
