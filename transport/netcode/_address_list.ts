// This module is browser compatible.
import { decodeEndpoint, encodeEndpoint, endpointLength } from "./_endpoint.ts";
import { MAX_SERVER_ADDRESSES } from "./_sizes.ts";
import { getU32, putU32 } from "./_u64.ts";

/** The servers of a token: their count, u32, and their addresses. */

const COUNT_BYTES = 4;

/**
 * Writes a list.
 *
 * @param addresses 1 to 32.
 * @param out Long enough for 32 addresses of IPv6, from `at` on.
 * @returns Where what follows begins.
 * @throws {RangeError} If they are none, or more than 32.
 * @throws {TypeError} If one is no address with a port, or has a zone.
 */
export function writeAddressList(
  addresses: readonly string[],
  out: Uint8Array,
  at: number,
): number {
  const count = addresses.length;
  if (count < 1 || count > MAX_SERVER_ADDRESSES) {
    throw new RangeError(
      `Cannot write a token as it must list 1 to ${MAX_SERVER_ADDRESSES} addresses: current value is ${count}`,
    );
  }
  putU32(out, at, count);
  at += COUNT_BYTES;
  for (const address of addresses) {
    const bytes = encodeEndpoint(address);
    if (bytes === undefined) {
      throw new TypeError(
        `Cannot write a token as its addresses must be IP addresses with ports: current value is "${address}"`,
      );
    }
    out.set(bytes, at);
    at += bytes.length;
  }
  return at;
}

/**
 * Measures a list.
 *
 * @returns Where what follows begins; -1 if it has 0 addresses or more than 32; -2 if
 * one of them is of no known type, or is cut off.
 */
export function addressListEnd(bytes: Uint8Array, at: number): number {
  const count = getU32(bytes, at);
  if (count < 1 || count > MAX_SERVER_ADDRESSES) return -1;
  at += COUNT_BYTES;
  for (let i = 0; i < count; i++) {
    const length = endpointLength(bytes, at);
    if (length === 0) return -2;
    at += length;
  }
  return at;
}

/** Reads a list, which {@linkcode addressListEnd} has found good. */
export function readAddressList(bytes: Uint8Array, at: number): string[] {
  const addresses: string[] = [];
  const count = getU32(bytes, at);
  at += COUNT_BYTES;
  for (let i = 0; i < count; i++) {
    addresses.push(decodeEndpoint(bytes, at));
    at += endpointLength(bytes, at);
  }
  return addresses;
}
