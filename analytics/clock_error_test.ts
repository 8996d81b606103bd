// A player's wall clock that is a day wrong. What a process sends that also recorded it is stored with the right time, to
// within the 5 seconds that a request may take: stamps and `sentAt` are of one clock, which nobody can set. What an earlier
// process recorded is stamped by the clock of that process; it is right if that clock was wrong by as much, and otherwise
// as wrong as the one was against the other, though never later than it came.
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../core/mod.ts";
import { FAULT_NAMES, PROBE } from "./_testing/fault_events.ts";
import { LocalGame } from "./_testing/local_game.ts";
import { allEvents } from "./_testing/stored_events.ts";
import { MemoryAnalyticsStore } from "./store/memory_analytics_store.ts";

const DAY_MS = 86_400_000;
/** PROTOCOL.md, section 4. */
const MAX_ERROR_MS = 5_000;
const FRAME_SECONDS = 2;

/** A game in which it is known when each event was. */
class TimedGame extends LocalGame {
  readonly truth = new Map<number, number>();
  readonly random = new SeededRandom(26);
  readonly store: MemoryAnalyticsStore;

  constructor() {
    const store = new MemoryAnalyticsStore();
    super(store, { flushMs: 30_000 });
    this.store = store;
    // A request takes up to four seconds to the collector.
    this.gateway = async (_request, forward) => {
      this.advance(4_000 * this.random.nextFloat());
      return await forward();
    };
  }

  /** Lets time pass in which the client does nothing. */
  advance(ms: number): void {
    this.clock.advance(ms);
    this.clientClock.advance(ms);
  }

  /** Plays some frames. */
  async play(frames: number): Promise<void> {
    for (let i = 0; i < frames; i++) {
      const id = this.truth.size;
      this.truth.set(id, this.clock.epochMs());
      assert(this.analytics.record(PROBE.create({ id })));
      await this.step(FRAME_SECONDS * this.random.nextFloat());
    }
  }

  /** How wrong the stored times are, by the events' ids, in milliseconds. */
  async errors(): Promise<number[]> {
    const errors: number[] = [];
    for (const { name, data, timeMs } of await allEvents(this.store)) {
      if (!(FAULT_NAMES as readonly string[]).includes(name)) continue;
      const { id } = JSON.parse(data);
      assertEquals(errors[id], undefined, `event ${id} is there twice`);
      errors[id] = timeMs - this.truth.get(id)!;
    }
    assertEquals(errors.length, this.truth.size);
    assertEquals(Object.keys(errors).length, this.truth.size);
    return errors;
  }
}

for (const errorMs of [-DAY_MS, DAY_MS, -4_000, 4_000]) {
  Deno.test(`Analytics is stored with the right times if a clock is wrong by ${errorMs} ms`, async () => {
    const game = new TimedGame();
    await game.start(errorMs);
    await game.play(100);
    await game.flush();
    // Somebody sets it right, in the middle of a session, and then wrong again.
    game.clientClock.setEpochMs(game.clock.epochMs());
    await game.play(100);
    await game.flush();
    game.clientClock.setEpochMs(game.clock.epochMs() - errorMs);
    await game.play(100);
    await game.flush();
    // The next process has another clock, and what it records is right as well.
    await game.analytics.close(0);
    await game.start(-errorMs);
    await game.play(50);
    await game.flush();

    const errors = await game.errors();
    const worst = Math.max(...errors.map(Math.abs));
    assert(worst <= MAX_ERROR_MS, `an event is ${worst} ms off`);
    // One session goes on through all of it, and nothing of it is of another day.
    const { rows } = await game.store.sessions(
      {
        title: "main",
        fromMs: 0,
        toMs: Number.MAX_SAFE_INTEGER,
      },
      undefined,
      10,
    );
    assertEquals(rows.length, 2);
    for (const { startMs, lastMs } of rows) {
      assert(lastMs >= startMs && lastMs - startMs < DAY_MS / 2);
    }
    assertEquals(game.failures, []);
  });

  Deno.test(`Analytics keeps times over a restart if a clock stays wrong by ${errorMs} ms`, async () => {
    const game = new TimedGame();
    const { gateway } = game;
    game.gateway = () => Promise.reject(new TypeError("offline"));
    await game.start(errorMs);
    await game.play(100);
    await game.analytics.close(0);
    game.clock.advance(3_600_000);
    game.gateway = gateway;
    await game.start(errorMs);
    await game.play(20);
    await game.flush();

    const worst = Math.max(...(await game.errors()).map(Math.abs));
    assert(worst <= MAX_ERROR_MS, `an event is ${worst} ms off`);
  });

  Deno.test(`Analytics loses nothing and foretells nothing if a clock is set right by ${errorMs} ms between processes`, async () => {
    const game = new TimedGame();
    const { gateway } = game;
    game.gateway = () => Promise.reject(new TypeError("offline"));
    await game.start(errorMs);
    await game.play(100);
    const before = game.truth.size;
    await game.analytics.close(0);
    game.clock.advance(3_600_000);
    game.gateway = gateway;
    await game.start(0);
    await game.play(20);
    await game.flush();

    const errors = await game.errors();
    const nowMs = game.clock.epochMs();
    errors.forEach((error, id) => {
      assert(game.truth.get(id)! + error <= nowMs, `event ${id} is to come`);
      const mostMs = id < before ? Math.abs(errorMs) : 0;
      assert(
        Math.abs(error) <= mostMs + MAX_ERROR_MS,
        `event ${id} is ${error} ms off`,
      );
    });
  });
}
