// This module is browser compatible.

// UTF-8 after The Unicode Standard, section 3.9, table 3-7: no overlong forms, no
// surrogates, nothing above U+10FFFF.

const encoder = new TextEncoder();
// Without `fatal`: what reaches it was checked, and a throw costs microseconds. A
// byte order mark is text like any other here.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Up to here loops by hand are faster than the runtime's own encoder and decoder,
 * which cost some 80 ns before the first character.
 */
const SHORT = 64;
/** From here on a view of the bytes is worth it, which takes four at a time. */
const LONG = 192;
/** The bits of four bytes that ASCII has not. */
const ASCII_MASK = 0x8080_8080;
/** What an unpaired surrogate is written as, as TextEncoder does. */
const REPLACEMENT = 0xfffd;

/**
 * Tells how many bytes a text takes in UTF-8, without encoding it.
 *
 * @param text Any text; an unpaired surrogate is written as U+FFFD, which takes three.
 * @returns The bytes: as many as `TextEncoder` makes of it.
 *
 * @example One, two, three and four bytes
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { utf8Length } from "@tickwire/net/protocol";
 *
 * assertEquals(["a", "é", "€", "😀"].map(utf8Length), [1, 2, 3, 4]);
 * ```
 */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) {
      bytes += 1;
    } else if (isPair(unit, text, i)) {
      // Four bytes for two units.
      bytes += 2;
      i += 1;
    } else {
      bytes += 2;
    }
  }
  return bytes;
}

/** Writes `text` at `at`, where there is room for all of it. */
export function writeUtf8(
  text: string,
  target: Uint8Array,
  at: number,
  byteLength: number,
): void {
  if (text.length > SHORT) {
    encoder.encodeInto(text, target.subarray(at, at + byteLength));
    return;
  }
  for (let i = 0; i < text.length; i++) {
    let point = text.charCodeAt(i);
    if (point < 0x80) {
      target[at++] = point;
      continue;
    }
    if (point < 0x800) {
      target[at++] = 0xc0 | (point >>> 6);
      target[at++] = 0x80 | (point & 0x3f);
      continue;
    }
    if (isPair(point, text, i)) {
      i += 1;
      point = 0x10000 + ((point & 0x3ff) << 10) + (text.charCodeAt(i) & 0x3ff);
      target[at++] = 0xf0 | (point >>> 18);
      target[at++] = 0x80 | ((point >>> 12) & 0x3f);
    } else {
      if ((point & 0xf800) === 0xd800) point = REPLACEMENT;
      target[at++] = 0xe0 | (point >>> 12);
    }
    target[at++] = 0x80 | ((point >>> 6) & 0x3f);
    target[at++] = 0x80 | (point & 0x3f);
  }
}

/** Reads the text in a range of bytes, or tells that they are not UTF-8. */
export function readUtf8(
  bytes: Uint8Array,
  start: number,
  end: number,
): string | undefined {
  const asciiEnd = skipAscii(bytes, start, end);
  if (asciiEnd === end) {
    return end - start <= SHORT
      ? readAscii(bytes, start, end)
      : decoder.decode(bytes.subarray(start, end));
  }
  if (!isUtf8From(bytes, asciiEnd, end)) return undefined;
  if (end - start > SHORT) return decoder.decode(bytes.subarray(start, end));
  return readShort(bytes, start, end);
}

function isPair(unit: number, text: string, i: number): boolean {
  return (unit & 0xfc00) === 0xd800 &&
    (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00;
}

/**
 * Tells whether bytes are UTF-8, after The Unicode Standard, section 3.9, table 3-7:
 * without overlong forms, surrogates, and anything above U+10FFFF. It allocates nothing
 * for a few of them.
 *
 * @param bytes Bytes that may come from anybody.
 * @param start Where to begin: an integer from 0 to `end`.
 * @param end Where to end: an integer up to `bytes.length`.
 * @returns Whether all of them are; none are, too.
 *
 * @example A text and half of one
 * ```ts
 * import { assert, assertFalse } from "@std/assert";
 * import { isUtf8 } from "@tickwire/net/protocol";
 *
 * const bytes = new TextEncoder().encode("100 €");
 * assert(isUtf8(bytes));
 * assertFalse(isUtf8(bytes, 0, bytes.length - 1));
 * ```
 */
export function isUtf8(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
): boolean {
  let at = start;
  if (end - start >= LONG) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, end);
    for (; at + 16 <= end; at += 16) {
      const bits = view.getInt32(at) | view.getInt32(at + 4) |
        view.getInt32(at + 8) | view.getInt32(at + 12);
      if ((bits & ASCII_MASK) !== 0) break;
    }
  }
  at = skipAscii(bytes, at, end);
  return at === end || isUtf8From(bytes, at, end);
}

function skipAscii(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at]! < 0x80) at += 1;
  return at;
}

/** Eight at a time: one call of fromCharCode costs as much as eight characters. */
function readAscii(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  let at = start;
  for (; at + 8 <= end; at += 8) {
    text += String.fromCharCode(
      bytes[at]!,
      bytes[at + 1]!,
      bytes[at + 2]!,
      bytes[at + 3]!,
      bytes[at + 4]!,
      bytes[at + 5]!,
      bytes[at + 6]!,
      bytes[at + 7]!,
    );
  }
  if (at + 4 <= end) {
    text += String.fromCharCode(
      bytes[at]!,
      bytes[at + 1]!,
      bytes[at + 2]!,
      bytes[at + 3]!,
    );
    at += 4;
  }
  for (; at < end; at++) text += String.fromCharCode(bytes[at]!);
  return text;
}

/** Reads bytes that are known to be UTF-8. */
function readShort(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end;) {
    const first = bytes[at++]!;
    if (first < 0x80) {
      text += String.fromCharCode(first);
    } else if (first < 0xe0) {
      text += String.fromCharCode(((first & 0x1f) << 6) | low6(bytes, at++));
    } else if (first < 0xf0) {
      text += String.fromCharCode(
        ((first & 0x0f) << 12) | (low6(bytes, at++) << 6) | low6(bytes, at++),
      );
    } else {
      const point = ((first & 0x07) << 18) | (low6(bytes, at++) << 12) |
        (low6(bytes, at++) << 6) | low6(bytes, at++);
      const above = point - 0x10000;
      text += String.fromCharCode(
        0xd800 | (above >>> 10),
        0xdc00 | (above & 0x3ff),
      );
    }
  }
  return text;
}

function low6(bytes: Uint8Array, at: number): number {
  return bytes[at]! & 0x3f;
}

function isUtf8From(
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  for (let at = start; at < end;) {
    const first = bytes[at++]!;
    if (first < 0x80) continue;
    // Below C2: a continuation without a beginning, or an overlong form.
    if (first < 0xc2 || first > 0xf4) return false;
    const more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    if (end - at < more) return false;
    const second = bytes[at]!;
    const lowest = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
    const highest = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
    if (second < lowest || second > highest) return false;
    for (let i = 1; i < more; i++) {
      if ((bytes[at + i]! & 0xc0) !== 0x80) return false;
    }
    at += more;
  }
  return true;
}
