// Who is measured by netcode_bench.ts, and how each is started.
import type { LinkKind } from "../_links.ts";
import { type Command, deno } from "../_programs.ts";
import type { Peers } from "./_build.ts";

const PEER = import.meta.resolve("./_peer.ts");

/** One that echoes payloads. */
export interface Contender {
  readonly name: string;
  serve(): Command;
  /** Payloads as fast as they come back, so many under way. */
  pump(port: number, seconds: number, bytes: number, window: number): Command;
}

/** Ours, without connections above it. */
export function link(
  name: string,
  socket: "native" | "deno",
  kind: LinkKind,
): Contender {
  return {
    name,
    serve: () => deno(PEER, "serve", `${socket}/${kind}`),
    pump: (...args) =>
      deno(
        PEER,
        "pump",
        `${socket}/${kind}`,
        "127.0.0.1",
        ...args.map(String),
      ),
  };
}

/** Connects one after the other, each from a socket of its own. */
export function connects(
  port: number,
  count: number,
  ...held: readonly "held"[]
): Command {
  return deno(
    PEER,
    "connect",
    "native/netcode",
    "127.0.0.1",
    String(port),
    String(count),
    ...held,
  );
}

/** The same packets in C, if it is here. */
export function inC({ netcode_echo: path }: Peers): Contender[] {
  if (path === undefined) return [];
  return [
    ["C, sendto and recvfrom", "each"],
    ["C, sendmmsg and recvmmsg", "batched"],
  ].map(([name, calls]) => ({
    name: name!,
    serve: () => [path, "serve", calls!],
    pump: (...args) => [path, "pump", calls!, "127.0.0.1", ...args.map(String)],
  }));
}
