/**
 * The part of `transport` that needs Deno.
 *
 * @module
 */

export * from "./web/deno_web_socket.ts";
export type { WebDatagramOrigin, WebSocketDatagramListener } from "./mod.ts";
