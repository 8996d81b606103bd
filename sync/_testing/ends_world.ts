import { assert, assertEquals } from "@std/assert";
import { ManualClock, type Metric, SeededRandom } from "../../core/mod.ts";
import {
  bits,
  bool,
  type Channel,
  f32,
  list,
  quat,
  string,
  u8,
  vec3,
} from "../../protocol/mod.ts";
import type { SyncClientEvent } from "../client/sync_client_event.ts";
import type { SyncCoders } from "../coder/sync_coders.ts";
import { SyncClient } from "../client/sync_client.ts";
import type { DecodedSnapshot } from "../client/world_snapshot.ts";
import { defineEntity } from "../schema/define_entity.ts";
import { defineWorld } from "../schema/define_world.ts";
import type { ClientEnd } from "../server/_client_end.ts";
import type { SyncPeer } from "../server/sync_peer.ts";
import { SyncServer } from "../server/sync_server.ts";
import type {
  SyncPeerOptions,
  SyncServerOptions,
} from "../server/sync_server_options.ts";
import { EntityTable } from "../snapshot/entity_table.ts";
import { bitSet, hasBit, nextBit } from "../world/bit_set.ts";
import { type EntityId, slotOfId, typeOfId } from "../world/entity_id.ts";
import { StrongCoder } from "../coder/strong/strong_coder.ts";
import { LossyLinks, type LossyOptions } from "./lossy_links.ts";

export const DT = 1 / 60;
/** Nothing that is older is built upon any more, or still under way. */
const KEPT_TICKS = 512;

/** A world with something of every kind. */
export const mixed = defineWorld({
  cube: defineEntity({
    position: vec3({ min: -64, max: 64, step: 1 / 16 }),
    rotation: quat({ bits: 9 }),
    held: bool,
  }, { maxEntities: 90 }),
  player: defineEntity({
    position: vec3({ min: -64, max: 64, step: 1 / 16 }),
    name: string({ maxBytes: 12 }),
    aim: f32,
    bag: list(u8, { maxLength: 3 }),
  }, { maxEntities: 8 }),
  round: defineEntity({ score: bits(20) }, { maxEntities: 1 }),
});
/** A coder that learns and shows at once when two ends have learnt different things. */
export const CODERS: SyncCoders = { strong: (form) => new StrongCoder(form) };
type Mixed = typeof mixed.schemas;

/** What a client is to have after a message. */
interface Expected {
  readonly tick: number;
  readonly tables: readonly EntityTable[];
  readonly stale: readonly Uint32Array[];
  readonly owned: readonly EntityId[];
}

/** A client, its link, and what was seen of both. */
export interface WorldClient {
  readonly peer: SyncPeer;
  readonly client: SyncClient<Mixed>;
  readonly links: LossyLinks;
  readonly expected: Map<number, Expected>;
  readonly events: SyncClientEvent[];
  /** Times that its own entities were others than before. */
  ownedChanges: number;
  /** Lengths of what was sent to it, by channel, with the frame. */
  readonly sent: { frame: number; bytes: number; channel: Channel }[];
  checked: number;
  /** How many of those that were checked had something stale. */
  stale: number;
  lastSequence: number;
}

/** Options for {@linkcode EndsWorld}. */
export interface EndsOptions {
  readonly seed: number;
  readonly link?: Omit<LossyOptions, "random">;
  readonly server?: SyncServerOptions<Mixed>;
  /** Whether entities become and cease to be clients' own, at random. */
  readonly owns?: boolean;
}

/** A server with a random game and clients over bad links, all of it checked. */
export class EndsWorld {
  readonly random: SeededRandom;
  readonly clock = new ManualClock();
  readonly server: SyncServer<Mixed>;
  readonly clients: WorldClient[] = [];
  readonly ids: EntityId[] = [];
  frame = 0;
  /** How many changes there are in a tick, at most. */
  activity = 12;
  readonly #options: EndsOptions;
  /** Of its own, so that the game is the same. */
  readonly #owning: SeededRandom;
  /** The last ticks, as they were. */
  readonly #archive: (readonly EntityTable[])[] = [];

  constructor(options: EndsOptions) {
    this.#options = options;
    this.random = new SeededRandom(options.seed);
    this.#owning = new SeededRandom(options.seed + 7_000);
    this.server = new SyncServer(mixed, {
      clock: this.clock,
      coders: CODERS,
      ...options.server,
    });
  }

  connect(options: SyncPeerOptions = {}): WorldClient {
    const links = new LossyLinks({
      random: this.random,
      ...this.#options.link,
    });
    const sent: WorldClient["sent"] = [];
    links.a.onSend = (bytes, channel): void => {
      if (bytes[0] === 1) {
        sent.push({ frame: this.frame, bytes: bytes.length, channel });
      }
    };
    const added: WorldClient = {
      peer: this.server.connect(links.a, options)!,
      client: new SyncClient(mixed, links.b, {
        clock: this.clock,
        coders: CODERS,
      }),
      links,
      expected: new Map(),
      events: [],
      ownedChanges: 0,
      sent,
      checked: 0,
      stale: 0,
      lastSequence: -1,
    };
    this.clients.push(added);
    return added;
  }

  run(frames: number): void {
    for (let i = 0; i < frames; i++) {
      this.frame++;
      this.clock.advance(DT * 1_000);
      for (const { links } of this.clients) links.tick();
      this.server.tick(DT, () => {
        this.step();
        if (this.#options.owns && this.activity > 0) this.#own();
      });
      this.#keep();
      for (const it of this.clients) {
        it.client.tick(DT);
        for (const event of it.client.drainEvents()) {
          it.events.push(event);
          if (event.type !== "ownedChanged") continue;
          it.ownedChanges++;
          assert(event.owned === it.client.owned);
        }
        this.#check(it);
      }
    }
  }

  /** Changes the world at random. */
  step(): void {
    const { random, ids } = this;
    const { entities } = this.server;
    for (let i = random.nextU32() % (this.activity + 1); i > 0; i--) {
      const at = random.nextU32() % Math.max(1, ids.length);
      const id = ids[at];
      switch (random.nextU32() % 8) {
        case 0:
          this.spawn();
          break;
        case 1:
          if (ids.length > 40) {
            entities.despawn(id!);
            ids.splice(at, 1);
          }
          break;
        default:
          if (id !== undefined) this.#change(id);
      }
    }
  }

  /** Makes entities clients' own, and not any more, now and then. */
  #own(): void {
    const random = this.#owning;
    for (const { peer } of this.clients) {
      const { owned } = peer;
      if (random.nextU32() % 10 > 0) continue;
      if (owned.length > 3 || owned.length > 0 && random.nextU32() % 2 === 0) {
        this.server.disown(peer, owned[random.nextU32() % owned.length]!);
      } else {
        const id = this.ids[random.nextU32() % Math.max(1, this.ids.length)];
        if (id !== undefined) this.server.own(peer, id);
      }
    }
  }

  spawn(): EntityId | undefined {
    const { entities } = this.server;
    const kind = this.random.nextU32() % 12;
    const id = kind === 0
      ? entities.spawn("round", { score: 1 })
      : kind < 3
      ? entities.spawn("player", {
        position: this.#point(),
        name: "new",
        aim: 0.5,
        bag: [],
      })
      : entities.spawn("cube", {
        position: this.#point(),
        rotation: { x: 0, y: 0, z: 0, w: 1 },
        held: false,
      });
    if (id !== undefined) this.ids.push(id);
    return id;
  }

  /** Takes away everything. */
  clear(): void {
    for (const id of this.ids.splice(0)) this.server.entities.despawn(id);
  }

  #point(): { x: number; y: number; z: number } {
    const { random } = this;
    return {
      x: random.nextFloat() * 120 - 60,
      y: random.nextFloat() * 120 - 60,
      z: random.nextFloat() * 4,
    };
  }

  #change(id: EntityId): void {
    const { random } = this;
    const { entities } = this.server;
    const type = entities.typeOf(id)!;
    if (type === "round") {
      entities.set(id, "round", { score: random.nextU32() % 2 ** 20 });
    } else if (type === "player") {
      const which = random.nextU32() % 4;
      if (which === 0) {
        entities.set(id, "player", { name: `n${random.nextU32() % 20}` });
      } else if (which === 1) {
        entities.set(id, "player", { bag: [random.nextU32() % 256] });
      } else {
        entities.set(id, "player", {
          position: this.#point(),
          aim: random.nextFloat(),
        });
      }
    } else {
      entities.set(id, "cube", {
        position: this.#point(),
        rotation: {
          x: random.nextFloat() - 0.5,
          y: random.nextFloat() - 0.5,
          z: random.nextFloat() - 0.5,
          w: 1,
        },
        held: random.nextU32() % 2 === 0,
      });
    }
  }

  /** Keeps the tick, and what each client is to have of it. */
  #keep(): void {
    const { history } = this.server;
    const tick = history.newest!;
    this.#archive[tick] = history.tablesAt(tick).map(clone);
    delete this.#archive[tick - KEPT_TICKS];
    for (const { peer, expected } of this.clients) {
      const { last } = (peer as ClientEnd).inFlight;
      if (last === undefined || last.tick !== tick) continue;
      const tables = mixed.types.map(({ schema, number }) => {
        const now = this.#archive[tick]![number]!;
        const view = last.views?.[number];
        if (view === undefined) return now;
        const table = new EntityTable(schema);
        for (let at = 0; at < schema.maxEntities; at++) {
          if (!hasBit(view.present, at)) continue;
          assert(!hasBit(view.stale, at) || hasBit(view.told, at));
          const source = hasBit(view.stale, at)
            ? this.#archive[view.sources[at]!]![number]!
            : now;
          table.copySlot(source, at);
        }
        return table;
      });
      const stale = mixed.types.map(({ schema, number }) =>
        last.views?.[number]?.told.slice() ?? bitSet(schema.maxEntities)
      );
      const { owned } = peer;
      expected.set(last.sequence, { tick, tables, stale, owned });
      expected.delete(last.sequence - KEPT_TICKS & 0xffff);
    }
  }

  /** Compares what has come with what was to. */
  #check(it: WorldClient): void {
    const { seed } = this.#options;
    for (const snapshot of it.client.snapshots()) {
      const { sequence, tick, tables, stale } = snapshot;
      const isNew = it.lastSequence < 0 ||
        (sequence - it.lastSequence << 16) > 0;
      if (!isNew) continue;
      it.lastSequence = sequence;
      it.checked++;
      const expected = it.expected.get(sequence);
      const message = `seed ${seed}, frame ${this.frame}, ${sequence}`;
      assert(expected !== undefined, message);
      assertEquals(tick, expected.tick, message);
      assertSame(tables, expected.tables, message);
      assertEquals(stale, expected.stale, message);
      const { owned } = snapshot as DecodedSnapshot;
      assertEquals(owned, expected.owned, message);
      if (snapshot === it.client.newest) {
        const there = owned.filter((id) => it.client.has(id));
        assertEquals(it.client.owned, there, message);
      }
      if (!snapshot.isPartial) {
        for (const id of owned) {
          assert(tables[typeOfId(id)]!.isAlive(slotOfId(id)), message);
        }
      }
      if (stale.some((it) => nextBit(it, 0) >= 0)) it.stale++;
    }
  }

  /** Runs without changes until all clients have everything. */
  settle(frames = 400): void {
    const { activity } = this;
    this.activity = 0;
    this.run(frames);
    this.activity = activity;
    for (const { client, peer } of this.clients) {
      assertEquals(client.owned, peer.owned);
      assertSame(
        client.tables,
        this.server.entities.tables,
        `seed ${this.#options.seed}`,
      );
    }
  }
}

/** Compares two views, to the bit. */
export function assertSame(
  actual: readonly EntityTable[],
  expected: readonly EntityTable[],
  message: string,
): void {
  for (let type = 0; type < expected.length; type++) {
    const a = actual[type]!;
    const b = expected[type]!;
    for (let at = 0; at < b.capacity; at++) {
      if (isSamePlace(a, b, at)) continue;
      assert(false, `${message}, type ${type}, place ${at}`);
    }
  }
}

function isSamePlace(a: EntityTable, b: EntityTable, at: number): boolean {
  const { capacity } = b;
  const isAlive = b.isAlive(at);
  if (a.isAlive(at) !== isAlive) return false;
  if (isAlive && a.generations[at] !== b.generations[at]) return false;
  for (let i = at; i < a.values.length; i += capacity) {
    if (a.values[i] !== (isAlive ? b.values[i] : 0)) return false;
  }
  for (let i = at; i < a.blobs.length; i += capacity) {
    const bytes = isAlive ? b.blobs[i]! : [];
    const own = a.blobs[i]!;
    if (own.length !== bytes.length) return false;
    if (!own.every((byte, k) => byte === bytes[k])) return false;
  }
  return true;
}

/** The value of a metric, with a label's value if there is one. */
export function metricOf(
  end: { metrics(): Iterable<Metric> },
  name: string,
  label?: string,
): number {
  for (const metric of end.metrics()) {
    if (metric.name !== `tickwire_sync_${name}`) continue;
    if (
      label === undefined ||
      Object.values(metric.labels ?? {}).includes(label)
    ) return metric.value;
  }
  throw new Error(`There is no metric ${name} ${label ?? ""}`);
}

function clone(table: EntityTable): EntityTable {
  const copy = new EntityTable(table.form);
  copy.copyFrom(table);
  return copy;
}
