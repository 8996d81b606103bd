// This module is browser compatible.
import { isChecked, readDefinition } from "./_read_definition.ts";
import {
  BUILT_IN_EVENTS,
  DROP,
  SESSION_END,
  SESSION_START,
} from "./built_in_events.ts";
import type { EventDefinition } from "./event_definition.ts";

/** The most events of a game's own. */
const MAX_EVENTS = 1_000;

/**
 * The events that there are: those that are always there, and a game's own.
 */
export class EventCatalog {
  readonly #definitions = new Map<string, EventDefinition>();

  /**
   * Makes a catalog.
   *
   * @param events Definitions of a game's own: at most 1,000.
   * @throws {TypeError} If something in a definition is of the wrong kind.
   * @throws {RangeError} If something is out of its bounds, or a name is taken.
   * @throws {SyntaxError} If a name or a choice has another form.
   */
  constructor(events: Iterable<EventDefinition> = []) {
    for (const event of BUILT_IN_EVENTS) {
      this.#definitions.set(event.name, event);
    }
    for (const event of events) {
      // One that was checked stays the one that its events have.
      const definition = isChecked(event)
        ? event
        : readDefinition(event.name, event.fields);
      if (this.#definitions.has(definition.name)) {
        throw new RangeError(
          `Cannot make catalog as the names of its events must differ: current value is "${definition.name}" twice`,
        );
      }
      if (this.#definitions.size === BUILT_IN_EVENTS.length + MAX_EVENTS) {
        throw new RangeError(
          `Cannot make catalog as it must have at most ${MAX_EVENTS} events of a game's own`,
        );
      }
      this.#definitions.set(definition.name, definition);
    }
  }

  /** The names of all events, those that are always there first. */
  get names(): readonly string[] {
    return [...this.#definitions.keys()];
  }

  /**
   * Finds a definition.
   *
   * @param name Any text.
   * @returns The definition, or `undefined` if there is none of that name.
   */
  get(name: string): EventDefinition | undefined {
    return this.#definitions.get(name);
  }

  /**
   * Tells whether a game may record an event by itself: `sessionStart`, `sessionEnd` and `drop` are recorded by the client
   * only, as its sessions and its account of what was lost would not add up otherwise.
   *
   * @param name Any text.
   * @returns Whether there is such an event, and a game may record it.
   */
  isRecordable(name: string): boolean {
    return this.#definitions.has(name) && name !== SESSION_START.name &&
      name !== SESSION_END.name && name !== DROP.name;
  }
}
