// This module is browser compatible.

/** What is looked at: all of it stands in the URL's hash. */
export interface View {
  /** The title. */
  readonly game: string;
  /** The range of time. */
  readonly range: "24h" | "7d" | "30d" | "90d" | "custom";
  /** The first day of a custom range: `"2026-11-01"`. */
  readonly from: string;
  /** Its last day. */
  readonly to: string;
  /** The build, `""` for all. */
  readonly build: string;
  /** The platform, `""` for all. */
  readonly platform: string;
  /** The events whose lines are drawn; none for the most frequent ones. */
  readonly events: readonly string[];
  /** The steps of the funnel; none for those that suggest themselves. */
  readonly steps: readonly string[];
  /** Who goes through the funnel. */
  readonly funnelBy: "player" | "session";
  /** In how much time after the first step, in milliseconds. */
  readonly withinMs: number;
  /** What frame times are told apart by. */
  readonly framesBy: "build" | "platform";
  /** What memory is told apart by. */
  readonly memoryBy: "build" | "platform";
  /** How deaths are drawn. */
  readonly deathsAs: "bars" | "map";
  /** The cards whose tables are open. */
  readonly tables: readonly string[];
}

/** The time that a view is of. */
export interface Span {
  /** From when on, in epoch milliseconds. */
  readonly fromMs: number;
  /** Until when, exclusive. */
  readonly toMs: number;
  /** How long each step is. */
  readonly step: "hour" | "day";
  /** The same in milliseconds. */
  readonly stepMs: number;
  /** From when on the period before is. */
  readonly beforeFromMs: number;
  /** Until when: it is as long as what is over of the span. */
  readonly beforeToMs: number;
  /** Whether the last step is not over yet. */
  readonly isPartial: boolean;
}

/** Reads and writes views. */
export interface Views {
  /** Reads the hash of a URL; what makes no sense is as by default. */
  read(hash: string): View;
  /** Writes a hash, without what is as by default. */
  write(view: View): string;
  /** The time that a view is of. */
  spanOf(view: View, nowMs: number): Span;
}

/** Makes the {@linkcode Views} of the page. */
export function makeViews(games: readonly string[]): Views {
  const HOUR_MS = 3_600_000;
  const DAY_MS = 24 * HOUR_MS;
  const DAYS = { "24h": 1, "7d": 7, "30d": 30, "90d": 90 } as const;
  const MAX_DAYS = 400;
  const MAX_STEPS = 8;
  const MAX_LIST = 50;
  const MAX_LABEL = 64;
  /** A week. */
  const WITHIN_MS = 7 * DAY_MS;
  const MAX_WITHIN_MS = 31 * DAY_MS;

  function oneOf<const T extends string>(
    value: string | null,
    values: readonly T[],
    standard: T,
  ): T {
    return values.find((it) => it === value) ?? standard;
  }

  function listOf(value: string | null, max: number): string[] {
    const list = (value ?? "").split(",").filter((it) =>
      it !== "" && it.length <= MAX_LABEL
    );
    return list.slice(0, max);
  }

  function dayOf(value: string | null): string {
    return value !== null && /^\d{4}-\d\d-\d\d$/.test(value) &&
        Number.isFinite(Date.parse(value))
      ? value
      : "";
  }

  function read(hash: string): View {
    const params = new URLSearchParams(hash.replace(/^#/, ""));
    const label = (name: string): string =>
      (params.get(name) ?? "").slice(0, MAX_LABEL);
    const from = dayOf(params.get("from"));
    const to = dayOf(params.get("to"));
    const isCustom = params.get("range") === "custom" && from !== "" &&
      to !== "" && from <= to &&
      Date.parse(to) - Date.parse(from) < MAX_DAYS * DAY_MS;
    const within = Number(params.get("within"));
    return {
      game: oneOf(params.get("game"), games, games[0]!),
      range: isCustom
        ? "custom"
        : oneOf(params.get("range"), ["24h", "7d", "30d", "90d"], "7d"),
      from: isCustom ? from : "",
      to: isCustom ? to : "",
      build: label("build"),
      platform: label("platform"),
      events: listOf(params.get("events"), MAX_LIST),
      steps: listOf(params.get("steps"), MAX_STEPS),
      funnelBy: oneOf(params.get("per"), ["player", "session"], "player"),
      withinMs: Number.isSafeInteger(within) && within > 0
        ? Math.min(within, MAX_WITHIN_MS)
        : WITHIN_MS,
      framesBy: oneOf(params.get("frames"), ["build", "platform"], "build"),
      memoryBy: oneOf(params.get("memory"), ["build", "platform"], "platform"),
      deathsAs: oneOf(params.get("deaths"), ["bars", "map"], "bars"),
      tables: listOf(params.get("tables"), MAX_LIST),
    };
  }

  function write(view: View): string {
    const standard = read("");
    const params = new URLSearchParams();
    const set = (name: string, value: string, usual: string): void => {
      if (value !== usual) params.set(name, value);
    };
    set("game", view.game, standard.game);
    set("range", view.range, standard.range);
    if (view.range === "custom") {
      params.set("from", view.from);
      params.set("to", view.to);
    }
    set("build", view.build, "");
    set("platform", view.platform, "");
    set("events", view.events.join(","), "");
    set("steps", view.steps.join(","), "");
    set("per", view.funnelBy, standard.funnelBy);
    set("within", `${view.withinMs}`, `${WITHIN_MS}`);
    set("frames", view.framesBy, standard.framesBy);
    set("memory", view.memoryBy, standard.memoryBy);
    set("deaths", view.deathsAs, standard.deathsAs);
    set("tables", view.tables.join(","), "");
    return params.toString();
  }

  function spanOf(view: View, nowMs: number): Span {
    let fromMs: number;
    let toMs: number;
    if (view.range === "custom") {
      fromMs = Date.parse(view.from);
      toMs = Date.parse(view.to) + DAY_MS;
    } else {
      // The end of a step: so a question stays the same until then, and its answer can be "not modified".
      const unitMs = view.range === "24h" ? HOUR_MS : DAY_MS;
      toMs = (Math.floor(nowMs / unitMs) + 1) * unitMs;
      fromMs = toMs - DAYS[view.range] * DAY_MS;
    }
    const step = toMs - fromMs <= 2 * DAY_MS ? "hour" : "day";
    const lengthMs = toMs - fromMs;
    // What is still to come has nothing to be compared with.
    const overMs = Math.min(
      toMs,
      Math.max(fromMs, (Math.floor(nowMs / HOUR_MS) + 1) * HOUR_MS),
    );
    return {
      fromMs,
      toMs,
      step,
      stepMs: step === "hour" ? HOUR_MS : DAY_MS,
      beforeFromMs: fromMs - lengthMs,
      beforeToMs: overMs - lengthMs,
      isPartial: fromMs <= nowMs && nowMs < toMs,
    };
  }

  return { read, write, spanOf };
}
