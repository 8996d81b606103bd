// This module is browser compatible.

/** Options for {@linkcode TokenGuard}. */
export interface TokenGuardOptions {
  /**
   * How many tokens are remembered at most: 1 to 8388608. It has to be more than
   * the connections that are opened within the life of a token; each takes some
   * 100 bytes.
   *
   * @default {65536}
   */
  readonly capacity?: number;
}

/**
 * What {@linkcode TokenGuard.use} found: `fresh`, the token was not used before
 * and is now; `replayed`, it was; `expired`, it is too old to tell; `full`, there
 * is no room to remember it. All but `fresh` refuse it.
 */
export type TokenUse = "fresh" | "replayed" | "expired" | "full";

const DEFAULT_CAPACITY = 65_536;
/** Below what the sets of every engine hold, 2^24 in V8. */
const MAX_CAPACITY = 2 ** 23;
const TOKEN_ID_BYTES = 16;
/**
 * How many expired tokens one use forgets: more than it adds, so that they go,
 * and few, so that a thousand that expire at once stop no frame.
 */
const FORGOTTEN_PER_USE = 2;

/**
 * Remembers which tokens were used until they expire, so that each opens one
 * connection.
 *
 * Its memory is bounded. Where `capacity` tokens are remembered and none of them
 * has expired, further tokens are refused: forgetting one would let it in again.
 * A use takes O(log n) steps, however many expired meanwhile; from time to time
 * the runtime rebuilds its set.
 *
 * It is the memory of one process. After a restart, and on another server that a
 * token is good for, the token is fresh again: let tokens live for a minute, not
 * for a day, and name the server in `addresses`.
 *
 * @example A token opens one connection
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { TokenGuard } from "@tickwire/net/protocol";
 *
 * const guard = new TokenGuard();
 * const tokenId = crypto.getRandomValues(new Uint8Array(16));
 * assertEquals(guard.use(tokenId, 60_000, 1_000), "fresh");
 * assertEquals(guard.use(tokenId, 60_000, 2_000), "replayed");
 * assertEquals(guard.use(tokenId, 60_000, 60_000), "expired");
 * ```
 */
export class TokenGuard {
  readonly #capacity: number;
  /** The ids, each as text of one character a byte: compared whole, never by a hash. */
  readonly #used = new Set<string>();
  /** A binary heap, the first to expire on top: when, and beside it which id. */
  readonly #expiries: number[] = [];
  readonly #ids: string[] = [];
  /** The latest expiry of a forgotten token: what is remembered expires later. */
  #forgottenUntil = -Infinity;

  /**
   * Creates a guard that remembers nothing.
   *
   * @param options How much to remember.
   * @throws {RangeError} If `capacity` is not an integer from 1 to 8388608.
   */
  constructor(options: TokenGuardOptions = {}) {
    const { capacity = DEFAULT_CAPACITY } = options;
    if (
      !Number.isInteger(capacity) || capacity < 1 || capacity > MAX_CAPACITY
    ) {
      throw new RangeError(
        `Cannot create a TokenGuard as capacity must be an integer from 1 to ${MAX_CAPACITY}: current value is ${capacity}`,
      );
    }
    this.#capacity = capacity;
  }

  /**
   * How many tokens are remembered, with those that expired and were not
   * forgotten yet: 0 to `capacity`.
   */
  get size(): number {
    return this.#used.size;
  }

  /**
   * Uses a token, which must have been verified. Only one of any uses of the same
   * token finds it fresh.
   *
   * A clock that is set back makes no used token fresh: what expires no later than
   * one that was forgotten counts as expired, whatever time it is.
   *
   * @param tokenId 16 bytes, which are copied.
   * @param expiresAt When the token ceases to be valid: epoch milliseconds.
   * @param nowMs The time: epoch milliseconds.
   * @returns What was found. Only what is `fresh` is remembered.
   * @throws {RangeError} If `tokenId` does not have 16 bytes, or a time is not
   * finite.
   */
  use(tokenId: Uint8Array, expiresAt: number, nowMs: number): TokenUse {
    if (tokenId.length !== TOKEN_ID_BYTES) {
      throw new RangeError(
        `Cannot use a token as tokenId must have ${TOKEN_ID_BYTES} bytes: current value is ${tokenId.length}`,
      );
    }
    if (!Number.isFinite(expiresAt) || !Number.isFinite(nowMs)) {
      throw new RangeError(
        `Cannot use a token as expiresAt and nowMs must be finite: current values are ${expiresAt} and ${nowMs}`,
      );
    }
    for (let i = 0; i < FORGOTTEN_PER_USE; i++) this.#forget(nowMs);
    if (expiresAt <= nowMs || expiresAt <= this.#forgottenUntil) {
      return "expired";
    }
    const id = textOf(tokenId);
    if (this.#used.has(id)) return "replayed";
    if (this.#used.size >= this.#capacity) return "full";
    this.#used.add(id);
    this.#remember(id, expiresAt);
    return "fresh";
  }

  /** Puts a token into the heap. */
  #remember(id: string, expiresAt: number): void {
    const expiries = this.#expiries;
    const ids = this.#ids;
    let at = ids.length;
    expiries.push(expiresAt);
    ids.push(id);
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (expiries[parent]! <= expiresAt) break;
      expiries[at] = expiries[parent]!;
      ids[at] = ids[parent]!;
      at = parent;
    }
    expiries[at] = expiresAt;
    ids[at] = id;
  }

  /** Forgets the token on top of the heap, if it has expired. */
  #forget(nowMs: number): void {
    const expiries = this.#expiries;
    const ids = this.#ids;
    if (ids.length === 0 || expiries[0]! > nowMs) return;
    this.#forgottenUntil = expiries[0]!;
    this.#used.delete(ids[0]!);

    // The last one sinks from the top to its place.
    const expiresAt = expiries.pop()!;
    const id = ids.pop()!;
    const length = ids.length;
    if (length === 0) return;
    let at = 0;
    for (let child = 1; child < length; child = 2 * at + 1) {
      if (child + 1 < length && expiries[child + 1]! < expiries[child]!) {
        child += 1;
      }
      if (expiries[child]! >= expiresAt) break;
      expiries[at] = expiries[child]!;
      ids[at] = ids[child]!;
      at = child;
    }
    expiries[at] = expiresAt;
    ids[at] = id;
  }
}

/** Ten times as fast as spreading the bytes. */
function textOf(id: Uint8Array): string {
  return String.fromCharCode(
    id[0]!,
    id[1]!,
    id[2]!,
    id[3]!,
    id[4]!,
    id[5]!,
    id[6]!,
    id[7]!,
    id[8]!,
    id[9]!,
    id[10]!,
    id[11]!,
    id[12]!,
    id[13]!,
    id[14]!,
    id[15]!,
  );
}
