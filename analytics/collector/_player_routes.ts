// This module is browser compatible.
import {
  invalidRequest,
  json,
  type RouteTable,
} from "../../http/server/mod.ts";
import type {
  AnalyticsStore,
  EventRow,
  Page,
  SessionRow,
} from "../store/store.ts";
import { isId } from "../session/id.ts";
import type { CollectorCall } from "./_collector_call.ts";
import type { Counters } from "./_counters.ts";
import { Turns } from "./_turns.ts";
import { playerHash } from "./player_hash.ts";
import { rollUp } from "./roll_up.ts";

/** How many rows are in memory at a time, however many there are. */
const PAGE_ROWS = 1_000;
/**
 * How many pages are read at a time, for whoever asks: each holds the event loop for some milliseconds before others have a
 * turn, and that of many would be long.
 */
const MAX_READS = 2;
const UTF8 = new TextEncoder();

/** Adds what PROTOCOL.md says in section 5. */
export function addPlayerRoutes(
  table: RouteTable<CollectorCall>,
  counters: Counters,
): void {
  const turns = new Turns(MAX_READS);

  table.add("GET", "players/*", async (call) => {
    const player = await playerOf(call);
    const parts = partsOf(call.store, call.title, player, turns);
    // A store that fails at once is told by the status.
    const first = await parts.next();
    return new Response(streamOf(first, parts), {
      headers: {
        "content-type": "application/json",
        "cache-control": "no-store",
      },
    });
  });

  table.add("DELETE", "players/*", async (call) => {
    const player = await playerOf(call);
    const { sessions, events } = await call.store.erase(
      call.title,
      player,
      rollUp,
    );
    counters.erasures += 1;
    return json(200, { sessions, events });
  });
}

async function playerOf(call: CollectorCall): Promise<string> {
  call.require("game", "admin");
  const id = call.segments[1];
  if (isId(id)) return await playerHash(id);
  throw invalidRequest(
    "Cannot answer as the player's id must be 22 characters of base64url",
    "id",
  );
}

/** All that is stored of a player as JSON, piece by piece. */
async function* partsOf(
  store: AnalyticsStore,
  title: string,
  player: string,
  turns: Turns,
): AsyncGenerator<string, void, undefined> {
  const query = { title, player, fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
  let text = '{"sessions":[';
  let separator = "";
  const sessions = pagesOf((after) =>
    turns.run(() => store.sessions(query, after, PAGE_ROWS))
  );
  for await (const rows of sessions) {
    for (const row of rows) {
      // A store that knows nothing of players in this query must not tell of all of them.
      if (row.player !== player) continue;
      text += separator + sessionToJson(row);
      separator = ",";
    }
    yield text;
    text = "";
  }
  text += '],"events":[';
  separator = "";
  const events = pagesOf((after) =>
    turns.run(() => store.events(query, after, PAGE_ROWS))
  );
  for await (const rows of events) {
    for (const row of rows) {
      text += separator + eventToJson(row);
      separator = ",";
    }
    yield text;
    text = "";
  }
  yield `${text}],"isComplete":true}`;
}

async function* pagesOf<T>(
  read: (after: string | undefined) => Promise<Page<T>>,
): AsyncGenerator<readonly T[], void, undefined> {
  let after: string | undefined;
  do {
    const { rows, next } = await read(after);
    yield rows;
    after = next;
  } while (after !== undefined);
}

function sessionToJson(row: SessionRow): string {
  const { session, build, platform, startMs, lastMs, endReason, events } = row;
  return JSON.stringify({
    session,
    build,
    platform,
    start: startMs,
    last: lastMs,
    endReason,
    events,
  });
}

/** The fields and common properties are JSON already. */
function eventToJson(row: EventRow): string {
  const { session, number, name, timeMs, data, common } = row;
  return `{"session":"${session}","number":${number},"time":${timeMs},"event":"${name}","fields":${data},"common":${common}}`;
}

function streamOf(
  first: IteratorResult<string, void>,
  parts: AsyncGenerator<string, void, undefined>,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let next: IteratorResult<string, void> | undefined = first;
  return new ReadableStream({
    async pull(controller) {
      // A failing store breaks the answer off, which no reader takes for a whole one.
      const { done, value } = next ?? await parts.next();
      next = undefined;
      if (done) controller.close();
      else controller.enqueue(UTF8.encode(value));
    },
    async cancel() {
      await parts.return();
    },
  }, { highWaterMark: 0 });
}
