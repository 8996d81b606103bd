/**
 * The UDP socket of `transport` for Deno: the system's own non-blocking sockets where
 * `--allow-ffi` is granted, otherwise what Deno has.
 *
 * @example An echo
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { NonBlockingSocket } from "@tickwire/net/transport/deno";
 *
 * using server = await NonBlockingSocket.bind({ hostname: "127.0.0.1" });
 * using client = await NonBlockingSocket.bind({ hostname: "127.0.0.1" });
 * client.sendTo(new TextEncoder().encode("hello"), "127.0.0.1", server.localAddress.port);
 * client.flush();
 *
 * const seen: string[] = [];
 * while (seen.length === 0) {
 *   await new Promise((resolve) => setTimeout(resolve, 1));
 *   server.poll((datagram, from) => {
 *     server.send(datagram, from);
 *   });
 *   server.flush();
 *   client.poll((datagram) => {
 *     seen.push(new TextDecoder().decode(datagram));
 *   });
 * }
 * assertEquals(seen, ["hello"]);
 * ```
 *
 * @module
 */

export * from "./socket/datagram_address.ts";
export * from "./socket/datagram_socket.ts";
export * from "./socket/non_blocking_socket.ts";
export * from "./transport_error.ts";
export * from "./web/deno_web_socket.ts";
export * from "./web/deno_web_transport.ts";
export * from "./web/self_signed_certificate.ts";
// What signatures name.
export type {
  DatagramWebSocket,
  DatagramWebSocketEvent,
  DatagramWebTransport,
  WebDatagramEndReason,
  WebDatagramListener,
  WebDatagramOrigin,
  WebSocketDatagramListener,
  WebTransportDatagramListener,
} from "./mod.ts";
