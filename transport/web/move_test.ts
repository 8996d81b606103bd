// A client that changes from socket to socket, over real ones: what is sent arrives all the same.
import { assert, assertEquals } from "@std/assert";
import { Channel } from "../../protocol/mod.ts";
import { InsecureLink } from "../link/insecure_link.ts";
import { ConnectionManager } from "../manager/connection_manager.ts";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import { NonBlockingSocket } from "../socket/non_blocking_socket.ts";
import { upgradeToDatagrams } from "./deno_web_socket.ts";
import { WebSocketDatagramListener } from "./web_socket_datagram_listener.ts";
import { WebSocketDatagramSocket } from "./web_socket_datagram_socket.ts";

const DEADLINE_MS = 30_000;
const PROTOCOL = "move test";

Deno.test("ConnectionManager.move() goes on after a WebSocket broke, over UDP, and back: nothing reliable is lost", async () => {
  const server = new ConnectionManager({
    link: new InsecureLink({ protocol: PROTOCOL, maxClients: 8 }),
  });
  const udp = await NonBlockingSocket.bind({ hostname: "127.0.0.1" });
  const listener = new WebSocketDatagramListener();
  server.bind(udp);
  server.bind(listener);
  const web = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request, info) =>
      upgradeToDatagrams(request, listener, { host: info.remoteAddr.hostname }),
  );
  const client = new ConnectionManager({
    link: new InsecureLink({ protocol: PROTOCOL }),
  });
  async function openWebSocket(): Promise<WebSocketDatagramSocket> {
    const socket = await WebSocketDatagramSocket.connect(
      `ws://127.0.0.1:${web.addr.port}`,
    );
    client.bind(socket);
    return socket;
  }
  const first = await openWebSocket();
  const peer = client.connect(first.serverAddress);

  let sent = 0;
  const echoes: number[] = [];
  const atServer: string[] = [];
  let isConnected = false;
  async function until(what: string, isDone: () => boolean): Promise<void> {
    const deadline = performance.now() + DEADLINE_MS;
    while (!isDone()) {
      assert(
        performance.now() < deadline,
        `${what}: ${echoes.length} of ${sent}`,
      );
      client.poll((_peer, bytes) =>
        echoes.push(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0))
      );
      server.poll((from, bytes, channel) => {
        assert(server.send(from, bytes, channel));
      });
      for (const event of client.drainEvents()) {
        assertEquals(event.type, "peerConnected", what);
        isConnected = true;
      }
      for (const event of server.drainEvents()) {
        assert(event.type === "peerConnected" || event.type === "peerMoved");
        atServer.push(event.address.socket === udp ? "udp" : "web");
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (!isConnected) continue;
      const bytes = new Uint8Array(200);
      new DataView(bytes.buffer).setUint32(0, sent);
      if (client.send(peer, bytes, Channel.ReliableOrdered)) sent++;
    }
  }
  async function move(to: DatagramAddress, what: string): Promise<void> {
    assert(client.move(peer, to), what);
    const { length } = atServer;
    const from = sent;
    await until(
      what,
      () => atServer.length > length && (echoes.at(-1) ?? 0) >= from + 20,
    );
  }
  await until("connecting", () => echoes.length > 20);
  // It breaks in the middle of things.
  first.close();
  await until("breaking", () => sent > 40);
  const second = await openWebSocket();
  await move(second.serverAddress, "to a new WebSocket");
  // The client finds out that UDP gets through after all; what is under way elsewhere is left there.
  const native = await NonBlockingSocket.bind({ hostname: "127.0.0.1" });
  client.bind(native);
  await move(native.address("127.0.0.1", udp.localAddress.port), "to UDP");
  second.close();
  const third = await openWebSocket();
  await move(third.serverAddress, "and back");
  native.close();
  const last = sent;
  await until("at last", () => (echoes.at(-1) ?? 0) >= last);
  assertEquals(echoes, Array.from(echoes, (_, i) => i));
  assertEquals(atServer, ["web", "web", "udp", "web"]);
  assertEquals([server.peerCount, server.counters.moved], [1, 3]);
  client[Symbol.dispose]();
  server[Symbol.dispose]();
  await web.shutdown();
});
