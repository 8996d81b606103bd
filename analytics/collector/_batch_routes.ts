// This module is browser compatible.
import { json, readJson, type RouteTable } from "../../http/server/mod.ts";
import type { EventCatalog } from "../event/event_catalog.ts";
import type { CountChange, StoredRun, WriteOutcome } from "../store/store.ts";
import type { ByteBudget } from "./_byte_budget.ts";
import type { CollectorCall } from "./_collector_call.ts";
import type { Counters } from "./_counters.ts";
import type { LabelGuards } from "./_label_guard.ts";
import type { TitleLimits } from "./_title_limits.ts";
import type { PlayerHashes } from "./player_hash.ts";
import { readBatch, type ReadRun, Refusals } from "./read_batch.ts";
import { hourOf, rollUp } from "./roll_up.ts";

/** PROTOCOL.md, section 1. */
const MAX_BYTES = 524_288;
const MAX_DECODED_BYTES = 4_194_304;
/** Arrays, objects and their members: a batch of as many runs, definitions and events as there may be has 110,000. */
const MAX_PARTS = 131_072;
const TYPES = ["application/json", "text/plain"];
/** What a name is in the sums that is none of an event: it could be any text. */
const UNKNOWN = "unknown";

/** What batches are taken with. */
export interface BatchContext {
  readonly catalog: EventCatalog;
  readonly budget: ByteBudget;
  readonly guards: LabelGuards;
  readonly titleLimits: TitleLimits;
  readonly counters: Counters;
  readonly hashes: PlayerHashes;
}

/** Adds what PROTOCOL.md says in section 4. */
export function addBatchRoutes(
  table: RouteTable<CollectorCall>,
  context: BatchContext,
): void {
  table.add("POST", "batch", async (call) => {
    call.require("game", "admin");
    const lease = context.budget.open();
    let bytes = 0;
    const body = { maxBytes: MAX_BYTES, maxDecodedBytes: MAX_DECODED_BYTES };
    try {
      const value = await readJson(call.request, {
        ...body,
        types: TYPES,
        maxParts: MAX_PARTS,
        reserve: (held) => {
          lease.set(held);
          bytes = held;
        },
      });
      context.counters.bytes += bytes;
      return await take(call, value, context);
    } finally {
      lease.release();
    }
  });
}

async function take(
  call: CollectorCall,
  value: unknown,
  { catalog, guards, titleLimits, counters, hashes }: BatchContext,
): Promise<Response> {
  const { title, receivedMs: nowMs, store, clock } = call;
  const guard = await guards.of(title, nowMs);
  const runs = readBatch(value, { catalog, guard, nowMs });
  titleLimits.take(title, eventsOf(runs), clock.nowMs());
  const stored = await storedRunsOf(runs, title, nowMs, hashes);
  // Runs without events that may be stored are written too: it is told of them whether their player was erased.
  const outcomes = stored.length === 0 ? [] : await store.write(stored, rollUp);
  const refusals = new Refusals();
  let accepted = 0;
  let duplicates = 0;
  for (const [i, run] of runs.entries()) {
    const outcome = outcomes[i]!;
    accepted += outcome.accepted;
    duplicates += outcome.duplicates;
    for (const { name, reason, count } of run.refusals) {
      refusals.add(name, reason, count);
    }
    if (outcome.isErased) {
      for (const { name } of run.events) refusals.add(name, "erased");
      counters.countRefused("erased", run.events.length);
    }
  }
  await countRefusals(call, runs, outcomes, catalog, counters);
  counters.batches += 1;
  counters.accepted += accepted;
  counters.duplicates += duplicates;
  return json(200, {
    accepted,
    duplicates,
    refused: refusals.all.map(({ name, reason, count }) => [
      name,
      reason,
      count,
    ]),
  });
}

/** How many events somebody sent. */
function eventsOf(runs: readonly ReadRun[]): number {
  let events = 0;
  for (const run of runs) {
    events += run.events.length;
    for (const { count } of run.refusals) events += count;
  }
  return events;
}

async function storedRunsOf(
  runs: readonly ReadRun[],
  title: string,
  receivedMs: number,
  hashes: PlayerHashes,
): Promise<readonly StoredRun[]> {
  const stored: StoredRun[] = [];
  for (const { session, owner, build, platform, common, events } of runs) {
    const player = await hashes.of(owner);
    stored.push({
      title,
      // An id that opens what is stored is shown to nobody who reads it.
      session: owner === session ? player : session,
      player,
      build,
      platform,
      common,
      receivedMs,
      events,
    });
  }
  return stored;
}

/**
 * Counts what was refused among what was lost. Where all that was right of a run had come before, so had this: the answer
 * to it was lost. Of an erased player nothing is counted.
 */
async function countRefusals(
  { title, receivedMs, store }: CollectorCall,
  runs: readonly ReadRun[],
  outcomes: readonly WriteOutcome[],
  catalog: EventCatalog,
  counters: Counters,
): Promise<void> {
  const hourMs = hourOf(receivedMs);
  const counting: Promise<void>[] = [];
  for (const [i, { build, platform, events, refusals }] of runs.entries()) {
    const { accepted, isErased } = outcomes[i]!;
    if (refusals.length === 0 || isErased) continue;
    if (accepted === 0 && events.length > 0) continue;
    const changes = refusals.map(({ name, reason, count }): CountChange => {
      counters.countRefused(reason, count);
      return {
        metric: "drop",
        hourMs,
        key1: catalog.get(name) === undefined ? UNKNOWN : name,
        key2: `refused: ${reason}`,
        count,
      };
    });
    counting.push(store.count(title, build, platform, changes));
  }
  // What fails is told by the store's guard. The events are stored, and to refuse them now would be wrong.
  await Promise.allSettled(counting);
}
