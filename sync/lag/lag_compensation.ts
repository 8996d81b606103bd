// This module is browser compatible.
import { checkInteger, checkNotNegative } from "../../core/mod.ts";
import { blendEntities } from "../state/blend_entities.ts";
import type { EntitySnapshot } from "../state/entity_snapshot.ts";
import { GameStateSnapshot } from "../state/game_state_snapshot.ts";
import { SnapshotBuffer } from "../state/snapshot_buffer.ts";

/** The options of {@linkcode LagCompensation}. */
export interface LagCompensationOptions {
  /**
   * How far a client's shot may look back, in milliseconds: 0 or more. Who is hit behind
   * a wall was in the open that long ago, at most.
   *
   * @default {250}
   */
  readonly maxRewindMs?: number;
  /**
   * How far clients draw behind what they have received, in milliseconds: 0 or more.
   *
   * @default {100}
   */
  readonly interpolationDelayMs?: number;
  /**
   * How many ticks are kept: an integer from 2 to 65536.
   *
   * @default {64}
   */
  readonly capacity?: number;
}

/**
 * Tells the server where everybody was when a player who sees the past pulled the
 * trigger.
 *
 * This one works on objects, and on an estimate of what the player saw; `Rewind` works
 * on the tables of a world, and on the player's own word for it.
 *
 * @example Half way between two ticks
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { EntitySnapshot, GameStateSnapshot, LagCompensation } from "@tickwire/net/sync";
 *
 * const lag = new LagCompensation({ interpolationDelayMs: 25 });
 * const runner = new EntitySnapshot({ id: 7, position: { x: 0, y: 0, z: 0 } });
 * for (let tick = 0; tick < 8; tick++) {
 *   const now = runner.with({ position: { x: tick, y: 0, z: 0 } });
 *   lag.record(new GameStateSnapshot(tick, tick * 50, [now]));
 * }
 * assertEquals(lag.entityAtTick(7, 2.5)?.position.x, 2.5);
 * // 25 ms and a round trip of 100 ms before tick 7.
 * assertEquals(lag.rewindForClient(7, 100)?.entities.get(7)?.position.x, 4.5);
 * ```
 */
export class LagCompensation {
  readonly #buffer: SnapshotBuffer<GameStateSnapshot>;
  readonly #maxRewindMs: number;
  readonly #interpolationDelayMs: number;
  #clamped = 0;

  /**
   * Creates one that knows nothing.
   *
   * @param options How far it looks back.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(options: LagCompensationOptions = {}) {
    const { maxRewindMs = 250, interpolationDelayMs = 100, capacity = 64 } =
      options;
    this.#maxRewindMs = checkNotNegative("maxRewindMs", maxRewindMs);
    this.#interpolationDelayMs = checkNotNegative(
      "interpolationDelayMs",
      interpolationDelayMs,
    );
    this.#buffer = new SnapshotBuffer(
      checkInteger("capacity", capacity, 2, 65_536),
    );
  }

  /** How many rewinds for clients would have gone further than they may. */
  get clamped(): number {
    return this.#clamped;
  }

  /**
   * Takes the state of a tick; the oldest makes room.
   *
   * @param snapshot The state. Record each tick, so that ticks in between are right.
   * @returns `false` if it was refused, as by `SnapshotBuffer.push`.
   */
  record(snapshot: GameStateSnapshot): boolean {
    return this.#buffer.push(snapshot);
  }

  /**
   * Tells the state at a tick.
   *
   * @param tick The tick; with a fraction, a moment between two ticks.
   * @returns The state; `undefined` if it is not kept.
   */
  rewindToTick(tick: number): GameStateSnapshot | undefined {
    const before = this.#buffer.atTick(Math.floor(tick));
    const blend = tick - Math.floor(tick);
    if (before === undefined || blend === 0) return before;
    const after = this.#buffer.atTick(before.tick + 1);
    return after && blendSnapshots(before, after, blend);
  }

  /**
   * Tells what a client saw when it made an input: the state a round trip and the delay
   * of its interpolation before the input came, as half of the trip a snapshot was on
   * its way to the client, and half of it the input was on its way back.
   *
   * @param tick The server's tick when the input came.
   * @param rttMs The client's round trip, in milliseconds. Measure it; do not ask the
   * client.
   * @returns The state, not earlier than may be or is kept; `undefined` if `tick` is not
   * kept.
   */
  rewindForClient(tick: number, rttMs: number): GameStateSnapshot | undefined {
    const buffer = this.#buffer;
    const now = buffer.atTick(tick);
    if (now === undefined) return undefined;
    const wantedMs = (rttMs > 0 ? rttMs : 0) + this.#interpolationDelayMs;
    const oldest = buffer.oldest()!;
    const mostMs = Math.min(
      this.#maxRewindMs,
      now.timestamp - oldest.timestamp,
    );
    if (wantedMs > mostMs) this.#clamped++;
    const timeMs = now.timestamp - Math.min(wantedMs, mostMs);
    if (timeMs >= now.timestamp) return now;
    const bracket = buffer.bracket(timeMs);
    if (bracket === undefined) return oldest;
    return blendSnapshots(bracket.before, bracket.after, bracket.blend);
  }

  /**
   * Tells where one entity was, without a look at the others.
   *
   * @param id The entity.
   * @param tick The tick; with a fraction, a moment between two ticks.
   * @returns The entity then; `undefined` if it was not there, or the tick is not kept.
   */
  entityAtTick(id: number, tick: number): EntitySnapshot | undefined {
    const before = this.#buffer.atTick(Math.floor(tick));
    const from = before?.entities.get(id);
    const blend = tick - Math.floor(tick);
    if (before === undefined || from === undefined || blend === 0) return from;
    const after = this.#buffer.atTick(before.tick + 1);
    return after && blendEntity(from, after, blend);
  }
}

function blendSnapshots(
  before: GameStateSnapshot,
  after: GameStateSnapshot,
  blend: number,
): GameStateSnapshot {
  if (blend === 0) return before;
  const entities: EntitySnapshot[] = [];
  for (const from of before.entities.values()) {
    entities.push(blendEntity(from, after, blend));
  }
  const timeMs = before.timestamp +
    (after.timestamp - before.timestamp) * blend;
  return new GameStateSnapshot(before.tick, timeMs, entities);
}

/** As a client draws it: one that goes, or is another one then, stays as it was. */
function blendEntity(
  from: EntitySnapshot,
  after: GameStateSnapshot,
  blend: number,
): EntitySnapshot {
  const to = after.entities.get(from.id);
  const isSame = to !== undefined && to.generation === from.generation;
  return isSame ? blendEntities(from, to, blend) : from;
}
