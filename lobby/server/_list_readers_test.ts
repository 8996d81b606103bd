import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { type ClientId, outMessage } from "../../websocket/mod.ts";
import { ListingFeed } from "../browser/_listing_feed.ts";
import { below, randomListing } from "../browser/_testing/random_listing.ts";
import { type ListReader, ListReaders } from "./_list_readers.ts";

/** A feed, its readers, and what they are told. */
class World {
  readonly random = new SeededRandom(1);
  readonly feed: ListingFeed;
  readonly readers: ListReaders;
  readonly open: ListReader[] = [];
  /** How many messages each reader has got in this tick, the answer not counted. */
  readonly told = new Map<ClientId, number>();
  /** Those for whom there is no room. */
  readonly full = new Set<ClientId>();
  readonly slow: ClientId[] = [];
  answers = 0;

  constructor(messageBytes = 100) {
    this.feed = new ListingFeed(
      { maxListed: 1_000, pageSize: 4, pageBytes: 65_536, maxFilters: 10 },
      () => outMessage(new Uint8Array(messageBytes)),
    );
    this.readers = new ListReaders(this.feed, {
      send: (client) => {
        if (this.full.has(client)) return false;
        this.told.set(client, (this.told.get(client) ?? 0) + 1);
        return true;
      },
      reply: (client) => {
        if (this.full.has(client)) return false;
        this.answers++;
        return true;
      },
      onSlow: (reader) => {
        if (this.full.has(reader.client)) return false;
        this.slow.push(reader.client);
        this.close(reader);
        return true;
      },
    });
  }

  join(count: number): void {
    for (let i = 0; i < count; i++) {
      const cursor = this.feed.subscribe({})!;
      const client = this.open.length as ClientId;
      this.open.push(
        this.readers.open(client, cursor, 1, new Uint8Array(10)),
      );
    }
  }

  close(reader: ListReader): void {
    this.feed.unsubscribe(reader.cursor);
    this.readers.close(reader);
  }

  change(): void {
    const listing = randomListing(this.random, below(this.random, 40));
    this.feed.update(listing.id, {
      ...listing,
      name: `${this.random.nextU32()}`,
    });
  }

  tick(share: number): void {
    this.told.clear();
    this.readers.tick(share);
  }
}

Deno.test("ListReaders tells each reader once in an interval, however many there are", () => {
  for (const count of [1, 7, 10, 333]) {
    const world = new World();
    world.join(count);
    while (world.told.size > 0 || world.answers < count) world.tick(0.1);
    const last = new Map<ClientId, number>();
    for (let tick = 0; tick < 100; tick++) {
      world.change();
      world.tick(0.1);
      // Nobody has to wait for longer, and no tick is for more than its part.
      assert(world.told.size <= Math.ceil(count / 10), `${count} readers`);
      for (const [client, messages] of world.told) {
        assert(messages <= 3);
        const since = tick - (last.get(client) ?? tick - 10);
        assert(since >= 9 && since <= 11, `${since} of ${count} readers`);
        last.set(client, tick);
      }
    }
    assertEquals(last.size, count);
  }
});

Deno.test("ListReaders begins a list at once, and goes on with each tick", () => {
  const world = new World(40_000);
  for (let i = 0; i < 40; i++) world.change();
  const { size } = world.feed;
  world.join(1);
  let messages = 0;
  for (let tick = 0; tick < Math.ceil(size / 8); tick++) {
    world.tick(0.1);
    assert(world.told.get(0 as ClientId)! <= 2);
    messages += world.told.get(0 as ClientId)!;
  }
  assertEquals(world.answers, 1);
  assertEquals(messages, Math.ceil(size / 4));
  assertEquals(world.readers.sentBytes, messages * 40_000);
});

Deno.test("ListReaders tells those for whom there was no room what they lack later", () => {
  const world = new World();
  world.join(4);
  const client = 2 as ClientId;
  world.full.add(client);
  for (let i = 0; i < 100; i++) {
    world.change();
    world.tick(1);
    assertEquals(world.told.size, 3);
  }
  world.full.delete(client);
  world.tick(1);
  world.tick(1);
  assertEquals(world.answers, 4);
  // Its list, and no more than there is to be told of each lobby.
  assert(world.open[2]!.cursor.upTo === world.open[0]!.cursor.upTo);
  assertEquals(world.slow, []);
});

Deno.test("ListReaders ends the list of who takes nothing, when there is room to say so", () => {
  const world = new World();
  world.join(3);
  world.tick(1);
  const client = 1 as ClientId;
  world.full.add(client);
  for (let i = 0; i < 300; i++) {
    world.change();
    world.tick(1);
  }
  assertEquals(world.slow, []);
  world.full.delete(client);
  world.tick(1);
  assertEquals(world.slow, [client]);
  world.change();
  world.tick(1);
  assertEquals([...world.told.keys()].sort(), [0, 2]);
  assertEquals(world.feed.filterCount, 1);
});

Deno.test("ListReaders answers who asks for another list before it was told of the first", () => {
  const world = new World();
  world.join(2);
  world.close(world.open[0]!);
  assertEquals(world.answers, 1);
  world.tick(1);
  assertEquals(world.answers, 2);
});

Deno.test("ListReaders forgets who has left", () => {
  const world = new World();
  world.join(20);
  world.tick(1);
  for (const reader of world.open) world.close(reader);
  world.change();
  world.tick(1);
  assertEquals(world.told.size, 0);
  assertEquals(world.feed.filterCount, 0);
});
