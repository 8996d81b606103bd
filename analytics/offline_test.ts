// A day on which nothing can be reached, by a clock of the test's own, with a restart at noon: in the evening everything
// arrives that there was room for, and the drop report has the rest, by name and reason, to the event.
import { assert, assertEquals } from "@std/assert";
import { FAULT_NAMES, PROBE, RARE } from "./_testing/fault_events.ts";
import { LocalGame } from "./_testing/local_game.ts";
import {
  allEvents,
  dropsOf,
  idsIn,
  reportedDrops,
} from "./_testing/stored_events.ts";
import { MemoryAnalyticsStore } from "./store/memory_analytics_store.ts";

const MINUTES = 1_440;
const STEPS_PER_MINUTE = 2;

for (const maxBytes of [4_194_304, 24_576]) {
  Deno.test(`Analytics accounts for a day without a network, with ${maxBytes} bytes of journal`, async () => {
    await using store = new MemoryAnalyticsStoreInUse();
    const game = new LocalGame(store.store, {
      rateLimit: { burst: 5, perSecond: 0.1 },
      http: { backoffMaxMs: 900_000 },
    }, maxBytes);
    let tries = 0;
    game.gateway = () => {
      tries++;
      return Promise.reject(new TypeError("the network is down"));
    };
    const beginMs = game.clock.epochMs();
    const truth = new Map<number, number>();
    const expected = new Map<string, number>();
    const count = (key: string): void => {
      expected.set(key, (expected.get(key) ?? 0) + 1);
    };
    let recorded = 0;
    await game.start();
    for (let minute = 0; minute < MINUTES; minute++) {
      if (minute === MINUTES / 2) {
        await game.analytics.close(1);
        await game.start();
      }
      recorded++;
      if (minute % 10 === 3) {
        const id = 10 * minute;
        const note = "ada@example.com";
        assert(!game.analytics.record(PROBE.create({ id, note })));
        count("probe personalData");
      } else {
        truth.set(10 * minute, game.clock.epochMs());
        assert(game.analytics.record(PROBE.create({ id: 10 * minute })));
      }
      // Once in a while more than the rate allows.
      for (let i = 1; minute % 60 === 30 && i < 10; i++) {
        const id = 10 * minute + i;
        recorded++;
        if (game.analytics.record(RARE.create({ id }))) {
          truth.set(id, game.clock.epochMs());
        } else count("rare rateLimited");
      }
      for (let i = 0; i < STEPS_PER_MINUTE; i++) {
        await game.step(60 / STEPS_PER_MINUTE);
      }
    }
    assert(tries > 50 && tries < 500, `it was tried ${tries} times`);
    game.gateway = (_request, forward) => forward();
    await game.flush();
    await game.analytics.close(0);

    const events = await allEvents(store.store);
    const ids = idsIn(events, FAULT_NAMES);
    const drops = dropsOf(events, FAULT_NAMES);
    const isFull = maxBytes < 100_000;
    assert(ids.length > 0);
    // No event is there twice, and none is there that was not taken.
    assertEquals(new Set(ids).size, ids.length);
    for (const { name, data, timeMs } of events) {
      if (!(FAULT_NAMES as readonly string[]).includes(name)) continue;
      assertEquals(timeMs, truth.get(JSON.parse(data).id));
    }
    for (const name of FAULT_NAMES) {
      const taken = [...truth.keys()].filter((id) =>
        id % 10 === 0 === (name === "probe")
      ).length;
      const full = taken - idsIn(events, [name]).length;
      assertEquals(full > 0, isFull);
      if (full > 0) expected.set(`${name} journalFull`, full);
    }
    assertEquals(drops, new Map([...expected].sort()));
    assertEquals(
      await reportedDrops(
        store.store,
        FAULT_NAMES,
        beginMs,
        game.clock.epochMs(),
      ),
      drops,
    );
    let dropped = 0;
    for (const count of drops.values()) dropped += count;
    assertEquals(recorded, ids.length + dropped);
    // The oldest ones went.
    const gone = [...truth.keys()].filter((id) => !ids.includes(id));
    assert(gone.every((id) => id < Math.min(...ids)));
    assertEquals(game.failures, []);
  });
}

/** A store that is closed in the end. */
class MemoryAnalyticsStoreInUse implements AsyncDisposable {
  readonly store = new MemoryAnalyticsStore();

  [Symbol.asyncDispose](): Promise<void> {
    return this.store.close();
  }
}
