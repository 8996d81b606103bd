import {
  blendDigest,
  type MatchDigests,
  matchDigests,
} from "../sync/_testing/match_digests.ts";
import {
  FAST_VECTOR_CASES,
  type FastVectors,
} from "../sync/coder/fast/_testing/vector_cases.ts";
import {
  type StrongVectors,
  VECTOR_CASES,
} from "../sync/coder/strong/_testing/vector_cases.ts";
import {
  expect,
  fromHex,
  MATCH_VECTOR_CASES,
  type MatchVectors,
  toHex,
} from "../sync/recording/_testing/match_vectors.ts";
import {
  playMatch,
  replayMatch,
} from "../sync/recording/_testing/play_match.ts";
import type { PortableResult } from "./portable_run.ts";

/** What a runtime is to do, and what another one has made of it. */
export interface Wanted {
  readonly fast: FastVectors;
  readonly strong: StrongVectors;
  readonly match: MatchVectors;
  /** A match that was recorded there. */
  readonly recorded: {
    readonly seed: number;
    readonly ticks: number;
    readonly bytes: string;
    readonly checksums: readonly number[];
    readonly rolling: string;
  };
  /** A match over bad links. */
  readonly digests: {
    readonly seed: number;
    readonly ticks: number;
    readonly are: MatchDigests;
  };
  /** Blended tables. */
  readonly blended: {
    readonly seed: number;
    readonly runs: number;
    readonly is: string;
  };
}

interface Case {
  readonly name: string;
  readonly run: (wanted: Wanted) => void;
}

const OWN_CASES: readonly Case[] = [
  {
    name: "MatchPlayer plays what another runtime has recorded",
    run: ({ recorded: { bytes, checksums, rolling } }) => {
      const played = replayMatch(fromHex(bytes));
      expect(`${played.checksums}`, `${checksums}`, "checksums");
      expect(played.rolling, rolling, "rolling");
    },
  },
  {
    name: "MatchRecorder records the same match as another runtime",
    run: ({ recorded: { seed, ticks, bytes, checksums } }) => {
      const played = playMatch(seed, ticks);
      expect(`${played.checksums}`, `${checksums}`, "checksums");
      expect(toHex(played.recording), bytes, "recording");
    },
  },
  {
    name: "SyncServer, SyncClient and all around them do the same",
    run: ({ digests: { seed, ticks, are } }) => {
      const digests = matchDigests(seed, ticks);
      for (const [name, value] of Object.entries(are)) {
        expect(digests[name], value, name);
      }
    },
  },
  {
    name: "interpolate(), interpolateCurve() and extrapolate() round alike",
    run: ({ blended: { seed, runs, is } }) => {
      expect(blendDigest(seed, runs), is, `seed ${seed}`);
    },
  },
];

/** All that is checked in each runtime, in order. */
export const CASES: readonly Case[] = [
  ...casesOf(FAST_VECTOR_CASES, ({ fast }) => fast),
  ...casesOf(VECTOR_CASES, ({ strong }) => strong),
  ...casesOf(MATCH_VECTOR_CASES, ({ match }) => match),
  ...OWN_CASES,
];

function casesOf<T>(
  cases: readonly { readonly name: string; readonly run: (of: T) => void }[],
  pick: (wanted: Wanted) => T,
): readonly Case[] {
  return cases.map(({ name, run }) => ({
    name,
    run: (wanted) => run(pick(wanted)),
  }));
}

/**
 * Runs every case, one after the other.
 *
 * @param site The address of the server that knows what is wanted.
 * @param say Takes one line for each case.
 */
export async function main(
  site: string,
  say: (line: string) => Promise<void>,
): Promise<void> {
  const answer = await fetch(`${site}/wanted`, { method: "POST" });
  const wanted: Wanted = await answer.json();
  for (const { name, run } of CASES) {
    const startMs = performance.now();
    let error: string | undefined;
    try {
      run(wanted);
    } catch (thrown) {
      error = thrown instanceof Error
        ? thrown.stack ?? thrown.message
        : String(thrown);
    }
    const tookMs = Math.round(performance.now() - startMs);
    const result: PortableResult = error === undefined
      ? { name, tookMs }
      : { name, tookMs, error };
    await say(JSON.stringify(result));
  }
}
