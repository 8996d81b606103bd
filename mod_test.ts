import { assertEquals } from "@std/assert";
import * as tickwire from "./mod.ts";

Deno.test("mod.ts has the names that a game needs first, and each module", () => {
  // Types have no value: HttpEvent, WsEvent, LeaderboardEvent, ScoreEntry.
  assertEquals(Object.keys(tickwire).sort(), [
    "Analytics",
    "AnalyticsEvent",
    "HttpClient",
    "HttpRequest",
    "HttpResponse",
    "LeaderboardClient",
    "Method",
    "SessionStats",
    "WsClient",
    "WsMessage",
    "WsState",
    "analytics",
    "core",
    "http",
    "leaderboard",
    "lobby",
    "protocol",
    "rpc",
    "sync",
    "transport",
    "websocket",
  ]);
  assertEquals(tickwire.Analytics, tickwire.analytics.Analytics);
});
