// 64 clients that are mostly idle, one message a minute each: a day of them in a soak (TICKWIRE_SOAK=1), which prints the
// processor time that it took; ten minutes in an ordinary run.

import { cpuUsage } from "node:process";
import { assert, assertEquals } from "@std/assert";
import { EventWorld } from "./_testing/event_world.ts";
import { Channel, ConnectionState, type PeerId } from "./mod.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const MINUTES = IS_SOAK ? 24 * 60 : 10;
const CLIENTS = 64;
const MINUTE_MS = 60_000;

Deno.test("ConnectionManager keeps idle clients, at next to no cost", () => {
  const before = cpuUsage();
  const peers = new Map<number, PeerId>();
  const received = new Uint32Array(CLIENTS + 1);
  const echoed = new Uint32Array(CLIENTS + 1);
  const world = new EventWorld(
    { seed: 1, conditions: { latencyMs: 30, jitterMs: 10, loss: 0.01 } },
    CLIENTS,
    {
      onMessage(at, peer, bytes, channel) {
        const view = new DataView(bytes.buffer, bytes.byteOffset);
        const index = view.getUint32(0);
        const counts = at.index === 0 ? received : echoed;
        assertEquals(view.getUint32(4), counts[index]);
        counts[index]! += 1;
        if (at.index === 0) at.manager.send(peer, bytes, channel);
      },
      onEvent(at, event) {
        assertEquals(event.type, "peerConnected", `at ${world.nowMs} ms`);
        if (at.index > 0) peers.set(at.index, event.peer);
      },
    },
  );
  world.run(5_000);
  assertEquals(peers.size, CLIENTS);
  const message = new Uint8Array(60);
  const view = new DataView(message.buffer);
  for (let minute = 0; minute < MINUTES; minute++) {
    for (const client of world.clients) {
      world.run(
        5_000 + minute * MINUTE_MS + client.index * MINUTE_MS / (CLIENTS + 1),
      );
      view.setUint32(0, client.index);
      view.setUint32(4, minute);
      assert(
        world.send(client, client.peer!, message, Channel.ReliableOrdered),
      );
    }
  }
  world.run(5_000 + MINUTES * MINUTE_MS + 10_000);
  for (const { index, manager, peer } of world.clients) {
    assertEquals(received[index], MINUTES);
    assertEquals(echoed[index], MINUTES);
    assertEquals(manager.peerState(peer!), ConnectionState.Connected);
  }
  assertEquals(world.server.manager.peerCount, CLIENTS);
  const { sent } = world.network.counters;
  // Two each two seconds, and what messages and losses cost.
  const perClientAndSecond = sent / CLIENTS / (MINUTES * 60);
  assert(perClientAndSecond < 1.5, `${perClientAndSecond}`);
  // A poll for each datagram, and one for each time that a client asks by itself.
  const polls = world.polls / CLIENTS / (MINUTES * 60);
  assert(polls < 2, `${polls}`);
  if (!IS_SOAK) return;
  // What that takes depends on the machine: it is told beside what was promised of it.
  const { user, system } = cpuUsage(before);
  console.log(
    `a day of ${CLIENTS} idle clients took ${
      ((user + system) / 1e6).toFixed(1)
    } s of processor time (<= 60 s)`,
  );
});
