// This module is browser compatible.
import { checkLabel } from "./_check_label.ts";

const CHARACTERS = /^[A-Za-z0-9 _.:/+-]{1,64}$/;

/** Tells whether a value from anybody is a label that looks like nobody's address or number (PROTOCOL.md, section 2). */
export function isLabel(value: unknown): value is string {
  return typeof value === "string" && checkLabel(value) === undefined;
}

/**
 * Tells whether a value has the form of a label, whatever it looks like: builds are named by whoever makes the game, and
 * a version of four parts looks like an address, a hash like a token.
 */
export function hasLabelForm(value: unknown): value is string {
  return typeof value === "string" && CHARACTERS.test(value);
}
