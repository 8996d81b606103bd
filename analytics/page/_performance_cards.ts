// This module is browser compatible.
import type { PercentilesAnswer } from "./_answers.ts";
import type { Card, MakeCard, Sight } from "./_card.ts";
import type { Format } from "./_format.ts";
import type { Phrases } from "./_phrases.ts";
import type { RangePlot } from "./_range_plot.ts";
import type { View } from "./_view.ts";

/** Makes the cards of how the game runs: frame times and memory. */
export function makePerformanceCards(
  makeCard: MakeCard,
  format: Format,
  ranges: RangePlot,
  phrases: Phrases,
  go: (change: (view: View) => Partial<View>) => void,
): readonly Card[] {
  const MAX_RANGES = 10;
  const FIGURES = [
    ["p50", "Median"],
    ["p90", "p90"],
    ["p95", "p95"],
    ["p99", "p99"],
    ["p999", "p99.9"],
    ["max", "Most"],
  ] as const;

  function card(
    { id, title, kind, setting, guides, isFrames, things, missing }: {
      readonly id: "frames" | "memory";
      readonly title: string;
      readonly kind: "frameMs" | "bytes";
      readonly setting: "framesBy" | "memoryBy";
      readonly guides: readonly {
        readonly value: number;
        readonly text: string;
      }[];
      readonly isFrames: boolean;
      readonly things: string;
      readonly missing: string;
    },
  ): Card {
    const frame = makeCard({ section: "performance", id, title });
    const select = frame.addSelect(
      "By",
      [["build", "Build"], ["platform", "Platform"]],
      (value) => go(() => ({ [setting]: value })),
    );

    function show([answer]: readonly unknown[], sight: Sight): void {
      const by = sight.view[setting];
      if (select.value !== by) select.value = by;
      const { isComplete, ...found } = answer as PercentilesAnswer;
      const rows = found.rows.map((row) => ({
        ...row,
        label: row[by],
        count: row.frames ?? row.count ?? 0,
      }));
      rows.sort((a, b) => b.count - a.count || (a.label < b.label ? -1 : 1));
      const drawn = rows.slice(0, MAX_RANGES);
      if (by === "build") {
        // The newest first: it is the one that can still be mended.
        for (const list of [rows, drawn]) {
          list.sort((a, b) =>
            b.label.localeCompare(a.label, [], { numeric: true })
          );
        }
      }
      const table = {
        caption: `${title} by ${by}, ${phrases.spanText(sight)}`,
        columns: [
          {
            label: by === "build" ? "Build" : "Platform",
            kind: "text" as const,
          },
          { label: isFrames ? "Frames" : "Samples", kind: "count" as const },
          ...FIGURES.map(([, label]) => ({ label, kind })),
          ...(isFrames ? [{ label: "Hitches", kind: "count" as const }] : []),
        ],
        rows: rows.map((row) => [
          row.label,
          row.count,
          ...FIGURES.map(([name]) => row[name]),
          ...(isFrames ? [row.hitches ?? 0] : []),
        ]),
      };
      const total = rows.reduce((sum, { count }) => sum + count, 0);
      if (total === 0) {
        frame.setAbout("");
        frame.setLegend([]);
        frame.showEmpty(
          sight.hasData ? missing : phrases.emptyText(sight),
          { ...table, rows: [] },
          sight,
        );
        return;
      }
      const more = rows.length > drawn.length
        ? `, the ${drawn.length} ${by}s of ${rows.length} with the most`
        : "";
      frame.setAbout(
        `${format.many(total, things)}${more}${phrases.rest(isComplete)}`,
      );
      frame.setLegend(ranges.signs());
      frame.show(
        (width) =>
          ranges.layOut({
            summary: `${title} by ${by}: ${
              drawn.map(({ label, p50, p99 }) =>
                `${label} median ${format.figure(p50, kind)}, p99 ${
                  format.figure(p99, kind)
                }`
              ).join("; ")
            }. Arrow keys read it.`,
            kind,
            ranges: drawn.map((row) => ({
              label: row.label,
              text: `p99 ${format.figure(row.p99, kind)}`,
              percentiles: row,
              lines: [
                ...FIGURES.map(([name, label]) => ({
                  name: label,
                  value: format.figure(row[name], kind),
                })),
                {
                  name: isFrames ? "Frames" : "Samples",
                  value: format.figure(row.count, "count"),
                },
                ...(isFrames
                  ? [{
                    name: "Hitches",
                    value: format.figure(row.hitches ?? 0, "count"),
                  }]
                  : []),
              ],
            })),
            guides,
          }, width),
        table,
        sight,
      );
    }

    return {
      id,
      queries: ({ view, span }) => [{
        path: id,
        params: { ...phrases.paramsOf(view, span), by: view[setting] },
      }],
      show,
      frame,
    };
  }

  return [
    card({
      id: "frames",
      title: "Frame times",
      kind: "frameMs",
      setting: "framesBy",
      guides: [
        { value: 1_000 / 60, text: "60 fps" },
        { value: 1_000 / 30, text: "30 fps" },
      ],
      isFrames: true,
      things: "frame",
      missing:
        "No frame times here: have the game record them with AnalyticsEvent.frameTime(…)",
    }),
    card({
      id: "memory",
      title: "Memory",
      kind: "bytes",
      setting: "memoryBy",
      guides: [],
      isFrames: false,
      things: "sample",
      missing:
        "No memory figures here: have the game record them with AnalyticsEvent.memoryUsage(…)",
    }),
  ];
}
