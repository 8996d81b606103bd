// What a server of a world costs: 64 clients, 901 entities of the recording of bench/data (60 Hz), 30 snapshots a
// second to each, the fast coder, over links in memory that delay as a network does. Only `SyncServer.tick` is
// counted: what it takes in, what it records and what it sends.
//
// everybody  all see everything, beside @colyseus/schema in the same run
// budgets    each client has room for about half of what changes
// interest   each client sees what is near it
//
//     deno task bench sync_server.ts [--smoke] [--json] [--only=everybody]
//
// `--smoke` takes seconds and shows that everything runs; its figures mean little.
import { type Parts, runParts } from "./_report.ts";
import {
  measureBudgets,
  measureEverybody,
  measureInterest,
} from "./sync_server/parts.ts";

const PARTS: Parts = {
  everybody: measureEverybody,
  budgets: measureBudgets,
  interest: measureInterest,
};

if (import.meta.main) await runParts(PARTS, Deno.args);
