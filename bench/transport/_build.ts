// Builds the peers in C, where there is a compiler and what they need.
import { ROOT } from "../../tools/run.ts";
import { succeeds } from "./_succeeds.ts";

/** The programs that could be built, by path; what is missing is not here. */
export interface Peers {
  readonly enet?: string;
  readonly udp?: string;
  readonly tcp?: string;
  /** The line for UDP. */
  readonly relay?: string;
  /** The line for TCP. Needs root besides. */
  readonly tun?: string;
}

const SOURCES: Readonly<Record<keyof Peers, readonly string[]>> = {
  enet: ["enet_load.c", "-lenet"],
  udp: ["udp_load.c"],
  tcp: ["tcp_load.c"],
  relay: ["udp_relay.c"],
  tun: ["tun_relay.c"],
};

/** Builds what can be built, into a folder that nobody commits. */
export async function buildPeers(): Promise<Peers> {
  const folder = new URL(".cache/peers/", ROOT);
  await Deno.mkdir(folder, { recursive: true });
  const headers = await newestMs(["line.h", "load.h"]);
  const peers: { -readonly [name in keyof Peers]: string } = {};
  for (const [name, [source, ...libraries]] of Object.entries(SOURCES)) {
    const path = new URL(name, folder).pathname;
    const from = new URL(`bench/peers/${source}`, ROOT).pathname;
    const args = ["-O2", "-o", path, from, ...libraries];
    const sourceMs = Math.max(headers, await newestMs([source]));
    if (await changedMs(path) > sourceMs || await succeeds("gcc", ...args)) {
      peers[name as keyof Peers] = path;
    }
  }
  return peers;
}

function newestMs(sources: readonly (string | undefined)[]): Promise<number> {
  const paths = sources.map((it) =>
    new URL(`bench/peers/${it}`, ROOT).pathname
  );
  return Promise.all(paths.map(changedMs)).then((all) => Math.max(...all));
}

/** When a file was changed; 0 if there is none. */
async function changedMs(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).mtime?.getTime() ?? 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}
