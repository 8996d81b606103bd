// A stream of 60 messages a second beside a bulk transfer on the same connection, over a narrow
// line with a long queue.
import {
  atLeast,
  atMost,
  quantile,
  type Row,
  type Section,
} from "../_report.ts";
import { buildPeers } from "./_build.ts";
import { LINES } from "./_conditions.ts";
import { missing, onLines } from "./_contenders.ts";
import { LINE_NOTE, measureOver } from "./_lines.ts";

const HZ = 60;
const BYTES = 100;
const BULK_BYTES = 1_000;

export async function measureBesideBulk(isSmoke: boolean): Promise<Section> {
  const peers = await buildPeers();
  const seconds = isSmoke ? 0.8 : 20;
  const contenders = await onLines(peers, isSmoke);
  const rows:
    (Row & { readonly p99: number; readonly "bulk Mbit/s": number })[] = [];
  for (const contender of contenders) {
    const run = await measureOver(
      LINES.narrow,
      contender,
      peers,
      "rate",
      HZ,
      seconds,
      BYTES,
      BULK_BYTES,
    );
    if (run === undefined) continue;
    const { client: { rttMs = [], sent }, server, line } = run;
    rows.push({
      name: contender.name,
      p50: quantile(rttMs, 0.5),
      p99: quantile(rttMs, 0.99),
      worst: quantile(rttMs, 1),
      "not back": sent - rttMs.length,
      "bulk Mbit/s": server.steadyMs > 0
        ? server.steadyBytes * 8 / server.steadyMs / 1_000
        : 0,
      dropped: line.lost,
    });
  }
  const [ours] = rows;
  return {
    title: "transport: 60 messages a second beside bulk over 5 Mbit/s",
    notes: [
      `${BYTES} bytes echoed at once beside messages of ${BULK_BYTES} bytes one way for ${seconds} s, a queue of 256 KB, 50 ms there and back; round trips of the stream in milliseconds, bulk without its first half second.`,
      LINE_NOTE,
      ...missing({ ...peers, udp: "" }),
    ],
    rows,
    bars: [
      atMost("the stream's p99", 80, ours!.p99, "ms"),
      atLeast("bulk beside it", 4.25, ours!["bulk Mbit/s"], "Mbit/s"),
    ],
  };
}
