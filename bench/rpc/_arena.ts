// A server and its clients over memory links, with the typical call in both directions and a call that is answered.
import {
  bool,
  f32,
  MemoryLinkPair,
  string,
  struct,
  varint,
  vec3,
  zigzag,
} from "../../protocol/mod.ts";
import {
  clientId,
  defineRpc,
  RpcClient,
  type RpcLimits,
  RpcRecorder,
  RpcServer,
  RpcTarget,
} from "../../rpc/mod.ts";
import { makeCalls, type Params } from "./_typical.ts";

export const DT = 1 / 60;

const CONTRACT = defineRpc({
  buy: {
    params: { item: string({ maxBytes: 32 }) },
    from: "client",
    reply: struct({ ok: bool, gold: varint }),
  },
  strike: {
    params: {
      amount: zigzag,
      scale: f32,
      text: string({ maxBytes: 32 }),
      at: vec3,
    },
    from: "any",
  },
});
/** More than any part sends in a tick: what is measured are calls that are let through. */
const PLENTY = { perSecond: 1e9, burst: 1e9 };
const LIMITS: RpcLimits = { calls: PLENTY, bytes: PLENTY, handlerMs: PLENTY };

type Game = typeof CONTRACT.definitions;

/** How an arena is made. */
export interface ArenaOptions {
  readonly clients: number;
  /** Whether everything that the server hears and says is recorded. */
  readonly isRecorded?: boolean;
}

export class Arena {
  readonly clients: RpcClient<Game>[] = [];
  readonly #server: RpcServer<Game>;
  readonly #pairs: MemoryLinkPair[] = [];
  readonly #params: readonly Params[] = makeCalls().map(({ params }) => ({
    ...params,
  }));
  #next = 0;
  /** Calls that the server's handler was given, and those of the clients. */
  served = 0;
  heard = 0;
  /** Answers that have come. */
  answered = 0;
  /** Bytes of the recording. */
  recordedBytes = 0;
  /** Milliseconds in the server's ticks. */
  serverMs = 0;

  constructor({ clients, isRecorded }: ArenaOptions) {
    const recorder = isRecorded
      ? new RpcRecorder(CONTRACT, "server", {
        sink: (bytes) => void (this.recordedBytes += bytes.length),
      })
      : undefined;
    this.#server = new RpcServer(CONTRACT, {
      limits: LIMITS,
      ...(recorder && { observer: recorder, clock: recorder.clock }),
    });
    this.#server.on("strike", ({ amount }) => {
      this.served += amount === Infinity ? 0 : 1;
    });
    this.#server.answer("buy", ({ item }) => ({ ok: true, gold: item.length }));
    for (let i = 1; i <= clients; i++) {
      const pair = new MemoryLinkPair();
      const id = clientId(i);
      this.#server.connect(recorder?.link(pair.a, id) ?? pair.a, id);
      const client = new RpcClient(CONTRACT, pair.b);
      client.on("strike", () => void this.heard++);
      this.#pairs.push(pair);
      this.clients.push(client);
    }
    for (let i = 0; i < 100 && !this.#isReady; i++) this.frame(0, 0);
    if (!this.#isReady) throw new Error("Cannot measure: nobody is ready");
    this.serverMs = 0;
  }

  get #isReady(): boolean {
    return this.clients.every(({ isReady }) => isReady);
  }

  /** A frame in which each client makes calls, and the server makes some to all of them. */
  frame(callsIn: number, callsOut: number, tickets = 0): void {
    for (const [i, client] of this.clients.entries()) {
      for (let k = 0; k < callsIn; k++) {
        client.send("strike", this.#take(), RpcTarget.server());
      }
      for (let k = 0; k < tickets; k++) {
        client.call("buy", { item: this.#take().text });
      }
      client.tick(DT);
      for (const event of client.drainEvents()) {
        if (event.type === "result") this.answered++;
      }
      this.#pairs[i]!.tick(DT);
    }
    for (let k = 0; k < callsOut; k++) {
      this.#server.send("strike", this.#take(), RpcTarget.all());
    }
    const startMs = performance.now();
    this.#server.tick(DT);
    this.serverMs += performance.now() - startMs;
    for (const _ of this.#server.drainEvents());
  }

  /** Fails unless all calls have arrived, but for those of the last frames. */
  check(what: string, arrived: number, sent: number, underWay: number): void {
    if (arrived <= sent && arrived >= sent - underWay) return;
    throw new Error(
      `Cannot measure as ${sent} ${what} must arrive: current value is ${arrived}`,
    );
  }

  #take(): Params {
    this.#next = (this.#next + 1) % this.#params.length;
    return this.#params[this.#next]!;
  }
}
