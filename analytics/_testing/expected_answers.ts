// What queries must answer of made up sessions, counted in the plainest way from the raw list. It shares nothing with the
// queries but the generator.
import type { GeneratedEvent, GeneratedSession } from "./generate_sessions.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Whose data is asked for. */
export interface ExpectedRange {
  readonly fromMs: number;
  readonly toMs: number;
  readonly build?: string;
  readonly platform?: string;
}

/** A session and what is known of it. */
interface Known extends GeneratedSession {
  readonly player: string;
  readonly startMs: number;
  readonly lastMs: number;
  readonly endReason: string;
  readonly firstMs: number;
}

/** The step of a funnel. */
export interface ExpectedStep {
  readonly event: string;
  readonly where?: Readonly<Record<string, string>>;
}

/** Counts all there is. */
export class ExpectedAnswers {
  readonly #sessions: readonly Known[];

  /** `sessions` in the order in which they were stored. */
  constructor(sessions: readonly GeneratedSession[]) {
    const firsts = new Map<string, number>();
    for (const session of sessions) {
      const player = playerOf(session);
      const startMs = startOf(session);
      firsts.set(player, Math.min(firsts.get(player) ?? Infinity, startMs));
    }
    this.#sessions = sessions.map((session) => ({
      ...session,
      player: playerOf(session),
      startMs: startOf(session),
      lastMs: Math.max(...session.events.map(({ timeMs }) => timeMs)),
      endReason: `${
        session.events.findLast(({ name }) => name === "sessionEnd")?.fields
          .reason ?? ""
      }`,
      firstMs: firsts.get(playerOf(session))!,
    }));
  }

  /** How often each event happened, by `start`, event, build and platform. */
  events(
    range: ExpectedRange,
    stepMs: number,
    by: "build" | "platform" | "none" = "none",
  ): unknown[] {
    return countRows(
      this.#eventsIn(wholeHours(range)).map(({ session, event }) => ({
        startMs: floor(event.timeMs, stepMs),
        event: event.name,
        build: by === "build" ? session.build : "",
        platform: by === "platform" ? session.platform : "",
      })),
    );
  }

  /** The sums over sessions, with exact durations in place of medians. */
  sessions(
    range: ExpectedRange,
    stepMs: number,
    nowMs: number,
    idleMs: number,
  ): { rows: ExpectedSessions[]; total: ExpectedSessions } {
    const all = this.#sessionsIn(range);
    const starts = unique(all.map(({ startMs }) => floor(startMs, stepMs)));
    return {
      rows: starts.sort((a, b) => a - b).map((startMs) =>
        sessionSums(
          startMs,
          all.filter((it) => floor(it.startMs, stepMs) === startMs),
          nowMs,
          idleMs,
        )
      ),
      total: sessionSums(0, all, nowMs, idleMs),
    };
  }

  /** The cohorts. */
  retention(range: ExpectedRange, nowMs: number): unknown {
    const firsts = this.#sessionsIn(range)
      .filter((it) => it.startMs === it.firstMs);
    const days = unique(firsts.map(({ startMs }) => floor(startMs, DAY_MS)));
    const total = [1, 7, 30].map(() => ({ of: 0, back: 0 }));
    let all = 0;
    const rows = days.sort((a, b) => a - b).map((startMs) => {
      const players = unique(
        firsts.filter((it) => floor(it.startMs, DAY_MS) === startMs)
          .map(({ player }) => player),
      );
      all += players.length;
      const [d1, d7, d30] = [1, 7, 30].map((day, i) => {
        const dayMs = startMs + day * DAY_MS;
        if (dayMs + DAY_MS > nowMs) return null;
        const back = players.filter((player) =>
          this.#sessions.some((it) =>
            it.player === player && floor(it.startMs, DAY_MS) === dayMs
          )
        ).length;
        total[i]!.of += players.length;
        total[i]!.back += back;
        return back;
      });
      return { startMs, players: players.length, d1, d7, d30 };
    });
    const [d1, d7, d30] = total;
    return { rows, total: { players: all, d1, d7, d30 } };
  }

  /** How many took each step, and the times since the step before and since the first one, in order. */
  funnel(
    range: ExpectedRange,
    steps: readonly ExpectedStep[],
    by: "player" | "session",
    withinMs: number,
  ): { count: number; sinceLast: number[]; sinceFirst: number[] }[] {
    const rows = steps.map(() => ({
      count: 0,
      sinceLast: [] as number[],
      sinceFirst: [] as number[],
    }));
    const open = { ...range, toMs: Infinity };
    const events = this.#eventsIn(open).map(({ session, event }) => ({
      key: session[by],
      event,
    }));
    for (const key of unique(events.map((it) => it.key))) {
      const own = events.filter((it) => it.key === key).map((it) => it.event);
      // Those of one time stay in the order in which they were stored.
      own.sort((a, b) => a.timeMs - b.timeMs);
      let at = own.findIndex((it) =>
        it.timeMs < range.toMs && isStep(it, steps[0]!)
      );
      if (at < 0) continue;
      const firstMs = own[at]!.timeMs;
      let lastMs = firstMs;
      for (let i = 0; i < steps.length; i++) {
        if (i > 0) {
          at = own.findIndex((it, j) => j > at && isStep(it, steps[i]!));
          if (at < 0 || own[at]!.timeMs - firstMs > withinMs) break;
          rows[i]!.sinceLast.push(own[at]!.timeMs - lastMs);
          rows[i]!.sinceFirst.push(own[at]!.timeMs - firstMs);
          lastMs = own[at]!.timeMs;
        }
        rows[i]!.count++;
      }
    }
    for (const row of rows) {
      row.sinceLast.sort((a, b) => a - b);
      row.sinceFirst.sort((a, b) => a - b);
    }
    return rows;
  }

  /** All single values that were measured, in order, and the hitches, by `start`, build and platform. */
  values(
    range: ExpectedRange,
    metric: "frameTime" | "memoryUsage",
    by: readonly ("build" | "platform")[],
    stepMs: number | undefined,
  ): {
    startMs: number;
    build: string;
    platform: string;
    hitches: number;
    values: number[];
  }[] {
    const hours = wholeHours(range);
    const rows = new Map<string, {
      startMs: number;
      build: string;
      platform: string;
      hitches: number;
      values: number[];
    }>();
    for (const { session, event } of this.#eventsIn(hours)) {
      if (event.name !== metric) continue;
      const row = {
        startMs: stepMs === undefined
          ? hours.fromMs
          : floor(event.timeMs, stepMs),
        build: by.includes("build") ? session.build : "",
        platform: by.includes("platform") ? session.platform : "",
        hitches: 0,
        values: [],
      };
      const key = JSON.stringify(row);
      const known = rows.get(key) ?? row;
      rows.set(key, known);
      known.values.push(...event.values!);
      known.hitches += Number(event.fields.hitches ?? 0);
    }
    for (const { values } of rows.values()) values.sort((a, b) => a - b);
    return [...rows].sort(([a], [b]) => a < b ? -1 : 1).map(([, row]) => row);
  }

  /** Deaths by floor and cause. */
  deaths(range: ExpectedRange): unknown[] {
    const rows = countRows(
      this.#eventsIn(wholeHours(range))
        .filter(({ event }) => event.name === "death")
        .map(({ event: { fields } }) => ({
          floor: Number(fields.floor),
          cause: `${fields.cause}`,
        })),
    );
    return rows.sort((a, b) =>
      a.floor - b.floor || b.count - a.count || (a.cause < b.cause ? -1 : 1)
    );
  }

  /** Drops by event and reason, and the sums beside them. */
  drops(range: ExpectedRange, nowMs: number, idleMs: number): {
    rows: { event: string; reason: string; count: number }[];
    accepted: number;
    dropped: number;
    sessions: number;
    uncleanSessions: number;
  } {
    const hours = wholeHours(range);
    const rows: { event: string; reason: string; count: number }[] = [];
    let accepted = 0;
    for (const { event } of this.#eventsIn(hours)) {
      if (event.name !== "drop") {
        accepted++;
        continue;
      }
      const { event: name, reason, count } = event.fields;
      const row = rows.find((it) => it.event === name && it.reason === reason);
      if (row !== undefined) row.count += Number(count);
      else {
        rows.push({
          event: `${name}`,
          reason: `${reason}`,
          count: Number(count),
        });
      }
    }
    rows.sort((a, b) =>
      b.count - a.count ||
      (`${a.event}\n${a.reason}` < `${b.event}\n${b.reason}` ? -1 : 1)
    );
    const sums = sessionSums(0, this.#sessionsIn(hours), nowMs, idleMs);
    return {
      rows,
      accepted,
      dropped: rows.reduce((sum, { count }) => sum + count, 0),
      sessions: sums.sessions,
      uncleanSessions: sums.unclean,
    };
  }

  /** The names, builds and platforms, each by itself and without an order. */
  filters(
    range: ExpectedRange,
  ): { events: string[]; builds: string[]; platforms: string[] } {
    const all = this.#eventsIn(wholeHours(range));
    return {
      events: unique(all.map(({ event }) => event.name)),
      builds: unique(all.map(({ session }) => session.build)),
      platforms: unique(all.map(({ session }) => session.platform)),
    };
  }

  /** The events that were stored last, the newest first, as session, if it is of a player, and number. */
  recent(range: ExpectedRange, limit: number): string[] {
    return this.#eventsIn(range).reverse().slice(0, limit)
      .map(({ session: { playerId, session }, event }) =>
        `${playerId === undefined ? "" : session} ${event.number}`
      );
  }

  #sessionsIn({ fromMs, toMs, build, platform }: ExpectedRange): Known[] {
    return this.#sessions.filter((it) =>
      it.startMs >= fromMs && it.startMs < toMs &&
      (build === undefined || it.build === build) &&
      (platform === undefined || it.platform === platform)
    );
  }

  #eventsIn(
    { fromMs, toMs, build, platform }: ExpectedRange,
  ): { session: Known; event: GeneratedEvent }[] {
    return this.#sessions.filter((it) =>
      (build === undefined || it.build === build) &&
      (platform === undefined || it.platform === platform)
    ).flatMap((session) =>
      session.events.filter(({ timeMs }) => timeMs >= fromMs && timeMs < toMs)
        .map((event) => ({ session, event }))
    );
  }
}

/** Sums over sessions. */
export interface ExpectedSessions {
  readonly startMs: number;
  readonly sessions: number;
  readonly players: number;
  readonly newPlayers: number;
  readonly durationMs: number;
  readonly running: number;
  readonly unclean: number;
  /** How long each was, in order. */
  readonly durations: readonly number[];
}

function sessionSums(
  startMs: number,
  sessions: readonly Known[],
  nowMs: number,
  idleMs: number,
): ExpectedSessions {
  const durations = sessions.map((it) => it.lastMs - it.startMs)
    .sort((a, b) => a - b);
  const open = sessions.filter((it) => it.endReason === "");
  const gone = open.filter((it) => nowMs - it.lastMs > idleMs).length;
  const repaired = sessions.filter((it) => it.endReason === "repaired").length;
  return {
    startMs,
    sessions: sessions.length,
    players: unique(sessions.map(({ player }) => player)).length,
    newPlayers: sessions.filter((it) => it.startMs === it.firstMs).length,
    durationMs: durations.reduce((sum, it) => sum + it, 0),
    running: open.length - gone,
    unclean: gone + repaired,
    durations,
  };
}

function countRows<T extends object>(
  rows: readonly T[],
): (T & { count: number })[] {
  const counts = new Map<string, number>();
  for (const row of rows) {
    const key = JSON.stringify(row);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].map(([key, count]) => ({ ...JSON.parse(key), count }));
}

function wholeHours(range: ExpectedRange): ExpectedRange {
  return {
    ...range,
    fromMs: floor(range.fromMs, HOUR_MS),
    toMs: floor(range.toMs + HOUR_MS - 1, HOUR_MS),
  };
}

function isStep(event: GeneratedEvent, { event: name, where }: ExpectedStep) {
  return event.name === name && Object.entries(where ?? {}).every(
    ([field, value]) => `${event.fields[field]}` === value,
  );
}

function playerOf({ playerId, session }: GeneratedSession): string {
  return playerId ?? session;
}

function startOf({ events }: GeneratedSession): number {
  return Math.min(
    ...events.filter(({ name }) => name === "sessionStart")
      .map(({ timeMs }) => timeMs),
  );
}

function floor(timeMs: number, stepMs: number): number {
  return Math.floor(timeMs / stepMs) * stepMs;
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
