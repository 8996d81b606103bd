// What a call costs from RpcClient.send() to the server's handler, and a ticket there and back, over links in memory.
import { median, quantile, type Row, type Section } from "../_report.ts";
import { Arena } from "./_arena.ts";

const CALLS = 64;

export function measureEndpoints(isSmoke: boolean): Promise<Section> {
  const rounds = isSmoke ? 20 : 201;
  return Promise.resolve({
    title: "rpc: from end to end",
    notes: [
      `${CALLS} a tick, a client and a server with all that they check, and memory links; ns of all of it together.`,
      "A call has its handler; a ticket has a call, an answer and the event of its result.",
    ],
    rows: [
      measure("a call", rounds, false),
      measure("a ticket, there and back", rounds, true),
    ],
    bars: [],
  });
}

function measure(name: string, rounds: number, isAnswered: boolean): Row {
  const arena = new Arena({ clients: 1 });
  const frames = 16;
  const times: number[] = [];
  let sent = 0;
  for (let round = -rounds; round < rounds; round++) {
    const startMs = performance.now();
    for (let i = 0; i < frames; i++) {
      arena.frame(isAnswered ? 0 : CALLS, 0, isAnswered ? CALLS : 0);
    }
    const ns = (performance.now() - startMs) * 1e6 / frames / CALLS;
    sent += frames * CALLS;
    if (round >= 0) times.push(ns);
  }
  const arrived = isAnswered ? arena.answered : arena.served;
  arena.check(name, arrived, sent, 4 * CALLS);
  return {
    name,
    "ns p50": median(times),
    "p10": quantile(times, 0.1),
  };
}
