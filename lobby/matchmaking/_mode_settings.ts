// This module is browser compatible.
import { checkFinite, checkInteger, checkNotNegative } from "../../core/mod.ts";
import type {
  MatchCandidate,
  MatchMode,
  WideningWindow,
} from "./match_mode.ts";
import { Packing } from "./_packing.ts";

export const MAX_PLAYERS = 128;
const MAX_MAPS = 31;
/** After how many times its patience a ticket takes any match. */
export const LAST_PATIENCE = 3;

/** A window in seconds: `min(initial + perSecond * wait, final)`. */
export interface Slope {
  readonly initial: number;
  readonly perSecond: number;
  readonly final: number;
}

/** A mode's options, checked and with their defaults. */
export interface ModeSettings {
  readonly name: string;
  readonly teams: number;
  readonly teamSize: number;
  readonly maps: readonly string[];
  readonly skill: Slope;
  readonly latency: Slope;
  readonly uncertaintyFactor: number;
  readonly isHighestSkill: boolean;
  readonly latencyCost: number;
  readonly comfortMs: number;
  readonly asymmetryCost: number;
  /** 0 if matches are made at once. */
  readonly patienceSeconds: number;
  readonly spreadPerTicket: number;
  /** After how many seconds a ticket takes any match: 0 without patience. */
  readonly overdueSeconds: number;
  /** The fewest teams of a match: all of them, unless some may play with fewer. */
  readonly minTeams: number;
  /** After how many seconds a ticket may: infinite if none may. */
  readonly fewerTeamsSeconds: number;
  /** After how many seconds nothing of a ticket changes by waiting alone. */
  readonly settledSeconds: number;
  readonly packing: Packing;
  /** That of `minTeams`, then of one team more each; the last is that of all teams. */
  readonly packings: readonly Packing[];
  readonly score: ((candidate: MatchCandidate) => number) | undefined;
  readonly match: MatchMode["match"];
}

export function modeSettings(name: string, mode: MatchMode): ModeSettings {
  const { maps = [], rules = {}, costs = {}, patience, fewerTeams } = mode;
  const label = (field: string): string => `${field} of mode "${name}"`;
  const teams = checkInteger(label("teams"), mode.teams, 1, MAX_PLAYERS);
  const teamSize = checkInteger(
    label("teamSize"),
    mode.teamSize,
    1,
    MAX_PLAYERS,
  );
  checkInteger(label("teams * teamSize"), teams * teamSize, 1, MAX_PLAYERS);
  checkInteger(label("maps.length"), maps.length, 0, MAX_MAPS);
  if (new Set(maps).size !== maps.length) {
    throw new RangeError(
      `Cannot use maps of mode "${name}" as they must differ: current value is ${
        JSON.stringify(maps)
      }`,
    );
  }
  const { partySkill = "mean" } = rules;
  if (partySkill !== "mean" && partySkill !== "highest") {
    throw new TypeError(
      `Cannot use ${
        label("partySkill")
      } as it must be "mean" or "highest": current value is "${partySkill}"`,
    );
  }
  const skill = slope(
    label("skillWindow"),
    rules.skillWindow ?? { initial: 50, final: 500, overMs: 60_000 },
  );
  const latency = slope(
    label("latencyWindow"),
    rules.latencyWindow ?? { initial: 80, final: 200, overMs: 30_000 },
  );
  const patienceSeconds = patience === undefined
    ? 0
    : checkFinite(label("patience.waitMs"), patience.waitMs) / 1000;
  const packing = new Packing(teams, teamSize);
  const minTeams = fewerTeams === undefined
    ? teams
    : checkInteger(label("fewerTeams.min"), fewerTeams.min, 1, teams);
  return {
    name,
    teams,
    teamSize,
    maps: [...maps],
    skill,
    latency,
    uncertaintyFactor: notNegative(
      label("uncertaintyFactor"),
      rules.uncertaintyFactor ?? 0,
    ),
    isHighestSkill: partySkill === "highest",
    latencyCost: notNegative(label("costs.latency"), costs.latency ?? 12),
    comfortMs: notNegative(label("costs.comfortMs"), costs.comfortMs ?? 50),
    asymmetryCost: notNegative(
      label("costs.asymmetry"),
      costs.asymmetry ?? 0,
    ),
    patienceSeconds,
    settledSeconds: Math.max(
      secondsOf(skill),
      secondsOf(latency),
      patienceSeconds * LAST_PATIENCE,
    ),
    spreadPerTicket: patience === undefined ? 0 : checkFinite(
      label("patience.spreadPerTicket"),
      patience.spreadPerTicket,
    ),
    overdueSeconds: patienceSeconds * LAST_PATIENCE,
    minTeams,
    fewerTeamsSeconds: fewerTeams === undefined
      ? Infinity
      : checkFinite(label("fewerTeams.afterMs"), fewerTeams.afterMs) / 1000,
    packing,
    packings: Array.from(
      { length: teams - minTeams + 1 },
      (_, i) =>
        minTeams + i === teams ? packing : new Packing(minTeams + i, teamSize),
    ),
    score: mode.score?.bind(mode),
    match: mode.match?.bind(mode),
  };
}

/** A mode's settings with a patience by which no wait is worth anything. */
export function unmovedSettings(mode: ModeSettings): ModeSettings {
  return {
    ...mode,
    patienceSeconds: 1,
    spreadPerTicket: 0,
    overdueSeconds: Infinity,
  };
}

function slope(name: string, window: WideningWindow): Slope {
  const initial = notNegative(`${name}.initial`, window.initial);
  const final = notNegative(`${name}.final`, window.final);
  const seconds = notNegative(`${name}.overMs`, window.overMs) / 1000;
  if (final < initial) {
    throw new RangeError(
      `Cannot use ${name}.final as it must be initial or more: current value is ${final}`,
    );
  }
  // What widens over no time has its final width at once.
  return seconds === 0
    ? { initial: final, perSecond: 0, final }
    : { initial, perSecond: (final - initial) / seconds, final };
}

function secondsOf({ initial, perSecond, final }: Slope): number {
  return perSecond === 0 ? 0 : (final - initial) / perSecond;
}

/** Finite too: infinity times no wait would be no number. */
function notNegative(name: string, value: number): number {
  checkNotNegative(name, value);
  return value === 0 ? 0 : checkFinite(name, value);
}

export function widthAt(
  { initial, perSecond, final }: Slope,
  seconds: number,
): number {
  return Math.min(initial + perSecond * seconds, final);
}
