// The clients that are measured, each as its documentation says, with compression where it has any, and sending to the
// same server in batches of the size that it takes by default.
import { Analytics as Segment } from "@segment/analytics-node";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import {
  BatchLogRecordProcessor,
  LoggerProvider,
} from "@opentelemetry/sdk-logs";
import { PostHog } from "posthog-node";
import {
  Analytics,
  type AnalyticsEvent,
  AnalyticsEvent as Events,
} from "../../analytics/mod.ts";
import { type Clock, SystemClock } from "../../core/mod.ts";
import type { GameEvent } from "./_events.ts";

/** A client of telemetry. */
export interface TelemetryClient {
  /** Its name for the sink, and for people. */
  readonly key: string;
  readonly name: string;
  /** Takes an event, as a game calls it. */
  record(event: GameEvent): void;
  /** The same, as if it were that time, in epoch milliseconds: not less than before. */
  recordAt(event: GameEvent, timeMs: number): void;
  /** Resolves when all that was taken has been sent, or given up. */
  settle(): Promise<void>;
  /** Ends it as its documentation says: what was taken is sent first. */
  shutdown(): Promise<void>;
}

/** What makes each of them. */
export const CLIENTS: readonly ((url: string) => TelemetryClient)[] = [
  tickwire,
  posthog,
  segment,
  otel,
];

/** Ours, with a game's frames while it is waited for. */
function tickwire(url: string): TelemetryClient {
  const clock = new SteppedClock();
  const analytics = new Analytics("1.2.0", "linux", {
    rateLimit: false,
    clock,
  });
  analytics.enable(`${url}/tickwire`);
  return {
    key: "tickwire",
    name: "tickwire",
    record: ({ name, fields }) => {
      analytics.record(eventOf(name, fields));
    },
    recordAt: ({ name, fields }, timeMs) => {
      clock.leapTo(timeMs);
      analytics.record(eventOf(name, fields));
    },
    async settle() {
      analytics.flush();
      for (let left = Infinity; left > 0;) {
        analytics.tick(1 / 60);
        for (const _notice of analytics.drainEvents());
        await new Promise((resolve) => setTimeout(resolve));
        const { queued, stored } = analytics.counters;
        left = queued + stored;
      }
    },
    shutdown: () => analytics.close(),
  };
}

/** The time of the system, moved on by leaps. */
class SteppedClock implements Clock {
  readonly #system = new SystemClock();
  #aheadMs = 0;

  nowMs(): number {
    return this.#system.nowMs() + this.#aheadMs;
  }

  epochMs(): number {
    return this.#system.epochMs() + this.#aheadMs;
  }

  leapTo(epochMs: number): void {
    this.#aheadMs = Math.max(
      this.#aheadMs,
      epochMs - this.#system.epochMs(),
    );
  }
}

/** What a game calls, by the event's name. */
export function eventOf(
  name: string,
  fields: GameEvent["fields"],
): AnalyticsEvent {
  switch (name) {
    case "itemPickup":
      return Events.itemPickup(fields as { item: string; floor: number });
    case "death":
      return Events.death(fields as { cause: string; floor: number });
    case "floorComplete":
      return Events.floorComplete(
        fields as { floor: number; durationMs: number },
      );
    default:
      return Events.bossEncounter(
        fields as {
          boss: string;
          floor: number;
          won: boolean;
          durationMs: number;
        },
      );
  }
}

function posthog(url: string): TelemetryClient {
  const client = new PostHog("phc_bench", { host: `${url}/posthog` });
  return {
    key: "posthog",
    name: "posthog-node",
    record: ({ name, fields }) =>
      client.capture({
        distinctId: "player",
        event: name,
        properties: { ...fields },
      }),
    recordAt: ({ name, fields }, timeMs) =>
      client.capture({
        distinctId: "player",
        event: name,
        properties: { ...fields },
        timestamp: new Date(timeMs),
      }),
    settle: () => client.flush(),
    shutdown: async () => await client.shutdown(),
  };
}

function segment(url: string): TelemetryClient {
  const client = new Segment({
    writeKey: "bench",
    host: url,
    path: "/segment/v1/batch",
  });
  return {
    key: "segment",
    name: "@segment/analytics-node",
    record: ({ name, fields }) =>
      client.track({
        anonymousId: "player",
        event: name,
        properties: { ...fields },
      }),
    recordAt: ({ name, fields }, timeMs) =>
      client.track({
        anonymousId: "player",
        event: name,
        properties: { ...fields },
        timestamp: new Date(timeMs),
      }),
    settle: async () => await client.flush(),
    shutdown: () => client.closeAndFlush(),
  };
}

function otel(url: string): TelemetryClient {
  const exporter = new OTLPLogExporter({
    url: `${url}/otel/v1/logs`,
    // An enum that the package does not export.
    compression: "gzip" as never,
  });
  const provider = new LoggerProvider({
    processors: [new BatchLogRecordProcessor({ exporter })],
  });
  const logger = provider.getLogger("game");
  return {
    key: "otel",
    name: "OpenTelemetry logs",
    record: ({ name, fields }) =>
      logger.emit({ eventName: name, attributes: { ...fields } }),
    recordAt: ({ name, fields }, timeMs) =>
      logger.emit({
        eventName: name,
        attributes: { ...fields },
        timestamp: new Date(timeMs),
      }),
    settle: () => provider.forceFlush(),
    shutdown: () => provider.shutdown(),
  };
}
