// Netcode in each runtime that has the cipher, on `node:dgram`, on the files that would be published: with a server in Deno,
// and with itself.
import { encodeBase64 } from "../core/mod.ts";
import { NonBlockingSocket } from "../transport/deno.ts";
import { ConnectionManager } from "../transport/mod.ts";
import {
  generateKey,
  issueConnectToken,
  NetcodeServer,
} from "../transport/netcode.ts";
import {
  NETCODE_CASE_NAMES,
  NETCODE_REFUSAL_NAMES,
} from "./netcode_link_portable_main.ts";
import { PortableSite } from "./portable_run.ts";
import { testInEachRuntime } from "./portable_steps.ts";

const MAIN = `export { main } from "./tools/netcode_link_portable_main.js";`;
const REFUSE =
  `export { refuse as main } from "./tools/netcode_link_portable_main.js";`;
const SOURCES = ["tools/netcode_link_portable_main.ts"];
const PROTOCOL_ID = 3n;

Deno.test("NetcodeServer and NetcodeClient do the same in every runtime with their cipher", async (t) => {
  const privateKey = generateKey();
  const socket = await NonBlockingSocket.bind({ hostname: "127.0.0.1" });
  const { port } = socket.localAddress;
  const addresses = [`127.0.0.1:${port}`];
  using server = new ConnectionManager({
    link: new NetcodeServer({
      protocolId: PROTOCOL_ID,
      privateKeys: [privateKey],
      addresses,
      maxClients: 8,
    }),
  });
  server.bind(socket);
  const timer = setInterval(() => {
    server.poll((peer, bytes, channel) => server.send(peer, bytes, channel));
    for (const _ of server.drainEvents());
  }, 2);
  let clientId = 0n;
  await using site = await PortableSite.open({
    main: MAIN,
    sources: SOURCES,
    handler: () => {
      const token = issueConnectToken({
        protocolId: PROTOCOL_ID,
        privateKey,
        clientId: ++clientId,
        addresses,
      });
      return Response.json({ port, token: encodeBase64(token) });
    },
  });
  try {
    await testInEachRuntime(t, site, NETCODE_CASE_NAMES, ["bun", "Chromium"]);
  } finally {
    clearInterval(timer);
  }
});

Deno.test("NetcodeServer and NetcodeClient say at once where there is no cipher", async (t) => {
  // Should Bun learn it (https://github.com/oven-sh/bun/issues/8072), this fails, and Bun is one of the others.
  await using site = await PortableSite.open({
    main: REFUSE,
    sources: SOURCES,
  });
  await testInEachRuntime(
    t,
    site,
    NETCODE_REFUSAL_NAMES,
    ["Deno", "node", "Chromium"],
  );
});
