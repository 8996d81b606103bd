import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { eventCsv, type EventCsvRow } from "./event_csv.ts";

const CASES = Deno.env.get("TICKWIRE_SOAK") === "1" ? 20_000 : 500;

/** Records of RFC 4180, section 2. */
function parseCsv(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let i = 0;
  while (i < text.length) {
    let cell = "";
    if (text[i] === '"') {
      for (i++; text[i] !== '"' || text[i + 1] === '"'; i++) {
        assert(i < text.length, "a quote that is not closed");
        if (text[i] === '"') i++;
        cell += text[i];
      }
      i++;
    } else {
      while (i < text.length && !',\r\n"'.includes(text[i]!)) cell += text[i++];
    }
    record.push(cell);
    if (text[i] === ",") i++;
    else {
      assertEquals(text.slice(i, i + 2), "\r\n");
      i += 2;
      records.push(record);
      record = [];
    }
  }
  return records;
}

function row(name: string, fields: EventCsvRow["fields"]): EventCsvRow {
  return { timeMs: 0, number: 1, name, fields };
}

Deno.test("eventCsv() of nothing is a header", () => {
  assertEquals(eventCsv([]), "time,number,name\r\n");
});

Deno.test("eventCsv() tells fields from the columns that are always there", () => {
  const csv = eventCsv([
    row("exception", { name: "TypeError", time: 4, isFatal: true }),
    row("frameTime", { sketch: [0, 0, 0, 0], value: undefined }),
  ]);
  assertEquals(parseCsv(csv), [
    [
      "time",
      "number",
      "name",
      "fields.name",
      "fields.time",
      "isFatal",
      "sketch",
      "value",
    ],
    [
      "1970-01-01T00:00:00.000Z",
      "1",
      "exception",
      "TypeError",
      "4",
      "true",
      "",
      "",
    ],
    ["1970-01-01T00:00:00.000Z", "1", "frameTime", "", "", "", "[0,0,0,0]", ""],
  ]);
});

Deno.test("eventCsv() defuses formulas, and leaves numbers alone", () => {
  const texts = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"];
  for (const text of texts) {
    assertEquals(parseCsv(eventCsv([row("x", { text })]))[1]![3], `'${text}`);
  }
  for (const value of [-1, -0.5, 1e-9, -1e21, 0]) {
    assertEquals(parseCsv(eventCsv([row("x", { value })]))[1]![3], `${value}`);
  }
});

Deno.test("eventCsv() writes what a parser reads back", () => {
  const random = new SeededRandom(4);
  const parts = [
    '"',
    ",",
    "\r",
    "\n",
    "=",
    "'",
    ";",
    "\t",
    " ",
    "a",
    "é",
    "7",
    "-",
  ];
  for (let i = 0; i < CASES; i++) {
    const rows = Array.from({ length: random.nextU32() % 5 }, (_, j) => {
      const fields: Record<string, string> = {};
      for (let k = random.nextU32() % 4; k > 0; k--) {
        let text = "";
        for (let l = random.nextU32() % 8; l > 0; l--) {
          text += parts[random.nextU32() % parts.length];
        }
        fields[`f${k}`] = text;
      }
      return { timeMs: random.nextU32(), number: j, name: `e${j}`, fields };
    });
    const [header, ...records] = parseCsv(eventCsv(rows));
    assertEquals(records.length, rows.length);
    for (const [j, { timeMs, name, fields }] of rows.entries()) {
      const record = records[j]!;
      assertEquals(Date.parse(record[0]!), timeMs);
      assertEquals(record.slice(1, 3), [`${j}`, name]);
      assertEquals(record.length, header!.length);
      for (let k = 3; k < record.length; k++) {
        const text = fields[header![k]!] ?? "";
        const isFormula = /^[=+\-@\t\r]/.test(text);
        assertEquals(record[k], isFormula ? `'${text}` : text, `case ${i}`);
      }
    }
  }
});
