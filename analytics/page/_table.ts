// This module is browser compatible.
import type { PageElement } from "./_browser.ts";
import type { Dom } from "./_dom.ts";
import type { FigureKind, Format } from "./_format.ts";

/** A table: what is seen, and what is downloaded. */
export interface TableModel {
  /** What it is of. */
  readonly caption: string;
  /** The columns; the first one names the row. */
  readonly columns: readonly {
    readonly label: string;
    readonly kind: FigureKind;
  }[];
  /** The rows: texts and figures; `null` where there is none. */
  readonly rows: readonly (readonly (string | number | null)[])[];
}

/** Shows tables and writes them. */
export interface Tables {
  /** Puts a table into an element, in the place of the one that was there. */
  show(host: PageElement, table: TableModel): void;
  /** Writes the same rows as CSV (RFC 4180): times by ISO 8601, figures in full. */
  toCsv(table: TableModel): string;
}

/** Makes the {@linkcode Tables} of the page. */
export function makeTables(dom: Dom, format: Format): Tables {
  const { make } = dom;
  /** More of them nobody reads, and the page would be slow. */
  const MAX_ROWS = 1_000;
  const TIMES: readonly FigureKind[] = ["time", "hour", "day"];
  /** What a spreadsheet would take for a formula: a label would run in it. */
  const FORMULA = /^[=+\-@\t\r]/;

  function show(host: PageElement, table: TableModel): void {
    const { caption, columns, rows } = table;
    const head = make("tr");
    for (const { label, kind } of columns) {
      head.append(
        make("th", { scope: "col", "data-kind": kind }, label),
      );
    }
    const body = make("tbody");
    for (const row of rows.slice(0, MAX_ROWS)) {
      const line = make("tr");
      for (const [i, { kind }] of columns.entries()) {
        const value = row[i] ?? null;
        const text = value === null
          ? "–"
          : typeof value === "string"
          ? value
          : format.figure(value, kind);
        line.append(
          i === 0
            ? make("th", { scope: "row", "data-kind": kind }, text)
            : make("td", { "data-kind": kind }, text),
        );
      }
      body.append(line);
    }
    const more = rows.length > MAX_ROWS
      ? ` (the first ${format.figure(MAX_ROWS, "count")} of ${
        format.many(rows.length, "row")
      })`
      : "";
    host.replaceChildren(
      make(
        "table",
        {},
        make("caption", {}, make("span", {}, `${caption}${more}`)),
        make("thead", {}, head),
        body,
      ),
    );
  }

  function toCsv({ columns, rows }: TableModel): string {
    const lines = [columns.map(({ label }) => toField(label)).join(",")];
    for (const row of rows.slice(0, MAX_ROWS)) {
      lines.push(
        columns.map(({ kind }, i) => {
          const value = row[i] ?? "";
          if (typeof value === "string") return toField(value);
          return TIMES.includes(kind)
            ? new Date(value).toISOString()
            : `${value}`;
        }).join(","),
      );
    }
    return lines.map((line) => `${line}\r\n`).join("");
  }

  function toField(text: string): string {
    const guarded = FORMULA.test(text) ? `'${text}` : text;
    return /^[A-Za-z0-9 ._:-]*$/.test(guarded)
      ? guarded
      : `"${guarded.replaceAll('"', '""')}"`;
  }

  return { show, toCsv };
}
