// TCP in Deno as a peer of transport_bench.ts: TCP_NODELAY, the kernel's congestion control.
//
//     _tcp_peer.ts serve
//     _tcp_peer.ts pump host port seconds bytes    messages as fast as they go, 64 KB a write
//     _tcp_peer.ts ping host port count bytes      one message there and back, then the next
//
// A message is its length (2) and its bytes, as in bench/peers/tcp_load.c.
import {
  Arrivals,
  type ClientFigures,
  cpuUs,
  KIND_ECHO,
  KIND_SINK,
  print,
  serveStdin,
} from "../_load.ts";

const HEAD_BYTES = 2;
const BUFFER_BYTES = 262_144;
const WRITE_BYTES = 65_536;

/** Splits what comes into messages. */
class Splitter {
  readonly #bytes = new Uint8Array(BUFFER_BYTES);
  #length = 0;

  /** Reads once and hands out what is whole; `false` at the end. */
  async read(
    conn: Deno.Conn,
    sink: (framed: Uint8Array) => void,
  ): Promise<boolean> {
    const n = await conn.read(this.#bytes.subarray(this.#length));
    if (n === null) return false;
    this.#length += n;
    let at = 0;
    while (this.#length - at >= HEAD_BYTES) {
      const end = at + HEAD_BYTES + this.#bytes[at]! +
        this.#bytes[at + 1]! * 256;
      if (end > this.#length) break;
      sink(this.#bytes.subarray(at, end));
      at = end;
    }
    this.#bytes.copyWithin(0, at, this.#length);
    this.#length -= at;
    return true;
  }
}

async function serve(): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const arrivals = new Arrivals();
  let peers = 0;
  print({ port: listener.addr.port });
  void serveStdin(() => arrivals.figures(peers), () => Deno.exit());
  for await (const conn of listener) {
    peers++;
    void serveOne(conn, arrivals).finally(() => peers--);
  }
}

async function serveOne(conn: Deno.TcpConn, arrivals: Arrivals): Promise<void> {
  conn.setNoDelay();
  const splitter = new Splitter();
  const echoes: Uint8Array[] = [];
  let nowMs = 0;
  function take(framed: Uint8Array): void {
    if (framed[HEAD_BYTES] === KIND_ECHO) echoes.push(framed.slice());
    else arrivals.add(framed.length - HEAD_BYTES, nowMs);
  }
  do {
    for (const echo of echoes.splice(0)) await conn.write(echo);
    nowMs = performance.now();
  } while (await splitter.read(conn, take).catch(() => false));
  conn.close();
}

function frame(kind: number, bytes: number): Uint8Array {
  const framed = new Uint8Array(HEAD_BYTES + bytes);
  framed[0] = bytes & 255;
  framed[1] = bytes >> 8;
  framed[HEAD_BYTES] = kind;
  return framed;
}

async function pump(
  conn: Deno.Conn,
  seconds: number,
  bytes: number,
): Promise<ClientFigures> {
  const framed = frame(KIND_SINK, bytes);
  const buffer = new Uint8Array(WRITE_BYTES);
  const endMs = performance.now() + seconds * 1_000;
  const cpuBefore = cpuUs();
  let sent = 0;
  while (performance.now() < endMs) {
    let length = 0;
    for (; length + framed.length <= buffer.length; length += framed.length) {
      buffer.set(framed, length);
      sent++;
    }
    for (let at = 0; at < length;) {
      at += await conn.write(buffer.subarray(at, length));
    }
  }
  return { sent, cpuUs: cpuUs() - cpuBefore };
}

async function ping(
  conn: Deno.Conn,
  count: number,
  bytes: number,
): Promise<ClientFigures> {
  const framed = frame(KIND_ECHO, bytes);
  const splitter = new Splitter();
  const rttMs: number[] = [];
  const cpuBefore = cpuUs();
  for (let i = 0; i < count; i++) {
    const leftMs = performance.now();
    await conn.write(framed);
    let isBack = false;
    while (!isBack) await splitter.read(conn, () => isBack = true);
    rttMs.push(performance.now() - leftMs);
  }
  return { sent: count, cpuUs: cpuUs() - cpuBefore, rttMs };
}

if (import.meta.main) {
  const [what, hostname = "", port, first, second] = Deno.args;
  if (what === "serve") await serve();
  const conn = await Deno.connect({ hostname, port: Number(port) });
  conn.setNoDelay();
  const measure = what === "pump" ? pump : ping;
  print(await measure(conn, Number(first), Number(second)));
  conn.close();
}
