/**
 * Prints `sync/coder/strong/_chances.ts`: the chances that the strong coder begins with,
 * learnt from messages 6 to 1421 of the recording with the base six snapshots old. What
 * comes after was not looked at.
 *
 *     deno run -A bench/sync/strong_chances.ts > sync/coder/strong/_chances.ts
 */
import { ByteWriter } from "../../protocol/mod.ts";
import { chancesSource } from "../../sync/coder/strong/fresh_words.ts";
import { layoutOf } from "../../sync/coder/strong/layout.ts";
import { StrongCoder } from "../../sync/coder/strong/strong_coder.ts";
import type { StrongState } from "../../sync/coder/strong/strong_state.ts";
import { addBits, bitSet } from "../../sync/world/bit_set.ts";
import { loadRecording } from "./_recording.ts";

const AGE = 6;
const FIRST = 6;
const END = 1_422;
const ROUNDS = 10;

const { form, tables, changes } = await loadRecording();
console.log(chancesSource(layoutOf(form), learn()));

/** Averages what the states hold, again and again from what came out. */
function learn(): Uint16Array {
  const { modelWords } = layoutOf(form);
  const coder = new StrongCoder(form, { effort: "high" });
  const writer = new ByteWriter();
  const changed = bitSet(form.maxEntities);
  let begin = createState().words;
  for (let round = 0; round < ROUNDS; round++) {
    const states = Array.from({ length: AGE + 1 }, createState);
    for (const { words } of states) words.set(begin);
    const sums = new Float64Array(modelWords);
    for (let message = FIRST; message < END; message++) {
      const { words } = states[message % (AGE + 1)]!;
      changed.fill(0);
      for (let tick = message - AGE + 1; tick <= message; tick++) {
        addBits(changed, changes[tick]!);
      }
      writer.reset();
      coder.encode(
        tables[message - AGE]!,
        states[(message + 1) % (AGE + 1)],
        tables[message]!,
        states[message % (AGE + 1)],
        changed,
        writer,
      );
      for (let i = 0; i < modelWords; i++) sums[i]! += words[i]!;
    }
    begin = Uint16Array.from(sums, (sum) => Math.round(sum / (END - FIRST)));
    // No records.
    begin[0] = 0;
  }
  return begin;

  function createState(): StrongState {
    return coder.createState() as StrongState;
  }
}
