// This module is browser compatible.
import {
  checkInteger,
  checkNotNegative,
  type Clock,
  EventQueue,
  type Metric,
  type PlayerId,
} from "../../core/mod.ts";
import type { BackfillId, BackfillRequest } from "./backfill.ts";
import type { MatchmakingEvent } from "./matchmaking_event.ts";
import type {
  MatchmakingQueueOptions,
  TickBudget,
} from "./matchmaking_queue_options.ts";
import type {
  MatchmakingRefusal,
  MatchmakingResult,
} from "./matchmaking_result.ts";
import type { ProposalId, ProposedMatch } from "./proposed_match.ts";
import type { ModeStatistics } from "./queue_statistics.ts";
import type { TicketId, TicketRequest, TicketView } from "./ticket.ts";
import type { TicketExplanation } from "./ticket_explanation.ts";
import { Backfills, type OpenBackfill } from "./_backfills.ts";
import { customJudge, runCustomMatch } from "./_custom_match.ts";
import { MatchMembers } from "./_match_members.ts";
import { MatchTeams } from "./_match_teams.ts";
import { MatchRound } from "./_match_round.ts";
import { type ModeSettings, modeSettings, widthAt } from "./_mode_settings.ts";
import { PlayerTickets } from "./_player_tickets.ts";
import {
  estimatedWaitMs,
  queueMetrics,
  type QueueParts,
  queueStatistics,
  ticketExplanation,
} from "./_queue_report.ts";
import { SkillIndex } from "./_skill_index.ts";
import { TeamSplitter } from "./_split_teams.ts";
import { isSkill, MAX_SKILL, readTicket } from "./_ticket_reader.ts";
import {
  HELD,
  MAX_TICKETS,
  RESERVED,
  TicketTable,
  WAITING,
} from "./_ticket_table.ts";
import { TicketViews } from "./_ticket_views.ts";
import { WaitEstimates } from "./_wait_estimates.ts";
import type { Judge } from "./_window_search.ts";
import { WorkMeter } from "./_work_meter.ts";

const MAX_MODES = 31;
const MAX_REGIONS = 30;
const MAX_PENDING = 8_192;
/** How many matches of a tick estimates learn from one by one. */
const MANY_MATCHES = 256;

/** A match that waits for its players. */
interface Proposal {
  readonly match: ProposedMatch;
  readonly slots: readonly number[];
  readonly unanswered: Set<PlayerId>;
  readonly deadline: number;
  readonly backfill: OpenBackfill | undefined;
}

/**
 * Makes fair matches of parties that wait: never splits one, never breaks a rule, and buys
 * quality with the patience that a mode has.
 *
 * It is a state machine: {@linkcode MatchmakingQueue.tick} lets time pass and returns the
 * matches. It reads no clock and draws no random numbers, so that the same calls give the
 * same matches, to the byte.
 *
 * Tickets of a mode stand in the order of their skill. From each whose surroundings have
 * changed, or whose windows have widened, the engine walks up to the first whole match and
 * on while a wider one could cost less; of all that are good enough for the waits of their
 * tickets it makes the cheapest. A mode without patience makes each at once; one that takes any
 * match, as it has no costs, maps and score either, is swept once by rising skill.
 *
 * @example Five against five
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { playerId } from "@tickwire/net/core";
 * import { MatchmakingQueue } from "@tickwire/net/lobby";
 *
 * const queue = new MatchmakingQueue({
 *   modes: { ranked: { teams: 2, teamSize: 5 } },
 *   regions: ["eu", "us"],
 * });
 * for (let i = 0; i < 10; i++) {
 *   queue.enqueue({
 *     players: [{ player: playerId(`player ${i}`), skill: 1500 + i }],
 *     modes: ["ranked"],
 *     latenciesMs: { eu: 20 + i, us: 110 },
 *   });
 * }
 * const [match] = queue.tick(1);
 * assertEquals(match?.region, "eu");
 * assertEquals(match?.teams.map((team) => team.parties.length), [5, 5]);
 * ```
 */
export class MatchmakingQueue {
  readonly #modes: readonly ModeSettings[];
  readonly #modeNumbers: ReadonlyMap<string, number>;
  readonly #regions: readonly string[];
  readonly #maxTickets: number;
  readonly #maxTicketsPerPlayer: number;
  readonly #acceptSeconds: number;
  readonly #clock: Clock | undefined;
  readonly #table: TicketTable;
  readonly #indexes: readonly SkillIndex[];
  readonly #rounds: readonly MatchRound[];
  /** By mode, then by how many teams there are beyond the fewest. */
  readonly #splitters: readonly (readonly TeamSplitter[])[];
  readonly #views: readonly TicketViews[];
  readonly #judges: readonly (Judge | undefined)[];
  readonly #teams: MatchTeams;
  readonly #waits: readonly WaitEstimates[];
  readonly #playerTickets: PlayerTickets;
  readonly #backfills: Backfills;
  readonly #proposals = new Map<ProposalId, Proposal>();
  /** Proposal that holds a slot, where one does. */
  readonly #holders = new Map<number, ProposalId>();
  readonly #events: EventQueue<MatchmakingEvent>;
  readonly #meter = new WorkMeter();
  readonly #matchCounts: Float64Array;
  /** What reports are made of. */
  readonly #parts: QueueParts;
  #now = 0;
  #nextExpiry = Infinity;
  #nextProposal = 1;
  #firstMode = 0;
  /** Whether the next tick fills games, before all else. */
  #haveGamesTurn = true;
  #proposed: ProposedMatch[] = [];
  /** What a mode's own function has thrown first since the last tick that threw. */
  #failure: { readonly error: unknown } | undefined;
  #hasThrown = false;
  readonly #members: MatchMembers;
  /** Whether some whom a mode's index mentions waited no more when its round began. */
  #mayHaveLeft = false;

  /**
   * Creates an empty queue.
   *
   * @param options Modes, regions and bounds.
   * @throws {RangeError} If an option is out of its range.
   * @throws {TypeError} If an option is of the wrong kind.
   */
  constructor(options: MatchmakingQueueOptions) {
    const { regions = [], acceptTimeoutMs = 0 } = options;
    const names = Object.keys(options.modes);
    checkInteger("number of modes", names.length, 1, MAX_MODES);
    checkInteger("number of regions", regions.length, 0, MAX_REGIONS);
    if (new Set(regions).size !== regions.length) {
      throw new RangeError(
        `Cannot use regions as they must differ: current value is ${
          JSON.stringify(regions)
        }`,
      );
    }
    this.#modes = names.map((name) => modeSettings(name, options.modes[name]!));
    this.#modeNumbers = new Map(names.map((name, i) => [name, i]));
    this.#regions = [...regions];
    this.#maxTickets = checkInteger(
      "maxTickets",
      options.maxTickets ?? 131_072,
      1,
      MAX_TICKETS,
    );
    this.#maxTicketsPerPlayer = checkInteger(
      "maxTicketsPerPlayer",
      options.maxTicketsPerPlayer ?? 1,
      1,
      16,
    );
    this.#acceptSeconds = checkNotNegative("acceptTimeoutMs", acceptTimeoutMs) /
      1000;
    this.#clock = options.clock;
    this.#backfills = new Backfills(
      checkInteger("maxBackfills", options.maxBackfills ?? 4096, 1, 1 << 20),
    );
    this.#events = new EventQueue({
      capacity: options.eventCapacity ?? 262_144,
    });
    this.#table = new TicketTable(regions.length);
    this.#playerTickets = new PlayerTickets(this.#table);
    this.#indexes = this.#modes.map((mode, i) =>
      new SkillIndex(this.#table, mode, i)
    );
    this.#rounds = this.#modes.map((mode, i) =>
      new MatchRound(this.#table, this.#indexes[i]!, mode, i, this.#meter)
    );
    this.#splitters = this.#modes.map(({ packings, asymmetryCost }) =>
      packings.map((packing) => new TeamSplitter(packing, asymmetryCost))
    );
    this.#waits = this.#modes.map(() =>
      new WaitEstimates(Math.max(1, regions.length))
    );
    this.#views = this.#modes.map((mode, i) =>
      new TicketViews(this.#table, this.#indexes[i]!, mode, this.#regions)
    );
    this.#judges = this.#views.map((views) =>
      customJudge(
        views,
        () => this.#now,
        (error) => {
          this.#failure ??= { error };
        },
      )
    );
    this.#matchCounts = new Float64Array(this.#modes.length);
    this.#parts = {
      table: this.#table,
      modes: this.#modes,
      regions: this.#regions,
      indexes: this.#indexes,
      waits: this.#waits,
      matchCounts: this.#matchCounts,
    };
    const players = Math.max(...this.#modes.map((it) => it.packing.players));
    this.#members = new MatchMembers(players);
    this.#teams = new MatchTeams(this.#table, players);
  }

  /**
   * How many tickets are there, those that proposals hold included.
   *
   * @returns 0 to `maxTickets`.
   */
  get size(): number {
    return this.#table.size;
  }

  /**
   * How many units of work the last tick did: see {@linkcode TickBudget}.
   *
   * @returns 0 or more.
   */
  get lastWork(): number {
    return this.#meter.done;
  }

  /**
   * Lets a party wait for a match.
   *
   * @param request The party, its modes and what it prefers; nothing of it is kept.
   * @returns The ticket's name, or why it was refused: `invalidTicket`, `alreadyQueued`,
   * `queueFull`.
   */
  enqueue(request: TicketRequest): MatchmakingResult<TicketId> {
    const columns = readTicket(
      request,
      this.#modes,
      this.#modeNumbers,
      this.#regions,
    );
    if ("type" in columns) return { isOk: false, error: columns };
    const { players } = request;
    for (let i = 0; i < players.length; i++) {
      const { player } = players[i]!;
      if (this.#playerTickets.count(player) >= this.#maxTicketsPerPlayer) {
        return refused(
          "alreadyQueued",
          `Cannot enqueue the ticket as a player must be in ${this.#maxTicketsPerPlayer} at most: current value is "${player}"`,
          player,
        );
      }
    }
    const table = this.#table;
    if (table.size >= this.#maxTickets) {
      return refused(
        "queueFull",
        `Cannot enqueue the ticket as there must be ${this.#maxTickets} at most: current value is ${table.size}`,
      );
    }
    if (
      this.#hasEvent(columns.ttlSeconds) && !this.#events.reserve()
    ) {
      return refused(
        "queueFull",
        `Cannot enqueue the ticket as events must be drained: current value is ${this.#events.size}`,
      );
    }
    const slot = table.take();
    const regions = this.#regions;
    table.setState(slot, WAITING);
    table.setPartySize(slot, players.length);
    table.setTimes(
      slot,
      this.#now - columns.waitedSeconds,
      this.#now + columns.ttlSeconds,
    );
    table.setModes(slot, columns.modes);
    table.maps[slot] = columns.maps;
    let nearest = 0;
    let nearestMs = Infinity;
    for (let region = 0; region < regions.length; region++) {
      const ms = request.latenciesMs![regions[region]!] ?? Infinity;
      table.latency[slot * regions.length + region] = ms;
      if (ms < nearestMs) {
        nearestMs = ms;
        nearest = region;
      }
    }
    table.setNearest(slot, nearest);
    const ids = new Array<PlayerId>(players.length);
    let total = 0;
    for (let i = 0; i < players.length; i++) {
      ids[i] = players[i]!.player;
      total += players[i]!.skill;
    }
    table.players[slot] = ids;
    for (let i = 0; i < ids.length; i++) this.#playerTickets.add(ids[i]!, slot);
    table.setSkills(
      slot,
      columns.meanSkill,
      columns.highestSkill,
      total,
      columns.uncertainty,
    );
    this.#nextExpiry = Math.min(this.#nextExpiry, table.expires(slot));
    if (this.#maxTicketsPerPlayer > 1) this.#holdIfPlaying(slot);
    else this.#index(slot);
    return { isOk: true, value: table.idOf(slot) };
  }

  /**
   * Takes a ticket out of the queue. If a proposal holds it, that falls through, as if all
   * of its players had declined.
   *
   * @param ticket The ticket.
   * @returns Nothing, or `ticketNotFound`.
   */
  dequeue(ticket: TicketId): MatchmakingResult<undefined> {
    const slot = this.#table.slotOf(ticket);
    if (slot < 0) return ticketNotFound(ticket);
    const holder = this.#holders.get(slot);
    if (holder === undefined) this.#remove(slot);
    else this.#cancel(holder, new Set(this.#table.players[slot]));
    return DONE;
  }

  /**
   * Tells which tickets a player is in.
   *
   * @param player The player.
   * @returns The tickets, the oldest first: none if the player does not wait.
   */
  ticketsOf(player: PlayerId): TicketId[] {
    return this.#playerTickets.of(player).map((slot) => this.#table.idOf(slot));
  }

  /**
   * Shows a ticket.
   *
   * @param ticket The ticket.
   * @returns What it is now, or `undefined` if there is none of that name any more.
   */
  ticket(ticket: TicketId): TicketView | undefined {
    const slot = this.#table.slotOf(ticket);
    if (slot < 0) return undefined;
    const mode = this.#modes.findIndex((_, i) =>
      (this.#table.modes(slot) >>> i & 1) === 1
    );
    return this.#views[mode]!.of(slot, this.#now);
  }

  /**
   * Lets time pass: proposals that nobody has accepted in time fall through, tickets expire,
   * open games are filled up, and new matches are made of those who are left. Where the games
   * leave nothing of the budget, the next call makes new matches alone.
   *
   * What a mode's own `match` or `score` throws is thrown when all is done: other modes have
   * had their turn, time has passed, and the matches that were made come with the next call.
   * That one does not throw for such a reason again; what was thrown meanwhile, the one after
   * it does. So whoever catches it and ticks on loses no match; `tick(0)` has them at once, as
   * their tickets are no longer there. A match for which `score` has thrown is not made.
   *
   * @param dt Seconds since the last call: 0 or more.
   * @param budget What it may spend.
   * @returns The matches, those of a call before that threw included. They belong to the
   * caller.
   * @throws {RangeError} If `dt` is negative or not finite, or the budget is negative.
   * @throws {TypeError} If the budget has `ms` and the queue no clock, or a mode's own
   * `match` returned what is no match.
   * @throws {unknown} Whatever a mode's own `match` or `score` has thrown.
   */
  tick(dt: number, budget: TickBudget = {}): ProposedMatch[] {
    if (!(dt >= 0 && dt < Infinity)) {
      throw new RangeError(
        `Cannot tick the queue as dt must be finite and >= 0: current value is ${dt}`,
      );
    }
    this.#beginWork(budget);
    this.#now += dt;
    this.#endProposals();
    if (this.#nextExpiry <= this.#now) this.#expire();
    this.#settle();
    this.#table.reuseRetired();
    if (this.#haveGamesTurn) this.#fillGames();
    this.#haveGamesTurn = true;
    const modes = this.#modes.length;
    const first = this.#firstMode;
    this.#firstMode = 0;
    let isFirstRound = true;
    for (let i = 0; i < modes; i++) {
      const mode = (first + i) % modes;
      if (this.#modes[mode]!.match !== undefined) {
        try {
          this.#matchByFunction(mode);
        } catch (error) {
          this.#failure ??= { error };
        }
        continue;
      }
      if (this.#meter.isSpent()) {
        this.#firstMode = mode;
        // Games that use all of it up, time and again, would leave nothing for new matches.
        this.#haveGamesTurn = !isFirstRound;
        break;
      }
      isFirstRound = false;
      this.#mayHaveLeft = this.#indexes[mode]!.hasLeavers ||
        this.#maxTicketsPerPlayer > 1;
      const round = this.#rounds[mode]!;
      round.run(
        this.#now,
        (places, size, region, map) =>
          this.#propose(mode, places, size, region, map),
        this.#judges[mode],
      );
      if (round.hasStopped) {
        this.#firstMode = mode;
        break;
      }
    }
    const failure = this.#failure;
    // Never twice in a row, or its matches would come to nobody as long as that goes on.
    this.#hasThrown = failure !== undefined && !this.#hasThrown;
    if (failure !== undefined && this.#hasThrown) {
      this.#failure = undefined;
      throw failure.error;
    }
    return this.#takeProposed();
  }

  /**
   * Accepts a match for a player. Once all have, it is confirmed by an event.
   *
   * @param proposal The match.
   * @param player Who accepts.
   * @returns Nothing, or `proposalNotFound` if it is over, or the player is not in it.
   */
  accept(
    proposal: ProposalId,
    player: PlayerId,
  ): MatchmakingResult<undefined> {
    const found = this.#proposals.get(proposal);
    if (found === undefined || !isIn(found.match, player)) {
      return proposalNotFound(proposal);
    }
    found.unanswered.delete(player);
    if (found.unanswered.size > 0) return DONE;
    this.#proposals.delete(proposal);
    for (const slot of found.slots) {
      this.#holders.delete(slot);
      this.#removeMatched(slot);
    }
    this.#events.pushReserved({ type: "matchConfirmed", match: found.match });
    this.#backfills.confirm(found.backfill);
    return DONE;
  }

  /**
   * Declines a match for a player: it falls through, the player's ticket leaves the queue,
   * and the others wait on as if they had never been asked.
   *
   * @param proposal The match.
   * @param player Who declines.
   * @returns Nothing, or `proposalNotFound` if it is over, or the player is not in it.
   */
  decline(
    proposal: ProposalId,
    player: PlayerId,
  ): MatchmakingResult<undefined> {
    const found = this.#proposals.get(proposal);
    if (found === undefined || !isIn(found.match, player)) {
      return proposalNotFound(proposal);
    }
    this.#cancel(proposal, new Set([player]));
    return DONE;
  }

  /**
   * Has a game filled up before new matches are made, until it is full or taken out.
   *
   * @param request The game and its open seats.
   * @returns Its name, or why it was refused: `queueFull`.
   * @throws {RangeError} If its mode, region, map, seats or skill are none.
   */
  addBackfill(request: BackfillRequest): MatchmakingResult<BackfillId> {
    const mode = this.#modeNumbers.get(request.mode);
    if (mode === undefined) {
      throw unusable("mode", "one of the queue", request.mode);
    }
    const { teams, teamSize, maps } = this.#modes[mode]!;
    const { openSeats, skill, region, map } = request;
    if (openSeats.length !== teams) {
      throw unusable("openSeats.length", `${teams}`, openSeats.length);
    }
    for (const seats of openSeats) {
      checkInteger("openSeats of the backfill", seats, 0, teamSize);
    }
    if (!isSkill(skill)) {
      throw unusable("skill", `from -${MAX_SKILL} to ${MAX_SKILL}`, skill);
    }
    const regionNumber = region === undefined
      ? -1
      : this.#regions.indexOf(region);
    if (this.#regions.length > 0 ? regionNumber < 0 : region !== undefined) {
      throw unusable("region", "one of the queue", region);
    }
    const mapNumber = map === undefined ? -1 : maps.indexOf(map);
    if (map !== undefined && mapNumber < 0) {
      throw unusable("map", "one of its mode", map);
    }
    const id = this.#backfills.add({
      mode,
      region: Math.max(0, regionNumber),
      map: mapNumber,
      skill,
      since: this.#now,
      open: [...openSeats],
    });
    return id === undefined
      ? refused(
        "queueFull",
        `Cannot add the backfill as there must be ${this.#backfills.limit} at most: current value is ${this.#backfills.size}`,
      )
      : { isOk: true, value: id };
  }

  /**
   * Fills a game up no further. Proposals that it has are not undone.
   *
   * @param backfill The game.
   * @returns Nothing, or `backfillNotFound`.
   */
  removeBackfill(backfill: BackfillId): MatchmakingResult<undefined> {
    return this.#backfills.remove(backfill) ? DONE : refused(
      "backfillNotFound",
      `Cannot remove the backfill as it must be open: current value is ${backfill}`,
    );
  }

  /**
   * Shows the seats of a game that are open and not proposed to anybody.
   *
   * @param backfill The game.
   * @returns Seats by team, or `undefined` if it is full or was taken out.
   */
  openSeats(backfill: BackfillId): number[] | undefined {
    return this.#backfills.get(backfill)?.open.slice();
  }

  /**
   * Fills up open games now, without letting time pass; {@linkcode MatchmakingQueue.tick}
   * does it too, before it makes new matches.
   *
   * @returns The matches, each with its `backfill`; before them those of a `tick` that threw.
   */
  processBackfill(): ProposedMatch[] {
    this.#beginWork({});
    this.#settle();
    this.#fillGames();
    return this.#takeProposed();
  }

  /**
   * Tells how long such a ticket waits in all, by the waits of the last matches in its mode
   * (the first of several), region and range of skill. It takes no longer where many wait.
   *
   * @param ticket The ticket.
   * @returns Milliseconds, or `undefined` before there were any matches, or if there is no
   * such ticket.
   */
  estimatedWaitMs(ticket: TicketId): number | undefined {
    const slot = this.#table.slotOf(ticket);
    return slot < 0 ? undefined : estimatedWaitMs(this.#parts, slot);
  }

  /**
   * Tells why a ticket waits: it is compared with every other one of its modes, which takes
   * time in proportion to their number.
   *
   * @param ticket The ticket.
   * @returns Counts by rule, or `undefined` if there is no such ticket.
   */
  explain(ticket: TicketId): TicketExplanation | undefined {
    const slot = this.#table.slotOf(ticket);
    return slot < 0
      ? undefined
      : ticketExplanation(this.#parts, slot, this.#now);
  }

  /**
   * Counts who waits, by mode and region, which takes time in proportion to the tickets.
   *
   * @returns An entry a mode, in the order of the options.
   */
  statistics(): ModeStatistics[] {
    return queueStatistics(this.#parts, this.#now);
  }

  /**
   * Shows the queue's numbers.
   *
   * @returns Gauges and counters, labelled by mode.
   */
  *metrics(): Generator<Metric> {
    yield* queueMetrics(
      this.statistics(),
      this.#proposals.size,
      this.#backfills.size,
    );
  }

  /**
   * Takes the events that have happened since the last call.
   *
   * @param budgetMs For how long events are handed out, by the runtime's clock.
   * @returns An iterator that removes what it yields.
   */
  drainEvents(budgetMs?: number): IterableIterator<MatchmakingEvent> {
    return budgetMs === undefined
      ? this.#events.drain()
      : this.#events.drain(budgetMs);
  }

  /**
   * Takes one event.
   *
   * @returns The oldest event, or `undefined` if there is none.
   */
  pollEvent(): MatchmakingEvent | undefined {
    return this.#events.poll();
  }

  #beginWork({ work = Infinity, ms }: TickBudget): void {
    checkNotNegative("budget.work", work);
    if (ms === undefined) {
      this.#meter.begin(work, undefined, 0);
      return;
    }
    checkNotNegative("budget.ms", ms);
    if (this.#clock === undefined) {
      throw new TypeError(
        "Cannot tick the queue by budget.ms as it must have a clock: current value is undefined",
      );
    }
    this.#meter.begin(work, this.#clock, ms);
  }

  #settle(): void {
    for (const round of this.#rounds) round.settle();
  }

  #takeProposed(): ProposedMatch[] {
    const proposed = this.#proposed;
    this.#proposed = [];
    return proposed;
  }

  /** Whether a ticket may end by itself, for which an event's place is set aside. */
  #hasEvent(ttlSeconds: number): boolean {
    return ttlSeconds < Infinity || this.#maxTicketsPerPlayer > 1;
  }

  #index(slot: number): void {
    for (
      let modes = this.#table.modes(slot);
      modes !== 0;
      modes &= modes - 1
    ) {
      const mode = 31 - Math.clz32(modes & -modes);
      const index = this.#indexes[mode]!;
      index.add(slot);
      // Many are sorted in between, so that a tick does not begin with all of them.
      if (index.pending >= MAX_PENDING) this.#rounds[mode]!.settle();
    }
  }

  #unindex(slot: number): void {
    if (this.#indexes.length === 1) {
      this.#indexes[0]!.leave();
      return;
    }
    for (
      let modes = this.#table.indexed(slot);
      modes !== 0;
      modes &= modes - 1
    ) {
      this.#indexes[31 - Math.clz32(modes & -modes)]!.leave();
    }
  }

  /** Ends a ticket without an event. */
  #remove(slot: number, hasEvent = false): void {
    const table = this.#table;
    // Where no ticket has an end, none need be asked.
    const mayHaveEvent = this.#nextExpiry < Infinity ||
      this.#maxTicketsPerPlayer > 1;
    if (!hasEvent && mayHaveEvent && this.#hasEvent(table.expires(slot))) {
      this.#events.release();
    }
    this.#unindex(slot);
    table.remove(slot);
  }

  /** Ends a ticket that has its match, and the other ones of its players. */
  #removeMatched(slot: number): void {
    const players = this.#table.players[slot]!;
    this.#remove(slot);
    if (this.#maxTicketsPerPlayer === 1) return;
    for (const player of players) {
      for (const other of this.#playerTickets.of(player)) {
        const ticket = this.#table.idOf(other);
        const members = this.#table.players[other]!;
        this.#remove(other, true);
        this.#events.pushReserved({
          type: "ticketSuperseded",
          ticket,
          players: [...members],
        });
      }
    }
  }

  #expire(): void {
    const table = this.#table;
    let next = Infinity;
    for (let slot = 0; slot < table.top; slot++) {
      if (table.state(slot) === 0) continue;
      const expires = table.expires(slot);
      if (expires > this.#now || table.state(slot) !== WAITING) {
        // What a proposal holds expires once it is free again.
        next = Math.min(next, expires);
        continue;
      }
      const ticket = table.idOf(slot);
      const players = [...table.players[slot]!];
      this.#remove(slot, true);
      this.#events.pushReserved({ type: "ticketExpired", ticket, players });
    }
    this.#nextExpiry = next;
  }

  /** Cancels proposals whose time is over: they stand in the order of their ends. */
  #endProposals(): void {
    for (const [id, { deadline }] of this.#proposals) {
      if (deadline > this.#now) break;
      this.#cancel(id, new Set());
    }
  }

  /** Cancels a proposal, as some have declined it, or as nobody may answer any more. */
  #cancel(id: ProposalId, declined: ReadonlySet<PlayerId>): void {
    const { match, slots, unanswered, backfill } = this.#proposals.get(id)!;
    this.#proposals.delete(id);
    const timedOut = declined.size > 0 ? new Set<PlayerId>() : unanswered;
    const table = this.#table;
    const requeued: TicketId[] = [];
    const removed: TicketId[] = [];
    for (const slot of slots) {
      this.#holders.delete(slot);
      const ticket = table.idOf(slot);
      const isGone = table.players[slot]!.some((player) =>
        declined.has(player) || timedOut.has(player)
      );
      (isGone ? removed : requeued).push(ticket);
      if (this.#maxTicketsPerPlayer > 1) this.#releaseOthers(slot);
      if (isGone) this.#remove(slot);
      else this.#reactivate(slot);
    }
    this.#backfills.reopen(backfill, match);
    this.#events.pushReserved({
      type: "matchCancelled",
      match,
      declined: [...declined],
      timedOut: [...timedOut],
      requeued,
      removed,
    });
  }

  #reactivate(slot: number): void {
    const table = this.#table;
    if (table.holds[slot]! > 0) {
      table.setState(slot, HELD);
      return;
    }
    table.setState(slot, WAITING);
    this.#index(slot);
    this.#nextExpiry = Math.min(this.#nextExpiry, table.expires(slot));
  }

  /** A ticket of a player whose other one is reserved cannot be matched meanwhile. */
  #holdIfPlaying(slot: number): void {
    const table = this.#table;
    for (const player of table.players[slot]!) {
      for (const other of this.#playerTickets.of(player)) {
        if (table.state(other) === RESERVED) table.holds[slot]!++;
      }
    }
    if (table.holds[slot]! > 0) table.setState(slot, HELD);
    else this.#index(slot);
  }

  #holdOthers(slot: number): void {
    const table = this.#table;
    for (const player of table.players[slot]!) {
      for (const other of this.#playerTickets.of(player)) {
        if (other === slot) continue;
        table.holds[other]!++;
        if (table.state(other) !== WAITING) continue;
        table.setState(other, HELD);
        this.#unindex(other);
      }
    }
  }

  #releaseOthers(slot: number): void {
    const table = this.#table;
    for (const player of table.players[slot]!) {
      for (const other of this.#playerTickets.of(player)) {
        if (other === slot) continue;
        table.holds[other]!--;
        if (table.state(other) === HELD && table.holds[other] === 0) {
          this.#reactivate(other);
        }
      }
    }
  }

  /** Makes a match of waiting tickets. `false` if it cannot be, as one waits no more. */
  #propose(
    mode: number,
    places: Int32Array,
    size: number,
    region: number,
    map: number,
  ): boolean {
    const members = this.#members;
    members.setPlaces(this.#indexes[mode]!, places, size);
    // A round takes no ticket twice, so that where nobody had left none need be asked.
    if (this.#mayHaveLeft && !this.#areFree()) return false;
    const { teams: all, minTeams, teamSize } = this.#modes[mode]!;
    // All matches of most modes have all teams.
    const teams = minTeams === all ? all : members.players() / teamSize;
    const splitter = this.#splitters[mode]![teams - minTeams]!;
    splitter.split(members.partySizes, members.totals, size);
    return this.#announce(mode, teams, splitter.teamOf, region, map, undefined);
  }

  /** Makes a match of teams of waiting tickets. `false` if it cannot be. */
  #proposeTeams(
    mode: number,
    teams: readonly (readonly number[])[],
    region: number,
    map: number,
    backfill: OpenBackfill | undefined,
  ): boolean {
    this.#members.setSlots(this.#table, this.#indexes[mode]!, teams.flat());
    return this.#areFree() &&
      this.#announce(
        mode,
        teams.length,
        teamsOf(teams),
        region,
        map,
        backfill,
      );
  }

  /** Whether all members wait, and nobody is in two of them. */
  #areFree(): boolean {
    const { slots, size } = this.#members;
    const { players } = this.#table;
    for (let i = 0; i < size; i++) {
      if (this.#table.state(slots[i]!) !== WAITING) return false;
    }
    if (this.#maxTicketsPerPlayer === 1) return true;
    const seen = new Set<PlayerId>();
    for (let i = 0; i < size; i++) {
      for (const player of players[slots[i]!]!) {
        if (seen.has(player)) return false;
        seen.add(player);
      }
    }
    return true;
  }

  /** Makes a match of the members, each in its team. */
  #announce(
    mode: number,
    teams: number,
    teamOf: Uint8Array,
    region: number,
    map: number,
    backfill: OpenBackfill | undefined,
  ): boolean {
    const isAsked = this.#acceptSeconds > 0;
    if (isAsked && !this.#events.reserve()) return false;
    const members = this.#members;
    const { size, slots, skills, arrived } = members;
    let lowest = Infinity;
    let highest = -Infinity;
    let earliest = Infinity;
    for (let i = 0; i < size; i++) {
      const skill = skills[i]!;
      if (skill < lowest) lowest = skill;
      if (skill > highest) highest = skill;
      if (arrived[i]! < earliest) earliest = arrived[i]!;
    }
    const id = this.#nextProposal++ as ProposalId;
    // One ticket of a match is enough to learn from, and of many matches one in eight is.
    if (this.#proposed.length < MANY_MATCHES || id % 8 === 0) {
      const sample = Math.floor(id / 8) % size;
      this.#waits[mode]!.add(
        this.#table.nearest(slots[sample]!),
        skills[sample]!,
        this.#now - arrived[sample]!,
      );
    }
    const match: ProposedMatch = {
      id,
      mode: this.#modes[mode]!.name,
      region: this.#regions[region],
      map: this.#mapName(mode, map, slots, size),
      teams: this.#teams.of(teams, members, teamOf),
      spread: highest - lowest,
      longestWaitMs: (this.#now - earliest) * 1000,
      backfill: backfill?.id,
      needsAcceptance: isAsked,
    };
    this.#matchCounts[mode]!++;
    this.#proposed.push(match);
    this.#backfills.begin(backfill);
    if (!isAsked) {
      for (let i = 0; i < size; i++) this.#removeMatched(slots[i]!);
      this.#backfills.confirm(backfill);
      return true;
    }
    for (let i = 0; i < size; i++) this.#reserve(slots[i]!, id);
    this.#proposals.set(id, {
      match,
      slots: [...slots.subarray(0, size)],
      unanswered: new Set(match.teams.flatMap(({ parties }) => parties.flat())),
      deadline: this.#now + this.#acceptSeconds,
      backfill,
    });
    return true;
  }

  #reserve(slot: number, proposal: ProposalId): void {
    this.#table.setState(slot, RESERVED);
    this.#holders.set(slot, proposal);
    this.#unindex(slot);
    if (this.#maxTicketsPerPlayer > 1) this.#holdOthers(slot);
  }

  /** The map that was searched for, or the first that all accept. */
  #mapName(
    mode: number,
    map: number,
    slots: Int32Array,
    size: number,
  ): string | undefined {
    const { maps } = this.#modes[mode]!;
    if (maps.length === 0) return undefined;
    if (map >= 0) return maps[map];
    let bits = -1;
    for (let i = 0; i < size; i++) {
      bits &= this.#table.maps[slots[i]!]?.[mode] ?? -1;
    }
    return maps.find((_, i) => (bits >>> i & 1) === 1);
  }

  #matchByFunction(mode: number): void {
    runCustomMatch(
      this.#views[mode]!,
      mode,
      this.#now,
      this.#meter,
      (teams, region) => this.#proposeTeams(mode, teams, region, -1, undefined),
    );
  }

  #fillGames(): void {
    this.#backfills.fill(
      this.#meter,
      (backfill) => this.#candidatesFor(backfill),
      (slot) => this.#table.players[slot]!,
      (backfill, members) => {
        const { mode, region, map } = backfill;
        return this.#proposeTeams(mode, members, region, map, backfill);
      },
    );
  }

  /** Slots that may join a game, who has waited the longest first. */
  #candidatesFor(backfill: OpenBackfill): number[] {
    const { mode, region, map, skill, since } = backfill;
    const table = this.#table;
    const index = this.#indexes[mode]!;
    const settings = this.#modes[mode]!;
    const width = widthAt(settings.skill, this.#now - since);
    const found: number[] = [];
    for (
      let place = index.placeOf(skill - width);
      place < index.count && index.skills[place]! <= skill + width;
      place++
    ) {
      this.#meter.done++;
      const slot = index.slots[place]!;
      if (table.state(slot) !== WAITING) continue;
      const wait = this.#now - table.arrived(slot);
      const own = widthAt(settings.skill, wait) +
        settings.uncertaintyFactor * table.uncertainty(slot);
      if (Math.abs(index.skills[place]! - skill) > own) continue;
      if (
        table.regions > 0 &&
        table.latency[slot * table.regions + region]! >
          widthAt(settings.latency, wait)
      ) continue;
      if (map >= 0 && ((table.maps[slot]?.[mode] ?? -1) >>> map & 1) === 0) {
        continue;
      }
      found.push(slot);
    }
    return found.sort((a, b) =>
      table.arrived(a) - table.arrived(b) || table.idOf(a) - table.idOf(b)
    );
  }
}

const DONE: MatchmakingResult<undefined> = Object.freeze({
  isOk: true,
  value: undefined,
});

function refused(
  reason: MatchmakingRefusal["reason"],
  message: string,
  player?: PlayerId,
): { readonly isOk: false; readonly error: MatchmakingRefusal } {
  return {
    isOk: false,
    error: {
      type: "matchmakingError",
      reason,
      message,
      ...(player === undefined ? {} : { player }),
    },
  };
}

function ticketNotFound(
  ticket: TicketId,
): MatchmakingResult<undefined> {
  return refused(
    "ticketNotFound",
    `Cannot dequeue the ticket as it must be in the queue: current value is ${ticket}`,
  );
}

function proposalNotFound(
  proposal: ProposalId,
): MatchmakingResult<undefined> {
  return refused(
    "proposalNotFound",
    `Cannot answer the proposal as it must wait for the player: current value is ${proposal}`,
  );
}

function unusable(what: string, wanted: string, value: unknown): RangeError {
  const shown = typeof value === "string" ? JSON.stringify(value) : value;
  return new RangeError(
    `Cannot add the backfill as ${what} must be ${wanted}: current value is ${shown}`,
  );
}

function isIn(match: ProposedMatch, player: PlayerId): boolean {
  return match.teams.some(({ parties }) =>
    parties.some((party) => party.includes(player))
  );
}

/** The team of each slot of teams one after another. */
function teamsOf(members: readonly (readonly number[])[]): Uint8Array {
  return Uint8Array.from(members.flatMap((team, i) => team.map(() => i)));
}
