// This module is browser compatible.
import { AnalyticsEvent } from "../event/analytics_event.ts";
import type { ErrorTarget } from "./error_target.ts";
import { exceptionOf } from "../event/exception_event.ts";

/** In a minute; identical ones count as one. */
const MAX_PER_MINUTE = 10;
const MINUTE_MS = 60_000;

/** Where exceptions go. */
export interface ExceptionMeterOwner {
  isEnabled(): boolean;
  record(event: AnalyticsEvent): void;
}

/** How often an exception came again since it was recorded. */
interface Known {
  readonly event: AnalyticsEvent;
  repeats: number;
}

/** Makes events of what nothing catches, and few of many. */
export class ExceptionMeter {
  readonly #owner: ExceptionMeterOwner;
  /** Those of this minute, by what they say. */
  readonly #known = new Map<string, Known>();
  readonly #stops = new Set<() => void>();
  #leftMs = MINUTE_MS;
  #overflow = 0;

  constructor(owner: ExceptionMeterOwner) {
    this.#owner = owner;
  }

  listen(target: ErrorTarget): () => void {
    const onError = (event: unknown): void => {
      const { error, message } = event as {
        error?: unknown;
        message?: unknown;
      };
      this.#add(error ?? message);
    };
    const onRejection = (event: unknown): void => {
      this.#add((event as { reason?: unknown }).reason);
    };
    const stop = (): void => {
      target.removeEventListener("error", onError);
      target.removeEventListener("unhandledrejection", onRejection);
      this.#stops.delete(stop);
    };
    target.addEventListener("error", onError);
    target.addEventListener("unhandledrejection", onRejection);
    this.#stops.add(stop);
    return stop;
  }

  tick(dt: number): void {
    if (this.#known.size === 0 && this.#overflow === 0) return;
    this.#leftMs -= dt * 1_000;
    if (this.#leftMs <= 0) this.report();
  }

  /** Records how often what is known came again, and begins a new minute. */
  report(): void {
    const known = [...this.#known.values()];
    const overflow = this.#overflow;
    this.clear();
    if (!this.#owner.isEnabled()) return;
    for (const { event, repeats } of known) {
      if (repeats > 0) this.#owner.record(withCount(event, repeats));
    }
    if (overflow > 0) {
      this.#owner.record(AnalyticsEvent.exception({
        name: "other",
        message: "",
        stack: "",
        isFatal: true,
        count: overflow,
      }));
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#known.clear();
    this.#overflow = 0;
    this.#leftMs = MINUTE_MS;
  }

  /** Hears of nothing any more. */
  close(): void {
    this.clear();
    for (const stop of [...this.#stops]) stop();
  }

  #add(error: unknown): void {
    if (!this.#owner.isEnabled()) return;
    const event = exceptionOf(error, true);
    const { name, message, stack } = event.fields;
    const key = `${name}\n${message}\n${stack}`;
    const known = this.#known.get(key);
    if (known !== undefined) {
      known.repeats++;
    } else if (this.#known.size < MAX_PER_MINUTE) {
      this.#known.set(key, { event, repeats: 0 });
      this.#owner.record(event);
    } else {
      this.#overflow++;
    }
  }
}

function withCount({ fields }: AnalyticsEvent, count: number): AnalyticsEvent {
  return AnalyticsEvent.exception({
    name: fields.name as string,
    message: fields.message as string,
    stack: fields.stack as string,
    isFatal: fields.isFatal as boolean,
    count,
  });
}
