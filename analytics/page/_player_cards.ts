// This module is browser compatible.
import type { FunnelAnswer, RetentionAnswer } from "./_answers.ts";
import type { BarPlots } from "./_bar_plots.ts";
import type { PageElement } from "./_browser.ts";
import type { Card, MakeCard, Sight } from "./_card.ts";
import type { Dom } from "./_dom.ts";
import type { Format } from "./_format.ts";
import type { LinePlot } from "./_line_plot.ts";
import type { Phrases } from "./_phrases.ts";
import type { View } from "./_view.ts";

/** Makes the cards of what players do: whether they come back, and how far they come. */
export function makePlayerCards(
  makeCard: MakeCard,
  dom: Dom,
  format: Format,
  lines: LinePlot,
  bars: BarPlots,
  phrases: Phrases,
  go: (change: (view: View) => Partial<View>) => void,
): readonly Card[] {
  const { make, fill } = dom;
  const LEVELS = 6;
  const MIN_STEPS = 2;
  const MAX_STEPS = 8;

  function retentionCard(): Card {
    const frame = makeCard({
      section: "players",
      id: "retention",
      title: "Retention",
    });
    const cohorts = make("div", {
      class: "scroll short",
      role: "region",
      tabindex: 0,
      "aria-label": "Table: players who came back, by their first day",
    });
    frame.below.append(cohorts);
    cohorts.hidden = true;

    function shareOf(back: number | null, of: number): number | null {
      return back === null || of === 0 ? null : back / of;
    }

    function showCohorts(rows: RetentionAnswer["rows"]): void {
      const body = make("tbody");
      for (const { start, players, d1, d7, d30 } of [...rows].reverse()) {
        const line = make(
          "tr",
          {},
          make("th", { scope: "row" }, format.tick(start, "day")),
          make("td", { "data-kind": "count" }, format.figure(players, "count")),
        );
        for (const back of [d1, d7, d30]) {
          const share = shareOf(back, players);
          // Three of five are as dark as it gets: hardly any game has more.
          const level = share === null
            ? 0
            : Math.min(LEVELS - 1, Math.ceil(share / .6 * (LEVELS - 1)));
          line.append(make(
            "td",
            { "data-kind": "share", class: "shade", "data-level": level },
            share === null ? "–" : format.figure(share, "share"),
          ));
        }
        body.append(line);
      }
      const head = ["First day", "Players", "Day 1", "Day 7", "Day 30"];
      cohorts.replaceChildren(make(
        "table",
        {},
        make(
          "caption",
          {},
          make(
            "span",
            {},
            "Players who came back, by their first day; – where it is too early",
          ),
        ),
        make(
          "thead",
          {},
          make(
            "tr",
            {},
            ...head.map((text, i) =>
              make("th", {
                scope: "col",
                "data-kind": i === 0 ? "text" : "count",
              }, text)
            ),
          ),
        ),
        body,
      ));
    }

    function show([answer]: readonly unknown[], sight: Sight): void {
      const { rows, total, share } = answer as RetentionAnswer;
      const table = {
        caption: `Players who came back, first seen ${phrases.spanText(sight)}`,
        columns: [
          { label: "First day (UTC)", kind: "day" as const },
          { label: "Players", kind: "count" as const },
          { label: "Day 1", kind: "count" as const },
          { label: "Day 7", kind: "count" as const },
          { label: "Day 30", kind: "count" as const },
        ],
        rows: rows.map(({ start, players, d1, d7, d30 }) => [
          start,
          players,
          d1,
          d7,
          d30,
        ]),
      };
      cohorts.hidden = rows.length === 0;
      if (rows.length === 0) {
        frame.setAbout("");
        frame.showEmpty(
          sight.hasData
            ? "Nobody came for the first time here: choose a longer time, or all builds and platforms"
            : phrases.emptyText(sight),
          table,
          sight,
        );
        return;
      }
      showCohorts(rows);
      const names = ["Day 0", "Day 1", "Day 7", "Day 30"];
      const shares = [
        1,
        ...[total.d1, total.d7, total.d30].map(({ of, back }) =>
          shareOf(back, of)
        ),
      ];
      const hasShares = shares.slice(1).some((it) => it !== null);
      const texts = names.slice(1).map((name, i) => {
        const value = shares[i + 1]!;
        return `${name} ${
          value === null ? "not over yet" : format.figure(value!, "share")
        }`;
      });
      frame.setAbout(
        `${phrases.estimate(share)}${
          format.many(total.players, "new player")
        }; ${
          hasShares
            ? "the share that came back on exactly that day"
            : "it is too early to say who came back"
        }`,
      );
      frame.show(
        !hasShares ? undefined : (width) =>
          lines.layOut({
            summary: `Share of new players who came back: ${
              texts.join(", ")
            }. Arrow keys read it.`,
            titles: names,
            ticks: names,
            series: [{ name: "Came back", color: 0, values: shares }],
            kind: "share",
            isPartial: false,
            top: 1,
            hasArea: true,
            height: 180,
          }, width),
        table,
        sight,
      );
    }

    return {
      id: "retention",
      queries: ({ view, span }) => [{
        path: "retention",
        params: phrases.paramsOf(view, span),
      }],
      show,
      frame,
    };
  }

  function funnelCard(): Card {
    const frame = makeCard({
      section: "players",
      id: "funnel",
      title: "Funnel",
    });
    const bySelect = frame.addSelect(
      "Of",
      [["player", "Players"], ["session", "Sessions"]],
      (value) => go(() => ({ funnelBy: value as View["funnelBy"] })),
    );
    const HOUR_MS = 3_600_000;
    const windows: readonly (readonly [string, string])[] = [
      [`${HOUR_MS}`, "1 hour"],
      [`${24 * HOUR_MS}`, "1 day"],
      [`${7 * 24 * HOUR_MS}`, "7 days"],
      [`${31 * 24 * HOUR_MS}`, "31 days"],
    ];
    const withinSelect = frame.addSelect(
      "Within",
      windows,
      (value) => go(() => ({ withinMs: Number(value) })),
    );
    const list = make("ol", { class: "steps", "aria-label": "Steps" });
    const add = make(
      "button",
      { type: "button", class: "small" },
      "Add a step",
    );
    const chooser = make(
      "details",
      { class: "chooser" },
      make("summary", {}, "Steps"),
      list,
      add,
    );
    frame.controls.append(chooser);
    let steps: readonly string[] = [];
    let events: readonly string[] = [];
    let listKey = "";

    /** The steps of the view, or those that suggest themselves. */
    function stepsOf({ view, events }: Sight): readonly string[] {
      if (view.steps.length >= MIN_STEPS) return view.steps;
      const usual = [
        "sessionStart",
        "floorComplete",
        "bossEncounter",
        "achievement",
      ].filter((it) => events.includes(it));
      return usual.length >= MIN_STEPS ? usual : events.slice(0, 3);
    }

    function setSteps(next: readonly string[]): void {
      go(() => ({ steps: next }));
    }

    function showSteps(sight: Sight): void {
      steps = stepsOf(sight);
      events = [...new Set([...sight.events, ...steps])];
      fill(
        bySelect,
        [["player", "Players"], ["session", "Sessions"]],
        sight.view.funnelBy,
      );
      const within = `${sight.view.withinMs}`;
      fill(
        withinSelect,
        windows.some(([value]) => value === within) ? windows : [...windows, [
          within,
          format.figure(sight.view.withinMs, "durationMs"),
        ]],
        within,
      );
      add.disabled = steps.length >= MAX_STEPS || events.length === 0;
      const key = JSON.stringify([steps, events]);
      if (key === listKey) return;
      // What somebody has in hand is made anew: he is led back to it.
      const held = parts.findIndex((part) => part.contains(dom.focused()));
      listKey = key;
      parts = steps.map(makeStep);
      list.replaceChildren(...parts);
      if (held !== -1) selects[Math.min(held, steps.length - 1)]?.focus();
    }

    let parts: readonly PageElement[] = [];
    let selects: PageElement[] = [];

    function makeStep(step: string, i: number): PageElement {
      if (i === 0) selects = [];
      const select = make("select", { "aria-label": `Step ${i + 1}` });
      fill(select, events.map((it) => [it, it]), step);
      select.onchange = () =>
        setSteps(steps.map((it, j) => i === j ? select.value : it));
      selects.push(select);
      const remove = make("button", {
        type: "button",
        class: "small",
        "aria-label": `Remove step ${i + 1}`,
      }, "Remove");
      remove.disabled = steps.length <= MIN_STEPS;
      remove.onclick = () => setSteps(steps.filter((_, j) => i !== j));
      return make("li", {}, select, remove);
    }

    add.onclick = () => {
      const next = events.find((it) => !steps.includes(it)) ?? events[0]!;
      setSteps([...steps, next]);
    };

    function show([answer]: readonly unknown[], sight: Sight): void {
      showSteps(sight);
      const { rows, share } = (answer ?? { rows: [] }) as FunnelAnswer;
      const first = rows[0]?.count ?? 0;
      const who = sight.view.funnelBy;
      const table = {
        caption: `How far ${who}s come, ${phrases.spanText(sight)}`,
        columns: [
          { label: "Step", kind: "text" as const },
          {
            label: who === "player" ? "Players" : "Sessions",
            kind: "count" as const,
          },
          { label: "Of the first step", kind: "share" as const },
          { label: "Of the step before", kind: "share" as const },
          {
            label: "Median time",
            kind: "durationMs" as const,
          },
        ],
        rows: rows.map(({ step, count, medianMs }, i) => {
          const before = rows[i - 1]?.count ?? 0;
          return [
            step,
            count,
            first === 0 ? null : count / first,
            before === 0 ? null : count / before,
            i === 0 || count === 0 ? null : medianMs,
          ];
        }),
      };
      if (first === 0) {
        frame.setAbout("");
        frame.showEmpty(
          sight.hasData && rows.length > 0
            ? `Nobody took the step ${
              rows[0]!.step
            } here: choose other steps, or a longer time`
            : phrases.emptyText(sight),
          { ...table, rows: [] },
          sight,
        );
        return;
      }
      const last = rows.at(-1)!;
      const result = `${format.figure(last.count / first, "share")} of ${
        phrases.estimate(share)
      }${format.many(first, who)} came from ${rows[0]!.step} to ${last.step}`;
      frame.setAbout(result);
      frame.show(
        (width) =>
          bars.bars({
            summary: `Bars of a funnel: ${
              rows.map(({ step, count }) =>
                `${step} ${format.figure(count, "count")}`
              ).join(", ")
            }. ${result}. Arrow keys read it.`,
            bars: rows.map(({ step, count, medianMs }, i) => {
              const before = rows[i - 1]?.count ?? 0;
              const ofFirst = format.figure(count / first, "share");
              const went = before === 0 ? 0 : count / before;
              return {
                label: `${i + 1}  ${step}`,
                text: `${format.figure(count, "count")} · ${ofFirst}`,
                ...(i > 0 && {
                  between: count === 0
                    ? "nobody went on"
                    : `${
                      format.figure(went, "share")
                    } went on, half of them within ${
                      format.figure(medianMs, "durationMs")
                    }`,
                }),
                share: count / first,
                lines: [
                  {
                    name: who === "player" ? "Players" : "Sessions",
                    value: format.figure(count, "count"),
                  },
                  { name: "Of the first step", value: ofFirst },
                  ...(i > 0
                    ? [{
                      name: "Of the step before",
                      value: format.figure(went, "share"),
                    }]
                    : []),
                ],
              };
            }),
          }, width),
        table,
        sight,
      );
    }

    return {
      id: "funnel",
      queries: (sight) => {
        const steps = stepsOf(sight);
        return steps.length < MIN_STEPS ? [] : [{
          path: "funnel",
          params: {
            ...phrases.paramsOf(sight.view, sight.span),
            steps: steps.join(","),
            by: sight.view.funnelBy,
            withinMs: sight.view.withinMs,
          },
        }];
      },
      show,
      frame,
    };
  }

  return [retentionCard(), funnelCard()];
}
