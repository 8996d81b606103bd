// This module is browser compatible.
import { addMatches, type Span } from "./_span.ts";

/** Four numbers, and no fifth: 1.2.3.4 may be a version as well, but nobody can tell. */
const IPV4 =
  /(?<!\d|\d\.)(?:25[0-5]|2[0-4]\d|[01]?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|[01]?\d?\d)){3}(?!\d|\.\d)/g;
/** Six or eight pairs; one without a digit is a row of words. */
const MAC =
  /(?<![0-9A-Za-z])(?=[A-Fa-f:.-]{0,22}\d)(?:(?:[0-9A-Fa-f]{2}[:-]){5}(?:[:-]?[0-9A-Fa-f]{2}){1,3}|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4})(?![0-9A-Za-z])/g;
const WORD_CHARACTER = /[0-9A-Za-z_]/;
const DIGIT = /\d/;

/** IP addresses (RFC 4291, section 2.2, for those of version 6) and MAC addresses. */
export function findAddresses(text: string, spans: Span[]): void {
  addMatches(text, IPV4, "ipAddress", spans);
  addMatches(text, MAC, "macAddress", spans);
  let i = text.indexOf(":");
  while (i >= 0) {
    let start = i;
    while (start > 0 && isHexOrColon(text.charCodeAt(start - 1))) start--;
    let end = i + 1;
    while (end < text.length && isHexOrColon(text.charCodeAt(end))) end++;
    if (
      isIpv6(text.slice(start, end)) &&
      !(start > 0 && WORD_CHARACTER.test(text[start - 1]!)) &&
      !(end < text.length && WORD_CHARACTER.test(text[end]!))
    ) spans.push({ kind: "ipAddress", start, end });
    i = text.indexOf(":", end);
  }
}

function isIpv6(run: string): boolean {
  // 8 groups of 4 and 7 colons; a few more for what follows a port or ends a clause.
  if (run.length < 3 || run.length > 44) return false;
  const groups = run.split(":");
  if (groups.some((group) => group.length > 5)) return false;
  if (run.includes("::")) {
    // Two words with two colons between them are no address.
    return DIGIT.test(run) && groups.length <= 10;
  }
  return groups.filter((group) => group !== "").length >= 8 &&
    DIGIT.test(run);
}

function isHexOrColon(c: number): boolean {
  return c >= 48 && c <= 58 || c >= 65 && c <= 70 || c >= 97 && c <= 102;
}
