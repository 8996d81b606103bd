import type { WebSocketDatagramListener } from "./web_socket_datagram_listener.ts";
import type { WebDatagramOrigin } from "./web_datagram_limits.ts";

/**
 * Answers a request for a WebSocket by making its client one of a listener, on Deno.
 *
 * Deno's own idle timeout is off, as it ends no peer that reads nothing: the listener
 * looks at what comes in.
 *
 * @param request The request, as `Deno.serve` gives it.
 * @param listener What takes the client.
 * @param origin Where the client is, taken from `info.remoteAddr` before the upgrade, or
 * from a header that a trusted proxy has set.
 * @returns The response to return: 101; 426 to a request that asks for no WebSocket; 503
 * if there is no room.
 *
 * @example A server for browsers
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import {
 *   WebSocketDatagramListener,
 *   WebSocketDatagramSocket,
 * } from "@tickwire/net/transport";
 * import { upgradeToDatagrams } from "@tickwire/net/transport/deno";
 *
 * const listener = new WebSocketDatagramListener();
 * const server = Deno.serve({ port: 0, onListen() {} }, (request, info) =>
 *   upgradeToDatagrams(request, listener, { host: info.remoteAddr.hostname }));
 *
 * const socket = await WebSocketDatagramSocket.connect(`ws://localhost:${server.addr.port}`);
 * assertEquals(listener.clientCount, 1);
 *
 * socket.close();
 * listener.close();
 * await server.shutdown();
 * ```
 */
export function upgradeToDatagrams(
  request: Request,
  listener: WebSocketDatagramListener,
  origin: WebDatagramOrigin,
): Response {
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
    return new Response("Only WebSockets", {
      status: 426,
      headers: { connection: "upgrade", upgrade: "websocket" },
    });
  }
  if (!listener.hasRoom(origin.host)) {
    return new Response("No room", { status: 503 });
  }
  let upgrade: Deno.WebSocketUpgrade;
  try {
    upgrade = Deno.upgradeWebSocket(request, { idleTimeout: 0 });
  } catch {
    // What else a request needs is wrong or missing.
    return new Response("No WebSocket handshake", { status: 400 });
  }
  listener.accept(upgrade.socket, origin);
  return upgrade.response;
}
