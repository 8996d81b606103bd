// This module is browser compatible.
import type { Clock, Identity, PlayerId, Random } from "../../core/mod.ts";
import type { RateLimit } from "../../http/server/mod.ts";
import type { BoardOptions } from "../board/board_options.ts";
import type { ReplayStore } from "../replay/replay_store.ts";
import type { Score } from "../score.ts";
import type { LeaderboardStore } from "../store/store.ts";

/** What a server tells of a request besides the request. */
export interface LeaderboardHandlerInfo {
  /** Where it comes from, as `Deno.serve` says. */
  readonly remoteAddr?: { readonly hostname?: string };
}

/**
 * What whoever has an API key may do: `"game"` what a player may do, as the key ships in the game and is no secret;
 * `"server"` submit for any player; `"admin"` everything.
 */
export type ApiRole = "game" | "server" | "admin";

/** An API key and what it opens. */
export interface ApiKey {
  /** 1 to 256 visible ASCII characters; at least 16 if the role is not `"game"`. */
  readonly key: string;
  /**
   * The title whose boards it opens: 1 to 64 of `A–Z a–z 0–9 . _ -`, beginning with a letter or digit.
   *
   * @default {"main"}
   */
  readonly title?: string;
  /** What it lets do. */
  readonly role: ApiRole;
}

/** A submission, as {@linkcode LeaderboardServerOptions.verify} sees it: within all rules of its board. */
export interface SubmissionToVerify {
  /** The title. */
  readonly title: string;
  /** The board. */
  readonly board: string;
  /** Who submitted it. */
  readonly playerId: PlayerId;
  /** The name to show. */
  readonly name: string;
  /** The score. */
  readonly score: Score;
  /** The subscore. */
  readonly subscore: Score;
  /** The class, or `""`. */
  readonly className: string;
  /** The metadata. */
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
  /** When it came, in epoch milliseconds. */
  readonly submittedMs: number;
  /** How long before that its run began, in milliseconds, if it has one. */
  readonly runMs: number | undefined;
}

/** The replay of a submission, as {@linkcode LeaderboardServerOptions.verify} sees it. */
export interface ReplayToVerify {
  /** Its SHA-256, in hex. */
  readonly sha256: string;
  /** How many bytes it has. */
  readonly bytes: number;
  /**
   * Reads it.
   *
   * @returns A promise of its bytes, decompressed. It rejects if the replay is gone or its store fails.
   */
  read(): Promise<Uint8Array<ArrayBuffer>>;
}

/** What becomes of a submission: `"quarantine"` leaves it to a moderator. */
export type VerifyDecision = "accept" | "reject" | "quarantine";

/** What {@linkcode LeaderboardServerOptions.verify} says. */
export type VerifyResult = VerifyDecision | {
  /** What becomes of the submission. */
  readonly decision: VerifyDecision;
  /** Why, for moderators: at most 200 characters are kept. The player does not see it. */
  readonly reason?: string;
};

/** Options for `LeaderboardServer`. */
export interface LeaderboardServerOptions {
  /** Where boards and entries are kept. It stays the caller's to close, after the server. */
  readonly store: LeaderboardStore;
  /**
   * Finds out who asks, of requests for which it matters. `undefined` is nobody, who may read but not submit. If it
   * throws, or the identity has no `playerId` that is one, the answer is 503.
   */
  readonly authenticate: (
    request: Request,
  ) => Identity | undefined | Promise<Identity | undefined>;
  /**
   * Boards that are there from the start, by their ids, or by `title/id` where there are several titles. One that is
   * stored already is changed to what is said here.
   *
   * @default {{}}
   */
  readonly boards?: Readonly<Record<string, BoardOptions>>;
  /**
   * The keys, one of which each request must have: 1 to 1000. Without them, nobody needs one, there is one title,
   * `"main"`, and whoever asks has the role `"game"`: boards are made and moderated in code.
   */
  readonly apiKeys?: readonly ApiKey[];
  /**
   * Where replays are kept. It stays the caller's to close, after the server. Without it, there are none.
   */
  readonly replays?: ReplayStore;
  /**
   * The most bytes of a replay, decompressed: an integer, 1 to 2^30.
   *
   * @default {16777216}
   */
  readonly maxReplayBytes?: number;
  /**
   * What the tokens of runs are signed with: 32 to 64 secret bytes, or a key of HMAC-SHA-256 that may sign and verify.
   * Servers that share a store share it. Without it there is a random one, and runs end when the process does.
   */
  readonly runKey?: Uint8Array<ArrayBuffer> | CryptoKey;
  /**
   * How long a run may take, in milliseconds: an integer, 1000 to 2592000000 (30 days).
   *
   * @default {86400000}
   */
  readonly runLifetimeMs?: number;
  /**
   * Judges submissions that are within the rules of their board. If it throws, or says nothing of a held one for 10 minutes, the submission is held, it is asked again
   * up to 8 times, with growing waits of up to 10 minutes, and then a moderator decides. A submission that is sent twice may be asked about
   * twice.
   *
   * @default {() => "accept"}
   */
  readonly verify?: (
    submission: SubmissionToVerify,
    replay: ReplayToVerify | undefined,
  ) => VerifyResult | Promise<VerifyResult>;
  /**
   * Whether submissions are answered before they are verified: they are held (202 `pending`) and verified from `tick`,
   * also after a restart. For checks that take longer than a player waits.
   *
   * @default {false}
   */
  readonly verifiesLater?: boolean;
  /**
   * How many held submissions are verified at a time: an integer, 1 to 1024.
   *
   * @default {4}
   */
  readonly maxVerifications?: number;
  /**
   * How often a player may submit, begin a run or begin to upload a replay. Game servers and admins are not limited.
   *
   * @default {{ perSecond: 5, burst: 100 }}
   */
  readonly playerRate?: RateLimit;
  /**
   * How many requests an address, or an IPv6 network of 64 bits, may send. Game servers and admins are not limited, nor
   * is anybody where the runtime tells no address.
   *
   * @default {{ perSecond: 100, burst: 500 }}
   */
  readonly addressRate?: RateLimit;
  /**
   * The most streams of live changes: 1 to 1048576.
   *
   * @default {10000}
   */
  readonly maxStreams?: number;
  /**
   * Of them, from one address, or one IPv6 network of 64 bits.
   *
   * @default {64}
   */
  readonly maxStreamsPerAddress?: number;
  /**
   * Addresses of proxies, as IPv4 or IPv6, from which `X-Forwarded-For` counts: a client's address is the last one in
   * it that is none of these. From anywhere else the header is what a client says about itself, and is not looked at.
   *
   * @default {[]}
   */
  readonly trustedProxies?: readonly string[];
  /**
   * The origins of pages that may read the answers (CORS), as browsers write them; `"*"` for all. Without it, only pages
   * of the server's own origin may.
   */
  readonly allowedOrigins?: readonly string[];
  /**
   * What comes before `/v1` in paths: `""`, or one or more of `/name`.
   *
   * @default {""}
   */
  readonly basePath?: string;
  /**
   * Told what went wrong inside: what a store, `authenticate` or `verify` threw. It is for logs; those who asked see
   * nothing of it. What it throws itself is dropped.
   *
   * @default {() => {}}
   */
  readonly onError?: (error: unknown) => void;
  /**
   * Where time comes from.
   *
   * @default {new SystemClock()}
   */
  readonly clock?: Clock;
  /**
   * Where ids of runs and of held submissions come from.
   *
   * @default {new SecureRandom()}
   */
  readonly random?: Random;
}
