// The floor: what somebody would write for just this call, with its places fixed. It checks nothing, neither what it writes nor
// what it reads, and does not tell one call from another.
import {
  BATCH,
  type Call,
  CHARACTERS,
  FIRST_SEQUENCE,
  type Format,
  type Params,
  STRIKE,
  sumOf,
} from "./_typical.ts";

export const BY_HAND = "by hand (floor)";

const HEADER_BYTES = 6;
const CALL_BYTES = 2 + 4 + 4 + CHARACTERS + 12;
const STRIDE = HEADER_BYTES + CALL_BYTES;

export function makeByHand(calls: readonly Call[]): Format {
  const alone = calls.map((call, i) => {
    const bytes = new Uint8Array(STRIDE);
    const view = new DataView(bytes.buffer);
    putHeader(view, 1, FIRST_SEQUENCE + i);
    putCall(bytes, view, HEADER_BYTES, call);
    return bytes;
  });
  const batch = new Uint8Array(HEADER_BYTES + BATCH * CALL_BYTES);
  const view = new DataView(batch.buffer);
  putHeader(view, BATCH, FIRST_SEQUENCE);
  for (let at = 0; at < BATCH; at++) {
    putCall(batch, view, HEADER_BYTES + at * CALL_BYTES, calls[at]!);
  }
  return {
    name: BY_HAND,
    alone: {
      bytes: STRIDE,
      encode: { name: BY_HAND, run: encodeAlone(calls) },
      decode: { name: BY_HAND, run: decodeAlone(alone) },
    },
    batched: {
      bytes: batch.length / BATCH,
      encode: { name: BY_HAND, run: encodeBatched(calls) },
      decode: { name: BY_HAND, run: decodeBatched(batch) },
    },
  };
}

function putHeader(view: DataView, count: number, sequence: number): void {
  view.setUint8(0, STRIKE.id);
  view.setUint8(1, count);
  view.setUint32(2, sequence, true);
}

function putCall(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  { caller, params }: Call,
): void {
  const { amount, scale, text, at: place } = params;
  view.setUint16(at, caller, true);
  view.setInt32(at + 2, amount, true);
  view.setFloat32(at + 6, scale, true);
  for (let i = 0; i < CHARACTERS; i++) bytes[at + 10 + i] = text.charCodeAt(i);
  view.setFloat32(at + 22, place.x, true);
  view.setFloat32(at + 26, place.y, true);
  view.setFloat32(at + 30, place.z, true);
}

function takeCall(bytes: Uint8Array, view: DataView, at: number): Params {
  return {
    amount: view.getInt32(at + 2, true),
    scale: view.getFloat32(at + 6, true),
    text: String.fromCharCode(
      bytes[at + 10]!,
      bytes[at + 11]!,
      bytes[at + 12]!,
      bytes[at + 13]!,
      bytes[at + 14]!,
      bytes[at + 15]!,
      bytes[at + 16]!,
      bytes[at + 17]!,
      bytes[at + 18]!,
      bytes[at + 19]!,
      bytes[at + 20]!,
      bytes[at + 21]!,
    ),
    at: {
      x: view.getFloat32(at + 22, true),
      y: view.getFloat32(at + 26, true),
      z: view.getFloat32(at + 30, true),
    },
  };
}

function encodeAlone(calls: readonly Call[]): (count: number) => number {
  const bytes = new Uint8Array(STRIDE);
  const view = new DataView(bytes.buffer);
  return (count) => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      putHeader(view, 1, FIRST_SEQUENCE + i);
      putCall(bytes, view, HEADER_BYTES, calls[i % BATCH]!);
      sum += bytes[5]! + bytes[12]!;
    }
    return sum;
  };
}

function encodeBatched(calls: readonly Call[]): (count: number) => number {
  const bytes = new Uint8Array(HEADER_BYTES + BATCH * CALL_BYTES);
  const view = new DataView(bytes.buffer);
  return (count) => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      putHeader(view, BATCH, FIRST_SEQUENCE + i * BATCH);
      for (let at = 0; at < BATCH; at++) {
        putCall(bytes, view, HEADER_BYTES + at * CALL_BYTES, calls[at]!);
      }
      sum += bytes[5]! + bytes[12]!;
    }
    return sum;
  };
}

function decodeAlone(
  packets: readonly Uint8Array[],
): (count: number) => number {
  const views = packets.map(({ buffer }) => new DataView(buffer));
  return (count) => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const bytes = packets[i % BATCH]!;
      const view = views[i % BATCH]!;
      sum += view.getUint8(0) + view.getUint32(2, true) +
        view.getUint16(HEADER_BYTES, true) +
        sumOf(takeCall(bytes, view, HEADER_BYTES));
    }
    return sum;
  };
}

function decodeBatched(packet: Uint8Array): (count: number) => number {
  const view = new DataView(packet.buffer);
  return (count) => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const id = view.getUint8(0);
      const sequence = view.getUint32(2, true);
      for (let k = 0; k < BATCH; k++) {
        const at = HEADER_BYTES + k * CALL_BYTES;
        sum += id + sequence + k + view.getUint16(at, true) +
          sumOf(takeCall(packet, view, at));
      }
    }
    return sum;
  };
}
