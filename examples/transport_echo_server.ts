/**
 * An echo over reliable UDP: one `ConnectionManager` that native clients reach over UDP, and browsers over WebSocket and
 * WebTransport; and a page that measures it.
 *
 *     deno run -A examples/transport_echo_server.ts [--port 8000] [--hostname 127.0.0.1] [--hz 250]
 *         [--cert cert.pem --key key.pem]
 *
 * The page, the WebSockets and UDP have the same port, WebTransport the next one. Without a certificate of yours one is
 * made for WebTransport, and the page is told its hash. `--hostname 0.0.0.0` lets others in: there, browsers want a
 * certificate before they speak WebTransport.
 *
 * The page's modules are the TypeScript of this repository, of which the server erases the types: nothing is built.
 *
 * @module
 */

import { X509Certificate } from "node:crypto";
import { encodeBase64, PollLoop } from "../core/mod.ts";
import {
  createSelfSignedCertificate,
  listenForWebTransport,
  NonBlockingSocket,
  type NonBlockingSocketBackend,
  upgradeToDatagrams,
  type WebTransportServer,
} from "../transport/deno.ts";
import {
  ConnectionManager,
  InsecureLink,
  type ManagerEvent,
  TransportError,
  WebSocketDatagramListener,
  WebTransportDatagramListener,
} from "../transport/mod.ts";
import { pageFile } from "./page_file.ts";
import {
  CHANNELS,
  type EchoInfo,
  INFO_PATH,
  PROTOCOL,
  SOCKET_PATH,
} from "./transport_echo/echo_protocol.ts";

const MAX_CLIENTS = 64;
/** The files that a page may have: no dots and no percent signs lead out of them. */
const SERVED =
  /^\/(core|protocol|transport|examples\/transport_echo)(\/\w+)+\.(ts|css)$/;
/**
 * A message waits for the next poll: half a period on average, so 2 ms, where 60 Hz would cost 8. The loop looks at the
 * clock for the last 1.5 ms before each of them: up to 40 % of a core at 250 Hz, 10 % at 60, a whole one at 1,000.
 */
const DEFAULT_HZ = 250;

/** Options for {@linkcode EchoServer.start}. */
export interface EchoServerOptions {
  /** The IP address to listen at. @default {"127.0.0.1"} */
  readonly hostname?: string;
  /** The port, of which WebTransport has the next one; 0 for any, of which each has its own. @default {0} */
  readonly port?: number;
  /** What UDP stands on; the best that is allowed if it is left out. */
  readonly backend?: NonBlockingSocketBackend;
  /** A certificate and its key, in PEM: then the page is one of https. */
  readonly certificate?: { readonly cert: string; readonly key: string };
}

/** The server's half of the echo. */
export class EchoServer implements AsyncDisposable {
  /** How it is reached. */
  readonly info: EchoInfo;
  /** The page. */
  readonly url: string;
  /** Told of who comes and goes. */
  onEvent: (event: ManagerEvent) => void = () => {};
  readonly #manager: ConnectionManager;
  readonly #webTransports: WebTransportDatagramListener;
  readonly #http: Deno.HttpServer<Deno.NetAddr>;
  readonly #quic: WebTransportServer | undefined;

  private constructor(
    manager: ConnectionManager,
    webTransports: WebTransportDatagramListener,
    http: Deno.HttpServer<Deno.NetAddr>,
    quic: WebTransportServer | undefined,
    info: EchoInfo,
    url: string,
  ) {
    this.#manager = manager;
    this.#webTransports = webTransports;
    this.#http = http;
    this.#quic = quic;
    this.info = info;
    this.url = url;
  }

  /**
   * Opens all sockets.
   *
   * @param options Where it listens.
   * @returns The server: it echoes while it is ticked.
   * @throws {TransportError} If a port is taken, or may not be opened.
   */
  static async start(options: EchoServerOptions = {}): Promise<EchoServer> {
    const { hostname = "127.0.0.1", port = 0, backend, certificate } = options;
    // Closes what is open if the rest cannot be opened.
    using opened = new DisposableStack();
    const manager = opened.use(
      new ConnectionManager({
        link: new InsecureLink({ protocol: PROTOCOL, maxClients: MAX_CLIENTS }),
        connection: { channels: CHANNELS },
      }),
    );
    const udp = await NonBlockingSocket.bind({
      hostname,
      port,
      ...(backend !== undefined && { backend }),
    });
    const webSockets = new WebSocketDatagramListener();
    const webTransports = new WebTransportDatagramListener();
    for (const socket of [udp, webSockets, webTransports]) manager.bind(socket);

    const made = certificate ?? await createSelfSignedCertificate();
    const quic = opened.use(listenWhereSupported(webTransports, {
      cert: made.cert,
      key: made.key,
      hostname,
      port: port === 0 ? 0 : port + 1,
      path: SOCKET_PATH,
    }));
    const hash = hashIfSelfSigned(made.cert);
    const info: EchoInfo = {
      udp: { port: udp.localAddress.port, backend: udp.backend },
      ...(quic !== undefined && {
        webTransport: {
          port: quic.addr.port,
          ...(hash !== undefined && { hash }),
        },
      }),
    };
    const http = Deno.serve(
      { hostname, port, onListen() {}, ...certificate },
      async (request, { remoteAddr }) => {
        const { pathname } = new URL(request.url);
        return pathname === SOCKET_PATH
          ? upgradeToDatagrams(request, webSockets, {
            host: remoteAddr.hostname,
          })
          : await respond(pathname, info);
      },
    );
    opened.move();
    const scheme = certificate === undefined ? "http" : "https";
    const host = hostname.includes(":") ? `[${hostname}]` : hostname;
    const url = `${scheme}://${host}:${http.addr.port}/`;
    return new EchoServer(manager, webTransports, http, quic, info, url);
  }

  /** How many clients are connected. */
  get clientCount(): number {
    return this.#manager.peerCount;
  }

  /** Echoes what has come in since the last time, and sends what else is due. */
  tick(): void {
    this.#manager.poll((peer, bytes, channel) => {
      this.#manager.send(peer, bytes, channel);
    });
    for (const event of this.#manager.drainEvents()) this.onEvent(event);
  }

  /** Ends it at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    // Closes the sockets too, and with them the clients' connections.
    this.#manager[Symbol.dispose]();
    while (this.#webTransports.clientCount > 0) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    this.#quic?.close();
    await this.#http.shutdown();
  }
}

function listenWhereSupported(
  ...args: Parameters<typeof listenForWebTransport>
): WebTransportServer | undefined {
  try {
    return listenForWebTransport(...args);
  } catch (error) {
    if (error instanceof TransportError && error.code === "unsupported") {
      return undefined;
    }
    throw error;
  }
}

/** Browsers take a certificate that no authority has signed by its hash, and one of an authority by its name. */
function hashIfSelfSigned(cert: string): string | undefined {
  const { issuer, subject, fingerprint256 } = new X509Certificate(cert);
  if (issuer !== subject) return undefined;
  return encodeBase64(
    Uint8Array.fromHex(fingerprint256.replaceAll(":", "")),
  );
}

async function respond(pathname: string, info: EchoInfo): Promise<Response> {
  if (pathname === INFO_PATH) return Response.json(info);
  if (pathname === "/") {
    return await pageFile("/examples/transport_echo/index.html", "text/html");
  }
  const extension = SERVED.exec(pathname)?.[3];
  if (extension === "css") return await pageFile(pathname, "text/css");
  if (extension === "ts") return await pageFile(pathname, "text/javascript");
  return new Response("Not found\n", { status: 404 });
}

function option(name: string): string | undefined {
  const at = Deno.args.indexOf(name);
  return at < 0 ? undefined : Deno.args[at + 1] ?? "";
}

function numberOption(
  name: string,
  otherwise: number,
  min: number,
  max: number,
): number {
  const value = Number(option(name) ?? otherwise);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  console.error(
    `Cannot serve as ${name} must be an integer from ${min} to ${max}`,
  );
  Deno.exit(2);
}

async function certificateOption(): Promise<
  { readonly cert: string; readonly key: string } | undefined
> {
  const cert = option("--cert");
  const key = option("--key");
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    console.error("Cannot serve as --cert and --key must be given together");
    Deno.exit(2);
  }
  return {
    cert: await Deno.readTextFile(cert),
    key: await Deno.readTextFile(key),
  };
}

function tell(server: EchoServer, event: ManagerEvent): void {
  const count = `${server.clientCount} here`;
  switch (event.type) {
    case "peerConnected":
      return console.log(`${event.address} has come, ${count}`);
    case "peerMoved":
      return console.log(`${event.from} is ${event.address} now`);
    case "peerTimedOut":
      return console.log(`a client is silent and gone, ${count}`);
    case "peerDisconnected":
      return console.log(`a client has left: ${event.message}, ${count}`);
  }
}

if (import.meta.main) {
  const hz = numberOption("--hz", DEFAULT_HZ, 1, 1_000);
  const port = numberOption("--port", 8_000, 0, 65_534);
  const certificate = await certificateOption();
  await using server = await EchoServer.start({
    hostname: option("--hostname") ?? "127.0.0.1",
    port,
    ...(certificate !== undefined && { certificate }),
  }).catch((error: Error) => {
    // Such as that the port is taken.
    console.error(error.message);
    Deno.exit(1);
  });
  const { udp, webTransport } = server.info;
  console.log(`Echo: ${server.url} (${hz} polls a second)`);
  console.log(`  UDP           port ${udp.port}, ${udp.backend} sockets`);
  console.log(`  WebSocket     ${SOCKET_PATH} of the same server`);
  console.log(
    webTransport === undefined
      ? "  WebTransport  not here: it needs --unstable-net"
      : `  WebTransport  port ${webTransport.port}`,
  );
  server.onEvent = (event) => tell(server, event);
  const stop = new AbortController();
  Deno.addSignalListener("SIGINT", () => stop.abort());
  const loop = new PollLoop();
  loop.add(server);
  await loop.run({ hz, signal: stop.signal });
}
