// Clients behind NATs that forget: 1,000 changes of address in a soak (TICKWIRE_SOAK=1), 60 in an ordinary run.

import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../core/mod.ts";
import { EventWorld } from "./_testing/event_world.ts";
import { Channel } from "./mod.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const CHANGES = IS_SOAK ? 1_000 : 60;
const CLIENTS = 4;
const LATENCY_MS = 40;
const FRAME_MS = 1000 / 60;

Deno.test("ConnectionManager loses no reliable message to a new address, and is silent for two round trips at most", () => {
  const random = new SeededRandom(11);
  const next = { up: new Uint32Array(5), down: new Uint32Array(5) };
  /** When the address of a client changed that was not heard since; -1 if none did. */
  const changedMs = new Float64Array(CLIENTS + 1).fill(-1);
  let worstMs = 0;
  let moves = 0;
  const world = new EventWorld(
    { seed: 5, conditions: { latencyMs: LATENCY_MS } },
    CLIENTS,
    {
      onMessage(at, peer, bytes, channel) {
        const view = new DataView(bytes.buffer, bytes.byteOffset);
        const index = view.getUint32(0);
        const counts = at.index === 0 ? next.up : next.down;
        assertEquals(view.getUint32(4), counts[index], `client ${index}`);
        counts[index]! += 1;
        if (at.index > 0) return;
        if (changedMs[index]! >= 0) {
          worstMs = Math.max(worstMs, world.nowMs - changedMs[index]!);
          changedMs[index] = -1;
        }
        at.manager.send(peer, bytes, channel);
      },
      onEvent(_at, event) {
        if (event.type === "peerMoved") moves += 1;
        else assertEquals(event.type, "peerConnected");
      },
    },
  );
  world.run(1_000);
  const sent = new Uint32Array(CLIENTS + 1);
  const message = new Uint8Array(40);
  const view = new DataView(message.buffer);
  let nowMs = 1_000;
  function frames(count: number): void {
    for (let i = 0; i < count; i++) {
      for (const client of world.clients) {
        view.setUint32(0, client.index);
        view.setUint32(4, sent[client.index]!++);
        assert(
          world.send(client, client.peer!, message, Channel.ReliableOrdered),
        );
      }
      nowMs += FRAME_MS;
      world.run(nowMs);
    }
  }
  frames(30);
  for (let change = 0; change < CHANGES; change++) {
    const client = world.clients[random.nextU32() % CLIENTS]!;
    world.network.rebind(client.socket, 0, `192.0.2.${1 + change % 200}`);
    // From the next sending on.
    changedMs[client.index] = nowMs;
    frames(20 + random.nextU32() % 10);
  }
  world.run(nowMs + 5_000);
  for (const { index } of world.clients) {
    assertEquals(next.up[index], sent[index]);
    assertEquals(next.down[index], sent[index]);
  }
  assertEquals(moves, CHANGES);
  // Half a round trip is the path's own, and as much as a frame goes by before anything is sent.
  const silenceMs = worstMs - LATENCY_MS;
  assert(silenceMs <= 4 * LATENCY_MS + FRAME_MS, `silent for ${silenceMs} ms`);
});
