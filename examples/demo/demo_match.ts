import { encodeBase64, SystemClock } from "../../core/mod.ts";
import { RelayCore } from "../../tools/relay_core.ts";
import {
  type ClientId,
  clientId,
  RpcServer,
  RpcTarget,
} from "../../rpc/mod.ts";
import { ConnectionManager } from "../../transport/mod.ts";
import { NonBlockingSocket } from "../../transport/deno.ts";
import {
  generateKey,
  issueConnectToken,
  NetcodeServer,
} from "../../transport/netcode.ts";
import { type MatchCalls, matchCalls } from "./match_calls.ts";
import { MatchPlayer } from "./match_player.ts";
import {
  BOTS,
  MAX_PLAYERS,
  playerName,
  PROTOCOL_ID,
  STATES_PER_SECOND,
  WEATHERS,
} from "./match_wire.ts";

const HOST = "127.0.0.1";
const BOT_SHOTS_PER_SECOND = 5;
/** How far a shot goes, on a ground of 256. */
const RANGE = 12;
/** A busy machine may stop the demo's threads for seconds: nobody is gone for that. */
const TIMEOUT_SECONDS = 20;
/** Nor has it lost a shot: what was fired in the meantime comes all at once. */
const LIMITS = {
  calls: { perSecond: 240, burst: 10_000 },
  bytes: { perSecond: 32_768, burst: 2 ** 20 },
  handlerMs: { perSecond: 1_000, burst: TIMEOUT_SECONDS * 1_000 },
};
/** How often everything is looked at. */
const POLL_MS = 4;

/**
 * The match of the demo's server: encrypted, reliable UDP with eight bots, all of them, and who else comes, behind a line that goes
 * through the weathers of match_wire.ts as a player asks for. It says where everybody is 20 times a second, tells of each shot
 * whom it has hit, and keeps the score: all of it by the calls of match_calls.ts.
 */
export class DemoMatch implements AsyncDisposable {
  /** Where players connect to, as their tokens say. */
  readonly address: string;
  readonly #key: Uint8Array;
  readonly #manager: ConnectionManager;
  readonly #line: RelayCore;
  readonly #bots: readonly MatchPlayer[];
  readonly #clock = new SystemClock();
  readonly #calls = new RpcServer<MatchCalls>(matchCalls, { limits: LIMITS });
  readonly #players = new Map<ClientId, { place: number; hits: number }>();
  readonly #timer: ReturnType<typeof setInterval>;
  #nextPlayer = BOTS + 1;
  #lastMs: number;
  #seconds = 0;
  #snapshots = 0;

  private constructor(
    address: string,
    key: Uint8Array,
    manager: ConnectionManager,
    line: RelayCore,
    bots: readonly MatchPlayer[],
  ) {
    this.address = address;
    this.#key = key;
    this.#manager = manager;
    this.#line = line;
    this.#bots = bots;
    this.#lastMs = this.#clock.nowMs();
    this.#handleCalls();
    this.#timer = setInterval(() => this.#poll(), POLL_MS);
  }

  /** Starts it on free ports of this machine. */
  static async start(): Promise<DemoMatch> {
    const bind = () => NonBlockingSocket.bind({ hostname: HOST });
    const socket = await bind();
    const front = await bind();
    // Players see the line's front, not the match's own port: that is what tokens list.
    const address = `${HOST}:${front.localAddress.port}`;
    const key = generateKey();
    const manager = new ConnectionManager({
      link: new NetcodeServer({
        protocolId: PROTOCOL_ID,
        privateKeys: [key],
        addresses: [address],
        maxClients: MAX_PLAYERS,
      }),
    });
    manager.bind(socket);
    const line = new RelayCore({
      front,
      backs: await Promise.all(Array.from({ length: MAX_PLAYERS }, bind)),
      targetHost: HOST,
      targetPort: socket.localAddress.port,
      clock: new SystemClock(),
      toServer: WEATHERS[0]!.conditions,
      toClient: WEATHERS[0]!.conditions,
    });
    const bots = await Promise.all(
      Array.from(
        { length: BOTS },
        (_, bot) =>
          MatchPlayer.join(
            tokenFor(bot + 1, key, address),
            BOT_SHOTS_PER_SECOND,
            0.1 + bot * 0.07,
          ),
      ),
    );
    const [first] = bots;
    first!.onEmote = (player) => {
      if (player > BOTS) first!.show("waves");
    };
    return new DemoMatch(address, key, manager, line, bots);
  }

  /**
   * Makes what lets a player in: a login server's part.
   *
   * @returns A connect token as base64.
   */
  issueToken(): string {
    return tokenFor(this.#nextPlayer++, this.#key, this.address);
  }

  [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    for (const bot of this.#bots) bot[Symbol.dispose]();
    this.#manager[Symbol.dispose]();
    this.#line.close();
    return Promise.resolve();
  }

  #poll(): void {
    const nowMs = this.#clock.nowMs();
    const dt = (nowMs - this.#lastMs) / 1_000;
    this.#lastMs = nowMs;
    this.#line.poll();
    this.#manager.poll();
    for (const event of this.#manager.drainEvents()) {
      if (event.type !== "peerConnected") continue;
      // As its token says, which only the login server can have made.
      const id = clientId(Number(event.clientId));
      this.#calls.connect(this.#manager.link(event.peer)!, id);
      this.#players.set(id, { place: 0, hits: 0 });
    }
    this.#seconds += dt;
    if (this.#snapshots < this.#seconds * STATES_PER_SECOND) {
      this.#snapshots++;
      const places = [...this.#players.values()].map(({ place }) => place);
      this.#calls.send("places", { places }, RpcTarget.all());
    }
    this.#calls.tick(dt);
    for (const event of this.#calls.drainEvents()) {
      if (event.type === "peerDisconnected") this.#players.delete(event.client);
    }
    this.#manager.flush();
    for (const bot of this.#bots) bot.tick(dt, nowMs);
  }

  #handleCalls(): void {
    const calls = this.#calls;
    calls.on("input", ({ place }, { caller }) => {
      this.#players.get(caller)!.place = place;
    });
    calls.on("fire", ({ shot }, { caller }) => {
      const victim = this.#victimOf(caller);
      if (victim !== undefined) this.#players.get(caller)!.hits++;
      calls.send("hit", { shot, victim }, RpcTarget.client(caller));
    });
    calls.on("weather", ({ index }) => {
      const { conditions } = WEATHERS[index]!;
      this.#line.setConditions("toServer", conditions);
      this.#line.setConditions("toClient", conditions);
    });
    calls.answer("scoreboard", (_, { caller }) => {
      const board = [...this.#players].sort(([, a], [, b]) => b.hits - a.hits);
      return {
        rank: board.findIndex(([id]) => id === caller) + 1,
        scores: board.map(([id, { hits }]) => ({ name: playerName(id), hits })),
      };
    });
  }

  /** The nearest of the others, if the shot goes as far. */
  #victimOf(shooter: ClientId): ClientId | undefined {
    const from = this.#players.get(shooter)!.place;
    let victim: ClientId | undefined;
    let nearest = RANGE;
    for (const [id, { place }] of this.#players) {
      const distance = Math.abs(place - from);
      if (id === shooter || distance > nearest) continue;
      victim = id;
      nearest = distance;
    }
    return victim;
  }
}

function tokenFor(
  player: number,
  privateKey: Uint8Array,
  address: string,
): string {
  return encodeBase64(
    issueConnectToken({
      protocolId: PROTOCOL_ID,
      privateKey,
      clientId: BigInt(player),
      addresses: [address],
      timeoutSeconds: TIMEOUT_SECONDS,
    }),
  );
}
