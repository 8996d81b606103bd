/** Bytes from one `mmsghdr` to the next: a `msghdr`, `msg_len`, and what is left over. */
const HEADER_STRIDE = 64;
const IOVEC_STRIDE = 16;
/** A `sockaddr_in6` has 28. */
const NAME_STRIDE = 32;
/** A `cmsghdr` of 16 and its data. */
const CONTROL_STRIDE = 32;

/** Words from one header to the next. */
export const HEADER_WORDS = HEADER_STRIDE / 4;
/** Where `msg_controllen` is in a `msghdr`, as a word. */
export const MSG_CONTROLLEN = 10;
/** Where `msg_len` is in a `mmsghdr`, as a word. */
export const MSG_LEN = 14;
/** Words from one `iovec` to the next; its length is the third. */
export const IOVEC_WORDS = IOVEC_STRIDE / 4;
/** Words from one address to the next. */
export const NAME_WORDS = NAME_STRIDE / 4;
/** Words from one control message to the next; its data are the fifth and further ones. */
export const CONTROL_WORDS = CONTROL_STRIDE / 4;
/** The most bytes of control messages. */
export const CONTROL_BYTES = CONTROL_STRIDE;

/** Memory for a number of messages, as libc takes it: headers, addresses, control messages and bytes. */
export class MessageMemory {
  /** All of it. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** All of it. */
  readonly words: Int32Array;
  /** Where each header is. */
  readonly headers: readonly Deno.PointerObject[];
  /** The word at which the `iovec`s begin. */
  readonly iovecsAt: number;
  /** The word at which the addresses begin. */
  readonly namesAt: number;
  /** The word at which the control messages begin. */
  readonly controlsAt: number;
  /** The byte at which the datagrams begin. */
  readonly dataAt: number;
  readonly #baseLow: number;
  readonly #baseHigh: number;

  /**
   * Allocates it.
   *
   * @param count How many messages.
   * @param nameBytes The length of each address.
   * @param dataBytes How many bytes for datagrams in all.
   */
  constructor(count: number, nameBytes: number, dataBytes: number) {
    const iovecs = count * HEADER_STRIDE;
    const names = iovecs + count * IOVEC_STRIDE;
    const controls = names + count * NAME_STRIDE;
    this.iovecsAt = iovecs / 4;
    this.namesAt = names / 4;
    this.controlsAt = controls / 4;
    this.dataAt = controls + count * CONTROL_STRIDE;
    const buffer = new ArrayBuffer(this.dataAt + dataBytes + 3 & ~3);
    this.bytes = new Uint8Array(buffer);
    this.words = new Int32Array(buffer);
    const start = Deno.UnsafePointer.of(this.bytes)!;
    const base = Deno.UnsafePointer.value(start);
    this.#baseLow = Number(base & 0xffff_ffffn);
    this.#baseHigh = Number(base >> 32n);
    const headers: Deno.PointerObject[] = [];
    for (let i = 0; i < count; i++) {
      const header = i * HEADER_STRIDE;
      const word = header / 4;
      this.#writePointer(word, names + i * NAME_STRIDE);
      this.words[word + 2] = nameBytes;
      this.#writePointer(word + 4, iovecs + i * IOVEC_STRIDE);
      this.words[word + 6] = 1;
      this.#writePointer(word + 8, controls + i * CONTROL_STRIDE);
      headers.push(Deno.UnsafePointer.offset(start, header)!);
    }
    this.headers = headers;
  }

  /**
   * Sets where the bytes of a message are.
   *
   * @param slot Which message.
   * @param start The byte at which they begin, from the start of the memory.
   * @param length How many.
   */
  aim(slot: number, start: number, length: number): void {
    const iovec = this.iovecsAt + slot * IOVEC_WORDS;
    this.#writePointer(iovec, start);
    this.words[iovec + 2] = length;
  }

  #writePointer(word: number, offset: number): void {
    const low = this.#baseLow + offset;
    this.words[word] = low | 0;
    this.words[word + 1] = this.#baseHigh + (low > 0xffff_ffff ? 1 : 0);
  }
}
