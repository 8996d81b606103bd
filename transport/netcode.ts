/**
 * The secure link of `transport`: netcode 1.02, both roles, wire-compatible with the other
 * implementations of that standard. For Deno and Node, as the cipher is that of
 * `node:crypto`: Bun 1.4 has no ChaCha20-Poly1305 there, and links throw a `TransportError`
 * with the code `"unsupported"`.
 *
 * A login server, which knows who somebody is, gives out tokens; game servers let in whoever
 * has one. They share a key and nothing else.
 * `netcode/STANDARD_NOTES.md` says what the standard leaves open, and what is done here.
 *
 * @example A server, a token for it, and a client
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Channel, ConnectionManager } from "@tickwire/net/transport";
 * import { NonBlockingSocket } from "@tickwire/net/transport/deno";
 * import {
 *   generateKey,
 *   issueConnectToken,
 *   NetcodeClient,
 *   NetcodeServer,
 * } from "@tickwire/net/transport/netcode";
 *
 * const protocolId = 0x7a3e_0000_0000_0003n; // this game, its third version
 * const privateKey = generateKey(); // of the login server and the game servers
 *
 * // A game server.
 * const serverSocket = await NonBlockingSocket.bind({ hostname: "127.0.0.1" });
 * const addresses = [`${serverSocket.localAddress}`]; // where clients reach it
 * const server = new ConnectionManager({
 *   link: new NetcodeServer({ protocolId, privateKeys: [privateKey], addresses, maxClients: 64 }),
 * });
 * server.bind(serverSocket);
 *
 * // The login server, in its answer over HTTPS to somebody who has logged in as 7.
 * const token = issueConnectToken({ protocolId, privateKey, clientId: 7n, addresses });
 *
 * // The client that it answers.
 * const socket = await NonBlockingSocket.bind({ hostname: "127.0.0.1" });
 * const client = new ConnectionManager({ link: new NetcodeClient() });
 * client.bind(socket);
 * const peer = client.connect(socket.address("127.0.0.1", serverSocket.localAddress.port), token);
 *
 * // Both poll once a frame.
 * const seen: string[] = [];
 * while (seen.length < 2) {
 *   await new Promise((resolve) => setTimeout(resolve, 1));
 *   server.poll((_peer, bytes) => seen.push(new TextDecoder().decode(bytes)));
 *   for (const event of server.drainEvents()) {
 *     if (event.type === "peerConnected") seen.push(`client ${event.clientId}`);
 *   }
 *   client.poll();
 *   for (const event of client.drainEvents()) {
 *     if (event.type !== "peerConnected") continue;
 *     client.send(peer, new TextEncoder().encode("hello"), Channel.ReliableOrdered);
 *   }
 * }
 * assertEquals(seen, ["client 7", "hello"]);
 * client.close();
 * server.close();
 * while (!client.isClosed || !server.isClosed) {
 *   await new Promise((resolve) => setTimeout(resolve, 1));
 *   client.poll();
 *   server.poll();
 * }
 * ```
 *
 * @module
 */
export * from "./netcode/connect_token.ts";
export * from "./netcode/generate_key.ts";
export * from "./netcode/issue_connect_token.ts";
export * from "./netcode/netcode_client.ts";
export * from "./netcode/netcode_client_counters.ts";
export * from "./netcode/netcode_client_options.ts";
export * from "./netcode/netcode_client_state.ts";
export * from "./netcode/netcode_server.ts";
export * from "./netcode/netcode_server_counters.ts";
export * from "./netcode/netcode_server_options.ts";
