// Servers that stand still, are cut off, get replies late or never, and die; players who do things all the while. At no time
// do two servers serve the same lobby or player, and in the end all have what they were told. TICKWIRE_SOAK=1 runs 400
// schedules, an ordinary run 3.
import { assert, assertEquals } from "@std/assert";
import {
  type Clock,
  type PlayerId,
  playerId,
  type Random,
  SeededRandom,
} from "../../core/mod.ts";
import type { LobbyId } from "../lobby_id.ts";
import type { Player } from "../_testing/player_world.ts";
import { ClusterWorld, type Node } from "./_testing/cluster_world.ts";

const SCHEDULES = Deno.env.get("TICKWIRE_SOAK") === "1" ? 400 : 3;
const TICKS = 1_200;
const NAMES = ["a", "b", "c"];
const PLAYERS = 8;
const QUEUES = { duels: { modes: { duel: { teams: 2, teamSize: 2 } } } };

/** A clock that goes slower or faster than that of Redis. */
function drifting(clock: Clock, rate: number): Clock {
  return {
    nowMs: () => clock.nowMs() * rate,
    epochMs: () => clock.epochMs(),
  };
}

const NO_CHAT = { lobby: "", number: 0 };

interface Seat {
  readonly player: Player;
  /** The last number that it was told is so, in the lobby where it is. */
  done: number;
  readonly asked: Map<number, number>;
  /** How much of what it was told has been looked at. */
  seen: number;
  /** The last message that is known, of which lobby. */
  chat: { readonly lobby: string; readonly number: number };
}

class Model {
  readonly world: ClusterWorld;
  readonly seats: Seat[] = [];
  readonly lobbies: LobbyId[] = [];
  readonly #random: Random;
  readonly #seed: number;
  /** What was said, by lobby and number. */
  readonly #said = new Map<string, string>();
  #number = 0;
  faults = 0;
  takeovers = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = new SeededRandom(seed);
    this.world = new ClusterWorld(seed);
  }

  async start(name: string): Promise<void> {
    const rate = 0.95 + this.#below(10) / 100;
    await this.world.start(
      name,
      { queues: QUEUES },
      drifting(this.world.clock, rate),
    );
  }

  join(): void {
    for (let i = 0; i < PLAYERS; i++) {
      const names = [...NAMES.slice(i % 3), ...NAMES.slice(0, i % 3)];
      const player = this.world.join(`player-${i}`, names, {
        requestTimeoutMs: 600_000,
      });
      player.client.browse();
      this.seats.push({
        player,
        done: 0,
        asked: new Map(),
        seen: 0,
        chat: NO_CHAT,
      });
    }
  }

  act(): void {
    const seat = this.seats[this.#below(PLAYERS)]!;
    const { client } = seat.player;
    const choice = this.#below(20);
    if (choice < 2) client.create({ config: { maxPlayers: 4 } });
    else if (choice < 6 && this.lobbies.length > 0) {
      client.join(
        this.lobbies.at(
          -1 - this.#below(
            Math.min(4, this.lobbies.length),
          ),
        )!,
      );
    } else if (choice < 8) client.leave();
    else if (choice < 9) {
      client.enqueue("duels", { isParty: client.lobby !== undefined });
    } else if (choice < 10) client.dequeue();
    else {
      const request = client.setPlayerMetadata({ n: ++this.#number });
      if (request !== undefined) seat.asked.set(request, this.#number);
    }
  }

  async fault(): Promise<void> {
    const name = NAMES[this.#below(3)]!;
    const node = this.world.nodes.get(name)!;
    if (node.isDead || !node.cluster.isHeld) {
      // What it has sent before may still come through.
      if (this.#below(2) === 0) node.redis.release();
      if (!node.isPaused && this.#below(3) === 0) {
        if (!node.isDead) this.world.kill(node);
        await this.start(name);
      }
      return;
    }
    this.faults++;
    const { redis } = node;
    switch (this.#below(10)) {
      case 0:
        // The last one that is there is left.
        if (this.#living().length > 1) this.world.kill(node);
        break;
      case 1:
        node.isPaused = true;
        break;
      case 2:
        redis.isCut = true;
        break;
      case 3:
        redis.losesReplies = true;
        break;
      case 4:
        redis.isHeld = true;
        break;
      case 5:
        redis.losesMessages = true;
        break;
      case 6:
        redis.isSlow = true;
        break;
      default:
        this.heal(node);
    }
  }

  heal(node: Node): void {
    node.isPaused = false;
    if (node.isDead) return;
    node.redis.isCut = false;
    node.redis.losesReplies = false;
    node.redis.losesMessages = false;
    node.redis.release();
  }

  /** What is so at any time. */
  check(): void {
    const where = new Map<PlayerId, string>();
    const lobbies = new Map<LobbyId, string>();
    for (const { name, server, cluster } of this.#living()) {
      if (!cluster.isHeld) continue;
      for (let i = 0; i < PLAYERS; i++) {
        const player = playerId(`player-${i}`);
        const lobby = server.manager.lobbyForPlayer(player);
        if (lobby === undefined) continue;
        const what = `seed ${this.#seed}: ${player} at two`;
        assertEquals(where.get(player) ?? name, name, what);
        assertEquals(lobbies.get(lobby.id) ?? name, name, what);
        where.set(player, name);
        lobbies.set(lobby.id, name);
      }
    }
    for (const seat of this.seats) {
      const { events, client } = seat.player;
      for (const event of events.slice(seat.seen)) {
        if (event.type === "entered") {
          seat.done = 0;
          this.lobbies.push(event.lobby.id);
        } else if (event.type === "left") seat.done = 0;
        else if (event.type === "chat") {
          const { lobby, number, text } = event.message;
          // Whichever server it is at now.
          if (seat.chat.lobby === lobby) {
            assert(number > seat.chat.number, `seed ${this.#seed}: twice`);
          }
          seat.chat = { lobby, number };
          // No two messages have one number.
          const name = `${lobby} ${number}`;
          assertEquals(this.#said.get(name) ?? text, text, name);
          this.#said.set(name, text);
        } // Where it has sat down before it has said hello it is told nothing but this.
        else if (event.type === "done" && event.do === "leave") seat.done = 0;
        else if (event.type === "done" && event.do === "setPlayerMetadata") {
          seat.done = Math.max(seat.done, seat.asked.get(event.request)!);
        }
      }
      seat.seen = events.length;
      assertEquals(client.unreadableMessages, 0, `seed ${this.#seed}`);
    }
    for (const node of this.world.nodes.values()) {
      for (const event of node.events.splice(0)) {
        if (event.type !== "inherited" && event.type !== "restored") continue;
        if (event.type === "inherited") this.takeovers++;
        assertEquals(event.refused, [], `seed ${this.#seed}`);
      }
    }
  }

  /** All is well again; what everybody has is what its server has. */
  async settle(): Promise<void> {
    for (const name of NAMES) {
      const node = this.world.nodes.get(name)!;
      this.heal(node);
    }
    await this.world.run(10);
    for (const name of NAMES) {
      const node = this.world.nodes.get(name)!;
      if (!node.isDead && node.cluster.isHeld) continue;
      if (!node.isDead) this.world.kill(node);
      await this.start(name);
    }
    await this.world.run(400);
    this.check();
    const what = `seed ${this.#seed}`;
    await this.world.until(
      () => this.seats.every(({ player }) => player.client.isSynced),
      `${what}: everybody`,
    );
    await this.world.run(20);
    this.check();
    for (const { player, done } of this.seats) {
      const { client, name } = player;
      const id = playerId(name);
      const nodes = this.#living().filter(({ server }) =>
        server.manager.lobbyForPlayer(id) !== undefined
      );
      const lobby = nodes[0]?.server.manager.lobbyForPlayer(id);
      assertEquals(client.lobby?.id, lobby?.id, `${what}, ${name}`);
      assertEquals(client.lobby?.version, lobby?.version, `${what}, ${name}`);
      if (lobby !== undefined) {
        assertEquals(this.world.nodeOf(player), nodes[0]!.name, what);
      }
      const seat = lobby?.players.find((it) => it.id === id);
      assert(Number(seat?.metadata.n ?? 0) >= done, `${what}, ${name}`);
    }
    // All list what there is, and that once.
    const listed = this.#living().flatMap(({ server }) =>
      server.manager.publicLobbies().map(({ id }) => id)
    ).sort();
    await this.world.until(
      () =>
        this.seats.every(({ player }) => {
          const ids = player.client.browser.filteredSorted().map(({ id }) =>
            id
          );
          return ids.sort().join() === listed.join();
        }),
      `${what}: the lists`,
    );
    // Nothing is left of what is nowhere.
    const owners = this.world.redis.hash("tickwire:{lobby}:owners");
    for (const [record, token] of owners) {
      const [kind, type, player] = record.split(":");
      if (kind !== "server" || type !== "seat") continue;
      const isSomewhere = this.#living().some(({ server }) =>
        server.manager.lobbyForPlayer(playerId(player!)) !== undefined
      );
      const isWaiting = owners.has(`ticket:duels\n${player}`);
      // The reply to a claim was lost: the player's next request there finds it.
      const value = this.world.redis.hash(`tickwire:{lobby}:records:${token}`)
        .get(record);
      const isDoubtful = value === `claimed by ${token}`;
      assert(
        isSomewhere || isWaiting || isDoubtful,
        `${what}: seat of ${player}: ${value}`,
      );
    }
  }

  #living(): Node[] {
    return [...this.world.nodes.values()].filter(({ isDead }) => !isDead);
  }

  #below(bound: number): number {
    return this.#random.nextU32() % bound;
  }
}

Deno.test("LobbyServers never serve a lobby or a player at two places, and lose nothing that was told", async () => {
  let faults = 0;
  let takeovers = 0;
  for (let seed = 1; seed <= SCHEDULES; seed++) {
    const model = new Model(seed);
    for (const name of NAMES) await model.start(name);
    model.join();
    const random = new SeededRandom(seed + 1_000_000);
    for (let tick = 0; tick < TICKS; tick++) {
      if (random.nextU32() % 2 === 0) model.act();
      if (random.nextU32() % 20 === 0) await model.fault();
      await model.world.run(1);
      model.check();
    }
    await model.settle();
    faults += model.faults;
    takeovers += model.takeovers;
  }
  // It is about something.
  assert(faults >= 20 * SCHEDULES, `${faults} faults`);
  assert(takeovers >= SCHEDULES, `${takeovers} takeovers`);
});
