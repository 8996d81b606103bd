import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { type PlayerId, playerId, SeededRandom } from "../../core/mod.ts";
import type { LobbyError } from "../lobby_error.ts";
import { type LobbyId, lobbyId } from "../lobby_id.ts";
import type { LobbyResult } from "../lobby_result.ts";
import { type TeamId, teamId } from "../team_id.ts";
import type { Lobby } from "./lobby.ts";
import type { LobbyConfigChanges } from "./lobby_config.ts";
import type { LobbyManagerEvent } from "./lobby_event.ts";
import { LobbyManager } from "./lobby_manager.ts";
import type {
  JoinLobbyOptions,
  LobbyManagerOptions,
} from "./lobby_manager_options.ts";

const ADA = playerId("ada");
const BOB = playerId("bob");
const CY = playerId("cy");
const DI = playerId("di");
const HOME = lobbyId("home");

function makeManager(options: LobbyManagerOptions = {}): LobbyManager {
  let made = 0;
  return new LobbyManager({
    random: new SeededRandom(1),
    newLobbyId: () => `lobby-${++made}`,
    newCode: () => `CODE${++made}`,
    ...options,
  });
}

function ok<T>(result: LobbyResult<T>): T {
  assert(result.isOk, result.isOk ? "" : result.error.message);
  return result.value;
}

/** The error of a result; that its message is for people is checked on the way. */
function refused<T>(result: LobbyResult<T>): LobbyError {
  assertFalse(result.isOk);
  assert(result.error.message.length > 0);
  return result.error;
}

/** A lobby of Ada's with others in it. */
function open(
  manager: LobbyManager,
  config: LobbyConfigChanges = {},
  ...others: PlayerId[]
): Lobby {
  ok(manager.createLobby(ADA, config, { id: HOME }));
  for (const player of others) ok(manager.join(player, HOME));
  drain(manager);
  return manager.lobby(HOME)!;
}

function drain(manager: LobbyManager): LobbyManagerEvent[] {
  return [...manager.drainEvents()];
}

function drainTypes(manager: LobbyManager): string[] {
  return drain(manager).map(({ type }) => type);
}

function joined(
  manager: LobbyManager,
  player: PlayerId,
  lobby: LobbyId,
  options?: JoinLobbyOptions,
): Lobby {
  const join = ok(manager.join(player, lobby, options));
  assert(join.type === "joined");
  return join.lobby;
}

Deno.test("LobbyManager.createLobby() opens a lobby with its defaults", () => {
  const manager = makeManager();
  const lobby = ok(manager.createLobby(ADA, { name: "Friday" }));
  assertEquals(lobby, {
    id: lobbyId("lobby-1"),
    version: 1,
    state: "waiting",
    host: ADA,
    config: {
      name: "Friday",
      mode: "custom",
      map: "",
      maxPlayers: 8,
      minPlayers: 2,
      access: "public",
      maxSpectators: 8,
      spectatorAccess: "open",
      inviters: "players",
      isJoinableInGame: false,
      isAutoStarted: false,
      countdownMs: 3000,
      teams: { count: 0, assignment: "auto", maxSize: 8 },
      hostRights: "full",
    },
    hasPassword: false,
    metadata: {},
    players: [{
      id: ADA,
      name: "ada",
      isReady: false,
      isConnected: true,
      metadata: {},
    }],
    spectators: [],
    reservedSeats: 0,
    gameCount: 0,
  });
  assertStrictEquals(manager.lobby(lobby.id), lobby);
  assertStrictEquals(manager.lobbyForPlayer(ADA), lobby);
  assertEquals(manager.lobbyCount, 1);
  assertEquals(drain(manager), [
    { type: "lobbyCreated", lobby: lobby.id, version: 1, view: lobby },
  ]);
});

Deno.test("LobbyManager.createLobby() makes an id of its own and an unguessable code by default", () => {
  const manager = new LobbyManager();
  const { id } = ok(manager.createLobby(ADA));
  assert(/^[0-9A-Z]{8}$/.test(id), id);
  const { code } = ok(manager.invite(ADA));
  assert(/^[0-9A-Z]{12}$/.test(code));
});

Deno.test("LobbyManager.createLobby() refuses a player elsewhere, an id twice, and too many lobbies", () => {
  const manager = makeManager({ limits: { lobbies: 2 } });
  open(manager);
  assertEquals(refused(manager.createLobby(ADA)).type, "playerAlreadyInLobby");
  assertEquals(
    refused(manager.createLobby(BOB, {}, { id: HOME })).type,
    "lobbyExists",
  );
  ok(manager.createLobby(BOB));
  const error = refused(manager.createLobby(CY));
  assert(error.type === "tooMany");
  assertEquals([error.of, error.limit], ["lobbies", 2]);
});

Deno.test("LobbyManager.createLobby() asks for another id as long as one is taken, but not for ever", () => {
  const ids = ["a", "a", "b"];
  const manager = makeManager({ newLobbyId: () => ids.shift() ?? "b" });
  assertEquals(ok(manager.createLobby(ADA)).id, lobbyId("a"));
  assertEquals(ok(manager.createLobby(BOB)).id, lobbyId("b"));
  assertEquals(refused(manager.createLobby(CY)).type, "lobbyExists");
});

Deno.test("LobbyManager.createLobby() refuses a configuration that is none, and says which field", () => {
  const cases: [config: Record<string, unknown>, field: string][] = [
    [{ name: "" }, "name"],
    [{ name: "  " }, "name"],
    [{ name: "a\u0000b" }, "name"],
    [{ name: "a\u202eb" }, "name"],
    [{ name: "a\u0085b" }, "name"],
    [{ name: "\ud800" }, "name"],
    [{ name: "é".repeat(33) }, "name"],
    [{ name: 7 }, "name"],
    [{ mode: "" }, "mode"],
    [{ mode: "x".repeat(33) }, "mode"],
    [{ map: "x".repeat(65) }, "map"],
    [{ maxPlayers: 0 }, "maxPlayers"],
    [{ maxPlayers: 65 }, "maxPlayers"],
    [{ maxPlayers: 1.5 }, "maxPlayers"],
    [{ maxPlayers: "8" }, "maxPlayers"],
    [{ minPlayers: 9 }, "minPlayers"],
    [{ access: "secret" }, "access"],
    [{ maxSpectators: -1 }, "maxSpectators"],
    [{ spectatorAccess: "all" }, "spectatorAccess"],
    [{ inviters: "nobody" }, "inviters"],
    [{ isJoinableInGame: 1 }, "isJoinableInGame"],
    [{ isAutoStarted: "yes" }, "isAutoStarted"],
    [{ hostRights: "some" }, "hostRights"],
    [{ countdownMs: -1 }, "countdownMs"],
    [{ countdownMs: NaN }, "countdownMs"],
    [{ countdownMs: Infinity }, "countdownMs"],
    [{ teams: { count: 1 } }, "teams.count"],
    [{ teams: { count: 17 } }, "teams.count"],
    [{ teams: { count: 2, assignment: "fair" } }, "teams.assignment"],
    [{ teams: { count: 2, maxSize: 3 } }, "teams.maxSize"],
    [{ teams: [] }, "teams"],
    [{ teams: { size: 3 } }, "teams.size"],
    [{ colour: "red" }, "colour"],
  ];
  const manager = makeManager();
  for (const [config, field] of cases) {
    const error = refused(manager.createLobby(ADA, config));
    assert(error.type === "invalidConfig", field);
    assertEquals(error.field, field, JSON.stringify(config));
  }
  assertEquals(manager.lobbyCount, 0);
  // An own mode and any script are fine.
  ok(manager.createLobby(ADA, { name: "Вечер 夜 😀", mode: "hide and seek" }));
});

Deno.test("LobbyManager.createLobby() refuses metadata, names and verifiers that are none", () => {
  const manager = makeManager();
  const field = (options: Record<string, unknown>): string => {
    const error = refused(manager.createLobby(ADA, {}, options));
    assert(error.type === "invalidConfig");
    return error.field;
  };
  assertEquals(field({ metadata: { "": 1 } }), "metadata");
  assertEquals(field({ metadata: JSON.parse('{"__proto__":1}') }), "metadata");
  assertEquals(field({ metadata: { a: {} } }), "metadata.a");
  assertEquals(field({ metadata: { a: Infinity } }), "metadata.a");
  assertEquals(field({ metadata: { a: "\udfff" } }), "metadata.a");
  assertEquals(field({ metadata: { a: "x".repeat(4090) } }), "metadata");
  assertEquals(field({ metadata: { a: "x".repeat(1e6) } }), "metadata");
  assertEquals(field({ metadata: [] }), "metadata");
  assertEquals(field({ passwordVerifier: "" }), "verifier");
  assertEquals(field({ player: { name: "\n" } }), "name");
  assertEquals(field({ player: { skill: NaN } }), "skill");
  assertEquals(field({ player: { party: "" } }), "party");
  assertEquals(
    field({ player: { metadata: { a: "x".repeat(1020) } } }),
    "metadata",
  );
  // The bound itself: {"a":""} takes eight bytes.
  ok(manager.createLobby(ADA, {}, { metadata: { a: "x".repeat(4088) } }));
});

Deno.test("LobbyManager.createMatch() seats everybody at once, ready, in their teams", () => {
  const manager = makeManager();
  const lobby = ok(manager.createMatch(
    [
      { player: ADA, team: teamId(1), skill: 10 },
      { player: BOB, team: teamId(0), name: "Bob" },
    ],
    {
      maxPlayers: 2,
      teams: { count: 2 },
      hostRights: "full",
      isAutoStarted: false,
    },
  ));
  assertEquals(lobby.host, ADA);
  assertEquals([lobby.state, lobby.config.hostRights], ["waiting", "full"]);
  assertEquals(lobby.config.teams.assignment, "manual");
  assertEquals(lobby.players.map(({ team }) => team as number), [1, 0]);
  const started = ok(manager.startGame(ADA));
  assertEquals(started.state, "inGame");
  assertEquals(started.players.map(({ team }) => team as number), [1, 0]);
});

Deno.test("LobbyManager.createMatch() gives the host no rights, and begins by itself", () => {
  const manager = makeManager();
  const first = ok(manager.createMatch([{ player: ADA }, { player: BOB }]));
  assertEquals([first.state, first.config.hostRights], ["inGame", "none"]);
  const second = ok(manager.createMatch(
    [{ player: CY }, { player: playerId("dee") }],
    { countdownMs: 3000 },
  ));
  assertEquals(second.state, "countdown");
  // The game's own server acts as the host, and may all the same.
  ok(manager.kick(CY, playerId("dee")));
});

Deno.test("LobbyManager.createMatch() seats nobody if one cannot be seated", () => {
  const manager = makeManager();
  open(manager);
  const cause = (result: LobbyResult<Lobby>): string | undefined => {
    const error = refused(result);
    assert(error.type === "matchmakingError");
    assertEquals(error.reason, "cannotSeat");
    return error.cause?.type;
  };
  assertEquals(
    cause(manager.createMatch([{ player: BOB }, { player: ADA }])),
    "playerAlreadyInLobby",
  );
  assertEquals(
    cause(manager.createMatch([{ player: BOB }, { player: BOB }])),
    "invalidConfig",
  );
  assertEquals(cause(manager.createMatch([])), "invalidConfig");
  assertEquals(
    cause(manager.createMatch(
      [{ player: BOB }, { player: CY }],
      { maxPlayers: 1 },
    )),
    "invalidConfig",
  );
  for (const team of [0, -1, 0.5, "1", null]) {
    assertEquals(
      cause(manager.createMatch(
        [{ player: BOB, team: team as TeamId }],
        { teams: { count: team === 0 ? 0 : 2 } },
      )),
      "teamNotFound",
    );
  }
  assertEquals(
    cause(manager.createMatch(
      [BOB, CY].map((player) => ({ player, team: teamId(0) })),
      { maxPlayers: 2, teams: { count: 2 } },
    )),
    "teamFull",
  );
  assertEquals(manager.lobbyForPlayer(BOB), undefined);
});

Deno.test("LobbyManager.join() lets in until every seat is taken", () => {
  const manager = makeManager();
  open(manager, { maxPlayers: 2 });
  const lobby = joined(manager, BOB, HOME, {
    name: "Bob",
    metadata: { colour: "red" },
    party: "b",
  });
  assertEquals(lobby.version, 2);
  assertEquals(lobby.players[1], {
    id: BOB,
    name: "Bob",
    isReady: false,
    isConnected: true,
    party: "b",
    metadata: { colour: "red" },
  });
  const error = refused(manager.join(CY, HOME));
  assert(error.type === "lobbyFull");
  assertEquals([error.role, error.limit], ["player", 2]);
  assertEquals(
    refused(manager.join(BOB, HOME)).type,
    "playerAlreadyInLobby",
  );
  assertEquals(
    refused(manager.join(CY, lobbyId("nowhere"))).type,
    "lobbyNotFound",
  );
  assertEquals(
    refused(manager.join(CY, HOME, { role: "ghost" as "player" })).type,
    "invalidConfig",
  );
  assertEquals(drainTypes(manager), ["playerJoined"]);
});

Deno.test("LobbyManager.join() lets spectators in within their own limit", () => {
  const manager = makeManager();
  open(manager, { maxPlayers: 1, maxSpectators: 1 });
  const lobby = joined(manager, BOB, HOME, { role: "spectator" });
  assertEquals(lobby.players.length, 1);
  assertEquals(lobby.spectators.map(({ id }) => id), [BOB]);
  const error = refused(manager.join(CY, HOME, { role: "spectator" }));
  assert(error.type === "lobbyFull");
  assertEquals([error.role, error.limit], ["spectator", 1]);
});

Deno.test("LobbyManager.join() refuses by access and state", () => {
  const reason = (
    config: LobbyConfigChanges,
    options: JoinLobbyOptions = {},
    isStarted = false,
  ): string => {
    const manager = makeManager();
    open(manager, { minPlayers: 1, countdownMs: 0, ...config });
    if (isStarted) ok(manager.startGame(ADA));
    const result = manager.join(BOB, HOME, options);
    if (result.isOk) return "joined";
    assert(result.error.type === "lobbyNotJoinable");
    return result.error.reason;
  };
  const looksOn = { role: "spectator" } as const;
  assertEquals(reason({ access: "unlisted" }), "joined");
  assertEquals(reason({ access: "inviteOnly" }), "inviteOnly");
  assertEquals(reason({ access: "inviteOnly" }, looksOn), "inviteOnly");
  assertEquals(reason({ spectatorAccess: "invited" }, looksOn), "spectators");
  assertEquals(reason({ spectatorAccess: "none" }, looksOn), "spectators");
  assertEquals(reason({}, {}, true), "inGame");
  assertEquals(reason({}, looksOn, true), "joined");
  assertEquals(reason({ isJoinableInGame: true }, {}, true), "joined");
});

Deno.test("LobbyManager.publicLobbies() lists those that are public", () => {
  const manager = makeManager();
  const lobby = open(manager);
  ok(manager.createLobby(BOB, { access: "unlisted" }));
  ok(manager.createLobby(CY, { access: "inviteOnly" }));
  const other = ok(manager.createLobby(DI));
  assertEquals(manager.publicLobbies(), [lobby, other]);
  assertEquals([...manager.lobbies()].length, 4);
});

Deno.test("LobbyManager.leave() hands the lobby to who is connected and longest there", () => {
  const manager = makeManager();
  open(manager, {}, BOB, CY, DI);
  ok(manager.setConnected(BOB, false));
  drain(manager);
  assertEquals(ok(manager.leave(ADA))?.host, CY);
  assertEquals(drain(manager), [{
    type: "playerLeft",
    lobby: HOME,
    version: 6,
    player: ADA,
    role: "player",
    reason: "left",
    isBanned: false,
    host: CY,
  }]);
  ok(manager.setConnected(CY, false));
  ok(manager.setConnected(DI, false));
  // Nobody is connected: then the one who is longest there, until somebody is.
  assertEquals(ok(manager.leave(CY))?.host, BOB);
  assertEquals(ok(manager.setConnected(DI, true))?.host, DI);
});

Deno.test("LobbyManager.leave() of the last player ends the lobby, spectators or not", () => {
  const manager = makeManager();
  open(manager);
  ok(manager.join(BOB, HOME, { role: "spectator" }));
  const { code } = ok(manager.invite(ADA));
  drain(manager);
  assertEquals(ok(manager.leave(ADA)), undefined);
  assertEquals(drain(manager), [
    {
      type: "lobbyDestroyed",
      lobby: HOME,
      version: 4,
      reason: "empty",
      last: { player: ADA, reason: "left" },
    },
  ]);
  assertEquals(manager.lobbyForPlayer(BOB), undefined);
  assertEquals(refused(manager.joinByCode(BOB, code)).type, "notFound");
  assertEquals(refused(manager.leave(ADA)).type, "playerNotFound");
});

Deno.test("LobbyManager.destroyLobby() closes a lobby whoever is in it", () => {
  const manager = makeManager();
  open(manager, {}, BOB);
  ok(manager.destroyLobby(HOME));
  assertEquals(manager.lobbyForPlayer(BOB), undefined);
  assertEquals(manager.lobby(HOME), undefined);
  assertEquals(refused(manager.destroyLobby(HOME)).type, "lobbyNotFound");
  open(manager, {}, BOB);
});

Deno.test("LobbyManager.kick() is the host's, and not of itself", () => {
  const manager = makeManager();
  open(manager, {}, BOB);
  ok(manager.join(CY, HOME, { role: "spectator" }));
  const error = refused(manager.kick(BOB, ADA));
  assert(error.type === "notHost");
  assertEquals([error.player, error.host], [BOB, ADA]);
  assertEquals(refused(manager.kick(ADA, ADA)).type, "cannotKickSelf");
  assertEquals(refused(manager.kick(ADA, DI)).type, "playerNotFound");
  assertEquals(refused(manager.kick(DI, ADA)).type, "playerNotFound");
  assertEquals(
    refused(manager.kick(ADA, BOB, { banMs: NaN })).type,
    "invalidConfig",
  );
  assertEquals(ok(manager.kick(ADA, CY)).spectators, []);
  ok(manager.kick(ADA, BOB));
  // Without a ban there is a way back.
  joined(manager, BOB, HOME);
});

Deno.test("LobbyManager.kick() with a ban keeps no seat for who is banned", () => {
  const manager = makeManager();
  open(manager, { maxPlayers: 4 });
  const both = ok(manager.reserve(HOME, [BOB, CY]));
  const own = ok(manager.reserve(HOME, [DI]));
  for (const player of [BOB, DI]) {
    ok(manager.join(player, HOME, { role: "spectator" }));
  }
  drain(manager);
  // Who may come back has the seat still.
  ok(manager.kick(ADA, BOB));
  assertEquals(manager.lobby(HOME)?.reservedSeats, 3);
  ok(manager.join(BOB, HOME, { role: "spectator" }));
  drain(manager);
  assertEquals(ok(manager.kick(ADA, BOB, { banMs: 1 })).reservedSeats, 2);
  const [kept, ...left] = drain(manager);
  assert(kept?.type === "seatsReserved");
  assertEquals([kept.reservation, kept.players, kept.reservedSeats], [
    both,
    [CY],
    2,
  ]);
  assertEquals(left.map(({ type }) => type), ["playerLeft"]);
  assertEquals(ok(manager.kick(ADA, DI, { banMs: 1 })).reservedSeats, 1);
  const [ended] = drain(manager);
  assert(ended?.type === "reservationEnded");
  assertEquals([ended.reservation, ended.reason, ended.reservedSeats], [
    own,
    "cancelled",
    1,
  ]);
  assertEquals(
    manager.reservations(HOME).map(({ players }) => players),
    [[CY]],
  );
});

Deno.test("LobbyManager.kick() bans for a while, or for as long as the lobby lives", () => {
  const manager = makeManager({ limits: { bansPerLobby: 2 } });
  open(manager, {}, BOB, CY, DI);
  ok(manager.kick(ADA, BOB, { banMs: 1000 }));
  ok(manager.kick(ADA, CY, { banMs: Infinity }));
  const error = refused(manager.kick(ADA, DI, { banMs: 1 }));
  assert(error.type === "tooMany");
  assertEquals([error.of, error.limit], ["bans", 2]);
  manager.tick(0.25);
  const banned = refused(manager.join(BOB, HOME));
  assert(banned.type === "banned");
  assertEquals(banned.leftMs, 750);
  assertEquals(manager.bans(HOME), [{ player: BOB, leftMs: 750 }, {
    player: CY,
  }]);
  // No code and no reservation gets around it.
  const { code } = ok(manager.invite(ADA));
  assertEquals(refused(manager.joinByCode(CY, code)).type, "banned");
  assertEquals(refused(manager.reserve(HOME, [CY])).type, "banned");
  drain(manager);
  manager.tick(0.75);
  assertEquals(drain(manager), [{
    type: "banLifted",
    lobby: HOME,
    version: 8,
    player: BOB,
    reason: "expired",
  }]);
  joined(manager, BOB, HOME);
  manager.tick(1e6);
  const forever = refused(manager.join(CY, HOME));
  assert(forever.type === "banned");
  assertEquals(forever.leftMs, undefined);
  assertEquals(refused(manager.unban(ADA, BOB)).type, "notFound");
  ok(manager.unban(ADA, CY));
  joined(manager, CY, HOME);
});

Deno.test("LobbyManager.setConnected() keeps the seat for the grace", () => {
  const manager = makeManager({ reconnectGraceMs: 60_000 });
  open(manager, {}, BOB);
  ok(manager.setReady(BOB, true));
  const lobby = ok(manager.setConnected(BOB, false))!;
  assertEquals(lobby.players[1]?.isConnected, false);
  // Who is away is not ready, and cannot become so.
  assertEquals(lobby.players[1]?.isReady, false);
  assertEquals(refused(manager.setReady(BOB, true)).type, "notAllowed");
  manager.tick(59.999);
  assertEquals(manager.lobby(HOME)?.players.length, 2);
  ok(manager.setConnected(BOB, true));
  ok(manager.setConnected(BOB, true));
  manager.tick(1000);
  assertEquals(manager.lobby(HOME)?.players.length, 2);
  ok(manager.setConnected(BOB, false));
  drain(manager);
  manager.tick(60);
  const [left] = drain(manager);
  assert(left?.type === "playerLeft");
  assertEquals([left.player, left.reason], [BOB, "timedOut"]);
});

Deno.test("LobbyManager.setConnected() without a grace lets the seat go at once", () => {
  const manager = makeManager({ reconnectGraceMs: 0 });
  open(manager, {}, BOB);
  assertEquals(ok(manager.setConnected(ADA, false))?.host, BOB);
  assertEquals(ok(manager.setConnected(BOB, false)), undefined);
  assertEquals(manager.lobbyCount, 0);
});

Deno.test("LobbyManager.setConnected() replaces a host who is away for too long", () => {
  const manager = makeManager({ hostGraceMs: 5000 });
  open(manager, {}, BOB);
  ok(manager.setConnected(ADA, false));
  manager.tick(4.999);
  assertEquals(manager.lobby(HOME)?.host, ADA);
  ok(manager.setConnected(ADA, true));
  manager.tick(10);
  assertEquals(manager.lobby(HOME)?.host, ADA);
  ok(manager.setConnected(ADA, false));
  drain(manager);
  manager.tick(5);
  assertEquals(drain(manager), [{
    type: "hostChanged",
    lobby: HOME,
    version: 6,
    host: BOB,
    reason: "disconnected",
  }]);
  // It is not given back.
  assertEquals(ok(manager.setConnected(ADA, true))?.host, BOB);
});

Deno.test("LobbyManager.setConnected() gives a lobby whose host is gone to the first who is there again", () => {
  const manager = makeManager({ hostGraceMs: 5000 });
  open(manager, {}, BOB, CY);
  for (const player of [BOB, CY, ADA]) ok(manager.setConnected(player, false));
  manager.tick(10);
  assertEquals(manager.lobby(HOME)?.host, ADA);
  assertEquals(ok(manager.setConnected(CY, true))?.host, CY);
  manager.tick(0);
  ok(manager.setConnected(CY, false));
  manager.tick(6);
  // Somebody new is somebody, too.
  assertEquals(joined(manager, DI, HOME).host, DI);
});

Deno.test("LobbyManager.startGame() needs players, and all of them ready but the host", () => {
  const manager = makeManager();
  open(manager, { minPlayers: 3 }, BOB);
  const few = refused(manager.startGame(ADA));
  assert(few.type === "notEnoughPlayers");
  assertEquals([few.have, few.need], [2, 3]);
  ok(manager.join(CY, HOME));
  ok(manager.setReady(CY, true));
  const unready = refused(manager.startGame(ADA));
  assert(unready.type === "playersNotReady");
  assertEquals(unready.players, [BOB]);
  assert(unready.message.endsWith(`missing are "${BOB}"`), unready.message);
  assertEquals(refused(manager.startGame(BOB)).type, "notHost");
  ok(manager.setReady(BOB, true));
  assertEquals(ok(manager.startGame(ADA)).state, "countdown");
  assertEquals(manager.countdownLeftMs(HOME), 3000);
  assertEquals(refused(manager.startGame(ADA)).type, "alreadyInGame");
  manager.tick(2.999);
  assertEquals(manager.lobby(HOME)?.state, "countdown");
  manager.tick(0.001);
  assertEquals(manager.lobby(HOME)?.state, "inGame");
  assertEquals(manager.lobby(HOME)?.gameCount, 1);
  assertEquals(manager.countdownLeftMs(HOME), undefined);
  assertEquals(refused(manager.startGame(ADA)).type, "alreadyInGame");
  assertEquals(refused(manager.setReady(BOB, false)).type, "alreadyInGame");
});

Deno.test("LobbyManager.tick() counts small steps as it counts large ones", () => {
  const manager = makeManager();
  open(manager, { countdownMs: 1000 }, BOB);
  ok(manager.setReady(BOB, true));
  ok(manager.startGame(ADA));
  for (let i = 0; i < 59; i++) manager.tick(1 / 60);
  assertEquals(manager.lobby(HOME)?.state, "countdown");
  manager.tick(1 / 60);
  assertEquals(manager.lobby(HOME)?.state, "inGame");
  // Less than a microsecond is not lost.
  for (let i = 0; i < 1000; i++) manager.tick(1e-7);
  ok(manager.endGame(HOME));
  ok(manager.resetLobby(ADA));
  ok(manager.setReady(BOB, true));
  ok(manager.startGame(ADA));
  for (let i = 0; i < 20; i++) manager.tick(4e-7);
  assertEquals(manager.countdownLeftMs(HOME), 999.992);
});

Deno.test("LobbyManager lets nobody hold a game up by coming and going", () => {
  const manager = makeManager();
  open(manager, { isAutoStarted: true }, BOB);
  ok(manager.join(DI, HOME, { role: "spectator" }));
  ok(manager.setReady(ADA, true));
  ok(manager.setReady(BOB, true));
  // Whoever they are: somebody may have any number of names.
  for (let i = 0; i < 30; i++) {
    const eve = playerId(`eve ${i % 3}`);
    const error = refused(manager.join(eve, HOME));
    assert(error.type === "lobbyNotJoinable");
    assertEquals(error.reason, "inGame");
    const promoted = refused(manager.setRole(DI, DI, "player"));
    assertEquals(promoted.type, "lobbyNotJoinable");
    manager.tick(0.09);
  }
  manager.tick(0.3);
  assertEquals(manager.lobby(HOME)?.state, "inGame");
  // Who comes and goes before leaves a countdown behind that it cannot end.
  ok(manager.endGame(HOME));
  ok(manager.resetLobby(ADA));
  ok(manager.join(CY, HOME));
  for (const player of [ADA, BOB, CY]) ok(manager.setReady(player, true));
  assertEquals(ok(manager.leave(CY))?.state, "countdown");
  assertEquals(refused(manager.join(CY, HOME)).type, "lobbyNotJoinable");
  manager.tick(3);
  assertEquals(manager.lobby(HOME)?.gameCount, 2);
  // Who is expected comes in, and is waited for.
  ok(manager.endGame(HOME));
  ok(manager.resetLobby(ADA));
  ok(manager.reserve(HOME, [CY]));
  for (const player of [ADA, BOB]) ok(manager.setReady(player, true));
  ok(manager.startGame(ADA));
  assertEquals(joined(manager, CY, HOME).state, "waiting");
});

Deno.test("LobbyManager ends a countdown as somebody comes, leaves, is away, or is unready", () => {
  const interruptions: [
    name: string,
    interrupt: (manager: LobbyManager) => unknown,
  ][] = [
    ["joined", (manager) => manager.join(DI, HOME)],
    ["left", (manager) => manager.leave(BOB)],
    ["left", (manager) => manager.kick(ADA, BOB)],
    ["left", (manager) => manager.setRole(BOB, BOB, "spectator")],
    ["joined", (manager) => manager.setRole(CY, CY, "player")],
    ["disconnected", (manager) => manager.setConnected(BOB, false)],
    ["unready", (manager) => manager.setReady(BOB, false)],
    ["host", (manager) => manager.cancelStart(ADA)],
  ];
  for (const [reason, interrupt] of interruptions) {
    const manager = makeManager();
    open(manager, { minPlayers: 1, isJoinableInGame: true }, BOB);
    ok(manager.join(CY, HOME, { role: "spectator" }));
    ok(manager.setReady(BOB, true));
    ok(manager.startGame(ADA));
    drain(manager);
    interrupt(manager);
    const [event] = drain(manager);
    assert(event?.type === "countdownCancelled", reason);
    assertEquals(event.reason, reason);
    assertEquals(manager.lobby(HOME)?.state, "waiting");
    manager.tick(10);
    assertEquals(manager.lobby(HOME)?.state, "waiting");
  }
  // Who only looks on disturbs nobody.
  const manager = makeManager();
  open(manager, { minPlayers: 1 });
  ok(manager.startGame(ADA));
  ok(manager.join(CY, HOME, { role: "spectator" }));
  ok(manager.setConnected(CY, false));
  ok(manager.leave(CY));
  assertEquals(manager.lobby(HOME)?.state, "countdown");
});

Deno.test("LobbyManager starts by itself when all are ready and enough", () => {
  const manager = makeManager();
  open(manager, { isAutoStarted: true }, BOB);
  ok(manager.setReady(BOB, true));
  assertEquals(manager.lobby(HOME)?.state, "waiting");
  assertEquals(ok(manager.setReady(ADA, true)).state, "countdown");
  assertEquals(ok(manager.setReady(BOB, false)).state, "waiting");
  assertEquals(ok(manager.setReady(BOB, true)).state, "countdown");
  // Calling it off must not lead to the next one.
  const lobby = ok(manager.cancelStart(ADA));
  assertEquals(lobby.state, "waiting");
  assertEquals(lobby.players[0]?.isReady, false);
  assertEquals(refused(manager.cancelStart(ADA)).type, "wrongState");
  ok(manager.setReady(ADA, true));
  assertEquals(manager.lobby(HOME)?.state, "countdown");
  manager.tick(3);
  assertEquals(manager.lobby(HOME)?.state, "inGame");
});

Deno.test("LobbyManager does not start by itself while seats are reserved", () => {
  const manager = makeManager();
  open(manager, { isAutoStarted: true }, BOB);
  ok(manager.reserve(HOME, [CY], { ttlMs: 1000 }));
  ok(manager.setReady(ADA, true));
  assertEquals(ok(manager.setReady(BOB, true)).state, "waiting");
  manager.tick(1);
  assertEquals(manager.lobby(HOME)?.state, "countdown");
});

Deno.test("LobbyManager.endGame() and resetLobby() lead to a rematch that keeps people and results", () => {
  const manager = makeManager();
  open(manager, { countdownMs: 0 }, BOB);
  assertEquals(refused(manager.endGame(HOME)).type, "wrongState");
  assertEquals(refused(manager.resetLobby(ADA)).type, "wrongState");
  ok(manager.setReady(BOB, true));
  ok(manager.startGame(ADA));
  assertEquals(refused(manager.resetLobby(ADA)).type, "alreadyInGame");
  const results = { winner: BOB, scores: [{ player: ADA, kills: 3 }] };
  const ended = ok(manager.endGame(HOME, results));
  assertEquals([ended.state, ended.results], ["postgame", results]);
  assertFalse(Object.is(ended.results, results));
  assertEquals(refused(manager.startGame(ADA)).type, "wrongState");
  assertEquals(refused(manager.resetLobby(BOB)).type, "notHost");
  const reset = ok(manager.resetLobby(ADA));
  assertEquals(reset.state, "waiting");
  assertEquals(reset.results, results);
  assertEquals(reset.players.map(({ isReady }) => isReady), [false, false]);
  ok(manager.setReady(BOB, true));
  assertEquals(ok(manager.startGame(ADA)).gameCount, 2);
  // The next results take the place of the last, also if there are none.
  assertEquals(ok(manager.endGame(HOME)).results, undefined);
});

Deno.test("LobbyManager.setReady() asks for a rematch after a game, which all who are there begin", () => {
  const manager = makeManager();
  open(manager, { countdownMs: 0 }, BOB, CY);
  for (const player of [BOB, CY]) ok(manager.setReady(player, true));
  ok(manager.startGame(ADA));
  const ended = ok(manager.endGame(HOME));
  assertEquals(ended.players.map((it) => it.isReady), [false, false, false]);
  ok(manager.setReady(ADA, true));
  ok(manager.setReady(BOB, true));
  ok(manager.setReady(ADA, false));
  assertEquals(ok(manager.setReady(CY, true)).state, "postgame");
  drain(manager);
  const reset = ok(manager.setReady(ADA, true));
  assertEquals(drainTypes(manager), ["readyChanged", "lobbyReset"]);
  assertEquals(reset.state, "waiting");
  // They have said that they are ready, and need not say it again.
  assertEquals(reset.players.map((it) => it.isReady), [true, true, true]);
  assertEquals(ok(manager.startGame(ADA)).gameCount, 2);

  // Who is away or gone is not waited for.
  ok(manager.endGame(HOME));
  ok(manager.setReady(ADA, true));
  ok(manager.setReady(BOB, true));
  assertEquals(ok(manager.setConnected(CY, false))?.state, "waiting");
  ok(manager.setConnected(CY, true));
  ok(manager.setReady(CY, true));
  ok(manager.startGame(ADA));
  ok(manager.endGame(HOME));
  ok(manager.setReady(BOB, true));
  ok(manager.setReady(CY, true));
  assertEquals(ok(manager.leave(ADA))?.state, "waiting");

  // Too few are not enough.
  ok(manager.startGame(BOB));
  ok(manager.endGame(HOME));
  ok(manager.setReady(BOB, true));
  assertEquals(ok(manager.setConnected(CY, false))?.state, "postgame");
});

Deno.test("LobbyManager.setReady() begins the rematch itself where games begin by themselves", () => {
  const manager = makeManager();
  open(manager, { isAutoStarted: true, countdownMs: 1000 }, BOB);
  for (const player of [ADA, BOB]) ok(manager.setReady(player, true));
  manager.tick(1);
  ok(manager.endGame(HOME));
  ok(manager.setReady(BOB, true));
  drain(manager);
  assertEquals(ok(manager.setReady(ADA, true)).state, "countdown");
  assertEquals(drainTypes(manager), [
    "readyChanged",
    "lobbyReset",
    "countdownStarted",
  ]);
  manager.tick(1);
  assertEquals(manager.lobby(HOME)?.gameCount, 2);
  // What one has asked for stays so if the host goes first.
  ok(manager.endGame(HOME));
  ok(manager.setReady(BOB, true));
  const { players } = ok(manager.resetLobby(ADA));
  assertEquals(players.map(({ isReady }) => isReady), [false, true]);
});

Deno.test("LobbyManager.setServerData() keeps a copy that no view and no event of the lobby has", () => {
  const manager = makeManager();
  const before = open(manager, {}, BOB);
  assertEquals(manager.serverData(HOME), undefined);
  const data = { deck: ["queen", 7], round: 1 };
  assertEquals(ok(manager.setServerData(HOME, data)), before);
  assertEquals(drain(manager), [{ type: "serverDataChanged", lobby: HOME }]);
  data.deck.pop();
  const kept = manager.serverData(HOME);
  assertEquals(kept, { deck: ["queen", 7], round: 1 });
  assert(Object.isFrozen(kept));
  ok(manager.setReady(BOB, true));
  ok(manager.setMetadata(ADA, { map: "x" }));
  assertFalse(JSON.stringify(drain(manager)).includes("queen"));
  assertFalse(JSON.stringify(manager.lobby(HOME)).includes("queen"));
  ok(manager.setServerData(HOME, null));
  assertEquals(manager.serverData(HOME), null);
  ok(manager.setServerData(HOME, undefined));
  assertEquals(manager.serverData(HOME), undefined);
  assertFalse("serverData" in manager.snapshot(HOME)!);
  ok(manager.setServerData(HOME, data));
  ok(manager.destroyLobby(HOME));
  assertEquals(manager.serverData(HOME), undefined);
  assertEquals(
    refused(manager.setServerData(HOME, data)).type,
    "lobbyNotFound",
  );
});

Deno.test("LobbyManager.setServerData() refuses what JSON cannot hold, and too much of it", () => {
  const manager = makeManager({ limits: { serverDataBytes: 100, events: 16 } });
  open(manager);
  ok(manager.setServerData(HOME, "x".repeat(98)));
  for (const bad of ["x".repeat(99), NaN, () => 1, { a: "\ud800" }]) {
    const error = refused(manager.setServerData(HOME, bad as never));
    assert(error.type === "invalidConfig");
    assertEquals(error.field, "serverData");
  }
  assertEquals(manager.serverData(HOME), "x".repeat(98));
  // What nobody drains is bounded, as with everything else.
  let count = 0;
  while (manager.setServerData(HOME, count).isOk) assert(++count < 16);
  const full = refused(manager.setServerData(HOME, count));
  assert(full.type === "tooMany");
  assertEquals(full.of, "events");
  assertEquals(manager.serverData(HOME), count - 1);
});

Deno.test("LobbyManager.endGame() refuses results that JSON cannot hold", () => {
  const manager = makeManager({ limits: { resultsBytes: 100 } });
  open(manager, { minPlayers: 1, countdownMs: 0 });
  ok(manager.startGame(ADA));
  const endless: unknown[] = [];
  endless.push(endless);
  let deep: unknown = 1;
  for (let i = 0; i < 20; i++) deep = [deep];
  const bad = [
    NaN,
    () => 1,
    endless,
    deep,
    "x".repeat(99),
    new Array(200).fill(0),
    { a: "\ud800" },
    JSON.parse('{"__proto__":{}}'),
    { a: 1n },
  ];
  for (const results of bad) {
    const error = refused(manager.endGame(HOME, results as string));
    assert(error.type === "invalidConfig");
    assertEquals(error.field, "results");
  }
  assertEquals(manager.lobby(HOME)?.state, "inGame");
});

Deno.test("LobbyManager.configure() changes a lobby that waits", () => {
  const manager = makeManager();
  open(manager, { teams: { count: 2, assignment: "manual" } }, BOB);
  ok(manager.setReady(ADA, true));
  ok(manager.setReady(BOB, true));
  ok(manager.setTeam(BOB, BOB, teamId(1)));
  drain(manager);
  // What does not change the game leaves everybody ready.
  let lobby = ok(
    manager.configure(ADA, { name: "New", access: "unlisted" }),
  );
  assertEquals(lobby.players.map(({ isReady }) => isReady), [true, true]);
  lobby = ok(manager.configure(ADA, { map: "harbour" }));
  assertEquals(lobby.players.map(({ isReady }) => isReady), [true, false]);
  assertEquals(lobby.players[1]?.team, teamId(1));
  lobby = ok(manager.configure(ADA, { teams: { count: 3 } }));
  assertEquals(lobby.players[1]?.team, undefined);
  assertEquals(lobby.config.teams.maxSize, 3);
  assertEquals(lobby.config.name, "New");
  const { version } = lobby;
  // What changes nothing is no event.
  assertEquals(ok(manager.configure(ADA, { name: "New" })).version, version);
  assertEquals(drainTypes(manager), [
    "configChanged",
    "configChanged",
    "configChanged",
  ]);
});

Deno.test("LobbyManager.configure() refuses fewer seats than are taken", () => {
  const manager = makeManager();
  open(manager, {}, BOB);
  ok(manager.reserve(HOME, [CY]));
  ok(manager.join(DI, HOME, { role: "spectator" }));
  const field = (changes: LobbyConfigChanges): string => {
    const error = refused(manager.configure(ADA, changes));
    assert(error.type === "invalidConfig");
    return error.field;
  };
  assertEquals(field({ maxPlayers: 2 }), "maxPlayers");
  assertEquals(field({ maxSpectators: 0 }), "maxSpectators");
  assertEquals(field({ spectatorAccess: "none" }), "maxSpectators");
  assertEquals(field({ maxPlayers: 1000 }), "maxPlayers");
  assertEquals(ok(manager.configure(ADA, { maxPlayers: 3 })).version, 5);
  assertEquals(refused(manager.configure(BOB, {})).type, "notHost");
  ok(manager.setReady(BOB, true));
  ok(manager.startGame(ADA));
  assertEquals(refused(manager.configure(ADA, {})).type, "alreadyInGame");
  manager.tick(3);
  ok(manager.endGame(HOME));
  assertEquals(refused(manager.configure(ADA, {})).type, "wrongState");
});

Deno.test("LobbyManager.setMetadata() and setPlayerMetadata() set, remove and are bounded", () => {
  const manager = makeManager({
    limits: { lobbyMetadataBytes: 32, playerMetadataBytes: 16 },
  });
  open(manager, {}, BOB);
  ok(manager.setMetadata(ADA, { a: 1, b: "two" }));
  const lobby = ok(manager.setMetadata(ADA, { a: null, c: true }));
  assertEquals(lobby.metadata, { b: "two", c: true });
  // What is there already counts.
  assertEquals(
    refused(manager.setMetadata(ADA, { d: "0123456789" })).type,
    "invalidConfig",
  );
  assertEquals(refused(manager.setMetadata(BOB, {})).type, "notHost");
  const own = ok(manager.setPlayerMetadata(BOB, { hat: 3 }));
  assertEquals(own.players[1]?.metadata, { hat: 3 });
  assertEquals(
    refused(manager.setPlayerMetadata(BOB, { coat: "red" })).type,
    "invalidConfig",
  );
  ok(manager.join(CY, HOME, { role: "spectator" }));
  assertEquals(
    ok(manager.setPlayerMetadata(CY, { hat: 1 })).spectators[0]?.metadata,
    { hat: 1 },
  );
  assertEquals(
    refused(manager.setPlayerMetadata(DI, {})).type,
    "playerNotFound",
  );
});

Deno.test("LobbyManager.transferHost() hands the lobby on", () => {
  const manager = makeManager();
  open(manager, {}, BOB, CY);
  ok(manager.join(DI, HOME, { role: "spectator" }));
  ok(manager.setConnected(CY, false));
  assertEquals(refused(manager.transferHost(BOB, BOB)).type, "notHost");
  assertEquals(refused(manager.transferHost(ADA, DI)).type, "playerNotFound");
  assertEquals(refused(manager.transferHost(ADA, CY)).type, "notAllowed");
  assertEquals(ok(manager.transferHost(ADA, BOB)).host, BOB);
  assertEquals(refused(manager.transferHost(ADA, ADA)).type, "notHost");
  const { version } = ok(manager.transferHost(BOB, BOB));
  assertEquals(manager.lobby(HOME)?.version, version);
});

Deno.test("LobbyManager.setRole() makes spectators of players and players of spectators", () => {
  const manager = makeManager();
  open(manager, { maxPlayers: 2, maxSpectators: 1 }, BOB);
  ok(manager.join(CY, HOME, { role: "spectator", party: "c" }));
  assertEquals(refused(manager.setRole(CY, CY, "player")).type, "lobbyFull");
  assertEquals(
    refused(manager.setRole(BOB, BOB, "spectator")).type,
    "lobbyFull",
  );
  assertEquals(refused(manager.setRole(BOB, CY, "player")).type, "notHost");
  assertEquals(
    refused(manager.setRole(ADA, DI, "player")).type,
    "playerNotFound",
  );
  ok(manager.leave(BOB));
  const lobby = ok(manager.setRole(ADA, CY, "player"));
  assertEquals(lobby.players.map(({ id }) => id), [ADA, CY]);
  assertEquals(lobby.players[1]?.party, "c");
  // A host who looks on hosts no more.
  const other = ok(manager.setRole(ADA, ADA, "spectator"));
  assertEquals([other.host, other.spectators[0]?.id], [CY, ADA]);
  const last = refused(manager.setRole(CY, CY, "spectator"));
  assertEquals(last.type, "lobbyFull");
  ok(manager.setRole(ADA, ADA, "player"));
  ok(manager.leave(ADA));
  const alone = refused(manager.setRole(CY, CY, "spectator"));
  assert(alone.type === "notEnoughPlayers");
  ok(manager.configure(CY, { spectatorAccess: "none" }));
  const closed = refused(manager.setRole(CY, CY, "spectator"));
  assert(closed.type === "notAllowed");
  assertEquals(closed.rule, "spectating");
  const { version } = ok(manager.setRole(CY, CY, "player"));
  assertEquals(manager.lobby(HOME)?.version, version);
});

Deno.test("LobbyManager.setRole() asks of a spectator what joining as a player would have asked", () => {
  const invited = (manager: LobbyManager, player: PlayerId): void => {
    const { code } = ok(manager.invite(ADA, { role: "spectator" }));
    ok(manager.joinByCode(player, code));
  };
  const promotion = (manager: LobbyManager, player: PlayerId): string => {
    const result = manager.setRole(player, player, "player");
    if (result.isOk) return "in";
    const { error } = result;
    return error.type === "lobbyNotJoinable" ? error.reason : error.type;
  };
  // An invitation to look on is none to play.
  const closed = makeManager();
  open(closed, { access: "inviteOnly" });
  invited(closed, BOB);
  assertEquals(promotion(closed, BOB), "inviteOnly");
  // So it is where the lobby is gone on with elsewhere.
  const other = makeManager();
  ok(other.restore(JSON.parse(JSON.stringify(closed.snapshot(HOME)))));
  assertEquals(promotion(other, BOB), "inviteOnly");
  ok(other.configure(ADA, { access: "unlisted" }));
  assertEquals(promotion(other, BOB), "in");
  // The host may let in whom it likes, who then comes and goes like the others.
  ok(closed.setRole(ADA, BOB, "player"));
  ok(closed.setRole(BOB, BOB, "spectator"));
  assertEquals(promotion(closed, BOB), "in");
  // A kept seat is an invitation.
  ok(closed.setRole(BOB, BOB, "spectator"));
  invited(closed, CY);
  ok(closed.leave(CY));
  ok(closed.reserve(HOME, [CY]));
  invited(closed, CY);
  assertEquals(promotion(closed, CY), "in");

  const secret = makeManager();
  open(secret);
  ok(secret.setPassword(ADA, "sesame"));
  invited(secret, BOB);
  assertEquals(promotion(secret, BOB), "wrongPassword");
  // Who has said the password to look on has said it.
  const asked = ok(
    secret.join(CY, HOME, { role: "spectator", password: "sesame" }),
  );
  assert(asked.type === "pending");
  ok(secret.answerPassword(asked.attempt, true));
  assertEquals(promotion(secret, CY), "in");
  ok(secret.setRole(CY, CY, "spectator"));
  ok(secret.setPassword(ADA, undefined));
  assertEquals(promotion(secret, BOB), "in");
  ok(secret.setRole(BOB, BOB, "spectator"));

  // Whoever looks on while a lobby is closed stays there.
  ok(secret.setPassword(ADA, "another"));
  assertEquals(promotion(secret, BOB), "wrongPassword");
  assertEquals(promotion(secret, CY), "wrongPassword");
  ok(secret.setPassword(ADA, undefined));
  assertEquals(promotion(secret, BOB), "in");
  ok(secret.configure(ADA, { access: "inviteOnly" }));
  assertEquals(promotion(secret, CY), "inviteOnly");
});

Deno.test("LobbyManager.setRole() lets nobody into a game that takes nobody in", () => {
  const manager = makeManager();
  open(manager, { minPlayers: 1, countdownMs: 0 });
  ok(manager.join(BOB, HOME, { role: "spectator" }));
  ok(manager.startGame(ADA));
  const error = refused(manager.setRole(BOB, BOB, "player"));
  assert(error.type === "lobbyNotJoinable");
  assertEquals(error.reason, "inGame");
});

Deno.test("LobbyManager.setRole() uses the seat that is kept for a spectator", () => {
  const manager = makeManager();
  open(manager, { maxPlayers: 2, minPlayers: 1, countdownMs: 0 });
  ok(manager.reserve(HOME, [BOB]));
  ok(manager.join(BOB, HOME, { role: "spectator" }));
  assertEquals(manager.lobby(HOME)?.reservedSeats, 1);
  ok(manager.startGame(ADA));
  const ghost = refused(manager.setRole(BOB, BOB, "ghost" as "player"));
  assertEquals(ghost.type, "invalidConfig");
  const lobby = ok(manager.setRole(BOB, BOB, "player"));
  assertEquals([lobby.players.length, lobby.reservedSeats], [2, 0]);
  assertEquals(manager.reservations(HOME), []);
});

Deno.test("LobbyManager.configure() lets players stay in their teams if they can", () => {
  const manager = makeManager();
  open(
    manager,
    { maxPlayers: 4, teams: { count: 2, assignment: "manual" } },
    BOB,
    CY,
  );
  for (const player of [ADA, BOB]) {
    ok(manager.setTeam(player, player, teamId(1)));
  }
  const teams = (changes: LobbyConfigChanges) =>
    ok(manager.configure(ADA, changes)).players.map(({ team }) => team);
  assertEquals(teams({ maxPlayers: 6 }), [teamId(1), teamId(1), undefined]);
  assertEquals(teams({ minPlayers: 3 }), [teamId(1), teamId(1), undefined]);
  assertEquals(
    teams({ maxPlayers: 3, teams: { count: 3, maxSize: 1 } }),
    [undefined, undefined, undefined],
  );
  ok(manager.setTeam(ADA, ADA, teamId(1)));
  assertEquals(
    teams({ teams: { assignment: "auto" } }),
    [undefined, undefined, undefined],
  );
});

Deno.test("LobbyManager.setTeam() chooses where teams are chosen", () => {
  const manager = makeManager();
  open(
    manager,
    { maxPlayers: 4, teams: { count: 2, assignment: "manual" } },
    BOB,
    CY,
  );
  ok(manager.setTeam(ADA, ADA, teamId(0)));
  ok(manager.setTeam(ADA, BOB, teamId(0)));
  const full = refused(manager.setTeam(CY, CY, teamId(0)));
  assert(full.type === "teamFull");
  assertEquals([full.team, full.limit], [0, 2]);
  const missing = refused(manager.setTeam(CY, CY, teamId(2)));
  assert(missing.type === "teamNotFound");
  assertEquals([missing.team, missing.teams], [2, 2]);
  assertEquals(
    refused(manager.setTeam(CY, CY, -1 as TeamId)).type,
    "teamNotFound",
  );
  assertEquals(refused(manager.setTeam(CY, BOB, teamId(1))).type, "notHost");
  assertEquals(
    refused(manager.setTeam(ADA, DI, teamId(1))).type,
    "playerNotFound",
  );
  ok(manager.setTeam(BOB, BOB, undefined));
  ok(manager.setTeam(CY, CY, teamId(0)));
  const { version } = ok(manager.setTeam(CY, CY, teamId(0)));
  assertEquals(manager.lobby(HOME)?.version, version);
  // Who has chosen nothing goes where there is room.
  ok(manager.setReady(BOB, true));
  ok(manager.setReady(CY, true));
  ok(manager.startGame(ADA));
  assertEquals(
    refused(manager.setTeam(BOB, BOB, teamId(1))).type,
    "alreadyInGame",
  );
  manager.tick(3);
  const { players } = manager.lobby(HOME)!;
  assertEquals(players.map(({ team }) => team as number), [0, 1, 0]);
});

Deno.test("LobbyManager assigns teams by skill when the game begins, parties together", () => {
  const manager = makeManager();
  ok(manager.createLobby(ADA, {
    countdownMs: 0,
    teams: { count: 2 },
  }, { id: HOME, player: { skill: 2000, party: "ab" } }));
  ok(manager.join(BOB, HOME, { skill: 1000, party: "ab" }));
  ok(manager.join(CY, HOME, { skill: 1900 }));
  ok(manager.join(DI, HOME, { skill: 1200 }));
  const choice = refused(manager.setTeam(CY, CY, teamId(0)));
  assert(choice.type === "notAllowed");
  assertEquals(choice.rule, "teamChoice");
  const shown = ok(manager.assignTeams(ADA));
  for (const player of [BOB, CY, DI]) ok(manager.setReady(player, true));
  const lobby = ok(manager.startGame(ADA));
  const teams = lobby.players.map(({ team }) => team);
  assertEquals(teams[0], teams[1]);
  assertEquals(teams[2], teams[3]);
  assertEquals(shown.players.map(({ team }) => team), teams);
  // Nobody is told how strong the others are.
  assertFalse(JSON.stringify(drain(manager)).includes("1900"));
});

Deno.test("LobbyManager.startGame() refuses parties that fit into no team", () => {
  const manager = makeManager();
  ok(manager.createLobby(ADA, {
    maxPlayers: 4,
    isAutoStarted: true,
    teams: { count: 2, maxSize: 2 },
  }, { id: HOME, player: { party: "abc" } }));
  ok(manager.join(BOB, HOME, { party: "abc" }));
  ok(manager.join(CY, HOME, { party: "abc" }));
  for (const player of [ADA, BOB, CY]) ok(manager.setReady(player, true));
  assertEquals(manager.lobby(HOME)?.state, "waiting");
  const error = refused(manager.startGame(ADA));
  assert(error.type === "notAllowed");
  assertEquals(error.rule, "parties");
  assertEquals(refused(manager.assignTeams(ADA)).type, "notAllowed");
});

Deno.test("LobbyManager.assignTeams() works the same teams out once, however often it is asked", () => {
  const manager = makeManager();
  open(manager, { maxPlayers: 16, teams: { count: 2 } }, BOB, CY, DI);
  const seats = (): unknown => {
    drain(manager);
    ok(manager.assignTeams(ADA));
    const [event] = drain(manager);
    assert(event?.type === "teamsAssigned");
    return event.seats;
  };
  // The first time they were in none.
  seats();
  const second = seats();
  assertStrictEquals(seats(), second);
  ok(manager.leave(DI));
  assertEquals((seats() as unknown[]).length, 3);
});

Deno.test("LobbyManager draws random teams anew for each game, and the same when asked again", () => {
  const manager = makeManager();
  const config: LobbyConfigChanges = {
    maxPlayers: 16,
    countdownMs: 0,
    teams: { count: 2, assignment: "random" },
  };
  const others = Array.from({ length: 15 }, (_, i) => playerId(`p${i}`));
  open(manager, config, ...others);
  const draws = new Set<string>();
  for (let game = 0; game < 5; game++) {
    const first = ok(manager.assignTeams(ADA)).players.map((p) => p.team);
    const again = ok(manager.assignTeams(ADA)).players.map((p) => p.team);
    assertEquals(first, again);
    for (const player of others) ok(manager.setReady(player, true));
    ok(manager.startGame(ADA));
    const { players } = manager.lobby(HOME)!;
    assertEquals(players.map(({ team }) => team), first);
    draws.add(first.join());
    ok(manager.endGame(HOME));
    ok(manager.resetLobby(ADA));
  }
  assert(draws.size > 1);
});

Deno.test("LobbyManager puts who comes into a game in the smallest team", () => {
  const manager = makeManager();
  open(manager, {
    countdownMs: 0,
    isJoinableInGame: true,
    teams: { count: 2 },
  }, BOB);
  ok(manager.setReady(BOB, true));
  ok(manager.startGame(ADA));
  ok(manager.leave(BOB));
  const kept = manager.lobby(HOME)!.players[0]!.team!;
  const late = joined(manager, CY, HOME).players[1]!.team!;
  assertEquals(kept + late, 1);
  ok(manager.join(DI, HOME, { role: "spectator" }));
  const lobby = ok(manager.setRole(DI, DI, "player"));
  assert(lobby.players[2]?.team !== undefined);
});

Deno.test("LobbyManager.rebalanceTeams() evens teams out in a game", () => {
  const manager = makeManager();
  const others = ["b", "c", "d", "e", "f"].map((name) => playerId(name));
  open(manager, { countdownMs: 0, teams: { count: 2 } }, ...others);
  assertEquals(refused(manager.rebalanceTeams(ADA)).type, "notAllowed");
  for (const player of others) ok(manager.setReady(player, true));
  ok(manager.startGame(ADA));
  const before = manager.lobby(HOME)!;
  const opposed = before.players.filter(({ team }) =>
    team !== before.players[0]!.team
  );
  ok(manager.leave(opposed[0]!.id));
  ok(manager.leave(opposed[1]!.id));
  drain(manager);
  const lobby = ok(manager.rebalanceTeams(ADA));
  assertEquals(lobby.players.filter(({ team }) => team === 0).length, 2);
  assertEquals(drainTypes(manager), ["teamsAssigned"]);
  ok(manager.rebalanceTeams(ADA));
  assertEquals(drainTypes(manager), []);
  ok(manager.endGame(HOME));
  ok(manager.resetLobby(ADA));
  ok(manager.configure(ADA, { teams: { count: 0 } }));
  assertEquals(refused(manager.assignTeams(ADA)).type, "notAllowed");
});

Deno.test("LobbyManager.reserve() keeps seats that count, and lets in whom they are for", () => {
  const manager = makeManager({ limits: { reservationsPerLobby: 1 } });
  open(manager, {
    maxPlayers: 3,
    minPlayers: 1,
    countdownMs: 0,
    access: "inviteOnly",
    teams: { count: 3, assignment: "manual" },
  });
  ok(manager.setPassword(ADA, "verifier"));
  ok(manager.startGame(ADA));
  const reservation = ok(
    manager.reserve(HOME, [BOB, CY], { ttlMs: 1000, team: teamId(2) }),
  );
  assertEquals(manager.lobby(HOME)?.reservedSeats, 2);
  assertEquals(manager.reservations(HOME), [{
    reservation,
    players: [BOB, CY],
    team: teamId(2),
    leftMs: 1000,
  }]);
  assertEquals(refused(manager.reserve(HOME, [DI])).type, "lobbyFull");
  // Neither the game, nor the access, nor the password is in the way.
  const lobby = joined(manager, BOB, HOME);
  assertEquals(lobby.reservedSeats, 1);
  assertEquals(lobby.players[1]?.team, teamId(2));
  manager.tick(1);
  assertEquals(manager.lobby(HOME)?.reservedSeats, 0);
  assertEquals(refused(manager.join(CY, HOME)).type, "lobbyNotJoinable");
});

Deno.test("LobbyManager.reserve() refuses who is here, expected or named twice, and too many", () => {
  const manager = makeManager({ limits: { reservationsPerLobby: 1 } });
  open(manager);
  const type = (...args: Parameters<LobbyManager["reserve"]>) =>
    refused(manager.reserve(...args)).type;
  assertEquals(type(HOME, [ADA]), "playerAlreadyInLobby");
  assertEquals(type(HOME, []), "invalidConfig");
  assertEquals(type(HOME, [BOB, BOB]), "invalidConfig");
  assertEquals(type(HOME, ["" as PlayerId]), "invalidConfig");
  assertEquals(type(HOME, [BOB], { ttlMs: Infinity }), "invalidConfig");
  assertEquals(type(HOME, [BOB], { team: teamId(0) }), "teamNotFound");
  assertEquals(type(lobbyId("nowhere"), [BOB]), "lobbyNotFound");
  const reservation = ok(manager.reserve(HOME, [BOB]));
  assertEquals(type(HOME, [BOB]), "playerAlreadyInLobby");
  assertEquals(type(HOME, [CY]), "tooMany");
  ok(manager.cancelReservation(HOME, reservation));
  assertEquals(
    refused(manager.cancelReservation(HOME, reservation)).type,
    "notFound",
  );
  ok(manager.reserve(HOME, [CY]));
});

Deno.test("LobbyManager.joinByCode() lets in past access and password, as often as it may", () => {
  const manager = makeManager();
  open(manager, { access: "inviteOnly", spectatorAccess: "invited" });
  ok(manager.setPassword(ADA, "verifier"));
  const { code } = ok(manager.invite(ADA, { uses: 1, ttlMs: 1000 }));
  const watch = ok(manager.invite(ADA, { role: "spectator" }));
  assertEquals(manager.invites(HOME), [
    { invite: 1, code, by: ADA, role: "player", usesLeft: 1, leftMs: 1000 },
    { invite: 2, code: watch.code, by: ADA, role: "spectator" },
  ]);
  const join = ok(manager.joinByCode(BOB, code, { name: "Bob" }));
  assert(join.type === "joined");
  assertEquals(join.lobby.players[1]?.name, "Bob");
  assertEquals(refused(manager.joinByCode(CY, code)).type, "notFound");
  ok(manager.joinByCode(CY, watch.code));
  assertEquals(manager.lobby(HOME)?.spectators.length, 1);
  // No event has a code: it would tell everybody.
  const text = JSON.stringify(drain(manager));
  assertFalse(text.includes(code) || text.includes(watch.code));
});

Deno.test("LobbyManager.invite() codes expire, are revoked and are bounded", () => {
  const manager = makeManager({ limits: { invitesPerLobby: 2 } });
  open(manager, {}, BOB, CY);
  const short = ok(manager.invite(ADA, { ttlMs: 500 }));
  const { code } = ok(manager.invite(BOB));
  assertEquals(refused(manager.invite(ADA)).type, "tooMany");
  drain(manager);
  manager.tick(0.5);
  const [ended] = drain(manager);
  assert(ended?.type === "inviteEnded");
  assertEquals([ended.invite, ended.reason], [1, "expired"]);
  assertEquals(refused(manager.joinByCode(DI, short.code)).type, "notFound");
  assertEquals(refused(manager.revokeInvite(CY, code)).type, "notHost");
  ok(manager.revokeInvite(BOB, code));
  assertEquals(refused(manager.revokeInvite(ADA, code)).type, "notFound");
  for (
    const options of [
      { uses: 0 },
      { uses: 1.5 },
      { ttlMs: 0 },
      { ttlMs: NaN },
      { role: "ghost" as "player" },
    ]
  ) {
    assertEquals(
      refused(manager.invite(ADA, options)).type,
      "invalidConfig",
    );
  }
  ok(manager.configure(ADA, { inviters: "host" }));
  const error = refused(manager.invite(BOB));
  assert(error.type === "notAllowed");
  assertEquals(error.rule, "inviting");
  ok(manager.invite(ADA));
  ok(manager.join(DI, HOME, { role: "spectator" }));
  assertEquals(refused(manager.invite(DI)).type, "playerNotFound");
});

Deno.test("LobbyManager.kick() ends the invites of who is kicked, and no others", () => {
  const manager = makeManager({ limits: { invitesPerLobby: 4 } });
  open(manager, { access: "inviteOnly" });
  const [forBob, kept] = [
    ok(manager.invite(ADA)),
    ok(manager.invite(ADA)),
  ];
  ok(manager.joinByCode(BOB, forBob.code));
  const codes = [ok(manager.invite(BOB)), ok(manager.invite(BOB))];
  assertEquals(refused(manager.invite(ADA)).type, "tooMany");
  ok(manager.kick(ADA, BOB));
  for (const { code } of codes) {
    assertEquals(refused(manager.joinByCode(CY, code)).type, "notFound");
  }
  ok(manager.joinByCode(CY, kept.code));
  // Who leaves may have sent codes to friends.
  const { code } = ok(manager.invite(CY));
  ok(manager.leave(CY));
  ok(manager.joinByCode(DI, code));
});

Deno.test("LobbyManager.join() asks for the password to be verified", () => {
  const manager = makeManager();
  const lobby = ok(manager.createLobby(ADA, {}, { passwordVerifier: "hash" }));
  assertEquals(lobby.hasPassword, true);
  assertFalse(JSON.stringify(drain(manager)).includes("hash"));
  assertEquals(refused(manager.join(BOB, lobby.id)).type, "wrongPassword");
  const pending = ok(
    manager.join(BOB, lobby.id, { password: "sesame", name: "Bob" }),
  );
  assert(pending.type === "pending");
  assertEquals(manager.lobbyForPlayer(BOB), undefined);
  assertEquals(drain(manager), [{
    type: "passwordToVerify",
    attempt: pending.attempt,
    lobby: lobby.id,
    player: BOB,
    password: "sesame",
    verifier: "hash",
  }]);
  // One at a time.
  const again = refused(manager.join(BOB, lobby.id, { password: "other" }));
  assert(again.type === "rateLimited");
  assertEquals(again.retryAfterMs, 10_000);
  const inside = ok(manager.answerPassword(pending.attempt, true));
  assertEquals(inside.players[1]?.name, "Bob");
  const [event] = drain(manager);
  assert(event?.type === "playerJoined");
  assertEquals(event.entry, "password");
  assertEquals(
    refused(manager.answerPassword(pending.attempt, true)).type,
    "notFound",
  );
});

Deno.test("LobbyManager.answerPassword() refuses as things are then", () => {
  const attempt = (
    meanwhile: (manager: LobbyManager) => void,
    isRight = true,
  ): string => {
    const manager = makeManager();
    open(manager, { maxPlayers: 2 });
    ok(manager.setPassword(ADA, "hash"));
    const pending = ok(manager.join(BOB, HOME, { password: "sesame" }));
    assert(pending.type === "pending");
    meanwhile(manager);
    drain(manager);
    const error = refused(manager.answerPassword(pending.attempt, isRight));
    assertEquals(drain(manager), [{
      type: "joinRefused",
      attempt: pending.attempt,
      lobby: HOME,
      player: BOB,
      error,
    }]);
    return error.type;
  };
  assertEquals(attempt(() => {}, false), "wrongPassword");
  assertEquals(
    attempt((manager) => ok(manager.setPassword(ADA, "other"))),
    "wrongPassword",
  );
  assertEquals(
    attempt((manager) => ok(manager.reserve(HOME, [CY]))),
    "lobbyFull",
  );
  assertEquals(
    attempt((manager) => ok(manager.createLobby(BOB))),
    "playerAlreadyInLobby",
  );
  assertEquals(attempt((manager) => ok(manager.leave(ADA))), "lobbyNotFound");
  // A lobby of the same id is not the same lobby.
  assertEquals(
    attempt((manager) => {
      ok(manager.leave(ADA));
      ok(manager.createLobby(ADA, {}, { id: HOME }));
    }),
    "lobbyNotFound",
  );
});

Deno.test("LobbyManager.answerPassword() lets in whose seat was reserved meanwhile", () => {
  for (const isRight of [true, false]) {
    const manager = makeManager();
    open(manager, { maxPlayers: 2, access: "unlisted" });
    ok(manager.setPassword(ADA, "hash"));
    const pending = ok(manager.join(BOB, HOME, { password: "sesame" }));
    assert(pending.type === "pending");
    ok(manager.reserve(HOME, [BOB]));
    ok(manager.configure(ADA, { access: "inviteOnly" }));
    const lobby = ok(manager.answerPassword(pending.attempt, isRight));
    assertEquals(lobby.players.map(({ id }) => id), [ADA, BOB]);
    assertEquals(lobby.reservedSeats, 0);
    const entered = drain(manager).find(({ type }) => type === "playerJoined");
    assert(entered?.type === "playerJoined");
    assertEquals(entered.entry, "reservation");
  }
});

Deno.test("LobbyManager.join() limits attempts per player and per lobby before anything is verified", () => {
  const manager = makeManager({
    passwordRatePerPlayer: { burst: 2, intervalMs: 10_000 },
    passwordRatePerLobby: { burst: 3, intervalMs: 1000 },
  });
  open(manager);
  ok(manager.setPassword(ADA, "hash"));
  const fail = (player: PlayerId): LobbyError | undefined => {
    const result = manager.join(player, HOME, { password: "guess" });
    if (!result.isOk) return result.error;
    assert(result.value.type === "pending");
    refused(manager.answerPassword(result.value.attempt, false));
    return undefined;
  };
  assertEquals(fail(BOB), undefined);
  assertEquals(fail(BOB), undefined);
  const third = fail(BOB);
  assert(third?.type === "rateLimited");
  assertEquals(third.retryAfterMs, 10_000);
  assertEquals(fail(CY), undefined);
  // Another name does not help.
  const other = fail(DI);
  assert(other?.type === "rateLimited");
  assertEquals(other.retryAfterMs, 1000);
  manager.tick(1);
  assertEquals(fail(DI), undefined);
  manager.tick(9);
  assertEquals(fail(BOB), undefined);
  assertEquals(fail(BOB)?.type, "rateLimited");
});

Deno.test("LobbyManager.join() forgets attempts, so that no flood of names is kept", () => {
  const manager = makeManager();
  open(manager);
  ok(manager.setPassword(ADA, "hash"));
  let most = 0;
  for (let i = 0; i < 2000; i++) {
    const player = playerId(`p${i}`);
    const result = manager.join(player, HOME, { password: "guess" });
    if (result.isOk && result.value.type === "pending") {
      refused(manager.answerPassword(result.value.attempt, false));
    }
    manager.tick(0.5);
    drain(manager);
    most = Math.max(most, manager.snapshot(HOME)!.attempts.length);
  }
  // One a second is remembered for ten.
  assert(most >= 10 && most <= 45, `${most}`);
});

Deno.test("LobbyManager lets a password wait only so long, and only so many", () => {
  const manager = makeManager({ limits: { passwordAttempts: 1 } });
  open(manager);
  ok(manager.setPassword(ADA, "hash"));
  ok(manager.join(BOB, HOME, { password: "sesame" }));
  const error = refused(manager.join(CY, HOME, { password: "sesame" }));
  assert(error.type === "tooMany");
  assertEquals(error.of, "passwordAttempts");
  for (const password of ["", "x".repeat(257), 7 as unknown as string]) {
    assertEquals(
      refused(manager.join(DI, HOME, { password })).type,
      "invalidConfig",
    );
  }
  drain(manager);
  manager.tick(10);
  const [event] = drain(manager);
  assert(event?.type === "joinRefused");
  assert(event.error.type === "lobbyNotJoinable");
  assertEquals(event.error.reason, "passwordTimeout");
  ok(manager.join(CY, HOME, { password: "sesame" }));
  // Without a password nobody is asked.
  ok(manager.setPassword(ADA, undefined));
  joined(manager, BOB, HOME);
});

Deno.test("LobbyManager.startReadyCheck() makes everybody ready who says so", () => {
  const manager = makeManager();
  open(manager, { isAutoStarted: true }, BOB);
  assertEquals(refused(manager.vote(BOB, true)).type, "notFound");
  assertEquals(refused(manager.cancelReadyCheck(ADA)).type, "notFound");
  assertEquals(refused(manager.startReadyCheck(BOB)).type, "notHost");
  assertEquals(refused(manager.startReadyCheck(ADA, 0)).type, "invalidConfig");
  assertEquals(ok(manager.startReadyCheck(ADA, 5000)).readyCheck, {
    timeoutMs: 5000,
    votes: [{ player: ADA }, { player: BOB }],
  });
  assertEquals(refused(manager.startReadyCheck(ADA)).type, "wrongState");
  ok(manager.join(CY, HOME, { role: "spectator" }));
  assertEquals(refused(manager.vote(CY, true)).type, "playerNotFound");
  ok(manager.vote(BOB, true));
  drain(manager);
  ok(manager.vote(BOB, true));
  assertEquals(drainTypes(manager), []);
  const lobby = ok(manager.vote(ADA, true));
  assertEquals(lobby.readyCheck, undefined);
  assertEquals(lobby.players.map(({ isReady }) => isReady), [true, true]);
  assertEquals(lobby.state, "countdown");
  assertEquals(drainTypes(manager), [
    "readyCheckVoted",
    "readyCheckEnded",
    "countdownStarted",
  ]);
});

Deno.test("LobbyManager.startReadyCheck() names who said no and who said nothing", () => {
  const manager = makeManager();
  open(manager, {}, BOB, CY);
  ok(manager.startReadyCheck(ADA, 5000));
  ok(manager.vote(ADA, true));
  ok(manager.vote(BOB, false));
  manager.tick(5);
  const ended = drain(manager).at(-1);
  assert(ended?.type === "readyCheckEnded");
  assertEquals(ended.result, {
    type: "timedOut",
    declined: [BOB],
    silent: [CY],
  });
  assertEquals(manager.lobby(HOME)?.players[0]?.isReady, false);
});

Deno.test("LobbyManager.vote() makes nobody ready who is away", () => {
  const manager = makeManager();
  open(manager, {}, BOB);
  ok(manager.setConnected(BOB, false));
  ok(manager.startReadyCheck(ADA));
  ok(manager.vote(ADA, true));
  assertEquals(refused(manager.vote(BOB, true)).type, "notAllowed");
  ok(manager.setConnected(BOB, true));
  ok(manager.vote(BOB, true));
});

Deno.test("LobbyManager ends a ready check as somebody comes or leaves, or the game starts", () => {
  const reasonOf = (interrupt: (manager: LobbyManager) => unknown): string => {
    const manager = makeManager();
    open(manager, {}, BOB, CY);
    ok(manager.startReadyCheck(ADA));
    interrupt(manager);
    const ended = drain(manager).find(({ type }) => type === "readyCheckEnded");
    assert(ended?.type === "readyCheckEnded");
    assert(ended.result.type === "cancelled");
    assertEquals(manager.lobby(HOME)?.readyCheck, undefined);
    return ended.result.reason;
  };
  assertEquals(reasonOf((m) => m.cancelReadyCheck(ADA)), "host");
  assertEquals(reasonOf((m) => m.join(DI, HOME)), "joined");
  assertEquals(reasonOf((m) => m.leave(BOB)), "left");
  assertEquals(reasonOf((m) => m.setConnected(CY, false)), "disconnected");
  assertEquals(
    reasonOf((m) => m.configure(ADA, { map: "harbour" })),
    "configChanged",
  );
  assertEquals(
    reasonOf((m) => {
      ok(m.setReady(BOB, true));
      ok(m.setReady(CY, true));
      ok(m.startGame(ADA));
    }),
    "started",
  );
});

Deno.test("LobbyManager refuses and stands still while nobody drains its events", () => {
  const manager = makeManager({ limits: { events: 16 } });
  ok(manager.createLobby(ADA, { minPlayers: 1 }, { id: HOME }));
  ok(manager.startGame(ADA));
  ok(manager.setPassword(ADA, "hash"));
  ok(manager.createLobby(CY));
  drain(manager);
  // A spectator, who does not end the countdown; and a password that waits.
  const looksOn = { role: "spectator", password: "sesame" } as const;
  ok(manager.join(BOB, HOME, looksOn));
  // With one of sixteen waiting, eight more go in before eight have no room.
  for (let i = 0; i < 8; i++) ok(manager.setMetadata(ADA, { i }));
  const { version } = manager.lobby(HOME)!;
  const error = refused(manager.setMetadata(ADA, { i: 8 }));
  assert(error.type === "tooMany");
  assertEquals([error.of, error.limit], ["events", 16]);
  assertEquals(refused(manager.createLobby(DI)).type, "tooMany");
  assertEquals(refused(manager.destroyLobby(HOME)).type, "tooMany");
  assertEquals(refused(manager.joinByCode(BOB, "x")).type, "tooMany");
  assertEquals(refused(manager.answerPassword(1, true)).type, "tooMany");
  manager.tick(10);
  assertEquals(manager.lobby(HOME)?.version, version);
  assertEquals(manager.pendingEvents, 9);
  assertEquals(manager.pollEvent()?.type, "passwordToVerify");
  drain(manager);
  // What was due meanwhile happens then.
  manager.tick(0);
  assertEquals(drainTypes(manager), ["joinRefused", "gameStarted"]);
});

Deno.test("LobbyManager does what is due in many lobbies in the order of its time", () => {
  const manager = makeManager();
  const random = new SeededRandom(9);
  const due: [atMs: number, id: LobbyId][] = [];
  for (let i = 0; i < 200; i++) {
    const countdownMs = 1 + Math.floor(random.nextFloat() * 500);
    const host = playerId(`p${i}`);
    const { id } = ok(
      manager.createLobby(host, { minPlayers: 1, countdownMs }),
    );
    ok(manager.startGame(host));
    // A third is called off, some of those begin again.
    if (i % 3 === 0) ok(manager.cancelStart(host));
    if (i % 6 === 0) ok(manager.startGame(host));
    if (i % 3 !== 0 || i % 6 === 0) due.push([countdownMs, id]);
  }
  drain(manager);
  manager.tick(1);
  // Sorting keeps the order of creation for those at the same time.
  due.sort(([a], [b]) => a - b);
  assertEquals(
    drain(manager).map((event) => event.lobby),
    due.map(([, id]) => id),
  );
});

Deno.test("LobbyManager gives frozen values", () => {
  const manager = makeManager();
  open(manager, { teams: { count: 2 } }, BOB);
  ok(manager.setPlayerMetadata(BOB, { a: 1 }));
  ok(manager.assignTeams(ADA));
  ok(manager.startReadyCheck(ADA));
  const isDeeplyFrozen = (value: unknown): boolean =>
    typeof value !== "object" || value === null ||
    Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen);
  assert(isDeeplyFrozen(manager.lobby(HOME)));
  assert(drain(manager).every(isDeeplyFrozen));
});

Deno.test("LobbyManager.metrics() count what happened", () => {
  const manager = makeManager({ limits: { bansPerLobby: 0 } });
  open(manager, { minPlayers: 1, countdownMs: 0 }, BOB);
  ok(manager.join(CY, HOME, { role: "spectator" }));
  ok(manager.kick(ADA, BOB));
  ok(manager.startGame(ADA));
  refused(manager.startGame(ADA));
  refused(manager.join(DI, HOME));
  refused(manager.join(DI, HOME));
  refused(manager.kick(ADA, CY, { banMs: 1 }));
  const values = Object.fromEntries(
    Array.from(manager.metrics(), ({ name, value, labels }) => [
      name.replace("tickwire_lobby_", "") +
      (labels?.error ?? labels?.of ?? ""),
      value,
    ]),
  );
  assertEquals(values, {
    lobbies: 1,
    players: 1,
    spectators: 1,
    password_attempts: 0,
    events_waiting: 4,
    created: 1,
    joined: 3,
    kicked: 1,
    games: 1,
    refusedalreadyInGame: 1,
    refusedlobbyNotJoinable: 2,
    refusedtooMany: 1,
    boundbans: 1,
  });
});

Deno.test("LobbyManager throws for a programmer's mistakes alone", () => {
  // Times beyond all numbers would make all others none.
  for (const dt of [-1, NaN, Infinity, 1e303]) {
    assertThrows(() => makeManager().tick(dt), RangeError, "dt");
  }
  const bad: LobbyManagerOptions[] = [
    { limits: { lobbies: 0 } },
    { limits: { playersPerLobby: 257 } },
    { limits: { events: 15 } },
    { reconnectGraceMs: -1 },
    { hostGraceMs: NaN },
    { reconnectGraceMs: 2_678_400_001 },
    { passwordTimeoutMs: Infinity },
    { passwordRatePerPlayer: { burst: 0, intervalMs: 1 } },
    { passwordRatePerLobby: { burst: 1, intervalMs: 0 } },
  ];
  for (const options of bad) {
    assertThrows(() => new LobbyManager(options), RangeError);
  }
  const manager = makeManager({ newLobbyId: () => "", newCode: () => "same" });
  assertThrows(() => manager.createLobby(ADA), RangeError, "lobby id");
  open(manager);
  ok(manager.invite(ADA));
  const error = assertThrows(() => manager.invite(ADA), RangeError);
  assertInstanceOf(error, RangeError);
  assertFalse(error.message.includes("same"));
});
