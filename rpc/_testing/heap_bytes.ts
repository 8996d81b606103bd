// What V8 takes for values, measured: for soak tests, as it collects all garbage each time.
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/** The bytes of each of so many values that are kept at once. */
export function heapBytes(count: number, make: () => unknown): number {
  const kept: unknown[] = new Array(count).fill(undefined);
  const before = used();
  for (let i = 0; i < count; i++) kept[i] = make();
  const bytes = used() - before;
  // Also keeps them until here.
  return bytes / kept.length;
}

function used(): number {
  collect();
  const { used_heap_size, external_memory } = getHeapStatistics();
  return used_heap_size + external_memory;
}
