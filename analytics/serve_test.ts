import { assert, assertEquals, assertMatch } from "@std/assert";
import { ServerProcess } from "../tools/process_signal.ts";

const PROGRAM = new URL("serve.ts", import.meta.url);
const DEADLINE_MS = 30_000;
const GAME_KEY = "game-of-the-year";
const READER_KEY = "a-secret-of-readers";
const ADMIN_KEY = "a-secret-of-admins";
const KEYS = {
  TICKWIRE_API_KEYS:
    `main:game:${GAME_KEY},main:reader:${READER_KEY},main:admin:${ADMIN_KEY}`,
};

/** A folder with a database, and servers on it, one after another. */
class World {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<World> {
    return new World(await Deno.makeTempDir());
  }

  /** Starts a server with variables of the environment, which only a file passes on. */
  async start(
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Promise<ServerProcess> {
    const lines = Object.entries(env).map(([name, value]) =>
      `${name}=${value}`
    );
    const file = await this.write("env", `${lines.join("\n")}\n`);
    return await ServerProcess.start(PROGRAM, {
      flags: [`--env-file=${file}`],
      args: ["--port", "0", "--database", this.database, ...args],
    });
  }

  get database(): string {
    return `${this.folder}/analytics.db`;
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

function randomId(): string {
  return crypto.getRandomValues(new Uint8Array(16))
    .toBase64({ alphabet: "base64url", omitPadding: true });
}

/** A batch of one run with these events, each a name and its values. */
function batchOf(
  session: string,
  player: string,
  events: readonly (readonly [string, Readonly<Record<string, unknown>>])[],
  firstNumber = 0,
): string {
  return JSON.stringify({
    v: 1,
    sentAt: Date.now(),
    runs: [{
      s: session,
      i: player,
      b: "1.2.0",
      p: "linux",
      n: firstNumber,
      t: Date.now() - 1_000,
      d: events.map(([name, fields]) => [name, ...Object.keys(fields)]),
      e: events.map(([, fields], i) => [i, 1, ...Object.values(fields)]),
    }],
  });
}

const DEATH = ["death", { cause: "spikes", floor: 3 }] as const;

interface Answer {
  readonly status: number;
  // deno-lint-ignore no-explicit-any
  readonly body: any;
}

async function ask(
  server: ServerProcess,
  method: string,
  path: string,
  key?: string,
  body?: BodyInit,
): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${server.port}/${path}`, {
    method,
    ...(key !== undefined && { headers: { "x-api-key": key } }),
    ...(body !== undefined && { body }),
  });
  const text = await response.text();
  const isJson = response.headers.get("content-type") === "application/json";
  return { status: response.status, body: isJson ? JSON.parse(text) : text };
}

async function gzip(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([text]).stream();
  const compressed = stream.pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(compressed).arrayBuffer());
}

async function until(
  what: string,
  isSo: () => Promise<boolean> | boolean,
): Promise<void> {
  const endMs = performance.now() + DEADLINE_MS;
  while (!await isSo()) {
    assert(performance.now() < endMs, what);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
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

Deno.test("serve.ts takes batches, answers queries, shows the dashboard, and logs nothing secret", async () => {
  await using world = await World.make();
  const events = await world.write(
    "events.json",
    `[{"name":"potion","fields":{"kind":{"kind":"label"}}}]`,
  );
  const [session, player] = [randomId(), randomId()];
  const encoded = `%${player.charCodeAt(0).toString(16)}${player.slice(1)}`;
  await using server = await world.start(["--events", events], KEYS);

  const batch = batchOf(session, player, [
    DEATH,
    ["potion", { kind: "red" }],
    ["elixir", { kind: "red" }],
  ]);
  const wanted = {
    accepted: 2,
    duplicates: 0,
    refused: [["elixir", "unknownEvent", 1]],
  };
  assertEquals(
    await ask(server, "POST", "v1/batch", GAME_KEY, batch),
    { status: 200, body: wanted },
  );
  // As a page sends it that is being closed: without a header of its own, compressed.
  const again = await ask(
    server,
    "POST",
    `v1/batch?key=${GAME_KEY}`,
    undefined,
    new Blob([await gzip(batch)], { type: "text/plain" }),
  );
  assertEquals([again.status, again.body.accepted, again.body.duplicates], [
    200,
    0,
    2,
  ]);
  for (
    const [method, path, key, status] of [
      ["POST", "v1/batch", undefined, 401],
      ["POST", "v1/batch", READER_KEY, 403],
      ["GET", "v1/query/events", GAME_KEY, 403],
      ["GET", `v1/query/events?key=${READER_KEY}`, undefined, 401],
      ["GET", "v1/query/events", `${READER_KEY}x`, 401],
      ["GET", `v1/players/${player}`, READER_KEY, 403],
      ["GET", `v1/%70layers/${player}`, GAME_KEY, 200],
      ["GET", `/v1/players/${player}`, GAME_KEY, 404],
      ["GET", `v1/player/${encoded}`, GAME_KEY, 404],
      ["GET", player, GAME_KEY, 404],
    ] as const
  ) {
    const body = method === "POST" ? batch : undefined;
    const answer = await ask(server, method, path, key, body);
    assertEquals(answer.status, status, `${method} ${path} ${key}`);
  }
  const deaths = await ask(server, "GET", "v1/query/deaths", READER_KEY);
  assertEquals(deaths.body.rows, [{ floor: 3, cause: "spikes", count: 1 }]);
  const own = await ask(server, "GET", `v1/players/${player}`, GAME_KEY);
  assertEquals([own.body.events.length, own.body.isComplete], [2, true]);

  const url = `http://127.0.0.1:${server.port}/`;
  const page = await fetch(url);
  assertEquals(page.headers.get("content-type"), "text/html; charset=utf-8");
  const html = await page.text();
  assert(html.includes(`[{"title":"main"}]`));
  for (const key of [GAME_KEY, READER_KEY, ADMIN_KEY]) {
    assertEquals(html.includes(key), false);
  }
  assertEquals((await ask(server, "GET", "healthz")).body, "ok\n");
  const metrics = (await ask(server, "GET", "metrics")).body;
  assertMatch(metrics, /^tickwire_analytics_\w+/m);
  assert(metrics.endsWith("# EOF\n"));
  const erased = await ask(server, "DELETE", `v1/players/${player}`, GAME_KEY);
  assertEquals([erased.status, erased.body.events], [200, 2]);

  Deno.kill(server.pid, "SIGTERM");
  const lines = await restOf(server);
  const text = lines.join("\n");
  for (
    const secret of [
      ...[GAME_KEY, READER_KEY, "127.0.0.1", "key="],
      ...[session, player, encoded],
    ]
  ) {
    assertEquals(text.includes(secret), false, `${secret} in ${text}`);
  }
  const logged = lines.map((line) => JSON.parse(line));
  for (const line of logged) {
    assertEquals(Object.keys(line), ["time", "method", "path", "status", "ms"]);
  }
  const paths = logged.map(({ method, path, status }) =>
    `${method} ${path} ${status}`
  );
  for (
    const path of [
      "POST /v1/batch 200",
      "GET /v1/query/deaths 200",
      "GET /v1/players/* 403",
      "DELETE /v1/players/* 200",
      "GET / 200",
    ]
  ) assert(paths.includes(path), text);
});

Deno.test("serve.ts has after kill -9 what it has answered", async () => {
  await using world = await World.make();
  const [player, sent] = [randomId(), new Map<string, string>()];
  let answered = 0;
  {
    await using server = await world.start(["--quiet"]);
    const sending = Array.from({ length: 4 }, async () => {
      for (;;) {
        const session = randomId();
        const batch = batchOf(session, player, [DEATH, DEATH]);
        let answer: Answer;
        try {
          answer = await ask(server, "POST", "v1/batch", undefined, batch);
        } catch {
          return; // It was killed.
        }
        assertEquals([answer.status, answer.body.accepted], [200, 2]);
        sent.set(session, batch);
        answered += 1;
      }
    });
    await until("batches", () => answered >= 40);
    await server.kill();
    await Promise.all(sending);
  }
  await using server = await world.start(["--quiet"]);
  for (const batch of sent.values()) {
    const again = await ask(server, "POST", "v1/batch", undefined, batch);
    assertEquals([again.body.accepted, again.body.duplicates], [0, 2]);
  }
  const { body } = await ask(server, "GET", "v1/query/deaths");
  // What was killed before it was answered may be there as well: one of each sender.
  assert(body.rows[0].count >= sent.size * 2, JSON.stringify(body));
  assert(body.rows[0].count <= (sent.size + 4) * 2, JSON.stringify(body));
});

Deno.test("serve.ts says so where another one has the database open", async () => {
  await using world = await World.make();
  await using server = await world.start();
  const { code, text } = await run(["--database", world.database]);
  assertEquals(code, 1, text);
  assertMatch(text, /Cannot open .*another one has it open/);
  assertEquals((await ask(server, "GET", "healthz")).status, 200);
});

/** Sends the head of a batch whose body does not come yet, and waits until the server has it. */
async function beginBatch(
  server: ServerProcess,
  bodyLength: number,
): Promise<Deno.TcpConn> {
  const { port } = server;
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const head = [
    "POST /v1/batch HTTP/1.1",
    "Host: 127.0.0.1",
    "Content-Type: application/json",
    `Content-Length: ${bodyLength}`,
  ];
  const text = `${head.join("\r\n")}\r\n\r\n`;
  await conn.write(new TextEncoder().encode(text));
  await until("request in flight", async () => {
    const { body } = await ask(server, "GET", "metrics");
    return /^tickwire_analytics_requests_in_flight 1$/m.test(body);
  });
  return conn;
}

Deno.test("serve.ts answers what is under way at a signal, and refuses what comes", async () => {
  await using world = await World.make();
  const batch = batchOf(randomId(), randomId(), [DEATH]);
  {
    await using server = await world.start();
    using conn = await beginBatch(server, batch.length);
    Deno.kill(server.pid, "SIGTERM");
    await until(
      "closing",
      async () => (await ask(server, "GET", "healthz")).status === 503,
    );
    const refused = await ask(server, "POST", "v1/batch", undefined, batch);
    assertEquals([refused.status, refused.body.code], [503, "unavailable"]);
    await conn.write(new TextEncoder().encode(batch));
    const decoder = new TextDecoder();
    let answer = "";
    for await (const chunk of conn.readable) answer += decoder.decode(chunk);
    assertMatch(answer, /^HTTP\/1.1 200 /);
    assertMatch(answer, /"accepted":1/);
    const last = (await restOf(server)).at(-1)!;
    assertMatch(last, /"path":"\/v1\/batch","status":200/);
  }
  await using server = await world.start(["--quiet"]);
  const { body } = await ask(server, "GET", "v1/query/deaths");
  assertEquals(body.rows, [{ floor: 3, cause: "spikes", count: 1 }]);
  Deno.kill(server.pid, "SIGINT");
  assertEquals(await restOf(server), []);
});

Deno.test("serve.ts sends on what comes, and after a restart what it had not sent", async () => {
  await using world = await World.make();
  const requests: { path: string; key: string | null; text: string }[] = [];
  let status = 503;
  await using receiver = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async (request) => {
      const isGzip = request.headers.get("content-encoding") === "gzip";
      const body = isGzip
        ? request.body!.pipeThrough(new DecompressionStream("gzip"))
        : request.body;
      requests.push({
        path: new URL(request.url).pathname,
        key: request.headers.get("x-otlp-key"),
        text: await new Response(body).text(),
      });
      return new Response("{}", {
        status,
        headers: { "content-type": "application/json" },
      });
    },
  );
  const args = [
    "--quiet",
    "--otlp",
    `http://127.0.0.1:${receiver.addr.port}/base`,
  ];
  const env = { TICKWIRE_OTLP_HEADERS: "x-otlp-key=a%20key" };
  const [first, second] = [randomId(), randomId()];
  {
    await using server = await world.start(args, env);
    const batch = batchOf(first, randomId(), [DEATH]);
    const answer = await ask(server, "POST", "v1/batch", undefined, batch);
    assertEquals(answer.status, 200);
    await until("an export", () => requests.length > 0);
    Deno.kill(server.pid, "SIGTERM");
    await restOf(server);
  }
  status = 200;
  requests.length = 0;
  await using server = await world.start(args, env);
  const batch = batchOf(second, randomId(), [DEATH]);
  await ask(server, "POST", "v1/batch", undefined, batch);
  await until("exports", () => {
    const text = requests.map((request) => request.text).join("\n");
    return text.includes(first) && text.includes(second);
  });
  for (const { path, key } of requests) {
    assertEquals([path, key], ["/base/v1/logs", "a key"]);
  }
  await until("the figures of it", async () => {
    const { body } = await ask(server, "GET", "metrics");
    return /^tickwire_otlp_accepted_records_total\{[^}]*signal="logs"\} 2$/m
      .test(body);
  });
});

/** Runs it where it does not come to serve. */
async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", PROGRAM.href, "--port", "0", ...args],
    env: { NO_COLOR: "1", ...env },
    // One that serves all the same would do so for ever.
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

Deno.test("serve.ts ends where it cannot serve, says why, and never shows a key", async () => {
  await using world = await World.make();
  const secret = "5eC2e7";
  const wrong = await world.write(
    "wrong.json",
    `[{"name":"potion","fields":{"kind":{"kind":"text","maxLength":9}}}]`,
  );
  const cases: [
    args: string[],
    env: Record<string, string>,
    code: number,
    message: RegExp,
  ][] = [
    [["--bogus"], {}, 2, /--bogus/],
    [["--keep-days", "x"], {}, 2, /--keep-days/],
    [[], { TICKWIRE_API_KEYS: `main:reader:${secret}` }, 2, /title:role:key/],
    [["--events", wrong], {}, 2, /text/],
    [["--database", world.folder], {}, 1, /Cannot open/],
  ];
  for (const [args, env, expected, message] of cases) {
    const { code, text } = await run(["--database", ":memory:", ...args], env);
    assertEquals(code, expected, text);
    assertMatch(text, message);
    assertEquals(text.includes(secret), false);
  }
  const { code, text } = await run(["--help"]);
  assertEquals(code, 0);
  assertMatch(text, /^A collector of analytics/);
});
