// This module is browser compatible.

import type {
  ConnectionManager,
  DatagramAddress,
  DatagramSocket,
  ManagerEvent,
  PeerId,
} from "../../mod.ts";
import type { Tickwire } from "../../web/_testing/portable_cases.ts";

/** A server whose echo takes connect tokens. */
export interface TokenEnv {
  /** `"ws://127.0.0.1:8000/game"`. */
  readonly webSocketUrl: string;
  /** `"https://127.0.0.1:8001/game"`; empty where the server has none. */
  readonly webTransportUrl: string;
  /** The SHA-256 hash of its certificate. */
  readonly hash: readonly number[];
  /** Tokens in base64, a new one for each case. */
  readonly tokens: {
    readonly webSocket: string;
    readonly webTransport: string;
    readonly anew: string;
    /** With a timeout of a second. */
    readonly refused: string;
  };
}

/** One thing that {@linkcode TokenLink} does in every runtime. */
export interface TokenCase {
  /** Symbol, then behaviour. */
  readonly name: string;
  /** Throws where it does otherwise. */
  run(tickwire: Tickwire, env: TokenEnv): Promise<void>;
}

type ClientSocket = DatagramSocket & {
  readonly serverAddress: DatagramAddress;
};

const DEADLINE_MS = 30_000;
/** Several fragments. */
const LONG_BYTES = 20_000;

/** What a page does with its token. */
export const TOKEN_CASES: readonly TokenCase[] = [
  {
    name: "TokenLink carries messages over WebSockets, of which one breaks",
    async run(tickwire, { webSocketUrl, tokens }) {
      await echoAndMove(
        tickwire,
        tokens.webSocket,
        () => tickwire.WebSocketDatagramSocket.connect(webSocketUrl),
      );
    },
  },
  {
    name: "TokenLink carries messages over WebTransport, where it is supported",
    async run(tickwire, { webTransportUrl, hash, tokens }) {
      const { WebTransportDatagramSocket } = tickwire;
      const isThere = WebTransportDatagramSocket.isSupported &&
        webTransportUrl !== "";
      if (!isThere) return;
      await echoAndMove(
        tickwire,
        tokens.webTransport,
        () =>
          WebTransportDatagramSocket.connect(webTransportUrl, {
            certificateHashes: [new Uint8Array(hash)],
          }),
      );
    },
  },
  {
    name: "TokenLink comes anew with the token that it has",
    async run(tickwire, { webSocketUrl, tokens }) {
      const before = await Client.open(tickwire, webSocketUrl, tokens.anew);
      await before.until("the first", () => before.isConnected);
      const after = await Client.open(tickwire, webSocketUrl, tokens.anew);
      await after.until("the second", () => after.isConnected);
      await before.until("the end of the first", () => before.ends.length > 0);
      equal(before.ends.join(), "closed");
      await after.echo(5);
      before.close();
      after.close();
    },
  },
  {
    name: "TokenLink does not come in by a token that is not whole",
    async run(tickwire, { webSocketUrl, tokens }) {
      const bytes = Uint8Array.from(
        atob(tokens.refused),
        (char) => char.charCodeAt(0),
      );
      // In the part that only the server can open.
      bytes[500]! ^= 1;
      const text = btoa(String.fromCharCode(...bytes));
      const client = await Client.open(tickwire, webSocketUrl, text);
      await client.until("the answer", () => client.ends.length > 0);
      equal(client.ends.join(), "noAnswer");
      client.close();
    },
  },
];

/** A manager with a session, on whatever socket. */
class Client {
  readonly manager: ConnectionManager;
  readonly ends: string[] = [];
  readonly echoes: number[] = [];
  isConnected = false;
  longBytes = 0;
  sent = 0;
  readonly #tickwire: Tickwire;
  readonly #peer: PeerId;

  constructor(tickwire: Tickwire, socket: ClientSocket, token: string) {
    const { ConnectionManager, TokenLink } = tickwire;
    this.#tickwire = tickwire;
    this.manager = new ConnectionManager({ link: new TokenLink() });
    this.manager.bind(socket);
    this.#peer = this.manager.connect(
      socket.serverAddress,
      Uint8Array.from(atob(token), (char) => char.charCodeAt(0)),
    );
  }

  static async open(
    tickwire: Tickwire,
    url: string,
    token: string,
  ): Promise<Client> {
    const socket = await tickwire.WebSocketDatagramSocket.connect(url);
    return new Client(tickwire, socket, token);
  }

  move(socket: ClientSocket): void {
    this.manager.bind(socket);
    equal(this.manager.move(this.#peer, socket.serverAddress), true);
  }

  /** Sends so many more messages, and waits until all came back in their order. */
  async echo(count: number): Promise<void> {
    const { Channel } = this.#tickwire;
    for (let i = 0; i < count; i++) {
      const bytes = new Uint8Array(200).fill(this.sent++);
      this.manager.send(this.#peer, bytes, Channel.ReliableOrdered);
    }
    await this.until("the echo", () => this.echoes.length === this.sent);
    equal(
      this.echoes.join(),
      Array.from({ length: this.sent }, (_, i) => i & 255).join(),
    );
  }

  async echoLong(): Promise<void> {
    const bytes = new Uint8Array(LONG_BYTES).map((_, i) => i * 7 >> 3);
    this.manager.send(this.#peer, bytes, this.#tickwire.Channel.Reliable);
    await this.until("the long one", () => this.longBytes > 0);
    equal(this.longBytes, LONG_BYTES);
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    const endMs = performance.now() + DEADLINE_MS;
    while (!condition()) {
      if (performance.now() > endMs) {
        throw new Error(`It takes too long: ${what}`);
      }
      this.#poll();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  close(): void {
    this.manager[Symbol.dispose]();
  }

  #poll(): void {
    this.manager.poll((_peer, bytes, channel) => {
      if (channel === this.#tickwire.Channel.ReliableOrdered) {
        this.echoes.push(bytes[0]!);
      } else if (bytes.every((byte, i) => byte === (i * 7 >> 3 & 255))) {
        this.longBytes = bytes.length;
      }
    });
    for (const event of this.manager.drainEvents()) this.#take(event);
  }

  #take(event: ManagerEvent): void {
    if (event.type === "peerConnected") this.isConnected = true;
    else if ("reason" in event) this.ends.push(event.reason);
    else this.ends.push(event.type);
  }
}

async function echoAndMove(
  tickwire: Tickwire,
  token: string,
  open: () => Promise<ClientSocket>,
): Promise<void> {
  const first = await open();
  const client = new Client(tickwire, first, token);
  await client.until("connecting", () => client.isConnected);
  await client.echo(30);
  await client.echoLong();
  // It breaks in the middle of things.
  const echoing = client.echo(30);
  first.close();
  client.move(await open());
  await echoing;
  await client.echo(10);
  equal(client.ends.join(), "");
  client.close();
}

function equal<T>(actual: T, expected: T): void {
  if (actual !== expected) throw new Error(`${actual} is not ${expected}`);
}
