// This module is browser compatible.

/** What a message of rpc is: its first byte. */
export const RpcPacketKind = {
  /** A message of the contract handshake follows. */
  Handshake: 0,
  /** Calls of a client: each has a target, and its caller is whom the link is to. */
  ClientCalls: 1,
  /** Calls to a client: each has its caller. */
  ServerCalls: 2,
  /** What calls were answered with. */
  Results: 3,
} as const;

/** One of the kinds. */
export type RpcPacketKind = typeof RpcPacketKind[keyof typeof RpcPacketKind];

/** What a target is on the wire: the low three bits of its varint; an id or a team above them. */
export const TargetTag = {
  All: 0,
  Server: 1,
  Client: 2,
  Team: 3,
  AllExcept: 4,
} as const;

/** One of the tags. */
export type TargetTag = typeof TargetTag[keyof typeof TargetTag];
