// This module is browser compatible.
import { CHANCES } from "./_chances.ts";
import {
  type Layout,
  REACH,
  SHARED,
  SHARED_COUNTERS,
  SIZES,
} from "./layout.ts";

const DIGITS =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";
const FIRST_REACH = 256;
const EVEN = 0x8000;

/**
 * Tells what a state holds that has learnt nothing of its own: chances that were learnt
 * from a recording of rigid bodies, of which the wrong ones are soon unlearnt.
 *
 * @param layout The layout of the state.
 * @returns Its words before the records.
 */
export function freshWords(layout: Layout): Uint16Array {
  const words = new Uint16Array(layout.modelWords);
  words[REACH] = FIRST_REACH;
  load(CHANCES.shared, words, SHARED, SHARED_COUNTERS);
  for (const { kind, counters } of layout.groups) {
    load(CHANCES[kind], words, counters, SIZES[kind]);
  }
  return words;
}

/**
 * Writes the source of `_chances.ts`.
 *
 * @param layout The layout of what was learnt from.
 * @param words What was learnt.
 * @returns The source.
 */
export function chancesSource(layout: Layout, words: Uint16Array): string {
  const chances: Record<string, string> = {
    shared: text(words.subarray(SHARED, SHARED + SHARED_COUNTERS)),
  };
  for (const { kind, counters } of layout.groups) {
    chances[kind] ??= text(words.subarray(counters, counters + SIZES[kind]));
  }
  const rows = Object.entries(chances).map(([name, all]) =>
    `  ${name}:\n    ${JSON.stringify(all)},\n`
  );
  return `// This module is browser compatible.
import type { GroupKind } from "./layout.ts";

/**
 * Chances in 1/4096, two digits each, the higher first. Made by
 * \`bench/sync/strong_chances.ts\`.
 */
export const CHANCES: Readonly<Record<GroupKind | "shared", string>> = {
${rows.join("")}};`;
}

function load(
  from: string,
  words: Uint16Array,
  at: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const high = DIGITS.indexOf(from.charAt(2 * i));
    const low = DIGITS.indexOf(from.charAt(2 * i + 1));
    words[at + i] = 2 * i + 1 < from.length ? high << 10 | low << 4 | 8 : EVEN;
  }
}

function text(words: Uint16Array): string {
  return Array.from(
    words,
    (word) => DIGITS[word >> 10]! + DIGITS[word >> 4 & 63]!,
  ).join("");
}
