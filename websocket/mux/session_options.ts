// This module is browser compatible.
import type { Clock } from "../../core/mod.ts";
import type { ByteWriter } from "../../protocol/mod.ts";
import type { Deflater } from "./deflater.ts";
import type { Delivery } from "./record.ts";

/** Options for `Session`. */
export interface SessionOptions {
  /** Which end it is: the client speaks first. */
  readonly role: "client" | "hub";
  /** Where latencies are measured. */
  readonly clock: Clock;
  /** The hub's id for the session: 16 bytes. */
  readonly sessionId?: Uint8Array;
  /**
   * Where frames are written, which many sessions may share, as a frame lasts until the
   * next is made.
   *
   * @default {new ByteWriter({ maxBytes: maxFrameBytes })}
   */
  readonly frame?: ByteWriter;
  /**
   * The most bytes of a frame that is taken in, and that is sent: 1024 to 1048576.
   *
   * @default {65536}
   */
  readonly maxFrameBytes?: number;
  /**
   * The most bytes of a message: 1 to 67108864.
   *
   * @default {1048576}
   */
  readonly maxMessageBytes?: number;
  /**
   * What the other end may send on an exactly-once channel beyond what the
   * application has taken, in bytes: 4096 or more.
   *
   * @default {262144}
   */
  readonly windowBytes?: number;
  /**
   * How many channels the other end may open.
   *
   * @default {64}
   */
  readonly maxChannels?: number;
  /**
   * The most sequenced records that are kept until the other end's application has
   * taken them.
   *
   * @default {4096}
   */
  readonly maxReplayRecords?: number;
  /**
   * Their bytes.
   *
   * @default {4194304}
   */
  readonly maxReplayBytes?: number;
  /**
   * How long they are kept, in milliseconds: an integer, 1 to 2^40.
   *
   * @default {120000}
   */
  readonly maxReplayAgeMs?: number;
  /**
   * After how much silence a ping is sent, in milliseconds: 0 for never. The hub's holds
   * for both ends.
   *
   * @default {30000}
   */
  readonly keepaliveMs?: number;
  /**
   * How long the answer may take, in milliseconds; no longer than the interval of
   * `keepaliveMs`.
   *
   * @default {10000}
   */
  readonly pongTimeoutMs?: number;
  /**
   * How long the hub keeps a session without a socket, in milliseconds; told to the
   * client.
   *
   * @default {120000}
   */
  readonly resumeWindowMs?: number;
  /**
   * Deflates messages, if the other end has one too, and inflates the other end's. It may
   * be the same for many sessions.
   *
   * @default {undefined}
   */
  readonly deflater?: Deflater;
}

/** Options for `Session.openChannel`. */
export interface ChannelOptions {
  /**
   * What is promised about the messages.
   *
   * @default {Delivery.ExactlyOnce}
   */
  readonly delivery?: Delivery;
  /**
   * Which channel goes first: 0, the first, to 7.
   *
   * @default {4}
   */
  readonly priority?: number;
  /**
   * The most messages that wait to be sent.
   *
   * @default {1024}
   */
  readonly maxMessages?: number;
  /**
   * Their bytes.
   *
   * @default {4194304}
   */
  readonly maxBytes?: number;
  /**
   * Which message goes where there is no room; exactly-once channels refuse instead.
   *
   * @default {"dropOldest"}
   */
  readonly overflow?: "dropOldest" | "dropNewest";
  /**
   * How long a message may wait to be sent, in milliseconds; on exactly-once channels
   * without end.
   *
   * @default {Infinity}
   */
  readonly ttlMs?: number;
  /**
   * Whether it ends when the session is lost, and what waits is told as undelivered,
   * instead of going on in the next session.
   *
   * @default {false}
   */
  readonly endsWithSession?: boolean;
}

/** Options for `Session.send` and `outMessage`. */
export interface SendOptions {
  /**
   * Whether the bytes are text in UTF-8. Where they are not, the other end closes the
   * socket.
   *
   * @default {false}
   */
  readonly isText?: boolean;
  /** On latest-only channels: what the message takes the place of. */
  readonly key?: string;
  /** Twice the number of a request, or that and one for an answer. */
  readonly request?: number;
  /**
   * How long it may wait to be sent, in milliseconds, if that is less than its channel
   * says; on exactly-once channels without end.
   *
   * @default {Infinity}
   */
  readonly ttlMs?: number;
}
