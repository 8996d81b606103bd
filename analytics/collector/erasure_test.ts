import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { QuantileSketch } from "../sketch/quantile_sketch.ts";
import {
  Harness,
  idOf,
  READER_KEY,
  type Run,
  runOf,
  START_MS,
} from "./_testing/harness.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const WORLDS = IS_SOAK ? 1_000 : 15;
const HOUR_MS = 3_600_000;
const DEFINITIONS = [
  ["sessionStart", "isFirst", "isResumed"],
  ["sessionEnd", "reason", "durationMs", "playTimeMs"],
  ["death", "cause", "floor", "level"],
  ["frameTime", "sketch", "hitches"],
  ["memoryUsage", "sketch"],
  ["drop", "event", "reason", "count"],
  ["floorComplete", "floor", "durationMs"],
  ["elixir"],
];
const QUERIES = [
  "filters",
  "events?step=hour",
  "events?step=day&by=build",
  "sessions?step=hour",
  "retention",
  "funnel?steps=sessionStart,death,floorComplete",
  "funnel?steps=sessionStart,death&by=session",
  "frames?by=build",
  "frames?by=platform",
  "memory?by=none",
  "deaths",
  "drops",
  "recent?limit=500",
];

/** What a player sends, and when. */
interface Sending {
  readonly player: number;
  readonly run: Run;
}

/** Draws what some players send, in the order in which it comes; some of it comes twice. */
function drawSendings(random: SeededRandom, players: number): Sending[] {
  const below = (n: number): number => random.nextU32() % n;
  const sendings: Sending[] = [];
  for (let player = 0; player < players; player++) {
    for (let session = 0; session <= below(3); session++) {
      const base = {
        s: idOf(player * 10 + session + 1),
        ...(player % 3 === 2 ? {} : { i: idOf(1_000 + player) }),
        b: `build-${below(4)}`,
        p: ["linux", "win", "web"][below(3)],
      };
      for (let part = 0; part <= below(3); part++) {
        const e = Array.from({ length: 1 + below(12) }, () => {
          const index = below(DEFINITIONS.length);
          return [index, below(600_000), ...valuesOf(index, below)];
        });
        // Some overlap, and some leave a gap.
        const t = START_MS - below(20) * HOUR_MS - 3 * HOUR_MS;
        const run = { ...base, n: part * 9, t, d: DEFINITIONS, e };
        sendings.push({ player, run });
        if (below(4) === 0) sendings.push({ player, run });
      }
    }
  }
  for (let i = sendings.length - 1; i > 0; i--) {
    const j = below(i + 1);
    [sendings[i], sendings[j]] = [sendings[j]!, sendings[i]!];
  }
  return sendings;
}

function valuesOf(index: number, below: (n: number) => number): unknown[] {
  switch (DEFINITIONS[index]![0]) {
    case "sessionStart":
      return [below(2) === 0, below(2) === 0];
    case "sessionEnd":
      return ["closed", below(1_000), below(1_000)];
    case "death":
      return [`cause ${below(3)}`, below(3), null];
    case "frameTime":
      return [sketchOf(below), below(3)];
    case "memoryUsage":
      return [sketchOf(below)];
    case "drop":
      return ["death", ["rateLimited", "offline"][below(2)], 1 + below(9)];
    default:
      return [below(3), below(1_000)];
  }
}

/** The least and the greatest value are the same in all, as no sketch knows the next one when they are taken out. */
function sketchOf(below: (n: number) => number): readonly number[] {
  const sketch = new QuantileSketch();
  for (const value of [1, 1_000]) sketch.add(value);
  for (let i = 0; i < below(5); i++) sketch.add(1 + below(1_000));
  return sketch.toJson();
}

/** What developers see of what was sent. */
async function answersOf(harness: Harness): Promise<string[]> {
  const answers: string[] = [];
  for (const query of QUERIES) {
    const path = `/v1/query/${query}`;
    const { status, text } = await harness.ask("GET", path, {
      key: READER_KEY,
    });
    assertEquals(status, 200, `${query} ${text}`);
    // Rows have an id each, which the erased ones had as well.
    answers.push(`${query} ${text.replaceAll(/"id":\d+/g, "")}`);
  }
  return answers;
}

Deno.test("AnalyticsCollector shows after an erasure a world in which the player never was", async () => {
  const seed = 20_261_126;
  for (let i = 0; i < WORLDS; i++) {
    const random = new SeededRandom(seed + i);
    const players = 2 + random.nextU32() % 4;
    const sendings = drawSendings(random, players);
    const erased = random.nextU32() % players;
    await using world = new Harness();
    await using without = new Harness();
    const own = new Set<string>();
    for (const { player, run } of sendings) {
      // What is refused is of nobody: it was counted, but nothing of it was stored.
      const kept = {
        ...run,
        e: (run.e as number[][]).filter(([d]) => d !== 7),
      };
      await world.send([kept]);
      if (player !== erased) await without.send([kept]);
      else own.add((run.i ?? run.s) as string);
    }
    for (const id of own) {
      const { status } = await world.ask("DELETE", `/v1/players/${id}`);
      assertEquals(status, 200);
    }
    const where = `seed ${seed + i}`;
    assertEquals(await answersOf(world), await answersOf(without), where);
    // What is still on its way has no effect either.
    for (const { player, run } of sendings) {
      if (player !== erased) continue;
      const late = { ...run, n: 1_000 };
      const { body } = await world.send([late]);
      assertEquals([body.accepted, body.duplicates], [0, 0], where);
    }
    assertEquals(await answersOf(world), await answersOf(without), where);
  }
});

Deno.test("AnalyticsCollector shows readers nothing that opens a session without a player", async () => {
  await using harness = new Harness();
  const session = idOf(5);
  await harness.send([runOf({ s: session, i: undefined })]);
  await harness.send([runOf({ s: session, i: undefined, n: 20 })]);
  const recent = await harness.ask("GET", "/v1/query/recent", {
    key: READER_KEY,
  });
  assertEquals(recent.body.rows.length, 6);
  assertEquals(recent.text.includes(session), false);
  const shown: string = recent.body.rows[0].session;
  const own = await harness.ask("GET", `/v1/players/${shown}`);
  assertEquals(own.body.events, []);
  const erased = await harness.ask("DELETE", `/v1/players/${shown}`);
  assertEquals(erased.body, { sessions: 0, events: 0 });
  assertEquals(
    (await harness.ask("DELETE", `/v1/players/${session}`)).body,
    { sessions: 1, events: 6 },
  );
});

Deno.test("AnalyticsCollector forgets a player whose batches come while he is erased", async () => {
  await using harness = new Harness();
  const random = new SeededRandom(7);
  const sendings = drawSendings(random, 2);
  const id = idOf(1_000);
  await Promise.all(sendings.map(async ({ run }, i) => {
    if (i === 5) await harness.ask("DELETE", `/v1/players/${id}`);
    await harness.send([run]);
  }));
  const { body } = await harness.ask("GET", `/v1/players/${id}`);
  assertEquals(body, { sessions: [], events: [], isComplete: true });
  assert(harness.metric("refused_events", { reason: "erased" }) > 0);
});
