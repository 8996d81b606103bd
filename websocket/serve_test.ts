import { assert, assertEquals, assertMatch } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import { playerId } from "../core/mod.ts";
import { ConnectionToken } from "../protocol/mod.ts";
import { ServerProcess } from "../tools/process_signal.ts";
import { WsClient, type WsEvent } from "./mod.ts";

const PROGRAM = new URL("serve.ts", import.meta.url);
const PROTOCOL_ID = 7;
const DEADLINE_MS = 120_000;

/** A server with a key of its own, and tokens for it. */
class TokenServer {
  readonly process: ServerProcess;
  readonly #key: Uint8Array;

  private constructor(process: ServerProcess, key: Uint8Array) {
    this.process = process;
    this.#key = key;
  }

  static async start(args: readonly string[] = []): Promise<TokenServer> {
    const key = crypto.getRandomValues(new Uint8Array(32));
    const file = await Deno.makeTempFile();
    try {
      await Deno.writeTextFile(file, `TICKWIRE_TOKEN_KEY=${encodeHex(key)}\n`);
      const process = await ServerProcess.start(PROGRAM, {
        flags: [`--env-file=${file}`],
        args: ["--port", "0", "--protocol-id", `${PROTOCOL_ID}`, ...args],
      });
      return new TokenServer(process, key);
    } finally {
      await Deno.remove(file);
    }
  }

  async token(
    name: string,
    change: {
      key?: Uint8Array;
      protocolId?: number;
      issuedAt?: number;
      addresses?: string[];
    } = {},
  ): Promise<string> {
    const { key = this.#key, protocolId = PROTOCOL_ID } = change;
    const { issuedAt = Date.now(), addresses = [] } = change;
    const token = await ConnectionToken.issue(key, {
      protocolId,
      clientId: playerId(name),
      issuedAt,
      expiresAt: issuedAt + 60_000,
      addresses,
    });
    return token.toBytes().toBase64({ alphabet: "base64url" });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.process[Symbol.asyncDispose]();
  }
}

/** Asks for a WebSocket by hand, as fetch() cannot, and tells the status. */
async function statusOf(
  port: number,
  query: string,
  headers: readonly string[] = [],
): Promise<number> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const lines = [
    `GET /${query} HTTP/1.1`,
    "Host: 127.0.0.1",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ...headers,
  ];
  await conn.write(new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`));
  const buffer = new Uint8Array(1_024);
  const length = await conn.read(buffer) ?? 0;
  const text = new TextDecoder().decode(buffer.subarray(0, length));
  return Number(/^HTTP\/1.1 (\d+)/.exec(text)?.[1]);
}

/** Ticks clients until what is waited for has come, and tells what each saw. */
async function tickUntil(
  clients: readonly WsClient[],
  seen: WsEvent[][],
  isThere: () => boolean,
): Promise<void> {
  let lastMs = performance.now();
  const endMs = lastMs + DEADLINE_MS;
  while (!isThere()) {
    await new Promise((resolve) => setTimeout(resolve));
    const nowMs = performance.now();
    if (nowMs > endMs) throw new Error("It takes too long");
    clients.forEach((client, i) => {
      client.tick((nowMs - lastMs) / 1_000);
      seen[i]!.push(...client.drainEvents());
    });
    lastMs = nowMs;
  }
}

function textsOf(events: readonly WsEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === "message" && event.message.type === "text"
      ? [event.message.text]
      : []
  );
}

Deno.test("serve.ts lets in who has a token, once, and relays", async () => {
  await using server = await TokenServer.start();
  const { port } = server.process;
  const used: string[] = [];
  const make = (name: string): WsClient => {
    const client = new WsClient({
      url: async () => {
        const token = await server.token(name);
        used.push(token);
        return `ws://127.0.0.1:${port}/?token=${token}`;
      },
      mux: true,
    });
    client.connect();
    client.subscribe("chat", { presence: true });
    return client;
  };
  const clients = [make("ada"), make("bob")];
  const seen: WsEvent[][] = [[], []];
  const subscriptions = (): number =>
    seen.flat().filter(({ type }) => type === "subscribed").length;
  await tickUntil(clients, seen, () => subscriptions() === 2);
  clients[0]!.sendOnChannel("chat", "hello");
  await tickUntil(
    clients,
    seen,
    () => seen.every((events) => textsOf(events).length === 1),
  );
  assertEquals(seen.map(textsOf), [["hello"], ["hello"]]);
  const members = seen.flat().flatMap((event) =>
    event.type === "presence"
      ? event.members.map(({ playerId }) => playerId)
      : []
  );
  assertEquals([...new Set(members)].sort(), ["ada", "bob"]);

  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  assertMatch(text, /^tickwire_hub_clients 2$/m);
  assertMatch(text, /^tickwire_hub_messages_total{direction="in"} 1$/m);
  assert(text.endsWith("# EOF\n"));
  assertEquals(await statusOf(port, `?token=${used[0]}`), 401);
  for (const client of clients) client.close();
});

Deno.test("serve.ts answers 401 to what is no token for it, and upgrades for one that is", async () => {
  await using server = await TokenServer.start([
    "--address",
    "game.example:1",
    "--origin",
    "https://game.example",
  ]);
  const { port } = server.process;
  const key = new Uint8Array(32).fill(7);
  const refused = [
    "",
    "?token=",
    "?token=%00",
    `?token=${"A".repeat(100_000)}`,
    "?name=ada",
    `?token=${await server.token("ada", { key })}`,
    `?token=${await server.token("ada", { protocolId: 8 })}`,
    `?token=${await server.token("ada", { issuedAt: 1_000 })}`,
    `?token=${await server.token("ada", { addresses: ["game.example:2"] })}`,
    `?token=${(await server.token("ada")).slice(0, -2)}`,
  ];
  for (const query of refused) {
    const status = await statusOf(port, query);
    // So long a line may be refused before it is looked at.
    if (query.length < 100_000) assertEquals(status, 401, query);
    else assert(status >= 400 && status < 500, `${status}`);
  }
  const addresses = ["game.example:1"];
  const token = await server.token("ada", { addresses });
  const query = `?token=${token}`;
  const origin = (of: string): string[] => [`Origin: https://${of}`];
  // What is refused for its origin has used no token up.
  assertEquals(await statusOf(port, query, origin("evil.example")), 403);
  assertEquals(await statusOf(port, query, origin("game.example")), 101);
  assertEquals(await statusOf(port, query, origin("game.example")), 401);
});

Deno.test("serve.ts tells clients when to come back at SIGTERM, and ends", async () => {
  await using server = await ServerProcess.start(PROGRAM, {
    args: ["--port", "0", "--insecure-names", "--spread", "60000"],
  });
  const health = await fetch(`http://127.0.0.1:${server.port}/health`);
  assertEquals([health.status, await health.text()], [200, "ok\n"]);
  assertEquals(await statusOf(server.port, ""), 401);
  const clients = ["ada", "bob"].map((name) =>
    new WsClient({
      url: `ws://127.0.0.1:${server.port}/?name=${name}`,
      mux: true,
    })
  );
  for (const client of clients) client.connect();
  const seen: WsEvent[][] = [[], []];
  await tickUntil(
    clients,
    seen,
    () => clients.every(({ isConnected }) => isConnected),
  );
  Deno.kill(server.pid, "SIGTERM");
  const of = <T extends WsEvent["type"]>(
    type: T,
  ): Extract<WsEvent, { type: T }>[] =>
    seen.flat().filter((event): event is Extract<WsEvent, { type: T }> =>
      event.type === type
    );
  await tickUntil(clients, seen, () => of("reconnecting").length === 2);
  assertEquals(of("disconnected").map(({ code }) => code), [4000, 4000]);
  assertEquals(
    of("reconnecting").map(({ backoffMs }) => backoffMs).sort(),
    [30_000, 60_000],
  );
  assertEquals(await server.nextLine(), "closing 2 clients");
  assertEquals(await server.nextLine(), undefined);
  for (const client of clients) client.close();
});

Deno.test("serve.ts lets people type with --allow-text alone", async () => {
  for (const isAllowed of [true, false]) {
    await using server = await ServerProcess.start(PROGRAM, {
      args: [
        ...["--port", "0", "--insecure-names"],
        ...(isAllowed ? ["--allow-text"] : []),
      ],
    });
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/?name=ada`);
    const { promise: answer, resolve } = Promise.withResolvers<unknown>();
    const { promise: closed, resolve: close } = Promise.withResolvers<void>();
    socket.onopen = () => socket.send('[{"type":"hello"}]');
    socket.onmessage = ({ data }) => resolve(JSON.parse(data)[0].type);
    socket.onclose = ({ code, reason }) => {
      resolve([code, reason]);
      close();
    };
    assertEquals(
      await answer,
      isAllowed ? "welcome" : [4002, "text is not allowed"],
    );
    socket.close();
    await closed;
  }
});

Deno.test("serve.ts refuses a wrong command line, and never shows the key", async () => {
  const secret = "5eC2e7";
  const cases: [args: string[], key: string | undefined, message: RegExp][] = [
    [["--bogus"], undefined, /--bogus/],
    [["--port", "70000"], undefined, /--port must be an integer/],
    [["--history", "-1"], undefined, /--history/],
    [[], undefined, /either TICKWIRE_TOKEN_KEY/],
    [["--insecure-names"], "00".repeat(32), /either TICKWIRE_TOKEN_KEY/],
    [[], secret, /32 to 64 bytes in hex$/m],
    [[], "", /32 to 64 bytes in hex$/m],
  ];
  for (const [args, key, message] of cases) {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", PROGRAM.href, ...args],
      env: {
        NO_COLOR: "1",
        ...(key !== undefined && { TICKWIRE_TOKEN_KEY: key }),
      },
    }).output();
    const decoder = new TextDecoder();
    const text = decoder.decode(stdout) + decoder.decode(stderr);
    assertEquals(code, 2, text);
    assertMatch(text, message);
    assertEquals(text.includes(secret), false);
  }
});
