// The peers in C of netcode_bench.ts.
import { build, type Built } from "../_build.ts";

/** The programs that could be built, by path; what is missing is not here. */
export type Peers = Built<"netcode_seal" | "netcode_echo" | "netcode_flood">;

/** Builds what can be built, into a folder that nobody commits. */
export function buildPeers(): Promise<Peers> {
  return build({
    netcode_seal: ["netcode_seal.c", "-lsodium"],
    netcode_echo: ["netcode_echo.c", "-lsodium"],
    netcode_flood: ["netcode_flood.c"],
  }, ["load.h", "netcode.h"]);
}

/** What a part says of a program that it wants, for its notes. */
export function missing(path: string | undefined, needs: string): string[] {
  return path === undefined ? [`Not here: C (${needs}).`] : [];
}
