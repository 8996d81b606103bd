// Events a second that a collector on SQLite takes, on one processor: from the compressed body of a request to the
// answer, which comes after the sync of the commit. Beside it the least that it could cost: the same rows inserted by
// hand, by prepared statements in transactions of the same size, with nothing read, checked or summed up.
import { DatabaseSync } from "node:sqlite";
import { atLeast, median, type Row, type Section } from "../_report.ts";
import { makeBatches } from "./_batches.ts";

interface Measured {
  readonly accepted: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly bytesPerEvent: number;
}

const SESSIONS = 200;
/** As many as are under way where so many batches come in a second. */
const AT_ONCE = 128;

export async function measureCollector(isSmoke: boolean): Promise<Section> {
  const rounds = isSmoke ? 1 : 5;
  const total = isSmoke ? 20_000 : 400_000;
  const rows: Row[] = [];
  let best = 0;
  for (const events of [100, 1_000]) {
    const byHand = await measureByHand(isSmoke ? 20_000 : 200_000, events);
    const measured: Measured[] = [];
    for (let round = 0; round < rounds; round++) {
      measured.push(await measureProcess(total / events, events));
    }
    const perSecond = median(measured.map((it) => it.accepted / it.seconds));
    if (events === 100) best = perSecond;
    rows.push(
      {
        name: `collector, batches of ${events}`,
        "events/s": perSecond,
        "events/s of processor": median(
          measured.map((it) => it.accepted / it.cpuSeconds),
        ),
        "bytes kept an event": median(
          measured.map((it) => it.bytesPerEvent),
        ),
        "% of rows by hand": 100 * perSecond / byHand,
      },
      { name: `rows by hand, ${events} a commit`, "events/s": byHand },
    );
  }
  return {
    title: "analytics: events a second into SQLite, on one processor",
    notes: [
      `Compressed batches of ${SESSIONS} sessions through the handler, ${AT_ONCE} at a time; each is answered after its commit is synced.`,
      "Medians of the rounds, each in a new process that is held to one processor.",
    ],
    rows,
    bars: [atLeast("events a second, batches of 100", 100_000, best, "")],
  };
}

async function measureProcess(
  batches: number,
  events: number,
): Promise<Measured> {
  const args = [
    "run",
    "-A",
    import.meta.resolve("./_collector_process.ts"),
    `${batches}`,
    `${events}`,
    `${SESSIONS}`,
    `${AT_ONCE}`,
  ];
  // Where processors can be chosen; elsewhere the runtime's own threads help a little.
  const isPinned = Deno.build.os === "linux";
  const { stdout, success } = await new Deno.Command(
    isPinned ? "taskset" : Deno.execPath(),
    {
      args: isPinned ? ["-c", "0", Deno.execPath(), ...args] : args,
      stderr: "inherit",
    },
  ).output();
  if (!success) throw new Error("Cannot measure as the collector failed");
  return JSON.parse(new TextDecoder().decode(stdout));
}

async function measureByHand(
  total: number,
  perCommit: number,
): Promise<number> {
  const folder = await Deno.makeTempDir();
  try {
    const db = new DatabaseSync(`${folder}/rows.db`);
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    db.exec(
      "CREATE TABLE events (id INTEGER PRIMARY KEY, session INTEGER, number INTEGER, name TEXT, time_ms INTEGER, data TEXT)",
    );
    const insert = db.prepare(
      "INSERT INTO events (session, number, name, time_ms, data) VALUES (?, ?, ?, ?, ?)",
    );
    const data: [string, number, string][] = [];
    const options = { count: 10, events: 1_000, sessions: 1, startMs: 0 };
    for (const text of makeBatches(options)) {
      const { d, e } = JSON.parse(text).runs[0];
      for (const [type, dt, ...values] of e) {
        data.push([d[type][0], dt, JSON.stringify(values)]);
      }
    }
    const fromMs = performance.now();
    for (let i = 0; i < total; i += perCommit) {
      db.exec("BEGIN");
      for (let j = i; j < i + perCommit; j++) {
        const [name, dt, values] = data[j % data.length]!;
        insert.run(1, j, name, dt, values);
      }
      db.exec("COMMIT");
    }
    const seconds = (performance.now() - fromMs) / 1_000;
    db.close();
    return total / seconds;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
