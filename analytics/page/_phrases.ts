// This module is browser compatible.
import type { Sight } from "./_card.ts";
import type { FigureKind, Format } from "./_format.ts";
import type { Span, View } from "./_view.ts";

/** What several cards ask and say in the same way. */
export interface Phrases {
  /** What every question says of the view. */
  paramsOf(view: View, span: Span): Record<string, string | number>;
  /** The beginnings of all steps that have begun. */
  startsOf(span: Span): number[];
  /** The first column of a table over time. */
  timeColumn(span: Span): { label: string; kind: FigureKind };
  /** The time of a view: "19 Nov 2026 to 25 Nov 2026". */
  spanText(sight: { readonly span: Span }): string;
  /** Why there is nothing, and what to do. */
  emptyText(sight: Sight): string;
  /** Said behind what is not all. */
  rest(isComplete: boolean | undefined): string;
  /** Said before what is estimated. */
  estimate(share: number | undefined): string;
}

/** Makes the {@linkcode Phrases} of the page. */
export function makePhrases(format: Format): Phrases {
  function startsOf({ fromMs, toMs, stepMs }: Span): number[] {
    const starts: number[] = [];
    const endMs = Math.min(toMs, Date.now());
    for (let ms = fromMs; ms < endMs; ms += stepMs) starts.push(ms);
    return starts;
  }

  function spanText({ span }: { readonly span: Span }): string {
    const { fromMs, toMs, step } = span;
    if (step === "hour") {
      return `${format.start(fromMs, step)} to ${format.start(toMs, step)} UTC`;
    }
    const [first, last] = [format.day(fromMs), format.day(toMs - 1)];
    return first === last ? first : `${first} to ${last}`;
  }

  function emptyText({ view, hasData }: Sight): string {
    if (!hasData) return "No events yet";
    return view.build !== "" || view.platform !== ""
      ? "Nothing here with these filters: choose a longer time, or all builds and platforms"
      : "Nothing here in this time: choose a longer one";
  }

  return {
    paramsOf: ({ build, platform }, { fromMs, toMs }) => ({
      from: fromMs,
      to: toMs,
      build,
      platform,
    }),
    startsOf,
    timeColumn: ({ step }) => ({
      label: step === "day" ? "Day (UTC)" : "Hour (UTC)",
      kind: step,
    }),
    spanText,
    emptyText,
    rest: (isComplete) =>
      isComplete === false
        ? "; there is more than can be shown: choose a shorter time"
        : "",
    estimate: (share) => share !== undefined && share < 1 ? "about " : "",
  };
}
