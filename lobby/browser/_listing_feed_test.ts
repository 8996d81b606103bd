import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import type { LobbyId } from "../lobby_id.ts";
import { ListingFeed, type ListingReader } from "./_listing_feed.ts";
import {
  below,
  randomFilter,
  randomListing,
} from "./_testing/random_listing.ts";
import type { LobbyListingDiff } from "./listing_diff.ts";
import { LobbyBrowser } from "./lobby_browser.ts";
import { isWanted, type LobbyFilter, prepareFilter } from "./lobby_filter.ts";
import type { LobbyListing } from "./lobby_listing.ts";

const OPTIONS = { maxListed: 1_000, pageSize: 64, maxFilters: 100 };

/** Somebody who reads messages as a client does. */
class Reader implements ListingReader {
  readonly browser = new LobbyBrowser();
  messages = 0;

  push(message: Uint8Array): void {
    this.messages++;
    this.browser.applyDiff(decode(message));
  }
}

function encode(_key: string, diff: LobbyListingDiff): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(diff));
}

function decode(message: Uint8Array): LobbyListingDiff {
  return JSON.parse(new TextDecoder().decode(message));
}

function sorted(browser: LobbyBrowser): LobbyListing[] {
  return browser.filteredSorted({}, { by: "name" });
}

Deno.test("ListingFeed leaves each reader with what its filter lets through", () => {
  const rounds = Deno.env.get("TICKWIRE_SOAK") ? 300 : 20;
  for (let seed = 1; seed <= rounds; seed++) {
    const random = new SeededRandom(seed);
    const feed = new ListingFeed(OPTIONS, encode);
    const model = new Map<LobbyId, LobbyListing>();
    const readers: { reader: Reader; key: string; filter: LobbyFilter }[] = [];
    for (let step = 0; step < 300; step++) {
      const listing = randomListing(random, below(random, 60));
      if (below(random, 4) === 0) {
        model.delete(listing.id);
        feed.update(listing.id, undefined);
      } else {
        model.set(listing.id, listing);
        feed.update(listing.id, listing);
      }
      if (below(random, 10) === 0) feed.flush(0.5);
      if (below(random, 20) === 0) {
        const reader = new Reader();
        const filter = randomFilter(random);
        readers.push({ reader, filter, key: feed.subscribe(reader, filter)! });
      }
      if (below(random, 60) === 0 && readers.length > 0) {
        const [gone] = readers.splice(below(random, readers.length), 1);
        feed.unsubscribe(gone!.reader, gone!.key);
      }
    }
    feed.flush(1);
    assert(!feed.isBehind);
    for (const { reader, filter } of readers) {
      const expected = new LobbyBrowser();
      const prepared = prepareFilter(filter);
      expected.updateListings(
        [...model.values()].filter((it) => isWanted(it, prepared)),
      );
      assertEquals(sorted(reader.browser), sorted(expected), `seed ${seed}`);
    }
    for (const { reader, key } of readers) feed.unsubscribe(reader, key);
    assertEquals(feed.filterCount, 0);
  }
});

Deno.test("ListingFeed encodes once for each filter, however many read it", () => {
  let encoded = 0;
  const feed = new ListingFeed(OPTIONS, (key, diff) => {
    encoded++;
    return encode(key, diff);
  });
  const random = new SeededRandom(3);
  for (let i = 0; i < 200; i++) {
    feed.update(randomListing(random, i).id, randomListing(random, i));
  }
  const readers = Array.from({ length: 100 }, () => new Reader());
  for (const reader of readers) feed.subscribe(reader, {});
  assertEquals(encoded, Math.ceil(200 / OPTIONS.pageSize));
  const listing = { ...randomListing(random, 7), name: "changed" };
  feed.update(listing.id, listing);
  feed.flush(1);
  assertEquals(encoded, Math.ceil(200 / OPTIONS.pageSize) + 1);
  for (const { browser } of readers) {
    assertEquals(browser.listing(listing.id)?.name, "changed");
  }
});

Deno.test("ListingFeed says nothing of what changes back, or not at all", () => {
  const feed = new ListingFeed(OPTIONS, encode);
  const random = new SeededRandom(4);
  const listing = randomListing(random, 1);
  feed.update(listing.id, listing);
  const reader = new Reader();
  feed.subscribe(reader, {});
  const { messages } = reader;
  feed.update(listing.id, { ...listing, metadata: { ...listing.metadata } });
  assert(!feed.isBehind);
  feed.update(listing.id, { ...listing, players: 9 });
  feed.update(listing.id, listing);
  feed.update(randomListing(random, 2).id, randomListing(random, 2));
  feed.update(randomListing(random, 2).id, undefined);
  feed.flush(1);
  assertEquals(reader.messages, messages);
});

Deno.test("ListingFeed lists no more than it may, and the next one when there is room", () => {
  const feed = new ListingFeed({ ...OPTIONS, maxListed: 3 }, encode);
  const random = new SeededRandom(5);
  const listings = Array.from(
    { length: 6 },
    (_, i) => ({ ...randomListing(random, i), name: `${i}` }),
  );
  const reader = new Reader();
  feed.subscribe(reader, {});
  for (const listing of listings) feed.update(listing.id, listing);
  feed.flush(1);
  assertEquals(sorted(reader.browser).map(({ name }) => name), [
    "0",
    "1",
    "2",
  ]);
  feed.update(listings[1]!.id, undefined);
  feed.update(listings[3]!.id, undefined);
  feed.flush(1);
  assertEquals(sorted(reader.browser).map(({ name }) => name), [
    "0",
    "2",
    "4",
  ]);
});

Deno.test("ListingFeed refuses more filters than it may have, not more readers", () => {
  const feed = new ListingFeed({ ...OPTIONS, maxFilters: 2 }, encode);
  const reader = new Reader();
  assert(feed.subscribe(reader, { mode: "race" }) !== undefined);
  assert(feed.subscribe(reader, { name: "A" }) !== undefined);
  assertEquals(feed.subscribe(reader, { map: "m" }), undefined);
  // The same but for how it is said.
  assert(feed.subscribe(new Reader(), { name: "a", hideFull: false }));
  assertEquals(feed.filterCount, 2);
});

Deno.test("ListingFeed keeps no more of the past than its readers need", () => {
  const feed = new ListingFeed(OPTIONS, encode);
  const random = new SeededRandom(6);
  const reader = new Reader();
  feed.subscribe(reader, {});
  for (let i = 0; i < 20_000; i++) {
    const listing = randomListing(random, i);
    feed.update(listing.id, listing);
    feed.update(listing.id, undefined);
    if (i % 100 === 0) feed.flush(1);
  }
  feed.flush(1);
  assertEquals(sorted(reader.browser), []);
  assert(feed.logLength <= 4_096, `${feed.logLength}`);
});
