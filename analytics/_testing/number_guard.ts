import { assertEquals } from "@std/assert";
import type { JournalEvent } from "./journal_entry.ts";

/** Sees all that is sent, and refuses two events with one number: one of them would be lost silently. */
export class NumberGuard {
  readonly #seen = new Map<string, string>();

  /** Sees some. */
  see(events: readonly JournalEvent[]): void {
    for (const { session, number, name, fields } of events) {
      const key = `${session}/${number}`;
      const text = `${name} ${JSON.stringify(fields)}`;
      assertEquals(this.#seen.get(key) ?? text, text, `${key} is two events`);
      this.#seen.set(key, text);
    }
  }
}
