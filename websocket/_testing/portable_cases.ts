// This module is browser compatible.

import type {
  WsClient,
  WsClientOptions,
  WsDataMessage,
  WsEvent,
} from "../mod.ts";

/** The module under test, as the runtime has loaded it. */
export type Tickwire = typeof import("../mod.ts");

/** What the world of a case tells of itself. */
export interface WorldStats {
  /** Where it is, without a path and a slash at the end. */
  readonly url: string;
  /** A port at which nobody listens. */
  readonly refusedPort: number;
  /** The connections that its proxy has accepted, with the refused ones. */
  readonly connections: number;
  /** Those that are open now. */
  readonly open: number;
  /** The plain sockets that it has upgraded. */
  readonly upgraded: number;
  /** The clients that its hub knows. */
  readonly clients: number;
  /** The messages that its hubs have published: numbers, from 1 on. */
  readonly published: number;
  /** What its hubs have received: the channel, and the message up to its first space. */
  readonly received: readonly string[];
}

/** The world of one case: a server with a hub and plain sockets, behind a proxy. */
export interface PortableEnv {
  /** Where it is, without a path and a slash at the end. */
  readonly url: string;
  /**
   * Commands it: `stats`, `cut <how>`, `refuse <how>` or `refuse none`, `pause`, `resume`,
   * `publish <count> <channel>`, `restart` (a hub that knows nobody takes the place of one
   * that crashed) and `shutdown <spreadMs>` (of one that says good-bye), where how is `rst`,
   * `fin` or `blackHole`.
   */
  control(command: string): Promise<WorldStats>;
}

/** One thing that the client does in every runtime. */
export interface PortableCase {
  /** Symbol, then behaviour. */
  readonly name: string;
  /** Throws where it does otherwise. */
  run(tickwire: Tickwire, env: PortableEnv): Promise<void>;
}

const DEADLINE_MS = 120_000;
/** The hub's, which holds for the client too. */
const KEEPALIVE_MS = 800;
/** A frame takes no more, however long the machine stands still: what it held up is not late for the client. */
const MAX_FRAME_MS = 50;
/** What a timer and the way through the proxy may add to a time. */
const LATE_MS = 100;
/** Times that a test waits for before it believes that nothing comes. */
const QUIET_MS = 200;

/** What the client does in every runtime. */
export const PORTABLE_CASES: readonly PortableCase[] = [
  {
    name: "WsClient gets its texts and bytes back in plain mode",
    run: onStage(async (stage) => {
      const player = stage.join("/echo");
      const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
      const large = Uint8Array.from({ length: 300_000 }, (_, i) => i * 7);
      const sent: (string | Uint8Array)[] = [
        "hällo 🎲",
        bytes,
        "",
        new Uint8Array(0),
        large,
        "x".repeat(100_000),
        // A part of a larger buffer.
        bytes.subarray(10, 20),
      ];
      for (const message of sent) {
        assert(player.client.send(message), "send() does not accept it");
      }
      await stage.until(
        "all came back",
        () => player.all("message").length === sent.length,
      );
      assertEquals(
        player.all("message").map(({ message }) => contentOf(message)),
        sent.map((message) =>
          typeof message === "string" ? message : [...message]
        ),
      );
      assertEquals(player.client.bytesReceived, player.client.bytesSent);
      player.client.send("once more");
      await stage.until(
        "the frame goes on",
        () => player.texts.includes("once more"),
      );
    }),
  },
  {
    name: "WsClient takes a flood of messages in order",
    run: onStage(async (stage) => {
      const COUNT = 5_000;
      const player = stage.join("/echo", { maxQueueSize: COUNT });
      for (let i = 0; i < COUNT; i++) {
        assert(player.client.send(`${i}`), `${i} is not accepted`);
      }
      await stage.until(
        "all came back",
        () => player.all("message").length === COUNT,
      );
      assertEquals(
        player.texts,
        Array.from({ length: COUNT }, (_, i) => `${i}`),
      );
    }),
  },
  {
    name: "WsClient reports a refused port once, and tries again",
    run: onStage(async (stage) => {
      const { refusedPort } = await stage.env.control("stats");
      const url = `ws://127.0.0.1:${refusedPort}/`;
      const player = stage.join("", { url });
      await stage.until(
        "it failed",
        () => player.all("disconnected").length > 0,
      );
      // No time goes by, so that the next attempt does not begin.
      await stage.quiet(0);
      assertFailedOnce(player);
      await stage.until(
        "it failed again",
        () => player.all("disconnected").length > 1,
      );
      assertEquals(player.all("connected"), []);
    }),
  },
  {
    name:
      "WsClient reports an upgrade that is answered with 401 as one that failed",
    run: onStage(async (stage) => {
      const player = stage.join("/hub", { mux: true });
      await stage.until(
        "it failed",
        () => player.all("disconnected").length > 0,
      );
      await stage.quiet(0);
      assertFailedOnce(player);
    }),
  },
  {
    name: "WsClient gives up an upgrade that is never answered",
    run: onStage(async (stage) => {
      await stage.env.control("refuse blackHole");
      const player = stage.join("/echo", { connectTimeoutMs: 400 });
      await stage.until(
        "it failed",
        () => player.all("disconnected").length > 0,
      );
      await stage.quiet(0);
      assertEquals(player.all("error").map(({ reason }) => reason), [
        "connectTimeout",
      ]);
      assertEquals(endsOf(player), [[1006, true]]);
      await stage.env.control("refuse none");
      await stage.until("it is there", () => player.client.isConnected);
      await stage.echo(player);
    }),
  },
  {
    name: "WsClient reports the close codes of a server",
    run: onStage(async (stage) => {
      const codes = [0, 1000, 1001, 1011, 1012, 3001, 4567, 4999];
      for (const code of codes) {
        const reason = code === 0 ? "" : `because of ${code}`;
        const player = stage.join(
          `/close?code=${code}&reason=${encodeURIComponent(reason)}`,
          { autoReconnect: false },
        );
        await stage.until(
          `${code} came`,
          () => player.all("disconnected").length > 0,
        );
        await stage.during(20);
        assertEquals(
          player.events.map((event) =>
            event.type === "disconnected"
              ? [event.code, event.reason]
              : event.type
          ),
          ["connected", [code === 0 ? 1005 : code, reason]],
        );
      }
      const player = stage.join("/close?code=4001&reason=who");
      await stage.until(
        "the terminal code came",
        () => player.client.state === "closed",
      );
      assertEquals(endsOf(player), [[4001, false]]);
    }),
  },
  {
    name: "WsClient takes an unanswered offer of subprotocols for a refusal",
    run: onStage(async (stage) => {
      const player = stage.join("/echo", { protocols: ["a", "b"] });
      await stage.until(
        "it failed",
        () => player.all("disconnected").length > 0,
      );
      await stage.quiet(0);
      assertEquals(player.all("connected"), []);
      assertEquals(endsOf(player), [[1006, true]]);
      const [error, ...others] = player.all("error");
      // Runtimes that fail by themselves do not say of what.
      assert(
        error?.reason === "protocolRefused" ||
          error?.reason === "connectFailed",
        `error ${error?.reason}`,
      );
      assertEquals(others, []);
      const accepted = stage.join("/echo?protocol=b", {
        protocols: ["a", "b"],
      });
      await stage.echo(accepted);
    }),
  },
  {
    name:
      "WsClient.send() accepts no more than its bounds while a peer reads nothing",
    run: onStage(async (stage) => {
      const MESSAGE = "x".repeat(65_536);
      const player = stage.join("/echo", { maxQueueBytes: 1_048_576 });
      await stage.echo(player);
      await stage.env.control("pause");
      let accepted = 0;
      // Kernels take a few megabytes each.
      while (player.client.send(MESSAGE)) {
        assert(++accepted < 512, "it accepts 32 MB");
        if (accepted % 4 === 0) await stage.frame();
      }
      assert(player.client.pendingOutbound > 0, "nothing waits");
      await stage.env.control("resume");
      await stage.until(
        "all came back",
        () => player.all("message").length === accepted + 1,
      );
      assert(
        player.texts.slice(1).every((text) => text === MESSAGE),
        "it is not the same",
      );
    }),
  },
  ...(["rst", "fin"] as const).map((how): PortableCase => ({
    name: `WsClient reports a connection cut by ${how} once, and comes back`,
    run: onStage(async (stage) => {
      const player = stage.join("/echo");
      await stage.echo(player);
      await stage.env.control(`cut ${how}`);
      await stage.until(
        "it noticed",
        () => player.all("disconnected").length > 0,
      );
      await stage.quiet(0);
      assertEquals(
        player.events.map(({ type }) => type),
        ["connected", "message", "disconnected", "reconnecting"],
      );
      assertEquals(endsOf(player), [[1006, true]]);
      assert(player.client.send("while it was away"), "it is not accepted");
      await stage.until(
        "it is there again",
        () => player.texts.includes("while it was away"),
      );
      assertEquals(player.all("connected").length, 2);
    }),
  })),
  {
    name: "WsClient finds a black hole by its ping in plain mode",
    run: onStage(async (stage) => {
      const player = stage.join("/echo", {
        pingMessage: "ping",
        isPong: ({ type }) => type === "text",
        pingIntervalMs: KEEPALIVE_MS,
        pongTimeoutMs: KEEPALIVE_MS,
      });
      await stage.until(
        "a ping was answered",
        () => player.all("pingRtt").length > 0,
      );
      await stage.env.control("cut blackHole");
      const cutMs = stage.tickedMs;
      await stage.until(
        "it noticed",
        () => player.all("disconnected").length > 0,
      );
      stage.assertLasted(cutMs, 0, 2 * KEEPALIVE_MS + LATE_MS);
      assertEquals(endsOf(player), [[4011, true]]);
      await stage.until(
        "it is there again",
        () => player.all("connected").length === 2,
      );
      await stage.during(1.5 * KEEPALIVE_MS);
      assertEquals(player.all("disconnected").length, 1);
    }),
  },
  {
    name: "WsClient loses nothing and repeats nothing over five cuts",
    run: onStage(async (stage) => {
      const player = stage.join("/hub?name=ada", { mux: true });
      player.client.subscribe("down");
      await stage.until(
        "it has subscribed",
        () => player.all("subscribed").length > 0,
      );
      let sent = 0;
      const send = (count: number): void => {
        for (let i = 0; i < count; i++) {
          const filling = "x".repeat(i % 4 === 0 ? 5_000 : 20);
          const isAccepted = player.client.sendOnChannel(
            "up",
            `${++sent} ${filling}`,
          );
          assert(isAccepted, `${sent} is not accepted`);
        }
      };
      for (const how of ["rst", "fin", "blackHole", "rst", "blackHole"]) {
        const connections = player.all("connected").length;
        for (let i = 0; i < 5; i++) {
          send(8);
          await stage.env.control("publish 8 down");
          await stage.frame();
        }
        send(8);
        await stage.frame();
        await stage.env.control(`cut ${how}`);
        send(8);
        await stage.env.control("publish 8 down");
        await stage.until(
          `it is there after ${how}`,
          () => player.all("connected").length > connections,
        );
      }
      const { published } = await stage.env.control("stats");
      await stage.until(
        "all came",
        async () =>
          player.texts.length >= published &&
          (await stage.env.control("stats")).received.length >= sent,
      );
      await stage.during(QUIET_MS);
      const { received } = await stage.env.control("stats");
      assertEquals(received, numbersTo(sent).map((n) => `up ${n}`));
      assertEquals(player.texts, numbersTo(published));
      const [first, ...others] = player.all("session").map(({ isResumed }) =>
        isResumed
      );
      assert(first === false && others.length >= 5, "too few sockets");
      assert(others.every((isResumed) => isResumed), "a session was lost");
      assertEquals([...player.all("gap"), ...player.all("undelivered")], []);
    }),
  },
  {
    name: "WsClient resumes its session after three seconds away",
    run: onStage(async (stage) => {
      // Browsers slow a page down whose sockets fail often.
      const player = stage.join("/hub?name=ada", {
        mux: true,
        firstRetryMaxMs: 600,
        maxBackoffMs: 600,
      });
      player.client.subscribe("down");
      await stage.until(
        "it has subscribed",
        () => player.all("subscribed").length > 0,
      );
      await stage.env.control("refuse rst");
      await stage.env.control("cut rst");
      await stage.until("it noticed", () => !player.client.isConnected);
      player.client.sendOnChannel("up", "1");
      await stage.env.control("publish 3 down");
      await stage.during(3_000);
      assert(!player.client.isConnected, "it is not away");
      await stage.env.control("refuse none");
      await stage.until("all came", async () =>
        player.texts.length === 3 &&
        (await stage.env.control("stats")).received.length === 1);
      assertEquals(
        player.all("session").map(({ isResumed }) => isResumed),
        [false, true],
      );
      assertEquals(player.texts, numbersTo(3));
    }),
  },
  {
    name: "WsClient hands back what a hub that has crashed cannot know",
    run: onStage(async (stage) => {
      const player = stage.join("/hub?name=ada", { mux: true });
      player.client.subscribe("down");
      await stage.until(
        "it has subscribed",
        () => player.all("subscribed").length > 0,
      );
      await stage.during(QUIET_MS);
      await stage.env.control("pause");
      const { messagesSent } = player.client;
      player.client.sendOnChannel("up", "who knows");
      await stage.until(
        "it has left",
        () => player.client.messagesSent > messagesSent,
      );
      await stage.env.control("restart");
      await stage.env.control("resume");
      await stage.until(
        "it is told",
        () => player.all("undelivered").length > 0,
      );
      assertEquals(
        player.all("undelivered").map(({ reason, messages }) => [
          reason,
          messages.map(({ channel, bytes }) => [
            channel,
            new TextDecoder().decode(bytes),
          ]),
        ]),
        [["sessionLost", [["up", "who knows"]]]],
      );
      assertEquals(
        player.all("session").map(({ isResumed }) => isResumed),
        [false, false],
      );
      await stage.until(
        "it has subscribed again",
        () => player.all("subscribed").length === 2,
      );
      await stage.env.control("publish 2 down");
      await stage.until(
        "what is published comes",
        () => player.texts.length === 2,
      );
    }),
  },
  {
    name: "WsClient subscribes with history and presence",
    run: onStage(async (stage) => {
      const ada = stage.join("/hub?name=ada", { mux: true });
      ada.client.subscribe("chat", { presence: true });
      ada.client.sendOnChannel("chat", "one");
      await stage.until("ada hears herself", () => ada.texts.length === 1);
      const bob = stage.join("/hub?name=bob", { mux: true });
      bob.client.subscribe("chat", { history: 5 });
      bob.client.sendOnChannel("chat", "two");
      await stage.until(
        "both have heard both",
        () => ada.texts.length === 2 && bob.texts.length === 2,
      );
      assertEquals([ada.texts, bob.texts], [["one", "two"], ["one", "two"]]);
      bob.client.close();
      await stage.until("bob has left", () => ada.all("presence").length === 3);
      assertEquals(
        ada.all("presence").map(({ change, members }) => [
          change,
          ...members.map(({ playerId }) => playerId),
        ]),
        [["all", "ada"], ["joined", "bob"], ["left", "bob"]],
      );
    }),
  },
  {
    name:
      "WsClient repeats nothing on at-most-once channels, and ends with the newest on latest-only ones",
    run: onStage(async (stage, { Delivery }) => {
      const player = stage.join("/hub?name=ada", {
        mux: {
          loose: { delivery: Delivery.AtMostOnce },
          latest: { delivery: Delivery.LatestOnly },
        },
      });
      player.client.subscribe("loose");
      player.client.subscribe("latest");
      await stage.until(
        "it has subscribed",
        () => player.all("subscribed").length === 2,
      );
      const COUNT = 120;
      for (let i = 1; i <= COUNT; i++) {
        player.client.sendOnChannel("loose", `${i}`);
        player.client.sendOnChannel("latest", `${i}`);
        if (i % 4 === 0) {
          await stage.env.control("publish 4 loose");
          await stage.env.control("publish 4 latest");
          await stage.frame();
        }
        if (i !== 40 && i !== 80) continue;
        await stage.env.control(`cut ${i === 40 ? "rst" : "fin"}`);
        await stage.until("it noticed", () => !player.client.isConnected);
      }
      const { published } = await stage.env.control("stats");
      const latest = `${published}`;
      const loose = `${published - 4}`;
      await stage.until("the last ones came", async () => {
        const { received } = await stage.env.control("stats");
        return received.includes(`loose ${COUNT}`) &&
          received.includes(`latest ${COUNT}`) &&
          player.texts.includes(latest) && player.texts.includes(loose);
      });
      await stage.during(QUIET_MS);
      const { received } = await stage.env.control("stats");
      const up = (channel: string): number[] =>
        received.filter((text) => text.startsWith(`${channel} `)).map((text) =>
          Number(text.split(" ")[1])
        );
      const down = (channel: string): number[] =>
        player.all("message").filter((event) => event.channel === channel)
          .map(({ message }) => Number(contentOf(message)));
      assertAscending(up("loose"), 1);
      assertAscending(down("loose"), 1);
      // The newest is sent again after a cut, whether or not it had come.
      assertAscending(up("latest"), 0);
      assertAscending(down("latest"), 0);
      assertEquals(up("latest").at(-1), COUNT);
      assertEquals(down("latest").at(-1), published);
    }),
  },
  {
    name: "WsClient sends and receives a message of a megabyte in fragments",
    run: onStage(async (stage) => {
      const player = stage.join("/hub?name=ada", { mux: true });
      const large = Uint8Array.from(
        { length: 1_000_000 },
        (_, i) => i * 31 + (i >> 8),
      );
      assert(player.client.sendOnChannel("mirror", large), "not accepted");
      player.client.sendOnChannel("chat", "between");
      await stage.until("it came back", () => player.all("message").length > 0);
      const { message, channel } = player.all("message")[0]!;
      assertEquals(channel, "mirror");
      assert(
        message.type === "binary" && message.bytes.length === large.length &&
          message.bytes.every((byte, i) => byte === large[i]),
        "it is not the same",
      );
      const { received } = await stage.env.control("stats");
      assertEquals(received, ["chat between"]);
    }),
  },
  {
    name: "WsClient deflates messages, and inflates the hub's",
    run: onStage(async (stage) => {
      const player = stage.join("/hub?name=ada", {
        mux: true,
        deflateMinBytes: 1_000,
      });
      player.client.subscribe("chat");
      await stage.until(
        "it has subscribed",
        () => player.all("subscribed").length > 0,
      );
      const texts = [10_000, 100, 30_000, 2_000].map((length, i) =>
        `${i} ${"tick, tock; ".repeat(length / 12)}`
      );
      for (const text of texts) {
        assert(player.client.sendOnChannel("chat", text), "not accepted");
      }
      await stage.until("all came back", () => player.texts.length === 4);
      assertEquals(player.texts, texts);
      const { bytesSaved, bytesSent } = player.client.stats;
      assert(
        bytesSaved > bytesSent && bytesSaved < 2 * bytesSent,
        `${bytesSaved} of ${bytesSent} bytes were saved`,
      );
    }),
  },
  {
    name:
      "WsMessage.ping() is answered over the mux, and unavailable without it",
    run: onStage(async (stage, { WsMessage }) => {
      const player = stage.join("/hub?name=ada", { mux: true });
      await stage.until("it is there", () => player.client.isConnected);
      const bytes = new Uint8Array([1, 2, 3]);
      assert(player.client.send(WsMessage.ping(bytes)), "not accepted");
      await stage.until("it is answered", () => player.all("pong").length > 0);
      assertEquals(player.all("pong").map(({ bytes }) => [...bytes]), [[
        1,
        2,
        3,
      ]]);
      const plain = stage.join("/echo");
      await stage.until("it is there", () => plain.client.isConnected);
      assert(!plain.client.send(WsMessage.ping(bytes)), "accepted");
      await stage.frame();
      assertEquals(plain.all("error").map(({ reason }) => reason), [
        "unavailable",
      ]);
    }),
  },
  {
    name: "WsClient finds a half-open peer within two keepalive intervals",
    run: onStage(async (stage) => {
      const player = stage.join("/hub?name=ada", { mux: true });
      await stage.until("it is there", () => player.client.isConnected);
      // Silence alone is no reason.
      await stage.during(1.5 * KEEPALIVE_MS);
      assertEquals(player.all("disconnected"), []);
      await stage.env.control("cut blackHole");
      const cutMs = stage.tickedMs;
      await stage.until(
        "it noticed",
        () => player.all("disconnected").length > 0,
      );
      stage.assertLasted(cutMs, 0, 2 * KEEPALIVE_MS + LATE_MS);
      assertEquals(player.all("error").map(({ reason }) => reason), [
        "pingTimeout",
      ]);
      await stage.until(
        "it is there again",
        () => player.all("connected").length === 2,
      );
      assertEquals(player.all("session").at(-1)?.isResumed, true);
    }),
  },
  {
    name:
      "WsClient sounds no false alarm after a frame of a minute, nor one that blocks",
    run: onStage(async (stage) => {
      const plain = stage.join("/echo", {
        pingMessage: "ping",
        isPong: ({ type }) => type === "text",
        pingIntervalMs: KEEPALIVE_MS,
        pongTimeoutMs: KEEPALIVE_MS,
      });
      const mux = stage.join("/hub?name=ada", { mux: true });
      await stage.until(
        "a ping was answered",
        () => plain.all("pingRtt").length > 0,
      );
      mux.client.sendOnChannel("mirror", "anybody there?");
      await stage.until("the hub was heard", () => mux.texts.length > 0);
      // Both wait for an answer when the frame stands still.
      await stage.env.control("pause");
      await stage.during(1.05 * KEEPALIVE_MS);
      await stage.frame(60);
      await stage.env.control("resume");
      await stage.during(1.5 * KEEPALIVE_MS);
      // Nothing that has come is looked at before the long tick.
      const endMs = performance.now() + 2.2 * KEEPALIVE_MS;
      while (performance.now() < endMs);
      await stage.frame(2.2 * KEEPALIVE_MS / 1_000);
      await stage.during(1.5 * KEEPALIVE_MS);
      const names = plain.events.map(({ type }) => type);
      assert(!names.includes("disconnected"), names.join());
      // The hub has heard nothing for more than two intervals, and is right to let go.
      const alarms = mux.all("error").map(({ reason }) => reason);
      assert(!alarms.includes("pingTimeout"), alarms.join());
      mux.client.sendOnChannel("mirror", "still there");
      await stage.until("it is", () => mux.texts.includes("still there"));
    }),
  },
  {
    name: "WsClient comes back no earlier than a hub that shuts down says",
    run: onStage(async (stage) => {
      const SPREAD_MS = 800;
      const player = stage.join("/hub?name=ada", { mux: true });
      await stage.until("it is there", () => player.client.isConnected);
      const { connections } = await stage.env.control("stats");
      await stage.env.control(`shutdown ${SPREAD_MS}`);
      await stage.until(
        "it is told",
        () => player.all("reconnecting").length > 0,
      );
      const toldMs = stage.tickedMs;
      assertEquals(endsOf(player), [[4000, true]]);
      assertEquals(
        player.all("reconnecting").map(({ backoffMs }) => backoffMs),
        [SPREAD_MS],
      );
      await stage.until(
        "it is there again",
        () => player.all("connected").length === 2,
      );
      stage.assertLasted(toldMs, SPREAD_MS, Infinity);
      const after = await stage.env.control("stats");
      assertEquals(after.connections, connections + 1);
    }),
  },
  {
    name: "WsClient.close() leaves nothing behind, whatever the client does",
    run: onStage(async (stage) => {
      const plain = stage.join("/echo");
      const mux = stage.join("/hub?name=ada", { mux: true });
      await stage.until(
        "both are there",
        () => plain.client.isConnected && mux.client.isConnected,
      );
      // Before the first frame, and while the upgrade is under way.
      stage.join("/echo").client.close();
      const opening = stage.join("/echo");
      opening.client.tick(0);
      for (const { client } of [opening, plain, mux]) client.close();
      const before = await stage.env.control("stats");
      await stage.until("the server is alone", async () => {
        const { open, clients } = await stage.env.control("stats");
        return open === 0 && clients === 0;
      });
      await stage.env.control("refuse rst");
      const waiting = stage.join("/echo");
      await stage.until(
        "it failed",
        () => waiting.all("disconnected").length > 0,
      );
      waiting.client.close();
      const { connections } = await stage.env.control("stats");
      assert(connections > before.connections, "it did not try");
      await stage.quiet(10);
      const after = await stage.env.control("stats");
      assertEquals(after.connections, connections);
      for (const { client, events } of [opening, plain, mux, waiting]) {
        assertEquals(client.state, "closed");
        const last = events.at(-1);
        assert(
          last?.type === "disconnected" && !last.willReconnect,
          `the last event is ${last?.type}`,
        );
      }
    }),
  },
  {
    name: "WsClient.close() does not wait for a peer that is silent",
    run: onStage(async (stage) => {
      const player = stage.join("/echo");
      await stage.until("it is there", () => player.client.isConnected);
      await stage.env.control("pause");
      player.client.close(4000, "bye");
      await stage.frame(0);
      assertEquals(endsOf(player), [[4000, false]]);
      player.client.connect();
      await stage.env.control("resume");
      await stage.echo(player);
      assertEquals(player.all("disconnected").length, 1);
    }),
  },
];

/** The clients of a case, which go through its frames together. */
class Stage {
  readonly env: PortableEnv;
  /** The time that has gone by in frames. */
  tickedMs = 0;
  readonly #tickwire: Tickwire;
  readonly #players: Player[] = [];
  readonly #endMs = performance.now() + DEADLINE_MS;
  #lastMs = performance.now();

  constructor(tickwire: Tickwire, env: PortableEnv) {
    this.#tickwire = tickwire;
    this.env = env;
  }

  /** A client that connects. */
  join(path: string, options: Partial<WsClientOptions> = {}): Player {
    const client = new this.#tickwire.WsClient({
      url: `${this.env.url}${path}`,
      firstRetryMaxMs: 50,
      maxBackoffMs: 200,
      pingIntervalMs: KEEPALIVE_MS,
      pongTimeoutMs: KEEPALIVE_MS,
      ...options,
    });
    client.connect();
    const player = new Player(client);
    this.#players.push(player);
    return player;
  }

  /** A frame of everybody, as long as the last one took, within bounds, if nothing else is said. */
  async frame(dt?: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 2));
    const nowMs = performance.now();
    const ms = Math.min(nowMs - this.#lastMs, MAX_FRAME_MS);
    this.#lastMs = nowMs;
    const seconds = dt ?? ms / 1_000;
    this.tickedMs += seconds * 1_000;
    for (const player of this.#players) player.frame(seconds);
  }

  /** Frames until something holds. */
  async until(
    what: string,
    isDone: () => boolean | Promise<boolean>,
  ): Promise<void> {
    while (!await isDone()) {
      if (performance.now() > this.#endMs) {
        const states = this.#players.map((player) => player.describe());
        throw new Error(`Too late for: ${what}; ${states.join("; ")}`);
      }
      await this.frame();
    }
  }

  /** Frames of so much time together. */
  async during(ms: number): Promise<void> {
    const endMs = this.tickedMs + ms;
    while (this.tickedMs < endMs) await this.frame();
  }

  /** Frames of so many seconds each, for a while in which nothing is to come. */
  async quiet(dt: number): Promise<void> {
    const endMs = performance.now() + QUIET_MS;
    while (performance.now() < endMs) await this.frame(dt);
  }

  /** Waits until a plain client gets something back. */
  async echo(player: Player): Promise<void> {
    const before = player.all("message").length;
    assert(player.client.send("anybody there?"), "send() does not accept it");
    await this.until(
      "it came back",
      () => player.all("message").length > before,
    );
    assertEquals(player.texts.at(-1), "anybody there?");
  }

  /** Bounds the time of frames since then, to a frame at each end. */
  assertLasted(sinceMs: number, atLeastMs: number, atMostMs: number): void {
    const ms = this.tickedMs - sinceMs;
    assert(
      ms >= atLeastMs && ms <= atMostMs + 2 * MAX_FRAME_MS,
      `${ms} ms are not within ${atLeastMs} and ${atMostMs}`,
    );
  }

  close(): void {
    for (const { client } of this.#players) client.close();
  }
}

/** A client and what it has reported. */
class Player {
  readonly client: WsClient;
  readonly events: WsEvent[] = [];

  constructor(client: WsClient) {
    this.client = client;
  }

  /** The texts that came. */
  get texts(): string[] {
    return this.all("message").flatMap(({ message }) =>
      message.type === "text" ? [message.text] : []
    );
  }

  frame(dt: number): void {
    this.client.tick(dt);
    for (const event of this.client.drainEvents()) this.events.push(event);
  }

  /** The events of a type. */
  all<T extends WsEvent["type"]>(type: T): Extract<WsEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<WsEvent, { type: T }> =>
      event.type === type
    );
  }

  describe(): string {
    const last = this.events.slice(-12).map((event) =>
      event.type === "disconnected"
        ? `disconnected ${event.code} ${event.reason}`
        : event.type === "error"
        ? `error ${event.reason} ${event.message}`
        : event.type
    );
    return `${this.client.state} [${last.join(", ")}]`;
  }
}

function onStage(
  act: (stage: Stage, tickwire: Tickwire) => Promise<void>,
): PortableCase["run"] {
  return async (tickwire, env) => {
    const stage = new Stage(tickwire, env);
    try {
      await act(stage, tickwire);
    } finally {
      stage.close();
    }
  };
}

/** One attempt that could not be made, whatever events the runtime fires. */
function assertFailedOnce(player: Player): void {
  assertEquals(
    player.events.map((event) =>
      event.type === "error" ? event.reason : event.type
    ),
    ["connectFailed", "disconnected", "reconnecting"],
  );
  assertEquals(endsOf(player), [[1006, true]]);
}

function endsOf(player: Player): [code: number, willReconnect: boolean][] {
  return player.all("disconnected").map(({ code, willReconnect }) => [
    code,
    willReconnect,
  ]);
}

function contentOf(message: WsDataMessage): string | number[] {
  return message.type === "text" ? message.text : [...message.bytes];
}

/** The texts of the numbers from 1 on. */
function numbersTo(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${i + 1}`);
}

function assertAscending(numbers: readonly number[], step: number): void {
  assert(numbers.length > 0, "nothing came");
  for (const [i, number] of numbers.entries()) {
    const isAbove = i === 0 || number >= numbers[i - 1]! + step;
    assert(isAbove, `not in order: ${numbers.join()}`);
  }
}

function assert(isRight: boolean, message: string): asserts isRight {
  if (!isRight) throw new Error(message);
}

/** Compares what JSON shows of both. */
function assertEquals(actual: unknown, expected: unknown): void {
  const [is, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (is === wanted) return;
  let from = 0;
  while (is?.[from] === wanted?.[from]) from++;
  from = Math.max(0, from - 40);
  throw new Error(
    `From character ${from} on it is ${is?.slice(from, from + 200)}, not ${
      wanted?.slice(from, from + 200)
    }`,
  );
}
