/** What the command line of the demo asks for. */
export interface DemoOptions {
  /** Frames to run for, 60 a second. */
  readonly frames: number;
  /** Whether it goes on after these until everything has been seen. */
  readonly all: boolean;
  /** Whether only the summary is printed, as JSON. */
  readonly json: boolean;
  /** Whether the usage is asked for. */
  readonly help: boolean;
}

/** How the demo is called. */
export const USAGE =
  `A game loop at 60 frames per second that talks to a real server.

Usage: deno task demo [options]

  --frames N  run for N frames, 30 to 1000000 (default 600, ten seconds)
  --all       go on after them until everything was to be seen, for five minutes at most
  --json      print only the summary, as JSON
  --help      print this

Ctrl-C ends it early. NO_COLOR=1 turns colours off.`;

/**
 * Reads the command line.
 *
 * @param args The arguments.
 * @returns The options.
 * @throws {SyntaxError} If an argument is unknown or its value is not allowed.
 */
export function parseOptions(args: readonly string[]): DemoOptions {
  let frames = 600;
  let all = false;
  let json = false;
  let help = false;
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    const [name, inline] = arg.split("=", 2);
    if (name === "--frames") {
      const value = inline ?? rest.shift();
      frames = Number(value);
      if (!Number.isInteger(frames) || frames < 30 || frames > 1_000_000) {
        throw new SyntaxError(
          `Cannot run demo as --frames must be a whole number from 30 to 1000000: current value is "${
            value ?? ""
          }"`,
        );
      }
    } else if (arg === "--all") all = true;
    else if (arg === "--json") json = true;
    else if (arg === "--help" || arg === "-h") help = true;
    else {
      throw new SyntaxError(
        `Cannot run demo as there is no option "${arg}": see --help`,
      );
    }
  }
  return { frames, all, json, help };
}
