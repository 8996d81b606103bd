// This module is browser compatible.

/**
 * Columns of tickets. Matching reads them in the order of the skills, so that they stand in
 * that order in the memory too: what the table has of a ticket is somewhere else each time.
 */
export class IndexColumns {
  slots: Int32Array;
  /** The tickets' ids. */
  ids: Float64Array;
  skills: Float64Array;
  /** Sums of the players' skills. */
  totals: Float64Array;
  /** When they began to wait, in seconds of the queue's time. */
  arrived: Float64Array;
  partySizes: Uint8Array;
  /** Bits of the regions within the latency window, as last worked out. */
  reach: Int32Array;
  /** Bits of the regions beyond comfort. */
  far: Int32Array;
  /** The wait in seconds from which on the latency window has one region more. */
  reachUntil: Float64Array;
  /** From when on matches with the tickets are looked for again, in seconds. */
  wakes: Float64Array;

  constructor(length: number) {
    this.slots = new Int32Array(length);
    this.ids = new Float64Array(length);
    this.skills = new Float64Array(length);
    this.totals = new Float64Array(length);
    this.arrived = new Float64Array(length);
    this.partySizes = new Uint8Array(length);
    this.reach = new Int32Array(length);
    this.far = new Int32Array(length);
    this.reachUntil = new Float64Array(length);
    this.wakes = new Float64Array(length);
  }

  get length(): number {
    return this.slots.length;
  }

  /** Takes over the first `count` tickets of other columns. */
  set(from: IndexColumns, count: number): void {
    this.slots.set(from.slots.subarray(0, count));
    this.ids.set(from.ids.subarray(0, count));
    this.skills.set(from.skills.subarray(0, count));
    this.totals.set(from.totals.subarray(0, count));
    this.arrived.set(from.arrived.subarray(0, count));
    this.partySizes.set(from.partySizes.subarray(0, count));
    this.reach.set(from.reach.subarray(0, count));
    this.far.set(from.far.subarray(0, count));
    this.reachUntil.set(from.reachUntil.subarray(0, count));
    this.wakes.set(from.wakes.subarray(0, count));
  }

  /** Takes over one ticket of other columns. */
  copy(to: number, from: IndexColumns, at: number): void {
    this.slots[to] = from.slots[at]!;
    this.ids[to] = from.ids[at]!;
    this.skills[to] = from.skills[at]!;
    this.totals[to] = from.totals[at]!;
    this.arrived[to] = from.arrived[at]!;
    this.partySizes[to] = from.partySizes[at]!;
    this.reach[to] = from.reach[at]!;
    this.far[to] = from.far[at]!;
    this.reachUntil[to] = from.reachUntil[at]!;
    this.wakes[to] = from.wakes[at]!;
  }
}
