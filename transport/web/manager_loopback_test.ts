// One connection manager with native and browser clients, over real sockets.
import { assert, assertEquals } from "@std/assert";
import { Channel } from "../../protocol/mod.ts";
import { InsecureLink } from "../link/insecure_link.ts";
import type { PeerId } from "../link/peer_id.ts";
import { ConnectionManager } from "../manager/connection_manager.ts";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import type { DatagramSocket } from "../socket/datagram_socket.ts";
import { NonBlockingSocket } from "../socket/non_blocking_socket.ts";
import { FileTransfers } from "../stream/file_transfers.ts";
import { createSelfSignedCertificate } from "./self_signed_certificate.ts";
import { upgradeToDatagrams } from "./deno_web_socket.ts";
import { listenForWebTransport } from "./deno_web_transport.ts";
import { WebSocketDatagramListener } from "./web_socket_datagram_listener.ts";
import { WebSocketDatagramSocket } from "./web_socket_datagram_socket.ts";
import { WebTransportDatagramListener } from "./web_transport_datagram_listener.ts";
import { WebTransportDatagramSocket } from "./web_transport_datagram_socket.ts";

const DEADLINE_MS = 30_000;
const FILE_BYTES = 200_000;

/** A client that sends numbers, and then asks for a file. */
class Client {
  readonly manager = new ConnectionManager({
    link: new InsecureLink({ protocol: "web test" }),
  });
  readonly name: string;
  readonly echoes: number[] = [];
  file: Uint8Array | undefined;
  readonly #peer: PeerId;
  readonly #files: FileTransfers;
  #sent = 0;
  #isAsking = false;

  constructor(name: string, socket: DatagramSocket, server: DatagramAddress) {
    this.name = name;
    this.manager.bind(socket);
    this.#peer = this.manager.connect(server);
    this.#files = new FileTransfers({
      send: (message) =>
        this.manager.send(this.#peer, message, Channel.Reliable),
    });
  }

  tick(dt: number): void {
    this.manager.poll((_peer, bytes, channel) => {
      if (channel === Channel.Reliable) this.#files.receive(bytes);
      else this.echoes.push(bytes[0]!);
    });
    for (const event of this.manager.drainEvents()) {
      assertEquals(event.type, "peerConnected", this.name);
      this.#isAsking = true;
      this.#files.request("level");
    }
    if (!this.#isAsking) return;
    if (this.#sent < 50) {
      const bytes = new Uint8Array(100).fill(this.#sent);
      this.#sent += 1;
      assert(this.manager.send(this.#peer, bytes, Channel.ReliableOrdered));
    }
    this.#files.tick(dt);
    for (const event of this.#files.drainEvents()) {
      if (event.type === "received") this.file = event.bytes;
      else assertEquals(event.type, "progress", this.name);
    }
  }
}

Deno.test({
  name:
    "ConnectionManager serves clients of UDP, WebSockets and WebTransport at once, with messages and files",
  ignore: !("QuicEndpoint" in Deno),
  fn: async () => {
    const file = new Uint8Array(FILE_BYTES).map((_, i) => (i * 7) >> 3);
    const server = new ConnectionManager({
      link: new InsecureLink({ protocol: "web test", maxClients: 8 }),
    });
    const udp = await NonBlockingSocket.bind({ hostname: "127.0.0.1" });
    const webSockets = new WebSocketDatagramListener();
    const webTransports = new WebTransportDatagramListener();
    for (const socket of [udp, webSockets, webTransports]) server.bind(socket);
    const http = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      (request, { remoteAddr: { hostname: host } }) =>
        upgradeToDatagrams(request, webSockets, { host }),
    );
    const certificate = await createSelfSignedCertificate();
    const quic = listenForWebTransport(webTransports, {
      ...certificate,
      hostname: "127.0.0.1",
    });

    const native = await NonBlockingSocket.bind({ hostname: "127.0.0.1" });
    const webSocket = await WebSocketDatagramSocket.connect(
      `ws://127.0.0.1:${http.addr.port}`,
    );
    const webTransport = await WebTransportDatagramSocket.connect(
      `https://127.0.0.1:${quic.addr.port}`,
      { certificateHashes: [certificate.hash] },
    );
    const clients = [
      new Client(
        "UDP",
        native,
        native.address("127.0.0.1", udp.localAddress.port),
      ),
      new Client("WebSocket", webSocket, webSocket.serverAddress),
      new Client("WebTransport", webTransport, webTransport.serverAddress),
    ];

    const files = new Map<PeerId, FileTransfers>();
    let lastMs = performance.now();
    const endMs = lastMs + DEADLINE_MS;
    while (!clients.every((c) => c.echoes.length === 50 && c.file)) {
      const nowMs = performance.now();
      const dt = (nowMs - lastMs) / 1_000;
      lastMs = nowMs;
      assert(
        nowMs < endMs,
        `It takes too long: ${
          clients.map((c) => `${c.name} ${c.echoes.length} ${c.file?.length}`)
        }`,
      );
      server.poll((peer, bytes, channel) => {
        if (channel === Channel.Reliable) files.get(peer)!.receive(bytes);
        else server.send(peer, bytes, channel);
      });
      for (const event of server.drainEvents()) {
        assertEquals(event.type, "peerConnected");
        const { peer } = event;
        files.set(
          peer,
          new FileTransfers({
            send: (message) => server.send(peer, message, Channel.Reliable),
          }),
        );
      }
      for (const transfers of files.values()) {
        transfers.tick(dt);
        for (const event of transfers.drainEvents()) {
          if (event.type === "requested") transfers.serve(event.transfer, file);
        }
      }
      for (const client of clients) client.tick(dt);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const numbers = Array.from({ length: 50 }, (_, i) => i);
    for (const { name, echoes, file: received } of clients) {
      assertEquals(echoes, numbers, name);
      assert(
        received!.length === FILE_BYTES &&
          received!.every((byte, i) => byte === file[i]),
        name,
      );
    }
    assertEquals(server.peerCount, 3);
    assertEquals([webSockets.clientCount, webTransports.clientCount], [1, 1]);

    for (const { manager } of clients) manager.close();
    server.close();
    for (const socket of [native, webSocket, webTransport]) socket.close();
    for (const socket of [udp, webSockets, webTransports]) socket.close();
    while (webTransports.clientCount > 0) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    quic.close();
    await http.shutdown();
  },
});
