// What the call costs that a game makes for an event, and what the event costs in all until it has arrived: in the
// processor time of the process, with serialising, compressing and sending.
import { cpuUsage } from "node:process";
import { Analytics } from "../../analytics/mod.ts";
import {
  atMost,
  median,
  quantile,
  type Row,
  type Section,
} from "../_report.ts";
import { CLIENTS, eventOf } from "./_clients.ts";
import { makeEvents } from "./_events.ts";
import { Sink } from "./_sink.ts";

/** Fewer than the smallest queue of a client takes at once. */
const CALLS = 1_000;

export async function measureRecord(isSmoke: boolean): Promise<Section> {
  const rounds = isSmoke ? 3 : 60;
  const warmUps = isSmoke ? 1 : 20;
  const events = makeEvents(CALLS);
  await using sink = await Sink.start();
  const clients = CLIENTS.map((make) => make(sink.url));
  const calls = new Map(clients.map(({ key }) => [key, [] as number[]]));
  const totals = new Map(clients.map(({ key }) => [key, [] as number[]]));
  for (let round = -warmUps; round < rounds; round++) {
    for (let i = 0; i < clients.length; i++) {
      const client = clients[(i + round + warmUps) % clients.length]!;
      const before = cpuUsage();
      const startMs = performance.now();
      for (const event of events) client.record(event);
      const callUs = (performance.now() - startMs) * 1_000 / CALLS;
      await client.settle();
      const { user, system } = cpuUsage(before);
      if (round < 0) continue;
      calls.get(client.key)!.push(callUs);
      totals.get(client.key)!.push((user + system) / CALLS);
    }
  }
  for (const client of clients) await client.shutdown();

  const own = median(calls.get("tickwire")!);
  const rows: Row[] = [];
  for (const { key, name } of clients) {
    const { events: arrived } = await sink.take(key);
    const callUs = median(calls.get(key)!);
    rows.push({
      name,
      "us a call": callUs,
      "p99 of rounds": quantile(calls.get(key)!, 0.99),
      "x tickwire": callUs / own,
      "us of processor in all": median(totals.get(key)!),
      "arrived %": 100 * arrived / (CALLS * (rounds + warmUps)),
    });
  }
  const deniedNs = measureDenied(isSmoke);
  rows.push({ name: "tickwire, denied", "us a call": deniedNs / 1_000 });
  return {
    title: "analytics: a call of record",
    notes: [
      `Rounds of ${CALLS} events of a dungeon crawler, each made and recorded; then the client has time to send them.`,
      "Medians of the rounds; denied: the call alone, with an event that is there.",
    ],
    rows,
    bars: [
      atMost("record, granted", 1, own, "us"),
      atMost("record, denied", 10, deniedNs, "ns"),
    ],
  };
}

function measureDenied(isSmoke: boolean): number {
  const count = isSmoke ? 100_000 : 20_000_000;
  const analytics = new Analytics("1.2.0", "linux");
  analytics.disable();
  const event = eventOf("death", { cause: "spikes", floor: 3 });
  const samples: number[] = [];
  for (let round = 0; round < 7; round++) {
    const startMs = performance.now();
    let taken = 0;
    for (let i = 0; i < count; i++) if (analytics.record(event)) taken += 1;
    samples.push((performance.now() - startMs) * 1e6 / count);
    if (taken > 0) throw new Error("Cannot measure as an event was taken");
  }
  return median(samples);
}
