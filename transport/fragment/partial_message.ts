// This module is browser compatible.

/** The part of a message that must have come before there is memory for all of it. */
const WHOLE_PART = 1 / 8;
/** Or so many fragments, as they are searched through. */
const MAX_PARTS = 64;

/**
 * A message of which not all fragments have come. What it takes follows what has come, not
 * what was promised: a few bytes must not cost the time to make room for a large message.
 */
export class PartialMessage {
  /** How many bytes the whole has. */
  readonly length: number;
  /** How many fragments are missing. */
  missing: number;
  /** When its first fragment came, in milliseconds. */
  readonly beganMs: number;
  /** How many bytes each fragment has but the last. */
  readonly fragmentBytes: number;
  #cameBytes = 0;
  /** Fragments and their indices, until there is memory for all. */
  #parts: Uint8Array[] | undefined = undefined;
  #indices: number[] | undefined = undefined;
  #bytes: Uint8Array | undefined = undefined;
  #has: Uint8Array | undefined = undefined;

  /** Of `length` bytes in fragments of `fragmentBytes`, but for the last. */
  constructor(length: number, fragmentBytes: number, nowMs: number) {
    this.length = length;
    this.missing = Math.max(1, Math.ceil(length / fragmentBytes));
    this.beganMs = nowMs;
    this.fragmentBytes = fragmentBytes;
  }

  /** Its bytes, once none is missing. */
  get bytes(): Uint8Array {
    return this.#bytes!;
  }

  /** Whether a fragment has come. */
  has(index: number): boolean {
    const has = this.#has;
    if (has === undefined) return this.#indices?.includes(index) ?? false;
    return (has[index >> 3]! & (1 << (index & 7))) !== 0;
  }

  /**
   * Takes a fragment: `source` from `from` on. Its index and length were checked.
   * Returns `false` if it has come before.
   */
  take(index: number, source: Uint8Array, from: number, to: number): boolean {
    if (this.has(index)) return false;
    this.#cameBytes += to - from;
    if (this.#bytes === undefined) {
      if (this.#isEarly()) {
        this.#hold(index, source.slice(from, to));
        this.missing--;
        return true;
      }
      this.#makeRoom();
    }
    this.#put(index, source.subarray(from, to));
    this.missing--;
    return true;
  }

  /** Whether too little has come to make room for all. */
  #isEarly(): boolean {
    return this.#cameBytes < WHOLE_PART * this.length &&
      (this.#parts === undefined || this.#parts.length < MAX_PARTS);
  }

  #hold(index: number, part: Uint8Array): void {
    if (this.#parts === undefined) {
      this.#parts = [part];
      this.#indices = [index];
    } else {
      this.#parts.push(part);
      this.#indices!.push(index);
    }
  }

  #makeRoom(): void {
    const count = Math.max(1, Math.ceil(this.length / this.fragmentBytes));
    this.#bytes = new Uint8Array(this.length);
    this.#has = new Uint8Array((count + 7) >> 3);
    const parts = this.#parts ?? [];
    for (let i = 0; i < parts.length; i++) {
      this.#put(this.#indices![i]!, parts[i]!);
    }
    this.#parts = undefined;
    this.#indices = undefined;
  }

  #put(index: number, part: Uint8Array): void {
    this.#has![index >> 3]! |= 1 << (index & 7);
    this.#bytes!.set(part, index * this.fragmentBytes);
  }
}
