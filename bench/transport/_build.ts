// The peers in C of transport_bench.ts.
import { build } from "../_build.ts";

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
export function buildPeers(): Promise<Peers> {
  return build(SOURCES, ["line.h", "load.h"]);
}
