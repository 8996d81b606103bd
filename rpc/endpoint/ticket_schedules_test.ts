// Whatever the line does, each ticket has one outcome, and it is the right one.
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import {
  Channel,
  MemoryLinkPair,
  type MessageLink,
  struct,
  u8,
  varint,
} from "../../protocol/mod.ts";
import {
  type ClientId,
  clientId,
  type DeferredReply,
  defineRpc,
  RpcClient,
  RpcFailure,
  RpcServer,
} from "../mod.ts";

const SCHEDULES = Deno.env.get("TICKWIRE_SOAK") === "1" ? 100_000 : 150;
const MAX_OUTSTANDING = 6;
const TICKS = 60;
const TIMEOUTS = [40, 150, 400, Infinity];

const reply = struct({ n: varint, by: u8 });
const game = defineRpc({
  ask: { params: { n: varint, how: u8 }, from: "any", reply },
  // Overtakes what is ordered.
  hurry: {
    params: { n: varint, how: u8 },
    from: "any",
    reply,
    channel: Channel.Reliable,
  },
});
type Name = "ask" | "hurry";

/** A link that hands out messages of reliable channels twice, and in another order. */
function unruly(link: MessageLink, random: SeededRandom): MessageLink {
  const late: { readonly bytes: Uint8Array; readonly channel: Channel }[] = [];
  return {
    get state() {
      return link.state;
    },
    maxMessageBytes: link.maxMessageBytes,
    rttMs: 0,
    send: (bytes, channel) =>
      // It has no room now and then.
      random.nextFloat() > 0.1 && link.send(bytes, channel),
    poll(sink): void {
      link.poll((bytes, channel) => {
        // The handshake counts on what its channel promises.
        if (bytes[0] === 0) return sink(bytes, channel);
        const copies = random.nextFloat() < 0.15 ? 2 : 1;
        for (let i = 0; i < copies; i++) {
          const at = random.nextFloat() < 0.3
            ? Math.floor(random.nextFloat() * (late.length + 1))
            : late.length;
          late.splice(at, 0, { bytes: bytes.slice(), channel });
        }
      });
      if (link.state.type !== "open") return;
      const now = random.nextFloat() < 0.2 ? 1 : late.length;
      for (const { bytes, channel } of late.splice(0, now)) {
        sink(bytes, channel);
      }
    },
    close: (reason) => link.close(reason),
  };
}

/** One end, whichever it is, and what its tickets are to come to. */
interface Asker {
  call(
    name: Name,
    n: number,
    how: number,
    timeoutMs: number,
  ): number | undefined;
  cancel(ticket: number): boolean;
  readonly waiting: Map<number, number>;
  readonly outcomes: Map<string, number>;
}

function run(seed: number): ReadonlyMap<string, number> {
  const random = new SeededRandom(seed);
  const chance = (odds: number): boolean => random.nextFloat() < odds;
  const pick = <T>(from: readonly T[]): T =>
    from[Math.floor(random.nextFloat() * from.length)]!;
  const counts = new Map<string, number>();
  const limits = { maxOutstanding: MAX_OUTSTANDING, maxEvents: 256 };
  const server = new RpcServer(game, {
    ...limits,
    limits: { calls: { perSecond: 1e6, burst: 1e6 } },
    clock: { nowMs: () => 0, epochMs: () => 0 },
  });
  type Answer = { n: number; by: number };
  const deferred: [DeferredReply<Answer>, Answer][] = [];
  let pair!: MemoryLinkPair;
  let id = 0 as ClientId;
  const conditions = { latencyMs: 20, jitterMs: 60, loss: 0.2, random };
  const open = (): MessageLink => {
    pair = new MemoryLinkPair(conditions);
    id = clientId(id + 1);
    server.connect(unruly(pair.a, random), id);
    return unruly(pair.b, random);
  };
  const client = new RpcClient(game, open(), limits);
  for (const [by, end] of [server, client].entries()) {
    for (const name of ["ask", "hurry"] as const) {
      end.answer(name, ({ n, how }, context) => {
        if (how === 1) throw new RpcFailure(n % 100, `${n}`);
        if (how === 2) throw new Error("a bug");
        if (how === 0) return { n, by };
        const later = context.defer();
        // Of how 4 nothing comes.
        if (how === 3) deferred.push([later, { n, by }]);
        return later;
      });
    }
  }
  const askers: Asker[] = [
    {
      call: (name, n, how, timeoutMs) =>
        server.call(name, { n, how }, id, { timeoutMs }),
      cancel: (ticket) => server.cancel(ticket as never),
      waiting: new Map(),
      outcomes: counts,
    },
    {
      call: (name, n, how, timeoutMs) =>
        client.call(name, { n, how }, { timeoutMs }),
      cancel: (ticket) => client.cancel(ticket as never),
      waiting: new Map(),
      outcomes: counts,
    },
  ];
  const drain = (): void => {
    for (const [i, { waiting, outcomes }] of askers.entries()) {
      const events = i === 0 ? server.drainEvents() : client.drainEvents();
      for (const event of events) {
        if (!("ticket" in event)) continue;
        const { ticket, type } = event;
        const expected = waiting.get(ticket);
        assert(expected !== undefined, `${type} of ${ticket} was not awaited`);
        waiting.delete(ticket);
        outcomes.set(type, (outcomes.get(type) ?? 0) + 1);
        const n = Math.floor(expected / 10);
        const how = expected % 10;
        if (type === "result") {
          assert(how === 0 || how === 3, `a result of how ${how}`);
          assertEquals(event.value, { n, by: 1 - i });
        } else if (type === "failed") {
          if (event.reason === "failure") {
            assertEquals([how, event.code, event.message], [
              1,
              n % 100,
              `${n}`,
            ]);
          } else if (event.reason === "handlerFailed") assertEquals(how, 2);
          else assertEquals(event.reason, "tooManyOutstanding");
        }
      }
    }
    assert(server.outstanding === askers[0]!.waiting.size);
    assert(client.outstanding === askers[1]!.waiting.size);
    for (const { outstanding } of server.peers()) {
      assert(outstanding <= MAX_OUTSTANDING);
    }
  };
  let n = 0;
  for (let tick = 0; tick < TICKS; tick++) {
    const dt = chance(0.05) ? 0.3 : 0.016;
    for (const asker of askers) {
      while (chance(0.3)) {
        n += 1;
        const how = Math.floor(random.nextFloat() * 5);
        const name = pick(["ask", "hurry"] as const);
        const ticket = asker.call(name, n, how, pick(TIMEOUTS));
        if (ticket === undefined) continue;
        assert(!asker.waiting.has(ticket), `ticket ${ticket} comes twice`);
        asker.waiting.set(ticket, n * 10 + how);
      }
      if (chance(0.05)) {
        const [ticket] = asker.waiting.keys();
        if (ticket !== undefined) assert(asker.cancel(ticket));
      }
    }
    if (chance(0.4)) {
      const [later, answer] = deferred.shift() ?? [];
      later?.settle(answer!);
    }
    pair.tick(dt);
    if (chance(0.5)) server.tick(dt);
    client.tick(dt);
    server.tick(0);
    drain();
    if (chance(0.03)) {
      if (chance(0.5)) pair.a.close("cut");
      client.reconnect(open());
      drain();
    }
  }
  client.close();
  for (const peer of [...server.peers()]) server.disconnect(peer);
  drain();
  for (const { waiting } of askers) assertEquals([...waiting], []);
  return counts;
}

Deno.test(`${SCHEDULES} schedules of loss, duplication, reordering and reconnects: each ticket has one outcome`, () => {
  const sums = new Map<string, number>();
  for (let seed = 1; seed <= SCHEDULES; seed++) {
    try {
      for (const [type, count] of run(seed)) {
        sums.set(type, (sums.get(type) ?? 0) + count);
      }
    } catch (cause) {
      throw new Error(`Seed ${seed}`, { cause });
    }
  }
  // Each of them comes up, and often.
  for (
    const type of ["result", "failed", "timedOut", "cancelled", "disconnected"]
  ) assert(sums.get(type)! > SCHEDULES / 2, `${type}: ${sums.get(type)}`);
});
