// This module is browser compatible.
import { checkFinite } from "../../core/mod.ts";
import {
  checkMatch,
  checkParameter,
  checkRating,
  clampMu,
} from "./_check_match.ts";
import type { Rating, RatingSystem } from "./rating.ts";

/** Points of the shown scale in one of the system's own. */
const SCALE = 173.7178;
/** How exactly the volatility is found, as the paper has it. */
const TOLERANCE = 1e-6;
/** Below it the square of a volatility, and the logarithm of that, are nothing to go by. */
const MIN_VOLATILITY = 1e-9;
const MAX_VOLATILITY = 1e9;
/** The search halves its error or better: more steps than this would be a mistake. */
const MAX_STEPS = 200;

/** Options for {@linkcode Glicko2}. */
export interface Glicko2Options {
  /**
   * Rating of a new player.
   *
   * @default {1500}
   */
  readonly mu?: number;
  /**
   * Deviation of a new player, and the most that anybody's grows to: above 0.
   *
   * @default {350}
   */
  readonly sigma?: number;
  /**
   * Volatility of a new player: from 1e-9 to 1e9.
   *
   * @default {0.06}
   */
  readonly volatility?: number;
  /**
   * How much volatilities may change, 0.3 to 1.2 in practice: the less, the less improbable
   * results move ratings. Above 0.
   *
   * @default {0.5}
   */
  readonly tau?: number;
}

/** A game of one player in a rating period. */
export interface GlickoResult {
  /** Whom it was against, as they were before the period. */
  readonly opponent: Rating;
  /** 1 if the player won, 0.5 if nobody did, 0 if the opponent did. */
  readonly score: number;
}

/**
 * Glicko-2, after Mark Glickman, "Example of the Glicko-2 system" (2013): ratings about 1500
 * with a deviation, and a volatility that tells how erratic a player is.
 *
 * It is a system for players one against one, over periods of several games
 * ({@linkcode Glicko2.rate}). For a match of teams each player is rated against each other
 * team as if it were one player: of the team's mean rating, and the root of the mean square of
 * its deviations.
 *
 * @example A player who beats a better one
 * ```ts
 * import { assert } from "@std/assert";
 * import { Glicko2 } from "@tickwire/net/lobby";
 *
 * const system = new Glicko2();
 * const ada = { mu: 1500, sigma: 200 };
 * const bob = { mu: 1700, sigma: 80 };
 * const [winners, losers] = system.update([[ada], [bob]], [1, 2]);
 * assert(winners![0]!.mu > 1600 && winners![0]!.sigma < 200);
 * assert(losers![0]!.mu < 1700);
 * ```
 */
export class Glicko2 implements RatingSystem {
  readonly #initial: Required<Rating>;
  readonly #tau: number;

  /**
   * Creates the system.
   *
   * @param options What new players are like, and how fast volatilities change.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(options: Glicko2Options = {}) {
    const { mu = 1500, sigma = 350, volatility = 0.06, tau = 0.5 } = options;
    checkRating({ mu, sigma });
    this.#initial = {
      mu,
      sigma: checkParameter("sigma", sigma),
      volatility: checkVolatility(volatility),
    };
    this.#tau = checkFinite("tau", tau);
  }

  /**
   * Makes the rating of a new player.
   *
   * @returns The rating, with its volatility.
   */
  initial(): Required<Rating> {
    return { ...this.#initial };
  }

  /**
   * Learns from a match as a rating period of its own: see the class.
   *
   * @param teams The players' ratings before it, by team; without a volatility they have a
   * new player's.
   * @param ranks The rank of each team: the least wins, equal ones are a draw.
   * @returns Their ratings after it, in the same places.
   * @throws {RangeError} If a team, a rating or a rank is none.
   */
  update(
    teams: readonly (readonly Rating[])[],
    ranks: readonly number[],
  ): Required<Rating>[][] {
    checkMatch(teams, ranks);
    const opponents = teams.map((team) => ({
      mu: team.reduce((sum, { mu }) => sum + mu, 0) / team.length,
      sigma: Math.sqrt(
        team.reduce((sum, { sigma }) => sum + sigma ** 2, 0) / team.length,
      ),
    }));
    return teams.map((team, own) => {
      const results = opponents.flatMap((opponent, other) =>
        other === own
          ? []
          : [{ opponent, score: scoreOf(ranks[own]!, ranks[other]!) }]
      );
      return team.map((rating) => this.rate(rating, results));
    });
  }

  /**
   * Rates a player after a rating period.
   *
   * @param rating The player before it.
   * @param results The period's games; without any the deviation grows, as less is known.
   * @returns The player after it.
   * @throws {RangeError} If a rating is none, or a score is not 0 to 1.
   */
  rate(rating: Rating, results: readonly GlickoResult[]): Required<Rating> {
    checkRating(rating);
    const volatility = checkVolatility(
      rating.volatility ?? this.#initial.volatility,
    );
    const mu = (rating.mu - this.#initial.mu) / SCALE;
    const phi = rating.sigma / SCALE;
    if (results.length === 0) {
      return this.#shown(mu, Math.sqrt(phi ** 2 + volatility ** 2), volatility);
    }
    // Steps 3 and 4 of the paper: v, and what Delta is of it.
    let information = 0;
    let surprise = 0;
    for (const { opponent, score } of results) {
      checkRating(opponent);
      if (!(score >= 0 && score <= 1)) {
        throw new RangeError(
          `Cannot rate a player as score must be 0 to 1: current value is ${score}`,
        );
      }
      const weight = weightOf(opponent.sigma / SCALE);
      const expected = 1 /
        (1 + Math.exp(
          -weight * (mu - (opponent.mu - this.#initial.mu) / SCALE),
        ));
      information += weight ** 2 * expected * (1 - expected);
      surprise += weight * (score - expected);
    }
    // Whoever was certain to win has learned nothing from it.
    if (information === 0) return this.rate(rating, []);
    const variance = 1 / information;
    const next = this.#volatility(
      phi,
      volatility,
      variance,
      variance * surprise,
    );
    const widened = phi ** 2 + next ** 2;
    const nextPhi = 1 / Math.sqrt(1 / widened + information);
    return this.#shown(mu + nextPhi ** 2 * surprise, nextPhi, next);
  }

  /** Step 5 of the paper: the Illinois variant of regula falsi. */
  #volatility(
    phi: number,
    volatility: number,
    variance: number,
    delta: number,
  ): number {
    const tau = this.#tau;
    const start = Math.log(volatility ** 2);
    const f = (x: number): number => {
      const e = Math.exp(x);
      const sum = phi ** 2 + variance + e;
      return e * (delta ** 2 - sum) / (2 * sum ** 2) - (x - start) / tau ** 2;
    };
    let a = start;
    let b: number;
    if (delta ** 2 > phi ** 2 + variance) {
      b = Math.log(delta ** 2 - phi ** 2 - variance);
    } else {
      let k = 1;
      while (f(start - k * tau) < 0 && k < MAX_STEPS) k++;
      b = start - k * tau;
    }
    let fa = f(a);
    let fb = f(b);
    for (let i = 0; Math.abs(b - a) > TOLERANCE && i < MAX_STEPS; i++) {
      const c = a + (a - b) * fa / (fb - fa);
      const fc = f(c);
      if (fc * fb <= 0) {
        a = b;
        fa = fb;
      } else {
        fa /= 2;
      }
      b = c;
      fb = fc;
    }
    return Math.exp(a / 2);
  }

  #shown(mu: number, phi: number, volatility: number): Required<Rating> {
    return {
      mu: clampMu(mu * SCALE + this.#initial.mu),
      sigma: Math.min(phi * SCALE, this.#initial.sigma),
      volatility: Math.min(
        MAX_VOLATILITY,
        Math.max(MIN_VOLATILITY, volatility),
      ),
    };
  }
}

function checkVolatility(volatility: number): number {
  if (volatility >= MIN_VOLATILITY && volatility <= MAX_VOLATILITY) {
    return volatility;
  }
  throw new RangeError(
    `Cannot use volatility as it must be from ${MIN_VOLATILITY} to ${MAX_VOLATILITY}: current value is ${volatility}`,
  );
}

/** How much a result against somebody of a deviation tells: g in the paper. */
function weightOf(phi: number): number {
  return 1 / Math.sqrt(1 + 3 * phi ** 2 / Math.PI ** 2);
}

function scoreOf(own: number, other: number): number {
  return own < other ? 1 : own > other ? 0 : 0.5;
}
