// What the codec of contracts costs for the typical call of an int, a float, 12
// characters and a point, alone and in packets of 64; a function for the bench of rpc,
// and by itself a quick look:
//
//     deno run -A bench/rpc/_wire.ts
import { f32, string, vec3, zigzag } from "../../protocol/mod.ts";
import { defineRpc, type Rpc } from "../../rpc/mod.ts";
import { CallReader } from "../../rpc/wire/call_reader.ts";
import { CallWriter } from "../../rpc/wire/call_writer.ts";
import { RpcPacketKind } from "../../rpc/wire/packet_kind.ts";

/** What the typical call carries. */
export interface TypicalParams {
  readonly amount: number;
  readonly speed: number;
  readonly text: string;
  readonly at: { readonly x: number; readonly y: number; readonly z: number };
}

/** Packets of calls to write and to read. */
export interface WireSubject {
  /** Calls in a packet. */
  readonly calls: number;
  /** What a packet takes. */
  readonly packetBytes: number;
  /** Writes a packet; returns its bytes, which the next one overwrites. */
  encode(): Uint8Array;
  /** Reads a packet; returns how many calls it had. */
  decode(): number;
}

const KIND = RpcPacketKind.ServerCalls;
const CALLER = 7;
const FIRST_SEQUENCE = 1_000;
const LIMIT_BYTES = 65_536;
/** Of calls that differ only in their names. */
const KINDS = 12;

/** What calls carry, each with other values. */
export function typicalParams(count: number): TypicalParams[] {
  return Array.from({ length: count }, (_, i) => ({
    amount: i % 128 - 64,
    speed: i * 1.37 + 0.1,
    text: `player-${String(i * 7).padStart(5, "0")}`,
    at: { x: i * 0.5 + 0.25, y: -i * 3.1, z: i * 7.7 + 0.1 },
  }));
}

/**
 * Makes packets of typical calls.
 *
 * @param count Calls in a packet.
 * @param kinds How many rpcs they are of, in turn: with more than a few, the engine
 * knows the names of none.
 */
export function wireSubject(count: number, kinds = 1): WireSubject {
  const rpcs = rpcsOf(kinds);
  const params = typicalParams(count).map((values, i) =>
    kinds === 1 ? { ...values } : renamed(values, i % kinds)
  );
  const writer = new CallWriter(LIMIT_BYTES);
  const reader = new CallReader(rpcs);
  const encode = (): Uint8Array => {
    writer.begin(KIND, FIRST_SEQUENCE);
    for (let i = 0; i < count; i++) {
      if (!writer.add(rpcs[i % kinds]!, 0, CALLER, 0, params[i]!)) {
        throw new Error(`Cannot write call ${i}: ${writer.error}`);
      }
    }
    return writer.end();
  };
  const packet = encode().slice();
  return {
    calls: count,
    packetBytes: packet.length,
    encode,
    decode: (): number => {
      const fault = reader.read(packet, KIND);
      if (fault !== undefined) throw new Error(`Cannot read: ${fault}`);
      return reader.count;
    },
  };
}

function rpcsOf(kinds: number): readonly Rpc[] {
  const text = string({ maxBytes: 32 });
  const fields = { amount: zigzag, speed: f32, text, at: vec3 };
  if (kinds === 1) {
    return defineRpc({ hit: { params: fields, from: "server" } }).rpcs;
  }
  const definitions: Record<string, { params: typeof fields; from: "server" }> =
    {};
  for (let i = 0; i < kinds; i++) {
    definitions[`hit${String(i).padStart(4, "0")}`] = {
      params: renamed(fields, i) as typeof fields,
      from: "server",
    };
  }
  return defineRpc(definitions).rpcs;
}

function renamed(values: object, kind: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [`${name}${kind}`, value]),
  );
}

/** Nanoseconds of a call, in the quickest of many short runs. */
function quickest(run: () => unknown, calls: number): number {
  const rounds = Math.ceil(4_096 / calls);
  let best = Infinity;
  for (let i = 0; i < 600; i++) {
    const start = performance.now();
    for (let k = 0; k < rounds; k++) run();
    best = Math.min(best, performance.now() - start);
  }
  return best * 1e6 / rounds / calls;
}

if (import.meta.main) {
  const [only = ""] = Deno.args;
  for (
    const [name, count, kinds] of [
      ["one", 1, 1],
      ["batch", 64, 1],
      ["kinds", 64, KINDS],
    ] as const
  ) {
    if (only !== "" && only !== name) continue;
    const subject = wireSubject(count, kinds);
    console.log(
      name.padEnd(6),
      `${(subject.packetBytes / count).toFixed(1)} bytes,`,
      `encode ${quickest(subject.encode, count).toFixed(1)} ns,`,
      `decode ${quickest(subject.decode, count).toFixed(1)} ns`,
    );
  }
}
