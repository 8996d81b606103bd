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
  const peers: { -readonly [name in keyof Peers]: string } = {};
  for (const [name, [source, ...libraries]] of Object.entries(SOURCES)) {
    const path = new URL(name, folder).pathname;
    const from = new URL(`bench/peers/${source}`, ROOT).pathname;
    const args = ["-O2", "-o", path, from, ...libraries];
    if (await succeeds("gcc", ...args)) peers[name as keyof Peers] = path;
  }
  return peers;
}
