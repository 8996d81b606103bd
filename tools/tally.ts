/** Counts what passed and failed. @module */

/** How many tests or steps ended in which way. */
export interface Tally {
  /** Those that passed. */
  readonly passed: number;
  /** Those that failed. */
  readonly failed: number;
  /** The names of those that failed and have one, with what they said. */
  readonly failures: readonly string[];
  /** The names of those that did not run. */
  readonly skipped: readonly string[];
}

/**
 * Adds up tallies.
 *
 * @param tallies What to add up.
 * @returns The sum.
 */
export function sumTallies(tallies: readonly Tally[]): Tally {
  return {
    passed: tallies.reduce((sum, tally) => sum + tally.passed, 0),
    failed: tallies.reduce((sum, tally) => sum + tally.failed, 0),
    failures: tallies.flatMap((tally) => tally.failures),
    skipped: tallies.flatMap((tally) => tally.skipped),
  };
}

/**
 * Prints the names of what failed and of what did not run, and the sum as the last line.
 *
 * @param tally What to print.
 */
export function printTally(tally: Tally): void {
  for (const name of tally.failures) console.log(`failed: ${name}`);
  for (const name of tally.skipped) console.log(`skipped: ${name}`);
  const skipped = tally.skipped.length;
  console.log(
    `${tally.passed} passed, ${tally.failed} failed` +
      (skipped > 0 ? `, ${skipped} skipped` : ""),
  );
}
