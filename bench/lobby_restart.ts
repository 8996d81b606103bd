// How soon everybody sits in the lobby again after the death of a server: a `LobbyServer` on SQLite is killed (SIGKILL) with
// 1,000 lobbies of four players, each a `LobbyClient` with a connection of its own, and started again on the same file.
//
//     deno task bench lobby_restart.ts [--smoke] [--json]
//
// `--smoke` takes seconds and shows that everything runs; its figures mean little.
import { runParts } from "./_report.ts";
import { measureRestart } from "./lobby/restart.ts";

if (import.meta.main) await runParts({ restart: measureRestart }, Deno.args);
