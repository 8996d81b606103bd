// A price on matches whose teams' largest parties are not of one size.
import { atMost, type Section } from "../_report.ts";
import { liveWorkload } from "../matchmaking_workload.ts";
import { runLive } from "./_engine.ts";
import { judgeLive, liveRow, SEED } from "./_live_rows.ts";
import { TUNED } from "./live.ts";

const PRICES = [0, 10, 20, 30, 40];
/** The price that the bars are measured with. */
const CHOSEN = 20;

/** Measures what symmetry costs in waiting. */
export function measureSymmetry(isSmoke: boolean): Promise<Section> {
  const seconds = isSmoke ? 40 : 600;
  const workload = liveWorkload(SEED, 50, seconds);
  const runs = PRICES.map((asymmetry) => {
    const { matches, tickMs } = runLive(workload, seconds, {
      ...TUNED,
      costs: { ...TUNED.costs, asymmetry },
    });
    return { asymmetry, it: judgeLive(workload, matches, seconds), tickMs };
  });
  const free = runs[0]!.it;
  const { it } = runs.find(({ asymmetry }) => asymmetry === CHOSEN)!;
  return Promise.resolve({
    title: "50 tickets a second, premades against premades",
    notes: [
      "Asymmetric is a match whose teams' largest parties are not of one size; the price is in points of skill.",
    ],
    rows: runs.map(({ asymmetry, it, tickMs }) => ({
      ...liveRow(`price ${asymmetry}`, it, tickMs),
      "wait p50 to free": it.waitP50 / free.waitP50,
      "p95 to free": it.waitP95 / free.waitP95,
    })),
    bars: [
      atMost("asymmetric matches", 25, it.asymmetry * 100, "%"),
      atMost("wait p50 for it", 1.2, it.waitP50 / free.waitP50, "×"),
      atMost("wait p95 for it", 1.2, it.waitP95 / free.waitP95, "×"),
    ],
  });
}
