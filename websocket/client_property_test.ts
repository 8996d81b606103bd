// Random schedules of calls, socket events and time against what must always hold: at most one live socket, every
// accepted message sent once or reported as dropped, one end for each attempt, the same events for the same seed. The
// whole count is 50,000 cases (TICKWIRE_SOAK=1); an ordinary run takes a slice of them.
import { assert, assertEquals } from "@std/assert";
import { ManualClock, SeededRandom } from "../core/mod.ts";
import { FakeNetwork } from "./_testing/fake_web_socket.ts";
import { WsClient } from "./client.ts";
import type { WsEvent } from "./event.ts";
import { isLive } from "./state.ts";

const CASES = Deno.env.get("TICKWIRE_SOAK") === "1" ? 50_000 : 1_500;
const CODES = [0, 1000, 1001, 1005, 1006, 1008, 1011, 4001, 4500];

function runCase(seed: number): WsEvent[] {
  const random = new SeededRandom(seed);
  const below = (n: number): number => random.nextU32() % n;
  const network = new FakeNetwork();
  const clock = new ManualClock();
  const client = new WsClient({
    url: below(4) === 0
      ? () => {
        if (below(3) === 0) throw new Error("no token");
        return below(5) === 0 ? "no url" : "ws://game.test/";
      }
      : "ws://game.test/",
    webSocket: (url, protocols) => {
      assertEquals(network.live, [], "a second live socket");
      if (below(10) === 0) throw new Error("no socket");
      return network.webSocket(url, protocols);
    },
    clock,
    random: new SeededRandom(seed + 1),
    autoReconnect: below(5) > 0,
    maxReconnects: below(2) * below(5),
    minUptimeMs: below(3_000),
    connectTimeoutMs: 1 + below(3_000),
    ...(below(2) === 0 ? { pingMessage: "ping" } : {}),
    ...(below(2) === 0 ? { isPong: ({ type }) => type === "binary" } : {}),
    pingIntervalMs: 1 + below(2_000),
    pongTimeoutMs: 1 + below(2_000),
    maxQueueSize: 1 + below(8),
    maxQueueBytes: 4 + below(40),
    overflow: below(2) === 0 ? "dropNewest" : "dropOldest",
    maxUndrained: 1 + below(20),
    maxUndrainedBytes: 8 + below(200),
  });
  const log: WsEvent[] = [];
  let accepted = 0;
  let reported = 0;
  let hasConnected = false;
  let isEnded = true;
  const drain = (): void => {
    for (const event of client.drainEvents()) {
      log.push(event);
      switch (event.type) {
        case "connected":
          assert(!hasConnected, "connected twice");
          hasConnected = true;
          break;
        case "message":
          assert(hasConnected, "a message without a connection");
          break;
        case "disconnected":
          hasConnected = false;
          isEnded = !event.willReconnect;
          break;
        case "reconnecting":
          assert(!isEnded, "a wait after the last word");
          break;
        case "dropped":
          assert(event.count > 0);
          reported += event.count;
      }
    }
    assertEquals(hasConnected, client.isConnected);
  };
  const steps = 20 + below(80);
  for (let i = 0; i < steps; i++) {
    const socket = network.sockets.at(-1);
    switch (below(12)) {
      case 0:
        client.connect();
        break;
      case 1:
      case 2:
      case 3: {
        const text = `${accepted} ${"x".repeat(below(8))}`;
        if (
          client.send(text, {
            ...(below(3) === 0 ? { key: `k${below(2)}` } : {}),
            ...(below(3) === 0 ? { ttlMs: 1 + below(2_000) } : {}),
          })
        ) accepted++;
        break;
      }
      case 4:
        if (below(6) === 0) client.close(1000 + below(4_000), "bye");
        else if (below(4) === 0) client.disconnect();
        else client.setOnline(below(3) > 0);
        break;
      case 5:
      case 6:
        if (socket?.readyState === 0) socket.open();
        else if (socket !== undefined) {
          socket.bufferedAmount = below(2) * 300_000;
        }
        break;
      case 7:
      case 8:
        for (let n = below(6); n > 0; n--) {
          if (socket?.readyState === 1 || below(9) === 0) {
            const bytes = new Uint8Array(below(20));
            socket?.message(below(2) === 0 ? "m" : bytes);
          }
        }
        break;
      case 9:
        // Any socket: the late events of old ones change nothing.
        if (network.sockets.length > 0 && below(2) === 0) {
          const any = network.sockets[below(network.sockets.length)]!;
          if (below(4) === 0) any.closing();
          if (below(3) === 0) any.error(below(2) === 0 ? "" : "lost");
          if (below(3) > 0) any.end(CODES[below(CODES.length)], "over");
          if (below(5) === 0 && any === socket) any.sendError = new Error("no");
        }
        break;
      default: {
        const dt = below(8) === 0 ? below(90) : below(1_000) / 1_000;
        clock.advance(dt * 1_000);
        client.tick(dt);
        assertEquals(client.stats.dropped - reported >= 0, true);
      }
    }
    assert(network.live.length <= 1, "more than one live socket");
    if (below(3) > 0) drain();
  }
  client.close();
  assertEquals(network.live, [], "a socket outlives the client");
  drain();
  assert(!isLive(client.state));
  assert(isEnded, "no last word");
  const sent = network.sockets.flatMap((socket) =>
    socket.sent.filter((data) => data !== "ping")
  );
  const { dropped, messagesSent, undrainedMessages } = client.stats;
  assertEquals(new Set(sent).size, sent.length, "sent twice");
  assertEquals(messagesSent, sent.length);
  assertEquals(dropped, reported);
  assertEquals(sent.length + reported, accepted, "lost");
  assertEquals(undrainedMessages, 0);
  assertEquals(client.pendingOutbound, 0);
  return log;
}

Deno.test("WsClient keeps its promises in random schedules", () => {
  let events = 0;
  for (let seed = 1; seed <= CASES; seed++) {
    try {
      const log = runCase(seed);
      events += log.length;
      if (seed % 10 === 0) {
        assertEquals(
          JSON.stringify(runCase(seed)),
          JSON.stringify(log),
          "another log",
        );
      }
    } catch (error) {
      throw new Error(`Seed ${seed}`, { cause: error });
    }
  }
  assert(events > CASES, "the schedules do something");
});
