// Whatever a game's players and its own server do together, with queues, parties, rematches, bans, teams, chat, messages of
// the game, hooks that throw, cuts, restarts and a slow store: each client has what the server has, no message of a team
// reaches another one, who is gone hears nothing, and nothing is left when all have left. TICKWIRE_SOAK=1 plays 150 games of
// it, an ordinary run one.
import { assert, assertEquals } from "@std/assert";
import { type PlayerId, playerId, SeededRandom } from "../../core/mod.ts";
import type { WebSocketLike, WsClient } from "../../websocket/mod.ts";
import { HeldStore } from "../_testing/held_store.ts";
import { LobbyWorld } from "../_testing/lobby_world.ts";
import type { Player } from "../_testing/player_world.ts";
import { isWanted, prepareFilter } from "../browser/lobby_filter.ts";
import { type LobbyListing, lobbyListing } from "../browser/lobby_listing.ts";
import type { LobbyClientEvent } from "../client/lobby_client_event.ts";
import type { LobbyId } from "../lobby_id.ts";
import { assertSound } from "../manager/_testing/assert_sound.ts";
import { applyLobbyEvent } from "../manager/apply_lobby_event.ts";
import type { Lobby } from "../manager/lobby.ts";
import type { TeamId } from "../team_id.ts";
import { readPush } from "../wire/_read_push.ts";
import type { LobbyServerOptions } from "./lobby_server_options.ts";

const PLAYERS = 8;
const STEPS = 400;
const FILTERS = [{}, { hideFull: true }, { mode: "race" }] as const;
const decoder = new TextDecoder();

/** Which teams a player has been in, by lobby. */
type Teams = Map<LobbyId, Map<PlayerId, Set<TeamId>>>;

/** What somebody has who knows nothing but the events of a client, and applies each as it comes. */
class Follower {
  lobby: Lobby | undefined;
  chatNumber = 0;
  hand = 0;
  seen = 0;

  take(event: LobbyClientEvent, me: PlayerId, teams: Teams): void {
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
        this.lobby = applyLobbyEvent(this.lobby, event.event);
        break;
      case "left":
        assertEquals(this.lobby?.id, event.lobby);
        this.lobby = undefined;
        break;
      case "synced":
        assertEquals(this.lobby, event.lobby);
        break;
      case "chat": {
        const { lobby, number, player, isTeam } = event.message;
        assertEquals(lobby, this.lobby?.id);
        assert(number > this.chatNumber, "a message twice");
        this.chatNumber = number;
        if (!isTeam) break;
        const own = teams.get(lobby)?.get(me) ?? new Set();
        const other = teams.get(lobby)?.get(player) ?? new Set();
        assert(!own.isDisjointFrom(other), `${me} heard the team of ${player}`);
        break;
      }
      case "chatMissed":
        assertEquals(event.lobby, this.lobby?.id);
        assert(event.from > this.chatNumber && event.to >= event.from);
        this.chatNumber = event.to;
        break;
      case "socket": {
        const { event: told } = event;
        if (told.type !== "message" || told.message.type !== "text") break;
        if (told.channel !== "hand") break;
        const { to, number } = JSON.parse(told.message.text);
        assertEquals(to, me, "another one's hand");
        assert(number > this.hand, "hands in their order");
        this.hand = number;
      }
    }
  }
}

/** A page that knows the protocol alone, and takes each push for what it is. */
class RawPage {
  readonly #client: WsClient;
  readonly #name: string;
  #lobby: Lobby | undefined;
  #isGreeted = false;

  constructor(client: WsClient, name: string) {
    this.#client = client;
    this.#name = name;
  }

  take(): void {
    for (;;) {
      const event = this.#client.pollEvent();
      if (event === undefined) return;
      if (event.type === "gap" || event.type === "session") {
        if (event.type === "session" && event.isResumed) continue;
        this.#isGreeted = false;
        this.#lobby = undefined;
        const hello = { do: "hello", protocol: 1 };
        this.#client.request("lobby", JSON.stringify(hello));
      } else if (event.type === "reply") this.#isGreeted = true;
      else if (event.type === "message") {
        if (event.channel !== "lobby") continue;
        const text = event.message.type === "text"
          ? event.message.text
          : decoder.decode(event.message.bytes);
        this.#onPush(text);
      }
    }
  }

  #onPush(text: string): void {
    const push = readPush(text);
    assert(push !== undefined, text);
    switch (push.push) {
      case "view":
        this.#lobby = push.view;
        break;
      case "sync":
        this.#lobby = push.lobby ?? undefined;
        break;
      case "left":
        if (this.#lobby?.id === push.lobby) this.#lobby = undefined;
        break;
      case "event": {
        // Before it is greeted it may be told what goes on, but not where that began.
        if (this.#lobby === undefined && !this.#isGreeted) break;
        const { lobby, version } = push.event;
        assertEquals(this.#lobby?.id, lobby, `${this.#name} is not there`);
        if (version <= this.#lobby!.version) break;
        this.#lobby = applyLobbyEvent(this.#lobby, push.event);
        break;
      }
      case "chat":
        assertEquals(
          this.#lobby?.id,
          push.message.lobby,
          `${this.#name} hears what is said elsewhere`,
        );
    }
  }
}

function briefly(listing: LobbyListing): string {
  return JSON.stringify(Object.values(listing));
}

class Game {
  readonly store = new HeldStore();
  readonly world: LobbyWorld;
  readonly followers = new Map<Player, Follower>();
  readonly teams: Teams = new Map();
  readonly #pages: RawPage[] = [];
  readonly #goOffline = new Map<Player, () => void>();
  readonly #random: SeededRandom;
  readonly #codes: string[] = [];
  readonly #passwords = ["secret", "wrong"];
  #hand = 0;
  #made = 0;
  #seenEvents = 0;
  isCalm = false;
  readonly isForMatches: boolean;
  readonly counts = new Map<string, number>();

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    this.isForMatches = seed % 2 === 0;
    this.world = new LobbyWorld(seed, this.store);
  }

  options(): Partial<LobbyServerOptions> {
    const maybe = (odds: number, what: string): void => {
      if (!this.isCalm && this.below(odds) === 0) throw new Error(what);
    };
    return {
      hub: { resumeWindowMs: 2_000 },
      manager: {
        reconnectGraceMs: 5_000,
        hostGraceMs: 1_000,
        newLobbyId: () => `lobby-${++this.#made}`,
        limits: { serverDataBytes: 256, lobbies: 12, invitesPerLobby: 4 },
      },
      rate: { perSecond: 1_000, burst: 1_000 },
      chat: { history: 6, rate: { perSecond: 100, burst: 100 } },
      list: { intervalMs: 100 },
      passwords: { iterations: 10, rate: { perSecond: 100, burst: 100 } },
      vetConfig: ({ config }) => {
        maybe(12, "vet");
        if (config.name === "bad") return { type: "refused", reason: "bad" };
        if (config.name === "odd") {
          return { type: "changed", changes: { name: "even" } };
        }
        return undefined;
      },
      skillOf: (player) => {
        maybe(20, "skill");
        return { skill: 1_500 + player.length };
      },
      queues: {
        duels: {
          modes: { duel: { teams: 2, teamSize: 1 } },
          acceptTimeoutMs: 1_500,
          graceMs: 2_000,
          ttlMs: 20_000,
          lobby: () => {
            maybe(8, "lobby");
            return this.below(3) === 0
              ? { config: { countdownMs: 300, hostRights: "full" } }
              : {};
          },
        },
        pairs: {
          modes: { pair: { teams: 2, teamSize: 2 } },
          regions: ["eu", "us"],
          graceMs: 2_000,
        },
      },
    };
  }

  async start(): Promise<void> {
    await this.world.start(this.options());
    // Some have another page.
    for (let i = 0; i < PLAYERS + 2; i++) this.join(i);
    for (let i = 0; i < PLAYERS; i += 2) {
      const name = `player-${i}`;
      this.#pages.push(new RawPage(this.world.connect(name), name));
    }
  }

  join(i: number): Player {
    const { webSocket } = this.world.clientOptions();
    let socket: WebSocketLike | undefined;
    const player = this.world.join(`player-${i % PLAYERS}`, {
      webSocket: (url, protocols) => socket = webSocket!(url, protocols),
    });
    this.#goOffline.set(player, () => {
      player.client.socket.setOnline(false);
      socket?.close();
    });
    player.client.setLatencies({ eu: this.below(90), us: this.below(90) });
    player.client.browse(FILTERS[i % FILTERS.length]);
    this.followers.set(player, new Follower());
    return player;
  }

  below(bound: number): number {
    return this.#random.nextU32() % bound;
  }

  pick<T>(list: readonly T[]): T | undefined {
    return list[this.below(Math.max(1, list.length))];
  }

  act(): void {
    const player = this.pick(this.world.players)!;
    const { client } = player;
    const { lobby, proposal } = client;
    if (proposal !== undefined && this.below(3) > 0) {
      client.answer(proposal.proposal, this.below(10) > 0);
    } else if (this.isForMatches && this.below(2) === 0) {
      this.#lookForMatch(player);
    } else if (lobby === undefined) this.#actOutside(player);
    else this.#actInside(player, lobby);
  }

  #lookForMatch({ client }: Player): void {
    const { lobby, ticket } = client;
    if (ticket !== undefined && this.below(8) > 0) return;
    if (this.below(10) === 0) {
      client.setLatencies({ eu: this.below(90), us: this.below(90) });
    } else if (ticket !== undefined) client.dequeue();
    else if (lobby === undefined) {
      client.enqueue(this.below(3) === 0 ? "pairs" : "duels");
    } else if (lobby.config.hostRights === "none") {
      if (this.below(3) === 0) client.leave();
      else client.setReady(true);
    } else client.enqueue("pairs", { isParty: true });
  }

  #actOutside({ client }: Player): void {
    const targets = [...this.world.server?.manager.lobbies() ?? []];
    const target = this.pick(targets)?.id;
    const role = this.below(4) === 0 ? "spectator" as const : undefined;
    const password = this.below(4) === 0
      ? this.pick(this.#passwords)
      : undefined;
    switch (this.below(14)) {
      case 0:
      case 1:
        client.create({
          config: {
            name: this.pick(["bad", "odd", "good", "fine", "nice", "new"])!,
            mode: this.pick(["race", "chess"])!,
            maxPlayers: 2 + this.below(5),
            minPlayers: 1 + this.below(2),
            maxSpectators: this.below(3),
            access: this.below(3) > 0
              ? "public"
              : this.pick(["unlisted", "inviteOnly"])!,
            spectatorAccess: this.pick(["open", "open", "invited", "none"])!,
            countdownMs: this.pick([0, 400])!,
            isAutoStarted: this.below(2) === 0,
            isJoinableInGame: this.below(2) === 0,
            teams: {
              count: this.below(2) * 2,
              assignment: this.pick(["manual", "auto", "random"])! as never,
            },
          },
          ...(password !== undefined && { password }),
        });
        break;
      case 2:
        client.setLatencies(
          this.below(5) === 0 ? {} : { eu: this.below(90), us: this.below(90) },
        );
        break;
      case 3:
        client.enqueue("duels");
        break;
      case 4:
        client.enqueue("pairs");
        break;
      case 5:
        client.dequeue();
        break;
      case 6:
        client.explain();
        break;
      case 7:
        if (client.proposal !== undefined) {
          client.answer(client.proposal.proposal, this.below(6) > 0);
        }
        break;
      case 8: {
        const code = this.pick(this.#codes);
        if (code !== undefined) client.joinByCode(code);
        break;
      }
      default:
        if (target !== undefined) {
          client.join(target, {
            ...(role !== undefined && { role }),
            ...(password !== undefined && { password }),
          });
        }
    }
  }

  #actInside({ client }: Player, lobby: Lobby): void {
    const other = this.pick([...lobby.players, ...lobby.spectators])!.id;
    switch (this.below(32)) {
      case 0:
        client.leave();
        break;
      case 1:
      case 2:
      case 3:
      case 4:
        client.setReady(this.below(5) > 0);
        break;
      case 5:
        client.kick(other, { banMs: this.below(3) * 1_000 });
        break;
      case 6:
        client.unban(playerId(`player-${this.below(PLAYERS)}`));
        break;
      case 7:
        client.transferHost(other);
        break;
      case 8:
      case 9:
        client.startGame();
        break;
      case 10:
        client.cancelStart();
        break;
      case 11:
        client.resetLobby();
        break;
      case 12:
        client.startReadyCheck(1_000);
        break;
      case 13:
        client.vote(this.below(4) > 0);
        break;
      case 14:
        client.configure({
          name: this.pick(["bad", "odd", "good"])!,
          maxPlayers: 2 + this.below(5),
          access: this.pick(["public", "inviteOnly"])!,
          isJoinableInGame: this.below(2) === 0,
        });
        break;
      case 15:
        client.setPassword(this.below(2) === 0 ? "secret" : undefined);
        break;
      case 16:
      case 17:
        client.setTeam(
          (this.below(3) < 2 ? this.below(2) : undefined) as never,
          this.below(4) === 0 ? other : undefined,
        );
        break;
      case 18:
      case 19:
        client.setRole(
          this.below(2) ? "player" : "spectator",
          this.below(4) === 0 ? other : undefined,
        );
        break;
      case 20:
        client.invite({
          role: this.below(3) === 0 ? "spectator" : "player",
          uses: 1 + this.below(3),
        });
        break;
      case 21:
        client.reserve([playerId(`player-${this.below(PLAYERS)}`)], 2_000);
        break;
      case 22:
        client.enqueue(this.pick(["duels", "pairs"])!, { isParty: true });
        break;
      case 23:
        client.dequeue();
        break;
      case 24:
        client.assignTeams();
        break;
      case 25:
        client.rebalanceTeams();
        break;
      case 26:
        if (client.proposal !== undefined) {
          client.answer(client.proposal.proposal, true);
        }
        break;
      case 27:
        client.setPlayerMetadata({ hat: this.below(9) });
        break;
      default:
        client.chat(`${this.below(1_000)}`, { isTeam: this.below(2) === 0 });
    }
  }

  /** What the game's own server does. */
  actServer(): void {
    const { server } = this.world;
    if (server === undefined) return;
    const { manager } = server;
    const lobby = this.pick([...manager.lobbies()]);
    if (lobby === undefined) return;
    const { id, state, players } = lobby;
    switch (this.below(12)) {
      case 0:
        manager.setServerData(id, { n: this.below(99) });
        break;
      case 1:
        manager.setServerData(id, { text: "x".repeat(this.below(400)) });
        break;
      case 2:
        manager.destroyLobby(id);
        break;
      case 3:
        if (state === "waiting") manager.startGame(lobby.host);
        break;
      case 4:
        manager.reserve(id, [playerId(`player-${this.below(PLAYERS)}`)], {
          ttlMs: 1_000,
        });
        break;
      case 5:
        if (lobby.config.teams.count === 2) {
          server.addBackfill("pairs", id, {
            mode: "pair",
            openSeats: [1, 1],
            skill: 1_508,
            region: this.pick(["eu", "us"])!,
          });
        }
        break;
      case 6:
        server.sendToLobby(id, "table", "hello", {
          withSpectators: this.below(2) === 0,
        });
        break;
      case 7: {
        const { id: to } = this.pick(players)!;
        const number = ++this.#hand;
        server.sendToPlayer(to, "hand", JSON.stringify({ to, number }));
        break;
      }
      default:
        if (state === "inGame") manager.endGame(id, { at: this.below(9) });
    }
  }

  async fault(): Promise<void> {
    switch (this.below(8)) {
      case 7:
        this.#reload();
        break;
      case 0:
      case 1:
      case 2:
        this.world.cut(this.below(1_000));
        break;
      case 3:
        this.store.isHeld = true;
        await this.run(1 + this.below(6));
        this.store.release();
        break;
      case 4:
        this.store.error = new Error("full");
        await this.run(1 + this.below(6));
        this.store.error = undefined;
        break;
      case 5: {
        const player = this.pick(this.world.players)!;
        this.#goOffline.get(player)!();
        await this.run(this.below(200));
        player.client.socket.setOnline(true);
        break;
      }
      case 6:
        if (this.below(3) === 0) await this.world.restart();
    }
  }

  /** A page is loaded anew: another client, while the session of the one before is still there. */
  #reload(): void {
    const { players } = this.world;
    const i = this.below(players.length);
    const [before] = players.splice(i, 1);
    this.#goOffline.get(before!)!();
    this.#goOffline.delete(before!);
    this.followers.delete(before!);
    this.join(i);
    players.splice(i, 0, players.pop()!);
  }

  async run(ticks: number): Promise<void> {
    for (let i = 0; i < ticks; i++) {
      await this.world.run(1);
      // Hashes take time of their own.
      if (i === 0) await new Promise((resolve) => setTimeout(resolve));
      this.look();
    }
  }

  /** What is so at any time. */
  look(): void {
    const { world } = this;
    for (; this.#seenEvents < world.events.length; this.#seenEvents++) {
      const event = world.events[this.#seenEvents]!;
      const name = event.type === "lobby" ? event.event.type : event.type;
      this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
      if (event.type === "restored") assertEquals(event.refused, []);
      if (event.type !== "lobby") continue;
      this.#noteTeams(event.view);
    }
    const seated = new Set<PlayerId>();
    for (const lobby of world.server?.manager.lobbies() ?? []) {
      assertSound(lobby);
      this.#noteTeams(lobby);
      for (const { id } of [...lobby.players, ...lobby.spectators]) {
        assert(!seated.has(id), `${id} at two`);
        seated.add(id);
      }
    }
    for (const [player, follower] of this.followers) {
      const me = playerId(player.name);
      for (; follower.seen < player.events.length; follower.seen++) {
        const event = player.events[follower.seen]!;
        if (event.type === "done" && event.do === "invite") {
          this.#codes.push(event.value.code);
        }
        follower.take(event, me, this.teams);
      }
      assertEquals(player.client.unreadableMessages, 0);
    }
    for (const page of this.#pages) page.take();
  }

  #noteTeams({ id, players }: Lobby): void {
    const teams = this.teams.get(id) ?? new Map<PlayerId, Set<TeamId>>();
    this.teams.set(id, teams);
    for (const { id: player, team } of players) {
      if (team === undefined) continue;
      teams.set(player, (teams.get(player) ?? new Set()).add(team));
    }
  }

  /** All is well again: everybody has what there is. */
  async settle(): Promise<void> {
    const { world } = this;
    for (const { client } of world.players) client.socket.setOnline(true);
    this.store.error = undefined;
    this.store.release();
    await world.until(
      () =>
        world.players.every(({ client }) =>
          client.isSynced && client.socket.isConnected
        ),
      "peace",
    );
    await this.run(30);
    const { manager } = world.server!;
    // What is on its way takes a tick or two.
    const areSame = (): boolean =>
      world.players.every(({ name, client: { lobby } }) => {
        const there = manager.lobbyForPlayer(playerId(name));
        return there?.id === lobby?.id && there?.version === lobby?.version;
      });
    for (let i = 0; i < 5 && !areSame(); i++) await this.run(1);
    for (const [i, { name, client }] of world.players.entries()) {
      const follower = this.followers.get(world.players[i]!)!;
      assertEquals(client.lobby, manager.lobbyForPlayer(playerId(name)), name);
      assertEquals(follower.lobby, client.lobby, name);
    }
    await this.#checkTickets();
    await world.until(
      () =>
        world.players.every(({ client }, i) => {
          const filter = prepareFilter(FILTERS[i % FILTERS.length]!);
          const expected = manager.publicLobbies().map((it) => lobbyListing(it))
            .filter((it) => isWanted(it, filter));
          const listed = client.browser.filteredSorted({}, { by: "name" });
          return listed.map(briefly).sort().join() ===
            expected.map(briefly).sort().join();
        }),
      "the list",
    );
  }

  /** What a page that has just been loaded is told of a match, the others know. */
  async #checkTickets(): Promise<void> {
    const { world } = this;
    const names = [...new Set(world.players.map(({ name }) => name))];
    for (const name of names) {
      const page = world.join(name);
      world.players.pop();
      const { client } = page;
      for (let i = 0; !client.isSynced; i++) {
        assert(i < 100, "a page");
        world.players.push(page);
        await this.run(1);
        world.players.pop();
      }
      for (const { client: other } of world.players) {
        if (other.player !== client.player) continue;
        assertEquals(other.ticket?.players, client.ticket?.players, name);
        assertEquals(
          other.proposal?.proposal,
          client.proposal?.proposal,
          name,
        );
      }
      client.close();
    }
  }

  /** Nothing is left of all that, when all have gone. */
  async end(): Promise<void> {
    const { world } = this;
    this.isCalm = true;
    for (const { client } of world.players) {
      client.dequeue();
      client.leave();
    }
    await this.run(5);
    for (const { client } of world.players) client.close();
    for (const client of world.raw) client.close();
    // Seats, sessions, graces and what is remembered of who was too fast.
    for (let i = 0; i < 400; i++) await world.run(1, 0.25);
    const left = [...world.server!.metrics()]
      .filter(({ type, value }) => type === "gauge" && value !== 0)
      .map(({ name, labels, value }) => `${name} ${labels?.queue} ${value}`);
    assertEquals(left, []);
    assertEquals(await this.store.load(), []);
  }
}

Deno.test("LobbyServer and LobbyClients agree whatever is done together, and nothing is left of it", async () => {
  // Those with even seeds are about matches above all.
  const games = Deno.env.get("TICKWIRE_SOAK") ? 150 : 2;
  const seen = new Map<string, number>();
  for (let seed = 1; seed <= games; seed++) {
    const game = new Game(seed);
    try {
      await game.start();
      await game.run(10);
      for (let step = 0; step < STEPS; step++) {
        for (let i = game.below(6); i > 0; i--) game.act();
        if (game.below(3) === 0) game.actServer();
        if (game.below(20) === 0) await game.fault();
        await game.run(1 + game.below(3));
      }
      await game.settle();
      await game.end();
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
    for (const [name, count] of game.counts) {
      seen.set(name, (seen.get(name) ?? 0) + count);
    }
  }
  // It is about something.
  for (const name of ["gameEnded", "matchMade", "restored", "hookFailed"]) {
    assert(seen.get(name)! >= games, `${seen.get(name)} ${name}`);
  }
});
