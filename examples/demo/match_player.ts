import {
  RpcClient,
  type RpcParamsOf,
  type RpcReplyOf,
  RpcTarget,
} from "../../rpc/mod.ts";
import {
  ConnectionManager,
  type ConnectToken,
  encodeConnectToken,
  parseConnectToken,
  type PeerId,
  type TransportStats,
} from "../../transport/mod.ts";
import { NonBlockingSocket } from "../../transport/deno.ts";
import { NetcodeClient } from "../../transport/netcode.ts";
import { type MatchCalls, matchCalls } from "./match_calls.ts";
import { MAX_PLACE, STATES_PER_SECOND } from "./match_wire.ts";

/** How a player can show that it feels. */
export type Emote = RpcParamsOf<typeof matchCalls, "emote">["emote"];
/** Who has hit how often. */
export type Scoreboard = RpcReplyOf<typeof matchCalls, "scoreboard">;

const HOST = "127.0.0.1";
/** Shots that are under way or lost for good. */
const MAX_SHOTS = 16_384;

/** One of the players of the match, a bot or the game's own: says where it is, fires, and sees the others. */
export class MatchPlayer implements Disposable {
  readonly #manager: ConnectionManager;
  readonly #match: PeerId;
  readonly #calls: RpcClient<MatchCalls>;
  readonly #shotsPerSecond: number;
  readonly #speed: number;
  readonly #firedMs = new Float64Array(MAX_SHOTS);
  #isConnected = false;
  #seconds = 0;
  #states = 0;
  #fired = 0;
  #answered = 0;
  #outOfOrder = 0;
  #snapshots = 0;
  #hits = 0;
  #emotes = 0;
  #places: readonly number[] = [];
  #scoreboard: Scoreboard | undefined;
  #nowMs = 0;

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
    const calls = new RpcClient(matchCalls, this.#manager.link(this.#match)!);
    calls.on("places", ({ places }) => {
      this.#snapshots++;
      this.#places = places;
    });
    calls.on("hit", ({ shot, victim }) => {
      if (shot !== this.#answered) this.#outOfOrder++;
      this.#answered = shot + 1;
      if (victim !== undefined) this.#hits++;
      this.onAnswer(this.#nowMs - this.#firedMs[shot % MAX_SHOTS]!);
    });
    calls.on("emote", ({ emote }, { caller }) => {
      this.#emotes++;
      this.onEmote(caller!, emote);
    });
    this.#calls = calls;
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

  /** Told of what a player shows, this one too. */
  onEmote: (player: number, emote: Emote) => void = () => {};

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

  /** Shots that have hit somebody. */
  get hits(): number {
    return this.#hits;
  }

  /** What players have shown. */
  get emotes(): number {
    return this.#emotes;
  }

  /** Who has hit how often, as it was last told. */
  get scoreboard(): Scoreboard | undefined {
    return this.#scoreboard;
  }

  /** Whether it waits for what it has asked. */
  get isAsking(): boolean {
    return this.#calls.outstanding > 0;
  }

  /** Where the players were when it was last told: 0 to 255. */
  get places(): readonly number[] {
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
    this.#calls.send("weather", { index });
  }

  /** Asks who has hit how often. */
  askForScoreboard(): void {
    this.#calls.call("scoreboard", {});
  }

  /**
   * Shows all players how it feels.
   *
   * @param emote How.
   */
  show(emote: Emote): void {
    this.#calls.send("emote", { emote }, RpcTarget.all());
  }

  /**
   * Takes in what came and sends what is to be sent.
   *
   * @param dt Seconds since the last time.
   * @param nowMs The time.
   */
  tick(dt: number, nowMs: number): void {
    this.#nowMs = nowMs;
    this.#manager.poll();
    for (const event of this.#manager.drainEvents()) {
      this.#isConnected = event.type === "peerConnected" ||
        event.type === "peerMoved";
    }
    if (this.#isConnected) this.#play(dt);
    this.#calls.tick(dt);
    for (const event of this.#calls.drainEvents()) {
      if (event.type === "result") this.#scoreboard = event.value;
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

  #play(dt: number): void {
    this.#seconds += dt;
    if (this.#states < this.#seconds * STATES_PER_SECOND) {
      this.#states++;
      const place = placeAt(this.#seconds * this.#speed);
      this.#calls.send("input", { place });
    }
    while (this.#fired < Math.floor(this.#seconds * this.#shotsPerSecond)) {
      this.#firedMs[this.#fired % MAX_SHOTS] = this.#nowMs;
      this.#calls.send("fire", { shot: this.#fired });
      this.#fired++;
    }
  }
}

/** To and fro. */
function placeAt(way: number): number {
  const phase = way % 2;
  return Math.round((phase < 1 ? phase : 2 - phase) * MAX_PLACE);
}
