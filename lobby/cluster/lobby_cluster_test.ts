// What a cluster does with Redis, by a Redis in memory and by a real one, which have to do the same.
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ManualClock, type RedisLike } from "../../core/mod.ts";
import { CLIENTS, RedisRig } from "../../tools/redis_rig.ts";
import { whyNoRedis } from "../../tools/redis_server.ts";
import type { LobbyListing } from "../browser/lobby_listing.ts";
import type { LobbyId } from "../lobby_id.ts";
import { testLobbyStore } from "../store/_testing/lobby_store_conformance.ts";
import type {
  LobbyBatch,
  LobbyRecord,
  LobbyRecordKey,
  LobbyStore,
} from "../store/lobby_store.ts";
import { FakeRedis } from "./_testing/fake_redis.ts";
import { LobbyCluster } from "./lobby_cluster.ts";

const missing = await whyNoRedis();
const SEAT: LobbyRecordKey = { kind: "server", key: "seat:ada" };
const LISTING = {
  id: "a",
  name: "one",
  mode: "custom",
  map: "",
  state: "waiting",
  players: 1,
  maxPlayers: 2,
  reservedSeats: 0,
  spectators: 0,
  isPrivate: false,
  isJoinable: true,
  isOpenToSpectators: true,
  region: "",
  metadata: {},
} as LobbyListing;

/** Where clusters come from. */
interface Rig extends AsyncDisposable {
  connect(): Promise<RedisLike>;
}

const RIGS: Record<string, () => Promise<Rig>> = {
  "a Redis in memory": () => {
    const redis = new FakeRedis(new ManualClock());
    return Promise.resolve({
      connect: () => Promise.resolve(redis.connect()),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
};
for (const [name, connect] of Object.entries(CLIENTS)) {
  RIGS[name] = () => RedisRig.start(connect);
}

/** What may happen to the commands of a cluster, by its connection's own fault. */
interface Line extends RedisLike {
  /** Commands that begin with this are rejected, and not carried out. */
  cuts: string | undefined;
  /** Commands that begin with this are carried out, and rejected. */
  loses: string | undefined;
  /** What was sent last of each script. */
  readonly sent: Map<string, readonly string[]>;
}

function lineOf(redis: RedisLike): Line {
  const line: Line = {
    cuts: undefined,
    loses: undefined,
    sent: new Map(),
    subscribe: (channel, on) => redis.subscribe!(channel, on),
    command: async (args) => {
      const script = args[0] === "EVAL"
        ? args[1]!.split("\n")[0]!.slice(3)
        : "";
      line.sent.set(script, args);
      if (line.cuts === script) throw new Error("the line is cut");
      const reply = await redis.command(args);
      if (line.loses === script) throw new Error("the reply is lost");
      return reply;
    },
  };
  return line;
}

function testEach(
  behaviour: string,
  fn: (
    open: (url: string) => Promise<LobbyCluster>,
    lines: readonly Line[],
  ) => Promise<void>,
): void {
  for (const [name, start] of Object.entries(RIGS)) {
    const isReal = name in CLIENTS;
    Deno.test({
      name: `LobbyCluster ${behaviour}, with ${name}${isReal ? missing : ""}`,
      ignore: isReal && missing !== "",
      async fn() {
        await using rig = await start();
        const opened: LobbyCluster[] = [];
        const lines: Line[] = [];
        await fn(async (url) => {
          const line = lineOf(await rig.connect());
          const cluster = await LobbyCluster.open(line, { url });
          opened.push(cluster);
          lines.push(line);
          return cluster;
        }, lines);
        for (const cluster of opened) await cluster.close();
      },
    });
  }
}

/** Ticks until something is so. */
async function until(
  clusters: readonly LobbyCluster[],
  isSo: () => boolean,
): Promise<void> {
  const endMs = performance.now() + 30_000;
  while (!isSo()) {
    assert(performance.now() < endMs, "it never came true");
    for (const cluster of clusters) cluster.tick(0.5);
    await new Promise((resolve) => setTimeout(resolve));
  }
}

function batch(
  changed: readonly [string, string][],
  removed: readonly string[] = [],
): LobbyBatch {
  return {
    changed: changed.map(([key, value]) => ({ kind: "lobby", key, value })),
    removed: removed.map((key) => ({ kind: "lobby", key })),
  };
}

testEach(
  "gives each thing to one server, and tells the others which",
  async (open) => {
    const a = await open("ws://a.test");
    const b = await open("ws://b.test");
    assert(b.token > a.token);
    await a.load();
    assertEquals(await a.locate(SEAT), { type: "nowhere" });
    assertEquals(await a.claim(SEAT), { type: "here", isNew: true });
    // As after a reply that was lost; not so once it is saved.
    assertEquals(await a.claim(SEAT), { type: "here", isNew: true });
    await a.save({ changed: [{ ...SEAT, value: "" }], removed: [] });
    assertEquals(await a.claim(SEAT), { type: "here", isNew: false });
    const elsewhere = {
      type: "elsewhere" as const,
      url: "ws://a.test",
      token: a.token,
    };
    assertEquals(await b.claim(SEAT), elsewhere);
    assertEquals(await b.locate(SEAT), elsewhere);
    // What is another's is neither saved nor removed.
    await a.save(batch([["x", "1"]]));
    await b.save(batch([["x", "2"], ["y", "3"]]));
    await b.save(batch([], ["x"]));
    assertEquals(b.takeNews().taken, [{ kind: "lobby", key: "x" }]);
    assertEquals(
      (await a.load()).map(({ key, value }) => [key, value]).sort(),
      [
        ["seat:ada", ""],
        ["x", "1"],
      ],
    );
    assertEquals((await b.load()).map(({ key, value }) => [key, value]), [
      ["y", "3"],
    ]);
    // What is given up anybody may have.
    await a.save({ changed: [], removed: [SEAT] });
    assertEquals(await b.claim(SEAT), { type: "here", isNew: true });
  },
);

testEach("gives all that a server had to another one", async (open) => {
  const a = await open("ws://a.test");
  const b = await open("ws://b.test");
  const c = await open("ws://c.test");
  await b.load();
  await c.load();
  const many = Array.from(
    { length: 3_000 },
    (_, i): [string, string] => [`lobby ${i}`, `${i}`],
  );
  await a.save(batch(many));
  await a.claim(SEAT);
  await a.close();
  let inherited = 0;
  const heirs = new Set<LobbyCluster>();
  await until([b, c], () => {
    for (const cluster of [b, c]) {
      const news = cluster.takeNews().inherited;
      inherited += news.length;
      if (news.length > 0) heirs.add(cluster);
    }
    return inherited > 0;
  });
  assertEquals(inherited, 3_001);
  assertEquals(heirs.size, 1);
  const [heir] = heirs;
  assertEquals(await heir!.claim(SEAT), { type: "here", isNew: false });
  assertEquals((await heir!.load()).length, 3_001);
  // One that is new takes what nobody has taken.
  await b.close();
  await c.close();
  const d = await open("ws://d.test");
  assertEquals((await d.load()).length, 3_001);
  assertEquals(d.takeNews().inherited, []);
});

testEach(
  "hands things over to another one, all of them or none",
  async (open, lines) => {
    const a = await open("ws://a.test");
    const b = await open("ws://b.test");
    await a.load();
    await b.load();
    await a.claim(SEAT);
    await a.save(batch([["x", "1"], ["y", "2"]]));
    const gift = [
      { ...SEAT, value: "" },
      { kind: "lobby" as const, key: "x", value: "3" },
    ];
    lines[0]!.loses = "give";
    let isGiven: boolean | undefined;
    a.give(b.token, gift).then((it) => isGiven = it);
    await until([], () => lines[0]!.sent.has("give"));
    lines[0]!.loses = undefined;
    await until([a], () => isGiven !== undefined);
    assert(isGiven);
    const got: LobbyRecord[] = [];
    await until([a, b], () => {
      got.push(...b.takeNews().inherited);
      return got.length > 0;
    });
    for (let i = 0; i < 5; i++) {
      b.tick(10);
      await b.locate(SEAT);
    }
    got.push(...b.takeNews().inherited);
    assertEquals(got, gift);
    assertEquals((await a.locate(SEAT)).type, "elsewhere");
    assertEquals((await b.load()).length, 2);
    assertEquals((await a.load()).map(({ key }) => key), ["y"]);
    // Nothing is given to the dead.
    await b.close();
    await a.claim({ kind: "server", key: "seat:bob" });
    assertEquals(
      await a.give(b.token, [
        { kind: "server", key: "seat:bob", value: "" },
        { kind: "lobby", key: "y", value: "4" },
      ]),
      false,
    );
    assertEquals(
      (await a.load()).find(({ key }) => key === "y")?.value,
      "2",
    );
  },
);

/** All that a server has, by key. */
async function loaded(cluster: LobbyCluster): Promise<Record<string, string>> {
  const records = await cluster.load();
  return Object.fromEntries(records.map(({ key, value }) => [key, value]));
}

/** Takes what the first one is given, and gives it to the other one with another value. */
async function passOn(
  from: LobbyCluster,
  to: LobbyCluster,
  value: string,
): Promise<void> {
  const got: LobbyRecord[] = [];
  await until([from], () => {
    got.push(...from.takeNews().inherited);
    return got.length > 0;
  });
  const gift = got.map((it) => it.kind === "lobby" ? { ...it, value } : it);
  const given = from.give(to.token, gift);
  await until([from], () => true);
  assertEquals(await given, true);
}

testEach(
  "writes nothing old over what was another's meanwhile",
  async (open, lines) => {
    const a = await open("ws://a.test");
    const b = await open("ws://b.test");
    await a.load();
    await b.load();
    await a.claim(SEAT);
    await a.save({
      changed: [{ ...SEAT, value: "" }, ...batch([["x", "1"]]).changed],
      removed: [],
    });
    // It is given, and the word of that is lost: as far as this server knows it has it still, and saves it.
    const [line] = lines;
    line!.loses = "give";
    const gift: LobbyRecord[] = [
      { ...SEAT, value: "" },
      { kind: "lobby", key: "x", value: "2" },
    ];
    let isGiven: boolean | undefined;
    a.give(b.token, gift).then((it) => isGiven = it);
    await until([], () => line!.sent.has("give"));
    line!.cuts = "save";
    const old: LobbyBatch = { changed: gift, removed: [] };
    await assertRejects(() => a.save(old));
    // It comes back, later than it went.
    await passOn(b, a, "9");
    line!.cuts = undefined;
    await a.save(old);
    line!.loses = undefined;
    await until([a], () => isGiven !== undefined);
    assert(isGiven);
    const back: LobbyRecord[] = [];
    await until([a], () => {
      const { inherited, taken } = a.takeNews();
      back.push(...inherited);
      assertEquals(taken, []);
      return back.length > 0;
    });
    assertEquals(back.find(({ key }) => key === "x")?.value, "9");
    assertEquals(await loaded(a), { [SEAT.key]: "", x: "9" });
    assertEquals(await loaded(b), {});
    // From now on it is this server's like everything else.
    await a.save(batch([["x", "10"]], []));
    assertEquals((await loaded(a)).x, "10");
    await a.save({ changed: [], removed: [SEAT, { kind: "lobby", key: "x" }] });
    assertEquals(await loaded(a), {});
    assertEquals(await b.locate(SEAT), { type: "nowhere" });
  },
);

testEach(
  "gives nothing away of which an older value may come yet",
  async (open, lines) => {
    const a = await open("ws://a.test");
    const b = await open("ws://b.test");
    await a.load();
    await b.load();
    await a.save(batch([["x", "1"]]));
    const [line] = lines;
    line!.cuts = "save";
    const old = batch([["x", "2"]]);
    await assertRejects(() => a.save(old));
    let isGiven = false;
    const gift = batch([["x", "3"]]).changed;
    const giving = a.give(b.token, gift).then(() => isGiven = true);
    for (let i = 0; i < 10; i++) {
      a.tick(0.5);
      await a.locate(SEAT);
    }
    assert(!isGiven);
    line!.cuts = undefined;
    await a.save(old);
    await until([a], () => isGiven);
    await giving;
    assertEquals(await loaded(b), { x: "3" });
    // Nor is what is not here yet: nobody would have it.
    let isLate = false;
    a.give(b.token, batch([["y", "1"]]).changed).then(() => isLate = true);
    await a.locate(SEAT);
    assert(!isLate);
    await a.save(batch([["y", "0"]]));
    await until([a], () => isLate);
    assertEquals(await loaded(b), { x: "3", y: "1" });
    // What turns out to be another's is not given, and not waited for.
    let isOwn: boolean | undefined;
    a.give(b.token, batch([["x", "9"], ["z", "1"]]).changed)
      .then((it) => isOwn = it);
    await a.save(batch([["x", "8"], ["z", "0"]]));
    await until([a], () => isOwn !== undefined);
    assert(!isOwn);
    assertEquals(await loaded(b), { x: "3", y: "1" });
    assertEquals(await loaded(a), { z: "0" });
  },
);

testEach(
  "lets a batch that comes late by another way change nothing",
  async (open, lines) => {
    const a = await open("ws://a.test");
    await a.load();
    const [line] = lines;
    await a.save(batch([["x", "1"], ["y", "1"]]));
    const late = line!.sent.get("save")!;
    await a.save(batch([["x", "2"]], ["y"]));
    await line!.command(late);
    assertEquals(await loaded(a), { x: "2" });
    // The one after it is saved as ever.
    await a.save(batch([["y", "3"]]));
    assertEquals(await loaded(a), { x: "2", y: "3" });
  },
);

testEach("tells what the others list", async (open) => {
  const a = await open("ws://a.test");
  const b = await open("ws://b.test");
  await Promise.all([a.load(), b.load()]);
  const seen = new Map<LobbyId, LobbyListing | undefined>();
  const look = () => {
    for (const [id, listing] of b.takeNews().listings) seen.set(id, listing);
  };
  a.list(LISTING.id, LISTING);
  await until([a, b], () => {
    look();
    return seen.has(LISTING.id);
  });
  assertEquals(seen.get(LISTING.id), LISTING);
  a.list(LISTING.id, { ...LISTING, players: 2 });
  await until([a, b], () => {
    look();
    return seen.get(LISTING.id)?.players === 2;
  });
  // Who comes later reads it.
  const c = await open("ws://c.test");
  await c.load();
  await until([a, b, c], () => c.takeNews().listings.size > 0);
  a.list(LISTING.id, undefined);
  await until([a, b], () => {
    look();
    return seen.get(LISTING.id) === undefined;
  });
  a.list(LISTING.id, LISTING);
  await until([a, b], () => {
    look();
    return seen.get(LISTING.id) !== undefined;
  });
  await a.close();
  await until([b], () => {
    look();
    return seen.get(LISTING.id) === undefined;
  });
});

testEach(
  "goes on telling what is listed after changes that come to nothing",
  async (open) => {
    const a = await open("ws://a.test");
    const b = await open("ws://b.test");
    await Promise.all([a.load(), b.load()]);
    const isTold = (id: LobbyId): Promise<void> =>
      until([a, b], () => b.takeNews().listings.has(id));
    // A lobby that nobody may see has changed.
    a.list("x" as LobbyId, undefined);
    a.tick(1);
    a.list(LISTING.id, LISTING);
    await isTold(LISTING.id);
    // One that all may see has, but not in what they see.
    a.list(LISTING.id, { ...LISTING });
    a.tick(1);
    const other = { ...LISTING, id: "b" as LobbyId };
    a.list(other.id, other);
    await isTold(other.id);
  },
);

Deno.test("LobbyCluster is over at once when its lease is not renewed", async () => {
  const clock = new ManualClock();
  const redis = new FakeRedis(clock);
  const cluster = await LobbyCluster.open(redis.connect(), {
    url: "ws://a.test",
    leaseMs: 10_000,
    clock,
  });
  await cluster.load();
  clock.advance(8_999);
  assert(cluster.isHeld);
  clock.advance(1);
  assert(!cluster.isHeld);
  // In Redis it is not yet.
  assert(redis.keys.includes(`tickwire:{lobby}:lease:${cluster.token}`));
  await assertRejects(() => cluster.save(batch([["x", "1"]])));
  assertEquals(await cluster.claim(SEAT), { type: "unknown" });
  await cluster.close();
});

Deno.test("LobbyCluster has what it inherited, though the reply is lost", async () => {
  const clock = new ManualClock();
  const redis = new FakeRedis(clock);
  const a = await LobbyCluster.open(redis.connect(), {
    url: "ws://a.test",
    clock,
  });
  await a.save(batch([["x", "1"]]));
  const connection = redis.connect();
  const b = await LobbyCluster.open(connection, { url: "ws://b.test", clock });
  await b.load();
  await a.close();
  let inherited = 0;
  const { command } = connection;
  let isLost = true;
  connection.command = async (args) => {
    const reply = await command(args);
    if (isLost && args[1]?.startsWith("-- adopt")) {
      isLost = false;
      throw new Error("the reply is lost");
    }
    return reply;
  };
  await until([b], () => {
    inherited += b.takeNews().inherited.length;
    return inherited > 0;
  });
  assert(!isLost);
  assertEquals(inherited, 1);
  await until([b], () => !redis.keys.some((key) => key.includes("inherited")));
  await b.close();
});

Deno.test("LobbyCluster claims nothing that is still being given up", async () => {
  const clock = new ManualClock();
  const connection = new FakeRedis(clock).connect();
  const cluster = await LobbyCluster.open(connection, {
    url: "ws://a.test",
    clock,
  });
  await cluster.claim(SEAT);
  connection.losesReplies = true;
  const given = { changed: [], removed: [SEAT] };
  await assertRejects(() => cluster.save(given));
  connection.losesReplies = false;
  let place: unknown;
  const claimed = cluster.claim(SEAT).then((it) => place = it);
  for (let i = 0; i < 20; i++) await Promise.resolve();
  assertEquals(place, undefined);
  await cluster.save(given);
  await claimed;
  assertEquals(place, { type: "here", isNew: true });
  assertEquals((await cluster.load()).length, 1);
  await cluster.close();
});

Deno.test("LobbyCluster gives nothing up that it does not know that it has", async () => {
  const clock = new ManualClock();
  const redis = new FakeRedis(clock);
  const connection = redis.connect();
  const a = await LobbyCluster.open(connection, { url: "ws://a.test", clock });
  await a.load();
  const b = await LobbyCluster.open(redis.connect(), {
    url: "ws://b.test",
    clock,
  });
  await b.save({ changed: [{ ...SEAT, value: "" }], removed: [] });
  const given = { changed: [], removed: [SEAT] };
  await a.save(given);
  assertEquals((await a.locate(SEAT)).type, "elsewhere");
  await b.close();
  // It is inherited, and the word of that still on its way.
  const { command } = connection;
  let isThere = false;
  connection.command = async (args) => {
    const reply = await command(args);
    if (args[1]?.startsWith("-- adopt")) {
      await a.save({ changed: [], removed: [SEAT] });
      isThere = true;
    }
    return reply;
  };
  await until([a], () => isThere);
  // Nor is what was not its own when that was saved first.
  await until([a], () => a.takeNews().inherited.length > 0);
  await a.save(given);
  assertEquals((await a.load()).length, 1);
  await a.close();
});

Deno.test("LobbyCluster.open() checks what it is given", async () => {
  const redis = new FakeRedis(new ManualClock()).connect();
  const url = "ws://a.test";
  for (
    const [options, type] of [
      [{ url: "nowhere" }, TypeError],
      [{ url, name: "{x}" }, TypeError],
      [{ url, leaseMs: 1 }, RangeError],
      [{ url, listIntervalMs: -1 }, RangeError],
      [{ url, maxListingsPerServer: 0.5 }, RangeError],
    ] as const
  ) {
    await assertRejects(() => LobbyCluster.open(redis, options), type);
  }
  const { command } = redis;
  await assertRejects(() => LobbyCluster.open({ command }, { url }), TypeError);
  assertThrows(() => LobbyCluster.prototype.token);
});

/** The suite opens stores without waiting: one that opens when it is used. */
function lazy(rig: Promise<Rig>, isLast: boolean): LobbyStore {
  const cluster = rig.then(async (it) =>
    await LobbyCluster.open(await it.connect(), { url: "ws://a.test" })
  );
  let closing: Promise<void> | undefined;
  return {
    load: async () => await (await cluster).load(),
    save: async (it) => await (await cluster).save(it),
    close: () =>
      closing ??= cluster.then(async (it) => {
        await it.close();
        if (isLast) await (await rig)[Symbol.asyncDispose]();
      }),
  };
}

let inMemory: Promise<Rig>;
testLobbyStore("LobbyCluster", () => {
  inMemory = RIGS["a Redis in memory"]!();
  return lazy(inMemory, false);
}, () => lazy(inMemory, false));

if (missing === "") {
  testLobbyStore(
    "LobbyCluster with node-redis",
    () => lazy(RIGS["node-redis"]!(), true),
    undefined,
  );
}
