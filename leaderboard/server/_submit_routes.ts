// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import {
  HttpProblem,
  isRecord,
  json,
  readJson,
  type RouteTable,
} from "../../http/server/mod.ts";
import type { Board } from "../board/board.ts";
import { problemOf } from "./_router.ts";
import type { ServerCall } from "./_server_call.ts";
import type { ServerContext } from "./_server_context.ts";
import { isSubmitterId, parseSubmission } from "./_submission.ts";
import { checkKey, submit } from "./_submit.ts";
import { scoresToJson } from "./entry_json.ts";
import { Problem } from "./problem.ts";
import type { SubmitOutcome } from "./submit_outcome.ts";

/** The most submissions of a batch. */
const MAX_BATCH = 100;

/** Adds what PROTOCOL.md says in sections 4 and 5. */
export function addSubmitRoutes(
  table: RouteTable<ServerCall>,
  context: ServerContext,
): void {
  table.add("POST", "boards/*/scores", async (call) => {
    const key = call.request.headers.get("idempotency-key");
    // Who it is comes before what he says, and the board last: a body may take so long that it is another one by then.
    if (call.role === "game") await call.player();
    const body = await readJson(call.request);
    const board = await call.board();
    const outcome = await take(context, call, board, key, body);
    return json(statusOf(outcome), outcomeToJson(board, outcome));
  });

  table.add("POST", "scores", async (call) => {
    const { submissions } = await readJson(call.request);
    if (!Array.isArray(submissions) || submissions.length > MAX_BATCH) {
      throw new Problem(
        "invalidRequest",
        `Cannot submit as submissions must be an array of at most ${MAX_BATCH}`,
        { field: "submissions" },
      );
    }
    // Nobody is told once for each submission what is wrong with the request.
    if (call.role === "game") await call.player();
    const results: unknown[] = [];
    for (const body of submissions) {
      results.push(await takeOfBatch(context, call, body));
    }
    return json(200, { results });
  });

  table.add("POST", "boards/*/runs", async (call) => {
    const playerId = await runnerOf(call);
    const board = await call.board();
    if (call.role === "game") {
      if (board.submitters === "servers") throw serversOnly();
      context.playerLimits.take(playerId, context.clock.nowMs());
    }
    const { runLifetimeMs } = context;
    const nowMs = context.clock.epochMs();
    const run = await context.runs.issue(
      board.id,
      playerId,
      nowMs,
      runLifetimeMs,
    );
    context.counters.runs += 1;
    const expiresAt = new Date(nowMs + runLifetimeMs).toISOString();
    return json(201, { run, expiresAt });
  });
}

/** What an answer says of a submission. */
export function outcomeToJson(
  board: Board,
  outcome: SubmitOutcome,
): Record<string, unknown> {
  const { status, isDuplicate } = outcome;
  const duplicate = isDuplicate ? { isDuplicate } : {};
  if (status !== "accepted") return { status, ...duplicate };
  return {
    status,
    applied: outcome.applied,
    ...duplicate,
    board: board.name,
    standings: outcome.standings.map((
      { period, season, rank, total, entry },
    ) => ({ period, season, rank, total, ...scoresToJson(entry) })),
  };
}

async function takeOfBatch(
  context: ServerContext,
  call: ServerCall,
  body: unknown,
): Promise<Record<string, unknown>> {
  try {
    if (!isRecord(body)) throw notAnObject();
    const { board: name, idempotencyKey: key } = body;
    const board = await context.boards.open(
      call.title,
      typeof name === "string" ? name : "",
    );
    const outcome = await take(context, call, board, key, body);
    return outcomeToJson(board, outcome);
  } catch (error) {
    const problem = problemOf(error, context.onError);
    return { status: problem.status, ...problem.toJson() };
  }
}

async function take(
  context: ServerContext,
  call: ServerCall,
  board: Board,
  key: unknown,
  body: Readonly<Record<string, unknown>>,
): Promise<SubmitOutcome> {
  try {
    return await takeFrom(context, call, board, key, body);
  } catch (error) {
    if (error instanceof HttpProblem) {
      context.counters.countRefusal(error.code);
    }
    throw error;
  }
}

async function takeFrom(
  context: ServerContext,
  call: ServerCall,
  board: Board,
  key: unknown,
  body: Readonly<Record<string, unknown>>,
): Promise<SubmitOutcome> {
  const identity = call.role === "game" ? await call.player() : undefined;
  checkKey(key);
  const submission = parseSubmission(body);
  if (identity !== undefined) {
    if (submission.playerId !== identity.playerId) {
      throw new Problem(
        "playerMismatch",
        "Cannot submit as playerId must be that of who sends it",
        { field: "playerId" },
      );
    }
    if (board.submitters === "servers") throw serversOnly();
    context.playerLimits.take(identity.playerId, context.clock.nowMs());
  }
  return await submit(context, board, submission, key, identity?.displayName);
}

async function runnerOf(call: ServerCall): Promise<PlayerId> {
  const { playerId } = call.role === "game"
    ? await call.player()
    : await readJson(call.request);
  if (isSubmitterId(playerId)) return playerId;
  throw new Problem(
    "invalidRequest",
    "Cannot begin a run as playerId must be a player's id",
    { field: "playerId" },
  );
}

function statusOf({ status }: SubmitOutcome): number {
  return status === "accepted" ? 200 : 202;
}

function serversOnly(): Problem {
  return new Problem(
    "forbidden",
    "Cannot submit as only game servers submit to the board",
  );
}

function notAnObject(): Problem {
  return new Problem(
    "invalidRequest",
    "Cannot submit as a submission must be an object",
  );
}
