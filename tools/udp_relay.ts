/**
 * A relay over real UDP that makes a network bad, for tests and benches: latency, jitter, losses, a bottleneck with a queue.
 * (Not every kernel has netem.) It has a process of its own, so that neither a busy test nor its collector delays what is due.
 *
 * As a program it prints its port, then its counts for each line of conditions, and when its input ends, all as JSON:
 *
 *     deno run -A tools/udp_relay.ts --target 127.0.0.1:9000 --both '{"latencyMs":50,"loss":0.05}'
 *
 * Options: `--target host:port`, `--listen port` (0), `--clients n` (16), `--seed n` (1), `--backend native|deno|node` (the
 * best), and conditions for `--to-server`, `--to-client` or `--both`. Input: lines such as `{"toServer":{"loss":0.5}}` or `{}`.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { SystemClock } from "../core/mod.ts";
import {
  NonBlockingSocket,
  type NonBlockingSocketBackend,
} from "../transport/deno.ts";
import type { NetworkConditions } from "../transport/mod.ts";
import {
  RelayCore,
  type RelayDirection,
  type RelayReport,
} from "./relay_core.ts";

/** Options for {@linkcode UdpRelay.start}. */
export interface UdpRelayOptions {
  /** The server's port on 127.0.0.1. */
  readonly targetPort: number;
  /** @default {0, any that is free} */
  readonly port?: number;
  /** How many clients there may be: 1 to 1000. @default {16} */
  readonly clients?: number;
  /** @default {1} */
  readonly seed?: number;
  /** @default {nothing happens} */
  readonly toServer?: NetworkConditions;
  /** @default {nothing happens} */
  readonly toClient?: NetworkConditions;
  /** @default {the best that there is} */
  readonly backend?: NonBlockingSocketBackend;
}

/** What the program prints first. */
interface Hello {
  readonly port: number;
  readonly backend: NonBlockingSocketBackend;
}

/** Conditions that change. */
type Change = Partial<Record<RelayDirection, NetworkConditions>>;

const HOST = "127.0.0.1";
const DEFAULT_CLIENTS = 16;
/** The longest that the relay sleeps: what comes in is noticed as late as this. */
const MAX_SLEEP_MS = 0.15;
/** How late a sleeper wakes up: this is spent awake instead. */
const WAKING_MS = 0.1;
/** How often its input is looked at. */
const INPUT_MS = 10;
/** Large enough for anything that fits into a datagram of Ethernet with large frames. */
const MAX_DATAGRAM_BYTES = 9_000;

/**
 * A relay in a process of its own, between clients on this machine and one server.
 *
 * @example A line that takes 20 ms each way
 * ```ts ignore
 * await using relay = await UdpRelay.start({
 *   targetPort: server.localAddress.port,
 *   toServer: { latencyMs: 20 },
 *   toClient: { latencyMs: 20, loss: 0.05 },
 * });
 * client.sendTo(bytes, "127.0.0.1", relay.port);
 * console.log((await relay.report()).toServer.sentBytes);
 * ```
 */
export class UdpRelay {
  /** Where clients send to, on 127.0.0.1. */
  readonly port: number;
  /** What its sockets stand on. */
  readonly backend: NonBlockingSocketBackend;
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(
    hello: Hello,
    child: Deno.ChildProcess,
    lines: ReadableStreamDefaultReader<string>,
  ) {
    this.port = hello.port;
    this.backend = hello.backend;
    this.#child = child;
    this.#lines = lines;
    this.#input = child.stdin.getWriter();
  }

  /**
   * Starts one and waits until it listens.
   *
   * @param options The server behind it, and its conditions.
   * @returns The relay.
   * @throws {Error} If it does not start; what is wrong stands on this process's stderr.
   */
  static async start(options: UdpRelayOptions): Promise<UdpRelay> {
    const { targetPort, port, clients, seed, backend } = options;
    const { toServer = {}, toClient = {} } = options;
    const args = [
      ["--target", `${HOST}:${targetPort}`],
      ["--to-server", JSON.stringify(toServer)],
      ["--to-client", JSON.stringify(toClient)],
      ["--listen", port],
      ["--clients", clients],
      ["--seed", seed],
      ["--backend", backend],
    ].filter(([, value]) => value !== undefined).flat().map(String);
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--no-check",
        new URL(import.meta.url).pathname,
        ...args,
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const lines = readLines(child.stdout);
    const { value } = await lines.read();
    if (value === undefined) {
      await child.stdin.close();
      await child.status;
      throw new Error("Cannot start a relay as its process ended");
    }
    return new UdpRelay(JSON.parse(value) as Hello, child, lines);
  }

  /**
   * Changes the conditions of one direction or both.
   *
   * @param change All of the conditions of each direction that is given.
   * @returns What it had done until then.
   * @throws {RangeError} If a condition is out of its range.
   * @throws {Error} If it has ended.
   */
  setConditions(change: Change): Promise<RelayReport> {
    const answer = this.#last.then(() => this.#ask(change));
    this.#last = answer.catch(() => {});
    return answer;
  }

  /**
   * Counts.
   *
   * @returns What it has done so far.
   * @throws {Error} If it is disposed of, or has ended.
   */
  report(): Promise<RelayReport> {
    return this.setConditions({});
  }

  /** Ends it and waits until its process has. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last;
    await this.#input.close();
    for (let isDone = false; !isDone;) {
      ({ done: isDone } = await this.#lines.read());
    }
    await this.#child.status;
  }

  async #ask(change: Change): Promise<RelayReport> {
    const line = JSON.stringify(change) + "\n";
    await this.#input.write(new TextEncoder().encode(line));
    const { value } = await this.#lines.read();
    if (value === undefined) {
      throw new Error("Cannot ask the relay as its process ended");
    }
    const answer = JSON.parse(value) as RelayReport | {
      readonly error: string;
    };
    if ("error" in answer) throw new RangeError(answer.error);
    return answer;
  }
}

function readLines(
  bytes: ReadableStream<Uint8Array>,
): ReadableStreamDefaultReader<string> {
  let rest = "";
  return bytes.pipeThrough(
    new TextDecoderStream() as TransformStream<Uint8Array, string>,
  ).pipeThrough(
    new TransformStream<string, string>({
      transform(chunk, controller): void {
        const lines = (rest + chunk).split("\n");
        rest = lines.pop()!;
        for (const line of lines) controller.enqueue(line);
      },
    }),
  ).getReader();
}

/** The program. */
async function main(args: readonly string[]): Promise<void> {
  const options = readArguments(args);
  const [targetHost = "", targetPort] = options.target;
  const front = await bind(options.listen, options.backend);
  const backs: NonBlockingSocket[] = [];
  for (let i = 0; i < options.clients; i++) {
    backs.push(await bind(0, options.backend));
  }
  const clock = new SystemClock();
  const core = new RelayCore({
    front,
    backs,
    targetHost,
    targetPort: Number(targetPort),
    clock,
    seed: options.seed,
    toServer: options.toServer,
    toClient: options.toClient,
  });
  const { backend } = front;
  print({ port: front.localAddress.port, backend });
  let isEnded = false;
  void obey(core).finally(() => isEnded = true);
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  let inputMs = 0;
  while (!isEnded) {
    core.poll();
    const nowMs = clock.nowMs();
    // Sockets of the runtime take in and send only while the event loop runs.
    if (backend !== "native" || nowMs >= inputMs) {
      inputMs = nowMs + INPUT_MS;
      await new Promise<void>((resolve) => setImmediate(resolve));
      continue;
    }
    const sleepMs = Math.min(core.nextMs - nowMs - WAKING_MS, MAX_SLEEP_MS);
    if (sleepMs > 0) Atomics.wait(sleeper, 0, 0, sleepMs);
  }
  core.close();
  print(core.report);
}

/** Does what the lines of the input say, until it ends. */
async function obey(core: RelayCore): Promise<void> {
  const lines = readLines(Deno.stdin.readable);
  for (;;) {
    const { value } = await lines.read();
    if (value === undefined) return;
    try {
      const { toServer, toClient } = JSON.parse(value) as Change;
      if (toServer !== undefined) core.setConditions("toServer", toServer);
      if (toClient !== undefined) core.setConditions("toClient", toClient);
      print(core.report);
    } catch (error) {
      print({ error: (error as Error).message });
    }
  }
}

function print(value: unknown): void {
  console.log(JSON.stringify(value));
}

function bind(
  port: number,
  backend: NonBlockingSocketBackend | undefined,
): Promise<NonBlockingSocket> {
  return NonBlockingSocket.bind({
    hostname: HOST,
    port,
    maxDatagramBytes: MAX_DATAGRAM_BYTES,
    ...backend === undefined ? {} : { backend },
  });
}

function readArguments(args: readonly string[]): {
  readonly target: readonly string[];
  readonly listen: number;
  readonly clients: number;
  readonly seed: number;
  readonly backend: NonBlockingSocketBackend | undefined;
  readonly toServer: NetworkConditions;
  readonly toClient: NetworkConditions;
} {
  const given = new Map<string, string>();
  for (let i = 0; i < args.length; i += 2) given.set(args[i]!, args[i + 1]!);
  const target = given.get("--target")?.split(":") ?? [];
  if (target.length !== 2) {
    throw new TypeError(
      `Cannot relay as --target must be host:port: current value is "${target}"`,
    );
  }
  const both = given.get("--both") ?? "{}";
  return {
    target,
    listen: Number(given.get("--listen") ?? 0),
    clients: Number(given.get("--clients") ?? DEFAULT_CLIENTS),
    seed: Number(given.get("--seed") ?? 1),
    backend: given.get("--backend") as NonBlockingSocketBackend | undefined,
    toServer: JSON.parse(given.get("--to-server") ?? both),
    toClient: JSON.parse(given.get("--to-client") ?? both),
  };
}

if (import.meta.main) await main(Deno.args);
