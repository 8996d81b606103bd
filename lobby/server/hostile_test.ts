import { assert, assertEquals } from "@std/assert";
import { playerId, SeededRandom } from "../../core/mod.ts";
import type { WsClient } from "../../websocket/mod.ts";
import { LobbyWorld } from "../_testing/lobby_world.ts";
import type { LobbyId } from "../lobby_id.ts";
import { mutate } from "../wire/_testing/mutate.ts";
import { REQUESTS } from "../wire/_testing/requests.ts";

const encoder = new TextEncoder();

function metric(world: LobbyWorld, name: string): number {
  let sum = 0;
  for (const it of world.server!.metrics()) {
    if (it.name === `tickwire_lobby_server_${name}`) sum += it.value;
  }
  return sum;
}

function answers(client: WsClient): Record<string, unknown>[] {
  return [...client.drainEvents()].flatMap((event) =>
    event.type === "reply" && event.message.type === "text"
      ? [JSON.parse(event.message.text)]
      : []
  );
}

Deno.test("LobbyServer answers what makes no sense, and closes who keeps saying it", async () => {
  const world = new LobbyWorld();
  await world.start({ patience: { perSecond: 1, burst: 10 } });
  const eve = world.connect("eve");
  const ada = world.join("ada");
  await world.run();
  eve.drainEvents().next();
  eve.request("lobby", "no JSON");
  eve.request("lobby", '{"do":"dance"}');
  eve.request("lobby", '{"do":"kick"}');
  eve.request("lobby", new Uint8Array([0xff]));
  await world.run();
  assertEquals(
    answers(eve).map((answer) => (answer.error as { field: string }).field),
    ["", "do", "player", ""],
  );
  assertEquals(metric(world, "invalid_requests"), 4);
  for (let i = 0; i < 20; i++) eve.request("lobby", "no JSON");
  await world.run();
  assertEquals(metric(world, "expelled_clients"), 1);
  const ended = [...eve.drainEvents()].find(({ type }) =>
    type === "disconnected"
  );
  assert(ended?.type === "disconnected" && !ended.willReconnect);
  assertEquals(ended.code, 4013);
  // Others do not notice.
  await world.done(ada, ada.client.create());
});

Deno.test("LobbyServer limits how often a player asks, over all connections", async () => {
  const world = new LobbyWorld();
  await world.start({ rate: { perSecond: 10, burst: 20 } });
  const tabs = [world.connect("eve"), world.connect("eve")];
  await world.run();
  for (const tab of tabs) {
    for (let i = 0; i < 40; i++) tab.request("lobby", '{"do":"leave"}');
  }
  await world.run(4);
  const errors = tabs.flatMap(answers).map((it) =>
    (it.error as { type: string }).type
  );
  assertEquals(errors.length, 80);
  const taken = errors.filter((it) => it === "playerNotFound").length;
  assert(taken >= 20 && taken <= 23, `${taken}`);
  assertEquals(errors.filter((it) => it === "rateLimited").length, 80 - taken);
  assertEquals(metric(world, "limited_requests"), 80 - taken);
});

Deno.test("LobbyServer takes whatever comes, and holds no more than it may", async () => {
  const rounds = Deno.env.get("TICKWIRE_SOAK") ? 2_000 : 12;
  const world = new LobbyWorld();
  await world.start({
    rate: { perSecond: 1e5, burst: 1e5 },
    patience: { perSecond: 1e6, burst: 1e6 },
    manager: { limits: { lobbies: 20 } },
    queues: { q: { modes: { race: { teams: 2, teamSize: 1 } } } },
  });
  const random = new SeededRandom(5);
  const clients = Array.from({ length: 6 }, (_, i) => world.connect(`p${i}`));
  const ada = world.join("ada");
  await world.until(() => ada.client.isSynced);
  let asked = 0;
  for (let round = 0; round < rounds; round++) {
    for (const client of clients) {
      for (let i = 0; i < 20; i++) {
        const request = REQUESTS[random.nextU32() % REQUESTS.length]!;
        const bytes = encoder.encode(JSON.stringify(request));
        const sent = random.nextU32() % 3 === 0 ? bytes : mutate(random, bytes);
        if (random.nextU32() % 20 === 0) {
          client.sendOnChannel(
            random.nextU32() % 2 ? "lobby" : "lobby.list",
            sent,
          );
        } else if (client.request("lobby", sent) !== undefined) asked++;
      }
    }
    await world.run(3);
    for (const client of clients) for (const _ of client.drainEvents());
    if (round % 10 === 9) world.cut(random.nextU32());
  }
  await world.run(40);
  const served = metric(world, "requests") + metric(world, "invalid_requests");
  assert(served >= asked, `${served} of ${asked}`);
  assert(world.server!.lobbyCount <= 20);
  assertEquals(metric(world, "held"), 0);
  assertEquals(metric(world, "lost_events"), 0);
  // And goes on as if nothing had been.
  for (const { id } of world.server!.manager.lobbies()) {
    world.server!.manager.destroyLobby(id);
  }
  await world.done(ada, ada.client.create());
  // With what was still to be hashed.
  await world.server!.close(0);
});

Deno.test("LobbyServer limits how often a player asks for a list, and gives each connection one", async () => {
  const world = new LobbyWorld();
  await world.start({ rate: { perSecond: 1e3, burst: 1e3 } });
  const eves = Array.from({ length: 16 }, () => world.connect("eve"));
  const [first] = eves;
  await world.run();
  for (let i = 0; i < 40; i++) {
    const filter = { name: `${i}` };
    first!.request("lobby", JSON.stringify({ do: "browse", filter }));
  }
  await world.run();
  const told = [...first!.drainEvents()].flatMap((event) =>
    event.type === "reply" ? [event.message] : []
  );
  assertEquals(told.length, 40);
  // What lists are told by is bytes, refusals are text.
  const taken = told.filter(({ type }) => type === "binary").length;
  assert(taken >= 10 && taken <= 11, `${taken}`);
  // Its list is the last one that it was given.
  assertEquals(metric(world, "list_filters"), 1);
  for (const [i, eve] of eves.entries()) {
    await world.run(30);
    const filter = { name: `${i}` };
    eve.request("lobby", JSON.stringify({ do: "browse", filter }));
  }
  await world.run();
  assertEquals(metric(world, "list_filters"), 16);
  const ada = world.join("ada");
  await world.done(ada, ada.client.browse());
});

Deno.test("LobbyServer closes connections of a player beyond so many: those that are away first", async () => {
  const world = new LobbyWorld();
  const server = await world.start();
  const ada = world.join("ada");
  await world.until(() => ada.client.isSynced);
  const eves: WsClient[] = [];
  /** The connections that were closed for good, and not for a cut. */
  const closed = (): number[] =>
    eves.flatMap((eve, i) => {
      const events = [...eve.drainEvents()];
      const isClosed = events.some((event) =>
        event.type === "disconnected" && event.code === 4013 &&
        event.reason === "too many connections of this player"
      );
      return isClosed ? [i] : [];
    });
  const connect = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) eves.push(world.connect("eve"));
    await world.run();
  };
  await connect(16);
  assertEquals(server.clientsOf(playerId("eve")).length, 16);
  assertEquals(closed(), []);
  // The oldest ones make room, also for several at once.
  await connect(3);
  assertEquals(server.clientsOf(playerId("eve")).length, 16);
  assertEquals(closed(), [0, 1, 2]);
  assertEquals(metric(world, "expelled_clients"), 3);
  // A page that was loaded anew has left a session behind, which goes before an older one that is in use.
  const wire = world.wireCount - 1;
  world.cut(wire);
  eves.at(-1)!.close();
  await world.run();
  await connect(1);
  assertEquals(closed(), []);
  assertEquals(server.clientsOf(playerId("eve")).length, 16);
  await connect(1);
  assertEquals(closed(), [3]);
  // Nobody else's are closed.
  await world.done(ada, ada.client.create());
  assertEquals(server.clientsOf(playerId("ada")).length, 1);
});

Deno.test("LobbyServer gives one connection one list, and none to who takes too little", async () => {
  const world = new LobbyWorld();
  const server = await world.start({
    list: { intervalMs: 0, metadata: ["pad"] },
  });
  const ada = world.join("ada");
  const bob = world.join("bob");
  const eve = world.connect("eve", { maxUndrained: 64 });
  await world.done(ada, ada.client.create({ config: { name: "Duel" } }));
  await world.done(bob, bob.client.browse());
  await world.done(bob, bob.client.browse({ mode: "none" }));
  await world.done(bob, bob.client.browse({ hidePrivate: true }));
  assertEquals(metric(world, "list_filters"), 1);
  // One reads on, the other does not.
  eve.request("lobby", '{"do":"browse","filter":{}}');
  const { host, id } = ada.client.lobby!;
  for (let i = 0; i < 1_000; i++) {
    server.manager.setMetadata(host, { pad: `${i} ${"x".repeat(3_900)}` });
    await world.run(1);
    if (metric(world, "list_filters") === 1) break;
  }
  // It is told, when there is room.
  for (let i = 0; i < 100 && metric(world, "slow_list_readers") === 0; i++) {
    for (const _ of eve.drainEvents());
    await world.run(1);
  }
  assertEquals(metric(world, "slow_list_readers"), 1);
  assertEquals(metric(world, "list_filters"), 1);
  assertEquals(
    bob.client.browser.listing(id)?.metadata,
    server.manager.lobby(id)!.metadata,
  );
});

Deno.test("LobbyClient is told that a list has ended, and can ask for it again", async () => {
  const world = new LobbyWorld();
  const server = await world.start({
    list: { intervalMs: 0, metadata: ["pad"] },
  });
  const ada = world.join("ada");
  const bob = world.join("bob", { maxUndrainedEvents: 64 });
  await world.done(ada, ada.client.create());
  await world.done(bob, bob.client.browse());
  // Its game stands still.
  const { id, host } = ada.client.lobby!;
  world.players.pop();
  for (let i = 0; i < 1_000; i++) {
    server.manager.setMetadata(host, { pad: `${i} ${"x".repeat(3_900)}` });
    await world.run(1);
    if (i > 450) break;
  }
  world.players.push(bob);
  await world.until(() => world.told(bob, "listEnded").length === 1);
  await world.done(bob, bob.client.browse());
  await world.until(() =>
    bob.client.browser.listing(id)?.metadata.pad ===
      server.manager.lobby(id)!.metadata.pad
  );
});

Deno.test("LobbyServer tries a few of those who take nothing in a tick, and all in turn", async () => {
  const world = new LobbyWorld();
  const server = await world.start();
  const ada = world.join("ada");
  await world.done(ada, ada.client.create());
  const stalled = Array.from(
    { length: 20 },
    (_, i) => world.connect(i < 10 ? "eve" : "joe", { maxUndrained: 16 }),
  );
  await world.run();
  const lobby = ada.client.lobby!.id;
  for (const client of stalled) {
    client.request("lobby", '{"do":"hello","protocol":1}');
  }
  for (const client of [stalled[0]!, stalled.at(-1)!]) {
    client.request("lobby", JSON.stringify({ do: "join", lobby }));
  }
  await world.run();
  for (let i = 0; metric(world, "clients_behind") < 20; i++) {
    assert(i < 2_000, "nobody is behind");
    server.manager.setMetadata(playerId("ada"), {
      pad: `${i}`.padEnd(4_000),
    });
    if (i % 20 === 0) await world.run(1);
  }
  await world.run(1);
  const tried: number[] = [];
  for (let i = 0; i < 60; i++) {
    const before = metric(world, "clients_behind");
    await world.run(1);
    tried.push(metric(world, "clients_behind") - before);
  }
  assert(Math.max(...tried) <= 16, `${tried}`);
  const sum = tried.reduce((a, b) => a + b);
  assert(sum >= 40 && sum <= 60, `${tried}`);
});

Deno.test("LobbyServer does for nobody what is the host's to do, nor what is another player's", async () => {
  const world = new LobbyWorld();
  const server = await world.start({
    rate: { perSecond: 1e3, burst: 1e3 },
    queues: {
      q: {
        modes: { race: { teams: 2, teamSize: 1 } },
        acceptTimeoutMs: 60_000,
      },
    },
  });
  const names = ["ada", "bob", "cat", "eve"];
  const [ada, bob, cat, eve] = names.map((name) => world.join(name));
  const config = { teams: { count: 2, assignment: "manual" } } as const;
  const created = await world.done(ada!, ada!.client.create({ config }));
  const lobby = created.lobby as LobbyId;
  const { code } = await world.done(ada!, ada!.client.invite());
  const { reservation } = await world.done(
    ada!,
    ada!.client.reserve([playerId("joe")], 600_000),
  );
  await world.done(bob!, bob!.client.join(lobby));
  await world.done(cat!, cat!.client.join(lobby, { role: "spectator" }));
  await world.done(ada!, ada!.client.startReadyCheck(600_000));
  // A match of two others, whose number anybody can guess.
  const pair = ["dan", "flo"].map((name) => world.join(name));
  for (const it of pair) await world.done(it, it.client.enqueue("q"));
  await world.until(() => pair[1]!.client.proposal !== undefined);
  const { proposal } = pair[1]!.client.proposal!;

  const before = JSON.stringify(server.manager.snapshot(lobby)!.lobby);
  const requests = [
    ...["kick", "unban", "transferHost"].map((it) => ({ do: it })),
    { do: "setTeam", team: 1 },
    { do: "setRole", role: "spectator" },
  ].map((it) => ({ ...it, player: "ada" }));
  const all = [
    ...requests,
    ...["assignTeams", "rebalanceTeams", "start", "cancelStart", "reset"]
      .map((it) => ({ do: it })),
    { do: "cancelReadyCheck" },
    { do: "readyCheck" },
    { do: "configure", changes: { name: "taken over" } },
    { do: "setPassword", password: "open sesame" },
    { do: "setPassword", password: null },
    { do: "setMetadata", changes: { a: 1 } },
    { do: "revokeInvite", code },
    { do: "reserve", players: ["mallory"] },
    { do: "cancelReservation", reservation },
    { do: "enqueue", queue: "q", isParty: true },
    { do: "answer", proposal, isAccepted: false },
    { do: "answer", proposal, isAccepted: true },
  ];
  for (const { name } of [bob!, cat!, eve!]) {
    const client = world.connect(name);
    await world.run();
    for (const request of all) client.request("lobby", JSON.stringify(request));
    await world.run();
    const told = answers(client);
    assertEquals(told.length, all.length);
    for (const [i, { ok }] of told.entries()) {
      assert(!ok, `${name} could ${JSON.stringify(all[i])}`);
    }
  }
  assertEquals(JSON.stringify(server.manager.snapshot(lobby)!.lobby), before);
  assertEquals(server.manager.invites(lobby).length, 1);
  assertEquals(pair[1]!.client.proposal?.proposal, proposal);
});

Deno.test("LobbyServer lists lobbies that have as much to list as there may be", async () => {
  const world = new LobbyWorld();
  const server = await world.start({
    list: { intervalMs: 0, metadata: ["pad"] },
  });
  const ada = world.join("ada");
  const bob = world.join("bob");
  await world.done(ada, ada.client.browse());
  // What 64 of them have would find no room in a client's queue, all of it in no message.
  for (let i = 0; i < 300; i++) {
    const host = playerId(`host-${i}`);
    assert(server.manager.createLobby(host, { name: `${i}` }).isOk);
    const pad = "x".repeat(4_000);
    assert(server.manager.setMetadata(host, { pad }).isOk);
  }
  await world.until(() => ada.client.browser.size === 300);
  await world.done(bob, bob.client.browse());
  await world.until(() => bob.client.browser.size === 300);
});
