/**
 * What the three programs do with their command lines.
 *
 * @module
 */

/** Windows knows no SIGTERM. */
const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT"]
  : ["SIGINT", "SIGTERM"];

/**
 * Reads an option that is an integer.
 *
 * @param name What it is called, without its dashes.
 * @param text What was given.
 * @param otherwise What it is if nothing was.
 * @throws {SyntaxError} If it is none, or outside its range.
 */
export function integerOption(
  name: string,
  text: string | undefined,
  otherwise: number,
  min: number,
  max: number,
): number {
  if (text === undefined) return otherwise;
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new SyntaxError(
    `Cannot run as --${name} must be an integer from ${min} to ${max}: current value is "${text}"`,
  );
}

/** Gives what is aborted by SIGINT and SIGTERM; a second one ends the program as ever. */
export function abortedBySignals(): AbortSignal {
  const stop = new AbortController();
  const onSignal = (): void => {
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, onSignal);
    stop.abort();
  };
  for (const signal of SIGNALS) Deno.addSignalListener(signal, onSignal);
  return stop.signal;
}

/**
 * Runs a program: what it throws is told in one line, and ends it with 2 if its command
 * line was wrong, or else with 1.
 *
 * @param main The program.
 */
export async function runMain(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    console.error(error.message);
    // What node:util says of an option that does not exist is a TypeError with a code.
    const isUsage = error instanceof SyntaxError ||
      String((error as { code?: unknown }).code).startsWith("ERR_PARSE_ARGS");
    Deno.exit(isUsage ? 2 : 1);
  }
}
