// JSON: rows instead of objects, UTF-8 into one buffer that is used again.
import {
  BATCH,
  type Call,
  FIRST_SEQUENCE,
  type Format,
  STRIKE,
} from "./_typical.ts";

export const JSON_ROWS = "JSON rows";

/** Target, caller, amount, scale, text, x, y, z. */
type Row = [
  number,
  number,
  number,
  number,
  string,
  number,
  number,
  number,
];
type RowAlone = [number, number, ...Row];
type Batch = [number, number, Row[]];

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function makeJson(calls: readonly Call[]): Format {
  const rows = calls.map(rowOf);
  const alone = rows.map((row, i) =>
    encoder.encode(JSON.stringify([STRIKE.id, FIRST_SEQUENCE + i, ...row]))
  );
  const batch = encoder.encode(
    JSON.stringify([STRIKE.id, FIRST_SEQUENCE, rows]),
  );
  return {
    name: JSON_ROWS,
    alone: {
      bytes: alone.reduce((sum, { length }) => sum + length, 0) / BATCH,
      encode: { name: JSON_ROWS, run: encodeAlone(rows) },
      decode: { name: JSON_ROWS, run: decodeAlone(alone) },
    },
    batched: {
      bytes: batch.length / BATCH,
      encode: { name: JSON_ROWS, run: encodeBatched(rows) },
      decode: { name: JSON_ROWS, run: decodeBatched(batch) },
    },
  };
}

function rowOf({ caller, params }: Call): Row {
  const { amount, scale, text, at } = params;
  return [0, caller, amount, scale, text, at.x, at.y, at.z];
}

function encodeAlone(rows: readonly Row[]): (count: number) => number {
  const bytes = new Uint8Array(512);
  const own = rows.map((row): RowAlone => [STRIKE.id, 0, ...row]);
  return (count) => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const row = own[i % BATCH]!;
      row[1] = FIRST_SEQUENCE + i;
      sum += encoder.encodeInto(JSON.stringify(row), bytes).written + bytes[5]!;
    }
    return sum;
  };
}

function encodeBatched(rows: Row[]): (count: number) => number {
  const bytes = new Uint8Array(32_768);
  const batch: Batch = [STRIKE.id, 0, rows];
  return (count) => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      batch[1] = FIRST_SEQUENCE + i * BATCH;
      const text = JSON.stringify(batch);
      sum += encoder.encodeInto(text, bytes).written + bytes[5]!;
    }
    return sum;
  };
}

function decodeAlone(
  packets: readonly Uint8Array[],
): (count: number) => number {
  return (count) => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const row: RowAlone = JSON.parse(decoder.decode(packets[i % BATCH]!));
      const text = row[6];
      sum += row[0] + row[1] + row[3] + row[4] + row[5] +
        text.length + text.charCodeAt(3) + row[7] + row[8] + row[9];
    }
    return sum;
  };
}

function decodeBatched(packet: Uint8Array): (count: number) => number {
  return (count) => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const [id, sequence, rows]: Batch = JSON.parse(decoder.decode(packet));
      for (let at = 0; at < rows.length; at++) {
        const row = rows[at]!;
        const text = row[4];
        sum += id + sequence + at + row[1] + row[2] + row[3] +
          text.length + text.charCodeAt(3) + row[5] + row[6] + row[7];
      }
    }
    return sum;
  };
}
