// A match over bad lines, from a seed: a server whose clients come and go, ask, exceed their rates and send rubbish. The
// server's side, handlers and game, is the same code where it is recorded and where it is replayed.
import {
  type ManualClock,
  type Random,
  SeededRandom,
} from "../../../core/mod.ts";
import {
  Channel,
  MemoryLinkPair,
  string,
  struct,
  u8,
  varint,
} from "../../../protocol/mod.ts";
import {
  type ClientId,
  clientId,
  type DeferredReply,
  defineRpc,
  RpcClient,
  RpcFailure,
  type RpcObserver,
  type RpcRecorder,
  RpcServer,
  RpcTarget,
} from "../../mod.ts";

export const game = defineRpc({
  fire: {
    params: { weapon: u8 },
    from: "client",
    channel: Channel.Unreliable,
    rate: { perSecond: 8, burst: 4 },
  },
  say: { params: { text: string({ maxBytes: 64 }) }, from: "any" },
  buy: {
    params: { item: varint },
    from: "client",
    reply: struct({ gold: varint }),
  },
  ask: { params: { n: varint }, from: "server", reply: varint },
  boom: { params: { n: varint }, from: "server", channel: Channel.Unreliable },
});

export type Game = typeof game.definitions;

/** What the server's game does: it is determined by the seed and what the server is told. */
export class ServerGame {
  readonly server: RpcServer<Game>;
  /** Everything that a game could see. */
  readonly log: unknown[] = [];
  readonly #random: SeededRandom;
  #deferred: DeferredReply<{ gold: number }>[] = [];

  constructor(
    seed: number,
    observer: RpcObserver,
    clock: { nowMs(): number; epochMs(): number },
    work: () => void,
  ) {
    const random = new SeededRandom(seed);
    this.#random = random;
    const server = new RpcServer(game, {
      observer,
      clock,
      maxPacketBytes: 200,
      maxQueuedBytes: 400,
      maxOutstanding: 4,
      limits: {
        calls: { perSecond: 60, burst: 20 },
        bytes: { perSecond: 4_000, burst: 2_000 },
        handlerMs: { perSecond: 20, burst: 10 },
        closesKicked: true,
      },
      teamOf: (client) => client % 2,
    });
    this.server = server;
    server.on("fire", ({ weapon }, { caller, sequence }) => {
      work();
      this.log.push(["fire", caller, sequence, weapon]);
      if (weapon === 7) throw new Error("jammed");
      server.send("boom", { n: weapon }, RpcTarget.allExcept(caller));
    });
    server.on("say", ({ text }, context) => {
      work();
      this.log.push(["say", context.caller, text]);
      if (text === "bye") this.#kick(context.caller, "said bye");
      if (text.startsWith("x")) context.refuse();
    });
    server.answer("buy", ({ item }, context) => {
      work();
      this.log.push(["buy", context.caller, item]);
      if (item === 0) throw new RpcFailure(3, "nothing");
      if (item % 3 === 0) {
        const deferred = context.defer();
        this.#deferred.push(deferred);
        return deferred;
      }
      return { gold: item };
    });
  }

  /** Between two ticks. */
  update(): void {
    const random = this.#random;
    this.log.push(...this.server.drainEvents());
    if (random.nextFloat() < 0.3) {
      const target = random.nextFloat() < 0.5
        ? RpcTarget.all()
        : RpcTarget.team(1);
      this.log.push(
        this.server.send(
          "say",
          { text: "s".repeat(random.nextU32() % 64) },
          target,
        ),
      );
    }
    for (const { id } of this.server.peers()) {
      if (random.nextFloat() < 0.1) {
        this.log.push(
          this.server.call("ask", { n: id }, id, { timeoutMs: 300 }),
        );
      }
    }
    if (random.nextFloat() < 0.2) {
      for (const deferred of this.#deferred) deferred.settle({ gold: 1 });
      this.#deferred = [];
    }
  }

  #kick(id: ClientId, reason: string): void {
    const peer = this.server.peer(id);
    if (peer !== undefined) this.server.disconnect(peer, reason);
  }
}

/** One client, and its line. */
class Player {
  readonly pair: MemoryLinkPair;
  readonly id: ClientId;
  readonly #client: RpcClient<Game>;

  constructor(id: ClientId, random: Random) {
    this.id = id;
    this.pair = new MemoryLinkPair({
      latencyMs: random.nextFloat() * 60,
      jitterMs: 20,
      loss: random.nextFloat() * 0.3,
      maxQueuedMessages: 4,
      isOpen: random.nextFloat() < 0.5,
      random,
    });
    this.#client = new RpcClient(game, this.pair.b);
    this.#client.answer("ask", ({ n }) => n + 1);
  }

  tick(dt: number, random: Random): void {
    const client = this.#client;
    const dice = random.nextU32() % 40;
    if (dice < 10) client.send("fire", { weapon: dice });
    else if (dice < 14) {
      const text = ["hello", "xyz", "bye", "hi"][dice - 10]!;
      client.send("say", { text }, RpcTarget.all());
    } else if (dice < 20) client.call("buy", { item: dice - 14 });
    else if (dice === 20) {
      const rubbish = new Uint8Array(1 + random.nextU32() % 40);
      random.fill(rubbish);
      rubbish[0] = random.nextU32() % 5;
      this.pair.b.send(rubbish, Channel.Unreliable);
    } else if (dice === 21 && random.nextFloat() < 0.2) {
      this.pair.b.close("left");
    } else if (dice === 22) this.pair.open();
    // Some do not poll for a while, so that links are full.
    if (random.nextFloat() < 0.8) client.tick(dt);
    for (const _ of client.drainEvents());
  }
}

/** Plays a match, and records its server. */
export function recordMatch(
  seed: number,
  recorder: RpcRecorder,
  clock: ManualClock,
  ticks: number,
): ServerGame {
  const random = new SeededRandom(seed ^ 0x5eed);
  const match = new ServerGame(
    seed,
    recorder,
    recorder.clock,
    () => clock.advance(random.nextFloat() * 3),
  );
  let players: Player[] = [];
  let lastId = 0;
  for (let tick = 0; tick < ticks; tick++) {
    const dt = random.nextFloat() < 0.7 ? 1 / 30 : random.nextFloat() * 0.1;
    if (players.length < 4 && random.nextFloat() < 0.2) {
      // Some come back with the id that they had.
      const id = clientId(1 + (random.nextFloat() < 0.5 ? lastId++ : 0));
      if (match.server.peer(id) === undefined) {
        const player = new Player(id, random);
        players.push(player);
        match.server.connect(recorder.link(player.pair.a, id), id);
      }
    }
    for (const player of players) {
      player.tick(dt, random);
      player.pair.tick(dt);
    }
    if (random.nextFloat() < 0.02) {
      for (const peer of match.server.peers()) {
        match.server.disconnect(peer, "the server lets you go");
        break;
      }
    }
    match.server.tick(dt);
    match.update();
    players = players.filter(({ pair }) => pair.a.state.type !== "closed");
  }
  return match;
}
