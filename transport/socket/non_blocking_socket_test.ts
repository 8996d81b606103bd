import { socketConformance } from "./_testing/socket_conformance.ts";
import type { SocketPair } from "./_testing/socket_cases.ts";
import {
  NonBlockingSocket,
  type NonBlockingSocketBackend,
} from "./non_blocking_socket.ts";

const BACKENDS: readonly NonBlockingSocketBackend[] = [
  "native",
  "deno",
  "node",
];

for (const backend of BACKENDS) {
  socketConformance(
    `NonBlockingSocket "${backend}" on IPv4`,
    () => makePair(backend, "127.0.0.1"),
  );
  socketConformance(
    `NonBlockingSocket "${backend}" on IPv6`,
    () => makePair(backend, "::1"),
  );
}

async function makePair(
  backend: NonBlockingSocketBackend,
  hostname: string,
): Promise<SocketPair> {
  const nobody = await NonBlockingSocket.bind({ hostname, backend });
  const a = await NonBlockingSocket.bind({ hostname, backend });
  const b = await NonBlockingSocket.bind({ hostname, backend });
  nobody.close();
  return {
    a,
    b,
    toB: a.address(hostname, b.localAddress.port),
    toNobody: a.address(hostname, nobody.localAddress.port),
    hasIpAddresses: true,
    step: turn,
    async close() {
      a.close();
      b.close();
      // What is closed in the event loop's time.
      for (let i = 0; i < 4; i++) await turn();
    },
  };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
