import { assert, assertEquals, assertThrows } from "@std/assert";
import { deflateRawSync } from "node:zlib";
import { renderOpenMetrics } from "../../core/mod.ts";
import { Deflater } from "../mux/deflater.ts";
import { outMessage } from "../mux/out_message.ts";
import { Client, World } from "./_testing/hub_world.ts";

const STATE = JSON.stringify(
  Array.from({ length: 40 }, (_, id) => ({ id, x: id * 3, y: 7, hp: 100 })),
);

function metric(world: World, sample: string): number {
  const line = renderOpenMetrics(world.hub.metrics()).split("\n").find((one) =>
    one.startsWith(`tickwire_hub_${sample} `)
  );
  assert(line !== undefined, sample);
  return Number(line.slice(line.lastIndexOf(" ")));
}

/** A client that deflates what has a kilobyte. */
function deflating(world: World, name: string): [Client, Deflater] {
  const deflater = new Deflater({ minBytes: 1_000 });
  return [new Client(world, name, deflater), deflater];
}

Deno.test("WsHub.publish() deflates a message once for all who take that, and as it is for the others", async () => {
  const world = new World({ deflateMinBytes: 1_000 });
  const clients: Client[] = [];
  const deflaters: Deflater[] = [];
  for (let i = 0; i < 8; i++) {
    const [client, deflater] = deflating(world, `p${i}`);
    deflaters.push(deflater);
    clients.push(await world.connect(`p${i}`, i === 7 ? undefined : client));
  }
  for (const client of clients) client.subscribe("state");
  world.run();
  assertEquals(world.hub.publish("state", STATE), 8);
  assertEquals(world.hub.publish("state", "short"), 8);
  world.run(1);
  // Who waits for nothing has both already.
  assertEquals(clients[7]!.messages, [`state: ${STATE}`, "state: short"]);
  await world.until(() => clients.every(({ messages }) => messages.length > 1));
  for (const { messages } of clients) {
    assertEquals(messages, [`state: ${STATE}`, "state: short"]);
  }
  assertEquals(metric(world, 'deflate_messages_total{outcome="deflated"}'), 1);
  const saved = metric(world, 'saved_bytes_total{direction="out"}');
  const savedByOne = deflaters[0]!.savedBytesIn;
  assert(savedByOne > STATE.length / 2);
  assertEquals(saved, 7 * savedByOne);
  // What is kept for who comes later is deflated already.
  const [late, lateDeflater] = deflating(world, "late");
  clients.push(await world.connect("late", late));
  late.subscribe("state", 5);
  world.run();
  assertEquals(late.messages, [`state: ${STATE}`, "state: short"]);
  assertEquals(lateDeflater.savedBytesIn, savedByOne);
  assertEquals(metric(world, 'deflate_messages_total{outcome="deflated"}'), 1);
});

Deno.test("WsHub.sendTo() deflates a message that is shared once for all who get it", async () => {
  const world = new World({ deflateMinBytes: 1_000, maxMessageBytes: 4_000 });
  const clients: Client[] = [];
  for (let i = 0; i < 4; i++) {
    const [client] = deflating(world, `p${i}`);
    clients.push(await world.connect(`p${i}`, i === 3 ? undefined : client));
  }
  world.run();
  const ids = world.events.flatMap((event) =>
    event.type === "clientConnected" ? [event.client] : []
  );
  const message = outMessage(new TextEncoder().encode(STATE), { isText: true });
  for (const id of ids) assert(world.hub.sendTo(id, "state", message));
  world.run();
  // And who is told later.
  assert(world.hub.sendTo(ids[0]!, "state", message));
  const expected = [`state: ${STATE}`];
  await world.until(() =>
    clients.every(({ messages }, i) => messages.length === (i === 0 ? 2 : 1))
  );
  for (const [i, { messages }] of clients.entries()) {
    assertEquals(messages, i === 0 ? [...expected, ...expected] : expected);
  }
  assertEquals(metric(world, 'deflate_messages_total{outcome="deflated"}'), 1);
  assertThrows(
    () => world.hub.sendTo(ids[0]!, "state", outMessage(new Uint8Array(4_001))),
    RangeError,
    "length must be <= 4000: current value is 4001",
  );
  world.hub.remove(ids[0]!);
  assert(!world.hub.sendTo(ids[0]!, "state", message));
});

Deno.test("WsHub inflates what a client sends, for others too", async () => {
  const world = new World({ deflateMinBytes: 1_000 });
  const [ada, deflater] = deflating(world, "ada");
  await world.connect("ada", ada);
  const bob = await world.connect("bob");
  bob.subscribe("chat");
  const id = ada.session.openChannel("chat")!;
  ada.session.send(id, new TextEncoder().encode(STATE), { isText: true });
  await world.until(() => bob.messages.length > 0);
  assertEquals(bob.messages, [`chat: ${STATE}`]);
  const message = world.events.find(({ type }) => type === "message");
  assert(message?.type === "message");
  assertEquals(new TextDecoder().decode(message.bytes), STATE);
  const saved = metric(world, 'saved_bytes_total{direction="in"}');
  assertEquals(saved, deflater.savedBytesOut);
  assert(saved > 0);
});

Deno.test("WsHub sends a deflated message in the tick after it is done", async () => {
  const world = new World({ deflateMinBytes: 1_000 });
  const [ada] = deflating(world, "ada");
  await world.connect("ada", ada);
  ada.subscribe("state");
  world.run();
  const { sent } = ada.socket!;
  world.hub.publish("state", STATE);
  const deadlineMs = performance.now() + 30_000;
  while (sent.length === 0) {
    assert(performance.now() < deadlineMs, "it takes too long");
    await new Promise((resolve) => setTimeout(resolve));
    // No time in which all clients are looked at.
    world.hub.tick(0);
  }
});

function varint(value: number): number[] {
  return value < 128 ? [value] : [value & 0x7f | 0x80, ...varint(value >> 7)];
}

/** A client whose session is left alone after it has opened channel 1. */
async function hostile(world: World): Promise<Client> {
  const [eve] = deflating(world, "eve");
  await world.connect("eve", eve);
  eve.session.send(eve.session.openChannel("a")!, new Uint8Array(1));
  world.run();
  world.clients.splice(world.clients.indexOf(eve), 1);
  return eve;
}

function sendStream({ socket }: Client, stream: Uint8Array): void {
  const frame = [0x82, 1, ...varint(stream.length), ...stream];
  socket!.emit("message", { data: Uint8Array.from(frame).buffer });
}

Deno.test("WsHub closes the socket of a client whose stream is wrong, or too long", async () => {
  const deflated = (length: number): Uint8Array =>
    new Uint8Array(deflateRawSync(new Uint8Array(length)));
  for (
    const [bytes, code, reason] of [
      [deflated(3_000).subarray(0, -1), 4002, "malformed"],
      [deflated(4_001), 4003, "messageTooLarge"],
      [new Uint8Array(4_500), 4003, "messageTooLarge"],
    ] as const
  ) {
    const world = new World({ deflateMinBytes: 1, maxMessageBytes: 4_000 });
    const eve = await hostile(world);
    sendStream(eve, bytes);
    world.run(1);
    assertEquals(eve.socket!.closed, { code, reason });
    assertEquals(world.events.at(-1)?.type, "clientLeft");
  }
});

Deno.test("WsHub inflates no more of a client than its rate allows", async () => {
  const world = new World({
    deflateMinBytes: 1,
    rate: { perSecond: 100, burst: 1_000 },
  });
  const eve = await hostile(world);
  const bomb = new Uint8Array(deflateRawSync(new Uint8Array(2 ** 20)));
  const inflated = (): number =>
    metric(world, 'saved_bytes_total{direction="in"}') / 2 ** 20;
  for (let i = 0; i < 100; i++) sendStream(eve, bomb);
  world.hub.tick(0.05);
  // 128 each, and the last one may overdraw.
  assert(inflated() > 6 && inflated() < 8, `${inflated()}`);
  const before = inflated();
  for (let i = 0; i < 200; i++) {
    world.clock.advance(50);
    world.hub.tick(0.05);
  }
  const perSecond = (inflated() - before) / 10;
  assert(perSecond > 0.5 && perSecond < 1, `${perSecond}`);
  assertEquals(eve.socket!.closed, undefined);
});

Deno.test("WsHub refuses a deflateMinBytes that is none", () => {
  for (const deflateMinBytes of [0, -1, 1.5, NaN, 2 ** 31]) {
    assertThrows(() => new World({ deflateMinBytes }), RangeError);
  }
});
