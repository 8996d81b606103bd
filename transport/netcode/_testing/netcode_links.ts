import { ManualClock } from "../../../core/mod.ts";
import { WORLD_SERVER, type WorldLinks } from "../../_testing/event_world.ts";
import { NetcodeClient } from "../../netcode.ts";
import { Login } from "./login.ts";

/**
 * Netcode for an event world. Its time of day stands still: tokens expire for their clients
 * alone, which count from `connect()`.
 *
 * @param roams Whether clients prove their new addresses.
 */
export function netcodeLinks(roams = false): WorldLinks {
  const clock = new ManualClock({ epochMs: Date.UTC(2026, 0, 1) });
  const login = new Login({ clock }, new Uint8Array(32).fill(1));
  return {
    server: (maxClients, random) =>
      login.server(WORLD_SERVER, { maxClients, random }),
    client: (random) => new NetcodeClient({ roaming: roams, random }),
    credentials: (userData) => login.token([WORLD_SERVER], { userData }),
    roams,
  };
}
