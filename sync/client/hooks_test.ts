import { assertEquals, assertThrows } from "@std/assert";
import { bits, MemoryLinkPair, u8 } from "../../protocol/mod.ts";
import { InputSender } from "../input/input_sender.ts";
import { ServerInputs } from "../input/server_inputs.ts";
import { defineEntity } from "../schema/define_entity.ts";
import { defineWorld } from "../schema/define_world.ts";
import { SyncServer } from "../server/sync_server.ts";
import { EndsWorld } from "../_testing/ends_world.ts";
import { SyncClient } from "./sync_client.ts";

const DT = 1 / 60;
const world = defineWorld({ door: defineEntity({ state: u8 }) });

Deno.test("SyncClient hands out each snapshot, also of several that come at once", () => {
  const links = new MemoryLinkPair();
  const server = new SyncServer(world, { sendRate: 60 });
  server.connect(links.a);
  const told: [number, number][] = [];
  const client = new SyncClient(world, links.b, {
    onSnapshot: ({ tick, tables }, known) => {
      assertEquals(known, tables);
      told.push([tick, known[0]!.values[0]!]);
      assertThrows(() => client.tick(DT), TypeError, "Cannot tick");
    },
  });
  const id = server.entities.spawn("door", { state: 0 })!;
  for (let frame = 0; frame < 12; frame++) {
    server.tick(DT, (tick) => {
      server.entities.set(id, "door", { state: tick * 2 });
    });
    // The first frames are the handshake.
    if (frame < 6 || frame % 3 === 2) client.tick(DT);
  }
  assertEquals(told.slice(-6), [6, 7, 8, 9, 10, 11].map((it) => [it, it * 2]));
});

Deno.test("SyncClient has the game play after what has come and before its report", () => {
  const links = new MemoryLinkPair();
  const inputs = new ServerInputs(bits(8), { tickRate: 60 });
  const server = new SyncServer(world, { inputs, sendRate: 60 });
  const peer = server.connect(links.a)!;
  const sender = new InputSender(bits(8));
  const client = new SyncClient(world, links.b, { inputs: sender });
  server.entities.spawn("door", { state: 1 });
  const taken: (number | undefined)[] = [];
  for (let frame = 0; frame < 10; frame++) {
    server.tick(DT, (tick) => taken.push(inputs.take(peer, tick).input));
    client.tick(DT, () => {
      // The snapshot of this frame is here, and its input is there for the next.
      if (client.newest === undefined) return;
      assertEquals(client.newest.tick, frame);
      sender.push(frame + 1, frame + 1);
    });
  }
  assertEquals(taken.slice(5), [5, 6, 7, 8, 9]);
  links.a.close("over");
  client.tick(DT);
  let played = 0;
  client.tick(DT, () => played++);
  assertEquals(played, 1);
});

Deno.test("SyncClient tells that it is connected before anything else", () => {
  for (let seed = 1; seed <= 10; seed++) {
    // The server's first snapshot may overtake the end of its handshake.
    const world = new EndsWorld({ seed, link: { jitter: 9 } });
    world.spawn();
    const { events } = world.connect();
    world.run(30);
    const types = events.map(({ type }) => type);
    assertEquals(types.indexOf("connected"), 0, `seed ${seed}: ${types}`);
    assertEquals(types.lastIndexOf("connected"), 0, `seed ${seed}`);
  }
});
