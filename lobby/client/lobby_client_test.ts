import { assert, assertEquals, assertThrows } from "@std/assert";
import { ManualClock, playerId, SeededRandom } from "../../core/mod.ts";
import { WsHub, type WsHubEvent } from "../../websocket/mod.ts";
import {
  carry,
  MemorySocket,
  type MemoryWire,
} from "../_testing/memory_socket.ts";
import { lobbyId } from "../lobby_id.ts";
import { LobbyManager } from "../manager/lobby_manager.ts";
import { LobbyClient } from "./lobby_client.ts";
import type { LobbyClientEvent } from "./lobby_client_event.ts";
import type { LobbyClientOptions } from "./lobby_client_options.ts";

type Message = WsHubEvent & { type: "message" };

/** A client, and a server that says what a test wants. */
class Rig {
  readonly clock = new ManualClock();
  readonly client: LobbyClient;
  readonly events: LobbyClientEvent[] = [];
  readonly messages: Message[] = [];
  readonly manager = new LobbyManager();
  /** Where the client has gone. */
  readonly urls: string[] = [];
  /** A host that does not answer. */
  deadHost = "";
  hub: WsHub = this.#newHub();
  #wire: MemoryWire | undefined;
  #upgraded: MemorySocket | undefined;
  #asking: MemorySocket | undefined;

  constructor(options: Partial<LobbyClientOptions> = {}) {
    this.client = new LobbyClient({
      url: "ws://lobby.test/ada",
      clock: this.clock,
      random: new SeededRandom(1),
      firstRetryMaxMs: 50,
      webSocket: (url) => {
        this.urls.push(url);
        return this.#asking = new MemorySocket();
      },
      ...options,
    });
    this.client.connect();
  }

  #newHub(): WsHub {
    return new WsHub({
      clock: this.clock,
      upgrade: () => {
        this.#upgraded = new MemorySocket();
        this.#upgraded.readyState = 1;
        return { socket: this.#upgraded, response: new Response(null) };
      },
      authenticate: () => ({ playerId: playerId("ada") }),
    });
  }

  /** The server is another one, which knows nobody. */
  restart(): void {
    this.hub = this.#newHub();
    this.#wire?.client.end(1006);
    this.#wire = undefined;
  }

  async run(ticks = 10): Promise<void> {
    for (let i = 0; i < ticks; i++) {
      this.clock.advance(50);
      this.client.tick(0.05);
      if (this.#asking !== undefined) {
        const client = this.#asking;
        this.#asking = undefined;
        if (new URL(this.urls.at(-1)!).hostname === this.deadHost) {
          client.end(1006);
          continue;
        }
        await this.hub.handler(
          new Request("http://lobby.test/ada", {
            headers: { upgrade: "websocket" },
          }),
        );
        this.#wire = { client, server: this.#upgraded! };
        client.open();
      }
      if (this.#wire !== undefined) carry(this.#wire);
      this.hub.tick(0.05);
      for (const event of this.hub.drainEvents()) {
        if (event.type === "message") this.messages.push(event);
      }
      if (this.#wire !== undefined) carry(this.#wire);
      this.events.push(...this.client.drainEvents());
    }
  }

  /** What was asked last. */
  get asked(): Record<string, unknown> {
    return JSON.parse(new TextDecoder().decode(this.messages.at(-1)!.bytes));
  }

  answer(value: object): void {
    const { client, request } = this.messages.at(-1)!;
    this.hub.reply(client, "lobby", request!, JSON.stringify(value));
  }

  push(value: object | string): void {
    const { client } = this.messages.at(-1)!;
    const text = typeof value === "string" ? value : JSON.stringify(value);
    this.hub.sendTo(client, "lobby", text);
  }

  hello(lobby: string | null = null): void {
    this.answer({ ok: true, value: { protocol: 1, player: "ada", lobby } });
  }
}

async function makeRig(
  options: Partial<LobbyClientOptions> = {},
): Promise<Rig> {
  const rig = new Rig(options);
  await rig.run();
  return rig;
}

Deno.test("LobbyClient greets the server, and asks again for as long as that comes to nothing", async () => {
  const rig = await makeRig({ requestTimeoutMs: 1_000 });
  assertEquals(rig.asked, { do: "hello", protocol: 1 });
  assertEquals(rig.client.isSynced, false);
  await rig.run(20);
  assertEquals(rig.messages.length, 1);
  await rig.run(20);
  assertEquals(rig.messages.length, 2);
  rig.answer({ ok: true, value: { protocol: 1, player: "ada" } });
  await rig.run(30);
  assertEquals(rig.client.unreadableMessages, 1);
  assertEquals(rig.messages.length, 3);
  rig.hello();
  await rig.run();
  assertEquals(rig.client.isSynced, true);
  assertEquals(rig.client.player, playerId("ada"));
  assertEquals(
    rig.events.filter(({ type }) => type === "synced"),
    [{ type: "synced", player: playerId("ada"), lobby: undefined }],
  );
});

Deno.test("LobbyClient greets before all that its game asks, however late the server is there", async () => {
  for (const isLate of [false, true]) {
    const rig = new Rig({ requestTimeoutMs: 1_000 });
    if (isLate) {
      rig.deadHost = "lobby.test";
      await rig.run(60);
      rig.deadHost = "";
      for (let i = 0; i < 100 && rig.messages.length === 0; i++) {
        await rig.run();
      }
    }
    rig.client.create();
    await rig.run();
    const asked = rig.messages.map(({ bytes }) =>
      JSON.parse(new TextDecoder().decode(bytes)).do
    );
    // A greeting that was given up goes out all the same.
    const greetings = isLate ? ["hello", "hello"] : ["hello"];
    assertEquals(asked, [...greetings, "create"]);
  }
});

Deno.test("LobbyClient ends each request with one event, whatever the server says", async () => {
  const rig = await makeRig({ requestTimeoutMs: 1_000 });
  rig.hello();
  await rig.run();
  const outcomes: unknown[] = [];
  for (
    const answer of [
      { ok: true, value: { lobby: "a" } },
      { ok: false, error: { type: "banned", message: "no" } },
      { ok: true, value: { lobby: 7 } },
      "no JSON",
      undefined,
    ]
  ) {
    const request = rig.client.create();
    await rig.run(2);
    if (typeof answer === "string") {
      const { client, request } = rig.messages.at(-1)!;
      rig.hub.reply(client, "lobby", request!, answer);
    } else if (answer !== undefined) rig.answer(answer);
    await rig.run(30);
    const ends = rig.events.filter((event) =>
      "request" in event && event.request === request
    );
    assertEquals(ends.length, 1);
    const [end] = ends;
    outcomes.push(
      end!.type === "failed" ? `failed: ${end.reason}` : end!.type,
    );
  }
  assertEquals(outcomes, [
    "done",
    "refused",
    "failed: unreadable",
    "failed: unreadable",
    "failed: timeout",
  ]);
  const last = rig.client.leave();
  rig.client.close();
  assertEquals(
    [...rig.client.drainEvents()].filter(({ type }) => type === "failed"),
    [
      { type: "failed", request: last!, do: "leave", reason: "closed" },
    ],
  );
  assertEquals(rig.client.leave(), undefined);
});

Deno.test("LobbyClient folds events, and asks for the whole where one is missing or makes no sense", async () => {
  const rig = await makeRig();
  const { manager } = rig;
  const made = manager.createLobby(playerId("ada"));
  assert(made.isOk);
  const { id } = made.value;
  const events = manager.drainEvents();
  for (const _ of events);
  rig.push({ push: "view", view: made.value });
  rig.hello(id);
  await rig.run();
  assertEquals(rig.client.lobby, made.value);
  for (let i = 0; i < 3; i++) {
    manager.setMetadata(playerId("ada"), { i });
  }
  const [first, second, third] = manager.drainEvents();
  rig.push({ push: "event", event: first });
  // What is known already is passed over.
  rig.push({ push: "event", event: first });
  await rig.run(2);
  assertEquals(rig.client.lobby?.metadata, { i: 0 });
  assert(rig.client.isSynced);
  const asked = rig.messages.length;
  rig.push({ push: "event", event: third });
  rig.push({ push: "event", event: third });
  await rig.run(3);
  assert(!rig.client.isSynced);
  assertEquals(rig.messages.length, asked + 1);
  assertEquals(rig.asked, {
    do: "hello",
    protocol: 1,
    lobby: id,
    version: 2,
    chat: 0,
  });
  rig.push({ push: "view", view: manager.lobby(id)! });
  rig.hello(id);
  await rig.run(3);
  assert(rig.client.isSynced);
  assertEquals(rig.client.lobby?.metadata, { i: 2 });
  assertEquals(rig.events.filter(({ type }) => type === "replaced").length, 1);
  // One that was late is known by now.
  rig.push({ push: "event", event: second });
  // Somebody who is not there, and nonsense.
  rig.push({
    push: "event",
    event: {
      ...third,
      version: 5,
      type: "readyChanged",
      player: "nobody",
      isReady: true,
    },
  });
  rig.push("nonsense");
  rig.push('{"push":"event","event":{"type":"unheard of","version":6}}');
  await rig.run(3);
  assertEquals(rig.client.unreadableMessages, 2);
  assertEquals(rig.client.lobby?.players.map(({ id }) => id), ["ada"] as never);
});

Deno.test("LobbyClient asks for the whole where its lobby is said to be made again", async () => {
  const rig = await makeRig();
  const made = rig.manager.createLobby(playerId("ada"));
  assert(made.isOk);
  const { id, version } = made.value;
  rig.push({ push: "view", view: made.value });
  rig.hello(id);
  await rig.run();
  const [event] = rig.manager.drainEvents();
  rig.push({ push: "event", event: { ...event, version: version + 1 } });
  await rig.run(3);
  assertEquals(rig.asked, {
    do: "hello",
    protocol: 1,
    lobby: id,
    version,
    chat: 0,
  });
  assertEquals(rig.client.lobby, made.value);
});

Deno.test("LobbyClient does not believe a lobby that it was not shown", async () => {
  const rig = await makeRig();
  rig.hello("lobby");
  await rig.run(5);
  assert(!rig.client.isSynced);
  await rig.run(10);
  assertEquals(rig.messages.length, 2);
  rig.hello();
  await rig.run();
  assert(rig.client.isSynced);
});

Deno.test("LobbyClient greets a server that has forgotten it, and asks for its list again", async () => {
  const rig = await makeRig();
  rig.hello();
  rig.client.browse({ mode: "race" });
  await rig.run();
  assertEquals(rig.asked, { do: "browse", filter: { mode: "race" } });
  rig.answer({ ok: true, value: { key: "1" } });
  await rig.run();
  const chat = rig.client.chat("hello");
  await rig.run(2);
  rig.restart();
  await rig.run(20);
  assertEquals(rig.asked, { do: "hello", protocol: 1 });
  assertEquals(
    rig.events.filter((event) =>
      event.type === "failed" && event.request === chat
    ).length,
    1,
  );
  rig.hello();
  await rig.run();
  assertEquals(rig.asked, { do: "browse", filter: { mode: "race" } });
  assertEquals(rig.events.filter(({ type }) => type === "synced").length, 2);
});

Deno.test("LobbyClient asks for its list until it has it, as soon as the server says", async () => {
  const rig = await makeRig();
  rig.hello();
  rig.client.browse({ mode: "race" });
  await rig.run();
  rig.answer({ ok: true, value: { key: "1" } });
  await rig.run();
  rig.restart();
  await rig.run(20);
  rig.hello();
  await rig.run();
  const browses = (): number =>
    rig.messages.filter(({ bytes }) =>
      new TextDecoder().decode(bytes).includes('"browse"')
    ).length;
  assertEquals(browses(), 2);
  const refusal = {
    ok: false,
    error: { type: "rateLimited", retryAfterMs: 1_000, message: "later" },
  };
  rig.answer(refusal);
  await rig.run(18);
  assertEquals(browses(), 2);
  await rig.run(6);
  assertEquals(browses(), 3);
  assertEquals(rig.asked, { do: "browse", filter: { mode: "race" } });
  // What a server says in bad faith is no reason to ask without end.
  rig.answer({ ok: false, error: { ...refusal.error, retryAfterMs: 0 } });
  await rig.run(2);
  assertEquals(browses(), 3);
  await rig.run(30);
  assertEquals(browses(), 4);
  // No answer is no list, too.
  await rig.run(20 * 50);
  assertEquals(browses(), 5);
  rig.answer(refusal);
  await rig.run(2);
  // The game's own wish is the one that counts.
  rig.client.browse({ mode: "duel" });
  await rig.run(60);
  assertEquals(browses(), 6);
  rig.answer({ ok: true, value: { key: "2" } });
  await rig.run(60);
  assertEquals(browses(), 6);
  // The client asks for itself: the game is told of none of it.
  assertEquals(rig.events.filter(({ type }) => type === "refused"), []);
});

Deno.test("LobbyClient asks for no list that is not wanted any more", async () => {
  const rig = await makeRig();
  rig.hello();
  rig.client.browse();
  await rig.run();
  rig.answer({ ok: true, value: { key: "1" } });
  await rig.run();
  rig.restart();
  await rig.run(20);
  rig.hello();
  await rig.run();
  rig.answer({
    ok: false,
    error: { type: "rateLimited", retryAfterMs: 1_000, message: "later" },
  });
  await rig.run(2);
  rig.client.unbrowse();
  await rig.run(60);
  assertEquals(rig.asked, { do: "unbrowse" });
});

Deno.test("LobbyClient takes no more than its game drains", async () => {
  const rig = await makeRig({ maxUndrainedEvents: 64 });
  rig.hello();
  await rig.run();
  for (let i = 0; i < 200; i++) {
    rig.push({ push: "ticketEnded", reason: "expired" });
  }
  const { events } = rig;
  const before = events.length;
  rig.client.tick(0.05);
  for (let i = 0; i < 5; i++) {
    rig.hub.tick(0.05);
    rig.client.tick(0.05);
  }
  await rig.run(40);
  assertEquals(events.length - before, 200);
  const requests = Array.from({ length: 100 }, () => rig.client.leave());
  const taken = requests.filter((request) => request !== undefined).length;
  assert(taken >= 60 && taken <= 64, `${taken}`);
});

Deno.test("LobbyClient refuses options that are none", () => {
  const url = "ws://lobby.test";
  assertThrows(() => new LobbyClient({ url, requestTimeoutMs: 0 }), RangeError);
  assertThrows(
    () => new LobbyClient({ url, maxUndrainedEvents: 63 }),
    RangeError,
  );
  assertThrows(() => new LobbyClient({ url, maxListings: 0 }), RangeError);
  assertThrows(() => new LobbyClient({ url: "nowhere" }), TypeError);
});

/** What every request of a kind is answered with, until there are no more. */
async function answerAll(
  rig: Rig,
  answer: (request: Record<string, unknown>) => object,
  rounds = 30,
): Promise<void> {
  for (let i = 0; i < rounds; i++) {
    for (const { client, request, bytes } of rig.messages.splice(0)) {
      const asked = JSON.parse(new TextDecoder().decode(bytes));
      rig.hub.reply(client, "lobby", request!, JSON.stringify(answer(asked)));
    }
    await rig.run(1);
  }
}

function elsewhere(url: string): object {
  return { ok: false, error: { type: "elsewhere", url, message: "there" } };
}

const HELLO = { ok: true, value: { protocol: 1, player: "ada", lobby: null } };

Deno.test("LobbyClient goes where it is sent, and asks there what was not done", async () => {
  const rig = await makeRig({ url: "ws://one.test/game?token=t" });
  const ready = rig.client.setReady(true);
  const join = rig.client.join(lobbyId("x"));
  const leave = rig.client.leave();
  await rig.run(2);
  await answerAll(rig, (asked) => {
    if (rig.urls.length > 1) {
      return asked.do === "hello" ? HELLO : { ok: true, value: { lobby: "x" } };
    }
    if (asked.do === "hello") return HELLO;
    return asked.do === "ready"
      ? { ok: true, value: {} }
      : elsewhere("ws://two.test");
  });
  assertEquals(rig.urls, [
    "ws://one.test/game?token=t",
    "ws://two.test/game?token=t",
  ]);
  const done: unknown[] = rig.events.flatMap((event) =>
    event.type === "done" ? [event.request] : []
  );
  assertEquals(done, [ready, join, leave]);
  assert(rig.client.isSynced);
  // A push says it too.
  rig.messages.length = 0;
  rig.client.setReady(false);
  await rig.run(2);
  rig.push({ push: "moved", url: "ws://three.test/other?x=1" });
  await rig.run(5);
  assertEquals(rig.urls.slice(2), ["ws://three.test/other?x=1"]);
  await answerAll(
    rig,
    ({ do: name }) => name === "hello" ? HELLO : { ok: true, value: {} },
  );
  assertEquals(rig.events.filter(({ type }) => type === "done").length, 4);
  assertEquals(rig.client.unreadableMessages, 0);
  // On the way from one to the next the connection is not gone for good, as it is after `close`.
  rig.client.close();
  await rig.run(1);
  const ends = rig.events.flatMap((event) =>
    event.type === "socket" && event.event.type === "disconnected"
      ? [event.event.willReconnect]
      : []
  );
  assertEquals(ends, [true, true, false]);
});

Deno.test("LobbyClient is not sent on for ever, nor anywhere", async () => {
  // To and fro.
  const rig = await makeRig();
  const request = rig.client.join(lobbyId("x"));
  await rig.run(2);
  await answerAll(
    rig,
    ({ do: name }) =>
      name === "hello"
        ? HELLO
        : elsewhere(`ws://${rig.urls.length % 2 === 0 ? "a" : "b"}.test`),
    120,
  );
  const refused = rig.events.find((event) => event.type === "refused");
  assert(refused?.type === "refused" && refused.request === request);
  assertEquals(refused.error.type, "elsewhere");
  assertEquals(rig.urls.length, 5);
  // Where the game, or good sense, does not let it.
  for (
    const [options, url] of [
      [{ redirect: () => undefined }, "ws://two.test"],
      [{ url: "wss://one.test/ada" }, "ws://two.test"],
      [{}, "ftp://two.test"],
      [{}, "nowhere"],
    ] as const
  ) {
    const rig = await makeRig(options);
    rig.client.leave();
    await rig.run(2);
    await answerAll(
      rig,
      ({ do: name }) => name === "hello" ? HELLO : elsewhere(url),
    );
    assertEquals(rig.urls.length, 1, url);
    assertEquals(rig.events.filter(({ type }) => type === "refused").length, 1);
  }
  // A greeting is tried again, ever later.
  const greeter = await makeRig();
  await answerAll(
    greeter,
    () => elsewhere(`ws://${greeter.urls.length % 2}.test`),
    400,
  );
  const { length } = greeter.urls;
  assert(length >= 5 && length <= 40, `${length} connections in 20 s`);
  // Nor does one go wherever a lobby is said to be, all the time.
  const moved = await makeRig();
  for (let i = 0; i < 100; i++) {
    if (moved.asked.do === "hello") moved.hello();
    moved.push({ push: "moved", url: `ws://${i % 2}.test` });
    await moved.run(4);
  }
  const { length: moves } = moved.urls;
  assert(moves >= 10 && moves <= 22, `${moves} connections in 20 s`);
});

Deno.test("LobbyClient goes back to where it came from if nobody is where it was sent", async () => {
  const rig = await makeRig();
  rig.deadHost = "dead.test";
  const request = rig.client.join(lobbyId("x"));
  await rig.run(2);
  let answers = 0;
  await answerAll(rig, ({ do: name }) => {
    if (name === "hello") return HELLO;
    // It is noticed after a while.
    return ++answers < 8 ? elsewhere("ws://dead.test") : {
      ok: true,
      value: { lobby: "x" },
    };
  }, 300);
  const done = rig.events.find((event) => event.type === "done");
  assert(done?.type === "done" && done.request === request);
  assert(rig.urls.length > 8 && rig.urls.at(-1) === "ws://lobby.test/ada");
  assertEquals(rig.events.filter(({ type }) => type === "refused"), []);
});

Deno.test("LobbyClient leaves one lobby before it is in another", async () => {
  const rig = await makeRig();
  const [first, second] = ["ada", "bob"].map((name) => {
    const made = rig.manager.createLobby(playerId(name));
    assert(made.isOk);
    return made.value;
  });
  rig.push({ push: "view", view: first });
  rig.push({ push: "view", view: second });
  rig.push({ push: "sync", lobby: first });
  rig.push({ push: "sync", lobby: null });
  await rig.run(2);
  assertEquals(
    rig.events.flatMap((event) =>
      event.type === "entered"
        ? [`entered ${event.lobby.host}`]
        : event.type === "left"
        ? [event.reason]
        : []
    ),
    [
      "entered ada",
      "unknown",
      "entered bob",
      "unknown",
      "entered ada",
      "unknown",
    ],
  );
});

Deno.test("LobbyClient tells no message twice, and none of another lobby", async () => {
  const rig = await makeRig();
  const made = rig.manager.createLobby(playerId("ada"));
  assert(made.isOk);
  const { id } = made.value;
  rig.push({ push: "view", view: made.value });
  const say = (number: number, lobby: string = id): void => {
    const message = { lobby, number, player: "bob", text: "hi", isTeam: false };
    rig.push({ push: "chat", message });
  };
  for (const number of [3, 4, 3, 4, 5]) say(number);
  say(6, "another");
  rig.push({ push: "chatMissed", lobby: id, from: 6, to: 8 });
  rig.push({ push: "chatMissed", lobby: id, from: 6, to: 8 });
  for (const number of [8, 9]) say(number);
  await rig.run(2);
  assertEquals(
    rig.events.flatMap((event) =>
      event.type === "chat"
        ? [event.message.number]
        : event.type === "chatMissed"
        ? [-event.from, -event.to]
        : []
    ),
    [3, 4, 5, -6, -8, 9],
  );
  assertEquals(rig.client.unreadableMessages, 0);
});
