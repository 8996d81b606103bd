import { encodeBase64, SystemClock } from "../../core/mod.ts";
import { RelayCore } from "../../tools/relay_core.ts";
import {
  Channel,
  ConnectionManager,
  type PeerId,
} from "../../transport/mod.ts";
import { NonBlockingSocket } from "../../transport/deno.ts";
import {
  generateKey,
  issueConnectToken,
  NetcodeServer,
} from "../../transport/netcode.ts";
import { MatchPlayer } from "./match_player.ts";
import { PROTOCOL_ID, STATES_PER_SECOND, WEATHERS } from "./match_wire.ts";

const HOST = "127.0.0.1";
const BOTS = 8;
const BOT_SHOTS_PER_SECOND = 5;
const MAX_PLAYERS = 16;
/** A busy machine may stop the demo's threads for seconds: nobody is gone for that. */
const TIMEOUT_SECONDS = 20;
/** How often everything is looked at. */
const POLL_MS = 4;

/**
 * The match of the demo's server: encrypted, reliable UDP with eight bots, all of them, and who else comes, behind a line that goes
 * through the weathers of match_wire.ts as a player asks for. It says where everybody is 20 times a second, and sends each
 * shot back.
 */
export class DemoMatch implements AsyncDisposable {
  /** Where players connect to, as their tokens say. */
  readonly address: string;
  readonly #key: Uint8Array;
  readonly #manager: ConnectionManager;
  readonly #line: RelayCore;
  readonly #bots: readonly MatchPlayer[];
  readonly #clock = new SystemClock();
  readonly #places = new Map<PeerId, number>();
  readonly #timer: ReturnType<typeof setInterval>;
  #nextPlayer = BigInt(BOTS);
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
            tokenFor(BigInt(bot), key, address),
            BOT_SHOTS_PER_SECOND,
            0.1 + bot * 0.07,
          ),
      ),
    );
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
    this.#manager.poll((player, bytes, channel) =>
      this.#take(player, bytes, channel)
    );
    for (const event of this.#manager.drainEvents()) {
      if (event.type === "peerConnected") this.#places.set(event.peer, 0);
      else if (event.type !== "peerMoved") this.#places.delete(event.peer);
    }
    this.#seconds += dt;
    if (this.#snapshots < this.#seconds * STATES_PER_SECOND) {
      this.#snapshots++;
      const places = new Uint8Array(this.#places.values());
      this.#manager.broadcast(places, Channel.UnreliableOrdered);
    }
    this.#manager.flush();
    for (const bot of this.#bots) bot.tick(dt, nowMs);
  }

  #take(player: PeerId, bytes: Uint8Array, channel: number): void {
    if (channel === Channel.UnreliableOrdered) {
      this.#places.set(player, bytes[0] ?? 0);
    } else if (channel === Channel.ReliableOrdered) {
      this.#manager.send(player, bytes, channel);
    } else if (channel === Channel.Reliable) {
      const weather = WEATHERS[bytes[0] ?? 0];
      if (weather === undefined) return;
      this.#line.setConditions("toServer", weather.conditions);
      this.#line.setConditions("toClient", weather.conditions);
    }
  }
}

function tokenFor(
  clientId: bigint,
  privateKey: Uint8Array,
  address: string,
): string {
  return encodeBase64(
    issueConnectToken({
      protocolId: PROTOCOL_ID,
      privateKey,
      clientId,
      addresses: [address],
      timeoutSeconds: TIMEOUT_SECONDS,
    }),
  );
}
