import { browser, type Canvas, type Pen } from "./browser.ts";

/** How much of the past is shown, in milliseconds. */
export const SPAN_MS = 10_000;

const MAX_POINTS = 2_048;
const LEFT = 58;
const TOP = 10;
const BOTTOM = 22;
const DOT = 2;
/** What the highest round trip may be drawn below, in milliseconds. */
const SCALES = [5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000];
const GRID_LINES = 5;
/** What stands below, from left to right; the first and the last where there is little room. */
const SECONDS = [-10, -8, -6, -4, -2, 0];
const NARROW = 480;

/** The round trips of the last seconds as dots over time, newest on the right. */
export class Chart {
  readonly #canvas: Canvas;
  readonly #pen: Pen;
  readonly #atMs = new Float64Array(MAX_POINTS);
  readonly #tookMs = new Float64Array(MAX_POINTS);
  #count = 0;
  #scale = 0;

  /**
   * Creates an empty chart.
   *
   * @param canvas What it is drawn on, at the size that the page gives it.
   */
  constructor(canvas: Canvas) {
    this.#canvas = canvas;
    this.#pen = canvas.getContext("2d");
  }

  /**
   * Adds a round trip.
   *
   * @param nowMs When it came back.
   * @param tookMs How long it took.
   */
  add(nowMs: number, tookMs: number): void {
    const at = this.#count++ % MAX_POINTS;
    this.#atMs[at] = nowMs;
    this.#tookMs[at] = tookMs;
  }

  /** Forgets all. */
  clear(): void {
    this.#count = 0;
  }

  /**
   * Draws it.
   *
   * @param nowMs The time at its right end.
   * @param p50 Where a line is drawn, and another at `p99`; `NaN` for none.
   */
  draw(nowMs: number, p50: number, p99: number): void {
    const { clientWidth, clientHeight } = this.#canvas;
    const ratio = browser.devicePixelRatio;
    const width = Math.round(clientWidth * ratio);
    const height = Math.round(clientHeight * ratio);
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      this.#canvas.width = width;
      this.#canvas.height = height;
    }
    const pen = this.#pen;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, clientWidth, clientHeight);
    const right = clientWidth - DOT;
    const bottom = clientHeight - BOTTOM;
    const top = this.#top(nowMs);
    const x = (atMs: number): number =>
      right - (nowMs - atMs) / SPAN_MS * (right - LEFT);
    const y = (ms: number): number =>
      bottom - Math.min(ms / top, 1) * (bottom - TOP);
    this.#grid(top, right, x, y, nowMs);
    pen.fillStyle = colour("--accent");
    this.#each(nowMs, (atMs, tookMs) => {
      pen.fillRect(x(atMs) - DOT / 2, y(tookMs) - DOT / 2, DOT, DOT);
    });
    this.#line(y(p50), right, "--good", []);
    this.#line(y(p99), right, "--wait", [6, 4]);
  }

  #grid(
    top: number,
    right: number,
    x: (atMs: number) => number,
    y: (ms: number) => number,
    nowMs: number,
  ): void {
    const pen = this.#pen;
    pen.font = "12px system-ui, sans-serif";
    pen.textAlign = "right";
    for (let i = 0; i <= GRID_LINES; i++) {
      const ms = top / GRID_LINES * i;
      // On whole pixels a line is sharp.
      this.#line(Math.round(y(ms)) + 0.5, right, "--line", [], 1);
      pen.fillStyle = colour("--muted");
      pen.textBaseline = "middle";
      pen.fillText(`${ms}${i === GRID_LINES ? " ms" : ""}`, LEFT - 6, y(ms));
    }
    pen.textBaseline = "top";
    const isNarrow = right < NARROW;
    for (const seconds of isNarrow ? [SECONDS[0]!, 0] : SECONDS) {
      pen.textAlign = seconds === SECONDS[0]
        ? "left"
        : seconds === 0
        ? "right"
        : "center";
      const text = seconds === 0 ? "now" : `${seconds} s`.replace("-", "−");
      pen.fillText(text, x(nowMs + seconds * 1_000), y(0) + 6);
    }
  }

  #line(
    at: number,
    right: number,
    name: string,
    dash: readonly number[],
    width = 1.5,
  ): void {
    if (Number.isNaN(at)) return;
    const pen = this.#pen;
    pen.strokeStyle = colour(name);
    pen.lineWidth = width;
    pen.setLineDash(dash);
    pen.beginPath();
    pen.moveTo(LEFT, at);
    pen.lineTo(right, at);
    pen.stroke();
  }

  #each(
    nowMs: number,
    point: (atMs: number, tookMs: number) => void,
  ): void {
    const first = Math.max(0, this.#count - MAX_POINTS);
    for (let i = this.#count - 1; i >= first; i--) {
      const atMs = this.#atMs[i % MAX_POINTS]!;
      if (atMs < nowMs - SPAN_MS) return;
      point(atMs, this.#tookMs[i % MAX_POINTS]!);
    }
  }

  /** The scale that the highest needs; it comes down again only when there is much room. */
  #top(nowMs: number): number {
    let highest = 0;
    this.#each(nowMs, (_, ms) => highest = Math.max(highest, ms));
    const needed = SCALES.findIndex((scale) => scale >= highest);
    const index = needed < 0 ? SCALES.length - 1 : needed;
    const isMuchLower = highest < SCALES[this.#scale]! * 0.3;
    if (index > this.#scale || isMuchLower) this.#scale = index;
    return SCALES[this.#scale]!;
  }
}

/** What a colour of the style is in the scheme of the moment: the style registers it, so that it is resolved. */
function colour(name: string): string {
  const { documentElement } = browser.document;
  return browser.getComputedStyle(documentElement).getPropertyValue(name);
}
