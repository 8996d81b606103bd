import {
  assert,
  assertEquals,
  assertFalse,
  assertGreater,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";

async function runDemo(
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", new URL("demo.ts", import.meta.url).href, ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

Deno.test("demo.ts --json prints what the frames cost and what became of requests, messages, scores, events and shots", async () => {
  const { code, stdout, stderr } = await runDemo(
    "--frames",
    "120",
    "--all",
    "--json",
  );
  assertEquals(code, 0, stderr);
  const { http, websocket, leaderboard, analytics, transport, ...run } = JSON
    .parse(stdout);

  assert(run.frames >= 120, stdout);
  assertGreater(run.seconds, 0);
  assertGreater(run.frameMs.p50, 0);
  assertGreater(run.networkMs.p50, 0);
  assert(run.networkMs.worst <= run.workMs.worst, stdout);
  assert(run.framesOverBudgetBecauseOfNetwork <= run.framesOverBudget, stdout);

  assertEquals(
    http.succeeded + http.refused + http.failed + http.timedOut +
      http.cancelled,
    http.sent,
    stdout,
  );
  for (
    const name of [
      "succeeded",
      "failed",
      "timedOut",
      "cancelled",
      "retries",
      "rateLimited",
      "cacheHits",
      "coalesced",
      "circuitOpened",
      "circuitClosed",
      "circuitRefused",
    ]
  ) assertGreater(http[name], 0, `${name} in ${stdout}`);

  const { cuts, resumes, lostSessions, lost, repeated } = websocket;
  assertEquals([lostSessions, lost, repeated], [0, 0, 0], stdout);
  assert(resumes >= cuts, stdout);
  for (
    const name of [
      "sent",
      "received",
      "cuts",
      "longestAwayMs",
      "rttMs",
      "worstOwnMs",
    ]
  ) assertGreater(websocket[name], 0, `${name} in ${stdout}`);

  const { submitted, taken, rejected } = leaderboard;
  assertEquals([taken, rejected], [submitted, 0], stdout);
  assertEquals([leaderboard.lost, leaderboard.repeated], [0, 0], stdout);
  for (
    const name of ["submitted", "changes", "outages", "rank", "worstOwnMs"]
  ) assertGreater(leaderboard[name], 0, `${name} in ${stdout}`);

  const { recorded, counted } = analytics;
  assertEquals(counted, recorded, stdout);
  assertEquals([analytics.lost, analytics.repeated], [0, 0], stdout);
  for (
    const name of [
      "recorded",
      "untold",
      "uploads",
      "failures",
      "outages",
      "p99FrameMs",
      "worstOwnMs",
    ]
  ) assertGreater(analytics[name], 0, `${name} in ${stdout}`);

  assertEquals([transport.lost, transport.outOfOrder], [0, 0], stdout);
  assertGreater(transport.roundTripMs.p50, 0);
  for (
    const name of ["sent", "snapshots", "weathers", "rank", "worstOwnMs"]
  ) assertGreater(transport[name], 0, `${name} in ${stdout}`);
});

Deno.test("demo.ts prints plain lines where there is no terminal", async () => {
  const { code, stdout, stderr } = await runDemo("--frames=61");
  assertEquals(code, 0, stderr);
  assertMatch(
    stdout,
    /^frame 60 of 61 .* circuit .* resumed \d+ {2}lost 0 {2}submitted \d+ {2}taken \d+ {2}rank \d+ {2}recorded \d+ {2}batches \d+ {2}shots \d+ {2}back \d+$/m,
  );
  assertMatch(stdout, /^61 frames in \d+\.\d s/m);
  assertMatch(stdout, /circuit opened \d+ and closed \d+$/m);
  assertMatch(stdout, /; lost 0, arrived twice 0$/m);
  assertMatch(stdout, / coins 0 were lost and 0 counted twice; /);
  assertMatch(stdout, / lost 0, counted twice 0$/m);
  assertMatch(
    stdout,
    / shots there and back over UDP .*: lost 0, out of order 0$/m,
  );
  assertFalse(stdout.includes("\x1b"));
});

Deno.test("demo.ts --help prints how it is called", async () => {
  const { code, stdout } = await runDemo("--help");
  assertEquals(code, 0);
  assertStringIncludes(stdout, "--frames N");
});

Deno.test("demo.ts refuses an unknown option with exit code 2", async () => {
  const { code, stdout, stderr } = await runDemo("--fast");
  assertEquals(code, 2);
  assertEquals(stdout, "");
  assertStringIncludes(stderr, 'there is no option "--fast"');
});
