// This module is browser compatible.

const TABLE = makeTable();

/**
 * The CRC-32 of IEEE 802.3 and RFC 1952: of "123456789" it is CBF43926.
 *
 * It finds what was damaged by accident. It is no protection against anybody.
 *
 * @param bytes The bytes.
 * @param start The first of them: an integer from 0.
 * @param end The index after the last of them: an integer up to `bytes.length`.
 * @returns 0 to 4294967295.
 * @throws {RangeError} If `start` or `end` lies outside of the bytes.
 *
 * @example The known check value
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { crc32 } from "@tickwire/net/core";
 *
 * assertEquals(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
 * ```
 */
export function crc32(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
): number {
  if (!(start >= 0 && start <= end && end <= bytes.length)) {
    throw new RangeError(
      `Cannot take the CRC of bytes as 0 <= start <= end <= ${bytes.length} must hold: current values are ${start} and ${end}`,
    );
  }
  let crc = 0xffff_ffff;
  for (let i = start; i < end; i++) {
    crc = TABLE[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}

function makeTable(): Uint32Array {
  const table = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) {
      crc = crc & 1 ? 0xedb8_8320 ^ (crc >>> 1) : crc >>> 1;
    }
    table[i] = crc;
  }
  return table;
}
