// This module is browser compatible.
import type { Clock, Identity } from "../../core/mod.ts";
import type { Delivery } from "../mux/record.ts";
import type { WebSocketLike } from "../web_socket_like.ts";
import type { Backplane } from "./backplane.ts";

/** What becomes of a request that asks for a WebSocket: both ends of the upgrade. */
export interface Upgraded {
  /** The socket. */
  readonly socket: WebSocketLike;
  /** What the handler returns. */
  readonly response: Response;
}

/** What a server tells of a request besides the request. */
export interface HandlerInfo {
  /** Where it comes from, as `Deno.serve` says. */
  readonly remoteAddr?: { readonly hostname?: string };
}

/** How a channel behaves. */
export interface HubChannelOptions {
  /**
   * What is promised about what is published.
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
   * How many of the last messages are kept for who comes later: 0 to 1000.
   *
   * @default {0}
   */
  readonly historyMessages?: number;
  /**
   * Whether what a client sends on the channel is published at once: to all subscribers,
   * its sender among them if it is one.
   *
   * @default {false}
   */
  readonly isRelayed?: boolean;
  /**
   * What becomes of a subscriber for whom an exactly-once message finds no room:
   * `disconnect` removes it, `drop` leaves the message out.
   *
   * @default {"disconnect"}
   */
  readonly slow?: "disconnect" | "drop";
  /**
   * The most messages that wait for one subscriber: an integer of 1 or more.
   *
   * @default {1024}
   */
  readonly maxQueuedMessages?: number;
  /**
   * Their bytes: an integer of 1 or more.
   *
   * @default {1048576}
   */
  readonly maxQueuedBytes?: number;
}

/** Options for `WsHub`. */
export interface WsHubOptions {
  /** Turns a request into a socket: `upgradeWebSocket` of `@tickwire/net/websocket/deno`, or another runtime's. */
  readonly upgrade: (request: Request) => Upgraded;
  /**
   * Finds out who asks, before anything is upgraded or kept. `undefined` is answered
   * with 401; with 503 if it throws, or the identity has no `playerId` that is one.
   */
  readonly authenticate: (
    request: Request,
  ) => Identity | undefined | Promise<Identity | undefined>;
  /**
   * Says how a channel behaves, when it is used for the first time. What is out of its
   * range throws there: at `publish`, say, or for the client that uses the channel.
   *
   * @default {() => ({})}
   */
  readonly channel?: (name: string) => HubChannelOptions;
  /**
   * Whether a client may have what is published on a channel. Asked when it subscribes, and
   * when it comes back to its session, for each of its subscriptions: those that are refused
   * end, as with `unsubscribe`.
   *
   * @default {() => true}
   */
  readonly canSubscribe?: (identity: Identity, channel: string) => boolean;
  /**
   * Whether a client may send on a channel. What it sends nonetheless is dropped, and it is
   * told.
   *
   * @default {() => true}
   */
  readonly canPublish?: (identity: Identity, channel: string) => boolean;
  /**
   * Joins the hub with others: what is published at one reaches the subscribers of all,
   * and each tells who is at the others. Messages to single clients, history from before
   * a hub had the channel, limits and events stay with each hub. It stays the caller's
   * to close, after the hub.
   *
   * The hubs trust each other and must have the same `maxMessageBytes`.
   */
  readonly backplane?: Backplane;
  /** The origins of pages that may connect; all, if left out. Programs send none, and may. */
  readonly allowedOrigins?: readonly string[];
  /**
   * Where latencies are measured.
   *
   * @default {new SystemClock()}
   */
  readonly clock?: Clock;
  /**
   * The most sockets at a time.
   *
   * @default {10000}
   */
  readonly maxSockets?: number;
  /**
   * Of them, from one address, or one IPv6 network of 64 bits. As many clients of an address may be without a socket; of
   * more, the one that was away for the longest time has left, as `expired`.
   *
   * @default {64}
   */
  readonly maxSocketsPerAddress?: number;
  /**
   * Addresses of proxies, as IPv4 or IPv6, from which `X-Forwarded-For` counts: a
   * client's address is the last one in it that is none of these. From anywhere else
   * the header is what a client says about itself, and is not looked at.
   *
   * @default {[]}
   */
  readonly trustedProxies?: readonly string[];
  /**
   * The most clients, those without a socket included. Beyond it, who resumes a session
   * is let in, and nobody new.
   *
   * @default {20000}
   */
  readonly maxClients?: number;
  /**
   * The most channels. Beyond it, those without subscribers make room, the one that was
   * not used for the longest time first; where there is none, a subscription is denied.
   *
   * @default {65536}
   */
  readonly maxChannels?: number;
  /**
   * How long a channel without subscribers keeps its history, in milliseconds: 0 or more.
   *
   * @default {600000}
   */
  readonly channelIdleMs?: number;
  /**
   * The most channels that a client may subscribe to.
   *
   * @default {64}
   */
  readonly maxSubscriptions?: number;
  /**
   * The most bytes of a frame: an integer, 1024 to 1048576.
   *
   * @default {65536}
   */
  readonly maxFrameBytes?: number;
  /**
   * The most bytes of a message: an integer, 1 to 67108864.
   *
   * @default {1048576}
   */
  readonly maxMessageBytes?: number;
  /**
   * From how many bytes on a message is deflated, once for all its subscribers, for
   * clients that have set it too: an integer, 1 to 2^30; none if left out. It then goes a
   * tick or so later, and what comes behind it on its channel too: worth it for text and
   * JSON of a kilobyte or more. Not for messages in which a secret stands beside text that
   * others choose, as the length then tells about the secret (CRIME and BREACH).
   *
   * @default {undefined}
   */
  readonly deflateMinBytes?: number;
  /**
   * How many messages a second a client may send, on the average, and at once. A message
   * that comes deflated counts once more for each 8 KiB that it becomes.
   *
   * @default {{ perSecond: 200, burst: 1000 }}
   */
  readonly rate?: { readonly perSecond: number; readonly burst: number };
  /**
   * How long a session outlives its socket, in milliseconds: an integer, 0 to 2^31 - 1.
   *
   * @default {120000}
   */
  readonly resumeWindowMs?: number;
  /**
   * How long what was sent to a client is kept until it has taken it, to be sent again
   * over the next socket, in milliseconds: an integer, 1 to 2^40. Of what is older it is
   * told by a gap. Clients have an option of the same name for what they send.
   *
   * @default {Math.max(120000, resumeWindowMs)}
   */
  readonly maxReplayAgeMs?: number;
  /**
   * After how much silence a client is asked whether it is there, and asks the hub, in
   * milliseconds: an integer, 0 for never.
   *
   * @default {30000}
   */
  readonly keepaliveMs?: number;
  /**
   * Whether clients may speak JSON text in place of the binary form, so that one can
   * talk to the hub by hand with any WebSocket tool (`websocket/PROTOCOL.md`, section
   * 7). The form of a socket's first message is that of all others, both ways.
   *
   * It is for debugging, not for production: text takes several times the bytes and the
   * work, a client that speaks it is not asked whether it is still there, as people
   * type slowly, and the reasons for which it is closed tell it what it did wrong.
   *
   * @default {false}
   */
  readonly allowText?: boolean;
  /**
   * How long a new socket has to say hello, in milliseconds: 0 or more.
   *
   * @default {10000}
   */
  readonly helloTimeoutMs?: number;
  /**
   * Bytes that a socket holds before no more is given to it; each frame counts for 1,200
   * more, as that is what a runtime spends on one.
   *
   * @default {262144}
   */
  readonly sendHighWaterBytes?: number;
  /**
   * The most messages that wait to be drained, and of any size up to 64 MiB of them; what
   * clients send beyond waits at theirs.
   * Room for the comings and goings of `maxClients` is kept besides.
   *
   * @default {65536}
   */
  readonly maxEvents?: number;
}
