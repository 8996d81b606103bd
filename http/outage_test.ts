import { assert, assertEquals } from "@std/assert";
import { fullJitter, SeededRandom } from "../core/mod.ts";
import { CircuitBreaker } from "./circuit_breaker.ts";
import { type HeapItem, IndexedHeap } from "./indexed_heap.ts";
import { RetryBudget } from "./retry_budget.ts";

const CLIENTS = 1_000;
const PERIOD_MS = 1_000;
const LATENCY_MS = 20;
const MAX_RETRIES = 3;
const DOWN_FROM_MS = 5_000;
const UP_AGAIN_MS = 15_000;
const END_MS = 60_000;

interface Client {
  readonly random: SeededRandom;
  readonly breaker: CircuitBreaker;
  readonly budget: RetryBudget;
  firstAfterMs: number;
}

interface Totals {
  /** Requests and attempts begun while the server was down. */
  requestsDown: number;
  attemptsDown: number;
  /** The same, of clients whose circuit was not closed at that moment. */
  requestsOpen: number;
  attemptsOpen: number;
  /** Clients whose circuit is not closed at the end. */
  notClosed: number;
  /** When each client made its first attempt after the outage. */
  firstAfterMs: number[];
}

interface Event extends HeapItem {
  readonly run: (nowMs: number) => void;
}

/** Runs the clients through an outage of 10 s, in virtual time. */
function simulate(
  seed: number,
  phaseMs: (random: SeededRandom) => number,
): Totals {
  const events = new IndexedHeap<Event>();
  let sequence = 0;
  function at(timeMs: number, run: (nowMs: number) => void): void {
    events.push({ heapKey: timeMs, sequence: sequence++, heapIndex: -1, run });
  }
  const totals: Totals = {
    requestsDown: 0,
    attemptsDown: 0,
    requestsOpen: 0,
    attemptsOpen: 0,
    notClosed: 0,
    firstAfterMs: [],
  };
  function isDown(nowMs: number): boolean {
    return nowMs >= DOWN_FROM_MS && nowMs < UP_AGAIN_MS;
  }

  function attempt(client: Client, attempts: number, nowMs: number): void {
    const { breaker, budget, random } = client;
    if (!breaker.tryAcquire(nowMs)) return;
    const generation = breaker.generation;
    if (isDown(nowMs)) {
      totals.attemptsDown++;
      if (breaker.state !== "closed") totals.attemptsOpen++;
    } else if (nowMs >= UP_AGAIN_MS && client.firstAfterMs === 0) {
      client.firstAfterMs = nowMs;
    }
    at(nowMs + LATENCY_MS, (endMs) => {
      if (!isDown(nowMs)) {
        breaker.onSuccess(generation);
        return;
      }
      breaker.onFailure(generation, endMs);
      if (attempts >= MAX_RETRIES || !budget.tryWithdraw()) return;
      at(
        endMs + fullJitter(attempts, 250, 10_000, random),
        (retryMs) => attempt(client, attempts + 1, retryMs),
      );
    });
  }

  function request(client: Client, nowMs: number): void {
    client.budget.deposit();
    if (isDown(nowMs)) {
      totals.requestsDown++;
      if (client.breaker.state !== "closed") totals.requestsOpen++;
    }
    attempt(client, 0, nowMs);
    at(nowMs + PERIOD_MS, (nextMs) => request(client, nextMs));
  }

  const clients: Client[] = [];
  for (let i = 0; i < CLIENTS; i++) {
    const random = new SeededRandom(seed * CLIENTS + i);
    const client: Client = {
      random,
      breaker: new CircuitBreaker({ random }),
      budget: new RetryBudget(),
      firstAfterMs: 0,
    };
    clients.push(client);
    at(phaseMs(random), (nowMs) => request(client, nowMs));
  }
  for (let next = events.pop(); next !== undefined; next = events.pop()) {
    if (next.heapKey > END_MS) break;
    next.run(next.heapKey);
  }
  totals.firstAfterMs = clients.map((client) => client.firstAfterMs).sort((
    a,
    b,
  ) => a - b);
  totals.notClosed =
    clients.filter((client) => client.breaker.state !== "closed").length;
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

function randomPhase(random: SeededRandom): number {
  return random.nextFloat() * PERIOD_MS;
}

Deno.test("An outage of 10 s is not amplified by 1,000 clients", () => {
  for (const seed of [1, 2, 3]) {
    const totals = simulate(seed, randomPhase);
    const message = `seed ${seed}: ${
      JSON.stringify({ ...totals, firstAfterMs: [] })
    }`;
    assertEquals(totals.requestsDown, 10 * CLIENTS, message);
    assert(totals.attemptsDown <= 1.1 * totals.requestsDown, message);
    assert(totals.requestsOpen > 5 * CLIENTS, message);
    assert(totals.attemptsOpen <= 1.1 * totals.requestsOpen, message);
  }
});

Deno.test("After an outage 1,000 clients come back without a spike", () => {
  for (const seed of [1, 2, 3]) {
    const { firstAfterMs, notClosed } = simulate(seed, randomPhase);
    assertEquals(notClosed, 0, `seed ${seed}`);
    assert(firstAfterMs[0]! >= UP_AGAIN_MS, `seed ${seed}`);
    const most = mostWithin(firstAfterMs, 100);
    assert(
      most <= CLIENTS / 10,
      `seed ${seed}: ${most} clients came back within 100 ms`,
    );
  }
});
