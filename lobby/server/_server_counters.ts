// This module is browser compatible.
import type { Metric } from "../../core/mod.ts";
import type { LobbyRequestName } from "../wire/lobby_request.ts";

/** What a server has counted. */
export class ServerCounters {
  readonly #requests = new Map<string, { done: number; refused: number }>();
  invalid = 0;
  limited = 0;
  expelled = 0;
  pushes = 0;
  behind = 0;
  hashes = 0;
  storeFailures = 0;
  batches = 0;
  records = 0;
  lostEvents = 0;
  slowReaders = 0;
  matches = 0;
  failedMatches = 0;
  queueFailures = 0;
  gameMessages = 0;
  droppedMessages = 0;

  request(name: LobbyRequestName, isDone: boolean): void {
    let counts = this.#requests.get(name);
    if (counts === undefined) {
      counts = { done: 0, refused: 0 };
      this.#requests.set(name, counts);
    }
    if (isDone) counts.done++;
    else counts.refused++;
  }

  *metrics(): IterableIterator<Metric> {
    for (const [name, counts] of this.#requests) {
      for (const result of ["done", "refused"] as const) {
        yield {
          ...counter(
            "requests",
            "Requests that were answered",
            counts[result],
          ),
          labels: { do: name, result },
        };
      }
    }
    yield counter(
      "invalid_requests",
      "Requests that made no sense",
      this.invalid,
    );
    yield counter(
      "limited_requests",
      "Requests that came too often",
      this.limited,
    );
    yield counter(
      "expelled_clients",
      "Clients that were closed: for too many wrong or untimely requests, or as too many of a player",
      this.expelled,
    );
    yield counter("pushes", "Messages to clients, lists apart", this.pushes);
    yield counter(
      "clients_behind",
      "Clients for which there was no room, and that were told all again",
      this.behind,
    );
    yield counter("password_hashes", "Passwords that were hashed", this.hashes);
    yield counter(
      "store_failures",
      "Batches that could not be stored",
      this.storeFailures,
    );
    yield counter("stored_batches", "Batches that were stored", this.batches);
    yield counter("stored_records", "Records of those", this.records);
    yield counter("lost_events", "Events that found no room", this.lostEvents);
    yield counter(
      "slow_list_readers",
      "Readers of lists that took too little",
      this.slowReaders,
    );
    yield counter("matches", "Matches that were given lobbies", this.matches);
    yield counter(
      "failed_matches",
      "Matches that could not be",
      this.failedMatches,
    );
    yield counter(
      "queue_failures",
      "How often a queue's own functions have thrown",
      this.queueFailures,
    );
    yield counter(
      "game_messages",
      "Messages of the game's own to clients",
      this.gameMessages,
    );
    yield counter(
      "dropped_game_messages",
      "Messages of the game's own for which a client had no room",
      this.droppedMessages,
    );
  }
}

/** A number of the server that only grows. */
export function counter(name: string, help: string, value: number): Metric {
  return {
    name: `tickwire_lobby_server_${name}`,
    help,
    type: "counter",
    value,
  };
}

/** A number of the server that goes up and down. */
export function gauge(name: string, help: string, value: number): Metric {
  return { name: `tickwire_lobby_server_${name}`, help, type: "gauge", value };
}
