// This module is browser compatible.

/** The order of texts by their UTF-16 units: the same everywhere. */
export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The order of what has numbers in it: `1.9.0` before `1.10.0`. */
export function compareNatural(a: string, b: string): number {
  const left = a.match(PARTS) ?? [];
  const right = b.match(PARTS) ?? [];
  for (let i = 0; i < left.length && i < right.length; i++) {
    const difference = Number(left[i]) - Number(right[i]);
    const order = Number.isNaN(difference)
      ? compareTexts(left[i]!, right[i]!)
      : difference;
    if (order !== 0) return order;
  }
  return left.length - right.length || compareTexts(a, b);
}

const PARTS = /\d{1,15}|\D+/g;
