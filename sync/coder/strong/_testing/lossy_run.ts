// This module is browser compatible.
import { assert, assertEquals } from "@std/assert";
import type { SeededRandom } from "../../../../core/mod.ts";
import { ByteWriter } from "../../../../protocol/mod.ts";
import {
  EntityTable,
  type TableContent,
} from "../../../snapshot/entity_table.ts";
import { StrongCoder } from "../strong_coder.ts";
import type { StrongState } from "../strong_state.ts";

/** How long an end remembers. */
const KEPT = 64;

/** What an end holds of a tick. */
interface Held {
  readonly table: TableContent;
  readonly state: StrongState;
}

/** A message under way. */
interface Sent {
  readonly due: number;
  readonly tick: number;
  readonly base: number;
  readonly bytes: Uint8Array;
}

/**
 * Sends a table each tick over a link that loses a fifth, overtakes and repeats, each
 * against the newest that is known to have arrived, and compares what comes out to the
 * bit, state included.
 *
 * @param tables What is sent.
 * @param random What the link does.
 * @returns How many arrived.
 */
export function runLossy(
  tables: readonly TableContent[],
  random: SeededRandom,
): number {
  const { form } = tables[0]!;
  const sender = new StrongCoder(form);
  const receiver = new StrongCoder(form);
  const any = new Uint32Array((form.maxEntities + 31) >>> 5).fill(0xffff_ffff);
  const ours = new Map<number, Held>();
  const theirs = new Map<number, Held>();
  for (const [end, coder] of [[ours, sender], [theirs, receiver]] as const) {
    end.set(-1, {
      table: new EntityTable(form),
      state: coder.createState() as StrongState,
    });
  }
  let underWay: Sent[] = [];
  let acked = -1;
  let arrivals = 0;
  for (let tick = 0; tick < tables.length; tick++) {
    const table = tables[tick]!;
    const state = sender.createState() as StrongState;
    const writer = new ByteWriter();
    const base = ours.get(acked)!;
    sender.encode(base.table, base.state, table, state, any, writer);
    assert(writer.ok);
    ours.set(tick, { table, state });
    for (let copy = 0; copy < 2; copy++) {
      if (random.nextFloat() < (copy === 0 ? 0.2 : 0.9)) continue;
      const due = tick + random.nextU32() % 7;
      underWay.push({ due, tick, base: acked, bytes: writer.toBytes() });
    }
    for (const message of underWay) {
      if (message.due !== tick) continue;
      receive(message);
      acked = Math.max(acked, message.tick);
      arrivals += 1;
    }
    underWay = underWay.filter(({ due }) => due > tick);
    for (const end of [ours, theirs]) {
      if (acked !== tick - KEPT) end.delete(tick - KEPT);
    }
  }
  return arrivals;

  function receive({ tick, base, bytes }: Sent): void {
    const held = theirs.get(base)!;
    const table = new EntityTable(form);
    const state = receiver.createState() as StrongState;
    table.copyFrom(held.table);
    const end = receiver.decode(
      bytes,
      0,
      bytes.length,
      held.table,
      held.state,
      table,
      state,
      new Uint32Array(any.length),
    );
    assertEquals(end, bytes.length, `tick ${tick}`);
    const sent = ours.get(tick)!;
    assert(isSame(table.values, sent.table.values), `tick ${tick}`);
    assertEquals(table.alive, sent.table.alive, `tick ${tick}`);
    assert(isSame(state.words, sent.state.words), `state of tick ${tick}`);
    theirs.set(tick, { table, state });
  }
}

function isSame(
  a: Int32Array | Uint16Array,
  b: Int32Array | Uint16Array,
): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}
