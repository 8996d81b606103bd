import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { playerId } from "../../core/mod.ts";
import { lobbyId } from "../lobby_id.ts";
import { applyLobbyEvent } from "./apply_lobby_event.ts";
import type { Lobby } from "./lobby.ts";
import type { LobbyEvent } from "./lobby_event.ts";
import { LobbyManager } from "./lobby_manager.ts";

const HOME = lobbyId("home");
const ADA = playerId("ada");

function open(): { lobby: Lobby; created: LobbyEvent } {
  const manager = new LobbyManager();
  manager.createLobby(ADA, {}, { id: HOME });
  const created = manager.pollEvent() as LobbyEvent;
  return { lobby: manager.lobby(HOME)!, created };
}

Deno.test("applyLobbyEvent() begins with lobbyCreated and ends with lobbyDestroyed", () => {
  const { lobby, created } = open();
  assertEquals(applyLobbyEvent(undefined, created), lobby);
  assertEquals(
    applyLobbyEvent(lobby, {
      type: "lobbyDestroyed",
      lobby: HOME,
      version: 2,
      reason: "closed",
    }),
    undefined,
  );
});

Deno.test("applyLobbyEvent() leaves the lobby before it as it was, and shares what is the same", () => {
  const { lobby } = open();
  const before = structuredClone(lobby);
  const after = applyLobbyEvent(lobby, {
    type: "lobbyMetadataChanged",
    lobby: HOME,
    version: 2,
    changes: { mood: "good" },
  })!;
  assertEquals(lobby, before);
  assertEquals(after.metadata, { mood: "good" });
  assertStrictEquals(after.players, lobby.players);
  assertStrictEquals(after.config, lobby.config);
});

Deno.test("applyLobbyEvent() refuses another lobby's event, and one that is not the next", () => {
  const { lobby, created } = open();
  const event: LobbyEvent = { type: "lobbyReset", lobby: HOME, version: 2 };
  assertThrows(
    () => applyLobbyEvent(lobby, { ...event, lobby: lobbyId("other") }),
    RangeError,
    '"home"',
  );
  for (const version of [1, 3, NaN]) {
    assertThrows(
      () => applyLobbyEvent(lobby, { ...event, version }),
      RangeError,
      "version must be 2",
    );
  }
  assertThrows(() => applyLobbyEvent(undefined, event), RangeError);
  assertThrows(() => applyLobbyEvent(lobby, created), RangeError);
});

Deno.test("applyLobbyEvent() does nothing for somebody who is not there", () => {
  const { lobby } = open();
  const player = playerId("nobody");
  const events = [
    { type: "readyChanged", player, isReady: true },
    { type: "connectionChanged", player, isConnected: false },
    { type: "teamChanged", player },
    { type: "playerMetadataChanged", player, changes: { a: 1 } },
    { type: "readyCheckVoted", player, isReady: true },
  ] as const;
  for (const event of events) {
    const after = applyLobbyEvent(lobby, { ...event, lobby: HOME, version: 2 });
    assertEquals(after, { ...lobby, version: 2 });
  }
});
