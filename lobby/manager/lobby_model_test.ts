// A manager under random calls, against what has to hold whatever is called. The full
// count is a million calls (TICKWIRE_SOAK=1); an ordinary run takes a slice of them. A
// failure names the seed and the call.
import { assert, assertEquals, assertFalse } from "@std/assert";
import type { PlayerId, Random } from "../../core/mod.ts";
import type { LobbyError } from "../lobby_error.ts";
import type { LobbyId } from "../lobby_id.ts";
import { assertSound } from "./_testing/assert_sound.ts";
import {
  type CallResult,
  RandomLobbyCalls,
} from "./_testing/random_lobby_calls.ts";
import { isRematchWanted } from "./_lobby_rules.ts";
import { applyLobbyEvent } from "./apply_lobby_event.ts";
import type { Lobby } from "./lobby.ts";
import type { LobbyManagerEvent } from "./lobby_event.ts";
import { LobbyManager } from "./lobby_manager.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const CALLS_PER_SEED = 5000;
const SEEDS = IS_SOAK ? 200 : 2;

/** The twelve that every lobby has to refuse. */
const TWELVE: LobbyError["type"][] = [
  "lobbyNotFound",
  "lobbyFull",
  "lobbyNotJoinable",
  "wrongPassword",
  "playerNotFound",
  "playerAlreadyInLobby",
  "notHost",
  "notEnoughPlayers",
  "alreadyInGame",
  "cannotKickSelf",
  "teamNotFound",
  "matchmakingError",
];

/** What a manager draws: copied, so that another goes on drawing the same. */
class Draws {
  codes = 0;
  numbers = 0;

  copy(): Draws {
    return Object.assign(new Draws(), this);
  }
}

function makeManager(draws: Draws): LobbyManager {
  const random: Random = {
    nextU32: () => Math.imul(++draws.numbers, 0x9e3779b1) >>> 0,
    nextFloat: () => 0,
    fill: () => {},
  };
  return new LobbyManager({
    random,
    newCode: () => `code${++draws.codes}`,
    limits: { bansPerLobby: 4, invitesPerLobby: 4, reservationsPerLobby: 3 },
    reconnectGraceMs: 2000,
    hostGraceMs: 500,
    passwordTimeoutMs: 700,
    passwordRatePerPlayer: { burst: 2, intervalMs: 4000 },
    passwordRatePerLobby: { burst: 5, intervalMs: 200 },
  });
}

/** What a client knows that was there from the beginning, and has only the events. */
class Follower {
  readonly views = new Map<LobbyId, Lobby>();
  readonly #lastVersions = new Map<LobbyId, number>();
  readonly waiting: number[] = [];
  lastAttempt = 0;

  follow(event: LobbyManagerEvent): void {
    if (event.type === "passwordToVerify") {
      this.waiting.push(event.attempt);
      this.lastAttempt = event.attempt;
      return;
    }
    if (!("version" in event)) return;
    // By way of JSON, as it would be over a network.
    const sent = JSON.parse(JSON.stringify(event)) as typeof event;
    const { lobby, version } = sent;
    const last = sent.type === "lobbyCreated"
      ? 0
      : this.#lastVersions.get(lobby);
    assertEquals(version, last! + 1);
    this.#lastVersions.set(lobby, version);
    const view = applyLobbyEvent(this.views.get(lobby), sent);
    if (view === undefined) this.views.delete(lobby);
    else this.views.set(lobby, view);
  }
}

function assertAllSound(
  manager: LobbyManager,
  follower: Follower,
  players: readonly PlayerId[],
): void {
  const whereabouts = new Map<PlayerId, LobbyId>();
  let count = 0;
  for (const view of manager.lobbies()) {
    count++;
    assertEquals(
      view,
      follower.views.get(view.id),
      "what the events add up to",
    );
    for (const { id } of [...view.players, ...view.spectators]) {
      assert(!whereabouts.has(id), "in one lobby at most");
      whereabouts.set(id, view.id);
    }
    const kept = manager.reservations(view.id)
      .reduce((sum, { players }) => sum + players.length, 0);
    assertEquals(view.reservedSeats, kept, "what is reserved");
    const banned = new Set(manager.bans(view.id).map(({ player }) => player));
    for (const { players } of manager.reservations(view.id)) {
      for (const player of players) assert(!banned.has(player), "for nobody");
    }
    assertFalse(isRematchWanted(view), "a rematch that all want begins");
    assert(manager.bans(view.id).length <= 4, "no more bans than allowed");
    assert(
      manager.invites(view.id).length <= 4,
      "no more invites than allowed",
    );
  }
  assertEquals(follower.views.size, count);
  assertEquals(manager.lobbyCount, count);
  for (const player of players) {
    assertEquals(
      manager.lobbyForPlayer(player)?.id,
      whereabouts.get(player),
      "who is where",
    );
  }
}

interface RunCounts {
  readonly errors: Map<string, number>;
  readonly events: Map<string, number>;
}

function run(seed: number, counts: RunCounts): void {
  const calls = new RandomLobbyCalls(
    seed,
    8 + 16 * (seed % 4),
    2 + 5 * (seed % 3),
  );
  const draws = new Draws();
  const manager = makeManager(draws);
  const follower = new Follower();
  // Another manager, to which all lobbies were moved half-way by their snapshots.
  let restored: LobbyManager | undefined;
  const moveAt = 1000 + calls.below(CALLS_PER_SEED / 2);

  const note = (result: CallResult): void => {
    if (result === undefined || result.isOk) return;
    const { type } = result.error;
    counts.errors.set(type, (counts.errors.get(type) ?? 0) + 1);
  };
  const drain = (): void => {
    const other = restored?.drainEvents();
    for (const event of manager.drainEvents()) {
      counts.events.set(event.type, (counts.events.get(event.type) ?? 0) + 1);
      if (other !== undefined) {
        assertEquals(other.next().value, sameAttempt(event));
      }
      follower.follow(event);
      const view = follower.views.get(event.lobby);
      if (view !== undefined) assertSound(view);
    }
    assertEquals(other?.next().done ?? true, true);
  };
  // Attempts are numbered by each manager for itself.
  let attemptsAhead = 0;
  const sameAttempt = (event: LobbyManagerEvent): LobbyManagerEvent =>
    "attempt" in event
      ? { ...event, attempt: event.attempt - attemptsAhead }
      : event;
  const answer = (): void => {
    for (const attempt of follower.waiting.splice(0)) {
      if (calls.chance(0.3)) continue;
      const isRight = calls.chance(0.6);
      const result = manager.answerPassword(attempt, isRight);
      note(result);
      const other = restored?.answerPassword(attempt - attemptsAhead, isRight);
      if (other !== undefined) assertEquals(other, result);
    }
  };

  for (let i = 0; i < CALLS_PER_SEED; i++) {
    try {
      if (i === moveAt) {
        // What waits for an answer is not part of a snapshot: it has timed out.
        manager.tick(1);
        drain();
        follower.waiting.length = 0;
        attemptsAhead = follower.lastAttempt;
        restored = move(manager, draws.copy(), calls.below(1000));
      }
      const call = calls.next(manager);
      const result = call(manager);
      note(result);
      if (restored !== undefined) {
        assertEquals(withoutAttempt(call(restored)), withoutAttempt(result));
      }
      drain();
      answer();
      drain();
      if (calls.chance(0.2)) {
        const dt = calls.pick([0, 0.001, 0.016, 0.016, 0.1, 0.1, 0.5, 2]);
        manager.tick(dt);
        restored?.tick(dt);
        drain();
      }
      if (i % 16 === 0) assertAllSound(manager, follower, calls.players);
      if (i % 512 === 0 && restored !== undefined) {
        for (const { id } of manager.lobbies()) {
          assertEquals(restored.snapshot(id), manager.snapshot(id));
        }
      }
    } catch (cause) {
      throw new Error(`seed ${seed}, call ${i}: ${cause}`, { cause });
    }
  }
}

function withoutAttempt(result: CallResult): unknown {
  if (result === undefined || !result.isOk) return result;
  const { value } = result;
  return typeof value === "object" && value !== null && "attempt" in value
    ? "pending"
    : value;
}

/** Restores all lobbies of one manager in another, by way of JSON. */
function move(
  manager: LobbyManager,
  draws: Draws,
  seconds: number,
): LobbyManager {
  const restored = makeManager(draws);
  // Times are what is left: at which time it takes over does not matter.
  restored.tick(seconds);
  for (const { id } of manager.lobbies()) {
    const text = JSON.stringify(manager.snapshot(id));
    const result = restored.restore(JSON.parse(text));
    assert(result.isOk, result.isOk ? "" : result.error.message);
    assertEquals(result.value, manager.lobby(id));
  }
  return restored;
}

Deno.test("LobbyManager holds what it promises under random calls, and so does one that took over", () => {
  const counts: RunCounts = { errors: new Map(), events: new Map() };
  for (let seed = 1; seed <= SEEDS; seed++) run(seed, counts);
  for (const type of TWELVE) assert(counts.errors.has(type), type);
});
