// This module is browser compatible.

import { BUILT_IN_EVENTS } from "../event/built_in_events.ts";
import type {
  EventDefinition,
  FieldValues,
} from "../event/event_definition.ts";
import type { EventRow } from "../store/store.ts";
import {
  byResource,
  nanoseconds,
  readObject,
  SCOPE,
  textAttribute,
  valueOf,
} from "./_attributes.ts";
import { METRIC_EVENTS } from "./metrics_request.ts";
import type {
  OtlpAttribute,
  OtlpLogRecord,
  OtlpLogsRequest,
} from "./otlp_types.ts";

const INFO = 9;
const ERROR = 17;
const FATAL = 21;

/** What the semantic conventions call the fields of an exception. */
const EXCEPTION_KEYS: ReadonlyMap<string, string> = new Map([
  ["name", "exception.type"],
  ["message", "exception.message"],
  ["stack", "exception.stacktrace"],
]);

/** Options for {@linkcode toLogsRequest}. */
export interface LogsRequestOptions {
  /**
   * The game's own events, beside those that are always there. By them a field that is a float is sent as one
   * also where it is whole, so that it has one type for whoever stores it; a whole number of an event without a definition
   * is sent as an integer.
   *
   * @default {[]}
   */
  readonly events?: readonly EventDefinition[];
  /**
   * When the collector saw the events, in epoch milliseconds.
   *
   * @default {0}
   */
  readonly observedMs?: number;
}

/**
 * Makes log records of OpenTelemetry out of events: one for each row but those that {@linkcode toMetricsRequest} takes.
 *
 * A title is the `service.name` of the resource, a build its `service.version`, a platform its `tickwire.platform` (and,
 * where it names a system, its `os.type`). A record has the fields of its event as attributes, common properties as
 * `common.…`, `session.id`, `user.hash`, and a `log.record.uid` of session and number, by which duplicates can be told.
 * Fields of an `exception` have the names of the semantic conventions.
 *
 * OpenTelemetry Protocol 1.9, "JSON Protobuf Encoding"; Semantic Conventions, "General logs attributes".
 *
 * @param rows The rows.
 * @param options How they are told apart, and when they were seen.
 * @returns The body of a request to `/v1/logs`.
 */
export function toLogsRequest(
  rows: readonly EventRow[],
  options: LogsRequestOptions = {},
): OtlpLogsRequest {
  const floats = floatFields([
    ...BUILT_IN_EVENTS,
    ...options.events ?? [],
  ]);
  const observed = nanoseconds(options.observedMs ?? 0);
  const logs = rows.filter((row) => !METRIC_EVENTS.has(row.name));
  return {
    resourceLogs: byResource(logs).map((group) => ({
      resource: group.resource,
      scopeLogs: [{
        scope: SCOPE,
        logRecords: group.rows.map((row) =>
          toRecord(row, floats.get(row.name), observed)
        ),
      }],
    })),
  };
}

function toRecord(
  row: EventRow,
  floats: ReadonlySet<string> | undefined,
  observedTimeUnixNano: string,
): OtlpLogRecord {
  const fields = readObject(row.data);
  const isException = row.name === "exception";
  const attributes = [
    textAttribute("log.record.uid", `${row.session}.${row.number}`),
    textAttribute("session.id", row.session),
    textAttribute("user.hash", row.player),
  ];
  addFields(attributes, readObject(row.common), (name) => `common.${name}`);
  addFields(
    attributes,
    fields,
    (name) => isException ? EXCEPTION_KEYS.get(name) ?? name : name,
    floats,
  );
  return {
    timeUnixNano: nanoseconds(row.timeMs),
    observedTimeUnixNano,
    severityNumber: !isException
      ? INFO
      : fields.isFatal === true
      ? FATAL
      : ERROR,
    eventName: row.name,
    body: { stringValue: row.name },
    attributes,
  };
}

function addFields(
  attributes: OtlpAttribute[],
  fields: FieldValues,
  keyOf: (name: string) => string,
  floats?: ReadonlySet<string>,
): void {
  for (const [name, value] of Object.entries(fields)) {
    // A store is another program's, too: what is no value of an event is left out.
    if (
      typeof value === "string" || typeof value === "boolean" ||
      (typeof value === "number" && Number.isFinite(value))
    ) {
      const isFloat = floats?.has(name) ?? false;
      attributes.push({ key: keyOf(name), value: valueOf(value, isFloat) });
    }
  }
}

function floatFields(
  definitions: readonly EventDefinition[],
): Map<string, ReadonlySet<string>> {
  const floats = new Map<string, ReadonlySet<string>>();
  for (const { name, fields } of definitions) {
    const names = Object.keys(fields).filter((field) =>
      fields[field]!.kind === "float"
    );
    if (names.length > 0) floats.set(name, new Set(names));
  }
  return floats;
}
