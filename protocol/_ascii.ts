// This module is browser compatible.

/** Orders ASCII text by its bytes. */
export function compareAscii(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
