// This module is browser compatible.

/** What a packet is: the low four bits of its prefix. */
export const PacketType = {
  Request: 0,
  Denied: 1,
  Challenge: 2,
  Response: 3,
  KeepAlive: 4,
  Payload: 5,
  Disconnect: 6,
} as const;

/** What a server takes, one bit per type. */
export const SERVER_TAKES = 1 << PacketType.Request | 1 << PacketType.Response |
  1 << PacketType.KeepAlive | 1 << PacketType.Payload |
  1 << PacketType.Disconnect;
/** What a client takes, one bit per type. */
export const CLIENT_TAKES = 1 << PacketType.Denied | 1 << PacketType.Challenge |
  1 << PacketType.KeepAlive | 1 << PacketType.Payload |
  1 << PacketType.Disconnect;
/** What the replay window is for, one bit per type. */
export const REPLAY_PROTECTED = 1 << PacketType.KeepAlive |
  1 << PacketType.Payload | 1 << PacketType.Disconnect;
