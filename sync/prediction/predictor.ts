// This module is browser compatible.
import { checkFinite, checkInteger, checkNotNegative } from "../../core/mod.ts";
import type { AnyField } from "../../protocol/mod.ts";
import { fieldColumnsOf } from "../schema/define_entity.ts";
import type { EntityType } from "../schema/define_world.ts";
import type { TableContent } from "../snapshot/entity_table.ts";
import { bitSet, clearBit, hasBit, nextBit, setBit } from "../world/bit_set.ts";
import { type EntityId, entityIdOf, slotOfId } from "../world/entity_id.ts";
import { holdsEntity } from "../world/table_entities.ts";
import { Corrections, type SmoothedField } from "./_corrections.ts";
import { type PredictedCodec, predictedCodec } from "./_predicted_field.ts";
import { PredictedState } from "./predicted_state.ts";

/** How many ticks a {@linkcode Predictor} can go back. */
const PREDICTED_TICKS = 128;

/**
 * The options of {@linkcode Predictor}.
 *
 * @typeParam I The type of the inputs.
 */
export interface PredictorOptions<I> {
  /**
   * Moves all entities of a state on by a tick, just as the server does. It depends on
   * nothing but what it is given, and changes nothing but `state.values`.
   *
   * @param state The entities.
   * @param input What the player does.
   * @param dt How long a tick is, in seconds.
   */
  readonly step: (state: PredictedState, input: I, dt: number) => void;
  /** How many ticks there are in a second: above 0. */
  readonly tickRate: number;
  /**
   * The names of the fields that are predicted: any but those of any length, `u64`,
   * `varint` and `zigzag`.
   *
   * @default All that can be.
   */
  readonly fields?: readonly string[];
  /**
   * How many entities are predicted at most: an integer from 1 to 1024.
   *
   * @default {32}
   */
  readonly maxEntities?: number;
  /**
   * Whether the state is rounded after each tick to what the schema can send. Do so if
   * the server's own simulation goes on from what it has put into its `EntityStore`,
   * which is rounded: both are then the same to the bit.
   *
   * @default {true}
   */
  readonly isRounded?: boolean;
  /**
   * By how much the server may differ without being followed, by field, in its unit: above
   * 0. Whole numbers, flags and choices may not.
   *
   * A small difference that is let pass may grow to a large one later.
   *
   * @default Nothing, or a step of the field's schema if the state is not rounded; 0.0001
   * for floats that have no steps.
   */
  readonly tolerances?: Readonly<Record<string, number>>;
  /**
   * The fields whose corrections are smoothed, and the largest correction of each that
   * is, in its unit: beyond it, the entity is drawn where it is at once.
   *
   * @default `position` up to 5, and all angles and rotations.
   */
  readonly smoothed?: Readonly<Record<string, number>>;
  /**
   * The time constant of corrections, in milliseconds, above 0: what is drawn is as far
   * off as 37 % after it, 5 % after three times as long.
   *
   * @default {100}
   */
  readonly correctionMs?: number;
  /**
   * The name of the field of whole numbers by which an entity that the client has
   * spawned by itself is found among the server's: see {@linkcode Predictor.spawn}.
   *
   * @default {undefined}
   */
  readonly token?: string;
  /**
   * How many ticks the server may take to spawn what the client has spawned, after the
   * tick that it was spawned in: 0 or more. Then it is removed.
   *
   * @default {30}
   */
  readonly spawnTicks?: number;
}

/** How wrong the prediction of a field was. */
export interface FieldErrors {
  /** How many times it was wrong. */
  count: number;
  /** By how much at most, in steps of the field. */
  maxSteps: number;
  /** By how much in all, in steps of the field. */
  totalSteps: number;
}

/** What a {@linkcode Predictor} has counted. */
export interface PredictorCounts {
  /** States of the server that were compared. */
  compared: number;
  /** Those in which an entity was not as predicted. */
  mispredicted: number;
  /** Entities that were restored, new ones among them. */
  restored: number;
  /** Ticks that were simulated again. */
  replayed: number;
  /** Corrections too large to be smoothed. */
  snapped: number;
  /** Entities that the client spawned. */
  spawned: number;
  /** Those of them that the server spawned, too. */
  matched: number;
  /** Those that were removed, as it did not. */
  unmatched: number;
}

/** One field that is predicted. */
interface Predicted {
  readonly field: string;
  readonly codec: PredictedCodec;
  readonly first: number;
  readonly count: number;
  readonly column: number;
  /** How many steps the server may differ. */
  readonly allowed: number;
  readonly errors: FieldErrors;
}

const NOT_SPAWNED = -1;

/**
 * Moves a player's entities at once, before the server has heard of it, and goes back
 * to correct it when the server says otherwise.
 *
 * The state after each tick is kept. What the server has sent of a tick is compared with
 * what was predicted for that very tick: as long as that is the same, nothing is
 * computed again. If it is not, the entities that differ are restored, and the inputs
 * since are applied again; what is drawn comes to the new place smoothly.
 *
 * @typeParam I The type of the inputs.
 *
 * @example A wall that only the server knows
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { vec2 } from "@tickwire/net/protocol";
 * import { defineEntity, defineWorld, EntityStore, Predictor } from "@tickwire/net/sync";
 *
 * const position = vec2({ min: -100, max: 100, step: 0.25 });
 * const world = defineWorld({ player: defineEntity({ position }, { maxEntities: 8 }) });
 * const server = new EntityStore(world);
 * const me = server.spawn("player", { position: { x: 0, y: 0 } })!;
 *
 * const predictor = new Predictor<{ x: number }>(world.types[0]!, {
 *   tickRate: 60,
 *   step(state, input) {
 *     const place = state.placeOf(me);
 *     if (place >= 0) state.values[state.at("position") + place]! += input.x;
 *   },
 * });
 * predictor.add(me, 10, server.tables[0]!);
 * for (const tick of [11, 12, 13]) predictor.apply(tick, { x: 1 });
 *
 * // After tick 11 the server has it where it was; two inputs are still to come.
 * assertEquals(predictor.reconcile(11, server.tables[0]!), true);
 * assertEquals([predictor.state.values[0], predictor.shown[0]], [2, 3]);
 * predictor.tickCorrection(10);
 * assertEquals([predictor.shown[0], predictor.isCorrecting], [2, false]);
 * ```
 */
export class Predictor<I> {
  /** The entities as they are predicted, after the newest tick. */
  readonly state: PredictedState;
  readonly #type: EntityType;
  readonly #step: PredictorOptions<I>["step"];
  readonly #dt: number;
  readonly #isRounded: boolean;
  readonly #spawnTicks: number;
  readonly #fields: readonly Predicted[];
  readonly #token: { column: number; lane: number; min: number } | undefined;
  readonly #corrections: Corrections;
  readonly #shown: Float64Array;
  #isShown = false;
  // The state after each of the last ticks, at the tick's remainder.
  readonly #ticks = new Float64Array(PREDICTED_TICKS).fill(-1);
  readonly #inputs: (I | undefined)[] = new Array<I | undefined>(
    PREDICTED_TICKS,
  ).fill(undefined);
  readonly #hasInput = new Uint8Array(PREDICTED_TICKS);
  readonly #pastValues: Float64Array;
  readonly #pastAlive: Uint32Array;
  #tick = -1;
  #reconciledTick = -1;
  readonly #ids: Float64Array;
  // What the client has spawned by itself: as it was, and after which tick.
  readonly #births: Float64Array;
  readonly #birthTicks: Float64Array;
  readonly #unmatched: Uint32Array;
  // What one call needs.
  readonly #restored: Uint32Array;
  readonly #living: Uint32Array;
  readonly #drawn: Float64Array;
  readonly #drawnPlaces: Uint32Array;
  readonly #counts: PredictorCounts = {
    compared: 0,
    mispredicted: 0,
    restored: 0,
    replayed: 0,
    snapped: 0,
    spawned: 0,
    matched: 0,
    unmatched: 0,
  };

  /**
   * Creates a predictor without entities.
   *
   * @param type The type of entities.
   * @param options What is predicted, and how.
   * @throws {RangeError} If an option is out of its range, or names a field that there
   * is not or that cannot be predicted.
   */
  constructor(type: EntityType, options: PredictorOptions<I>) {
    const {
      maxEntities = 32,
      isRounded = true,
      correctionMs = 100,
      spawnTicks = 30,
    } = options;
    checkInteger("maxEntities", maxEntities, 1, 1024);
    this.#type = type;
    this.#step = options.step;
    this.#dt = 1 / checkFinite("tickRate", options.tickRate);
    this.#isRounded = isRounded;
    this.#spawnTicks = checkNotNegative("spawnTicks", spawnTicks);
    this.#fields = predictedFields(type, options);
    this.#ids = new Float64Array(maxEntities).fill(NOT_SPAWNED);
    this.state = new PredictedState(
      this.#fields.map(({ field, first, count }) =>
        Object.freeze({ field, first, count })
      ),
      maxEntities,
      this.#ids,
    );
    this.#token = options.token === undefined
      ? undefined
      : this.#findToken(options.token);
    const { length } = this.state.values;
    const words = this.state.alive.length;
    this.#corrections = new Corrections(
      this.#smoothedFields(options.smoothed),
      length / maxEntities,
      maxEntities,
      checkFinite("correctionMs", correctionMs),
    );
    this.#shown = new Float64Array(length);
    this.#drawn = new Float64Array(length);
    this.#births = new Float64Array(length);
    this.#birthTicks = new Float64Array(maxEntities).fill(-1);
    this.#pastValues = new Float64Array(PREDICTED_TICKS * length);
    this.#pastAlive = new Uint32Array(PREDICTED_TICKS * words);
    this.#unmatched = bitSet(maxEntities);
    this.#restored = bitSet(maxEntities);
    this.#living = bitSet(maxEntities);
    this.#drawnPlaces = bitSet(maxEntities);
  }

  /** The newest tick that is predicted; -1 before the first. */
  get tick(): number {
    return this.#tick;
  }

  /** What was counted. */
  get counts(): Readonly<PredictorCounts> {
    return this.#counts;
  }

  /** How wrong each field was, by its name. */
  get errors(): ReadonlyMap<string, Readonly<FieldErrors>> {
    return new Map(this.#fields.map(({ field, errors }) => [field, errors]));
  }

  /** Whether anything is not drawn where it is predicted. */
  get isCorrecting(): boolean {
    return this.#corrections.count > 0;
  }

  /**
   * The numbers as they are to be drawn, laid out as `state.values`: on their way to
   * what is predicted. To be read until the next call.
   */
  get shown(): Float64Array {
    const { values, alive } = this.state;
    if (this.#corrections.count === 0) return values;
    if (!this.#isShown) {
      this.#isShown = true;
      this.#shown.set(values);
      for (let at = nextBit(alive, 0); at >= 0; at = nextBit(alive, at + 1)) {
        if (this.#corrections.has(at)) this.#corrections.apply(at, this.#shown);
      }
    }
    return this.#shown;
  }

  /**
   * Begins to predict an entity.
   *
   * @param id The entity, which is in the table.
   * @param tick The tick of the table. If newer ones are predicted already, their inputs
   * are applied again.
   * @param table What the server has sent.
   * @param stale The places whose values are older than the tick; none if left out.
   * @returns The place of the entity; -1 if there are as many as there can be, or the
   * table does not have it as of the tick.
   */
  add(
    id: EntityId,
    tick: number,
    table: TableContent,
    stale?: Uint32Array,
  ): number {
    checkInteger("tick", tick, 0, 0xffff_ffff);
    const known = this.state.placeOf(id);
    if (known >= 0) return known;
    if (!this.#isIn(table, id)) return -1;
    if (stale !== undefined && hasBit(stale, slotOfId(id))) return -1;
    const place = this.#takePlace(id);
    if (place < 0) return -1;
    this.#restored.fill(0);
    setBit(this.#restored, place);
    this.#goBack(tick, table);
    return place;
  }

  /**
   * Predicts an entity no more.
   *
   * @param place Its place.
   * @returns `false` if there is none.
   */
  remove(place: number): boolean {
    if (!this.state.isAlive(place)) return false;
    clearBit(this.state.alive, place);
    clearBit(this.#unmatched, place);
    this.#ids[place] = NOT_SPAWNED;
    this.#birthTicks[place] = -1;
    this.#corrections.end(place);
    // A later entity of this place has no past.
    const words = this.state.alive.length;
    for (let at = place >>> 5; at < this.#pastAlive.length; at += words) {
      this.#pastAlive[at]! &= ~(1 << (place & 31));
    }
    this.#isShown = false;
    return true;
  }

  /**
   * Adds an entity that the server will spawn when it gets the input of the newest tick.
   *
   * Its fields are zeros, for `fill` to set. One of them is the token, a number of the
   * game's own making by which the server's entity is found, which the server sets to
   * what the input says; it should tell the client, too, and not come again soon. As the
   * server spawns it, the entity is compared and corrected like any other. If it does
   * not in time, the entity is removed.
   *
   * Call it after `apply`, not within `step`: it is added again by itself when ticks are
   * simulated again.
   *
   * @param fill Sets the numbers of a place: `state.values[state.at("token") + place]`.
   * @returns The place of the entity; -1 if there are as many as there can be, or no
   * tick yet.
   * @throws {TypeError} If there is no option `token`.
   */
  spawn(fill: (state: PredictedState, place: number) => void): number {
    if (this.#token === undefined) {
      throw new TypeError(
        "Cannot spawn an entity as the option token must name a field: current value is undefined",
      );
    }
    const { state } = this;
    const place = this.#tick < 0 ? -1 : this.#takePlace(NOT_SPAWNED);
    if (place < 0) return -1;
    const { values, capacity } = state;
    for (let at = place; at < values.length; at += capacity) values[at] = 0;
    fill(state, place);
    if (this.#isRounded) this.#round(place, place + 1);
    copyPlace(values, this.#births, place, capacity);
    this.#birthTicks[place] = this.#tick;
    setBit(this.#unmatched, place);
    this.#record(this.#tick);
    this.#counts.spawned++;
    return place;
  }

  /**
   * Moves all entities on by a tick.
   *
   * @param tick The tick: an integer above the newest one. If it leaves any out, what the
   * server says of those is followed without a look.
   * @param input What the player does, as the server will read it: what `InputSender.push`
   * gives. It is kept.
   * @throws {RangeError} If `tick` is no such integer.
   */
  apply(tick: number, input: I): void {
    checkInteger("tick", tick, this.#tick + 1, 0xffff_ffff);
    const at = tick % PREDICTED_TICKS;
    this.#inputs[at] = input;
    this.#hasInput[at] = 1;
    this.#simulate(input);
    this.#tick = tick;
    this.#record(tick);
  }

  /**
   * Compares what the server has sent with what was predicted for the same tick.
   *
   * Entities that the table has no more are predicted no more.
   *
   * @param tick The tick. One that is not later than the last is ignored.
   * @param table What the server has sent.
   * @param stale The places whose values are older than the tick, as of
   * `WorldSnapshot.stale`; none if left out. Their entities are neither compared nor
   * removed.
   * @returns Whether inputs were applied again.
   * @throws {RangeError} If `tick` is no integer from 0 to 2^32 - 1.
   */
  reconcile(tick: number, table: TableContent, stale?: Uint32Array): boolean {
    checkInteger("tick", tick, 0, 0xffff_ffff);
    if (!(tick > this.#reconciledTick)) return false;
    this.#reconciledTick = tick;
    const counts = this.#counts;
    counts.compared++;
    this.#match(tick, table);
    const isKnown = this.#isKept(tick);
    const { alive } = this.state;
    const restored = this.#restored;
    restored.fill(0);
    let isWrong = false;
    let isAny = false;
    for (let at = nextBit(alive, 0); at >= 0; at = nextBit(alive, at + 1)) {
      if (hasBit(this.#unmatched, at)) continue;
      const id = this.#ids[at]! as EntityId;
      const slot = slotOfId(id);
      if (stale !== undefined && hasBit(stale, slot)) continue;
      if (!this.#isIn(table, id)) {
        this.remove(at);
        continue;
      }
      if (isKnown && this.#wasAlive(tick, at)) {
        if (this.#isAsPredicted(tick, at, table, slot)) continue;
        isWrong = true;
      }
      setBit(restored, at);
      isAny = true;
    }
    if (isWrong) counts.mispredicted++;
    if (isAny) this.#goBack(tick, table);
    return isAny;
  }

  /**
   * Brings what is drawn nearer to what is predicted: once a frame.
   *
   * @param dt How long the frame is, in seconds: 0 or more.
   * @throws {RangeError} If it is not.
   */
  tickCorrection(dt: number): void {
    checkNotNegative("dt", dt);
    this.#corrections.tick(dt);
    this.#isShown = false;
  }

  /** Restores entities at a tick, and applies the inputs since. */
  #goBack(tick: number, table: TableContent): void {
    const { values, alive } = this.state;
    const restored = this.#restored;
    const living = this.#living;
    living.set(alive);
    this.#drawn.set(this.shown);
    this.#drawnPlaces.fill(0);
    if (this.#isKept(this.#tick)) {
      const start = this.#tick % PREDICTED_TICKS * alive.length;
      for (let i = 0; i < alive.length; i++) {
        this.#drawnPlaces[i] = this.#pastAlive[start + i]!;
      }
    }
    const from = this.#newestUpTo(tick);
    if (from >= 0) {
      const past = from % PREDICTED_TICKS;
      const start = past * values.length;
      values.set(this.#pastValues.subarray(start, start + values.length));
      for (let i = 0; i < alive.length; i++) {
        alive[i] = living[i]! & this.#pastAlive[past * alive.length + i]!;
      }
    }
    this.#bear(from, tick);
    for (
      let at = nextBit(restored, 0);
      at >= 0;
      at = nextBit(restored, at + 1)
    ) this.#restore(at, tick, table);
    if (tick >= this.#tick) this.#tick = tick;
    const first = this.#tick - PREDICTED_TICKS + 1;
    // What is older than all that is kept has no place there.
    if (tick >= first) {
      if (!this.#isKept(tick)) this.#hasInput[tick % PREDICTED_TICKS] = 0;
      this.#record(tick);
    }
    for (let t = Math.max(tick + 1, first); t <= this.#tick; t++) {
      if (!this.#isKept(t)) continue;
      const at = t % PREDICTED_TICKS;
      if (this.#hasInput[at] === 1) {
        this.#simulate(this.#inputs[at]!);
        this.#counts.replayed++;
      }
      this.#bear(t - 1, t);
      this.#record(t);
    }
    this.#smooth();
  }

  /** Draws on from where everything was drawn. */
  #smooth(): void {
    const { values, alive } = this.state;
    this.#isShown = false;
    for (let at = nextBit(alive, 0); at >= 0; at = nextBit(alive, at + 1)) {
      // One that was not drawn has nowhere to come from.
      if (!hasBit(this.#drawnPlaces, at)) this.#corrections.end(at);
      else if (!this.#corrections.begin(at, this.#drawn, values)) {
        this.#counts.snapped++;
      }
    }
  }

  #restore(place: number, tick: number, table: TableContent): void {
    const { values, alive, capacity } = this.state;
    const slot = slotOfId(this.#ids[place]! as EntityId);
    for (const { codec, column, first } of this.#fields) {
      codec.load(
        table.values,
        column * table.capacity + slot,
        table.capacity,
        values,
        first * capacity + place,
        capacity,
      );
    }
    setBit(alive, place);
    copyPlace(values, this.#births, place, capacity);
    this.#birthTicks[place] = tick;
    this.#counts.restored++;
  }

  /** Adds what came after one tick and up to another, as it was then. */
  #bear(after: number, upTo: number): void {
    const { values, alive, capacity } = this.state;
    const living = this.#living;
    for (let at = nextBit(living, 0); at >= 0; at = nextBit(living, at + 1)) {
      const tick = this.#birthTicks[at]!;
      if (tick <= after || tick > upTo) continue;
      copyPlace(this.#births, values, at, capacity);
      setBit(alive, at);
    }
  }

  #simulate(input: I): void {
    this.#step(this.state, input, this.#dt);
    if (this.#isRounded) this.#round(0, this.state.capacity);
  }

  #round(from: number, end: number): void {
    const { values, capacity } = this.state;
    const fields = this.#fields;
    for (let i = 0; i < fields.length; i++) {
      const { codec, first } = fields[i]!;
      const start = first * capacity;
      codec.round(values, start + from, start + end, capacity);
    }
  }

  /** Keeps the state as that after a tick. */
  #record(tick: number): void {
    const { values, alive } = this.state;
    const at = tick % PREDICTED_TICKS;
    this.#ticks[at] = tick;
    this.#pastValues.set(values, at * values.length);
    this.#pastAlive.set(alive, at * alive.length);
    this.#isShown = false;
  }

  #isKept(tick: number): boolean {
    return tick >= 0 && this.#ticks[tick % PREDICTED_TICKS] === tick;
  }

  #newestUpTo(tick: number): number {
    const oldest = Math.max(0, this.#tick - PREDICTED_TICKS + 1);
    for (let t = Math.min(tick, this.#tick); t >= oldest; t--) {
      if (this.#isKept(t)) return t;
    }
    return -1;
  }

  #wasAlive(tick: number, place: number): boolean {
    const words = this.state.alive.length;
    const word = tick % PREDICTED_TICKS * words + (place >>> 5);
    return (this.#pastAlive[word]! >>> (place & 31) & 1) === 1;
  }

  #isAsPredicted(
    tick: number,
    place: number,
    table: TableContent,
    slot: number,
  ): boolean {
    const { values, capacity } = this.state;
    const past = tick % PREDICTED_TICKS * values.length;
    const fields = this.#fields;
    let isRight = true;
    for (let i = 0; i < fields.length; i++) {
      const { codec, column, first, allowed, errors } = fields[i]!;
      const steps = codec.distance(
        table.values,
        column * table.capacity + slot,
        table.capacity,
        this.#pastValues,
        past + first * capacity + place,
        capacity,
      );
      if (steps <= allowed) continue;
      isRight = false;
      errors.count++;
      errors.totalSteps += steps;
      errors.maxSteps = Math.max(errors.maxSteps, steps);
    }
    return isRight;
  }

  /** Finds the server's entities that the client has spawned already. */
  #match(tick: number, table: TableContent): void {
    const unmatched = this.#unmatched;
    for (
      let at = nextBit(unmatched, 0);
      at >= 0;
      at = nextBit(unmatched, at + 1)
    ) {
      const slot = this.#slotOf(at, table);
      if (slot >= 0) {
        const { number } = this.#type;
        this.#ids[at] = entityIdOf(number, slot, table.generations[slot]!);
        clearBit(unmatched, at);
        this.#counts.matched++;
      } else if (tick >= this.#birthTicks[at]! + this.#spawnTicks) {
        this.remove(at);
        this.#counts.unmatched++;
      }
    }
  }

  /** The server's place of an entity with the token of one of ours. */
  #slotOf(place: number, table: TableContent): number {
    const { column, lane, min } = this.#token!;
    const { capacity, alive, values, generations } = table;
    const token = this.#births[lane * this.state.capacity + place]! - min;
    for (let at = nextBit(alive, 0); at >= 0; at = nextBit(alive, at + 1)) {
      if (values[column * capacity + at]! >>> 0 !== token) continue;
      const id = entityIdOf(this.#type.number, at, generations[at]!);
      if (this.state.placeOf(id) < 0) return at;
    }
    return -1;
  }

  #isIn(table: TableContent, id: EntityId): boolean {
    return holdsEntity(table, this.#type.number, id);
  }

  #takePlace(id: number): number {
    const { alive, capacity } = this.state;
    for (let place = 0; place < capacity; place++) {
      if (hasBit(alive, place)) continue;
      setBit(alive, place);
      this.#ids[place] = id;
      return place;
    }
    return -1;
  }

  #findToken(name: string): { column: number; lane: number; min: number } {
    const field = this.#type.schema.fields[name] as AnyField | undefined;
    const predicted = this.#fields.find((it) => it.field === name);
    if (predicted?.codec.isExact && field !== undefined) {
      const min = "min" in field ? field.min : SIGNED[field.type] ?? 0;
      return { column: predicted.column, lane: predicted.first, min };
    }
    throw new RangeError(
      `Cannot predict entities as token must name a predicted field of whole numbers: current value is "${name}"`,
    );
  }

  #smoothedFields(
    smoothed: Readonly<Record<string, number>> | undefined,
  ): SmoothedField[] {
    if (smoothed !== undefined) {
      for (const [name, limit] of Object.entries(smoothed)) {
        const codec = this.#fields.find((it) => it.field === name)?.codec;
        if (codec === undefined || codec.correction === "none") {
          throw new RangeError(
            `Cannot predict entities as smoothed must name predicted fields that move: current value is "${name}"`,
          );
        }
        checkNotNegative(`smoothed.${name}`, limit);
      }
    }
    const fields: SmoothedField[] = [];
    for (const { field, first, count, codec } of this.#fields) {
      const kind = codec.correction;
      const usual = kind === "angle" || kind === "rotation"
        ? Infinity
        : field === "position" && kind === "linear"
        ? 5
        : undefined;
      const limit = smoothed === undefined ? usual : smoothed[field];
      if (limit === undefined) continue;
      fields.push({ first, count, kind, limit, least: codec.step / 8 });
    }
    return fields;
  }
}

/** One step apart is let pass, but for the rounding of the difference. */
const ONE_STEP = 1 + 1e-6;
/** Of what is rounded at both ends, all is the same or a step apart. */
const HALF_STEP = 0.5;
const SIGNED: Readonly<Record<string, number>> = {
  i8: -0x80,
  i16: -0x8000,
  i32: -0x8000_0000,
};

function predictedFields<I>(
  { schema }: EntityType,
  { fields, tolerances = {}, isRounded = true }: PredictorOptions<I>,
): readonly Predicted[] {
  const columns = fieldColumnsOf(schema);
  for (const [name, tolerance] of Object.entries(tolerances)) {
    if (fields === undefined ? columns.has(name) : fields.includes(name)) {
      checkFinite(`tolerances.${name}`, tolerance);
    } else throw notPredicted("tolerances", name);
  }
  const predicted: Predicted[] = [];
  let first = 0;
  for (const name of fields ?? columns.keys()) {
    const field = schema.fields[name] as AnyField | undefined;
    const codec = field && predictedCodec(field, tolerances[name]);
    if (codec === undefined) {
      if (fields !== undefined) throw notPredicted("fields", name);
      continue;
    }
    predicted.push({
      field: name,
      codec,
      first,
      count: codec.laneCount,
      column: columns.get(name)!.first,
      allowed: tolerances[name] !== undefined || !codec.hasSteps || !isRounded
        ? codec.isExact ? 0 : ONE_STEP
        : HALF_STEP,
      errors: { count: 0, maxSteps: 0, totalSteps: 0 },
    });
    first += codec.laneCount;
  }
  if (predicted.length === 0) throw notPredicted("fields", "");
  return predicted;
}

function notPredicted(option: string, name: string): RangeError {
  return new RangeError(
    `Cannot predict entities as ${option} must name fields that can be predicted: current value is "${name}"`,
  );
}

function copyPlace(
  from: Float64Array,
  to: Float64Array,
  place: number,
  capacity: number,
): void {
  for (let at = place; at < from.length; at += capacity) to[at] = from[at]!;
}
