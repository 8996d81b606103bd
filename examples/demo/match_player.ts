import {
  Channel,
  ConnectionManager,
  type ConnectToken,
  encodeConnectToken,
  parseConnectToken,
  type PeerId,
  type TransportStats,
} from "../../transport/mod.ts";
import { NonBlockingSocket } from "../../transport/deno.ts";
import { NetcodeClient } from "../../transport/netcode.ts";
import { MAX_PLACE, STATES_PER_SECOND } from "./match_wire.ts";

const HOST = "127.0.0.1";
const SHOT_BYTES = 4;
/** Shots that are under way or lost for good. */
const MAX_SHOTS = 16_384;

/** One of the players of the match, a bot or the game's own: says where it is, fires, and sees the others. */
export class MatchPlayer implements Disposable {
  readonly #manager: ConnectionManager;
  readonly #match: PeerId;
  readonly #shotsPerSecond: number;
  readonly #speed: number;
  readonly #firedMs = new Float64Array(MAX_SHOTS);
  readonly #state = new Uint8Array(1);
  readonly #shot = new DataView(new ArrayBuffer(SHOT_BYTES));
  #isConnected = false;
  #seconds = 0;
  #states = 0;
  #fired = 0;
  #answered = 0;
  #outOfOrder = 0;
  #snapshots = 0;
  #places = new Uint8Array(0);

  private constructor(
    socket: NonBlockingSocket,
    token: ConnectToken,
    shotsPerSecond: number,
    speed: number,
  ) {
    this.#shotsPerSecond = shotsPerSecond;
    this.#speed = speed;
    this.#manager = new ConnectionManager({
      link: new NetcodeClient(),
    });
    this.#manager.bind(socket);
    const [host = "", port = ""] = token.addresses[0]!.split(":");
    this.#match = this.#manager.connect(
      socket.address(host, Number(port)),
      encodeConnectToken(token),
    );
  }

  /**
   * Makes a player that begins to connect.
   *
   * @param token What lets it in, as base64.
   * @param shotsPerSecond How often it fires.
   * @param speed How fast it walks to and fro.
   * @returns The player.
   */
  static async join(
    token: string,
    shotsPerSecond: number,
    speed: number,
  ): Promise<MatchPlayer> {
    const socket = await NonBlockingSocket.bind({ hostname: HOST });
    return new MatchPlayer(
      socket,
      parseConnectToken(token),
      shotsPerSecond,
      speed,
    );
  }

  /** Told how long it took until a shot had come back, in milliseconds. */
  onAnswer: (roundTripMs: number) => void = () => {};

  /** Whether the match is there. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Shots that were fired. */
  get fired(): number {
    return this.#fired;
  }

  /** Shots that have come back in their turn. */
  get answered(): number {
    return this.#answered;
  }

  /** Shots that came back twice, too early or too late. */
  get outOfOrder(): number {
    return this.#outOfOrder;
  }

  /** How often it was told where all players are. */
  get snapshots(): number {
    return this.#snapshots;
  }

  /** Where the players were when it was last told: 0 to 255. */
  get places(): Uint8Array {
    return this.#places;
  }

  /** What its connection has measured. */
  get stats(): TransportStats | undefined {
    return this.#manager.peerStats(this.#match);
  }

  /**
   * Asks for another weather.
   *
   * @param index Which one.
   */
  askForWeather(index: number): void {
    const question = new Uint8Array([index]);
    this.#manager.send(this.#match, question, Channel.Reliable);
  }

  /**
   * Takes in what came and sends what is to be sent.
   *
   * @param dt Seconds since the last time.
   * @param nowMs The time.
   */
  tick(dt: number, nowMs: number): void {
    this.#manager.poll((_match, bytes, channel) =>
      this.#take(bytes, channel, nowMs)
    );
    for (const event of this.#manager.drainEvents()) {
      this.#isConnected = event.type === "peerConnected" ||
        event.type === "peerMoved";
    }
    if (!this.#isConnected) return;
    this.#seconds += dt;
    if (this.#states < this.#seconds * STATES_PER_SECOND) {
      this.#states++;
      this.#state[0] = placeAt(this.#seconds * this.#speed);
      this.#manager.send(this.#match, this.#state, Channel.UnreliableOrdered);
    }
    while (this.#fired < Math.floor(this.#seconds * this.#shotsPerSecond)) {
      this.#fire(nowMs);
    }
    this.#manager.flush();
  }

  /** Says goodbye to the match. What was fired before still arrives. */
  leave(): void {
    this.#manager.disconnect(this.#match, "the demo is over");
  }

  [Symbol.dispose](): void {
    this.#manager[Symbol.dispose]();
  }

  /** Fires no more. */
  holdFire(): void {
    this.#seconds = -Infinity;
  }

  #fire(nowMs: number): void {
    this.#shot.setUint32(0, this.#fired);
    this.#firedMs[this.#fired % MAX_SHOTS] = nowMs;
    const bytes = new Uint8Array(this.#shot.buffer);
    this.#manager.send(this.#match, bytes, Channel.ReliableOrdered);
    this.#fired++;
  }

  #take(bytes: Uint8Array, channel: number, nowMs: number): void {
    if (channel === Channel.UnreliableOrdered) {
      this.#snapshots++;
      this.#places = bytes.slice();
      return;
    }
    if (bytes.length !== SHOT_BYTES) return;
    const { buffer, byteOffset } = bytes;
    const number = new DataView(buffer, byteOffset, SHOT_BYTES).getUint32(0);
    if (number !== this.#answered) this.#outOfOrder++;
    this.#answered = number + 1;
    this.onAnswer(nowMs - this.#firedMs[number % MAX_SHOTS]!);
  }
}

/** To and fro. */
function placeAt(way: number): number {
  const phase = way % 2;
  return Math.round((phase < 1 ? phase : 2 - phase) * MAX_PLACE);
}
