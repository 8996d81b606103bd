// The same world as patches of @colyseus/schema: encoded once for all, and copied for each client.
import { EntityTable } from "../../sync/mod.ts";
import { COLYSEUS } from "../sync/_colyseus.ts";
import type { Recording } from "../sync/_recording.ts";
import { changedBetween } from "./_game.ts";
import { CLIENTS, SEND_RATE, TICK_RATE } from "./_run.ts";

const GAP = TICK_RATE / SEND_RATE;

/** Measures what it costs, in percent of one core by second, and its bytes. */
export function measureColyseus(
  recording: Recording,
  isSmoke: boolean,
): { percent: number[]; bytesPerSecond: number } {
  const { tables, form } = recording;
  const session = COLYSEUS.open(recording, 1);
  const into = new EntityTable(form);
  const percent: number[] = [];
  let bytes = 0;
  let sends = 0;
  let spentMs = 0;
  const end = isSmoke ? 240 : tables.length;
  for (let tick = GAP; tick < end; tick += GAP) {
    const step = {
      message: tick,
      base: tables[tick - GAP]!,
      current: tables[tick]!,
      changed: changedBetween(recording, tick - GAP, tick),
      held: tables[tick - GAP]!,
      into,
    };
    session.begin!(step);
    const startMs = performance.now();
    const patch = session.encode(step);
    let copied = 0;
    for (let client = 0; client < CLIENTS; client++) {
      copied += patch.slice().length;
    }
    spentMs += performance.now() - startMs;
    bytes += copied / CLIENTS;
    if (++sends % SEND_RATE !== 0) continue;
    percent.push(spentMs / 10);
    spentMs = 0;
  }
  // As with the server, the first seconds do not count.
  return {
    percent: percent.slice(isSmoke ? 0 : 5),
    bytesPerSecond: bytes / sends * SEND_RATE,
  };
}
