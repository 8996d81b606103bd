import {
  Connection,
  type ConnectionOptions,
  type DatagramAddress,
  type DatagramSocket,
  MTU,
  SendResult,
  SimulatedNetwork,
  type SimulatedNetworkOptions,
} from "../mod.ts";

/** So many steps without any time passing: something goes round in circles. */
const MAX_STEPS_AT_ONCE = 20_000;

/** One end of a {@linkcode ConnectionWorld}. */
export interface WorldEnd {
  readonly connection: Connection;
  readonly socket: DatagramSocket;
  readonly peer: DatagramAddress;
}

/** Two bare connections over a simulated network, which goes from event to event. */
export class ConnectionWorld {
  readonly network: SimulatedNetwork;
  readonly ends: readonly [WorldEnd, WorldEnd];
  /** Whether messages are taken out after each step. */
  isPolling = true;
  /** Takes them. */
  onMessage: (end: number, channel: number, bytes: Uint8Array) => void =
    () => {};
  /** Of all that was sent, with its times: tells whether two runs are the same to the byte. */
  digest = 0x811c_9dc5;
  steps = 0;
  #stepsAtOnce = 0;
  readonly #scratch = new Int32Array(MTU / 4);
  readonly #scratchBytes = new Uint8Array(this.#scratch.buffer);

  constructor(
    network: SimulatedNetworkOptions,
    makeOptions: (end: number) => ConnectionOptions,
  ) {
    this.network = new SimulatedNetwork(network);
    const a = this.network.socket("10.0.0.1", 1);
    const b = this.network.socket("10.0.0.2", 2);
    this.ends = [
      makeEnd(a, a.address("10.0.0.2", 2), makeOptions(0)),
      makeEnd(b, b.address("10.0.0.1", 1), makeOptions(1)),
    ];
  }

  get nowMs(): number {
    return this.network.clock.nowMs();
  }

  /** Lets an end send what is due. */
  flush(end: number): void {
    const { connection, socket, peer } = this.ends[end]!;
    connection.flush(this.nowMs, (payload) => {
      const isSent = socket.send(payload, peer) === SendResult.Sent;
      if (isSent) this.#mix(payload);
      return isSent;
    });
  }

  /** Takes in what has come, and the messages of it. */
  take(end: number): void {
    const { connection, socket } = this.ends[end]!;
    const nowMs = this.nowMs;
    socket.poll((payload) => connection.receive(payload, nowMs));
    if (this.isPolling) this.poll(end);
  }

  /** Takes messages out. */
  poll(end: number): void {
    this.ends[end]!.connection.poll((bytes, channel) =>
      this.onMessage(end, channel, bytes)
    );
  }

  /** Lets time pass up to the next event, or `untilMs`. Whether there was one. */
  step(untilMs: number): boolean {
    const [a, b] = this.ends;
    const wakeMs = Math.min(a.connection.nextWakeMs, b.connection.nextWakeMs);
    const atMs = Math.min(this.network.nextEventMs, wakeMs);
    if (atMs > untilMs) {
      if (untilMs > this.nowMs) this.network.advanceTo(untilMs);
      return false;
    }
    if (atMs > this.nowMs) {
      this.network.advanceTo(atMs);
      this.#stepsAtOnce = 0;
    }
    this.steps += 1;
    if (++this.#stepsAtOnce > MAX_STEPS_AT_ONCE) {
      throw new Error(`time stands still at ${this.nowMs} ms`);
    }
    for (let end = 0; end < 2; end++) {
      this.take(end);
      if (this.ends[end]!.connection.nextWakeMs <= this.nowMs) this.flush(end);
    }
    return true;
  }

  /** Lets time pass until `untilMs`. */
  run(untilMs: number): void {
    while (this.step(untilMs));
  }

  #mix(payload: Uint8Array): void {
    const words = (payload.length + 3) >>> 2;
    const scratch = this.#scratch;
    scratch[words - 1] = 0;
    this.#scratchBytes.set(payload);
    let digest = Math.imul(
      this.digest ^ this.nowMs * 1024 ^ payload.length,
      0x0100_0193,
    );
    for (let i = 0; i < words; i++) {
      digest = Math.imul(digest ^ scratch[i]!, 0x0100_0193);
      // What differs in the upper bits only must not stay there.
      digest ^= digest >>> 15;
    }
    this.digest = digest;
  }
}

function makeEnd(
  socket: DatagramSocket,
  peer: DatagramAddress,
  options: ConnectionOptions,
): WorldEnd {
  peer.retain();
  return { connection: new Connection(options), socket, peer };
}
