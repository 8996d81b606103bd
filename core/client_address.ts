// This module is browser compatible.

/** What can be an address; whether it is one does not matter for counting. */
const ADDRESS = /^[0-9a-f:.]{2,45}$/;
/** IPv4 with a port, or brackets around IPv6 with or without one. */
const WITH_PORT = /^(?:([0-9.]+):\d+|\[([0-9a-f:.]+)\](?::\d+)?)$/;
/** Of 16 bits each, in an IPv6 address. */
const GROUPS = 8;

/**
 * Finds out where a request comes from. Each proxy adds the address that it saw at the
 * end of `X-Forwarded-For`; what stands before that of the first untrusted one is what
 * that one claims.
 *
 * @param remoteAddr Whose connection it is.
 * @param forwardedFor The header.
 * @param trustedProxies Addresses, normalised, that tell the truth.
 * @returns The address, normalised. Whether it is one does not matter for counting.
 *
 * @example Behind a proxy
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { clientAddress } from "@tickwire/net/core";
 *
 * const proxies = new Set(["10.0.0.1"]);
 * assertEquals(clientAddress("10.0.0.1", "203.0.113.7", proxies), "203.0.113.7");
 * // Whoever comes directly cannot say that he is somebody else.
 * assertEquals(clientAddress("203.0.113.9", "6.6.6.6", proxies), "203.0.113.9");
 * ```
 */
export function clientAddress(
  remoteAddr: string,
  forwardedFor: string | null,
  trustedProxies: ReadonlySet<string>,
): string {
  let address = normalizeAddress(remoteAddr);
  let end = forwardedFor?.length ?? 0;
  while (end > 0 && trustedProxies.has(address)) {
    const comma = forwardedFor!.lastIndexOf(",", end - 1);
    const before = normalizeAddress(forwardedFor!.slice(comma + 1, end));
    // Something like "unknown" is nobody's address: the proxy's own counts.
    if (!ADDRESS.test(before)) break;
    address = before;
    end = comma;
  }
  return address;
}

/**
 * Gives the same text for the same address, without a port; others are left alone.
 *
 * @param text An address as a socket or a header has it.
 * @returns Its one form.
 *
 * @example An IPv4 client of a socket that speaks IPv6 too
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { normalizeAddress } from "@tickwire/net/core";
 *
 * assertEquals(normalizeAddress("::FFFF:10.0.0.1"), "10.0.0.1");
 * ```
 */
export function normalizeAddress(text: string): string {
  const lower = text.trim().toLowerCase();
  const match = WITH_PORT.exec(lower);
  const address = match?.[1] ?? match?.[2] ?? lower;
  // An IPv4 client of a socket that speaks IPv6 too (RFC 4291, section 2.5.5.2).
  return address.startsWith("::ffff:") && address.includes(".")
    ? address.slice(7)
    : address;
}

/**
 * Gives what is counted as one: an IPv4 address, and of an IPv6 address the first 64
 * bits, as whoever has one has all the others of its network (RFC 6177).
 *
 * @param address An address, normalised.
 * @returns What limits per address count by.
 *
 * @example One subscriber's network
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { networkOf } from "@tickwire/net/core";
 *
 * assertEquals(networkOf("2001:db8::1"), networkOf("2001:db8::2"));
 * assertEquals(networkOf("203.0.113.7"), "203.0.113.7");
 * ```
 */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [plain = ""] = address.split("%");
  const [before = "", after] = plain.split("::");
  const head = before === "" ? [] : before.split(":");
  const tail = after ? after.split(":") : [];
  const zeros = after === undefined
    ? 0
    : Math.max(0, GROUPS - head.length - tail.length);
  const groups = [...head, ...new Array<string>(zeros).fill("0"), ...tail];
  return groups.slice(0, GROUPS / 2).map((group) =>
    group.replace(/^0+(?=.)/, "")
  ).join(":") + "::/64";
}
