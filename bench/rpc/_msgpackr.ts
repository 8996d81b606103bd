// msgpackr: rows instead of maps, floats of 32 bits, one buffer that is used again. Alone it has a row of all values, in a batch
// the id and the first sequence and then a row for each call.
import { FLOAT32_OPTIONS, Packr, RESET_BUFFER_MODE } from "msgpackr";
import {
  BATCH,
  type Call,
  FIRST_SEQUENCE,
  type Format,
  STRIKE,
} from "./_typical.ts";

export const MSGPACKR = "msgpackr rows";

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
/** Id and sequence before them. */
type RowAlone = [number, number, ...Row];
/** Id, sequence and the calls. */
type Batch = [number, number, Row[]];

export function makeMsgpackr(calls: readonly Call[]): Format {
  const rows = calls.map(rowOf);
  const packr = makePackr();
  const alone = rows.map((row, i) =>
    packr.pack([STRIKE.id, FIRST_SEQUENCE + i, ...row]).slice()
  );
  const batch = packr.pack([STRIKE.id, FIRST_SEQUENCE, rows]).slice();
  return {
    name: MSGPACKR,
    alone: {
      bytes: alone.reduce((sum, { length }) => sum + length, 0) / BATCH,
      encode: { name: MSGPACKR, run: encodeAlone(rows) },
      decode: { name: MSGPACKR, run: decodeAlone(alone) },
    },
    batched: {
      bytes: batch.length / BATCH,
      encode: { name: MSGPACKR, run: encodeBatched(rows) },
      decode: { name: MSGPACKR, run: decodeBatched(batch) },
    },
  };
}

function makePackr(): Packr {
  return new Packr({ useRecords: false, useFloat32: FLOAT32_OPTIONS.ALWAYS });
}

function rowOf({ caller, params }: Call): Row {
  const { amount, scale, text, at } = params;
  return [0, caller, amount, scale, text, at.x, at.y, at.z];
}

function encodeAlone(rows: readonly Row[]): (count: number) => number {
  const packr = makePackr();
  const own = rows.map((row): RowAlone => [STRIKE.id, 0, ...row]);
  return (count) => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const row = own[i % BATCH]!;
      row[1] = FIRST_SEQUENCE + i;
      const packet = packr.pack(row, RESET_BUFFER_MODE);
      sum += packet.length + packet[5]!;
    }
    return sum;
  };
}

function encodeBatched(rows: Row[]): (count: number) => number {
  const packr = makePackr();
  const batch: Batch = [STRIKE.id, 0, rows];
  return (count) => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      batch[1] = FIRST_SEQUENCE + i * BATCH;
      const packet = packr.pack(batch, RESET_BUFFER_MODE);
      sum += packet.length + packet[5]!;
    }
    return sum;
  };
}

function decodeAlone(
  packets: readonly Uint8Array[],
): (count: number) => number {
  const packr = makePackr();
  return (count) => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const row: RowAlone = packr.unpack(packets[i % BATCH]!);
      const text = row[6];
      sum += row[0] + row[1] + row[3] + row[4] + row[5] +
        text.length + text.charCodeAt(3) + row[7] + row[8] + row[9];
    }
    return sum;
  };
}

function decodeBatched(packet: Uint8Array): (count: number) => number {
  const packr = makePackr();
  return (count) => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const [id, sequence, rows]: Batch = packr.unpack(packet);
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
