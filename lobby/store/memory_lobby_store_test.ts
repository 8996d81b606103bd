import { testLobbyStore } from "./_testing/lobby_store_conformance.ts";
import { MemoryLobbyStore } from "./memory_lobby_store.ts";

testLobbyStore("MemoryLobbyStore", () => new MemoryLobbyStore(), undefined);
