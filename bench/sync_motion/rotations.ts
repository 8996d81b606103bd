// Blended rotations beside slerp, over random rotations and turns of all sizes up to a half.
import { SeededRandom } from "../../core/mod.ts";
import { quat } from "../../protocol/mod.ts";
import {
  defineEntity,
  Frame,
  frameLayout,
  interpolate,
} from "../../sync/mod.ts";
import { atMost, type Section } from "../_report.ts";

const CAPACITY = 4096;
const MRAD = 1_000;
const layout = frameLayout(
  defineEntity({ turn: quat }, { maxEntities: CAPACITY }),
);

/** Measures how far blended rotations are from slerp. */
export function measureRotations(isSmoke: boolean): Promise<Section> {
  const random = new SeededRandom(2);
  const before = new Frame(layout);
  const after = new Frame(layout);
  const out = new Frame(layout);
  const exact = new Frame(layout);
  let corrected = 0;
  let plain = 0;
  let length = 0;
  let count = 0;
  for (let run = 0; run < (isSmoke ? 3 : 250); run++) {
    for (const frame of [before, after]) {
      frame.alive.fill(-1);
      for (let slot = 0; slot < CAPACITY; slot++) {
        const q = Array.from({ length: 4 }, () => random.nextFloat() * 2 - 1);
        const size = Math.hypot(...q);
        q.forEach((it, i) => frame.values[i * CAPACITY + slot] = it / size);
      }
    }
    const t = random.nextFloat();
    interpolate(before, after, t, out);
    interpolate(before, after, t, exact, "exact");
    for (let slot = 0; slot < CAPACITY; slot++, count++) {
      const [a, b, c, d] = [before, after, out, exact].map((frame) =>
        [0, 1, 2, 3].map((i) => frame.values[i * CAPACITY + slot]!)
      ) as [number[], number[], number[], number[]];
      corrected = Math.max(corrected, angleBetween(c, d));
      plain = Math.max(plain, angleBetween(nlerp(a, b, t), d));
      length = Math.max(length, Math.abs(1 - Math.hypot(...c)));
    }
  }
  return Promise.resolve({
    title: "Rotations between two random ones",
    notes: [`${count.toLocaleString("en-US")} pairs; the largest of all.`],
    rows: [
      { name: "plain nlerp", "mrad from slerp": plain * MRAD },
      {
        name: "corrected",
        "mrad from slerp": corrected * MRAD,
        "length off by": length.toExponential(1),
      },
    ],
    bars: [atMost("corrected, from slerp", 1, corrected * MRAD, "mrad")],
  });
}

function nlerp(a: number[], b: number[], t: number): number[] {
  const dot = a.reduce((sum, it, i) => sum + it * b[i]!, 0);
  const q = a.map((it, i) => it * (1 - t) + b[i]! * (dot < 0 ? -t : t));
  const size = Math.hypot(...q);
  return q.map((it) => it / size);
}

function angleBetween(a: number[], b: number[]): number {
  const dot = a.reduce((sum, it, i) => sum + it * b[i]!, 0);
  const sign = dot < 0 ? -1 : 1;
  const half = Math.hypot(...a.map((it, i) => it - sign * b[i]!)) / 2;
  return 4 * Math.asin(Math.min(1, half));
}
