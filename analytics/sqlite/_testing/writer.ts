// A process that writes to a store until it is killed, and says which events were acknowledged.
//
//     writer.ts <file> <sessions>
//
// Each session's events are 0, 1, 2, … in runs of a few, one after the other, going on where the file says that it is.
// Each run is sent twice, as a client does that heard nothing of the first. A line "session next" on the standard output
// acknowledges all events before `next`.
import {
  ALL,
  allRows,
  death,
  idOf,
  rollUp,
  runOf,
} from "../../store/_testing/store_fixture.ts";
import { SqliteAnalyticsStore } from "../sqlite_analytics_store.ts";

/** The session with a number. */
export function sessionId(i: number): string {
  return idOf(`session ${i}`);
}

async function work(
  store: SqliteAnalyticsStore,
  i: number,
  start: number,
): Promise<never> {
  const encoder = new TextEncoder();
  let next = start;
  for (;;) {
    const count = 1 + (next + i) % 40;
    const events = Array.from(
      { length: count },
      (_, k) =>
        death(next + k, `cause ${i}`, (next + k) % 7, { timeMs: ALL.fromMs }),
    );
    const run = runOf(`session ${i}`, events);
    const first = store.write([run], rollUp);
    const again = store.write([run], rollUp);
    await first;
    next += count;
    Deno.stdout.writeSync(encoder.encode(`${i} ${next}\n`));
    await again;
  }
}

if (import.meta.main) {
  const [path, sessions] = Deno.args;
  const store = new SqliteAnalyticsStore({ path: path! });
  const rows = await allRows((after, limit) =>
    store.sessions(ALL, after, limit)
  );
  await Promise.all(
    Array.from({ length: Number(sessions) }, (_, i) => {
      const row = rows.find(({ session }) => session === sessionId(i));
      return work(store, i, row?.events ?? 0);
    }),
  );
}
