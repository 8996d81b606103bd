// TokenLink and NetcodeServer, where sockets count as sealed below.
import { testDatagramLink } from "../link/_testing/datagram_link_conformance.ts";
import { issueConnectToken } from "./issue_connect_token.ts";
import { NetcodeServer } from "./netcode_server.ts";
import { TokenLink } from "./token_link.ts";

const KEY = new Uint8Array(32).fill(7);
const PROTOCOL = 0x1122_3344_5566_7788n;
const ADDRESS = "203.0.113.7:40000";
let nextClient = 1n;

testDatagramLink("NetcodeServer with sockets that are sealed below", {
  server: (maxClients) =>
    new NetcodeServer({
      protocolId: PROTOCOL,
      privateKeys: [KEY],
      addresses: [ADDRESS],
      maxClients,
      isSealedBelow: () => true,
    }),
  client: () => new TokenLink(),
  credentials: (_server, userData) =>
    issueConnectToken({
      protocolId: PROTOCOL,
      privateKey: KEY,
      clientId: nextClient++,
      addresses: [ADDRESS],
      userData,
    }),
  roams: false,
  moves: true,
});
