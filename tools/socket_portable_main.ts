import { NonBlockingSocket } from "../transport/node.ts";
import {
  SOCKET_CASES,
  type SocketPair,
} from "../transport/socket/_testing/socket_cases.ts";
import type { PortableResult } from "./portable_run.ts";

/**
 * Runs every case of a socket on what the runtime has, one after the other.
 *
 * @param _site Not needed.
 * @param say Takes one line for each case.
 */
export async function main(
  _site: string,
  say: (line: string) => Promise<void>,
): Promise<void> {
  for (const { name, run } of SOCKET_CASES) {
    const startMs = performance.now();
    let error: string | undefined;
    try {
      const pair = await makePair();
      try {
        await run(pair);
      } finally {
        await pair.close();
      }
    } catch (thrown) {
      error = thrown instanceof Error
        ? thrown.stack ?? thrown.message
        : String(thrown);
    }
    const tookMs = Math.round(performance.now() - startMs);
    const result: PortableResult = error === undefined
      ? { name, tookMs }
      : { name, tookMs, error };
    await say(JSON.stringify(result));
  }
}

async function makePair(): Promise<SocketPair> {
  const hostname = "127.0.0.1";
  const nobody = await NonBlockingSocket.bind({ hostname });
  const a = await NonBlockingSocket.bind({ hostname });
  const b = await NonBlockingSocket.bind({ hostname });
  nobody.close();
  if (a.backend !== "node") throw new Error(`It is "${a.backend}"`);
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
      await turn();
    },
  };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
