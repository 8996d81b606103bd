// What the load programs in TypeScript share; bench/peers/load.h says the same in C.
//
// A server prints `{"port":N}`, answers a line of standard input with a line of figures, and
// ends when standard input does. A client prints one line of figures and ends.
import { cpuUsage, memoryUsage } from "node:process";

/** The kind of a message, its byte 0: swallowed by a server. */
export const KIND_SINK = 0x73;
/** The kind of a message, its byte 0: sent back by a server at once, on its channel. */
export const KIND_ECHO = 0x65;
/** The tail of a run after its last message: answers that are later are lost. */
const TAIL_MS = 5_000;
/** What a server's steady rate leaves out at its beginning. */
const WARM_MS = 500;

/** What a server tells. */
export interface ServerFigures {
  readonly atMs: number;
  readonly cpuUs: number;
  readonly rssBytes: number;
  /** If it was asked for and known: the heap and buffers after a collection. */
  readonly heapBytes?: number;
  readonly peers: number;
  readonly messages: number;
  readonly bytes: number;
  readonly steadyMessages: number;
  readonly steadyBytes: number;
  readonly steadyMs: number;
  /** If it is known: how many came in, and how many went out. */
  readonly datagrams?: readonly [number, number];
  /** If it has one: what its link has counted, by name. */
  readonly link?: Readonly<Record<string, number>>;
}

/** What a client tells: what it has measured. */
export interface ClientFigures {
  readonly sent: number;
  readonly cpuUs: number;
  /** Of a rate and of ping-pong; what is missing never came back. */
  readonly rttMs?: readonly number[];
  /** Of both ends in one thread. */
  readonly steadyMessages?: number;
  readonly steadyMs?: number;
  /** Of TCP: the kernel's name of it. */
  readonly congestion?: string;
  readonly [figure: string]: unknown;
}

/** What has come in at a server. */
export class Arrivals {
  #firstMs = -1;
  #lastMs = 0;
  #steadyFromMs = 0;
  #messages = 0;
  #bytes = 0;
  #steadyMessages = 0;
  #steadyBytes = 0;

  /** The time is the caller's: one for all that one poll has brought. */
  add(bytes: number, nowMs: number): void {
    if (this.#firstMs < 0) this.#firstMs = nowMs;
    this.#lastMs = nowMs;
    this.#messages++;
    this.#bytes += bytes;
    if (nowMs - this.#firstMs < WARM_MS) {
      this.#steadyFromMs = nowMs;
      return;
    }
    this.#steadyMessages++;
    this.#steadyBytes += bytes;
  }

  figures(peers: number): ServerFigures {
    return {
      atMs: performance.now(),
      cpuUs: cpuUs(),
      rssBytes: memoryUsage().rss,
      peers,
      messages: this.#messages,
      bytes: this.#bytes,
      steadyMessages: this.#steadyMessages,
      steadyBytes: this.#steadyBytes,
      steadyMs: this.#steadyMessages > 0
        ? this.#lastMs - this.#steadyFromMs
        : 0,
    };
  }
}

/** What arrived per second at a server, without its beginning; 0 if nothing did. */
export function steadyPerSecond(
  { steadyMessages = 0, steadyMs = 0 }: Partial<ServerFigures>,
): number {
  return steadyMs > 0 ? steadyMessages / steadyMs * 1_000 : 0;
}

/** Processor time of this process, all of its threads. */
export function cpuUs(): number {
  const { user, system } = cpuUsage();
  return user + system;
}

/** Prints figures as a line of JSON. */
export function print(figures: unknown): void {
  console.log(JSON.stringify(figures));
}

/** Answers lines of standard input, which are empty or "memory"; calls back when it has ended. */
export async function serveStdin(
  figures: () => object,
  onEnd: () => void,
): Promise<void> {
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
  for await (const line of lines) {
    if (line.trim() === "memory") {
      const heapBytes = await collectedBytes();
      print({ ...figures(), heapBytes });
    } else {
      print(figures());
    }
  }
  onEnd();
}

/** Heap and buffers after a collection, which the flag `--expose-gc` allows. */
async function collectedBytes(): Promise<number> {
  const { gc } = globalThis as { gc?: () => void };
  for (let i = 0; i < 4; i++) {
    gc?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { heapUsed, external } = memoryUsage();
  return heapUsed + external;
}

/** Echoes under way at a rate: when each left, and what its round trip was. */
export class Rate {
  readonly #count: number;
  readonly #intervalMs: number;
  readonly #startMs = performance.now();
  readonly #leftMs: Float64Array;
  readonly #rttMs: Float64Array;
  readonly #view: DataView;
  readonly #message: Uint8Array;
  #sent = 0;
  #back = 0;

  constructor(hz: number, seconds: number, bytes: number) {
    this.#count = Math.floor(hz * seconds);
    this.#intervalMs = 1_000 / hz;
    this.#leftMs = new Float64Array(this.#count);
    this.#rttMs = new Float64Array(this.#count).fill(-1);
    this.#message = new Uint8Array(bytes).fill(0x78);
    this.#message[0] = KIND_ECHO;
    this.#view = new DataView(this.#message.buffer);
  }

  /** The message that is due now and counts as sent; `undefined` if none is. */
  next(): Uint8Array | undefined {
    const nowMs = performance.now();
    const dueMs = this.#startMs + this.#sent * this.#intervalMs;
    if (this.#sent === this.#count || nowMs < dueMs) return undefined;
    this.#view.setUint32(1, this.#sent, true);
    this.#leftMs[this.#sent++] = nowMs;
    return this.#message;
  }

  back(message: Uint8Array): void {
    const i = new DataView(message.buffer, message.byteOffset)
      .getUint32(1, true);
    if (i >= this.#sent || this.#rttMs[i]! >= 0) return;
    this.#rttMs[i] = performance.now() - this.#leftMs[i]!;
    this.#back++;
  }

  /** Whether all of them were sent. */
  get isSent(): boolean {
    return this.#sent === this.#count;
  }

  get isDone(): boolean {
    if (this.#back === this.#count) return true;
    return this.isSent &&
      performance.now() > this.#leftMs[this.#count - 1]! + TAIL_MS;
  }

  figures(cpuUs: number): ClientFigures {
    return {
      sent: this.#count,
      cpuUs,
      rttMs: [...this.#rttMs].filter((ms) => ms >= 0),
    };
  }
}
