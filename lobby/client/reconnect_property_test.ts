// Whatever is lost in whatever state: what a client makes of its events, what its getters say, and what a page that has
// just been loaded is told by the server are the same.
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { LobbyWorld } from "../_testing/lobby_world.ts";
import { isWanted, prepareFilter } from "../browser/lobby_filter.ts";
import { lobbyListing } from "../browser/lobby_listing.ts";
import { applyLobbyEvent } from "../manager/apply_lobby_event.ts";
import type { Lobby } from "../manager/lobby.ts";
import type { LobbyProposal, LobbyTicketStatus } from "../wire/lobby_push.ts";
import type { LobbyClientEvent } from "./lobby_client_event.ts";

type Player = LobbyWorld["players"][number];

const STATES = [
  "nowhere",
  "waiting",
  "readyCheck",
  "countdown",
  "inGame",
  "postgame",
  "ticket",
  "proposal",
] as const;
const LOSSES = ["cut", "session", "restart", "killed twice"] as const;
const NAMES = ["ada", "bob", "eve"];
const FILTER = { mode: "race" };
/** What the clocks of a client and of a server may differ by: ticks, and what is on its way. */
const NEAR_MS = 200;

/** What somebody has who knows nothing but the events, and applies each as it comes. */
class Follower {
  lobby: Lobby | undefined;
  ticket: LobbyTicketStatus | undefined;
  proposal: LobbyProposal | undefined;
  chatNumber = 0;

  take(event: LobbyClientEvent): void {
    switch (event.type) {
      case "entered":
        assertEquals(this.lobby, undefined, "was in a lobby");
        this.lobby = event.lobby;
        this.chatNumber = 0;
        break;
      case "replaced":
        assertEquals(this.lobby?.id, event.lobby.id);
        assert(this.lobby!.version < event.lobby.version);
        this.lobby = event.lobby;
        break;
      case "lobby":
        // It throws for another lobby or version.
        this.lobby = applyLobbyEvent(this.lobby, event.event);
        break;
      case "left":
        assertEquals(this.lobby?.id, event.lobby);
        this.lobby = undefined;
        break;
      case "synced":
        assertEquals(this.lobby, event.lobby);
        break;
      case "ticket":
        this.ticket = event.ticket;
        break;
      case "ticketEnded":
        this.ticket = undefined;
        break;
      case "proposal":
        assertEquals(this.proposal, undefined, "had a proposal");
        this.proposal = event.proposal;
        break;
      case "proposalAccepted":
        assertEquals(this.proposal?.proposal, event.proposal.proposal);
        this.proposal = event.proposal;
        break;
      case "proposalEnded":
        assertEquals(this.proposal?.proposal, event.proposal);
        this.proposal = undefined;
        break;
      case "chat":
        this.#hear(event.message.lobby, event.message.number);
        this.chatNumber = event.message.number;
        break;
      case "chatMissed":
        this.#hear(event.lobby, event.from);
        this.chatNumber = event.to;
    }
  }

  /** None comes twice, and none is left out without a word once the first has come. */
  #hear(lobby: string, number: number): void {
    assertEquals(lobby, this.lobby?.id as string);
    if (this.chatNumber === 0) assert(number > 0);
    else assertEquals(number, this.chatNumber + 1, "a message");
  }
}

async function begin(
  world: LobbyWorld,
  state: typeof STATES[number],
  random: SeededRandom,
): Promise<void> {
  const [ada, bob, eve] = world.players as [Player, Player, Player];
  if (state === "nowhere") return;
  if (state === "ticket" || state === "proposal") {
    ada.client.enqueue("duels");
    if (state === "proposal") bob.client.enqueue("duels");
    await world.until(() =>
      state === "ticket"
        ? ada.client.ticket !== undefined
        : bob.client.proposal !== undefined
    );
    if (state === "proposal" && random.nextU32() % 2 === 0) {
      ada.client.answer(ada.client.proposal!.proposal, true);
      await world.run(3);
    }
    return;
  }
  const { lobby } = await world.done(
    ada,
    ada.client.create({
      config: {
        mode: random.nextU32() % 2 === 0 ? "race" : "chess",
        countdownMs: state === "countdown" ? 8_000 : 0,
      },
    }),
  );
  await world.done(bob, bob.client.join(lobby as never));
  if (random.nextU32() % 4 > 0) {
    await world.done(
      eve,
      eve.client.join(lobby as never, { role: "spectator" }),
    );
  }
  for (let i = random.nextU32() % 5; i > 0; i--) {
    await world.done(bob, bob.client.chat("hello"));
  }
  if (state === "waiting") return;
  if (state === "readyCheck") {
    await world.done(ada, ada.client.startReadyCheck(10_000));
    return;
  }
  await world.done(bob, bob.client.setReady(true));
  await world.done(ada, ada.client.startGame());
  if (state === "postgame") {
    world.server!.manager.endGame(lobby as never, { winner: "ada" });
    await world.run(2);
  }
}

/** Something that a player may ask for at any time; it is refused where it makes no sense. */
function act(random: SeededRandom, { client }: Player): void {
  switch (random.nextU32() % 12) {
    case 0:
    case 1:
    case 2:
      client.chat(`${random.nextU32()}`);
      break;
    case 3:
      client.setReady(random.nextU32() % 2 === 0);
      break;
    case 4:
      client.setPlayerMetadata({ hat: random.nextU32() });
      break;
    case 5:
      client.vote(true);
      break;
    case 6:
      client.leave();
      break;
    case 7:
      client.cancelStart();
      break;
    case 8:
      client.dequeue();
      break;
    case 9:
      client.answer(client.proposal?.proposal ?? 1, random.nextU32() % 4 > 0);
      break;
    case 10:
      client.enqueue("duels");
      break;
    case 11:
      client.create({ config: { mode: "race" } });
  }
}

async function lose(
  world: LobbyWorld,
  loss: typeof LOSSES[number],
  random: SeededRandom,
): Promise<void> {
  // They stand in the order in which the players came. Who looks on, the last one, ends no countdown by being away.
  const victim = 2 - random.nextU32() % 4 % 3;
  const { socket } = world.players[victim]!.client;
  const others = world.players.toSpliced(victim, 1);
  switch (loss) {
    case "cut":
      world.cut(victim);
      break;
    case "session":
      // It is away until its session is forgotten.
      socket.setOnline(false);
      world.cut(victim);
      for (let i = 0; i < 50; i++) {
        const other = others[random.nextU32() % 2]!;
        if (i % 16 === 0) act(random, other);
        if (i % 8 === 0) other.client.chat("meanwhile");
        await world.run(1);
      }
      socket.setOnline(true);
      break;
    case "restart":
      await world.restart();
      break;
    case "killed twice":
      await world.restart();
      await world.run(1 + random.nextU32() % 8);
      await world.restart();
  }
}

function assertNear(actual?: number, expected?: number): void {
  if (actual === expected) return;
  assert(
    actual !== undefined && expected !== undefined &&
      Math.abs(actual - expected) <= NEAR_MS,
    `${actual} is not near ${expected}`,
  );
}

/** What does not go by with time. */
function lasting({ client }: Player): unknown {
  const { lobby, player, ticket, proposal, me, isHost } = client;
  const { leftMs: _, ...offer } = proposal ?? {};
  return {
    lobby,
    player,
    me,
    isHost,
    ticket: ticket && [ticket.queue, ticket.players],
    offer,
  };
}

async function check(world: LobbyWorld, player: Player): Promise<void> {
  const { name, client, events } = player;
  const page = world.join(name);
  await world.until(() => page.client.isSynced && client.isSynced);
  await world.run(3);
  const { manager } = world.server!;
  assertEquals(client.lobby, manager.lobbyForPlayer(client.player!));
  assertEquals(lasting(player), lasting(page));
  const id = client.lobby?.id;
  assertNear(client.waitedMs, page.client.waitedMs);
  assertNear(client.proposalLeftMs, page.client.proposalLeftMs);
  for (const it of [client, page.client]) {
    const leftMs = id && manager.countdownLeftMs(id);
    const checkMs = id && manager.readyCheckLeftMs(id);
    assertNear(it.countdownLeftMs, leftMs);
    assertNear(it.readyCheckLeftMs, checkMs);
    assertEquals(it.unreadableMessages, 0);
  }
  const follower = new Follower();
  for (const event of events) follower.take(event);
  assertEquals(follower.lobby, client.lobby);
  assertEquals(follower.ticket, client.ticket);
  assertEquals(follower.proposal?.proposal, client.proposal?.proposal);
  assertEquals(follower.proposal?.isAccepted, client.proposal?.isAccepted);
  // What was said last both know, or neither, as it was said before a restart.
  const last = world.told(page, "chat").at(-1)?.message.number;
  if (last !== undefined) assertEquals(follower.chatNumber, last);
  const filter = prepareFilter(FILTER);
  assertEquals(
    client.browser.filteredSorted({}, { by: "name" }).map(({ id }) => id)
      .sort(),
    manager.publicLobbies().map((it) => lobbyListing(it))
      .filter((it) => isWanted(it, filter)).map(({ id }) => id).sort(),
  );
  page.client.close();
  world.players.splice(world.players.indexOf(page), 1);
}

async function play(seed: number): Promise<void> {
  const random = new SeededRandom(seed);
  const world = new LobbyWorld(seed);
  await world.start({
    hub: { resumeWindowMs: 1_000 },
    rate: { perSecond: 1_000, burst: 1_000 },
    chat: { history: 3, rate: { perSecond: 100, burst: 100 } },
    list: { intervalMs: 100 },
    queues: {
      duels: {
        modes: { duel: { teams: 2, teamSize: 1 } },
        acceptTimeoutMs: 10_000,
      },
    },
  });
  for (const name of NAMES) world.join(name).client.browse(FILTER);
  await world.until(() => world.players.every((it) => it.client.isSynced));
  await begin(world, STATES[seed % STATES.length]!, random);
  const loss = Math.floor(seed / STATES.length) % LOSSES.length;
  // In the midst of things: what was asked is on its way, or is being answered.
  for (let i = random.nextU32() % 4; i > 0; i--) {
    act(random, world.players[random.nextU32() % 3]!);
    await world.run(random.nextU32() % 2);
  }
  await lose(world, LOSSES[loss]!, random);
  for (let i = random.nextU32() % 12; i > 0; i--) {
    if (random.nextU32() % 3 === 0) {
      act(random, world.players[random.nextU32() % 3]!);
    }
    await world.run(1);
  }
  // Who has noticed that a connection is gone comes back; what was asked meanwhile is done or has failed.
  await world.run(20);
  await world.until(
    () =>
      world.players.every(({ client }) =>
        client.isSynced && client.socket.isConnected
      ),
    "peace",
  );
  // The next number is the next one.
  for (const { client } of world.players) client.chat("again");
  await world.run(4);
  for (const player of [...world.players]) await check(world, player);
}

Deno.test("LobbyClient has what the server has, whatever was lost in whatever state", async () => {
  // Each loss in each state, once or many times.
  const rounds = Deno.env.get("TICKWIRE_SOAK") ? 100 : 1;
  const seeds = rounds * STATES.length * LOSSES.length;
  for (let seed = 0; seed < seeds; seed++) {
    try {
      await play(seed);
    } catch (error) {
      const state = STATES[seed % STATES.length];
      throw new Error(`seed ${seed}, ${state}`, { cause: error });
    }
  }
});
