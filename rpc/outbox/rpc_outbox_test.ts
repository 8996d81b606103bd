import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { bool, Channel, list, string, struct } from "../../protocol/mod.ts";
import { defineRpc } from "../contract/define_rpc.ts";
import { CallReader } from "../wire/call_reader.ts";
import { RpcPacketKind } from "../wire/packet_kind.ts";
import { CallStore } from "./_call_store.ts";
import { game, randomCall } from "./_testing/outbox_calls.ts";
import { CallEncoder } from "./call_encoder.ts";
import { type OutboxResult, RpcOutbox } from "./rpc_outbox.ts";

const KIND = RpcPacketKind.ServerCalls;

class Bench {
  readonly encoder = new CallEncoder(KIND, 4_000);
  readonly reader = new CallReader(game.rpcs);
  readonly outbox: RpcOutbox;
  /** What the link has taken: the calls of each packet. */
  readonly sent: number[][] = [];
  isOpen = true;

  constructor(options?: ConstructorParameters<typeof RpcOutbox>[2]) {
    this.outbox = new RpcOutbox(KIND, 4_000, options);
  }

  push(name: string, params: Readonly<Record<string, unknown>>): OutboxResult {
    const rpc = game.byName.get(name)!;
    assertEquals(this.encoder.encode(rpc, 0, 0, 0, params), undefined);
    return this.outbox.push(this.encoder);
  }

  flush(): void {
    this.outbox.flush((packet) => {
      if (!this.isOpen) return false;
      assertEquals(this.reader.read(packet, KIND), undefined);
      const { reader } = this;
      this.sent.push(
        Array.from(
          { length: reader.count },
          (_, i) => reader.at(i).params.n as number,
        ),
      );
      return true;
    });
  }
}

Deno.test("RpcOutbox puts a coalesced call where it was made, not where the older one stood", () => {
  const bench = new Bench();
  bench.push("health", { who: 1, kind: "life", n: 1 });
  bench.push("say", { n: 2, text: "spawn" });
  assertEquals(
    bench.push("health", { who: 1, kind: "life", n: 3 }),
    "coalesced",
  );
  assertEquals(bench.push("health", { who: 2, kind: "life", n: 4 }), "queued");
  bench.flush();
  assertEquals(bench.sent, [[2, 3, 4]]);
});

Deno.test("RpcOutbox sends a coalesced call in each tick that makes one after its mark", () => {
  const bench = new Bench();
  bench.push("weather", { n: 0 });
  for (let n = 1; n < 4; n++) {
    bench.outbox.mark();
    assertEquals(bench.push("weather", { n }), "queued");
    bench.flush();
  }
  assertEquals(bench.sent, [[0], [1], [2]]);
  assertEquals(bench.outbox.waiting, 1);
});

Deno.test("RpcOutbox keeps one coalesced call however long the link takes nothing", () => {
  const bench = new Bench();
  bench.isOpen = false;
  bench.push("say", { n: 0, text: "first" });
  for (let n = 1; n < 1_000; n++) {
    bench.outbox.mark();
    bench.push("weather", { n });
    bench.flush();
    assertEquals(bench.outbox.waiting, 2);
  }
  bench.isOpen = true;
  bench.flush();
  assertEquals(bench.sent, [[0, 999]]);
});

Deno.test("RpcOutbox never drops a reliable call that it took", () => {
  const bench = new Bench({ maxCalls: 4 });
  const data = new Uint8Array(4);
  bench.push("spark", { n: 1, data });
  bench.push("shot", { n: 2, data });
  bench.push("boom", { n: 3, data });
  bench.push("glow", { n: 4, who: 1 });
  const results = [10, 11, 12, 13, 14].map((n) => bench.push("act", { n }));
  assertEquals(results, ["queued", "queued", "queued", "queued", "full"]);
  assertEquals(bench.push("shot", { n: 15, data }), "full");
  bench.flush();
  assertEquals(bench.sent, [[10, 11, 12, 13]]);
  const { droppedCosmetic, droppedUnreliable, refused } = bench.outbox.counts;
  assertEquals([droppedCosmetic, droppedUnreliable, refused], [3, 1, 2]);
});

Deno.test("RpcOutbox drops for a cosmetic call only what matters no more", () => {
  const bench = new Bench({ maxCalls: 2 });
  const data = new Uint8Array(4);
  bench.push("boom", { n: 1, data });
  bench.push("spark", { n: 2, data });
  assertEquals(bench.push("glow", { n: 3, who: 1 }), "full");
  assertEquals(bench.push("spark", { n: 4, data }), "queued");
  assertEquals(bench.push("boom", { n: 5, data }), "queued");
  assertEquals(bench.push("spark", { n: 6, data }), "full");
  bench.flush();
  assertEquals(bench.sent, [[1, 5]]);
});

Deno.test("RpcOutbox lets cosmetic calls wait for room, and drop out when they are old", () => {
  const bench = new Bench({ budgetBytes: 60, cosmeticMaxAgeMs: 100 });
  const data = new Uint8Array(50);
  for (let n = 1; n <= 4; n++) bench.push("boom", { n, data });
  bench.push("act", { n: 0 });
  // One fits each flush; when the fourth is left over for the third time, it is too old.
  for (let tick = 0; tick < 6; tick++) {
    bench.flush();
    bench.outbox.tick(0.05);
  }
  assertEquals(bench.sent, [[0], [1], [2], [3]]);
  assertEquals([bench.outbox.counts.agedOut, bench.outbox.waiting], [1, 0]);
});

Deno.test("RpcOutbox gives a large call a packet of its own", () => {
  const bench = new Bench({ packetBytes: 100 });
  bench.push("say", { n: 1, text: "a" });
  bench.push("say", { n: 2, text: "b".repeat(500) });
  bench.push("say", { n: 3, text: "c" });
  bench.push("say", { n: 4, text: "d" });
  bench.flush();
  assertEquals(bench.sent, [[1], [2], [3, 4]]);
  const small = new RpcOutbox(KIND, 200);
  const say = game.byName.get("say")!;
  const { encoder } = bench;
  encoder.encode(say, 0, 0, 0, { n: 1, text: "e".repeat(300) });
  assertEquals(small.push(encoder), "tooLarge");
  assertEquals([small.waiting, small.counts.refused], [0, 1]);
});

Deno.test("RpcOutbox makes no packet whose values weigh too much for their bytes", () => {
  const heavy = defineRpc({
    say: { params: { text: string({ maxBytes: 2_000 }) }, from: "any" },
    set: {
      params: { all: list(struct({ on: bool }), { maxLength: 2_000 }) },
      from: "any",
    },
  });
  const encoder = new CallEncoder(KIND, 4_000);
  const outbox = new RpcOutbox(KIND, 4_000, { packetBytes: 1_200 });
  const push = (name: "say" | "set", params: Record<string, unknown>): void => {
    const rpc = heavy.byName.get(name)!;
    assertEquals(encoder.encode(rpc, 0, 0, 0, params), undefined);
    assertEquals(outbox.push(encoder), "queued");
  };
  // Each has an excess of some 25,000.
  const all = new Array(400).fill({ on: true });
  for (let i = 0; i < 7; i++) {
    push("set", { all });
    // Which makes up for nothing.
    push("say", { text: "x".repeat(200) });
  }
  const sent: number[] = [];
  const reader = new CallReader(heavy.rpcs);
  outbox.flush((packet) => {
    assertEquals(reader.read(packet, KIND), undefined);
    sent.push(reader.count);
    return true;
  });
  assertEquals(sent, [4, 4, 4, 2]);
  const set = heavy.byName.get("set")!;
  const most = new Array(2_000).fill({ on: true });
  assertEquals(encoder.encode(set, 0, 0, 0, { all: most }), "tooLarge");
});

Deno.test("RpcOutbox.clear() drops all, and goes on from there", () => {
  const bench = new Bench();
  bench.push("weather", { n: 1 });
  bench.push("act", { n: 2 });
  bench.outbox.mark();
  bench.outbox.clear();
  assertEquals([bench.outbox.waiting, bench.outbox.waitingBytes], [0, 0]);
  assertEquals(bench.outbox.counts.cleared, 2);
  assertEquals(bench.push("weather", { n: 3 }), "queued");
  bench.flush();
  assertEquals(bench.sent, [[3]]);
});

Deno.test("RpcOutbox refuses to be used by its sink, and stays whole if that throws", () => {
  const bench = new Bench();
  const { outbox, encoder } = bench;
  bench.push("act", { n: 1 });
  const uses: readonly (() => void)[] = [
    () => outbox.push(encoder),
    () => outbox.flush(() => true),
    () => outbox.mark(),
    () => outbox.clear(),
  ];
  for (const use of uses) {
    assertThrows(
      () =>
        outbox.flush(() => {
          use();
          return true;
        }),
      TypeError,
      "Cannot use an outbox as its sink must not call it",
    );
  }
  bench.flush();
  assertEquals(bench.sent, [[1]]);
});

Deno.test("RpcOutbox refuses options out of range, and an encoder that holds nothing", () => {
  const wrong: readonly (readonly [number, Record<string, number>])[] = [
    [63, {}],
    [NaN, {}],
    [100, { maxCalls: 0 }],
    [100, { maxCalls: 1.5 }],
    [100, { maxBytes: 63 }],
    [100, { packetBytes: 0 }],
    [100, { budgetBytes: -1 }],
    [100, { cosmeticMaxAgeMs: NaN }],
  ];
  for (const [maxMessageBytes, options] of wrong) {
    assertThrows(
      () => new RpcOutbox(KIND, maxMessageBytes, options),
      RangeError,
    );
  }
  const encoder = new CallEncoder(KIND, 100);
  const outbox = new RpcOutbox(KIND, 100);
  assertThrows(() => outbox.push(encoder), TypeError, "must hold one");
  const act = game.byName.get("act")!;
  assertEquals(encoder.encode(act, 0, 0, 0, { n: 1 }), undefined);
  assertEquals(encoder.encode(act, 0, 0, 0, { n: -1 }), "range");
  assertThrows(() => outbox.push(encoder), TypeError, "must hold one");
  const say = game.byName.get("say")!;
  const text = "x".repeat(200);
  assertEquals(encoder.encode(say, 0, 0, 0, { n: 1, text }), "tooLarge");
});

Deno.test("CallStore takes at most twice its bounds, whatever goes in and out", () => {
  const random = new SeededRandom(5);
  const [maxCalls, maxBytes] = [300, 20_000];
  const store = new CallStore(maxCalls, maxBytes);
  const encoder = new CallEncoder(KIND, 1_000);
  let compactions = 0;
  let pushes = 0;
  for (let n = 0; n < 8_000; n++) {
    const { rpc, params } = randomCall(random, n);
    const ticket = rpc.definition.reply === undefined ? 0 : 1;
    encoder.encode(rpc, 0, 0, ticket, params);
    const size = encoder.end - encoder.start + encoder.keyLength;
    while (store.count >= maxCalls || store.byteLength + size > maxBytes) {
      let place = random.nextU32() % store.end;
      while (store.states[place] === 0) place = (place + 1) % store.end;
      store.remove(place);
    }
    while (store.makePlace(size)) {
      store.compact();
      compactions++;
    }
    store.append(encoder, 0, 0);
    pushes++;
    assert(store.states.length <= 2 * maxCalls);
    assert(store.bytes.length <= 2 * maxBytes);
    assert(store.rpcs.length <= 2 * maxCalls);
  }
  // Each closes up at least as much as it moves.
  assert(compactions < pushes / 50, `${compactions} of ${pushes}`);
  for (let place = store.end - 1; place >= 0; place--) {
    if (store.states[place] !== 0) store.remove(place);
  }
  assertEquals([store.count, store.byteLength, store.end], [0, 0, 0]);
});

Deno.test("RpcOutbox sends what nothing may be lost of first", () => {
  const bench = new Bench();
  const data = new Uint8Array(2);
  bench.push("shot", { n: 1, data });
  bench.push("pose", { n: 2, who: 1, name: "" });
  bench.push("act", { n: 3 });
  bench.push("say", { n: 4, text: "" });
  const channels: Channel[] = [];
  bench.outbox.flush((_, channel) => channels.push(channel) > 0);
  assertEquals(channels, [
    Channel.ReliableOrdered,
    Channel.Reliable,
    Channel.UnreliableOrdered,
    Channel.Unreliable,
  ]);
  const { sent, sentPackets } = bench.outbox.counts;
  assertEquals([sent, sentPackets], [4, 4]);
});
