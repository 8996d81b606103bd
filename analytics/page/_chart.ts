// This module is browser compatible.
import type { Browser, PageElement, PageEvent } from "./_browser.ts";
import type { Dom } from "./_dom.ts";

/** A place of a chart that tells something. */
export interface Stop {
  /** The part of the chart that belongs to it, in pixels: it is shown where the pointer is nearest to this. */
  readonly box: {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
  };
  /** What it is. */
  readonly title: string;
  /** What it tells: names and figures. */
  readonly lines: readonly {
    readonly name: string;
    readonly value: string;
    /** The number of its colour. */
    readonly color?: number;
    /** Whether the line is the stop's own, where others stand beside it. */
    readonly isOwn?: boolean;
  }[];
}

/** A chart as it is drawn. */
export interface Drawing {
  /** How high it is, in pixels. */
  readonly height: number;
  /** What it shows, in a sentence. */
  readonly summary: string;
  /** Its elements. */
  readonly nodes: readonly PageElement[];
  /** Its stops: rows of the ones that follow each other. */
  readonly stops: readonly (readonly Stop[])[];
  /** How the place of the cursor is marked. */
  readonly marks: "line" | "box";
}

/** A chart of a card. */
export interface Chart {
  /** Where it is drawn. */
  readonly element: PageElement;
  /** Draws what a function makes for a width, now and whenever the width changes. */
  show(layOut: (width: number) => Drawing): void;
}

/** Makes a chart: a picture that can be read with a pointer, and along its stops with the arrow keys. */
export function makeChart(browser: Browser, dom: Dom): Chart {
  const { make, draw } = dom;
  const MIN_WIDTH = 240;
  const svg = draw("svg", { class: "chart", role: "img", tabindex: 0 });
  const tip = make("div", { class: "tip", "aria-hidden": "true" });
  tip.hidden = true;
  const element = make("div", { class: "plot" }, svg, tip);
  const cursor = draw("g", { class: "cursor" });
  let layOut: ((width: number) => Drawing) | undefined;
  let drawing: Drawing | undefined;
  let drawnWidth = 0;
  let at: { row: number; column: number } | undefined;

  function redraw(): void {
    if (layOut === undefined || element.clientWidth === 0) return;
    drawnWidth = Math.max(MIN_WIDTH, element.clientWidth);
    drawing = layOut(drawnWidth);
    const { height, summary, nodes } = drawing;
    svg.setAttribute("viewBox", `0 0 ${drawnWidth} ${height}`);
    svg.setAttribute("height", `${height}`);
    svg.setAttribute("aria-label", summary);
    svg.replaceChildren(...nodes, cursor);
    moveTo(at);
  }

  /** Shows what stands at a place, or nothing. */
  function moveTo(to: { row: number; column: number } | undefined): void {
    at = to;
    cursor.replaceChildren();
    tip.hidden = true;
    if (at === undefined || drawing === undefined) return;
    const { stops, marks, height } = drawing;
    at.row = Math.max(0, Math.min(at.row, stops.length - 1));
    const row = stops[at.row] ?? [];
    at.column = Math.max(0, Math.min(at.column, row.length - 1));
    const stop = row[at.column];
    if (stop === undefined) return;
    const { x, y, width, height: boxHeight } = stop.box;
    const middle = x + width / 2;
    cursor.append(
      marks === "line"
        ? draw("line", { x1: middle, x2: middle, y1: 8, y2: height - 24 })
        : draw("rect", {
          x: x - 1,
          y: y - 1,
          width: width + 2,
          height: boxHeight + 2,
          rx: 3,
        }),
    );
    if (marks === "line") {
      cursor.append(draw("circle", { cx: middle, cy: y, r: 5 }));
    }
    tip.replaceChildren(make("strong", {}, stop.title));
    for (const { name, value, color, isOwn = false } of stop.lines) {
      const line = make(
        "span",
        { class: isOwn ? "own" : "" },
        make("span", { class: "name" }, name),
        make("b", {}, value),
      );
      if (color !== undefined) line.dataset.color = `${color}`;
      tip.append(line);
    }
    tip.hidden = false;
    // The picture may be drawn smaller than it was laid out for.
    const scale = svg.getBoundingClientRect().width / drawnWidth;
    const size = tip.getBoundingClientRect();
    const across = (marks === "line" ? middle : x + Math.min(width, 160)) *
        scale + 12;
    const left = across + size.width > element.clientWidth
      ? Math.max(
        0,
        Math.min(
          (marks === "line" ? middle : x) * scale - 12 - size.width,
          element.clientWidth - size.width,
        ),
      )
      : across;
    // Beside what is narrow, below what is wide: it hides nothing that it tells of.
    const top = width > drawnWidth / 2 ? (y + boxHeight) * scale + 6 : Math.max(
      0,
      Math.min(y * scale - size.height / 2, height * scale - size.height),
    );
    tip.style.transform = `translate(${Math.round(left)}px, ${
      Math.round(top)
    }px)`;
  }

  function tell(): void {
    if (at === undefined) return;
    const stop = drawing?.stops[at.row]?.[at.column];
    if (stop === undefined) return;
    const own = stop.lines.filter(({ isOwn }) => isOwn);
    const lines = own.length > 0 ? own : stop.lines;
    dom.say(
      `${stop.title}: ${
        lines.map(({ name, value }) => `${name} ${value}`).join(", ")
      }`,
    );
  }

  function onPointer(event: PageEvent): void {
    if (drawing === undefined) return;
    const frame = svg.getBoundingClientRect();
    const scale = drawnWidth / frame.width;
    const x = (event.clientX - frame.left) * scale;
    const y = (event.clientY - frame.top) * scale;
    let best: { row: number; column: number } | undefined;
    let least = Infinity;
    for (const [row, stops] of drawing.stops.entries()) {
      for (const [column, { box }] of stops.entries()) {
        const far = Math.max(box.x - x, x - box.x - box.width, 0);
        const high = Math.max(box.y - y, y - box.y - box.height, 0);
        // Across counts first: of a line, it is the time that is pointed at.
        const distance = far * 1_000 + high;
        if (distance >= least) continue;
        least = distance;
        best = { row, column };
      }
    }
    moveTo(best);
  }

  function onKey(event: PageEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const [row, column] = [at?.row ?? 0, at?.column ?? -1];
    const places: Record<string, { row: number; column: number }> = {
      ArrowRight: { row, column: column + 1 },
      ArrowLeft: { row, column: at === undefined ? Infinity : column - 1 },
      ArrowDown: { row: at === undefined ? 0 : row + 1, column },
      ArrowUp: { row: row - 1, column },
      Home: { row, column: 0 },
      End: { row, column: Infinity },
    };
    const place = places[event.key];
    if (event.key === "Escape") moveTo(undefined);
    if (place === undefined) return;
    event.preventDefault();
    // Where each row has one stop, all arrows go from row to row.
    if (
      drawing !== undefined && drawing.stops.every(({ length }) => length === 1)
    ) {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (by !== undefined && at !== undefined) place.row = row + by;
      if (event.key === "Home") place.row = 0;
      if (event.key === "End") place.row = Infinity;
    }
    moveTo(place);
    tell();
  }

  svg.onpointermove = onPointer;
  svg.onpointerdown = onPointer;
  svg.onpointerleave = () => moveTo(undefined);
  svg.onblur = () => moveTo(undefined);
  svg.onkeydown = onKey;
  new browser.ResizeObserver(() => {
    if (Math.max(MIN_WIDTH, element.clientWidth) !== drawnWidth) redraw();
  }).observe(element);

  return {
    element,
    show(next) {
      layOut = next;
      redraw();
    },
  };
}
