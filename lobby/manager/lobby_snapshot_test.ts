import { assert, assertEquals, assertFalse } from "@std/assert";
import { playerId, SeededRandom } from "../../core/mod.ts";
import type { LobbyError } from "../lobby_error.ts";
import { type LobbyId, lobbyId } from "../lobby_id.ts";
import type { LobbyResult } from "../lobby_result.ts";
import { teamId } from "../team_id.ts";
import { assertSound } from "./_testing/assert_sound.ts";
import { LobbyManager } from "./lobby_manager.ts";
import type { LobbyManagerOptions } from "./lobby_manager_options.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";

const ADA = playerId("ada");
const BOB = playerId("bob");
const CY = playerId("cy");
const DI = playerId("di");
const HOME = lobbyId("home");

function makeManager(options: LobbyManagerOptions = {}): LobbyManager {
  let made = 0;
  return new LobbyManager({
    random: new SeededRandom(1),
    newCode: () => `CODE${++made}`,
    ...options,
  });
}

function ok<T>(result: LobbyResult<T>): T {
  assert(result.isOk, result.isOk ? "" : result.error.message);
  return result.value;
}

function refused<T>(result: LobbyResult<T>): LobbyError {
  assertFalse(result.isOk);
  return result.error;
}

/** A lobby that has something of everything. */
function openRich(manager: LobbyManager): LobbyId {
  ok(manager.createLobby(ADA, {
    name: "Friday",
    teams: { count: 2, assignment: "manual" },
  }, {
    id: HOME,
    player: { skill: 1500.5, party: "a", metadata: { hat: 1 } },
    metadata: { mood: "good" },
    passwordVerifier: "verifier",
  }));
  const { code } = ok(manager.invite(ADA, { uses: 5, ttlMs: 9000 }));
  ok(manager.invite(ADA, { role: "spectator" }));
  ok(manager.joinByCode(BOB, code));
  ok(manager.joinByCode(CY, code));
  ok(manager.kick(ADA, CY, { banMs: 7000 }));
  ok(manager.reserve(HOME, [DI], { ttlMs: 8000, team: teamId(1) }));
  ok(manager.setTeam(BOB, BOB, teamId(0)));
  const guess = ok(
    manager.join(playerId("eve"), HOME, { password: "sesame" }),
  );
  assert(guess.type === "pending");
  refused(manager.answerPassword(guess.attempt, false));
  // A game, and the next one not yet.
  ok(manager.setReady(BOB, true));
  ok(manager.startGame(ADA));
  manager.tick(3);
  ok(manager.endGame(HOME, { winner: BOB }));
  ok(manager.resetLobby(ADA));
  ok(manager.setConnected(ADA, false));
  const { value: check } = manager.startReadyCheck(ADA) as { value: unknown };
  assert(check !== undefined);
  ok(manager.vote(BOB, true));
  ok(manager.setServerData(HOME, { deck: ["queen", 7] }));
  manager.tick(0.25);
  return HOME;
}

function copy(manager: LobbyManager, id: LobbyId): Record<string, unknown> {
  return JSON.parse(JSON.stringify(manager.snapshot(id)));
}

Deno.test("LobbyManager.snapshot() has what is needed to go on, and times as what is left", () => {
  const manager = makeManager();
  const id = openRich(manager);
  const { lobby, ...rest } = manager.snapshot(id)!;
  assertEquals(lobby, manager.lobby(id));
  assertEquals(rest, {
    format: 1,
    verifier: "verifier",
    serverData: { deck: ["queen", 7] },
    seats: [
      { player: ADA, skill: 1500.5, graceLeftMs: 59_750 },
      { player: BOB, skill: 0 },
    ],
    bans: [{ player: CY, leftMs: 3750 }],
    invites: [
      {
        invite: 1,
        code: "CODE1",
        by: ADA,
        role: "player",
        usesLeft: 3,
        leftMs: 5750,
      },
      { invite: 2, code: "CODE2", by: ADA, role: "spectator" },
    ],
    reservations: [
      { reservation: 1, players: [DI], team: teamId(1), leftMs: 4750 },
    ],
    attempts: [{ player: playerId("eve"), fullInMs: 6750 }],
    readyCheckLeftMs: 29_750,
    hostGraceLeftMs: 14_750,
    nextInvite: 3,
    nextReservation: 2,
    seed: new SeededRandom(1).nextU32(),
  });
  assertEquals(manager.snapshot(lobbyId("nowhere")), undefined);
});

Deno.test("LobbyManager.restore() goes on at another time as the first would have", () => {
  const first = makeManager();
  const id = openRich(first);
  [...first.drainEvents()];
  const second = makeManager();
  second.tick(12_345.678_901);
  const lobby = ok(second.restore(copy(first, id)));
  assertEquals(lobby, first.lobby(id));
  assertEquals(second.lobbyForPlayer(BOB)?.id, id);
  assertEquals([...second.drainEvents()], []);
  assertEquals(second.serverData(id), first.serverData(id));
  for (let i = 0; i < 800; i++) {
    first.tick(0.1);
    second.tick(0.1);
    assertEquals([...second.drainEvents()], [...first.drainEvents()], `${i}`);
  }
  // Graces, bans, invites, the check, the reservation: all has ended.
  assertEquals(second.lobby(id), first.lobby(id));
  assertEquals(second.lobby(id)?.players.map((player) => player.id), [BOB]);
});

Deno.test("LobbyManager.restore() knows codes, bans and seats", () => {
  const first = makeManager();
  const id = openRich(first);
  const second = makeManager({ newCode: () => "NEW" });
  ok(second.restore(copy(first, id)));
  assertEquals(refused(second.join(CY, id)).type, "banned");
  ok(second.join(DI, id));
  assertEquals(second.lobby(id)?.players[2]?.team, teamId(1));
  ok(second.joinByCode(playerId("fay"), "CODE2"));
  // Of five attempts Eve has made one.
  for (let i = 0; i < 4; i++) {
    const guess = ok(second.join(playerId("eve"), id, { password: "sesame" }));
    assert(guess.type === "pending");
    refused(second.answerPassword(guess.attempt, false));
  }
  assertEquals(
    refused(second.join(playerId("eve"), id, { password: "sesame" })).type,
    "rateLimited",
  );
  assertEquals(ok(second.invite(BOB)).invite, 3);
});

Deno.test("LobbyManager.restore() takes the longest times that a manager can have", () => {
  const month = 2_678_400_000;
  const options: LobbyManagerOptions = {
    reconnectGraceMs: month,
    hostGraceMs: month,
    passwordRatePerPlayer: { burst: 1000, intervalMs: 3_600_000 },
    passwordRatePerLobby: { burst: 1000, intervalMs: 3_600_000 },
  };
  const first = makeManager(options);
  ok(first.createLobby(ADA, {}, { id: HOME, passwordVerifier: "verifier" }));
  for (let i = 0; i < 1000; i++) {
    const guess = ok(first.join(BOB, HOME, { password: "sesame" }));
    assert(guess.type === "pending");
    refused(first.answerPassword(guess.attempt, false));
  }
  ok(first.invite(ADA, { ttlMs: month }));
  ok(first.reserve(HOME, [CY], { ttlMs: month }));
  ok(first.setConnected(ADA, false));
  const second = makeManager(options);
  ok(second.restore(copy(first, HOME)));
  assertEquals(second.snapshot(HOME), first.snapshot(HOME));
});

Deno.test("LobbyManager.restore() refuses what is there already, and too many", () => {
  const first = makeManager();
  const snapshot = copy(first, openRich(first));
  const exists = makeManager();
  ok(exists.restore(snapshot));
  assertEquals(refused(exists.restore(snapshot)).type, "lobbyExists");
  const seated = makeManager();
  ok(seated.createLobby(BOB));
  assertEquals(refused(seated.restore(snapshot)).type, "playerAlreadyInLobby");
  const full = makeManager({ limits: { lobbies: 1 } });
  ok(full.createLobby(DI));
  assertEquals(refused(full.restore(snapshot)).type, "tooMany");
  const coded = makeManager();
  ok(coded.createLobby(DI));
  ok(coded.invite(DI));
  const error = refused(coded.restore(snapshot));
  assert(error.type === "invalidConfig");
  assertEquals(error.field, "snapshot.invites");
});

/** Values that a field may have instead of its own. */
const OTHERS: readonly unknown[] = [
  undefined,
  null,
  true,
  false,
  -1,
  0,
  0.5,
  7,
  1e300,
  "",
  "other",
  "\ud800",
  "x".repeat(2000),
  [],
  [null],
  {},
  [[], {}],
];

/** Calls back with each object and field within a value. */
function visit(
  value: unknown,
  path: string,
  found: (holder: Record<string, unknown>, name: string, path: string) => void,
): void {
  if (typeof value !== "object" || value === null) return;
  for (const [name, field] of Object.entries(value)) {
    const at = `${path}.${name}`;
    found(value as Record<string, unknown>, name, at);
    visit(field, at, found);
  }
}

/** A manager takes it and goes on, or refuses it: it never throws, nor is it unsound. */
function assertTakenOrRefused(snapshot: unknown, message: string): boolean {
  const manager = makeManager();
  const result = manager.restore(snapshot);
  if (!result.isOk) {
    assertEquals(result.error.type, "invalidConfig", message);
    assertEquals(manager.lobbyCount, 0, message);
    return false;
  }
  const { value } = result;
  try {
    assertSound(value);
  } catch (cause) {
    throw new Error(message, { cause });
  }
  assertEquals(
    makeManager().restore(copy(manager, value.id)).isOk,
    true,
    message,
  );
  for (const dt of [0, 0.001, 5, 100]) manager.tick(dt);
  for (const { id } of [...value.players, ...value.spectators]) {
    manager.setConnected(id, false);
    manager.setReady(id, false);
    manager.leave(id);
  }
  [...manager.drainEvents()];
  assertEquals(manager.lobbyCount, 0, message);
  return true;
}

/** How many fields a snapshot has, and how many changes of them are refused. */
function changeEachField(
  whole: Record<string, unknown>,
): { fields: number; refusals: number } {
  assert(assertTakenOrRefused(whole, "whole"));
  let refusals = 0;
  let fields = 0;
  visit(structuredClone(whole), "snapshot", (_holder, _name, path) => {
    fields++;
    for (const other of OTHERS) {
      const changed = structuredClone(whole);
      visit(changed, "snapshot", (holder, name, at) => {
        if (at !== path) return;
        if (other === undefined) delete holder[name];
        else holder[name] = other;
      });
      const isTaken = assertTakenOrRefused(
        changed,
        `${path}: ${JSON.stringify(other)?.slice(0, 40)}`,
      );
      if (!isTaken) refusals++;
    }
  });
  return { fields, refusals };
}

Deno.test("LobbyManager.restore() takes or refuses a snapshot with any field changed", () => {
  const first = makeManager();
  const id = openRich(first);
  const { fields, refusals } = changeEachField(copy(first, id));
  assert(fields > 90, `${fields} fields`);
  // Much can be something else (names, numbers of versions), most cannot.
  assert(refusals > fields * OTHERS.length * 0.7, `${refusals} refusals`);
});

Deno.test("LobbyManager.restore() takes or refuses a countdown and a game with any field changed", () => {
  const first = makeManager();
  ok(first.createLobby(ADA, {
    isAutoStarted: true,
    teams: { count: 2, assignment: "random", maxSize: 4 },
  }, { id: HOME, player: { party: "ab" } }));
  ok(first.join(BOB, HOME, { party: "ab" }));
  ok(first.setReady(ADA, true));
  ok(first.setReady(BOB, true));
  changeEachField(copy(first, HOME));
  first.tick(3);
  assertEquals(first.lobby(HOME)?.state, "inGame");
  changeEachField(copy(first, HOME));
});

Deno.test("LobbyManager.restore() takes or refuses a snapshot with several fields exchanged", () => {
  const first = makeManager();
  const id = openRich(first);
  const whole = copy(first, id);
  for (let seed = 1; seed <= (IS_SOAK ? 20_000 : 200); seed++) {
    const random = new SeededRandom(seed);
    const changed = structuredClone(whole);
    const places: [holder: Record<string, unknown>, name: string][] = [];
    visit(changed, "", (holder, name) => places.push([holder, name]));
    const pick = () => places[Math.floor(random.nextFloat() * places.length)]!;
    for (let i = 0; i < 1 + seed % 3; i++) {
      const [to, name] = pick();
      const [from, other] = pick();
      to[name] = structuredClone(from[other]);
    }
    assertTakenOrRefused(changed, `seed ${seed}`);
  }
});

Deno.test("LobbyManager.restore() takes a countdown to a game whose teams are impossible, and calls it off", () => {
  const first = makeManager();
  ok(first.createLobby(ADA, {
    isAutoStarted: true,
    teams: { count: 2, maxSize: 4 },
  }, { id: HOME, player: { party: "ab" } }));
  ok(first.join(BOB, HOME, { party: "ab" }));
  ok(first.setReady(ADA, true));
  ok(first.setReady(BOB, true));
  const snapshot = JSON.stringify(first.snapshot(HOME));
  const edited = snapshot.replace('"maxPlayers":8', '"maxPlayers":2')
    .replace('"maxSize":4', '"maxSize":1');
  const second = makeManager();
  assertEquals(ok(second.restore(JSON.parse(edited))).state, "countdown");
  second.tick(3);
  assertEquals([...second.drainEvents()], [{
    type: "countdownCancelled",
    lobby: HOME,
    version: 6,
    reason: "parties",
  }]);
  assertEquals(second.lobby(HOME)?.state, "waiting");
});

Deno.test("LobbyManager.restore() refuses what is no snapshot, and says what is wrong", () => {
  const manager = makeManager();
  for (const other of OTHERS) {
    assertEquals(refused(manager.restore(other)).type, "invalidConfig");
  }
  const first = makeManager();
  const whole = copy(first, openRich(first));
  const fieldOf = (changes: Record<string, unknown>): string => {
    const error = refused(manager.restore({ ...whole, ...changes }));
    assert(error.type === "invalidConfig");
    return error.field;
  };
  const lobby = whole.lobby as Record<string, unknown>;
  assertEquals(fieldOf({ format: 2 }), "snapshot.format");
  assertEquals(
    fieldOf({ lobby: { ...lobby, host: CY } }),
    "snapshot.lobby.host",
  );
  assertEquals(
    fieldOf({ lobby: { ...lobby, reservedSeats: 2 } }),
    "snapshot.lobby.reservedSeats",
  );
  assertEquals(
    fieldOf({ lobby: { ...lobby, state: "countdown" } }),
    "snapshot.countdownLeftMs",
  );
  assertEquals(fieldOf({ verifier: undefined }), "snapshot.verifier");
  assertEquals(fieldOf({ nextInvite: 1 }), "snapshot.nextInvite");
  assertEquals(fieldOf({ seats: [] }), "snapshot.seats");
  const named = refused(
    manager.restore({ ...whole, lobby: { ...lobby, version: 0 } }),
  );
  assertEquals(
    named.message,
    "Cannot use snapshot.lobby.version as it must be an integer from 1 to 9007199254740991: current value is 0",
  );
  // A refusal shows nothing of what it refuses.
  const error = refused(manager.restore({ ...whole, seed: -1 }));
  assertFalse(JSON.stringify(error).includes("verifier"));
});
