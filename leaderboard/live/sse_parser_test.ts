import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { type SseEvent, SseParser } from "./sse_parser.ts";

const CASES = Deno.env.get("TICKWIRE_SOAK") === "1" ? 200_000 : 4_000;
const MAX_BYTES = 1_000;

/** What a stream comes to: its events with the id of each, and what is known at its end. */
interface Outcome {
  readonly events: readonly (SseEvent & { readonly id: string })[];
  readonly lastEventId: string;
  readonly retryMs: number | undefined;
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function parse(parts: readonly Uint8Array[], maxBytes = MAX_BYTES): Outcome {
  const parser = new SseParser(maxBytes);
  const events: Outcome["events"][number][] = [];
  for (const part of parts) {
    const isRead = parser.push(part, (event) => {
      events.push({ ...event, id: parser.lastEventId });
    });
    assert(isRead);
  }
  const { lastEventId, retryMs } = parser;
  return { events, lastEventId, retryMs };
}

/** The same by the words of the standard, on the whole text. */
function parseWhole(bytes: Uint8Array): Outcome {
  const events: Outcome["events"][number][] = [];
  const lines = new TextDecoder().decode(bytes).split(/\r\n|\r|\n/);
  // What is behind the last line end is no line.
  lines.pop();
  let [data, type, idBuffer, lastEventId] = ["", "", "", ""];
  let retryMs: number | undefined;
  for (const line of lines) {
    if (line === "") {
      lastEventId = idBuffer;
      if (data !== "") {
        events.push({
          type: type || "message",
          data: data.slice(0, -1),
          id: lastEventId,
        });
      }
      data = type = "";
      continue;
    }
    const [, field = "", value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line)!;
    if (field === "event") type = value;
    else if (field === "data") data += `${value}\n`;
    else if (field === "id" && !value.includes("\0")) idBuffer = value;
    else if (field === "retry" && /^\d+$/.test(value)) retryMs = Number(value);
  }
  return { events, lastEventId, retryMs };
}

function split(bytes: Uint8Array, random: SeededRandom): Uint8Array[] {
  const parts: Uint8Array[] = [];
  const most = 1 + random.nextU32() % 12;
  for (let at = 0; at < bytes.length;) {
    const end = at + random.nextU32() % (most + 1);
    parts.push(bytes.slice(at, end));
    at = end;
  }
  return parts;
}

const PIECES: readonly (string | readonly number[])[] = [
  ..."\n|\r|\r\n|:|: |\0|data|event|id|retry|data: x|id: 7|event: change"
    .split("|"),
  ..."\uFEFF|é|☃|😀|1500|\n\n|\r\r|\r\n\r\n| ".split("|"),
  // Malformed UTF-8: lone, cut off, overlong, and half a byte order mark.
  [0xff],
  [0xe2, 0x98],
  [0xc0, 0xaf],
  [0xef, 0xbb],
  [0xf0, 0x9f, 0x98],
];

function makeStream(random: SeededRandom): Uint8Array {
  const bytes: number[] = [];
  const count = random.nextU32() % 30;
  for (let i = 0; i < count; i++) {
    const piece = PIECES[random.nextU32() % PIECES.length]!;
    bytes.push(...typeof piece === "string" ? bytesOf(piece) : piece);
  }
  return new Uint8Array(bytes);
}

const TABLE: readonly (readonly [
  what: string,
  stream: string,
  events: readonly (readonly [type: string, data: string, id: string])[],
])[] = [
  ["the first example of the standard", "data: YHOO\ndata: +2\ndata: 10\n\n", [
    ["message", "YHOO\n+2\n10", ""],
  ]],
  [
    "comments, and an id that is reset",
    ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
    [
      ["message", "first event", "1"],
      ["message", "second event", ""],
      ["message", " third event", ""],
    ],
  ],
  ["empty data, and an event without an end", "data\n\ndata\ndata\n\ndata:", [
    ["message", "", ""],
    ["message", "\n", ""],
  ]],
  ["a space or none", "data:test\n\ndata: test\n\n", [
    ["message", "test", ""],
    ["message", "test", ""],
  ]],
  ["an event without data, which is forgotten", "event: a\n\ndata: b\n\n", [
    ["message", "b", ""],
  ]],
  ["an id with NUL", "id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n", [
    ["message", "a", "1"],
    ["message", "b", "1"],
  ]],
  [
    "an id without data, which counts for the next",
    "id: 4\n\nevent: x\ndata: a\n\n",
    [
      ["x", "a", "4"],
    ],
  ],
  ["all line ends", "data: a\r\rdata: b\r\n\r\ndata: c\n\ndata: d\r\n\n", [
    ["message", "a", ""],
    ["message", "b", ""],
    ["message", "c", ""],
    ["message", "d", ""],
  ]],
  ["one byte order mark alone", "\uFEFFdata: a\n\n\uFEFFdata: b\n\n", [
    ["message", "a", ""],
  ]],
  ["unknown fields", "Data: a\n data: b\ndata : c\ndata: d\n\n", [
    ["message", "d", ""],
  ]],
];

Deno.test("SseParser.push() reads what the standard says, in any portions", () => {
  for (const [what, stream, expected] of TABLE) {
    const bytes = bytesOf(stream);
    const events = expected.map(([type, data, id]) => ({ type, data, id }));
    assertEquals(parse([bytes]).events, events, what);
    for (let at = 0; at <= bytes.length; at++) {
      const parts = [bytes.slice(0, at), bytes.slice(at)];
      assertEquals(parse(parts).events, events, `${what}, cut at ${at}`);
    }
    assertEquals(parse([...bytes].map((byte) => new Uint8Array([byte]))), {
      ...parse([bytes]),
      events,
    }, what);
  }
});

Deno.test("SseParser.push() hands an event on with the byte that completes it", () => {
  const parser = new SseParser(MAX_BYTES);
  const seen: string[] = [];
  const push = (text: string): number => {
    parser.push(bytesOf(text), ({ data }) => seen.push(data));
    return seen.length;
  };
  assertEquals(["data: a\r", "\r", "\ndata: b\n", "\n"].map(push), [
    0,
    1,
    1,
    2,
  ]);
});

Deno.test("SseParser.retryMs is the last that is all digits", () => {
  const retryOf = (text: string): number | undefined =>
    parse([bytesOf(text)]).retryMs;
  assertEquals(retryOf("data: a\n\n"), undefined);
  assertEquals(retryOf("retry: 1500\n"), 1500);
  assertEquals(
    retryOf("retry: 1500\nretry: 2s\nretry: -1\nretry\nretry: ٣\n"),
    1500,
  );
});

Deno.test("SseParser.push() reads as the standard does on the whole, however cut", () => {
  for (let seed = 1; seed <= CASES; seed++) {
    const random = new SeededRandom(seed);
    const bytes = makeStream(random);
    const expected = parseWhole(bytes);
    assertEquals(parse(split(bytes, random)), expected, `seed ${seed}`);
  }
});

Deno.test("SseParser.push() takes any bytes", () => {
  for (let seed = 1; seed <= CASES; seed++) {
    const random = new SeededRandom(seed);
    const bytes = new Uint8Array(random.nextU32() % 200);
    random.fill(bytes);
    // Line ends and colons are rare among 256 values.
    for (let at = 0; at < bytes.length; at++) {
      const choice = random.nextU32() % 12;
      if (choice < 4) bytes[at] = [10, 13, 58, 0][choice]!;
    }
    assertEquals(
      parse(split(bytes, random)),
      parseWhole(bytes),
      `seed ${seed}`,
    );
  }
});

Deno.test("SseParser.push() stops at a line or an event beyond the bound", () => {
  const cases: readonly (readonly [text: string, isRead: boolean])[] = [
    [`data: ${"x".repeat(94)}\n`, true],
    [`data: ${"x".repeat(95)}\n`, false],
    [`data: ${"x".repeat(95)}`, false],
    [`:${"x".repeat(100)}`, false],
    [`data: ${"é".repeat(48)}\n`, false],
    [`${`data: ${"x".repeat(44)}\n`.repeat(2)}\n`.repeat(3), true],
    [`${`data: ${"x".repeat(44)}\n`.repeat(2)}data\n`, false],
    ["data\n".repeat(25), true],
    ["data\n".repeat(26), false],
    [`event: ${"x".repeat(90)}\nid: ${"x".repeat(90)}\n`.repeat(9), true],
  ];
  for (const [text, isRead] of cases) {
    for (const step of [1, 7, 1_000]) {
      const parser = new SseParser(100);
      const bytes = bytesOf(text);
      let result = true;
      for (let at = 0; at < bytes.length; at += step) {
        result = parser.push(bytes.subarray(at, at + step), () => {});
      }
      assertEquals(result, isRead, `${text.slice(0, 30)} by ${step}`);
    }
  }
  const parser = new SseParser(100);
  let count = 0;
  const push = (text: string): boolean =>
    parser.push(bytesOf(text), () => count++);
  assertEquals(push(`data: a\n\n${"x".repeat(101)}\ndata: b\n\n`), false);
  assertEquals(push("data: c\n\n"), false);
  assertEquals(count, 1);
});
