// Reliable messages of 100 bytes as fast as they go where 5 % are lost.
import { atLeast, type Row, type Section } from "../_report.ts";
import { buildPeers } from "./_build.ts";
import { LINES } from "./_conditions.ts";
import { missing, onLines } from "./_contenders.ts";
import { steadyPerSecond } from "../_load.ts";
import { LINE_NOTE, measureOver } from "./_lines.ts";

const BYTES = 100;

export async function measureSaturated(isSmoke: boolean): Promise<Section> {
  const peers = await buildPeers();
  const seconds = isSmoke ? 0.8 : 12;
  const contenders = await onLines(peers, isSmoke);
  const rows: (Row & { readonly "a second": number })[] = [];
  for (const contender of contenders) {
    const run = await measureOver(
      LINES.random,
      contender,
      peers,
      "pump",
      seconds,
      BYTES,
    );
    if (run === undefined) continue;
    const { server, line } = run;
    rows.push({
      name: contender.name,
      "a second": steadyPerSecond(server),
      "bytes on the line a message": line.bytes / Math.max(1, server.messages),
      "lost %": line.lost / (line.lost + line.passed) * 100,
      "receiver's processor us": server.cpuUs / Math.max(1, server.messages),
    });
  }
  return {
    title: "transport: reliable messages with 5 % lost, 50 ms each way",
    notes: [
      `${BYTES} bytes each, as fast as they go for ${seconds} s, counted where they arrive, without the first half second.`,
      LINE_NOTE,
      ...missing({ ...peers, udp: "" }),
    ],
    rows,
    bars: [
      atLeast("native socket", 20_000, rows[0]!["a second"], "messages/s"),
    ],
  };
}
