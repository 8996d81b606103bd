// The arena in two browsers: what one does, the other sees, and what the server's end does to both.
import { assert, assertEquals } from "@std/assert";
import { SystemClock } from "../core/mod.ts";
import { ChromiumSession } from "../tools/chromium_session.ts";
import { findChromium } from "../tools/runtimes.ts";
import { WsClient, type WsEvent, WsState } from "../websocket/mod.ts";
import { ServerProcess } from "./_testing/server_process.ts";
import { ArenaClient } from "./sync_arena/arena_client.ts";
import { WORLD_LINK } from "./sync_arena/arena_message.ts";
import { ArenaHost } from "./sync_arena_server.ts";

const TIMEOUT_MS = 60_000;
const STATE = `document.getElementById("status").dataset.state`;
const SCORES =
  `[...document.querySelectorAll("#scores b")].map((each) => each.textContent).sort().join()`;
const CONFIRMED = `Number(document.getElementById("confirmed").textContent)`;
/** Where the first of the others is drawn, across. */
const OTHER_X = `[...arena.match.client.seen().values()][0].x`;
/** A point on the way to the first of the others, near the own player, as that may be out of sight. */
const TOWARDS_OTHER = `(() => {
  const { client } = arena.match;
  const own = client.where();
  const other = [...client.seen().values()][0];
  const from = arena.view.toScreen(own.x, own.z);
  const to = arena.view.toScreen(other.x, other.z);
  const share = 40 / Math.hypot(to.x - from.x, to.y - from.y);
  return [from.x + (to.x - from.x) * share, from.y + (to.y - from.y) * share];
})()`;

function start(port: string): Promise<ServerProcess> {
  return ServerProcess.start("sync_arena_server.ts", port, "--bots", "0");
}

async function hold(
  page: ChromiumSession,
  code: string,
  isDown: boolean,
): Promise<void> {
  await page.send("Input.dispatchKeyEvent", {
    type: isDown ? "keyDown" : "keyUp",
    code,
    key: code.slice(-1).toLowerCase(),
  });
}

async function mouse(
  page: ChromiumSession,
  type: string,
  [x, y]: readonly number[],
): Promise<void> {
  const params = { type, x, y, button: "left", buttons: 1, clickCount: 1 };
  await page.send("Input.dispatchMouseEvent", params);
}

const chromium = await findChromium();
const missing = "missing" in chromium ? ` (${chromium.missing})` : "";

Deno.test({
  name:
    `sync_arena_server.ts lets two pages play, and again after it was killed, in Chromium${missing}`,
  ignore: missing !== "" && Deno.env.get("CI") !== "true",
  fn: async () => {
    if ("missing" in chromium) throw new Error(chromium.missing);
    await using first = await start("0");
    const { url } = first;
    await using ada = await ChromiumSession.start(chromium.program);
    await using bob = await ChromiumSession.start(chromium.program);
    for (const page of [ada, bob]) {
      await page.setScreen({ width: 1280, height: 720 });
    }
    await ada.open(`${url}?name=Ada`);
    await bob.open(`${url}?name=Bob`);
    for (const page of [ada, bob]) {
      await page.until<string>(STATE, (state) => state === "playing");
      await page.until<string>(SCORES, (names) => names === "Ada,Bob");
      await page.until(`arena.match.client.seen().size === 1`);
    }

    // Ada goes to the farther wall, and Bob sees it.
    const before = await bob.evaluate<number>(OTHER_X);
    const key = before > 0 ? "KeyA" : "KeyD";
    await hold(ada, key, true);
    await bob.until<number>(OTHER_X, (x) => Math.abs(x - before) > 5);
    await hold(ada, key, false);

    // Ada shoots at Bob until the server has confirmed a hit.
    await mouse(ada, "mousePressed", await ada.evaluate(TOWARDS_OTHER));
    const endMs = performance.now() + TIMEOUT_MS;
    while (await ada.evaluate<number>(CONFIRMED) === 0) {
      if (performance.now() > endMs) throw new Error("No hit is confirmed");
      // A page that is slow still draws where they were.
      await mouse(ada, "mouseMoved", await ada.evaluate(TOWARDS_OTHER));
    }
    await mouse(ada, "mouseReleased", await ada.evaluate(TOWARDS_OTHER));
    const { claimed, confirmed, shots } = await ada.evaluate<
      Record<"claimed" | "confirmed" | "shots", number>
    >("arena.match.counts");
    assert(shots >= claimed && claimed >= confirmed && confirmed > 0);
    await bob.until<number>(
      `arena.match.client.sync.get(arena.match.client.id, "player").health`,
      (health) => health < 100,
    );

    // A slower line is told as such.
    await ada.evaluate(`(() => {
      const slider = document.getElementById("latency");
      slider.value = 200;
      slider.dispatchEvent(new Event("input"));
    })()`);
    await ada.until<string>(
      `document.getElementById("rtt").textContent`,
      (text) => parseInt(text) > 190,
    );

    // A tab that is closed takes its player with it.
    await bob.open("about:blank");
    await ada.until<string>(SCORES, (names) => names === "Ada");
    assertEquals([ada.problems, bob.problems], [[], []]);

    await first.kill();
    await ada.until<string>(STATE, (state) => state === "reconnecting");
    await using _second = await start(new URL(url).port);
    await ada.until<string>(STATE, (state) => state === "playing");
    await bob.open(`${url}?name=Bob`);
    await bob.until(`arena.match?.client.seen().size === 1`);
    const after = await bob.evaluate<number>(OTHER_X);
    const back = after > 0 ? "KeyA" : "KeyD";
    await hold(ada, back, true);
    await bob.until<number>(OTHER_X, (x) => Math.abs(x - after) > 5);
  },
});

/** A server in this process, moved on by hand with its clients. */
class World implements AsyncDisposable {
  readonly host = new ArenaHost(0);
  readonly #server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    (request, info) => this.host.handler(request, info),
  );
  readonly #players: Player[] = [];

  join(name: string): Player {
    const player = new Player(this.#server.addr.port, name);
    this.#players.push(player);
    return player;
  }

  async until(isTrue: () => boolean): Promise<void> {
    const endMs = performance.now() + TIMEOUT_MS;
    while (!isTrue()) {
      if (performance.now() > endMs) throw new Error("It takes too long");
      this.host.tick(1 / 60);
      for (const player of this.#players) player.frame(1 / 60);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.#players) socket.close();
    this.host.close();
    await this.#server.shutdown();
  }
}

/** Somebody who stands. */
class Player {
  readonly socket: WsClient;
  readonly client: ArenaClient;
  readonly events: WsEvent[] = [];

  constructor(port: number, name: string) {
    const url = `ws://127.0.0.1:${port}/arena?name=${name}`;
    this.socket = new WsClient({ url, mux: true, firstRetryMaxMs: 1 });
    const link = this.socket.link(WORLD_LINK);
    const aim = { x: 0, y: 0, z: 1 };
    this.client = new ArenaClient(link, new SystemClock(), {
      decide: () => ({ x: 0, z: 0, rotation: 0, fire: false, aim }),
    });
    this.socket.connect();
  }

  frame(dt: number): void {
    this.socket.tick(dt);
    this.events.push(...this.socket.drainEvents());
    this.client.frame(dt);
    this.socket.flush();
  }
}

Deno.test("ArenaHost keeps the place of who is cut off, and frees that of who leaves", async () => {
  await using world = new World();
  const { host } = world;
  const player = world.join("Ada");
  const { socket, client } = player;
  await world.until(() => client.where() !== undefined);
  const { id, decoded } = client;
  socket.disconnect();
  await world.until(() =>
    player.events.filter(({ type }) => type === "connected").length === 2
  );
  await world.until(() => client.decoded > decoded + 5);
  assertEquals([client.id, client.desyncs, host.playerCount], [id, 0, 1]);
  socket.close();
  await world.until(() => host.playerCount === 0);
});

Deno.test("ArenaHost lets in no more than there is room for, and says so", async () => {
  await using world = new World();
  const players = Array.from({ length: 16 }, (_, i) => world.join(`p${i}`));
  await world.until(() =>
    players.every(({ client }) => client.where() !== undefined)
  );
  const late = world.join("late");
  await world.until(() => late.socket.state === WsState.Closed);
  const last = late.events.at(-1);
  assert(last?.type === "disconnected");
  assertEquals(last.reason, "The arena is full");
  assertEquals(world.host.playerCount, 16);
});

Deno.test("ArenaHost.handler() serves the page and its modules, and nothing else", async () => {
  const host = new ArenaHost();
  assertEquals(host.playerCount, 3);
  const get = async (path: string): Promise<Response> =>
    await host.handler(new Request(`http://127.0.0.1${path}`));
  const page = await (await get("/")).text();
  assert(page.includes(`src="/examples/sync_arena/page.ts"`));
  const module = await get("/sync/mod.ts");
  assertEquals(
    module.headers.get("content-type"),
    "text/javascript; charset=utf-8",
  );
  assertEquals((await module.text()).includes("export type"), false);
  for (
    const path of [
      "/deno.json",
      "/tools/run.ts",
      "/sync/nothing.ts",
      "/sync/../deno.json",
      "/examples/chat_server.ts",
      "/sync/..%2ftools/run.ts",
      "/sync//etc/passwd",
    ]
  ) {
    const response = await get(path);
    assertEquals(response.status, 404, path);
    await response.body?.cancel();
  }
  assertEquals((await get("/arena")).status, 426);
});
