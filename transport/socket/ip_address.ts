// This module is browser compatible.

/**
 * IP addresses between text and five words: the 16 bytes of the address (IPv4 as
 * `::ffff:a.b.c.d`, RFC 4291, section 2.5.5.2) as four little-endian words, as a
 * `sockaddr` has them in memory, and the scope id of a link-local address. All are
 * signed 32-bit integers, which engines hold without a heap number.
 *
 * @module
 */

/** The length of what {@linkcode parseIp} writes. */
export const IP_WORDS = 5;

/** The third word of an IPv4 address: bytes 8 to 11 are 00 00 ff ff. */
export const IPV4_MAPPED = 0xffff_0000 | 0;

const GROUPS = 8;
const DOT = 46;
const ZERO = 48;
const COLON = 58;

/**
 * Reads an address. No name is looked up, and of a zone only a number is understood.
 *
 * @param text `"203.0.113.7"`, `"2001:db8::7"`, `"::ffff:203.0.113.7"`, `"fe80::1%2"`.
 * @param out Takes the words: {@linkcode IP_WORDS} long. What it holds after a refusal is nothing.
 * @returns Whether it is an address.
 */
export function parseIp(text: string, out: Int32Array): boolean {
  const isIpv6 = text.indexOf(":") >= 0;
  if (isIpv6) return parseIpv6(text, out);
  const ipv4 = parseIpv4(text, 0, text.length);
  if (ipv4 < 0) return false;
  out[0] = 0;
  out[1] = 0;
  out[2] = IPV4_MAPPED;
  out[3] = ipv4;
  out[4] = 0;
  return true;
}

/** Gives the word of a dotted address, unsigned, or -1 if it is none. */
function parseIpv4(text: string, start: number, end: number): number {
  if (end - start > 15) return -1;
  let word = 0;
  let at = start;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && text.charCodeAt(at++) !== DOT) return -1;
    let value = -1;
    while (at < end) {
      const digit = text.charCodeAt(at) - ZERO;
      if (digit < 0 || digit > 9) break;
      // A leading zero means octal to some systems: it is refused.
      if (value === 0) return -1;
      value = value < 0 ? digit : value * 10 + digit;
      if (value > 255) return -1;
      at++;
    }
    if (value < 0) return -1;
    word |= value << (8 * part);
  }
  return at === end ? word >>> 0 : -1;
}

function parseIpv6(text: string, out: Int32Array): boolean {
  out.fill(0, 0, IP_WORDS);
  let end = text.indexOf("%");
  if (end < 0) {
    end = text.length;
  } else {
    const scope = parseScope(text, end + 1);
    if (scope < 0) return false;
    out[4] = scope;
  }
  if (end > 45) return false;
  let count = 0;
  let gap = -1;
  let at = 0;
  if (text.startsWith("::")) {
    gap = 0;
    at = 2;
  }
  while (at < end) {
    if (count === GROUPS) return false;
    const start = at;
    let value = 0;
    while (at < end) {
      const digit = hexDigit(text.charCodeAt(at));
      if (digit < 0) break;
      value = value << 4 | digit;
      at++;
    }
    if (at < end && text.charCodeAt(at) === DOT) {
      const ipv4 = parseIpv4(text, start, end);
      if (ipv4 < 0 || count > GROUPS - 2) return false;
      setGroup(out, count++, swap16(ipv4 & 0xffff));
      setGroup(out, count++, swap16(ipv4 >>> 16));
      at = end;
      break;
    }
    if (at === start || at - start > 4) return false;
    setGroup(out, count++, value);
    if (at === end) break;
    if (text.charCodeAt(at++) !== COLON) return false;
    if (at < end && text.charCodeAt(at) === COLON) {
      if (gap >= 0) return false;
      gap = count;
      at++;
    } else if (at === end) {
      return false;
    }
  }
  if (gap < 0) return count === GROUPS;
  if (count === GROUPS) return false;
  // What stands after the gap moves to the end.
  for (let from = count - 1, to = GROUPS - 1; from >= gap; from--, to--) {
    setGroup(out, to, groupOf(out, from));
    setGroup(out, from, 0);
  }
  return true;
}

function parseScope(text: string, start: number): number {
  const digits = text.length - start;
  if (digits < 1 || digits > 9) return -1;
  let scope = 0;
  for (let at = start; at < text.length; at++) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    scope = scope * 10 + digit;
  }
  return scope;
}

function hexDigit(code: number): number {
  const digit = code - ZERO;
  if (digit >= 0 && digit <= 9) return digit;
  const letter = (code | 32) - 97;
  return letter >= 0 && letter < 6 ? letter + 10 : -1;
}

function swap16(value: number): number {
  return (value & 0xff) << 8 | value >>> 8 & 0xff;
}

function groupOf(words: ArrayLike<number>, index: number): number {
  return swap16(words[index >> 1]! >>> 16 * (index & 1) & 0xffff);
}

function setGroup(words: Int32Array, index: number, value: number): void {
  const shift = 16 * (index & 1);
  words[index >> 1] = words[index >> 1]! & ~(0xffff << shift) |
    swap16(value) << shift;
}

/**
 * Writes an address as text: IPv4 dotted, IPv6 as RFC 5952 wants it, with `%` and the
 * scope id if that is not 0.
 *
 * @param words Five words or more, as {@linkcode parseIp} writes them.
 * @returns The text.
 */
export function formatIp(words: ArrayLike<number>): string {
  if (isIpv4(words)) return formatIpv4(words[3]!);
  // The longest run of zeros, two or more, is left out (RFC 5952, section 4.2).
  let gap = -1;
  let gapLength = 1;
  let run = 0;
  for (let i = 0; i < GROUPS; i++) {
    run = groupOf(words, i) === 0 ? run + 1 : 0;
    if (run > gapLength) {
      gap = i - run + 1;
      gapLength = run;
    }
  }
  let text = "";
  for (let i = 0; i < GROUPS; i++) {
    if (i === gap) {
      text += "::";
      i += gapLength - 1;
    } else {
      if (text !== "" && !text.endsWith(":")) text += ":";
      text += groupOf(words, i).toString(16);
    }
  }
  const scope = words[4]!;
  return scope === 0 ? text : `${text}%${scope}`;
}

/** Whether the words are an IPv4 address. */
export function isIpv4(words: ArrayLike<number>): boolean {
  return words[2] === IPV4_MAPPED && words[1] === 0 && words[0] === 0;
}

function formatIpv4(word: number): string {
  return `${word & 0xff}.${word >>> 8 & 0xff}.${word >>> 16 & 0xff}.${
    word >>> 24
  }`;
}
