// This module is browser compatible.

import type { Clock, Random } from "../core/mod.ts";
import type { WsDataMessage } from "./message.ts";
import type { ChannelOptions } from "./mux/session_options.ts";
import type { WebSocketFactory } from "./web_socket_like.ts";

/** How a {@linkcode WsClient} behaves. Every option but the URL has a default that suits a game. */
export interface WsClientOptions {
  /**
   * Where to: an absolute URL with ws, wss, http or https. A function is asked at each attempt, for a fresh token in the
   * query, say; the time it takes counts for `connectTimeoutMs`. If it throws or rejects, that attempt has failed.
   */
  readonly url: string | (() => string | Promise<string>);
  /**
   * The subprotocols offered. A server that accepts none of them is taken for one that refuses.
   *
   * @default {[]}
   */
  readonly protocols?: readonly string[];
  /**
   * Whether a connection that is lost, or cannot be made, is tried again.
   *
   * @default {true}
   */
  readonly autoReconnect?: boolean;
  /**
   * Attempts in a row after which it gives up, a connection of `minUptimeMs` beginning a new row: an integer, 0 for no
   * limit.
   *
   * @default {0}
   */
  readonly maxReconnects?: number;
  /**
   * Longest wait before the first attempt to reconnect in milliseconds, above 0. The wait is random, from 0 to that, so
   * that the clients of a server that went away come back spread over this time. Attempts after it lie in stretches of
   * time that follow on it, each twice as long as the one before, at the same place in each: so clients that are refused
   * stay spread, and no wait is longer than the stretch that it ends in.
   *
   * @default {1000}
   */
  readonly firstRetryMaxMs?: number;
  /**
   * Longest wait before any attempt in milliseconds: finite, `firstRetryMaxMs` or more.
   *
   * @default {30000}
   */
  readonly maxBackoffMs?: number;
  /**
   * Milliseconds for which a connection has to stand before the waits begin anew: 0 or more. A server that accepts and
   * then closes at once is thus not asked at full speed.
   *
   * @default {5000}
   */
  readonly minUptimeMs?: number;
  /**
   * Milliseconds for one attempt, the URL provider included: above 0. One step of `tick` longer than half of it, or than
   * five seconds, begins the wait anew (nothing arrives while a frame stands still); the third such step ends it.
   *
   * @default {10000}
   */
  readonly connectTimeoutMs?: number;
  /**
   * Close codes after which it does not try again, as the server would say the same again: by default policy violation
   * (1008), unauthorized and forbidden (3000, 3003), and the hub's refusal of an identity (4001); over the mux also those
   * that end it in `PROTOCOL.md`, section 6 (1000, 4002, 4003, 4005, 4007, 4013). Servers that say "token expired" by one
   * of them, to clients whose URL provider has a fresh one, need a list without it. All other codes are tried again, in
   * plain mode 1000 too: many servers use it when they restart.
   *
   * @default {[1008, 3000, 3003, 4001]}
   */
  readonly terminalCodes?: readonly number[];
  /**
   * What is sent as a ping. Browsers expose no ping frames, so it is a message that the server understands and answers.
   * Without it there is no keepalive: a connection that is cut without a word is only noticed when the operating system
   * does, after many minutes or never. If a function throws, an `error` event has the cause, and no ping is sent before
   * the next one is due.
   *
   * @default {undefined}
   */
  readonly pingMessage?: string | Uint8Array | (() => string | Uint8Array);
  /**
   * Tells the answer to a ping from other messages. It is then measured (`pingRtt`) and not handed out. Without it, and
   * for the sign of life in any case, every message counts. If it throws, an `error` event has the cause, and the message
   * is handed out.
   *
   * @default {undefined}
   */
  readonly isPong?: (message: WsDataMessage) => boolean;
  /**
   * Milliseconds between pings: 0 for none. After one step of `tick` longer than five seconds, or than half of
   * `pongTimeoutMs`, a ping is sent at once. Over the mux a ping is sent after so much silence, and once the hub has said
   * what its `keepaliveMs` is, that holds: there an integer.
   *
   * @default {30000}
   */
  readonly pingIntervalMs?: number;
  /**
   * Milliseconds after a ping within which anything has to come in, or else the connection is taken for dead: above 0. A
   * ping waits behind what was sent before, so it has to be longer than that takes. Long steps as in `connectTimeoutMs`.
   *
   * @default {10000}
   */
  readonly pongTimeoutMs?: number;
  /**
   * Messages that may wait to be sent: 1 to 1000000. Over the mux on each channel whose own `maxMessages` says nothing
   * else.
   *
   * @default {1024}
   */
  readonly maxQueueSize?: number;
  /**
   * Bytes of all that wait to be sent, and of the largest message: an integer of 1 or more. Over the mux on each channel
   * whose own `maxBytes` says nothing else.
   *
   * @default {4194304}
   */
  readonly maxQueueBytes?: number;
  /**
   * What happens to a message for which the queue has no room: `"dropNewest"`, `send` does not accept it; `"dropOldest"`,
   * it takes the place of the oldest ones, which are reported. Over the mux the options of each channel say it.
   *
   * @default {"dropNewest"}
   */
  readonly overflow?: "dropNewest" | "dropOldest";
  /**
   * Received messages that may wait to be drained: 1 to 1000000. A WebSocket cannot be told to wait, and a stream with a
   * hole in it is worse than none: at the bound the connection is closed (4010) and made anew, what came before is handed
   * out first.
   *
   * @default {65536}
   */
  readonly maxUndrained?: number;
  /**
   * Bytes of all received messages that wait to be drained, and of the largest one: an integer of 1 or more. Of text each
   * UTF-16 unit counts 2. At the bound as with `maxUndrained`.
   *
   * @default {16777216}
   */
  readonly maxUndrainedBytes?: number;
  /**
   * Speaks the mux protocol with a `WsHub`: channels, sessions that outlive their sockets, presence. How channels that
   * the client sends on behave, by name; `true` for all as they are.
   *
   * @default {false}
   */
  readonly mux?: boolean | Readonly<Record<string, ChannelOptions>>;
  /**
   * Over the mux, from how many bytes on a message is deflated, if the hub has set it too: an integer, 1 to 2^30. A message
   * then goes a tick or so later, what comes behind it on its channel too, and costs up to 0.1 ms of the processor at each
   * end: worth it for text and JSON of a kilobyte or more where the network is what is short. The hub's messages may come
   * deflated even if this is above all of the client's own. Not for messages in which a secret stands beside text that
   * others choose, as the length then tells about the secret (CRIME and BREACH).
   *
   * @default {undefined}
   */
  readonly deflateMinBytes?: number;
  /**
   * Over the mux: milliseconds for which a message that was sent is kept until the hub has taken it, to be sent again
   * over the next socket: an integer, 1 to 2^40. What is older is handed back by `undelivered`. Where the hub's
   * `resumeWindowMs` is longer than this, so should this be.
   *
   * @default {120000}
   */
  readonly maxReplayAgeMs?: number;
  /**
   * Over the mux: requests that may be under way, those included whose outcome waits to be drained: 1 to 1000000. Beyond
   * it `request` refuses.
   *
   * @default {1024}
   */
  readonly maxRequests?: number;
  /**
   * What makes the sockets.
   *
   * @default {(url, protocols) => new WebSocket(url, protocols)}
   */
  readonly webSocket?: WebSocketFactory;
  /**
   * The time that `pingRtt` and the budget of `drainEvents` go by. Timers go by `tick`.
   *
   * @default {new SystemClock()}
   */
  readonly clock?: Clock;
  /**
   * What jitter comes from.
   *
   * @default {new SecureRandom()}
   */
  readonly random?: Random;
}

/** What is asked for with a subscription. */
export interface WsSubscribeOptions {
  /**
   * How many of the last messages: 0 to 1000.
   *
   * @default {0}
   */
  readonly history?: number;
  /**
   * Whether to be told who is there.
   *
   * @default {false}
   */
  readonly presence?: boolean;
  /**
   * Looks at each message that comes on the channel, answers to requests apart, in `tick` before it is told: `false` and it
   * counts as taken and in `messagesFiltered`, and is not told. The hub sends it all the same, so that `canSubscribe` and
   * channels of their own are what keeps secrets and saves bytes. If it throws, an `error` event has the cause and the
   * message is told. It may close the client, and nothing else.
   *
   * @default {undefined}
   */
  readonly filter?: (message: WsDataMessage) => boolean;
  /**
   * Whether the hub is asked. If not, the channel is remembered, in `WsClient.channels`, and a hub that had been asked is
   * told.
   *
   * @default {true}
   */
  readonly active?: boolean;
}

/** A channel, and what is asked for with a subscription to it. */
export interface ChannelConfig extends WsSubscribeOptions {
  /** What the hub knows it by: 1 to 128 bytes of UTF-8. */
  readonly name: string;
}

/** How a request is made. */
export interface WsRequestOptions {
  /**
   * Milliseconds of `tick` time after which it has failed: above 0. It fails with the first tick after that, so that what
   * has come during a long frame still counts.
   *
   * @default {10000}
   */
  readonly timeoutMs?: number;
}

/** How one message is sent. */
export interface WsSendOptions {
  /**
   * While it waits, a newer message with the same key takes its place (and keeps its turn): for state, of which only the
   * latest matters. Over the mux on latest-only channels, where the newer one waits at the end.
   *
   * @default {undefined}
   */
  readonly key?: string;
  /**
   * Milliseconds of `tick` time for which it may wait: above 0. After that it is dropped. Over the mux, exactly-once
   * channels drop nothing.
   *
   * @default {Infinity}
   */
  readonly ttlMs?: number;
}
