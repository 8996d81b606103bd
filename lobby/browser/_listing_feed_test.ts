import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { type OutMessage, outMessage } from "../../websocket/mod.ts";
import type { LobbyId } from "../lobby_id.ts";
import type { ListingCursor } from "./_filtered_list.ts";
import { ListingFeed } from "./_listing_feed.ts";
import {
  below,
  randomFilter,
  randomListing,
} from "./_testing/random_listing.ts";
import type { LobbyListingDiff } from "./listing_diff.ts";
import { LobbyBrowser } from "./lobby_browser.ts";
import { isWanted, type LobbyFilter, prepareFilter } from "./lobby_filter.ts";
import type { LobbyListing } from "./lobby_listing.ts";

const OPTIONS = {
  maxListed: 1_000,
  pageSize: 64,
  pageBytes: 65_536,
  maxFilters: 100,
};

/** Somebody who reads messages as a client does. */
class Reader {
  readonly browser = new LobbyBrowser();
  readonly cursor: ListingCursor;
  readonly #feed: ListingFeed;
  messages = 0;

  constructor(feed: ListingFeed, filter: LobbyFilter) {
    this.#feed = feed;
    this.cursor = feed.subscribe(filter)!;
  }

  /** Takes so many messages, or all that there are. */
  read(count = Infinity): void {
    for (; count > 0; count--) {
      const message = this.#feed.next(this.cursor);
      if (message === undefined) return;
      this.messages++;
      this.browser.applyDiff(decode(message));
      this.cursor.take();
    }
  }

  close(): void {
    this.#feed.unsubscribe(this.cursor);
  }
}

function encode(_key: string, diff: LobbyListingDiff): OutMessage {
  return outMessage(new TextEncoder().encode(JSON.stringify(diff)));
}

function decode({ bytes }: OutMessage): LobbyListingDiff {
  return JSON.parse(new TextDecoder().decode(bytes));
}

function sorted(browser: LobbyBrowser): LobbyListing[] {
  return browser.filteredSorted({}, { by: "name" });
}

Deno.test("ListingFeed leaves each reader with what its filter lets through", () => {
  const rounds = Deno.env.get("TICKWIRE_SOAK") ? 300 : 20;
  for (let seed = 1; seed <= rounds; seed++) {
    const random = new SeededRandom(seed);
    // Of some, messages of a few listings, or of one for its bytes.
    const feed = new ListingFeed({
      ...OPTIONS,
      pageSize: 1 + below(random, 8),
      pageBytes: 200 + below(random, 2_000),
    }, encode);
    const model = new Map<LobbyId, LobbyListing>();
    const readers: { reader: Reader; filter: LobbyFilter }[] = [];
    for (let step = 0; step < 300; step++) {
      const listing = randomListing(random, below(random, 60));
      if (below(random, 4) === 0) {
        model.delete(listing.id);
        feed.update(listing.id, undefined);
      } else {
        model.set(listing.id, listing);
        feed.update(listing.id, listing);
      }
      if (below(random, 4) === 0 && readers.length > 0) {
        readers[below(random, readers.length)]!.reader.read(below(random, 6));
      }
      if (below(random, 20) === 0) {
        const filter = randomFilter(random);
        readers.push({ reader: new Reader(feed, filter), filter });
      }
      if (below(random, 60) === 0 && readers.length > 0) {
        const [gone] = readers.splice(below(random, readers.length), 1);
        gone!.reader.close();
      }
    }
    for (const { reader, filter } of readers) {
      reader.read();
      assert(!reader.cursor.isLost, `seed ${seed}`);
      const expected = new LobbyBrowser();
      const prepared = prepareFilter(filter);
      expected.updateListings(
        [...model.values()].filter((it) => isWanted(it, prepared)),
      );
      assertEquals(sorted(reader.browser), sorted(expected), `seed ${seed}`);
    }
    for (const { reader } of readers) reader.close();
    assertEquals(feed.filterCount, 0);
  }
});

Deno.test("ListingFeed encodes once for all who stand at the same place", () => {
  let encoded = 0;
  const feed = new ListingFeed(OPTIONS, (key, diff) => {
    encoded++;
    return encode(key, diff);
  });
  const random = new SeededRandom(3);
  for (let i = 0; i < 200; i++) {
    feed.update(randomListing(random, i).id, randomListing(random, i));
  }
  const readers = Array.from({ length: 100 }, () => new Reader(feed, {}));
  for (const reader of readers) reader.read();
  assertEquals(encoded, Math.ceil(200 / OPTIONS.pageSize));
  const listing = { ...randomListing(random, 7), name: "changed" };
  feed.update(listing.id, listing);
  for (const reader of readers) reader.read();
  assertEquals(encoded, Math.ceil(200 / OPTIONS.pageSize) + 1);
  for (const { browser } of readers) {
    assertEquals(browser.listing(listing.id)?.name, "changed");
  }
  // Who comes while another is told the list gets the same, and what has changed since.
  encoded = 0;
  const first = new Reader(feed, {});
  first.read(2);
  feed.update(listing.id, { ...listing, name: "changed again" });
  const second = new Reader(feed, {});
  second.read();
  first.read();
  assertEquals(encoded, Math.ceil(200 / OPTIONS.pageSize) + 1);
  readers[0]!.read();
  for (const { browser } of [first, second]) {
    assertEquals(sorted(browser), sorted(readers[0]!.browser));
  }
  // What nobody is being told is not kept.
  encoded = 0;
  new Reader(feed, {}).read();
  assertEquals(encoded, Math.ceil(200 / OPTIONS.pageSize));
});

Deno.test("ListingFeed tells of what has changed many times once", () => {
  const feed = new ListingFeed(OPTIONS, encode);
  const random = new SeededRandom(8);
  const listing = randomListing(random, 1);
  feed.update(listing.id, listing);
  const reader = new Reader(feed, {});
  const other = new Reader(feed, {});
  reader.read();
  for (let players = 1; players <= 9; players++) {
    feed.update(listing.id, { ...listing, name: "changed", players });
    other.read();
  }
  const message = decode(feed.next(reader.cursor)!);
  assertEquals(message, {
    isReset: false,
    added: [],
    changed: [{ id: listing.id, name: "changed", players: 9 }],
    removed: [],
  });
  reader.read(1);
  assertEquals(feed.next(reader.cursor), undefined);
});

Deno.test("ListingFeed says nothing of what changes back, or not at all", () => {
  const feed = new ListingFeed(OPTIONS, encode);
  const random = new SeededRandom(4);
  const listing = randomListing(random, 1);
  feed.update(listing.id, listing);
  const reader = new Reader(feed, {});
  const other = new Reader(feed, {});
  reader.read();
  const { messages } = reader;
  feed.update(listing.id, { ...listing, metadata: { ...listing.metadata } });
  reader.read();
  feed.update(listing.id, { ...listing, players: 9 });
  other.read();
  feed.update(listing.id, listing);
  feed.update(randomListing(random, 2).id, randomListing(random, 2));
  other.read();
  feed.update(randomListing(random, 2).id, undefined);
  reader.read();
  assertEquals(reader.messages, messages);
});

Deno.test("ListingFeed tells of what changes while it tells of much", () => {
  const feed = new ListingFeed({ ...OPTIONS, pageSize: 1 }, encode);
  const random = new SeededRandom(10);
  const [a, b] = [randomListing(random, 1), randomListing(random, 2)];
  const reader = new Reader(feed, {});
  const other = new Reader(feed, {});
  function change(listing: LobbyListing, name: string): void {
    feed.update(listing.id, { ...listing, name });
    other.read();
  }
  change(a, "0");
  change(b, "0");
  reader.read();
  change(a, "1");
  change(b, "1");
  change(a, "2");
  reader.read(1);
  change(a, "1");
  reader.read();
  assertEquals(sorted(reader.browser), sorted(other.browser));
});

Deno.test("ListingFeed lists no more than it may, and the next one when there is room", () => {
  const feed = new ListingFeed({ ...OPTIONS, maxListed: 3 }, encode);
  const random = new SeededRandom(5);
  const listings = Array.from(
    { length: 6 },
    (_, i) => ({ ...randomListing(random, i), name: `${i}` }),
  );
  const reader = new Reader(feed, {});
  for (const listing of listings) feed.update(listing.id, listing);
  reader.read();
  assertEquals(sorted(reader.browser).map(({ name }) => name), [
    "0",
    "1",
    "2",
  ]);
  feed.update(listings[1]!.id, undefined);
  feed.update(listings[3]!.id, undefined);
  reader.read();
  assertEquals(sorted(reader.browser).map(({ name }) => name), [
    "0",
    "2",
    "4",
  ]);
});

Deno.test("ListingFeed refuses more filters than it may have, not more readers", () => {
  const feed = new ListingFeed({ ...OPTIONS, maxFilters: 2 }, encode);
  assert(feed.subscribe({ mode: "race" }) !== undefined);
  assert(feed.subscribe({ name: "A" }) !== undefined);
  assertEquals(feed.subscribe({ map: "m" }), undefined);
  // The same but for how it is said.
  assert(feed.subscribe({ name: "a", hideFull: false }) !== undefined);
  assertEquals(feed.filterCount, 2);
});

Deno.test("ListingFeed makes no message longer than it may be, but of one listing", () => {
  const feed = new ListingFeed({ ...OPTIONS, pageBytes: 10_000 }, encode);
  const random = new SeededRandom(7);
  const reader = new Reader(feed, {});
  reader.read();
  const first = randomListing(random, 0);
  for (let i = 0; i < 100; i++) {
    const pad = "x".repeat(i === 50 ? 20_000 : 4_000);
    const id = randomListing(random, i).id;
    feed.update(id, { ...first, id, name: `${i}`, metadata: { pad } });
  }
  for (const it of [reader, new Reader(feed, {})]) {
    for (;;) {
      const message = feed.next(it.cursor);
      if (message === undefined) break;
      const { added } = decode(message);
      assert(message.bytes.length <= 10_000 || added.length === 1);
      it.read(1);
    }
    assertEquals(it.browser.size, 100);
  }
});

Deno.test("ListingFeed keeps no more of the past than its readers need", () => {
  const feed = new ListingFeed(OPTIONS, encode);
  const random = new SeededRandom(6);
  const reader = new Reader(feed, {});
  for (let i = 0; i < 20_000; i++) {
    const listing = randomListing(random, i);
    feed.update(listing.id, listing);
    if (i % 2 === 0) feed.update(listing.id, undefined);
    if (i % 100 === 0) reader.read();
    if (i >= 100) feed.update(randomListing(random, i - 99).id, undefined);
  }
  const { list } = reader.cursor;
  assert(list.stepCount - list.forgottenSteps <= 4_096);
  assert(feed.logLength <= 4_096, `${feed.logLength}`);
});

Deno.test("ListingFeed loses who is too far behind, and nobody else", () => {
  const feed = new ListingFeed(OPTIONS, encode);
  const random = new SeededRandom(9);
  const reader = new Reader(feed, {});
  const slow = new Reader(feed, {});
  const lost = new Reader(feed, {});
  for (let i = 0; i < 10_000; i++) {
    const listing = randomListing(random, below(random, 50));
    feed.update(listing.id, listing);
    reader.read();
    if (i % 1_000 === 0) slow.read();
  }
  slow.read();
  assert(lost.cursor.isLost);
  assert(!reader.cursor.isLost && !slow.cursor.isLost);
  assertEquals(sorted(slow.browser), sorted(reader.browser));
  const { list } = reader.cursor;
  assert(list.stepCount - list.forgottenSteps <= 4_096 + 1_024);
});
