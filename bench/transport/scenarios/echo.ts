// A game's messages, each echoed at once, over a bad line: round trips and bytes.
import { Channel } from "../../../transport/mod.ts";
import { Pair, type PairOptions } from "./_pair.ts";

/** What came of it. */
export interface EchoResult {
  /** Round trips in milliseconds, in order; as many as messages came back. */
  readonly rttMs: number[];
  /** Bytes of datagrams both ways. */
  readonly bytes: number;
  /** Datagrams both ways. */
  readonly datagrams: number;
}

const MESSAGE_BYTES = 100;

/** Sends `perSecond` messages for so many seconds on one reliable-ordered channel. */
export function runEcho(
  options: PairOptions,
  perSecond = 60,
  seconds = 30,
): EchoResult {
  const pair = new Pair(options);
  const { client, server } = pair;
  const message = new Uint8Array(MESSAGE_BYTES);
  const view = new DataView(message.buffer);
  const rttMs: number[] = [];
  const total = perSecond * seconds;
  let sent = 0;
  pair.run(
    seconds * 1000 + 3000,
    (nowMs) => {
      client.connection.poll((bytes) => {
        const at = new DataView(bytes.buffer, bytes.byteOffset);
        rttMs.push(nowMs - at.getFloat64(0));
      });
      if (sent < total && nowMs >= sent * 1000 / perSecond) {
        view.setFloat64(0, nowMs);
        client.connection.send(Channel.ReliableOrdered, message);
        sent += 1;
      }
    },
    () => {
      server.connection.poll((bytes, channel) => {
        server.connection.send(channel, bytes);
      });
    },
  );
  return {
    rttMs,
    bytes: pair.sentBytes,
    datagrams: client.socket.counters.sent + server.socket.counters.sent,
  };
}
