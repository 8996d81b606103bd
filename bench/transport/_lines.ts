// A contender at both ends of a bad line: a UDP relay, or namespaces for what is not UDP.
import type {
  NetworkConditions,
  NetworkCounters,
} from "../../transport/mod.ts";
import { UdpRelay } from "../../tools/udp_relay.ts";
import type { Peers } from "./_build.ts";
import { type Conditions, toArguments } from "./_conditions.ts";
import type { Contender, Measure } from "./_contenders.ts";
import type { ClientFigures, ServerFigures } from "../_load.ts";
import { Namespaces, SERVER_HOST } from "./_namespaces.ts";
import { Program, type RelayFigures, run } from "../_programs.ts";

const HOST = "127.0.0.1";

/** What both ends and the line have counted. */
export interface Run {
  readonly client: ClientFigures;
  readonly server: ServerFigures;
  readonly line: RelayFigures;
}

/** Measures over a line; `undefined` if there is none for this contender here. */
export async function measureOver(
  conditions: Conditions,
  contender: Contender,
  peers: Peers,
  what: Measure,
  ...args: readonly (string | number)[]
): Promise<Run | undefined> {
  if (contender.isUdp) {
    await using server = await Program.start(contender.serve());
    await using relay = await startRelay(peers, conditions, server.port);
    const client = await run(
      contender.client(what, HOST, relay.port, ...args),
    );
    return {
      client,
      server: await server.figures(),
      line: await relay.relayed(),
    };
  }
  if (peers.tun === undefined) return undefined;
  const namespaces = await Namespaces.lay(peers.tun, conditions);
  if (namespaces === undefined) return undefined;
  await using line = namespaces;
  await using server = await Program.start(line.atServer(contender.serve()));
  const client = await run(
    line.atClient(contender.client(what, SERVER_HOST, server.port, ...args)),
  );
  return { client, server: await server.figures(), line: await line.relayed() };
}

/** A relay for datagrams, in C or, where that could not be built, in Deno. */
interface Relay extends AsyncDisposable {
  readonly port: number;
  relayed(): Promise<RelayFigures>;
}

async function startRelay(
  { relay }: Peers,
  conditions: Conditions,
  target: number,
): Promise<Relay> {
  if (relay !== undefined) {
    return await Program.start([
      relay,
      String(target),
      ...toArguments(conditions),
    ]);
  }
  const { loss, burst, seed, ...others } = conditions;
  const line: NetworkConditions = burst > 1
    ? { ...others, burstLoss: { share: loss, length: burst } }
    : { ...others, loss };
  const udpRelay = await UdpRelay.start({
    targetPort: target,
    seed,
    toServer: line,
    toClient: line,
  });
  return {
    port: udpRelay.port,
    async relayed() {
      const { toServer, toClient } = await udpRelay.report();
      return {
        bytes: toServer.sentBytes + toClient.sentBytes,
        passed: toServer.carried + toClient.carried,
        lost: missing(toServer) + missing(toClient),
      };
    },
    [Symbol.asyncDispose]: () => udpRelay[Symbol.asyncDispose](),
  };
}

function missing({ sent, carried }: NetworkCounters): number {
  return sent - carried;
}

/** What the rows of parts over bad lines say of how they were measured. */
export const LINE_NOTE =
  "UDP goes through a relay, where its payload bytes of both directions are counted; TCP through a line between two network namespaces (its IP bytes are counted) if this is root, otherwise not at all.";
