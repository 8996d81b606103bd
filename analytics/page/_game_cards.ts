// This module is browser compatible.
import type { DeathsAnswer, DropsAnswer, RecentAnswer } from "./_answers.ts";
import type { BarPlots, GridModel } from "./_bar_plots.ts";
import type { PageElement } from "./_browser.ts";
import type { Card, MakeCard, Sight } from "./_card.ts";
import type { Dom } from "./_dom.ts";
import type { Format } from "./_format.ts";
import type { Phrases } from "./_phrases.ts";
import type { View } from "./_view.ts";

/** Makes the cards of the game's own events: deaths, what was dropped, and the newest. */
export function makeGameCards(
  makeCard: MakeCard,
  dom: Dom,
  format: Format,
  bars: BarPlots,
  phrases: Phrases,
  go: (change: (view: View) => Partial<View>) => void,
): readonly Card[] {
  /** How many causes have colours of their own. */
  const MAX_COLORS = 6;
  const MAX_MAP_ROWS = 14;
  const MAX_DROPS = 8;
  const RECENT = 50;

  function keyOf(color: number): PageElement {
    return dom.draw(
      "svg",
      {
        class: "key",
        viewBox: "0 0 12 12",
        width: 12,
        height: 12,
        "aria-hidden": "true",
      },
      dom.draw("rect", {
        class: "bar",
        width: 12,
        height: 12,
        rx: 2,
        "data-color": color < 0 ? "rest" : color,
      }),
    );
  }

  function deathsCard(): Card {
    const frame = makeCard({
      section: "game-cards",
      id: "deaths",
      title: "Deaths by floor and cause",
    });
    const select = frame.addSelect(
      "As",
      [["bars", "Bars"], ["map", "Heat map"]],
      (value) => go(() => ({ deathsAs: value as View["deathsAs"] })),
    );

    /** Puts counts into a grid: the floors in order, the causes by how many they kill. */
    function gridOf(
      rows: DeathsAnswer["rows"],
      maxRows: number,
      maxColumns: number,
    ): { grid: Omit<GridModel, "summary">; floors: number } {
      const byCause = new Map<string, Map<string, number>>();
      const totals = new Map<string, number>();
      const floors = new Set<string>();
      for (const { floor, cause, count } of rows) {
        floors.add(`${floor}`);
        totals.set(cause, (totals.get(cause) ?? 0) + count);
        const own = byCause.get(cause) ?? new Map<string, number>();
        own.set(`${floor}`, (own.get(`${floor}`) ?? 0) + count);
        byCause.set(cause, own);
      }
      const columns = [...floors].sort((a, b) =>
        a.localeCompare(b, [], { numeric: true })
      ).slice(0, maxColumns);
      const causes = [...totals.keys()].sort((a, b) =>
        totals.get(b)! - totals.get(a)! || (a < b ? -1 : 1)
      );
      const own = causes.length > maxRows
        ? causes.slice(0, maxRows - 1)
        : causes;
      const rest = causes.slice(own.length);
      const countsOf = (names: readonly string[]): number[] =>
        columns.map((floor) =>
          names.reduce(
            (sum, name) => sum + (byCause.get(name)!.get(floor) ?? 0),
            0,
          )
        );
      return {
        floors: floors.size,
        grid: {
          across: "Floor",
          columns,
          rows: [
            ...own.map((name, i) => ({
              name,
              color: i,
              counts: countsOf([name]),
            })),
            ...(rest.length > 0
              ? [{
                name: format.many(rest.length, "other cause"),
                color: -1,
                counts: countsOf(rest),
              }]
              : []),
          ],
        },
      };
    }

    function show([answer]: readonly unknown[], sight: Sight): void {
      const { rows, isComplete } = answer as DeathsAnswer;
      const { deathsAs } = sight.view;
      if (select.value !== deathsAs) select.value = deathsAs;
      const table = {
        caption: `Deaths by floor and cause, ${phrases.spanText(sight)}`,
        columns: [
          { label: "Floor", kind: "text" as const },
          { label: "Cause", kind: "text" as const },
          { label: "Deaths", kind: "count" as const },
        ],
        rows: [...rows].sort((a, b) =>
          `${a.floor}`.localeCompare(`${b.floor}`, [], { numeric: true }) ||
          b.count - a.count
        ).map(({ floor, cause, count }) => [`${floor}`, cause, count]),
      };
      if (rows.length === 0) {
        frame.setAbout("");
        frame.setLegend([]);
        frame.showEmpty(
          sight.hasData
            ? "Nobody died here: have the game record it with AnalyticsEvent.death({ cause, floor })"
            : phrases.emptyText(sight),
          table,
          sight,
        );
        return;
      }
      const isMap = deathsAs === "map";
      const maxRows = isMap ? MAX_MAP_ROWS : MAX_COLORS + 1;
      const { grid, floors } = gridOf(rows, maxRows, Infinity);
      const total = rows.reduce((sum, { count }) => sum + count, 0);
      const worst = rows.reduce((a, b) => b.count > a.count ? b : a);
      frame.setLegend(
        isMap ? [] : grid.rows.map(({ name, color }) => ({
          name,
          sign: keyOf(color),
          isOn: true,
        })),
      );
      const most = `most often by ${worst.cause} on floor ${worst.floor}`;
      frame.setAbout(
        `${format.many(total, "death")}, ${most}${phrases.rest(isComplete)}`,
      );
      frame.show(
        (width) => {
          const { grid } = gridOf(rows, maxRows, bars.roomFor(width));
          const part = grid.columns.length < floors
            ? ` The first ${grid.columns.length} of ${floors} floors; the table has all.`
            : "";
          const model = {
            ...grid,
            across: part === ""
              ? "Floor"
              : `Floor (the first ${grid.columns.length} of ${floors})`,
            summary: `${isMap ? "Map" : "Bars"} of ${
              format.many(total, "death")
            } on ${
              format.many(floors, "floor")
            }, ${most}.${part} Arrow keys read it.`,
          };
          return isMap ? bars.map(model, width) : bars.stack(model, width);
        },
        table,
        sight,
      );
    }

    return {
      id: "deaths",
      queries: ({ view, span }) => [{
        path: "deaths",
        params: phrases.paramsOf(view, span),
      }],
      show,
      frame,
    };
  }

  function dropsCard(): Card {
    const frame = makeCard({
      section: "game-cards",
      id: "drops",
      title: "Not counted",
    });

    function show([answer]: readonly unknown[], sight: Sight): void {
      const { rows, uncleanSessions, sessions } = answer as DropsAnswer;
      const sorted = [...rows].sort((a, b) => b.count - a.count);
      const total = sorted.reduce((sum, { count }) => sum + count, 0);
      const table = {
        caption: `Events that were not sent or were refused, ${
          phrases.spanText(sight)
        }`,
        columns: [
          { label: "Event", kind: "text" as const },
          { label: "Reason", kind: "text" as const },
          { label: "Events", kind: "count" as const },
        ],
        rows: sorted.map(({ event, reason, count }) => [event, reason, count]),
      };
      const ended = sessions === 0
        ? ""
        : `${format.figure(uncleanSessions, "count")} of ${
          format.many(sessions, "session")
        } broke off`;
      if (total === 0) {
        frame.setAbout(ended);
        frame.showEmpty(
          sight.hasData
            ? "Nothing is missing: every event that was recorded came"
            : phrases.emptyText(sight),
          table,
          sight,
        );
        return;
      }
      frame.setAbout(
        `${format.many(total, "event")} not sent or refused${
          ended === "" ? "" : `; ${ended}`
        }`,
      );
      const drawn = sorted.slice(0, MAX_DROPS);
      const most = drawn[0]!.count;
      frame.show(
        (width) =>
          bars.bars({
            summary: `Bars of ${
              format.many(total, "event")
            } that were not counted: ${
              drawn.map(({ event, reason, count }) =>
                `${event}, ${reason}: ${format.figure(count, "count")}`
              ).join("; ")
            }. Arrow keys read it.`,
            bars: drawn.map(({ event, reason, count }) => ({
              label: `${event} · ${reason}`,
              text: format.figure(count, "count"),
              share: count / most,
              lines: [
                { name: reason, value: format.figure(count, "count") },
                {
                  name: "Of all these",
                  value: format.figure(count / total, "share"),
                },
              ],
            })),
          }, width),
        table,
        sight,
      );
    }

    return {
      id: "drops",
      queries: ({ view, span }) => [{
        path: "drops",
        params: phrases.paramsOf(view, span),
      }],
      show,
      frame,
    };
  }

  /** The fields of an event, as text: "cause spikes, floor 3". */
  function fieldsText(data: unknown): string {
    let fields = data;
    if (typeof data === "string") {
      try {
        fields = JSON.parse(data);
      } catch {
        return data;
      }
    }
    if (typeof fields !== "object" || fields === null) return "";
    return Object.entries(fields).map(([name, value]) => {
      const text = Array.isArray(value)
        ? sketchText(value)
        : typeof value === "number"
        ? String(Math.round(value * 1_000) / 1_000)
        : String(value);
      return `${name} ${text.length > 80 ? `${text.slice(0, 80)}…` : text}`;
    }).join(", ");
  }

  /** A sketch (PROTOCOL.md, section 3), as text. */
  function sketchText(sketch: readonly unknown[]): string {
    let count = Number(sketch[3]);
    for (let i = 5; i < sketch.length; i += 2) count += Number(sketch[i]);
    const [least, most] = [Number(sketch[1]), Number(sketch[2])];
    return `of ${format.many(count, "value")}, ${
      format.short(least, "count")
    } to ${format.short(most, "count")}`;
  }

  function recentCard(): Card {
    const frame = makeCard({
      section: "newest",
      id: "recent",
      title: "Recent events",
      isWide: true,
      isTable: true,
    });

    function show([answer]: readonly unknown[], sight: Sight): void {
      const { rows } = answer as RecentAnswer;
      const table = {
        caption: `The last ${
          format.many(rows.length, "event")
        } that were stored, the newest first`,
        columns: [
          { label: "Time (UTC)", kind: "time" as const },
          { label: "Event", kind: "text" as const },
          { label: "Fields", kind: "text" as const },
          { label: "Build", kind: "text" as const },
          { label: "Platform", kind: "text" as const },
          { label: "Session", kind: "text" as const },
        ],
        rows: rows.map((
          { timeMs, name, data, build, platform, session },
        ) => [
          timeMs,
          name,
          fieldsText(data),
          build,
          platform,
          session.slice(0, 8),
        ]),
      };
      if (rows.length === 0) {
        frame.showEmpty(phrases.emptyText(sight), table, sight);
      } else frame.show(undefined, table, sight);
    }

    return {
      id: "recent",
      queries: ({ view, span }) => [{
        path: "recent",
        params: { ...phrases.paramsOf(view, span), limit: RECENT },
      }],
      show,
      frame,
    };
  }

  return [deathsCard(), dropsCard(), recentCard()];
}
