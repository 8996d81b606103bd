// This module is browser compatible.
import type { FiltersAnswer } from "./_answers.ts";
import type { Dom } from "./_dom.ts";
import type { Format } from "./_format.ts";
import type { View } from "./_view.ts";

/** The controls at the top. */
export interface Filters {
  /** Shows what is chosen, and what can be. */
  show(view: View, known: FiltersAnswer): void;
}

/** Makes the {@linkcode Filters} of the page. */
export function makeFilters(
  dom: Dom,
  format: Format,
  titles: readonly { readonly title: string }[],
  go: (change: (view: View) => Partial<View>) => void,
): Filters {
  const { find, fill, setText } = dom;
  const RANGES = ["24h", "7d", "30d", "90d", "custom"] as const;
  const [game, build, platform] = [
    find("game"),
    find("build"),
    find("platform"),
  ];
  const [from, to] = [find("from"), find("to")];
  find("games").hidden = titles.length < 2;
  fill(game, titles.map(({ title }) => [title, title]), titles[0]!.title);
  game.onchange = () =>
    go(() => ({ game: game.value, build: "", platform: "", events: [] }));
  build.onchange = () => go(() => ({ build: build.value }));
  platform.onchange = () => go(() => ({ platform: platform.value }));

  function dayOf(timeMs: number): string {
    return new Date(timeMs).toISOString().slice(0, 10);
  }

  for (const range of RANGES) {
    find(`range-${range}`).onchange = () => {
      if (range !== "custom") {
        go(() => ({ range }));
        return;
      }
      const nowMs = Date.now();
      go(() => ({
        range,
        from: dayOf(nowMs - 13 * 86_400_000),
        to: dayOf(nowMs),
      }));
    };
  }

  function onDates(): void {
    const [first, last] = [from.value, to.value];
    if (first === "" || last === "") return;
    const days = (Date.parse(last) - Date.parse(first)) / 86_400_000 + 1;
    const isGood = days >= 1 && days <= 400;
    setText(
      find("dates-problem"),
      isGood
        ? ""
        : days < 1
        ? "The first day must not be after the last one"
        : `At most 400 days can be shown: these are ${
          format.figure(days, "count")
        }`,
    );
    if (isGood) go(() => ({ range: "custom", from: first, to: last }));
  }
  from.onchange = onDates;
  to.onchange = onDates;

  /** What is chosen is in the list, whatever the collector knows. */
  function listOf(
    values: readonly string[],
    chosen: string,
  ): readonly string[] {
    return chosen === "" || values.includes(chosen)
      ? values
      : [...values, chosen];
  }

  function show(view: View, { builds, platforms }: FiltersAnswer): void {
    if (game.value !== view.game) game.value = view.game;
    for (const range of RANGES) {
      find(`range-${range}`).checked = range === view.range;
    }
    find("dates").hidden = view.range !== "custom";
    if (view.range === "custom") {
      if (dom.focused() !== from) from.value = view.from;
      if (dom.focused() !== to) to.value = view.to;
    }
    fill(build, [
      ["", "All builds"],
      ...listOf(builds, view.build).map((it) => [it, it] as const),
    ], view.build);
    fill(platform, [
      ["", "All platforms"],
      ...listOf(platforms, view.platform).map((it) => [it, it] as const),
    ], view.platform);
  }

  return { show };
}
