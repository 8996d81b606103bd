import { assert, assertEquals } from "@std/assert";
import { type PlayerId, SeededRandom } from "../../core/mod.ts";
import type { Score } from "../score.ts";
import type { RankedEntry } from "../store/store.ts";
import { CSV_HEADER, toCsvLine } from "./_csv.ts";

const CASES = Deno.env.get("TICKWIRE_SOAK") === "1" ? 200_000 : 5_000;

function entryOf(
  texts: { playerId: string; name: string; metadata?: string },
  score: Score,
  subscore: Score = 0,
): RankedEntry {
  return {
    rank: 1,
    entry: {
      playerId: texts.playerId as PlayerId,
      name: texts.name,
      score,
      subscore,
      sequence: 1,
      className: "any%",
      metadata: texts.metadata ?? "",
      replay: "",
      submittedMs: 0,
      isHidden: false,
    },
  };
}

/** Records of RFC 4180, section 2, read by one character after the other. */
function parseCsv(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let field = "";
  let state: "start" | "bare" | "quoted" | "closed" = "start";
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (state === "quoted") {
      if (c !== '"') field += c;
      else if (text[i + 1] === '"') field += text[++i];
      else state = "closed";
    } else if (c === '"') {
      assert(state === "start", `a stray quote at ${i} of ${text}`);
      state = "quoted";
    } else if (c === "," || c === "\r") {
      record.push(field);
      field = "";
      state = "start";
      if (c === "\r") {
        assertEquals(text[++i], "\n");
        records.push(record);
        record = [];
      }
    } else {
      assert(state !== "closed" && c !== "\n", `junk at ${i} of ${text}`);
      field += c;
      state = "bare";
    }
  }
  assertEquals([record, field], [[], ""]);
  return records;
}

Deno.test("toCsvLine() writes the columns of the header", () => {
  const line = toCsvLine(
    entryOf(
      { playerId: "ada", name: 'Ada "A", L.', metadata: '{"level":3}' },
      -(2n ** 63n),
      -7,
    ),
  );
  assertEquals(
    CSV_HEADER + line,
    "rank,playerId,name,score,subscore,class,timestamp,metadata,replay\r\n" +
      '1,ada,"Ada ""A"", L.",-9223372036854775808,-7,"any%",1970-01-01T00:00:00.000Z,"{""level"":3}",\r\n',
  );
});

Deno.test("toCsvLine() guards what a spreadsheet would take for a formula", () => {
  const cases: [text: string, field: string][] = [
    ["=1+1", `"'=1+1"`],
    ["+1", `"'+1"`],
    ["-5", `"'-5"`],
    ["@SUM(A1)", `"'@SUM(A1)"`],
    ["\t=1", `"'\t=1"`],
    ["\r=1", `"'\r=1"`],
    ['=HYPERLINK("http://x")', `"'=HYPERLINK(""http://x"")"`],
    ["a=1", '"a=1"'],
    // Where semicolons separate, an open field would end here.
    ["a;=1", '"a;=1"'],
    ["a-b", "a-b"],
  ];
  for (const [text, field] of cases) {
    const line = toCsvLine(entryOf({ playerId: "p", name: text }, -1));
    assertEquals(
      line,
      `1,p,${field},-1,0,"any%",1970-01-01T00:00:00.000Z,,\r\n`,
    );
  }
});

Deno.test("toCsvLine() is read back as what was written", () => {
  const alphabet = ['"', ",", ";", "\r", "\n", "\t", "=", "+", "-", "@", "'"]
    .concat([" ", "a", "7", "é", "😀"]);
  for (let seed = 0; seed < CASES; seed++) {
    const random = new SeededRandom(seed);
    const texts = Array.from(
      { length: 3 },
      () =>
        Array.from(
          { length: random.nextU32() % 8 },
          () => alphabet[random.nextU32() % alphabet.length],
        ).join(""),
    );
    const [playerId, name, metadata] = texts as [string, string, string];
    const entry = entryOf({ playerId, name, metadata }, random.nextU32());
    const records = parseCsv(CSV_HEADER + toCsvLine(entry) + toCsvLine(entry));
    assertEquals(records.length, 3, `seed ${seed}`);
    for (const record of records.slice(1)) {
      assertEquals(record.length, 9, `seed ${seed}`);
      const read = [record[1]!, record[2]!, record[7]!];
      for (const [i, text] of texts.entries()) {
        const isGuarded = "=+-@\t\r".includes(text[0] ?? "x");
        const wanted = isGuarded ? "'" + text : text;
        assertEquals(read[i], wanted, `seed ${seed}`);
        assert(!"=+-@\t\r".includes(read[i]![0] ?? "x"), `seed ${seed}`);
      }
    }
  }
});
