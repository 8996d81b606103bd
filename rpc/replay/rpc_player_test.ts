import { assert, assertEquals, assertThrows } from "@std/assert";
import { ManualClock } from "../../core/mod.ts";
import { MemoryLinkPair } from "../../protocol/mod.ts";
import {
  type ClientId,
  clientId,
  loadRecording,
  RecordingWriter,
  RpcClient,
  type RpcObserver,
  RpcPlayer,
  RpcRecorder,
  RpcTarget,
} from "../mod.ts";
import { game, recordMatch, ServerGame } from "./_testing/world.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const WORLDS = IS_SOAK ? 5_000 : 16;
const TICKS = 150;

/** Tells two. */
class Both implements RpcObserver {
  readonly #a: RpcObserver;
  readonly #b: RpcObserver;

  constructor(a: RpcObserver, b: RpcObserver) {
    this.#a = a;
    this.#b = b;
  }

  ticked(dt: number): void {
    this.#a.ticked(dt);
    this.#b.ticked(dt);
  }

  disconnected(client: ClientId | undefined, reason: string): void {
    this.#a.disconnected(client, reason);
    this.#b.disconnected(client, reason);
  }

  rejected(client: ClientId | undefined, rpc: string, reason: string): void {
    this.#a.rejected(client, rpc, reason);
    this.#b.rejected(client, rpc, reason);
  }
}

Deno.test("RpcPlayer replays a server to the byte: packets, events, times and refusals", () => {
  const seen = new Map<string, number>();
  for (let seed = 0; seed < WORLDS; seed++) {
    const clock = new ManualClock();
    const recorder = new RpcRecorder(game, "server", { clock });
    const live = recordMatch(seed, recorder, clock, TICKS);
    recorder.stop();
    const bytes = recorder.export();
    const recording = loadRecording(bytes);
    assertEquals(recording.ending, "stopped");

    // A recording of the replay must be the recording.
    const player = new RpcPlayer(recording);
    const again = new RpcRecorder(game, "server", { clock: player.clock });
    const match = new ServerGame(
      seed,
      new Both(player, again),
      again.clock,
      () => {},
    );
    const { server } = match;
    player.play({
      connect: (link, id) => {
        server.connect(again.link(link, clientId(id)), clientId(id));
      },
      disconnect: (id, reason) =>
        server.disconnect(server.peer(clientId(id))!, reason),
      tick: (dt) => {
        server.tick(dt);
        match.update();
      },
    });
    again.stop();
    assertEquals(player.differences, [], `seed ${seed}`);
    assertEquals(match.log, live.log, `seed ${seed}`);
    assertEquals(again.export(), bytes, `seed ${seed}`);
    assertEquals(player.tickCount, TICKS);
    for (const record of recording) {
      const key = record.type === "rejected"
        ? `rejected ${record.reason}`
        : record.type === "packetOut" && !record.isTaken
        ? "not taken"
        : record.type;
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
  }
  // What the worlds are for has happened in them.
  for (
    const key of [
      "connected",
      "opened",
      "closed",
      "disconnected",
      "clock",
      "not taken",
      "rejected rateLimited",
      "rejected refused",
      "rejected kind",
    ]
  ) assert((seen.get(key) ?? 0) > 0, `${key}: ${[...seen.keys()]}`);
});

Deno.test("RpcPlayer replays what a truncated recording still has", () => {
  const clock = new ManualClock();
  const recorder = new RpcRecorder(game, "server", { clock });
  const live = recordMatch(7, recorder, clock, TICKS);
  const bytes = recorder.export();
  for (let length = 18; length < bytes.length; length += 997) {
    const player = new RpcPlayer(loadRecording(bytes.subarray(0, length)));
    const match = new ServerGame(7, player, player.clock, () => {});
    const complete = (): boolean => player.differenceCount === 0;
    let logged = 0;
    player.playTo(match.server, () => {
      match.update();
      if (complete()) logged = match.log.length;
    });
    assertEquals(match.log.slice(0, logged), live.log.slice(0, logged));
    // Of the last tick packets may be missing, which cannot be told from fewer packets.
    for (const { timeMs } of player.differences) {
      assertEquals(timeMs, player.timeMs);
    }
  }
});

Deno.test("RpcPlayer tells what is otherwise", () => {
  const clock = new ManualClock();
  const recorder = new RpcRecorder(game, "server", { clock });
  recordMatch(3, recorder, clock, TICKS);
  const recording = loadRecording(recorder.export());
  const player = new RpcPlayer(recording);
  // Another seed: the game says other things.
  const match = new ServerGame(4, player, player.clock, () => {});
  player.playTo(match.server, () => match.update());
  assert(player.differenceCount > 0);
  assert(player.differences.length <= 64);
  const packet = player.differences.find(({ type }) => type === "packet")!;
  assert(packet.bytes !== undefined && packet.message.includes("client "));

  const deaf = new RpcPlayer(recording);
  deaf.play({ connect: () => {}, tick: () => {} });
  const types = new Set(deaf.differences.map(({ type }) => type));
  assertEquals([...types].sort(), ["accepted", "clock", "missing", "unread"]);
});

Deno.test("RpcPlayer replays a client that connects twice", () => {
  const recorder = new RpcRecorder(game, "client");
  let client: RpcClient<typeof game.definitions> | undefined;
  const log: unknown[] = [];
  const make = (
    link: MemoryLinkPair["a"],
    observer: RpcObserver,
    into: unknown[],
  ): RpcClient<typeof game.definitions> => {
    const made = new RpcClient(game, link, { observer });
    made.on("say", ({ text }) => void into.push(text));
    made.answer("ask", ({ n }) => n * 2);
    return made;
  };
  const play = (
    c: RpcClient<typeof game.definitions>,
    tick: number,
    into: unknown[],
  ): void => {
    if (tick % 5 === 0) {
      into.push(c.call("buy", { item: tick }, { timeoutMs: 200 }));
    }
    into.push(...c.drainEvents());
  };
  const clock = new ManualClock();
  const host = new ServerGame(1, recorderless, clock, () => {});
  let tick = 0;
  for (const id of [clientId(1), clientId(2)]) {
    const pair = new MemoryLinkPair({ latencyMs: 30 });
    host.server.connect(pair.a, id);
    const link = recorder.link(pair.b);
    if (client === undefined) client = make(link, recorder, log);
    else client.reconnect(link);
    for (let i = 0; i < 40; i++, tick++) {
      if (i === 30 && id === 1) client.close("enough");
      host.server.tick(0.02);
      host.update();
      pair.tick(0.02);
      client.tick(0.02);
      play(client, tick, log);
    }
  }
  recorder.stop();

  const player = new RpcPlayer(loadRecording(recorder.export()));
  const replayed: unknown[] = [];
  let fresh: RpcClient<typeof game.definitions> | undefined;
  player.play({
    connect: (link) => {
      if (fresh === undefined) fresh = make(link, player, replayed);
      else fresh.reconnect(link);
    },
    disconnect: (_, reason) => fresh!.close(reason),
    tick: (dt) => {
      fresh!.tick(dt);
      play(fresh!, player.tickCount, replayed);
    },
  });
  assertEquals(player.differences, []);
  assertEquals(replayed, log);
  assert(log.some((event) => (event as { type?: string }).type === "result"));
});

const recorderless: RpcObserver = {
  ticked: () => {},
  disconnected: () => {},
  rejected: () => {},
};

Deno.test("RpcPlayer refuses calls, and takes no made-up peer for a client", () => {
  const parts: number[] = [];
  const header = { hashLow: 0, hashHigh: 0 };
  new RecordingWriter({ ...header, subject: "calls" }, (b) => parts.push(...b));
  assertThrows(
    () => new RpcPlayer(loadRecording(new Uint8Array(parts))),
    TypeError,
  );
  parts.length = 0;
  const writer = new RecordingWriter(
    { ...header, subject: "server" },
    (b) => parts.push(...b),
  );
  writer.packetIn(1, 0, new Uint8Array(3));
  writer.connected(0, true, 1_000);
  writer.connected(5, true, 10);
  writer.connected(6, true, 1_000);
  writer.connected(6, true, 1_000);
  writer.disconnected(9, "who");
  writer.tick(0.1);
  const player = new RpcPlayer(loadRecording(new Uint8Array(parts)));
  const match = new ServerGame(1, player, player.clock, () => {});
  player.playTo(match.server);
  assertEquals(
    player.differences.filter(({ type }) => type === "connect").map((
      { peer },
    ) => peer),
    [0, 5, 6],
  );
});

Deno.test("RpcRecorder ends when it is full, and disturbs nothing", () => {
  const clock = new ManualClock();
  const recorder = new RpcRecorder(game, "server", { clock, maxBytes: 5_000 });
  const full = recordMatch(9, recorder, clock, TICKS);
  assertEquals(recorder.state, "full");
  assert(recorder.droppedCount > 0 && recorder.byteCount <= 5_000);
  const whole = new ManualClock();
  const other = recordMatch(
    9,
    new RpcRecorder(game, "server", { clock: whole }),
    whole,
    TICKS,
  );
  assertEquals(full.log, other.log);
  assertEquals(loadRecording(recorder.export()).ending, "full");
  full.server.send("say", { text: "" }, RpcTarget.all());

  let bytes = 0;
  const streaming = new RpcRecorder(game, "client", {
    sink: (part) => bytes += part.length,
  });
  assertThrows(() => streaming.export(), TypeError);
  assertEquals(bytes, streaming.byteCount);
});
