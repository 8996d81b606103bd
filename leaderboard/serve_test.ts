import { assert, assertEquals, assertMatch } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import { playerId } from "../core/mod.ts";
import { ConnectionToken } from "../protocol/mod.ts";
import { ServerProcess } from "../tools/process_signal.ts";
import {
  LeaderboardClient,
  type LeaderboardEvent,
  LeaderboardFilter,
  ScoreSubmission,
} from "./mod.ts";

const PROGRAM = new URL("serve.ts", import.meta.url);
const DEADLINE_MS = 30_000;
const GAME_KEY = "game-of-the-year";
const ADMIN_KEY = "a-secret-of-admins";

/** A folder with a database, and servers on it, one after another. */
class World {
  readonly folder: string;
  readonly key: Uint8Array<ArrayBuffer> = crypto.getRandomValues(
    new Uint8Array(32),
  );

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<World> {
    return new World(await Deno.makeTempDir());
  }

  /** Starts a server with variables of the environment, which only a file passes on. */
  async start(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<ServerProcess> {
    const file = `${this.folder}/env`;
    const lines = Object.entries(env).map(([name, value]) =>
      `${name}=${value}`
    );
    await Deno.writeTextFile(file, `${lines.join("\n")}\n`);
    return await ServerProcess.start(PROGRAM, {
      flags: [`--env-file=${file}`],
      args: [
        ...["--port", "0", "--database", `${this.folder}/boards.db`],
        ...args,
      ],
    });
  }

  get tokenEnv(): Record<string, string> {
    return { TICKWIRE_TOKEN_KEY: encodeHex(this.key) };
  }

  async token(
    name: string,
    { key = this.key, protocolId = 7, expiresAt = Date.now() + 60_000 } = {},
  ): Promise<string> {
    const issued = await ConnectionToken.issue(key, {
      protocolId,
      clientId: playerId(name),
      issuedAt: 0,
      expiresAt,
    });
    const bytes = issued.toBytes();
    return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
  }

  async write(name: string, text: string): Promise<string> {
    const file = `${this.folder}/${name}`;
    await Deno.writeTextFile(file, text);
    return file;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Ticks a client until an event comes. */
async function eventOf<T extends LeaderboardEvent["type"]>(
  client: LeaderboardClient,
  type: T,
  isWanted: (event: Extract<LeaderboardEvent, { type: T }>) => boolean = () =>
    true,
): Promise<Extract<LeaderboardEvent, { type: T }>> {
  const endMs = performance.now() + DEADLINE_MS;
  const seen: LeaderboardEvent[] = [];
  while (performance.now() < endMs) {
    client.tick(0.005);
    for (let event = client.pollEvent(); event; event = client.pollEvent()) {
      seen.push(event);
      const found = event as Extract<LeaderboardEvent, { type: T }>;
      if (event.type === type && isWanted(found)) return found;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`No "${type}" came: ${JSON.stringify(seen)}`);
}

/** All that a server still prints, until it ends. */
async function restOf(server: ServerProcess): Promise<string[]> {
  const lines: string[] = [];
  for (;;) {
    const line = await server.nextLine();
    if (line === undefined) return lines;
    lines.push(line);
  }
}

Deno.test("serve.ts takes scores of who has a token, shows them live, and has them after a restart", async () => {
  await using world = await World.make();
  const boards = await world.write(
    "boards.json",
    `{"race":{"order":"ascending","requiresRun":true}}`,
  );
  const args = ["--protocol-id", "7", "--boards", boards];
  const token = await world.token("ada");
  let run: string;
  {
    await using server = await world.start(args, world.tokenEnv);
    using client = new LeaderboardClient(`http://127.0.0.1:${server.port}`, {
      board: "race",
      playerToken: token,
    });
    client.watch(LeaderboardFilter.daily());
    await eventOf(client, "boardChanged", ({ isReset }) => isReset);
    // The token of a player is good for more than one request.
    for (const score of [20, 10]) {
      client.startRun();
      ({ run } = await eventOf(client, "runStarted"));
      client.submit(new ScoreSubmission("ada", "Ada", score).withRun(run));
      const change = await eventOf(client, "boardChanged");
      assert(!change.isReset);
      assertEquals(change.entries.map((entry) => entry.score), [score]);
    }
    client.startRun();
    ({ run } = await eventOf(client, "runStarted"));

    const url = `http://127.0.0.1:${server.port}`;
    const metrics = await (await fetch(`${url}/metrics`)).text();
    assertMatch(metrics, /^tickwire_leaderboard_live_streams 1$/m);
    assert(metrics.endsWith("# EOF\n"));
    assertEquals(await (await fetch(`${url}/healthz`)).text(), "ok\n");
    const page = await fetch(`${url}/?token=${token}`);
    assertEquals(page.headers.get("content-type"), "text/html; charset=utf-8");
    await page.body!.cancel();
    const body = JSON.stringify({ playerId: "ada" });
    for (
      const other of [
        await world.token("ada", { protocolId: 8 }),
        await world.token("ada", { expiresAt: 1_000 }),
        await world.token("ada", { key: new Uint8Array(32) }),
        token.slice(0, -2),
        "ada",
        "%00",
        "A".repeat(8_000),
      ]
    ) {
      const response = await fetch(`${url}/v1/boards/race/runs`, {
        method: "POST",
        headers: { authorization: `Bearer ${other}` },
        body,
      });
      assertEquals(response.status, 401, other);
      await response.body!.cancel();
    }

    Deno.kill(server.pid, "SIGTERM");
    await eventOf(client, "liveState", ({ state }) => state === "lost");
    const lines = await restOf(server);
    const text = lines.join("\n");
    for (const secret of [token, run, encodeHex(world.key), "Ada"]) {
      assertEquals(text.includes(secret), false);
    }
    const logged = lines.map((line) => JSON.parse(line));
    for (const line of logged) {
      assertEquals(Object.keys(line), [
        "time",
        "method",
        "path",
        "status",
        "ms",
      ]);
      assertMatch(line.time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      assert(line.ms >= 0 && line.ms < DEADLINE_MS);
    }
    const paths = logged.map(({ method, path, status }) =>
      `${method} ${path} ${status}`
    );
    assert(paths.includes("GET / 200"), text);
    assert(paths.includes("POST /v1/boards/race/scores 200"), text);
    assert(paths.includes("GET /v1/boards/race/events 200"), text);
    assert(paths.includes("POST /v1/boards/race/runs 401"), text);
  }
  await using server = await world.start([...args, "--quiet"], world.tokenEnv);
  using client = new LeaderboardClient(`http://127.0.0.1:${server.port}`, {
    board: "race",
    playerToken: token,
  });
  client.getRank("ada");
  assertEquals((await eventOf(client, "playerRank")).entry.score, 10);
  // A run that began before it ends after it.
  client.submit(new ScoreSubmission("ada", "Ada", 5).withRun(run));
  assertEquals((await eventOf(client, "scoreSubmitted")).score, 5);
  Deno.kill(server.pid, "SIGINT");
  assertEquals(await restOf(server), []);
});

Deno.test("serve.ts shows the page with keys of games alone, and lets each key do what is its own", async () => {
  await using world = await World.make();
  const keys = await world.write(
    "keys",
    `# of the other game\nother:game:${GAME_KEY}-2\n\n`,
  );
  await using server = await world.start(
    ["--insecure-players", "--keys", keys],
    {
      TICKWIRE_API_KEYS: `main:game:${GAME_KEY}, main:admin:${ADMIN_KEY}`,
    },
  );
  const url = `http://127.0.0.1:${server.port}`;
  const html = await (await fetch(url)).text();
  assert(html.includes(`{"title":"main","key":"${GAME_KEY}"}`));
  assert(html.includes(`{"title":"other","key":"${GAME_KEY}-2"}`));
  assertEquals(html.includes(ADMIN_KEY), false);
  const status = async (
    method: string,
    path: string,
    key?: string,
    body: unknown = {},
  ): Promise<number> => {
    const response = await fetch(`${url}/v1/${path}`, {
      method,
      headers: {
        "content-type": "application/json",
        "idempotency-key": crypto.randomUUID(),
        authorization: "Bearer ada",
        ...(key !== undefined && { "x-api-key": key }),
      },
      ...(method !== "GET" && { body: JSON.stringify(body) }),
    });
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await status("GET", "boards"), 401);
  assertEquals(await status("GET", "boards", `${GAME_KEY}x`), 401);
  assertEquals(await status("PUT", "boards/race", GAME_KEY), 403);
  assertEquals(await status("PUT", "boards/race", ADMIN_KEY), 201);
  const score = { playerId: "ada", score: 1 };
  assertEquals(
    await status("POST", "boards/race/scores", GAME_KEY, score),
    200,
  );
  const others = { playerId: "bob", score: 1 };
  assertEquals(
    await status("POST", "boards/race/scores", GAME_KEY, others),
    403,
  );
  assertEquals(await status("GET", "boards/race", `${GAME_KEY}-2`), 404);
  Deno.kill(server.pid, "SIGTERM");
  const text = (await restOf(server)).join("\n");
  for (const key of [GAME_KEY, ADMIN_KEY]) {
    assertEquals(text.includes(key), false);
  }
});

Deno.test("serve.ts keeps the key of runs to itself where players are taken as they come", async () => {
  await using world = await World.make();
  const start = (): Promise<ServerProcess> =>
    world.start(["--insecure-players"]);
  const file = `${world.folder}/boards.db-run-key`;
  {
    await using server = await start();
    const html = await (await fetch(`http://127.0.0.1:${server.port}/`)).text();
    assert(html.includes(`[{"title":"main"}]`));
    using client = new LeaderboardClient(`http://127.0.0.1:${server.port}`, {
      playerToken: "ada",
    });
    // There is a board to begin with.
    client.submit(new ScoreSubmission("ada", "Ada", 1));
    assertEquals((await eventOf(client, "scoreSubmitted")).rank, 1);
    Deno.kill(server.pid, "SIGTERM");
    await restOf(server);
  }
  const key = await Deno.readFile(file);
  if (Deno.build.os !== "windows") {
    assertEquals((await Deno.stat(file)).mode! & 0o777, 0o600);
  }
  {
    await using server = await start();
    Deno.kill(server.pid, "SIGTERM");
    await restOf(server);
  }
  assertEquals(await Deno.readFile(file), key);
});

/** Sends the head of a submission whose body does not come yet, and waits until the server has it. */
async function beginSubmission(
  port: number,
  bodyLength: number,
): Promise<Deno.TcpConn> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const head = [
    "POST /v1/boards/main/scores HTTP/1.1",
    "Host: 127.0.0.1",
    "Authorization: Bearer ada",
    "Idempotency-Key: a",
    "Content-Type: application/json",
    `Content-Length: ${bodyLength}`,
  ];
  const text = `${head.join("\r\n")}\r\n\r\n`;
  await conn.write(new TextEncoder().encode(text));
  await untilAnswer(
    port,
    "metrics",
    (_status, metrics) =>
      /^tickwire_leaderboard_requests_in_flight 1$/m.test(metrics),
  );
  return conn;
}

async function untilAnswer(
  port: number,
  path: string,
  isWanted: (status: number, text: string) => boolean,
): Promise<void> {
  const endMs = performance.now() + DEADLINE_MS;
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${port}/${path}`);
    if (isWanted(response.status, await response.text())) return;
    assert(performance.now() < endMs, path);
  }
}

Deno.test("serve.ts answers what is under way at a signal, and refuses what comes", async () => {
  await using world = await World.make();
  await using server = await world.start(["--insecure-players"]);
  const { port } = server;
  const body = JSON.stringify({ playerId: "ada", score: 7 });
  using conn = await beginSubmission(port, body.length);
  Deno.kill(server.pid, "SIGTERM");
  await untilAnswer(port, "healthz", (status) => status === 503);
  const refused = await fetch(`http://127.0.0.1:${port}/v1/boards`);
  assertEquals([refused.status, (await refused.json()).code], [
    503,
    "unavailable",
  ]);
  await conn.write(new TextEncoder().encode(body));
  const decoder = new TextDecoder();
  let answer = "";
  for await (const chunk of conn.readable) answer += decoder.decode(chunk);
  assertMatch(answer, /^HTTP\/1.1 200 /);
  assertMatch(answer, /"status":"accepted"/);
  const last = (await restOf(server)).at(-1)!;
  assertMatch(last, /"path":"\/v1\/boards\/main\/scores","status":200/);
});

Deno.test("serve.ts ends at once at a second signal", async () => {
  await using world = await World.make();
  await using server = await world.start(["--insecure-players"]);
  using _conn = await beginSubmission(server.port, 9);
  Deno.kill(server.pid, "SIGTERM");
  await untilAnswer(server.port, "healthz", (status) => status === 503);
  Deno.kill(server.pid, "SIGTERM");
  await restOf(server);
  // Not 0, as where it has given the request up and closed.
  assertEquals(await server.ended(), 130);
});

Deno.test("serve.ts ends where it cannot serve, says why, and never shows a key", async () => {
  await using world = await World.make();
  const secret = "5eC2e7";
  const wrong = await world.write("wrong.json", `{"race":{"order":"up"}}`);
  const cases: [
    args: string[],
    env: Record<string, string>,
    code: number,
    message: RegExp,
  ][] = [
    [["--bogus"], {}, 2, /--bogus/],
    [[], { TICKWIRE_TOKEN_KEY: secret }, 2, /32 to 64 bytes in hex$/m],
    [["--boards", wrong, "--insecure-players"], {}, 1, /order/],
  ];
  for (const [args, env, expected, message] of cases) {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--no-check", PROGRAM.href],
        ...["--database", ":memory:", ...args],
      ],
      env: { NO_COLOR: "1", ...env },
    }).output();
    const decoder = new TextDecoder();
    const text = decoder.decode(stdout) + decoder.decode(stderr);
    assertEquals(code, expected, text);
    assertMatch(text, message);
    assertEquals(text.includes(secret), false);
  }
});
