/**
 * The secure link of `transport`: netcode 1.02, both roles, wire-compatible with the other
 * implementations of that standard. For Deno and Node, as the cipher is that of
 * `node:crypto`: Bun 1.4 has no ChaCha20-Poly1305 there, and links throw a `TransportError`
 * with the code `"unsupported"`.
 *
 * `netcode/STANDARD_NOTES.md` says what the standard leaves open, and what is done here.
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
