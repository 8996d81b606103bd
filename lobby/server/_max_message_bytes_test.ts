import { assert, assertThrows } from "@std/assert";
import { playerId } from "../../core/mod.ts";
import { fillLimits } from "../manager/lobby_limits.ts";
import { LobbyManager } from "../manager/lobby_manager.ts";
import { MemoryLobbyStore } from "../store/memory_lobby_store.ts";
import { maxMessageBytes } from "./_max_message_bytes.ts";
import { LobbyServer } from "./lobby_server.ts";

const encoder = new TextEncoder();

/** Text whose bytes all take two in JSON. */
function quotes(count: number): string {
  return '"'.repeat(count);
}

/** JSON of so many bytes at the most. */
function full(bytes: number): { readonly a: string } {
  return { a: quotes((bytes - '{"a":""}'.length) >> 1) };
}

Deno.test("maxMessageBytes() is enough for a lobby that is full of the longest", () => {
  const limits = fillLimits({});
  const manager = new LobbyManager();
  const name = quotes(limits.nameBytes);
  const who = (i: number) => playerId(`${i}`.padEnd(64, '"').slice(0, 64));
  const created = manager.createLobby(who(0), {
    name,
    maxPlayers: limits.playersPerLobby,
    maxSpectators: limits.spectatorsPerLobby,
  });
  assert(created.isOk);
  const { id } = created.value;
  for (let i = 1; i < limits.playersPerLobby + limits.spectatorsPerLobby; i++) {
    const role = i < limits.playersPerLobby ? "player" : "spectator";
    assert(manager.join(who(i), id, { role, name }).isOk);
  }
  for (let i = 0; i < limits.playersPerLobby + limits.spectatorsPerLobby; i++) {
    const metadata = full(limits.playerMetadataBytes);
    assert(manager.setPlayerMetadata(who(i), metadata).isOk);
  }
  const metadata = full(limits.lobbyMetadataBytes);
  assert(manager.setMetadata(who(0), metadata).isOk);
  const view = JSON.stringify(manager.lobby(id));
  const { length } = encoder.encode(view);
  assert(length > maxMessageBytes(limits) / 2, `${length}`);
  assert(length < maxMessageBytes(limits), `${length}`);
});

Deno.test("LobbyServer refuses messages that have no room for its lobbies", () => {
  const options = {
    upgrade: () => {
      throw new Error("Nobody comes");
    },
    authenticate: () => undefined,
    store: new MemoryLobbyStore(),
  };
  const hub = { maxMessageBytes: 1_024 };
  assertThrows(
    () => new LobbyServer({ ...options, hub }),
    RangeError,
    "hub.maxMessageBytes",
  );
  // The hub could send these, and no client would take them.
  const limits = { playerMetadataBytes: 16_384 };
  assertThrows(
    () => new LobbyServer({ ...options, manager: { limits } }),
    RangeError,
    "manager.limits",
  );
});
