// This module is browser compatible.
import { AnalyticsEvent } from "./analytics_event.ts";
import { checkLabel } from "./_check_label.ts";

/** How many errors of a chain of causes are told of. */
const MAX_CAUSES = 4;
/** What is read of one text: what is kept is less. */
const MAX_READ = 16_384;
const UNKNOWN = "Error";

/**
 * Makes an `exception` event of whatever was thrown. Its texts are scrubbed of what looks like personal data; of the paths
 * in its stack the last parts are left.
 *
 * @param error What was thrown: anything. Getters that throw, and chains of causes without end, do no harm.
 * @param isFatal Whether nothing caught it.
 * @returns The event, with a count of 1.
 *
 * @example An error that knows too much
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { exceptionOf } from "@tickwire/net/analytics";
 *
 * const event = exceptionOf(new RangeError("No slot for ada@example.com"), false);
 * assertEquals(event.fields.name, "RangeError");
 * assertEquals(event.fields.message, "No slot for <e-mail>");
 * ```
 */
export function exceptionOf(error: unknown, isFatal: boolean): AnalyticsEvent {
  const messages: string[] = [];
  const stacks: string[] = [];
  const seen = new Set<unknown>();
  let current = error;
  for (let i = 0; i < MAX_CAUSES && !seen.has(current); i++) {
    seen.add(current);
    messages.push(messageOf(current));
    const stack = textOf(current, "stack");
    if (stack !== "") stacks.push(stack);
    current = propertyOf(current, "cause");
    if (current === undefined || current === null) break;
  }
  return AnalyticsEvent.exception({
    name: nameOf(error),
    message: messages.join("\ncaused by: "),
    stack: stacks.join("\ncaused by: "),
    isFatal,
    count: 1,
  });
}

function nameOf(error: unknown): string {
  const name = textOf(error, "name");
  return checkLabel(name) === undefined ? name : UNKNOWN;
}

function messageOf(error: unknown): string {
  if (typeof error === "string") return error.slice(0, MAX_READ);
  if (isObject(error)) return textOf(error, "message");
  return String(error).slice(0, MAX_READ);
}

function textOf(value: unknown, name: string): string {
  const text = propertyOf(value, name);
  return typeof text === "string" ? text.slice(0, MAX_READ) : "";
}

function propertyOf(value: unknown, name: string): unknown {
  if (!isObject(value)) return undefined;
  try {
    return (value as Record<string, unknown>)[name];
  } catch {
    // A getter or a proxy threw: there is nothing to tell then.
    return undefined;
  }
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null ||
    typeof value === "function";
}
