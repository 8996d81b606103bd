/**
 * The UDP socket of `transport` for Node and Bun, on `node:dgram`.
 *
 * It is the class of `@tickwire/net/transport/deno`, which takes in each runtime what is there.
 *
 * @example Bind to a free port
 * ```ts
 * import { assert } from "@std/assert";
 * import { NonBlockingSocket } from "@tickwire/net/transport/node";
 *
 * using socket = await NonBlockingSocket.bind({ hostname: "127.0.0.1" });
 * assert(socket.localAddress.port > 0);
 * ```
 *
 * @module
 */

export * from "./socket/datagram_address.ts";
export * from "./socket/datagram_socket.ts";
export * from "./socket/non_blocking_socket.ts";
export * from "./transport_error.ts";
