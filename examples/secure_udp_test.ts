// Login, tokens and secure UDP over real sockets of this machine.
import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { encodeBase64, ManualClock, PollLoop } from "../core/mod.ts";
import { createSelfSignedCertificate } from "../transport/deno.ts";
import { parseConnectToken } from "../transport/mod.ts";
import { LoginServer, type LoginServerOptions } from "./login_server.ts";
import { Accounts } from "./secure_udp/accounts.ts";
import { AttemptLimit } from "./secure_udp/attempt_limit.ts";
import { readPrivateKeys } from "./secure_udp/key_file.ts";
import {
  login,
  LoginError,
  type LoginOptions,
  register,
  run,
} from "./secure_udp_client.ts";
import {
  SecureUdpServer,
  type SecureUdpServerOptions,
} from "./secure_udp_server.ts";

const KEY = new Uint8Array(32).fill(1);
const NEW_KEY = new Uint8Array(32).fill(2);
const PASSWORD = "correct horse";
/** Nobody's passwords are in here. */
const CHEAP = { N: 2 ** 8, r: 8, p: 1 };

/** Waits for what the other end does, to a deadline. */
async function until(isSo: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 30_000;
  while (!isSo()) {
    if (performance.now() > deadlineMs) throw new Error(`Not so: ${isSo}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** A server of the game that is ticked, and its login server, until they are disposed of. */
class World implements AsyncDisposable {
  readonly game: SecureUdpServer;
  readonly login: LoginServer;
  readonly seen: string[] = [];
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  private constructor(game: SecureUdpServer, login: LoginServer) {
    this.game = game;
    this.login = login;
    game.onChange = (what) => this.seen.push(what);
    const loop = new PollLoop();
    loop.add(game);
    this.#running = loop.run({ hz: 500, signal: this.#stop.signal });
  }

  static async start(
    game: Partial<SecureUdpServerOptions> = {},
    login: Partial<LoginServerOptions> = {},
  ): Promise<World> {
    const server = await SecureUdpServer.start({ privateKeys: [KEY], ...game });
    return new World(
      server,
      await LoginServer.start({
        privateKeys: [KEY],
        gameAddresses: [server.address],
        passwordCost: CHEAP,
        ...login,
      }),
    );
  }

  account(name: string, password = PASSWORD): LoginOptions {
    const { url, certificate } = this.login;
    return { url, certificate, name, password };
  }

  /** A token of a new account. */
  async token(name: string): Promise<Uint8Array> {
    await register(this.account(name));
    return await login(this.account(name));
  }

  /** What the login server answers to anything. */
  async ask(
    path: string,
    init: RequestInit & { readonly body?: string },
  ): Promise<[status: number, body: string]> {
    const { url, certificate } = this.login;
    using client = Deno.createHttpClient({ caCerts: [certificate] });
    const response = await fetch(new URL(path, url), { ...init, client });
    return [response.status, await response.text()];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.login[Symbol.asyncDispose]();
    await this.#stopGame();
  }

  async #stopGame(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.game[Symbol.asyncDispose]();
  }

  /** Ends the game alone. */
  async endGame(): Promise<void> {
    await this.#stopGame();
  }
}

function post(
  name: unknown,
  password: unknown,
): { body: string } & RequestInit {
  return {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name, password }),
  };
}

Deno.test("secure_udp_client.ts logs in, connects, and gets each message back", async () => {
  await using world = await World.start();
  const token = await world.token("ada");
  const parsed = parseConnectToken(token);
  assertEquals(parsed.addresses, [world.game.address]);
  let connected = "";
  const stop = new AbortController();
  const summary = await run({
    token,
    seconds: 300,
    onConnected: (address) => connected = address,
    onState: () => stop.abort(),
    signal: stop.signal,
  });
  assertEquals(summary.ending, undefined);
  assertEquals([summary.server, connected], [
    world.game.address,
    world.game.address,
  ]);
  assertGreater(summary.sent, 0);
  assertEquals(summary.back, summary.sent);
  assert(summary.rttMs.p50 > 0 && summary.rttMs.p50 <= summary.rttMs.worst);
  // The state that ended it, with the name that the token carries.
  assertEquals(summary.players.map(({ name }) => name), ["ada"]);
  assertMatch(world.seen[0]!, /^ada \(1\) has come from 127\.0\.0\.1:\d+, 1 /);
  await until(() => world.seen.length === 2);
  assertEquals(
    world.seen[1],
    `ada has left after ${summary.back} echoes, 0 here`,
  );
});

Deno.test("secure_udp_client.ts connects over IPv6", async () => {
  await using world = await World.start({ hostname: "::1" });
  assertMatch(world.game.address, /^\[::1\]:\d+$/);
  const token = await world.token("ada");
  const { back, sent, ending } = await run({ token, seconds: 0.1 });
  assertEquals([back, ending], [sent, undefined]);
});

Deno.test("LoginServer gives the same answer to a wrong password and an unknown name", async () => {
  await using world = await World.start();
  await register(world.account("ada"));
  const refused = [401, '{"error":"wrongNameOrPassword"}'] as [number, string];
  assertEquals(await world.ask("/login", post("ada", "wrong horse")), refused);
  assertEquals(await world.ask("/login", post("bob", PASSWORD)), refused);
  assertEquals(await world.ask("/login", post("no name", PASSWORD)), refused);
  assertEquals(
    await world.ask("/login", post("ada", "a".repeat(200))),
    refused,
  );
  const error = await assertRejects(
    () => login(world.account("ada", "wrong horse")),
    LoginError,
  );
  assertEquals(error.code, "wrongNameOrPassword");
  assertEquals((await login(world.account("ADA"))).length, 2_048);
});

Deno.test("LoginServer gives each account a number of its own, and each login a token of its own", async () => {
  await using world = await World.start();
  const body = async (answer: Promise<[number, string]>) =>
    JSON.parse((await answer)[1]);
  const ada = await body(world.ask("/register", post("ada", PASSWORD)));
  const bob = await body(world.ask("/register", post("bob", PASSWORD)));
  assertEquals([ada, bob], [{ clientId: "1" }, { clientId: "2" }]);
  const [one, two] = [
    await login(world.account("ada")),
    await login(world.account("ada")),
  ].map(parseConnectToken);
  assertNotEquals(one!.clientToServerKey, two!.clientToServerKey);
  assertNotEquals(one!.nonce, two!.nonce);
});

Deno.test("LoginServer refuses what is no account, and everything else", async () => {
  await using world = await World.start();
  await register(world.account("ada"));
  const refuses = async (
    status: number,
    error: string,
    path: string,
    init: RequestInit & { body?: string },
  ): Promise<void> => {
    const answer = await world.ask(path, init);
    assertEquals(answer, [status, `{"error":"${error}"}`]);
  };
  await refuses(409, "nameTaken", "/register", post("ada", PASSWORD));
  await refuses(409, "nameTaken", "/register", post("Ada", PASSWORD));
  await refuses(400, "badName", "/register", post("a b", PASSWORD));
  await refuses(400, "badName", "/register", post("", PASSWORD));
  await refuses(400, "badPassword", "/register", post("eve", "short"));
  await refuses(
    400,
    "badPassword",
    "/register",
    post("eve", "a".repeat(129)),
  );
  await refuses(400, "notCredentials", "/login", post(5, PASSWORD));
  await refuses(400, "notCredentials", "/login", {
    ...post("", ""),
    body: "null",
  });
  await refuses(400, "notJson", "/login", { ...post("", ""), body: "{" });
  await refuses(413, "tooLong", "/login", post("ada", "a".repeat(2_000)));
  await refuses(415, "notJson", "/login", {
    ...post("ada", PASSWORD),
    headers: { "content-type": "text/plain" },
  });
  await refuses(405, "notAllowed", "/login", { method: "GET" });
  await refuses(404, "notFound", "/", { method: "GET" });
});

Deno.test("login() takes no other server for the login server", async () => {
  await using world = await World.start();
  const { url } = world.login;
  const { cert } = await createSelfSignedCertificate();
  const account = { name: "ada", password: PASSWORD };
  for (const certificate of [undefined, cert]) {
    await assertRejects(
      () =>
        login({
          ...account,
          url,
          ...(certificate !== undefined && { certificate }),
        }),
      Error,
      `Nobody answers at ${url} with the certificate`,
    );
  }
  const clear = { url: "http://127.0.0.1:9/", name: "ada", password: PASSWORD };
  const error = await assertRejects(() => login(clear), TypeError, "https");
  assertEquals(error.message.includes(PASSWORD), false);
});

Deno.test("LoginServer limits the attempts at an account, and those of an address", async () => {
  const clock = new ManualClock({ epochMs: Date.now() });
  await using world = await World.start({}, { clock });
  await register(world.account("ada"));
  const statusOf = async (name: string, password: string): Promise<number> =>
    (await world.ask("/login", post(name, password)))[0];
  for (let i = 0; i < 10; i++) {
    assertEquals(await statusOf("ada", "wrong horse"), 401);
  }
  // The right one too: or it would be told from the wrong ones.
  assertEquals(await statusOf("ada", PASSWORD), 429);
  assertEquals(await statusOf("bob", PASSWORD), 401);
  clock.advance(30_000);
  assertEquals(await statusOf("ada", PASSWORD), 200);
  // The owner was here: what was counted is forgotten.
  assertEquals(await statusOf("ada", "wrong horse"), 401);
  const statuses: number[] = [];
  for (let i = 0; i < 20; i++) statuses.push(await statusOf(`eve${i}`, "x"));
  // Of twenty and ten more, fifteen are left.
  assertEquals(statuses, [...Array(15).fill(401), ...Array(5).fill(429)]);
});

Deno.test("LoginServer waits for no body that does not come, and has no fault that anybody can cause", async () => {
  await using server = await LoginServer.start({
    privateKeys: [KEY],
    gameAddresses: ["127.0.0.1:40000"],
    passwordCost: CHEAP,
    bodyMs: 50,
  });
  const ask = async (text: string): Promise<string> => {
    using socket = await Deno.connectTls({
      hostname: "127.0.0.1",
      port: Number(new URL(server.url).port),
      caCerts: [server.certificate],
    });
    await socket.write(new TextEncoder().encode(text));
    const answer = new Uint8Array(1_024);
    const length = await socket.read(answer);
    return new TextDecoder().decode(answer.subarray(0, length ?? 0));
  };
  const head = "POST /login HTTP/1.1\r\nHost: localhost\r\n" +
    "Content-Type: application/json\r\nContent-Length: 50\r\n\r\n";
  assertMatch(
    await ask(`${head}{"name":`),
    /^HTTP\/1.1 408 [^]*"error":"tooSlow"/,
  );
  for (const host of ["a b", "[", "x:99999999", "%"]) {
    assertMatch(
      await ask(`POST /login HTTP/1.1\r\nHost: ${host}\r\n\r\n`),
      /^HTTP\/1.1 404 /,
    );
  }
});

Deno.test("SecureUdpServer takes tokens of each of its keys", async () => {
  await using world = await World.start({ privateKeys: [NEW_KEY, KEY] });
  const token = await world.token("ada");
  const { ending, back } = await run({ token, seconds: 0.05 });
  assertEquals(ending, undefined);
  assertGreater(back, 0);
});

Deno.test("SecureUdpServer refuses a token that has expired, and one of another key", async () => {
  await using world = await World.start({}, {
    clock: new ManualClock({ epochMs: Date.now() - 60_000 }),
    tokenSeconds: 1,
  });
  await using other = await LoginServer.start({
    privateKeys: [NEW_KEY],
    gameAddresses: [world.game.address],
    passwordCost: CHEAP,
  });
  const { url, certificate } = other;
  const eve = { url, certificate, name: "eve", password: PASSWORD };
  await register(eve);
  const { counters } = world.game;
  const late = await run({ token: await world.token("ada") });
  assertEquals([late.ending, late.sent], ["tokenExpired", 0]);
  await until(() => counters.expired > 0);
  // Hers is good for long enough to come before the server on any machine, so it is she who gives up.
  const stop = new AbortController();
  const running = run({ token: await login(eve), signal: stop.signal });
  await until(() => counters.badToken > 0);
  stop.abort();
  const { ending, sent } = await running;
  assertEquals([ending, sent], [undefined, 0]);
  assertEquals(world.seen, []);
});

Deno.test("SecureUdpServer has room for so many, and no more", async () => {
  await using world = await World.start({ maxClients: 1 });
  const [ada, bob] = [await world.token("ada"), await world.token("bob")];
  const stop = new AbortController();
  const { promise: isIn, resolve } = Promise.withResolvers<void>();
  const first = run({
    token: ada,
    signal: stop.signal,
    onConnected: () => resolve(),
  });
  await isIn;
  const second = await run({ token: bob });
  assertEquals([second.ending, second.sent], ["serverFull", 0]);
  stop.abort();
  assertEquals((await first).ending, undefined);
  await until(() => world.game.playerCount === 0);
});

Deno.test("SecureUdpServer tells its clients that it goes down", async () => {
  await using world = await World.start();
  const token = await world.token("ada");
  const { promise: isIn, resolve } = Promise.withResolvers<void>();
  const running = run({ token, onConnected: () => resolve() });
  await isIn;
  await world.endGame();
  assertEquals((await running).ending, "shutdown");
});

Deno.test("Accounts hash a password whether there is such an account or not, a bounded number at once", async () => {
  using accounts = new Accounts({ path: ":memory:", cost: CHEAP });
  const waiting = Array.from(
    { length: 34 },
    (_, i) => accounts.register(`bot${i}`, PASSWORD),
  );
  // Before any of them is done.
  const busy = [
    accounts.check("bot0", PASSWORD),
    accounts.check("nobody", PASSWORD),
    accounts.register("eve", PASSWORD),
  ];
  assertEquals(await Promise.all(busy), ["busy", "busy", "busy"]);
  assertEquals(new Set(await Promise.all(waiting)).size, 34);
  assertEquals(await accounts.check("nobody", PASSWORD), "wrong");
  assertEquals(await accounts.register("bot0", PASSWORD), "taken");
});

Deno.test("AttemptLimit keeps count of so many, and forgets whoever was not seen for longest", () => {
  const limit = new AttemptLimit({ capacity: 1, perSecond: 1, maxKeys: 2 });
  assertEquals(limit.take("ada", 0), 0);
  assertEquals(limit.take("bob", 0), 0);
  assertEquals(limit.take("ada", 0), 1_000);
  // Bob goes, as Ada was seen later.
  assertEquals(limit.take("eve", 0), 0);
  assertEquals(limit.take("ada", 0), 1_000);
  assertEquals(limit.take("bob", 0), 0);
});

Deno.test("readPrivateKeys() makes a key for its owner's eyes, once", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/keys`;
    const all = await Promise.all(
      Array.from({ length: 8 }, () => readPrivateKeys(path, "")),
    );
    assertEquals(new Set(all.map((keys) => encodeBase64(keys[0]!))).size, 1);
    assertEquals(all[0]!.map(({ length }) => length), [32]);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), [
      "keys",
    ]);
    if (Deno.build.os === "windows") return;
    assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
    await Deno.chmod(path, 0o640);
    await assertRejects(
      () => readPrivateKeys(path, ""),
      Error,
      "its mode must be 600: current value is 640",
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("readPrivateKeys() takes several keys, of the environment first, and shows none", async () => {
  const [one, two] = [encodeBase64(NEW_KEY), encodeBase64(KEY)];
  assertEquals(await readPrivateKeys("/nowhere", `${one} ${two}`), [
    NEW_KEY,
    KEY,
  ]);
  assertEquals(await readPrivateKeys("/nowhere", `\n${one}\n`), [NEW_KEY]);
  const refused = [
    " ",
    `${one} ${one.slice(4)}`,
    encodeBase64(new Uint8Array(31).fill(2)),
    Array(9).fill(one).join(" "),
  ];
  for (const text of refused) {
    const error = await assertRejects(() => readPrivateKeys("/nowhere", text));
    assert(error instanceof Error);
    assertStringIncludes(error.message, "NETCODE_PRIVATE_KEYS");
    assertEquals(error.message.includes("AgIC"), false);
  }
});

/** Starts an example as a user does. */
function spawn(
  name: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", new URL(name, import.meta.url).href, ...args],
    cwd: new URL("..", import.meta.url),
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function ended(
  child: Deno.ChildProcess,
): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

Deno.test("the three programs work together, print no secret, and end at a signal", async () => {
  const folder = await Deno.makeTempDir();
  try {
    {
      // A hash keeps its cost: this one's is none.
      using accounts = new Accounts({
        path: `${folder}/accounts.db`,
        cost: CHEAP,
      });
      await accounts.register("ada", PASSWORD);
    }
    // The ports are the system's: each program is told that of the one before.
    const game = spawn("secure_udp_server.ts", [
      "--port",
      "0",
      "--data",
      folder,
    ]);
    const gameOut = new Lines(game.stdout);
    const [, address] = /^Secure UDP at (\S+):/.exec(await gameOut.next())!
      .map((part) => part.replace(/:$/, ""));
    const server = spawn("login_server.ts", [
      "--port",
      "0",
      "--data",
      folder,
      "--game",
      address!,
    ]);
    const serverOut = new Lines(server.stdout);
    const [, url] = /^Login: (\S+), for/.exec(await serverOut.next())!;
    // All are written before it stands there.
    const certificate = `${folder}/certificate.pem`;
    const client = ["--login", url!, "--certificate", certificate, "--json"];
    const [good, bad] = await Promise.all([
      ended(spawn(
        "secure_udp_client.ts",
        [...client, "--name", "ada", "--seconds", "1"],
        { SECURE_UDP_PASSWORD: PASSWORD },
      )),
      ended(spawn(
        "secure_udp_client.ts",
        [...client, "--name", "a b", "--register"],
        { SECURE_UDP_PASSWORD: PASSWORD },
      )),
    ]);
    assertEquals([good.code, good.err], [0, ""]);
    const { sent, back, server: where } = JSON.parse(good.out);
    assertEquals([back, where], [sent, address]);
    assertEquals(bad, {
      code: 1,
      out: "",
      err: 'The login server says "badName"\n',
    });
    for (const child of [game, server]) child.kill("SIGINT");
    const key = (await Deno.readTextFile(`${folder}/private_keys`)).trim();
    for (
      const [child, lines] of [[game, gameOut], [server, serverOut]] as const
    ) {
      const [{ code }, err, out] = await Promise.all([
        child.status,
        new Response(child.stderr).text(),
        lines.rest(),
      ]);
      assertEquals([code, err], [0, ""]);
      for (const secret of [key, PASSWORD]) {
        assertEquals(out.includes(secret), false);
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Reads what a program prints, line by line. */
class Lines {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";
  #at = 0;

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  }

  async next(): Promise<string> {
    for (;;) {
      const end = this.#text.indexOf("\n", this.#at);
      if (end >= 0) {
        const line = this.#text.slice(this.#at, end);
        this.#at = end + 1;
        return line;
      }
      if (!await this.#read()) throw new Error(`It has ended: ${this.#text}`);
    }
  }

  /** All that was printed, to its end. */
  async rest(): Promise<string> {
    while (await this.#read());
    return this.#text;
  }

  async #read(): Promise<boolean> {
    const { done, value } = await this.#reader.read();
    this.#text += value ?? "";
    return !done;
  }
}

Deno.test("the three programs say how they are used, and what is wrong with a command line", async () => {
  const names = [
    "login_server.ts",
    "secure_udp_server.ts",
    "secure_udp_client.ts",
  ];
  const helps = names.map(async (name) => {
    const { code, out, err } = await ended(spawn(name, ["--help"]));
    assertEquals([code, err], [0, ""]);
    assertStringIncludes(out, `usage: deno run -A examples/${name}`);
  });
  const refuses = async (
    name: string,
    args: readonly string[],
    message: RegExp,
  ): Promise<void> => {
    const { code, out, err } = await ended(spawn(name, args));
    assertEquals([code, out], [2, ""]);
    assertMatch(err, message);
  };
  await Promise.all([
    ...helps,
    refuses(names[0]!, ["--nothing"], /--nothing/),
    refuses(names[1]!, ["--port", "70000"], /^Cannot run as --port must be an/),
  ]);
});
