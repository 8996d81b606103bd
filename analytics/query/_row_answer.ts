// This module is browser compatible.
import { type CsvCell, csvLine } from "../../core/mod.ts";

/** A part of a row that an answer has. */
export type Column<T> = readonly [
  name: string,
  value: (row: T) => unknown,
  kind?: "time",
];

/** Rows, and what is said beside them. */
export interface RowAnswer<T> {
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  /** What comes before the rows in JSON. */
  readonly before: Readonly<Record<string, unknown>>;
  /** What comes after them. */
  readonly after: Readonly<Record<string, unknown>>;
  /** The share of players or sessions that was looked at, which is a column of CSV as it has no other place there. */
  readonly share?: number;
}

/** How many rows are written at once. */
const CHUNK_ROWS = 500;

/** An answer in JSON, part by part. */
export function* jsonOf<T>(answer: RowAnswer<T>): Generator<string> {
  const { columns, rows, before, after, share } = answer;
  const head = JSON.stringify(before);
  yield `${head.slice(0, -1)}${head.length > 2 ? "," : ""}"rows":[`;
  for (let at = 0; at < rows.length; at += CHUNK_ROWS) {
    const texts = rows.slice(at, at + CHUNK_ROWS).map((row) =>
      JSON.stringify(
        Object.fromEntries(columns.map(([name, value]) => [name, value(row)])),
      )
    );
    yield `${at === 0 ? "" : ","}${texts.join(",")}`;
  }
  const tail = JSON.stringify({
    ...after,
    ...(share === undefined ? {} : { share }),
  });
  yield `]${tail.length > 2 ? "," : ""}${tail.slice(1)}`;
}

/** An answer in CSV (RFC 4180), part by part. Times are as ISO 8601 has them. */
export function* csvOf<T>(answer: RowAnswer<T>): Generator<string> {
  const { columns, rows, share } = answer;
  const last = share === undefined ? [] : ["share"];
  yield csvLine([...columns.map(([name]) => name), ...last]);
  for (let at = 0; at < rows.length; at += CHUNK_ROWS) {
    yield rows.slice(at, at + CHUNK_ROWS).map((row) =>
      csvLine([
        ...columns.map(([, value, kind]) => cellOf(value(row), kind)),
        ...(share === undefined ? [] : [share]),
      ])
    ).join("");
  }
}

function cellOf(
  value: unknown,
  kind: "time" | undefined,
): CsvCell {
  if (kind === "time") return new Date(value as number).toISOString();
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
      return value;
  }
  return value === null || value === undefined ? null : JSON.stringify(value);
}

/** A body of parts: a text where they are few, else a stream that makes each when it is wanted. */
export function bodyOf(
  parts: Generator<string>,
  rows: number,
): string | ReadableStream<Uint8Array<ArrayBuffer>> {
  if (rows <= 2 * CHUNK_ROWS) return [...parts].join("");
  const encoder = new TextEncoder();
  return new ReadableStream({
    pull(controller) {
      const { value, done } = parts.next();
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
  }, { highWaterMark: 0 });
}
