// msgpackr: a row of numbers for each cube that has changed, in one buffer that is used again.
import { Packr, RESET_BUFFER_MODE } from "msgpackr";
import { changedSlots } from "./_changed_slots.ts";
import type { Format } from "./_format.ts";
import { COLUMN_COUNT } from "./_recording.ts";

export const MSGPACKR: Format = {
  name: "msgpackr, changed rows",
  open() {
    const packr = new Packr({ useRecords: false });
    return {
      encode(step) {
        const { values, capacity } = step.current;
        const rows = changedSlots(step).map((slot) => {
          const row = [slot];
          for (let c = 0, at = slot; c < COLUMN_COUNT; c++, at += capacity) {
            row.push(values[at]!);
          }
          return row;
        });
        return packr.pack(rows, RESET_BUFFER_MODE);
      },
      decode(bytes, { into: { values, capacity } }) {
        const rows: number[][] = packr.unpack(bytes);
        for (const row of rows) {
          for (let c = 1, at = row[0]!; c <= COLUMN_COUNT; c++) {
            values[at] = row[c]!;
            at += capacity;
          }
        }
      },
    };
  },
};
