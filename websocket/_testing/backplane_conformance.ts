// What every Backplane does, as one table of cases.
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import type { Backplane } from "../hub/backplane.ts";

/** Opens one more end of the same backplane. */
export type OpenBackplane = () => Promise<Backplane>;

/**
 * Registers a test for each of the cases.
 *
 * @param name The name of the implementation.
 * @param withBackplane Calls back with what opens ends that nobody else uses, and
 * cleans up.
 * @param ignore Whether it cannot run here.
 */
export function testBackplane(
  name: string,
  withBackplane: (run: (open: OpenBackplane) => Promise<void>) => Promise<void>,
  ignore = false,
): void {
  for (const [behaviour, run] of Object.entries(CASES)) {
    Deno.test({
      name: `${name}.${behaviour}`,
      ignore,
      fn: () =>
        withBackplane(async (open) => {
          const opened: Backplane[] = [];
          try {
            await run(async () => {
              const backplane = await open();
              opened.push(backplane);
              return backplane;
            });
          } finally {
            for (const backplane of opened) await backplane.close();
          }
        }),
    });
  }
}

/** Comes to an end in the next turns of the event loop, or fails. */
export async function until(condition: () => boolean): Promise<void> {
  const endMs = performance.now() + 120_000;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error("It never came true");
    await new Promise((resolve) => setTimeout(resolve));
  }
}

function collect(backplane: Backplane): Uint8Array[] {
  const got: Uint8Array[] = [];
  backplane.subscribe((envelope) => got.push(envelope.slice()));
  return got;
}

const CASES: Readonly<Record<string, (open: OpenBackplane) => Promise<void>>> =
  {
    "publish() reaches each of the others once, in order": async (open) => {
      const [a, b, c] = [await open(), await open(), await open()];
      const [atB, atC] = [collect(b), collect(c)];
      for (let i = 0; i < 300; i++) {
        assert(a.publish(new Uint8Array([i & 0xff, i >> 8])));
      }
      await until(() => atB.length >= 300 && atC.length >= 300);
      // What comes late would come before this.
      a.publish(new Uint8Array([1, 2, 3]));
      await until(() => atB.at(-1)!.length === 3 && atC.at(-1)!.length === 3);
      const sent = Array.from({ length: 300 }, (_, i) => i);
      for (const got of [atB, atC]) {
        const numbers = got.slice(0, -1).map(([low, high]) =>
          low! | high! << 8
        );
        assertEquals(numbers, sent);
      }
    },

    "publish() carries all bytes, and none but those of the view": async (
      open,
    ) => {
      const [a, b] = [await open(), await open()];
      const got = collect(b);
      const random = new SeededRandom(1);
      const sent = [0, 1, 2, 255, 256, 70_000, 1_048_576].map((length) => {
        const bytes = new Uint8Array(length);
        for (let i = 0; i < length; i++) bytes[i] = random.nextU32();
        return bytes;
      });
      for (const bytes of sent) {
        const larger = new Uint8Array(bytes.length + 20);
        larger.set(bytes, 10);
        a.publish(larger.subarray(10, 10 + bytes.length));
      }
      await until(() => got.length >= sent.length);
      for (const [i, bytes] of sent.entries()) {
        assertEquals(got[i]!.length, bytes.length);
        assert(bytes.every((byte, at) => byte === got[i]![at]), `${i}`);
      }
    },

    "publish() has taken the bytes when it returns": async (open) => {
      const [a, b] = [await open(), await open()];
      const got = collect(b);
      const bytes = new Uint8Array([1, 2, 3]);
      a.publish(bytes);
      bytes.fill(9);
      await until(() => got.length > 0);
      assertEquals(got, [new Uint8Array([1, 2, 3])]);
    },

    "publish() goes both ways": async (open) => {
      const [a, b] = [await open(), await open()];
      const [atA, atB] = [collect(a), collect(b)];
      a.publish(new Uint8Array([1]));
      b.publish(new Uint8Array([2]));
      const has = (got: Uint8Array[], byte: number): boolean =>
        got.some(([first]) => first === byte);
      await until(() => has(atA, 2) && has(atB, 1));
    },

    "publish() hands nothing out before it returns": async (open) => {
      const [a, b] = [await open(), await open()];
      const [atA, atB] = [collect(a), collect(b)];
      a.publish(new Uint8Array([1]));
      assertEquals([atA.length, atB.length], [0, 0]);
      await until(() => atB.length > 0);
    },

    "subscribe() returns what ends it": async (open) => {
      const [a, b] = [await open(), await open()];
      const ended: unknown[] = [];
      const end = b.subscribe((envelope) => ended.push(envelope));
      const got = collect(b);
      end();
      end();
      a.publish(new Uint8Array([1]));
      await until(() => got.length > 0);
      assertEquals(ended, []);
    },

    "close() ends both ways, and can be called again": async (open) => {
      const [a, b, c] = [await open(), await open(), await open()];
      const [atB, atC] = [collect(b), collect(c)];
      const closed = b.close();
      assertEquals(b.publish(new Uint8Array([1])), false);
      a.publish(new Uint8Array([2]));
      await until(() => atC.length > 0);
      await closed;
      await b.close();
      assertEquals(atB, []);
      assertEquals(atC, [new Uint8Array([2])]);
    },

    "close() lets out what was taken": async (open) => {
      const [a, b] = [await open(), await open()];
      const got = collect(b);
      for (let i = 0; i < 100; i++) assert(a.publish(new Uint8Array([i])));
      await a.close();
      await until(() => got.length >= 100);
      assertEquals(got.map(([first]) => first), got.map((_, i) => i));
    },
  };
