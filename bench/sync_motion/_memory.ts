// What calls leave on the heap: typed arrays by counting their making, the rest by the heap's own figure.

/** What calls make. */
export interface Memory {
  /** Typed arrays, in all calls. */
  readonly typedArrays: number;
  /** Bytes of the heap, for each call. */
  readonly heapBytes: number;
}

const NAMES = [
  "Float64Array",
  "Float32Array",
  "Uint32Array",
  "Int32Array",
  "Uint16Array",
  "Uint8Array",
] as const;
const CALLS = 1_000;

/**
 * Counts what calls make.
 *
 * @param run Does as many calls as it is told.
 * @param isShort Whether ten calls must do.
 */
export function countMemory(
  run: (count: number) => unknown,
  isShort: boolean,
): Memory {
  const calls = isShort ? 10 : CALLS;
  return {
    typedArrays: countArrays(run, calls),
    heapBytes: heapOf(run, calls),
  };
}

function countArrays(run: (count: number) => unknown, calls: number): number {
  const global = globalThis as unknown as Record<string, unknown>;
  const before = NAMES.map((name) => global[name]);
  let made = 0;
  NAMES.forEach((name, i) => {
    global[name] = new Proxy(before[i] as new () => object, {
      construct(target, args, own): object {
        made++;
        return Reflect.construct(target, args, own);
      },
    });
  });
  try {
    run(calls);
  } finally {
    NAMES.forEach((name, i) => global[name] = before[i]);
  }
  return made;
}

/** The median of several runs; one with a collection in it shrinks, and is left out. */
function heapOf(run: (count: number) => unknown, calls: number): number {
  run(calls);
  const bytes: number[] = [];
  for (let i = 0; i < 11; i++) {
    const before = Deno.memoryUsage().heapUsed;
    run(calls);
    const used = Deno.memoryUsage().heapUsed - before;
    if (used >= 0) bytes.push(used / calls);
  }
  bytes.sort((a, b) => a - b);
  return bytes[bytes.length >>> 1] ?? NaN;
}
