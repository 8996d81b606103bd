// Nothing but a WebSocket and JSON that somebody types, against a hub on a real server: what `docs/websocket.md` shows.
import { assert, assertEquals } from "@std/assert";
import { playerId } from "../core/mod.ts";
import { WsHub, type WsHubEvent } from "./mod.ts";
import { upgradeWebSocket } from "./deno.ts";

const DEADLINE_MS = 120_000;

// deno-lint-ignore no-explicit-any
type Shown = Record<string, any>;

/** A hub on a server of its own. */
class World {
  readonly hub = new WsHub({
    upgrade: upgradeWebSocket,
    authenticate: (request) => {
      const name = new URL(request.url).searchParams.get("name");
      return name ? { playerId: playerId(name) } : undefined;
    },
    channel: () => ({ isRelayed: true, historyMessages: 10 }),
    allowText: true,
  });
  readonly events: WsHubEvent[] = [];
  readonly #server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    this.hub.handler,
  );
  readonly #endMs = performance.now() + DEADLINE_MS;
  readonly #sockets: WebSocket[] = [];
  #lastMs = performance.now();

  connect(name: string): Typist {
    const { port } = this.#server.addr as Deno.NetAddr;
    const socket = new WebSocket(`ws://127.0.0.1:${port}/?name=${name}`);
    this.#sockets.push(socket);
    return new Typist(socket);
  }

  async until(isThere: () => boolean): Promise<void> {
    while (!isThere()) {
      await new Promise((resolve) => setTimeout(resolve));
      const nowMs = performance.now();
      if (nowMs > this.#endMs) throw new Error("It takes too long");
      this.hub.tick((nowMs - this.#lastMs) / 1_000);
      this.events.push(...this.hub.drainEvents());
      this.#lastMs = nowMs;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.close();
    await this.until(() =>
      this.#sockets.every(({ readyState }) => readyState === 3)
    );
    this.hub.close();
    await this.#server.shutdown();
  }
}

/** Somebody with a tool that shows what comes, and sends what is typed. */
class Typist {
  readonly records: Shown[] = [];
  readonly socket: WebSocket;
  closed: CloseEvent | undefined;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.addEventListener("message", ({ data }) => {
      assertEquals(typeof data, "string");
      this.records.push(...JSON.parse(data));
    });
    socket.addEventListener("close", (event) => {
      this.closed = event;
    });
  }

  get isOpen(): boolean {
    return this.socket.readyState === 1;
  }

  type(...lines: string[]): void {
    for (const line of lines) this.socket.send(line);
  }

  get texts(): string[] {
    return this.records.flatMap(({ type, text }) =>
      type === "data" ? [text] : []
    );
  }
}

Deno.test("WsHub can be talked to by hand: hello, subscribe, publish, resume", async () => {
  await using world = new World();
  const ada = world.connect("ada");
  await world.until(() => ada.isOpen);
  ada.type('[{"type":"hello"}]');
  await world.until(() => ada.records.length > 0);
  const { type, session } = ada.records[0]!;
  assertEquals(type, "welcome");
  ada.type(
    '[{"type":"control","message":{"type":"subscribe","request":1,"channel":"chat","history":10,"withPresence":true}}]',
    '[{"type":"open","channel":1,"name":"chat"}]',
    '[{"type":"data","channel":1,"text":"hello from a terminal"}]',
  );
  await world.until(() => ada.texts.length > 0);
  assertEquals(ada.texts, ["hello from a terminal"]);
  const messages = ada.records.flatMap(({ message }) => message ?? []);
  assertEquals(messages, [
    { type: "subscribed", request: 1, history: 0, omitted: 0 },
    {
      type: "presence",
      channel: "chat",
      change: "all",
      members: [{ playerId: "ada", displayName: "" }],
    },
  ]);

  ada.socket.close();
  await world.until(() => ada.closed !== undefined);
  await world.until(() =>
    world.events.some(({ type }) => type === "clientDisconnected")
  );
  world.hub.publish("chat", "while you were away");
  const again = world.connect("ada");
  await world.until(() => again.isOpen);
  // Two control messages and one of data have come.
  again.type(`[{"type":"hello","session":"${session}","received":3}]`);
  await world.until(() => again.texts.length > 0);
  assertEquals(again.records[0]!.isResumed, true);
  assertEquals(again.texts, ["while you were away"]);
  again.type('[{"type":"ack","received":4},{"type":"bye","code":1000}]');
  await world.until(() => again.closed !== undefined);
  assertEquals(again.closed!.code, 1000);
  assertEquals(world.hub.clientCount, 0);
});

Deno.test("WsHub says in the close reason what was typed wrong", async () => {
  await using world = new World();
  const ada = world.connect("ada");
  await world.until(() => ada.isOpen);
  ada.type('[{"type":"hello"}]', '[{"type":"open","chanel":1}]');
  // Nothing may come before the welcome.
  await world.until(() => ada.closed !== undefined);
  assert(ada.closed!.code === 4002);
  const bob = world.connect("bob");
  await world.until(() => bob.isOpen);
  bob.type('[{"type":"hello"}]');
  await world.until(() => bob.records.length > 0);
  bob.type('[{"type":"open","chanel":1,"name":"chat"}]');
  await world.until(() => bob.closed !== undefined);
  assertEquals([bob.closed!.code, bob.closed!.reason], [
    4002,
    'record 1: open: unknown property "chanel"',
  ]);
});
