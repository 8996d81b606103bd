// Everything of rpc that takes bytes from anybody, in one table for the fuzz tests. What a target is to do beyond reading, such
// as which packets to expect, the first byte of its input says: the input alone repeats a case.
import { SeededRandom } from "../../core/mod.ts";
import {
  angle,
  type BitReader,
  bits,
  type BitWriter,
  bool,
  bytes,
  choice,
  f32,
  f64,
  type Field,
  float,
  i16,
  i32,
  i8,
  int,
  list,
  optional,
  quat,
  string,
  struct,
  u16,
  u32,
  u64,
  u8,
  varint,
  vec2,
  vec3,
  zigzag,
} from "../../protocol/mod.ts";
import {
  check,
  checkSame,
  Digest,
} from "../../protocol/_testing/fuzz_checks.ts";
import type { FuzzTarget } from "../../protocol/_testing/fuzz_targets.ts";
import { RpcBatcher } from "../call/rpc_batcher.ts";
import { MAX_CALL_BYTES, RpcCall } from "../call/rpc_call.ts";
import { defineRpc, type Rpc } from "../contract/define_rpc.ts";
import vectors from "../vectors/call.json" with { type: "json" };
import {
  randomCall,
  randomCalls,
  randomResults,
} from "../wire/_testing/random_packet.ts";
import { CallReader } from "../wire/call_reader.ts";
import { CallWriter } from "../wire/call_writer.ts";
import { RpcPacketKind } from "../wire/packet_kind.ts";
import { ResultReader } from "../wire/result_reader.ts";
import { ResultStatus } from "../wire/result_status.ts";
import { ResultWriter } from "../wire/result_writer.ts";

const LIMIT_BYTES = 2 ** 17;
const SEEDS = 40;

const RANGE = { min: -100, max: 100, step: 0.25 };
const DEFINED = defineRpc({
  nothing: { params: {}, from: "any" },
  whole: {
    params: { a: u8, b: u16, c: u32, d: i8, e: i16, f: i32, g: u64 },
    from: "any",
  },
  numbers: { params: { a: varint, b: zigzag, c: f32, d: f64 }, from: "any" },
  vectors: {
    params: {
      a: vec2,
      b: vec3,
      c: vec2(RANGE),
      d: vec3(RANGE),
      e: quat,
      f: quat({ bits: 16 }),
    },
    from: "any",
  },
  small: {
    params: {
      a: bool,
      b: int({ min: -10, max: 10 }),
      c: bits(32),
      d: float(RANGE),
      e: angle({ bits: 12 }),
      f: choice("walk", "run", "fly"),
      // Whole bytes behind bits, and bits behind them.
      g: u8,
      h: bool,
    },
    from: "any",
  },
  text: {
    params: { a: string({ maxBytes: 40 }), b: bytes({ maxBytes: 20 }) },
    from: "any",
    reply: string({ maxBytes: 100 }),
  },
  lists: {
    params: {
      a: list(optional(u8), { maxLength: 20 }),
      b: list(list(bool, { maxLength: 5 }), { maxLength: 9 }),
      c: optional(struct({ a: varint, b: optional(string) })),
      d: struct({}),
    },
    from: "any",
    reply: optional(list(varint, { maxLength: 5 })),
  },
  motes: {
    params: { a: list(struct({ on: bool }), { maxLength: 4_095 }) },
    from: "any",
  },
}).rpcs;

/** One that writes and reads itself, of a kind that no contract has today. */
const OWN: Rpc = {
  id: DEFINED.length,
  name: "own",
  definition: { params: {}, from: "any", reply: ownField() },
  params: struct({ a: bool, b: ownField() }),
  channel: DEFINED[0]!.channel,
};

function ownField(): Field<unknown> {
  return {
    type: "own",
    descriptor: "own",
    minBits: 8,
    maxBits: 16,
    write(writer: BitWriter, value: unknown): void {
      writer.ranged(value as number, 0, 1_000);
      writer.align().u8(7);
    },
    read(reader: BitReader): unknown {
      const value = reader.ranged(0, 1_000);
      const byte = reader.align().u8();
      if (reader.ok && byte !== 7) reader.fail("range");
      return value;
    },
  } as unknown as Field<unknown>;
}

const RPCS: readonly Rpc[] = [...DEFINED, OWN];
/** The other end knows more, in between and behind. */
const KNOWN: readonly (Rpc | undefined)[] = RPCS.map((rpc) =>
  rpc.id === 2 ? undefined : rpc
);

const callWriter = new CallWriter(LIMIT_BYTES);
const resultWriter = new ResultWriter(LIMIT_BYTES);

function callSeeds(): Uint8Array[] {
  const seeds: Uint8Array[] = [];
  for (let seed = 0; seed < SEEDS; seed++) {
    const random = new SeededRandom(seed);
    for (
      const kind of [RpcPacketKind.ClientCalls, RpcPacketKind.ServerCalls]
    ) {
      callWriter.begin(kind, seed * 1_000);
      for (
        const { rpc, tag, id, ticket, params } of randomCalls(
          random,
          DEFINED,
          kind,
          seed < 20 ? 1 : 6,
        )
      ) callWriter.add(rpc, tag, id, ticket, params);
      if (callWriter.count > 0) {
        seeds.push(prefixed(kind - 1, callWriter.end()));
      }
      callWriter.begin(kind, seed);
      callWriter.add(OWN, 0, 0, 1 + seed, { a: true, b: seed * 20 });
      seeds.push(prefixed(kind - 1, callWriter.end()));
    }
  }
  return seeds;
}

/** What chance takes long to find: the ends of sequences, targets and numbers, and values cut or out of range. */
function edgeSeeds(): Uint8Array[] {
  const ff = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
  const nothing = idOf("nothing") * 2;
  const numbers = idOf("numbers") * 2;
  const motes = idOf("motes") * 2;
  const seeds = [
    // Two calls from the last sequence on.
    [1, 2, ...ff, 0x0f, nothing + 1, 0, 2, 0, 0],
    // Of two calls in two bytes the first has both.
    [0, 1, 0, nothing + 1, 0, 2, 0x82, 1],
    // A client beyond 2^53 - 1.
    [0, 1, 0, nothing, 8, 0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02],
    [0, 1, 0, nothing, 9, 0x82, ...ff, 0x0f],
    // A zigzag of -2^53, a NaN, infinities and another NaN of 64 bits.
    [1, 2, 0, numbers, 22, 0, 0, ...ff, 0x1f, ...zeros(12)],
    ...[[0xf0, 0x7f], [0xf8, 0x7f], [0xf4, 0x7f], [0xf8, 0xff]].map((high) => [
      ...[1, 2, 0, numbers, 15, 0, 0, 0],
      ...[...zeros(4), ...zeros(6), ...high],
    ]),
    // The same of 32 bits, and a target with a needless byte.
    ...[[0, 0x80, 0x7f], [0, 0xc0, 0x7f], [1, 0x80, 0x7f]].map((high) => [
      ...[1, 2, 0, numbers, 15, 0, 0, 0],
      ...[0, ...high, ...zeros(8)],
    ]),
    [0, 1, 0, nothing, 2, 0x82, 0],
    // And one with bits in its low word.
    [1, 2, 0, numbers, 15, 0, 0, 0, ...zeros(4), 1, ...zeros(5), 0xf0, 0x7f],
    // Nothing, and each number of a header cut; a run that is not known.
    ...[[], [0], [0, 0x80], [0, nothing + 1], [0, nothing]].map(
      (head) => [0, 1, ...head],
    ),
    [2, 1, 0, 4, 1, 0],
    // Two runs that are one, too many calls, no ticket, no target, and a field's own fault.
    [0, 1, 0, nothing, 1, 1, nothing, 1, 1],
    [0, 1, 0, nothing + 1, 0xff, 0x1f, 1, 1],
    [1, 2, 0, idOf("text") * 2, 4, 0, 0, 0, 0],
    [0, 1, 0, nothing, 1, 5],
    [1, 2, 0, OWN.id * 2, 5, 0, 1, 0xff, 0xff, 0xff],
    // More than its bytes may hold: at once, and by itself beside a call that has room.
    [1, 2, 0, motes, 0x80 + 125, 1, 0, 0xd0, 0x07, ...zeros(250)],
    [
      ...[1, 2, 0, motes + 1, 0, 0x80 + 78, 2],
      ...[0, 0x24, 4, ...zeros(132)],
      ...[0, 0x24, 4, ...zeros(196)],
    ],
    // More calls than a few packets need.
    [1, 2, 0, nothing + 1, 0xfe, 0x01, 0x80, 0x02, ...zeros(256)],
    [1, 2, 0, nothing, 1, 0],
  ].map((seed): Uint8Array => Uint8Array.from(seed));
  for (const rpc of DEFINED) {
    const random = new SeededRandom(rpc.id);
    const call = randomCall(random, rpc, RpcPacketKind.ServerCalls);
    callWriter.begin(RpcPacketKind.ServerCalls, 0);
    callWriter.add(rpc, 0, 1, call.ticket, call.params);
    const packet = callWriter.end().slice();
    // Kind, sequence, head and a length of one byte.
    const bodyBytes = packet[3]!;
    if (bodyBytes !== packet.length - 4) continue;
    for (let cut = 1; cut < bodyBytes; cut++) {
      const seed = prefixed(1, packet.subarray(0, packet.length - cut));
      seed[4] = bodyBytes - cut;
      seeds.push(seed);
    }
    // Beyond the ranges of what takes bits.
    for (let at = 5; at + 1 < packet.length; at++) {
      seeds.push(prefixed(1, packet).fill(0xff, at, at + 2));
    }
  }
  return seeds;
}

function idOf(name: string): number {
  return DEFINED.find((rpc) => rpc.name === name)!.id;
}

function zeros(count: number): number[] {
  return new Array(count).fill(0);
}

function prefixed(first: number, packet: Uint8Array): Uint8Array {
  return Uint8Array.from([first, ...packet]);
}

/** Bits of the first byte: whose calls are expected, and whether all are known. */
function callRun(): FuzzTarget["run"] {
  const readers = [new CallReader(RPCS), new CallReader(KNOWN)];
  return (input, start, end) => {
    const digest = new Digest();
    if (start === end) return digest.value;
    const setting = input[start]!;
    const kind = (setting & 1) === 0
      ? RpcPacketKind.ClientCalls
      : RpcPacketKind.ServerCalls;
    const reader = readers[setting >>> 1 & 1]!;
    const packet = input.slice(start + 1, end);
    const fault = reader.read(packet, kind);
    digest.text(fault ?? "");
    digest.int(reader.unknownCalls);
    if (fault !== undefined) {
      check(
        reader.count === 0 && reader.unknownRuns === 0 &&
          reader.unknownCalls === 0,
        "nothing of what was refused is there",
      );
      return digest.value;
    }
    check(
      reader.count + reader.unknownCalls > 0 &&
        reader.count + reader.unknownCalls <= packet.length,
      "each call takes a byte",
    );
    callWriter.begin(kind, reader.count > 0 ? reader.at(0).sequence : 0);
    let elements = 0;
    let held = 0;
    for (let i = 0; i < reader.count; i++) {
      const { rpc, sequence, tag, id, ticket, params } = reader.at(i);
      digest.any([rpc.id, sequence, tag, id, ticket]);
      const more = digest.any(params);
      elements += more.elements;
      // The words of choices are the contract's own.
      if (rpc.name !== "small") held += more.bytes;
      if (reader.unknownRuns > 0) continue;
      check(
        callWriter.add(rpc, tag, id, ticket, params),
        "what was read can be written",
      );
    }
    check(
      elements <= 8 * packet.length && held <= packet.length,
      "lists have no more elements than there are bits, nor text more than bytes",
    );
    if (reader.unknownRuns === 0) {
      checkSame(callWriter.end(), packet, 0, packet.length);
    }
    return digest.value;
  };
}

/** Which call a ticket is of: one with a reply, one without, or none. */
function rpcOf(ticket: number): Rpc | undefined {
  switch (ticket % 8) {
    case 5:
      return OWN;
    case 6:
      return DEFINED[0];
    case 7:
      return undefined;
    default:
      return ANSWERED[ticket % ANSWERED.length];
  }
}
const ANSWERED = DEFINED.filter(({ definition }) => definition.reply);

function resultSeeds(): Uint8Array[] {
  const seeds: Uint8Array[] = [];
  for (let seed = 0; seed < SEEDS; seed++) {
    const random = new SeededRandom(seed);
    resultWriter.begin();
    for (const result of randomResults(random, DEFINED, seed < 20 ? 1 : 6)) {
      const { rpc, ticket, status, code, text, value } = result;
      const own = ticket - ticket % 8 + ANSWERED.indexOf(rpc) + 8;
      const fits = ANSWERED[own % ANSWERED.length] === rpc ? own : own + 1;
      if (status === ResultStatus.Value) {
        resultWriter.addValue(rpc, fits, value);
      } else {
        resultWriter.addStatus(fits, status as ResultStatus, code, text);
      }
    }
    if (resultWriter.count > 0) seeds.push(resultWriter.end().slice());
  }
  resultWriter.begin();
  resultWriter.addValue(OWN, 5, 300);
  seeds.push(resultWriter.end().slice());
  // None, an error without its code, with too large a one, with too long a text.
  for (
    const packet of [
      [3],
      [3, 1, 3, 1],
      [3, 1, 9, 1, 0x80, 0x80, 4],
      [3, 1, 0x87, 4, 1, 0, ...new Array(257).fill(0x61)],
      [3, 7, 3, 2],
      [3, 1, 1],
      [3, 1, 3, 9],
      [3, 1, 5, 2, 0],
    ]
  ) seeds.push(Uint8Array.from(packet));
  // More results than a packet may have, of calls that nobody knows; more than are kept, twice.
  const unknown = [...new Array(4_097)].flatMap(() => [7, 0]);
  seeds.push(Uint8Array.from([3, ...unknown]));
  const many = [...new Array(200)].flatMap(() => [1, 3, 2]);
  seeds.push(Uint8Array.from([3, ...many]), Uint8Array.from([3, 1, 3, 2]));
  return seeds;
}

function resultRun(): FuzzTarget["run"] {
  const reader = new ResultReader();
  return (input, start, end) => {
    const digest = new Digest();
    const packet = input.slice(start, end);
    const fault = reader.read(packet, rpcOf);
    digest.text(fault ?? "");
    digest.int(reader.unknown);
    if (fault !== undefined) {
      check(
        reader.count === 0 && reader.unknown === 0,
        "nothing of what was refused is there",
      );
      return digest.value;
    }
    check(
      reader.count + reader.unknown > 0 &&
        2 * (reader.count + reader.unknown) < packet.length,
      "each result takes two bytes",
    );
    resultWriter.begin();
    let elements = 0;
    let held = 0;
    for (let i = 0; i < reader.count; i++) {
      const { ticket, status, code, text, value } = reader.at(i);
      digest.any([ticket, status, code, text]);
      const more = digest.any(value);
      elements += more.elements;
      held += more.bytes + text.length;
      if (reader.unknown > 0) continue;
      check(
        status === ResultStatus.Value
          ? resultWriter.addValue(rpcOf(ticket)!, ticket, value)
          : resultWriter.addStatus(ticket, status, code, text),
        "what was read can be written",
      );
    }
    check(
      elements <= 8 * packet.length && held <= packet.length,
      "lists have no more elements than there are bits, nor text more than bytes",
    );
    if (reader.unknown === 0) {
      checkSame(resultWriter.end(), packet, 0, packet.length);
    }
    return digest.value;
  };
}

const batcher = new RpcBatcher();

function runCall(input: Uint8Array, start: number, end: number): number {
  const digest = new Digest();
  const packet = input.slice(start, end);
  const call = RpcCall.tryDeserialize(packet, undefined);
  if (typeof call === "string") {
    digest.text(call);
    return digest.value;
  }
  digest.any([call.id, call.sequence, call.target, call.params]);
  checkSame(call.serialize(), packet, 0, packet.length);
  return digest.value;
}

function runBatch(input: Uint8Array, start: number, end: number): number {
  const digest = new Digest();
  const packet = input.slice(start, end);
  const calls: RpcCall[] = [];
  const fault = batcher.tryUnbatch(packet, undefined, calls);
  digest.text(fault ?? "");
  if (fault !== undefined) {
    check(calls.length === 0, "nothing of what was refused is there");
    return digest.value;
  }
  check(3 * calls.length < packet.length, "each call takes three bytes");
  for (const { id, sequence, target, params } of calls) {
    digest.any([id, sequence, target, params]);
  }
  const again = batcher.batch(calls, MAX_CALL_BYTES);
  check(again.length === 1, "it is one batch");
  checkSame(again[0]!, packet, 0, packet.length);
  return digest.value;
}

/** Calls of many empty bytes each, which are objects in memory. */
function heavyBatch(): Uint8Array {
  const tags = [0xb6, 0x6d, 0xdb, 0xb6, 0x6d, 0xdb, 0xb6, 0x0d];
  const call = [2, 100, 20 << 3, ...tags, ...zeros(20)];
  return Uint8Array.from([20, ...new Array(20).fill(call).flat()]);
}

// Hexadecimal by hand: this runs also where `@std` is not at hand.
function bytesOf({ bytes }: { readonly bytes: string }): Uint8Array {
  return Uint8Array.from(
    bytes.match(/../g) ?? [],
    (digits) => Number.parseInt(digits, 16),
  );
}

/** Every decoder. */
export const TARGETS: readonly FuzzTarget[] = [
  {
    name: "CallReader.read()",
    share: 50,
    corpus: [...callSeeds(), ...edgeSeeds()],
    run: callRun(),
  },
  {
    name: "ResultReader.read()",
    share: 20,
    corpus: resultSeeds(),
    run: resultRun(),
  },
  {
    name: "RpcCall.tryDeserialize()",
    share: 15,
    corpus: [
      ...[...vectors.calls, ...vectors.refused].map(bytesOf),
      new Uint8Array(MAX_CALL_BYTES + 1),
    ],
    run: runCall,
  },
  {
    name: "RpcBatcher.tryUnbatch()",
    share: 15,
    corpus: [
      ...[...vectors.batches, ...vectors.refusedBatches].map(bytesOf),
      heavyBatch(),
    ],
    run: runBatch,
  },
];
