/**
 * The parts of `core` that need Deno: a {@linkcode FileJournal} that keeps a
 * durable queue in a file.
 *
 * @example Keep an entry over a restart
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { FileJournal } from "@tickwire/net/core/deno";
 *
 * const folder = await Deno.makeTempDir();
 * {
 *   await using journal = await FileJournal.open(`${folder}/unsent.journal`);
 *   await journal.append(new Uint8Array([1, 2, 3]));
 * }
 * {
 *   await using journal = await FileJournal.open(`${folder}/unsent.journal`);
 *   const [entry] = await journal.read(0, 65_536);
 *   assertEquals(entry?.bytes, new Uint8Array([1, 2, 3]));
 * }
 * await Deno.remove(folder, { recursive: true });
 * ```
 *
 * @module
 */
export { FileJournal } from "./file_journal.ts";
export * from "./journal.ts";
