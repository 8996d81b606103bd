import { assert, assertEquals } from "@std/assert";
import {
  ManualClock,
  MemoryJournal,
  type Random,
  SeededRandom,
} from "../../core/mod.ts";
import type { FakeCall } from "../../http/_testing/fake_fetch.ts";
import { AnalyticsEvent } from "../event/analytics_event.ts";
import { ClientRig, DEATH, settle, START_MS } from "./_testing/client_rig.ts";
import { CrashJournal } from "./_testing/crash_journal.ts";
import { FakeCollector } from "./_testing/fake_collector.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const RUNS = IS_SOAK ? 500 : 12;
const STEPS = 120;
const DAY_MS = 86_400_000;
const NAMES = ["death", "itemPickup", "custom", "floorComplete"] as const;

type Name = (typeof NAMES)[number];
type Counts = Record<Name, number>;

/** What of a world goes wrong. */
interface Trouble {
  /** The share of requests that do not arrive. */
  readonly lost: number;
  /** The share of requests that arrive, and whose answer does not. */
  readonly unanswered: number;
  /** The share of requests that are answered with 429, 503 or the page of a portal. */
  readonly refused: number;
  /** The share of steps in which the process is killed. */
  readonly crashes: number;
  /** The share of steps in which the page is hidden. */
  readonly hides: number;
  /** How many bytes the journal holds. */
  readonly journalBytes: number;
}

/** Processes of one install, one after another, and a collector. */
class World {
  readonly collector = new FakeCollector();
  readonly inner: MemoryJournal;
  readonly recorded: Counts = zero();
  /** Recorded by processes that were killed before anything could know. */
  readonly unknown: Counts = zero();
  rig!: ClientRig;
  journal!: CrashJournal;
  crashes = 0;
  #known: Counts = zero();
  #epochMs = START_MS;
  readonly #answers = new Set<Promise<void>>();
  readonly #random: Random;
  readonly #trouble: Trouble;
  isOnline = true;

  constructor(random: Random, trouble: Trouble) {
    this.#random = random;
    this.#trouble = trouble;
    this.inner = new MemoryJournal({
      maxBytes: trouble.journalBytes,
      maxEntries: 10_000,
    });
  }

  /** Begins a process, whose clock may have been set meanwhile. */
  async start(skewMs = 0): Promise<void> {
    const journal = new CrashJournal(this.inner);
    this.journal = journal;
    const known = (): () => void => {
      const counts = { ...this.recorded };
      return () => this.#known = counts;
    };
    journal.onAppend = known;
    this.rig = new ClientRig({
      seed: this.#random.nextU32(),
      collector: this.collector,
      clock: new ManualClock({ epochMs: this.#epochMs + skewMs }),
      journal: () => journal,
      sample: { itemPickup: 0.5 },
      rateLimit: { burst: 40, perSecond: 20 },
      maxQueued: 30,
      flushMs: 3_000,
      flushEvents: 50,
      http: { backoffBaseMs: 100, backoffMaxMs: 2_000 },
    });
    const { fake } = this.rig;
    fake.onCall = (call) => {
      if (!journal.isDead) this.#answer(call);
    };
    await this.rig.enable();
    journal.isLazy = true;
  }

  /** Kills the process. */
  crash(): void {
    this.journal.crash();
    this.crashes++;
    for (const name of NAMES) {
      this.unknown[name] += this.recorded[name] - this.#known[name];
    }
    this.#epochMs += this.rig.clock.nowMs() + 1_000;
  }

  record(name: Name): void {
    this.recorded[name]++;
    this.rig.analytics.record(this.#event(name));
  }

  async step(dt: number): Promise<void> {
    if (this.chance(0.7)) this.journal.proceed();
    await this.#arrive();
    await this.rig.step(dt);
  }

  /** Lets arrive what the collector has answered: an hour in one step would be a time-out, and the answer lost. */
  async #arrive(): Promise<void> {
    if (this.#answers.size === 0) return;
    await Promise.all(this.#answers);
    for (let turn = 0; turn < 4; turn++) await settle();
  }

  /** The page is hidden, and lives on for so long that the journal has what it sent. */
  async hidePage(): Promise<void> {
    this.rig.analytics.handlePageHide(this.chance(0.3));
    this.journal.isLazy = false;
    this.journal.proceed();
    await this.rig.step();
    await this.rig.step();
    this.journal.isLazy = true;
  }

  /** Everything works: what waits arrives. */
  async settle(): Promise<void> {
    this.isOnline = true;
    await this.#arrive();
    this.journal.isLazy = false;
    this.journal.proceed();
    this.rig.fake.onCall = (call) => {
      this.collector.take(call).then((it) => call.answer(it), (error) => {
        throw error;
      });
    };
    for (const call of this.rig.fake.open) call.fail();
    await this.rig.step(10);
    await this.rig.flush();
    await this.rig.flush();
  }

  chance(share: number): boolean {
    return this.#random.nextFloat() < share;
  }

  below(count: number): number {
    return Math.floor(this.#random.nextFloat() * count);
  }

  #event(name: Name): AnalyticsEvent {
    switch (name) {
      case "death":
        return AnalyticsEvent.death({
          // One in ten is refused.
          cause: this.chance(0.1) ? "ada@example.com" : "spikes",
          floor: this.below(9),
        });
      case "itemPickup":
        return AnalyticsEvent.itemPickup({ item: `item ${this.below(5)}` });
      case "custom":
        return AnalyticsEvent.custom({ key: "k", value: this.below(1e6) });
      case "floorComplete":
        return AnalyticsEvent.floorComplete({
          floor: this.below(9),
          durationMs: this.below(1e6),
        });
    }
  }

  #answer(call: FakeCall): void {
    const { lost, unanswered, refused } = this.#trouble;
    if (!this.isOnline || this.chance(lost)) {
      call.fail();
    } else if (this.chance(refused)) {
      const status = [200, 429, 503][this.below(3)]!;
      call.answer("<html>not you</html>", {
        status,
        ...(status === 429 && { headers: { "retry-after": "2" } }),
      });
    } else {
      const isHeard = !this.chance(unanswered);
      const answered = this.collector.take(call).then((answer) => {
        if (isHeard) call.answer(answer);
        else call.fail();
        this.#answers.delete(answered);
      });
      this.#answers.add(answered);
    }
  }
}

/** Lets a world go its way, and adds up. */
async function live(seed: number, trouble: Trouble): Promise<World> {
  const random = new SeededRandom(seed);
  const world = new World(random, trouble);
  await world.start();
  for (let i = 0; i < STEPS; i++) {
    for (let left = world.below(12); left > 0; left--) {
      world.record(NAMES[world.below(NAMES.length)]!);
    }
    if (world.chance(0.02)) world.isOnline = !world.isOnline;
    // A day without a network, with the game open.
    await world.step(world.chance(0.01) ? 3_600 : world.below(500) / 1_000);
    if (world.chance(0.05)) world.rig.analytics.flush();
    if (world.chance(trouble.hides)) await world.hidePage();
    if (world.chance(trouble.crashes)) {
      world.crash();
      await world.start((world.below(3) - 1) * DAY_MS);
    }
  }
  await world.settle();
  return world;
}

function check(seed: number, world: World): void {
  const { recorded, collector, unknown } = world;
  for (const name of NAMES) {
    assertEquals(
      {
        name,
        seed,
        sum: collector.count(name) + collector.dropped(name) + unknown[name],
      },
      { name, seed, sum: recorded[name] },
    );
  }
}

function zero(): Counts {
  return { death: 0, itemPickup: 0, custom: 0, floorComplete: 0 };
}

Deno.test("Analytics accounts for every event where 30 % of the requests fail", async () => {
  let duplicates = 0;
  for (let seed = 1; seed <= RUNS; seed++) {
    const world = await live(seed, {
      lost: 0.1,
      unanswered: 0.1,
      refused: 0.1,
      crashes: 0,
      hides: 0.03,
      journalBytes: 4_194_304,
    });
    check(seed, world);
    assertEquals(world.unknown, zero());
    assert(world.collector.dropped("death") > 0);
    duplicates += world.collector.duplicates;
    await world.rig.analytics.close();
  }
  assert(duplicates > 0);
});

Deno.test("Analytics accounts for every event where the process is killed and the clock set by a day", async () => {
  let crashes = 0;
  let known = 0;
  for (let seed = 1; seed <= RUNS; seed++) {
    const world = await live(seed, {
      lost: 0.15,
      unanswered: 0.15,
      refused: 0,
      crashes: 0.05,
      hides: 0.03,
      journalBytes: 4_194_304,
    });
    check(seed, world);
    crashes += world.crashes;
    for (const { fields } of world.collector.of("drop")) {
      if (fields.reason === "crash") known += fields.count as number;
    }
    await world.rig.analytics.close();
  }
  assert(crashes > RUNS, `${crashes}`);
  assert(known > 0);
});

Deno.test("Analytics accounts for every event where the journal is full", async () => {
  let full = 0;
  for (let seed = 1; seed <= RUNS; seed++) {
    const world = await live(seed, {
      lost: 0.8,
      // Of a run that arrived without an answer, as of one that a page sent, nobody can tell that it was not lost.
      unanswered: 0,
      refused: 0.1,
      crashes: 0,
      hides: 0,
      journalBytes: 12_000,
    });
    check(seed, world);
    for (const { fields } of world.collector.of("drop")) {
      if (fields.reason === "journalFull") full += fields.count as number;
    }
    await world.rig.analytics.close();
  }
  assert(full > 100, `${full}`);
});

Deno.test("Analytics holds no more than its bounds where a journal hangs", async () => {
  const journal = new CrashJournal(new MemoryJournal());
  const rig = await new ClientRig({
    journal: () => journal,
    rateLimit: false,
    maxQueued: 10_000,
  }).enable();
  journal.isLazy = true;
  for (let i = 0; i < 12; i++) {
    for (let k = 0; k < 10_000; k++) rig.analytics.record(DEATH);
    rig.analytics.handlePageHide();
    await rig.step(0.02);
  }
  const { recorded, queued, stored, dropped } = rig.analytics.counters;
  assertEquals(recorded, 120_000);
  assert(queued + stored <= 80_000, `${queued} and ${stored}`);
  // A session's beginning besides, and what tells of the drops.
  const others = queued + stored + dropped - recorded;
  assert(others >= 1 && others < 100, `${others}`);
  await rig.analytics.close(0);
});
