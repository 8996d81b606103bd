// Players who were never there, for tests, benches, the demo and the example: the same seed gives the same ones.
import { encodeBase64Url, SeededRandom } from "../../core/mod.ts";
import { QuantileSketch } from "../sketch/quantile_sketch.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MINUTE_MS = 60_000;

/** Which players are made up. */
export interface GeneratorOptions {
  /** The seed. */
  readonly seed: number;
  /** How many players. @default {100} */
  readonly players?: number;
  /** When it ends, in epoch milliseconds: nothing is later. @default {2025-11-26, 12:00 UTC} */
  readonly nowMs?: number;
  /** How many days it goes on for. @default {28} */
  readonly days?: number;
  /** How many frames stand for a minute of them. @default {120} */
  readonly framesPerMinute?: number;
  /** Whether the single values of sketches are kept beside them. @default {false} */
  readonly keepsValues?: boolean;
  /** The part of players without an id per install. @default {0.05} */
  readonly anonymousShare?: number;
}

/** An event as a game records it. */
export interface GeneratedEvent {
  readonly number: number;
  readonly name: string;
  readonly timeMs: number;
  readonly fields: Readonly<
    Record<string, string | number | boolean | readonly number[]>
  >;
  /** The single values of its sketch, where they are kept. */
  readonly values?: readonly number[];
}

/** A session as it was. */
export interface GeneratedSession {
  /** 22 characters. */
  readonly session: string;
  /** 22 characters; `undefined` where there is no id per install. */
  readonly playerId: string | undefined;
  readonly build: string;
  readonly platform: string;
  readonly common: Readonly<Record<string, string | number | boolean>>;
  /** By number from 0 on, and by time. */
  readonly events: readonly GeneratedEvent[];
}

/** A batch in the form of PROTOCOL.md, section 4. */
export interface WireBatch {
  readonly v: 1;
  readonly sentAt: number;
  readonly runs: readonly WireRun[];
}

/** A run in the form of PROTOCOL.md, section 4. */
export interface WireRun {
  readonly s: string;
  readonly i?: string;
  readonly b: string;
  readonly p: string;
  readonly c?: GeneratedSession["common"];
  readonly n: number;
  readonly t: number;
  readonly d: readonly (readonly string[])[];
  readonly e: readonly (readonly unknown[])[];
}

interface Platform {
  readonly name: string;
  readonly weight: number;
  readonly frameMs: number;
  /** How much frames differ. */
  readonly spread: number;
  readonly hitchShare: number;
  readonly memoryMb: number;
}

const PLATFORMS: readonly Platform[] = [
  {
    name: "windows",
    weight: 0.46,
    frameMs: 8,
    spread: 0.18,
    hitchShare: 0.002,
    memoryMb: 900,
  },
  {
    name: "linux",
    weight: 0.14,
    frameMs: 9,
    spread: 0.22,
    hitchShare: 0.003,
    memoryMb: 780,
  },
  {
    name: "macos",
    weight: 0.08,
    frameMs: 12,
    spread: 0.15,
    hitchShare: 0.002,
    memoryMb: 840,
  },
  {
    name: "web",
    weight: 0.2,
    frameMs: 16.7,
    spread: 0.3,
    hitchShare: 0.012,
    memoryMb: 420,
  },
  {
    name: "android",
    weight: 0.12,
    frameMs: 22,
    spread: 0.35,
    hitchShare: 0.02,
    memoryMb: 310,
  },
];

/** From which part of the time on each build is there, and what is wrong with it. */
const BUILDS = [
  { name: "1.0.0", from: 0, frames: 1, crashes: 0.05 },
  { name: "1.1.0", from: 0.3, frames: 1.15, crashes: 0.02 },
  { name: "1.2.0", from: 0.65, frames: 0.9, crashes: 0.09 },
  { name: "1.10.0", from: 0.9, frames: 0.88, crashes: 0.015 },
] as const;

const CAUSES = ["spikes", "goblin", "poison", "fall", "archer", "fire"];
const BOSSES = ["slime king", "bone lord", "the warden"];
const ITEMS = ["potion", "sword", "shield", "scroll", "bow", "amulet"];
const RARITIES = ["common", "uncommon", "rare", "legendary"];
const REGIONS = ["eu", "na", "ap", "sa"];

/** Makes players up, one after the other, and of each his sessions in their order. */
export function* generateSessions(
  options: GeneratorOptions,
): Generator<GeneratedSession> {
  const {
    seed,
    players = 100,
    nowMs = Date.UTC(2025, 10, 26, 12),
    days = 28,
    framesPerMinute = 120,
    keepsValues = false,
    anonymousShare = 0.05,
  } = options;
  const random = new SeededRandom(seed);
  for (let i = 0; i < players; i++) {
    // Each has numbers of his own, so that what one does moves nobody else.
    const dice = new Dice(new SeededRandom(random.nextU32()));
    yield* new Player(dice, {
      fromMs: nowMs - days * DAY_MS,
      nowMs,
      framesPerMinute,
      keepsValues,
      anonymousShare,
    }).sessions();
  }
}

/** Puts sessions into batches, as clients would that send all they have at the end. */
export function* batchesOf(
  sessions: Iterable<GeneratedSession>,
  options: {
    /** The clock of the clients and of the collector. */
    readonly sentAt: number;
    /** How many events a batch has at most. @default {1000} */
    readonly eventsPerBatch?: number;
  },
): Generator<WireBatch> {
  const { sentAt, eventsPerBatch = 1_000 } = options;
  let runs: WireRun[] = [];
  let events = 0;
  for (const session of sessions) {
    let at = 0;
    while (at < session.events.length) {
      const room = eventsPerBatch - events;
      const part = session.events.slice(at, at + room);
      runs.push(runOf(session, part));
      at += part.length;
      events += part.length;
      if (events < eventsPerBatch && runs.length < 200) continue;
      yield { v: 1, sentAt, runs };
      runs = [];
      events = 0;
    }
  }
  if (runs.length > 0) yield { v: 1, sentAt, runs };
}

function runOf(
  session: GeneratedSession,
  events: readonly GeneratedEvent[],
): WireRun {
  const definitions: string[][] = [];
  let lastMs = events[0]!.timeMs;
  const rows = events.map(({ name, timeMs, fields }) => {
    let index = definitions.findIndex(([known]) => known === name);
    if (index < 0) index = definitions.push([name]) - 1;
    const definition = definitions[index]!;
    for (const field of Object.keys(fields)) {
      if (!definition.includes(field, 1)) definition.push(field);
    }
    const values = definition.slice(1).map((field) => fields[field] ?? null);
    while (values.at(-1) === null) values.pop();
    const deltaMs = timeMs - lastMs;
    lastMs = timeMs;
    return [index, deltaMs, ...values];
  });
  return {
    s: session.session,
    ...(session.playerId === undefined ? {} : { i: session.playerId }),
    b: session.build,
    p: session.platform,
    ...(Object.keys(session.common).length === 0 ? {} : { c: session.common }),
    n: events[0]!.number,
    t: events[0]!.timeMs,
    d: definitions,
    e: rows,
  };
}

/** What a session is made of in its own time. */
interface World {
  readonly fromMs: number;
  readonly nowMs: number;
  readonly framesPerMinute: number;
  readonly keepsValues: boolean;
  readonly anonymousShare: number;
}

class Player {
  readonly #dice: Dice;
  readonly #world: World;
  readonly #playerId: string | undefined;
  readonly #platform: Platform;
  readonly #skill: number;
  readonly #loyalty: number;
  readonly #speed: number;
  readonly #lateMs: number;
  readonly #common: GeneratedSession["common"];

  constructor(dice: Dice, world: World) {
    this.#dice = dice;
    this.#world = world;
    this.#playerId = dice.chance(world.anonymousShare) ? undefined : dice.id();
    this.#platform = dice.weighted(PLATFORMS);
    this.#skill = dice.fraction();
    this.#loyalty = dice.fraction() ** 2;
    this.#speed = Math.exp(dice.normal() * 0.25);
    this.#lateMs = dice.exponential(1.5 * DAY_MS);
    this.#common = dice.chance(0.8) ? { region: dice.one(REGIONS) } : {};
  }

  *sessions(): Generator<GeneratedSession> {
    const { fromMs, nowMs } = this.#world;
    const dice = this.#dice;
    // More come at the beginning than later.
    const firstDay = Math.floor(
      dice.fraction() ** 1.4 * (nowMs - fromMs) / DAY_MS,
    );
    let isFirst = true;
    let freeMs = 0;
    let last: SessionScript | undefined;
    for (let day = firstDay; fromMs + day * DAY_MS < nowMs; day++) {
      const age = day - firstDay;
      const comes = age === 0 ||
        dice.chance((0.2 + 0.7 * this.#loyalty) * age ** -0.45);
      if (!comes) continue;
      const count = 1 + (dice.chance(0.35) ? 1 : 0) +
        (dice.chance(0.1) ? 1 : 0);
      const hours = Array.from({ length: count }, () => dice.hourOfDay());
      for (const hour of hours.sort((a, b) => a - b)) {
        // A whole day of UTC begins at a multiple of a day, which `fromMs` need not be.
        const dayMs = Math.floor((fromMs + day * DAY_MS) / DAY_MS) * DAY_MS;
        const startMs = Math.floor(
          Math.max(fromMs, freeMs, dayMs + hour * HOUR_MS),
        );
        if (startMs >= nowMs) break;
        if (last !== undefined) {
          last.repair();
          yield last.session;
        }
        last = this.#play(startMs, isFirst);
        isFirst = false;
        freeMs = last.endMs + 10 * MINUTE_MS;
      }
    }
    if (last !== undefined) yield last.session;
  }

  #play(startMs: number, isFirst: boolean): SessionScript {
    const dice = this.#dice;
    const build = this.#buildAt(startMs);
    const script = new SessionScript(
      {
        session: dice.id(),
        playerId: this.#playerId,
        build: build.name,
        platform: this.#platform.name,
        common: this.#common,
      },
      startMs,
      this.#world.nowMs,
    );
    script.add("sessionStart", { isFirst, isResumed: false });
    const lengthMs = Math.min(
      3 * HOUR_MS,
      MINUTE_MS * Math.exp(2.2 + dice.normal() * 0.9 + this.#loyalty),
    );
    const crashMs = dice.chance(build.crashes)
      ? lengthMs * dice.fraction()
      : Infinity;
    const untilMs = startMs + Math.min(lengthMs, crashMs);
    while (script.endMs < untilMs && script.isGoing) {
      this.#run(script, untilMs, build.frames);
    }
    if (crashMs < lengthMs) {
      // Half of what crashes can still say so.
      if (dice.chance(0.5)) {
        script.add("exception", {
          name: "RangeError",
          message: "Invalid array length",
          stack: "at spawn (game.js:120:7)",
          isFatal: true,
          count: 1,
        });
      }
      return script;
    }
    if (dice.chance(0.04)) {
      script.add("drop", {
        event: dice.one(["itemPickup", "frameTime", "custom"]),
        reason: dice.one(["rateLimited", "queueFull", "sampled"]),
        count: 1 + dice.below(40),
      });
    }
    if (dice.chance(0.97)) {
      script.pass(200 + dice.below(2_000));
      script.add("sessionEnd", {
        reason: dice.chance(0.85) ? "closed" : "idle",
        durationMs: script.endMs - startMs,
        playTimeMs: Math.floor((script.endMs - startMs) * 0.9),
      });
    }
    return script;
  }

  /** One life: floor after floor. */
  #run(script: SessionScript, untilMs: number, slowness: number): void {
    const dice = this.#dice;
    for (let floor = 1; floor <= 9 && script.isGoing; floor++) {
      let floorMs = 0;
      let items = 0;
      const minutes = 1 + dice.below(3);
      for (let i = 0; i < minutes; i++) {
        const ms = 35_000 + dice.below(45_000);
        script.pass(ms);
        floorMs += ms;
        for (let n = dice.below(4); n > 0; n--) {
          items++;
          script.add("itemPickup", {
            item: dice.one(ITEMS),
            floor,
            ...(dice.chance(0.7)
              ? { rarity: RARITIES[Math.floor(4 * dice.fraction() ** 3)]! }
              : {}),
          });
        }
        this.#measure(script, slowness);
        if (script.endMs >= untilMs || !script.isGoing) return;
      }
      if (floor % 3 === 0) {
        const won = dice.chance(0.35 + 0.5 * this.#skill);
        script.pass(20_000 + dice.below(60_000));
        script.add("bossEncounter", {
          boss: BOSSES[floor / 3 - 1]!,
          floor,
          won,
          durationMs: 20_000 + dice.below(60_000),
        });
        if (!won) return this.#die(script, floor, BOSSES[floor / 3 - 1]!);
      }
      if (dice.chance(0.32 - 0.25 * this.#skill + 0.02 * floor)) {
        const cause = dice.chance(0.4)
          ? CAUSES[floor % CAUSES.length]!
          : dice.one(CAUSES);
        return this.#die(script, floor, cause);
      }
      script.add("floorComplete", {
        floor,
        durationMs: floorMs,
        kills: dice.below(20),
        items,
      });
      if (dice.chance(0.05)) {
        script.add("achievement", { achievement: `floor ${floor}` });
      }
      if (dice.chance(0.1)) {
        script.add("custom", { key: "menu:shop", value: dice.below(500) / 4 });
      }
    }
  }

  #die(script: SessionScript, floor: number, cause: string): void {
    script.pass(500 + this.#dice.below(3_000));
    script.add("death", { cause, floor, level: 1 + this.#dice.below(30) });
  }

  #measure(script: SessionScript, slowness: number): void {
    const dice = this.#dice;
    const { frameMs, spread, hitchShare, memoryMb } = this.#platform;
    const { framesPerMinute, keepsValues } = this.#world;
    const frames: number[] = [];
    let hitches = 0;
    for (let i = 0; i < framesPerMinute; i++) {
      let ms = frameMs * this.#speed * slowness *
        Math.exp(dice.normal() * spread);
      if (dice.chance(hitchShare)) ms += 40 + dice.exponential(60);
      if (ms > 50) hitches++;
      frames.push(ms);
    }
    script.addSketch("frameTime", frames, { hitches }, keepsValues);
    const bytes = Array.from(
      { length: 4 },
      () => Math.floor(memoryMb * 1e6 * (1 + 0.1 * dice.normal() ** 2)),
    );
    script.addSketch("memoryUsage", bytes, {}, keepsValues);
  }

  #buildAt(timeMs: number): typeof BUILDS[number] {
    const { fromMs, nowMs } = this.#world;
    const part = (timeMs - this.#lateMs - fromMs) / (nowMs - fromMs);
    return BUILDS.findLast(({ from }) => from <= part) ?? BUILDS[0];
  }
}

/** A session that is being made up. Its time does not go beyond the end of all time. */
class SessionScript {
  readonly session: GeneratedSession;
  readonly #events: GeneratedEvent[] = [];
  readonly #nowMs: number;
  #timeMs: number;

  constructor(
    info: Omit<GeneratedSession, "events">,
    startMs: number,
    nowMs: number,
  ) {
    this.session = { ...info, events: this.#events };
    this.#timeMs = startMs;
    this.#nowMs = nowMs;
  }

  get endMs(): number {
    return this.#timeMs;
  }

  /** Whether it is not yet now. */
  get isGoing(): boolean {
    return this.#timeMs < this.#nowMs;
  }

  pass(ms: number): void {
    this.#timeMs += ms;
  }

  add(name: string, fields: GeneratedEvent["fields"]): void {
    if (!this.isGoing) return;
    this.#events.push({
      number: this.#events.length,
      name,
      timeMs: this.#timeMs,
      fields,
    });
  }

  addSketch(
    name: string,
    values: readonly number[],
    fields: GeneratedEvent["fields"],
    keepsValues: boolean,
  ): void {
    if (!this.isGoing) return;
    const sketch = new QuantileSketch();
    for (const value of values) sketch.add(value);
    this.#events.push({
      number: this.#events.length,
      name,
      timeMs: this.#timeMs,
      fields: { sketch: sketch.toJson(), ...fields },
      ...(keepsValues ? { values } : {}),
    });
  }

  /** Ends it at the next start, as a client does whose last session has no end; not all can, as storage is lost. */
  repair(): void {
    const last = this.#events.at(-1)!;
    if (last.name === "sessionEnd" || last.timeMs % 3 === 0) return;
    this.#events.push({
      number: last.number + 1,
      name: "sessionEnd",
      timeMs: last.timeMs,
      fields: {
        reason: "repaired",
        durationMs: last.timeMs - this.#events[0]!.timeMs,
        playTimeMs: 0,
      },
    });
  }
}

/** Chance. */
class Dice {
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  fraction(): number {
    return this.#random.nextFloat();
  }

  chance(share: number): boolean {
    return this.#random.nextFloat() < share;
  }

  below(count: number): number {
    return Math.floor(this.#random.nextFloat() * count);
  }

  one<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }

  weighted<T extends { readonly weight: number }>(values: readonly T[]): T {
    let left = this.#random.nextFloat();
    for (const value of values) {
      left -= value.weight;
      if (left < 0) return value;
    }
    return values.at(-1)!;
  }

  /** Of mean 0 and deviation 1: by Box and Muller. */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.#random.nextFloat())) *
      Math.cos(2 * Math.PI * this.#random.nextFloat());
  }

  exponential(mean: number): number {
    return -mean * Math.log(1 - this.#random.nextFloat());
  }

  /** Mostly in the evening, and now and then close to midnight. */
  hourOfDay(): number {
    return this.chance(0.3)
      ? 24 * this.fraction()
      : Math.min(23.999, 14 + 5 * (this.fraction() + this.fraction()));
  }

  /** 16 random bytes in base64url. */
  id(): string {
    const bytes = new Uint8Array(16);
    this.#random.fill(bytes);
    return encodeBase64Url(bytes);
  }
}
