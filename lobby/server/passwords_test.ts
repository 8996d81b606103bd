import { assert, assertEquals } from "@std/assert";
import { playerId } from "../../core/mod.ts";
import { LobbyWorld } from "../_testing/lobby_world.ts";
import { SqliteLobbyStore } from "../sqlite/sqlite_lobby_store.ts";
import { type LobbyId, lobbyId } from "../lobby_id.ts";

const SECRET = "Tr0ub4dor&3";
const WRONG = "correct horse";

Deno.test("LobbyServer lets in who knows the password, and nobody else", async () => {
  const world = new LobbyWorld();
  await world.start();
  const ada = world.join("ada");
  const bob = world.join("bob");
  const { lobby } = await world.done(
    ada,
    ada.client.create({ password: SECRET }),
  );
  assert(ada.client.lobby?.hasPassword);
  const id = lobby as LobbyId;
  for (
    const [options, type] of [
      [{}, "wrongPassword"],
      [{ password: WRONG }, "wrongPassword"],
    ] as const
  ) {
    assertEquals(
      (await world.refused(bob, bob.client.join(id, options))).type,
      type,
    );
    assertEquals(bob.client.lobby, undefined);
  }
  const joined = await world.done(
    bob,
    bob.client.join(id, { password: SECRET }),
  );
  assertEquals(joined, { lobby });
  assertEquals(bob.client.lobby?.id, id);
  // Another one, then none.
  await world.done(ada, ada.client.setPassword(WRONG));
  const eve = world.join("eve");
  assertEquals(
    (await world.refused(eve, eve.client.join(id, { password: SECRET }))).type,
    "wrongPassword",
  );
  await world.done(ada, ada.client.setPassword(undefined));
  await world.done(eve, eve.client.join(id));
});

Deno.test("LobbyServer counts attempts before it hashes anything", async () => {
  const world = new LobbyWorld();
  const server = await world.start({
    rate: { perSecond: 1_000, burst: 1_000 },
  });
  const ada = world.join("ada");
  const { lobby } = await world.done(
    ada,
    ada.client.create({ password: SECRET }),
  );
  const eve = world.join("eve");
  await world.until(() => eve.client.isSynced);
  const before = hashes();
  const types = new Map<unknown, number>();
  for (let i = 0; i < 12; i++) {
    // Some one by one, others at once.
    const requests = Array.from(
      { length: i % 3 === 0 ? 1 : 4 },
      (_, j) =>
        eve.client.join(lobby as LobbyId, { password: `guess ${i} ${j}` }),
    );
    for (const request of requests) {
      const { type } = await world.refused(eve, request);
      types.set(type, (types.get(type) ?? 0) + 1);
    }
  }
  // Five, as the manager has it by default, and one each ten seconds.
  const tried = types.get("wrongPassword")!;
  assert(tried >= 5 && tried <= 8, `${tried}`);
  assertEquals(types.get("rateLimited"), 36 - tried);
  assertEquals(hashes() - before, tried);

  function hashes(): number {
    for (const { name, value } of server.metrics()) {
      if (name === "tickwire_lobby_server_password_hashes") return value;
    }
    throw new Error("no such metric");
  }
});

Deno.test("LobbyServer hashes so many passwords that are set, and tells the others to wait", async () => {
  const world = new LobbyWorld();
  await world.start({
    passwords: {
      iterations: 10,
      maxConcurrent: 1,
      maxWaiting: 2,
      rate: { perSecond: 0.1, burst: 2 },
    },
  });
  const players = Array.from({ length: 8 }, (_, i) => world.join(`p${i}`));
  await world.until(() => players.every(({ client }) => client.isSynced));
  const requests = players.map(({ client }) =>
    client.create({ password: SECRET })
  );
  let done = 0;
  for (const [i, request] of requests.entries()) {
    const outcome = await world.outcome(players[i]!, request);
    if (outcome.type === "done") done++;
    else {
      assert(outcome.type === "refused");
      assertEquals(outcome.error.type, "rateLimited");
    }
  }
  assertEquals(done, 3);
  const [first] = players;
  await world.done(first!, first!.client.setPassword(WRONG));
  const error = await world.refused(first!, first!.client.setPassword(SECRET));
  assertEquals(error.type, "rateLimited");
  assert(error.retryAfterMs as number > 5_000);
});

Deno.test("LobbyServer leaves passwords nowhere", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/lobbies.db`;
  const store = new SqliteLobbyStore({ path });
  const logged: string[] = [];
  const methods = ["log", "info", "warn", "error", "debug"] as const;
  const originals = methods.map((name) => console[name]);
  for (const name of methods) {
    console[name] = (...args: unknown[]) => logged.push(Deno.inspect(args));
  }
  const world = new LobbyWorld(1, store);
  try {
    const server = await world.start();
    const ada = world.join("ada");
    const bob = world.join("bob");
    const { lobby } = await world.done(
      ada,
      ada.client.create({ password: SECRET }),
    );
    const id = lobbyId(lobby as string);
    await world.refused(bob, bob.client.join(id, { password: WRONG }));
    await world.done(bob, bob.client.join(id, { password: SECRET }));
    await world.refused(bob, bob.client.setPassword(WRONG));
    await world.done(ada, ada.client.setPassword(WRONG));
    const told = [
      logged.join("\n"),
      JSON.stringify(world.events),
      JSON.stringify([...world.players.map(({ events }) => events)]),
      JSON.stringify(server.manager.snapshot(id)),
      JSON.stringify([...server.metrics()]),
      Deno.inspect(server, { depth: 20, showHidden: true }),
    ].join("\n");
    for (const password of [SECRET, WRONG]) {
      assert(!told.includes(password), password);
    }
    await server.close(0);
  } finally {
    methods.forEach((name, i) => console[name] = originals[i]!);
  }
  const files: string[] = [];
  // While the log of the database is still there, and after.
  for (let i = 0; i < 2; i++) {
    for await (const { name } of Deno.readDir(folder)) {
      files.push(
        new TextDecoder("latin1").decode(
          await Deno.readFile(`${folder}/${name}`),
        ),
      );
    }
    if (i === 0) await store.close();
  }
  const kept = files.join("\n");
  assert(kept.includes("pbkdf2-sha256$10$"));
  for (const password of [SECRET, WRONG]) assert(!kept.includes(password));
  await Deno.remove(folder, { recursive: true });
});

Deno.test("LobbyServer keeps no seat for ever for who has gone while a password was hashed", async () => {
  const world = new LobbyWorld();
  const server = await world.start();
  const ada = world.join("ada");
  const { lobby } = await world.done(
    ada,
    ada.client.create({ password: SECRET }),
  );
  const joining = world.connect("bob");
  const creating = world.connect("eve");
  await world.run();
  const join = { do: "join", lobby, password: SECRET };
  joining.request("lobby", JSON.stringify(join));
  creating.request("lobby", JSON.stringify({ do: "create", password: WRONG }));
  // Both are asked for and both clients gone within one tick.
  for (const client of [joining, creating]) {
    client.flush();
    client.close();
  }
  await world.until(() => server.lobbyCount === 2);
  await world.until(() => ada.client.lobby?.players.length === 2);
  await world.run(2);
  assertEquals(ada.client.lobby?.players[1]?.isConnected, false);
  // As after any other loss.
  await world.run(61, 1);
  assertEquals(server.lobbyCount, 1);
  assertEquals(ada.client.lobby?.players.length, 1);
});

Deno.test("LobbyServer limits how many passwords a player tries, over all lobbies", async () => {
  const world = new LobbyWorld();
  const server = await world.start();
  const ids: LobbyId[] = [];
  for (let i = 0; i < 30; i++) {
    const made = server.manager.createLobby(playerId(`host ${i}`), {}, {
      passwordVerifier: "none is right",
    });
    assert(made.isOk);
    ids.push(made.value.id);
  }
  const eve = world.join("eve");
  await world.until(() => eve.client.isSynced);
  const types: unknown[] = [];
  for (const id of ids) {
    const error = await world.refused(
      eve,
      eve.client.join(id, { password: SECRET }),
    );
    types.push(error.type);
    await world.run(2);
  }
  const tried = types.filter((type) => type === "wrongPassword").length;
  assert(tried >= 10 && tried <= 14, `${tried}`);
  assertEquals(types.filter((it) => it === "rateLimited").length, 30 - tried);
  // A lobby without one can be entered.
  ok(server.manager.setPassword(playerId("host 0"), undefined));
  await world.done(eve, eve.client.join(ids[0]!, { password: SECRET }));
});

Deno.test("LobbyServer hashes nothing for attempts that are over, nor keeps who sets a password waiting for them all", async () => {
  const world = new LobbyWorld();
  const server = await world.start({
    passwords: { iterations: 50_000, maxConcurrent: 1, maxWaiting: 1 },
    manager: { passwordTimeoutMs: 1_000 },
  });
  const ada = world.join("ada");
  const { lobby } = await world.done(
    ada,
    ada.client.create({ password: SECRET }),
  );
  const crowd = Array.from({ length: 20 }, (_, i) => world.connect(`eve${i}`));
  await world.run();
  for (const eve of crowd) {
    const join = { do: "join", lobby, password: WRONG };
    eve.request("lobby", JSON.stringify(join));
  }
  const before = metric("server_password_hashes");
  await world.run(4);
  assert(metric("server_waiting_hashes") > 10);
  const set = ada.client.setPassword(WRONG);
  await world.run(30);
  assertEquals(metric("password_attempts"), 0);
  await world.done(ada, set);
  await world.until(() => metric("server_waiting_hashes") === 0);
  // What was under way, and the host's.
  const hashes = metric("server_password_hashes") - before;
  assert(hashes < 10, `${hashes}`);

  function metric(name: string): number {
    for (const it of server.metrics()) {
      if (it.name === `tickwire_lobby_${name}`) return it.value;
    }
    throw new Error("no such metric");
  }
});

Deno.test("LobbyServer sets the password that was asked for last, and in that lobby", async () => {
  const world = new LobbyWorld();
  await world.start({ passwords: { rate: { perSecond: 1, burst: 10 } } });
  const ada = world.join("ada");
  await world.until(() => ada.client.isSynced);
  await world.done(ada, ada.client.create());
  // The first is still being hashed when the last is done.
  const first = ada.client.setPassword(SECRET);
  const last = ada.client.setPassword(undefined);
  await world.done(ada, first);
  await world.done(ada, last);
  await world.run();
  assertEquals(ada.client.lobby?.hasPassword, false);
  const late = ada.client.setPassword(SECRET);
  ada.client.leave();
  const next = ada.client.create();
  assertEquals((await world.refused(ada, late)).type, "playerNotFound");
  await world.done(ada, next);
  await world.run();
  assertEquals(ada.client.lobby?.hasPassword, false);
  await world.done(ada, ada.client.setPassword(SECRET));
  await world.run();
  assertEquals(ada.client.lobby?.hasPassword, true);
});

function ok(result: { readonly isOk: boolean }): void {
  assert(result.isOk);
}
