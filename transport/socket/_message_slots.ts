/** Bytes from one `mmsghdr` to the next: a `msghdr`, `msg_len`, and what is left over. */
const HEADER_STRIDE = 64;
const IOVEC_STRIDE = 16;
/** A `sockaddr_in6` has 28. */
const NAME_STRIDE = 32;

/** Where `msg_len` is in a `mmsghdr`, as a word. */
export const MSG_LEN = 14;
/** Words from one header to the next. */
export const HEADER_WORDS = HEADER_STRIDE / 4;
/** Words from one address to the next. */
export const NAME_WORDS = NAME_STRIDE / 4;
/** Words from one `iovec` to the next; its length is the third. */
export const IOVEC_WORDS = IOVEC_STRIDE / 4;

/** Memory for a number of messages, as libc takes it: headers, addresses and bytes. */
export class MessageSlots {
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
  /** The byte at which the messages begin. */
  readonly dataAt: number;
  /** Bytes from one message to the next. */
  readonly slotBytes: number;

  /** Allocates it, with a length of `nameBytes` for each address and of `maxBytes` for each message. */
  constructor(
    count: number,
    maxBytes: number,
    nameBytes: number,
  ) {
    this.slotBytes = maxBytes + 63 & ~63;
    const iovecs = count * HEADER_STRIDE;
    const names = iovecs + count * IOVEC_STRIDE;
    this.iovecsAt = iovecs / 4;
    this.namesAt = names / 4;
    this.dataAt = names + count * NAME_STRIDE;
    const buffer = new ArrayBuffer(this.dataAt + count * this.slotBytes);
    this.bytes = new Uint8Array(buffer);
    this.words = new Int32Array(buffer);
    const start = Deno.UnsafePointer.of(this.bytes)!;
    const base = Deno.UnsafePointer.value(start);
    const view = new DataView(buffer);
    const headers: Deno.PointerObject[] = [];
    for (let i = 0; i < count; i++) {
      const header = i * HEADER_STRIDE;
      const iovec = iovecs + i * IOVEC_STRIDE;
      view.setBigUint64(header, base + BigInt(names + i * NAME_STRIDE), true);
      view.setUint32(header + 8, nameBytes, true);
      view.setBigUint64(header + 16, base + BigInt(iovec), true);
      view.setUint32(header + 24, 1, true);
      const data = this.dataAt + i * this.slotBytes;
      view.setBigUint64(iovec, base + BigInt(data), true);
      view.setUint32(iovec + 8, maxBytes, true);
      headers.push(Deno.UnsafePointer.offset(start, header)!);
    }
    this.headers = headers;
  }
}
