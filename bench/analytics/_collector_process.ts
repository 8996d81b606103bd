// A collector on SQLite that takes batches through its handler, in a process of its own, so that it can be held to one
// processor. Arguments: batches, events of a batch, sessions, requests at a time. Prints JSON.
import { cpuUsage } from "node:process";
import { AnalyticsCollector } from "../../analytics/mod.ts";
import { SqliteAnalyticsStore } from "../../analytics/sqlite.ts";
import { gzip, makeBatches } from "./_batches.ts";

const [count = 0, events = 0, sessions = 0, atOnce = 0] = Deno.args.map(Number);
const folder = await Deno.makeTempDir();
const store = new SqliteAnalyticsStore({ path: `${folder}/analytics.db` });
const collector = new AnalyticsCollector({
  store,
  onError: (error) => console.error(error),
});
const startMs = Date.now() - 3_600_000;
const bodies: Uint8Array<ArrayBuffer>[] = [];
for (const text of makeBatches({ count, events, sessions, startMs })) {
  bodies.push(await gzip(text));
}

let next = 0;
let accepted = 0;
async function send(until: number): Promise<void> {
  while (next < until) {
    const response = await collector.handler(
      new Request("http://localhost/v1/batch", {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "content-encoding": "gzip",
        },
        body: bodies[next++]!,
      }),
    );
    if (response.status !== 200) throw new Error(await response.text());
    const answer = await response.json();
    accepted += answer.accepted;
  }
}

async function sendAll(until: number): Promise<void> {
  await Promise.all(Array.from({ length: atOnce }, () => send(until)));
}

// A fifth is for the compiler.
await sendAll(Math.floor(count / 5));
accepted = 0;
const before = cpuUsage();
const fromMs = performance.now();
await sendAll(count);
const seconds = (performance.now() - fromMs) / 1_000;
const { user, system } = cpuUsage(before);
await collector.close();
await store.close();
let bytes = 0;
for (const entry of Deno.readDirSync(folder)) {
  bytes += Deno.statSync(`${folder}/${entry.name}`).size;
}
await Deno.remove(folder, { recursive: true });
console.log(JSON.stringify({
  accepted,
  seconds,
  cpuSeconds: (user + system) / 1e6,
  bytesPerEvent: bytes / (count * events),
}));
