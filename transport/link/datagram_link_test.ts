import { SeededRandom } from "../../core/mod.ts";
import { testDatagramLink } from "./_testing/datagram_link_conformance.ts";
import { XorLink } from "./_testing/xor_link.ts";
import { InsecureLink } from "./insecure_link.ts";

testDatagramLink("InsecureLink", {
  server: (maxClients) =>
    new InsecureLink({
      protocol: "test 1",
      maxClients,
      random: new SeededRandom(1),
    }),
  client: () => new InsecureLink({ protocol: "test 1" }),
  credentials: (_server, userData) => userData,
  roams: true,
});

testDatagramLink("XorLink", {
  server: (maxClients) => new XorLink({ protocol: "test 1", maxClients }),
  client: () => new XorLink({ protocol: "test 1" }),
  credentials: (_server, userData) => userData,
  roams: true,
});

testDatagramLink("XorLink with payloads of 1,200 bytes", {
  server: (maxClients) =>
    new XorLink({ protocol: "test 1", maxClients }, 1_200),
  client: () => new XorLink({ protocol: "test 1" }, 1_200),
  credentials: (_server, userData) => userData,
  roams: true,
});
