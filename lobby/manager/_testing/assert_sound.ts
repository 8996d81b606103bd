import { assert, assertEquals } from "@std/assert";
import type { Lobby } from "../lobby.ts";

/** Asserts what has to hold of a lobby at every version, whatever was called. */
export function assertSound(view: Lobby): void {
  const { config, players, spectators, reservedSeats, state } = view;
  const hosts = players.filter(({ id }) => id === view.host);
  assertEquals(hosts.length, 1, "one host, who plays");
  assert(
    players.length + reservedSeats <= config.maxPlayers,
    "no more than the seats",
  );
  assert(spectators.length <= config.maxSpectators, "no more than may look on");
  const ids = [...players, ...spectators].map(({ id }) => id);
  assertEquals(new Set(ids).size, ids.length, "everybody once");
  for (const { isReady, isConnected, team } of players) {
    assert(isConnected || !isReady, "nobody ready who is away");
    assert(team === undefined || team < config.teams.count, "a team there is");
  }
  if (state === "countdown") {
    assert(
      players.every(({ isReady }) => isReady),
      "nobody unready in a countdown",
    );
  }
  if (state === "inGame" && config.teams.count > 0) {
    assert(
      players.every(({ team }) => team !== undefined),
      "everybody in a team in a game",
    );
  }
  assert(view.readyCheck === undefined || state === "waiting", "no late check");
}
