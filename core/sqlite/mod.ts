/**
 * What stores on `node:sqlite` share: opening a file for one process, migrations, and one commit for all writes that wait.
 * No entry of the package: for its other modules.
 *
 * @module
 */

export * from "./database.ts";
export * from "./migrate.ts";
export * from "./write_queue.ts";
