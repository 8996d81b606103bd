import { assert, assertEquals } from "@std/assert";
import { ManualClock, SeededRandom } from "../core/mod.ts";
import { HttpClient, type HttpClientOptions, HttpRequest } from "./mod.ts";

const CLIENTS = 1_000;
const STEP_MS = 20;
const PERIOD_MS = 1_000;
const DOWN_FROM_MS = 5_000;
const UP_AGAIN_MS = 15_000;
const END_MS = 50_000;

interface Player {
  readonly client: HttpClient;
  nextRequestMs: number;
  isClosed: boolean;
  firstAfterMs: number;
}

interface Totals {
  /** Requests and attempts while the server was down. */
  requestsDown: number;
  attemptsDown: number;
  /** The same, of clients whose circuit was not closed at that moment. */
  requestsOpen: number;
  attemptsOpen: number;
  /** Events that ended a request, and requests. */
  ended: number;
  sent: number;
  /** Clients whose circuit is not closed at the end. */
  notClosed: number;
  /** When each client made its first attempt after the outage, in order. */
  firstAfterMs: number[];
}

/** Runs real clients through an outage of 10 s, in virtual time: each makes one request per second. */
async function simulate(
  seed: number,
  options: HttpClientOptions = {},
  phaseSpreadMs: number = PERIOD_MS,
): Promise<Totals> {
  const clock = new ManualClock();
  const totals: Totals = {
    requestsDown: 0,
    attemptsDown: 0,
    requestsOpen: 0,
    attemptsOpen: 0,
    ended: 0,
    sent: 0,
    notClosed: 0,
    firstAfterMs: [],
  };
  let nowMs = 0;
  function isDown(): boolean {
    return nowMs >= DOWN_FROM_MS && nowMs < UP_AGAIN_MS;
  }

  function join(index: number): Player {
    const random = new SeededRandom(seed * CLIENTS + index);
    const player: Player = {
      client: new HttpClient({
        ...options,
        clock,
        random,
        fetch: () => {
          if (isDown()) {
            totals.attemptsDown++;
            if (!player.isClosed) totals.attemptsOpen++;
            return Promise.reject(new TypeError("connection refused"));
          }
          if (nowMs >= UP_AGAIN_MS) player.firstAfterMs ||= nowMs;
          return Promise.resolve(new Response(null, { status: 204 }));
        },
      }),
      nextRequestMs: random.nextFloat() * phaseSpreadMs,
      isClosed: true,
      firstAfterMs: 0,
    };
    return player;
  }

  function frame(player: Player): void {
    const { client } = player;
    if (nowMs >= player.nextRequestMs && nowMs < END_MS - PERIOD_MS * 10) {
      player.nextRequestMs += PERIOD_MS;
      totals.sent++;
      if (isDown()) {
        totals.requestsDown++;
        if (!player.isClosed) totals.requestsOpen++;
      }
      client.send(HttpRequest.get("https://game.example/state"));
    }
    client.tick(STEP_MS / 1000);
    for (const event of client.drainEvents()) {
      switch (event.type) {
        case "circuitChanged":
          player.isClosed = event.state === "closed";
          break;
        case "success":
        case "failure":
        case "timeout":
        case "cancelled":
          totals.ended++;
      }
    }
  }

  const players = Array.from({ length: CLIENTS }, (_, index) => join(index));
  for (; nowMs < END_MS; nowMs += STEP_MS) {
    for (const player of players) frame(player);
    clock.advance(STEP_MS);
    // Everything the injected fetch does is settled in microtasks.
    for (let i = 0; i < 32; i++) await undefined;
  }
  for (const { client } of players) client.close();
  totals.firstAfterMs = players.map((player) => player.firstAfterMs)
    .sort((a, b) => a - b);
  totals.notClosed = players.filter((player) => !player.isClosed).length;
  return totals;
}

/** The largest number of `sortedMs` within any half-open stretch of `widthMs`. */
function mostWithin(sortedMs: readonly number[], widthMs: number): number {
  let most = 0;
  let from = 0;
  for (let to = 0; to < sortedMs.length; to++) {
    while (sortedMs[to]! - sortedMs[from]! >= widthMs) from++;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

const SEEDS = Deno.env.has("TICKWIRE_SOAK") ? [1, 2, 3, 4, 5, 6, 7, 8] : [1];

for (const seed of SEEDS) {
  Deno.test(`HttpClient does not amplify an outage of 10 s, 1,000 clients, seed ${seed}`, async () => {
    const totals = await simulate(seed);
    const { firstAfterMs, ...counts } = totals;
    const message = JSON.stringify(counts);
    assertEquals(totals.ended, totals.sent, message);
    assertEquals(totals.requestsDown, 10 * CLIENTS, message);
    assert(totals.attemptsDown <= 1.1 * totals.requestsDown, message);
    assert(totals.requestsOpen > 5 * CLIENTS, message);
    assert(totals.attemptsOpen <= 1.1 * totals.requestsOpen, message);
    assertEquals(totals.notClosed, 0, message);
    assert(firstAfterMs[0]! >= UP_AGAIN_MS, message);
    const most = mostWithin(firstAfterMs, 100);
    assert(most <= CLIENTS / 10, `${most} clients came back within 100 ms`);
  });
}

Deno.test("HttpClient without its circuit breaker does amplify the outage", async () => {
  const { attemptsDown, requestsDown } = await simulate(1, {
    circuitBreaker: false,
  });
  assert(
    attemptsDown > 1.5 * requestsDown,
    `${attemptsDown} attempts for ${requestsDown} requests`,
  );
});

Deno.test("HttpClient comes back spread out even where 1,000 clients act in lockstep", async () => {
  const { firstAfterMs } = await simulate(1, {}, 0);
  const most = mostWithin(firstAfterMs, 100);
  assert(most <= CLIENTS / 10, `${most} clients came back within 100 ms`);
});
