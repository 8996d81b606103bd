// This module is browser compatible.
import type { Metric } from "../../core/mod.ts";
import type { LobbyBound, LobbyError } from "../lobby_error.ts";

/** What a manager holds. */
export interface LobbyManagerHoldings {
  readonly lobbies: number;
  /** Players and spectators. */
  readonly people: number;
  readonly passwordAttempts: number;
  readonly events: number;
}

/** What a manager counts, and tells as metrics. */
export class LobbyManagerMetrics {
  created = 0;
  joined = 0;
  kicked = 0;
  started = 0;
  /** How many play of all who are in lobbies now. */
  players = 0;
  readonly #refused = new Map<LobbyError["type"], number>();
  readonly #bounds = new Map<LobbyBound, number>();

  countRefusal(error: LobbyError): void {
    countUp(this.#refused, error.type);
    if (error.type === "tooMany") countUp(this.#bounds, error.of);
  }

  *list(held: LobbyManagerHoldings): IterableIterator<Metric> {
    yield gauge("lobbies", "Lobbies", held.lobbies);
    yield gauge("players", "Players in lobbies", this.players);
    yield gauge(
      "spectators",
      "Spectators in lobbies",
      held.people - this.players,
    );
    yield gauge(
      "password_attempts",
      "Passwords that wait to be verified",
      held.passwordAttempts,
    );
    yield gauge(
      "events_waiting",
      "Events that nobody has drained",
      held.events,
    );
    yield counter("created", "Lobbies that were created", this.created);
    yield counter("joined", "Players and spectators who came", this.joined);
    yield counter("kicked", "Players and spectators sent away", this.kicked);
    yield counter("games", "Games that have begun", this.started);
    for (const [error, count] of this.#refused) {
      yield {
        ...counter("refused", "Operations that the rules refused", count),
        labels: { error },
      };
    }
    for (const [of, count] of this.#bounds) {
      yield {
        ...counter("bound", "Operations refused as a bound is reached", count),
        labels: { of },
      };
    }
  }
}

function gauge(name: string, help: string, value: number): Metric {
  return { name: `tickwire_lobby_${name}`, help, type: "gauge", value };
}

function counter(name: string, help: string, value: number): Metric {
  return { name: `tickwire_lobby_${name}`, help, type: "counter", value };
}

function countUp<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
