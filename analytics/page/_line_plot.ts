// This module is browser compatible.
import type { PageElement } from "./_browser.ts";
import type { Drawing, Stop } from "./_chart.ts";
import type { Attributes, Dom } from "./_dom.ts";
import type { FigureKind, Format } from "./_format.ts";

/** Lines over time, or over what else follows each other. */
export interface LineModel {
  /** What it shows, in a sentence. */
  readonly summary: string;
  /** What each point is. */
  readonly titles: readonly string[];
  /** The same, short, for the axis. */
  readonly ticks: readonly string[];
  /** The lines. */
  readonly series: readonly {
    readonly name: string;
    /** The number of its colour and pattern. */
    readonly color: number;
    /** Its values; `null` where there is none. */
    readonly values: readonly (number | null)[];
  }[];
  /** What the values are. */
  readonly kind: FigureKind;
  /** Whether the last point is not over yet. */
  readonly isPartial: boolean;
  /** The upper end of the axis, where it is not to follow the values. */
  readonly top?: number;
  /** Whether the surface below the first line is shaded. */
  readonly hasArea: boolean;
  /** How high the chart is, in pixels. */
  readonly height: number;
}

/** Draws lines and their signs. */
export interface LinePlot {
  /** Lays lines out. */
  layOut(model: LineModel, width: number): Drawing;
  /** The sign of a line, for a legend; -1 for one that is not drawn. */
  sign(color: number): PageElement;
  /** A line of a few values without axes, for the eye only. */
  spark(values: readonly (number | null)[]): PageElement;
  /** Where an axis from 0 is marked: rising, the last one at or above `top`. */
  ticksTo(top: number, count: number): number[];
}

/** Makes the {@linkcode LinePlot} of the page. */
export function makeLinePlot(dom: Dom, format: Format): LinePlot {
  const { draw } = dom;
  const COLORS = 6;
  const DASHES = ["none", "7 4", "2 4"];
  /** More points than these are too dense for signs. */
  const MAX_SIGNS = 31;

  function paintOf(color: number): Attributes {
    return { "data-color": color % COLORS };
  }

  function dashOf(color: number): string {
    return DASHES[Math.floor(color / COLORS) % DASHES.length]!;
  }

  function ticksTo(top: number, count: number): number[] {
    const rough = Math.max(top, 1e-9) / count;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].find((it) => it * power >= rough * .999)! *
      power;
    const ticks: number[] = [];
    for (let i = 0; i * step < top + step * .999; i++) {
      ticks.push(Number((i * step).toPrecision(12)));
    }
    return ticks;
  }

  /** Not only by their colours are lines told apart. */
  function signAt(x: number, y: number, color: number): PageElement {
    const attributes = { class: "sign", ...paintOf(color) };
    switch (color % COLORS) {
      case 1:
        return draw("rect", {
          x: x - 3,
          y: y - 3,
          width: 6,
          height: 6,
          ...attributes,
        });
      case 2:
        return draw("path", {
          d: `M${x} ${y - 4}L${x + 4} ${y + 3}L${x - 4} ${y + 3}Z`,
          ...attributes,
        });
      case 3:
        return draw("path", {
          d: `M${x} ${y - 4.5}L${x + 4.5} ${y}L${x} ${y + 4.5}L${
            x - 4.5
          } ${y}Z`,
          ...attributes,
        });
      case 4:
        return draw("path", {
          d: `M${x} ${y + 4}L${x + 4} ${y - 3}L${x - 4} ${y - 3}Z`,
          ...attributes,
        });
      case 5:
        return draw("path", {
          d: `M${x - 4} ${y}H${x + 4}M${x} ${y - 4}V${y + 4}`,
          ...attributes,
          class: "sign open",
        });
      default:
        return draw("circle", { cx: x, cy: y, r: 3.2, ...attributes });
    }
  }

  function sign(color: number): PageElement {
    if (color < 0) {
      return draw(
        "svg",
        {
          class: "key",
          viewBox: "0 0 24 12",
          width: 24,
          height: 12,
          "aria-hidden": "true",
        },
        draw("line", { class: "base", x1: 1, x2: 23, y1: 6, y2: 6 }),
      );
    }
    return draw(
      "svg",
      {
        class: "key",
        viewBox: "0 0 24 12",
        width: 24,
        height: 12,
        "aria-hidden": "true",
      },
      draw("line", {
        class: "series",
        x1: 1,
        x2: 23,
        y1: 6,
        y2: 6,
        "stroke-dasharray": dashOf(color),
        ...paintOf(color),
      }),
      signAt(12, 6, color),
    );
  }

  /** The parts of a line between its gaps. */
  function partsOf(
    points: readonly (readonly [x: number, y: number] | undefined)[],
  ): (readonly [number, number])[][] {
    const parts: (readonly [number, number])[][] = [[]];
    for (const point of points) {
      if (point === undefined) parts.push([]);
      else parts.at(-1)!.push(point);
    }
    return parts.filter(({ length }) => length > 0);
  }

  function pathOf(points: readonly (readonly [number, number])[]): string {
    return points.map(([x, y], i) =>
      `${i === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`
    ).join("");
  }

  function layOut(model: LineModel, width: number): Drawing {
    const { series, titles, ticks, kind, height } = model;
    const values = series.flatMap(({ values }) => values);
    const most = Math.max(0, ...values.map((it) => it ?? 0));
    const marks = model.top === undefined
      ? ticksTo(Math.max(most, kind === "count" ? 4 : most), 4)
      : ticksTo(model.top, 4);
    const top = marks.at(-1)!;
    const texts = marks.map((it) => format.short(it, kind));
    const left = Math.ceil(Math.max(...texts.map(dom.widthOf))) + 10;
    const right = width - 14;
    const ceiling = 10;
    const floor = height - 26;
    const count = titles.length;
    const band = (right - left) / Math.max(1, count);
    const xOf = (i: number): number => left + band * (i + .5);
    const yOf = (value: number): number =>
      floor - (floor - ceiling) * (value / top);
    const nodes: PageElement[] = [];
    for (const [i, mark] of marks.entries()) {
      const y = Math.round(yOf(mark)) + .5;
      nodes.push(
        draw("line", {
          class: i === 0 ? "base" : "grid",
          x1: left,
          x2: right,
          y1: y,
          y2: y,
        }),
        draw(
          "text",
          { class: "axis", x: left - 8, y: y + 4, "text-anchor": "end" },
          texts[i]!,
        ),
      );
    }
    const room = Math.max(...ticks.map(dom.widthOf), 1) + 16;
    const every = Math.max(1, Math.ceil(room / band));
    for (let i = (count - 1) % every; i < count; i += every) {
      const half = dom.widthOf(ticks[i]!) / 2;
      nodes.push(draw("text", {
        class: "axis",
        x: Math.max(left - 8 + half, Math.min(width - half, xOf(i))),
        y: height - 6,
        "text-anchor": "middle",
      }, ticks[i]!));
    }
    for (const [i, { color, values }] of series.entries()) {
      const points = values.map((value, i) =>
        value === null ? undefined : [xOf(i), yOf(value)] as const
      );
      // What is still counted is drawn on its own.
      const isOpen = model.isPartial && count > 1 &&
        points.at(-1) !== undefined && points.at(-2) !== undefined;
      const whole = partsOf(isOpen ? points.slice(0, -1) : points);
      if (i === 0 && model.hasArea) {
        for (const part of partsOf(points)) {
          nodes.push(draw("path", {
            class: "area",
            d: `${pathOf(part)}L${part.at(-1)![0]} ${floor}L${
              part[0]![0]
            } ${floor}Z`,
            ...paintOf(color),
          }));
        }
      }
      const paths = whole.map((part) => [part, dashOf(color)] as const);
      if (isOpen) {
        paths.push([[points.at(-2)!, points.at(-1)!], "1 5"]);
      }
      for (const [part, dash] of paths) {
        nodes.push(draw("path", {
          class: "series",
          d: pathOf(part),
          "stroke-dasharray": dash,
          ...paintOf(color),
        }));
      }
      for (const [j, point] of points.entries()) {
        const isAlone = points[j - 1] === undefined &&
          points[j + 1] === undefined;
        if (point === undefined || count > MAX_SIGNS && !isAlone) continue;
        nodes.push(signAt(point[0], point[1], color));
      }
    }
    const stops = series.map((own) =>
      own.values.map((value, i): Stop => ({
        box: {
          x: xOf(i) - band / 2,
          y: yOf(value ?? 0),
          width: band,
          height: 0,
        },
        title: i === count - 1 && model.isPartial
          ? `${titles[i]} (so far)`
          : titles[i]!,
        lines: series.map((it) => ({
          name: it.name,
          value: it.values[i] === null || it.values[i] === undefined
            ? "–"
            : format.figure(it.values[i], kind),
          color: it.color % COLORS,
          isOwn: it === own,
        })),
      }))
    );
    return { height, summary: model.summary, nodes, stops, marks: "line" };
  }

  function spark(values: readonly (number | null)[]): PageElement {
    const svg = draw("svg", {
      class: "spark",
      viewBox: "0 0 100 28",
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    });
    const most = Math.max(...values.map((it) => it ?? 0), 0);
    if (values.length < 2 || most <= 0) return svg;
    const points = values.map((value, i) =>
      value === null
        ? undefined
        : [100 * i / (values.length - 1), 26 - 24 * value / most] as const
    );
    for (const part of partsOf(points)) {
      svg.append(
        draw("path", {
          class: "area",
          "data-color": 0,
          d: `${pathOf(part)}L${part.at(-1)![0]} 28L${part[0]![0]} 28Z`,
        }),
        draw("path", { class: "series", "data-color": 0, d: pathOf(part) }),
      );
    }
    return svg;
  }

  return { layOut, sign, spark, ticksTo };
}
