// What the flows of several connections make of the path that they share.
import { assert } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { Channel } from "../../protocol/mod.ts";
import { Connection } from "../connection/connection.ts";
import { SimulatedNetwork } from "../simulation/simulated_network.ts";
import { LossBased } from "./_testing/loss_based.ts";
import { BandwidthDelayControl } from "./bandwidth_delay_control.ts";
import type { CongestionControl } from "./congestion_control.ts";

const BYTES_PER_SECOND = 625_000;
const BULK = 4;
const QUEUED_BYTES = 100_000;

interface FlowOptions {
  readonly congestion: () => CongestionControl;
  readonly fromMs: number;
}

interface FlowResult {
  /** Bytes of bulk that arrived since the time of measuring began. */
  bytes: number;
  /** RTTs of a stream beside it, since then. */
  readonly rttMs: number[];
}

/** A client and the server's end of it. */
class Flow {
  readonly result: FlowResult = { bytes: 0, rttMs: [] };
  /** The client, then the server's end. */
  readonly ends: readonly Connection[];
  readonly #fromMs: number;
  readonly #message = new Uint8Array(100);
  readonly #bulk = new Uint8Array(1000);
  #streamed: number;

  constructor(options: FlowOptions, index: number) {
    this.#fromMs = options.fromMs;
    this.#streamed = Math.ceil(options.fromMs * 60 / 1000);
    this.ends = [0, 1].map((end) =>
      new Connection({
        congestion: options.congestion,
        channels: [
          { delivery: Channel.ReliableOrdered, priority: 1, redundancy: false },
        ],
        overheadBytes: 1,
        random: new SeededRandom(2 * index + end + 1),
      })
    );
  }

  /** What the ends do between receiving and flushing. */
  step(nowMs: number, isMeasured: boolean): void {
    const [client, server] = this.ends;
    if (nowMs < this.#fromMs) return;
    client!.poll((bytes) => {
      const { buffer, byteOffset } = bytes;
      const sentMs = new DataView(buffer, byteOffset).getFloat64(0);
      if (isMeasured) this.result.rttMs.push(nowMs - sentMs);
    });
    if (nowMs >= this.#streamed * 1000 / 60) {
      new DataView(this.#message.buffer).setFloat64(0, nowMs);
      client!.send(Channel.ReliableOrdered, this.#message);
      this.#streamed++;
    }
    while (client!.queuedBytes < QUEUED_BYTES) client!.send(BULK, this.#bulk);
    server!.poll((bytes, channel) => {
      if (channel !== BULK) server!.send(channel, bytes);
      else if (isMeasured) this.result.bytes += bytes.length;
    });
  }
}

/** Flows over one pair of sockets, told apart by the first byte: pairs share no path. */
function run(
  flows: readonly FlowOptions[],
  queueBytes: number,
  seconds: number,
  measuredFromMs: number,
): { results: FlowResult[]; shares: number[]; use: number } {
  const network = new SimulatedNetwork({
    seed: 1,
    conditions: {
      latencyMs: 25,
      bytesPerSecond: BYTES_PER_SECOND,
      queueBytes,
    },
  });
  const sockets = [network.socket("10.0.0.2"), network.socket("10.0.0.1")];
  const all = flows.map((options, i) => new Flow(options, i));
  const out = new Uint8Array(1500);
  for (let nowMs = 0; nowMs < seconds * 1000; nowMs++) {
    network.advanceTo(nowMs);
    sockets.forEach((socket, end) => {
      socket.poll((datagram) => {
        all[datagram[0]!]!.ends[end]!.receive(datagram.subarray(1), nowMs);
      });
    });
    for (const flow of all) flow.step(nowMs, nowMs >= measuredFromMs);
    sockets.forEach((socket, end) => {
      const { host, port } = sockets[1 - end]!.localAddress;
      const to = socket.address(host, port);
      // Whoever is first has no advantage for it.
      for (let i = 0; i < all.length; i++) {
        const index = (nowMs + i) % all.length;
        all[index]!.ends[end]!.flush(nowMs, (packet) => {
          out[0] = index;
          out.set(packet, 1);
          socket.send(out.subarray(0, packet.length + 1), to);
          return true;
        });
      }
    });
  }
  const results = all.map((flow) => flow.result);
  const bytes = results.reduce((sum, result) => sum + result.bytes, 0);
  const measuredSeconds = seconds - measuredFromMs / 1000;
  return {
    results,
    shares: results.map((result) => result.bytes / bytes),
    use: bytes / measuredSeconds / BYTES_PER_SECOND,
  };
}

function ours(fromMs: number): FlowOptions {
  return { fromMs, congestion: () => new BandwidthDelayControl() };
}

function theirs(kind: "reno" | "cubic", fromMs: number): FlowOptions {
  return { fromMs, congestion: () => new LossBased(kind) };
}

function assertShares(shares: readonly number[], least: number): void {
  for (const share of shares) assert(share > least, `shares ${shares}`);
}

Deno.test("Connections of one kind share a path, and their streams do not wait long", () => {
  const { results, shares, use } = run(
    [ours(0), ours(3000)],
    256_000,
    30,
    8000,
  );
  assertShares(shares, 0.35);
  assert(use > 0.93, `${use}`);
  for (const { rttMs } of results) {
    const medianMs = rttMs.toSorted((a, b) => a - b)[rttMs.length >> 1]!;
    assert(medianMs < 110, `${medianMs} ms`);
  }
});

Deno.test("Connections share a path with loss-based ones, whoever is first", () => {
  for (const kind of ["reno", "cubic"] as const) {
    for (const isFirst of [true, false]) {
      const [a, b] = isFirst ? [0, 3000] : [3000, 0];
      const flows = [ours(a!), theirs(kind, b!)];
      const { shares, use } = run(flows, 64_000, 30, 8000);
      assertShares(shares, 0.25);
      assert(use > 0.88, `${kind}: ${use}`);
    }
  }
});
