// Records that go to and fro between servers by gift and by death, while commands and replies are lost, late or held, and
// batches are tried again. Whoever has a record has the last value of it that was saved, and one server has it at a time.
// TICKWIRE_SOAK=1 runs 2000 schedules, an ordinary run 60.
import { assert, assertEquals } from "@std/assert";
import { ManualClock, SeededRandom } from "../../core/mod.ts";
import type { LobbyBatch, LobbyRecordKey } from "../store/lobby_store.ts";
import { type FakeConnection, FakeRedis } from "./_testing/fake_redis.ts";
import { LobbyCluster } from "./lobby_cluster.ts";

const SCHEDULES = Deno.env.get("TICKWIRE_SOAK") === "1" ? 2_000 : 60;
const STEPS = 250;
const STEP_MS = 50;
const LEASE_MS = 1_000;
const NAMES = ["u", "v", "w", "x", "y"];

/** What a lobby server does with a cluster, and no more: records are numbers that count up. */
class Server {
  readonly connection: FakeConnection;
  readonly cluster: LobbyCluster;
  /** What it has, with the number that each is at. */
  readonly has = new Map<string, number>();
  /** What it is giving away. */
  readonly moving = new Map<string, number>();
  readonly #dirty = new Set<string>();
  #flight: LobbyBatch | undefined;
  #isSaving = false;
  readonly #model: Model;

  constructor(model: Model, connection: FakeConnection, cluster: LobbyCluster) {
    this.#model = model;
    this.connection = connection;
    this.cluster = cluster;
  }

  receive(name: string, value: string): void {
    // What was claimed and never saved begins anew.
    const number = value.startsWith("claimed") ? 0 : Number(value);
    const { seed, saved } = this.#model;
    assert(!this.has.has(name), `seed ${seed}: ${name} comes twice`);
    assert(
      number >= (saved.get(name) ?? 0),
      `seed ${seed}: ${name} is at ${number}, not ${saved.get(name)}`,
    );
    this.has.set(name, number);
  }

  change(name: string): void {
    if (!this.has.has(name)) return;
    this.has.set(name, this.#model.next());
    this.#dirty.add(name);
  }

  remove(name: string): void {
    if (!this.has.delete(name)) return;
    this.#dirty.add(name);
    // From here on another one may begin anew with it.
    this.#model.saved.delete(name);
  }

  async claim(name: string): Promise<void> {
    const place = await this.cluster.claim(recordOf(name));
    if (place.type !== "here" || !place.isNew || !this.cluster.isHeld) return;
    if (!this.has.has(name)) this.receive(name, "claimed");
    this.change(name);
  }

  async give(name: string, to: Server): Promise<void> {
    const number = this.has.get(name);
    if (number === undefined || to === this) return;
    this.has.delete(name);
    this.moving.set(name, number);
    const isGiven = await this.cluster.give(to.cluster.token, [
      { ...recordOf(name), value: String(number) },
    ]);
    this.moving.delete(name);
    if (!isGiven) this.has.set(name, number);
  }

  tick(): void {
    const { cluster } = this;
    cluster.tick(STEP_MS / 1_000);
    if (!cluster.isHeld) return;
    const { inherited, taken } = cluster.takeNews();
    for (const { key, value } of inherited) this.receive(key, value);
    assertEquals(taken, [], `seed ${this.#model.seed}`);
    this.#commit();
  }

  #commit(): void {
    if (this.#isSaving) return;
    if (this.#flight === undefined) {
      if (this.#dirty.size === 0) return;
      const changed = [];
      const removed = [];
      for (const name of this.#dirty) {
        const number = this.has.get(name) ?? this.moving.get(name);
        if (number === undefined) removed.push(recordOf(name));
        else changed.push({ ...recordOf(name), value: String(number) });
      }
      this.#dirty.clear();
      this.#flight = { changed, removed };
    }
    const flight = this.#flight;
    this.#isSaving = true;
    this.cluster.save(flight).then(() => {
      this.#flight = undefined;
      this.#isSaving = false;
      if (!this.cluster.isHeld) return;
      for (const { key, value } of flight.changed) {
        if (this.has.has(key)) this.#model.note(key, Number(value));
      }
    }, () => {
      this.#isSaving = false;
    });
  }
}

class Model {
  readonly seed: number;
  readonly random: SeededRandom;
  readonly clock = new ManualClock();
  readonly redis: FakeRedis = new FakeRedis(this.clock);
  readonly servers: Server[] = [];
  /** What was saved last of each, as somebody was told. */
  readonly saved = new Map<string, number>();
  #number = 0;

  constructor(seed: number) {
    this.seed = seed;
    this.random = new SeededRandom(seed);
  }

  next(): number {
    return ++this.#number;
  }

  note(name: string, number: number): void {
    this.saved.set(name, Math.max(number, this.saved.get(name) ?? 0));
  }

  async start(): Promise<void> {
    const connection = this.redis.connect();
    const { clock } = this;
    const cluster = await LobbyCluster.open(connection, {
      url: "ws://a.test",
      leaseMs: LEASE_MS,
      clock,
    });
    const server = new Server(this, connection, cluster);
    for (const { key, value } of await cluster.load()) {
      server.receive(key, value);
    }
    this.servers.push(server);
  }

  below(end: number): number {
    return this.random.nextU32() % end;
  }

  act(): void {
    const server = this.servers[this.below(this.servers.length)]!;
    const name = NAMES[this.below(NAMES.length)]!;
    const { connection } = server;
    switch (this.below(16)) {
      case 0:
      case 1:
        void server.claim(name);
        break;
      case 2:
      case 3:
      case 4:
      case 5:
        server.change(name);
        break;
      case 6:
        server.remove(name);
        break;
      case 7:
      case 8:
      case 9: {
        const to = this.servers[this.below(this.servers.length)]!;
        void server.give(name, to);
        break;
      }
      case 10:
        connection.losesReplies = true;
        break;
      case 11:
        connection.isCut = true;
        break;
      case 12:
        connection.isSlow = true;
        break;
      case 13:
        connection.isHeld = true;
        break;
      default:
        heal(connection);
    }
  }

  async step(): Promise<void> {
    this.clock.advance(STEP_MS);
    for (const server of this.servers) server.tick();
    for (let i = 0; i < 30; i++) await Promise.resolve();
    const owner = new Map<string, number>();
    for (const { cluster, has } of this.servers) {
      if (!cluster.isHeld) continue;
      for (const name of has.keys()) {
        assert(!owner.has(name), `seed ${this.seed}: ${name} is at two`);
        owner.set(name, cluster.token);
      }
    }
  }

  /** Everything is well again, and what is in Redis is what the servers have. */
  async settle(): Promise<void> {
    for (const { connection } of this.servers) heal(connection);
    for (let i = 0; i < 80; i++) await this.step();
    const living = this.servers.filter(({ cluster }) => cluster.isHeld);
    for (const { cluster, has, moving } of living) {
      assertEquals([...moving], [], `seed ${this.seed}`);
      const records = this.redis.hash(
        `tickwire:{lobby}:records:${cluster.token}`,
      );
      for (const [name, number] of has) {
        // What one has claimed that has died is its heir's, and nothing yet.
        if (number === 0) continue;
        assertEquals(
          records.get(nameOf(name)),
          String(number),
          `seed ${this.seed}: ${name}`,
        );
      }
      for (const [name, value] of records) {
        // A claim whose reply was lost is there until it is made again.
        const isKnown = has.has(name.slice("lobby:".length));
        assert(
          isKnown || value.startsWith("claimed"),
          `seed ${this.seed}: nobody has ${name}: ${value}`,
        );
      }
    }
  }
}

function recordOf(name: string): LobbyRecordKey {
  return { kind: "lobby", key: name };
}

function nameOf(name: string): string {
  return `lobby:${name}`;
}

function heal(connection: FakeConnection): void {
  connection.losesReplies = false;
  connection.isCut = false;
  connection.release();
}

Deno.test("LobbyClusters hand records over, to and fro, without an older one coming back", async () => {
  for (let seed = 1; seed <= SCHEDULES; seed++) {
    const model = new Model(seed);
    for (let i = 0; i < 3; i++) await model.start();
    for (let i = 0; i < STEPS; i++) {
      model.act();
      await model.step();
      const { servers } = model;
      for (const [at, { cluster }] of servers.entries()) {
        if (cluster.isHeld) continue;
        servers.splice(at, 1);
        await model.start();
        break;
      }
    }
    await model.settle();
  }
});
