import { ManualClock } from "../../core/mod.ts";
import { testDatagramLink } from "../link/_testing/datagram_link_conformance.ts";
import { NetcodeClient } from "../netcode.ts";
import { Login } from "./_testing/login.ts";

const clock = new ManualClock({ epochMs: Date.UTC(2026, 0, 1) });
const login = new Login({ clock });

testDatagramLink("NetcodeServer and NetcodeClient", {
  server: (maxClients) => login.server("127.0.0.1:9000", { maxClients }),
  client: () => new NetcodeClient(),
  credentials: (server, userData) => login.token([`${server}`], { userData }),
  roams: false,
});
