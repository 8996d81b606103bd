// This module is browser compatible.

import type { DatagramSink, DatagramSocket } from "../../mod.ts";

/** The module under test, as the runtime has loaded it. */
export type Tickwire = typeof import("../../mod.ts");

/** What the cases talk to: all of it echoes, but who comes to a stranger's URL is closed soon. */
export interface PortableEnv {
  /** `"ws://127.0.0.1:8000"`, with `/stranger` for the other one. */
  readonly webSocketUrl: string;
  /** `"https://127.0.0.1:8000/udp"`. */
  readonly webTransportUrl: string;
  /** The same, of the one that closes. */
  readonly strangerUrl: string;
  /** The SHA-256 hash of its certificate. */
  readonly hash: readonly number[];
  /** A URL at which nobody listens. */
  readonly refusedUrl: string;
}

/** One thing that the client halves do in every runtime. */
export interface PortableCase {
  /** Symbol, then behaviour. */
  readonly name: string;
  /** Throws where it does otherwise. */
  run(tickwire: Tickwire, env: PortableEnv): Promise<void>;
}

const DEADLINE_MS = 30_000;
/** `SendResult.Full`. */
const FULL = 1;

/** What the client halves do in every runtime. */
export const PORTABLE_CASES: readonly PortableCase[] = [
  {
    name: "WebSocketDatagramSocket exchanges datagrams of every length",
    async run({ WebSocketDatagramSocket }, { webSocketUrl }) {
      const socket = await WebSocketDatagramSocket.connect(webSocketUrl);
      await echo(socket, [0, 1, 2, 125, 126, 1_199, 1_200, 1_400]);
      socket.close();
      equal(socket.isClosed, true);
    },
  },
  {
    name: "WebSocketDatagramSocket answers Full rather than to wait",
    async run({ WebSocketDatagramSocket, SendResult }, { webSocketUrl }) {
      const socket = await WebSocketDatagramSocket.connect(webSocketUrl, {
        maxBufferedBytes: 20_000,
      });
      const datagram = new Uint8Array(1_000);
      let sent = 0;
      let result: number = SendResult.Sent;
      while (result === SendResult.Sent && sent < 1_000) {
        result = socket.send(datagram, socket.serverAddress);
        sent += 1;
      }
      // In Bun they leave at once, as long as the system takes them.
      equal(sent === 1_000 || result === SendResult.Full, true);
      equal(sent > 20, true);
      // In its time there is room again.
      await echo(socket, [1_000]);
      socket.close();
    },
  },
  {
    name: "WebSocketDatagramSocket is closed by the other end, and told why",
    async run({ WebSocketDatagramSocket }, { webSocketUrl }) {
      const url = `${webSocketUrl}/stranger`;
      const socket = await WebSocketDatagramSocket.connect(url);
      await until("it is closed", socket, () => {}, () => socket.isClosed);
      equal(socket.closeReason, "No session");
    },
  },
  {
    name: "WebSocketDatagramSocket.connect() rejects where nobody listens",
    async run({ WebSocketDatagramSocket, TransportError }, { refusedUrl }) {
      const error = await rejection(
        WebSocketDatagramSocket.connect(`ws://${refusedUrl}`),
      );
      equal(error instanceof TransportError && error.code, "connectFailed");
    },
  },
  {
    name:
      "WebTransportDatagramSocket exchanges datagrams, where it is supported",
    async run(tickwire, { webTransportUrl, hash }) {
      const { WebTransportDatagramSocket, TransportError } = tickwire;
      const connecting = WebTransportDatagramSocket.connect(webTransportUrl, {
        certificateHashes: [new Uint8Array(hash)],
      });
      if (WebTransportDatagramSocket.isSupported) {
        const socket = await connecting;
        await echo(socket, [0, 1, 63, 64, 1_199, 1_200]);
        socket.close();
        equal(socket.isClosed, true);
      } else {
        const error = await rejection(connecting);
        equal(error instanceof TransportError && error.code, "unsupported");
      }
    },
  },
  {
    name: "WebTransportDatagramSocket is closed by the other end, and told why",
    async run({ WebTransportDatagramSocket }, { strangerUrl, hash }) {
      if (!WebTransportDatagramSocket.isSupported) return;
      const socket = await WebTransportDatagramSocket.connect(strangerUrl, {
        certificateHashes: [new Uint8Array(hash)],
      });
      await until("it is closed", socket, () => {}, () => socket.isClosed);
      equal(socket.closeReason, "No session");
    },
  },
  {
    name:
      "WebTransportDatagramSocket.connect() rejects for another certificate",
    async run(tickwire, { webTransportUrl, hash }) {
      const { WebTransportDatagramSocket, TransportError } = tickwire;
      if (!WebTransportDatagramSocket.isSupported) return;
      const other = new Uint8Array(hash);
      other[0]! ^= 1;
      const error = await rejection(
        WebTransportDatagramSocket.connect(webTransportUrl, {
          certificateHashes: [other],
        }),
      );
      equal(error instanceof TransportError && error.code, "connectFailed");
    },
  },
];

/** Sends a datagram of each length until it comes back: it may be lost. */
async function echo(
  socket: DatagramSocket & { serverAddress: DatagramSocket["localAddress"] },
  lengths: readonly number[],
): Promise<void> {
  for (const [i, length] of lengths.entries()) {
    const datagram = new Uint8Array(length);
    for (let at = 0; at < length; at++) datagram[at] = (i + at) & 0xff;
    const wanted = `${datagram}`;
    let hasCome = false;
    let sentMs = -Infinity;
    await until(`${length} bytes`, socket, (bytes, from) => {
      equal(from, socket.serverAddress);
      hasCome ||= `${bytes}` === wanted;
    }, () => {
      if (performance.now() - sentMs > 200) {
        const result = socket.send(datagram, socket.serverAddress);
        if (result === FULL) return false;
        equal(result, 0);
        sentMs = performance.now();
      }
      return hasCome;
    });
  }
}

/** Polls until a condition holds. */
async function until(
  what: string,
  socket: DatagramSocket,
  sink: DatagramSink,
  condition: () => boolean,
): Promise<void> {
  const endMs = performance.now() + DEADLINE_MS;
  while (!condition()) {
    if (performance.now() > endMs) {
      throw new Error(`It takes too long: ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
    socket.poll(sink);
  }
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("It resolved");
}

function equal<T>(actual: T, expected: T): void {
  if (actual !== expected) throw new Error(`${actual} is not ${expected}`);
}
