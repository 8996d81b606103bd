// This module is browser compatible.
import { IP_WORDS, isIpv4, parseIp } from "../socket/ip_address.ts";

/** Who has one share: an address, and in IPv6 a network of 64 bits, which one host may have all of. */
export function shareOf(host: string): string {
  if (!host.includes(":")) return host;
  const words = new Int32Array(IP_WORDS);
  if (!parseIp(host, words) || isIpv4(words)) return host;
  return `${words[0]}:${words[1]}`;
}
