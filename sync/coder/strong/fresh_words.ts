// This module is browser compatible.
import { type Layout, REACH } from "./layout.ts";

/** What a state holds that has learnt nothing. */
export function freshWords(layout: Layout): Uint16Array {
  const words = new Uint16Array(layout.modelWords);
  words.fill(0x8000, 2);
  words[REACH] = 200;
  return words;
}
