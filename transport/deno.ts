/**
 * The part of `transport` that needs Deno.
 *
 * @module
 */

export * from "./web/deno_web_socket.ts";
export * from "./web/deno_web_transport.ts";
export type {
  WebDatagramOrigin,
  WebSocketDatagramListener,
  WebTransportDatagramListener,
} from "./mod.ts";
