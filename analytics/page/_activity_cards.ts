// This module is browser compatible.
import type { EventsAnswer, SessionsAnswer } from "./_answers.ts";
import type { Card, MakeCard, Sight } from "./_card.ts";
import type { Format } from "./_format.ts";
import type { LinePlot } from "./_line_plot.ts";
import type { Phrases } from "./_phrases.ts";
import type { View } from "./_view.ts";

/** Makes the cards of what happens over time: events, and sessions and players. */
export function makeActivityCards(
  makeCard: MakeCard,
  format: Format,
  lines: LinePlot,
  phrases: Phrases,
  go: (change: (view: View) => Partial<View>) => void,
): readonly Card[] {
  /** How many lines are drawn before somebody has chosen. */
  const USUAL_LINES = 5;
  /** They come by the clock, and say how the game runs rather than what happens in it. */
  const UNUSUAL = ["frameTime", "memoryUsage", "drop"];
  const MAX_ENTRIES = 24;
  const HEIGHT = 280;

  function eventsCard(): Card {
    const frame = makeCard({
      section: "activity",
      id: "events",
      title: "Events over time",
    });

    /** By event: a colour stays with its line while lines overtake each other, come and go. */
    const colors = new Map<string, number>();

    function color(drawn: readonly string[]): void {
      for (const name of colors.keys()) {
        if (!drawn.includes(name)) colors.delete(name);
      }
      for (const name of drawn) {
        if (colors.has(name)) continue;
        const used = new Set(colors.values());
        let free = 0;
        while (used.has(free)) free++;
        colors.set(name, free);
      }
    }

    function show([answer]: readonly unknown[], sight: Sight): void {
      const { rows, isComplete } = answer as EventsAnswer;
      const starts = phrases.startsOf(sight.span);
      const totals = new Map<string, number>();
      const counts = new Map<string, Map<number, number>>();
      for (const { start, event, count } of rows) {
        totals.set(event, (totals.get(event) ?? 0) + count);
        const own = counts.get(event) ?? new Map<number, number>();
        own.set(start, (own.get(start) ?? 0) + count);
        counts.set(event, own);
      }
      const names = [...totals.keys()].sort((a, b) =>
        totals.get(b)! - totals.get(a)! || (a < b ? -1 : 1)
      );
      const chosen = sight.view.events;
      const usual = names.filter((it) => !UNUSUAL.includes(it));
      const drawn = chosen.length > 0
        ? names.filter((it) => chosen.includes(it))
        : (usual.length > 0 ? usual : names).slice(0, USUAL_LINES);
      color(drawn);
      const series = drawn.map((name) => ({
        name,
        color: colors.get(name)!,
        values: starts.map((it) => counts.get(name)!.get(it) ?? 0),
      }));
      const sum = drawn.reduce((sum, name) => sum + totals.get(name)!, 0);
      const table = {
        caption: `Events by ${sight.span.step}, ${phrases.spanText(sight)}`,
        columns: [
          phrases.timeColumn(sight.span),
          ...drawn.map((label) => ({ label, kind: "count" as const })),
        ],
        rows: names.length === 0 ? [] : starts.map((start, i) => [
          start,
          ...series.map(({ values }) => values[i]!),
        ]),
      };
      frame.setLegend(
        names.slice(0, MAX_ENTRIES).map((name) => ({
          name,
          sign: lines.sign(colors.get(name) ?? -1),
          isOn: drawn.includes(name),
        })),
        (name) =>
          go(() => ({
            events: drawn.includes(name)
              ? drawn.filter((it) => it !== name)
              : [...drawn, name],
          })),
      );
      if (names.length === 0) {
        frame.setAbout("");
        frame.showEmpty(phrases.emptyText(sight), table, sight);
        return;
      }
      frame.setAbout(
        `${format.many(sum, "event")} of ${
          format.many(drawn.length, "kind")
        }, by ${sight.span.step}${phrases.rest(isComplete)}`,
      );
      const summary = `Lines of ${drawn.join(", ")} by ${sight.span.step}: ${
        drawn.map((name) =>
          `${name} ${format.figure(totals.get(name)!, "count")}`
        ).join(", ")
      }. Arrow keys read them.`;
      frame.show(
        (width) =>
          lines.layOut({
            summary,
            titles: starts.map((it) => format.start(it, sight.span.step)),
            ticks: starts.map((it) => format.tick(it, sight.span.step)),
            series,
            kind: "count",
            isPartial: sight.span.isPartial,
            hasArea: false,
            height: HEIGHT,
          }, width),
        table,
        sight,
      );
    }

    return {
      id: "events",
      queries: ({ view, span }) => [{
        path: "events",
        params: { ...phrases.paramsOf(view, span), step: span.step },
      }],
      show,
      frame,
    };
  }

  function sessionsCard(): Card {
    const frame = makeCard({
      section: "activity",
      id: "sessions",
      title: "Sessions and players",
    });

    function show([answer]: readonly unknown[], sight: Sight): void {
      const { rows, total, share } = answer as SessionsAnswer;
      const { step } = sight.span;
      const starts = phrases.startsOf(sight.span);
      const byStart = new Map(rows.map((row) => [row.start, row] as const));
      const table = {
        caption: `Sessions and players by ${step}, ${phrases.spanText(sight)}`,
        columns: [
          phrases.timeColumn(sight.span),
          { label: "Sessions", kind: "count" as const },
          { label: "Players", kind: "count" as const },
          { label: "Median length", kind: "durationMs" as const },
          { label: "Never ended", kind: "count" as const },
        ],
        rows: rows.length === 0 ? [] : starts.map((start) => {
          const row = byStart.get(start);
          return [
            start,
            row?.sessions ?? 0,
            row?.players ?? 0,
            row?.medianMs ?? null,
            row?.unclean ?? 0,
          ];
        }),
      };
      const series = [
        {
          name: "Sessions",
          color: 0,
          values: starts.map((it) => byStart.get(it)?.sessions ?? 0),
        },
        {
          name: "Players",
          color: 1,
          values: starts.map((it) => byStart.get(it)?.players ?? 0),
        },
      ];
      if (rows.length === 0) {
        frame.setAbout("");
        frame.setLegend([]);
        frame.showEmpty(phrases.emptyText(sight), table, sight);
        return;
      }
      frame.setLegend(
        series.map(({ name, color }) => ({
          name,
          sign: lines.sign(color),
          isOn: true,
        })),
      );
      const sums = `${format.many(total.sessions, "session")} of ${
        phrases.estimate(share)
      }${format.many(total.players, "player")}`;
      frame.setAbout(sums);
      frame.show(
        (width) =>
          lines.layOut({
            summary: `Lines of sessions and players by ${step}: ${sums}. ` +
              `Arrow keys read them.`,
            titles: starts.map((it) => format.start(it, step)),
            ticks: starts.map((it) => format.tick(it, step)),
            series,
            kind: "count",
            isPartial: sight.span.isPartial,
            hasArea: true,
            height: HEIGHT,
          }, width),
        table,
        sight,
      );
    }

    return {
      id: "sessions",
      queries: ({ view, span }) => [{
        path: "sessions",
        params: { ...phrases.paramsOf(view, span), step: span.step },
      }],
      show,
      frame,
    };
  }

  return [eventsCard(), sessionsCard()];
}
