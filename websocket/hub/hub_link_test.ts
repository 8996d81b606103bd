import { assert, assertEquals, assertThrows } from "@std/assert";
import { deflateRawSync } from "node:zlib";
import { testMessageLink } from "../../protocol/_testing/message_link_conformance.ts";
import { ByteWriter, Channel, type MessageLink } from "../../protocol/mod.ts";
import { MemoryNetwork } from "../_testing/memory_network.ts";
import type { WsClient } from "../client.ts";
import type { WsClientOptions } from "../client_options.ts";
import type { WsEvent } from "../event.ts";
import { DataFlag, Delivery } from "../mux/record.ts";
import { RecordWriter } from "../mux/record_writer.ts";
import type { ClientId, WsHubEvent } from "./hub_event.ts";
import type { WsHub } from "./hub.ts";
import type { WsHubOptions } from "./hub_options.ts";
import { World } from "./_testing/hub_world.ts";

const { Reliable, ReliableOrdered, Unreliable } = Channel;
const STEP_MS = 20;
/** Longer than an acknowledgement waits, and than a hub takes to look at all. */
const IDLE_STEPS = 5;

/** A client and a hub, and the links between them. */
class Pair {
  readonly network = new MemoryNetwork();
  readonly hub: WsHub;
  readonly client: WsClient;
  readonly hubEvents: WsHubEvent[] = [];

  constructor(
    hubOptions: Partial<WsHubOptions> = {},
    clientOptions: Partial<WsClientOptions> = {},
  ) {
    this.hub = this.network.start({
      rate: { perSecond: 1e6, burst: 1e6 },
      ...hubOptions,
    });
    this.client = this.network.client("ada", 1, clientOptions);
    this.client.connect();
  }

  /** Returns whether anything was on its way. */
  async step(): Promise<boolean> {
    this.network.clock.advance(STEP_MS);
    this.client.tick(STEP_MS / 1_000);
    for (const _ of this.client.drainEvents());
    const isBusy = await this.network.pump();
    this.network.hub?.tick(STEP_MS / 1_000);
    this.hubEvents.push(...this.network.hub?.drainEvents() ?? []);
    return isBusy;
  }

  async settle(): Promise<void> {
    for (let idle = 0; idle < IDLE_STEPS;) {
      idle = await this.step() ? 0 : idle + 1;
    }
  }

  /** The hub's end, as soon as the client is there. */
  async link(name = "game"): Promise<MessageLink> {
    for (let i = 0; i < 100; i++) {
      const link = this.hub.link(this.id, name);
      if (link !== undefined) return link;
      await this.step();
    }
    throw new Error("The client does not come");
  }

  get id(): ClientId {
    const event = this.hubEvents.findLast(({ type }) =>
      type === "clientConnected"
    );
    return event?.type === "clientConnected" ? event.client : 0 as ClientId;
  }
}

testMessageLink("WsClient.link() with WsHub.link()", async (run) => {
  const pair = new Pair();
  const a = pair.client.link("game");
  await run({ a, b: await pair.link(), settle: () => pair.settle() });
});

testMessageLink("WsHub.link() with WsClient.link()", async (run) => {
  const pair = new Pair({ maxMessageBytes: 20_000, maxFrameBytes: 2_048 });
  const b = pair.client.link("game");
  await run({ a: await pair.link(), b, settle: () => pair.settle() });
});

function bytesOf(...bytes: number[]): Uint8Array {
  return Uint8Array.from(bytes);
}

function take(link: MessageLink): number[] {
  const got: number[] = [];
  link.poll((bytes) => got.push(bytes[0]!));
  return got;
}

Deno.test("WsHub.link() sends with the tick that follows, and its messages are no events", async () => {
  const pair = new Pair();
  const atClient = pair.client.link("game");
  const atHub = await pair.link();
  assertEquals(pair.hub.link(pair.id, "game"), atHub);
  await pair.settle();
  assert(atClient.send(bytesOf(1), ReliableOrdered));
  await pair.settle();
  assertEquals(take(atHub), [1]);
  assert(atHub.send(bytesOf(2), Unreliable));
  // Not in its turn with all clients, but as it has something to send.
  pair.hub.tick(0);
  await pair.network.pump();
  pair.client.tick(0);
  assertEquals(take(atClient), [2]);
  assertEquals(pair.hubEvents.map(({ type }) => type), ["clientConnected"]);
});

Deno.test("WsHub.link() lets the client send on as it is polled", async () => {
  const pair = new Pair();
  const atClient = pair.client.link("game");
  const atHub = await pair.link();
  await pair.settle();
  const message = new Uint8Array(60_000);
  let sent = 0;
  while (atClient.send(message, Reliable)) sent += 1;
  await pair.settle();
  const first = take(atHub).length;
  assert(first > 0 && first < sent, `${first} of ${sent}`);
  pair.hub.tick(0);
  await pair.network.pump();
  assert(pair.client.pendingOutbound > 0);
  let got = first;
  for (let i = 0; i < 1_000 && got < sent; i++) {
    await pair.settle();
    got += take(atHub).length;
  }
  assertEquals(got, sent);
});

Deno.test("WsHub.link() goes on over cuts", async () => {
  const pair = new Pair();
  const atClient = pair.client.link("game");
  const atHub = await pair.link();
  await pair.settle();
  const got: number[] = [];
  for (let i = 0; i < 30; i++) {
    assert(atHub.send(bytesOf(i), ReliableOrdered));
    if (i % 3 === 0) {
      pair.hub.tick(0);
      pair.network.cut(0);
    }
    while (!pair.client.isConnected) await pair.step();
    await pair.settle();
    got.push(...take(atClient));
  }
  assertEquals(got, Array.from({ length: 30 }, (_, i) => i));
  assertEquals([atClient.state.type, atHub.state.type], ["open", "open"]);
});

Deno.test("WsClient.link() for the next session has what its hub said before", async () => {
  const pair = new Pair();
  const { network, client } = pair;
  const old = client.link("game");
  await pair.link();
  await pair.settle();
  network.kill();
  const hub = network.start();
  const events: WsEvent[] = [];
  while (!events.some(({ type }) => type === "session")) {
    network.clock.advance(STEP_MS);
    client.tick(STEP_MS / 1_000);
    events.push(...client.drainEvents());
    await network.pump();
    hub.tick(STEP_MS / 1_000);
    // As soon as the client is there, and so before it can know.
    for (const event of hub.drainEvents()) {
      if (event.type !== "clientConnected") continue;
      const link = hub.link(event.client, "game")!;
      assert(link.send(bytesOf(7), ReliableOrdered));
      hub.flush();
    }
  }
  old.close("over");
  const next = client.link("game");
  assert(next !== old);
  await pair.settle();
  assertEquals(take(next), [7]);
  assertEquals(events.filter(({ type }) => type === "message"), []);
});

Deno.test("WsHub.link() closes when its client leaves, after what had come", async () => {
  const closed = { type: "closed", reason: "the session was closed" } as const;
  for (const how of ["close", "remove", "hub", "expire"]) {
    const pair = new Pair({ resumeWindowMs: 1_000 });
    const atClient = pair.client.link("game");
    const atHub = await pair.link();
    await pair.settle();
    assert(atClient.send(bytesOf(1), ReliableOrdered), how);
    await pair.settle();
    if (how === "close") pair.client.close();
    else if (how === "remove") pair.hub.remove(pair.id);
    else if (how === "hub") pair.hub.close();
    else {
      pair.client.setOnline(false);
      pair.network.cut(0);
    }
    for (let i = 0; i < 100; i++) await pair.step();
    const left = pair.hubEvents.filter(({ type }) => type === "clientLeft");
    // Whether or not somebody polls.
    assertEquals([left.length, pair.hub.clientCount], [1, 0], how);
    assertEquals(atHub.state.type, "open", how);
    assertEquals(take(atHub), [1], how);
    assertEquals(atHub.state, closed, how);
    assertEquals(atHub.send(bytesOf(2), Reliable), false, how);
    assertEquals(pair.hub.link(pair.id, "game"), undefined, how);
  }
});

Deno.test("WsHub.link() hands out no more than the client's rate, and loses nothing", async () => {
  const pair = new Pair({ rate: { perSecond: 10, burst: 5 } });
  const atClient = pair.client.link("game");
  const atHub = await pair.link();
  await pair.settle();
  for (let i = 0; i < 30; i++) {
    assert(atClient.send(bytesOf(i), ReliableOrdered));
  }
  const got: number[] = [];
  for (let i = 0; i < 1_000 / STEP_MS; i++) {
    await pair.step();
    got.push(...take(atHub));
  }
  assert(got.length >= 10 && got.length <= 16, `${got.length} in a second`);
  for (let i = 0; i < 3_000 / STEP_MS; i++) {
    await pair.step();
    got.push(...take(atHub));
  }
  assertEquals(got, Array.from({ length: 30 }, (_, i) => i));
});

Deno.test("WsHub.link() counts what a client's messages become against its rate", async () => {
  const world = new World({
    deflateMinBytes: 1_000,
    rate: { perSecond: 128, burst: 128 },
  });
  const socket = await world.connectSocket("ada");
  const frame = new ByteWriter();
  const records = new RecordWriter(frame);
  records.hello({
    minVersion: 1,
    maxVersion: 1,
    canDeflate: true,
    session: undefined,
    received: 0,
    maxFrameBytes: 65_536,
    maxMessageBytes: 1_048_576,
    windowBytes: 262_144,
  });
  socket.emit("message", { data: frame.toBytes().buffer });
  world.run(1);
  const connected = world.events[0]!;
  assert(connected.type === "clientConnected");
  const link = world.hub.link(connected.client, "game")!;
  const stream = new Uint8Array(deflateRawSync(new Uint8Array(2 ** 20)));
  frame.reset();
  records.open({
    channel: 1,
    name: `game.${ReliableOrdered}`,
    delivery: Delivery.ExactlyOnce,
    priority: 4,
  });
  for (let i = 0; i < 20; i++) {
    records.data(1, DataFlag.Deflated, 0, stream, 0, stream.length);
  }
  socket.emit("message", { data: frame.toBytes().buffer });
  world.run(1);
  let inflated = 0;
  const poll = (): void => link.poll((bytes) => inflated += bytes.length);
  poll();
  // Of 128 at once and as many a second each takes 128, and one for itself.
  assert(inflated <= 2 ** 20, `${inflated}`);
  for (let i = 0; i < 100; i++) {
    world.run(1);
    poll();
  }
  const inFiveSeconds = inflated / 2 ** 20;
  assert(inFiveSeconds >= 4 && inFiveSeconds <= 6, `${inFiveSeconds}`);
});

Deno.test("WsHub.link() refuses a name that is too long or empty", async () => {
  const pair = new Pair();
  await pair.link();
  for (const name of ["", "x".repeat(127)]) {
    assertThrows(() => pair.hub.link(pair.id, name), RangeError, "1 to 126");
  }
});

Deno.test("WsHub.link() and WsClient.link() refuse a ninth at a time", async () => {
  const pair = new Pair();
  await pair.link("0");
  await pair.settle();
  const atHub: MessageLink[] = [];
  for (let i = 0; i < 8; i++) {
    atHub.push(pair.hub.link(pair.id, `${i}`)!);
    const atClient = pair.client.link(`${i}`);
    for (const channel of [0, 1, 2, 3] as const) {
      assert(atClient.send(bytesOf(i), channel));
      assert(atHub[i]!.send(bytesOf(i), channel));
    }
  }
  assertThrows(() => pair.hub.link(pair.id, "8"), RangeError, "<= 8");
  assertThrows(() => pair.client.link("8"), RangeError, "<= 8");
  await pair.settle();
  for (const link of atHub) assertEquals(take(link).length, 4);
  assert(pair.client.isConnected);
  atHub[0]!.close("");
  assert(pair.hub.link(pair.id, "8") !== undefined);
});
