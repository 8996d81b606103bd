import { assertEquals, assertThrows } from "@std/assert";
import { isGameMode } from "./game_mode.ts";
import { isLobbyId, lobbyId } from "./lobby_id.ts";
import { isTeamId, teamId } from "./team_id.ts";

Deno.test("lobbyId() takes 1 to 64 bytes without control characters", () => {
  for (const text of ["a", "x".repeat(64), "é".repeat(32), "😀".repeat(16)]) {
    assertEquals(lobbyId(text), text);
  }
  const bad = ["", "x".repeat(65), "é".repeat(33), "a\nb", "\u007f", "\ud800"];
  for (const text of bad) {
    assertEquals(isLobbyId(text), false);
    assertThrows(() => lobbyId(text), RangeError, "Cannot make a lobby id");
  }
  assertThrows(() => lobbyId(7 as unknown as string), TypeError, "number");
});

Deno.test("teamId() takes 0 to 15", () => {
  assertEquals([teamId(0), teamId(15)] as number[], [0, 15]);
  for (const id of [-1, 16, 0.5, NaN, Infinity]) {
    assertEquals(isTeamId(id), false);
    assertThrows(() => teamId(id), RangeError, "0 to 15");
  }
});

Deno.test("isGameMode() takes 1 to 32 bytes that can be shown", () => {
  assertEquals(
    ["race", "é".repeat(16), "é".repeat(17), " ", "a\u2066b", "\ud800", {}]
      .map(isGameMode),
    [true, true, false, false, false, false, false],
  );
});
