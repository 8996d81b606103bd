import { assert, assertEquals } from "@std/assert";
import type { LobbyListing } from "../browser/lobby_listing.ts";
import type { LobbyId } from "../lobby_id.ts";
import { Peers, readServerInfo } from "./_peers.ts";

function listing(id: string, players = 1): LobbyListing {
  return {
    id: id as LobbyId,
    name: "one",
    mode: "custom",
    map: "",
    state: "waiting",
    players,
    maxPlayers: 4,
    reservedSeats: 0,
    spectators: 0,
    isPrivate: false,
    isJoinable: true,
    isOpenToSpectators: true,
    region: "",
    metadata: {},
  };
}

function told(
  by: string,
  number: number,
  changes: Record<string, unknown>,
): string {
  return JSON.stringify({ by, number, changes });
}

function peersOf(maxListings = 10): Peers {
  const peers = new Peers(maxListings);
  const info = { url: "ws://x.test", listed: 0 };
  peers.update(new Map([["1", info], ["2", info]]), () => true);
  return peers;
}

Deno.test("Peers take changes in their order, and notice what is missing", () => {
  const peers = peersOf();
  assert(peers.onMessage(told("1", 1, { a: listing("a") }), "9"));
  assertEquals([...peers.takeChanges().keys()], ["a"]);
  // One is missing: nothing is taken before all of it is read.
  peers.onMessage(told("1", 3, { b: listing("b") }), "9");
  assertEquals(peers.takeChanges().size, 0);
  const peer = peers.get("1")!;
  assertEquals([peer.listed, peer.latest], [1, 3]);
  peers.onRead(peer, [["", "3"], ["c", JSON.stringify(listing("c"))]]);
  assertEquals([...peers.takeChanges()], [
    ["c" as LobbyId, listing("c")],
    ["a" as LobbyId, undefined],
  ]);
  assertEquals([peer.listed, peers.listingCount], [3, 1]);
  // Twice is once.
  peers.onMessage(told("1", 3, { b: listing("b") }), "9");
  assertEquals(peers.takeChanges().size, 0);
});

Deno.test("Peers list a lobby that has changed its server as long as one of both does", () => {
  const peers = peersOf();
  peers.onMessage(told("1", 1, { a: listing("a"), b: listing("b") }), "9");
  peers.onMessage(told("2", 1, { a: listing("a", 2) }), "9");
  assertEquals(peers.takeChanges().get("a" as LobbyId)?.players, 2);
  // The first one dies.
  const info = { url: "ws://x.test", listed: 1 };
  peers.update(new Map([["1", info], ["2", info]]), (token) => token === "2");
  assertEquals([...peers.takeChanges()], [["b" as LobbyId, undefined]]);
  peers.update(new Map(), () => true);
  assertEquals([...peers.takeChanges()], [["a" as LobbyId, undefined]]);
  assertEquals([...peers.values()], []);
});

Deno.test("Peers pass over what makes no sense or finds no room", () => {
  const peers = peersOf(2);
  const wrong = [
    "",
    "{",
    "[]",
    "null",
    told("1", -1, {}),
    JSON.stringify({ by: 1, number: 1, changes: {} }),
    JSON.stringify({ by: "1", number: 1, changes: [] }),
  ];
  for (const text of wrong) assert(peers.onMessage(text, "9"), text);
  assertEquals(peers.dropped, wrong.length);
  peers.onMessage(
    told("1", 1, {
      "": listing(""),
      a: listing("b"),
      c: { ...listing("c"), players: "many" },
      d: 1,
      e: listing("e"),
      f: listing("f"),
      g: listing("g"),
    }),
    "9",
  );
  assertEquals([...peers.takeChanges().keys()], ["e", "f"]);
  assertEquals(peers.dropped, wrong.length + 5);
  // Who is not known is to be asked for; this server itself is not.
  assert(!peers.onMessage(told("3", 1, {}), "9"));
  assert(peers.onMessage(told("9", 1, {}), "9"));
});

Deno.test("readServerInfo() reads what a server says of itself, and nothing else", () => {
  assertEquals(readServerInfo('{"url":"ws://a","listed":3,"x":1}'), {
    url: "ws://a",
    listed: 3,
  });
  for (const text of ["", "1", "{}", '{"url":1,"listed":3}', '{"url":"a"}']) {
    assertEquals(readServerInfo(text), undefined);
  }
});
