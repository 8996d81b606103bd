// What a collector would write of made up sessions, for tests of what reads a store.
import { playerHash } from "../collector/player_hash.ts";
import type { StoredRun } from "../store/store.ts";
import type { GeneratedSession } from "./generate_sessions.ts";

/** What stands for a player in a store: the hash of his id, or of his session's. */
export function playerHashOf(
  { playerId, session }: Pick<GeneratedSession, "playerId" | "session">,
): Promise<string> {
  return playerHash(playerId ?? session);
}

/** A session as one run. */
export async function storedRunOf(
  title: string,
  session: GeneratedSession,
): Promise<StoredRun> {
  const player = await playerHashOf(session);
  return {
    title,
    session: session.playerId === undefined ? player : session.session,
    player,
    build: session.build,
    platform: session.platform,
    common: JSON.stringify(session.common),
    receivedMs: session.events.at(-1)!.timeMs,
    events: session.events.map(({ number, name, timeMs, fields }) => ({
      number,
      name,
      timeMs,
      data: JSON.stringify(fields),
    })),
  };
}
