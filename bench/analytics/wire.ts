// How many bytes an event takes on the wire, where events come as in a game: one every second or so, in batches of 100
// or of what the client takes, with the beginning of a session and whatever else a client adds of its own.
import { SeededRandom } from "../../core/mod.ts";
import { atMost, type Row, type Section } from "../_report.ts";
import { CLIENTS } from "./_clients.ts";
import { makeEvents } from "./_events.ts";
import { Sink } from "./_sink.ts";

/** As many as are sent at once by default. */
const BATCH = 100;
const MEAN_GAP_MS = 1_000;

export async function measureWire(isSmoke: boolean): Promise<Section> {
  const count = isSmoke ? 300 : 2_000;
  const events = makeEvents(count);
  await using sink = await Sink.start();
  const rows: Row[] = [];
  let own = 0;
  for (const make of CLIENTS) {
    const client = make(sink.url);
    const random = new SeededRandom(5);
    let timeMs = Date.now();
    for (let i = 0; i < count; i += BATCH) {
      for (const event of events.slice(i, i + BATCH)) {
        timeMs += Math.ceil(2 * MEAN_GAP_MS * random.nextFloat());
        client.recordAt(event, timeMs);
      }
      await client.settle();
    }
    await client.shutdown();
    const { bytes, requests, events: arrived } = await sink.take(client.key);
    if (client.key === "tickwire") own = bytes / arrived;
    rows.push({
      name: client.name,
      "bytes an event": bytes / arrived,
      "x tickwire": bytes / arrived / own,
      "events a request": arrived / requests,
    });
  }
  return {
    title: "analytics: bytes of an event on the wire",
    notes: [
      `${count} events of a dungeon crawler, ${
        MEAN_GAP_MS / 1_000
      } s apart on the average, in batches of ${BATCH}: bodies as they came,`,
      "compressed where the client does so, and divided by the events that the game recorded.",
    ],
    rows,
    bars: [atMost("bytes an event on the wire", 15, own, "bytes")],
  };
}
