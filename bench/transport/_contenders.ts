// Who is measured by the benches of the transport, and how each is started.
import type { Peers } from "./_build.ts";
import type { LinkKind } from "../_links.ts";
import { type Command, deno } from "../_programs.ts";

const PEER = import.meta.resolve("./_peer.ts");
const TCP_PEER = import.meta.resolve("./_tcp_peer.ts");

/** The sockets that Deno has, best first. */
export type SocketKind = "native" | "deno" | "node";

/** What clients can be told to measure. */
export type Measure = "pump" | "ping" | "rate" | "swarm";

/** One that is measured. */
export interface Contender {
  readonly name: string;
  /** Whether it goes through a UDP relay. */
  readonly isUdp: boolean;
  /** A server. A first argument is the rate at which it sends to all; a second "spin" is polled without a pause, if it polls. */
  serve(...args: readonly (string | number)[]): Command;
  client(
    what: Measure,
    host: string,
    port: number,
    ...args: readonly (string | number)[]
  ): Command;
  /** Both ends in one thread: reliable messages as fast as they go. */
  alone?(seconds: number, bytes: number): Command;
}

/** Ours. */
export function tickwire(
  socket: SocketKind,
  link: LinkKind = "insecure",
): Contender {
  const kind = `${socket}/${link}`;
  return {
    name: `tickwire, ${socket} socket`,
    isUdp: true,
    serve: (...args) => deno(PEER, "serve", kind, ...args.map(String)),
    client: (what, host, port, ...args) =>
      deno(PEER, what, kind, host, ...[port, ...args].map(String)),
    alone: (seconds, bytes) =>
      deno(PEER, "alone", kind, String(seconds), String(bytes)),
  };
}

/** ENet, if it is here. */
export function enet({ enet }: Peers): Contender[] {
  if (enet === undefined) return [];
  return [{
    name: "ENet",
    isUdp: true,
    serve: (...args) => [enet, "serve", ...args.map(String)],
    client: (what, host, port, ...args) => [
      enet,
      what,
      host,
      ...[port, ...args].map(String),
    ],
    alone: (seconds, bytes) => [enet, "alone", String(seconds), String(bytes)],
  }];
}

/** Who is measured over bad lines; a smoke run does without TCP, whose lines take long to lay. */
export async function onLines(
  peers: Peers,
  isSmoke: boolean,
): Promise<Contender[]> {
  return [
    tickwire("native"),
    ...enet(peers),
    ...isSmoke ? [] : await tcp(peers),
  ];
}

/** TCP in C with each congestion control that this kernel has. */
export async function tcp({ tcp }: Peers): Promise<Contender[]> {
  if (tcp === undefined) return [];
  const names = await kernelCongestion("tcp_available_congestion_control");
  return names.filter((name) => name === "bbr" || name === "cubic").map(
    (name) => ({
      name: `TCP in C, ${name}`,
      isUdp: false,
      serve: () => [tcp, "serve", name],
      client: (what, host, port, ...args) => [
        tcp,
        what,
        name,
        host,
        ...[port, ...args].map(String),
      ],
    }),
  );
}

/** TCP in Deno, which takes the kernel's congestion control. */
export async function tcpInDeno(): Promise<Contender> {
  const [name = "unknown"] = await kernelCongestion("tcp_congestion_control");
  return {
    name: `TCP in Deno, ${name}`,
    isUdp: false,
    serve: () => deno(TCP_PEER, "serve"),
    client: (what, host, port, ...args) =>
      deno(TCP_PEER, what, host, ...[port, ...args].map(String)),
  };
}

/** What of the C programs is not here, for the notes. */
export function missing(peers: Peers): string[] {
  const names = {
    enet: "ENet (gcc, libenet-dev)",
    udp: "UDP in C (gcc)",
    tcp: "TCP in C (gcc)",
  } as const;
  return Object.entries(names)
    .filter(([name]) => peers[name as keyof typeof names] === undefined)
    .map(([, what]) => `Not here: ${what}.`);
}

async function kernelCongestion(file: string): Promise<string[]> {
  try {
    const text = await Deno.readTextFile(`/proc/sys/net/ipv4/${file}`);
    return text.trim().split(" ");
  } catch {
    return [];
  }
}
