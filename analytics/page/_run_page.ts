// This module is browser compatible.
import type { FiltersAnswer } from "./_answers.ts";
import type { Browser } from "./_browser.ts";
import type { Card, Sight } from "./_card.ts";
import type { PageFunctions } from "./_page_script.ts";
import type { Answer, Query } from "./_source.ts";
import type { View } from "./_view.ts";

/** Puts the parts together and keeps what is shown fresh. */
export function runPage(parts: PageFunctions): void {
  const browser = globalThis as unknown as Browser;
  const { document, location, setTimeout, clearTimeout } = browser;
  /** Between two rounds of questions. */
  const POLL_MS = 5_000;
  /** One page keeps a slow collector busy for a fifth of its time at most. */
  const REST_FACTOR = 4;
  const MAX_RETRY_MS = 30_000;
  const AT_ONCE = 4;
  const FILTERS_MAX_AGE_MS = 60_000;
  /** How far back an event, a build or a platform may be that can be chosen. */
  const KNOWN_MS = 90 * 86_400_000;
  const HOUR_MS = 3_600_000;

  const dom = parts.makeDom(browser);
  const { find, setText } = dom;
  const titles: readonly { readonly title: string; readonly key?: string }[] =
    JSON.parse(find("config").textContent);
  const format = parts.makeFormat();
  const views = parts.makeViews(titles.map(({ title }) => title));
  const phrases = parts.makePhrases(format);
  const keys = parts.makeKeys(browser, dom, titles, onKey);
  const source = parts.makeSource(browser, () => keys.keyOf(view.game));
  const tables = parts.makeTables(dom, format);
  const lines = parts.makeLinePlot(dom, format);
  const ranges = parts.makeRangePlot(dom, format);
  const bars = parts.makeBarPlots(dom, format, lines);
  const makeCard = parts.makeCards(browser, dom, tables, parts.makeChart, go);

  let view = views.read(location.hash);
  let spoken = "";
  let isToSay = false;
  const cards: readonly Card[] = [
    parts.makeHeadlineCard(dom, format, lines, ranges, phrases, (text) => {
      spoken = text;
    }),
    ...parts.makeActivityCards(makeCard, format, lines, phrases, go),
    ...parts.makePlayerCards(makeCard, dom, format, lines, bars, phrases, go),
    ...parts.makePerformanceCards(makeCard, format, ranges, phrases, go),
    ...parts.makeGameCards(makeCard, dom, format, bars, phrases, go),
  ];
  const filters = parts.makeFilters(dom, format, titles, go);
  parts.makeTheme(browser, dom);

  /** What each card shows: as long as it is the same, nothing is drawn anew. */
  const shown = new Map<Card, readonly unknown[]>();
  let round: AbortController | undefined;
  let timer = 0;
  let failures = 0;

  /** Shows something else: by the address, so that it can be shared and there is a way back. */
  function go(change: (view: View) => Partial<View>): void {
    const hash = views.write({ ...view, ...change(view) });
    if (`#${hash}` !== location.hash) location.hash = hash;
  }

  function filtersQuery(): Query {
    const { fromMs, toMs } = views.spanOf(view, Date.now());
    const known = source.known({
      path: "filters",
      params: { from: Math.min(fromMs, toMs - KNOWN_MS), to: toMs },
    }) as FiltersAnswer | undefined;
    return {
      path: "filters",
      params: { from: Math.min(fromMs, toMs - KNOWN_MS), to: toMs },
      maxAgeMs: known === undefined || known.events.length === 0
        ? 0
        : FILTERS_MAX_AGE_MS,
    };
  }

  function sightNow(): Sight {
    const known = source.known(filtersQuery()) as FiltersAnswer | undefined;
    return {
      view,
      span: views.spanOf(view, Date.now()),
      events: known?.events ?? [],
      hasData: known === undefined || known.events.length > 0,
    };
  }

  function setState(state: "live" | "offline" | "loading" | "paused"): void {
    find("state").dataset.state = state;
    setText(find("state"), state);
  }

  function note(text: string): void {
    find("note").hidden = text === "";
    setText(find("note-text"), text);
  }

  /** Shows a card if all of its answers are there. */
  function showCard(card: Card, sight: Sight): boolean {
    const answers = card.queries(sight).map(source.known);
    if (answers.includes(undefined)) {
      card.frame.setBusy();
      return false;
    }
    const { span, events, hasData } = sight;
    const key = [
      view,
      span.fromMs,
      span.toMs,
      events.join(),
      hasData,
      // Another step has begun, even if nothing happened in it.
      Math.floor(Date.now() / HOUR_MS),
      ...answers,
    ];
    const last = shown.get(card);
    if (
      last !== undefined && last.length === key.length &&
      key.every((it, i) => it === last[i])
    ) return true;
    shown.set(card, key);
    card.frame.setProblem(undefined);
    card.show(answers, sight);
    return true;
  }

  /** Asks what all cards need, a few questions at once; resolves with what kept it from that. */
  async function askAll(
    signal: AbortSignal,
  ): Promise<Exclude<Answer, { type: "answered" | "refused" }> | undefined> {
    const first = await source.ask(filtersQuery(), signal);
    if (first.type === "unreachable" || first.type === "keyNeeded") {
      return first;
    }
    if (first.type === "refused") note(first.message);
    const known = source.known(filtersQuery()) as FiltersAnswer | undefined;
    filters.show(view, known ?? { events: [], builds: [], platforms: [] });
    const sight = sightNow();
    find("welcome").hidden = sight.hasData;
    const refused = new Map<string, string>();
    const queries = new Map<string, Query>();
    for (const card of cards) {
      for (const query of card.queries(sight)) {
        queries.set(JSON.stringify([query.path, query.params]), query);
      }
    }
    const waiting = [...queries];
    let failure: Answer | undefined;

    async function work(): Promise<void> {
      while (failure === undefined && !signal.aborted) {
        const next = waiting.shift();
        if (next === undefined) return;
        const [key, query] = next;
        const answer = await source.ask(query, signal);
        if (signal.aborted) return;
        if (answer.type === "refused") refused.set(key, answer.message);
        else if (answer.type !== "answered") failure ??= answer;
        else for (const card of cards) showCard(card, sight);
      }
    }

    await Promise.all(Array.from({ length: AT_ONCE }, work));
    if (signal.aborted) return undefined;
    for (const card of cards) {
      // A card without questions has nothing to wait for.
      if (card.queries(sight).length === 0) showCard(card, sight);
      for (const { path, params } of card.queries(sight)) {
        const message = refused.get(JSON.stringify([path, params]));
        if (message !== undefined) {
          card.frame.setProblem(
            `The collector refused the question: ${message}`,
          );
        }
      }
    }
    return failure as Exclude<Answer, { type: "answered" | "refused" }>;
  }

  async function poll(): Promise<void> {
    clearTimeout(timer);
    round?.abort();
    const own = new AbortController();
    round = own;
    const startMs = performance.now();
    const failure = await askAll(own.signal);
    if (own.signal.aborted) return;
    if (failure?.type === "keyNeeded") {
      setState("paused");
      note(
        failure.isForbidden
          ? "This key may not read: one of the role reader or admin is needed"
          : "The collector asks for an API key",
      );
      find("ask-key").hidden = false;
      keys.ask(view.game, failure.isForbidden);
      return;
    }
    find("ask-key").hidden = true;
    let waitMs = Math.max(
      POLL_MS,
      REST_FACTOR * (performance.now() - startMs),
    );
    if (failure === undefined) {
      failures = 0;
      note("");
      setState("live");
      setText(find("updated"), `updated ${format.clock(Date.now())}`);
      if (isToSay) {
        isToSay = false;
        dom.say(spoken);
      }
    } else {
      setState("offline");
      note(
        "The collector cannot be reached, or has no answer just now: what is shown may be old. It is asked again until it answers",
      );
      waitMs = Math.max(
        failure.retryAfterMs,
        Math.min(MAX_RETRY_MS, POLL_MS * 2 ** failures++),
      );
    }
    timer = setTimeout(() => {
      timer = 0;
      if (!document.hidden) void poll();
    }, waitMs);
  }

  function onKey(): void {
    source.forget();
    shown.clear();
    note("");
    setState("loading");
    void poll();
  }

  function showView(): void {
    const before = view;
    view = views.read(location.hash);
    if (before.game !== view.game) {
      // Answers are kept by what was asked, not by who asked.
      source.forget();
      shown.clear();
    }
    const sight = sightNow();
    const known = source.known(filtersQuery()) as FiltersAnswer | undefined;
    filters.show(view, known ?? { events: [], builds: [], platforms: [] });
    const texts = [
      phrases.spanText(sight),
      `by ${sight.span.step}`,
      view.build === "" ? "all builds" : `build ${view.build}`,
      view.platform === "" ? "all platforms" : view.platform,
      "times are UTC",
    ];
    setText(find("about"), texts.join(" · "));
    document.title = titles.length > 1
      ? `${view.game} – analytics`
      : "Analytics";
    for (const card of cards) showCard(card, sight);
    void poll();
  }

  // A link would be to another hash, which is what is looked at.
  find("skip").onclick = () => find("figures-title").focus();
  find("ask-key").onclick = () => keys.ask(view.game, false);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && timer === 0 && !keys.isAsking()) void poll();
  });
  addEventListener("online", () => {
    if (!keys.isAsking()) void poll();
  });
  addEventListener("hashchange", () => {
    isToSay = true;
    showView();
  });
  showView();
}
