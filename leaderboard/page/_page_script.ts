// This module is browser compatible.
import type { PageTitle } from "./leaderboard_page.ts";

/**
 * What the page does. The server sends the text of this function, which is JavaScript where it runs: it is checked like
 * everything else, and nothing is built. So it uses nothing from outside of itself but the browser.
 *
 * Names, ids and messages are anybody's: they only ever become text.
 */
export function runPage(): void {
  const browser = globalThis as unknown as Browser;
  const { document, location, setTimeout, clearTimeout } = browser;
  const PAGE_SIZE = 25;
  /** Between two fetches of what is shown, however much changes. */
  const REFRESH_MS = 1_000;
  const SAY_MS = 4_000;
  /** The server says something every 15 seconds. */
  const SILENCE_MS = 40_000;
  const MAX_RETRY_MS = 30_000;

  const find = (id: string): PageElement => document.getElementById(id)!;
  const titles: readonly PageTitle[] = JSON.parse(find("config").textContent);
  const gameSelect = find("game");
  const boardSelect = find("board");
  const periodSelect = find("period");
  const classSelect = find("class");

  let title = titles[0]!;
  let boards: readonly Board[] = [];
  let view: View = { board: "", period: "", class: "", page: 1, around: "" };
  /** The rows on the page, by player. */
  let rows = new Map<string, Row>();
  let shown: Page | undefined;
  /** What is fetched for an older view is thrown away. */
  let generation = 0;
  let isFetching = false;
  let isStale = false;
  let refreshTimer = 0;
  let lastFetchMs = -Infinity;
  let stream: AbortController | undefined;
  let sayTimer = 0;
  let toSay = "";

  async function ask(
    path: string,
    query: Readonly<Record<string, string>>,
    init: RequestInit = {},
  ): Promise<Response> {
    const params = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value !== "") params.set(name, value);
    }
    const headers = new Headers(init.headers);
    if (title.key !== undefined) headers.set("x-api-key", title.key);
    const url = new URL(`v1/${path}?${params}`, location.href);
    return await fetch(url, { ...init, headers, redirect: "error" });
  }

  async function askJson<T>(
    path: string,
    query: Readonly<Record<string, string>>,
  ): Promise<T> {
    const response = await ask(path, query);
    const body = await response.json();
    if (response.ok) return body;
    throw new Refusal(String(body.code), String(body.message));
  }

  class Refusal extends Error {
    readonly code: string;
    constructor(code: string, message: string) {
      super(message);
      this.code = code;
    }
  }

  function make(tag: string, className: string, text = ""): PageElement {
    const made = document.createElement(tag);
    made.className = className;
    made.textContent = text;
    return made;
  }

  function setText(element: PageElement, text: string): void {
    // Also for those who hear the page: what is the same is not said again.
    if (element.textContent !== text) element.textContent = text;
  }

  function note(text: string): void {
    find("note").hidden = text === "";
    setText(find("note"), text);
  }

  function setState(state: "live" | "connecting" | "lost"): void {
    find("state").dataset.state = state;
    setText(find("state"), state === "lost" ? "reconnecting" : state);
  }

  /** Says what changed to who does not see it, now and then. */
  function say(text: string): void {
    toSay = text;
    if (sayTimer !== 0) return;
    setText(find("said"), toSay);
    sayTimer = setTimeout(() => {
      sayTimer = 0;
      if (toSay !== find("said").textContent) say(toSay);
    }, SAY_MS);
  }

  function numberText(value: number | string): string {
    return (typeof value === "number" ? value : BigInt(value)).toLocaleString();
  }

  function timeText(timestamp: string): string {
    const date = new Date(timestamp);
    const isToday = date.toDateString() === new Date().toDateString();
    return isToday
      ? date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })
      : date.toLocaleDateString([], { dateStyle: "medium" });
  }

  /** "allTime" as "All time", "any%" as it is. */
  function labelOf(name: string): string {
    const words = name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
    return /^[a-z]+(?: [a-z]+)*$/.test(words)
      ? words[0]!.toUpperCase() + words.slice(1)
      : name;
  }

  function fill(
    select: PageElement,
    options: readonly (readonly [value: string, text: string])[],
    value: string,
  ): void {
    select.replaceChildren(...options.map(([value, text]) => {
      const option = make("option", "", text);
      option.value = value;
      return option;
    }));
    select.value = value;
  }

  function viewOf(hash: string): View {
    const params = new URLSearchParams(hash.replace(/^#/, ""));
    const of = (name: string): string => params.get(name) ?? "";
    const board = boards.find(({ id }) => id === of("board")) ?? boards[0];
    if (board === undefined) {
      return { board: "", period: "", class: "", page: 1, around: "" };
    }
    const periods = Object.keys(board.periods);
    const standard = periods.includes("allTime") ? "allTime" : periods[0]!;
    const page = Number(of("page"));
    return {
      board: board.id,
      period: periods.includes(of("period")) ? of("period") : standard,
      class: board.classes.includes(of("class")) ? of("class") : "",
      page: Number.isSafeInteger(page) && page > 0 ? page : 1,
      around: of("player"),
    };
  }

  /** Shows something else: by the address, so that there is a way back. */
  function go(change: Partial<View>): void {
    const { board, period, class: className, page, around } = {
      ...view,
      page: 1,
      around: "",
      ...change,
    };
    const params = new URLSearchParams({ board, period });
    if (className !== "") params.set("class", className);
    if (page > 1) params.set("page", `${page}`);
    if (around !== "") params.set("player", around);
    if (titles.length > 1) params.set("game", title.title);
    location.hash = params.toString();
  }

  function rankingOf({ board, period, class: className }: View): string {
    return [board, period, className].join(" ");
  }

  function showView(): void {
    const before = rankingOf(view);
    view = viewOf(location.hash);
    const board = boards.find(({ id }) => id === view.board);
    fill(boardSelect, boards.map(({ id }) => [id, id]), view.board);
    const periods = Object.keys(board?.periods ?? {});
    fill(periodSelect, periods.map((it) => [it, labelOf(it)]), view.period);
    const classes = board?.classes ?? [];
    find("classes").hidden = classes.length === 0;
    fill(
      classSelect,
      [["", "All"], ...classes.map((it) => [it, it] as const)],
      view.class,
    );
    find("player").value = view.around;
    find("top").hidden = view.around === "" && view.page === 1;
    document.title = view.board === ""
      ? "Leaderboards"
      : `${view.board} – leaderboard`;
    setText(find("title"), view.board === "" ? "Leaderboards" : view.board);
    generation++;
    if (board === undefined) {
      note("There are no boards yet");
      setText(find("caption"), "No board");
      return;
    }
    if (rankingOf(view) !== before || stream === undefined) watch();
    refresh(false);
  }

  /** Fetches what is shown: at once, or when it is time, if something has only changed. */
  function refresh(isChange: boolean): void {
    if (!isChange) {
      isStale = false;
      void fetchPage(false);
      return;
    }
    isStale = true;
    if (refreshTimer !== 0 || isFetching || document.hidden) return;
    const waitMs = lastFetchMs + REFRESH_MS - performance.now();
    refreshTimer = setTimeout(() => {
      refreshTimer = 0;
      if (!isStale) return;
      isStale = false;
      void fetchPage(true);
    }, Math.max(0, waitMs));
  }

  async function fetchPage(isChange: boolean): Promise<void> {
    const mine = generation;
    const { board, period, class: className, around, page } = view;
    isFetching = true;
    lastFetchMs = performance.now();
    try {
      const answer = await askJson<Page>(`boards/${board}/entries`, {
        period,
        class: className,
        pageSize: `${PAGE_SIZE}`,
        around,
        page: around === "" ? `${page}` : "",
      });
      if (mine !== generation) return;
      if (answer.entries.length === 0 && page > 1) return go({});
      note("");
      show(answer, isChange);
    } catch (error) {
      if (mine !== generation) return;
      if (error instanceof Refusal && error.code === "playerNotFound") {
        shown = undefined;
        showRows([], false);
        setText(find("range"), "");
        setPages(false, false);
        setText(find("caption"), captionOf(0));
        find("empty").hidden = false;
        setText(find("empty"), `${around} has no score here`);
      } else if (error instanceof Refusal) {
        note(error.message);
      } else {
        note("The server cannot be reached");
      }
    } finally {
      if (mine === generation) {
        isFetching = false;
        if (isStale) refresh(true);
      }
    }
  }

  function captionOf(total: number): string {
    const board = boards.find(({ id }) => id === view.board);
    const next = board?.periods[view.period]?.nextReset;
    const texts = [labelOf(view.period)];
    if (view.class !== "") texts.push(view.class);
    if (total > 0) {
      texts.push(`${numberText(total)} ${total === 1 ? "player" : "players"}`);
    }
    if (next !== undefined) {
      texts.push(
        `until ${
          new Date(next).toLocaleString([], {
            dateStyle: "medium",
            timeStyle: "short",
          })
        }`,
      );
    }
    return texts.join(" · ");
  }

  function show(page: Page, isChange: boolean): void {
    shown = page;
    const { entries, offset, total } = page;
    setText(find("caption"), captionOf(total));
    find("empty").hidden = entries.length > 0;
    setText(find("empty"), "Nobody is here yet");
    const last = offset + entries.length;
    setText(
      find("range"),
      entries.length === 0
        ? ""
        : `${numberText(offset + 1)}–${numberText(last)} of ${
          numberText(total)
        }`,
    );
    setPages(offset > 0, last < total);
    showRows(entries, isChange);
    if (isChange) return;
    const found = entries.find(({ playerId }) => playerId === view.around);
    if (found === undefined) return;
    rows.get(found.playerId)!.element.scrollIntoView({ block: "center" });
    say(`${found.name} is at rank ${found.rank}`);
  }

  /** Whether there is a page before and behind; who stands on a button that goes dead is moved to the other one. */
  function setPages(hasPrevious: boolean, hasNext: boolean): void {
    const [previous, next] = [find("previous"), find("next")];
    const { activeElement } = document;
    previous.disabled = !hasPrevious;
    next.disabled = !hasNext;
    if (activeElement === previous && !hasPrevious) next.focus();
    if (activeElement === next && !hasNext) previous.focus();
  }

  function showRows(entries: readonly Entry[], isChange: boolean): void {
    const isCalm = !isChange ||
      browser.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const tops = new Map<string, number>();
    if (!isCalm) {
      for (const [player, { element }] of rows) {
        tops.set(player, element.getBoundingClientRect().top);
      }
    }
    const news: string[] = [];
    const next = new Map<string, Row>();
    const changed: Row[] = [];
    for (const entry of entries) {
      const { playerId, rank, score } = entry;
      const old = rows.get(playerId);
      const row = old ?? makeRow();
      if (isChange && (old?.rank !== rank || old.score !== score)) {
        if (old === undefined || old.score !== score) {
          changed.push(row);
          news.push(
            `${entry.name} is at rank ${rank} with ${numberText(score)}`,
          );
        }
      }
      updateRow(row, entry);
      next.set(playerId, row);
    }
    rows = next;
    find("rows").replaceChildren(
      ...[...next.values()].map(({ element }) => element),
    );
    if (news.length > 0) say(news.slice(0, 3).join(", "));
    if (isCalm) return;
    browser.requestAnimationFrame(() => {
      for (const [player, { element }] of next) {
        const top = tops.get(player);
        const by = top === undefined
          ? 0
          : top - element.getBoundingClientRect().top;
        if (by === 0) continue;
        element.animate(
          [{ transform: `translateY(${by}px)` }, { transform: "none" }],
          { duration: 400, easing: "ease-out" },
        );
      }
      for (const { element } of changed) {
        element.animate([
          { backgroundColor: "var(--flash)", zIndex: 1, offset: 0 },
        ], { duration: 1_600, easing: "ease-out" });
      }
    });
  }

  function makeRow(): Row {
    const row: Row = {
      element: make("tr", ""),
      badge: make("span", "badge"),
      name: make("bdi", "name"),
      about: make("span", "sub"),
      score: undefined,
      scoreCell: make("td", "score"),
      time: make("time", ""),
      rank: 0,
    };
    const rank = make("td", "rank");
    rank.append(row.badge);
    const player = make("th", "");
    player.scope = "row";
    player.append(row.name, row.about);
    const when = make("td", "when");
    when.append(row.time);
    row.element.append(rank, player, row.scoreCell, when);
    return row;
  }

  function updateRow(row: Row, entry: Entry): void {
    const { rank, playerId, name, score, subscore, timestamp } = entry;
    row.rank = rank;
    row.score = score;
    setText(row.badge, numberText(rank));
    row.badge.dataset.rank = `${rank}`;
    setText(row.name, name);
    row.name.title = playerId;
    const about = view.class === "" && entry.class !== undefined
      ? [entry.class]
      : [];
    if (name !== playerId) about.unshift(playerId);
    if (subscore !== 0) about.push(`subscore ${numberText(subscore)}`);
    setText(row.about, about.join(" · "));
    row.about.hidden = about.length === 0;
    const scoreText = numberText(score);
    setText(row.scoreCell, scoreText);
    row.scoreCell.dataset.length = scoreText.length > 13 ? "long" : "short";
    row.time.dateTime = timestamp;
    setText(row.time, timeText(timestamp));
    if (playerId === view.around) row.element.ariaCurrent = "true";
    else row.element.ariaCurrent = null;
  }

  /** Listens to what changes in the ranking that is shown, until another one is. */
  function watch(): void {
    stream?.abort();
    stream = new AbortController();
    void listen(stream.signal);
  }

  async function listen(signal: AbortSignal): Promise<void> {
    let lastEventId = "";
    let failures = 0;
    setState("connecting");
    while (!signal.aborted) {
      const attempt = new AbortController();
      const stop = (): void => attempt.abort();
      signal.addEventListener("abort", stop);
      const openedMs = performance.now();
      try {
        lastEventId = await listenOnce(lastEventId, attempt);
      } catch (error) {
        if (error instanceof Listened) lastEventId = error.lastEventId;
      }
      signal.removeEventListener("abort", stop);
      if (signal.aborted) return;
      setState("lost");
      // What ended at once was no success.
      if (performance.now() - openedMs > 10_000) failures = 0;
      const mostMs = Math.min(MAX_RETRY_MS, 1_000 * 2 ** failures++);
      const waitMs = mostMs * (.5 + Math.random() / 2);
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }

  /** A stream broke, and this is where. */
  class Listened extends Error {
    readonly lastEventId: string;
    constructor(lastEventId: string) {
      super("The stream broke");
      this.lastEventId = lastEventId;
    }
  }

  async function listenOnce(
    since: string,
    attempt: AbortController,
  ): Promise<string> {
    const { board, period, class: className } = view;
    let lastEventId = since;
    let silence = 0;
    const listenOn = (): void => {
      clearTimeout(silence);
      silence = setTimeout(() => attempt.abort(), SILENCE_MS);
    };
    try {
      listenOn();
      const response = await ask(
        `boards/${board}/events`,
        { period, class: className },
        {
          signal: attempt.signal,
          headers: since === "" ? {} : { "last-event-id": since },
        },
      );
      if (!response.ok) throw new Error("There is no stream");
      setState("live");
      // Whatever changed before is on a page that is fetched now.
      if (since === "") refresh(true);
      const reader = response.body!.pipeThrough(new TextDecoderStream())
        .getReader();
      let text = "";
      while (true) {
        const { done, value } = await reader.read();
        if (done) return lastEventId;
        listenOn();
        text += value;
        // The server ends lines by a line feed, and has one line of data in an event.
        const blocks = text.split("\n\n");
        text = blocks.pop()!;
        for (const block of blocks) {
          const fields = new Map(
            block.split("\n").map((line) => {
              const at = line.indexOf(": ");
              return [line.slice(0, at), line.slice(at + 2)];
            }),
          );
          onEvent(fields.get("event"), fields.get("data"));
          lastEventId = fields.get("id") ?? lastEventId;
        }
      }
    } catch {
      throw new Listened(lastEventId);
    } finally {
      clearTimeout(silence);
    }
  }

  function onEvent(type: string | undefined, data: string | undefined): void {
    if (type === undefined || data === undefined) return;
    if (type === "reset") {
      // The next season's end is another one.
      void readBoards().catch(() => {});
      refresh(true);
      return;
    }
    if (type !== "change") return;
    const { entries, removed, total } = JSON.parse(data) as Change;
    if (shown !== undefined) setText(find("caption"), captionOf(total));
    const last = shown?.entries.at(-1)?.rank;
    const isTop = shown?.offset === 0 && last !== undefined &&
      shown.entries.length === PAGE_SIZE;
    // Who is behind the first page and stays there changes nothing on it; on others, all that happens before them does.
    const isFar = isTop && removed.length === 0 &&
      entries.every(({ rank, playerId }) => rank > last && !rows.has(playerId));
    if (isFar) {
      setText(
        find("range"),
        `1–${numberText(PAGE_SIZE)} of ${numberText(total)}`,
      );
      setPages(false, total > PAGE_SIZE);
    } else refresh(true);
  }

  async function readBoards(): Promise<void> {
    boards = (await askJson<{ boards: readonly Board[] }>("boards", {})).boards;
  }

  async function start(): Promise<void> {
    for (let failures = 0;; failures++) {
      try {
        await readBoards();
        break;
      } catch (error) {
        setState("lost");
        note(
          error instanceof Refusal
            ? error.message
            : "The server cannot be reached",
        );
        const waitMs = Math.min(MAX_RETRY_MS, 1_000 * 2 ** failures);
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
    }
    note("");
    showView();
  }

  boardSelect.onchange = () =>
    go({ board: boardSelect.value, period: "", class: "" });
  periodSelect.onchange = () => go({ period: periodSelect.value });
  classSelect.onchange = () => go({ class: classSelect.value });
  find("previous").onclick = () => turn(-1);
  find("next").onclick = () => turn(1);
  find("top").onclick = () => go({});
  find("find").onsubmit = (event) => {
    event.preventDefault();
    go({ around: find("player").value.trim() });
  };

  function turn(by: number): void {
    if (shown === undefined) return;
    // A page around a player may begin anywhere.
    const page = Math.floor(shown.offset / PAGE_SIZE) + 1 + by;
    go({ page: Math.max(1, page) });
    find("card").scrollIntoView({ block: "start" });
  }

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && isStale) refresh(true);
  });
  addEventListener("hashchange", () => {
    const name = new URLSearchParams(location.hash.slice(1)).get("game");
    const other = titles.find((it) => it.title === name) ?? titles[0]!;
    if (other === title) {
      showView();
      return;
    }
    chooseGame(other);
    void start();
  });

  function chooseGame(other: PageTitle): void {
    title = other;
    boards = [];
    generation++;
    stream?.abort();
    stream = undefined;
    gameSelect.value = title.title;
  }

  find("titles").hidden = titles.length < 2;
  const wanted = new URLSearchParams(location.hash.slice(1)).get("game");
  fill(gameSelect, titles.map(({ title }) => [title, title]), "");
  gameSelect.onchange = () => {
    location.hash = new URLSearchParams({ game: gameSelect.value }).toString();
  };
  chooseGame(titles.find((it) => it.title === wanted) ?? title);
  void start();
}

/** What is looked at. */
interface View {
  readonly board: string;
  readonly period: string;
  readonly class: string;
  readonly page: number;
  /** The player in the middle of the page, or `""`. */
  readonly around: string;
}

interface Board {
  readonly id: string;
  readonly classes: readonly string[];
  readonly periods: Readonly<Record<string, { readonly nextReset?: number }>>;
}

interface Entry {
  readonly rank: number;
  readonly playerId: string;
  readonly name: string;
  readonly score: number | string;
  readonly subscore: number | string;
  readonly class?: string;
  readonly timestamp: string;
}

interface Page {
  readonly entries: readonly Entry[];
  readonly offset: number;
  readonly total: number;
}

interface Change {
  readonly total: number;
  readonly entries: readonly Entry[];
  readonly removed: readonly string[];
}

/** A row of the table and what it shows. */
interface Row {
  readonly element: PageElement;
  readonly badge: PageElement;
  readonly name: PageElement;
  readonly about: PageElement;
  readonly scoreCell: PageElement;
  readonly time: PageElement;
  rank: number;
  score: number | string | undefined;
}

/** An element, an input, a select or a button: Deno's types know none of them. */
interface PageElement {
  hidden: boolean;
  className: string;
  textContent: string;
  title: string;
  ariaCurrent: string | null;
  disabled: boolean;
  value: string;
  scope: string;
  dateTime: string;
  readonly dataset: Record<string, string>;
  onclick: () => void;
  onchange: () => void;
  onsubmit: (event: { preventDefault(): void }) => void;
  append(...children: PageElement[]): void;
  replaceChildren(...children: PageElement[]): void;
  focus(): void;
  getBoundingClientRect(): { readonly top: number };
  scrollIntoView(options: { readonly block: "center" | "start" }): void;
  animate(
    keyframes: readonly Readonly<Record<string, string | number>>[],
    options: { readonly duration: number; readonly easing: string },
  ): void;
}

/** What a browser has beside what Deno has. */
interface Browser {
  readonly document: {
    title: string;
    readonly hidden: boolean;
    readonly activeElement: PageElement | null;
    createElement(tag: string): PageElement;
    getElementById(id: string): PageElement | null;
    addEventListener(type: string, listener: () => void): void;
  };
  readonly location: { readonly href: string; hash: string };
  requestAnimationFrame(onFrame: () => void): void;
  matchMedia(query: string): { readonly matches: boolean };
  setTimeout(onTime: (value?: unknown) => void, delayMs: number): number;
  clearTimeout(timer: number): void;
}
