// The echo over each kind of socket on this machine, its page in a browser, and the table of bad networks.
import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { encodeBase64, PollLoop } from "../core/mod.ts";
import {
  createSelfSignedCertificate,
  NonBlockingSocket,
} from "../transport/deno.ts";
import type { ManagerEvent } from "../transport/mod.ts";
import { ChromiumSession } from "../tools/chromium_session.ts";
import { findChromium } from "../tools/runtimes.ts";
import { NETWORKS, play, ROWS } from "./transport_bad_network.ts";
import { run, SOCKETS } from "./transport_echo_client.ts";
import { EchoServer, type EchoServerOptions } from "./transport_echo_server.ts";

/** An echo server that is ticked, until it is disposed of. */
class Ticked implements AsyncDisposable {
  readonly server: EchoServer;
  readonly events: ManagerEvent[] = [];
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  private constructor(server: EchoServer) {
    this.server = server;
    server.onEvent = (event) => this.events.push(event);
    const loop = new PollLoop();
    loop.add(server);
    this.#running = loop.run({ hz: 500, signal: this.#stop.signal });
  }

  static async start(options?: EchoServerOptions): Promise<Ticked> {
    return new Ticked(await EchoServer.start(options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.server[Symbol.asyncDispose]();
  }
}

const hasQuic = "QuicEndpoint" in Deno;

Deno.test("transport_echo_client.ts gets each message back, over each socket of one server", async () => {
  await using ticked = await Ticked.start();
  const { url } = ticked.server;
  const sockets = SOCKETS.filter((name) => hasQuic || name !== "webtransport");
  const runs = await Promise.all(sockets.map(async (socket) => {
    const seen: string[] = [];
    const summary = await run({
      url,
      socket,
      seconds: 1,
      hz: 250,
      onConnected: (over) => seen.push(over),
      onSecond: ({ second }) => seen.push(`${second}`),
    });
    return { seen, summary };
  }));
  for (const { seen, summary } of runs) {
    const { over, sent, back, rttMs, bytesUp, bytesDown, ...rest } = summary;
    assertEquals(seen, [over, "1"]);
    // How many a second has room for is the machine's affair.
    assertGreater(sent, 0, over);
    assertEquals(back, sent, over);
    const { lost, twice, outOfOrder, ending } = rest;
    assertEquals([lost, twice, outOfOrder, ending], [0, 0, 0, undefined], over);
    assert(rttMs.p50 > 0 && rttMs.p50 <= rttMs.p99, over);
    assert(rttMs.p99 <= rttMs.worst, over);
    assert(bytesUp > 100 * sent && bytesDown > 100 * back, over);
  }
  const types = ticked.events.map(({ type }) => type).sort();
  const each = (type: string): string[] => sockets.map(() => type);
  assertEquals(types, [...each("peerConnected"), ...each("peerDisconnected")]);
});

for (const backend of ["deno", "node"] as const) {
  Deno.test(`EchoServer echoes over a UDP socket of "${backend}"`, async () => {
    await using ticked = await Ticked.start({ backend });
    assertEquals(ticked.server.info.udp.backend, backend);
    const { url } = ticked.server;
    const { sent, back, outOfOrder } = await run({ url, seconds: 0.2 });
    assertGreater(sent, 0);
    assertEquals([back, outOfOrder], [sent, 0]);
  });
}

Deno.test("EchoServer serves the page and its modules, and nothing else", async () => {
  await using ticked = await Ticked.start();
  const { url, info } = ticked.server;
  const get = async (path: string): Promise<[number, string]> => {
    const response = await fetch(new URL(path, url));
    return [response.status, await response.text()];
  };
  assertMatch(
    (await get("/"))[1],
    /src="\/examples\/transport_echo\/page\.ts"/,
  );
  assertEquals(JSON.parse((await get("/info"))[1]), info);
  const [status, module] = await get("/transport/manager/manager_event.ts");
  assertEquals([status, module.includes("export type")], [200, false]);
  assertEquals((await get("/udp"))[0], 426);
  for (
    const path of [
      "/deno.json",
      "/tools/run.ts",
      "/examples/chat_server.ts",
      "/core/nothing.ts",
      "/core/..%2ftools/run.ts",
      "/core//etc/passwd",
    ]
  ) assertEquals((await get(path))[0], 404, path);
});

Deno.test("play() keeps each channel's promise, and does the same again", () => {
  for (const { conditions } of NETWORKS) {
    for (const row of ROWS) {
      const outcome = play(conditions, row, 1, 7);
      assertEquals(outcome.isPromiseBroken, false, row.name);
      assertGreater(outcome.sent, 50);
    }
  }
  const storm = NETWORKS.at(-1)!.conditions;
  assertEquals(play(storm, ROWS[0]!, 2, 7), play(storm, ROWS[0]!, 2, 7));
  const [ordered, plain] = ROWS;
  const { conditions } = NETWORKS[1]!;
  assertGreater(
    play(conditions, plain!, 10, 7).rttMs.p99,
    play(conditions, ordered!, 10, 7).rttMs.p99 + 100,
  );
});

Deno.test("EchoServer.start() serves a page of https with a certificate, and its hash if nobody has signed it", async () => {
  const { cert, key, hash } = await createSelfSignedCertificate();
  await using ticked = await Ticked.start({ certificate: { cert, key } });
  const { url, info } = ticked.server;
  assertMatch(url, /^https:/);
  using client = Deno.createHttpClient({ caCerts: [cert] });
  const response = await fetch(new URL("/info", url), { client });
  assertEquals(await response.json(), info);
  if (hasQuic) assertEquals(info.webTransport?.hash, encodeBase64(hash));
});

Deno.test("EchoServer.start() leaves nothing open when a port is taken", async () => {
  await using ticked = await Ticked.start();
  const { port } = new URL(ticked.server.url);
  // UDP has the port, the page has not.
  await assertRejects(() => EchoServer.start({ port: Number(port) }));
  using _socket = await NonBlockingSocket.bind({
    hostname: "127.0.0.1",
    port: Number(port),
  });
});

/** Runs an example as a user does, until it ends. */
async function command(
  name: string,
  ...args: string[]
): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", new URL(name, import.meta.url).href, ...args],
    cwd: new URL("..", import.meta.url),
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

Deno.test("transport_echo_client.ts prints what it sees, and says where nobody is", async () => {
  await using ticked = await Ticked.start();
  const [seen, missing, json] = await Promise.all([
    command(
      "transport_echo_client.ts",
      "--server",
      ticked.server.url,
      "--seconds",
      "1",
    ),
    command("transport_echo_client.ts", "--server", closedUrl()),
    command("transport_bad_network.ts", "--seconds", "1", "--json"),
  ]);
  assertEquals(seen.code, 0, seen.err);
  assertMatch(seen.out, /^60 messages a second to http\S+ over UDP \(native/);
  assertMatch(seen.out, /\n {3}1 s {2}sent +\d+ {2}back .* loss +\d+\.\d %/);
  assertMatch(seen.out, /\n {2}lost 0, twice 0, out of order 0\n/);
  assertEquals(missing.code, 1);
  assertMatch(missing.err, /^Nobody answers at http\S+: is transport_echo/);
  assertEquals(json.code, 0, json.err);
  assertEquals(JSON.parse(json.out).length, ROWS.length);
});

/** Where nobody listens. */
function closedUrl(): string {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  return `http://127.0.0.1:${listener.addr.port}/`;
}

const chromium = await findChromium();
const missing = "missing" in chromium ? ` (${chromium.missing})` : "";

Deno.test({
  name: `transport_echo_server.ts echoes to its page in Chromium${missing}`,
  ignore: missing !== "" && Deno.env.get("CI") !== "true",
  fn: async () => {
    if ("missing" in chromium) throw new Error(chromium.missing);
    await using ticked = await Ticked.start();
    await using session = await ChromiumSession.start(chromium.program);
    const number = async (id: string): Promise<number> =>
      Number(
        await session.evaluate(`document.getElementById("${id}").textContent`),
      );
    const badge = `document.getElementById("badge")?.textContent`;
    const sees = async (): Promise<void> => {
      await session.until(`${badge} === "connected"`);
      await session.until(
        `Number(document.getElementById("received").textContent) > 30
        && Number(document.getElementById("received").textContent) < 1000`,
      );
      assertGreater(await number("now"), 0);
      const p50 = await number("p50");
      assert(p50 > 0 && p50 <= await number("p99"), `${p50}`);
      assertEquals(await number("outOfOrder"), 0);
      assertMatch(
        await session.evaluate(`document.getElementById("chart").ariaLabel`),
        /half of them within \d/,
      );
      // Something is drawn in the colour of the dots.
      assertGreater(await session.evaluate<number>(DRAWN), 20);
    };

    await session.setScreen({ width: 1_000, height: 800 });
    await session.open(ticked.server.url);
    await sees();
    if (hasQuic) {
      const isThere = await session.evaluate<boolean>(
        `!document.getElementById("webtransport").disabled`,
      );
      assertEquals(isThere, true);
      await session.evaluate(`document.getElementById("webtransport").click()`);
      await session.until(
        `${badge} === "connecting" || ${badge} === "connected"`,
      );
      await sees();
      const ports = ticked.events.flatMap((event) =>
        event.type === "peerConnected" ? [event.address.port > 0] : []
      );
      // A WebSocket's client has no port that the server was told.
      assertEquals(ports, [false, true]);
    }
    // As a phone, in the dark.
    await session.setScreen({
      width: 360,
      height: 740,
      isDark: true,
      isPhone: true,
    });
    assertEquals(
      await session.evaluate(`document.documentElement.scrollWidth`),
      360,
    );
    await session.evaluate(`document.getElementById("toggle").click()`);
    assertEquals(await session.evaluate(badge), "stopped");
    await session.until(
      `document.getElementById("toggle").textContent === "Start"`,
    );
    await session.evaluate(`document.getElementById("toggle").click()`);
    await sees();
    assertEquals(session.problems, []);
  },
});

/** How many pixels of the chart are strongly blue, as the dots are. Read from a copy: the chart itself is for drawing. */
const DRAWN = `(() => {
  const { width, height } = document.getElementById("chart");
  const copy = new OffscreenCanvas(width, height);
  const pen = copy.getContext("2d", { willReadFrequently: true });
  pen.drawImage(document.getElementById("chart"), 0, 0);
  const { data } = pen.getImageData(0, 0, width, height);
  let count = 0;
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] > 128 && data[i + 2] > data[i] + 80) count++;
  }
  return count;
})()`;

Deno.test("transport_echo_client.ts refuses an unknown option with exit code 2", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      new URL("transport_echo_client.ts", import.meta.url).href,
      "--port",
      "8000",
    ],
  }).output();
  assertEquals(code, 2);
  assertStringIncludes(
    new TextDecoder().decode(stderr),
    'no option "--port", only --socket, --server',
  );
});
