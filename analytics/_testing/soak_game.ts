import type { Journal, Random } from "../../core/mod.ts";
import { settle } from "../../http/_testing/fake_fetch.ts";
import type { AnalyticsErasure } from "../client/analytics_notice.ts";
import type { AnalyticsOptions } from "../client/analytics_options.ts";
import type { AnalyticsStore } from "../store/store.ts";
import { FAULT_NAMES, PROBE, RARE } from "./fault_events.ts";
import { type GameProcess, LocalGame } from "./local_game.ts";
import { allEvents, idsIn } from "./stored_events.ts";

/** Turns of the event loop after which nothing is under way but requests. */
const TURNS = 40;

/** What became of a record. */
interface Outcome {
  readonly id: number;
  readonly name: string;
  /** Why it was dropped, or "taken". */
  readonly reason: string;
}

/** How bad a world is. */
export interface SoakOptions {
  readonly client: AnalyticsOptions;
  readonly maxBytes: number;
  /** The share of requests that fail. */
  readonly failing: number;
  /** Whether some take effect of which the client is not told. */
  readonly mayLoseAnswers: boolean;
}

/** A game that is played at random, and keeps account of it. */
export class SoakGame extends LocalGame {
  readonly random: Random;
  /** Why records were dropped, by "name reason", as the drop report has to have it. "taken" are those that were not. */
  readonly known = new Map<string, number>();
  /** Records of which the journal of a process never had anything. */
  readonly unknown = new Map<string, number>();
  /** Ids of events that nobody may store any more. */
  readonly forgotten = new Set<number>();
  /** Ids of events that nobody may have stored. */
  readonly erased = new Set<number>();
  recorded = 0;
  /** How many times data was to be erased. */
  erasures = 0;
  isOnline = true;
  hasForgotten = false;
  readonly #store: AnalyticsStore;
  readonly #names = new Map<number, string>();
  readonly #identity: string;
  readonly #failing: number;
  readonly #mayLoseAnswers: boolean;
  /** Of the process, and of those before it that are of the same grant. */
  #outcomes: Outcome[] = [];
  #before: Outcome[] = [];
  #inJournal = 0;
  #lastId = 0;

  constructor(store: AnalyticsStore, random: Random, options: SoakOptions) {
    super(store, options.client, options.maxBytes);
    this.#store = store;
    this.random = random;
    this.#identity = options.client.identity ?? "session";
    this.#failing = options.failing;
    this.#mayLoseAnswers = options.mayLoseAnswers;
    this.gateway = (request, forward) => this.#answer(request, forward);
  }

  chance(share: number): boolean {
    return this.random.nextFloat() < share;
  }

  below(count: number): number {
    return this.random.nextU32() % count;
  }

  /** Records an event, right or wrong. */
  record(): void {
    const id = ++this.#lastId;
    const isRare = this.chance(0.3);
    const name = isRare ? "rare" : "probe";
    this.#names.set(id, name);
    const event = isRare
      ? RARE.create({ id })
      : PROBE.create(this.chance(0.1) ? { id, note: "a@b.example" } : { id });
    const before = this.#drops(name);
    const isTaken = this.analytics.record(event);
    if (this.analytics.consent !== "granted") {
      if (isTaken) throw new Error("recorded without consent");
      this.forgotten.add(id);
      this.erased.add(id);
      return;
    }
    this.recorded++;
    let reason = "taken";
    for (const [key, count] of this.#drops(name)) {
      if (count > (before.get(key) ?? 0)) reason = key;
    }
    this.#outcomes.push({ id, name, reason });
  }

  /** Waits until it is known what arrived, and lets nothing else arrive. */
  async calm(): Promise<void> {
    this.isOnline = false;
    do {
      for (let i = 0; i < TURNS; i++) await settle();
      await this.step(0);
    } while (this.inFlight > 0);
    for (let i = 0; i < TURNS; i++) await settle();
  }

  /** Ends the process, by itself or not, and begins another. */
  async restart(isKilled: boolean): Promise<void> {
    // An erasure would be gone with the process; the game has to see to that.
    if (isKilled && this.answeredErasures === this.erasures) {
      this.kill();
      // What the journal was given before takes effect.
      await settle();
    } else {
      await this.analytics.close(0);
      this.notices.push(...this.analytics.drainEvents());
    }
    this.settleAccounts();
    this.clock.advance(this.below(2) === 0 ? 1_000 : 3_600_000);
    await this.start(this.below(3) === 0 ? this.below(200_000_000) - 1e8 : 0);
  }

  /** What the journal had not heard of when a process ended is unknown, and what it had is known. */
  settleAccounts(): void {
    this.#outcomes.forEach(({ name, reason }, i) => {
      add(i < this.#inJournal ? this.known : this.unknown, `${name} ${reason}`);
    });
    this.#before.push(...this.#outcomes);
    this.#outcomes = [];
    this.#inJournal = 0;
  }

  /** All that was recorded has to be in the journal, or at the collector. */
  assumeAllKnown(): void {
    this.#inJournal = this.#outcomes.length;
    this.settleAccounts();
  }

  /** The player does not agree any more. */
  forget(): void {
    this.hasForgotten = true;
    this.analytics.disable();
    this.#forgetAll();
  }

  /** He wants what there is of him erased as well. */
  erase(): void {
    this.hasForgotten = true;
    this.erasures++;
    this.analytics.deleteMyData();
    // Sessions of earlier processes are nobody's, unless there is an id.
    const all = this.#identity === "install"
      ? [...this.#before, ...this.#outcomes]
      : this.#outcomes;
    for (const { id } of all) this.erased.add(id);
    this.#forgetAll();
  }

  /** How many erasures have come to an end, good or bad. */
  get answeredErasures(): number {
    return this.notices.filter(({ type }) =>
      type === "dataDeleted" || type === "deletionFailed"
    ).length;
  }

  /** Tries an erasure again. */
  eraseAgain(erasure: AnalyticsErasure): void {
    this.erasures++;
    this.analytics.deleteMyData(erasure);
  }

  /** The name of an event. */
  nameOf(id: number): string {
    return this.#names.get(id)!;
  }

  /** The ids of all events that are stored. */
  async storedIds(): Promise<number[]> {
    return idsIn(await allEvents(this.#store), FAULT_NAMES);
  }

  protected override openJournal(process: GameProcess): Journal {
    const inner = super.openJournal(process);
    const pause = async (): Promise<void> => {
      if (this.chance(0.3)) await settle();
      if (process.isDead) await new Promise(() => {});
    };
    return {
      append: async (bytes) => {
        const told = this.#outcomes.length;
        const copy = bytes.slice();
        await pause();
        const id = await inner.append(copy);
        this.#inJournal = told;
        await pause();
        return id;
      },
      read: (afterId, maxBytes) => inner.read(afterId, maxBytes),
      remove: async (upToId) => {
        await inner.remove(upToId);
        await pause();
      },
      close: () => inner.close(),
    };
  }

  #forgetAll(): void {
    for (const { id } of [...this.#before, ...this.#outcomes]) {
      this.forgotten.add(id);
    }
    this.#before = [];
    this.#outcomes = [];
    this.#inJournal = 0;
  }

  #drops(name: string): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { event, reason, count } of this.analytics.drops) {
      if (event === name) counts.set(reason, count);
    }
    return counts;
  }

  async #answer(
    _request: Request,
    forward: () => Promise<Response>,
  ): Promise<Response> {
    if (!this.isOnline) throw new TypeError("offline");
    if (!this.chance(this.#failing)) return await forward();
    switch (this.below(this.#mayLoseAnswers ? 6 : 4)) {
      case 0:
        throw new TypeError("connection reset");
      case 1:
        return new Response("<!doctype html>", {
          headers: { "content-type": "text/html" },
        });
      case 2:
        return Response.json({ code: "rateLimited", message: "Wait" }, {
          status: 429,
          headers: { "retry-after": `${this.below(20)}` },
        });
      case 3:
        return Response.json({ code: "unavailable", message: "Full" }, {
          status: 503,
        });
      case 4:
        await forward();
        throw new TypeError("connection reset");
      default:
        await forward();
        return new Response("Bad gateway", { status: 502 });
    }
  }
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
