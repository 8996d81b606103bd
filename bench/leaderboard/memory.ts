// What a member takes besides its id, how long a ranking takes to be loaded, and how long one insert
// at most. Each size is measured in a process of its own, in which nothing else was before.
import { atMost, type Section } from "../_report.ts";

/** What the process of one size has measured. */
interface Figures {
  readonly bytes: number;
  readonly movedBytes: number;
  readonly sortedMs: number;
  readonly unsortedMs: number;
  readonly insertUs: number;
  readonly longestMs: number;
  readonly mapBytes: number;
  readonly mapLongestMs: number;
}

export async function measureMemory(isSmoke: boolean): Promise<Section> {
  const sizes = isSmoke ? [10_000] : [10_000, 100_000, 1_000_000];
  const rows = [];
  const bars = [];
  for (const size of sizes) {
    const figures = await measureApart(size);
    const name = size.toLocaleString("en-US");
    rows.push({
      name,
      "bytes, loaded": figures.bytes,
      "bytes, all moved": figures.movedBytes,
      "load sorted ms": figures.sortedMs,
      "load unsorted ms": figures.unsortedMs,
      "insert us": figures.insertUs,
      "longest insert ms": figures.longestMs,
      "a Map alone: bytes": figures.mapBytes,
      "longest ms": figures.mapLongestMs,
    });
    if (size < 1_000_000) continue;
    bars.push(
      atMost(`memory at ${name}`, 64, figures.movedBytes, "bytes a member"),
      atMost(`load at ${name}`, 1_000, figures.unsortedMs, "ms"),
    );
  }
  return {
    title: "leaderboard: what an index takes",
    notes: [
      "Bytes a member besides the text of its id, after a collection; all moved: each to a random score.",
      "longest: the longest single insert while it grows, with whatever the collector did meanwhile.",
    ],
    rows,
    bars,
  };
}

async function measureApart(size: number): Promise<Figures> {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-check",
      "--quiet",
      "--v8-flags=--expose-gc",
      new URL("./_memory_process.ts", import.meta.url).href,
      String(size),
    ],
    stderr: "inherit",
  }).output();
  if (code !== 0) throw new Error(`Cannot measure ${size} members`);
  return JSON.parse(new TextDecoder().decode(stdout));
}
