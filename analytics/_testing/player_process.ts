// A game that plays itself, to be killed. It records by a seed, keeps its events in a file, and tells what it does as it
// does it, a line each, written before anything else happens:
//
//     j                       the game begins
//     n <session> <resumed>   a session began, or goes on
//     f <ms>                  a frame begins; the time of the game
//     r <id> <name> <reason>  an event was recorded; the reason why it was dropped, or "taken"
//     c <ms>                  an entry is given to the journal, with all that is known so far; the time of the game
//     s <ms> <entry> <ids…>   that entry is on the disk, with the events of these ids
//     x                       the journal did not take it
//     d <counters>            the game ended by itself
//
// Its time runs faster than ours, so that what has to wait for seconds is seen. It is started with a JSON of
// `PlayerArgs`.
import { type Clock, type Journal, SeededRandom } from "../../core/mod.ts";
import { FileJournal } from "../../core/deno.ts";
import { Analytics } from "../client/analytics.ts";
import { FAULT_DEFINITIONS, PROBE, RARE } from "./fault_events.ts";
import { eventsOfEntry, idsOf } from "./journal_entry.ts";

/** How a game is played. */
export interface PlayerArgs {
  readonly endpoint: string;
  readonly file: string;
  readonly seed: number;
  /** The first id of its events. */
  readonly firstId: number;
  /** What its clock says when it begins, in epoch milliseconds. */
  readonly epochMs: number;
  /** How many of its milliseconds pass in one of ours, at most. */
  readonly speed: number;
  /** After how many frames it ends by itself; 0 for never. */
  readonly frames: number;
  /** How large the journal may become. */
  readonly maxBytes: number;
  /** Whether it records nothing but waits until everything has arrived. */
  readonly isLast: boolean;
}

const FRAME_MS = 2;
const FRAMES_PER_FLUSH = 50;
/** What has not arrived by then will not. */
const MAX_LAST_FRAMES = 5_000;
const UTF_8 = new TextEncoder();

/**
 * Time that passes frame by frame: while the machine has no time for the game, the game's own stands still as well. When
 * the game is over, it runs on by itself.
 */
class FrameClock implements Clock {
  readonly #epochMs: number;
  readonly #speed: number;
  #nowMs = 0;
  #overMs: number | undefined;

  constructor({ epochMs, speed }: PlayerArgs) {
    this.#epochMs = epochMs;
    this.#speed = speed;
  }

  nextFrame(): void {
    this.#nowMs += FRAME_MS * this.#speed;
  }

  /** There are no further frames. */
  runOn(): void {
    this.#overMs = performance.now();
  }

  nowMs(): number {
    if (this.#overMs === undefined) return this.#nowMs;
    return this.#nowMs + (performance.now() - this.#overMs) * this.#speed;
  }

  epochMs(): number {
    return Math.floor(this.#epochMs + this.nowMs());
  }
}

/** Tells what becomes of entries. */
class ToldJournal implements Journal {
  readonly #inner: Journal;
  readonly #clock: Clock;

  constructor(inner: Journal, clock: Clock) {
    this.#inner = inner;
    this.#clock = clock;
  }

  async append(bytes: Uint8Array): Promise<number> {
    const ids = idsOf(eventsOfEntry(bytes));
    tell(`c ${this.#clock.nowMs()}`);
    const id = await this.#inner.append(bytes).catch((error) => {
      tell("x");
      throw error;
    });
    tell(`s ${this.#clock.nowMs()} ${id} ${ids.join(" ")}`);
    return id;
  }

  read(afterId: number, maxBytes: number): ReturnType<Journal["read"]> {
    return this.#inner.read(afterId, maxBytes);
  }

  remove(upToId: number): Promise<void> {
    return this.#inner.remove(upToId);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}

function tell(line: string): void {
  const bytes = UTF_8.encode(`${line}\n`);
  for (let done = 0; done < bytes.length;) {
    done += Deno.stdout.writeSync(bytes.subarray(done));
  }
}

async function play(args: PlayerArgs): Promise<void> {
  const random = new SeededRandom(args.seed);
  const clock = new FrameClock(args);
  const analytics = new Analytics("1.2.0", "linux", {
    clock,
    events: FAULT_DEFINITIONS,
    sample: { rare: 0.5 },
    rateLimit: { burst: 60, perSecond: 40 },
    maxQueued: 200,
    flushMs: 500,
    flushEvents: 20,
    http: { backoffBaseMs: 100, backoffMaxMs: 1_000 },
    journal: async () =>
      new ToldJournal(
        await FileJournal.open(args.file, { maxBytes: args.maxBytes }),
        clock,
      ),
  });
  tell("j");
  analytics.enable(args.endpoint);
  let id = args.firstId;
  let lastMs = clock.nowMs();
  for (let frame = 1;; frame++) {
    const isQuiet = args.isLast || random.nextFloat() < 0.4;
    // Mostly a few events, and now and then more than there is room for.
    const count = isQuiet
      ? 0
      : random.nextFloat() < 0.02
      ? 100
      : 1 + random.nextU32() % 4;
    for (let i = 0; i < count; i++) record(analytics, id++, random);
    if (!args.isLast) analytics.recordFrame(16 + 8 * random.nextFloat());
    const nowMs = clock.nowMs();
    tell(`f ${nowMs}`);
    analytics.tick((nowMs - lastMs) / 1_000);
    lastMs = nowMs;
    for (const notice of analytics.drainEvents()) {
      if (notice.type === "sessionStarted") {
        tell(`n ${notice.session} ${notice.isResumed}`);
      }
    }
    if (args.isLast) {
      const { queued, stored } = analytics.counters;
      if (queued === 0 && stored === 0 && frame > FRAMES_PER_FLUSH) break;
      if (frame === MAX_LAST_FRAMES) break;
      if (frame % FRAMES_PER_FLUSH === 1) analytics.flush();
    } else if (frame === args.frames) break;
    await new Promise((resolve) => setTimeout(resolve, FRAME_MS));
    clock.nextFrame();
  }
  clock.runOn();
  await analytics.close(args.isLast ? 5_000 : 50);
  tell(`d ${JSON.stringify(analytics.counters)}`);
}

function record(analytics: Analytics, id: number, random: SeededRandom): void {
  const kind = random.nextFloat();
  const name = kind < 0.3 ? "rare" : "probe";
  const event = name === "rare"
    ? RARE.create({ id })
    : PROBE.create(kind < 0.4 ? { id, note: "ada@example.com" } : { id });
  const before = countsOf(analytics, name);
  if (analytics.record(event)) {
    tell(`r ${id} ${name} taken`);
    return;
  }
  for (const [reason, count] of countsOf(analytics, name)) {
    if (count > (before.get(reason) ?? 0)) tell(`r ${id} ${name} ${reason}`);
  }
}

function countsOf(analytics: Analytics, name: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { event, reason, count } of analytics.drops) {
    if (event === name) counts.set(reason, count);
  }
  return counts;
}

if (import.meta.main) await play(JSON.parse(Deno.args[0]!));
