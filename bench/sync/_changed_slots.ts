// What formats that write whole rows need to know.
import { nextBit } from "../../sync/world/bit_set.ts";
import type { Step } from "./_format.ts";
import { COLUMN_COUNT } from "./_recording.ts";

/** The places that do differ. */
export function changedSlots({ base, current, changed }: Step): number[] {
  const { capacity } = current;
  const slots: number[] = [];
  for (
    let slot = nextBit(changed, 0);
    slot >= 0;
    slot = nextBit(changed, slot + 1)
  ) {
    for (let c = 0, at = slot; c < COLUMN_COUNT; c++, at += capacity) {
      if (base.values[at] === current.values[at]) continue;
      slots.push(slot);
      break;
    }
  }
  return slots;
}
