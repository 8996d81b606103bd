// Players who look at lists, in a worker: what they do with what they are sent, and their garbage, must not count as the
// server's. Is sent what `ReaderStep` says, and answers each with what the players send.
import { ManualClock } from "../../core/mod.ts";
import { WsClient } from "../../websocket/mod.ts";
import { FrameBatch, type PackedFrames, unpackFrames } from "./_frame_batch.ts";
import { MemorySocket } from "./_memory_socket.ts";

/** What the worker is to do: at first `filters` tells how many there are, and what each looks at. */
export interface ReaderStep {
  readonly filters?: readonly object[];
  /** How much time passes for them. */
  readonly dt: number;
  /** What the server has sent to them. */
  readonly frames: PackedFrames;
}

const scope = self as unknown as {
  onmessage: (event: MessageEvent<ReaderStep>) => void;
  postMessage(message: PackedFrames, transfer: ArrayBuffer[]): void;
};
const clock = new ManualClock();
const clients: { client: WsClient; socket: MemorySocket }[] = [];
const batch = new FrameBatch();

scope.onmessage = ({ data: { filters = [], dt, frames } }) => {
  for (const filter of filters) connect(filter, dt);
  clock.advance(dt * 1_000);
  unpackFrames(frames, (i, frame) => clients[i]!.socket.receive(frame));
  for (const { client } of clients) {
    client.tick(dt);
    for (const _ of client.drainEvents());
  }
  const sent = batch.take();
  scope.postMessage(sent, [sent.index.buffer, sent.bytes.buffer]);
};

function connect(filter: object, dt: number): void {
  const i = clients.length;
  const socket = new MemorySocket((frame) => batch.add(i, frame));
  const client = new WsClient({
    url: `ws://bench.test/reader-${i}`,
    mux: true,
    clock,
    webSocket: () => socket,
  });
  client.connect();
  client.tick(dt);
  socket.open();
  client.request("lobby", JSON.stringify({ do: "hello", protocol: 1 }));
  client.request("lobby", JSON.stringify({ do: "browse", filter }));
  clients.push({ client, socket });
}
