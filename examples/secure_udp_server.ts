/**
 * A server of a game over secure UDP: lets in whoever has a token of `examples/login_server.ts`, gives each message back,
 * and tells everybody who is here.
 *
 *     deno run -A examples/secure_udp_server.ts [--port 40000] [--hostname 127.0.0.1] [--address 203.0.113.7:40000]
 *         [--max-clients 16] [--hz 250] [--data .cache/secure_udp]
 *
 * @module
 */

import { parseArgs } from "node:util";
import { type Clock, PollLoop } from "../core/mod.ts";
import {
  NonBlockingSocket,
  type NonBlockingSocketBackend,
} from "../transport/deno.ts";
import { ConnectionManager, type PeerId } from "../transport/mod.ts";
import { NetcodeServer } from "../transport/netcode.ts";
import {
  abortedBySignals,
  integerOption,
  runMain,
} from "./secure_udp/command_line.ts";
import {
  CHANNELS,
  DATA_FOLDER,
  decodeName,
  encodeState,
  KEYS_FILE,
  PROTOCOL_ID,
  STATE_CHANNEL,
} from "./secure_udp/game_protocol.ts";
import { readPrivateKeys } from "./secure_udp/key_file.ts";

const USAGE = `A server of a game over secure UDP: an echo, and who is here

usage: deno run -A examples/secure_udp_server.ts [options]

  --port N            the port to listen at, 0 for any (default 40000)
  --hostname IP       the address to listen at (default 127.0.0.1)
  --address IP:PORT   where clients reach it, if not there: what the login server tells them
  --max-clients N     how many may be here at once, up to 256 (default 16)
  --hz N              polls per second, up to 1000 (default 250)
  --data FOLDER       where the private keys are (default ${DATA_FOLDER})
  --help              print this

NETCODE_PRIVATE_KEYS  the private keys, in base64; without it those of the data folder`;

const DEFAULT_MAX_CLIENTS = 16;
/** Everybody is told twice a second, if anything is new. */
const STATE_EVERY_SECONDS = 0.5;
/** As many as a state tells of. */
const MAX_SHOWN = 32;
/** How long saying goodbye may take. */
const CLOSE_MS = 5_000;

/** Options for {@linkcode SecureUdpServer.start}. */
export interface SecureUdpServerOptions {
  /** The keys that the login server has too: a token of any of them is good. */
  readonly privateKeys: readonly Uint8Array[];
  /** The IP address to listen at. @default {"127.0.0.1"} */
  readonly hostname?: string;
  /** The port; 0 for any. @default {0} */
  readonly port?: number;
  /** Where clients reach it; where it listens if it is left out. */
  readonly address?: string;
  /** How many may be here at once. @default {16} */
  readonly maxClients?: number;
  /** What UDP stands on; the best that is allowed if it is left out. */
  readonly backend?: NonBlockingSocketBackend;
  /** The time, by which tokens expire. */
  readonly clock?: Clock;
}

/** Somebody who is here. */
interface Player {
  readonly name: string;
  readonly clientId: bigint;
  echoes: number;
}

/** The server of the game. */
export class SecureUdpServer implements AsyncDisposable {
  /** Where clients reach it: what tokens must list. */
  readonly address: string;
  /** What UDP stands on. */
  readonly backend: NonBlockingSocketBackend;
  /** Told of who comes and goes. */
  onChange: (what: string) => void = () => {};
  readonly #manager: ConnectionManager;
  readonly #link: NetcodeServer;
  readonly #players = new Map<PeerId, Player>();
  #stateSeconds = 0;
  #isStateNew = false;

  private constructor(
    socket: NonBlockingSocket,
    link: NetcodeServer,
    address: string,
    clock: Clock | undefined,
  ) {
    this.address = address;
    this.backend = socket.backend;
    this.#link = link;
    this.#manager = new ConnectionManager({
      link,
      connection: { channels: CHANNELS },
      ...(clock !== undefined && { clock }),
    });
    this.#manager.bind(socket);
  }

  /**
   * Opens its socket.
   *
   * @param options Keys, and where it listens.
   * @returns The server: it lives while it is ticked.
   * @throws {TransportError} If the port is taken, or may not be opened.
   */
  static async start(
    options: SecureUdpServerOptions,
  ): Promise<SecureUdpServer> {
    const { hostname = "127.0.0.1", port = 0, backend, clock } = options;
    using opened = new DisposableStack();
    const socket = opened.use(
      await NonBlockingSocket.bind({
        hostname,
        port,
        ...(backend !== undefined && { backend }),
      }),
    );
    const host = hostname.includes(":") ? `[${hostname}]` : hostname;
    const address = options.address ?? `${host}:${socket.localAddress.port}`;
    const link = new NetcodeServer({
      protocolId: PROTOCOL_ID,
      privateKeys: options.privateKeys,
      addresses: [address],
      maxClients: options.maxClients ?? DEFAULT_MAX_CLIENTS,
      ...(clock !== undefined && { clock }),
    });
    const server = new SecureUdpServer(socket, link, address, clock);
    opened.move();
    return server;
  }

  /** How many are here. */
  get playerCount(): number {
    return this.#players.size;
  }

  /** What its link has counted, by reason. */
  get counters(): NetcodeServer["counters"] {
    return this.#link.counters;
  }

  /**
   * Lets people in, echoes, and tells who is here.
   *
   * @param dt The time in seconds.
   */
  tick(dt: number): void {
    // Events first: a message is of somebody who is known then.
    this.#manager.poll();
    this.#takeEvents();
    this.#manager.receive((peer, bytes, channel) => {
      const player = this.#players.get(peer);
      if (player === undefined) return;
      if (this.#manager.send(peer, bytes, channel)) player.echoes++;
      this.#isStateNew = true;
    });
    this.#stateSeconds += dt;
    if (this.#isStateNew && this.#stateSeconds >= STATE_EVERY_SECONDS) {
      this.#stateSeconds = 0;
      this.#isStateNew = false;
      this.#manager.broadcast(this.#encodeState(), STATE_CHANNEL);
    }
    this.#manager.flush();
  }

  /** Says goodbye to everybody, and ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#manager.close("The server goes down");
    const deadlineMs = performance.now() + CLOSE_MS;
    while (!this.#manager.isClosed && performance.now() < deadlineMs) {
      this.#manager.poll();
      this.#takeEvents();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    this.#manager[Symbol.dispose]();
  }

  #encodeState(): Uint8Array {
    const players = [...this.#players.values()].slice(0, MAX_SHOWN)
      .map(({ name, echoes }) => ({ name, echoes }));
    return encodeState({ players });
  }

  #takeEvents(): void {
    for (const event of this.#manager.drainEvents()) {
      if (event.type === "peerConnected") {
        // The login server says who it is, and nobody else can.
        const name = decodeName(event.userData);
        const clientId = event.clientId ?? 0n;
        this.#players.set(event.peer, { name, clientId, echoes: 0 });
        this.#tell(`${name} (${clientId}) has come from ${event.address}`);
      } else if (
        event.type === "peerDisconnected" || event.type === "peerTimedOut"
      ) {
        const player = this.#players.get(event.peer);
        this.#players.delete(event.peer);
        const how = event.type === "peerTimedOut"
          ? "is silent and gone"
          : "has left";
        const echoes = player?.echoes ?? 0;
        this.#tell(`${player?.name} ${how} after ${echoes} echoes`);
      }
    }
  }

  #tell(what: string): void {
    this.#isStateNew = true;
    this.onChange(`${what}, ${this.#players.size} here`);
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      "port": { type: "string" },
      "hostname": { type: "string" },
      "address": { type: "string" },
      "max-clients": { type: "string" },
      "hz": { type: "string" },
      "data": { type: "string" },
      "help": { type: "boolean", short: "h" },
    },
  });
  if (values.help) return console.log(USAGE);
  const port = integerOption("port", values.port, 40_000, 0, 65_535);
  const maxClients = integerOption(
    "max-clients",
    values["max-clients"],
    DEFAULT_MAX_CLIENTS,
    1,
    256,
  );
  const hz = integerOption("hz", values.hz, 250, 1, 1_000);
  const data = values.data ?? DATA_FOLDER;
  await Deno.mkdir(data, { recursive: true, mode: 0o700 });
  const privateKeys = await readPrivateKeys(`${data}/${KEYS_FILE}`);
  await using server = await SecureUdpServer.start({
    privateKeys,
    port,
    maxClients,
    ...(values.hostname !== undefined && { hostname: values.hostname }),
    ...(values.address !== undefined && { address: values.address }),
  });
  server.onChange = (what) => console.log(what);
  const stop = abortedBySignals();
  console.log(
    `Secure UDP at ${server.address}: ${server.backend} sockets, ${hz} polls a second, room for ${maxClients}`,
  );
  const loop = new PollLoop();
  loop.add(server);
  await loop.run({ hz, signal: stop });
}

if (import.meta.main) await runMain(main);
