// This module is browser compatible.
import {
  checkMatch,
  checkParameter,
  checkRating,
  clampMu,
} from "./_check_match.ts";
import type { Rating, RatingSystem } from "./rating.ts";

/** A variance loses at most all but this part of itself in a match. */
const KAPPA = 1e-4;

/** Options for {@linkcode PlackettLuce}. */
export interface PlackettLuceOptions {
  /**
   * Mean of a new player.
   *
   * @default {25}
   */
  readonly mu?: number;
  /**
   * Deviation of a new player: above 0.
   *
   * @default {25 / 3}
   */
  readonly sigma?: number;
  /**
   * How far apart in skill players are of whom one beats the other most of the time: above 0.
   *
   * @default half of `sigma`
   */
  readonly beta?: number;
  /**
   * Deviation that every match adds, so that ratings never stand still: 0 or more.
   *
   * @default a hundredth of `sigma`
   */
  readonly tau?: number;
}

/**
 * Ratings of teams by the Plackett-Luce model, after Ruby Weng and Chih-Jen Lin, "A Bayesian
 * Approximation Method for Online Ranking" (2011), algorithm 4: any number of teams of any
 * size, draws included. OpenSkill libraries have the same model and the same default scale.
 *
 * For ratings about 1500 give `{ mu: 1500, sigma: 500 }`, and the rest follows.
 *
 * @example Two against two
 * ```ts
 * import { assert } from "@std/assert";
 * import { PlackettLuce } from "@tickwire/net/lobby";
 *
 * const system = new PlackettLuce({ mu: 1500, sigma: 500 });
 * const fresh = system.initial();
 * const [winners, losers] = system.update([[fresh, fresh], [fresh, fresh]], [1, 2]);
 * assert(winners!.every(({ mu, sigma }) => mu > 1500 && sigma < 500));
 * assert(losers!.every(({ mu }) => mu < 1500));
 * ```
 */
export class PlackettLuce implements RatingSystem {
  readonly #initial: Rating;
  readonly #betaSquare: number;
  readonly #tauSquare: number;

  /**
   * Creates the system.
   *
   * @param options What new players are like, and the scale.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(options: PlackettLuceOptions = {}) {
    const { mu = 25, sigma = 25 / 3 } = options;
    checkRating({ mu, sigma });
    checkParameter("sigma", sigma);
    const { beta = sigma / 2, tau = sigma / 100 } = options;
    this.#initial = { mu, sigma };
    this.#betaSquare = checkParameter("beta", beta) ** 2;
    this.#tauSquare = tau === 0 ? 0 : checkParameter("tau", tau) ** 2;
  }

  /**
   * Makes the rating of a new player.
   *
   * @returns The rating.
   */
  initial(): Rating {
    return { ...this.#initial };
  }

  /**
   * Learns from a match.
   *
   * @param teams The players' ratings before it, by team.
   * @param ranks The rank of each team: the least wins, equal ones are a draw.
   * @returns Their ratings after it, in the same places.
   * @throws {RangeError} If a team, a rating or a rank is none.
   */
  update(
    teams: readonly (readonly Rating[])[],
    ranks: readonly number[],
  ): Rating[][] {
    checkMatch(teams, ranks);
    const variances = teams.map((team) =>
      team.map(({ sigma }) => sigma ** 2 + this.#tauSquare)
    );
    const teamMus = teams.map((team) => sum(team.map(({ mu }) => mu)));
    const teamVariances = variances.map(sum);
    const c = Math.sqrt(
      sum(teamVariances.map((variance) => variance + this.#betaSquare)),
    );
    // Only quotients of them count: against the highest, none overflows.
    const highest = Math.max(...teamMus);
    const strengths = teamMus.map((mu) => Math.exp((mu - highest) / c));
    // Of each team: the strength of all that it did not lose to, and how many share its rank.
    const rest = ranks.map((rank) =>
      sum(strengths.filter((_, other) => ranks[other]! >= rank))
    );
    const ties = ranks.map((rank) =>
      ranks.filter((other) => other === rank).length
    );
    return teams.map((team, own) => {
      let omega = 0;
      let delta = 0;
      for (let other = 0; other < teams.length; other++) {
        if (ranks[other]! > ranks[own]!) continue;
        // Of all that are far weaker than the highest, no strength may be left.
        const share = rest[other] === 0 ? 0 : strengths[own]! / rest[other]!;
        omega += ((other === own ? 1 : 0) - share) / ties[other]!;
        delta += share * (1 - share) / ties[other]!;
      }
      const variance = teamVariances[own]!;
      // Somebody of whom all is known learns nothing.
      if (variance === 0) return team.map(({ mu, sigma }) => ({ mu, sigma }));
      const gamma = Math.sqrt(variance) / c;
      const shift = omega * variance / c;
      const shrink = gamma * delta * variance / c ** 2;
      return team.map(({ mu }, i) => {
        const part = variances[own]![i]! / variance;
        return {
          mu: clampMu(mu + part * shift),
          sigma: Math.sqrt(
            variances[own]![i]! * Math.max(1 - part * shrink, KAPPA),
          ),
        };
      });
    });
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, it) => total + it, 0);
}
