import { type Journal, ManualClock, SeededRandom } from "../../../core/mod.ts";
import {
  type FakeCall,
  FakeFetch,
  settle,
} from "../../../http/_testing/fake_fetch.ts";
import { LeaderboardClient } from "../client.ts";
import type { LeaderboardClientOptions } from "../client_options.ts";
import type { LeaderboardCallId, LeaderboardEvent } from "../event.ts";

/** Where the fake server is mounted. */
export const BASE = "http://game.test/scores";
/** A time that the fake clock begins at: 2026-11-25T00:00:00.000Z. */
export const START_MS = Date.UTC(2026, 10, 25);

/** What a rig is made with. */
export interface RigOptions extends Omit<LeaderboardClientOptions, "http"> {
  readonly seed?: number;
  readonly base?: string;
  readonly clock?: ManualClock;
  readonly retries?: number;
  readonly onEvent?: (event: LeaderboardEvent) => void;
}

/** A client whose network and time are the test's. */
export class ClientRig {
  readonly fake = new FakeFetch();
  readonly clock: ManualClock;
  readonly client: LeaderboardClient;
  readonly events: LeaderboardEvent[] = [];

  constructor(options: RigOptions = {}) {
    const { seed = 1, base = BASE, retries = 0, ...rest } = options;
    this.clock = options.clock ?? new ManualClock({ epochMs: START_MS });
    this.client = new LeaderboardClient(base, {
      ...rest,
      http: {
        fetch: this.fake.fetch,
        clock: this.clock,
        random: new SeededRandom(seed),
        retries,
      },
    });
  }

  /** Lets arrive what was answered, and a frame pass. Returns the types of the events that it brought. */
  async step(dt = 0): Promise<string[]> {
    await settle();
    this.clock.advance(dt * 1_000);
    this.client.tick(dt);
    const events = [...this.client.drainEvents()];
    this.events.push(...events);
    return events.map((event) => event.type);
  }

  /** The events of a call. */
  of(id: LeaderboardCallId): LeaderboardEvent[] {
    return this.events.filter((event) => "id" in event && event.id === id);
  }

  /** The one event of this type. */
  the<T extends LeaderboardEvent["type"]>(
    type: T,
  ): Extract<LeaderboardEvent, { type: T }> {
    const found = this.events.filter((event) => event.type === type);
    if (found.length !== 1) {
      throw new Error(`There are ${found.length} of "${type}"`);
    }
    return found[0] as Extract<LeaderboardEvent, { type: T }>;
  }
}

/** The body of a call as JSON. */
export async function jsonBody(
  call: FakeCall,
): Promise<Record<string, unknown>> {
  return JSON.parse(await new Response(call.init.body as BodyInit).text());
}

/** An answer to a submission. */
export function accepted(
  score: number | string,
  more: Record<string, unknown> = {},
): Response {
  return Response.json({
    status: "accepted",
    applied: true,
    board: "main",
    standings: [
      { period: "daily", season: 5, rank: 1, total: 2, score, subscore: 0 },
      { period: "allTime", season: 0, rank: 3, total: 9, score, subscore: 0 },
    ],
    ...more,
  });
}

/** An error as the server says it. */
export function refusal(
  status: number,
  code: string,
  more: Record<string, unknown> = {},
): Response {
  return Response.json({ code, message: `no: ${code}`, ...more }, { status });
}

/** An entry as the server says it. */
export function entryJson(
  rank: number,
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    rank,
    playerId: `player-${rank}`,
    name: `Player ${rank}`,
    score: 1_000 - rank,
    subscore: 0,
    timestamp: "2026-11-25T21:28:39.000Z",
    ...more,
  };
}

/** A page as the server says it. */
export function pageJson(
  entries: readonly unknown[],
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    board: "main",
    period: "allTime",
    season: 0,
    entries,
    total: 250,
    page: 1,
    offset: 0,
    ...more,
  };
}

export type { FakeCall, Journal };
export { settle };
