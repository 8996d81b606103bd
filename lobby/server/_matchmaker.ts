// This module is browser compatible.
import {
  checkNotNegative,
  checkPositive,
  type Metric,
  type PlayerId,
  SystemClock,
  TokenBucket,
} from "../../core/mod.ts";
import type { LobbyId } from "../lobby_id.ts";
import type { BackfillId, BackfillRequest } from "../matchmaking/backfill.ts";
import type { MatchmakingEvent } from "../matchmaking/matchmaking_event.ts";
import { MatchmakingQueue } from "../matchmaking/matchmaking_queue.ts";
import type { MatchmakingResult } from "../matchmaking/matchmaking_result.ts";
import type {
  ProposalId,
  ProposedMatch,
} from "../matchmaking/proposed_match.ts";
import type { TicketId } from "../matchmaking/ticket.ts";
import type { LobbyRecord } from "../store/lobby_store.ts";
import { text } from "../wire/_shape.ts";
import type { LobbyRequestError } from "../wire/lobby_answer.ts";
import type {
  LobbyProposal,
  LobbyPush,
  LobbyTicketEnd,
  LobbyTicketStatus,
} from "../wire/lobby_push.ts";
import type { LobbyRequest } from "../wire/lobby_request.ts";
import { FailureReport } from "./_failure_report.ts";
import {
  MatchSeating,
  type MatchSeatingHost,
  playersOf,
} from "./_match_seating.ts";
import { MissedMatches } from "./_missed_matches.ts";
import type { Person } from "./_people.ts";
import { PlayerLatencies } from "./_player_latencies.ts";
import type { ServerCounters } from "./_server_counters.ts";
import { partyOf } from "./_ticket_party.ts";
import { readTicketRecord, type TicketRecord } from "./_ticket_record.ts";
import type {
  LobbyMatchSettings,
  LobbyQueueOptions,
} from "./lobby_queue_options.ts";

/** How often anybody may be told why there is no match yet, as that takes a look at all tickets. */
const EXPLAIN = { capacity: 100, refillPerSecond: 50 };

const isQueueName = text(1, 64);

/** Who wants to wait for a match, and where. */
interface Party {
  readonly queue: Queue;
  readonly players: readonly PlayerId[];
  readonly lobby?: LobbyId;
  /** Of all of them; none for a queue without regions. */
  readonly latencies?: Readonly<Record<string, number>>;
}

/** What a request about matches comes to. */
export type MatchAnswer =
  | { readonly isOk: true; readonly value: object | undefined }
  | { readonly isOk: false; readonly error: LobbyRequestError };

/** What matchmaking does through its server. */
export interface MatchmakerHost extends MatchSeatingHost {
  readonly counters: ServerCounters;
  push(players: readonly PlayerId[], push: LobbyPush): void;
  /** A ticket of these players is otherwise now, or gone. */
  touch(key: string, players: readonly PlayerId[]): void;
}

interface Queue {
  readonly name: string;
  readonly options: LobbyQueueOptions;
  readonly ttlMs: number;
  readonly tickBudgetMs: number;
  readonly graceMs: number;
  readonly queue: MatchmakingQueue;
  readonly byTicket: Map<TicketId, Entry>;
  /** The matches that are to be confirmed. */
  readonly proposals: Map<ProposalId, Proposed>;
  readonly failures: FailureReport;
  readonly seating: MatchSeating;
}

/** Players who wait for a match, or for each other after a restart. */
interface Entry {
  readonly key: string;
  readonly queue: Queue;
  readonly record: TicketRecord;
  /** Not there before all have come back. */
  ticket: TicketId | undefined;
  proposed: Proposed | undefined;
  /** Since when it is here. */
  readonly sinceMs: number;
}

/** A match that its players have to confirm. */
interface Proposed {
  /** What clients know it by. */
  readonly number: number;
  readonly match: ProposedMatch;
  readonly timeoutMs: number;
  readonly sinceMs: number;
  /** Who has. */
  readonly accepted: Set<PlayerId>;
}

/** Players who look for matches: their tickets, the matches that are proposed, and the lobbies of those that are made. */
export class Matchmaker {
  /** What players have told. */
  readonly latencies: PlayerLatencies;
  readonly #host: MatchmakerHost;
  readonly #queues = new Map<string, Queue>();
  readonly #byPlayer = new Map<PlayerId, Entry>();
  readonly #byKey = new Map<string, Entry>();
  /** Those of whom somebody has no connection. */
  readonly #absent = new Set<Entry>();
  readonly #explains = new TokenBucket(EXPLAIN);
  readonly #missed = new MissedMatches();
  #nowMs = 0;
  /** From the time of day on, so that no client takes a match of a server that was restarted for one of before. */
  #nextProposal: number;

  constructor(
    queues: Readonly<Record<string, LobbyQueueOptions>>,
    host: MatchmakerHost,
  ) {
    this.#host = host;
    this.#nextProposal = Math.floor(new SystemClock().epochMs());
    for (const [name, options] of Object.entries(queues)) {
      if (!isQueueName(name)) {
        throw new RangeError(
          `Cannot make a queue as its name must have 1 to 64 bytes of UTF-8: current value is ${
            JSON.stringify(name)
          }`,
        );
      }
      const { ttlMs = Infinity, tickBudgetMs = 4, graceMs = 20_000 } = options;
      const checked = {
        ttlMs: checkPositive(`ttlMs of queue "${name}"`, ttlMs),
        tickBudgetMs: checkPositive(
          `tickBudgetMs of queue "${name}"`,
          tickBudgetMs,
        ),
        graceMs: checkNotNegative(`graceMs of queue "${name}"`, graceMs),
      };
      const failures = new FailureReport();
      const queue = new MatchmakingQueue({
        clock: new SystemClock(),
        ...options,
        maxTicketsPerPlayer: 1,
      });
      this.#queues.set(name, {
        name,
        options,
        ...checked,
        queue,
        byTicket: new Map(),
        proposals: new Map(),
        failures,
        seating: new MatchSeating(
          name,
          (match) => this.#settingsOf(name, options, failures, match),
          queue,
          host,
        ),
      });
    }
    this.latencies = new PlayerLatencies(
      Object.values(queues).flatMap(({ regions = [] }) => regions),
    );
    // Clocks are set back, and two servers may begin within a millisecond.
    this.#nextProposal += crypto.getRandomValues(new Uint32Array(1))[0]!;
  }

  /** Whether there is a queue of that name. */
  hasQueue(name: string): boolean {
    return this.#queues.has(name);
  }

  /** Why a player cannot wait for a match now, wherever that would be; `undefined` if nothing is in the way. */
  objection(
    player: PlayerId,
    request: LobbyRequest & { do: "enqueue" },
  ): LobbyRequestError | undefined {
    const party = this.#partyFor(player, request);
    return party.isOk ? undefined : party.error;
  }

  /** Whether a player waits for a match. */
  isWaiting(player: PlayerId): boolean {
    return this.#byPlayer.has(player);
  }

  /** What a player has to be told who has just come. */
  stateOf(player: PlayerId): {
    readonly ticket?: LobbyTicketStatus;
    readonly proposal?: LobbyProposal;
  } {
    const entry = this.#byPlayer.get(player);
    if (entry === undefined) return {};
    return {
      ticket: this.#statusOf(entry),
      ...(entry.proposed !== undefined && {
        proposal: this.#proposalFor(player, entry.queue, entry.proposed),
      }),
    };
  }

  /** Does what a player asks for. */
  perform(
    player: PlayerId,
    request: LobbyRequest & {
      do: "setLatencies" | "enqueue" | "dequeue" | "explain" | "answer";
    },
  ): MatchAnswer {
    if (request.do === "setLatencies") {
      this.latencies.set(player, request.latencies);
      return { isOk: true, value: undefined };
    }
    if (request.do === "enqueue") return this.#enqueue(player, request);
    const entry = this.#byPlayer.get(player);
    if (entry === undefined) {
      return refused("ticketNotFound", "The player waits for no match");
    }
    switch (request.do) {
      case "dequeue":
        this.#giveUp(entry, player);
        return { isOk: true, value: undefined };
      case "explain":
        return this.#explain(entry);
      case "answer": {
        const { proposal, isAccepted } = request;
        const { queue } = entry.queue;
        if (entry.proposed?.number !== proposal) {
          return refused(
            "proposalNotFound",
            `Cannot answer proposal ${proposal} as it is not this player's, or over`,
          );
        }
        const { id } = entry.proposed.match;
        const answered = isAccepted
          ? queue.accept(id, player)
          : queue.decline(id, player);
        this.#takeEvents(entry.queue);
        if (answered.isOk && isAccepted) this.#onAccepted(entry, player);
        return translate(answered);
      }
    }
  }

  /** A player has left a lobby, by whose wish is told if it was somebody's: a party that came from there waits no longer. */
  onLeft(player: PlayerId, by: PlayerId | undefined): void {
    const entry = this.#byPlayer.get(player);
    if (entry?.record.lobby === undefined) return;
    if (by === undefined) this.#cancel(entry);
    else this.#giveUp(entry, by);
  }

  /** A player has come, or has lost its last connection. */
  onPresence({ player, isOnline }: Person): void {
    const entry = this.#byPlayer.get(player);
    if (entry === undefined) return;
    if (!isOnline) {
      this.#absent.add(entry);
      return;
    }
    if (!this.#areOnline(entry)) return;
    this.#absent.delete(entry);
    // It was kept over a restart.
    if (entry.ticket === undefined) this.#open(entry);
  }

  tick(dt: number): void {
    this.#nowMs += dt * 1_000;
    this.#missed.sweep(this.#nowMs);
    this.latencies.sweep(
      this.#nowMs,
      (player) =>
        this.#host.people.get(player) !== undefined ||
        this.#host.manager.lobbyForPlayer(player) !== undefined,
    );
    for (const entry of this.#absent) {
      if (this.#isGivenUp(entry)) this.#cancel(entry);
    }
    for (const queue of this.#queues.values()) {
      const matches = this.#tickQueue(queue, dt);
      // What has come to nothing did so before: its tickets may be in another match already.
      this.#takeEvents(queue);
      for (const match of matches) this.#onMatch(queue, match);
      this.#takeEvents(queue);
    }
  }

  /** Has a lobby filled up with players of a queue. */
  addBackfill(
    name: string,
    lobby: LobbyId,
    request: BackfillRequest,
  ): MatchmakingResult<BackfillId> {
    const queue = this.#queues.get(name);
    if (queue === undefined) {
      throw new RangeError(
        `Cannot fill up a lobby as queue must be one of the server's: current value is "${name}"`,
      );
    }
    return queue.seating.addBackfill(lobby, request);
  }

  /** Fills a lobby up no further; returns whether that was under way. */
  removeBackfill(name: string, backfill: BackfillId): boolean {
    const queue = this.#queues.get(name);
    return queue?.seating.removeBackfill(backfill) === true;
  }

  /** A lobby is gone: nobody need come there. */
  onDestroyed(lobby: LobbyId): void {
    for (const { seating } of this.#queues.values()) {
      seating.onDestroyed(lobby);
    }
  }

  /** What is to be kept of a ticket. */
  valueOf(key: string): string | undefined {
    const entry = this.#byKey.get(key);
    return entry && JSON.stringify({
      ...entry.record,
      waitedMs: this.#waitedMs(entry),
    });
  }

  /** Takes tickets that were kept; they wait for their players first. Returns how many there are. */
  restore(
    records: readonly LobbyRecord[],
    refused: { key: string; reason: string }[],
  ): number {
    let count = 0;
    for (const { kind, key, value } of records) {
      if (kind !== "ticket") continue;
      const record = readTicketRecord(value);
      const queue = record && this.#queues.get(record.queue);
      if (
        queue === undefined || record === undefined ||
        record.players.some((player) => this.#byPlayer.has(player))
      ) {
        refused.push({ key, reason: "it is no ticket of these queues" });
        continue;
      }
      const entry = this.#add(queue, record, undefined);
      this.#absent.add(entry);
      count++;
      // Some may be there already, if it was another server's.
      for (const player of record.players) {
        const person = this.#host.people.get(player);
        if (person !== undefined) this.onPresence(person);
      }
    }
    return count;
  }

  *metrics(): IterableIterator<Metric> {
    for (const { name, queue } of this.#queues.values()) {
      for (const metric of queue.metrics()) {
        yield { ...metric, labels: { ...metric.labels, queue: name } };
      }
    }
  }

  #enqueue(
    player: PlayerId,
    request: LobbyRequest & { do: "enqueue" },
  ): MatchAnswer {
    const party = this.#partyFor(player, request);
    if (!party.isOk) return party;
    const { queue, players, lobby, latencies } = party.value;
    const waitMs = this.#missed.waitMs(players, this.#nowMs);
    if (waitMs > 0) {
      return tooOften(waitMs, "Too many matches were not confirmed");
    }
    const { modes, maps } = request;
    const entry = this.#add(queue, {
      format: 1,
      queue: queue.name,
      players,
      modes: modes ?? Object.keys(queue.options.modes),
      ...(maps !== undefined && { maps }),
      ...(latencies !== undefined && { latencies }),
      ...(lobby !== undefined && { lobby }),
      waitedMs: 0,
    }, undefined);
    const opened = this.#open(entry);
    if (!opened.isOk) {
      this.#remove(entry);
      return translate(opened);
    }
    this.#host.touch(entry.key, entry.record.players);
    if (!this.#areOnline(entry)) this.#absent.add(entry);
    return { isOk: true, value: this.#statusOf(entry) };
  }

  /** Who would wait for a match, if nothing is in the way. */
  #partyFor(
    player: PlayerId,
    request: LobbyRequest & { do: "enqueue" },
  ):
    | { readonly isOk: true; readonly value: Party }
    | { readonly isOk: false; readonly error: LobbyRequestError } {
    const queue = this.#queues.get(request.queue);
    if (queue === undefined) {
      const { queue: name } = request;
      return {
        isOk: false,
        error: {
          type: "queueNotFound",
          queue: name,
          message: `Cannot find queue ${JSON.stringify(name)}`,
        },
      };
    }
    const party = partyOf(this.#host.manager, player, request.isParty === true);
    if (!party.isOk) return party;
    const { players } = party.value;
    const waiting = players.find((it) => this.#byPlayer.has(it));
    if (waiting !== undefined) {
      return refused("alreadyQueued", `Player "${waiting}" waits already`);
    }
    const { regions = [] } = queue.options;
    if (regions.length === 0) {
      return { isOk: true, value: { queue, ...party.value } };
    }
    const found = this.latencies.ofParty(
      players,
      regions,
      player,
      request.latencies,
    );
    return "latencies" in found
      ? {
        isOk: true,
        value: { queue, ...party.value, latencies: found.latencies },
      }
      : noLatency(found.missing, regions);
  }

  #add(
    queue: Queue,
    record: TicketRecord,
    ticket: TicketId | undefined,
  ): Entry {
    const key = `${queue.name}\n${record.players[0]}`;
    const entry: Entry = {
      key,
      queue,
      record,
      ticket,
      proposed: undefined,
      sinceMs: this.#nowMs,
    };
    this.#byKey.set(key, entry);
    for (const player of record.players) this.#byPlayer.set(player, entry);
    return entry;
  }

  /** Gives a party its ticket. */
  #open(entry: Entry): MatchmakingResult<TicketId> {
    const { queue: { queue, ttlMs, byTicket }, record } = entry;
    const { players, modes, maps, latencies } = record;
    const enqueued = queue.enqueue({
      players: players.map((player) => ({
        player,
        ...this.#host.skillOf(player),
      })),
      modes,
      waitedMs: this.#waitedMs(entry),
      ...(maps !== undefined && { maps }),
      ...(latencies !== undefined && { latenciesMs: latencies }),
      ttlMs,
    });
    if (!enqueued.isOk) {
      // Of one that was kept, the rules may have changed.
      if (this.#absent.delete(entry)) this.#end(entry, "lost");
      return enqueued;
    }
    entry.ticket = enqueued.value;
    byTicket.set(enqueued.value, entry);
    this.#tellStatus(entry);
    return enqueued;
  }

  #explain(entry: Entry): MatchAnswer {
    const ticket = this.#statusOf(entry);
    if (!this.#explains.tryTake(1, this.#nowMs)) {
      const waitMs = this.#explains.waitMs(1, this.#nowMs);
      return tooOften(waitMs, "Too many ask");
    }
    const found = entry.ticket && entry.queue.queue.explain(entry.ticket);
    return {
      isOk: true,
      value: { ticket, modes: found === undefined ? [] : found.modes },
    };
  }

  /**
   * The game's own functions may throw. What is made all the same the next call has, at once: the tickets of such a match
   * are gone, and their players must not be able to ask for anything in between.
   */
  #tickQueue(
    { name, queue, tickBudgetMs, failures }: Queue,
    dt: number,
  ): ProposedMatch[] {
    for (const passed of [dt, 0]) {
      try {
        return queue.tick(passed, { ms: tickBudgetMs });
      } catch (error) {
        this.#onFailure(name, failures, error);
      }
    }
    return [];
  }

  #onFailure(queue: string, failures: FailureReport, error: unknown): void {
    this.#host.counters.queueFailures++;
    const times = failures.count(this.#nowMs);
    if (times === undefined) return;
    this.#host.tell({ type: "queueFailed", queue, error, times });
  }

  #onMatch(queue: Queue, match: ProposedMatch): void {
    if (!match.needsAcceptance) {
      this.#seat(queue, match);
      return;
    }
    const proposed: Proposed = {
      number: this.#nextProposal++,
      match,
      timeoutMs: queue.options.acceptTimeoutMs ?? 0,
      sinceMs: this.#nowMs,
      accepted: new Set(),
    };
    queue.proposals.set(match.id, proposed);
    for (const entry of entriesOf(queue, match)) entry.proposed = proposed;
    const players = match.teams.flatMap(playersOf);
    const [player] = players;
    this.#host.push(players, {
      push: "proposal",
      // The same for all, as nobody has answered yet.
      proposal: this.#proposalFor(player!, queue, proposed),
    });
  }

  /** A player has said yes; its other connections are told. */
  #onAccepted({ queue, proposed }: Entry, player: PlayerId): void {
    // With the last one it is confirmed, and over.
    if (proposed === undefined || proposed.accepted.has(player)) return;
    proposed.accepted.add(player);
    const proposal = this.#proposalFor(player, queue, proposed);
    this.#host.push([player], { push: "proposal", proposal });
  }

  #proposalFor(
    player: PlayerId,
    queue: Queue,
    { number, match, timeoutMs, sinceMs, accepted }: Proposed,
  ): LobbyProposal {
    return {
      proposal: number,
      queue: queue.name,
      players: match.teams.reduce((sum, it) => sum + playersOf(it).length, 0),
      timeoutMs,
      leftMs: Math.max(0, timeoutMs - (this.#nowMs - sinceMs)),
      isAccepted: accepted.has(player),
    };
  }

  #takeEvents(queue: Queue): void {
    for (const event of queue.queue.drainEvents()) {
      this.#onEvent(queue, event);
    }
  }

  #onEvent(queue: Queue, event: MatchmakingEvent): void {
    switch (event.type) {
      case "matchConfirmed":
        this.#endProposal(queue, event.match, true, []);
        this.#seat(queue, event.match);
        break;
      case "matchCancelled": {
        const { match, declined, timedOut, requeued, removed } = event;
        const missing = [...declined, ...timedOut];
        for (const player of missing) {
          // Of those whose ticket is gone already, the one who did it is known.
          if (!this.#byPlayer.has(player)) continue;
          this.#missed.count(player, this.#nowMs);
        }
        this.#endProposal(queue, match, false, missing);
        for (const ticket of removed) {
          const entry = queue.byTicket.get(ticket);
          if (entry !== undefined) this.#end(entry, "declined");
        }
        for (const ticket of requeued) {
          const entry = queue.byTicket.get(ticket);
          if (entry !== undefined) this.#tellStatus(entry);
        }
        break;
      }
      case "ticketExpired":
      case "ticketSuperseded": {
        const entry = queue.byTicket.get(event.ticket);
        if (entry !== undefined) this.#end(entry, "expired");
      }
    }
  }

  #endProposal(
    queue: Queue,
    match: ProposedMatch,
    isConfirmed: boolean,
    missing: readonly PlayerId[],
  ): void {
    const proposed = queue.proposals.get(match.id);
    if (proposed === undefined) return;
    queue.proposals.delete(match.id);
    // The ticket of who has ended it is gone already.
    for (const entry of entriesOf(queue, match)) entry.proposed = undefined;
    this.#host.push(match.teams.flatMap(playersOf), {
      push: "proposalEnded",
      proposal: proposed.number,
      isConfirmed,
      missing,
    });
  }

  /** Gives a match its lobby, or its players their seats in the one that they fill up. */
  #seat(queue: Queue, match: ProposedMatch): void {
    // Whoever leaves a lobby from now on does so for the match.
    const parties = new Map<PlayerId, string>();
    for (const entry of [...entriesOf(queue, match)]) {
      const { players } = entry.record;
      for (const player of players) {
        if (players.length > 1) parties.set(player, players[0]!);
      }
      this.#end(entry, "matched");
    }
    const seated = queue.seating.seat(match, parties);
    if (seated.isOk) this.#host.counters.matches++;
    else {
      this.#host.counters.failedMatches++;
      const players = match.teams.flatMap(playersOf);
      this.#host.push(players, { push: "ticketEnded", reason: "failed" });
      this.#host.tell({
        type: "matchFailed",
        queue: queue.name,
        players,
        error: seated.error,
      });
    }
  }

  /** What the game wants the lobby of a match to be; `undefined` if it has thrown. */
  #settingsOf(
    name: string,
    { lobby }: LobbyQueueOptions,
    failures: FailureReport,
    match: ProposedMatch,
  ): LobbyMatchSettings | undefined {
    try {
      return lobby?.(match) ?? {};
    } catch (error) {
      this.#onFailure(name, failures, error);
      return undefined;
    }
  }

  /** A player looks for a match no longer: which is a no, if there is one to be answered. */
  #giveUp(entry: Entry, player: PlayerId): void {
    if (this.stateOf(player).proposal !== undefined) {
      this.#missed.count(player, this.#nowMs);
    }
    this.#cancel(entry);
  }

  #cancel(entry: Entry): void {
    const { queue, ticket } = entry;
    this.#end(entry, "cancelled");
    if (ticket === undefined) return;
    queue.queue.dequeue(ticket);
    // The others of a match that it had are told.
    this.#takeEvents(queue);
  }

  #end(entry: Entry, reason: LobbyTicketEnd): void {
    this.#remove(entry);
    this.#host.touch(entry.key, entry.record.players);
    this.#host.push(entry.record.players, { push: "ticketEnded", reason });
  }

  #remove(entry: Entry): void {
    const { key, queue, record, ticket } = entry;
    this.#byKey.delete(key);
    for (const player of record.players) this.#byPlayer.delete(player);
    if (ticket !== undefined) queue.byTicket.delete(ticket);
    this.#absent.delete(entry);
  }

  #tellStatus(entry: Entry): void {
    this.#host.push(entry.record.players, {
      push: "ticket",
      ticket: this.#statusOf(entry),
    });
  }

  #statusOf(entry: Entry): LobbyTicketStatus {
    const { queue: { name, queue }, record, ticket } = entry;
    const estimatedWaitMs = ticket && queue.estimatedWaitMs(ticket);
    return {
      queue: name,
      players: record.players,
      waitedMs: this.#waitedMs(entry),
      ...(estimatedWaitMs !== undefined && { estimatedWaitMs }),
    };
  }

  #waitedMs({ record, sinceMs }: Entry): number {
    return record.waitedMs + this.#nowMs - sinceMs;
  }

  #areOnline(entry: Entry): boolean {
    return entry.record.players.every((player) => this.#isOnline(player));
  }

  #isOnline(player: PlayerId): boolean {
    return this.#host.people.get(player)?.isOnline === true;
  }

  /** Whether somebody has been away for too long. */
  #isGivenUp({ queue, record, sinceMs }: Entry): boolean {
    return record.players.some((player) => {
      const person = this.#host.people.get(player);
      if (person?.isOnline === true) return false;
      const awaySinceMs = person?.offlineSinceMs ?? sinceMs;
      return this.#nowMs - awaySinceMs >= queue.graceMs;
    });
  }
}

function* entriesOf(
  { byTicket }: Queue,
  match: ProposedMatch,
): IterableIterator<Entry> {
  for (const { tickets } of match.teams) {
    for (const ticket of tickets) {
      const entry = byTicket.get(ticket);
      if (entry !== undefined) yield entry;
    }
  }
}

function refused(
  reason:
    | "alreadyQueued"
    | "proposalNotFound"
    | "ticketNotFound",
  message: string,
): {
  readonly isOk: false;
  readonly error: LobbyRequestError & { type: "matchmakingError" };
} {
  return {
    isOk: false,
    error: { type: "matchmakingError", reason, message },
  };
}

/** Some have told nothing of the queue's regions; or all have, but of none the same. */
function noLatency(
  missing: readonly PlayerId[],
  regions: readonly string[],
): { readonly isOk: false; readonly error: LobbyRequestError } {
  const region = missing.length > 0 ? "a region" : "the same region";
  const wanted =
    `all players must have told their latency to ${region} of the queue (${
      quote(regions)
    })`;
  return {
    isOk: false,
    error: {
      type: "matchmakingError",
      reason: "invalidTicket",
      message: missing.length > 0
        ? `Cannot enqueue the ticket as ${wanted}: missing are ${
          quote(missing)
        }`
        : `Cannot enqueue the ticket as ${wanted}: there is none`,
      ...(missing.length > 0 && { players: missing }),
    },
  };
}

function quote(texts: readonly string[]): string {
  return texts.map((text) => JSON.stringify(text)).join(", ");
}

function tooOften(
  waitMs: number,
  why: string,
): { readonly isOk: false; readonly error: LobbyRequestError } {
  const retryAfterMs = Math.ceil(waitMs);
  const message = `${why}: again in ${retryAfterMs} ms`;
  return { isOk: false, error: { type: "rateLimited", retryAfterMs, message } };
}

function translate(result: MatchmakingResult<unknown>): MatchAnswer {
  if (result.isOk) return { isOk: true, value: undefined };
  const { reason, message } = result.error;
  return { isOk: false, error: { type: "matchmakingError", reason, message } };
}
