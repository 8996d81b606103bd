// What a datagram costs: sent and received on loopback in one thread, by the native socket, by
// C, and by what Deno has.
import { createSocket } from "node:dgram";
import type { AddressInfo } from "node:net";
import { NonBlockingSocket } from "../../transport/deno.ts";
import { atLeast, atMost, median, type Row, type Section } from "../_report.ts";
import { buildPeers } from "./_build.ts";
import { missing, type SocketKind } from "./_contenders.ts";
import { run } from "../_programs.ts";

const HOST = "127.0.0.1";
const BATCH = 64;
const C_SENDTO = "C, sendto alone";
const C_EACH = "C, sendto and recvfrom";
const C_BATCHED = "C, sendmmsg and recvmmsg";
const NATIVE = "tickwire, native socket";
const DENO_EACH = "Deno.listenDatagram, one by one";
const DENO_BATCHED = `Deno.listenDatagram, ${BATCH} at a time`;

/** Microseconds per datagram in one round, by name. */
type Round = ReadonlyMap<string, number>;

export async function measurePackets(isSmoke: boolean): Promise<Section[]> {
  return [
    await measure(isSmoke, 100),
    await measure(isSmoke, 1_200),
  ];
}

async function measure(isSmoke: boolean, bytes: number): Promise<Section> {
  const peers = await buildPeers();
  const count = isSmoke ? 2_048 : 131_072;
  const rounds: Round[] = [];
  for (let i = isSmoke ? 0 : -1; i < (isSmoke ? 1 : 7); i++) {
    const round = await measureRound(peers.udp, count, bytes);
    // The first warms up.
    if (i >= 0) rounds.push(round);
  }
  const names = [...rounds[0]!.keys()];
  const bars = [];
  if (names.includes(C_BATCHED)) {
    bars.push(
      atMost(
        `native socket, ${bytes} bytes, of C in batches`,
        1.3,
        ratio(rounds, NATIVE, C_BATCHED),
        "times",
      ),
    );
  }
  const best = Math.min(
    ratio(rounds, DENO_EACH, NATIVE),
    ratio(rounds, DENO_BATCHED, NATIVE),
  );
  bars.push(
    atLeast(
      `Deno.listenDatagram at its best, ${bytes} bytes, of the native socket`,
      8,
      best,
      "times",
    ),
  );
  return {
    title: `transport: a datagram of ${bytes} bytes, sent and received`,
    notes: [
      `${count} datagrams on loopback in one thread, ${BATCH} at a time where nothing else is said; medians of ${rounds.length} rounds, ratios by round.`,
      ...missing({ ...peers, enet: "", tcp: "" }),
    ],
    rows: names.map((name): Row => ({
      name,
      us: median(rounds.map((round) => round.get(name)!)),
      "of the native socket": ratio(rounds, name, NATIVE),
    })),
    bars,
  };
}

function ratio(rounds: readonly Round[], a: string, b: string): number {
  return median(rounds.map((round) => round.get(a)! / round.get(b)!));
}

async function measureRound(
  udp: string | undefined,
  count: number,
  bytes: number,
): Promise<Round> {
  const round = new Map<string, number>();
  if (udp !== undefined) {
    const c = await run([udp, String(count), String(bytes)]);
    round.set(C_SENDTO, Number(c["sendtoUs"]));
    round.set(C_EACH, Number(c["eachUs"]));
    round.set(C_BATCHED, Number(c["batchedUs"]));
  }
  round.set(NATIVE, await measureOurs("native", count, bytes));
  round.set(
    "tickwire, over Deno.listenDatagram",
    await measureOurs("deno", count / 8, bytes),
  );
  round.set(
    "tickwire, over node:dgram",
    await measureOurs("node", Math.max(BATCH, count / 64), bytes),
  );
  round.set(DENO_EACH, await measureDeno(1, count / 16, bytes));
  round.set(DENO_BATCHED, await measureDeno(BATCH, count / 8, bytes));
  round.set("node:dgram in Deno", await measureNode(count / 8, bytes));
  return round;
}

async function measureOurs(
  kind: SocketKind,
  count: number,
  bytes: number,
): Promise<number> {
  const from = await NonBlockingSocket.bind({
    hostname: HOST,
    port: 0,
    backend: kind,
  });
  const to = await NonBlockingSocket.bind({
    hostname: HOST,
    port: 0,
    backend: kind,
  });
  const address = from.address(HOST, to.localAddress.port);
  address.retain();
  const datagram = new Uint8Array(bytes);
  let got = 0;
  function sink(): void {
    got++;
  }
  const startMs = performance.now();
  let sent = 0;
  while (sent < count) {
    for (let i = 0; i < BATCH; i++) from.send(datagram, address);
    from.flush();
    sent += BATCH;
    const deadlineMs = performance.now() + 2_000;
    while (got < sent && performance.now() < deadlineMs) {
      // The native socket needs no turn of the event loop.
      if (to.poll(sink) === 0) {
        // Not setImmediate(): with that always due Deno looks at sockets each 61st turn only.
        await new Promise<void>((resolve) => setTimeout(resolve, 0));
        from.flush();
      }
    }
    if (got < sent) {
      throw new Error(
        `Cannot measure as ${sent} datagrams must arrive on loopback: current value is ${got}`,
      );
    }
  }
  const us = (performance.now() - startMs) * 1_000 / sent;
  address.release();
  from.close();
  to.close();
  return us;
}

async function measureDeno(
  batch: number,
  count: number,
  bytes: number,
): Promise<number> {
  const options = { hostname: HOST, port: 0, transport: "udp" } as const;
  const from = Deno.listenDatagram(options);
  const to = Deno.listenDatagram(options);
  const datagram = new Uint8Array(bytes);
  const buffer = new Uint8Array(2_048);
  const startMs = performance.now();
  let sent = 0;
  while (sent < count) {
    const sends = [];
    for (let i = 0; i < batch; i++) sends.push(from.send(datagram, to.addr));
    for (let i = 0; i < batch; i++) await to.receive(buffer);
    await Promise.all(sends);
    sent += batch;
  }
  const us = (performance.now() - startMs) * 1_000 / sent;
  from.close();
  to.close();
  return us;
}

async function measureNode(count: number, bytes: number): Promise<number> {
  const from = createSocket("udp4");
  const to = createSocket("udp4");
  for (const socket of [from, to]) {
    await new Promise<void>((resolve) => socket.bind(0, HOST, resolve));
  }
  const { port } = to.address() as AddressInfo;
  const datagram = new Uint8Array(bytes);
  let got = 0;
  let wanted = 0;
  let onAll = () => {};
  to.on("message", () => {
    if (++got === wanted) onAll();
  });
  const startMs = performance.now();
  while (wanted < count) {
    wanted += BATCH;
    const all = new Promise<void>((resolve) => onAll = resolve);
    for (let i = 0; i < BATCH; i++) from.send(datagram, port, HOST);
    await all;
  }
  const us = (performance.now() - startMs) * 1_000 / wanted;
  from.close();
  to.close();
  return us;
}
