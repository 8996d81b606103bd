/**
 * A TCP proxy on loopback that makes a line bad, for the tests of what has to survive one:
 * latency, jitter, a rate, connections that are cut or that stand still.
 *
 * It stands on `node:net`, as Deno's own connections cannot send a reset.
 *
 * @module
 */

import { type AddressInfo, connect, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { type Random, SeededRandom, TokenBucket } from "../core/mod.ts";

/** Where bytes go: to the server behind the proxy, or back to its client. */
export type Direction = "toServer" | "toClient";

/**
 * How a connection is cut. Bytes that are inside of the proxy are lost each time.
 *
 * - `"fin"`: both peers see an orderly end. What they still send is read and thrown away
 *   until they end their side too.
 * - `"rst"`: both peers see the connection reset.
 * - `"blackHole"`: both peers see nothing. What they send is read and thrown away, and so is
 *   the end of one of them, until both have ended.
 */
export type Cut = "fin" | "rst" | "blackHole";

/** What the line is like in one direction. Each connection has the whole rate to itself. */
export interface LineConditions {
  /**
   * The time that every byte takes, in milliseconds: finite, 0 or more.
   *
   * @default {0}
   */
  readonly latencyMs?: number;
  /**
   * The most that it takes beyond `latencyMs`, in milliseconds: finite, 0 or more. It is
   * drawn for each chunk, and no chunk overtakes another.
   *
   * @default {0}
   */
  readonly jitterMs?: number;
  /**
   * The most bytes per second: above 0, `Infinity` for no limit.
   *
   * @default {Infinity}
   */
  readonly bytesPerSecond?: number;
}

/** Options for {@linkcode TcpProxy.listen}: the conditions count in both directions. */
export interface TcpProxyOptions extends LineConditions {
  /** The port of the server that connections are passed on to. */
  readonly targetPort: number;
  /**
   * The address of the server, and the one that the proxy listens at.
   *
   * @default {"127.0.0.1"}
   */
  readonly hostname?: string;
  /** Where jitter comes from. If left out, every proxy has the same numbers. */
  readonly random?: Random;
}

/** What a {@linkcode TcpProxy} has done so far. */
export interface TcpProxyStats {
  /** The connections that were accepted, with the refused ones. */
  readonly connections: number;
  /** The connections that {@linkcode TcpProxy.refuse} met. */
  readonly refused: number;
  /** The connections that hold a socket now. */
  readonly open: number;
  /** The bytes that were written to the server. */
  readonly bytesToServer: number;
  /** The bytes that were written to clients. */
  readonly bytesToClient: number;
}

/** One connection through a {@linkcode TcpProxy}. */
export interface TcpProxyConnection {
  /** The port that the client has the connection at: tells which one it is. */
  readonly clientPort: number;
  /** How it was cut, the last time. */
  readonly fate: Cut | undefined;
  /**
   * Cuts it. A black hole may still be ended or reset later.
   *
   * @param how What the peers see.
   */
  cut(how: Cut): void;
  /**
   * Lets everything stand still: nothing is read, written or noticed, so that the buffers
   * of the peers' kernels fill up, as if the proxy's process had a SIGSTOP.
   */
  pause(): void;
  /** Goes on after {@linkcode TcpProxyConnection.pause}: nothing is lost. */
  resume(): void;
}

/**
 * Reading stops at so many bytes that wait for the rate limit: what a small router holds.
 * What is beyond it waits in the kernels and pushes back on the sender.
 */
const MAX_WAITING_BYTES = 65_536;
/** Reading stops at so many bytes within one direction: 10 MB/s at a latency of 100 ms. */
const MAX_HELD_BYTES = 1_048_576;
/**
 * How much of the rate may go at once, in seconds. A timer that is late by less than this
 * costs no throughput.
 */
const BURST_SECONDS = 0.025;
/** A burst goes in so many pieces. */
const PIECES_PER_BURST = 5;

/** What stands for the end of the stream. A socket never gives an empty chunk. */
const END: Uint8Array = new Uint8Array(0);

/**
 * A proxy between clients and one server, on a free port.
 *
 * @example Reset what a server has accepted
 * ```ts
 * import { assertRejects } from "@std/assert";
 * import { TcpProxy } from "./tcp_proxy.ts";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * await using proxy = await TcpProxy.listen({
 *   targetPort: listener.addr.port,
 *   latencyMs: 20,
 * });
 * using client = await Deno.connect({
 *   hostname: "127.0.0.1",
 *   port: proxy.port,
 * });
 * using _server = await listener.accept();
 * proxy.cut("rst");
 * await assertRejects(
 *   () => client.read(new Uint8Array(1)),
 *   Deno.errors.ConnectionReset,
 * );
 * ```
 */
export class TcpProxy {
  readonly #server: Server;
  readonly #hostname: string;
  readonly #targetPort: number;
  readonly #random: Random;
  readonly #conditions: Record<Direction, Required<LineConditions>>;
  readonly #connections = new Set<Connection>();
  readonly #bytes: Record<Direction, number> = { toServer: 0, toClient: 0 };
  #accepted = 0;
  #refused = 0;
  #refusal: Cut | undefined;
  #isPaused = false;

  private constructor(options: TcpProxyOptions) {
    const { hostname = "127.0.0.1", random = new SeededRandom(0) } = options;
    const conditions = resolve(options, {
      latencyMs: 0,
      jitterMs: 0,
      bytesPerSecond: Infinity,
    });
    this.#conditions = { toServer: conditions, toClient: conditions };
    this.#hostname = hostname;
    this.#targetPort = options.targetPort;
    this.#random = random;
    this.#server = createServer(
      { allowHalfOpen: true, pauseOnConnect: true, noDelay: true },
      (client) => this.#accept(client),
    );
  }

  /**
   * Starts a proxy.
   *
   * @param options The server behind it, and the conditions in both directions.
   * @returns The proxy, which accepts connections.
   * @throws {RangeError} If a condition is out of its range.
   */
  static async listen(options: TcpProxyOptions): Promise<TcpProxy> {
    const proxy = new TcpProxy(options);
    const server = proxy.#server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, proxy.#hostname, () => {
        server.off("error", reject);
        resolve();
      });
    });
    return proxy;
  }

  /** The port that it listens at. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The connections that hold a socket now, in the order in which they came. */
  get connections(): readonly TcpProxyConnection[] {
    return [...this.#connections];
  }

  /**
   * Changes what the line is like, for open connections too.
   *
   * @param conditions The conditions that change; the others stay as they are.
   * @param direction The direction; both if left out.
   * @throws {RangeError} If a condition is out of its range.
   */
  setConditions(conditions: LineConditions, direction?: Direction): void {
    const current = this.#conditions;
    if (direction !== "toClient") {
      current.toServer = resolve(conditions, current.toServer);
    }
    if (direction !== "toServer") {
      current.toClient = resolve(conditions, current.toClient);
    }
    for (const connection of this.#connections) connection.wake();
  }

  /**
   * Cuts every open connection.
   *
   * @param how What the peers see.
   */
  cut(how: Cut): void {
    for (const connection of this.#connections) connection.cut(how);
  }

  /** Pauses every open connection and those to come, until {@linkcode TcpProxy.resume}. */
  pause(): void {
    this.#isPaused = true;
    for (const connection of this.#connections) connection.pause();
  }

  /** Goes on with all connections. */
  resume(): void {
    this.#isPaused = false;
    for (const connection of this.#connections) connection.resume();
  }

  /**
   * Says what becomes of new connections. The server behind never sees the refused ones.
   *
   * @param how How each is cut as soon as it is there: with `"blackHole"` it is open, and
   * nobody answers. `undefined`: they are passed on again.
   */
  refuse(how: Cut | undefined): void {
    this.#refusal = how;
  }

  /**
   * Counts.
   *
   * @returns What the proxy has done so far.
   */
  stats(): TcpProxyStats {
    return {
      connections: this.#accepted,
      refused: this.#refused,
      open: this.#connections.size,
      bytesToServer: this.#bytes.toServer,
      bytesToClient: this.#bytes.toClient,
    };
  }

  /** Stops to listen, resets what is open and waits until every socket is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) =>
      this.#server.close(() => resolve())
    );
    const connections = [...this.#connections];
    for (const connection of connections) connection.destroy();
    await Promise.all(connections.map((connection) => connection.closed));
    await closed;
  }

  #accept(client: Socket): void {
    this.#accepted += 1;
    const refusal = this.#refusal;
    const connection = refusal === undefined
      ? this.#passOn(client)
      : new Connection(client, undefined, []);
    this.#connections.add(connection);
    void connection.closed.then(() => this.#connections.delete(connection));
    if (refusal !== undefined) {
      this.#refused += 1;
      connection.cut(refusal);
    } else if (this.#isPaused) {
      connection.pause();
    }
  }

  #passOn(client: Socket): Connection {
    const server = connect({
      port: this.#targetPort,
      host: this.#hostname,
      allowHalfOpen: true,
      noDelay: true,
    });
    return new Connection(client, server, [
      this.#line(client, server, "toServer"),
      this.#line(server, client, "toClient"),
    ]);
  }

  #line(from: Socket, to: Socket, direction: Direction): Line {
    return new Line({
      from,
      to,
      random: this.#random,
      conditions: () => this.#conditions[direction],
      count: (bytes) => this.#bytes[direction] += bytes,
    });
  }
}

/** A client's socket and, unless it is refused, the one to the server. */
class Connection implements TcpProxyConnection {
  readonly clientPort: number;
  /** Resolves when every socket is closed. */
  readonly closed: Promise<void>;
  readonly #sockets: readonly Socket[];
  readonly #lines: readonly Line[];
  #fate: Cut | undefined;
  #isConnected = false;
  #isPaused = false;
  #hasFailed = false;

  constructor(
    client: Socket,
    server: Socket | undefined,
    lines: readonly Line[],
  ) {
    this.clientPort = client.remotePort ?? 0;
    this.#sockets = server === undefined ? [client] : [client, server];
    this.#lines = lines;
    for (const socket of this.#sockets) {
      socket.on("error", () => this.#fail());
      socket.on("end", () => this.#leaveBlackHole());
      socket.on("close", () => this.#leaveBlackHole());
    }
    this.closed = Promise.all(this.#sockets.map(closing)).then(() => {
      this.#stop();
    });
    server?.once("connect", () => {
      this.#isConnected = true;
      this.#start();
    });
  }

  get fate(): Cut | undefined {
    return this.#fate;
  }

  cut(how: Cut): void {
    if (this.#fate === "rst" || this.#fate === "fin" && how !== "rst") return;
    this.#fate = how;
    this.#stop();
    for (const socket of this.#sockets) {
      if (how === "rst") reset(socket);
      else if (how === "fin") socket.end();
      // A socket that is closed with unread bytes sends a reset.
      if (how !== "rst") socket.resume();
    }
    this.#leaveBlackHole();
  }

  pause(): void {
    this.#isPaused = true;
    for (const line of this.#lines) line.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#hasFailed) this.#fail();
    this.#start();
  }

  /** Resets what is open, and gives up what is not yet. */
  destroy(): void {
    this.cut("rst");
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Looks again at what the lines are like. */
  wake(): void {
    this.#start();
  }

  #start(): void {
    if (this.#isPaused || !this.#isConnected) return;
    for (const line of this.#lines) line.run();
  }

  #stop(): void {
    for (const line of this.#lines) line.stop();
  }

  /** One socket is broken: so is the other, unless nobody may notice. */
  #fail(): void {
    this.#hasFailed = true;
    if (this.#fate === undefined && !this.#isPaused) this.cut("rst");
  }

  /** Nobody is left to see that these are closed. */
  #leaveBlackHole(): void {
    if (this.#fate !== "blackHole") return;
    if (
      !this.#sockets.every((socket) => socket.readableEnded || socket.destroyed)
    ) {
      return;
    }
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** What a {@linkcode Line} is made of. */
interface LineParts {
  readonly from: Socket;
  readonly to: Socket;
  readonly random: Random;
  readonly conditions: () => Required<LineConditions>;
  readonly count: (bytes: number) => void;
}

/** Bytes on their way. */
interface Departed {
  readonly bytes: Uint8Array;
  readonly dueMs: number;
}

/**
 * One direction of a connection: what is read waits until the rate lets it depart, and then
 * until its time has passed.
 */
class Line {
  readonly #parts: LineParts;
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  readonly #departed: Departed[] = [];
  #departedBytes = 0;
  #bucket: TokenBucket | undefined;
  #bucketRate = Infinity;
  #pieceBytes = Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #state: "idle" | "running" | "stopped" = "idle";

  constructor(parts: LineParts) {
    this.#parts = parts;
    const { from, to } = parts;
    from.pause();
    from.on("data", (chunk: Uint8Array) => this.#take(chunk));
    from.on("end", () => this.#take(END));
    to.on("drain", () => this.#pump());
  }

  run(): void {
    if (this.#state === "stopped") return;
    this.#state = "running";
    this.#pump();
  }

  pause(): void {
    if (this.#state === "stopped") return;
    this.#state = "idle";
    clearTimeout(this.#timer);
    this.#parts.from.pause();
  }

  /** Loses what is on its way, and whatever comes. */
  stop(): void {
    this.#state = "stopped";
    clearTimeout(this.#timer);
    this.#waiting.length = 0;
    this.#departed.length = 0;
  }

  #take(bytes: Uint8Array): void {
    if (this.#state === "stopped") return;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#pump();
  }

  #pump(): void {
    if (this.#state !== "running") return;
    clearTimeout(this.#timer);
    const nowMs = performance.now();
    const waitMs = Math.min(this.#depart(nowMs), this.#arrive(nowMs));
    if (waitMs < Infinity) {
      this.#timer = setTimeout(() => this.#pump(), Math.ceil(waitMs));
    }
    const isFull = this.#waitingBytes >= MAX_WAITING_BYTES ||
      this.#waitingBytes + this.#departedBytes >= MAX_HELD_BYTES;
    const { from } = this.#parts;
    if (isFull) from.pause();
    else if (from.isPaused()) from.resume();
  }

  /** Lets go what the rate allows; returns when it allows more. */
  #depart(nowMs: number): number {
    const { random, conditions } = this.#parts;
    const { latencyMs, jitterMs, bytesPerSecond } = conditions();
    this.#setRate(bytesPerSecond);
    for (;;) {
      const first = this.#waiting[0];
      if (first === undefined) return Infinity;
      const bytes = first.subarray(0, this.#pieceBytes);
      const bucket = this.#bucket;
      if (bucket !== undefined && !bucket.tryTake(bytes.length, nowMs)) {
        return bucket.waitMs(bytes.length, nowMs);
      }
      if (bytes.length === first.length) this.#waiting.shift();
      else this.#waiting[0] = first.subarray(bytes.length);
      this.#waitingBytes -= bytes.length;
      const delayMs = latencyMs + jitterMs * random.nextFloat();
      this.#departed.push({ bytes, dueMs: nowMs + delayMs });
      this.#departedBytes += bytes.length;
    }
  }

  /** Writes what is due and does not follow what is not, as long as the receiver takes it; returns when more is due. */
  #arrive(nowMs: number): number {
    const { to, count } = this.#parts;
    for (;;) {
      const first = this.#departed[0];
      if (first === undefined || to.writableNeedDrain) return Infinity;
      if (first.dueMs > nowMs) return first.dueMs - nowMs;
      this.#departed.shift();
      this.#departedBytes -= first.bytes.length;
      if (first.bytes.length === 0) to.end();
      else to.write(first.bytes);
      count(first.bytes.length);
    }
  }

  #setRate(bytesPerSecond: number): void {
    if (bytesPerSecond === this.#bucketRate) return;
    this.#bucketRate = bytesPerSecond;
    if (bytesPerSecond === Infinity) {
      this.#bucket = undefined;
      this.#pieceBytes = Infinity;
      return;
    }
    const capacity = Math.max(1, Math.ceil(bytesPerSecond * BURST_SECONDS));
    this.#bucket = new TokenBucket({
      capacity,
      refillPerSecond: bytesPerSecond,
    });
    this.#pieceBytes = Math.ceil(capacity / PIECES_PER_BURST);
  }
}

function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

/** In Deno a socket that is connecting would close in order instead. */
function reset(socket: Socket): void {
  if (socket.connecting) socket.once("connect", () => reset(socket));
  else socket.resetAndDestroy();
}

function resolve(
  conditions: LineConditions,
  current: Required<LineConditions>,
): Required<LineConditions> {
  const {
    latencyMs = current.latencyMs,
    jitterMs = current.jitterMs,
    bytesPerSecond = current.bytesPerSecond,
  } = conditions;
  check("latencyMs", latencyMs, isTime(latencyMs), "finite and >= 0");
  check("jitterMs", jitterMs, isTime(jitterMs), "finite and >= 0");
  check("bytesPerSecond", bytesPerSecond, bytesPerSecond > 0, "> 0");
  return { latencyMs, jitterMs, bytesPerSecond };
}

function isTime(value: number): boolean {
  return value >= 0 && value < Infinity;
}

function check(
  name: string,
  value: number,
  isRight: boolean,
  wanted: string,
): void {
  if (isRight) return;
  throw new RangeError(
    `Cannot set the conditions of a TcpProxy as ${name} must be ${wanted}: current value is ${value}`,
  );
}
