import { assert, assertEquals } from "@std/assert";
import { playerId } from "../../core/mod.ts";
import { lobbyId } from "../lobby_id.ts";
import { LobbyManager } from "../manager/lobby_manager.ts";
import { lobbyListing } from "./lobby_listing.ts";

const HOME = lobbyId("home");

Deno.test("lobbyListing() tells whether one may look on, as the manager would let one", () => {
  let open = 0;
  for (const access of ["public", "unlisted", "inviteOnly"] as const) {
    for (const spectatorAccess of ["open", "invited", "none"] as const) {
      for (const maxSpectators of [0, 1, 2]) {
        const manager = new LobbyManager();
        const config = { access, spectatorAccess, maxSpectators };
        manager.createLobby(playerId("ada"), config, { id: HOME });
        for (const name of ["bob", "eve"]) {
          const { isOpenToSpectators } = lobbyListing(manager.lobby(HOME)!);
          const role = "spectator";
          const joined = manager.join(playerId(name), HOME, { role });
          const what = JSON.stringify({ ...config, name });
          assertEquals(isOpenToSpectators, joined.isOk, what);
          open += Number(joined.isOk);
        }
      }
    }
  }
  assert(open === 6, `${open}`);
});
