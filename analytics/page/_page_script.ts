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
const FUNCTIONS = {
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

/** What {@linkcode runPage} is given. */
export type PageFunctions = typeof FUNCTIONS;

/**
 * What the page does: the texts of functions, which are JavaScript where they run. They are checked like everything else,
 * and nothing is built. So each uses nothing from outside of itself but what it is given.
 *
 * Labels and names are anybody's: they only ever become text.
 */
export const PAGE_SCRIPT = `"use strict";
(${runPage})({
${
  Object.entries(FUNCTIONS).map(([name, text]) => `${name}: ${text},\n`).join(
    "",
  )
}});
`;
