/**
 * Runs a server as a program on Deno: it says when it is ready, tells its health and metrics, logs requests, and ends in
 * order. For the `serve` entries of the package.
 *
 * @module
 */

import {
  type Metric,
  OPEN_METRICS_CONTENT_TYPE,
  PollLoop,
  renderOpenMetrics,
} from "../../core/mod.ts";
import { InFlight } from "./in_flight.ts";
import { LineLog } from "./line_log.ts";

/** Windows knows no SIGTERM. */
const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT"]
  : ["SIGINT", "SIGTERM"];
/** Requests that are under way at a shutdown and do not end by themselves are given up. */
const DRAIN_MS = 5_000;
const SHUTDOWN_MS = 10_000;
/**
 * After a restart all clients come back at once. Of those whom the kernel does not keep, each waits for a second or more;
 * it keeps no more than it is set to (`net.core.somaxconn`, 4096 on Linux).
 */
const TCP_BACKLOG = 16_384;
/** What is logged of a path. */
const MAX_PATH_LENGTH = 256;

/** What a program serves. */
export interface Service {
  /**
   * Answers a request that is none for health or metrics. What it throws becomes a 500 without a word about it.
   *
   * @param request The request.
   * @param info Where it comes from.
   * @param pathname The path of its URL; `""` if that is none.
   */
  answer(
    request: Request,
    info: Deno.ServeHandlerInfo<Deno.NetAddr>,
    pathname: string,
  ): Response | Promise<Response>;
  /** What is logged of a path that has a secret in it; the path itself by default. */
  loggedPath?(pathname: string): string;
  /** What `/metrics` tells. */
  metrics(): Iterable<Metric>;
  /** Moves on in time, in seconds. */
  tick(dt: number): void;
  /** Ends what would go on for ever, such as streams; what is asked from now on is told to come back. */
  stop(): Promise<void>;
  /** Gives back what it stands on, when nothing is under way any more. */
  close(): Promise<void>;
}

/** How a {@linkcode Service} is served. */
export interface ServeUntilStoppedOptions {
  /** The port; 0 for any that is free. */
  readonly port: number;
  /** The address. */
  readonly hostname: string;
  /** Whether requests are not logged. */
  readonly isQuiet: boolean;
  /** How often a second it ticks. */
  readonly hz: number;
  /** What people should know before they trust it, for stderr. */
  readonly notice?: string | undefined;
}

/**
 * Serves until SIGINT or SIGTERM. It prints `ready` and the port, and then a line of JSON for each request: when, the
 * method, the path without its query, the status and how long it took; no address and nothing of header or body. At a
 * signal requests under way are answered, for some seconds, and all is closed. A second signal ends the process at once.
 *
 * @param options How.
 * @param open Makes what is served. It is given who is told of errors inside, which go to stderr as lines of JSON.
 * @returns A promise that resolves when all is closed. It rejects with what `open` rejects with, and if nothing can be
 * bound.
 */
export async function serveUntilStopped(
  options: ServeUntilStoppedOptions,
  open: (onError: (error: unknown) => void) => Promise<Service>,
): Promise<void> {
  const { port, hostname, isQuiet, hz, notice } = options;
  const log = new LineLog(Deno.stdout);
  const errors = new LineLog(Deno.stderr);
  const onError = (error: unknown): void => {
    const message = error instanceof Error ? error.message : String(error);
    errors.write({ time: timeText(), level: "error", message });
  };
  const service = await open(onError);
  const stop = new AbortController();
  const inFlight = new InFlight();

  function answer(
    request: Request,
    info: Deno.ServeHandlerInfo<Deno.NetAddr>,
    pathname: string,
  ): Response | Promise<Response> {
    if (request.method === "GET" || request.method === "HEAD") {
      if (pathname === "/healthz") {
        return stop.signal.aborted
          ? new Response("closing\n", { status: 503 })
          : new Response("ok\n");
      }
      if (pathname === "/metrics") {
        return new Response(renderOpenMetrics(service.metrics()), {
          headers: { "content-type": OPEN_METRICS_CONTENT_TYPE },
        });
      }
    }
    return service.answer(request, info, pathname);
  }

  async function answerSafely(
    request: Request,
    info: Deno.ServeHandlerInfo<Deno.NetAddr>,
    pathname: string,
  ): Promise<Response> {
    try {
      return await inFlight.run(() => answer(request, info, pathname));
    } catch (error) {
      onError(error);
      return new Response("Cannot answer as something went wrong here\n", {
        status: 500,
      });
    }
  }

  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    server = Deno.serve(
      { port, hostname, tcpBacklog: TCP_BACKLOG, onListen() {} },
      async (request, info) => {
        const startMs = performance.now();
        const pathname = pathOf(request);
        const response = await answerSafely(request, info, pathname);
        if (!isQuiet) {
          const path = service.loggedPath?.(pathname) ?? pathname;
          log.write({
            time: timeText(),
            method: request.method,
            path: path.slice(0, MAX_PATH_LENGTH),
            status: response.status,
            ms: Math.round((performance.now() - startMs) * 1_000) / 1_000,
          });
        }
        return response;
      },
    );
  } catch (error) {
    await service.stop();
    await service.close();
    throw error;
  }

  const interrupt = (): void => {
    // The second time somebody is in a hurry.
    if (stop.signal.aborted) Deno.exit(130);
    stop.abort();
  };
  for (const signal of SIGNALS) Deno.addSignalListener(signal, interrupt);
  console.log(`ready ${server.addr.port}`);
  if (notice !== undefined) console.error(notice);

  const loop = new PollLoop();
  loop.add(service);
  try {
    await loop.run({ hz, signal: stop.signal });
  } finally {
    const timer = setTimeout(() => Deno.exit(1), SHUTDOWN_MS);
    // What goes on for ever ends; what else is under way is answered, and what comes is told to come back.
    await service.stop();
    // A shutdown ends bodies that have not been read.
    await inFlight.ended(DRAIN_MS);
    await server.shutdown();
    await service.close();
    await log.settled();
    await errors.settled();
    clearTimeout(timer);
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, interrupt);
  }
}

/**
 * The whole of a program that serves: exit code 2 with a message for a command line that is wrong, 1 for what cannot be
 * served.
 *
 * @typeParam O The options of the program.
 * @param usage What `--help` prints.
 * @param read Reads the command line and the environment; `undefined` if only the usage is asked for.
 * @param serve Serves.
 */
export async function runServer<O extends object>(
  usage: string,
  read: (
    args: readonly string[],
    env: (name: string) => string | undefined,
  ) => Promise<O | undefined>,
  serve: (options: O) => Promise<void>,
): Promise<void> {
  let options: O | undefined;
  try {
    options = await read(Deno.args, (name) => Deno.env.get(name));
  } catch (error) {
    console.error((error as Error).message);
    Deno.exit(2);
  }
  if (options === undefined) {
    console.log(usage);
    return;
  }
  try {
    await serve(options);
  } catch (error) {
    console.error((error as Error).message);
    Deno.exit(1);
  }
}

function timeText(): string {
  return new Date().toISOString();
}

function pathOf(request: Request): string {
  return URL.parse(request.url)?.pathname ?? "";
}
