/**
 * Says which backend is picked, and what comes of forcing each, with the permissions that
 * it was given.
 *
 * @module
 */

import {
  NonBlockingSocket,
  type NonBlockingSocketBackend,
  TransportError,
} from "../../deno.ts";

const words: string[] = [];
for (const backend of [undefined, "native", "deno", "node"] as const) {
  words.push(await tryBind(backend));
}
console.log(words.join(" "));

async function tryBind(
  backend: NonBlockingSocketBackend | undefined,
): Promise<string> {
  try {
    using socket = await NonBlockingSocket.bind({
      hostname: "127.0.0.1",
      ...(backend && { backend }),
    });
    return socket.backend;
  } catch (error) {
    return error instanceof TransportError ? error.code : `${error}`;
  }
}
