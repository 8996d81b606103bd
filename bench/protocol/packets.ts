// A packet of six header fields and 100 bytes of payload, written and read in the way that is
// fastest for each contender. Every loop gives all of the fields anew for each packet, as a
// connection would: numbers that count on, and one packet missing in every eighth.
//
// The floor is what somebody would write by hand for just these fields: a DataView, fixed
// places, no loop and no choice. It checks only that a packet it reads is all there.
import { Packr, RESET_BUFFER_MODE } from "msgpackr";
import protobuf from "protobufjs/minimal.js";
import { SeededRandom } from "../../core/mod.ts";
import {
  ByteWriter,
  PacketDecoder,
  PacketEncoder,
  PacketFlags,
  PacketKind,
  PacketView,
} from "../../protocol/mod.ts";
import { atLeast, atMost, type Row, type Section } from "../_report.ts";
import { type Loop, time, type Timings } from "../_nanoseconds.ts";
import { Packet as ProtobufPacket } from "./_packet_protobuf.js";

const PAYLOAD_BYTES = 100;
const FLOOR_HEADER_BYTES = 18;
/** Packets there are to be read, and the distance from one to the next. */
const RECEIVED = 256;
const STRIDE = 192;
const FIRST_SEQUENCE = 1_000_000;
const PACKETS_PER_TURN = 2_000;

const FLOOR = "DataView by hand (floor)";
const COMPACT = "tickwire";
const FULL = "tickwire, full header";
const PROTOBUF = "protobufjs static";
const MSGPACKR = "msgpackr records";

interface Header {
  version: number;
  flags: number;
  kind: number;
  sequence: number;
  ack: number;
  ackBits: number;
  payloadLen: number;
}

interface Message {
  readonly header: Header;
  payload: Uint8Array;
}

/** The same, as the peers want it. */
interface Flat extends Omit<Header, "payloadLen"> {
  payload: Uint8Array;
}

/** What protobufjs generated, and the parts of its Writer and Reader that are used here. */
interface ProtobufWriter {
  readonly buf: Uint8Array;
  readonly pos: number;
  reset(): void;
}
interface ProtobufReader {
  pos: number;
  len: number;
}
interface ProtobufCodec {
  encode(message: Flat, writer: ProtobufWriter): void;
  decode(reader: ProtobufReader, length: number): Flat;
}
const codec = ProtobufPacket as unknown as ProtobufCodec;

/** Packets in one buffer, as a socket hands them out. */
interface Inbox {
  readonly bytes: Uint8Array;
  readonly ends: readonly number[];
}

export async function measurePackets(isSmoke: boolean): Promise<Section[]> {
  const payloads = makePayloads();
  function timed(loops: readonly Loop[]): Promise<Timings> {
    return time(loops, isSmoke, PACKETS_PER_TURN);
  }
  const encode = await timed([
    floorEncoder(payloads),
    ourEncoder(COMPACT, new PacketEncoder(), payloads),
    protobufEncoder(payloads),
    msgpackrEncoder(payloads),
  ]);
  const inboxes = makeInboxes(payloads);
  const decode = await timed([
    floorViewDecoder(inboxes[FLOOR]!),
    ourViewDecoder(COMPACT, inboxes[COMPACT]!),
    protobufDecoder(inboxes[PROTOBUF]!),
    msgpackrDecoder(inboxes[MSGPACKR]!),
  ]);
  const place = await timed([
    floorDecoder(inboxes[FLOOR]!),
    ourDecoder(COMPACT, inboxes[COMPACT]!),
  ]);
  // Only now, as a game uses one form, and the compiler one code for both.
  const fullEncode = await timed([
    floorEncoder(payloads),
    ourEncoder(FULL, new PacketEncoder({ form: "full" }), payloads),
  ]);
  const fullPlace = await timed([
    floorDecoder(inboxes[FLOOR]!),
    ourDecoder(FULL, inboxes[FULL]!),
  ]);
  const peers = [FLOOR, COMPACT, PROTOBUF, MSGPACKR];
  return [
    {
      title: "protocol: encode a packet of 100 bytes",
      notes: [
        "Into one buffer that is used again, all fields given anew, payload copied; ns.",
      ],
      rows: [
        ...peers.map((name) => ({
          ...row(name, encode),
          "bytes": meanBytes(inboxes[name]!),
        })),
        { ...row(FULL, fullEncode), "bytes": meanBytes(inboxes[FULL]!) },
      ],
      bars: bars("encode", encode),
    },
    {
      title: "protocol: decode a packet of 100 bytes, payload as a Uint8Array",
      notes: [
        "From one receive buffer, all fields read, the payload as a view of its own, which is",
        "what the peers make of it; ns.",
      ],
      rows: peers.map((name) => row(name, decode)),
      bars: bars("decode", decode),
    },
    {
      title: "protocol: decode a packet of 100 bytes, payload where it lies",
      notes: [
        "The same without the view: tryDecode() alone, which tells start and length; ns. The",
        "floor believes every byte, so that this is the price of doubting them.",
      ],
      rows: [
        ...[FLOOR, COMPACT].map((name) => row(name, place)),
        row(FULL, fullPlace),
      ],
      bars: [
        atMost(
          "decode in place, to the floor",
          1.5,
          place.ratio(COMPACT, FLOOR),
          "x",
        ),
      ],
    },
  ];
}

function meanBytes({ ends }: Inbox): number {
  return ends.reduce((sum, end, i) => sum + end - i * STRIDE, 0) / RECEIVED;
}

function row(name: string, timings: Timings): Row {
  return {
    name,
    "p50": timings.ns(name),
    "p10": timings.quietNs(name),
    "to the floor": timings.ratio(name, FLOOR),
  };
}

function bars(what: string, timings: Timings): Section["bars"] {
  return [
    atMost(`${what}, to the floor`, 1.5, timings.ratio(COMPACT, FLOOR), "x"),
    atLeast(
      `${what}, protobufjs to tickwire`,
      1,
      timings.ratio(PROTOBUF, COMPACT),
      "x",
    ),
    atLeast(
      `${what}, msgpackr to tickwire`,
      1,
      timings.ratio(MSGPACKR, COMPACT),
      "x",
    ),
  ];
}

function makePayloads(): Uint8Array[] {
  const random = new SeededRandom(1);
  return Array.from({ length: 64 }, () => {
    const payload = new Uint8Array(PAYLOAD_BYTES);
    random.fill(payload);
    return payload;
  });
}

/** Sets the fields that change from packet to packet. */
function advance(header: Header | Flat, i: number): void {
  header.sequence = FIRST_SEQUENCE + i;
  header.ack = FIRST_SEQUENCE + i - 5;
  header.ackBits = (i & 7) === 0 ? ~(1 << ((i >>> 3) & 31)) >>> 0 : 0xffff_ffff;
}

function makeMessage(payload: Uint8Array): Message {
  const { payload: _, ...header } = makeFlat(payload);
  return { header: { ...header, payloadLen: PAYLOAD_BYTES }, payload };
}

function makeFlat(payload: Uint8Array): Flat {
  return {
    version: 1,
    flags: PacketFlags.RELIABLE | PacketFlags.ORDERED,
    kind: PacketKind.StateUpdate,
    sequence: 0,
    ack: 0,
    ackBits: 0,
    payload,
  };
}

function floorEncoder(payloads: readonly Uint8Array[]): Loop {
  const message = makeMessage(payloads[0]!);
  const buffer = new Uint8Array(2_048);
  const view = new DataView(buffer.buffer);
  return {
    name: FLOOR,
    run(count) {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        advance(message.header, i);
        message.payload = payloads[i & 63]!;
        sum += putFloor(message, buffer, view) + buffer[4]!;
      }
      return sum;
    },
  };
}

function putFloor(
  { header, payload }: Message,
  buffer: Uint8Array,
  view: DataView,
): number {
  view.setUint8(0, header.version);
  view.setUint8(1, header.flags);
  view.setUint16(2, header.kind, true);
  view.setUint32(4, header.sequence, true);
  view.setUint32(8, header.ack, true);
  view.setUint32(12, header.ackBits, true);
  view.setUint16(16, payload.length, true);
  buffer.set(payload, FLOOR_HEADER_BYTES);
  return FLOOR_HEADER_BYTES + payload.length;
}

function ourEncoder(
  name: string,
  encoder: PacketEncoder,
  payloads: readonly Uint8Array[],
): Loop {
  const message = makeMessage(payloads[0]!);
  const writer = new ByteWriter({ initialBytes: 2_048 });
  return {
    name,
    run(count) {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        advance(message.header, i);
        message.payload = payloads[i & 63]!;
        writer.reset();
        if (!encoder.encodeInto(message, writer)) throw new Error(name);
        sum += writer.length + writer.buffer[4]!;
      }
      return sum;
    },
  };
}

function protobufEncoder(payloads: readonly Uint8Array[]): Loop {
  const message = makeFlat(payloads[0]!);
  const writer = protobuf.Writer.create() as unknown as ProtobufWriter;
  return {
    name: PROTOBUF,
    run(count) {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        advance(message, i);
        message.payload = payloads[i & 63]!;
        // Without finish(), which copies.
        writer.reset();
        codec.encode(message, writer);
        sum += writer.pos + writer.buf[4]!;
      }
      return sum;
    },
  };
}

function msgpackrEncoder(payloads: readonly Uint8Array[]): Loop {
  const message = makeFlat(payloads[0]!);
  const packr = makePackr();
  return {
    name: MSGPACKR,
    run(count) {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        advance(message, i);
        message.payload = payloads[i & 63]!;
        const packed = packr.pack(message, RESET_BUFFER_MODE);
        sum += packed.length + packed[4]!;
      }
      return sum;
    },
  };
}

interface Inboxes {
  readonly [name: string]: Inbox;
}

function makeInboxes(payloads: readonly Uint8Array[]): Inboxes {
  const buffer = new Uint8Array(STRIDE);
  const view = new DataView(buffer.buffer);
  const encoder = new PacketEncoder();
  const full = new PacketEncoder({ form: "full" });
  const writer = new ByteWriter();
  function ours(encoder: PacketEncoder, message: Message): Uint8Array {
    writer.reset();
    encoder.encodeInto(message, writer);
    return writer.view();
  }
  const { Writer } = protobuf;
  const packr = makePackr();
  return {
    [FLOOR]: fill(
      payloads,
      (message) => buffer.subarray(0, putFloor(message, buffer, view)),
    ),
    [COMPACT]: fill(payloads, (message) => ours(encoder, message)),
    [FULL]: fill(payloads, (message) => ours(full, message)),
    [PROTOBUF]: fill(payloads, (message) => {
      const writer = Writer.create();
      codec.encode(flatten(message), writer as unknown as ProtobufWriter);
      return writer.finish();
    }),
    [MSGPACKR]: fill(payloads, (message) => packr.pack(flatten(message))),
  };
}

/** Two that were given the same message at first understand each other. */
function makePackr(): Packr {
  const packr = new Packr({ structures: [] });
  packr.pack(makeFlat(new Uint8Array(PAYLOAD_BYTES)));
  return packr;
}

function flatten({ header, payload }: Message): Flat {
  const { payloadLen: _, ...rest } = header;
  return { ...rest, payload };
}

function fill(
  payloads: readonly Uint8Array[],
  encode: (message: Message) => Uint8Array,
): Inbox {
  const bytes = new Uint8Array(RECEIVED * STRIDE);
  const ends: number[] = [];
  for (let i = 0; i < RECEIVED; i++) {
    const message = makeMessage(payloads[i & 63]!);
    advance(message.header, i * 37);
    const encoded = encode(message);
    bytes.set(encoded, i * STRIDE);
    ends.push(i * STRIDE + encoded.length);
  }
  return { bytes, ends };
}

function floorDecoder({ bytes, ends }: Inbox): Loop {
  const data = new DataView(bytes.buffer);
  const view = new PacketView();
  return {
    name: FLOOR,
    run(count) {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        const at = i % RECEIVED;
        if (!takeFloor(bytes, data, at * STRIDE, ends[at]!, view)) {
          throw new Error(FLOOR);
        }
        sum += fields(view) + view.payloadLen +
          view.buffer[view.payloadStart]!;
      }
      return sum;
    },
  };
}

function floorViewDecoder({ bytes, ends }: Inbox): Loop {
  const data = new DataView(bytes.buffer);
  const view = new PacketView();
  return {
    name: FLOOR,
    run(count) {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        const at = i % RECEIVED;
        if (!takeFloor(bytes, data, at * STRIDE, ends[at]!, view)) {
          throw new Error(FLOOR);
        }
        const payload = view.payload();
        sum += fields(view) + payload.length + payload[0]!;
      }
      return sum;
    },
  };
}

function takeFloor(
  bytes: Uint8Array,
  data: DataView,
  start: number,
  end: number,
  view: PacketView,
): boolean {
  const payloadStart = start + FLOOR_HEADER_BYTES;
  if (payloadStart > end) return false;
  view.version = data.getUint8(start);
  view.flags = data.getUint8(start + 1);
  view.kind = data.getUint16(start + 2, true);
  view.sequence = data.getUint32(start + 4, true);
  view.ack = data.getUint32(start + 8, true);
  view.ackBits = data.getUint32(start + 12, true);
  view.payloadLen = data.getUint16(start + 16, true);
  view.buffer = bytes;
  view.payloadStart = payloadStart;
  view.end = payloadStart + view.payloadLen;
  return view.end <= end;
}

function ourDecoder(name: string, { bytes, ends }: Inbox): Loop {
  const decoder = new PacketDecoder();
  const view = new PacketView();
  return {
    name,
    run(count) {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        const at = i % RECEIVED;
        if (decoder.tryDecode(bytes, view, at * STRIDE, ends[at]!)) {
          throw new Error(name);
        }
        sum += fields(view) + view.payloadLen +
          view.buffer[view.payloadStart]!;
      }
      return sum;
    },
  };
}

function ourViewDecoder(name: string, { bytes, ends }: Inbox): Loop {
  const decoder = new PacketDecoder();
  const view = new PacketView();
  return {
    name,
    run(count) {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        const at = i % RECEIVED;
        if (decoder.tryDecode(bytes, view, at * STRIDE, ends[at]!)) {
          throw new Error(name);
        }
        const payload = view.payload();
        sum += fields(view) + payload.length + payload[0]!;
      }
      return sum;
    },
  };
}

function protobufDecoder({ bytes, ends }: Inbox): Loop {
  const reader = protobuf.Reader.create(bytes) as unknown as ProtobufReader;
  return {
    name: PROTOBUF,
    run(count) {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        const at = i % RECEIVED;
        const start = at * STRIDE;
        reader.pos = start;
        const message = codec.decode(reader, ends[at]! - start);
        const { payload } = message;
        sum += fields(message) + payload.length + payload[0]!;
      }
      return sum;
    },
  };
}

function msgpackrDecoder({ bytes, ends }: Inbox): Loop {
  const packr = makePackr();
  // It is faster with an array for each packet than with a range.
  const packets = ends.map((end, i) => bytes.subarray(i * STRIDE, end));
  return {
    name: MSGPACKR,
    run(count) {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        const message: Flat = packr.unpack(packets[i % RECEIVED]!);
        const { payload } = message;
        sum += fields(message) + payload.length + payload[0]!;
      }
      return sum;
    },
  };
}

function fields(packet: Omit<Header, "payloadLen">): number {
  return packet.version + packet.flags + packet.kind + packet.sequence +
    packet.ack + packet.ackBits;
}
