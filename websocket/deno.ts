/**
 * The part of `websocket` that needs Deno: the upgrade of a request to a socket, which no web standard describes.
 *
 * `Deno.HttpServer.shutdown` closes sockets before what they were given has left. A server that calls `hub.close` to tell
 * its clients when to come back waits until its sockets have closed, or for a second, before it shuts down.
 *
 * @example A hub that lives at 60 ticks a second
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { playerId, PollLoop } from "@tickwire/net/core";
 * import { WsClient, WsHub } from "@tickwire/net/websocket";
 * import { upgradeWebSocket } from "@tickwire/net/websocket/deno";
 *
 * const hub = new WsHub({
 *   upgrade: upgradeWebSocket,
 *   authenticate: () => ({ playerId: playerId("ada") }), // ask your own server
 *   channel: () => ({ isRelayed: true }),
 * });
 * const server = Deno.serve({ port: 0, onListen() {} }, hub.handler);
 *
 * const client = new WsClient({ url: `ws://localhost:${server.addr.port}`, mux: true });
 * client.connect();
 * client.sendOnChannel("chat", "hello");
 *
 * const loop = new PollLoop();
 * const stop = new AbortController();
 * const seen: string[] = [];
 * loop.add(client);
 * loop.add({
 *   tick(dt) {
 *     hub.tick(dt);
 *     for (const event of hub.drainEvents()) {
 *       if (event.type === "message") {
 *         seen.push(new TextDecoder().decode(event.bytes));
 *         stop.abort();
 *       }
 *     }
 *   },
 * });
 * await loop.run({ hz: 60, signal: stop.signal });
 * assertEquals(seen, ["hello"]);
 *
 * client.close();
 * hub.close();
 * await server.shutdown();
 * ```
 *
 * @module
 */

import type { Upgraded } from "./mod.ts";

export type { Upgraded, WebSocketEventLike, WebSocketLike } from "./mod.ts";

/**
 * Turns a request that asks for a WebSocket into one: the `upgrade` of a `WsHub` on Deno.
 *
 * Deno's own idle timeout is off, as it ends no peer that reads nothing: the keepalive of the hub does. Bytes arrive as
 * ArrayBuffers. What the request's headers say has to be read before, as Deno takes them with the upgrade.
 *
 * @param request The request, as `Deno.serve` gives it.
 * @returns The socket, which opens when the response is returned from the handler, and that response.
 * @throws {TypeError} If the request does not ask for a WebSocket, or was upgraded already.
 *
 * @example A server that answers
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { upgradeWebSocket } from "@tickwire/net/websocket/deno";
 *
 * const server = Deno.serve({ port: 0, onListen() {} }, (request) => {
 *   const { socket, response } = upgradeWebSocket(request);
 *   socket.addEventListener("message", ({ data }) => socket.send(`${data}!`));
 *   return response;
 * });
 * const client = new WebSocket(`ws://localhost:${server.addr.port}`);
 * client.onopen = () => client.send("hello");
 * const answer = await new Promise((resolve) => {
 *   client.onmessage = (event) => resolve(event.data);
 * });
 * assertEquals(answer, "hello!");
 * const closed = new Promise((resolve) => client.onclose = resolve);
 * client.close();
 * await closed;
 * await server.shutdown();
 * ```
 */
export function upgradeWebSocket(request: Request): Upgraded {
  const { socket, response } = Deno.upgradeWebSocket(request, {
    idleTimeout: 0,
  });
  socket.binaryType = "arraybuffer";
  return { socket, response };
}
