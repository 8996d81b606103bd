// This module is browser compatible.
import { AnalyticsEvent } from "./analytics_event.ts";
import { checkKeys, checkObject, readDefinition } from "./_read_definition.ts";
import type {
  BoolField,
  ChoiceField,
  EventDefinition,
  FieldDefinition,
  FieldDefinitions,
  FieldValues,
} from "./event_definition.ts";

/** The most that a file may define. */
const MAX_EVENTS = 1_000;

/**
 * The value of a field: a number, a boolean, a label, or one of the choices.
 *
 * @typeParam F Its definition.
 */
export type ValueOf<F extends FieldDefinition> = F extends ChoiceField
  ? F["of"][number]
  : F extends BoolField ? boolean
  : F extends { readonly kind: "label" } ? string
  : number;

/**
 * The values of an event's fields, by their definitions.
 *
 * @typeParam F The definitions.
 */
export type ValuesOf<F extends FieldDefinitions> = keyof F extends never
  ? Readonly<Record<string, never>>
  :
    & {
      readonly [
        K in keyof F as F[K]["optional"] extends true ? never : K
      ]: ValueOf<F[K]>;
    }
    & {
      readonly [
        K in keyof F as F[K]["optional"] extends true ? K : never
      ]?: ValueOf<F[K]> | undefined;
    };

/**
 * A kind of event that a game has defined.
 *
 * @typeParam F The definitions of its fields.
 */
export interface EventType<F extends FieldDefinitions> {
  /** What its events may hold. Frozen. */
  readonly definition: EventDefinition;
  /**
   * Makes an event.
   *
   * @param values The values of its fields; they are copied. What does not fit is refused when the event is recorded.
   * @returns The event.
   */
  create(values: ValuesOf<F>): AnalyticsEvent;
}

/**
 * Defines a kind of event of the game's own. What it may hold are numbers, booleans and labels only, so that nothing
 * personal gets in by accident; the collector needs the same definitions.
 *
 * @typeParam F The definitions of the fields.
 * @param name Its name: 1 to 64 of `A–Z a–z 0–9 _`, beginning with a letter, and not that of an event that is always there.
 * @param fields The definitions of its fields by their names, of the same form: 0 to 32.
 * @returns The kind of event.
 * @throws {TypeError} If something is of the wrong kind.
 * @throws {RangeError} If something is out of its bounds, or the name is taken.
 * @throws {SyntaxError} If a name or a choice has another form.
 *
 * @example An event of a shop
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { defineEvent } from "@tickwire/net/analytics";
 *
 * const purchase = defineEvent("purchase", {
 *   item: { kind: "label" },
 *   price: { kind: "int", min: 0, max: 10_000 },
 *   currency: { kind: "choice", of: ["gold", "gems"] },
 *   isGift: { kind: "bool", optional: true },
 * });
 * const event = purchase.create({ item: "lantern", price: 30, currency: "gold" });
 * assertEquals(event.name, "purchase");
 * ```
 */
export function defineEvent<const F extends FieldDefinitions>(
  name: string,
  fields: F,
): EventType<F> {
  const definition = readDefinition(name, fields);
  return Object.freeze({
    definition,
    create: (values: ValuesOf<F>): AnalyticsEvent =>
      new AnalyticsEvent(definition, values as FieldValues),
  });
}

/**
 * Reads definitions from parsed JSON, such as a file that the game and its collector share: an array of
 * `{"name": …, "fields": {…}}`.
 *
 * @param value Any value.
 * @returns The definitions, frozen.
 * @throws {TypeError} If something is of the wrong kind.
 * @throws {RangeError} If something is out of its bounds, or a name is taken.
 * @throws {SyntaxError} If a name or a choice has another form.
 *
 * @example A file
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { AnalyticsEvent, readEventDefinitions } from "@tickwire/net/analytics";
 *
 * const text = `[{"name":"shopOpened","fields":{"shop":{"kind":"label"}}}]`;
 * const [shopOpened] = readEventDefinitions(JSON.parse(text));
 * const event = new AnalyticsEvent(shopOpened!, { shop: "smithy" });
 * assertEquals(event.name, "shopOpened");
 * ```
 */
export function readEventDefinitions(value: unknown): EventDefinition[] {
  if (!Array.isArray(value)) {
    throw new TypeError(
      `Cannot read events as they must be an array: current type is ${
        value === null ? "null" : typeof value
      }`,
    );
  }
  if (value.length > MAX_EVENTS) {
    throw new RangeError(
      `Cannot read events as there must be at most ${MAX_EVENTS}: current value is ${value.length}`,
    );
  }
  const names = new Set<string>();
  return value.map((event: unknown) => {
    checkObject("event", "it", event);
    checkKeys("event", "it", event, ["name", "fields"]);
    const definition = readDefinition(event.name, event.fields);
    if (names.has(definition.name)) {
      throw new RangeError(
        `Cannot read events as their names must differ: current value is "${definition.name}" twice`,
      );
    }
    names.add(definition.name);
    return definition;
  });
}
