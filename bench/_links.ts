// What the benches' programs put between a socket and connections. The key is no secret: both
// ends of a measurement know it.
import { type DatagramLink, InsecureLink } from "../transport/mod.ts";
import {
  issueConnectToken,
  NetcodeClient,
  NetcodeServer,
} from "../transport/netcode.ts";

/** The links that there are. */
export type LinkKind = "insecure" | "netcode";

/** Both ends of a kind of link, on loopback. */
export interface LinkEnds {
  /** The link of a server whose socket is bound to a port. */
  server(port: number, maxClients: number): DatagramLink;
  client(): DatagramLink;
  /** What one client connects to a server with, for so many seconds: 30 by default. */
  credentials(port: number, expireSeconds?: number): Uint8Array;
}

const HOST = "127.0.0.1";
const PROTOCOL = "tickwire bench 1";
const PROTOCOL_ID = 0x7469_636b_7769_7265n;
const PRIVATE_KEY = new Uint8Array(32).fill(0x62);

/** The links by kind. */
export const LINKS: Readonly<Record<LinkKind, LinkEnds>> = {
  insecure: {
    server: (_, maxClients) =>
      new InsecureLink({ protocol: PROTOCOL, maxClients }),
    client: () => new InsecureLink({ protocol: PROTOCOL }),
    credentials: () => new Uint8Array(0),
  },
  netcode: {
    server: (port, maxClients) =>
      new NetcodeServer({
        protocolId: PROTOCOL_ID,
        privateKeys: [PRIVATE_KEY],
        addresses: [`${HOST}:${port}`],
        maxClients,
      }),
    client: () => new NetcodeClient(),
    credentials: issue,
  },
};

function issue(port: number, expireSeconds = 30): Uint8Array {
  const [clientId] = crypto.getRandomValues(new BigUint64Array(1));
  return issueConnectToken({
    protocolId: PROTOCOL_ID,
    privateKey: PRIVATE_KEY,
    clientId: clientId!,
    addresses: [`${HOST}:${port}`],
    timeoutSeconds: 15,
    expireSeconds,
  });
}
