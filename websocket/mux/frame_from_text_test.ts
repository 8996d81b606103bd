// Section 7 of `PROTOCOL.md`: the vectors, records at random there and back, and texts that somebody has spoilt. The
// whole count is 1,000,000 spoilt texts (TICKWIRE_SOAK=1); an ordinary run takes 10,000. A failure names the seed.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { SeededRandom } from "../../core/mod.ts";
import { ByteWriter, utf8Length } from "../../protocol/mod.ts";
import { type ControlMessage, encodeControl } from "./control_message.ts";
import { frameFromText, type TextError } from "./frame_from_text.ts";
import { DataFlag, MAX_FRAME_BYTES } from "./record.ts";
import { RecordReader, type RecordSink } from "./record_reader.ts";
import { RecordWriter } from "./record_writer.ts";
import { frameBytesWithin, textsFromFrame } from "./texts_from_frame.ts";
import recordVectors from "../vectors/records.json" with { type: "json" };
import vectors from "../vectors/text.json" with { type: "json" };

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const MUTANTS = IS_SOAK ? 1_000_000 : 10_000;
const RUNS = IS_SOAK ? 50_000 : 1_000;
const SEED = 17;
const MAX_NUMBER = Number.MAX_SAFE_INTEGER;

/** What a text becomes: the frame in hexadecimal, or why it is none. */
function read(text: string, maxBytes = MAX_FRAME_BYTES): string {
  const frame = frameFromText(text, maxBytes);
  return frame instanceof Uint8Array ? encodeHex(frame) : frame.code;
}

function messageOf(text: string, maxBytes = MAX_FRAME_BYTES): string {
  const frame = frameFromText(text, maxBytes);
  assert(!(frame instanceof Uint8Array), text);
  return frame.message;
}

/** Makes records at random, with all that they can say. */
class Records {
  readonly random: SeededRandom;

  constructor(random: SeededRandom) {
    this.random = random;
  }

  below(n: number): number {
    return Math.floor(this.random.nextFloat() * n);
  }

  isSo(): boolean {
    return this.below(2) === 0;
  }

  /** Small numbers, large ones, and those at the ends. */
  integer(min: number, max: number): number {
    const pick = this.below(4);
    if (pick === 0) return min;
    if (pick === 1) return max;
    return min +
      Math.floor((max - min) * this.random.nextFloat() ** (pick === 2 ? 9 : 1));
  }

  text(minBytes: number, maxBytes: number): string {
    const characters = ["a", "Z", '"', "\\", "\0", "\u2028", "é", "€", "😀"];
    const wanted = this.isSo() ? maxBytes : this.integer(minBytes, maxBytes);
    let text = "";
    while (utf8Length(text) < minBytes) text += "x";
    for (;;) {
      const longer = text + characters[this.below(characters.length)];
      if (utf8Length(longer) > wanted) return text;
      text = longer;
    }
  }

  bytes(minBytes: number, maxBytes: number): Uint8Array {
    const bytes = new Uint8Array(this.integer(minBytes, maxBytes));
    this.random.fill(bytes);
    return bytes;
  }

  control(): Uint8Array {
    const request = this.integer(0, MAX_NUMBER);
    const channel = this.text(1, 128);
    const messages: (() => ControlMessage)[] = [
      () => ({
        type: "subscribe",
        request,
        channel,
        history: this.integer(0, 1_000),
        withPresence: this.isSo(),
      }),
      () => ({ type: "unsubscribe", channel }),
      () => ({
        type: "subscribed",
        request,
        history: this.integer(0, 600),
        omitted: this.integer(0, 400),
      }),
      () => ({ type: "denied", request, reason: this.text(0, 123) }),
      () => ({ type: "publishDenied", channel, reason: this.text(0, 123) }),
      () => ({ type: "requestDenied", request, reason: this.text(0, 123) }),
      () => ({ type: "unsubscribed", channel, reason: this.text(0, 123) }),
      () => ({
        type: "presence",
        channel,
        change: (["all", "joined", "left"] as const)[this.below(3)]!,
        members: Array.from({ length: this.below(4) }, () => ({
          playerId: this.text(0, 64),
          displayName: this.text(0, 128),
        })),
      }),
    ];
    return this.isSo()
      ? this.bytes(0, 100)
      : encodeControl(messages[this.below(messages.length)]!());
  }

  /** Writes a record; returns whether it fitted. */
  write(records: RecordWriter): boolean {
    const channel = this.integer(1, 65_535);
    const number = this.integer(0, MAX_NUMBER);
    const session = new Uint8Array(16);
    this.random.fill(session);
    const limits = {
      maxFrameBytes: this.integer(1_024, 2 ** 24),
      maxMessageBytes: this.integer(1, 2 ** 30),
      windowBytes: this.integer(0, 2 ** 30),
    };
    const ending = {
      code: this.isSo() ? 1000 : this.integer(3_000, 4_999),
      retryAfterMs: this.integer(0, 2 ** 31 - 1),
      reason: this.text(0, 123),
    };
    switch (this.below(14)) {
      case 0: {
        const minVersion = this.integer(1, 255);
        const isNew = this.isSo();
        return records.hello({
          minVersion,
          maxVersion: this.integer(minVersion, 255),
          canDeflate: this.isSo(),
          session: isNew ? undefined : session,
          received: isNew ? 0 : number,
          ...limits,
        });
      }
      case 1: {
        const isResumed = this.isSo();
        return records.welcome({
          version: this.integer(1, 255),
          canDeflate: this.isSo(),
          isResumed,
          session,
          received: isResumed ? number : 0,
          available: isResumed ? Math.max(1, number) : 1,
          keepaliveMs: this.integer(0, 2 ** 31 - 1),
          resumeWindowMs: this.integer(0, 2 ** 31 - 1),
          ...limits,
        });
      }
      case 2:
        return records.refuse(ending);
      case 3:
        return records.bye(ending);
      case 4:
        return records.open({
          channel,
          delivery: this.below(3) as 0 | 1 | 2,
          priority: this.below(8),
          name: this.text(1, 128),
        });
      case 5:
        return records.shut(channel);
      case 6:
        return records.ack(number);
      case 7:
        return records.credit(channel, number);
      case 8:
        return records.ping(this.bytes(0, 125));
      case 9:
        return records.pong(
          this.bytes(0, 125),
          this.below(2) * this.integer(0, 2 ** 31 - 1),
        );
      case 10:
        return records.gap(Math.max(1, number), MAX_NUMBER);
      case 11:
        return records.control(this.control());
    }
    const continues = this.below(4) === 0 ? DataFlag.Continues : 0;
    const more = this.below(4) === 0 ? DataFlag.More : 0;
    const flags = continues | more |
      (continues > 0 ? 0 : this.below(4) | (this.isSo() ? 0x10 : 0));
    const least = flags & (DataFlag.More | DataFlag.Continues) ? 1 : 0;
    const bytes = this.isSo()
      ? new TextEncoder().encode(this.text(least, 600))
      : this.bytes(least, 600);
    return records.data(channel, flags, number, bytes);
  }

  /** A frame of a few records, within a number of bytes. */
  frame(maxBytes: number): Uint8Array<ArrayBuffer> {
    const frame = new ByteWriter({ maxBytes });
    const records = new RecordWriter(frame);
    let rest = 1 + this.below(8);
    while (rest > 0 || frame.length === 0) {
      if (this.write(records)) rest -= 1;
      else rest -= frame.length > 0 ? 8 : 0;
    }
    return frame.toBytes();
  }
}

const takeAll = new Proxy({}, { get: () => () => true }) as RecordSink;

Deno.test("textsFromFrame() writes the text of every vector", () => {
  for (const { name, text, frame } of vectors.written) {
    assertEquals([name, textsFromFrame(decodeHex(frame))], [name, [text]]);
  }
});

Deno.test("frameFromText() reads the text of every vector", () => {
  for (const { name, text, frame } of [...vectors.written, ...vectors.read]) {
    assertEquals([name, read(text)], [name, frame]);
  }
});

Deno.test("frameFromText() says what is wrong with every refused vector", () => {
  for (const { name, text, error } of vectors.refused) {
    assertEquals([name, read(text)], [name, error]);
  }
});

Deno.test("frameFromText() reads what textsFromFrame() makes of every frame", () => {
  for (const { name, frame } of recordVectors.accepted) {
    const [text, ...rest] = textsFromFrame(decodeHex(frame));
    assertEquals(rest, [], name);
    assertEquals([name, read(text!)], [name, frame]);
  }
  for (const { name, frame } of recordVectors.refused) {
    assertThrows(() => textsFromFrame(decodeHex(frame)), TypeError, "", name);
  }
});

Deno.test("frameFromText() says which record is wrong, and how", () => {
  const cases: [text: string, message: string][] = [
    [
      '[{"type":"ack"},{"type":"data","chanel":1,"text":"a"}]',
      'record 2: data: unknown property "chanel"',
    ],
    ['[{"typ":"ack"}]', "record 1: type must be there, as a string"],
    ['[{"type":"nack"}]', "record 1: nack: there is no such type"],
    ["[7]", "record 1: must be an object"],
    ["{}", "must be an array of records"],
    ['[{"type":"shut"}]', "record 1: shut: channel is missing"],
    [
      '[{"type":"shut","channel":"1"}]',
      "record 1: shut: channel must be a number",
    ],
    [
      '[{"type":"shut","channel":0}]',
      "record 1: shut: channel must be an integer from 1 to 65535",
    ],
    [
      '[{"type":"hello","received":1}]',
      "record 1: hello: received must be 0",
    ],
    [
      '[{"type":"hello","session":"AAA="}]',
      "record 1: hello: session must have 16 bytes, not 2",
    ],
    [
      '[{"type":"control","message":{"type":"subscribe","channel":"a","history":2000}}]',
      "record 1: control: message: subscribe: history must be an integer from 0 to 1000",
    ],
    [
      '[{"type":"control","message":{"type":"presence","channel":"a","change":"all","members":[{},{"name":"b"}]}}]',
      'record 1: control: message: presence: members 2: unknown property "name"',
    ],
    [
      `[{"type":"ack","${"x".repeat(1_000)}":1}]`,
      `record 1: ack: unknown property "${"x".repeat(40)}…"`,
    ],
    [
      `[{"type":"${"x".repeat(1_000)}"}]`,
      `record 1: ${"x".repeat(40)}…: there is no such type`,
    ],
  ];
  for (const [text, message] of cases) assertEquals(messageOf(text), message);
  // In the words of the engine.
  assert(messageOf('[{"type":"ack"},]').length > 0);
});

Deno.test("frameFromText() counts the bytes of the text, not its characters", () => {
  const text = '[{"type":"data","channel":1,"text":"€€"}]';
  const { length } = new TextEncoder().encode(text);
  assertEquals(length, text.length + 4);
  assertEquals(read(text, length), "810106" + "e282ac".repeat(2));
  for (const maxBytes of [1, text.length, length - 1]) {
    assertEquals(read(text, maxBytes), "tooLarge");
  }
});

Deno.test("frameFromText() takes arrays and objects without an end for what they are", () => {
  const deep = 100_000;
  for (
    const text of [
      "[".repeat(deep),
      "[".repeat(deep) + "]".repeat(deep),
      `[{"type":"ack","received":${"[".repeat(deep)}${"]".repeat(deep)}}]`,
      `[${'{"a":'.repeat(deep)}1${"}".repeat(deep)}]`,
    ]
  ) {
    const frame = frameFromText(text, MAX_FRAME_BYTES);
    assert(!(frame instanceof Uint8Array));
    assert(frame.message.length < 1_000);
  }
});

Deno.test("frameFromText() is not led by what prototypes have", () => {
  const prototype = Object.prototype as unknown as Record<string, unknown>;
  prototype.received = 7;
  prototype.text = "polluted";
  try {
    assertEquals(read('[{"type":"ack"}]'), "0600");
    assertEquals(read('[{"type":"data","channel":1}]'), "800100");
  } finally {
    delete prototype.received;
    delete prototype.text;
  }
  assertEquals(
    read('[{"type":"ack","__proto__":{"type":"bye"}}]'),
    "unknownProperty",
  );
  assertEquals(read('[{"__proto__":{"type":"ack"}}]'), "missing");
});

Deno.test("textsFromFrame() and frameFromText() keep records at random as they are", () => {
  const records = new Records(new SeededRandom(SEED));
  let split = 0;
  for (let i = 0; i < RUNS; i++) {
    const maxBytes = 1_024 + records.below(3) * records.below(4_000);
    const frame = records.frame(frameBytesWithin(maxBytes));
    const [text, ...none] = textsFromFrame(frame);
    assertEquals(none, []);
    assertEquals(read(text!), encodeHex(frame), `seed ${SEED}, frame ${i}`);
    const texts = textsFromFrame(frame, maxBytes);
    split += Number(texts.length > 1);
    for (const one of texts) {
      assert(utf8Length(one) <= maxBytes, `seed ${SEED}, frame ${i}: ${one}`);
    }
    const parts = texts.map((one) => read(one, maxBytes)).join("");
    assertEquals(parts, encodeHex(frame), `seed ${SEED}, frame ${i}`);
  }
  assert(split > RUNS / 25);
});

Deno.test("textsFromFrame() shows as base64 what would be too long otherwise", () => {
  const maxBytes = 1_024;
  const write = (action: (records: RecordWriter) => boolean): string[] => {
    const frame = new ByteWriter({ maxBytes: frameBytesWithin(maxBytes) });
    assert(action(new RecordWriter(frame)));
    return textsFromFrame(frame.view(), maxBytes);
  };
  // A character of one byte that is six in JSON.
  const [text, ...none] = write((records) =>
    records.data(65_535, DataFlag.Text, 0, new Uint8Array(660))
  );
  assertEquals(none, []);
  assert(text!.startsWith('[{"type":"data","channel":65535,"text":true,'));
  const members = Array.from({ length: 100 }, () => ({
    playerId: "ada",
    displayName: "",
  }));
  const presence: ControlMessage = {
    type: "presence",
    channel: "chat",
    change: "all",
    members,
  };
  const [control] = write((records) =>
    records.control(encodeControl(presence))
  );
  assert(control!.startsWith('[{"type":"control","bytes":"'));
});

/** Parts of texts that somebody may get wrong. */
const SNIPPETS = [
  "[",
  "]",
  "{",
  "}",
  ",",
  ":",
  '"',
  "\\",
  "null",
  "true",
  "false",
  "0",
  "-",
  "-0",
  "1e400",
  "0.5",
  "9007199254740992",
  '""',
  '"__proto__"',
  '"type"',
  '"bytes"',
  '"text"',
  '"message"',
  '"more"',
  '"request"',
  '"AA=="',
  '"A"',
  '"\\ud800"',
  "\ud800",
  "\u0000",
  "😀",
  '{"type":"ack"},',
];

/** A JSON value at random, often near to what a record has. */
function valueAt(records: Records, depth: number): unknown {
  switch (records.below(depth > 3 ? 6 : 9)) {
    case 0:
      return null;
    case 1:
      return records.isSo();
    case 2:
      return records.integer(-1, 2 ** 31);
    case 3:
      return records.random.nextFloat() * 10 ** records.below(400);
    case 4:
      return records.text(0, 12);
    case 5:
      return ["data", "control", "subscribe", "AA==", "\udc00"][
        records.below(5)
      ];
    case 6:
      return Array.from(
        { length: records.below(4) },
        () => valueAt(records, depth + 1),
      );
  }
  const names = ["type", "channel", "text", "bytes", "message", "__proto__"];
  return Object.fromEntries(
    Array.from({ length: records.below(5) }, () => [
      names[records.below(names.length)],
      valueAt(records, depth + 1),
    ]),
  );
}

Deno.test("frameFromText() throws nothing, whatever somebody has written", () => {
  const records = new Records(new SeededRandom(SEED));
  const corpus = [...vectors.written, ...vectors.read, ...vectors.refused]
    .map(({ text }) => text);
  const counts = new Map<TextError | "accepted", number>();
  const reader = new RecordReader();
  for (let i = 0; i < MUTANTS; i++) {
    let text = corpus[records.below(corpus.length)]!;
    if (records.below(10) === 0) {
      text = JSON.stringify(valueAt(records, 0));
    } else if (records.below(4) === 0) {
      // JSON that is right, with one value replaced by another.
      const values = records.below(200);
      let at = 0;
      try {
        text = JSON.stringify(JSON.parse(text, (_, value) => {
          at += 1;
          return at === values % 12 ? valueAt(records, 2) : value;
        }));
      } catch {
        // One of those that are no JSON.
      }
    } else {
      for (let n = records.below(4); n > 0; n--) {
        const start = records.below(text.length + 1);
        const end = start + records.below(4) * records.below(3);
        const snippet = records.isSo()
          ? ""
          : SNIPPETS[records.below(SNIPPETS.length)]!;
        text = text.slice(0, start) + snippet + text.slice(end);
      }
    }
    const maxBytes = records.below(50) === 0 ? 60 : 65_536;
    const result = frameFromText(text, maxBytes);
    const outcome = result instanceof Uint8Array ? "accepted" : result.code;
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    if (!(result instanceof Uint8Array)) {
      assert(result.message.length > 0 && result.message.length < 1_000);
      continue;
    }
    const where = `seed ${SEED}, text ${i}: ${JSON.stringify(text)}`;
    assertEquals(reader.read(result, takeAll), undefined, where);
    assert(result.length < utf8Length(text), where);
    const [again] = textsFromFrame(result);
    assertEquals(read(again!), encodeHex(result), where);
  }
  const wanted: (TextError | "accepted")[] = [
    "accepted",
    "tooLarge",
    "json",
    "empty",
    "type",
    "unknownType",
    "unknownProperty",
    "missing",
    "range",
    "base64",
    "utf8",
    "conflict",
  ];
  for (const outcome of wanted) {
    assert((counts.get(outcome) ?? 0) > 0, `${outcome}, seed ${SEED}`);
  }
});
