// A contender at both ends of a bad line: a UDP relay, or namespaces for what is not UDP.
import type { Peers } from "./_build.ts";
import { type Conditions, toArguments } from "./_conditions.ts";
import type { Contender, Measure } from "./_contenders.ts";
import type { ClientFigures, ServerFigures } from "./_load.ts";
import { Namespaces, SERVER_HOST } from "./_namespaces.ts";
import { Program, type RelayFigures, run } from "./_programs.ts";

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
    if (peers.relay === undefined) return undefined;
    await using server = await Program.start(contender.serve());
    await using relay = await Program.start(
      [
        peers.relay,
        String(server.port),
        ...toArguments(conditions),
      ],
    );
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

/** What the rows of parts over bad lines say of how they were measured. */
export const LINE_NOTE =
  "UDP goes through a relay, where its payload bytes of both directions are counted; TCP through a line between two network namespaces (its IP bytes are counted) if this is root, otherwise not at all.";
