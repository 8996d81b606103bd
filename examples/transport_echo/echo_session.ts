import { type Clock, SystemClock } from "../../core/mod.ts";
import {
  Channel,
  ConnectionManager,
  type DatagramAddress,
  InsecureLink,
  type ManagerEvent,
  type PeerId,
  type PeerOptions,
  type Random,
  type TransportStats,
} from "../../transport/mod.ts";
import { CHANNELS, isInOrder, PROTOCOL } from "./echo_protocol.ts";
import { RoundTrips } from "./round_trips.ts";

/** Options for {@linkcode EchoSession}. */
export interface EchoSessionOptions {
  /** The server, as the socket knows it: the session binds that socket. */
  readonly server: DatagramAddress;
  /** Messages per second. @default {60} */
  readonly rate?: number;
  /** The length of a message, 4 bytes or more. @default {100} */
  readonly messageBytes?: number;
  /** The channel. @default {Channel.ReliableOrdered} */
  readonly channel?: number;
  /** How many round trips are remembered. @default {65_536} */
  readonly remembered?: number;
  /** The time. @default {new SystemClock()} */
  readonly clock?: Clock;
  /** Where the link's and the connection's random numbers come from. */
  readonly random?: Random;
  /** What the connection is made with beside its channels. */
  readonly connection?: PeerOptions;
}

/** What was measured of the path. */
export type PathFigures = Pick<
  TransportStats,
  | "bytesSent"
  | "bytesRecv"
  | "packetsSent"
  | "packetsLost"
  | "packetLossPct"
  | "retransmits"
  | "bandwidthUp"
  | "bandwidthDown"
>;

/** Whose messages are looked for among those that came: so many of the last ones. */
const WINDOW = 65_536;
/** So much lateness is made up for. A tab that was hidden for longer just goes on. */
const MAX_LATE_MS = 250;

/**
 * The client's half of the echo: connects, sends numbered messages at a fixed rate, and checks what comes back. It knows
 * neither what kind of socket it speaks over nor whether time is real.
 */
export class EchoSession implements Disposable {
  readonly manager: ConnectionManager;
  /** What came back took so long. */
  readonly roundTrips: RoundTrips;
  readonly #clock: Clock;
  readonly #server: PeerId;
  readonly #periodMs: number;
  readonly #channel: number;
  readonly #message: DataView<ArrayBuffer>;
  readonly #sentMs = new Float64Array(WINDOW);
  readonly #hasCome = new Uint8Array(WINDOW);
  #nextMs = Infinity;
  #isPaused = false;
  #isConnected = false;
  #ending: string | undefined;
  #isOurEnd = false;
  #sent = 0;
  #received = 0;
  #twice = 0;
  #outOfOrder = 0;
  #refused = 0;
  #newest = -1;
  #figures: TransportStats | undefined;

  /**
   * Creates a session that begins to connect.
   *
   * @param options Where to, and what is sent.
   */
  constructor(options: EchoSessionOptions) {
    const {
      server,
      rate = 60,
      messageBytes = 100,
      channel = Channel.ReliableOrdered,
      remembered = 65_536,
      clock = new SystemClock(),
      random,
      connection,
    } = options;
    this.#clock = clock;
    this.#periodMs = 1_000 / rate;
    this.#channel = channel;
    this.#message = new DataView(new ArrayBuffer(messageBytes));
    this.roundTrips = new RoundTrips(remembered);
    const given = random === undefined ? {} : { random };
    this.manager = new ConnectionManager({
      link: new InsecureLink({ protocol: PROTOCOL, ...given }),
      connection: { ...connection, channels: CHANNELS, ...given },
      clock,
    });
    this.manager.bind(server.socket);
    this.#server = this.manager.connect(server);
  }

  /** Told of each message that came back: which one, and how long it took in milliseconds. */
  onEcho: (number: number, roundTripMs: number) => void = () => {};

  /** Whether the server is there. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Why it is over, for people; `undefined` as long as it is not. */
  get ending(): string | undefined {
    return this.#ending;
  }

  /** Whether this end has ended it. */
  get isOurEnd(): boolean {
    return this.#isOurEnd;
  }

  /** Messages that were sent. */
  get sent(): number {
    return this.#sent;
  }

  /** Messages that came back, each counted once. */
  get received(): number {
    return this.#received;
  }

  /** Messages that came back again. */
  get twice(): number {
    return this.#twice;
  }

  /** Messages that came back after a later one, which only some channels allow. */
  get outOfOrder(): number {
    return this.#outOfOrder;
  }

  /** Whether a channel with an order has broken it. */
  get isOrderBroken(): boolean {
    return this.#outOfOrder > 0 && isInOrder(this.#channel);
  }

  /** Messages that the manager would not take. */
  get refused(): number {
    return this.#refused;
  }

  /** What the connection has measured: that of its end once it is over. */
  get figures(): TransportStats | undefined {
    return this.#figures = this.manager.peerStats(this.#server) ??
      this.#figures;
  }

  /** Copies of messages that left before anybody knew of a loss. */
  get copies(): number {
    return this.figures?.channels[this.#channel]?.copies ?? 0;
  }

  /** When {@linkcode EchoSession.tick} is wanted at the latest, in milliseconds of the clock. */
  get nextWakeMs(): number {
    return Math.min(this.#nextMs, this.manager.nextWakeMs);
  }

  /** Takes in what came back, and sends what is due. */
  tick(): void {
    this.manager.poll(this.#take);
    for (const event of this.manager.drainEvents()) this.#onEvent(event);
    const nowMs = this.#clock.nowMs();
    if (this.#isPaused || nowMs < this.#nextMs) return;
    if (nowMs > this.#nextMs + MAX_LATE_MS) this.#nextMs = nowMs;
    for (; this.#nextMs <= nowMs; this.#nextMs += this.#periodMs) {
      this.#send(nowMs);
    }
    // Without it they would leave with the next poll.
    this.manager.flush();
  }

  /** Sends no more; what was sent still comes back. */
  pause(): void {
    this.#isPaused = true;
    this.#nextMs = Infinity;
  }

  /** Says goodbye: go on to tick until `ending` is told and `manager.isClosed`. */
  close(): void {
    this.pause();
    this.#isOurEnd ||= this.#ending === undefined;
    // A peer that is gone has none any more.
    this.#figures = this.figures;
    this.manager.close("the echo is over");
  }

  [Symbol.dispose](): void {
    this.manager[Symbol.dispose]();
  }

  #send(nowMs: number): void {
    this.#message.setUint32(0, this.#sent);
    const bytes = new Uint8Array(this.#message.buffer);
    if (!this.manager.send(this.#server, bytes, this.#channel)) {
      this.#refused++;
      return;
    }
    const at = this.#sent % WINDOW;
    this.#sentMs[at] = nowMs;
    this.#hasCome[at] = 0;
    this.#sent++;
  }

  readonly #take = (_server: PeerId, bytes: Uint8Array): void => {
    if (bytes.length !== this.#message.byteLength) return;
    const { buffer, byteOffset } = bytes;
    const number = new DataView(buffer, byteOffset).getUint32(0);
    const at = number % WINDOW;
    if (number >= this.#sent || number < this.#sent - WINDOW) return;
    if (this.#hasCome[at] === 1) {
      this.#twice++;
      return;
    }
    this.#hasCome[at] = 1;
    this.#received++;
    if (number < this.#newest) this.#outOfOrder++;
    else this.#newest = number;
    const roundTripMs = this.#clock.nowMs() - this.#sentMs[at]!;
    this.roundTrips.add(roundTripMs);
    this.onEcho(number, roundTripMs);
  };

  #onEvent(event: ManagerEvent): void {
    switch (event.type) {
      case "peerConnected":
        this.#isConnected = true;
        this.#nextMs = this.#isPaused ? Infinity : this.#clock.nowMs();
        return;
      case "peerMoved":
        return;
      case "connectFailed":
        this.#end(event.message);
        return;
      case "peerDisconnected":
        this.#end(event.message || `the server has ${event.reason}`);
        return;
      case "peerTimedOut":
        this.#end("the server is silent");
    }
  }

  #end(why: string): void {
    this.#isConnected = false;
    this.#ending = why;
    this.#nextMs = Infinity;
  }
}
