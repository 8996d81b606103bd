// This module is browser compatible.
import { formatIp, IP_WORDS, isIpv4, parseIp } from "../socket/ip_address.ts";
import { getU32 } from "./_u64.ts";

/**
 * A server's address between the bytes of a token and one text: `"203.0.113.7:40000"`
 * or `"[2001:db8::7]:40000"`, as RFC 5952 writes it. An IPv4 address that came as one
 * of IPv6 stays it, `"[::ffff:203.0.113.7]:40000"`, so that a token is written as it
 * was read; to the other implementations the two are different as well.
 */

const IPV4_TYPE = 1;
const IPV6_TYPE = 2;
/** Type, four bytes, port. */
const IPV4_BYTES = 1 + 4 + 2;
/** Type, eight groups, port. */
const IPV6_BYTES = 1 + 16 + 2;
const MAX_PORT = 65_535;
const TEXT = /^(?:\[([^\]]+:[^\]]*)\]|([^:[\]]+)):(0|[1-9]\d{0,4})$/;

/**
 * Gives the bytes of an address.
 *
 * @param text An address with its port, in any form that {@linkcode parseIp} reads but one with a zone.
 * @returns 7 or 19 bytes; `undefined` if it is no address, or a token cannot have it.
 */
export function encodeEndpoint(
  text: string,
): Uint8Array<ArrayBuffer> | undefined {
  const parts = TEXT.exec(text);
  if (parts === null) return undefined;
  const port = Number(parts[3]);
  const words = new Int32Array(IP_WORDS);
  const isIpv6 = parts[1] !== undefined;
  if (port > MAX_PORT || !parseIp(parts[1] ?? parts[2]!, words)) {
    return undefined;
  }
  // A scope means something on one machine only.
  if (words[4] !== 0) return undefined;
  const octets = new Uint8Array(16);
  for (let i = 0; i < 16; i++) octets[i] = words[i >> 2]! >>> 8 * (i & 3);
  const bytes = new Uint8Array(isIpv6 ? IPV6_BYTES : IPV4_BYTES);
  bytes[0] = isIpv6 ? IPV6_TYPE : IPV4_TYPE;
  if (isIpv6) {
    // Groups are little-endian on the wire, as all numbers are.
    for (let i = 0; i < 16; i++) bytes[1 + i] = octets[i ^ 1]!;
  } else {
    bytes.set(octets.subarray(12), 1);
  }
  bytes[bytes.length - 2] = port;
  bytes[bytes.length - 1] = port >>> 8;
  return bytes;
}

/**
 * Tells how long an address is.
 *
 * @returns 7 or 19 bytes, 0 if there is none or not all of it.
 */
export function endpointLength(bytes: Uint8Array, at: number): number {
  const type = bytes[at];
  const length = type === IPV4_TYPE
    ? IPV4_BYTES
    : type === IPV6_TYPE
    ? IPV6_BYTES
    : 0;
  return at + length <= bytes.length ? length : 0;
}

/**
 * Gives the text of an address, which {@linkcode endpointLength} has found there.
 *
 * @returns The text, which is the same for the same bytes only.
 */
export function decodeEndpoint(bytes: Uint8Array, at: number): string {
  const isIpv6 = bytes[at] === IPV6_TYPE;
  const portAt = at + (isIpv6 ? IPV6_BYTES : IPV4_BYTES) - 2;
  const port = bytes[portAt]! | bytes[portAt + 1]! << 8;
  if (!isIpv6) {
    return `${bytes.subarray(at + 1, at + 5).join(".")}:${port}`;
  }
  const octets = new Uint8Array(16);
  for (let i = 0; i < 16; i++) octets[i ^ 1] = bytes[at + 1 + i]!;
  const words = new Int32Array(IP_WORDS);
  for (let i = 0; i < 4; i++) words[i] = getU32(octets, 4 * i);
  const ip = formatIp(words);
  return `[${isIpv4(words) ? "::ffff:" : ""}${ip}]:${port}`;
}

/** Takes such a text apart, into what sockets are asked for. */
export function splitEndpoint(text: string): [host: string, port: number] {
  const portAt = text.lastIndexOf(":") + 1;
  const host = text.slice(0, portAt - 1).replace(/^\[|\]$/g, "");
  return [host, Number(text.slice(portAt))];
}

/**
 * Gives the one text of an address: equal ones are equal texts.
 *
 * @returns The text; `undefined` if it is no address with a port, or a token cannot have it.
 */
export function canonicalEndpoint(text: string): string | undefined {
  const bytes = encodeEndpoint(text);
  return bytes === undefined ? undefined : decodeEndpoint(bytes, 0);
}
