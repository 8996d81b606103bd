// This module is browser compatible.
import type { Vec2 } from "../../core/mod.ts";
import { ByteReader, ByteWriter, ProtocolError } from "../../protocol/mod.ts";
import type { DeserializeFault } from "../state/deserialize_fault.ts";

/** How many bytes a {@linkcode PlayerInput} takes. */
export const PLAYER_INPUT_BYTES = 20;

/** What a {@linkcode PlayerInput} is made of. */
export interface PlayerInputInit {
  /** The tick that it is for: an integer from 0 to 2^32 - 1. */
  readonly tick: number;
  /**
   * Which way the player moves: -1 to 1 each.
   *
   * @default {{ x: 0, y: 0 }}
   */
  readonly move?: Readonly<Vec2>;
  /**
   * Which way the player looks, in radians.
   *
   * @default {0}
   */
  readonly facing?: number;
  /**
   * What the player does: 32 bits of the game's own.
   *
   * @default {0}
   */
  readonly actions?: number;
}

const STILL: Readonly<Vec2> = Object.freeze({ x: 0, y: 0 });
const MAX_U32 = 0xffff_ffff;

/**
 * What a player does in one tick.
 *
 * There is no duration in it: an input is worth one tick of the server, so that nobody
 * moves faster by claiming longer ones. Its numbers are floats of 32 bits, rounded when
 * it is made: what is predicted with is what the server gets. It is not changed after it
 * is made.
 *
 * Bytes, 20, little-endian: `tick` u32, `move.x` f32, `move.y` f32, `facing` f32,
 * `actions` u32.
 *
 * @example There and back
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { PlayerInput } from "@tickwire/net/sync";
 *
 * const input = new PlayerInput({ tick: 120, move: { x: 0, y: 1 }, actions: 0b1 });
 * const bytes = input.serialize();
 * assertEquals(bytes.length, 20);
 * assertEquals(PlayerInput.deserialize(bytes), input);
 * assertEquals(PlayerInput.tryDeserialize(bytes.subarray(1)), "bufferTooShort");
 * ```
 */
export class PlayerInput {
  /** The tick that it is for: 0 to 2^32 - 1. */
  readonly tick: number;
  /** Which way the player moves: -1 to 1 each. */
  readonly move: Readonly<Vec2>;
  /** Which way the player looks, in radians; any number of turns. */
  readonly facing: number;
  /** What the player does: 0 to 2^32 - 1. */
  readonly actions: number;

  /**
   * Creates one.
   *
   * @param init What it is made of.
   * @throws {RangeError} If a number is outside its limits.
   */
  constructor(init: PlayerInputInit) {
    const { tick, move = STILL, facing = 0, actions = 0 } = init;
    check("tick", isU32(tick), "an integer from 0 to 4294967295", tick);
    check(
      "actions",
      isU32(actions),
      "an integer from 0 to 4294967295",
      actions,
    );
    check("move.x", isPart(move.x), "from -1 to 1", move.x);
    check("move.y", isPart(move.y), "from -1 to 1", move.y);
    const rounded = Math.fround(facing);
    check("facing", Number.isFinite(rounded), "finite as an f32", facing);
    this.tick = tick;
    this.move = Object.freeze({
      x: Math.fround(move.x),
      y: Math.fround(move.y),
    });
    this.facing = rounded;
    this.actions = actions;
  }

  /**
   * Writes it.
   *
   * @returns 20 bytes that belong to the caller.
   */
  serialize(): Uint8Array<ArrayBuffer> {
    const writer = new ByteWriter();
    writer.u32(this.tick);
    writer.f32(this.move.x);
    writer.f32(this.move.y);
    writer.f32(this.facing);
    writer.u32(this.actions);
    return writer.toBytes();
  }

  /**
   * Reads one.
   *
   * @param bytes What `serialize` gave.
   * @returns The input.
   * @throws {ProtocolError} If the bytes are not 20, or a number is one that no input
   * has.
   */
  static deserialize(bytes: Uint8Array): PlayerInput {
    const input = PlayerInput.tryDeserialize(bytes);
    if (typeof input !== "string") return input;
    throw new ProtocolError(
      input,
      `Cannot deserialize a PlayerInput as it must be ${PLAYER_INPUT_BYTES} bytes of numbers within their limits: current value has ${bytes.length}`,
    );
  }

  /**
   * Reads one that may come from anybody.
   *
   * @param bytes Any bytes.
   * @returns The input, or why there is none.
   */
  static tryDeserialize(bytes: Uint8Array): PlayerInput | DeserializeFault {
    if (bytes.length < PLAYER_INPUT_BYTES) return "bufferTooShort";
    if (bytes.length > PLAYER_INPUT_BYTES) return "trailingBytes";
    const reader = new ByteReader(bytes);
    const tick = reader.u32();
    const x = reader.f32();
    const y = reader.f32();
    const facing = reader.f32();
    const actions = reader.u32();
    const isAllowed = reader.ok && isPart(x) && isPart(y) &&
      Number.isFinite(facing);
    if (!isAllowed) return "nonCanonical";
    return new PlayerInput({ tick, move: { x, y }, facing, actions });
  }
}

function isU32(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= MAX_U32;
}

function isPart(value: number): boolean {
  return value >= -1 && value <= 1;
}

function check(
  name: string,
  isRight: boolean,
  wanted: string,
  value: number,
): void {
  if (isRight) return;
  throw new RangeError(
    `Cannot create a PlayerInput as ${name} must be ${wanted}: current value is ${value}`,
  );
}
