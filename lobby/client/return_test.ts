import { assert, assertEquals } from "@std/assert";
import { LobbyWorld } from "../_testing/lobby_world.ts";
import type { Player } from "../_testing/player_world.ts";
import type { LobbyId } from "../lobby_id.ts";

/** As near as ticks and what is on its way let it be. */
function assertNear(
  actual: number | undefined,
  expected: number | undefined,
): void {
  assert(
    actual !== undefined && expected !== undefined &&
      Math.abs(actual - expected) <= 250,
    `${actual} is not near ${expected}`,
  );
}

/** Another page of the same player, which knows nothing yet. */
async function reload(world: LobbyWorld, { name }: Player): Promise<Player> {
  const page = world.join(name);
  await world.until(() => page.client.isSynced);
  return page;
}

async function inCountdown(
  world: LobbyWorld,
): Promise<{ ada: Player; bob: Player; id: LobbyId }> {
  const ada = world.join("ada");
  const bob = world.join("bob");
  const { lobby } = await world.done(
    ada,
    ada.client.create({ config: { countdownMs: 10_000 } }),
  );
  const id = lobby as LobbyId;
  await world.done(bob, bob.client.join(id));
  await world.done(bob, bob.client.setReady(true));
  await world.done(ada, ada.client.startGame());
  return { ada, bob, id };
}

Deno.test("LobbyClient tells how long it is to the game, whenever it came", async () => {
  const world = new LobbyWorld();
  const server = await world.start();
  const { ada, bob, id } = await inCountdown(world);
  const leftMs = () => world.server!.manager.countdownLeftMs(id);
  assertNear(ada.client.countdownLeftMs, leftMs());
  await world.run(80);
  assertNear(ada.client.countdownLeftMs, 6_000);
  assertNear(bob.client.countdownLeftMs, leftMs());
  const page = await reload(world, bob);
  assertEquals(page.client.lobby?.state, "countdown");
  assertNear(page.client.countdownLeftMs, leftMs());
  // Of somebody who comes to look on.
  const eve = world.join("eve");
  await world.done(eve, eve.client.join(id, { role: "spectator" }));
  assertNear(eve.client.countdownLeftMs, leftMs());
  await world.done(ada, ada.client.cancelStart());
  await world.run();
  for (const { client } of [ada, bob, page, eve]) {
    assertEquals(client.countdownLeftMs, undefined);
  }
  assertEquals(server.manager.lobby(id)?.state, "waiting");
});

Deno.test("LobbyClient tells how long a ready check is yet, whenever it came", async () => {
  const world = new LobbyWorld();
  await world.start();
  const ada = world.join("ada");
  const bob = world.join("bob");
  const { lobby } = await world.done(ada, ada.client.create());
  const id = lobby as LobbyId;
  await world.done(bob, bob.client.join(id));
  await world.done(ada, ada.client.startReadyCheck(5_000));
  await world.run(60);
  assertNear(bob.client.readyCheckLeftMs, 2_000);
  const page = await reload(world, bob);
  const { manager } = world.server!;
  assertNear(page.client.readyCheckLeftMs, manager.readyCheckLeftMs(id));
  await world.until(() => bob.client.lobby?.readyCheck === undefined);
  for (const { client } of [ada, bob, page]) {
    assertEquals(client.readyCheckLeftMs, undefined);
  }
  // A server that is restarted has lost its connections, which ends a countdown.
  await world.done(bob, bob.client.setReady(true));
  await world.done(ada, ada.client.configure({ countdownMs: 10_000 }));
  await world.done(bob, bob.client.setReady(true));
  await world.done(ada, ada.client.startGame());
  await world.run(10);
  assertNear(bob.client.countdownLeftMs, 9_500);
  await world.restart();
  await world.run(10);
  await world.until(() => bob.client.isSynced);
  assertEquals(bob.client.lobby?.state, "waiting");
  assertEquals(bob.client.countdownLeftMs, undefined);
});

Deno.test("LobbyClient is told what is left of a match that is to be confirmed, and whether its player has", async () => {
  const world = new LobbyWorld();
  await world.start({
    queues: {
      duels: {
        modes: { duel: { teams: 2, teamSize: 1 } },
        acceptTimeoutMs: 10_000,
      },
    },
  });
  const ada = world.join("ada");
  const tab = world.join("ada");
  const bob = world.join("bob");
  for (const { client } of [ada, bob]) client.enqueue("duels");
  await world.until(() => bob.client.proposal !== undefined);
  const { proposal, leftMs, isAccepted } = ada.client.proposal!;
  assertEquals([leftMs, isAccepted], [10_000, false]);
  await world.run(60);
  assertNear(ada.client.proposalLeftMs, 7_000);
  const unanswered = await reload(world, bob);
  assertEquals(unanswered.client.proposal?.isAccepted, false);
  assertNear(unanswered.client.proposalLeftMs, 7_000);
  await world.done(ada, ada.client.answer(proposal, true));
  await world.done(ada, ada.client.answer(proposal, true));
  await world.run();
  const page = await reload(world, ada);
  for (const player of [ada, tab, page]) {
    const known = player.client.proposal;
    assertEquals([known?.isAccepted, known?.timeoutMs], [true, 10_000]);
    assertNear(player.client.proposalLeftMs, bob.client.proposalLeftMs);
    // Once each.
    assertEquals(world.told(player, "proposal").length, 1);
  }
  assertEquals(world.told(tab, "proposalAccepted").length, 1);
  assertEquals(world.told(page, "proposal")[0]!.proposal.isAccepted, true);
  assertEquals(bob.client.proposal?.isAccepted, false);
  assertNear(page.client.waitedMs, ada.client.waitedMs);
  // A server that was restarted has the tickets, and proposes another match if at all.
  await world.restart();
  await world.until(() => world.told(bob, "proposalEnded").length > 0);
  const ended = world.told(bob, "proposalEnded");
  assertEquals(ended.map((it) => [it.proposal, it.isConfirmed]), [
    [proposal, undefined],
  ]);
});

Deno.test("LobbyClient knows who its player is before anything of a lobby is told", async () => {
  const world = new LobbyWorld();
  await world.start();
  const ada = world.join("ada");
  ada.client.create();
  const names: unknown[] = [];
  ada.isDrained = false;
  for (let i = 0; i < 20; i++) {
    await world.run(1);
    for (const event of ada.client.drainEvents()) {
      if (event.type === "entered") {
        names.push(ada.client.player, ada.client.me?.name, ada.client.isHost);
      }
    }
  }
  assertEquals(names, ["ada", "ADA", true]);
  const page = await reload(world, ada);
  assertEquals(page.client.me?.id, "ada" as never);
  assertEquals(
    page.events.map(({ type }) => type).filter((type) => type !== "socket"),
    ["entered", "synced"],
  );
});
