// Two connections over a simulated network, in virtual time: no IO, and the same seed
// gives the same result on every machine.
import { SeededRandom } from "../../../core/mod.ts";
import {
  Connection,
  type ConnectionOptions,
  type DatagramSocket,
  SimulatedNetwork,
} from "../../../transport/mod.ts";
import type { Conditions } from "../_conditions.ts";

/** What a link would put before each packet: the insecure one's type and session. */
const LINK_BYTES = 5;
const STEP_MS = 0.25;

/** What is run over a pair. */
export interface PairOptions {
  readonly conditions: Conditions;
  /** How often each end looks, in milliseconds. @default {1} */
  readonly pollMs?: number;
  readonly connection?: Omit<ConnectionOptions, "random" | "overheadBytes">;
}

/** One end: its connection and its socket. */
class End {
  readonly connection: Connection;
  readonly socket: DatagramSocket;
  #peer: DatagramSocket | undefined;
  readonly #out = new Uint8Array(1500);
  nextPollMs: number;

  constructor(
    socket: DatagramSocket,
    options: PairOptions,
    seed: number,
    firstPollMs: number,
  ) {
    this.socket = socket;
    this.connection = new Connection({
      ...options.connection,
      overheadBytes: LINK_BYTES,
      random: new SeededRandom(seed),
    });
    this.nextPollMs = firstPollMs;
  }

  connect(peer: DatagramSocket): void {
    this.#peer = peer;
  }

  receive(nowMs: number): void {
    this.socket.poll((datagram) => {
      this.connection.receive(datagram.subarray(LINK_BYTES), nowMs);
    });
  }

  flush(nowMs: number): void {
    const { localAddress } = this.#peer!;
    const to = this.socket.address(localAddress.host, localAddress.port);
    this.connection.flush(nowMs, (packet) => {
      this.#out.set(packet, LINK_BYTES);
      this.socket.send(
        this.#out.subarray(0, packet.length + LINK_BYTES),
        to,
      );
      return true;
    });
  }
}

/** A client and a server, connected. */
export class Pair {
  readonly network: SimulatedNetwork;
  readonly client: End;
  readonly server: End;
  readonly #pollMs: number;
  #nowMs = 0;

  constructor(options: PairOptions) {
    const { conditions, pollMs = 1 } = options;
    const { latencyMs, jitterMs, loss, burst, seed } = conditions;
    this.#pollMs = pollMs;
    this.network = new SimulatedNetwork({
      seed,
      conditions: {
        latencyMs,
        jitterMs,
        bytesPerSecond: conditions.bytesPerSecond,
        queueBytes: conditions.queueBytes,
        ...(burst > 1
          ? { burstLoss: { share: loss, length: burst } }
          : { loss }),
      },
    });
    const client = this.network.socket("10.0.0.2");
    const server = this.network.socket("10.0.0.1", 9000);
    this.client = new End(client, options, 2 * seed + 1, 0);
    this.server = new End(server, options, 2 * seed + 2, pollMs / 2);
    this.client.connect(server);
    this.server.connect(client);
  }

  /** Lets both ends look and send, each in its turn, until then. */
  run(
    untilMs: number,
    onClient: (nowMs: number) => void,
    onServer: (nowMs: number) => void,
  ): void {
    for (; this.#nowMs < untilMs; this.#nowMs += STEP_MS) {
      const nowMs = this.#nowMs;
      this.network.advanceTo(nowMs);
      if (nowMs >= this.client.nextPollMs) {
        this.client.nextPollMs += this.#pollMs;
        this.client.receive(nowMs);
        onClient(nowMs);
        this.client.flush(nowMs);
      }
      if (nowMs >= this.server.nextPollMs) {
        this.server.nextPollMs += this.#pollMs;
        this.server.receive(nowMs);
        onServer(nowMs);
        this.server.flush(nowMs);
      }
    }
  }

  /** Bytes of datagrams that both have sent. */
  get sentBytes(): number {
    return this.client.socket.counters.sentBytes +
      this.server.socket.counters.sentBytes;
  }
}

/** The value below which so many of them lie: 0 to 1. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[
    Math.min(sorted.length - 1, Math.floor(share * sorted.length))
  ]!;
}
