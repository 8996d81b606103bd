// This module is browser compatible.
import { eventCsv } from "../event/event_csv.ts";
import type { Grant } from "./_grant.ts";
import type { Run } from "./_entry.ts";
import type { Item } from "./_item.ts";
import type { LocalLogEntry } from "./analytics_export.ts";

/** An event as the player sees it. */
export function toLogEntry(
  { event, session, number, timeMs }: Item,
): LocalLogEntry {
  const { name, fields } = event.toJson();
  return {
    timeMs,
    session: session.id,
    number: session.base + number,
    name,
    fields,
  };
}

/** The log as CSV (RFC 4180). */
export function toCsv(log: Iterable<Item>): string {
  return eventCsv(Array.from(log, toLogEntry));
}

/** All that a grant holds, as JSON. */
export function toJson(grant: Grant, waiting: readonly Run[]): string {
  const { settings, sessionId, player, stats, sessionMs } = grant;
  return JSON.stringify({
    consent: "granted",
    build: settings.build,
    platform: settings.platform,
    common: settings.common === "" ? {} : JSON.parse(settings.common),
    player,
    session: sessionId,
    sessionMs,
    stats: {
      ...stats.figures(),
      frames: stats.frames,
      avgFrameMs: stats.avgFrameMs,
      p99FrameMs: stats.p99FrameMs,
      maxMemoryBytes: stats.maxMemoryBytes,
    },
    dropped: [...grant.drops.all],
    queued: grant.queued,
    waiting: waiting.map(parse),
    log: [...grant.log].map(toLogEntry),
  });
}

function parse(run: Run): unknown {
  try {
    return JSON.parse(`${run.body},"t":${run.startMs}}`);
  } catch {
    // Somebody wrote into the storage.
    return run.body;
  }
}
