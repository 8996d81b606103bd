import { socketConformance } from "../socket/_testing/socket_conformance.ts";
import { createSelfSignedCertificate } from "./self_signed_certificate.ts";
import { listenForWebTransport } from "./deno_web_transport.ts";
import { WebTransportDatagramListener } from "./web_transport_datagram_listener.ts";
import { WebTransportDatagramSocket } from "./web_transport_datagram_socket.ts";

const certificate = await createSelfSignedCertificate();

socketConformance("WebTransportDatagramSocket", async () => {
  const listener = new WebTransportDatagramListener();
  const server = listenForWebTransport(listener, {
    ...certificate,
    hostname: "127.0.0.1",
  });
  const socket = await WebTransportDatagramSocket.connect(
    `https://127.0.0.1:${server.addr.port}`,
    { certificateHashes: [certificate.hash] },
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
      while (listener.clientCount > 0) {
        await new Promise((resolve) => setTimeout(resolve));
      }
      server.close();
    },
  };
}, { ignore: !("QuicEndpoint" in Deno) });
