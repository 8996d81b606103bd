// This module is browser compatible.

/**
 * Reliable UDP: datagram sockets that never wait, a link that proves addresses, connections with channels, and one
 * manager for native and browser clients.
 *
 * A game has one {@linkcode ConnectionManager}, polls it once a frame or more often, and drains its events. The sockets
 * are {@linkcode WebSocketDatagramSocket}, {@linkcode WebTransportDatagramSocket}, and in `./transport/deno` and
 * `./transport/node` the `NonBlockingSocket`; a {@linkcode SimulatedNetwork} has others, for tests.
 *
 * {@linkcode InsecureLink} is for LAN and tests. What is secret and signed goes by `./transport/netcode`, whose server
 * also takes browsers that present their connect tokens by {@linkcode TokenLink}.
 *
 * `PROTOCOL.md` beside this file says what lies on the wire.
 *
 * @example A server that echoes, and a client
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Channel, ConnectionManager, InsecureLink } from "@tickwire/net/transport";
 * import { NonBlockingSocket } from "@tickwire/net/transport/deno";
 *
 * using server = new ConnectionManager({ link: new InsecureLink({ protocol: "tanks 3", maxClients: 64 }) });
 * const listening = await NonBlockingSocket.bind({ hostname: "127.0.0.1" }); // a server: { port: 9000 }
 * server.bind(listening);
 *
 * using client = new ConnectionManager({ link: new InsecureLink({ protocol: "tanks 3" }) });
 * const socket = await NonBlockingSocket.bind({ hostname: "127.0.0.1" });
 * client.bind(socket);
 * const peer = client.connect(socket.address("127.0.0.1", listening.localAddress.port));
 *
 * const received: string[] = [];
 * while (received.length === 0) { // each frame
 *   server.poll((from, bytes, channel) => server.send(from, bytes, channel));
 *   client.poll((_peer, bytes) => received.push(new TextDecoder().decode(bytes)));
 *   for (const event of client.drainEvents()) {
 *     if (event.type === "peerConnected") {
 *       client.send(peer, new TextEncoder().encode("hello"), Channel.ReliableOrdered);
 *     }
 *   }
 *   await new Promise((resolve) => setTimeout(resolve, 1));
 * }
 * assertEquals(received, ["hello"]);
 * ```
 *
 * @module
 */

// What signatures name.
export type { Clock, Metric, Random } from "../core/mod.ts";
export type {
  LinkState,
  MessageLink,
  MessageSink,
  Packet,
  PacketHeader,
} from "../protocol/mod.ts";
export { Channel, isOrdered, isReliable } from "../protocol/mod.ts";
export * from "./congestion/bandwidth_delay_control.ts";
export * from "./congestion/congestion_control.ts";
export * from "./congestion/fixed_window.ts";
export * from "./congestion/pacer.ts";
export * from "./connection/ack_accumulator.ts";
export * from "./connection/connection.ts";
export * from "./connection/connection_event.ts";
export * from "./connection/connection_options.ts";
export * from "./connection/connection_state.ts";
export * from "./connection/packet_buffer.ts";
export * from "./connection/rtt_estimator.ts";
export * from "./connection/transport_stats.ts";
export * from "./constants.ts";
export * from "./fragment/fragmenter.ts";
export * from "./link/datagram_link.ts";
export * from "./link/insecure_link.ts";
export * from "./link/insecure_link_options.ts";
export * from "./link/link_counters.ts";
export * from "./link/peer_id.ts";
export * from "./manager/connection_manager.ts";
export * from "./manager/connection_manager_options.ts";
export * from "./manager/manager_event.ts";
export * from "./manager/reliable_udp.ts";
export * from "./message/channel_config.ts";
export * from "./message/channel_recv_stats.ts";
export * from "./message/channel_stats.ts";
export * from "./message/message_limits.ts";
export * from "./message/reorder_buffer.ts";
export * from "./netcode/connect_token.ts";
export * from "./netcode/token_link.ts";
export * from "./netcode/token_link_options.ts";
export * from "./redundancy/adaptive_redundancy.ts";
export * from "./redundancy/no_redundancy.ts";
export * from "./redundancy/redundancy_policy.ts";
export * from "./simulation/network_conditions.ts";
export * from "./simulation/network_counters.ts";
export * from "./simulation/network_path.ts";
export * from "./simulation/session_recorder.ts";
export * from "./simulation/session_replay.ts";
export * from "./simulation/simulated_network.ts";
export * from "./socket/datagram_address.ts";
export * from "./socket/datagram_socket.ts";
export * from "./stream/file_event.ts";
export * from "./stream/file_source.ts";
export * from "./stream/file_transfers.ts";
export * from "./transport_error.ts";
export * from "./web/datagram_web_socket.ts";
export * from "./web/datagram_web_transport.ts";
export * from "./web/web_datagram_limits.ts";
export {
  WebDatagramListener,
  type WebDatagramListenerOptions,
} from "./web/web_datagram_listener.ts";
export * from "./web/web_socket_datagram_listener.ts";
export * from "./web/web_socket_datagram_socket.ts";
export * from "./web/web_transport_datagram_listener.ts";
export * from "./web/web_transport_datagram_socket.ts";
