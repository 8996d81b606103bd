// What it costs to show players the lobbies there are: 10,000 of them, 1,000 players who look, of whom each is told its list
// once and then what changes, 1 % of the lobbies each second; beside a list that is asked for each second.
//
//     deno task bench lobby_browser.ts [--smoke] [--json]
//
// `--smoke` takes seconds and shows that everything runs; its figures mean little.
import { runParts } from "./_report.ts";
import { measureBrowser } from "./lobby/browser.ts";

if (import.meta.main) await runParts({ browser: measureBrowser }, Deno.args);
