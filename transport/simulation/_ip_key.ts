// This module is browser compatible.

/** The 16 bytes of an address (IPv4 mapped, RFC 4291, section 2.5.5.2) and two of the port, big-endian; `undefined` if it is no address. */
export function ipKey(host: string, port: number): Uint8Array | undefined {
  const key = new Uint8Array(18);
  key[16] = port >>> 8;
  key[17] = port;
  if (!host.includes(":")) {
    key[10] = key[11] = 0xff;
    return writeIpv4(host, key, 12) ? key : undefined;
  }
  return writeIpv6(host, key) ? key : undefined;
}

function writeIpv4(text: string, key: Uint8Array, offset: number): boolean {
  const parts = text.split(".");
  if (parts.length !== 4) return false;
  return parts.every((part, i) => {
    if (!/^(0|[1-9]\d{0,2})$/.test(part)) return false;
    key[offset + i] = Number(part);
    return Number(part) <= 255;
  });
}

function writeIpv6(text: string, key: Uint8Array): boolean {
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const head = groupsOf(halves[0]!);
  const tail = halves.length === 2 ? groupsOf(halves[1]!) : [];
  if (head === undefined || tail === undefined) return false;
  const count = head.length + tail.length;
  if (halves.length === 2 ? count > 7 : count !== 8) return false;
  const groups = [...head, ...new Array<number>(8 - count).fill(0), ...tail];
  groups.forEach((group, i) => {
    key[2 * i] = group >>> 8;
    key[2 * i + 1] = group;
  });
  return true;
}

/** The groups of 16 bits; the last two may be an IPv4 address. */
function groupsOf(text: string): number[] | undefined {
  if (text === "") return [];
  const parts = text.split(":");
  const groups: number[] = [];
  for (const [i, part] of parts.entries()) {
    if (i === parts.length - 1 && part.includes(".")) {
      const ipv4 = new Uint8Array(4);
      if (!writeIpv4(part, ipv4, 0)) return undefined;
      groups.push(ipv4[0]! << 8 | ipv4[1]!, ipv4[2]! << 8 | ipv4[3]!);
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(part)) return undefined;
      groups.push(parseInt(part, 16));
    }
  }
  return groups;
}
