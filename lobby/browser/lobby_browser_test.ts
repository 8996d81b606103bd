import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { lobbyId } from "../lobby_id.ts";
import { randomListing } from "./_testing/random_listing.ts";
import { LobbyBrowser, type LobbySortKey } from "./lobby_browser.ts";
import type { LobbyListing } from "./lobby_listing.ts";

const BASE: LobbyListing = {
  id: lobbyId("base"),
  name: "Duel",
  mode: "deathmatch",
  map: "",
  state: "waiting",
  players: 1,
  maxPlayers: 4,
  reservedSeats: 0,
  spectators: 0,
  isPrivate: false,
  isJoinable: true,
  isOpenToSpectators: true,
  region: "",
  metadata: {},
};

function listing(id: string, rest: Partial<LobbyListing>): LobbyListing {
  return { ...BASE, id: lobbyId(id), ...rest };
}

const LISTINGS = [
  listing("a", { name: "beta", players: 2, mode: "race", region: "eu" }),
  listing("b", { name: "Alpha", players: 4, region: "us", isPrivate: true }),
  listing("c", { name: "gamma", players: 3, reservedSeats: 1, map: "m" }),
  listing("d", { name: "alpha", players: 1, isJoinable: false, pingMs: 70 }),
];

function makeBrowser(): LobbyBrowser {
  const browser = new LobbyBrowser();
  browser.updateListings(LISTINGS);
  browser.pings.set("eu", 30);
  browser.pings.set("us", 120);
  return browser;
}

function ids(listings: readonly LobbyListing[]): string {
  return listings.map(({ id }) => id).join("");
}

Deno.test("LobbyBrowser.filteredSorted() filters by each, and by all together", () => {
  const browser = makeBrowser();
  for (
    const [filter, expected] of [
      [{}, "abcd"],
      [{ mode: "race" }, "a"],
      [{ map: "m" }, "c"],
      [{ map: "" }, "abd"],
      [{ name: "ALPH" }, "bd"],
      [{ region: "us" }, "b"],
      [{ hideFull: true }, "ad"],
      [{ hidePrivate: true }, "acd"],
      [{ hideUnjoinable: true }, "abc"],
      // Where nobody knows how far it is, it is shown.
      [{ maxPingMs: 70 }, "acd"],
      [{ maxPingMs: 69 }, "ac"],
      [{ name: "a", hideFull: true, maxPingMs: 50 }, "a"],
    ] as const
  ) {
    const shown = browser.filteredSorted(filter, { by: "name" });
    assertEquals([...ids(shown)].sort().join(""), expected);
  }
});

Deno.test("LobbyBrowser.filteredSorted() sorts by each, both ways, and never by chance", () => {
  for (
    const [by, isDescending, expected] of [
      ["players", undefined, "bcad"],
      ["players", false, "dacb"],
      ["ping", undefined, "adbc"],
      ["ping", true, "bdac"],
      ["name", undefined, "bdac"],
      ["name", true, "cabd"],
      ["mode", undefined, "bdca"],
      ["mode", true, "abdc"],
    ] as [LobbySortKey, boolean | undefined, string][]
  ) {
    const browser = makeBrowser();
    const sort = isDescending === undefined ? { by } : { by, isDescending };
    assertEquals(ids(browser.filteredSorted({}, sort)), expected, by);
    browser.updateListings(LISTINGS.toReversed());
    assertEquals(ids(browser.filteredSorted({}, sort)), expected, by);
  }
  assertEquals(ids(makeBrowser().filteredSorted()), "bcad");
});

Deno.test("LobbyBrowser.canRefresh is false for as long as a list is fresh", () => {
  const browser = new LobbyBrowser({ refreshIntervalMs: 500 });
  assert(browser.canRefresh);
  browser.updateListings([]);
  assert(!browser.canRefresh);
  browser.tick(0.499);
  assert(!browser.canRefresh);
  browser.tick(0.001);
  assert(browser.canRefresh);
  browser.applyDiff({ isReset: false, added: [], changed: [], removed: [] });
  assert(!browser.canRefresh);
  browser.clear();
  assert(browser.canRefresh);
  assertThrows(() => browser.tick(-1), RangeError);
  assertThrows(() => new LobbyBrowser({ refreshIntervalMs: -1 }), RangeError);
});

Deno.test("LobbyBrowser.applyDiff() adds, changes, removes, and passes over what it has not", () => {
  const browser = makeBrowser();
  const { version } = browser;
  browser.applyDiff({
    isReset: false,
    added: [listing("e", { name: "new" })],
    changed: [
      { id: lobbyId("a"), players: 3 },
      { id: lobbyId("z"), players: 3 },
    ],
    removed: [lobbyId("b"), lobbyId("y")],
  });
  assert(browser.version > version);
  assertEquals(ids(browser.filteredSorted({}, { by: "name" })), "dace");
  assertEquals(browser.listing(lobbyId("a")), { ...LISTINGS[0]!, players: 3 });
  browser.applyDiff({
    isReset: true,
    added: [LISTINGS[0]!],
    changed: [],
    removed: [],
  });
  assertEquals(browser.size, 1);
});

Deno.test("LobbyBrowser keeps of a list what came last of each lobby", () => {
  const random = new SeededRandom(1);
  const browser = new LobbyBrowser();
  const first = randomListing(random, 1);
  const last = { ...first, name: "last" };
  browser.updateListings([first, last]);
  assertEquals(browser.size, 1);
  assertEquals(browser.listing(first.id), last);
});

function many(count: number, rest: Partial<LobbyListing> = {}): LobbyListing[] {
  return Array.from({ length: count }, (_, i) => listing(`${i}`, rest));
}

Deno.test("LobbyBrowser keeps so many listings, and counts those without room", () => {
  const browser = new LobbyBrowser({ maxListings: 3 });
  browser.updateListings(many(5));
  assertEquals([browser.size, browser.droppedListings], [3, 2]);
  const none = { isReset: false, added: [], changed: [], removed: [] };
  browser.applyDiff({ ...none, added: [listing("new", {})] });
  assertEquals([browser.size, browser.droppedListings], [3, 3]);
  // What is there already takes no more room, and what goes makes some.
  browser.applyDiff({ ...none, added: [listing("1", { players: 2 })] });
  assertEquals(browser.listing(lobbyId("1"))?.players, 2);
  browser.applyDiff({
    ...none,
    removed: [lobbyId("0")],
    added: [listing("new", {})],
  });
  assertEquals(browser.listing(lobbyId("new"))?.name, "Duel");
  assertEquals([browser.size, browser.droppedListings], [3, 3]);
  for (const maxListings of [0, 1.5, NaN, 1_000_001]) {
    assertThrows(() => new LobbyBrowser({ maxListings }), RangeError);
  }
});

Deno.test("LobbyBrowser keeps so much text of listings, however few they are", () => {
  const browser = new LobbyBrowser({ maxListings: 8 });
  const long = { metadata: { text: "x".repeat(3_000) } };
  browser.updateListings(many(8, long));
  assertEquals([browser.size, browser.droppedListings], [2, 6]);
  // A change that has no room leaves nothing that is wrong.
  browser.applyDiff({
    isReset: false,
    added: [],
    changed: [{ id: lobbyId("1"), metadata: { text: "x".repeat(9_000) } }],
    removed: [],
  });
  assertEquals([browser.size, browser.droppedListings], [1, 7]);
  // Whatever was there, all the room is there again.
  browser.clear();
  browser.updateListings(many(8));
  assertEquals([browser.size, browser.droppedListings], [8, 7]);
  browser.applyDiff({
    isReset: true,
    added: many(2, long),
    changed: [],
    removed: [],
  });
  assertEquals([browser.size, browser.droppedListings], [2, 7]);
});
