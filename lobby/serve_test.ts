import { assert, assertEquals, assertMatch } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import { playerId } from "../core/mod.ts";
import { ConnectionToken } from "../protocol/mod.ts";
import { ServerProcess } from "../tools/process_signal.ts";
import { LobbyClient, type LobbyClientEvent, type LobbyId } from "./mod.ts";

const PROGRAM = new URL("serve.ts", import.meta.url);
const PROTOCOL_ID = 7;
const DEADLINE_MS = 60_000;
/** By far longer than it takes, and yet an end for those that the kernel drops again and again. */
const BACKLOG_DEADLINE_MS = 15_000;

/** How many the kernel keeps for any program at most; 0 where it does not say. */
async function longestBacklog(): Promise<number> {
  try {
    return Number(await Deno.readTextFile("/proc/sys/net/core/somaxconn"));
  } catch {
    return 0;
  }
}

/** A folder with a database, and servers on it, one after another. */
class World {
  readonly folder: string;
  readonly key: Uint8Array<ArrayBuffer> = crypto.getRandomValues(
    new Uint8Array(32),
  );
  readonly tokens: string[] = [];

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
    const lines = Object.entries(env).map(([name, value]) =>
      `${name}=${value}`
    );
    const file = await this.write("env", `${lines.join("\n")}\n`);
    return await ServerProcess.start(PROGRAM, {
      flags: ["--no-check", `--env-file=${file}`],
      args: [
        ...["--port", "0", "--database", `${this.folder}/lobby.db`],
        ...args,
      ],
    });
  }

  async token(name: string): Promise<string> {
    const issued = await ConnectionToken.issue(this.key, {
      protocolId: PROTOCOL_ID,
      clientId: playerId(name),
      issuedAt: Date.now(),
      expiresAt: Date.now() + 60_000,
      addresses: [],
    });
    const text = issued.toBytes().toBase64({ alphabet: "base64url" });
    this.tokens.push(text);
    return text;
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

/** Clients that go on together, and what each was told. */
class Players implements Disposable {
  readonly clients: LobbyClient[] = [];
  readonly #events: LobbyClientEvent[][] = [];
  #lastMs = performance.now();

  join(url: string | (() => Promise<string>)): LobbyClient {
    const client = new LobbyClient({
      url,
      firstRetryMaxMs: 100,
      maxBackoffMs: 500,
    });
    client.connect();
    this.clients.push(client);
    this.#events.push([]);
    return client;
  }

  /** Lets time go by until something is so. */
  async until(isSo: () => boolean, what: string): Promise<void> {
    const endMs = performance.now() + DEADLINE_MS;
    while (!isSo()) {
      const nowMs = performance.now();
      assert(nowMs < endMs, `${what} does not come`);
      this.clients.forEach((client, i) => {
        client.tick((nowMs - this.#lastMs) / 1_000);
        this.#events[i]!.push(...client.drainEvents());
      });
      this.#lastMs = nowMs;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /** What a client was told on channels of the game's own, and of them. */
  told(client: LobbyClient): string[] {
    const events = this.#events[this.clients.indexOf(client)]!;
    return events.flatMap((event) => {
      if (event.type !== "socket") return [];
      const { event: inner } = event;
      switch (inner.type) {
        case "message":
        case "reply":
          return inner.message.type === "text"
            ? [`${inner.type} ${inner.message.text}`]
            : [];
        case "subscribed":
        case "subscriptionDenied":
          return [inner.type];
        default:
          return [];
      }
    });
  }

  /** How its requests ended. */
  outcomes(client: LobbyClient): string[] {
    return this.#events[this.clients.indexOf(client)]!.flatMap((event) =>
      event.type === "done"
        ? [event.do]
        : event.type === "refused"
        ? [event.error.type]
        : []
    );
  }

  [Symbol.dispose](): void {
    for (const client of this.clients) client.close();
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

async function textOf(port: number, path: string): Promise<[number, string]> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return [response.status, await response.text()];
}

/** Whether a server lets in who has a URL. */
async function opens(url: string): Promise<boolean> {
  const socket = new WebSocket(url);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.onopen = () => resolve(true);
  socket.onerror = () => resolve(false);
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  socket.onclose = () => close();
  const isOpen = await promise;
  socket.close();
  await closed;
  return isOpen;
}

Deno.test("serve.ts lets in who has a token, makes matches, and has all seats after a restart", async () => {
  await using world = await World.make();
  const queues = await world.write(
    "queues.json",
    JSON.stringify({
      duels: {
        modes: { duel: { teams: 2, teamSize: 1 } },
        lobby: { config: { name: "A duel" } },
      },
    }),
  );
  const args = ["--queues", queues, "--protocol-id", `${PROTOCOL_ID}`];
  const env = { TICKWIRE_TOKEN_KEY: encodeHex(world.key) };
  using players = new Players();
  let port: number;
  const join = (name: string): LobbyClient =>
    players.join(async () =>
      `ws://127.0.0.1:${port}/?token=${await world.token(name)}`
    );
  let lobby: LobbyId | undefined;
  {
    await using server = await world.start(args, env);
    ({ port } = server);
    assertEquals(await textOf(port, "/healthz"), [200, "ok\n"]);
    const [ada, bob] = [join("ada"), join("bob")];
    for (const client of [ada, bob]) client.enqueue("duels");
    await players.until(
      () =>
        ada.isSynced && bob.isSynced && ada.lobby !== undefined &&
        bob.lobby?.id === ada.lobby.id &&
        ada.lobby.players.every(({ isConnected }) => isConnected),
      "a match",
    );
    assertEquals(ada.lobby!.config.name, "A duel");
    assertEquals(ada.player, "ada");
    lobby = ada.lobby?.id;
    const [status, metrics] = await textOf(port, "/metrics");
    assertEquals(status, 200);
    for (
      const line of [
        /^tickwire_lobby_server_clients 2$/m,
        /^tickwire_lobby_lobbies 1$/m,
        /^# EOF$/m,
      ]
    ) assertMatch(metrics, line);
    // A token opens one connection, and what is none opens nothing.
    for (const token of [world.tokens[0]!, "AAAA"]) {
      assertEquals(
        await opens(`ws://127.0.0.1:${port}/?token=${token}`),
        false,
      );
    }

    Deno.kill(server.pid, "SIGTERM");
    const text = (await restOf(server)).join("\n");
    assertEquals(await server.ended(), 0);
    assertMatch(text, /"path":"\/metrics","status":200/);
    for (const secret of [...world.tokens, encodeHex(world.key)]) {
      assertEquals(text.includes(secret), false);
    }
  }
  await players.until(
    () =>
      players.clients.every(({ isSynced, socket }) =>
        isSynced && !socket.isConnected
      ),
    "the end",
  );
  await using server = await world.start([...args, "--quiet"], env);
  ({ port } = server);
  const [ada] = players.clients;
  await players.until(
    () =>
      players.clients.every(({ socket, lobby }) =>
        socket.isConnected &&
        lobby?.players.every(({ isConnected }) => isConnected) === true
      ),
    "everybody's return",
  );
  assertEquals(players.clients.map((client) => client.lobby?.id), [
    lobby,
    lobby,
  ]);
  assertEquals(ada!.lobby!.players.map(({ id }) => id).sort(), ["ada", "bob"]);
  Deno.kill(server.pid, "SIGINT");
  assertEquals(await restOf(server), []);
});

Deno.test("serve.ts has those of a lobby talk, and the host end the game", async () => {
  await using world = await World.make();
  await using server = await world.start([
    "--insecure-names",
    "--players",
    "2",
  ]);
  using players = new Players();
  const join = (name: string): LobbyClient =>
    players.join(`ws://127.0.0.1:${server.port}/?name=${name}`);
  const [ada, bob, eve] = [join("ada"), join("bob"), join("eve")];
  ada.create({ config: { maxPlayers: 3 } });
  ada.create({ config: { maxPlayers: 2, countdownMs: 0 } });
  await players.until(() => ada.lobby !== undefined, "a lobby");
  assertEquals(players.outcomes(ada)[0], "invalidConfig");
  bob.join(ada.lobby!.id);
  bob.setReady(true);
  await players.until(
    () => ada.lobby!.players[1]?.isReady === true,
    "a guest",
  );
  const channel = `game/${ada.lobby!.id}`;
  for (const client of [ada, bob, eve]) client.socket.subscribe(channel);
  const has = (client: LobbyClient, text: string): boolean =>
    players.told(client).includes(text);
  await players.until(
    () => has(ada, "subscribed") && has(bob, "subscribed"),
    "the channel",
  );
  bob.socket.sendOnChannel(channel, "hello");
  eve.socket.sendOnChannel(channel, "it is me");
  await players.until(() => has(ada, "message hello"), "what bob says");

  const end = JSON.stringify({ do: "end", results: { winner: "bob" } });
  const answers = (client: LobbyClient): string[] =>
    players.told(client).flatMap((text) =>
      text.startsWith("reply ")
        ? [JSON.parse(text.slice(6)).error?.type ?? "ok"]
        : []
    );
  ada.startGame();
  await players.until(() => bob.lobby!.state === "inGame", "the game");
  bob.socket.request(channel, end);
  ada.socket.request(channel, "{}");
  ada.socket.request(channel, end);
  await players.until(() => bob.lobby!.state === "postgame", "its end");
  assertEquals(bob.lobby!.results, { winner: "bob" });
  await players.until(() => answers(ada).length === 2, "the answers");
  assertEquals(answers(bob), ["notHost"]);
  assertEquals(answers(ada), ["invalidRequest", "ok"]);

  // Who has left hears and says nothing more.
  bob.leave();
  await players.until(
    () => has(bob, "subscriptionDenied"),
    "the end of the channel",
  );
  bob.socket.sendOnChannel(channel, "I am still here");
  bob.create();
  ada.socket.sendOnChannel(channel, "alone");
  await players.until(
    () => has(ada, "message alone") && bob.lobby !== undefined,
    "what ada says",
  );
  assertEquals(
    players.told(ada).filter((text) => text.startsWith("message")),
    ["message hello", "message alone"],
  );
  assertEquals(has(bob, "message alone"), false);
  assertEquals(has(eve, "message hello"), false);
  Deno.kill(server.pid, "SIGTERM");
  await restOf(server);
  assertEquals(await server.ended(), 0);
});

Deno.test({
  name: "serve.ts has the kernel keep many who come at once",
  ignore: await longestBacklog() < 1_000,
  fn: async () => {
    await using world = await World.make();
    await using server = await world.start(["--insecure-names", "--quiet"]);
    // Who connects now waits in the kernel, or is dropped where it keeps too few.
    server.suspend();
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), BACKLOG_DEADLINE_MS);
    const { port } = server;
    const { signal } = late;
    const dialled = await Promise.allSettled(
      Array.from({ length: 800 }, () => Deno.connect({ port, signal })),
    );
    clearTimeout(timer);
    for (const each of dialled) {
      if (each.status === "fulfilled") each.value.close();
    }
    const dropped = dialled.filter(({ status }) => status === "rejected");
    assertEquals(dropped.length, 0);
  },
});

Deno.test("serve.ts ends where it cannot serve, says why, and never shows the key", async () => {
  await using world = await World.make();
  const secret = "5eC2e7";
  const noObject = await world.write("no_object.json", "[]");
  const noModes = await world.write("no_modes.json", `{"a":{"modes":{"b":7}}}`);
  const wrong = await world.write(
    "wrong.json",
    `{"a":{"modes":{"b":{"teams":0,"teamSize":1}}}}`,
  );
  const noLobby = await world.write(
    "no_lobby.json",
    `{"a":{"modes":{"b":{"teams":2,"teamSize":1}},"lobby":{"config":{"minPlayers":3}}}}`,
  );
  const named = ["--insecure-names"];
  const cases: [
    args: string[],
    env: Record<string, string>,
    code: number,
    message: RegExp,
  ][] = [
    [["--bogus"], {}, 2, /--bogus/],
    [["--port", "70000", ...named], {}, 2, /--port must be an integer/],
    [["--players", "0", ...named], {}, 2, /--players must be an integer/],
    [[], {}, 2, /either TICKWIRE_TOKEN_KEY/],
    [named, { TICKWIRE_TOKEN_KEY: "00".repeat(32) }, 2, /either TICKWIRE/],
    [[], { TICKWIRE_TOKEN_KEY: secret }, 2, /32 to 64 bytes in hex$/m],
    [
      ["--queues", noObject, ...named],
      {},
      2,
      /must have an object with queues/,
    ],
    [["--queues", noModes, ...named], {}, 2, /object with modes in "a"/],
    [["--queues", wrong, ...named], {}, 2, /teams/],
    [["--queues", noLobby, ...named], {}, 2, /"b" of queue "a".* minPlayers/],
    [["--database", world.folder, ...named], {}, 1, /./],
  ];
  await Promise.all(cases.map(async ([args, env, expected, message]) => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--no-check", PROGRAM.href],
        ...["--port", "0", "--database", ":memory:", ...args],
      ],
      env: { NO_COLOR: "1", ...env },
    }).output();
    const decoder = new TextDecoder();
    const text = decoder.decode(stdout) + decoder.decode(stderr);
    assertEquals(code, expected, text);
    assertMatch(text, message);
    assertEquals(text.includes(secret), false);
  }));
});
