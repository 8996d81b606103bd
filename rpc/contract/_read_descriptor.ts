// This module is browser compatible.

/** The text that describes a call, taken apart. */
export interface ReadDescriptor {
  /** Who may call. */
  readonly from: string;
  /** The parameters by name, in the order of the wire. */
  readonly params: ReadonlyMap<string, string>;
  /** What it is answered with; "nothing" if it is not. */
  readonly reply: string;
}

const PREFIX = "struct(";

/**
 * Takes `from struct(name:field,…) reply` apart, as far as its parts, which may be any
 * text whose brackets match.
 *
 * @param descriptor Text from anybody.
 * @returns The parts; `undefined` if it is no such text.
 */
export function readDescriptor(descriptor: string): ReadDescriptor | undefined {
  const fromEnd = descriptor.indexOf(" ");
  const start = fromEnd + 1 + PREFIX.length;
  if (fromEnd < 1 || !descriptor.startsWith(PREFIX, fromEnd + 1)) {
    return undefined;
  }
  const params = new Map<string, string>();
  let depth = 1;
  let partStart = start;
  let at = start;
  for (; at < descriptor.length && depth > 0; at++) {
    const character = descriptor[at];
    if (character === "(") depth++;
    else if (character === ")") depth--;
    if (depth > 1 || depth === 1 && character !== ",") continue;
    const part = descriptor.slice(partStart, at);
    partStart = at + 1;
    if (part === "" && depth === 0 && params.size === 0) continue;
    const colon = part.indexOf(":");
    const name = part.slice(0, colon);
    if (colon < 1 || params.has(name)) return undefined;
    params.set(name, part.slice(colon + 1));
  }
  if (depth > 0 || descriptor[at] !== " ") return undefined;
  const from = descriptor.slice(0, fromEnd);
  return { from, params, reply: descriptor.slice(at + 1) };
}
