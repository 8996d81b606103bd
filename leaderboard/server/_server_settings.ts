// This module is browser compatible.
import {
  checkInteger,
  normalizeAddress,
  SecureRandom,
  SystemClock,
} from "../../core/mod.ts";
import {
  checkApiKeys,
  checkBasePath,
  checkRateLimit,
  titlesOf,
} from "../../http/server/mod.ts";
import { type Board, parseBoard } from "../board/board.ts";
import type { ApiRole, LeaderboardServerOptions } from "./server_options.ts";

/** As long as claims are kept: a run whose id is forgotten could be used again. */
const MAX_RUN_MS = 30 * 86_400_000;
const ROLES: readonly ApiRole[] = ["game", "server", "admin"];

type Optional = "apiKeys" | "allowedOrigins" | "verify" | "boards" | "replays";

/** The options of a server, checked and with their defaults. */
export interface ServerSettings
  extends Required<Omit<LeaderboardServerOptions, Optional>> {
  readonly apiKeys: LeaderboardServerOptions["apiKeys"];
  readonly allowedOrigins: LeaderboardServerOptions["allowedOrigins"];
  readonly verify: LeaderboardServerOptions["verify"];
  readonly replays: LeaderboardServerOptions["replays"];
  readonly titles: readonly string[];
  /** To be there from the start. */
  readonly boards: readonly Board[];
  readonly proxies: ReadonlySet<string>;
}

/** Checks the options of a server. */
export function resolveServerOptions(
  options: LeaderboardServerOptions,
): ServerSettings {
  const { apiKeys, trustedProxies = [], runKey } = options;
  const basePath = checkBasePath(options.basePath ?? "");
  if (typeof options.authenticate !== "function") {
    throw new TypeError("Cannot use authenticate as it must be a function");
  }
  if (runKey instanceof Uint8Array) {
    checkInteger("runKey.length", runKey.length, 32, 64);
  }
  if (apiKeys !== undefined) checkApiKeys(apiKeys, ROLES);
  const titles = titlesOf(apiKeys);
  return {
    store: options.store,
    authenticate: options.authenticate,
    boards: Object.entries(options.boards ?? {}).map(([name, board]) =>
      parseBoard(boardId(name, titles), board)
    ),
    titles,
    apiKeys,
    runKey: runKey ?? crypto.getRandomValues(new Uint8Array(32)),
    runLifetimeMs: checkInteger(
      "runLifetimeMs",
      options.runLifetimeMs ?? 86_400_000,
      1_000,
      MAX_RUN_MS,
    ),
    verify: options.verify,
    verifiesLater: options.verifiesLater ?? false,
    maxVerifications: checkInteger(
      "maxVerifications",
      options.maxVerifications ?? 4,
      1,
      1_024,
    ),
    replays: options.replays,
    maxReplayBytes: checkInteger(
      "maxReplayBytes",
      options.maxReplayBytes ?? 16_777_216,
      1,
      2 ** 30,
    ),
    playerRate: checkRateLimit(
      options.playerRate ?? { perSecond: 5, burst: 100 },
    ),
    addressRate: checkRateLimit(
      options.addressRate ?? { perSecond: 100, burst: 500 },
    ),
    maxStreams: checkInteger(
      "maxStreams",
      options.maxStreams ?? 10_000,
      1,
      2 ** 20,
    ),
    maxStreamsPerAddress: checkInteger(
      "maxStreamsPerAddress",
      options.maxStreamsPerAddress ?? 64,
      1,
      2 ** 20,
    ),
    trustedProxies,
    proxies: new Set(trustedProxies.map(normalizeAddress)),
    allowedOrigins: options.allowedOrigins,
    basePath,
    onError: (error) => {
      try {
        options.onError?.(error);
      } catch {
        // Who is told of errors must not make others of them.
      }
    },
    clock: options.clock ?? new SystemClock(),
    random: options.random ?? new SecureRandom(),
  };
}

/**
 * The name of a board in the store, by what the server's author calls it.
 *
 * @throws {RangeError} If it is no name, or the title is missing or none of the server's.
 */
export function boardId(name: string, titles: readonly string[]): string {
  const [first = "", second] = name.split("/", 2);
  const title = second === undefined ? titles[0] : first;
  if (
    title === undefined || !titles.includes(title) ||
    (second === undefined && titles.length > 1)
  ) {
    throw new RangeError(
      `Cannot use board as it must be named with one of the server's titles, as "title/board": current value is ${
        JSON.stringify(name.slice(0, 130))
      }`,
    );
  }
  return second === undefined ? `${title}/${name}` : name;
}
