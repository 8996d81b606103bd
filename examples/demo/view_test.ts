import {
  assert,
  assertEquals,
  assertFalse,
  assertStringIncludes,
} from "@std/assert";
import { FrameStats } from "./frame_stats.ts";
import type { LogEntry, Scene } from "./scene.ts";
import { renderView, sparkline, type ViewState } from "./view.ts";

function scene(log: LogEntry[]): Scene {
  return {
    isComplete: true,
    name: "test",
    load: () => Promise.resolve(),
    tick: () => {},
    rows: () => [{
      label: "requests",
      spans: [["in flight ", "dim"], ["7", "good"]],
    }],
    log: () => log,
    line: () => "",
    close: () => Promise.resolve(),
    summary: () => ({}),
    report: () => [],
  };
}

function state(entries = 0): ViewState {
  const stats = new FrameStats(16);
  for (let i = 0; i < 300; i++) stats.add(16, 2, 1, 1);
  const log = Array.from(
    { length: entries },
    (_, i): LogEntry => ({ atSecs: i, text: `entry ${i}`, tone: "bad" }),
  );
  return { stats, totalFrames: 600, seconds: 5, scenes: [scene(log)] };
}

Deno.test("renderView() shows frames, network, scenes and the last log entries", () => {
  const lines = renderView(state(20), { columns: 80, rows: 24, colour: false });
  const text = lines.join("\n");
  assertStringIncludes(text, "frame 300 of 600  5.0 s");
  assertStringIncludes(text, "frames    p50 16.00  p99 16.00  worst 16.00");
  assertStringIncludes(text, "network   p50 1.00   p99 1.00   worst 1.00");
  assertStringIncludes(text, "requests  in flight 7");
  assertEquals(lines.at(-1), "  19.0 s  entry 19");
  assertFalse(text.includes("\x1b"));
});

Deno.test("renderView() fits every size of screen", () => {
  for (const columns of [21, 40, 80, 81, 200]) {
    for (const rows of [2, 5, 10, 12, 24, 60]) {
      const lines = renderView(state(20), { columns, rows, colour: false });
      const message = `${columns} x ${rows}`;
      assert(lines.length < rows, message);
      for (const line of lines) {
        assert(line.length < columns, `${message}: ${line}`);
      }
    }
  }
});

Deno.test("renderView() has the same number of lines from the first frame on", () => {
  const screen = { columns: 80, rows: 24, colour: false };
  const { length } = renderView(state(0), screen);
  for (const entries of [1, 7, 8, 100]) {
    assertEquals(renderView(state(entries), screen).length, length);
  }
});

Deno.test("renderView() colours whole words and ends every colour", () => {
  const lines = renderView(state(20), { columns: 80, rows: 24, colour: true });
  assertEquals(
    lines.at(-1),
    "\x1b[2m  19.0 s  \x1b[0m\x1b[31mentry 19\x1b[0m",
  );
  for (const line of lines) {
    // deno-lint-ignore no-control-regex
    const codes = line.match(/\x1b\[[0-9]+m/g) ?? [];
    assertEquals(
      codes.filter((code) => code === "\x1b[0m").length * 2,
      codes.length,
    );
  }
});

Deno.test("sparkline() draws values between 0 and its maximum", () => {
  assertEquals(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 7), "▁▂▃▄▅▆▇█");
  assertEquals(sparkline([-1, 100], 7), "▁█");
  assertEquals(sparkline([], 7), "");
});
