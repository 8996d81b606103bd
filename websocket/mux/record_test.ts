// The records of `PROTOCOL.md`: the vectors both ways, round trips, cut, flipped and mutated frames. The whole count is
// 10,000,000 mutants (TICKWIRE_SOAK=1); an ordinary run takes 20,000. A failure names the seed.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import fc from "fast-check";
import { watch } from "../../protocol/_testing/fuzz_checks.ts";
import { Mutator } from "../../protocol/_testing/mutator.ts";
import { ByteWriter } from "../../protocol/mod.ts";
import {
  CloseCode,
  DataFlag,
  Delivery,
  isCloseCode,
  isTerminalCloseCode,
  type Open,
  type Refuse,
} from "./record.ts";
import {
  type RecordError,
  RecordReader,
  type RecordSink,
} from "./record_reader.ts";
import {
  dataBytesWithin,
  dataHeaderBytes,
  RecordWriter,
} from "./record_writer.ts";
import vectors from "../vectors/records.json" with { type: "json" };

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const MUTANTS = IS_SOAK ? 10_000_000 : 20_000;
const RUNS = IS_SOAK ? 100_000 : 1_000;
const WATCHED = IS_SOAK ? 100_000 : 2_000;
const MAX_BYTES = 2_048;
const MAX_NUMBER = Number.MAX_SAFE_INTEGER;

interface Vector {
  readonly name: string;
  readonly frame: string;
  readonly records: readonly Shown[];
}

/** A record as the vectors show it. */
interface Shown {
  readonly type: string;
  // deno-lint-ignore no-explicit-any
  readonly [field: string]: any;
}

const accepted = vectors.accepted as readonly Vector[];
const frames = [
  ...accepted.map(({ frame }) => decodeHex(frame)),
  ...vectors.refused.map(({ frame }) => decodeHex(frame)),
];

/** Notes records as the vectors show them, until there are `most`. */
class Recorder implements RecordSink {
  readonly records: Shown[] = [];
  readonly most: number;

  constructor(most = Infinity) {
    this.most = most;
  }

  data(
    channel: number,
    flags: number,
    request: number,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const bytes = encodeHex(buffer.subarray(start, end));
    if ((flags & DataFlag.HasRequest) === 0) {
      assertEquals(request, 0);
      return this.#note({ type: "data", channel, flags, bytes });
    }
    return this.#note({ type: "data", channel, flags, request, bytes });
  }
  hello(hello: Parameters<RecordSink["hello"]>[0]): boolean {
    const { session, ...rest } = hello;
    return this.#note({
      type: "hello",
      ...rest,
      ...(session === undefined ? {} : { session: encodeHex(session) }),
    });
  }
  welcome(welcome: Parameters<RecordSink["welcome"]>[0]): boolean {
    const session = encodeHex(welcome.session);
    return this.#note({ type: "welcome", ...welcome, session });
  }
  refuse(refuse: Refuse): boolean {
    return this.#note({ type: "refuse", ...refuse });
  }
  open(open: Open): boolean {
    return this.#note({ type: "open", ...open });
  }
  shut(channel: number): boolean {
    return this.#note({ type: "shut", channel });
  }
  ack(received: number): boolean {
    return this.#note({ type: "ack", received });
  }
  credit(channel: number, limitBytes: number): boolean {
    return this.#note({ type: "credit", channel, limitBytes });
  }
  ping(buffer: Uint8Array, start: number, end: number): boolean {
    return this.#bytes("ping", buffer, start, end);
  }
  pong(
    buffer: Uint8Array,
    start: number,
    end: number,
    heldUs: number,
  ): boolean {
    const bytes = encodeHex(buffer.subarray(start, end));
    return this.#note({ type: "pong", bytes, heldUs });
  }
  gap(from: number, to: number): boolean {
    return this.#note({ type: "gap", from, to });
  }
  bye(bye: Refuse): boolean {
    return this.#note({ type: "bye", ...bye });
  }
  control(buffer: Uint8Array, start: number, end: number): boolean {
    return this.#bytes("control", buffer, start, end);
  }
  #bytes(type: string, from: Uint8Array, start: number, end: number): boolean {
    return this.#note({ type, bytes: encodeHex(from.subarray(start, end)) });
  }
  #note(record: Shown): boolean {
    this.records.push(record);
    return this.records.length < this.most;
  }
}

/** Writes what it is given, at once. */
class Echo implements RecordSink {
  readonly frame = new ByteWriter({ initialBytes: 2 * MAX_BYTES });
  readonly #records = new RecordWriter(this.frame);
  count = 0;

  data(
    ...[channel, flags, request, buffer, start, end]: Parameters<
      RecordSink["data"]
    >
  ): boolean {
    return this.#count(
      this.#records.data(channel, flags, request, buffer, start, end),
    );
  }
  hello(hello: Parameters<RecordSink["hello"]>[0]): boolean {
    return this.#count(this.#records.hello(hello));
  }
  welcome(welcome: Parameters<RecordSink["welcome"]>[0]): boolean {
    return this.#count(this.#records.welcome(welcome));
  }
  refuse(refuse: Refuse): boolean {
    return this.#count(this.#records.refuse(refuse));
  }
  open(open: Open): boolean {
    return this.#count(this.#records.open(open));
  }
  shut(channel: number): boolean {
    return this.#count(this.#records.shut(channel));
  }
  ack(received: number): boolean {
    return this.#count(this.#records.ack(received));
  }
  credit(channel: number, limitBytes: number): boolean {
    return this.#count(this.#records.credit(channel, limitBytes));
  }
  ping(buffer: Uint8Array, start: number, end: number): boolean {
    return this.#count(this.#records.ping(buffer.subarray(start, end)));
  }
  pong(
    buffer: Uint8Array,
    start: number,
    end: number,
    heldUs: number,
  ): boolean {
    const bytes = buffer.subarray(start, end);
    return this.#count(this.#records.pong(bytes, heldUs));
  }
  gap(from: number, to: number): boolean {
    return this.#count(this.#records.gap(from, to));
  }
  bye(bye: Refuse): boolean {
    return this.#count(this.#records.bye(bye));
  }
  control(buffer: Uint8Array, start: number, end: number): boolean {
    return this.#count(this.#records.control(buffer.subarray(start, end)));
  }
  #count(fitted: boolean): boolean {
    assert(fitted, "a record that was read can be written");
    this.count += 1;
    return true;
  }
}

/** Writes a record of the vectors. */
function write(writer: RecordWriter, record: Shown): boolean {
  const { type, ...fields } = record;
  const session = typeof fields.session === "string"
    ? decodeHex(fields.session)
    : undefined;
  const bytes = typeof fields.bytes === "string"
    ? decodeHex(fields.bytes)
    : new Uint8Array();
  switch (type) {
    case "data": {
      const { channel, flags, request = 0 } = fields;
      return writer.data(channel, flags, request, bytes);
    }
    case "hello":
    case "welcome":
      return writer[type]({ ...fields, session } as never);
    case "refuse":
    case "bye":
    case "open":
      return writer[type](fields as never);
    case "shut":
      return writer.shut(fields.channel);
    case "ack":
      return writer.ack(fields.received);
    case "credit":
      return writer.credit(fields.channel, fields.limitBytes);
    case "pong":
      return writer.pong(bytes, fields.heldUs);
    case "ping":
    case "control":
      return writer[type](bytes);
    case "gap":
      return writer.gap(fields.from, fields.to);
  }
  throw new TypeError(`Cannot write a record of type "${type}"`);
}

function encode(records: readonly Shown[]): Uint8Array<ArrayBuffer> {
  const frame = new ByteWriter({ maxBytes: 2 ** 20 });
  const writer = new RecordWriter(frame);
  for (const record of records) assert(write(writer, record), record.type);
  return frame.toBytes();
}

const reader = new RecordReader();

function decode(
  frame: Uint8Array,
): { error: RecordError | undefined; records: readonly Shown[] } {
  const recorder = new Recorder();
  const error = reader.read(frame, recorder);
  return { error, records: recorder.records };
}

/** Reads a frame, and checks that what was accepted is written as it was. */
function check(echo: Echo, frame: Uint8Array): RecordError | undefined {
  echo.frame.reset();
  echo.count = 0;
  const error = reader.read(frame, echo);
  const { buffer, length } = echo.frame;
  assert(
    error === undefined ? length === frame.length : length <= frame.length,
  );
  for (let i = 0; i < length; i++) {
    if (buffer[i] !== frame[i]) {
      throw new Error(`Byte ${i} is written otherwise`);
    }
  }
  return error;
}

Deno.test("RecordWriter writes the bytes of every vector", () => {
  for (const { name, frame, records } of accepted) {
    assertEquals([name, encodeHex(encode(records))], [name, frame]);
  }
});

Deno.test("RecordReader.read() reads every vector", () => {
  for (const { name, frame, records } of accepted) {
    assertEquals([name, decode(decodeHex(frame))], [name, {
      error: undefined,
      records,
    }]);
  }
});

Deno.test("RecordReader.read() says what is wrong with every refused vector", () => {
  for (const { name, frame, error } of vectors.refused) {
    assertEquals([name, decode(decodeHex(frame)).error], [name, error]);
  }
});

Deno.test("RecordReader.read() hands out what comes before the first wrong byte", () => {
  const { error, records } = decode(
    decodeHex("0605" + "0801aa" + "00" + "0606"),
  );
  assertEquals(error, "unknownType");
  assertEquals(records, [{ type: "ack", received: 5 }, {
    type: "ping",
    bytes: "aa",
  }]);
});

Deno.test("RecordReader.read() stops where the sink wants", () => {
  for (const { name, frame, records } of accepted) {
    for (let most = 1; most <= records.length; most++) {
      const recorder = new Recorder(most);
      const error = reader.read(decodeHex(frame), recorder);
      assertEquals([name, error], [name, "stopped"]);
      assertEquals(recorder.records, records.slice(0, most));
    }
  }
});

Deno.test("RecordReader.read() gives the sink session ids that it may keep", () => {
  for (const { name, frame, records } of accepted) {
    if (records[0]!.session === undefined) continue;
    const bytes = decodeHex(frame);
    const recorder = new Recorder();
    let kept: Uint8Array | undefined;
    recorder.hello = ({ session }) => (kept = session) !== undefined;
    recorder.welcome = ({ session }) => (kept = session) !== undefined;
    reader.read(bytes, recorder);
    bytes.fill(0xee);
    assertEquals([name, encodeHex(kept!)], [name, records[0]!.session]);
  }
});

Deno.test("RecordReader.read() refuses every vector cut short", () => {
  const echo = new Echo();
  for (const { name, frame, records } of accepted) {
    const bytes = decodeHex(frame);
    const ends = new Set<number>();
    for (let i = 1; i <= records.length; i++) {
      ends.add(encode(records.slice(0, i)).length);
    }
    for (let end = 0; end < bytes.length; end++) {
      const error = check(echo, bytes.slice(0, end));
      const wanted = end === 0
        ? "empty"
        : ends.has(end)
        ? undefined
        : "truncated";
      assertEquals([name, end, error], [name, end, wanted]);
    }
  }
});

Deno.test("RecordReader.read() is not hurt by any flipped bit", () => {
  const echo = new Echo();
  for (const frame of frames) {
    for (let bit = 0; bit < frame.length * 8; bit++) {
      const flipped = frame.slice();
      flipped[bit >>> 3]! ^= 1 << (bit & 7);
      check(echo, flipped);
    }
  }
});

Deno.test("RecordReader.read() is not hurt by mutants", () => {
  const mutator = new Mutator(MAX_BYTES);
  const echo = new Echo();
  const outcomes = new Map<RecordError | undefined, number>();
  let several = 0;
  for (let seed = 0; seed < MUTANTS; seed++) {
    const length = mutator.mutate(frames, frames, seed);
    const mutant = mutator.buffer.subarray(0, length);
    try {
      const error = check(echo, mutant);
      outcomes.set(error, (outcomes.get(error) ?? 0) + 1);
      if (echo.count > 1) several += 1;
    } catch (cause) {
      throw new Error(`Mutant ${seed} fails: ${encodeHex(mutant)}`, { cause });
    }
  }
  // They do not all end alike, so that something was tried.
  assertEquals(outcomes.size, 8, JSON.stringify([...outcomes]));
  assert(outcomes.get(undefined)! > MUTANTS / 50);
  assert(several > MUTANTS / 100);
});

Deno.test("RecordReader.read() reads nothing outside of a frame", () => {
  const mutator = new Mutator(MAX_BYTES);
  for (let seed = 0; seed < WATCHED; seed++) {
    const length = mutator.mutate(frames, frames, seed);
    const mutant = mutator.buffer.slice(0, length);
    const watched = watch(mutant.slice());
    let count = 0;
    const counting = new Recorder();
    counting.data = () => ++count > 0;
    counting.ping = counting.pong = counting.control = () => ++count > 0;
    const error = reader.read(watched.bytes, counting);
    assertEquals(watched.faults, [], `mutant ${seed}`);
    assertEquals(error, decode(mutant).error, `mutant ${seed}`);
    assert(watched.reads <= 8 * length + 16, `${watched.reads} of ${length}`);
  }
});

const number = fc.oneof(
  fc.nat(300),
  fc.maxSafeNat(),
  fc.integer({ min: 0, max: 53 }).map((bits) =>
    Math.min(2 ** bits, MAX_NUMBER)
  ),
);
const id = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(encodeHex);
const hex = (most: number, least = 0) =>
  fc.uint8Array({ minLength: least, maxLength: most }).map(encodeHex);
const channel = fc.oneof(
  fc.integer({ min: 1, max: 200 }),
  fc.integer({ min: 1, max: 65_535 }),
);
const duration = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const limits = {
  maxFrameBytes: fc.integer({ min: 1_024, max: 2 ** 24 }),
  maxMessageBytes: fc.integer({ min: 1, max: 2 ** 30 }),
  windowBytes: fc.integer({ min: 0, max: 2 ** 30 }),
};
/** Text of whole characters, as half of a pair comes back as U+FFFD. */
const text = (most: number, least = 0) =>
  fc.string({ unit: "binary", minLength: least, maxLength: most }).filter((
    text,
  ) => {
    const { length } = new TextEncoder().encode(text);
    return length >= least && length <= most;
  });
const ending = (type: string) =>
  fc.record({
    type: fc.constant(type),
    code: fc.oneof(fc.constant(1000), fc.integer({ min: 3000, max: 4999 })),
    retryAfterMs: duration,
    reason: text(123),
  });
const anyRecord: fc.Arbitrary<Shown> = fc.oneof(
  fc.record({
    type: fc.constant("data"),
    channel,
    flags: fc.constantFrom(...[0, 1, 2, 3]),
    bytes: hex(400),
  }),
  fc.record({
    type: fc.constant("data"),
    channel,
    flags: fc.constantFrom(...[4, 5, 6, 7, 8, 12]),
    bytes: hex(400, 1),
  }),
  fc.record({
    type: fc.constant("data"),
    channel,
    flags: fc.constantFrom(...[0x10, 0x11, 0x14, 0x17]),
    request: number,
    bytes: hex(40, 1),
  }),
  fc.record({
    type: fc.constant("hello"),
    minVersion: fc.constantFrom(1, 2),
    maxVersion: fc.integer({ min: 2, max: 255 }),
    canDeflate: fc.boolean(),
    session: id,
    received: number,
    ...limits,
  }),
  fc.record({
    type: fc.constant("hello"),
    minVersion: fc.constant(1),
    maxVersion: fc.integer({ min: 1, max: 255 }),
    canDeflate: fc.boolean(),
    received: fc.constant(0),
    ...limits,
  }),
  fc.record({
    type: fc.constant("welcome"),
    version: fc.integer({ min: 1, max: 255 }),
    canDeflate: fc.boolean(),
    isResumed: fc.constant(true),
    session: id,
    received: number,
    available: number.map((value) => Math.max(1, value)),
    keepaliveMs: duration,
    resumeWindowMs: duration,
    ...limits,
  }),
  ending("refuse"),
  ending("bye"),
  fc.record({
    type: fc.constant("open"),
    channel,
    delivery: fc.constantFrom(0, 1, 2),
    priority: fc.nat(7),
    name: text(128, 1),
  }),
  fc.record({ type: fc.constant("shut"), channel }),
  fc.record({ type: fc.constant("ack"), received: number }),
  fc.record({ type: fc.constant("credit"), channel, limitBytes: number }),
  fc.record({
    type: fc.constantFrom("ping", "control"),
    bytes: hex(125),
  }),
  fc.record({
    type: fc.constant("pong"),
    bytes: hex(125),
    heldUs: fc.nat(2 ** 31 - 1),
  }),
  fc.tuple(number, number).map(([one, other]) => ({
    type: "gap",
    from: Math.max(1, Math.min(one, other)),
    to: Math.max(1, one, other),
  })),
);

Deno.test("RecordReader.read() reads what RecordWriter wrote", () => {
  fc.assert(
    fc.property(
      fc.array(anyRecord, { minLength: 1, maxLength: 8 }),
      (records) => {
        assertEquals(decode(encode(records)), { error: undefined, records });
      },
    ),
    { numRuns: RUNS, seed: 4 },
  );
});

Deno.test("RecordWriter leaves the frame as it was where a record does not fit", () => {
  fc.assert(
    fc.property(
      fc.array(anyRecord, { minLength: 1, maxLength: 8 }),
      fc.nat(600),
      (records, room) => {
        const frame = ByteWriter.over(new Uint8Array(room));
        const writer = new RecordWriter(frame);
        const kept = records.filter((record) => {
          const before = encodeHex(frame.view());
          const size = encode([record]).length;
          const hasRoom = size <= room - frame.length;
          assertEquals(write(writer, record), hasRoom);
          assert(frame.ok);
          if (!hasRoom) assertEquals(encodeHex(frame.view()), before);
          return hasRoom;
        });
        assertEquals(
          decode(frame.toBytes()),
          kept.length === 0
            ? { error: "empty", records: [] }
            : { error: undefined, records: kept },
        );
      },
    ),
    { numRuns: RUNS, seed: 4 },
  );
});

Deno.test("RecordWriter.data() copies a range, of any length", () => {
  const source = Uint8Array.from({ length: 70_000 }, (_, i) => i * 7);
  const frame = new ByteWriter({ maxBytes: 100_000 });
  const writer = new RecordWriter(frame);
  for (
    const length of [0, 1, 31, 32, 33, 100, 127, 128, 16_383, 16_384, 69_000]
  ) {
    frame.reset();
    assert(writer.data(300, DataFlag.Text, 0, source, 9, 9 + length));
    const header = dataHeaderBytes(300, DataFlag.Text, 0, length);
    assertEquals(frame.length, header + length);
    assertEquals(
      encodeHex(frame.view().subarray(header)),
      encodeHex(source.subarray(9, 9 + length)),
    );
  }
});

Deno.test("RecordWriter.data() works into bytes of the caller's that end with the record", () => {
  const bytes = new Uint8Array([1, 2, 3]);
  const target = new Uint8Array(7);
  const frame = ByteWriter.over(target.subarray(1));
  assert(new RecordWriter(frame).data(1, 0, 0, bytes));
  assertEquals(encodeHex(target), "00800103010203");
});

Deno.test("dataBytesWithin() finds the longest fragment that fits", () => {
  const source = new Uint8Array(20_000);
  const cases: [number, number, number][] = [
    [1, 0, 0],
    [65_535, DataFlag.More, 0],
    [300, DataFlag.HasRequest, MAX_NUMBER],
  ];
  for (const [channel, flags, request] of cases) {
    for (const from of [0, 120, 16_370]) {
      for (let budget = from; budget < from + 60; budget++) {
        const most = dataBytesWithin(channel, flags, request, budget);
        if (most < 0) {
          assert(dataHeaderBytes(channel, flags, request, 0) > budget);
          continue;
        }
        const size = (length: number) =>
          dataHeaderBytes(channel, flags, request, length) + length;
        assert(size(most) <= budget && size(most + 1) > budget, `${budget}`);
        if (most === 0) continue;
        const frame = ByteWriter.over(new Uint8Array(budget));
        const writer = new RecordWriter(frame);
        assert(!writer.data(channel, flags, request, source, 0, most + 1));
        assertEquals(frame.length, 0);
        assert(writer.data(channel, flags, request, source, 0, most));
      }
    }
  }
});

Deno.test("RecordWriter throws for what no record can hold", () => {
  const writer = new RecordWriter(new ByteWriter());
  const bytes = new Uint8Array(200);
  const hello = {
    minVersion: 1,
    maxVersion: 1,
    canDeflate: false,
    session: undefined,
    received: 0,
    maxFrameBytes: 65_536,
    maxMessageBytes: 65_536,
    windowBytes: 65_536,
  };
  const welcome = {
    ...hello,
    version: 1,
    isResumed: false,
    session: bytes.slice(0, 16),
    available: 1,
    keepaliveMs: 0,
    resumeWindowMs: 0,
  };
  const open = {
    channel: 1,
    delivery: Delivery.AtMostOnce,
    priority: 0,
    name: "a",
  };
  const wrong: (() => unknown)[] = [
    () => writer.data(0, 0, 0, bytes),
    () => writer.data(65_536, 0, 0, bytes),
    () => writer.data(1.5, 0, 0, bytes),
    () => writer.data(NaN, 0, 0, bytes),
    () => writer.data(1, 0x20, 0, bytes),
    () => writer.data(1, DataFlag.Continues | DataFlag.Text, 0, bytes),
    () => writer.data(1, DataFlag.HasRequest, -1, bytes),
    () => writer.data(1, DataFlag.HasRequest, NaN, bytes),
    () => writer.data(1, 0, 0, bytes, 0, 201),
    () => writer.data(1, 0, 0, bytes, 2, 1),
    () => writer.data(1, 0, 0, bytes, -1, 1),
    () => writer.data(1, 0, 0, bytes, 0, NaN),
    () => writer.data(1, DataFlag.More, 0, bytes, 0, 0),
    () => writer.data(1, DataFlag.Continues, 0, bytes, 0, 0),
    () => writer.hello({ ...hello, minVersion: 0 }),
    () => writer.hello({ ...hello, maxVersion: 256 }),
    () => writer.hello({ ...hello, minVersion: 2 }),
    () => writer.hello({ ...hello, session: bytes }),
    () => writer.hello({ ...hello, received: 1 }),
    () => writer.hello({ ...hello, maxFrameBytes: 1_023 }),
    () => writer.hello({ ...hello, maxMessageBytes: 0 }),
    () => writer.hello({ ...hello, windowBytes: 2 ** 30 + 1 }),
    () => writer.welcome({ ...welcome, version: 0 }),
    () => writer.welcome({ ...welcome, session: bytes }),
    () => writer.welcome({ ...welcome, received: 1 }),
    () => writer.welcome({ ...welcome, available: 2 }),
    () => writer.welcome({ ...welcome, isResumed: true, available: 0 }),
    () => writer.welcome({ ...welcome, keepaliveMs: 2 ** 31 }),
    () => writer.welcome({ ...welcome, resumeWindowMs: -1 }),
    () => writer.open({ ...open, channel: 0 }),
    () => writer.open({ ...open, delivery: 3 as Delivery }),
    () => writer.open({ ...open, priority: 8 }),
    () => writer.open({ ...open, name: "" }),
    () => writer.open({ ...open, name: "é".repeat(65) }),
    () => writer.open({ ...open, name: "a".repeat(129) }),
    () => writer.shut(65_536),
    () => writer.ack(-1),
    () => writer.ack(2 ** 53),
    () => writer.credit(0, 1),
    () => writer.credit(1, 0.5),
    () => writer.ping(bytes.subarray(0, 126)),
    () => writer.pong(bytes.subarray(0, 126)),
    () => writer.pong(bytes.subarray(0, 1), 2 ** 31),
    () => writer.pong(bytes.subarray(0, 1), 0.5),
    () => writer.control(new Uint8Array(65_536)),
    () => writer.gap(0, 1),
    () => writer.gap(2, 1),
    () => writer.bye({ code: 1006, retryAfterMs: 0, reason: "" }),
    () => writer.refuse({ code: 4000, retryAfterMs: 2 ** 31, reason: "" }),
  ];
  for (const action of wrong) {
    const { message } = assertThrows(action, RangeError);
    assert(message.includes("Cannot write"), message);
    assertEquals([writer.frame.length, writer.frame.ok], [0, true]);
  }
});

Deno.test("RecordWriter.bye() cuts a reason that is too long", () => {
  const frame = new ByteWriter();
  const writer = new RecordWriter(frame);
  assert(writer.bye({ code: 4000, retryAfterMs: 0, reason: "€".repeat(60) }));
  assertEquals(decode(frame.view()).records[0]!.reason, "€".repeat(41));
});

Deno.test("isCloseCode() and isTerminalCloseCode() know every code of the protocol", () => {
  const terminal = [1000, 4001, 4002, 4003, 4005, 4007, 4013];
  for (const code of Object.values(CloseCode)) assert(isCloseCode(code));
  for (let code = 0; code < 70_000; code++) {
    assertEquals(
      isCloseCode(code),
      code === 1000 || (code >= 3000 && code < 5000),
    );
    assertEquals(isTerminalCloseCode(code), terminal.includes(code));
  }
  assertEquals([NaN, 4000.5, -1, Infinity].some(isCloseCode), false);
});
