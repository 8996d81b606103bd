import { assertEquals } from "@std/assert";
import { isConnected, isLive, WsState } from "./state.ts";

Deno.test("isConnected() and isLive() tell the states apart", () => {
  assertEquals(Object.values(WsState).filter(isConnected), ["connected"]);
  assertEquals(Object.values(WsState).filter(isLive), [
    "connecting",
    "handshaking",
    "connected",
    "reconnectBackoff",
  ]);
});
