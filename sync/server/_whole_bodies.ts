// This module is browser compatible.
import { ByteWriter } from "../../protocol/mod.ts";
import type { CoderSet } from "../coder/sync_coders.ts";
import type { EntityType } from "../schema/define_world.ts";
import { EntityTable } from "../snapshot/entity_table.ts";
import { type BodyPart, writeBody } from "../wire/body.ts";
import { MAX_SNAPSHOT_BYTES, SNAPSHOT_RING } from "../wire/packet_kind.ts";
import { viewChecksum } from "../wire/view_checksum.ts";
import { bitSet } from "../world/bit_set.ts";
import type { WorldHistory } from "../world/world_history.ts";
import { findDifference, TypeView } from "./type_view.ts";

/** The bytes from one base. */
interface Body {
  /** Of which tick the bytes are; -1 if none. */
  tick: number;
  /** To which tick they are the difference; -1 if to nothing. */
  baseTick: number;
  readonly writer: ByteWriter;
}

/**
 * The bodies of snapshots of the newest tick for those who see everything and have
 * everything of an earlier one: written once, however many they are.
 *
 * Only for coders that learn nothing: what they write depends on two ticks alone.
 */
export class WholeBodies {
  readonly #types: readonly EntityType[];
  readonly #history: WorldHistory;
  readonly #coders: CoderSet;
  readonly #empty: readonly EntityTable[];
  readonly #bodies: Body[] = [];
  readonly #views: readonly TypeView[];
  readonly #wanted: readonly Uint32Array[];
  readonly #written: readonly Uint32Array[];
  #checksum = 0;
  #checksumTick = -1;
  /** How many bodies were written. */
  encodes = 0;

  constructor(
    types: readonly EntityType[],
    history: WorldHistory,
    coders: CoderSet,
  ) {
    this.#types = types;
    this.#history = history;
    this.#coders = coders;
    this.#empty = types.map(({ schema }) => new EntityTable(schema));
    this.#views = types.map(({ schema }) => new TypeView(schema.maxEntities));
    this.#wanted = types.map(({ schema }) => bitSet(schema.maxEntities));
    this.#written = types.map(({ schema }) => bitSet(schema.maxEntities));
  }

  /** The checksum of the newest tick. */
  get checksum(): number {
    const tick = this.#history.newest!;
    if (this.#checksumTick !== tick) {
      this.#checksumTick = tick;
      this.#checksum = viewChecksum(this.#history.tablesAt(tick));
    }
    return this.#checksum;
  }

  /**
   * Tells a body.
   *
   * @param baseTick What the client has; -1 if nothing.
   * @returns Bytes that hold until the next tick; `undefined` if they are too many.
   */
  body(baseTick: number): Uint8Array | undefined {
    const tick = this.#history.newest!;
    const index = baseTick < 0 ? SNAPSHOT_RING : baseTick % SNAPSHOT_RING;
    const body = this.#bodies[index] ??= {
      tick: -1,
      baseTick: -1,
      writer: new ByteWriter({ maxBytes: MAX_SNAPSHOT_BYTES }),
    };
    if (body.tick !== tick || body.baseTick !== baseTick) {
      body.tick = tick;
      body.baseTick = baseTick;
      this.#write(baseTick, body.writer);
    }
    return body.writer.ok ? body.writer.view() : undefined;
  }

  #write(baseTick: number, writer: ByteWriter): void {
    const history = this.#history;
    const now = history.tablesAt(history.newest!);
    const before = baseTick < 0 ? this.#empty : history.tablesAt(baseTick);
    this.encodes++;
    const parts = this.#types.map((_, i): BodyPart => {
      const view = this.#views[i]!;
      const written = this.#written[i]!;
      view.present.set(before[i]!.alive);
      const base = baseTick < 0 ? undefined : { view, tick: baseTick };
      findDifference(history, i, base, undefined, {
        candidates: written,
        wanted: this.#wanted[i]!,
      });
      return {
        base: before[i]!,
        baseState: undefined,
        current: now[i]!,
        state: undefined,
        written,
      };
    });
    writer.reset();
    writeBody(this.#coders, parts, writer);
  }
}
