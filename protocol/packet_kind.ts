// This module is browser compatible.
import { FIRST_CUSTOM_KIND } from "./_compact_header.ts";

/**
 * What a packet is about. Numbers from 0x8000 to 0xFFFF are the game's own (see
 * {@linkcode customPacketKind}); what lies between is refused.
 */
export const PacketKind = {
  /** A client wants to join. */
  Connect: 0x00,
  /** One side leaves. */
  Disconnect: 0x01,
  /** Nothing but a sign of life. */
  Heartbeat: 0x02,
  /** The state of the game. */
  StateUpdate: 0x03,
  /** What a player did. */
  InputEvent: 0x04,
  /** Text from a player. */
  ChatMessage: 0x05,
  /** An entity appears. */
  SpawnEntity: 0x06,
  /** An entity disappears. */
  DespawnEntity: 0x07,
  /** An entity moves. */
  UpdateTransform: 0x08,
  /** What an entity looks like it is doing. */
  AnimationState: 0x09,
  /** A sound begins or ends. */
  SoundEvent: 0x0a,
  /** Particles appear. */
  ParticleEvent: 0x0b,
  /** A field of force and its parameters. */
  ForceFieldSync: 0x0c,
  /** The camera moves. */
  CameraUpdate: 0x0d,
  /** A script is called. */
  ScriptCall: 0x0e,
  /** What the script returned. */
  ScriptResult: 0x0f,
  /** Sequence numbers that arrived. */
  Ack: 0x10,
  /** Sequence numbers that are missing. */
  Nack: 0x11,
  /** Asks for a {@linkcode PacketKind} `Pong`. */
  Ping: 0x12,
  /** Answers a `Ping` with its payload. */
  Pong: 0x13,
  /** A player enters a lobby. */
  LobbyJoin: 0x14,
  /** A player leaves a lobby. */
  LobbyLeave: 0x15,
  /** The match begins. */
  GameStart: 0x16,
  /** The match is over. */
  GameEnd: 0x17,
  /** A vote to remove a player. */
  VoteKick: 0x18,
  /** A vote to keep a player out. */
  VoteBan: 0x19,
  /** Asks for a file. */
  FileRequest: 0x1a,
  /** A part of a file. */
  FileChunk: 0x1b,
  /** Something went wrong. */
  Error: 0x1c,
} as const;

/** One of the named kinds of packet. */
export type PacketKind = typeof PacketKind[keyof typeof PacketKind];

const LAST_NAMED = PacketKind.Error;

/**
 * Makes a kind of the game's own.
 *
 * @param index Which one: 0 to 32767. Those below 64 take one byte.
 * @returns The kind: 0x8000 and above.
 * @throws {RangeError} If `index` is out of its range.
 *
 * @example A kind of one's own
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { customPacketKind } from "@tickwire/net/protocol";
 *
 * assertEquals(customPacketKind(7), 0x8007);
 * ```
 */
export function customPacketKind(index: number): number {
  if ((index & 0x7fff) !== index) {
    throw new RangeError(
      `Cannot make a packet kind as index must be an integer from 0 to 32767: current value is ${index}`,
    );
  }
  return FIRST_CUSTOM_KIND + index;
}

/**
 * Tells whether a number is a kind of packet: named, or the game's own.
 *
 * @param kind Any number.
 * @returns Whether packets may have it.
 *
 * @example Named, unknown, the game's own
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { isPacketKind } from "@tickwire/net/protocol";
 *
 * assertEquals([0x1c, 0x1d, 0x8000].map(isPacketKind), [true, false, true]);
 * ```
 */
export function isPacketKind(kind: number): boolean {
  return (kind & 0xffff) === kind &&
    (kind <= LAST_NAMED || kind >= FIRST_CUSTOM_KIND);
}
