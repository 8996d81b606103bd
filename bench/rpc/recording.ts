// What it costs a server to be recorded: the same calls with an RpcRecorder and without, in turns.
import {
  type Contender,
  median,
  pairedMedian,
  quantile,
  type Section,
  takeTurns,
} from "../_report.ts";
import { Arena } from "./_arena.ts";

const CLIENTS = 8;
const CALLS = 8;
const PLAIN = "not recorded";
const RECORDED = "recorded";

export async function measureRecording(isSmoke: boolean): Promise<Section> {
  const plain = new Arena({ clients: CLIENTS });
  const recorded = new Arena({ clients: CLIENTS, isRecorded: true });
  const before = recorded.recordedBytes;
  const samples = await takeTurns(
    [contend(PLAIN, plain), contend(RECORDED, recorded)],
    {
      count: 16,
      repetitions: isSmoke ? 15 : 201,
      warmUps: isSmoke ? 15 : 100,
    },
  );
  const perCall = 1_000 / (2 * CLIENTS * CALLS);
  const rows = [PLAIN, RECORDED].map((name) => {
    const ns = samples.get(name)!.map(({ us }) => us * perCall);
    return {
      name,
      "ns a call, p50": median(ns),
      "p10": quantile(ns, 0.1),
      "to not recorded": pairedMedian(
        samples.get(name)!,
        samples.get(PLAIN)!,
        (a, b) => a / b,
      ),
      "bytes a call": name === PLAIN ? 0 : (recorded.recordedBytes - before) /
        (recorded.served + recorded.heard),
    };
  });
  return {
    title: "rpc: a server that is recorded",
    notes: [
      `${CLIENTS} clients with ${CALLS} calls a tick, and ${CALLS} to all of them; the ticks of both ends count. The sink only counts bytes.`,
    ],
    rows,
    bars: [],
  };
}

function contend(name: string, arena: Arena): Contender {
  return {
    name,
    run(count) {
      for (let i = 0; i < count; i++) arena.frame(CALLS, CALLS);
    },
  };
}
