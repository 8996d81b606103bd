// This module is browser compatible.
import { makeActivityCards } from "./_activity_cards.ts";
import { makeBarPlots } from "./_bar_plots.ts";
import { makeCards } from "./_card.ts";
import { makeChart } from "./_chart.ts";
import { makeDom } from "./_dom.ts";
import { makeFilters } from "./_filters.ts";
import { makeFormat } from "./_format.ts";
import { makeGameCards } from "./_game_cards.ts";
import { makeHeadlineCard } from "./_headline_card.ts";
import { makeKeys } from "./_keys.ts";
import { makeLinePlot } from "./_line_plot.ts";
import { makePerformanceCards } from "./_performance_cards.ts";
import { makePhrases } from "./_phrases.ts";
import { makePlayerCards } from "./_player_cards.ts";
import { makeRangePlot } from "./_range_plot.ts";
import { runPage } from "./_run_page.ts";
import { makeSource } from "./_source.ts";
import { makeTables } from "./_table.ts";
import { makeTheme } from "./_theme.ts";
import { makeViews } from "./_view.ts";

/** What the page is made of. */
export interface PageParts {
  readonly makeActivityCards: typeof makeActivityCards;
  readonly makeBarPlots: typeof makeBarPlots;
  readonly makeCards: typeof makeCards;
  readonly makeChart: typeof makeChart;
  readonly makeDom: typeof makeDom;
  readonly makeFilters: typeof makeFilters;
  readonly makeFormat: typeof makeFormat;
  readonly makeGameCards: typeof makeGameCards;
  readonly makeHeadlineCard: typeof makeHeadlineCard;
  readonly makeKeys: typeof makeKeys;
  readonly makeLinePlot: typeof makeLinePlot;
  readonly makePerformanceCards: typeof makePerformanceCards;
  readonly makePhrases: typeof makePhrases;
  readonly makePlayerCards: typeof makePlayerCards;
  readonly makeRangePlot: typeof makeRangePlot;
  readonly makeSource: typeof makeSource;
  readonly makeTables: typeof makeTables;
  readonly makeTheme: typeof makeTheme;
  readonly makeViews: typeof makeViews;
}

/**
 * The script of the page: the texts of its functions, which are JavaScript where they run. They are checked like
 * everything else, and nothing is built. So each uses nothing from outside of itself but what it is given.
 */
export function pageScript(): string {
  const parts: PageParts = {
    makeActivityCards,
    makeBarPlots,
    makeCards,
    makeChart,
    makeDom,
    makeFilters,
    makeFormat,
    makeGameCards,
    makeHeadlineCard,
    makeKeys,
    makeLinePlot,
    makePerformanceCards,
    makePhrases,
    makePlayerCards,
    makeRangePlot,
    makeSource,
    makeTables,
    makeTheme,
    makeViews,
  };
  const texts = Object.entries(parts).map(([name, part]) => `${name}: ${part}`);
  return `"use strict";\n(${runPage})({\n${texts.join(",\n")},\n});\n`;
}
