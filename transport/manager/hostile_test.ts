import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { Channel } from "../../protocol/mod.ts";
import { ManagerWorld } from "./_testing/manager_world.ts";

const SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const MUTANTS = SOAK ? 10_000_000 : 20_000;
/** A connection may end of what it is told; then another one is there for the next mutants. */
const PER_WORLD = 2_000;

/** What a session looks like on its way to the server. */
function recorded(): Uint8Array[] {
  const world = new ManagerWorld({ conditions: { latencyMs: 5, loss: 0.1 } });
  const datagrams: Uint8Array[] = [];
  const { end, peer, atServer } = world.connected();
  const { socket } = end;
  const send = socket.send.bind(socket);
  socket.send = (datagram, to) => {
    datagrams.push(datagram.slice());
    return send(datagram, to);
  };
  for (let i = 0; i < 40; i++) {
    for (const channel of [0, 1, 2, 3]) {
      end.manager.send(peer, new Uint8Array(1 + 97 * i), channel);
    }
    world.server.manager.send(atServer, new Uint8Array(50), Channel.Reliable);
    world.run(5);
  }
  world.connect(end);
  world.run(100);
  end.manager.disconnect(peer);
  world.run(300);
  return datagrams;
}

Deno.test("ConnectionManager.poll() throws at no mutant of a datagram, and holds no more than it may", () => {
  const seeds = recorded();
  assert(seeds.length > 60);
  const random = new SeededRandom(21);
  for (let made = 0; made < MUTANTS; made += PER_WORLD) {
    const world = new ManagerWorld({ seed: 1 + made / PER_WORLD });
    const { end, atServer } = world.connected();
    const session = sessionOf(world);
    const own = world.server.socket.address(
      end.socket.localAddress.host,
      end.socket.localAddress.port,
    );
    const count = Math.min(PER_WORLD, MUTANTS - made);
    for (let i = 0; i < count; i++) {
      let mutant = seeds[random.nextU32() % seeds.length]!.slice();
      // Most are of the session, and so get as far as its connection.
      if (mutant[0] === 6) mutant.set(session, 1);
      for (let changes = random.nextU32() % 4; changes >= 0; changes--) {
        const at = random.nextU32() % (mutant.length || 1);
        const how = random.nextU32() % 8;
        if (how === 0) mutant = mutant.slice(0, at);
        else if (mutant.length > 0) {
          mutant[how < 4 ? at : 5 + at % 20 % mutant.length] = random.nextU32();
        }
      }
      const from = random.nextU32() % 8 === 0
        ? world.server.socket.address(`10.7.0.${at255(random)}`, 4_000)
        : own;
      world.network.inject(mutant, from);
      if (i % 64 === 0) {
        world.network.advance(1);
        world.server.poll();
        world.server.received.length = 0;
      }
      if (i % 500 === 0) {
        const held = world.server.manager.peerStats(atServer)?.heldBytes ?? 0;
        assert(held <= 4_194_304 * 2, `${held} bytes are held`);
      }
    }
    // Its true client goes on, or was ended by what seemed to come from it.
    world.run(200);
    assert(world.server.manager.peerCount <= 1);
    assert(world.server.events.length <= 4);
  }
});

function at255(random: SeededRandom): number {
  return 1 + random.nextU32() % 254;
}

/** The session of the one client, as its datagrams say it. */
function sessionOf(world: ManagerWorld): Uint8Array {
  const [end] = world.clients;
  const { socket, manager } = end!;
  const send = socket.send.bind(socket);
  let session: Uint8Array | undefined;
  socket.send = (datagram, to) => {
    if (datagram[0] === 6) session = datagram.slice(1, 5);
    return send(datagram, to);
  };
  manager.send(manager.peers()[0]!, new Uint8Array(1), Channel.Reliable);
  world.run(50);
  socket.send = send;
  assert(session !== undefined);
  return session;
}

Deno.test("ConnectionManager.poll() lets a slow client keep its own place only", () => {
  // It shakes hands and says nothing: its place is free after the timeout.
  const world = new ManagerWorld({ server: { maxClients: 2 } });
  const slow = [world.connected(), world.connected()];
  world.network.setConditions(
    { isBlackout: true },
    slow[0]!.end.socket,
    world.server.socket,
  );
  world.run(14_000, 20);
  assertEquals(world.server.of("peerTimedOut").map(({ peer }) => peer), [
    slow[0]!.atServer,
  ]);
  world.connected();
  assertEquals(world.server.manager.peerCount, 2);
});
