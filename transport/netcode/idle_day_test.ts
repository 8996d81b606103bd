// Idle clients of netcode, which is never silent for longer than 100 ms: a day of one in a soak (TICKWIRE_SOAK=1), which
// prints what that takes of a processor; ten seconds of four in an ordinary run.

import { cpuUsage } from "node:process";
import { assert, assertEquals } from "@std/assert";
import { EventWorld } from "../_testing/event_world.ts";
import { ConnectionState } from "../mod.ts";
import { netcodeLinks } from "./_testing/netcode_links.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const SECONDS = IS_SOAK ? 24 * 60 * 60 : 10;
const CLIENTS = IS_SOAK ? 1 : 4;

Deno.test("ConnectionManager keeps idle clients of netcode, by the keep-alives of its standard and few more", () => {
  const events: string[] = [];
  const world = new EventWorld(
    { seed: 1, conditions: { latencyMs: 30, jitterMs: 10, loss: 0.01 } },
    CLIENTS,
    {
      onMessage() {},
      onEvent: ({ index }, { type }) => {
        events.push(`${index} ${type}`);
      },
    },
    {},
    true,
    netcodeLinks(),
  );
  world.run(5_000);
  assertEquals(events.length, 2 * CLIENTS);
  assert(events.every((event) => event.endsWith(" peerConnected")));
  const { sent, sentBytes } = world.network.counters;
  const { polls } = world;
  const before = cpuUsage();
  world.run(5_000 + SECONDS * 1_000);
  const { user, system } = cpuUsage(before);
  assertEquals(events.length, 2 * CLIENTS, events.join());
  for (const { manager, peer } of world.clients) {
    assertEquals(manager.peerState(peer!), ConnectionState.Connected);
  }
  const pairSeconds = CLIENTS * SECONDS;
  const { counters } = world.network;
  // Ten a second each way: what a connection sends takes the place of a keep-alive.
  const datagrams = (counters.sent - sent) / pairSeconds;
  const bytes = (counters.sentBytes - sentBytes) / pairSeconds;
  const about = `${datagrams} datagrams, ${bytes} bytes`;
  assert(datagrams > 18 && datagrams < 21, about);
  assert(bytes < 21 * 33, about);
  // One for each datagram that comes in, and one for each that is due.
  const pollsOfPair = (world.polls - polls) / pairSeconds;
  assert(pollsOfPair < 42, `${pollsOfPair}`);
  if (!IS_SOAK) return;
  console.log(
    `an idle pair took ${
      ((user + system) / pairSeconds).toFixed(0)
    } us of processor time a second, ${about} a second`,
  );
});
