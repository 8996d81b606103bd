import { assert, assertEquals, assertRejects } from "@std/assert";
import { ManualClock } from "../../core/mod.ts";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import { SendResult } from "../socket/datagram_socket.ts";
import { createSelfSignedCertificate } from "./self_signed_certificate.ts";
import {
  listenForWebTransport,
  type WebTransportServer,
} from "./deno_web_transport.ts";
import { TransportError } from "../transport_error.ts";
import type { WebDatagramListenerOptions } from "./web_datagram_listener.ts";
import { WebTransportDatagramListener } from "./web_transport_datagram_listener.ts";
import { WebTransportDatagramSocket } from "./web_transport_datagram_socket.ts";

const DEADLINE_MS = 20_000;
const certificate = await createSelfSignedCertificate();
const certificateHashes = [certificate.hash];
const ignore = !("QuicEndpoint" in Deno);

/** A listener behind a real server. */
class Site implements AsyncDisposable {
  readonly listener: WebTransportDatagramListener;
  readonly #server: WebTransportServer;

  constructor(options: WebDatagramListenerOptions = {}) {
    this.listener = new WebTransportDatagramListener(options);
    this.#server = listenForWebTransport(this.listener, {
      ...certificate,
      hostname: "127.0.0.1",
      path: "/udp",
    });
  }

  get url(): string {
    return `https://127.0.0.1:${this.#server.addr.port}/udp`;
  }

  connect(clock?: ManualClock): Promise<WebTransportDatagramSocket> {
    return WebTransportDatagramSocket.connect(this.url, {
      certificateHashes,
      ...(clock !== undefined && { clock }),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.listener.close();
    await until("all are gone", () => this.listener.clientCount === 0);
    this.#server.close();
  }
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const endMs = performance.now() + DEADLINE_MS;
  while (!condition()) {
    assert(performance.now() < endMs, `It takes too long: ${what}`);
    await new Promise((resolve) => setTimeout(resolve));
  }
}

/** Sends until it comes back: a datagram may be lost. */
async function echo(
  { listener }: Site,
  socket: WebTransportDatagramSocket,
): Promise<DatagramAddress> {
  let from: DatagramAddress | undefined;
  let answers = 0;
  await until("the echo", () => {
    socket.send(new Uint8Array(1_200), socket.serverAddress);
    listener.poll((bytes, address) => {
      from = address;
      listener.send(bytes, address);
    });
    answers += socket.poll((bytes) => assertEquals(bytes.length, 1_200));
    return answers > 0;
  });
  return from!;
}

Deno.test({
  name: "WebTransportDatagramSocket closes, and its listener hears of it",
  ignore,
  fn: async () => {
    await using site = new Site();
    using socket = await site.connect();
    const from = await echo(site, socket);
    assertEquals(from.host, "127.0.0.1");
    socket.close();
    await until("it left", () => {
      site.listener.poll(() => {});
      return site.listener.clientCount === 0;
    });
    assertEquals(site.listener.ended.left, 1);
    assertEquals(
      site.listener.send(new Uint8Array(1), from),
      SendResult.Closed,
    );
  },
});

Deno.test({
  name:
    "WebTransportDatagramListener.disconnect() closes a client at both ends",
  ignore,
  fn: async () => {
    await using site = new Site();
    using socket = await site.connect();
    site.listener.disconnect(await echo(site, socket));
    await until("it is closed", () => socket.isClosed);
    assertEquals(socket.closeReason, "");
    assertEquals(
      socket.send(new Uint8Array(1), socket.serverAddress),
      SendResult.Closed,
    );
    assertEquals(site.listener.ended.disconnected, 1);
  },
});

Deno.test({
  name: "WebTransportDatagramSocket takes a silent server for gone",
  ignore,
  fn: async () => {
    await using site = new Site({ strangerTimeoutMs: Infinity });
    const clock = new ManualClock();
    using socket = await site.connect(clock);
    await echo(site, socket);
    // The listener is not polled, so that it gives no sign of life.
    for (let second = 0; second < 12; second++) {
      assertEquals(socket.isClosed, second > 10, `after ${second} s`);
      clock.advance(1_000);
      socket.poll(() => {});
    }
    assertEquals([socket.isClosed, socket.closeReason], [
      true,
      "Silent for too long",
    ]);
  },
});

Deno.test({
  name:
    "WebTransportDatagramSocket and its listener keep each other alive by signs of life",
  ignore,
  fn: async () => {
    const clock = new ManualClock();
    await using site = new Site({
      clock,
      idleTimeoutMs: 5_000,
      strangerTimeoutMs: Infinity,
    });
    using socket = await site.connect(clock);
    await echo(site, socket);
    for (let second = 0; second < 30; second++) {
      clock.advance(1_000);
      for (let turn = 0; turn < 3; turn++) {
        socket.poll(() => {});
        site.listener.poll(() => {});
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    }
    assertEquals([socket.isClosed, site.listener.clientCount], [false, 1]);
    // Without them the server ends it.
    for (let second = 0; second < 10; second++) {
      clock.advance(1_000);
      site.listener.poll(() => {});
    }
    assertEquals(site.listener.ended.silent, 1);
    await until("it hears of it", () => socket.isClosed);
    assertEquals(socket.closeReason, "Silent for too long");
  },
});

Deno.test({
  name:
    "WebTransportDatagramSocket.connect() rejects for another certificate, path or when there is no room",
  ignore,
  // Of a session that ends while it opens Deno 2.9 keeps a stream.
  sanitizeResources: false,
  fn: async () => {
    await using site = new Site({ maxClients: 1 });
    async function code(url: string, hash: Uint8Array<ArrayBuffer>) {
      const error = await assertRejects(
        () =>
          WebTransportDatagramSocket.connect(url, {
            certificateHashes: [hash],
          }),
        TransportError,
      );
      return error.code;
    }
    const { hash } = certificate;
    const other = hash.map((byte) => byte ^ 255);
    assertEquals(await code(site.url, other), "connectFailed");
    // A path is known when the session is there already: it is closed at once.
    const url = site.url.replace("/udp", "/tcp");
    try {
      using strayed = await WebTransportDatagramSocket.connect(url, {
        certificateHashes,
      });
      await until("it is closed", () => strayed.isClosed);
    } catch (error) {
      assert(error instanceof TransportError);
      assertEquals(error.code, "connectFailed");
    }
    assertEquals(site.listener.clientCount, 0);
    using socket = await site.connect();
    await echo(site, socket);
    assertEquals(await code(site.url, hash), "connectFailed");
  },
});

Deno.test({
  name:
    "listenForWebTransport() survives an empty datagram, and serves the others",
  ignore,
  fn: async () => {
    await using site = new Site();
    const hostile = new WebTransport(site.url, {
      serverCertificateHashes: [{
        algorithm: "sha-256",
        value: certificate.hash,
      }],
    });
    await hostile.ready;
    const writer = hostile.datagrams.writable.getWriter();
    for (let i = 0; i < 20; i++) {
      await writer.write(new Uint8Array(0));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    using socket = await site.connect();
    await echo(site, socket);
    hostile.close();
    await hostile.closed;
  },
});

Deno.test({
  name:
    "listenForWebTransport() closes who sends what is larger than a datagram, and drops unknown kinds",
  ignore,
  fn: async () => {
    await using site = new Site();
    const hostile = new WebTransport(site.url, {
      serverCertificateHashes: [{
        algorithm: "sha-256",
        value: certificate.hash,
      }],
    });
    await hostile.ready;
    const writer = hostile.datagrams.writable.getWriter();
    await until("it joined", () => site.listener.clientCount === 1);
    for (let kind = 3; kind < 256; kind++) {
      await writer.write(new Uint8Array([kind, 1, 2]));
    }
    assertEquals(site.listener.poll(() => {}), 0);
    assertEquals(site.listener.clientCount, 1);
    await until("it is closed", () => {
      writer.write(new Uint8Array(1_202));
      return site.listener.ended.oversized === 1;
    });
    await hostile.closed;
  },
});

Deno.test({
  name: "listenForWebTransport() closes who opens no session in time",
  ignore,
  // Of a session that ends while it opens Deno 2.9 keeps a stream.
  sanitizeResources: false,
  fn: async () => {
    const listener = new WebTransportDatagramListener();
    using server = listenForWebTransport(listener, {
      ...certificate,
      hostname: "127.0.0.1",
      handshakeTimeoutMs: 50,
    });
    const conn = await Deno.connectQuic({
      hostname: "127.0.0.1",
      port: server.addr.port,
      alpnProtocols: ["h3"],
      // What WebTransport itself gives, and the type leaves out.
      serverCertificateHashes: [{
        algorithm: "sha-256",
        value: certificate.hash,
      }],
    } as Deno.ConnectQuicOptions<false>);
    await conn.closed;
    assertEquals(listener.clientCount, 0);
    conn.endpoint.close();
  },
});
