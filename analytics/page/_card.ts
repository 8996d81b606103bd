// This module is browser compatible.
import type { Browser, PageElement } from "./_browser.ts";
import type { Chart, Drawing } from "./_chart.ts";
import type { Dom } from "./_dom.ts";
import type { Query } from "./_source.ts";
import type { TableModel, Tables } from "./_table.ts";
import type { Span, View } from "./_view.ts";

/** What cards are shown by. */
export interface Sight {
  /** What is looked at. */
  readonly view: View;
  /** Its time. */
  readonly span: Span;
  /** Names of events that are known. */
  readonly events: readonly string[];
  /** Whether anything was ever stored, as far as is known. */
  readonly hasData: boolean;
}

/** A part of the page with answers of its own. */
export interface Card {
  /** Its name in the URL and in names of files. */
  readonly id: string;
  /** What it asks the collector. */
  queries(sight: Sight): readonly Query[];
  /** Shows the answers, in the order of the questions. */
  show(answers: readonly unknown[], sight: Sight): void;
  /** What it is shown in. */
  readonly frame: Pick<CardFrame, "setProblem" | "setBusy">;
}

/** The frame of a card. */
export interface CardFrame {
  /** Where controls stand. */
  readonly controls: PageElement;
  /** Where things stand below the chart. */
  readonly below: PageElement;
  /** Draws the chart, and shows what is behind it as a table. */
  show(
    layOut: ((width: number) => Drawing) | undefined,
    table: TableModel,
    sight: Sight,
  ): void;
  /** Says something in the place of the chart: why there is nothing in it. */
  showEmpty(text: string, table: TableModel, sight: Sight): void;
  /** Says something below the title. */
  setAbout(text: string): void;
  /** Says why the chart is missing or old. */
  setProblem(text: string | undefined): void;
  /** Says that what is shown is about to be something else. */
  setBusy(): void;
  /** Makes the signs of what is drawn; with `onToggle`, each is a button. */
  setLegend(
    entries: readonly LegendEntry[],
    onToggle?: (name: string) => void,
  ): void;
  /** Makes a select among the controls. */
  addSelect(
    label: string,
    options: readonly (readonly [value: string, text: string])[],
    onChange: (value: string) => void,
  ): PageElement;
}

/** An entry of a legend. */
export interface LegendEntry {
  readonly name: string;
  /** Its sign. */
  readonly sign: PageElement;
  /** Whether it is drawn. */
  readonly isOn: boolean;
}

/** Makes frames of cards. */
export type MakeCard = (
  place: {
    /** The section of the markup. */
    readonly section: string;
    readonly id: string;
    readonly title: string;
    /** Whether it takes the whole width. */
    readonly isWide?: boolean;
    /** Whether it is a table and nothing else, which is always open. */
    readonly isTable?: boolean;
  },
) => CardFrame;

/** Makes the {@linkcode MakeCard} of the page. `go` changes the view. */
export function makeCards(
  browser: Browser,
  dom: Dom,
  tables: Tables,
  makeChart: (browser: Browser, dom: Dom) => Chart,
  go: (change: (view: View) => Partial<View>) => void,
): MakeCard {
  const { make, find, setText } = dom;

  /** Gives the reader a file. */
  function download(name: string, text: string): void {
    const url = URL.createObjectURL(
      new Blob([text], { type: "text/csv;charset=utf-8" }),
    );
    const link = make("a", { href: url, download: name });
    link.click();
    browser.setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }

  return ({ section, id, title, isWide = false, isTable = false }) => {
    const about = make("p", { class: "about" });
    const heading = make("h3", { id: `${id}-title` }, title);
    const toggle = make("button", {
      type: "button",
      class: "small",
      "aria-expanded": "false",
      "aria-controls": `${id}-table`,
      "aria-label": `Table of ${title}`,
    }, "Table");
    toggle.hidden = isTable;
    const csv = make("button", {
      type: "button",
      class: "small",
      "aria-label": `Download ${title} as CSV`,
    }, "CSV");
    csv.disabled = true;
    const controls = make("div", { class: "choices" });
    const problem = make("p", { class: "problem" });
    problem.hidden = true;
    const empty = make("p", { class: "empty" }, "Loading");
    const legend = make("ul", { class: "legend" });
    legend.hidden = true;
    const below = make("div", { class: "below" });
    const chart = isTable ? undefined : makeChart(browser, dom);
    const picture = make("div", { class: "picture" });
    if (chart !== undefined) picture.append(chart.element);
    picture.hidden = true;
    const table = make("div", {
      id: `${id}-table`,
      class: "scroll",
      role: "region",
      tabindex: 0,
      "aria-label": `Table: ${title}`,
    });
    table.hidden = true;
    const element = make(
      "article",
      {
        id,
        class: isWide ? "card wide" : "card",
        "aria-labelledby": `${id}-title`,
        "aria-busy": "true",
      },
      make(
        "div",
        { class: "head" },
        heading,
        make("div", { class: "actions" }, toggle, csv),
        about,
      ),
      controls,
      problem,
      legend,
      empty,
      picture,
      below,
      table,
    );
    find(section).append(element);

    let model: TableModel | undefined;
    let seen: Sight | undefined;
    let legendKey = "";
    /** The legend's entries: they stay, so that who is on one stays on it. */
    let parts: PageElement[] = [];

    toggle.onclick = () =>
      go(({ tables }) => ({
        tables: tables.includes(id)
          ? tables.filter((it) => it !== id)
          : [...tables, id],
      }));
    csv.onclick = () => {
      if (model === undefined || seen === undefined) return;
      const [from, to] = [seen.span.fromMs, seen.span.toMs - 1].map((it) =>
        new Date(it).toISOString().slice(0, 10)
      );
      download(`${id}-${from}-${to}.csv`, tables.toCsv(model));
      dom.say(`${title}: downloaded as CSV`);
    };

    function setTable(next: TableModel, sight: Sight): void {
      model = next;
      seen = sight;
      const isOpen = isTable ? next.rows.length > 0 : sight.view.tables
        .includes(id);
      toggle.setAttribute("aria-expanded", `${isOpen}`);
      csv.disabled = next.rows.length === 0;
      table.hidden = !isOpen;
      if (isOpen) tables.show(table, next);
      else table.replaceChildren();
      element.setAttribute("aria-busy", "false");
    }

    function setLegend(
      entries: readonly LegendEntry[],
      onToggle?: (name: string) => void,
    ): void {
      legend.hidden = entries.length === 0;
      const key = JSON.stringify(entries.map(({ name }) => name));
      if (key !== legendKey) {
        legendKey = key;
        parts = [];
        legend.replaceChildren(...entries.map(() => {
          if (onToggle === undefined) {
            const item = make("li");
            parts.push(item);
            return item;
          }
          const button = make("button", { type: "button" });
          parts.push(button);
          return make("li", {}, button);
        }));
      }
      for (const [i, { name, sign, isOn }] of entries.entries()) {
        const part = parts[i]!;
        part.replaceChildren(sign, make("span", {}, name));
        if (onToggle === undefined) continue;
        part.setAttribute("aria-pressed", `${isOn}`);
        part.onclick = () => onToggle(name);
      }
    }

    return {
      controls,
      below,
      show(layOut, next, sight) {
        empty.hidden = true;
        picture.hidden = layOut === undefined;
        if (layOut !== undefined) chart!.show(layOut);
        setTable(next, sight);
      },
      showEmpty(text, next, sight) {
        empty.hidden = false;
        picture.hidden = true;
        setText(empty, text);
        setTable(next, sight);
      },
      setAbout: (text) => setText(about, text),
      setProblem(text) {
        problem.hidden = text === undefined;
        setText(problem, text ?? "");
        element.setAttribute("aria-busy", "false");
        if (empty.textContent === "Loading") empty.hidden = text !== undefined;
      },
      setBusy: () => element.setAttribute("aria-busy", "true"),
      setLegend,
      addSelect(label, options, onChange) {
        const select = make("select");
        dom.fill(select, options, options[0]![0]);
        select.onchange = () => onChange(select.value);
        controls.append(make("label", {}, make("span", {}, label), select));
        return select;
      },
    };
  };
}
