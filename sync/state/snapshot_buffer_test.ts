import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { SnapshotBuffer, type TickedSnapshot } from "./snapshot_buffer.ts";

function at(tick: number, timestamp = tick * 10): TickedSnapshot {
  return { tick, timestamp };
}

Deno.test("SnapshotBuffer holds what a sorted array holds", () => {
  const seed = 9;
  const random = new SeededRandom(seed);
  const buffer = new SnapshotBuffer(8);
  let model: TickedSnapshot[] = [];
  for (let i = 0; i < 3_000; i++) {
    const tick = Math.floor(i / 4) + random.nextU32() % 12;
    const oldest = model[0]?.tick ?? -1;
    const isRefused = model.some((it) => it.tick === tick) ||
      (model.length === 8 && tick < oldest);
    assertEquals(buffer.push(at(tick)), !isRefused, `seed ${seed}, ${i}`);
    if (!isRefused) {
      model = [...model, at(tick)].sort((a, b) => a.tick - b.tick).slice(-8);
    }
    assertEquals(buffer.size, model.length);
    assertEquals(buffer.oldest(), model[0]);
    assertEquals(buffer.latest(), model.at(-1));
    const wanted = tick + random.nextU32() % 5 - 2;
    assertEquals(buffer.atTick(wanted), model.find((it) => it.tick === wanted));
    const timeMs = wanted * 10 + random.nextU32() % 10;
    const after = model.findIndex((it) => it.timestamp > timeMs);
    const bracket = buffer.bracket(timeMs);
    if (after <= 0) {
      assertEquals(bracket, undefined);
      continue;
    }
    assertEquals([bracket!.before, bracket!.after], [
      model[after - 1],
      model[after],
    ]);
    assert(bracket!.blend >= 0 && bracket!.blend < 1);
  }
  buffer.clear();
  assertEquals([buffer.size, buffer.latest(), buffer.bracket(0)], [
    0,
    undefined,
    undefined,
  ]);
});

Deno.test("SnapshotBuffer finds a tick or a time in steps that grow with the logarithm", () => {
  const buffer = new SnapshotBuffer(4_096);
  let looks = 0;
  for (let number = 0; number < 4_096; number++) {
    looks = 0;
    buffer.push({
      get tick(): number {
        looks++;
        return number;
      },
      get timestamp(): number {
        looks++;
        return number;
      },
    });
    assert(looks <= 8, `push, ${looks}`); // in order: no search
  }
  looks = 0;
  assertEquals(buffer.bracket(1_000.5)?.blend, 0.5);
  assert(looks > 0 && looks <= 20, `bracket, ${looks}`);
  looks = 0;
  assert(buffer.atTick(1_000) !== undefined);
  assert(looks > 0 && looks <= 16, `atTick, ${looks}`);
});

Deno.test("SnapshotBuffer refuses a time that does not fit its tick", () => {
  const buffer = new SnapshotBuffer(4);
  assert(!buffer.push(at(1, NaN)));
  assert(buffer.push(at(2, 20)) && buffer.push(at(4, 40)));
  assert(
    !buffer.push(at(3, 40)) && !buffer.push(at(3, 20)) &&
      !buffer.push(at(5, 40)),
  );
  assert(buffer.push(at(3, 21)));
  assertThrows(() => new SnapshotBuffer(1), RangeError, "capacity");
});
