// This module is browser compatible.

/** Refuses what is no number of bits. */
export function checkWidth(width: number): void {
  if (width >= 1 && width <= 32 && (width | 0) === width) return;
  throw new RangeError(
    `Cannot write or read bits as width must be an integer from 1 to 32: current value is ${width}`,
  );
}

/** How many bits the integers from `min` to `max` take: 0 to 32. */
export function rangeWidth(min: number, max: number): number {
  const span = max - min;
  if (
    span >>> 0 === span && Number.isSafeInteger(min) &&
    Number.isSafeInteger(max)
  ) return 32 - Math.clz32(span);
  throw new RangeError(
    `Cannot write or read a ranged integer as min and max must be safe integers with 0 <= max - min < 2^32: current values are ${min} and ${max}`,
  );
}
