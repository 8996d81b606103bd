import { assert, assertEquals, assertThrows } from "@std/assert";
import { Rig } from "./_testing/client_rig.ts";
import { WsClient } from "./client.ts";
import type { ChannelConfig } from "./client_options.ts";
import { WsMessage } from "./message.ts";
import { decodeControl, encodeControl } from "./mux/control_message.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What the hub was asked since the last time. */
function asked(rig: Rig): string[] {
  return rig.atHub.splice(0).flatMap((event) => {
    if (event.type !== "control") return [];
    const message = decodeControl(event.bytes);
    return message === undefined
      ? []
      : message.type === "subscribe"
      ? [`+${message.channel} ${message.history} ${message.withPresence}`]
      : message.type === "unsubscribe"
      ? [`-${message.channel}`]
      : [];
  });
}

function texts(rig: Rig): string[] {
  return rig.of("message").map(({ message }) => WsMessage.asText(message)!);
}

Deno.test("WsClient.subscribe() takes a ChannelConfig", () => {
  const rig = new Rig();
  assert(
    rig.client.subscribe({ name: "chat", history: 7, presence: true }),
  );
  assert(rig.client.subscribe("news", { history: 9 }));
  rig.run();
  assertEquals(asked(rig), ["+chat 7 true", "+news 9 false"]);
  const past = { history: 3, omitted: 4 };
  rig.hub.control(encodeControl({ type: "subscribed", request: 1, ...past }));
  rig.run();
  assertEquals(rig.of("subscribed"), [
    { type: "subscribed", channel: "chat", ...past },
  ]);
});

Deno.test("WsClient.channels lists what is subscribed to, and what could be", () => {
  const { client } = new Rig();
  const filter = () => true;
  assertEquals(client.channels, []);
  client.subscribe("chat", { history: 7 });
  client.subscribe({ name: "news", active: false, filter });
  const chat = { name: "chat", history: 7, presence: false, active: true };
  const news = { name: "news", history: 0, presence: false, active: false };
  assertEquals(client.channels, [chat, { ...news, filter }]);
  // The last word counts, as a whole.
  client.subscribe("news");
  assertEquals(client.channels, [chat, { ...news, active: true }]);
  assertEquals(client.unsubscribe("chat"), true);
  assertEquals(client.unsubscribe("chat"), false);
  assertEquals(client.channels, [{ ...news, active: true }]);
});

Deno.test("WsClient.subscribe() remembers an inactive channel and asks no hub", () => {
  const rig = new Rig();
  const chat: ChannelConfig = { name: "chat", history: 3 };
  assertEquals(rig.client.subscribe({ ...chat, active: false }), false);
  rig.run();
  rig.restartHub();
  rig.cut();
  assertEquals(asked(rig), []);
  // What the list says can be given back.
  const [known] = rig.client.channels;
  assert(rig.client.subscribe({ ...known!, active: true }));
  rig.run();
  assertEquals(asked(rig), ["+chat 3 false"]);
  // And a channel that is active is left.
  assertEquals(rig.client.subscribe({ ...chat, active: false }), false);
  rig.run();
  assertEquals(asked(rig), ["-chat"]);
  // The hub is told once.
  rig.client.subscribe({ ...chat, active: false });
  assertEquals(rig.client.unsubscribe("chat"), true);
  rig.run();
  assertEquals(asked(rig), []);
});

Deno.test("WsClient asks a hub that lost the session for active channels alone", () => {
  const rig = new Rig();
  rig.client.subscribe("chat");
  rig.client.subscribe({ name: "news", active: false });
  rig.client.subscribe("gone");
  rig.client.unsubscribe("gone");
  rig.run();
  asked(rig);
  rig.restartHub();
  rig.cut();
  assertEquals(asked(rig), ["+chat 0 false"]);
});

Deno.test("WsClient keeps a channel that was denied, inactive", () => {
  const rig = new Rig();
  rig.client.subscribe("vip");
  rig.run();
  const deny = (request: number): boolean =>
    rig.hub.control(encodeControl({ type: "denied", request, reason: "no" }));
  deny(1);
  rig.run();
  assertEquals(rig.of("subscriptionDenied").length, 1);
  assertEquals(rig.client.channels.map(({ active }) => active), [false]);
  // The answer to an older question says nothing of a newer one.
  rig.client.subscribe("vip");
  rig.client.subscribe("vip");
  rig.run();
  deny(2);
  rig.run();
  assertEquals(rig.client.channels.map(({ active }) => active), [true]);
});

Deno.test("WsClient keeps a channel that the hub has ended, inactive, and asks no more", () => {
  const rig = new Rig();
  rig.client.subscribe({ name: "vip", history: 3 });
  rig.client.subscribe({ name: "idle", active: false });
  rig.run();
  asked(rig);
  const end = (channel: string): void => {
    const reason = "not allowed";
    rig.hub.control(encodeControl({ type: "unsubscribed", channel, reason }));
    rig.run();
  };
  rig.hub.control(
    encodeControl({ type: "subscribed", request: 1, history: 0, omitted: 0 }),
  );
  // Those that it does not have, it has left meanwhile.
  for (const channel of ["vip", "vip", "idle", "unknown"]) end(channel);
  assertEquals(rig.of("subscriptionDenied"), [
    { type: "subscriptionDenied", channel: "vip", reason: "not allowed" },
  ]);
  const vip = { name: "vip", history: 3, presence: false, active: false };
  assertEquals(rig.client.channels[0], vip);
  rig.cut();
  rig.restartHub();
  rig.cut();
  assertEquals(asked(rig), []);
  // The player asks.
  assert(rig.client.subscribe({ ...vip, active: true }));
  rig.run();
  assertEquals(asked(rig), ["+vip 3 false"]);
});

Deno.test("WsClient goes by the answer to what it has asked, not by an end before it", () => {
  const rig = new Rig();
  rig.client.subscribe("vip");
  rig.run();
  const past = { history: 0, omitted: 0 };
  rig.hub.control(encodeControl({ type: "subscribed", request: 1, ...past }));
  rig.run();
  rig.client.subscribe("vip");
  rig.hub.control(
    encodeControl({ type: "unsubscribed", channel: "vip", reason: "" }),
  );
  rig.run();
  assertEquals(rig.of("subscriptionDenied"), []);
  rig.hub.control(encodeControl({ type: "subscribed", request: 2, ...past }));
  rig.run();
  assertEquals(rig.client.channels.map(({ active }) => active), [true]);
  assertEquals(rig.of("subscribed").length, 2);
});

Deno.test("WsClient takes what a filter refuses, and does not tell it", () => {
  const rig = new Rig();
  rig.client.subscribe({
    name: "chat",
    filter: (message) => WsMessage.asText(message)?.startsWith("!") ?? false,
  });
  const chat = rig.hub.openChannel("chat")!;
  const other = rig.hub.openChannel("other")!;
  // Several times what may be on its way without an acknowledgement.
  const padding = "x".repeat(2_000);
  for (let i = 0; i < 400; i++) {
    assert(rig.hub.send(chat, encode(padding), { isText: true }));
  }
  rig.hub.send(chat, encode("!one"), { isText: true });
  rig.hub.send(chat, encode("bytes"));
  rig.hub.send(other, encode("two"), { isText: true });
  rig.run(40);
  assertEquals(texts(rig).sort(), ["!one", "two"]);
  const { messagesFiltered, messagesReceived, bytesReceived } =
    rig.client.stats;
  assertEquals([messagesFiltered, messagesReceived, bytesReceived], [
    401,
    2,
    7,
  ]);
  assertEquals(rig.client.stats.undrainedMessages, 0);
  assertEquals([rig.hub.unacknowledged, rig.hub.queuedMessages], [0, 0]);
});

Deno.test("WsClient does not filter answers to requests", () => {
  const rig = new Rig();
  rig.client.subscribe({ name: "chat", filter: () => false });
  const request = rig.client.request("chat", "how many?")!;
  rig.run();
  const chat = rig.hub.openChannel("chat")!;
  rig.hub.send(chat, encode("1"), { isText: true, request: 2 * request + 1 });
  rig.run();
  assertEquals(rig.of("reply").length, 1);
  assertEquals(rig.client.stats.messagesFiltered, 0);
});

Deno.test("WsClient tells what a filter threw, and the message", () => {
  const rig = new Rig();
  const cause = new Error("a bug of the game");
  rig.client.subscribe({
    name: "chat",
    filter: () => {
      throw cause;
    },
  });
  const chat = rig.hub.openChannel("chat")!;
  rig.hub.send(chat, encode("one"), { isText: true });
  rig.run();
  assertEquals(texts(rig), ["one"]);
  assertEquals(rig.of("error"), [{
    type: "error",
    reason: "filterFailed",
    message:
      'The filter of channel "chat" threw, its message is handed out: a bug of the game',
    cause,
  }]);
  assert(rig.client.isConnected);
});

Deno.test("WsClient tells nothing more when a filter closes it", () => {
  const rig = new Rig();
  rig.client.subscribe({
    name: "chat",
    filter: () => {
      rig.client.close();
      return true;
    },
  });
  const chat = rig.hub.openChannel("chat")!;
  for (let i = 0; i < 3; i++) rig.hub.send(chat, encode("x"), { isText: true });
  rig.run();
  assertEquals(texts(rig), []);
  assertEquals(rig.events.at(-1)?.type, "disconnected");
  assertEquals(rig.client.stats.undrainedMessages, 0);
});

Deno.test("WsClient.subscribe() refuses what is no config", () => {
  const { client } = new Rig();
  for (const name of ["", "n".repeat(129)]) {
    assertThrows(
      () => client.subscribe({ name, active: false }),
      RangeError,
      "channel bytes",
    );
  }
  assertThrows(
    () => client.subscribe({ name: "a", history: 1_001 }),
    RangeError,
    "history",
  );
  assertThrows(
    () => client.subscribe({ name: "a", filter: "x" as never }),
    TypeError,
    'Cannot subscribe as filter must be a function: current type is "string"',
  );
  assertEquals(client.channels, []);
  const plain = new WsClient({ url: "ws://game.test/" });
  assertThrows(() => plain.subscribe({ name: "a" }), TypeError, "mux");
  assertEquals(plain.channels, []);
});

Deno.test("WsClient counts a message of the mux as sent when a socket has it", () => {
  const rig = new Rig({ mux: { state: { delivery: 2 } } });
  rig.client.sendOnChannel("chat", "hello");
  rig.client.sendOnChannel("state", "at 1");
  assertEquals([rig.client.messagesSent, rig.client.bytesSent], [0, 0]);
  rig.run();
  assertEquals([rig.client.messagesSent, rig.client.bytesSent], [2, 9]);
  // What is sent again is not sent twice.
  rig.client.sendOnChannel("chat", "again");
  rig.tick();
  assertEquals(rig.client.messagesSent, 3);
  rig.cut();
  assertEquals([rig.client.messagesSent, rig.client.bytesSent], [3, 14]);
  // A large one counts when all of it was sent, and what was never sent does not.
  rig.client.sendOnChannel("chat", new Uint8Array(600_000));
  rig.tick();
  assertEquals(rig.client.messagesSent, 3);
  rig.run(20);
  assertEquals(rig.client.messagesSent, 4);
  rig.network.last.end();
  rig.tick();
  rig.client.sendOnChannel("chat", "too late");
  rig.client.close();
  assertEquals([rig.client.messagesSent, rig.client.bytesSent], [4, 600_014]);
});

Deno.test("WsClient bounds channels of the mux by maxQueueSize and maxQueueBytes", () => {
  const { client } = new Rig({
    maxQueueSize: 2,
    maxQueueBytes: 100,
    mux: { bulk: { maxMessages: 3 } },
  });
  const sends = (channel: string, count: number, bytes: number): number => {
    let accepted = 0;
    for (let i = 0; i < count; i++) {
      accepted += Number(client.sendOnChannel(channel, new Uint8Array(bytes)));
    }
    return accepted;
  };
  assertEquals(sends("chat", 5, 1), 2);
  assertEquals(sends("bulk", 5, 1), 3);
  assertEquals(sends("news", 5, 60), 1);
  assertEquals(client.stats.refused, 9);
});

Deno.test("WsClient.sendOnChannel() drops a message after its ttlMs, but on exactly-once channels", () => {
  const rig = new Rig({ mux: { loose: { delivery: 1, ttlMs: 2_000 } } });
  rig.client.sendOnChannel("loose", "brief", { ttlMs: 500 });
  rig.client.sendOnChannel("loose", "longer", { ttlMs: 9_000 });
  rig.client.sendOnChannel("chat", "sure", { ttlMs: 500 });
  rig.client.tick(1);
  assertEquals(rig.client.pendingOutbound, 2);
  rig.client.tick(1.5);
  assertEquals(rig.client.pendingOutbound, 1);
  rig.tick(0);
  assertEquals(rig.client.stats.dropped, 2);
  assertEquals(
    rig.of("dropped").map(({ count, reason }) => `${count} ${reason}`),
    ["1 expired", "1 expired"],
  );
});

Deno.test("WsClient counts what came in and found no room as nobody drained", () => {
  const rig = new Rig();
  rig.run();
  const state = rig.hub.openChannel("state", { delivery: 1 })!;
  const client = rig.client;
  for (let frame = 0; frame < 60; frame++) {
    for (let i = 0; i < 1_000; i++) rig.hub.send(state, encode("x"));
    rig.exchange();
    client.tick(0.016);
  }
  assert(client.stats.undrainedMessages <= 65_536);
  rig.run(100);
  const { droppedIncoming } = client.stats;
  assert(droppedIncoming > 0);
  assertEquals(rig.of("message").length + droppedIncoming, 60_000);
});

Deno.test("WsClient.subscribe() has as many channels come as are subscribed to", () => {
  const rig = new Rig();
  for (let i = 0; i < 200; i++) rig.client.subscribe(`room${i}`);
  rig.run();
  for (let i = 0; i < 300; i++) {
    const id = rig.hub.openChannel(i < 200 ? `room${i}` : `reply${i}`)!;
    rig.hub.send(id, encode(`${i}`), { isText: true });
  }
  rig.run();
  assertEquals(texts(rig).length, 300);
  assert(rig.client.isConnected);
});

Deno.test("WsClient.sendOnChannel() refuses what more channels at once would need, and goes on", () => {
  const rig = new Rig();
  const accepted = Array.from({ length: 200 }, (_, i) => `${i}`).filter((
    name,
  ) => rig.client.sendOnChannel(name, name));
  assertEquals(accepted.length, 64);
  rig.run(20);
  for (let i = 0; i < 5; i++) {
    if (rig.client.sendOnChannel("199", "199")) break;
    rig.run(2);
  }
  rig.run();
  const got = rig.atHub.flatMap((event) =>
    event.type === "message" ? [new TextDecoder().decode(event.bytes)] : []
  );
  assertEquals(new Set(got), new Set([...accepted, "199"]));
  assertEquals(got.length, 65);
  assert(rig.client.isConnected);
});

Deno.test("WsClient.sendOnChannel() goes from one channel to another without end", () => {
  const rig = new Rig();
  rig.run();
  for (let i = 0; i < 200; i++) {
    assert(rig.client.sendOnChannel(`room${i}`, `${i}`));
    assert(rig.client.sendOnChannel("again", `${i}`));
    rig.run();
  }
  const got = rig.atHub.flatMap((event) =>
    event.type === "message" ? [new TextDecoder().decode(event.bytes)] : []
  );
  assertEquals(got, Array.from({ length: 400 }, (_, i) => `${i >> 1}`));
  assert(rig.client.isConnected);
});
