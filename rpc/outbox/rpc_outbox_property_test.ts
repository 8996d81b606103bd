import { assert, assertEquals } from "@std/assert";
import { type Random, SeededRandom } from "../../core/mod.ts";
import type { Channel } from "../../protocol/mod.ts";
import { CallReader } from "../wire/call_reader.ts";
import { CallWriter } from "../wire/call_writer.ts";
import { RpcPacketKind, TargetTag } from "../wire/packet_kind.ts";
import { CallEncoder } from "./call_encoder.ts";
import { game, keyOf, randomCall } from "./_testing/outbox_calls.ts";
import {
  costOf,
  isCosmetic,
  type ModelCall,
  OutboxModel,
} from "./_testing/outbox_model.ts";
import { RpcOutbox } from "./rpc_outbox.ts";

const SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const SCHEDULES = SOAK ? 20_000 : 120;
const STEPS = 120;
const MAX_MESSAGE_BYTES = 700;
const PACKET_BYTES = 300;
const ID = 2 ** 40;

function between(random: Random, min: number, max: number): number {
  return min + random.nextU32() % (max - min + 1);
}

/** Where a call comes from or goes to. */
function address(random: Random, kind: RpcPacketKind): [number, number] {
  if (kind === RpcPacketKind.ServerCalls) return [0, random.nextU32() % 2 * ID];
  return random.nextU32() % 2 === 0
    ? [TargetTag.Server, 0]
    : [TargetTag.Client, 1 + random.nextU32() % 2];
}

/** The packet holds at most what it may, and is what `CallWriter` makes of its calls. */
function checkPacket(
  packet: Uint8Array,
  kind: RpcPacketKind,
  reader: CallReader,
): void {
  assertEquals(reader.read(packet, kind), undefined);
  assert(reader.count > 0);
  assert(packet.length <= MAX_MESSAGE_BYTES);
  assert(packet.length <= PACKET_BYTES || reader.count === 1);
  const writer = new CallWriter(MAX_MESSAGE_BYTES + 64);
  writer.begin(kind, reader.at(0).sequence);
  for (let i = 0; i < reader.count; i++) {
    const { rpc, tag, id, ticket, params } = reader.at(i);
    assert(writer.add(rpc, tag, id, ticket, params));
  }
  assertEquals(packet, writer.end());
}

function runSchedule(seed: number): void {
  const random = new SeededRandom(seed);
  const kind = seed % 2 === 0
    ? RpcPacketKind.ServerCalls
    : RpcPacketKind.ClientCalls;
  const limits = {
    maxCalls: between(random, 1, 60),
    maxBytes: between(random, 64, 3_000),
    budgetBytes: random.nextU32() % 4 === 0
      ? Infinity
      : between(random, 0, 800),
    cosmeticMaxAgeMs: random.nextU32() % 4 === 0
      ? Infinity
      : between(random, 0, 100),
  };
  const model = new OutboxModel(limits);
  const outbox = new RpcOutbox(kind, MAX_MESSAGE_BYTES, {
    ...limits,
    packetBytes: PACKET_BYTES,
  });
  const encoder = new CallEncoder(kind, MAX_MESSAGE_BYTES);
  const reader = new CallReader(game.rpcs);
  const sequences = new Map<Channel, number>();
  const refusal = random.nextU32() % 3;
  let serial = 0;
  let sentCalls = 0;
  let refusedPackets = 0;
  const flush = () => {
    const going = model.going();
    const got = new Map<Channel, number[]>();
    const blocked = new Set<Channel>();
    const offered: number[] = [];
    outbox.flush((packet, channel) => {
      assert(!blocked.has(channel), "a channel goes on after a refusal");
      checkPacket(packet, kind, reader);
      const isRefused = random.nextU32() % 4 < refusal;
      let sequence = sequences.get(channel) ?? 0;
      const serials: number[] = [];
      for (let i = 0; i < reader.count; i++) {
        const call = reader.at(i);
        assertEquals(call.sequence, sequence++);
        assertEquals(call.rpc.channel, channel);
        serials.push(call.params.n as number);
      }
      offered.push(...serials);
      if (isRefused) {
        refusedPackets++;
        blocked.add(channel);
        return false;
      }
      sequences.set(channel, sequence);
      got.set(channel, [...got.get(channel) ?? [], ...serials]);
      return true;
    });
    const sent = new Set<number>();
    for (const [channel, calls] of going) {
      const expected = calls.map(({ serial }) => serial);
      const serials = got.get(channel) ?? [];
      assertEquals(serials, expected.slice(0, serials.length));
      assert(serials.length === expected.length || blocked.has(channel));
      for (const n of serials) sent.add(n);
    }
    // Whether the link takes them or not, cosmetic calls keep to the budget.
    const byNumber = new Map(model.waiting.map((call) => [call.serial, call]));
    const calls = offered.map((n) => byNumber.get(n)!);
    const cosmetic = calls.filter(({ rpc }) => isCosmetic(rpc));
    const cost = (some: readonly ModelCall[]) =>
      some.reduce((sum, call) => sum + costOf(call), 0);
    if (cosmetic.length > 0) {
      const must = model.waiting.filter(({ rpc }) => !isCosmetic(rpc));
      assert(cost(cosmetic) + cost(must) <= limits.budgetBytes);
    }
    sentCalls += sent.size;
    model.settle(sent);
  };
  for (let step = 0; step < STEPS; step++) {
    const choice = random.nextU32() % 20;
    if (choice === 0) {
      const dt = (random.nextU32() % 60) / 1_000;
      outbox.tick(dt);
      model.nowMs += dt * 1_000;
      flush();
    } else if (choice === 1 && !model.isMarked) {
      outbox.mark();
      model.mark();
    } else {
      const { rpc, params } = randomCall(random, serial);
      const [tag, id] = address(random, kind);
      const ticket = rpc.definition.reply === undefined ? 0 : serial + 1;
      assertEquals(
        encoder.encode(rpc, tag, id, ticket, params),
        undefined,
      );
      const length = encoder.end - encoder.start;
      const expected = model.push({
        serial: serial++,
        rpc,
        key: keyOf(rpc, tag, id, params),
        length,
        size: length + encoder.keyLength,
        atMs: model.nowMs,
      });
      // What happens to the parameters now changes nothing.
      if (params.data instanceof Uint8Array) params.data.fill(0);
      params.n = -1;
      assertEquals([step, outbox.push(encoder)], [step, expected]);
    }
    const { counts } = outbox;
    assertEquals(
      {
        coalesced: counts.coalesced,
        refused: counts.refused,
        droppedCosmetic: counts.droppedCosmetic,
        droppedUnreliable: counts.droppedUnreliable,
        agedOut: counts.agedOut,
      },
      model.counts,
    );
    assertEquals(outbox.waiting, model.all.length);
    assertEquals(
      outbox.waitingBytes,
      model.all.reduce((sum, { size }) => sum + size, 0),
    );
    assert(outbox.waiting <= limits.maxCalls);
    assert(outbox.waitingBytes <= limits.maxBytes);
  }
  assertEquals(outbox.counts.sent, sentCalls);
  assertEquals(outbox.counts.refusedPackets, refusedPackets);
  const { counts } = outbox;
  assertEquals(
    serial,
    counts.sent + counts.coalesced + counts.refused + counts.droppedCosmetic +
      counts.droppedUnreliable + counts.agedOut + outbox.waiting,
  );
}

Deno.test("RpcOutbox does what its model does, in any schedule", () => {
  const first = SOAK ? Number(Deno.env.get("TICKWIRE_SEED") ?? 1) : 1;
  for (let seed = first; seed < first + SCHEDULES; seed++) {
    try {
      runSchedule(seed);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
});
