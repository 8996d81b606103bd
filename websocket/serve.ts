/**
 * A hub that runs as it is, for trying out and for small games: what a client sends on a channel goes to everybody who
 * subscribed to it.
 *
 * ```sh
 * export TICKWIRE_TOKEN_KEY=$(openssl rand -hex 32)
 * deno run -A jsr:@tickwire/net/websocket/serve --port 8080
 * ```
 *
 * Who may come in is told by a `ConnectionToken` that the game's backend issued with the same key: the client connects to
 * `/?token=` and its bytes in base64url, as browsers let pages set no headers. As a URL may end up in somebody's log, each
 * token opens one connection: the client's `url` is a function that asks the backend for a fresh one, good for
 * a minute or less. Without a key, `--insecure-names` lets everybody be who they say with `/?name=`.
 *
 * With `--allow-text` one can talk to it by hand with any WebSocket tool, in JSON: section 7 of `PROTOCOL.md`.
 *
 * `GET /health` answers 200, or 503 while it shuts down; `GET /metrics` answers in the format of OpenMetrics. At SIGINT
 * and SIGTERM all clients are told when to come back, spread over `--spread` milliseconds. Whatever needs rules of its own
 * makes a `WsHub`. TLS is for a proxy before it.
 *
 * @module
 */

import { parseArgs } from "node:util";
import {
  OPEN_METRICS_CONTENT_TYPE,
  PollLoop,
  renderOpenMetrics,
} from "../core/mod.ts";
import { WsHub } from "./mod.ts";
import {
  type Authenticate,
  chooseAuthentication,
  ServedSockets,
} from "./serve_access_deno.ts";

const USAGE = `A WebSocket hub that relays what is sent on its channels.

Usage: deno run -A jsr:@tickwire/net/websocket/serve [options]

  --port N           where to listen, 0 for any free port (default 8080)
  --hostname NAME    the address to listen at (default 127.0.0.1)
  --origin ORIGIN    let only pages of this origin in, may be repeated
  --history N        messages that a channel keeps, 0 to 1000 (default 0)
  --trusted-proxy A  the address of a proxy whose X-Forwarded-For counts, may be
                     repeated: of each address at most 64 sockets are let in
  --protocol-id N    the protocolId of tokens (default 0)
  --address TEXT     this server's address in tokens that name servers
  --spread MS        over how long clients come back after a shutdown (default 1000)
  --allow-text       let clients speak JSON text, to talk to the hub by hand
  --insecure-names   take names as they come (?name=), without tokens
  --help             print this

TICKWIRE_TOKEN_KEY   the key of tokens (?token=): 32 to 64 bytes in hex`;

const HZ = 60;
/** Windows knows no SIGTERM. */
const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT"]
  : ["SIGINT", "SIGTERM"];
/** Of messages: what everybody may send to everybody is small. */
const MAX_MESSAGE_BYTES = 16_384;
/** Anybody who is let in makes channels by using them. */
const MAX_CHANNELS = 1_024;
/** Sockets that do not end by themselves after a shutdown are given up. */
const SHUTDOWN_MS = 5_000;

interface ServeOptions {
  readonly port: number;
  readonly hostname: string;
  readonly origins: readonly string[] | undefined;
  readonly historyMessages: number;
  readonly trustedProxies: readonly string[];
  readonly protocolId: number;
  readonly serverAddress: string | undefined;
  readonly spreadMs: number;
  readonly allowText: boolean;
  readonly hasInsecureNames: boolean;
}

/** Reads the command line; `undefined` if only the usage is asked for. */
function parseOptions(args: readonly string[]): ServeOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      "port": { type: "string" },
      "hostname": { type: "string" },
      "origin": { type: "string", multiple: true },
      "history": { type: "string" },
      "trusted-proxy": { type: "string", multiple: true },
      "protocol-id": { type: "string" },
      "address": { type: "string" },
      "spread": { type: "string" },
      "allow-text": { type: "boolean" },
      "insecure-names": { type: "boolean" },
      "help": { type: "boolean", short: "h" },
    },
  });
  if (values.help) return undefined;
  const integer = (
    name: "port" | "history" | "protocol-id" | "spread",
    otherwise: number,
    min: number,
    max: number,
  ): number => {
    const text = values[name] ?? `${otherwise}`;
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw new SyntaxError(
      `Cannot serve as --${name} must be an integer from ${min} to ${max}: current value is "${text}"`,
    );
  };
  return {
    port: integer("port", 8_080, 0, 65_535),
    hostname: values.hostname ?? "127.0.0.1",
    origins: values.origin,
    historyMessages: integer("history", 0, 0, 1_000),
    trustedProxies: values["trusted-proxy"] ?? [],
    protocolId: integer("protocol-id", 0, 0, Number.MAX_SAFE_INTEGER),
    serverAddress: values.address,
    spreadMs: integer("spread", 1_000, 0, 3_600_000),
    allowText: values["allow-text"] ?? false,
    hasInsecureNames: values["insecure-names"] ?? false,
  };
}

async function serve(
  options: ServeOptions,
  authenticate: Authenticate,
): Promise<void> {
  const sockets = new ServedSockets();
  const hub = new WsHub({
    upgrade: (request) => sockets.upgrade(request),
    authenticate,
    channel: () => ({
      isRelayed: true,
      historyMessages: options.historyMessages,
    }),
    maxMessageBytes: MAX_MESSAGE_BYTES,
    maxChannels: MAX_CHANNELS,
    trustedProxies: options.trustedProxies,
    allowText: options.allowText,
    ...(options.origins !== undefined && { allowedOrigins: options.origins }),
  });
  const stop = new AbortController();

  const { port, hostname } = options;
  const server = Deno.serve({ port, hostname, onListen() {} }, (
    request,
    info,
  ) => {
    switch (new URL(request.url).pathname) {
      case "/health":
        return stop.signal.aborted
          ? new Response("closing\n", { status: 503 })
          : new Response("ok\n");
      case "/metrics":
        return new Response(renderOpenMetrics(hub.metrics()), {
          headers: { "content-type": OPEN_METRICS_CONTENT_TYPE },
        });
    }
    return hub.handler(request, info);
  });

  const interrupt = (): void => {
    // The second time somebody is in a hurry.
    if (stop.signal.aborted) Deno.exit(130);
    stop.abort();
  };
  for (const signal of SIGNALS) Deno.addSignalListener(signal, interrupt);
  console.log(`ready ${server.addr.port}`);
  if (options.hasInsecureNames) {
    console.error("Names are taken as they come: anybody can be anybody");
  }

  const loop = new PollLoop();
  loop.add({
    tick(dt) {
      hub.tick(dt);
      // Everything is relayed by the hub: what it tells only makes room.
      for (const _event of hub.drainEvents());
    },
  });
  try {
    await loop.run({ hz: HZ, signal: stop.signal });
    console.log(`closing ${hub.clientCount} clients`);
  } finally {
    hub.close(options.spreadMs);
    const timer = setTimeout(() => Deno.exit(), SHUTDOWN_MS);
    // Shutting down closes sockets before what they were given has left.
    await sockets.ended();
    await server.shutdown();
    clearTimeout(timer);
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, interrupt);
  }
}

if (import.meta.main) {
  let options: ServeOptions | undefined;
  let authenticate: Authenticate | undefined;
  try {
    options = parseOptions(Deno.args);
    authenticate = options && await chooseAuthentication({
      ...options,
      tokenKey: Deno.env.get("TICKWIRE_TOKEN_KEY"),
    });
  } catch (error) {
    console.error((error as Error).message);
    Deno.exit(2);
  }
  if (options === undefined || authenticate === undefined) console.log(USAGE);
  else await serve(options, authenticate);
}
