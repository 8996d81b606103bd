import { socketConformance } from "../socket/_testing/socket_conformance.ts";
import { upgradeToDatagrams } from "./deno_web_socket.ts";
import { WebSocketDatagramListener } from "./web_socket_datagram_listener.ts";
import { WebSocketDatagramSocket } from "./web_socket_datagram_socket.ts";

socketConformance("WebSocketDatagramSocket", async () => {
  const listener = new WebSocketDatagramListener();
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    (request, { remoteAddr: { hostname: host } }) =>
      upgradeToDatagrams(request, listener, { host }),
  );
  const socket = await WebSocketDatagramSocket.connect(
    `ws://127.0.0.1:${server.addr.port}`,
  );
  return {
    a: socket,
    b: listener,
    toB: socket.serverAddress,
    hasIpAddresses: false,
    step: () => new Promise((resolve) => setTimeout(resolve)),
    async close() {
      socket.close();
      listener.close();
      await server.shutdown();
    },
  };
});
