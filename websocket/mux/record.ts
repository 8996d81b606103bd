// This module is browser compatible.

/**
 * The types of the mux protocol's records, but for data: a record whose first
 * byte is 0x80 or more is data, and the low bits of that byte are its
 * {@linkcode DataFlag}s.
 */
export const RecordType = {
  /** A client begins or resumes a session. */
  Hello: 0x01,
  /** The hub takes it in. */
  Welcome: 0x02,
  /** The hub does not. */
  Refuse: 0x03,
  /** A channel gets its number. */
  Open: 0x04,
  /** A channel's number is not used any more. */
  Shut: 0x05,
  /** How many sequenced records the application has taken. */
  Ack: 0x06,
  /** How much may be sent on a channel. */
  Credit: 0x07,
  /** Asks for a pong. */
  Ping: 0x08,
  /** Answers a ping with its bytes. */
  Pong: 0x09,
  /** Sequenced records that will not come. */
  Gap: 0x0a,
  /** The sender is about to close the socket. */
  Bye: 0x0b,
  /** A message of the hub's own layer: subscribe, presence and the like. */
  Control: 0x0c,
} as const;

/** One of the types of record. */
export type RecordType = typeof RecordType[keyof typeof RecordType];

/** The flags of a data record. They are bits, to be combined. */
export const DataFlag = {
  /** The message is text; its first fragment says so. */
  Text: 0x01,
  /** The message is deflated; its first fragment says so. */
  Deflated: 0x02,
  /** A further fragment follows. */
  More: 0x04,
  /** This is not the first fragment. */
  Continues: 0x08,
  /** The message is a request or a reply; its first fragment says so. */
  HasRequest: 0x10,
} as const;

/** What a channel promises of its messages. */
export const Delivery = {
  /** Each one, once, in order, across reconnections. */
  ExactlyOnce: 0,
  /** In order, each at most once: none that a broken socket took with it. */
  AtMostOnce: 1,
  /** As `AtMostOnce`, and of those that wait only the newest. */
  LatestOnly: 2,
} as const;

/** One of the promises. */
export type Delivery = typeof Delivery[keyof typeof Delivery];

/**
 * Why a socket of the mux protocol is closed: the code of the WebSocket's close
 * frame, and of the records Refuse and Bye. `websocket/PROTOCOL.md`, section 6,
 * says what each side does.
 */
export const CloseCode = {
  /** The session is over, as its owner wanted. */
  Normal: 1000,
  /** The hub shuts down, or moves the client elsewhere; the client goes, to come back. */
  GoingAway: 4000,
  /** The client may not be here. */
  Unauthorized: 4001,
  /** Bytes that are wrong, or at the wrong time. */
  ProtocolError: 4002,
  /** A frame or message above the limit that was agreed. */
  TooLarge: 4003,
  /** The peer does not take in what is sent to it. */
  SlowConsumer: 4004,
  /** Another socket has resumed the session. */
  TakenOver: 4005,
  /** Nothing was heard for two keepalive intervals. */
  KeepaliveTimeout: 4006,
  /** No version of the protocol is known to both. */
  VersionMismatch: 4007,
  /** The hub has no room. */
  Full: 4008,
  /** The peer sends too much. */
  RateLimited: 4009,
  /** No Hello or Welcome came in time. */
  HandshakeTimeout: 4012,
  /** The hub's owner has removed the client. */
  Removed: 4013,
} as const;

/** One of the close codes of the protocol. */
export type CloseCode = typeof CloseCode[keyof typeof CloseCode];

/** The version of the mux protocol. */
export const MUX_VERSION = 1;
/** The bytes of a session's id. */
export const SESSION_ID_BYTES = 16;
/** The highest number of a channel; the lowest is 1. */
export const MAX_CHANNEL = 65_535;
/** The lowest priority of a channel; the highest is 0. */
export const MAX_PRIORITY = 7;
/** The most bytes of UTF-8 of a channel's name; the fewest are 1. */
export const MAX_NAME_BYTES = 128;
/** The most bytes of a ping: as in RFC 6455, section 5.5. */
export const MAX_PING_BYTES = 125;
/**
 * What each data record counts towards its channel's credit besides its bytes, so
 * that messages without any are bounded too.
 */
export const RECORD_COST_BYTES = 32;
/** The most bytes of a control message. */
export const MAX_CONTROL_BYTES = 65_535;
/** The least that may be agreed as `maxFrameBytes`. */
export const MIN_FRAME_BYTES = 1_024;
/** The most that may be agreed as `maxFrameBytes`: 16 MiB. Runtimes fail at 64. */
export const MAX_FRAME_BYTES = 2 ** 24;
/** The most that may be agreed as `maxMessageBytes`: 1 GiB. */
export const MAX_MESSAGE_BYTES = 2 ** 30;
/** The most that may be agreed as `windowBytes`: 1 GiB. */
export const MAX_WINDOW_BYTES = 2 ** 30;
/** The longest duration in a record, in milliseconds: some 24 days. */
export const MAX_DURATION_MS = 2 ** 31 - 1;
/** The longest time that a ping waited, in microseconds: some 36 minutes. */
export const MAX_HELD_US = 2 ** 31 - 1;

/** What a client says first. */
export interface Hello {
  /** The lowest version that it speaks: 1 to `maxVersion`. */
  readonly minVersion: number;
  /** The highest version that it speaks: up to 255. */
  readonly maxVersion: number;
  /** Whether messages may come, and be sent, deflated. */
  readonly canDeflate: boolean;
  /** The id of the session to resume, 16 bytes; `undefined` for a new one. */
  readonly session: Uint8Array | undefined;
  /**
   * How many of the hub's sequenced records it has taken off the wire in this
   * session: 0 to 2^53 - 1; 0 without a session.
   */
  readonly received: number;
  /** The most bytes of a frame that it takes: 1024 to 2^24. */
  readonly maxFrameBytes: number;
  /** The most bytes of a message that it takes: 1 to 2^30. */
  readonly maxMessageBytes: number;
  /**
   * The bytes that may be sent to it on each exactly-once channel before it grants
   * more, each record with `RECORD_COST_BYTES` on top: 0 to 2^30.
   */
  readonly windowBytes: number;
}

/** What the hub answers. */
export interface Welcome {
  /** The version that is spoken from here on: 1 to 255. */
  readonly version: number;
  /** Whether messages may be deflated: only if the client said so. */
  readonly canDeflate: boolean;
  /** Whether the client's session goes on. If not, this is a new one. */
  readonly isResumed: boolean;
  /** The session's id: 16 bytes. */
  readonly session: Uint8Array;
  /**
   * How many of the client's sequenced records the hub has taken off the wire in
   * this session: 0 to 2^53 - 1; 0 in a new session.
   */
  readonly received: number;
  /**
   * The number of the first sequenced record that the hub can still send: 1 to
   * 2^53 - 1; 1 in a new session.
   */
  readonly available: number;
  /** The keepalive interval in milliseconds: 0 (none) to 2^31 - 1. */
  readonly keepaliveMs: number;
  /** How long a session outlives its socket, in milliseconds: 0 to 2^31 - 1. */
  readonly resumeWindowMs: number;
  /** The most bytes of a frame that the hub takes: 1024 to 2^24. */
  readonly maxFrameBytes: number;
  /** The most bytes of a message that the hub takes: 1 to 2^30. */
  readonly maxMessageBytes: number;
  /** As in {@linkcode Hello}, for what is sent to the hub: 0 to 2^30. */
  readonly windowBytes: number;
}

/** What the hub answers to a client that it does not take in. */
export interface Refuse {
  /** Why: 1000, or 3000 to 4999, of which 4000 to 4019 are `CloseCode`s. */
  readonly code: number;
  /** How long to stay away, in milliseconds: 0 to 2^31 - 1. */
  readonly retryAfterMs: number;
  /** Why, for people: at most 123 bytes of UTF-8. */
  readonly reason: string;
}

/** What the side says that is about to close the socket: the same as a refusal. */
export type Bye = Refuse;

/** A channel that gets its number. */
export interface Open {
  /** The number, one of the sender's: 1 to 65535. */
  readonly channel: number;
  /** What it promises. */
  readonly delivery: Delivery;
  /** How urgent it is: 0, the most urgent, to 7. */
  readonly priority: number;
  /** Its name: 1 to 128 bytes of UTF-8. */
  readonly name: string;
}

/**
 * Tells whether a number may be the code of a Refuse or Bye: whether
 * `WebSocket.close()` takes it.
 *
 * @param code Any number.
 * @returns Whether it is 1000 or an integer from 3000 to 4999.
 *
 * @example A code of the application's own
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { isCloseCode } from "@tickwire/net/websocket";
 *
 * assertEquals([1000, 1006, 4700].map(isCloseCode), [true, false, true]);
 * ```
 */
export function isCloseCode(code: number): boolean {
  return code === CloseCode.Normal ||
    (Number.isInteger(code) && code >= 3000 && code <= 4999);
}

/**
 * Tells whether a client that gets a close code of the protocol stays away, as the
 * next attempt would end the same way.
 *
 * @param code Any number, such as what a WebSocket was closed with.
 * @returns Whether it is one of the terminal {@linkcode CloseCode}s.
 *
 * @example Two ends
 * ```ts
 * import { assert, assertFalse } from "@std/assert";
 * import { CloseCode, isTerminalCloseCode } from "@tickwire/net/websocket";
 *
 * assert(isTerminalCloseCode(CloseCode.TakenOver));
 * assertFalse(isTerminalCloseCode(CloseCode.GoingAway));
 * ```
 */
export function isTerminalCloseCode(code: number): boolean {
  switch (code) {
    case CloseCode.Normal:
    case CloseCode.Unauthorized:
    case CloseCode.ProtocolError:
    case CloseCode.TooLarge:
    case CloseCode.TakenOver:
    case CloseCode.VersionMismatch:
    case CloseCode.Removed:
      return true;
    default:
      return false;
  }
}

/**
 * Tells whether a close code says that the session is over, so that neither end keeps
 * it. After all others, the codes of sockets that have broken included, it can be
 * resumed.
 *
 * @param code Any number, such as what a WebSocket was closed with.
 * @returns Whether it is one of those {@linkcode CloseCode}s.
 *
 * @example Two ends
 * ```ts
 * import { assert, assertFalse } from "@std/assert";
 * import { CloseCode, endsSession } from "@tickwire/net/websocket";
 *
 * assert(endsSession(CloseCode.Normal));
 * assertFalse(endsSession(CloseCode.GoingAway));
 * ```
 */
export function endsSession(code: number): boolean {
  switch (code) {
    case CloseCode.Normal:
    case CloseCode.Unauthorized:
    case CloseCode.ProtocolError:
    case CloseCode.TooLarge:
    case CloseCode.SlowConsumer:
    case CloseCode.VersionMismatch:
    case CloseCode.Removed:
      return true;
    default:
      return false;
  }
}
