// This module is browser compatible.
import { Fnv1a64 } from "../../core/mod.ts";

/** A weak entity tag (RFC 9110, section 8.8.3) of parts: other parts give another one. */
export function entityTagOf(parts: readonly unknown[]): string {
  const hash = new Fnv1a64();
  hash.update(new TextEncoder().encode(JSON.stringify(parts)));
  return `W/"${hash.hex()}"`;
}

/** Whether `If-None-Match` (RFC 9110, section 13.1.2) names a tag: compared weakly, and any by `*`. */
export function isNamed(tag: string, ifNoneMatch: string | null): boolean {
  if (ifNoneMatch === null) return false;
  return ifNoneMatch.split(",").some((part) => {
    const text = part.trim();
    return text === "*" || opaque(text) === opaque(tag);
  });
}

function opaque(tag: string): string {
  return tag.startsWith("W/") ? tag.slice(2) : tag;
}
