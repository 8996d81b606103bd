// This module is browser compatible.

/** What can be an address; whether it is one does not matter for counting. */
const ADDRESS = /^[0-9a-f:.]{2,45}$/;
/** IPv4 with a port, or brackets around IPv6 with or without one. */
const WITH_PORT = /^(?:([0-9.]+):\d+|\[([0-9a-f:.]+)\](?::\d+)?)$/;

/**
 * Finds out where a request comes from. Each proxy adds the address that it saw at the
 * end of `X-Forwarded-For`; what stands before that of the first untrusted one is what
 * that one claims.
 *
 * @param remoteAddr Whose connection it is.
 * @param forwardedFor The header.
 * @param trustedProxies Addresses, normalised, that tell the truth.
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

/** Gives the same text for the same address, without a port; others are left alone. */
export function normalizeAddress(text: string): string {
  const lower = text.trim().toLowerCase();
  const match = WITH_PORT.exec(lower);
  const address = match?.[1] ?? match?.[2] ?? lower;
  // An IPv4 client of a socket that speaks IPv6 too (RFC 4291, section 2.5.5.2).
  return address.startsWith("::ffff:") && address.includes(".")
    ? address.slice(7)
    : address;
}
