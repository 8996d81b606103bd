// Random calls of two stores, which must tell the same.
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../../core/mod.ts";
import type {
  AnalyticsStore,
  Dimension,
  StoredEvent,
  StoredRun,
} from "../store.ts";
import {
  ALL,
  allRows,
  contentOf,
  death,
  eventOf,
  frames,
  HOUR_MS,
  idOf,
  NOW_MS,
  rollUp,
} from "./store_fixture.ts";

/** How stores are compared. */
export interface StoreModelOptions {
  readonly seed: number;
  /** Calls that change something, and as many that read. */
  readonly operations: number;
}

const TITLES = ["main", "second"];
const DIMENSIONS: readonly Dimension[] = ["key1", "key2", "build", "platform"];

/** Random calls. */
class Calls {
  readonly random: SeededRandom;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
  }

  below(count: number): number {
    return this.random.nextU32() % count;
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** Some numbers ascending, which overlap with others of the session's. */
  run(): StoredRun {
    const player = this.below(6);
    const session = `${player}-${this.below(4)}`;
    const events: StoredEvent[] = [];
    let number = this.below(60);
    for (let i = this.below(30); i >= 0; i--) {
      events.push(this.event(number));
      number += this.below(8) === 0 ? 1 + this.below(5) : 1;
    }
    return {
      title: this.of(TITLES),
      session: idOf(session),
      player: idOf(`p${player}`),
      build: this.of(["1.0", "1.1", "2.0"]),
      platform: this.of(["linux", "mac"]),
      common: this.of(["{}", '{"region":"eu"}']),
      receivedMs: NOW_MS,
      events,
    };
  }

  event(number: number): StoredEvent {
    const timeMs = NOW_MS + this.below(40) * HOUR_MS + this.below(20);
    switch (this.below(6)) {
      case 0:
        return death(number, this.of(["lava", "spikes"]), this.below(3), {
          timeMs,
        });
      case 1: {
        // Integers, so that sums are the same in any order; the ends are always there, as they stay after an erasure.
        const values = Array.from(
          { length: this.below(5) },
          () => this.below(500),
        );
        return frames(number, [1, 600, ...values], { timeMs });
      }
      case 2:
        return eventOf(number, { name: "sessionStart", timeMs });
      case 3:
        return eventOf(number, {
          name: "sessionEnd",
          timeMs,
          data: this.of(['{"reason":"idle"}', '{"reason":"closed"}']),
        });
      default:
        return eventOf(number, { timeMs });
    }
  }

  /** A call that changes something. */
  change(): (store: AnalyticsStore) => Promise<unknown> {
    const kind = this.below(40);
    if (kind === 0) {
      const title = this.of(TITLES);
      const player = idOf(`p${this.below(7)}`);
      return (store) => store.erase(title, player, rollUp);
    }
    if (kind < 3) {
      const eventsBeforeMs = NOW_MS + this.below(20) * HOUR_MS;
      const rollupsBeforeMs = eventsBeforeMs - this.below(30) * HOUR_MS;
      const query = { eventsBeforeMs, rollupsBeforeMs, limit: 1e6 };
      return (store) => store.expire(query);
    }
    if (kind < 6) {
      const title = this.of(TITLES);
      const changes = [{
        metric: "drop",
        hourMs: NOW_MS + this.below(9) * HOUR_MS,
        key1: this.of(["death", "custom"]),
        key2: this.of(["", "refused: erased"]),
        count: this.below(5),
      }];
      return (store) => store.count(title, "", "linux", changes);
    }
    if (kind < 8) {
      const name = this.of(["a", "b"]);
      const value = this.below(100);
      return async (store) => {
        await store.setMark(name, value);
      };
    }
    const runs = Array.from({ length: 1 + this.below(3) }, () => this.run());
    return (store) => store.write(runs, rollUp);
  }

  /** A call that reads. */
  read(): (store: AnalyticsStore) => Promise<unknown> {
    const range = {
      ...ALL,
      title: this.of(TITLES),
      fromMs: NOW_MS + this.below(20) * HOUR_MS,
      toMs: NOW_MS + this.below(42) * HOUR_MS,
      ...(this.below(3) === 0 ? { build: "1.0" } : {}),
      ...(this.below(3) === 0 ? { platform: "mac" } : {}),
    };
    const stepMs = this.of([0, 1, 3, 24]) * HOUR_MS;
    const limit = 1 + this.below(50);
    const player = this.below(2) === 0
      ? { player: idOf(`p${this.below(6)}`) }
      : {};
    const name = this.below(2) === 0
      ? { name: this.of(["death", "custom", "none"]) }
      : {};
    switch (this.below(6)) {
      case 0: {
        const by = DIMENSIONS.filter(() => this.below(2) === 0);
        const metric = this.of(["event", "death", "drop"]);
        const key1 = this.below(3) === 0 ? { key1: "death" } : {};
        return (store) =>
          store.counts({ ...range, ...key1, metric, stepMs, by });
      }
      case 1: {
        const by = (["build", "platform"] as const)
          .filter(() => this.below(2) === 0);
        return (store) =>
          store.sketches({ ...range, metric: "frameTime", stepMs, by });
      }
      case 2:
        return (store) =>
          allRows(
            (after) => store.sessions({ ...range, ...player }, after, limit),
          );
      case 3:
        return (store) =>
          allRows((after) =>
            store.events({ ...range, ...player, ...name }, after, limit)
          ).then(withoutIds);
      case 4:
        return (store) => store.recent(range, limit).then(withoutIds);
      default:
        return (store) => store.mark("a");
    }
  }
}

/** Ids ascend in both; which they are is not said. */
function withoutIds<T extends { readonly id: number }>(
  rows: readonly T[],
): Omit<T, "id">[] {
  return rows.map(({ id: _, ...rest }) => rest);
}

/** Calls both stores, and compares what they tell, and what they hold now and then. */
export async function runStoreModel(
  store: AnalyticsStore,
  model: AnalyticsStore,
  { seed, operations }: StoreModelOptions,
): Promise<void> {
  const calls = new Calls(seed);
  for (let done = 0; done < operations; done++) {
    const why = `seed ${seed}, after ${done}`;
    const change = calls.change();
    assertEquals(await change(store), await change(model), why);
    const read = calls.read();
    assertEquals(await read(store), await read(model), why);
    if (done % 50 !== 0) continue;
    assertEquals(
      stripIds(await contentOf(store, TITLES)),
      stripIds(await contentOf(model, TITLES)),
      why,
    );
    const ids = (await store.eventsAfter(0, 10_000)).map(({ id }) => id);
    assert(ids.every((id, i) => i === 0 || id > ids[i - 1]!), why);
  }
}

function stripIds(content: unknown): unknown {
  return JSON.parse(
    JSON.stringify(content, (key, value) => key === "id" ? undefined : value),
  );
}
