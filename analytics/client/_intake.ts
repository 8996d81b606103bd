// This module is browser compatible.
import { TokenBucket } from "../../core/mod.ts";
import { AnalyticsEvent } from "../event/analytics_event.ts";
import { checkFields } from "../event/check_fields.ts";
import type {
  AnalyticsNotice,
  AnalyticsRefusalReason,
} from "./analytics_notice.ts";
import type { DropAccount } from "./_drop_account.ts";
import { isSampledOut } from "./_name_table.ts";
import type { RunQueue } from "./_run_queue.ts";
import type { SessionKeeper } from "./_session_keeper.ts";
import type { Settings } from "./_settings.ts";
import type { Timeline } from "./_timeline.ts";

/** What an {@linkcode Intake} works with. */
export interface IntakeParts {
  readonly settings: Settings;
  readonly timeline: Timeline;
  readonly queue: RunQueue;
  readonly keeper: SessionKeeper;
  readonly drops: DropAccount;
  inform(notice: AnalyticsNotice): void;
}

/** What a game records: each event is taken into the queue, or it is counted why not. */
export class Intake {
  readonly #timeline: Timeline;
  readonly #queue: RunQueue;
  readonly #keeper: SessionKeeper;
  readonly #drops: DropAccount;
  readonly #inform: (notice: AnalyticsNotice) => void;
  readonly #bucket: TokenBucket | undefined;
  #recorded = 0;

  constructor(
    { settings, timeline, queue, keeper, drops, inform }: IntakeParts,
  ) {
    this.#timeline = timeline;
    this.#queue = queue;
    this.#keeper = keeper;
    this.#drops = drops;
    this.#inform = inform;
    const { rateLimit } = settings;
    if (rateLimit !== undefined) {
      this.#bucket = new TokenBucket({
        capacity: rateLimit.burst,
        refillPerSecond: rateLimit.perSecond,
      });
    }
  }

  /** Events that {@linkcode record} was given. */
  get recorded(): number {
    return this.#recorded;
  }

  /** Takes an event, or counts why not. */
  record(event: AnalyticsEvent): boolean {
    if (!(event instanceof AnalyticsEvent)) {
      throw new TypeError(
        `Cannot record event as it must be an AnalyticsEvent: current value is of type ${typeof event}`,
      );
    }
    this.#recorded++;
    const { name } = event.definition;
    const entry = this.#queue.names.get(name);
    if (entry === undefined || !entry.isRecordable) {
      return this.#refuseName(name, entry !== undefined);
    }
    const nowMs = this.#timeline.roughlyNowMs();
    const timeMs = this.#timeline.at(nowMs);
    const session = this.#keeper.at(timeMs);
    session.lastMs = timeMs;
    if (entry.sample < 1 && isSampledOut(entry, session)) {
      return this.#drops.add(name, "sampled");
    }
    if (this.#bucket !== undefined && !this.#bucket.tryTake(1, nowMs)) {
      return this.#drops.add(name, "rateLimited");
    }
    const problem = checkFields(entry.definition, event.fields);
    if (problem !== undefined) {
      const { reason, field, message } = problem;
      return this.#refuse(name, name, reason, field, message);
    }
    if (this.#queue.isFull) return this.#drops.add(name, "queueFull");
    this.#queue.push(event, entry, session, timeMs);
    this.#keeper.stats.apply(event);
    return true;
  }

  #refuseName(name: string, isReserved: boolean): false {
    return isReserved
      ? this.#refuse(
        name,
        name,
        "reserved",
        "",
        `Cannot record "${name}" as the client records it itself`,
      )
      : this.#refuse(
        "other",
        name,
        "unknownEvent",
        "",
        `Cannot record "${name}" as it must be declared in the options' events`,
      );
  }

  #refuse(
    countedAs: string,
    event: string,
    reason: AnalyticsRefusalReason,
    field: string,
    message: string,
  ): false {
    this.#inform({ type: "eventRefused", event, reason, field, message });
    return this.#drops.add(countedAs, reason);
  }
}
