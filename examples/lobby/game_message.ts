/**
 * What the page and the server of the game say to each other about a match, as JSON on a channel of the lobbies' hub.
 *
 * @module
 */

import type { PlayerId } from "../../core/mod.ts";
import type { Lobby, LobbyId } from "../../lobby/mod.ts";

/** The channel that a match is played on. */
export const GAME_CHANNEL = "rps";
/** What is played, as lobbies have it. */
export const GAME_MODE = "rockPaperScissors";
/** The same for points: in the lobbies of the queue's matches alone. */
export const RANKED_MODE = "rankedRockPaperScissors";
/** Where players can look for a match. */
export const QUEUE = "ranked";
/** Best of five. */
export const ROUNDS_TO_WIN = 3;
/** What can be chosen; each beats the one before it, and the first the last. */
export const CHOICES = ["rock", "paper", "scissors"] as const;
const MAX_MESSAGE_LENGTH = 200;

/** One of {@linkcode CHOICES}. */
export type Choice = typeof CHOICES[number];

/** Something for each of the two players. */
export type Pair<T> = readonly [T, T];

/** What a page says. */
export interface Move {
  /** For which game of the lobby, as a message may be late. */
  readonly game: number;
  /** And for which round of it. */
  readonly round: number;
  readonly choice: Choice;
}

/** A round that is over. */
export type Round = {
  readonly choices: Pair<Choice>;
  /** Who has won it; nobody if both have chosen the same. */
  readonly winner?: PlayerId;
};

/** How strong a player is, in a ranked match. */
export interface ShownRating {
  readonly mu: number;
  /** How far that may be off. */
  readonly sigma: number;
  /** What `mu` was before this match, once it is over. */
  readonly muBefore?: number;
}

/** How a match stands, as one of those who are there may see it. */
export interface Table {
  readonly lobby: LobbyId;
  /** Which game of the lobby it is. */
  readonly game: number;
  /** Which round is played, from 1 on; the last one when it is over. */
  readonly round: number;
  readonly players: Pair<PlayerId>;
  /** Rounds that each has won. */
  readonly score: Pair<number>;
  /** Who has chosen already. */
  readonly hasChosen: Pair<boolean>;
  /** What the one who is told has chosen; nobody is told what the other has. */
  readonly own?: Choice;
  /** The last round that is over. */
  readonly last?: Round;
  /** Of a ranked match. */
  readonly ratings?: Pair<ShownRating>;
  /** Of a ranked match: how many seconds there are to choose. */
  readonly secondsLeft?: number;
}

/** What a match ends with: the lobby's results. */
export type Results = {
  readonly winner: PlayerId;
  readonly players: Pair<PlayerId>;
  readonly score: Pair<number>;
  /** Whether the other one has gone away, or not chosen in time. */
  readonly isForfeit: boolean;
};

/** Whether it is for points: the match for which the lobby was made, and not what its players, or others, play there later. */
export function isRanked({ config, gameCount }: Lobby): boolean {
  return config.mode === RANKED_MODE && gameCount === 1;
}

/** Reads what anybody may have sent. */
export function parseMove(json: string): Move | undefined {
  if (json.length > MAX_MESSAGE_LENGTH) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  const { game, round, choice } = (value ?? {}) as Partial<
    Record<keyof Move, unknown>
  >;
  const known = CHOICES.find((each) => each === choice);
  if (!Number.isSafeInteger(game) || !Number.isSafeInteger(round)) {
    return undefined;
  }
  return known === undefined
    ? undefined
    : { game: game as number, round: round as number, choice: known };
}
