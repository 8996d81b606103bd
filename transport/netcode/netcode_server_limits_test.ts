import { assert, assertEquals } from "@std/assert";
import { ServerWorld } from "./_testing/server_world.ts";
import { MAX_ENCRYPTION_MAPPINGS } from "./_encryption_mappings.ts";
import { writeRequest } from "./_request.ts";
import { PacketType } from "./_packet_type.ts";
import { REQUEST_BYTES } from "./_sizes.ts";
import { MAX_USED_TOKENS } from "./_used_tokens.ts";
import { parseConnectToken } from "./connect_token.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
/** What is sent in a second, for how many seconds. */
const FLOOD = 20_000;
const SECONDS = IS_SOAK ? 10 : 0.15;
const BATCH_MS = 5;

/**
 * Requests of as many clients, with tokens of another world: seeded alike, all have one key.
 * They are forgotten after a second.
 */
const REQUESTS = requests(MAX_USED_TOKENS - 1);

function requests(count: number): readonly Uint8Array[] {
  const world = new ServerWorld();
  world.nextClientId = 10_000n;
  return Array.from(
    { length: count },
    () => requestOf(world.token({ expireSeconds: 1_000, timeoutSeconds: 1 })),
  );
}

function requestOf(token: Uint8Array): Uint8Array {
  const request = new Uint8Array(REQUEST_BYTES);
  writeRequest(parseConnectToken(token), request);
  return request;
}

/** Sends a flood, and tells what was counted. */
function flood(
  world: ServerWorld,
  send: (i: number) => void,
  perSecond = FLOOD,
  seconds = SECONDS,
): ReturnType<ServerWorld["counted"]> {
  return world.counted(() => {
    const batch = perSecond * BATCH_MS / 1_000;
    for (let i = 0; i < perSecond * seconds; i++) {
      send(i);
      if ((i + 1) % batch === 0) world.pass(BATCH_MS);
    }
  });
}

/** Checks how many tokens of one host were tried in vain, by windows of 50 to 150 ms. */
function assertTriedOfHost(tried: number): void {
  const ms = SECONDS * 1_000;
  const [least, most] = [Math.floor(ms / 150), Math.ceil(ms / 50) + 1];
  assert(tried >= 50 * least && tried <= 50 * most, `${tried} in ${ms} ms`);
}

Deno.test("NetcodeServer bounds the tokens that it tries in vain, for all and for each host", () => {
  const world = new ServerWorld();
  const bad = world.client({ privateKey: world.key() });
  const ofOne = flood(world, () => bad.send(bad.request()), 4_000);
  assertTriedOfHost(ofOne.badToken!);
  assertEquals(ofOne.badToken! + ofOne.rateLimited!, 4_000 * SECONDS);
  const sockets = Array.from(
    { length: 100 },
    (_, i) => world.network.socket(`10.1.0.${i}`),
  );
  const request = bad.request();
  const ofMany = flood(world, (i) => {
    const socket = sockets[i % sockets.length]!;
    socket.send(request, socket.address("10.0.0.1", 9));
  });
  // Two each millisecond, and what was saved up.
  const even = 2 * SECONDS * 1_000;
  const tried = ofMany.badToken!;
  assert(tried >= even && tried <= even + 200, `${tried} in ${SECONDS} s`);
  assertEquals(ofMany.badToken! + ofMany.rateLimited!, FLOOD * SECONDS);
});

Deno.test("NetcodeServer lets others in while one host floods it", () => {
  const world = new ServerWorld();
  const bad = world.client({ privateKey: world.key() });
  let others = 0;
  flood(world, (i) => {
    bad.send(bad.request());
    if (i % 120 === 119 && others < 4) {
      const socket = world.network.socket(`10.2.0.${others}`);
      world.connect(world.client({ timeoutSeconds: -1 }, socket));
      others++;
    }
  }, 4_000);
  assertEquals(world.server.clientCount, 4);
});

Deno.test("NetcodeServer does not open a token again that its address has shown", () => {
  const world = new ServerWorld();
  const client = world.client();
  client.send(client.request());
  world.settle();
  // The same host may have nothing opened any more.
  const bad = world.client({ privateKey: world.key() });
  const late = world.client();
  const counted = world.counted(() => {
    for (let i = 0; i < 110; i++) bad.send(bad.request());
    late.send(late.request());
    client.send(client.request());
  });
  assertEquals(counted, { badToken: 50, rateLimited: 61, challenged: 1 });
  world.pass(60);
  // What differs from the request that was opened, if only in one bit, is another one.
  const other = client.request();
  other[60]! ^= 1;
  assertEquals(world.counted(() => client.send(other)).challenged, undefined);
  client.respond();
  world.settle();
  assertEquals(world.server.clientCount, 1);
});

Deno.test("NetcodeServer counts a network of 64 bits as one host", () => {
  const world = new ServerWorld({ addresses: ["[2001:db8::1]:9"] });
  const own = world.network.socket("2001:db8::1", 9);
  world.end.bind(own);
  const request = world.client({ privateKey: world.key() }).request();
  const counted = world.counted(() => {
    for (let i = 0; i < 200; i++) {
      const from = world.network.socket(`2001:db8:5:6::${i + 1}`);
      from.send(request, from.address("2001:db8::1", 9));
    }
  });
  assertEquals(counted, { badToken: 50, rateLimited: 150 });
  const other = world.network.socket("2001:db8:5:7::1");
  const counted2 = world.counted(() =>
    other.send(request, other.address("2001:db8::1", 9))
  );
  assertEquals(counted2, { badToken: 1 });
});

Deno.test("NetcodeServer counts each key that it tries", () => {
  const world = new ServerWorld();
  world.restart({ privateKeys: Array.from({ length: 8 }, () => world.key()) });
  const bad = world.client();
  const counted = world.counted(() => {
    for (let i = 0; i < 50; i++) bad.send(bad.request());
  });
  assertEquals(counted, { badToken: 7, rateLimited: 43 });
});

Deno.test("NetcodeServer answers one request that is sent over and over 20 times a second", () => {
  for (const isFull of [false, true]) {
    const world = new ServerWorld({ maxClients: 1 });
    if (isFull) world.connect(world.client());
    const client = world.client();
    const request = client.request();
    const counted = flood(world, () => client.send(request), 1_000, 1);
    const answers = client.received.length;
    assert(answers >= 20 && answers <= 22, `${answers}`);
    assertEquals(counted, {
      [isFull ? "full" : "challenged"]: answers,
      rateLimited: 1_000 - answers,
    });
  }
});

Deno.test("NetcodeServer answers no response over and over where there is no room", () => {
  const world = new ServerWorld({ maxClients: 1 });
  const late = world.client();
  late.send(late.request());
  world.settle();
  world.connect(world.client());
  world.pass(200);
  const response = late.respond();
  const counted = flood(world, () => late.send(response), 1_000, 1);
  const answers = late.of(PacketType.Denied).length;
  assert(answers >= 20 && answers <= 22, `${answers}`);
  assertEquals(counted, { full: answers, rateLimited: 1_001 - answers });
});

Deno.test("NetcodeServer tries tokens of other servers, and of who is connected, no more than bad ones", () => {
  for (const isOther of [true, false]) {
    const world = new ServerWorld();
    const clientId = 7n;
    world.connect(world.client({ clientId, timeoutSeconds: -1 }));
    const client = isOther
      ? world.client({ addresses: ["10.0.0.7:9"] })
      : world.client({ clientId });
    const counted = flood(world, () => client.send(client.request()), 4_000);
    const tried = counted[isOther ? "otherServer" : "clientConnected"]!;
    assertTriedOfHost(tried);
    assertEquals(counted.rateLimited, 4_000 * SECONDS - tried);
  }
});

Deno.test("NetcodeServer keeps keys of 1,024 addresses that have not answered, and takes no more", () => {
  const world = new ServerWorld();
  const first = world.client({ timeoutSeconds: 5 });
  first.send(first.request());
  world.settle();
  for (let i = 1; i <= MAX_ENCRYPTION_MAPPINGS; i++) {
    world.end.take(REQUESTS[i]!, world.socket.address("10.0.0.3", i));
  }
  const last = world.client({ timeoutSeconds: 5 });
  last.send(last.request());
  world.settle();
  assertEquals(world.server.counters.challenged, MAX_ENCRYPTION_MAPPINGS);
  assertEquals(world.server.counters.mappingsFull, 2);
  assertEquals(world.socket.retained, MAX_ENCRYPTION_MAPPINGS);
  // Whoever is in the table is answered still, and makes room.
  first.respond();
  world.settle();
  world.pass(100);
  assertEquals(world.counted(() => last.send(last.request())), {
    challenged: 1,
  });
  last.respond();
  world.settle();
  assertEquals(world.server.clientCount, 2);
  for (const { peer } of world.end.of("peerConnected")) {
    world.server.disconnect(peer);
  }
  world.pass(5_000, 100);
  world.assertEmpty();
});

Deno.test("NetcodeServer remembers 2,048 tokens and those of its clients, and forgets who was there first", () => {
  const world = new ServerWorld();
  const stays = world.client({ expireSeconds: 1_000 });
  world.connectFully(stays);
  const comes = world.client({ expireSeconds: 1_000 });
  world.server.disconnect(world.connect(comes));
  const from = world.socket.address("10.0.0.3", 1);
  for (const [i, request] of REQUESTS.entries()) {
    if (i % 500 === 0) {
      stays.sendPacket(PacketType.Payload, new Uint8Array(1));
      world.pass(1_100);
    }
    world.end.take(request, from);
  }
  assertEquals(world.server.counters.challenged, MAX_USED_TOKENS + 1);
  const elsewhere = world.clients.length;
  const thief = world.clientWith(world.token());
  for (const client of [stays, comes]) {
    assertEquals(world.counted(() => thief.send(client.request())), {
      tokenUsed: 1,
    });
  }
  world.end.take(requestOf(world.token()), from);
  // The longest unused one is forgotten: any address may come with it until it expires.
  assertEquals(world.counted(() => thief.send(comes.request())), {
    challenged: 1,
  });
  assertEquals(world.counted(() => thief.send(stays.request())), {
    tokenUsed: 1,
  });
  assertEquals(world.clients.length, elsewhere + 1);
});
