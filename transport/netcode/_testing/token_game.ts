import { encodeBase64 } from "../../../core/mod.ts";
import {
  listenForWebTransport,
  NonBlockingSocket,
  type SelfSignedCertificate,
  upgradeToDatagrams,
  type WebTransportServer,
} from "../../deno.ts";
import {
  ConnectionManager,
  type ManagerEvent,
  WebSocketDatagramListener,
  WebTransportDatagramListener,
} from "../../mod.ts";
import type { IssueConnectTokenOptions } from "../issue_connect_token.ts";
import type { NetcodeServer } from "../netcode_server.ts";
import { Login } from "./login.ts";
import type { TokenEnv } from "./token_cases.ts";

/** Options for {@linkcode TokenGame.start}. */
export interface TokenGameOptions {
  readonly certificate: SelfSignedCertificate;
  /** Whether WebSockets are those of wss. */
  readonly isTls?: boolean;
  /** The origin whose pages may connect; any if it is left out. */
  readonly origin?: string;
}

/** An echo for native clients over netcode and for pages, in one manager. */
export class TokenGame implements AsyncDisposable {
  readonly link: NetcodeServer;
  readonly manager: ConnectionManager;
  readonly events: ManagerEvent[] = [];
  readonly udp: NonBlockingSocket;
  readonly #login = new Login();
  readonly #address: string;
  readonly #webSockets = new WebSocketDatagramListener();
  readonly #webTransports = new WebTransportDatagramListener();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #quic: WebTransportServer | undefined;
  readonly #options: TokenGameOptions;

  private constructor(udp: NonBlockingSocket, options: TokenGameOptions) {
    this.udp = udp;
    this.#options = options;
    this.#address = `${udp.localAddress}`;
    this.link = this.#login.server(this.#address, {
      maxClients: 32,
      // On loopback a WebSocket without TLS counts too.
      isSealedBelow: (socket) => socket !== udp,
    });
    this.manager = new ConnectionManager({ link: this.link });
    for (const socket of [udp, this.#webSockets, this.#webTransports]) {
      this.manager.bind(socket);
    }
    const { certificate: { cert, key }, isTls, origin } = options;
    const listen = { port: 0, hostname: "127.0.0.1" };
    this.#server = Deno.serve(
      { ...listen, onListen() {}, ...(isTls && { cert, key }) },
      (request, { remoteAddr: { hostname: host } }) => {
        const from = request.headers.get("origin");
        if (origin !== undefined && from !== null && from !== origin) {
          return new Response("Forbidden\n", { status: 403 });
        }
        return upgradeToDatagrams(request, this.#webSockets, { host });
      },
    );
    if ("QuicEndpoint" in Deno) {
      this.#quic = listenForWebTransport(this.#webTransports, {
        cert,
        key,
        ...listen,
        path: "/game",
      });
    }
  }

  static async start(options: TokenGameOptions): Promise<TokenGame> {
    const udp = await NonBlockingSocket.bind({ hostname: "127.0.0.1" });
    return new TokenGame(udp, options);
  }

  get webSocketUrl(): string {
    const { port } = this.#server.addr;
    // A certificate is for a name.
    return this.#options.isTls
      ? `wss://localhost:${port}/game`
      : `ws://127.0.0.1:${port}/game`;
  }

  token(options: Partial<IssueConnectTokenOptions> = {}): Uint8Array {
    return this.#login.token([this.#address], options);
  }

  /** With tokens that nobody else gets. */
  env(): TokenEnv {
    const token = (options?: Partial<IssueConnectTokenOptions>): string =>
      encodeBase64(this.token(options));
    return {
      webSocketUrl: this.webSocketUrl,
      webTransportUrl: this.#quic === undefined
        ? ""
        : `https://127.0.0.1:${this.#quic.addr.port}/game`,
      hash: [...this.#options.certificate.hash],
      tokens: {
        webSocket: token(),
        webTransport: token(),
        anew: token(),
        refused: token({ timeoutSeconds: 1 }),
      },
    };
  }

  poll(): void {
    this.manager.poll((peer, bytes, channel) => {
      this.manager.send(peer, bytes, channel);
    });
    this.events.push(...this.manager.drainEvents());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.manager[Symbol.dispose]();
    while (this.#webTransports.clientCount > 0) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    this.#quic?.close();
    await this.#server.shutdown();
  }
}
