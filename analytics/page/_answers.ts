// This module is browser compatible.

/** What the collector answers to `filters` (PROTOCOL.md, section 6). */
export interface FiltersAnswer {
  readonly events: readonly string[];
  readonly builds: readonly string[];
  readonly platforms: readonly string[];
}

/** To `events`. */
export interface EventsAnswer {
  readonly rows: readonly {
    readonly start: number;
    readonly event: string;
    readonly count: number;
  }[];
  /** Whether these are all. */
  readonly isComplete?: boolean;
}

/** Of `sessions`. */
export interface SessionsTotal {
  readonly sessions: number;
  readonly players: number;
  readonly medianMs: number;
  readonly unclean: number;
}

/** To `sessions`. */
export interface SessionsAnswer {
  readonly rows: readonly (SessionsTotal & { readonly start: number })[];
  readonly total: SessionsTotal;
  /** Below 1 where the players are an estimate. */
  readonly share?: number;
}

/** Of `retention`: of how many the day is over, and how many of them came back on it. */
export interface Returned {
  readonly of: number;
  readonly back: number;
}

/** To `retention`. */
export interface RetentionAnswer {
  readonly rows: readonly {
    readonly start: number;
    readonly players: number;
    readonly d1: number | null;
    readonly d7: number | null;
    readonly d30: number | null;
  }[];
  readonly total: {
    readonly players: number;
    readonly d1: Returned;
    readonly d7: Returned;
    readonly d30: Returned;
  };
  readonly share?: number;
}

/** To `funnel`. */
export interface FunnelAnswer {
  readonly rows: readonly {
    readonly step: string;
    readonly count: number;
    readonly medianMs: number;
  }[];
  readonly share?: number;
}

/** To `frames` and `memory`, where `frames` says how many values there were. */
export interface PercentilesAnswer {
  readonly rows: readonly {
    readonly build: string;
    readonly platform: string;
    readonly frames?: number;
    readonly count?: number;
    readonly p50: number;
    readonly p90: number;
    readonly p95: number;
    readonly p99: number;
    readonly p999: number;
    readonly max: number;
    readonly hitches?: number;
  }[];
  /** Whether these are all. */
  readonly isComplete?: boolean;
}

/** To `deaths`. */
export interface DeathsAnswer {
  readonly rows: readonly {
    readonly floor: number | string;
    readonly cause: string;
    readonly count: number;
  }[];
  /** Whether these are all. */
  readonly isComplete?: boolean;
}

/** To `drops`. */
export interface DropsAnswer {
  readonly rows: readonly {
    readonly event: string;
    readonly reason: string;
    readonly count: number;
  }[];
  readonly uncleanSessions: number;
  readonly sessions: number;
}

/** To `recent`. */
export interface RecentAnswer {
  readonly rows: readonly {
    readonly timeMs: number;
    readonly name: string;
    readonly session: string;
    readonly build: string;
    readonly platform: string;
    /** The values of its fields: an object, or that as JSON. */
    readonly data: unknown;
  }[];
}
