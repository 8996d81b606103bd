import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  isPlayerId,
  ManualClock,
  playerId,
  renderOpenMetrics,
} from "../../core/mod.ts";
import type { MatchMode } from "./match_mode.ts";
import { MatchmakingQueue } from "./matchmaking_queue.ts";
import type { MatchmakingQueueOptions } from "./matchmaking_queue_options.ts";
import type { TicketId, TicketRequest } from "./ticket.ts";
import { enqueued, requestOf, ticketsOf } from "./_testing/queue_rig.ts";

const DUEL: MatchMode = { teams: 2, teamSize: 1 };
const RANKED: MatchMode = { teams: 2, teamSize: 5 };

function queueOf(
  ranked: MatchMode = RANKED,
  options: Partial<MatchmakingQueueOptions> = {},
): MatchmakingQueue {
  return new MatchmakingQueue({ modes: { ranked }, ...options });
}

Deno.test("MatchmakingQueue.tick() makes a match of ten who are alike", () => {
  const queue = queueOf();
  for (let i = 0; i < 9; i++) enqueued(queue, requestOf([1500 + i]));
  assertEquals(queue.tick(1), []);
  enqueued(queue, requestOf([1509]));
  const [match, ...others] = queue.tick(1);
  assertEquals(others, []);
  assertEquals(match!.mode, "ranked");
  assertEquals(match!.region, undefined);
  assertEquals(match!.spread, 9);
  assertEquals(match!.longestWaitMs, 2_000);
  assertEquals(match!.needsAcceptance, false);
  assertEquals(match!.teams.map(({ parties }) => parties.flat().length), [
    5,
    5,
  ]);
  assertEquals(queue.size, 0);
});

Deno.test("MatchmakingQueue widens the skill range from 50 to 500 over 60 s", () => {
  for (
    const [gap, seconds] of [[50, 0], [53, 0.4], [275, 30], [500, 60]] as const
  ) {
    const queue = queueOf(DUEL);
    enqueued(queue, requestOf([1000]));
    enqueued(queue, requestOf([1000 + gap]));
    if (seconds > 0) assertEquals(queue.tick(seconds - 0.1), [], `${gap}`);
    // Looked at again a second later at the latest.
    assertEquals(queue.tick(seconds > 0 ? 1 : 0).length, 1, `${gap}`);
  }
  const queue = queueOf(DUEL);
  enqueued(queue, requestOf([1000]));
  enqueued(queue, requestOf([1500.5]));
  for (let i = 0; i < 100; i++) assertEquals(queue.tick(10), []);
});

Deno.test("MatchmakingQueue keeps to the smaller window of the two", () => {
  const queue = queueOf(DUEL);
  enqueued(queue, requestOf([1000]));
  queue.tick(60);
  enqueued(queue, requestOf([1100]));
  assertEquals(queue.tick(0), []);
  assertEquals(queue.tick(6), []);
  assertEquals(queue.tick(1).length, 1);
});

Deno.test("MatchmakingQueue widens a window by uncertainty", () => {
  const queue = queueOf({ ...DUEL, rules: { uncertaintyFactor: 1 } });
  for (const [id, skill] of [["a", 1000], ["b", 1200]] as const) {
    enqueued(queue, {
      players: [{ player: playerId(id), skill, uncertainty: 150 }],
      modes: ["ranked"],
    });
  }
  assertEquals(queue.tick(0).length, 1);
});

Deno.test("MatchmakingQueue keeps parties together and teams even", () => {
  const queue = queueOf();
  const parties = [
    [1510, 1490, 1500],
    [1505, 1495],
    [1480, 1520, 1500],
    [1501],
    [
      1499,
    ],
  ];
  const ids = parties.map((skills) => enqueued(queue, requestOf(skills)));
  const [match] = queue.tick(0);
  assertEquals(new Set(ticketsOf(match!)), new Set(ids));
  assertEquals(match!.teams.map(({ parties }) => parties.flat().length), [
    5,
    5,
  ]);
  // Of all ways to pair them that fill the teams, the mean skills are the closest.
  const [a, b] = match!.teams;
  assert(Math.abs(a!.skill - b!.skill) < 1, `${a!.skill} and ${b!.skill}`);
});

Deno.test("MatchmakingQueue does not split a party that fits nowhere", () => {
  const queue = queueOf();
  for (const skills of [[1, 1, 1, 1], [1, 1, 1], [1, 1, 1]]) {
    enqueued(queue, requestOf(skills));
  }
  assertEquals(queue.tick(100), []);
});

Deno.test("MatchmakingQueue takes a party's mean skill, or its highest", () => {
  for (
    const [partySkill, other] of [["mean", 1500], ["highest", 1600]] as const
  ) {
    const queue = queueOf({ teams: 2, teamSize: 2, rules: { partySkill } });
    enqueued(queue, requestOf([1400, 1600]));
    enqueued(queue, requestOf([other, other]));
    assertEquals(queue.tick(0)[0]?.spread, 0);
  }
});

Deno.test("MatchmakingQueue plays in a region that all reach, each by its wait", () => {
  const queue = queueOf(DUEL, { regions: ["eu", "us"] });
  enqueued(queue, requestOf([1], { latenciesMs: { eu: 20, us: 90 } }));
  enqueued(queue, requestOf([1], { latenciesMs: { us: 30, mars: 1 } }));
  assertEquals(queue.tick(2), []);
  assertEquals(queue.tick(0.5)[0]?.region, "us");
});

Deno.test("MatchmakingQueue prefers a region in which both are at home", () => {
  const queue = queueOf(DUEL, { regions: ["far", "near"] });
  for (let i = 0; i < 2; i++) {
    enqueued(queue, requestOf([1], { latenciesMs: { far: 70, near: 20 } }));
  }
  assertEquals(queue.tick(0)[0]?.region, "near");
});

Deno.test("MatchmakingQueue plays a map that all accept", () => {
  const queue = queueOf({ ...DUEL, maps: ["ice", "sand", "wood"] });
  enqueued(queue, requestOf([1], { maps: ["ice", "sand"] }));
  enqueued(queue, requestOf([1], { maps: ["wood"] }));
  assertEquals(queue.tick(0), []);
  enqueued(queue, requestOf([1], { maps: ["sand", "wood", "lava"] }));
  const [match] = queue.tick(0);
  assert(match?.map === "sand" || match?.map === "wood");
  assertEquals(queue.size, 1);
  const any = queueOf({ ...DUEL, maps: ["ice", "sand"] });
  enqueued(any, requestOf([1]));
  enqueued(any, requestOf([1]));
  assertEquals(any.tick(0)[0]?.map, "ice");
});

Deno.test("MatchmakingQueue asks for maps only where there are some", () => {
  const queue = new MatchmakingQueue({
    modes: {
      trio: { teams: 3, teamSize: 1, maps: ["harbour", "keep"] },
      duel: { teams: 2, teamSize: 1 },
    },
  });
  const modes = ["trio", "duel"];
  const first = enqueued(queue, requestOf([1], { modes, maps: ["keep"] }));
  const second = enqueued(queue, requestOf([1], { modes, maps: ["harbour"] }));
  assertEquals(
    queue.explain(first)!.modes.map(({ byMaps }) => byMaps),
    [1, 0],
  );
  const [match] = queue.tick(0);
  assertEquals(match?.mode, "duel");
  assertEquals(ticketsOf(match!).toSorted(), [first, second].toSorted());
});

Deno.test("MatchmakingQueue has one ticket wait for several modes", () => {
  const queue = new MatchmakingQueue({
    modes: { duel: DUEL, trio: { teams: 3, teamSize: 1 } },
  });
  enqueued(queue, requestOf([1], { modes: ["duel", "trio"] }));
  enqueued(queue, requestOf([1], { modes: ["trio"] }));
  assertEquals(queue.tick(0), []);
  enqueued(queue, requestOf([1], { modes: ["trio"] }));
  assertEquals(queue.tick(0)[0]?.mode, "trio");
  assertEquals(queue.size, 0);
  // Nothing is left of it in the other mode.
  enqueued(queue, requestOf([1], { modes: ["duel"] }));
  assertEquals(queue.tick(0), []);
});

Deno.test("MatchmakingQueue makes many teams, and free for all", () => {
  for (
    const [teams, teamSize] of [[1, 4], [4, 3], [2, 6], [100, 1], [25, 4], [
      2,
      60,
    ]] as const
  ) {
    const queue = queueOf({ teams, teamSize });
    for (let i = 0; i < teams * teamSize; i++) {
      assertEquals(queue.tick(0).length, 0);
      enqueued(queue, requestOf([1500 + i % 7]));
    }
    const [match] = queue.tick(0);
    assertEquals(
      match?.teams.map(({ parties }) => parties.flat().length),
      new Array(teams).fill(teamSize),
    );
  }
});

Deno.test("MatchmakingQueue waits for a better match as long as its patience", () => {
  const queue = queueOf({
    ...DUEL,
    patience: { waitMs: 10_000, spreadPerTicket: 10 },
  });
  enqueued(queue, requestOf([1000]));
  enqueued(queue, requestOf([1040]));
  let seconds = 0;
  while (queue.tick(1).length === 0) seconds++;
  // Two waits are worth 20 points after 10 s, and 40 after a little more than 15.
  assertEquals(seconds, 15);
  enqueued(queue, requestOf([1000]));
  enqueued(queue, requestOf([1000]));
  assertEquals(queue.tick(0).length, 1);
});

Deno.test("MatchmakingQueue finds whom a better match has robbed another one", () => {
  const queue = queueOf({
    ...DUEL,
    patience: { waitMs: 1_000, spreadPerTicket: 1 },
  });
  for (const skill of [1000, 1010, 1011, 1025]) {
    enqueued(queue, requestOf([skill], { waitedMs: 5_000 }));
  }
  assertEquals(queue.tick(0).map(({ spread }) => spread), [1, 25]);
});

Deno.test("MatchmakingQueue finds an overdue party's match however far it looks", () => {
  const queue = queueOf({
    ...RANKED,
    patience: { waitMs: 10_000, spreadPerTicket: 1e-6 },
  });
  const filler = enqueued(queue, requestOf([1000]));
  for (let i = 0; i < 12; i++) {
    const skill = 1001 + i;
    enqueued(queue, requestOf([skill, skill, skill, skill, skill]));
  }
  const overdue = enqueued(
    queue,
    requestOf([1020, 1020, 1020, 1020], { waitedMs: 30_000 }),
  );
  const [match] = queue.tick(0);
  assert(ticketsOf(match!).includes(overdue));
  assert(ticketsOf(match!).includes(filler));
});

Deno.test("MatchmakingQueue has premades meet premades if strangers cost more", () => {
  for (const [asymmetry, meets] of [[0, 1], [40, 5]] as const) {
    const queue = queueOf({ ...RANKED, costs: { asymmetry } });
    enqueued(queue, requestOf([1500, 1500, 1500, 1500, 1500]));
    for (let i = 0; i < 5; i++) enqueued(queue, requestOf([1510]));
    enqueued(queue, requestOf([1520, 1520, 1520, 1520, 1520]));
    const [match] = queue.tick(0);
    assertEquals(
      Math.min(...match!.teams.map(({ parties }) => parties[0]!.length)),
      meets,
    );
  }
});

Deno.test("MatchmakingQueue.dequeue() takes a ticket out, once", () => {
  const queue = queueOf(DUEL);
  const ticket = enqueued(queue, requestOf([1]));
  assertEquals(queue.dequeue(ticket).isOk, true);
  const again = queue.dequeue(ticket);
  assert(!again.isOk && again.error.reason === "ticketNotFound");
  enqueued(queue, requestOf([1]));
  assertEquals(queue.tick(0), []);
  // Its slot is used again, its name is not.
  const next = enqueued(queue, requestOf([1]));
  assert(next !== ticket);
  assertEquals(queue.ticket(ticket), undefined);
});

Deno.test("MatchmakingQueue.enqueue() refuses what is no ticket", () => {
  const queue = queueOf({ ...DUEL, maps: ["ice"] }, { regions: ["eu"] });
  const good = requestOf([1], { latenciesMs: { eu: 1 } });
  const player = good.players[0]!.player;
  const wrong: [string, Partial<TicketRequest>][] = [
    ["players", { players: [] }],
    ["players", requestOf([1, 1])],
    ["players[0].skill", { players: [{ player, skill: NaN }] }],
    ["players[0].skill", { players: [{ player, skill: "1" as never }] }],
    // Its square is beyond all numbers.
    ["players[0].skill", { players: [{ player, skill: 1e308 }] }],
    ["players[0].uncertainty", {
      players: [{ player, skill: 1, uncertainty: 1e10 }],
    }],
    ["players[0].uncertainty", {
      players: [{ player, skill: 1, uncertainty: -1 }],
    }],
    ["players[0].player", {
      players: [{ player: "" as typeof player, skill: 1 }],
    }],
    ["modes", { modes: [] }],
    ["modes[1]", { modes: ["ranked", "chess"] }],
    ["latenciesMs", { latenciesMs: {} }],
    ["latenciesMs.eu", { latenciesMs: { eu: -1 } }],
    ["latenciesMs", { latenciesMs: { eu: Infinity } }],
    ["maps", { maps: ["lava"] }],
    ["ttlMs", { ttlMs: 0 }],
    ["waitedMs", { waitedMs: NaN }],
  ];
  for (const [field, change] of wrong) {
    const result = queue.enqueue({ ...good, ...change });
    assert(!result.isOk, field);
    assertEquals(result.error.reason, "invalidTicket");
    assertEquals(result.error.field, field);
  }
  const unknown = queue.enqueue({ ...good, maps: ["lava", "snow"] });
  assert(!unknown.isOk);
  assertEquals(
    unknown.error.message,
    'Cannot enqueue the ticket as maps must be one or more maps of mode "ranked": current value is "lava, snow"',
  );
  const twice = queueOf({ teams: 2, teamSize: 2 }).enqueue({
    players: [good.players[0]!, good.players[0]!],
    modes: ["ranked"],
  });
  assert(!twice.isOk && twice.error.field === "players[1].player");
  assertEquals(queue.size, 0);
  assert(queue.enqueue(good).isOk);
});

Deno.test("MatchmakingQueue.enqueue() keeps to its bounds", () => {
  const queue = queueOf(DUEL, { maxTickets: 2 });
  const first = requestOf([1]);
  enqueued(queue, first);
  const again = queue.enqueue(first);
  assert(!again.isOk && again.error.reason === "alreadyQueued");
  assertEquals(again.error.player, first.players[0]!.player);
  enqueued(queue, requestOf([900]));
  const third = queue.enqueue(requestOf([1]));
  assert(!third.isOk && third.error.reason === "queueFull");
  queue.dequeue(queue.ticketsOf(first.players[0]!.player)[0]!);
  enqueued(queue, first);
});

Deno.test("MatchmakingQueue counts a wait that was before the ticket", () => {
  const queue = queueOf(DUEL);
  enqueued(queue, requestOf([1000], { waitedMs: 60_000 }));
  enqueued(queue, requestOf([1500], { waitedMs: 60_000 }));
  assertEquals(queue.tick(0)[0]?.longestWaitMs, 60_000);
});

Deno.test("MatchmakingQueue lets a ticket expire", () => {
  const queue = queueOf(DUEL);
  const ticket = enqueued(queue, requestOf([1], { ttlMs: 3_000 }));
  queue.tick(2.5);
  assertEquals(queue.pollEvent(), undefined);
  queue.tick(0.5);
  const event = queue.pollEvent();
  assert(event?.type === "ticketExpired" && event.ticket === ticket);
  assert(event.players.every(isPlayerId));
  assertEquals(queue.size, 0);
});

Deno.test("MatchmakingQueue.accept() confirms a match once all have", () => {
  const queue = queueOf(DUEL, { acceptTimeoutMs: 10_000 });
  enqueued(queue, requestOf([1]));
  enqueued(queue, requestOf([1]));
  const [match] = queue.tick(0);
  assert(match!.needsAcceptance);
  const [a, b] = match!.teams.map(({ parties }) => parties[0]![0]!);
  assertEquals(queue.tick(1), []);
  assert(queue.accept(match!.id, a!).isOk);
  assert(queue.accept(match!.id, a!).isOk);
  assert(!queue.accept(match!.id, playerId("a stranger")).isOk);
  assertEquals(queue.pollEvent(), undefined);
  assert(queue.accept(match!.id, b!).isOk);
  assertEquals(queue.pollEvent(), { type: "matchConfirmed", match: match! });
  assertEquals(queue.size, 0);
  const late = queue.accept(match!.id, b!);
  assert(!late.isOk && late.error.reason === "proposalNotFound");
});

Deno.test("MatchmakingQueue.decline() lets the others wait on, their wait kept", () => {
  const queue = queueOf(DUEL, { acceptTimeoutMs: 10_000 });
  const kept = enqueued(queue, requestOf([1]));
  queue.tick(5);
  const gone = enqueued(queue, requestOf([1]));
  const [match] = queue.tick(1);
  const decliner = match!.teams.flatMap(({ tickets, parties }) =>
    tickets[0] === gone ? parties[0]! : []
  )[0]!;
  queue.tick(4);
  assert(queue.decline(match!.id, decliner).isOk);
  assertEquals(queue.pollEvent(), {
    type: "matchCancelled",
    match: match!,
    declined: [decliner],
    timedOut: [],
    requeued: [kept],
    removed: [gone],
  });
  assertEquals(queue.ticket(kept)?.waitMs, 10_000);
  assertEquals(queue.ticket(kept)?.isReserved, false);
  enqueued(queue, requestOf([1]));
  assertEquals(queue.tick(0).length, 1);
});

Deno.test("MatchmakingQueue lets go of who does not answer", () => {
  const queue = queueOf(DUEL, { acceptTimeoutMs: 10_000 });
  const ids = [
    enqueued(queue, requestOf([1])),
    enqueued(queue, requestOf([1])),
  ];
  const [match] = queue.tick(0);
  const there = match!.teams[0]!;
  queue.accept(match!.id, there.parties[0]![0]!);
  queue.tick(9);
  assertEquals(queue.pollEvent(), undefined);
  queue.tick(1);
  const event = queue.pollEvent();
  assert(event?.type === "matchCancelled");
  assertEquals(event.timedOut, match!.teams[1]!.parties[0]);
  assertEquals(event.requeued, there.tickets);
  assertEquals(event.removed, ids.filter((id) => id !== there.tickets[0]));
});

Deno.test("MatchmakingQueue.dequeue() of a reserved ticket cancels its match", () => {
  const queue = queueOf(DUEL, { acceptTimeoutMs: 10_000 });
  const ids = [
    enqueued(queue, requestOf([1])),
    enqueued(queue, requestOf([1])),
  ];
  const [match] = queue.tick(0);
  assert(queue.dequeue(ids[0]!).isOk);
  const event = queue.pollEvent();
  assert(event?.type === "matchCancelled");
  assertEquals(event.removed, [ids[0]!]);
  assertEquals(event.requeued, [ids[1]!]);
  assert(!queue.accept(match!.id, event.declined[0]!).isOk);
});

Deno.test("MatchmakingQueue makes no match whose event would have no place", () => {
  const queue = queueOf(DUEL, { acceptTimeoutMs: 1_000, eventCapacity: 1 });
  for (let i = 0; i < 4; i++) enqueued(queue, requestOf([1]));
  assertEquals(queue.tick(0).length, 1);
  queue.tick(2);
  assertEquals([...queue.drainEvents()].length, 1);
  assertEquals(queue.tick(0).length, 1);
});

Deno.test("MatchmakingQueue has a player in one match, whatever the tickets", () => {
  const queue = new MatchmakingQueue({
    modes: { duel: DUEL, trio: { teams: 3, teamSize: 1 } },
    maxTicketsPerPlayer: 2,
    acceptTimeoutMs: 1_000,
  });
  const ada = { player: playerId("ada"), skill: 1 };
  const duel = enqueued(queue, { players: [ada], modes: ["duel"] });
  const trio = enqueued(queue, { players: [ada], modes: ["trio"] });
  assertEquals(queue.ticketsOf(ada.player), [duel, trio]);
  const third = queue.enqueue({ players: [ada], modes: ["trio"] });
  assert(!third.isOk && third.error.reason === "alreadyQueued");
  enqueued(queue, requestOf([1], { modes: ["duel"] }));
  for (let i = 0; i < 2; i++) {
    enqueued(queue, requestOf([1], { modes: ["trio"] }));
  }
  const [match, ...others] = queue.tick(0);
  assertEquals([match!.mode, others.length], ["duel", 0]);
  const [a, b] = match!.teams.flatMap(({ parties }) => parties.flat());
  queue.decline(match!.id, a === ada.player ? b! : a!);
  const [next] = queue.tick(0);
  assertEquals(next!.mode, "trio");
  for (const player of next!.teams.flatMap(({ parties }) => parties.flat())) {
    queue.accept(next!.id, player);
  }
  const types = [...queue.drainEvents()].map(({ type }) => type);
  assertEquals(types, ["matchCancelled", "ticketSuperseded", "matchConfirmed"]);
  assertEquals(queue.ticketsOf(ada.player), []);
});

Deno.test("MatchmakingQueue ends a player's other tickets once, wherever they were before", () => {
  const queue = queueOf(DUEL, { maxTicketsPerPlayer: 2 });
  const ada = { player: playerId("ada"), skill: 1 };
  const request = { players: [ada], modes: ["ranked"] };
  queue.dequeue(enqueued(queue, request));
  queue.tick(0);
  const tickets = [enqueued(queue, request), enqueued(queue, request)];
  assertEquals(queue.ticketsOf(ada.player), tickets);
  enqueued(queue, requestOf([1]));
  assertEquals(queue.tick(0).length, 1);
  const types = [...queue.drainEvents()].map(({ type }) => type);
  assertEquals(types, ["ticketSuperseded"]);
  assertEquals(queue.size, 0);
});

Deno.test("MatchmakingQueue never pairs two tickets of one player", () => {
  const queue = queueOf(DUEL, { maxTicketsPerPlayer: 2 });
  const ada = { player: playerId("ada"), skill: 1 };
  enqueued(queue, { players: [ada], modes: ["ranked"] });
  enqueued(queue, { players: [ada], modes: ["ranked"] });
  assertEquals(queue.tick(0), []);
});

Deno.test("MatchmakingQueue.processBackfill() fills a game up, the longest wait first", () => {
  const queue = queueOf(RANKED, { regions: ["eu"] });
  const latenciesMs = { eu: 10 };
  const far = enqueued(queue, requestOf([1900], { latenciesMs }));
  const old = enqueued(queue, requestOf([1540, 1540], { latenciesMs }));
  queue.tick(1);
  const young = enqueued(queue, requestOf([1500], { latenciesMs }));
  const late = enqueued(queue, requestOf([1500], { latenciesMs }));
  const added = queue.addBackfill({
    mode: "ranked",
    region: "eu",
    skill: 1500,
    openSeats: [2, 1],
  });
  assert(added.isOk);
  const [match, ...others] = queue.processBackfill();
  assertEquals(others, []);
  assertEquals(match!.backfill, added.value);
  assertEquals(match!.teams.map(({ tickets }) => tickets), [[old], [young]]);
  assertEquals(queue.openSeats(added.value), undefined);
  assertEquals(queue.ticket(far)?.id, far);
  assertEquals(queue.ticket(late)?.id, late);
});

Deno.test("MatchmakingQueue fills a game up though somebody waits for it twice", () => {
  const queue = queueOf(DUEL, { maxTicketsPerPlayer: 2 });
  const ada = { player: playerId("ada"), skill: 1 };
  const first = enqueued(queue, { players: [ada], modes: ["ranked"] });
  enqueued(queue, { players: [ada], modes: ["ranked"] });
  const bob = enqueued(queue, requestOf([1]));
  const game = queue.addBackfill({
    mode: "ranked",
    openSeats: [1, 1],
    skill: 1,
  });
  assert(game.isOk);
  const [match] = queue.processBackfill();
  assertEquals(match && ticketsOf(match), [first, bob]);
});

Deno.test("MatchmakingQueue fills games up before it makes new ones", () => {
  const queue = queueOf(DUEL);
  enqueued(queue, requestOf([1]));
  enqueued(queue, requestOf([1]));
  const added = queue.addBackfill({
    mode: "ranked",
    skill: 1,
    openSeats: [0, 1],
  });
  const matches = queue.tick(0);
  assertEquals(matches.map(({ backfill }) => backfill), [
    added.isOk ? added.value : undefined,
  ]);
  assertEquals(queue.size, 1);
});

Deno.test("MatchmakingQueue opens a game's seats again if nobody takes them", () => {
  const queue = queueOf(DUEL, { acceptTimeoutMs: 1_000 });
  const added = queue.addBackfill({
    mode: "ranked",
    skill: 1,
    openSeats: [1, 1],
  });
  assert(added.isOk);
  enqueued(queue, requestOf([1]));
  const [match] = queue.processBackfill();
  assertEquals(queue.openSeats(added.value), [0, 1]);
  queue.tick(1);
  assertEquals(queue.openSeats(added.value), [1, 1]);
  assert(!queue.accept(match!.id, match!.teams[0]!.parties[0]![0]!).isOk);
  assert(queue.removeBackfill(added.value).isOk);
  assert(!queue.removeBackfill(added.value).isOk);
  enqueued(queue, requestOf([1]));
  assertEquals(queue.processBackfill(), []);
});

Deno.test("MatchmakingQueue.addBackfill() refuses what is no game", () => {
  const queue = queueOf({ ...DUEL, maps: ["ice"] }, {
    regions: ["eu"],
    maxBackfills: 1,
  });
  const good = { mode: "ranked", skill: 1, openSeats: [1, 0], region: "eu" };
  for (
    const change of [
      { mode: "chess" },
      { skill: NaN },
      { openSeats: [1] },
      { openSeats: [1, 2] },
      { region: "us" },
      { map: "lava" },
    ]
  ) {
    assertThrows(() => queue.addBackfill({ ...good, ...change }), RangeError);
  }
  assert(queue.addBackfill(good).isOk);
  const second = queue.addBackfill(good);
  assert(!second.isOk && second.error.reason === "queueFull");
});

Deno.test("MatchmakingQueue.explain() names the rule that is in the way", () => {
  const regions = ["eu", "us"];
  const eu = { latenciesMs: { eu: 10 } };
  const cases: [string, TicketRequest[], Partial<MatchMode>?][] = [
    ["notEnoughPlayers", []],
    ["skill", [requestOf([900], eu), requestOf([2], eu)]],
    ["latency", [requestOf([1], { latenciesMs: { us: 10 } })]],
    ["maps", [requestOf([1], { ...eu, maps: ["sand"] })]],
    ["patience", [requestOf([2], eu)], {
      patience: { waitMs: 1_000, spreadPerTicket: 0.001 },
    }],
    ["custom", [requestOf([1], eu)], { match: () => [] }],
    ["mutual", [requestOf([2], eu)], { score: () => Infinity }],
  ];
  for (const [reason, others, change = {}] of cases) {
    const queue = queueOf(
      {
        ...DUEL,
        maps: ["ice", "sand"],
        ...change,
      },
      { regions },
    );
    const ticket = enqueued(queue, requestOf([1], { ...eu, maps: ["ice"] }));
    // The second of "skill" has a match with nobody, or waits no more.
    for (const other of others.slice(0, 1)) enqueued(queue, other);
    assertEquals(queue.tick(0.1), [], reason);
    const [mode] = queue.explain(ticket)!.modes;
    assertEquals(mode!.reason, reason);
    assertEquals(mode!.waitingTickets, Math.min(1, others.length));
    assertEquals(mode!.neededPlayers, 1);
    assert(Math.abs(mode!.skillWindow - 50.75) < 1e-9);
  }
});

Deno.test("MatchmakingQueue.explain() counts by rule, and tells of shapes", () => {
  const queue = queueOf();
  const ticket = enqueued(queue, requestOf([1000, 1000, 1000, 1000]));
  enqueued(queue, requestOf([1000, 1000, 1000]));
  enqueued(queue, requestOf([1000, 1000, 1000]));
  enqueued(queue, requestOf([1900]));
  queue.tick(0);
  const explanation = queue.explain(ticket)!;
  assertEquals(explanation.estimatedWaitMs, undefined);
  assertEquals(explanation.modes[0], {
    mode: "ranked",
    reason: "partyShape",
    waitingTickets: 3,
    waitingPlayers: 7,
    bySkill: 1,
    byLatency: 0,
    byMaps: 0,
    compatibleTickets: 2,
    compatiblePlayers: 6,
    neededPlayers: 6,
    skillWindow: 50,
    latencyWindowMs: 80,
  });
  assertEquals(queue.explain(0 as TicketId), undefined);
});

Deno.test("MatchmakingQueue.explain() estimates a wait by those before", () => {
  const queue = queueOf(DUEL);
  for (let i = 0; i < 20; i++) {
    enqueued(queue, requestOf([1000]));
    queue.tick(4);
    enqueued(queue, requestOf([1000]));
    assertEquals(queue.tick(4).length, 1);
  }
  const ticket = enqueued(queue, requestOf([1000]));
  const { estimatedWaitMs } = queue.explain(ticket)!;
  assert(estimatedWaitMs! >= 4_000 && estimatedWaitMs! <= 8_000);
  assertEquals(queue.estimatedWaitMs(ticket), estimatedWaitMs);
  queue.dequeue(ticket);
  assertEquals(queue.estimatedWaitMs(ticket), undefined);
});

Deno.test("MatchmakingQueue.estimatedWaitMs() knows nothing before a match", () => {
  const queue = queueOf(DUEL);
  assertEquals(
    queue.estimatedWaitMs(enqueued(queue, requestOf([1000]))),
    undefined,
  );
});

Deno.test("MatchmakingQueue estimates a wait of any tickets that there can be", () => {
  const skillWindow = { initial: 1e9, final: 2e9, overMs: 0 };
  const queue = queueOf({ ...DUEL, rules: { skillWindow } });
  for (const skill of [-1e9, 1e9, 0, 0, 1e-300, 1e9]) {
    enqueued(queue, requestOf([skill], { waitedMs: 1e300 }));
    enqueued(queue, requestOf([-skill], { waitedMs: 1e300 }));
    assertEquals(queue.tick(1).length, 1);
  }
  const ticket = enqueued(queue, requestOf([1e9]));
  assert(Number.isFinite(queue.explain(ticket)!.estimatedWaitMs));
});

Deno.test("MatchmakingQueue.statistics() counts by mode and region", () => {
  const queue = new MatchmakingQueue({
    modes: { duel: DUEL, ranked: RANKED },
    regions: ["eu", "us"],
    acceptTimeoutMs: 1_000,
  });
  const eu = { latenciesMs: { eu: 10, us: 70 } };
  const us = { latenciesMs: { eu: 70, us: 10 } };
  enqueued(queue, requestOf([1, 1], { ...eu, modes: ["ranked"] }));
  enqueued(queue, requestOf([1], { ...us, modes: ["ranked"] }));
  enqueued(queue, requestOf([1], { ...us, modes: ["duel"] }));
  enqueued(queue, requestOf([1], { ...us, modes: ["duel"] }));
  queue.tick(3);
  const [duel, ranked] = queue.statistics();
  assertEquals(duel!.reserved, 2);
  assertEquals(duel!.tickets, 0);
  assertEquals(duel!.matches, 1);
  assertEquals(duel!.meanWaitMs, 3_000);
  assertEquals(ranked!.tickets, 2);
  assertEquals(ranked!.players, 3);
  assertEquals(ranked!.meanWaitMs, undefined);
  assertEquals(
    ranked!.regions.map(({ region, tickets, players }) => [
      region,
      tickets,
      players,
    ]),
    [["eu", 1, 2], ["us", 1, 1]],
  );
  assertEquals(ranked!.regions[0]!.longestWaitMs, 3_000);
  const text = renderOpenMetrics(queue.metrics());
  assert(text.includes('tickwire_matchmaking_players{mode="ranked"} 3'));
  assert(text.includes('tickwire_matchmaking_matches_total{mode="duel"} 1'));
});

Deno.test("MatchmakingQueue asks a mode's score, which may forbid", () => {
  const seen: number[] = [];
  const queue = queueOf({
    ...DUEL,
    score: ({ tickets, spread, cost }) => {
      seen.push(spread);
      assertEquals(cost, spread);
      return tickets.some(({ skill }) => skill === 13) ? Infinity : 0;
    },
  });
  enqueued(queue, requestOf([13]));
  enqueued(queue, requestOf([14]));
  assertEquals(queue.tick(0), []);
  assertEquals(seen, [1]);
  enqueued(queue, requestOf([15]));
  assertEquals(queue.tick(0)[0]?.spread, 1);
});

Deno.test("MatchmakingQueue makes the matches of a mode's own function", () => {
  const queue = queueOf({
    ...DUEL,
    match: (tickets) =>
      tickets.length < 2 ? [] : [[[tickets[0]!.id], [tickets.at(-1)!.id]]],
  });
  for (const skill of [3, 9000, 1]) enqueued(queue, requestOf([skill]));
  assertEquals(queue.tick(0)[0]?.spread, 8999);
  assertEquals(queue.size, 1);
});

Deno.test("MatchmakingQueue throws if a mode's own function makes no match", () => {
  const wrong: ((ids: TicketId[]) => TicketId[][])[] = [
    ([a]) => [[a!]],
    ([a]) => [[a!], [a!]],
    ([a, b]) => [[a!, b!], []],
    ([a]) => [[a!], [12345 as TicketId]],
  ];
  for (const make of wrong) {
    const queue = queueOf({
      ...DUEL,
      match: (tickets) => [make(tickets.map(({ id }) => id))],
    });
    enqueued(queue, requestOf([1]));
    enqueued(queue, requestOf([1]));
    assertThrows(() => queue.tick(0), TypeError, 'matches of mode "ranked"');
  }
});

/** Modes before and behind one that is broken. */
function queueAround(
  broken: MatchMode,
  options: Partial<MatchmakingQueueOptions> = {},
): MatchmakingQueue {
  const modes = { before: DUEL, broken, behind: DUEL };
  return new MatchmakingQueue({ modes, ...options });
}

function enqueuePair(queue: MatchmakingQueue, mode: string): void {
  for (const skill of [1, 2]) {
    enqueued(queue, requestOf([skill], { modes: [mode] }));
  }
}

const BOOM = new Error("boom");
const BROKEN: Readonly<Record<string, MatchMode>> = {
  match: {
    ...DUEL,
    match() {
      throw BOOM;
    },
  },
  score: {
    ...DUEL,
    score() {
      throw BOOM;
    },
  },
  "score of a mode with patience": {
    ...DUEL,
    patience: { waitMs: 1_000, spreadPerTicket: 10 },
    score() {
      throw BOOM;
    },
  },
};

for (const [name, broken] of Object.entries(BROKEN)) {
  Deno.test(`MatchmakingQueue.tick() throws what a mode's own ${name} throws, and loses no match`, () => {
    const queue = queueAround(broken);
    for (const mode of ["before", "broken", "behind"]) enqueuePair(queue, mode);
    assertThrows(() => queue.tick(1), Error, "boom");
    const made = queue.tick(1).map(({ mode }) => mode);
    assertEquals(made, ["before", "behind"]);
    assertEquals(queue.size, 2);
    // However long that goes on, matches come by every second tick.
    for (let i = 0; i < 20; i++) {
      enqueuePair(queue, "behind");
      let thrown = 0;
      let matches = 0;
      for (let ticks = 0; ticks < 2; ticks++) {
        try {
          matches += queue.tick(1).length;
        } catch (error) {
          assertEquals(error, BOOM);
          thrown++;
        }
      }
      assert(thrown < 2, `${i}`);
      assertEquals(matches, 1, `${i}`);
    }
    assertEquals(queue.size, 2);
    assertEquals(queue.statistics().map(({ matches }) => matches), [1, 0, 21]);
  });
}

Deno.test("MatchmakingQueue.tick() makes no match that a mode's own score throws for, and the others of the mode", () => {
  const queue = queueOf({
    ...DUEL,
    score({ tickets }) {
      if (tickets.some(({ skill }) => skill === 13)) throw BOOM;
      return 0;
    },
  });
  for (const skill of [12, 13, 5_000, 5_001]) {
    enqueued(queue, requestOf([skill]));
  }
  assertThrows(() => queue.tick(0), Error, "boom");
  assertEquals(queue.tick(0).map(({ spread }) => spread), [1]);
  assertEquals(queue.size, 2);
});

Deno.test("MatchmakingQueue.tick() keeps the matches that a mode's own match has made before one that is none", () => {
  const queue = queueOf(
    {
      ...DUEL,
      match: (tickets) =>
        tickets.length < 2
          ? []
          : [[[tickets[0]!.id], [tickets[1]!.id]], [[tickets[0]!.id], []]],
    },
    { acceptTimeoutMs: 1_000 },
  );
  for (const skill of [1, 2]) enqueued(queue, requestOf([skill]));
  assertThrows(() => queue.tick(0), TypeError, 'matches of mode "ranked"');
  const [match, ...others] = queue.tick(0);
  assertEquals(others, []);
  for (const player of match!.teams.flatMap(({ parties }) => parties.flat())) {
    assert(queue.accept(match!.id, player).isOk);
  }
  assertEquals(queue.pollEvent()?.type, "matchConfirmed");
  assertEquals(queue.size, 0);
});

Deno.test("MatchmakingQueue.tick() tells what was thrown in the tick after one that threw by the next", () => {
  let calls = 0;
  const queue = queueOf({
    ...DUEL,
    match() {
      if (++calls <= 2) throw new Error(`call ${calls}`);
      return [];
    },
  });
  assertThrows(() => queue.tick(0), Error, "call 1");
  assertEquals(queue.tick(0), []);
  assertThrows(() => queue.tick(0), Error, "call 2");
  assertEquals(queue.tick(0), []);
  assertEquals(queue.tick(0), []);
});

Deno.test("MatchmakingQueue.tick() stops at its budget and goes on by the next", () => {
  const queue = queueOf(DUEL);
  for (let i = 0; i < 200; i++) enqueued(queue, requestOf([i * 10]));
  let matches = 0;
  let ticks = 0;
  while (matches < 100) {
    const made = queue.tick(0, { work: 20 });
    // One search may go beyond it, by what it walks.
    assert(queue.lastWork < 40, `${queue.lastWork}`);
    matches += made.length;
    assert(++ticks < 1_000);
  }
  assert(ticks > 5);
  assertEquals(queue.tick(0, { work: 0 }), []);
});

Deno.test("MatchmakingQueue makes new matches though games use its budget up", () => {
  for (const work of [1, 50, 500]) {
    const queue = queueOf({ teams: 2, teamSize: 2 });
    const addGame = (seats: number): void => {
      const openSeats = [seats, 0];
      assert(queue.addBackfill({ mode: "ranked", openSeats, skill: 1 }).isOk);
    };
    addGame(2);
    // Nobody fits into these, which takes looking at everybody.
    for (let i = 0; i < 20; i++) addGame(1);
    for (let i = 0; i < 30; i++) enqueued(queue, requestOf([1, 1]));
    const made = { backfill: 0, match: 0 };
    for (let i = 0; i < 400; i++) {
      for (const { backfill } of queue.tick(0.1, { work })) {
        made[backfill === undefined ? "match" : "backfill"]++;
      }
    }
    // One is left over.
    assertEquals(made, { backfill: 1, match: 14 }, `work ${work}`);
  }
});

Deno.test("MatchmakingQueue.tick() stops by a clock, and can be repeated by its work", () => {
  /** Each look at it takes a millisecond. */
  class SlowClock extends ManualClock {
    override nowMs(): number {
      this.advance(1);
      return super.nowMs();
    }
  }
  const fill = (queue: MatchmakingQueue): void => {
    for (let i = 0; i < 400; i++) {
      queue.enqueue({
        players: [{ player: playerId(`p${i}`), skill: i * 3 }],
        modes: ["ranked"],
      });
    }
  };
  const timed = queueOf(DUEL, { clock: new SlowClock() });
  const counted = queueOf(DUEL);
  fill(timed);
  fill(counted);
  let stops = 0;
  for (let i = 0; i < 10; i++) {
    const matches = timed.tick(0.5, { ms: 3 });
    if (matches.length < 200 && timed.size > 0) stops++;
    assertEquals(counted.tick(0.5, { work: timed.lastWork }), matches);
  }
  assert(stops > 1);
  assertEquals(timed.size, 0);
});

Deno.test("MatchmakingQueue refuses options and calls that are none", () => {
  const bad: Partial<MatchmakingQueueOptions>[] = [
    { modes: {} },
    { modes: { a: { teams: 0, teamSize: 1 } } },
    { modes: { a: { teams: 2, teamSize: 65 } } },
    { modes: { a: { ...DUEL, maps: ["x", "x"] } } },
    { modes: { a: { ...DUEL, patience: { waitMs: 0, spreadPerTicket: 1 } } } },
    {
      modes: {
        a: {
          ...DUEL,
          rules: { skillWindow: { initial: 2, final: 1, overMs: 1 } },
        },
      },
    },
    { modes: { a: { ...DUEL, costs: { latency: -1 } } } },
    { regions: ["eu", "eu"] },
    { maxTickets: 0 },
    { acceptTimeoutMs: -1 },
  ];
  for (const options of bad) {
    assertThrows(
      () => new MatchmakingQueue({ modes: { a: DUEL }, ...options }),
      RangeError,
    );
  }
  const queue = queueOf(DUEL);
  assertThrows(() => queue.tick(-1), RangeError);
  assertThrows(() => queue.tick(NaN), RangeError);
  assertThrows(() => queue.tick(0, { work: -1 }), RangeError);
  assertThrows(() => queue.tick(0, { ms: 1 }), TypeError);
});
