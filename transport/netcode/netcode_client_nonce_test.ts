// No nonce twice with one key: random lives of clients that connect again and again, with tokens that they used before, and
// move, 2,000 of them in a soak (TICKWIRE_SOAK=1), a slice in an ordinary run. A failure names its seed.
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { MTU } from "../constants.ts";
import type { PeerId } from "../link/peer_id.ts";
import { ClientWorld } from "./_testing/client_world.ts";
import { openPacket, type TestToken } from "./_testing/plain_server.ts";
import { NetcodeClientState } from "./netcode_client_state.ts";

const SEEDS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 2_000 : 2;
const STEPS = 150;
const ANSWERS = ["challenge", "challenge", "deny", "ignore"] as const;
const ADMISSIONS = ["accept", "accept", "deny", "ignore"] as const;

/** Lives one life, and returns how many packets it sealed, and how many sessions used a token again. */
function live(seed: number): { sealed: number; reused: number } {
  const random = new SeededRandom(seed);
  const draw = <T>(of: readonly T[]): T => of[random.nextU32() % of.length]!;
  const world = new ClientWorld(3, 10, seed % 2 === 1);
  const { client, end, network } = world;
  for (const server of world.servers) server.follows = true;
  const other = network.socket("127.0.0.8");
  end.bind(other);
  const addresses = world.servers.map(({ socket }) => socket.key);
  const tokens = Array.from(
    { length: 3 },
    () => world.token({ addresses, timeoutSeconds: 1, lifeSeconds: 4n }),
  );
  const seen = new Set<string>();
  const note = (packet: Uint8Array) => {
    if (packet[0] === 0) return;
    for (const [i, token] of tokens.entries()) {
      const opened = openPacket(token, token.clientToServerKey, packet);
      if (opened === undefined) continue;
      const nonce = `${i} ${opened.sequence}`;
      assert(!seen.has(nonce), `seed ${seed}: twice with a key: ${nonce}`);
      seen.add(nonce);
      return;
    }
    throw new Error(`seed ${seed}: sealed with no key that the client has`);
  };
  network.fate = (datagram, from) => {
    if (from === world.key || from === other.key) note(datagram);
    return random.nextFloat() < 0.2 ? "drop" : "deliver";
  };
  const peers: PeerId[] = [];
  const used = new Map<TestToken, number>();
  const out = new Uint8Array(MTU);
  for (let step = 0; step < STEPS; step++) {
    const drawn = random.nextU32() % 10;
    if (drawn < 2 && peers.length < 8) {
      const token = draw(tokens);
      used.set(token, (used.get(token) ?? 0) + 1);
      peers.push(world.connect(token, 9_000 + random.nextU32() % 3));
    } else if (drawn < 3 && peers.length > 0) {
      const [peer] = peers.splice(random.nextU32() % peers.length, 1);
      client.disconnect(peer!);
    } else if (drawn < 6 && peers.length > 0) {
      const peer = draw(peers);
      const length = client.seal(new Uint8Array([step]), peer, out);
      if (length > 0) note(out.slice(0, length));
    } else if (drawn < 7) {
      const server = draw(world.servers);
      server.onRequest = draw(ANSWERS);
      server.onResponse = draw(ADMISSIONS);
      server.forget(draw([world.key, other.key]));
    } else if (drawn < 8 && peers.length > 0) {
      const peer = draw(peers);
      const port = client.addressOf(peer)?.port ?? 9_000;
      client.move(peer, draw([end.socket, other]).address("127.0.0.1", port));
    } else if (drawn < 9) {
      network.rebind(end.socket, "127.0.0.1", 20_000 + random.nextU32() % 3);
    }
    world.pass(draw([5, 20, 100, 500]), 5);
    for (let i = peers.length - 1; i >= 0; i--) {
      if (client.stateOf(peers[i]!) <= 0) peers.splice(i, 1);
    }
  }
  let reused = 0;
  for (const times of used.values()) reused += times - 1;
  return { sealed: seen.size, reused };
}

Deno.test("NetcodeClient seals no two packets with one nonce and key, over all its sessions", () => {
  let sealed = 0;
  let reused = 0;
  for (let seed = 0; seed < SEEDS; seed++) {
    const life = live(seed);
    sealed += life.sealed;
    reused += life.reused;
  }
  assert(sealed > 50 * SEEDS, `${sealed}`);
  assert(reused > 3 * SEEDS, `${reused}`);
});

Deno.test("NetcodeClient goes on with the numbers of a token where a session of it stopped", () => {
  const world = new ClientWorld();
  const token = world.token();
  const { heard } = world.server;
  for (let i = 0; i < 3; i++) {
    const peer = world.connect(token);
    world.pass(55);
    assertEquals(world.client.stateOf(peer), NetcodeClientState.Connected);
    world.client.disconnect(peer);
    world.pass(20);
  }
  // Each session: a request, which takes a number, a response, a keep-alive, ten disconnects.
  const sequences = heard.filter(({ type }) => type !== 0)
    .map(({ sequence }) => Number(sequence));
  assertEquals(sequences.length, 3 * 12);
  const begin = sequences[0]! - 1;
  assertEquals(
    sequences,
    [0, 13, 26].flatMap((first) =>
      Array.from({ length: 12 }, (_, i) => begin + first + 1 + i)
    ),
  );
});

Deno.test("NetcodeClient repeats no nonce of a token that another life of its program has used", () => {
  const random = new SeededRandom(3);
  const token = new ClientWorld().token();
  const sequences: bigint[] = [];
  for (let life = 0; life < 4; life++) {
    const world = new ClientWorld(1, 10, false, random);
    world.tokens.push(token);
    const peer = world.connect(token);
    world.pass(500);
    assertEquals(world.client.stateOf(peer), NetcodeClientState.Connected);
    for (const { type, sequence } of world.server.heard) {
      if (type !== 0) sequences.push(sequence);
    }
  }
  assert(sequences.length > 4 * 5, `${sequences.length}`);
  assertEquals(new Set(sequences).size, sequences.length);
});
