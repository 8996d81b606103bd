// A lobby that is handed over to a server that has died is where it was, and so is everybody in it, whatever they did
// meanwhile.
import { assert, assertEquals } from "@std/assert";
import { playerId } from "../../core/mod.ts";
import { type Player, TICK_SECONDS } from "../_testing/player_world.ts";
import type { WebSocketLike } from "../../websocket/mod.ts";
import type { LobbyId } from "../lobby_id.ts";
import { ClusterWorld, LEASE_MS, type Node } from "./_testing/cluster_world.ts";

interface Scene {
  readonly world: ClusterWorld;
  readonly ada: Player;
  readonly bob: Player;
  readonly cat: Player;
  /** The server that has the lobby. */
  readonly node: Node;
  readonly lobby: LobbyId;
  /** Bob loses the connection, and does not come back before he is to. */
  loseBob(): void;
  /** Begins the move, which comes to nothing when it may end. */
  begin(): Promise<void>;
  end(): Promise<void>;
}

/** Ada, Bob and Cat are in a lobby at one server, and the queue is at another one. */
async function prepare(): Promise<Scene> {
  const world = new ClusterWorld();
  const queues = { trios: { modes: { trio: { teams: 2, teamSize: 3 } } } };
  const hub = { resumeWindowMs: 500 };
  const other = await world.start("a", { queues, hub });
  const node = await world.start("b", { queues, hub });
  const eve = world.join("eve", ["a", "b"]);
  await world.done(eve, eve.client.enqueue("trios"));
  const ada = world.join("ada", ["b"]);
  let socket: WebSocketLike;
  const { webSocket } = world.clientOptions();
  const bob = world.join("bob", ["b"], {
    webSocket: (url, protocols) => socket = webSocket!(url, protocols),
  });
  const { lobby } = await world.done(ada, ada.client.create());
  const cat = world.join("cat", ["b"]);
  for (const guest of [bob, cat]) {
    await world.done(guest, guest.client.join(lobby as LobbyId));
  }
  const { command } = node.redis;
  let goOn: (() => void) | undefined;
  node.redis.command = async (args) => {
    if (args[1]?.startsWith("-- give")) {
      await new Promise<void>((resolve) => goOn = resolve);
    }
    return await command(args);
  };
  return {
    world,
    ada,
    bob,
    cat,
    node,
    lobby: lobby as LobbyId,
    loseBob: () => {
      bob.client.socket.setOnline(false);
      socket.close();
    },
    begin: async () => {
      ada.client.enqueue("trios", { isParty: true });
      await world.until(() => goOn !== undefined, "the gift");
      world.kill(other);
    },
    end: async () => {
      // Until then the lobby is given, and inherited.
      await world.run(1.5 * LEASE_MS / (1_000 * TICK_SECONDS));
      node.redis.command = command;
      goOn!();
      await world.until(() => node.server.lobbyCount === 1, "the lobby");
      await world.run(10);
    },
  };
}

function assertSame({ node, lobby }: Scene, { client }: Player): void {
  const there = node.server.manager.lobby(lobby);
  assert(there !== undefined && client.isSynced);
  assertEquals(client.lobby, there);
}

Deno.test("LobbyServer tells who is in a lobby that could not be moved who was lost meanwhile", async () => {
  const scene = await prepare();
  const { world, bob, cat } = scene;
  await scene.begin();
  scene.loseBob();
  await world.run(5);
  await scene.end();
  assertSame(scene, cat);
  assertEquals(cat.client.lobby?.players[1]?.isConnected, false);
  bob.client.socket.setOnline(true);
  await world.until(() => bob.client.isSynced);
  await world.run(10);
  assertSame(scene, bob);
  assertSame(scene, cat);
});

Deno.test("LobbyServer has who comes back while a lobby is being moved wait for it", async () => {
  const scene = await prepare();
  const { world, bob, cat, node } = scene;
  // Nothing is remembered of a player but the seat.
  scene.loseBob();
  await world.run(500);
  assert(node.server.manager.lobbyForPlayer(playerId("bob")) !== undefined);
  await scene.begin();
  bob.client.socket.setOnline(true);
  await world.run(20);
  await scene.end();
  await world.until(() => bob.client.isSynced);
  await world.run(10);
  assertSame(scene, bob);
  assertSame(scene, cat);
  const lefts = bob.events.filter(({ type }) => type === "left");
  assertEquals(lefts, []);
});

Deno.test("LobbyServer tells who was in a lobby that could not be moved, nor kept", async () => {
  const scene = await prepare();
  const { world, bob, cat, node, lobby } = scene;
  await scene.begin();
  // The game has use for one of them.
  const made = node.server.manager.createLobby(playerId("bob"));
  assert(made.isOk);
  await scene.end();
  assertEquals(node.server.manager.lobby(lobby), undefined);
  assertEquals(cat.client.lobby, undefined);
  const [left] = world.told(cat, "left");
  assertEquals([left?.lobby, left?.reason], [lobby, "destroyed"]);
  assertEquals(bob.client.lobby?.id, made.value.id);
  await world.done(cat, cat.client.create());
  const ended = node.events.flatMap((event) =>
    event.type === "lobby" && event.event.type === "lobbyDestroyed"
      ? [event.view.id]
      : []
  );
  assertEquals(ended, [lobby]);
});
