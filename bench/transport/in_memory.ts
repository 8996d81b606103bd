// What a reliable message costs a connection without any socket: two ends in one thread that
// hand each other their packets.
import { Connection } from "../../transport/mod.ts";
import { Channel } from "../../protocol/mod.ts";
import {
  atMost,
  type Bar,
  quantile,
  type Row,
  type Section,
} from "../_report.ts";
import { KIND_SINK } from "../_load.ts";

const BYTES = 100;
const TURN_MESSAGES = 512;
const TURN_MS = 0.5;
const MAX_PACKETS = 4_096;
const PACKET_BYTES = 1_500;

/** Packets on their way, in memory that is used again. */
class Packets {
  readonly #bytes = new Uint8Array(MAX_PACKETS * PACKET_BYTES);
  readonly #views: Uint8Array[] = [];
  readonly #lengths = new Int32Array(MAX_PACKETS);
  #count = 0;
  bytes = 0;

  readonly push = (packet: Uint8Array): boolean => {
    if (this.#count === MAX_PACKETS) return false;
    this.#bytes.set(packet, this.#count * PACKET_BYTES);
    this.#lengths[this.#count++] = packet.length;
    this.bytes += packet.length;
    return true;
  };

  /** Gives all of them to an end. */
  deliver(to: Connection, nowMs: number): void {
    for (let i = 0; i < this.#count; i++) {
      const length = this.#lengths[i]!;
      let view = this.#views[i];
      // A socket has a view for each of its slots, too.
      if (view?.length !== length) {
        const at = i * PACKET_BYTES;
        this.#views[i] = view = this.#bytes.subarray(at, at + length);
      }
      to.receive(view, nowMs);
    }
    this.#count = 0;
  }
}

export function measureInMemory(isSmoke: boolean): Promise<Section> {
  const turns = isSmoke ? 200 : 10_000;
  const rows: Row[] = [];
  const bars: Bar[] = [];
  for (const name of ["Reliable", "ReliableOrdered", "Unreliable"] as const) {
    const row = measure(name, Channel[name], turns);
    rows.push(row);
    if (name !== "ReliableOrdered") continue;
    bars.push(
      atMost("sender, a message", 300, row["sender ns"], "ns"),
      atMost("receiver, a message", 300, row["receiver ns"], "ns"),
    );
  }
  return Promise.resolve({
    title: "transport: two connections in memory",
    notes: [
      `${BYTES} bytes, ${TURN_MESSAGES} messages a turn, the acknowledgements in the sender's time; the lowest tenth and the median of ${turns} turns.`,
    ],
    rows,
    bars,
  });
}

function measure(
  name: string,
  channel: Channel,
  turns: number,
): Row & { readonly "sender ns": number; readonly "receiver ns": number } {
  const sender = new Connection();
  const receiver = new Connection();
  const there = new Packets();
  const back = new Packets();
  const message = new Uint8Array(BYTES);
  message[0] = KIND_SINK;
  const senderNs: number[] = [];
  const receiverNs: number[] = [];
  let got = 0;
  let sent = 0;
  let nowMs = 0;
  function sink(bytes: Uint8Array): void {
    if (bytes[0] === KIND_SINK) got++;
  }
  for (let turn = 0; turn < turns; turn++) {
    const startMs = performance.now();
    let taken = 0;
    while (taken < TURN_MESSAGES && sender.send(channel, message)) taken++;
    sent += taken;
    sender.flush(nowMs, there.push);
    const sentMs = performance.now();
    nowMs += TURN_MS;
    there.deliver(receiver, nowMs);
    receiver.poll(sink);
    receiver.flush(nowMs, back.push);
    const gotMs = performance.now();
    nowMs += TURN_MS;
    back.deliver(sender, nowMs);
    sender.poll(sink);
    const endMs = performance.now();
    if (taken === 0) continue;
    senderNs.push((endMs - gotMs + sentMs - startMs) * 1e6 / taken);
    receiverNs.push((gotMs - sentMs) * 1e6 / taken);
  }
  return {
    name,
    "sender ns": quantile(senderNs, 0.1),
    "median ": quantile(senderNs, 0.5),
    "receiver ns": quantile(receiverNs, 0.1),
    median: quantile(receiverNs, 0.5),
    "bytes a message": (there.bytes + back.bytes) / got,
    "not there": sent - got,
  };
}
