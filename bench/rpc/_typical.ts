// The call that all formats are measured with: an integer, a float, twelve characters and a vector, from a client by way of
// the server, as a blow in a game that the others are told of.
import { SeededRandom, type Vec3 } from "../../core/mod.ts";
import { f32, string, vec3, zigzag } from "../../protocol/mod.ts";
import { defineRpc, type Rpc } from "../../rpc/contract/define_rpc.ts";
import type { Loop } from "../_nanoseconds.ts";

/** How many calls are in a batch, and how many different ones there are. */
export const BATCH = 64;
/** In the middle of a game: three bytes as a varint. */
export const FIRST_SEQUENCE = 100_000;
export const CHARACTERS = 12;

/** What a call carries. */
export interface Params {
  readonly amount: number;
  readonly scale: number;
  readonly text: string;
  readonly at: Vec3;
}

/** A call as it is given to the formats. */
export interface Call {
  /** Which client it comes from: 1 to 64. */
  readonly caller: number;
  readonly params: Params;
}

/** A loop over calls, and how many bytes one of them takes. */
export interface Measured {
  /** Of one call, on the average. */
  readonly bytes: number;
  readonly encode: Loop;
  readonly decode: Loop;
}

/** A way to put calls into bytes. */
export interface Format {
  readonly name: string;
  /** A call in a packet of its own; an operation is a call. */
  readonly alone: Measured;
  /** 64 calls in a packet, with what they have in common once; an operation is a packet. */
  readonly batched: Measured;
}

/** The contract of a game with a few more calls. */
export const GAME = defineRpc({
  aim: { params: { at: vec3 }, from: "any" },
  say: { params: { text: string({ maxBytes: 200 }) }, from: "any" },
  strike: {
    params: {
      amount: zigzag,
      scale: f32,
      text: string({ maxBytes: 32 }),
      at: vec3,
    },
    from: "any",
  },
});

/** The call. */
export const STRIKE: Rpc = GAME.byName.get("strike")!;

/** 64 calls, all different. */
export function makeCalls(): readonly Call[] {
  const random = new SeededRandom(9);
  function float(most: number): number {
    return Math.fround((random.nextFloat() * 2 - 1) * most);
  }
  return Array.from({ length: BATCH }, (_, i) => ({
    caller: 1 + i,
    params: {
      amount: Math.floor(float(2_000)),
      scale: float(4),
      text: makeText(random),
      at: { x: float(500), y: float(50), z: float(500) },
    },
  }));
}

function makeText(random: SeededRandom): string {
  const codes = Array.from(
    { length: CHARACTERS },
    () => 0x61 + Math.floor(random.nextFloat() * 26),
  );
  return String.fromCharCode(...codes);
}

/** What depends on all that a call carries. */
export function sumOf({ amount, scale, text, at }: Params): number {
  return amount + scale + text.length + text.charCodeAt(3) + at.x + at.y + at.z;
}
