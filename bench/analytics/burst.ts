// What arrives of a burst that is followed by a shutdown.
import { atLeast, median, type Row, type Section } from "../_report.ts";
import { CLIENTS } from "./_clients.ts";
import { makeEvents } from "./_events.ts";
import { Sink } from "./_sink.ts";

export async function measureBurst(isSmoke: boolean): Promise<Section> {
  const count = isSmoke ? 2_000 : 20_000;
  const rounds = isSmoke ? 1 : 5;
  const events = makeEvents(count);
  await using sink = await Sink.start();
  const rows: Row[] = [];
  let arrivedPercent = 0;
  for (const make of CLIENTS) {
    const shares: number[] = [];
    const seconds: number[] = [];
    let name = "";
    for (let round = 0; round < rounds; round++) {
      const client = make(sink.url);
      ({ name } = client);
      const startMs = performance.now();
      for (const event of events) client.record(event);
      await client.shutdown();
      seconds.push((performance.now() - startMs) / 1_000);
      const { events: arrived } = await sink.take(client.key);
      shares.push(100 * arrived / count);
      if (client.key === "tickwire") arrivedPercent = Math.min(...shares);
    }
    rows.push({
      name,
      "arrived %": Math.min(...shares),
      seconds: median(seconds),
    });
  }
  return {
    title: `analytics: ${
      count.toLocaleString("en-US")
    } events at once, then a shutdown`,
    notes: [
      "Of arrivals the worst round, of seconds the median, from the first call to the end of the shutdown.",
    ],
    rows,
    bars: [
      atLeast("share of the burst that arrived", 100, arrivedPercent, "%"),
    ],
  };
}
