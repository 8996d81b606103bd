// This module is browser compatible.
import type { PageElement } from "./_browser.ts";
import type { Drawing, Stop } from "./_chart.ts";
import type { Dom } from "./_dom.ts";
import type { Format } from "./_format.ts";
import type { LinePlot } from "./_line_plot.ts";

/** Counts by two things. */
export interface GridModel {
  /** What it shows, in a sentence. */
  readonly summary: string;
  /** What the columns are: `"Floor"`. */
  readonly across: string;
  /** The columns. */
  readonly columns: readonly string[];
  /** The rows, each with its counts by column. */
  readonly rows: readonly {
    readonly name: string;
    /** The number of its colour; -1 for what is of no colour. */
    readonly color: number;
    readonly counts: readonly number[];
  }[];
}

/** Bars below each other. */
export interface BarsModel {
  /** What it shows, in a sentence. */
  readonly summary: string;
  /** The bars, downwards. */
  readonly bars: readonly {
    readonly label: string;
    /** What stands at its end. */
    readonly text: string;
    /** What stands between it and the one before. */
    readonly between?: string;
    /** How long it is: 0 to 1. */
    readonly share: number;
    /** What it tells. */
    readonly lines: Stop["lines"];
  }[];
}

/** Draws bars, and grids of counts. */
export interface BarPlots {
  /** Bars that stand on each other, one for each column. */
  stack(model: GridModel, width: number): Drawing;
  /** The same as a map: the darker, the more. */
  map(model: GridModel, width: number): Drawing;
  /** Bars below each other. */
  bars(model: BarsModel, width: number): Drawing;
  /** How many columns have room. */
  roomFor(width: number): number;
}

/** Makes the {@linkcode BarPlots} of the page. */
export function makeBarPlots(
  dom: Dom,
  format: Format,
  lines: LinePlot,
): BarPlots {
  const { draw } = dom;
  const STACK_HEIGHT = 260;
  const LEVELS = 6;

  function roomFor(width: number): number {
    return Math.max(4, Math.floor((width - 60) / 12));
  }

  function linesOf(
    { rows }: GridModel,
    column: number,
    own: string,
  ): Stop["lines"] {
    const total = rows.reduce((sum, { counts }) => sum + counts[column]!, 0);
    return [
      ...rows.filter(({ counts, name }) => counts[column]! > 0 || name === own)
        .map(({ name, color, counts }) => ({
          name,
          value: format.figure(counts[column]!, "count"),
          ...(color >= 0 && { color }),
          isOwn: name === own,
        })),
      { name: "Together", value: format.figure(total, "count") },
    ];
  }

  function columnLabels(
    { columns, across }: GridModel,
    xOf: (i: number) => number,
    band: number,
    y: number,
    width: number,
  ): PageElement[] {
    const nodes: PageElement[] = [];
    const room = Math.max(...columns.map(dom.widthOf), 1) + 8;
    const every = Math.max(1, Math.ceil(room / band));
    for (let i = 0; i < columns.length; i += every) {
      nodes.push(draw("text", {
        class: "axis",
        x: xOf(i) + band / 2,
        y,
        "text-anchor": "middle",
      }, columns[i]!));
    }
    nodes.push(
      draw("text", {
        class: "axis",
        x: (xOf(0) + width) / 2,
        y: y + 18,
        "text-anchor": "middle",
      }, across),
    );
    return nodes;
  }

  function stack(model: GridModel, width: number): Drawing {
    const { columns, rows, across } = model;
    const totals = columns.map((_, i) =>
      rows.reduce((sum, { counts }) => sum + counts[i]!, 0)
    );
    const marks = lines.ticksTo(Math.max(4, ...totals), 4);
    const top = marks.at(-1)!;
    const texts = marks.map((it) => format.short(it, "count"));
    const left = Math.ceil(Math.max(...texts.map(dom.widthOf))) + 10;
    const floor = STACK_HEIGHT - 44;
    const band = (width - left - 4) / Math.max(1, columns.length);
    const barWidth = Math.max(3, Math.min(48, band * .72));
    const xOf = (i: number): number => left + band * i;
    const heightOf = (count: number): number => (floor - 10) * (count / top);
    const nodes: PageElement[] = [];
    for (const [i, mark] of marks.entries()) {
      const y = Math.round(floor - heightOf(mark)) + .5;
      nodes.push(
        draw("line", {
          class: i === 0 ? "base" : "grid",
          x1: left,
          x2: width,
          y1: y,
          y2: y,
        }),
        draw("text", {
          class: "axis",
          x: left - 8,
          y: y + 4,
          "text-anchor": "end",
        }, texts[i]!),
      );
    }
    const stops: Stop[][] = rows.map(() => []);
    for (const [i, column] of columns.entries()) {
      let y = floor;
      for (const [j, { name, color, counts }] of rows.entries()) {
        const height = heightOf(counts[i]!);
        y -= height;
        const box = {
          x: xOf(i) + (band - barWidth) / 2,
          y,
          width: barWidth,
          height,
        };
        if (height > 0) {
          // A line of the card's colour tells neighbours apart.
          nodes.push(draw("rect", {
            class: "bar",
            ...box,
            height: Math.max(1, height - 1),
            "data-color": color < 0 ? "rest" : color,
          }));
        }
        stops[j]!.push({
          box,
          title: `${across} ${column}`,
          lines: linesOf(model, i, name),
        });
      }
    }
    nodes.push(...columnLabels(model, xOf, band, floor + 18, width));
    return {
      height: STACK_HEIGHT,
      summary: model.summary,
      nodes,
      stops,
      marks: "box",
    };
  }

  function map(model: GridModel, width: number): Drawing {
    const { columns, rows, across } = model;
    const left = Math.min(
      width * .3,
      Math.max(...rows.map(({ name }) => dom.widthOf(name)), 0) + 12,
    );
    const band = (width - left - 2) / Math.max(1, columns.length);
    const rowHeight = 28;
    const xOf = (i: number): number => left + band * i;
    const most = Math.max(1, ...rows.flatMap(({ counts }) => counts));
    const nodes: PageElement[] = [];
    const stops: Stop[][] = [];
    for (const [j, { name, counts }] of rows.entries()) {
      const y = j * rowHeight;
      nodes.push(draw("text", {
        class: "label",
        x: left - 10,
        y: y + 18,
        "text-anchor": "end",
      }, dom.fit(name, left - 12)));
      stops.push(counts.map((count, i) => {
        const box = {
          x: xOf(i) + 1,
          y: y + 1,
          width: Math.max(2, band - 2),
          height: rowHeight - 2,
        };
        const level = count === 0
          ? 0
          : Math.max(1, Math.round((LEVELS - 1) * Math.sqrt(count / most)));
        nodes.push(
          draw("rect", { class: "cell", ...box, rx: 3, "data-level": level }),
        );
        const text = format.short(count, "count");
        if (count > 0 && dom.widthOf(text) + 4 <= box.width) {
          nodes.push(draw("text", {
            class: "celltext",
            x: xOf(i) + band / 2,
            y: y + 18,
            "text-anchor": "middle",
            "data-level": level,
          }, text));
        }
        return {
          box,
          title: `${across} ${columns[i]}`,
          lines: [{ name, value: format.figure(count, "count") }],
        };
      }));
    }
    const floor = rows.length * rowHeight;
    nodes.push(...columnLabels(model, xOf, band, floor + 18, width));
    return {
      height: floor + 44,
      summary: model.summary,
      nodes,
      stops,
      marks: "box",
    };
  }

  function bars(model: BarsModel, width: number): Drawing {
    const nodes: PageElement[] = [];
    const stops: Stop[][] = [];
    let y = 0;
    for (const bar of model.bars) {
      if (bar.between !== undefined) {
        nodes.push(
          draw("path", {
            class: "grid",
            d: `M6 ${y + 2}V${y + 16}M2.5 ${y + 12}L6 ${y + 16}L9.5 ${y + 12}`,
          }),
          draw(
            "text",
            { class: "axis", x: 18, y: y + 14 },
            dom.fit(bar.between, width - 20),
          ),
        );
        y += 26;
      }
      const room = width - dom.widthOf(bar.text) * 1.1 - 16;
      nodes.push(
        draw(
          "text",
          { class: "label", x: 0, y: y + 13 },
          dom.fit(bar.label, room),
        ),
        draw("text", {
          class: "value",
          x: width,
          y: y + 13,
          "text-anchor": "end",
        }, bar.text),
        draw("rect", {
          class: "track",
          x: 0,
          y: y + 20,
          width,
          height: 14,
          rx: 3,
        }),
      );
      if (bar.share > 0) {
        nodes.push(draw("rect", {
          class: "bar",
          x: 0,
          y: y + 20,
          width: Math.max(2, width * Math.min(1, bar.share)),
          height: 14,
          rx: 3,
          "data-color": 0,
        }));
      }
      stops.push([{
        box: { x: 1, y: y + 19, width: width - 2, height: 16 },
        title: bar.label,
        lines: bar.lines,
      }]);
      y += model.bars.some(({ between }) => between !== undefined) ? 40 : 48;
    }
    return {
      height: Math.max(40, y),
      summary: model.summary,
      nodes,
      stops,
      marks: "box",
    };
  }

  return { stack, map, bars, roomFor };
}
