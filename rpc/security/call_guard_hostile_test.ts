import { assert, assertEquals } from "@std/assert";
import { type Random, SeededRandom } from "../../core/mod.ts";
import { clientId } from "../target/client_id.ts";
import { GUARDED, guardWorld, rpcOf } from "./_testing/guarded_game.ts";
import { BudgetWatch, ReferenceBucket } from "./_testing/reference_guard.ts";
import type { PeerGuard } from "./call_guard.ts";
import {
  type ResolvedRpcLimits,
  resolveRpcLimits,
  RPC_PACKET_OVERHEAD_BYTES,
  type RpcBudget,
  type RpcLimits,
} from "./rpc_limits.ts";
import type { RpcDenial, RpcGuardEvent } from "./rpc_offence.ts";

const SCHEDULES = Deno.env.get("TICKWIRE_SOAK") === "1" ? 100_000 : 400;
const NONE = Object.freeze({});
const [fire, emote, jump, damage] = [
  rpcOf("fire"),
  rpcOf("emote"),
  rpcOf("jump"),
  rpcOf("damage"),
];
/** Never mutes, so that the budgets alone are seen. */
const PATIENT: RpcLimits = { warnAt: 1e12, muteAt: 1e12, kickAt: 1e12 };

function sumRefused(peer: PeerGuard): number {
  return Object.values(peer.counters.refused).reduce((a, b) => a + b, 0);
}

Deno.test("PeerGuard lets a burst and a second's worth of 1,000,000 calls through", () => {
  const { guard, events, peers: [peer] } = guardWorld({ limits: PATIENT });
  let admitted = 0;
  for (let ms = 0; ms < 1_000; ms++) {
    for (let i = 0; i < 1_000; i++) {
      if (peer!.admit(jump, NONE) === undefined) admitted++;
    }
    guard.tick(1 / 1_000);
  }
  assert(admitted >= 480 + 239 && admitted <= 480 + 240, `${admitted}`);
  assertEquals(peer!.counters.admitted, admitted);
  assertEquals(peer!.counters.refused.calls, 1_000_000 - admitted);
  assertEquals(events, []);
});

Deno.test("PeerGuard tells of 1,000,000 calls in three events", () => {
  const { guard, events, peers: [peer] } = guardWorld();
  for (let ms = 0; ms < 1_000; ms++) {
    for (let i = 0; i < 1_000; i++) peer!.admit(jump, NONE);
    guard.tick(1 / 1_024);
  }
  assertEquals(events.map(({ type }) => type), [
    "peerWarned",
    "peerMuted",
    "peerShouldBeKicked",
  ]);
  // The burst, and what came before the mute: the first three milliseconds.
  assertEquals(peer!.counters.admitted, 480);
  assertEquals(peer!.counters.refused.calls, 120);
  assertEquals(peer!.counters.refused.muted, 1_000_000 - 600);
});

Deno.test("PeerGuard reads few of 10,000 malformed packets", () => {
  const { guard, events, peers: [peer] } = guardWorld();
  let read = 0;
  for (let i = 0; i < 10_000; i++) {
    if (i % 100 === 0) guard.tick(1 / 60);
    if (peer!.admitPacket(1_200) !== undefined) continue;
    read++;
    peer!.malformed();
  }
  // The budget, what flowed into it, and what led to the mute.
  assert(read <= 3 + 1 + 6, `${read} were read`);
  assertEquals(peer!.counters.malformed, read);
  assertEquals(sumRefused(peer!), 10_000 - read);
  const types = events.map(({ type }) => type);
  assertEquals(types.slice(0, 3), [
    "peerWarned",
    "peerMuted",
    "peerShouldBeKicked",
  ]);
  assert(types.length <= 4, `${types}`);
});

Deno.test("PeerGuard never finds fault with an hour just below the limits", () => {
  const { guard, events, peers: [peer] } = guardWorld();
  // All that there is, in turns at once and evenly; dt is exact in binary.
  const frames = 3_600 * 64;
  for (let frame = 0; frame < frames; frame++) {
    guard.tick(1 / 64);
    const second = Math.floor(frame / 64);
    const isEven = second % 4 < 2;
    const inSecond = frame % 64;
    // Two seconds of 240 calls: 3 or 4 a frame, or 480 in one frame of them.
    const even = inSecond < 16 ? 3 : 4;
    const atOnce = second % 4 === 3 && inSecond === 63 ? 480 : 0;
    const calls = isEven ? even : atOnce;
    for (let i = 0; i < calls; i++) {
      const denial = peer!.admit(jump, NONE);
      if (denial !== undefined) throw new Error(`Frame ${frame}: ${denial}`);
    }
    if (peer!.admitPacket(480) !== undefined) throw new Error(`${frame}`);
    if (inSecond === 0) peer!.malformed();
    peer!.spend(20 / 64);
  }
  assertEquals(peer!.counters.admitted, 3_600 * 240);
  assertEquals(sumRefused(peer!), 0);
  assertEquals(peer!.score, 0);
  assertEquals(events, []);
});

Deno.test("PeerGuard does not let the flood of one take from another", () => {
  const { guard, events, peers } = guardWorld({ peers: 3 });
  const { guard: quiet, peers: alone } = guardWorld({ peers: 3 });
  const random = new SeededRandom(5);
  for (let frame = 0; frame < 600; frame++) {
    guard.tick(1 / 60);
    quiet.tick(1 / 60);
    for (let i = 0; i < 1_000; i++) {
      peers[0]!.admitPacket(random.nextU32() % 65_536);
      peers[0]!.admit(GUARDED.rpcs[random.nextU32() % 5]!, NONE);
      peers[0]!.malformed();
      peers[0]!.spend(10);
      peers[0]!.takeRefusal();
    }
    for (const i of [1, 2]) {
      const bytes = random.nextU32() % 2_000;
      const rpc = GUARDED.rpcs[random.nextU32() % 5]!;
      assertEquals(peers[i]!.admitPacket(bytes), alone[i]!.admitPacket(bytes));
      assertEquals(peers[i]!.admit(rpc, NONE), alone[i]!.admit(rpc, NONE));
      assertEquals(peers[i]!.takeRefusal(), alone[i]!.takeRefusal());
    }
  }
  assertEquals(peers[1]!.counters, alone[1]!.counters);
  assertEquals(peers[2]!.counters, alone[2]!.counters);
  assert(
    events.some(({ type, client }) => type === "peerMuted" && client === 1),
  );
});

Deno.test("PeerGuard grants nothing while the time stands still, and one burst after a jump", () => {
  const { guard, peers: [peer] } = guardWorld({ limits: PATIENT });
  const [a, b] = [drain(peer!), drain(peer!)];
  assertEquals([a, b], [480, 0]);
  for (let i = 0; i < 1_000; i++) guard.tick(0);
  assertEquals(drain(peer!), 0);
  for (const dt of [3_600, 1e6, 1e9]) {
    guard.tick(dt);
    assertEquals(drain(peer!), 480, `${dt} s`);
  }
  // After thirty years the finest time left is a hundredth of a millisecond.
  guard.tick(1);
  assertEquals(drain(peer!), 240);

  function drain(peer: PeerGuard): number {
    let count = 0;
    for (let i = 0; i < 2_000; i++) {
      if (peer.admit(jump, NONE) === undefined) count++;
    }
    return count;
  }
});

Deno.test("PeerGuard is unmuted once, however far the time jumps", () => {
  const { guard, events, peers: [peer] } = guardWorld();
  while (!peer!.isMuted) peer!.malformed();
  events.length = 0;
  for (let i = 0; i < 100; i++) guard.tick(0);
  assertEquals(events, []);
  guard.tick(1e9);
  guard.tick(1e9);
  assertEquals(events, [{ type: "peerUnmuted", client: clientId(1) }]);
});

function randomBudget(random: Random): RpcBudget {
  return {
    perSecond: 1 << (random.nextU32() % 10),
    burst: 1 + random.nextU32() % (1 << (random.nextU32() % 12)),
  };
}

Deno.test("PeerGuard agrees with exact arithmetic on every schedule", () => {
  for (let seed = 0; seed < SCHEDULES; seed++) {
    const random = new SeededRandom(seed);
    const limits = resolveRpcLimits({
      ...PATIENT,
      calls: randomBudget(random),
      bytes: randomBudget(random),
      handlerMs: randomBudget(random),
      refusals: randomBudget(random),
    });
    const { guard, peers: [peer] } = guardWorld({ limits });
    const reference = new ReferencePeer(limits);
    const steps = 1 + random.nextU32() % 150;
    for (let step = 0; step < steps; step++) {
      const hint = `seed ${seed}, step ${step}`;
      const size = random.nextU32() % (1 << (random.nextU32() % 12));
      switch (random.nextU32() % 6) {
        case 0:
          guard.tick(size / 1_024);
          reference.tick(size);
          break;
        case 1:
        case 2:
          for (let i = 0; i <= size % 64; i++) {
            same(peer!.admit(fire, NONE), reference.admitFire(), hint);
          }
          break;
        case 3: {
          const cost = size + RPC_PACKET_OVERHEAD_BYTES;
          const wanted = reference.bytes.take(cost) ? undefined : "bytes";
          same(peer!.admitPacket(size), wanted, hint);
          break;
        }
        case 4:
          peer!.spend(size / 64);
          reference.spend(size / 64);
          break;
        case 5:
          same(peer!.takeRefusal(), reference.refusals.take(1), hint);
          break;
      }
    }
  }
});

Deno.test("PeerGuard exceeds no budget by more than its burst on any schedule", () => {
  for (let seed = 0; seed < SCHEDULES; seed++) {
    const random = new SeededRandom(1_000_000 + seed);
    const limits = resolveRpcLimits({
      // Rates that are no power of two, and mutes in between.
      calls: anyBudget(random, 1_000),
      bytes: anyBudget(random, 40_000),
      handlerMs: anyBudget(random, 50, 20),
      malformed: anyBudget(random, 5),
      refusals: anyBudget(random, 50),
      muteMs: 1_000 + random.nextFloat() * 5_000,
      mutesBeforeKick: random.nextU32() % 5,
    });
    const { guard, events, peers: [peer] } = guardWorld({
      limits,
      isOwner: () => random.nextU32() % 2 === 0,
    });
    const watch = {
      calls: new BudgetWatch(limits.calls),
      bytes: new BudgetWatch(limits.bytes),
      refusals: new BudgetWatch(limits.refusals),
      fire: new BudgetWatch({ perSecond: 8, burst: 16 }),
      emote: new BudgetWatch({ perSecond: 0.5, burst: 1 }),
      // A handler is only known to be long, here up to 20 ms, when it is over; and of
      // one in ten seconds, three quarters at most are taken for a pause.
      handlerMs: new BudgetWatch({
        perSecond: limits.handlerMs.perSecond + 15 / 10,
        burst: limits.handlerMs.burst + 20 + 15,
      }),
    };
    const last = new Map<RpcGuardEvent["type"], number>();
    let nowMs = 0;
    let asked = 0;
    let admitted = 0;
    let isMuted = false;
    for (let step = 0; step < 100; step++) {
      const dt = random.nextU32() % 3 === 0
        ? random.nextFloat() ** 8 * 4
        : 1 / 60;
      nowMs += dt * 1_000;
      guard.tick(dt);
      const kind = random.nextU32() % 6;
      for (let i = random.nextU32() % 60; i >= 0; i--) {
        isMuted = peer!.isMuted;
        asked++;
        let isRight = true;
        if (kind === 0) {
          const bytes = random.nextU32() % 1_200;
          const isAdmitted = peer!.admitPacket(bytes) === undefined;
          if (isAdmitted) {
            admitted++;
            isRight = watch.bytes.grant(bytes + 32, nowMs) && !isMuted;
          }
        } else if (kind === 1) {
          asked--;
          peer!.malformed();
        } else if (kind === 2) {
          asked--;
          if (peer!.takeRefusal()) isRight = watch.refusals.grant(1, nowMs);
        } else {
          const rpc = GUARDED.rpcs[random.nextU32() % 5]!;
          if (peer!.admit(rpc, NONE) === undefined) {
            admitted++;
            isRight = !isMuted && rpc !== damage && watch.calls.grant(1, nowMs);
            if (rpc === fire) isRight &&= watch.fire.grant(1, nowMs);
            if (rpc === emote) isRight &&= watch.emote.grant(1, nowMs);
            const tookMs = random.nextFloat() ** 4 * 20;
            peer!.spend(tookMs);
            isRight &&= watch.handlerMs.grant(tookMs, nowMs);
          }
        }
        if (!isRight) throw new Error(`Exceeded: seed ${seed}, step ${step}`);
      }
      for (const { type } of events.splice(0)) {
        const beforeMs = last.get(type) ?? -Infinity;
        last.set(type, nowMs);
        if (!(nowMs - beforeMs >= 999.999)) {
          throw new Error(
            `Two ${type} in a second: seed ${seed}, step ${step}`,
          );
        }
      }
    }
    const { counters } = peer!;
    const packets = asked - admitted;
    same(sumRefused(peer!), packets, `seed ${seed}`);
    assertEquals(guard.counters, counters);
  }
});

/** What decides of a peer that does nothing but fire. */
class ReferencePeer {
  readonly calls: ReferenceBucket;
  readonly bytes: ReferenceBucket;
  readonly handlerMs: ReferenceBucket;
  readonly refusals: ReferenceBucket;
  readonly fire = new ReferenceBucket({ perSecond: 8, burst: 16 });
  readonly #pauseMs: number;
  #ticksSincePause = Infinity;

  constructor(limits: ResolvedRpcLimits) {
    this.#pauseMs = limits.handlerMs.burst / 4;
    this.calls = new ReferenceBucket(limits.calls);
    this.bytes = new ReferenceBucket(limits.bytes);
    this.handlerMs = new ReferenceBucket(limits.handlerMs);
    this.refusals = new ReferenceBucket(limits.refusals);
  }

  tick(ticks: number): void {
    const { calls, bytes, handlerMs, refusals, fire } = this;
    for (const bucket of [calls, bytes, handlerMs, refusals, fire]) {
      bucket.tick(ticks);
    }
    this.#ticksSincePause += ticks;
  }

  spend(ms: number): void {
    const isPause = ms > this.#pauseMs;
    const isAlone = isPause && this.#ticksSincePause >= 10 * 1_024;
    if (isPause) this.#ticksSincePause = 0;
    this.handlerMs.spend(isAlone ? this.#pauseMs : ms);
  }

  admitFire(): RpcDenial | undefined {
    if (!this.calls.take(1)) return "calls";
    if (!this.handlerMs.hasAny()) return "handlerTime";
    return this.fire.take(1) ? undefined : "rate";
  }
}

function anyBudget(random: Random, scale: number, minBurst = 1): RpcBudget {
  return {
    perSecond: 0.1 + random.nextFloat() * scale,
    burst: minBurst + random.nextU32() % (2 * scale),
  };
}

function same(actual: unknown, wanted: unknown, hint: string): void {
  if (actual !== wanted) {
    throw new Error(`Got ${actual} instead of ${wanted}: ${hint}`);
  }
}
