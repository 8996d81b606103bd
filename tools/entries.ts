/** The entry points of the package. @module */

import config from "../deno.json" with { type: "json" };

/**
 * Lists the entry points.
 *
 * @returns Their files, relative to the folder of the repository.
 */
export function moduleEntries(): string[] {
  return Object.values(config.exports);
}

/**
 * Lists the entry points that load in every runtime: those named `mod.ts`, and those that
 * are given a client of somebody else's. What needs one runtime has a file with another
 * name.
 *
 * @returns Their files, relative to the folder of the repository.
 */
export function portableEntries(): string[] {
  return moduleEntries().filter((entry) =>
    /(^|\/)(mod|redis)\.ts$/.test(entry)
  );
}
