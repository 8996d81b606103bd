// What is not authentic changes nothing: mutated packets in each state. 10,000,000 of them in a soak (TICKWIRE_SOAK=1), in
// seeds of 100,000, a slice in an ordinary run. A failure names its seed.
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { ClientWorld } from "./_testing/client_world.ts";
import { CHALLENGE, KEEP_ALIVE } from "./_testing/plain_server.ts";
import { NetcodeClientState } from "./netcode_client_state.ts";

const SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const SEEDS = SOAK ? 100 : 3;
const PACKETS_OF_SEED = SOAK ? 100_000 : 2_500;
const STATES = [
  NetcodeClientState.SendingConnectionRequest,
  NetcodeClientState.SendingConnectionResponse,
  NetcodeClientState.Connected,
] as const;

/** Changes a packet in one of the ways of those who do not have its key. */
function mutate(
  packet: Uint8Array<ArrayBuffer>,
  random: SeededRandom,
): Uint8Array<ArrayBuffer> {
  const at = random.nextU32() % packet.length;
  switch (random.nextU32() % 6) {
    case 0: {
      packet[at]! ^= 1 << random.nextU32() % 8;
      return packet;
    }
    case 1:
      return packet.slice(0, at);
    case 2: {
      const longer = new Uint8Array(packet.length + 1 + random.nextU32() % 900);
      random.fill(longer);
      longer.set(packet);
      return longer;
    }
    case 3: {
      // Another type, or another count of the bytes of its sequence.
      packet[0]! ^= 1 + random.nextU32() % 255;
      return packet;
    }
    case 4: {
      // Another sequence: far ahead, so that it is no replay.
      packet[2]! ^= 0x80;
      return packet;
    }
    default: {
      const noise = new Uint8Array(random.nextU32() % 1_400);
      random.fill(noise);
      return noise;
    }
  }
}

Deno.test("NetcodeClient is changed by no packet that is not authentic", () => {
  for (let seed = 0; seed < SEEDS; seed++) {
    const random = new SeededRandom(seed);
    for (const state of STATES) {
      const world = new ClientWorld();
      const { client, end, server, network } = world;
      const peer = world.enter(state);
      const from = end.socket.address("127.0.0.1", 9_000);
      const dueMs = client.nextTickMs;
      const { sent } = network;
      const events = end.events.length;
      const { forged } = client.counters;
      const bodies = [
        [1, new Uint8Array(0)],
        [2, CHALLENGE],
        [4, KEEP_ALIVE],
        [5, new Uint8Array(1_200)],
        [5, new Uint8Array(40)],
        [6, new Uint8Array(0)],
      ] as const;
      const packets = bodies.map(([type, body]) =>
        server.packet(world.key, type, body)
      );
      for (let i = 0; i < PACKETS_OF_SEED / STATES.length; i++) {
        const packet = packets[random.nextU32() % packets.length]!;
        end.take(mutate(packet.slice(), random), from);
      }
      end.events.push(...client.drainEvents());
      const about = `seed ${seed}, state ${state}`;
      assertEquals(client.stateOf(peer), state, about);
      assertEquals([end.events.length, network.sent], [events, sent], about);
      assertEquals([end.payloads.length, end.socket.retained], [0, 1], about);
      assertEquals(client.nextTickMs, dueMs, about);
      assert(client.counters.forged > forged, about);
      // It goes on as if nothing had been.
      server.onRequest = "challenge";
      server.onResponse = "accept";
      world.pass(150);
      assertEquals(client.stateOf(peer), NetcodeClientState.Connected, about);
      const length = end.payloads.length;
      end.take(packets[4]!, from);
      assertEquals(end.payloads.length, length + 1, about);
    }
  }
});
