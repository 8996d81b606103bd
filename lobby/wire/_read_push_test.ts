import { assert, assertEquals } from "@std/assert";
import { playerId, SeededRandom } from "../../core/mod.ts";
import { lobbyListing } from "../browser/lobby_listing.ts";
import { applyLobbyEvent } from "../manager/apply_lobby_event.ts";
import type { Lobby } from "../manager/lobby.ts";
import type { LobbyEvent } from "../manager/lobby_event.ts";
import { LobbyManager } from "../manager/lobby_manager.ts";
import { mutate } from "./_testing/mutate.ts";
import { readAnswer } from "./_read_answer.ts";
import { readPush } from "./_read_push.ts";
import type { LobbyPush } from "./lobby_push.ts";

const PLAYERS = ["ada", "bob", "eve", "joe"].map(playerId);

/** What a manager has to tell of lobbies in which all sorts of things happen. */
function pushes(seed: number): LobbyPush[] {
  const random = new SeededRandom(seed);
  const manager = new LobbyManager({
    random,
    reconnectGraceMs: 2_000,
    newLobbyId: () => `lobby ${random.nextU32()}`,
    newCode: () => `code ${random.nextU32()}`,
  });
  const told: LobbyPush[] = [];
  for (let i = 0; i < 400; i++) {
    const player = PLAYERS[random.nextU32() % PLAYERS.length]!;
    const other = PLAYERS[random.nextU32() % PLAYERS.length]!;
    const lobby = manager.lobbyForPlayer(other)?.id;
    switch (random.nextU32() % 20) {
      case 0:
        manager.createLobby(player, {
          name: "Caf\u00e9",
          teams: { count: 2, assignment: "manual" },
          countdownMs: 500,
          isJoinableInGame: true,
        }, { metadata: { level: 1 } });
        break;
      case 1:
      case 2:
      case 3:
        if (lobby !== undefined) {
          manager.join(player, lobby, {
            role: random.nextU32() % 4 ? "player" : "spectator",
            metadata: { hat: "red" },
            party: "p",
          });
        }
        break;
      case 4:
        manager.leave(player);
        break;
      case 5:
        manager.setReady(player, true);
        break;
      case 6:
        manager.kick(player, other, { banMs: 1_000 });
        break;
      case 7:
        manager.startGame(player);
        break;
      case 8:
        if (lobby !== undefined) manager.endGame(lobby, { a: [1, null] });
        break;
      case 9:
        manager.resetLobby(player);
        break;
      case 10:
        manager.startReadyCheck(player, 1_000);
        break;
      case 11:
        manager.vote(player, random.nextU32() % 2 === 0);
        break;
      case 12:
        manager.setConnected(player, random.nextU32() % 3 > 0);
        break;
      case 13:
        manager.invite(player, { ttlMs: 500 });
        break;
      case 14:
        if (lobby !== undefined) {
          manager.reserve(lobby, [playerId("max")], { ttlMs: 500 });
        }
        break;
      case 15:
        manager.setTeam(player, player, 1 as never);
        break;
      case 16:
        manager.setRole(player, player, "spectator");
        manager.setRole(player, player, "player");
        break;
      case 17:
        manager.setMetadata(player, { level: null, x: true });
        manager.setPlayerMetadata(player, { hat: "blue" });
        break;
      case 18:
        manager.configure(player, { maxPlayers: 4 + random.nextU32() % 4 });
        manager.setPassword(player, random.nextU32() % 2 ? "v" : undefined);
        break;
      case 19:
        manager.transferHost(player, other);
        manager.assignTeams(player);
    }
    if (random.nextU32() % 4 === 0) manager.tick(0.3);
    for (const event of manager.drainEvents()) {
      if (!("version" in event)) continue;
      told.push({ push: "event", event });
      const view = manager.lobby(event.lobby);
      if (view !== undefined) told.push({ push: "view", view });
    }
  }
  return told;
}

Deno.test("readPush() reads whatever a manager has to tell, as it is", () => {
  const types = new Set<string>();
  for (let seed = 1; seed <= 3; seed++) {
    for (const push of pushes(seed)) {
      const text = JSON.stringify(push);
      assertEquals(
        JSON.stringify(readPush(text)),
        text,
        `seed ${seed}: ${text}`,
      );
      if (push.push === "event") types.add(push.event.type);
    }
  }
  // Of 29 kinds of events, all but those that need more time or luck than there is.
  assert(types.size >= 24, [...types].sort().join(" "));
});

Deno.test("readPush() reads events that a manager hardly ever has, and misses what they lack", () => {
  const base = { lobby: "a", version: 2 };
  const player = {
    id: "ada",
    name: "Ada",
    isReady: false,
    isConnected: true,
    metadata: {},
  };
  for (
    const [event, isOne] of [
      [{ ...base, type: "countdownCancelled", reason: "parties" }, true],
      [{ ...base, type: "countdownCancelled", reason: "weather" }, false],
      [
        { ...base, type: "spectatorPromoted", player, reservedSeats: 0 },
        true,
      ],
      [{ ...base, type: "spectatorPromoted", player }, false],
    ] as const
  ) {
    const push = readPush(JSON.stringify({ push: "event", event }));
    assertEquals(push !== undefined, isOne, JSON.stringify(event));
  }
});

Deno.test("readPush() reads what else a server says", () => {
  const manager = new LobbyManager();
  const made = manager.createLobby(playerId("ada"));
  assert(made.isOk);
  const view = made.value;
  const listing = lobbyListing(view, { region: "eu" });
  const ticket = { queue: "q", players: [playerId("ada")], waitedMs: 1.5 };
  const proposal = {
    proposal: 3,
    queue: "q",
    players: 2,
    timeoutMs: 5_000,
    leftMs: 4_000.5,
    isAccepted: false,
  };
  const said: LobbyPush[] = [
    { push: "player", player: playerId("ada") },
    { push: "view", view, countdownLeftMs: 1, readyCheckLeftMs: 0 },
    { push: "left", lobby: view.id, reason: "kicked" },
    {
      push: "chat",
      message: {
        lobby: view.id,
        number: 1,
        player: playerId("ada"),
        text: "hi",
        isTeam: false,
      },
    },
    { push: "chatMissed", lobby: view.id, from: 2, to: 7 },
    { push: "sync", lobby: null },
    { push: "sync", lobby: view, ticket, proposal, countdownLeftMs: 2.5 },
    {
      push: "list",
      key: "7",
      isReset: true,
      added: [listing],
      changed: [{ id: view.id, players: 2, metadata: { a: 1 } }],
      removed: [view.id],
    },
    { push: "listEnded", key: "7", reason: "slow" },
    { push: "ticket", ticket: { ...ticket, estimatedWaitMs: 9 } },
    { push: "ticketEnded", reason: "matched" },
    { push: "proposal", proposal },
    {
      push: "proposalEnded",
      proposal: 3,
      isConfirmed: false,
      missing: [playerId("ada")],
    },
  ];
  for (const push of said) {
    const text = JSON.stringify(push);
    assertEquals(JSON.stringify(readPush(text)), text);
  }
});

Deno.test("readPush() leaves out of listings what it does not know", () => {
  const manager = new LobbyManager();
  const made = manager.createLobby(playerId("ada"));
  assert(made.isOk);
  const listing = lobbyListing(made.value);
  const push = {
    push: "list",
    key: "1",
    isReset: true,
    added: [{ ...listing, pingMs: 1, more: "x".repeat(100_000) }],
    changed: [],
    removed: [],
  };
  assertEquals(
    readPush(JSON.stringify(push)),
    { ...push, added: [listing] } as LobbyPush,
  );
});

Deno.test("readPush() and readAnswer() take whatever text comes, or do not", () => {
  const rounds = Deno.env.get("TICKWIRE_SOAK") ? 1_000_000 : 3_000;
  const random = new SeededRandom(4);
  const texts = pushes(5).map((push) =>
    new TextEncoder().encode(JSON.stringify(push))
  );
  const decoder = new TextDecoder();
  let taken = 0;
  let last: Lobby | undefined;
  for (let i = 0; i < rounds; i++) {
    const mutant = decoder.decode(mutate(random, texts[i % texts.length]!));
    const push = readPush(mutant);
    if (push === undefined) continue;
    taken++;
    if (push.push === "view") last = push.view;
    if (push.push === "event" && last !== undefined) {
      // As a client does: of what a version says nothing, nothing must throw.
      const { id, version } = last;
      const event = { ...push.event, lobby: id, version: version + 1 };
      if (event.type !== "lobbyCreated") {
        last = applyLobbyEvent(last, event as LobbyEvent);
      }
    }
    const text = JSON.stringify(push);
    assertEquals(JSON.stringify(readPush(text)), text);
  }
  assert(taken > rounds / 50);
  for (
    const text of [
      "",
      "null",
      "[]",
      "{}",
      '{"push":"dance"}',
      '{"push":"toString"}',
      '{"push":"view","view":{}}',
      '{"push":"list","key":"1","isReset":true,"added":[{}],"changed":[],"removed":[]}',
      '{"push":"list","key":"1","isReset":true,"added":[],"changed":[{"id":"a","other":1}],"removed":[]}',
    ]
  ) assertEquals(readPush(text), undefined, text);
});

Deno.test("readAnswer() reads what was asked for, and nothing else", () => {
  for (
    const [text, to, expected] of [
      ['{"ok":true}', "leave", { ok: true, value: {} }],
      ['{"ok":true,"value":{"a":1}}', "leave", { ok: true, value: {} }],
      [
        '{"ok":true,"value":{"lobby":"a","b":1}}',
        "join",
        { ok: true, value: { lobby: "a" } },
      ],
      ['{"ok":true,"value":{}}', "join", undefined],
      ['{"ok":true,"value":{"invite":1}}', "invite", undefined],
      [
        '{"ok":true,"value":{"protocol":1,"player":"ada","lobby":null}}',
        "hello",
        { ok: true, value: { protocol: 1, player: "ada", lobby: null } },
      ],
      [
        '{"ok":false,"error":{"type":"lobbyFull","message":"m","limit":2}}',
        "join",
        { ok: false, error: { type: "lobbyFull", message: "m", limit: 2 } },
      ],
      ['{"ok":false}', "join", undefined],
      ['{"ok":false,"error":{"type":1,"message":"m"}}', "join", undefined],
      ["nothing", "join", undefined],
    ] as const
  ) assertEquals(readAnswer(text, to), expected as never, text);
});
