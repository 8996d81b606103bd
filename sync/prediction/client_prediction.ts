// This module is browser compatible.
import { checkFinite, checkNotNegative, type Vec3 } from "../../core/mod.ts";
import { InputBuffer, type TickedInput } from "../input/input_buffer.ts";
import { angleBetween } from "../state/blend_entities.ts";
import { entityDelta } from "../state/entity_delta.ts";
import type { EntitySnapshot } from "../state/entity_snapshot.ts";

/**
 * The options of {@linkcode ClientPrediction}.
 *
 * @typeParam I The type of the inputs.
 */
export interface ClientPredictionOptions<I extends TickedInput> {
  /**
   * Moves the entity on by a tick, as the server does. What it returns depends on
   * nothing but what it is given.
   *
   * @param entity The entity before.
   * @param input What its player does.
   * @param dt How long a tick is, in seconds.
   * @returns The entity after.
   */
  readonly step: (
    entity: EntitySnapshot,
    input: I,
    dt: number,
  ) => EntitySnapshot;
  /** How many ticks there are in a second: above 0. */
  readonly tickRate: number;
  /**
   * How far the server may be from the prediction, in position, velocity and rotation
   * each, without being followed: 0 or more. What it sends may be rounded.
   *
   * @default {0.001}
   */
  readonly tolerance?: number;
  /**
   * The time constant of corrections, in milliseconds, above 0: what is drawn is as far
   * off as 37 % after it, 5 % after three times as long.
   *
   * @default {100}
   */
  readonly correctionMs?: number;
  /**
   * The largest correction that is smoothed, as a distance: 0 or more. Beyond it, the
   * entity is where it is at once.
   *
   * @default {5}
   */
  readonly snapDistance?: number;
}

/** What a {@linkcode ClientPrediction} has counted. */
export interface ClientPredictionCounts {
  /** States of the server that were compared. */
  compared: number;
  /** Those that were not as predicted. */
  mispredicted: number;
  /** Inputs that were applied again. */
  replayed: number;
  /** Corrections too large to be smoothed. */
  snapped: number;
  /** How far off the last one was that was not as predicted, as a distance. */
  lastDistance: number;
  /** The largest of these distances. */
  maxDistance: number;
}

/** One input, and what it led to. */
interface Step<I> extends TickedInput {
  readonly input: I;
  after: EntitySnapshot;
}

/**
 * Lets a player's own entity move at once, before the server has heard of it, and
 * corrects it when the server says otherwise.
 *
 * This one works on one entity, as an object; `Predictor` on many, in typed arrays.
 *
 * @typeParam I The type of the inputs.
 *
 * @example A wall that only the server knows
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ClientPrediction, EntitySnapshot, PlayerInput } from "@tickwire/net/sync";
 *
 * const me = new EntitySnapshot({ id: 7, position: { x: 0, y: 0, z: 0 } });
 * const prediction = new ClientPrediction<PlayerInput>(me, {
 *   tickRate: 60,
 *   step: (entity, { move }) =>
 *     entity.with({ position: { ...entity.position, x: entity.position.x + move.x } }),
 * });
 * for (const tick of [1, 2, 3]) {
 *   prediction.applyInput(new PlayerInput({ tick, move: { x: 1, y: 0 } }));
 * }
 * // After tick 1 the server has it where it was; two inputs are still to come.
 * prediction.reconcile(me, 1);
 * assertEquals([prediction.entity.position.x, prediction.shown.position.x], [2, 3]);
 * prediction.tickCorrection(10);
 * assertEquals([prediction.shown.position.x, prediction.isCorrecting], [2, false]);
 * ```
 */
export class ClientPrediction<I extends TickedInput> {
  readonly #step: ClientPredictionOptions<I>["step"];
  readonly #dt: number;
  readonly #tolerance: number;
  readonly #correctionMs: number;
  readonly #snapDistance: number;
  readonly #steps = new InputBuffer<Step<I>>();
  readonly #counts: ClientPredictionCounts = {
    compared: 0,
    mispredicted: 0,
    replayed: 0,
    snapped: 0,
    lastDistance: 0,
    maxDistance: 0,
  };
  #entity: EntitySnapshot;
  /** What was predicted for the last tick that the server told of. */
  #acked: EntitySnapshot;
  #ackedTick = -1;
  // How far what is drawn is from what is predicted.
  readonly #offset: Vec3 = { x: 0, y: 0, z: 0 };
  #turn = 0;

  /**
   * Creates a prediction.
   *
   * @param entity The entity as the server has it.
   * @param options How it moves, and how it is corrected.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(entity: EntitySnapshot, options: ClientPredictionOptions<I>) {
    const {
      tickRate,
      tolerance = 0.001,
      correctionMs = 100,
      snapDistance = 5,
    } = options;
    this.#step = options.step;
    this.#dt = 1 / checkFinite("tickRate", tickRate);
    this.#tolerance = checkNotNegative("tolerance", tolerance);
    this.#correctionMs = checkFinite("correctionMs", correctionMs);
    this.#snapDistance = checkNotNegative("snapDistance", snapDistance);
    this.#entity = entity;
    this.#acked = entity;
  }

  /** The entity as it is predicted: what the next input is applied to. */
  get entity(): EntitySnapshot {
    return this.#entity;
  }

  /** The entity as it is to be drawn: on its way to where it is predicted. */
  get shown(): EntitySnapshot {
    if (!this.isCorrecting) return this.#entity;
    const { position, rotation } = this.#entity;
    const { x, y, z } = this.#offset;
    return this.#entity.with({
      position: { x: position.x + x, y: position.y + y, z: position.z + z },
      rotation: rotation + this.#turn,
    });
  }

  /** Whether what is drawn is not what is predicted. */
  get isCorrecting(): boolean {
    const { x, y, z } = this.#offset;
    return x !== 0 || y !== 0 || z !== 0 || this.#turn !== 0;
  }

  /** What was counted. */
  get counts(): Readonly<ClientPredictionCounts> {
    return this.#counts;
  }

  /**
   * Moves the entity on by a tick.
   *
   * @param input What its player does, as the server will read it, for a tick later than
   * all before. 128 of them are kept until `reconcile`; older ones are not applied again.
   * @returns The entity after; as it was, if the tick is not later.
   */
  applyInput(input: I): EntitySnapshot {
    const { tick } = input;
    const newest = this.#steps.at(this.#steps.size - 1)?.tick ??
      this.#ackedTick;
    if (!(tick > newest)) return this.#entity;
    const after = this.#step(this.#entity, input, this.#dt);
    this.#steps.push({ tick, input, after });
    this.#entity = after;
    return after;
  }

  /**
   * Compares what the server says with what was predicted. If it differs, the entity is
   * restored, and all inputs that the server did not have yet are applied again.
   *
   * @param server The entity after the server's tick.
   * @param tick The tick. One that is not later than the last is ignored.
   * @returns Whether inputs were applied again.
   */
  reconcile(server: EntitySnapshot, tick: number): boolean {
    if (!(tick > this.#ackedTick)) return false;
    const steps = this.#steps;
    let predicted = this.#acked;
    for (
      let step = steps.at(0);
      step && step.tick <= tick;
      step = steps.at(0)
    ) {
      predicted = step.after;
      steps.ackUpTo(step.tick);
    }
    this.#ackedTick = tick;
    this.#acked = predicted;
    const counts = this.#counts;
    counts.compared++;
    if (this.#isAsPredicted(predicted, server)) return false;
    const before = this.shown;
    this.#acked = server;
    let entity = server;
    for (let i = 0; i < steps.size; i++) {
      const step = steps.at(i)!;
      entity = this.#step(entity, step.input, this.#dt);
      step.after = entity;
      counts.replayed++;
    }
    this.#entity = entity;
    counts.mispredicted++;
    counts.lastDistance = distance(predicted.position, server.position);
    counts.maxDistance = Math.max(counts.maxDistance, counts.lastDistance);
    this.#smoothFrom(before);
    return true;
  }

  /**
   * Brings what is drawn nearer to what is predicted: once a frame.
   *
   * @param dt How long the frame is, in seconds: 0 or more.
   * @throws {RangeError} If it is not.
   */
  tickCorrection(dt: number): void {
    checkNotNegative("dt", dt);
    if (!this.isCorrecting) return;
    const factor = Math.exp(-dt * 1_000 / this.#correctionMs);
    const offset = this.#offset;
    offset.x *= factor;
    offset.y *= factor;
    offset.z *= factor;
    this.#turn *= factor;
    // What nobody sees comes to an end.
    if (isNearer(offset, VISIBLE) && Math.abs(this.#turn) < VISIBLE) {
      this.#endCorrection();
    }
  }

  #smoothFrom(before: EntitySnapshot): void {
    const { position, rotation, id, generation } = this.#entity;
    const gap = distance(before.position, position);
    const isOther = before.id !== id || before.generation !== generation;
    if (isOther || !(gap <= this.#snapDistance)) {
      this.#counts.snapped++;
      return this.#endCorrection();
    }
    this.#offset.x = before.position.x - position.x;
    this.#offset.y = before.position.y - position.y;
    this.#offset.z = before.position.z - position.z;
    this.#turn = angleBetween(rotation, before.rotation);
  }

  #endCorrection(): void {
    this.#offset.x = this.#offset.y = this.#offset.z = 0;
    this.#turn = 0;
  }

  #isAsPredicted(predicted: EntitySnapshot, server: EntitySnapshot): boolean {
    const delta = entityDelta(predicted, server);
    if (delta === undefined) {
      return predicted.id === server.id &&
        predicted.generation === server.generation;
    }
    const { position, velocity, rotation } = delta;
    const tolerance = this.#tolerance;
    return predicted.id === server.id &&
      predicted.generation === server.generation &&
      delta.health === undefined && delta.stateFlags === undefined &&
      delta.custom === undefined &&
      (position === undefined ||
        distance(position, predicted.position) <= tolerance) &&
      (velocity === undefined ||
        distance(velocity, predicted.velocity) <= tolerance) &&
      (rotation === undefined ||
        Math.abs(angleBetween(rotation, predicted.rotation)) <= tolerance);
  }
}

/** Below this, a distance or an angle is not seen. */
const VISIBLE = 1e-4;

function distance(a: Readonly<Vec3>, b: Readonly<Vec3>): number {
  const x = a.x - b.x;
  const y = a.y - b.y;
  const z = a.z - b.z;
  return Math.sqrt(x * x + y * y + z * z);
}

function isNearer({ x, y, z }: Readonly<Vec3>, limit: number): boolean {
  return x * x + y * y + z * z < limit * limit;
}
