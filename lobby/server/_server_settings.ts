// This module is browser compatible.
import {
  checkFinite,
  checkInteger,
  checkNotNegative,
  type PlayerId,
} from "../../core/mod.ts";
import { fillLimits, type LobbyLimits } from "../manager/lobby_limits.ts";
import { PASSWORD_ITERATIONS } from "../password/password.ts";
import type { PersonRates, Rate } from "./_people.ts";
import type { LobbyRate, LobbyServerOptions } from "./lobby_server_options.ts";

/** A manager limits what is tried at one lobby; each attempt costs the server the same, whichever lobby it is at. */
const ATTEMPTS: Rate = { perSecond: 0.2, burst: 10 };
/** A list of another filter is a look at all lobbies, and a message of up to all of them. */
const LISTS: Rate = { perSecond: 1, burst: 10 };

/** The options of a server, all of them there and in their ranges. */
export interface ServerSettings {
  readonly rates: PersonRates;
  readonly chatMaxBytes: number;
  readonly chatHistory: number;
  readonly listIntervalMs: number;
  readonly maxListed: number;
  readonly maxFilters: number;
  readonly region: string;
  readonly listedMetadata: readonly string[];
  readonly iterations: number;
  readonly maxConcurrentHashes: number;
  readonly maxWaitingHashes: number;
  readonly maxHeld: number;
  readonly maxEvents: number;
  readonly limits: LobbyLimits;
  readonly vetConfig: LobbyServerOptions["vetConfig"];
  readonly vetChat: LobbyServerOptions["vetChat"];
  readonly skillOf: (
    player: PlayerId,
  ) => { readonly skill: number; readonly uncertainty?: number };
}

/** Fills in what has been left out. */
export function resolveServerOptions(
  options: LobbyServerOptions,
): ServerSettings {
  const { chat = {}, list = {}, passwords = {} } = options;
  return {
    rates: {
      requests: rate("rate", options.rate, { perSecond: 10, burst: 40 }),
      patience: rate("patience", options.patience, {
        perSecond: 1,
        burst: 100,
      }),
      chat: rate("chat.rate", chat.rate, { perSecond: 1, burst: 5 }),
      hashes: rate("passwords.rate", passwords.rate, {
        perSecond: 0.1,
        burst: 3,
      }),
      attempts: ATTEMPTS,
      lists: LISTS,
    },
    chatMaxBytes: checkInteger("chat.maxBytes", chat.maxBytes ?? 512, 1, 8_192),
    chatHistory: checkInteger("chat.history", chat.history ?? 50, 0, 200),
    listIntervalMs: checkNotNegative(
      "list.intervalMs",
      list.intervalMs ?? 500,
    ),
    maxListed: checkInteger(
      "list.maxListed",
      list.maxListed ?? 1_000,
      1,
      65_536,
    ),
    maxFilters: checkInteger(
      "list.maxFilters",
      list.maxFilters ?? 1_024,
      1,
      1_000_000,
    ),
    region: list.region ?? "",
    listedMetadata: [...list.metadata ?? []],
    iterations: checkInteger(
      "passwords.iterations",
      passwords.iterations ?? PASSWORD_ITERATIONS,
      1,
      10_000_000,
    ),
    maxConcurrentHashes: checkInteger(
      "passwords.maxConcurrent",
      passwords.maxConcurrent ?? 2,
      1,
      64,
    ),
    maxWaitingHashes: checkInteger(
      "passwords.maxWaiting",
      passwords.maxWaiting ?? 64,
      0,
      65_536,
    ),
    maxHeld: checkInteger("maxHeld", options.maxHeld ?? 65_536, 1, 2 ** 30),
    maxEvents: checkInteger(
      "maxEvents",
      options.maxEvents ?? 65_536,
      1_024,
      16_000_000,
    ),
    limits: fillLimits(options.manager?.limits ?? {}),
    vetConfig: options.vetConfig,
    vetChat: options.vetChat,
    skillOf: options.skillOf ?? averageSkill,
  };
}

/** Of whom nothing is known. */
export function averageSkill(): { readonly skill: number } {
  return { skill: 1_500 };
}

function rate(name: string, given: LobbyRate | undefined, usual: Rate): Rate {
  const { perSecond, burst } = given ?? usual;
  return {
    perSecond: checkFinite(`${name}.perSecond`, perSecond),
    burst: checkInteger(`${name}.burst`, burst, 1, 1_000_000),
  };
}
