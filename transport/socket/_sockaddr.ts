import type { IpAddress } from "./ip_address_table.ts";
import type { LibcLayout } from "./_libc_layout.ts";

/** The address family of IPv4. */
export const AF_INET = 2;
/** The level of the options of UDP. */
export const SOL_UDP = 17;
/** The length of an IPv4 `sockaddr`. */
export const SOCKADDR_IN_BYTES = 16;
/** The length of an IPv6 `sockaddr`. */
export const SOCKADDR_IN6_BYTES = 28;

/**
 * Writes a `sockaddr`, whose other words are 0.
 *
 * @param layout What it looks like.
 * @param words Where it goes.
 * @param at The word at which it begins.
 * @param address What it says.
 * @param isIpv6 Whether it is one of IPv6, also for an address of IPv4.
 */
export function writeSockaddr(
  layout: LibcLayout,
  words: Int32Array,
  at: number,
  address: IpAddress,
  isIpv6: boolean,
): void {
  const { port } = address;
  const portWord = ((port & 0xff) << 8 | port >>> 8) << 16;
  const family = isIpv6 ? layout.AF_INET6 : AF_INET;
  if (layout.hasAddressLength) {
    const length = isIpv6 ? SOCKADDR_IN6_BYTES : SOCKADDR_IN_BYTES;
    words[at] = family << 8 | length | portWord;
  } else {
    words[at] = family | portWord;
  }
  if (isIpv6) {
    words[at + 2] = address.w0;
    words[at + 3] = address.w1;
    words[at + 4] = address.w2;
    words[at + 5] = address.w3;
    words[at + 6] = address.scope;
  } else {
    words[at + 1] = address.w3;
  }
}
