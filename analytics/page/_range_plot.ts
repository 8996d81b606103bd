// This module is browser compatible.
import type { PageElement } from "./_browser.ts";
import type { Drawing, Stop } from "./_chart.ts";
import type { Dom } from "./_dom.ts";
import type { FigureKind, Format } from "./_format.ts";

/** The percentiles of a distribution. */
export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
}

/** Distributions below each other. */
export interface RangeModel {
  /** What it shows, in a sentence. */
  readonly summary: string;
  /** What is measured. */
  readonly kind: FigureKind;
  /** The distributions, downwards. */
  readonly ranges: readonly {
    readonly label: string;
    /** What stands at the end of its line. */
    readonly text: string;
    readonly percentiles: Percentiles;
    /** What it tells. */
    readonly lines: Stop["lines"];
  }[];
  /** What is good and what is not any more; the scale is a logarithmic one where there are any. */
  readonly guides: readonly { readonly value: number; readonly text: string }[];
}

/** Draws distributions. */
export interface RangePlot {
  /** Lays distributions out. */
  layOut(model: RangeModel, width: number): Drawing;
  /** What the parts mean, for a legend. */
  signs(): { name: string; sign: PageElement; isOn: boolean }[];
  /** The middle and the far end of one without axes, for the eye only. */
  spark(percentiles: Percentiles, guide: number): PageElement;
}

/** Makes the {@linkcode RangePlot} of the page. */
export function makeRangePlot(dom: Dom, format: Format): RangePlot {
  const { draw } = dom;
  const ROW_HEIGHT = 48;

  /** Marks that halve and double a frame of 60 Hz. */
  function scaleOf(model: RangeModel): {
    marks: number[];
    placeOf: (value: number) => number;
  } {
    const all = model.ranges.map(({ percentiles }) => percentiles);
    const most = Math.max(...all.map(({ p999 }) => p999));
    const guide = model.guides[0]?.value;
    if (guide === undefined) {
      // Of memory a power of two is a round number.
      const step = 2 ** Math.ceil(Math.log2(Math.max(most, 1) / 4));
      const top = Math.ceil(most / step) * step;
      const marks: number[] = [];
      for (let mark = 0; mark <= top; mark += step) marks.push(mark);
      return { marks, placeOf: (value) => value / top };
    }
    const least = Math.min(...all.map(({ p50 }) => p50));
    let from = -1;
    let to = 2;
    while (guide * 2 ** from > least * .95 && from > -5) from--;
    while (guide * 2 ** to < most * 1.02 && to < 10) to++;
    const marks: number[] = [];
    for (let i = from; i <= to; i++) marks.push(guide * 2 ** i);
    return {
      marks,
      placeOf: (value) =>
        Math.max(
          0,
          Math.min(1, (Math.log2(value / guide) - from) / (to - from)),
        ),
    };
  }

  function layOut(model: RangeModel, width: number): Drawing {
    const { ranges, guides, kind } = model;
    const top = guides.length > 0 ? 22 : 0;
    const { marks, placeOf } = scaleOf(model);
    const left = 8;
    const right = width - 22;
    const xOf = (value: number): number =>
      left + (right - left) * placeOf(value);
    const floor = top + ranges.length * ROW_HEIGHT;
    const height = floor + 26;
    const nodes: PageElement[] = [];
    let lastEnd = -Infinity;
    for (const mark of marks) {
      const x = xOf(mark);
      const text = format.figure(mark, kind);
      const half = dom.widthOf(text) / 2;
      const middle = Math.max(half, Math.min(width - half, x));
      nodes.push(
        draw("line", { class: "grid", x1: x, x2: x, y1: top, y2: floor }),
      );
      if (middle - half < lastEnd + 8) continue;
      lastEnd = middle + half;
      nodes.push(draw("text", {
        class: "axis",
        x: middle,
        y: height - 8,
        "text-anchor": "middle",
      }, text));
    }
    for (const { value, text } of guides) {
      const x = xOf(value);
      nodes.push(
        draw("line", { class: "guide", x1: x, x2: x, y1: top - 4, y2: floor }),
        draw("text", {
          class: "axis",
          x,
          y: top - 9,
          "text-anchor": "middle",
        }, text),
      );
    }
    const stops: Stop[][] = [];
    for (const [i, range] of ranges.entries()) {
      const { p50, p90, p95, p99, p999 } = range.percentiles;
      const y = top + i * ROW_HEIGHT;
      const bar = y + 32;
      const room = width - dom.widthOf(range.text) * 1.1 - 16;
      nodes.push(
        draw(
          "text",
          { class: "label over", x: 0, y: y + 16 },
          dom.fit(range.label, room),
        ),
        draw("text", {
          class: "value over",
          x: width,
          y: y + 16,
          "text-anchor": "end",
        }, range.text),
        draw("line", {
          class: "range",
          x1: xOf(p50),
          x2: xOf(p999),
          y1: bar,
          y2: bar,
          "data-color": 0,
        }),
        draw("rect", {
          class: "bar",
          x: xOf(p50),
          y: bar - 5,
          width: Math.max(2, xOf(p95) - xOf(p50)),
          height: 10,
          rx: 2,
          "data-color": 0,
        }),
        draw("line", {
          class: "tick",
          x1: xOf(p90),
          x2: xOf(p90),
          y1: bar - 5,
          y2: bar + 5,
        }),
      );
      for (const value of [p99, p999]) {
        nodes.push(draw("line", {
          class: "range",
          x1: xOf(value),
          x2: xOf(value),
          y1: bar - 6,
          y2: bar + 6,
          "data-color": 0,
        }));
      }
      stops.push([{
        box: { x: 1, y: y + 24, width: width - 2, height: 16 },
        title: range.label,
        lines: range.lines,
      }]);
    }
    return { height, summary: model.summary, nodes, stops, marks: "box" };
  }

  function signs(): { name: string; sign: PageElement; isOn: boolean }[] {
    function make(name: string, ...nodes: PageElement[]): {
      name: string;
      sign: PageElement;
      isOn: boolean;
    } {
      const sign = draw("svg", {
        class: "key",
        viewBox: "0 0 24 12",
        width: 24,
        height: 12,
        "aria-hidden": "true",
      }, ...nodes);
      return { name, sign, isOn: true };
    }
    const block = { class: "bar", y: 1, height: 10, "data-color": 0 };
    const line = { class: "range", "data-color": 0 };
    return [
      make(
        "Median to p95, cut at p90",
        draw("rect", { ...block, x: 0, width: 24, rx: 2 }),
        draw("line", { class: "tick", x1: 16, x2: 16, y1: 1, y2: 11 }),
      ),
      make(
        "on to p99 and p99.9",
        draw("line", { ...line, x1: 0, x2: 23, y1: 6, y2: 6 }),
        draw("line", { ...line, x1: 10, x2: 10, y1: 1, y2: 11 }),
        draw("line", { ...line, x1: 23, x2: 23, y1: 1, y2: 11 }),
      ),
    ];
  }

  function spark(
    { p50, p95, p999 }: Percentiles,
    guide: number,
  ): PageElement {
    const top = Math.max(p999, guide) * 1.08;
    const xOf = (value: number): number => 100 * value / top;
    return draw(
      "svg",
      {
        class: "spark",
        viewBox: "0 0 100 28",
        preserveAspectRatio: "none",
        "aria-hidden": "true",
      },
      draw("line", {
        class: "range",
        "data-color": 0,
        x1: xOf(p50),
        x2: xOf(p999),
        y1: 16,
        y2: 16,
      }),
      draw("rect", {
        class: "bar",
        "data-color": 0,
        x: xOf(p50),
        y: 11,
        width: Math.max(1, xOf(p95) - xOf(p50)),
        height: 10,
      }),
      draw("line", {
        class: "guide",
        x1: xOf(guide),
        x2: xOf(guide),
        y1: 2,
        y2: 28,
      }),
    );
  }

  return { layOut, signs, spark };
}
