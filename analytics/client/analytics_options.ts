// This module is browser compatible.
import type { Clock, Journal, Random } from "../../core/mod.ts";
import type { HttpClientOptions } from "../../http/mod.ts";
import type { RateLimit } from "../../http/server/mod.ts";
import type { EventDefinition } from "../event/event_definition.ts";

/** How the requests of an `Analytics` are made, as in `HttpClientOptions`. */
export type AnalyticsHttpOptions = Pick<
  HttpClientOptions,
  "backoffBaseMs" | "backoffMaxMs" | "fetch" | "log" | "timeoutMs" | "verbose"
>;

/** How an `Analytics` behaves. Every option has a default. */
export interface AnalyticsOptions {
  /**
   * What the collector knows the title by: 1 to 256 visible ASCII characters. It is shipped with the game and no secret.
   *
   * @default {undefined}
   */
  readonly apiKey?: string;
  /**
   * What the data of a player is known by: a random id for each session, or one for the install. With `"session"` nobody
   * can tell who came back; with `"install"` retention can be told, and all of a player's data can be erased. The id of an
   * install lives in the journal.
   *
   * @default {"session"}
   */
  readonly identity?: "session" | "install";
  /**
   * A game's own events: what is not declared is refused. Of `defineEvent` it is the `definition`.
   *
   * @default {[]}
   */
  readonly events?: Iterable<EventDefinition>;
  /**
   * What every run of events says besides build and platform: up to 16 labels, numbers and booleans. Names are 1 to 64 of
   * `A–Z a–z 0–9 _`, beginning with a letter.
   *
   * @default {{}}
   */
  readonly common?: Readonly<Record<string, string | number | boolean>>;
  /**
   * The share of sessions that send the events of a name: 0 to 1. A session sends all of them or none, which its id decides,
   * so that what is counted per session is whole where it is counted. What is left out counts as dropped, `"sampled"`.
   *
   * @default {{}}
   */
  readonly sample?: Readonly<Record<string, number>>;
  /**
   * How much may be recorded: the bound is there for a mistake that records in every frame. `false` for none.
   *
   * @default {{ burst: 32768, perSecond: 100 }}
   */
  readonly rateLimit?: RateLimit | false;
  /**
   * Opens where runs wait until they have arrived. It is called when the player has agreed, never before; what it gives is
   * closed in the end. Without it, or where it fails, they wait in memory and are lost with it. A journal is for one client
   * at a time: see `exclusiveJournal` for those that all pages of a site have in common.
   *
   * @default {() => new MemoryJournal()}
   */
  readonly journal?: () => Journal | Promise<Journal>;
  /**
   * Milliseconds of `tick` time after which what waits is sent: above 0.
   *
   * @default {60000}
   */
  readonly flushMs?: number;
  /**
   * Events that are sent as soon as there are so many: 1 to 16384.
   *
   * @default {100}
   */
  readonly flushEvents?: number;
  /**
   * Milliseconds that a `tick` may spend on writing events as text: above 0.
   *
   * @default {1}
   */
  readonly sliceMs?: number;
  /**
   * Events that wait to be written as text: 1 to 1048576. At this bound the newest are dropped, `"queueFull"`.
   *
   * @default {32768}
   */
  readonly maxQueued?: number;
  /**
   * Milliseconds without a record after which a session has ended: above 0.
   *
   * @default {1800000}
   */
  readonly idleMs?: number;
  /**
   * Milliseconds after which a session ends anyway, and another begins: above 0.
   *
   * @default {86400000}
   */
  readonly maxSessionMs?: number;
  /**
   * How requests are made. `backoffBaseMs` is 1000 and `backoffMaxMs` 300000 by default.
   *
   * @default {{}}
   */
  readonly http?: AnalyticsHttpOptions;
  /**
   * The time that events are stamped by.
   *
   * @default {new SystemClock()}
   */
  readonly clock?: Clock;
  /**
   * What the jitter of repetitions comes from. Ids do not.
   *
   * @default {new SecureRandom()}
   */
  readonly random?: Random;
}
