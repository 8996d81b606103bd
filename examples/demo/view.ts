import type { FrameStats } from "./frame_stats.ts";
import type { LogEntry, Row, Scene, Span, Tone } from "./scene.ts";

/** How large the screen is and whether it has colours. */
export interface Screen {
  /** Characters in a line. */
  readonly columns: number;
  /** Lines. */
  readonly rows: number;
  /** Whether colours are wanted. */
  readonly colour: boolean;
}

/** What is shown. */
export interface ViewState {
  /** Frames so far, and their times. */
  readonly stats: FrameStats;
  /** Frames in all. */
  readonly totalFrames: number;
  /** Seconds since the start. */
  readonly seconds: number;
  /** The parts of the demo. */
  readonly scenes: readonly Scene[];
}

const LABEL_WIDTH = 10;
const MIN_COLUMNS = 20;
const MAX_COLUMNS = 110;
const MAX_LOG_LINES = 8;
const BARS = "▁▂▃▄▅▆▇█";
const COLOURS: Record<Tone, string> = {
  plain: "",
  dim: "\x1b[2m",
  good: "\x1b[32m",
  warn: "\x1b[33m",
  bad: "\x1b[31m",
};

/**
 * Draws the state.
 *
 * @param state What is shown.
 * @param screen Where it is shown.
 * @returns Lines that fit the screen, with escape sequences for colours if it has them.
 */
export function renderView(state: ViewState, screen: Screen): string[] {
  const { stats, totalFrames, seconds, scenes } = state;
  const width = Math.max(
    Math.min(screen.columns - 1, MAX_COLUMNS),
    MIN_COLUMNS,
  );
  const barWidth = width - LABEL_WIDTH;
  const { frames, frameMs, networkMs, budgetMs, lateFrames } = stats
    .summary();
  const lines: (readonly Span[])[] = [
    [["tickwire", "good"], [
      `  frame ${frames} of ${totalFrames}  ${seconds.toFixed(1)} s  `,
      "plain",
    ], ["Ctrl-C ends", "dim"]],
    [["─".repeat(width), "dim"]],
    labelled({ label: "game", spans: [[ball(seconds, barWidth), "plain"]] }),
    labelled({
      label: "frames",
      spans: [
        ...milliseconds(frameMs),
        ["late ", "dim"],
        [`${lateFrames}`, lateFrames === 0 ? "good" : "warn"],
      ],
    }),
    labelled({
      label: "",
      spans: [[sparkline(stats.recentFrameMs(barWidth), 2 * budgetMs), "good"]],
    }),
    labelled({
      label: "network",
      spans: [
        ...milliseconds(networkMs),
        [`of ${budgetMs.toFixed(1)} ms in a frame`, "dim"],
      ],
    }),
    labelled({
      label: "",
      spans: [[
        sparkline(stats.recentNetworkMs(barWidth), budgetMs),
        "good",
      ]],
    }),
    ...scenes.flatMap((scene) => scene.rows()).map(labelled),
    [["─".repeat(width), "dim"]],
  ];
  // One line is left free, so that the screen never scrolls.
  const free = Math.max(screen.rows - 1 - lines.length, 0);
  const count = Math.min(free, MAX_LOG_LINES);
  const entries = scenes.flatMap((scene) => scene.log())
    .sort((a, b) => a.atSecs - b.atSecs);
  const log = entries.slice(Math.max(entries.length - count, 0)).map(logLine);
  while (log.length < count) log.push([]);
  return [...lines, ...log]
    .slice(0, Math.max(screen.rows - 1, 1))
    .map((line) => paint(line, width, screen.colour));
}

/**
 * Draws values as a row of bars.
 *
 * @param values The values, each 0 or more.
 * @param max The value of the highest bar; higher values look the same.
 * @returns One character for each value.
 */
export function sparkline(values: readonly number[], max: number): string {
  return values.map((value) => {
    const bar = Math.round(value / max * (BARS.length - 1));
    return BARS[Math.min(Math.max(bar, 0), BARS.length - 1)]!;
  }).join("");
}

// Goes to and fro once in four seconds. A frame that comes late shows as a jump.
function ball(seconds: number, width: number): string {
  const phase = seconds / 2 % 2;
  const at = Math.round((phase < 1 ? phase : 2 - phase) * (width - 1));
  return "·".repeat(at) + "●" + "·".repeat(width - 1 - at);
}

function milliseconds(
  times: { p50: number; p99: number; worst: number },
): Span[] {
  return (["p50", "p99", "worst"] as const).flatMap((name): Span[] => [
    [`${name} `, "dim"],
    [times[name].toFixed(2).padEnd(7), "plain"],
  ]);
}

function labelled(row: Row): Span[] {
  return [[row.label.padEnd(LABEL_WIDTH), "dim"], ...row.spans];
}

function logLine(entry: LogEntry): Span[] {
  return [
    [`${entry.atSecs.toFixed(1)} s`.padStart(LABEL_WIDTH - 2) + "  ", "dim"],
    [entry.text, entry.tone],
  ];
}

// Cuts by characters that show: escape sequences take no room. All characters used here are one column wide.
function paint(line: readonly Span[], width: number, colour: boolean): string {
  let painted = "";
  let left = width;
  for (const [text, tone] of line) {
    const cut = text.slice(0, left);
    left -= cut.length;
    const code = colour ? COLOURS[tone] : "";
    painted += code === "" || cut === "" ? cut : `${code}${cut}\x1b[0m`;
  }
  return painted;
}
