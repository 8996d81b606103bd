import { ManualClock, type Metric } from "../../../core/mod.ts";
import {
  type MemoryLinkOptions,
  MemoryLinkPair,
  type MessageLink,
} from "../../../protocol/mod.ts";
import {
  type ClientId,
  clientId,
  RpcClient,
  type RpcClientEvent,
  type RpcContract,
  type RpcDefinitions,
  type RpcEndpointOptions,
  type RpcPeer,
  RpcServer,
  type RpcServerEvent,
  type RpcServerOptions,
} from "../../mod.ts";

export const DT = 1 / 60;

/** Options for {@linkcode RpcWorld}. */
export interface RpcWorldOptions {
  readonly link?: MemoryLinkOptions;
  readonly server?: RpcServerOptions;
  readonly client?: RpcEndpointOptions;
  /** How many clients. */
  readonly clients?: number;
  /** What stands between a client and its link. */
  readonly wrap?: (link: MessageLink) => MessageLink;
}

/** A client, its link, and the events that it has told. */
export interface WorldClient<D extends RpcDefinitions> {
  readonly id: ClientId;
  readonly client: RpcClient<D>;
  readonly peer: RpcPeer;
  readonly pair: MemoryLinkPair;
  readonly events: RpcClientEvent<D>[];
}

/** A server and clients over memory links; the ids of clients count from 1. */
export class RpcWorld<D extends RpcDefinitions> {
  readonly server: RpcServer<D>;
  readonly events: RpcServerEvent<D>[] = [];
  readonly clients: WorldClient<D>[] = [];
  readonly #contract: RpcContract<D>;
  readonly #options: RpcWorldOptions;

  constructor(contract: RpcContract<D>, options: RpcWorldOptions = {}) {
    this.#contract = contract;
    this.#options = options;
    // By the machine's clock a busy machine would use up the clients' time in handlers.
    const clock = new ManualClock();
    this.server = new RpcServer(contract, { clock, ...options.server });
    for (let i = 1; i <= (options.clients ?? 1); i++) this.connect(i);
  }

  get client(): RpcClient<D> {
    return this.clients[0]!.client;
  }

  connect(
    id: number,
    contract: RpcContract<D> = this.#contract,
  ): WorldClient<D> {
    const { link, wrap = asItIs, client: options } = this.#options;
    const pair = new MemoryLinkPair(link);
    const peer = this.server.connect(pair.a, clientId(id))!;
    const client = new RpcClient(contract, wrap(pair.b), options);
    const added = { id: clientId(id), client, peer, pair, events: [] };
    this.clients.push(added);
    return added;
  }

  /** Runs frames: clients first, and keeps what is told. */
  run(frames = 1, dt = DT): void {
    for (let i = 0; i < frames; i++) {
      for (const { client, pair, events } of this.clients) {
        pair.tick(dt);
        client.tick(dt);
        events.push(...client.drainEvents());
      }
      this.server.tick(dt);
      this.events.push(...this.server.drainEvents());
    }
  }

  /** Runs until the handshakes are over, and forgets what was told. */
  ready(): this {
    for (let i = 0; i < 1_000; i++) {
      if (
        this.clients.every(({ client, peer }) => client.isReady && peer.isReady)
      ) break;
      this.run();
    }
    this.events.length = 0;
    for (const { events } of this.clients) events.length = 0;
    return this;
  }
}

/** The value of a counter. */
export function metricOf(
  endpoint: { metrics(): Iterable<Metric> },
  name: string,
  label?: string,
): number {
  for (const metric of endpoint.metrics()) {
    if (metric.name !== `tickwire_rpc_${name}`) continue;
    if (
      label === undefined ||
      Object.values(metric.labels ?? {}).includes(label)
    ) return metric.value;
  }
  return 0;
}

function asItIs(link: MessageLink): MessageLink {
  return link;
}
