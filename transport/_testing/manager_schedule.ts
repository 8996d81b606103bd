import { SeededRandom } from "../../core/mod.ts";
import {
  Channel,
  type ChannelDelivery,
  ConnectionState,
  type ManagerEvent,
  type NetworkConditions,
  type PeerId,
} from "../mod.ts";
import {
  EventWorld,
  INSECURE_LINKS,
  type WorldLinks,
  type WorldManager,
} from "./event_world.ts";
import { MIN_MESSAGE_BYTES, PromiseChecker } from "./promise_checker.ts";

/** How a schedule went. */
export interface ManagerScheduleResult {
  /** How many connections were begun. */
  connects: number;
  /** Of these, how many came about, and how many had no answer in time. */
  connected: number;
  unanswered: number;
  /** How many ends were timed out: the other one had left, or was lost for too long. */
  timedOut: number;
  moved: number;
  delivered: number;
}

const DELIVERIES: readonly ChannelDelivery[] = [
  Channel.Reliable,
  Channel.Unreliable,
  Channel.ReliableOrdered,
  Channel.UnreliableOrdered,
];
/** Of who ends a connection after all was said: the other end has to have all of it. */
const GRACEFUL_CODE = 77;
/** Where it is not known what has to have arrived. */
const MAX_BLACKOUT_MS = 1_000;
/** Of who has left before all was delivered to one that is gone, it takes as long as to time it out. */
const CLOSING_MS = 12_000;
/** Time to heal: whoever is connected for one end only is timed out within. */
const HEALING_MS = 40_000;

/** One end of a connection. */
interface End {
  state: "connecting" | "connected" | "ended";
  /** What it has sent, as the other end has to get it. */
  readonly sent: PromiseChecker;
}

/** One call of `connect()`, and what came of it at both ends. */
interface Life {
  readonly client: WorldManager;
  readonly number: number;
  peer: PeerId;
  atServer: PeerId | undefined;
  readonly up: End;
  readonly down: End;
}

/** Nothing yet. */
function noResult(): ManagerScheduleResult {
  return {
    connects: 0,
    connected: 0,
    unanswered: 0,
    timedOut: 0,
    moved: 0,
    delivered: 0,
  };
}

/**
 * Runs schedules: clients connect, talk, change their addresses and sockets, leave and are
 * thrown out over a network that loses up to half of all; then it heals, and the server
 * closes. By links that do not roam, who changes its address is timed out. Throws where a call
 * of `connect()` has not one outcome, a connection not one end, or a channel breaks its promise;
 * the seed is in the message.
 *
 * @param count How many: their seeds are 1 to `count`, or TICKWIRE_SEED of the environment alone.
 * @param links Makes each one's links.
 * @returns Their sums; `undefined` of one alone.
 */
export function runManagerSchedules(
  count: number,
  links: () => WorldLinks = () => INSECURE_LINKS,
): ManagerScheduleResult | undefined {
  const one = Deno.env.get("TICKWIRE_SEED");
  const first = one === undefined ? 1 : Number(one);
  const last = one === undefined ? count : first;
  const sums = noResult();
  for (let seed = first; seed <= last; seed++) {
    try {
      const result = new Schedule(seed, links()).run();
      for (const name of Object.keys(sums) as (keyof typeof sums)[]) {
        sums[name] += result[name];
      }
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  return one === undefined ? sums : undefined;
}

class Schedule {
  readonly #random: SeededRandom;
  readonly #world: EventWorld;
  /** By number, which is what the client says of itself. */
  readonly #lives: Life[] = [];
  /** What each client is at. */
  readonly #current: (Life | undefined)[] = [];
  readonly #byServerPeer = new Map<PeerId, Life>();
  readonly #result = noResult();
  readonly #links: WorldLinks;
  #hosts = 0;

  constructor(seed: number, links: WorldLinks) {
    this.#links = links;
    this.#random = new SeededRandom(seed);
    const clients = 1 + this.#random.nextU32() % 3;
    this.#world = new EventWorld(
      { seed },
      clients,
      {
        onMessage: (at, peer, bytes, channel) =>
          this.#onMessage(at, peer, bytes, channel),
        onEvent: (at, event) =>
          at.index === 0
            ? this.#onServerEvent(event)
            : this.#onClientEvent(at, event),
      },
      {},
      false,
      links,
    );
  }

  run(): ManagerScheduleResult {
    const world = this.#world;
    const random = this.#random;
    const endMs = 2_000 + random.nextFloat() * 4_000;
    let changeMs = 0;
    while (world.nowMs < endMs) {
      if (world.nowMs >= changeMs) {
        changeMs = world.nowMs + random.nextFloat() * MAX_BLACKOUT_MS;
        world.network.setConditions(this.#badConditions());
      }
      for (const client of world.clients) this.#act(client);
      world.run(world.nowMs + 5 + random.nextFloat() * 50);
    }
    world.network.setConditions({ latencyMs: 10 });
    const healedMs = world.nowMs + HEALING_MS;
    while (world.nowMs < healedMs && !this.#lives.every(isSettled)) {
      world.run(world.nowMs + 500);
    }
    for (const life of this.#lives) {
      if (!isSettled(life)) throw new Error(`not settled: ${describe(life)}`);
    }
    this.#closeServer();
    return this.#result;
  }

  #closeServer(): void {
    const world = this.#world;
    world.server.manager.close("enough");
    world.touch(world.server);
    world.run(world.nowMs + CLOSING_MS);
    const { isClosed, peerCount, counters } = world.server.manager;
    if (!isClosed || peerCount > 0) throw new Error("the server is not closed");
    const { connected, disconnected, timedOut } = counters;
    if (connected !== disconnected + timedOut) {
      throw new Error(`${connected} came, ${disconnected} + ${timedOut} went`);
    }
    for (const life of this.#lives) {
      if (life.up.state !== "ended") {
        throw new Error(`the client does not know the end: ${describe(life)}`);
      }
    }
    for (const { index, manager } of world.clients) {
      const { connected, connectFailed, disconnected, timedOut, unsent } =
        manager.counters;
      const begun = this.#lives.filter(({ client }) => client.index === index);
      if (
        connected + connectFailed !== begun.length ||
        disconnected + timedOut !== connected ||
        manager.peerCount > 0 || unsent > 0 || manager.nextWakeMs < Infinity
      ) throw new Error(`client ${index}: ${JSON.stringify(manager.counters)}`);
    }
  }

  /** Lets a client, or the server with it, do something or other. */
  #act(client: WorldManager): void {
    const random = this.#random;
    const { server } = this.#world;
    const life = this.#current[client.index];
    if (life === undefined) {
      if (random.nextFloat() < 0.2) this.#connect(client);
      return;
    }
    const { peer, atServer } = life;
    if (life.up.state === "connected") this.#talk(client, peer, life.up.sent);
    if (atServer !== undefined && life.down.state === "connected") {
      this.#talk(server, atServer, life.down.sent);
    }
    const drawn = random.nextFloat();
    if (drawn < 0.01) {
      client.manager.disconnect(peer, "had enough", GRACEFUL_CODE);
    } else if (drawn < 0.015) client.manager.kick(peer);
    else if (drawn < 0.02 && atServer !== undefined) {
      server.manager.disconnect(atServer, "bye", GRACEFUL_CODE);
    } else if (drawn < 0.025 && atServer !== undefined) {
      server.manager.kick(atServer, "cheater");
    } else if (drawn < 0.045 && life.up.state === "connected") {
      // Before that it would be another client for the server.
      this.#roam(client, peer);
    }
    for (const at of [client, server]) this.#world.touch(at);
  }

  #connect(client: WorldManager): void {
    const number = this.#lives.length;
    const to = client.socket.address(
      this.#world.server.socket.localAddress.host,
      this.#world.server.socket.localAddress.port,
    );
    this.#result.connects++;
    const life: Life = {
      client,
      number,
      peer: client.manager.connect(
        to,
        this.#links.credentials(new Uint8Array([number, number >> 8])),
      ),
      atServer: undefined,
      up: {
        state: "connecting",
        sent: new PromiseChecker(DELIVERIES, 2 * number),
      },
      down: {
        state: "connecting",
        sent: new PromiseChecker(DELIVERIES, 2 * number + 1),
      },
    };
    this.#lives.push(life);
    this.#current[client.index] = life;
    this.#world.touch(client);
  }

  #roam(client: WorldManager, peer: PeerId): void {
    const { network } = this.#world;
    const host = `192.0.2.${1 + this.#hosts++ % 200}`;
    if (this.#random.nextFloat() < 0.6) {
      const from = client.manager.peerAddress(peer)!.socket;
      network.rebind(from, 0, host);
    } else {
      const to = this.#world.serverFrom(client, host);
      const mayMove = this.#links.roams &&
        client.manager.peerState(peer) === ConnectionState.Connected;
      if (client.manager.move(peer, to) !== mayMove) {
        throw new Error(`moved: ${!mayMove}`);
      }
    }
  }

  #talk(at: WorldManager, to: PeerId, checker: PromiseChecker): void {
    const random = this.#random;
    for (let i = random.nextU32() % 4; i > 0; i--) {
      const channel = random.nextU32() % DELIVERIES.length;
      const most = random.nextFloat() < 0.02 ? 5_000 : 200;
      const length = MIN_MESSAGE_BYTES + random.nextU32() % most;
      if (at.manager.send(to, checker.make(channel, length), channel)) {
        checker.accept(channel, length);
      }
    }
  }

  #onMessage(
    at: WorldManager,
    peer: PeerId,
    bytes: Uint8Array,
    channel: number,
  ): void {
    const life = at.index === 0
      ? this.#byServerPeer.get(peer)
      : this.#lives.find((life) => life.client === at && life.peer === peer);
    if (life === undefined) throw new Error(`a message of nobody, ${peer}`);
    const { up, down } = life;
    const [own, other] = at.index === 0 ? [down, up] : [up, down];
    // The first ones may come with what connects: their event is drained later.
    if (own.state === "ended") {
      throw new Error(`a message after the end: ${describe(life)}`);
    }
    other.sent.check(channel, bytes);
    this.#result.delivered++;
  }

  #onServerEvent(event: ManagerEvent): void {
    if (event.type === "peerMoved") {
      this.#result.moved++;
      return;
    }
    if (event.type === "peerConnected") {
      const [low, high] = event.userData;
      const life = this.#lives[low! + high! * 256]!;
      if (life.atServer !== undefined) {
        throw new Error(`came twice: ${describe(life)}`);
      }
      life.atServer = event.peer;
      life.down.state = "connected";
      this.#byServerPeer.set(event.peer, life);
      return;
    }
    const life = this.#byServerPeer.get(event.peer)!;
    this.#onEnded(life, life.down, life.up, event);
  }

  #onClientEvent(at: WorldManager, event: ManagerEvent): void {
    const life = this.#lives.find(({ client, peer }) =>
      client === at && peer === event.peer
    )!;
    if (event.type === "peerConnected") {
      if (life.up.state !== "connecting") {
        throw new Error(`connected again: ${describe(life)}`);
      }
      life.up.state = "connected";
      this.#result.connected++;
      return;
    }
    if (event.type === "peerMoved") {
      // Of a link that proves the new way before it leaves the old one.
      if (life.up.state !== "connected") {
        throw new Error(`moved: ${describe(life)}`);
      }
      return;
    }
    if (event.type === "connectFailed") {
      if (life.up.state !== "connecting") {
        throw new Error(`failed afterwards: ${describe(life)}`);
      }
      const isThrownOut = event.reason === "closed" &&
        life.down.state === "ended";
      if (
        event.reason !== "disconnected" && event.reason !== "noAnswer" &&
        !isThrownOut
      ) {
        throw new Error(`failed by ${event.reason}: ${describe(life)}`);
      }
      if (event.reason === "noAnswer") this.#result.unanswered++;
      life.up.state = "ended";
      this.#current[at.index] = undefined;
      return;
    }
    this.#onEnded(life, life.up, life.down, event);
    this.#current[at.index] = undefined;
  }

  #onEnded(life: Life, own: End, other: End, event: ManagerEvent): void {
    if (own.state !== "connected") {
      throw new Error(`${event.type} of ${describe(life)}`);
    }
    own.state = "ended";
    if (event.type === "peerTimedOut") {
      this.#result.timedOut++;
      return;
    }
    if (event.type !== "peerDisconnected") throw new Error(event.type);
    if (event.reason === "protocolError") throw new Error(event.message);
    if (event.isRemote && event.code === GRACEFUL_CODE) {
      const { missing } = other.sent;
      if (missing !== undefined) {
        throw new Error(`ended without ${missing}: ${describe(life)}`);
      }
    }
  }

  /** Loss up to 50 %, bursts, reordering, duplicates, silence for a second. */
  #badConditions(): NetworkConditions {
    const random = this.#random;
    const some = (probability: number, most: number): number =>
      random.nextFloat() < probability ? random.nextFloat() * most : 0;
    const conditions: NetworkConditions = {
      latencyMs: some(0.9, 100),
      jitterMs: some(0.5, 50),
      loss: some(0.7, 0.5),
      reordering: some(0.3, 0.3),
      reorderingMs: some(1, 60),
      duplication: some(0.3, 0.4),
      isBlackout: random.nextFloat() < 0.03,
    };
    return random.nextFloat() < 0.3
      ? {
        ...conditions,
        burstLoss: {
          share: random.nextFloat() * 0.3,
          length: 1 + random.nextU32() % 10,
        },
      }
      : conditions;
  }
}

/** Whether both ends think the same of it, and have what they were promised. */
function isSettled({ up, down }: Life): boolean {
  if (up.state !== "connected") {
    return up.state === "ended" && down.state !== "connected";
  }
  return down.state === "connected" && up.sent.missing === undefined &&
    down.sent.missing === undefined;
}

function describe({ client, number, up, down }: Life): string {
  return `life ${number} of client ${client.index}, ${up.state} (${up.sent.missing}), at the server ${down.state} (${down.sent.missing})`;
}
