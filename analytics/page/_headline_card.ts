// This module is browser compatible.
import type {
  EventsAnswer,
  PercentilesAnswer,
  RetentionAnswer,
  SessionsAnswer,
} from "./_answers.ts";
import type { PageElement } from "./_browser.ts";
import type { Card, Sight } from "./_card.ts";
import type { Dom } from "./_dom.ts";
import type { FigureKind, Format } from "./_format.ts";
import type { LinePlot } from "./_line_plot.ts";
import type { Phrases } from "./_phrases.ts";
import type { RangePlot } from "./_range_plot.ts";
import type { Query } from "./_source.ts";

/** Makes the figures at the top. `onShow` is told what they say. */
export function makeHeadlineCard(
  dom: Dom,
  format: Format,
  lines: LinePlot,
  ranges: RangePlot,
  phrases: Phrases,
  onShow: (text: string) => void,
): Card {
  const { make, draw, find, setText } = dom;
  /** Of what is over hardly anything changes. */
  const BEFORE_MAX_AGE_MS = 60_000;
  const host = find("figures");
  const problem = find("figures-problem");
  const tiles = new Map<string, {
    readonly value: PageElement;
    readonly change: PageElement;
    readonly about: PageElement;
    readonly picture: PageElement;
  }>();
  for (
    const [id, name] of [
      ["sessions", "Sessions"],
      ["players", "Players"],
      ["length", "Median session"],
      ["day1", "Day 1 retention"],
      ["frame", "p99 frame time"],
      ["exceptions", "Exceptions"],
    ] as const
  ) {
    const tile = {
      value: make("span", { class: "figure" }, "–"),
      change: make("span", { class: "change" }),
      about: make("span", { class: "about" }),
      picture: make("span", { class: "sparkline" }),
    };
    tiles.set(id, tile);
    host.append(
      make(
        "div",
        { id: `figure-${id}` },
        make("dt", {}, name),
        make(
          "dd",
          {},
          tile.value,
          tile.change,
          tile.about,
          tile.picture,
        ),
      ),
    );
  }

  /** Shows a figure and how it changed; `null` where there is none. */
  function showTile(
    id: string,
    { now, before, kind, better, about, picture }: {
      readonly now: number | null;
      readonly before: number | null;
      readonly kind: FigureKind;
      /** Which way is good. */
      readonly better: "more" | "less";
      readonly about: string;
      readonly picture: PageElement;
    },
  ): void {
    const tile = tiles.get(id)!;
    setText(tile.value, now === null ? "–" : format.figure(now, kind));
    setText(tile.about, about);
    tile.picture.replaceChildren(picture);
    if (now === null || before === null || before === 0 && now === 0) {
      tile.change.replaceChildren();
      return;
    }
    if (before === 0 && kind !== "share") {
      tile.change.dataset.mood = better === "less" ? "bad" : "same";
      tile.change.replaceChildren("0 before");
      return;
    }
    const by = kind === "share" ? now - before : now / before - 1;
    const isSame = Math.abs(by) < .0005;
    const isMore = by > 0;
    // So little is chance.
    const mood = Math.abs(by) < .01
      ? "same"
      : isMore === (better === "more")
      ? "good"
      : "bad";
    const size = kind === "share"
      ? `${format.change(by).replace(/\s?%/, "")} pts`
      : format.change(by);
    tile.change.dataset.mood = mood;
    tile.change.replaceChildren(
      make(
        "span",
        { "aria-hidden": "true" },
        isSame ? "=" : isMore ? "▲" : "▼",
      ),
      ` ${isSame ? "no change" : size}`,
      make("span", { class: "unseen" }, " against the period before"),
    );
  }

  function sumOf(answer: EventsAnswer): number {
    return answer.rows.reduce((sum, { count }) => sum + count, 0);
  }

  function show(answers: readonly unknown[], sight: Sight): void {
    const [sessions, sessionsBefore] = answers as SessionsAnswer[];
    const [back, backBefore] = answers.slice(2) as RetentionAnswer[];
    const [frames, framesBefore] = answers.slice(4) as PercentilesAnswer[];
    const [thrown, thrownBefore] = answers.slice(6) as EventsAnswer[];
    const [now, before] = [sessions!.total, sessionsBefore!.total];
    // A step that is not over yet would look like a fall.
    const starts = phrases.startsOf(sight.span);
    if (sight.span.isPartial) starts.pop();
    const sparkOf = <T extends { readonly start: number }>(
      rows: readonly T[],
      valueOf: (row: T) => number | null,
      gap: number | null,
    ): PageElement => {
      const byStart = new Map(rows.map((row) => [row.start, row] as const));
      return lines.spark(starts.map((it) => {
        const row = byStart.get(it);
        return row === undefined ? gap : valueOf(row);
      }));
    };
    const perPlayer = now.players === 0 ? "" : `${
      format.short(
        Math.round(10 * now.sessions / now.players) / 10,
        "count",
      )
    } per player`;
    showTile("sessions", {
      now: now.sessions,
      before: before.sessions,
      kind: "count",
      better: "more",
      about: perPlayer,
      picture: sparkOf(sessions!.rows, (row) => row.sessions, 0),
    });
    showTile("players", {
      now: now.players,
      before: before.players,
      kind: "count",
      better: "more",
      about: `${format.figure(back!.total.players, "count")} new`,
      picture: sparkOf(sessions!.rows, (row) => row.players, 0),
    });
    showTile("length", {
      now: now.sessions === 0 ? null : now.medianMs,
      before: before.sessions === 0 ? null : before.medianMs,
      kind: "durationMs",
      better: "more",
      about: now.sessions === 0 ? "" : "half are longer",
      picture: sparkOf(sessions!.rows, (row) => row.medianMs, null),
    });
    const [day1, day1Before] = [back!.total.d1, backBefore!.total.d1];
    showTile("day1", {
      now: day1.of === 0 ? null : day1.back / day1.of,
      before: day1Before.of === 0 ? null : day1Before.back / day1Before.of,
      kind: "share",
      better: "more",
      about: day1.of === 0
        ? "no day is over yet"
        : `${format.figure(day1.back, "count")} of ${
          format.figure(day1.of, "count")
        }`,
      picture: lines.spark(
        back!.rows.map(({ players, d1 }) =>
          d1 === null || players === 0 ? null : d1 / players
        ),
      ),
    });
    const [frame, frameBefore] = [frames!.rows[0], framesBefore!.rows[0]];
    const p99 = frame?.p99 ?? null;
    showTile("frame", {
      now: p99,
      before: frameBefore?.p99 ?? null,
      kind: "frameMs",
      better: "less",
      about: p99 === null
        ? "none recorded"
        : p99 <= 1_000 / 60
        ? "within 60 fps"
        : p99 <= 1_000 / 30
        ? "within 30 fps"
        : "slower than 30 fps",
      picture: frame === undefined
        ? draw("svg", { class: "spark", "aria-hidden": "true" })
        : ranges.spark(frame, 1_000 / 60),
    });
    showTile("exceptions", {
      now: sumOf(thrown!),
      before: sumOf(thrownBefore!),
      kind: "count",
      better: "less",
      about: `${format.figure(now.unclean, "count")} broke off`,
      picture: sparkOf(thrown!.rows, (row) => row.count, 0),
    });
    host.setAttribute("aria-busy", "false");
    onShow(
      `${phrases.spanText(sight)}: ${format.many(now.sessions, "session")}, ${
        format.many(now.players, "player")
      }`,
    );
  }

  return {
    id: "headline",
    queries: ({ view, span }) => {
      const params = phrases.paramsOf(view, span);
      const before = {
        ...params,
        from: span.beforeFromMs,
        to: span.beforeToMs,
      };
      const pair = (
        path: string,
        more: Readonly<Record<string, string>>,
      ): Query[] => [
        { path, params: { ...params, ...more } },
        {
          path,
          params: { ...before, ...more },
          maxAgeMs: BEFORE_MAX_AGE_MS,
        },
      ];
      return [
        ...pair("sessions", { step: span.step }),
        ...pair("retention", {}),
        ...pair("frames", { by: "none" }),
        ...pair("events", { step: span.step, event: "exception" }),
      ];
    },
    show,
    frame: {
      setProblem(text) {
        problem.hidden = text === undefined;
        setText(problem, text ?? "");
      },
      setBusy: () => host.setAttribute("aria-busy", "true"),
    },
  };
}
