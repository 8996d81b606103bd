import { assert, assertEquals, assertThrows } from "@std/assert";
import { clientId } from "../target/client_id.ts";
import { GUARDED, guardWorld, rpcOf } from "./_testing/guarded_game.ts";
import { CallGuard } from "./call_guard.ts";

const NONE = Object.freeze({});
const [fire, emote, jump, open, damage] = [
  rpcOf("fire"),
  rpcOf("emote"),
  rpcOf("jump"),
  rpcOf("open"),
  rpcOf("damage"),
];

Deno.test("PeerGuard.admit() lets clients make their calls and none of the server's", () => {
  const { peers: [peer] } = guardWorld();
  assertEquals(peer!.admit(jump, NONE), undefined);
  assertEquals(peer!.admit(emote, NONE), undefined);
  assertEquals(peer!.admit(damage, NONE), "unauthorised");
  assertEquals(peer!.counters.admitted, 2);
  assertEquals(peer!.counters.refused.unauthorised, 1);
  assertEquals(peer!.score, 10);
});

Deno.test("PeerGuard.admit() asks for each call who owns what it is about", () => {
  const asked: unknown[] = [];
  const { peers: [peer] } = guardWorld({
    isOwner(client, rpc, params) {
      asked.push([client, rpc, params]);
      return params["door"] === 3;
    },
  });
  assertEquals(peer!.admit(open, { door: 3 }), undefined);
  assertEquals(peer!.admit(open, { door: 4 }), "notOwner");
  assertEquals(peer!.admit(open, { door: 3 }), undefined);
  assertEquals(asked, [
    [1, "open", { door: 3 }],
    [1, "open", { door: 4 }],
    [1, "open", { door: 3 }],
  ]);
});

Deno.test("PeerGuard.admit() takes nothing but true for ownership", () => {
  const { peers: [peer] } = guardWorld({
    isOwner: () => "no" as unknown as boolean,
  });
  assertEquals(peer!.admit(open, NONE), "notOwner");
});

Deno.test("PeerGuard.admit() refuses where isOwner throws, at no cost to the client", () => {
  const cause = new Error("no such door");
  const { guard, events, peers: [peer] } = guardWorld({
    isOwner() {
      throw cause;
    },
  });
  for (let i = 0; i < 5; i++) {
    assertEquals(peer!.admit(open, NONE), "ownerCheckFailed");
  }
  assertEquals(peer!.score, 0);
  assertEquals(peer!.counters.refused.ownerCheckFailed, 5);
  const event = {
    type: "ownerCheckFailed" as const,
    client: clientId(1),
    rpc: "open",
    cause,
  };
  assertEquals(events, [event]);
  guard.tick(1);
  peer!.admit(open, NONE);
  assertEquals(events, [event, event]);
});

Deno.test("PeerGuard.admit() refuses where isOwner is async, whatever it throws later", async () => {
  const isOwner = (() => Promise.reject(new Error("later"))) as unknown;
  const { events, peers: [peer] } = guardWorld({
    isOwner: isOwner as () => boolean,
  });
  assertEquals(peer!.admit(open, { door: 1 }), "ownerCheckFailed");
  assertEquals(events.map(({ type }) => type), ["ownerCheckFailed"]);
  // An error that nobody caught would end the test here.
  await new Promise((resolve) => setTimeout(resolve, 0));
});

Deno.test("PeerGuard.admit() does not ask for owners beyond a budget", () => {
  let asked = 0;
  const { peers: [peer] } = guardWorld({
    limits: { calls: { perSecond: 1, burst: 4 } },
    isOwner() {
      asked++;
      return true;
    },
  });
  for (let i = 0; i < 1_000; i++) peer!.admit(open, NONE);
  assertEquals(asked, 4);
});

Deno.test("PeerGuard.admit() keeps each call to its own rate", () => {
  const { guard, peers: [peer] } = guardWorld();
  for (let i = 0; i < 16; i++) assertEquals(peer!.admit(fire, NONE), undefined);
  assertEquals(peer!.admit(fire, NONE), "rate");
  // A burst that is left out has room for one call at least.
  assertEquals(peer!.admit(emote, NONE), undefined);
  assertEquals(peer!.admit(emote, NONE), "rate");
  assertEquals(peer!.admit(jump, NONE), undefined);
  guard.tick(0.125);
  assertEquals(peer!.admit(fire, NONE), undefined);
  assertEquals(peer!.admit(fire, NONE), "rate");
  assertEquals(peer!.admit(emote, NONE), "rate");
  guard.tick(1.875);
  assertEquals(peer!.admit(emote, NONE), undefined);
});

Deno.test("PeerGuard.admit() keeps all calls to their budget, refused ones too", () => {
  const { guard, peers: [peer] } = guardWorld({
    limits: { calls: { perSecond: 16, burst: 20 } },
  });
  for (let i = 0; i < 16; i++) assertEquals(peer!.admit(fire, NONE), undefined);
  for (let i = 0; i < 4; i++) assertEquals(peer!.admit(fire, NONE), "rate");
  assertEquals(peer!.admit(jump, NONE), "calls");
  guard.tick(0.0625);
  assertEquals(peer!.admit(jump, NONE), undefined);
  assertEquals(peer!.admit(jump, NONE), "calls");
});

Deno.test("PeerGuard.admitPacket() counts what a packet costs besides its bytes", () => {
  const { guard, peers: [peer] } = guardWorld({
    limits: { bytes: { perSecond: 64, burst: 256 } },
  });
  assertEquals(peer!.admitPacket(225), "bytes");
  assertEquals(peer!.admitPacket(96), undefined);
  assertEquals(peer!.admitPacket(96), undefined);
  assertEquals(peer!.admitPacket(0), "bytes");
  guard.tick(0.5);
  assertEquals(peer!.admitPacket(0), undefined);
  assertEquals(peer!.counters.refused.bytes, 2);
});

Deno.test("PeerGuard.spend() makes the caller wait until its debt is paid", () => {
  const { guard, peers: [peer] } = guardWorld({
    limits: { handlerMs: { perSecond: 32, burst: 64 } },
  });
  for (let i = 0; i < 63; i++) peer!.spend(1);
  assertEquals(peer!.admit(jump, NONE), undefined);
  // Two are too many for pauses of the machine's.
  for (let i = 0; i < 2; i++) peer!.spend(17);
  assertEquals(peer!.admit(jump, NONE), "handlerTime");
  guard.tick(1);
  assertEquals(peer!.admit(jump, NONE), "handlerTime");
  guard.tick(1 / 1024);
  assertEquals(peer!.admit(jump, NONE), undefined);
});

Deno.test("PeerGuard.spend() holds a pause that stands alone against a caller for a quarter", () => {
  const { guard, peers: [peer] } = guardWorld({
    limits: { handlerMs: { perSecond: 32, burst: 64 } },
  });
  for (const handlerMs of [17, 3_600_000, Infinity]) {
    for (let i = 0; i < 47; i++) peer!.spend(1);
    peer!.spend(handlerMs);
    assertEquals(peer!.admit(jump, NONE), undefined);
    peer!.spend(1);
    assertEquals(peer!.admit(jump, NONE), "handlerTime");
    guard.tick(10);
  }
  // Again before ten seconds are over it is no chance.
  peer!.spend(64);
  guard.tick(10 - 1 / 1_024);
  peer!.spend(64);
  assertEquals(peer!.admit(jump, NONE), "handlerTime");
});

Deno.test("PeerGuard.spend() holds long pauses against a caller for a burst at most", () => {
  for (const handlerMs of [1_000, 3_600_000, Infinity]) {
    const { guard, peers: [peer] } = guardWorld({
      limits: { handlerMs: { perSecond: 32, burst: 64 } },
    });
    peer!.spend(handlerMs);
    peer!.spend(handlerMs);
    guard.tick(2);
    assertEquals(peer!.admit(jump, NONE), "handlerTime");
    guard.tick(1 / 1024);
    assertEquals(peer!.admit(jump, NONE), undefined);
  }
});

Deno.test("PeerGuard.spend() takes nothing for a clock that stands still or goes back", () => {
  const { peers: [peer] } = guardWorld({
    limits: { handlerMs: { perSecond: 1, burst: 1 } },
  });
  for (const ms of [0, -1, -Infinity, NaN]) {
    peer!.spend(ms);
    assertEquals(peer!.admit(jump, NONE), undefined);
  }
  for (let i = 0; i < 4; i++) peer!.spend(0.25);
  assertEquals(peer!.admit(jump, NONE), "handlerTime");
});

Deno.test("PeerGuard does not mute for the time of a slow server", () => {
  // Pauses of the machine fall into somebody's handlers; the client knows nothing of it.
  const { guard, events, peers: [peer] } = guardWorld();
  peer!.spend(1_000);
  peer!.spend(1_000);
  let refused = 0;
  for (let frame = 0; frame < 600; frame++) {
    guard.tick(1 / 60);
    if (peer!.admit(jump, NONE) !== undefined) refused++;
  }
  assert(refused > 170 && refused < 190, `${refused} were refused`);
  assertEquals(events, []);
});

Deno.test("PeerGuard takes back who stood still for half a minute", () => {
  const { guard, events, peers: [peer] } = guardWorld();
  // What was fired meanwhile comes at once.
  for (let i = 0; i < 30 * 8; i++) peer!.admit(fire, NONE);
  assert(peer!.isMuted);
  for (let i = 0; i < 60 * 8; i++) {
    guard.tick(1 / 8);
    if (peer!.admitPacket(20) === undefined) peer!.admit(fire, NONE);
  }
  assertEquals(events.map(({ type }) => type), [
    "peerWarned",
    "peerMuted",
    "peerUnmuted",
  ]);
  assertEquals(peer!.counters.admitted, 16 + 55 * 8 + 1);
});

Deno.test("PeerGuard warns, mutes, unmutes and says whom to kick", () => {
  const { guard, events, peers: [peer] } = guardWorld({
    limits: { mutesBeforeKick: 1_000, forgivenPerSecond: 16 },
  });
  const client = clientId(1);
  let shots = 0;
  /** Up to a score, in one instant. */
  function shootUntil(score: number): void {
    while (peer!.score < score) {
      shots++;
      peer!.admit(fire, NONE);
    }
  }
  shootUntil(29);
  assertEquals(shots, 45);
  assertEquals(events, []);
  shootUntil(30);
  assertEquals(events.splice(0), [{
    type: "peerWarned",
    client,
    offence: "rate",
    rpc: "fire",
    refused: 30,
  }]);
  shootUntil(120);
  assertEquals(events.splice(0), [{
    type: "peerMuted",
    client,
    offence: "rate",
    rpc: "fire",
    forMs: 5_000,
  }]);
  assert(peer!.isMuted);
  assertEquals(peer!.admitPacket(10), "muted");
  assertEquals(peer!.admit(jump, NONE), "muted");
  guard.tick(4.9375);
  assert(peer!.isMuted);
  assertEquals(events, []);
  guard.tick(0.0625);
  assertEquals(events.splice(0), [{ type: "peerUnmuted", client }]);
  assertEquals(peer!.score, 40);
  assertEquals(peer!.admitPacket(10), undefined);
  assertEquals(peer!.admit(jump, NONE), undefined);
  assertEquals(peer!.mustClose, false);

  while (peer!.score < 600) peer!.malformed();
  assertEquals(events.splice(0).map(({ type }) => type), [
    "peerWarned",
    "peerMuted",
    "peerShouldBeKicked",
  ]);
  assertEquals(peer!.counters.malformed, 3 + 28);
  // Not each second of a clock that stands still.
  peer!.malformed();
  assertEquals(events, []);
  guard.tick(1);
  peer!.malformed();
  assertEquals(events.splice(0).map(({ type }) => type), []);
  peer!.malformed();
  assertEquals(events.splice(0), [{
    type: "peerShouldBeKicked",
    client,
    offence: "malformed",
    rpc: undefined,
  }]);
  const { warnings, mutes, kicks } = peer!.counters;
  assertEquals({ warnings, mutes, kicks }, { warnings: 2, mutes: 2, kicks: 2 });
});

Deno.test("PeerGuard says to kick who is muted again and again", () => {
  const { guard, events, peers: [peer] } = guardWorld({
    limits: { mutesBeforeKick: 2, closesKicked: true },
  });
  for (let frame = 0; frame < 60 * 11; frame++) {
    guard.tick(1 / 60);
    if (peer!.admitPacket(1) === undefined) peer!.malformed();
  }
  assertEquals(
    events.map(({ type }) => type).filter((type) => type !== "peerWarned"),
    [
      "peerMuted",
      "peerUnmuted",
      "peerMuted",
      "peerUnmuted",
      "peerMuted",
      "peerShouldBeKicked",
    ],
  );
  assert(peer!.mustClose);
});

Deno.test("PeerGuard remembers no more than a kick", () => {
  const { guard, peers: [peer] } = guardWorld();
  for (let i = 0; i < 1_000; i++) peer!.malformed();
  assertEquals(peer!.score, 600);
  guard.tick(59);
  assertEquals(peer!.score, 10);
  guard.tick(2);
  assertEquals(peer!.score, 0);
});

Deno.test("PeerGuard forgets mutes with the score", () => {
  const { guard, events, peers: [peer] } = guardWorld({
    limits: { mutesBeforeKick: 1 },
  });
  for (let i = 0; i < 10; i++) {
    while (!peer!.isMuted) peer!.malformed();
    guard.tick(30);
  }
  assertEquals(peer!.counters.mutes, 10);
  assertEquals(events.some(({ type }) => type === "peerShouldBeKicked"), false);
});

Deno.test("PeerGuard adds nothing for what a muted client sends within its budgets", () => {
  const { guard, events, peers: [peer] } = guardWorld();
  while (!peer!.isMuted) peer!.malformed();
  events.length = 0;
  guard.tick(1);
  const { score } = peer!;
  for (let i = 0; i < 100; i++) {
    assertEquals(peer!.admitPacket(100), "muted");
    assertEquals(peer!.admit(damage, NONE), "muted");
  }
  assertEquals(peer!.score, score);
  assertEquals(peer!.counters.refused.muted, 200);
  assertEquals(peer!.counters.refused.unauthorised, 0);
  assertEquals(events, []);
  for (let i = 0; i < 10_000; i++) peer!.admitPacket(1_000);
  assertEquals(events.map(({ type }) => type), ["peerShouldBeKicked"]);
});

Deno.test("PeerGuard.admitRelay() bounds what a client has others sent", () => {
  const { guard, peers: [peer] } = guardWorld({
    limits: { relays: { perSecond: 64, burst: 128 } },
  });
  for (const wanted of [undefined, undefined, "relays"]) {
    assertEquals(peer!.admit(jump, NONE), undefined);
    assertEquals(peer!.admitRelay(jump), wanted);
    if (wanted === undefined) peer!.relayed(100, 20);
  }
  assertEquals(peer!.counters.admitted, 2);
  // The 72 of the debt, and what is needed to have anything.
  guard.tick(1.125);
  peer!.admit(jump, NONE);
  assertEquals(peer!.admitRelay(jump), "relays");
  guard.tick(1 / 1024);
  peer!.admit(jump, NONE);
  assertEquals(peer!.admitRelay(jump), undefined);
  assertEquals(peer!.counters.admitted, 3);
  assertEquals(peer!.counters.refused.relays, 2);
});

Deno.test("PeerGuard.relayed() counts 256 bytes to a client as one, and forgets no debt", () => {
  for (
    const [bytes, parts] of [[0, 1], [1, 1], [256, 1], [257, 2], [60_000, 235]]
  ) {
    const { guard, peers: [peer] } = guardWorld({
      limits: { relays: { perSecond: 64, burst: 128 } },
    });
    peer!.relayed(1_000, bytes!);
    guard.tick((1_000 * parts! - 128) / 64);
    peer!.admit(jump, NONE);
    assertEquals(peer!.admitRelay(jump), "relays");
    guard.tick(1 / 1_024);
    peer!.admit(jump, NONE);
    assertEquals(peer!.admitRelay(jump), undefined);
  }
});

Deno.test("PeerGuard.takeRefusal() bounds the answers that refuse", () => {
  const { guard, peers: [peer] } = guardWorld();
  let answered = 0;
  for (let i = 0; i < 1_000; i++) if (peer!.takeRefusal()) answered++;
  assertEquals(answered, 40);
  guard.tick(1);
  for (let i = 0; i < 1_000; i++) if (peer!.takeRefusal()) answered++;
  assertEquals(answered, 60);
});

Deno.test("CallGuard.counters has the sums, of peers that are gone too", () => {
  const { guard, peers: [a, b] } = guardWorld({ peers: 2 });
  a!.admit(jump, NONE);
  a!.admit(damage, NONE);
  a!.malformed();
  b!.admit(jump, NONE);
  b!.admit(open, NONE);
  guard.disconnect(a!);
  guard.disconnect(a!);
  assertEquals(guard.size, 1);
  assertEquals(guard.counters, {
    admitted: 2,
    malformed: 1,
    refused: {
      calls: 0,
      bytes: 0,
      handlerTime: 0,
      rate: 0,
      relays: 0,
      unauthorised: 1,
      notOwner: 1,
      muted: 0,
      ownerCheckFailed: 0,
    },
    warnings: 0,
    mutes: 0,
    kicks: 0,
  });
});

Deno.test("CallGuard begins anew with each connection", () => {
  const { guard, events, peers: [peer] } = guardWorld();
  guard.tick(100);
  while (!peer!.isMuted) peer!.malformed();
  guard.disconnect(peer!);
  events.length = 0;
  const again = guard.connect(clientId(1));
  assertEquals(again.score, 0);
  assertEquals(again.admit(fire, NONE), undefined);
  guard.tick(100);
  assertEquals(events, []);
});

Deno.test("CallGuard wants to know who owns what", () => {
  const emit = (): void => {};
  assertThrows(
    () => new CallGuard({ contract: GUARDED, emit }),
    TypeError,
    'rpc "open" as isOwner must be given',
  );
  const rpcs = GUARDED.rpcs.filter(({ name }) => name !== "open");
  new CallGuard({ contract: { rpcs }, emit });
});
