// The same cases of `transport` in each runtime, on the files that would be published.
import {
  createSelfSignedCertificate,
  listenForWebTransport,
  type SelfSignedCertificate,
  upgradeToDatagrams,
  type WebTransportServer,
} from "../transport/deno.ts";
import {
  type WebDatagramListener,
  WebSocketDatagramListener,
  WebTransportDatagramListener,
} from "../transport/mod.ts";
import { NativePlayer } from "../transport/netcode/_testing/native_player.ts";
import {
  TOKEN_CASES,
  type TokenEnv,
} from "../transport/netcode/_testing/token_cases.ts";
import { TokenGame } from "../transport/netcode/_testing/token_game.ts";
import {
  PORTABLE_CASES,
  type PortableEnv,
} from "../transport/web/_testing/portable_cases.ts";
import { PortableSite } from "./portable_run.ts";
import { testInEachRuntime } from "./portable_steps.ts";

const MAIN = `export { main } from "./tools/transport_portable_main.js";`;
const NAMES = [...PORTABLE_CASES, ...TOKEN_CASES].map(({ name }) => name);
const STRANGER = { strangerTimeoutMs: 1 };

/** Listeners of both kinds that echo, and such as close whom nobody retains. */
class Echoes implements AsyncDisposable {
  /** Which takes connect tokens. */
  readonly game: TokenGame;
  readonly #webSockets = {
    "/": new WebSocketDatagramListener(),
    "/stranger": new WebSocketDatagramListener(STRANGER),
  };
  readonly #webTransports = [
    new WebTransportDatagramListener(),
    new WebTransportDatagramListener(STRANGER),
  ];
  readonly #listeners: readonly WebDatagramListener[] = [
    ...Object.values(this.#webSockets),
    ...this.#webTransports,
  ];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #quic: readonly WebTransportServer[];
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #certificate: SelfSignedCertificate;

  private constructor(certificate: SelfSignedCertificate, game: TokenGame) {
    this.#certificate = certificate;
    this.game = game;
    const listen = { port: 0, hostname: "127.0.0.1" };
    this.#server = Deno.serve(
      { ...listen, onListen: () => {} },
      (request, { remoteAddr: { hostname: host } }) => {
        const { pathname } = new URL(request.url);
        const listener =
          this.#webSockets[pathname === "/stranger" ? pathname : "/"];
        return upgradeToDatagrams(request, listener, { host });
      },
    );
    this.#quic = this.#webTransports.map((listener) =>
      listenForWebTransport(listener, {
        ...certificate,
        ...listen,
        path: "/udp",
      })
    );
    this.#timer = setInterval(() => this.#poll(), 1);
  }

  static async start(): Promise<Echoes> {
    const certificate = await createSelfSignedCertificate();
    return new Echoes(certificate, await TokenGame.start({ certificate }));
  }

  get env(): PortableEnv & { game: TokenEnv } {
    const [webTransportUrl = "", strangerUrl = ""] = this.#quic.map((
      { addr },
    ) => `https://127.0.0.1:${addr.port}/udp`);
    return {
      webSocketUrl: `ws://127.0.0.1:${this.#server.addr.port}`,
      webTransportUrl,
      strangerUrl,
      hash: [...this.#certificate.hash],
      refusedUrl: `127.0.0.1:${closedPort()}`,
      game: this.game.env(),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    for (const listener of this.#listeners) listener.close();
    while (this.#webTransports.some(({ clientCount }) => clientCount > 0)) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    for (const server of this.#quic) server.close();
    await this.#server.shutdown();
    await this.game[Symbol.asyncDispose]();
  }

  #poll(): void {
    this.game.poll();
    for (const listener of this.#listeners) {
      listener.poll((datagram, from) => {
        listener.send(datagram, from);
      });
    }
  }
}

/** A port at which nobody listens. */
function closedPort(): number {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  return listener.addr.port;
}

Deno.test("transport does the same in every runtime", async (t) => {
  await using echoes = await Echoes.start();
  // Served over UDP meanwhile, by the server of those who have tokens.
  await using _native = await NativePlayer.join(echoes.game);
  await using site = await PortableSite.open({
    main: MAIN,
    sources: [
      "tools/transport_portable_main.ts",
      "transport/netcode/_testing/token_cases.ts",
      "transport/web/_testing/portable_cases.ts",
    ],
    handler: () => Response.json(echoes.env),
    timeoutMs: 300_000,
  });
  await testInEachRuntime(t, site, NAMES);
});
