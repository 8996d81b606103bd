// A game's messages, each echoed at once, beside a transfer that takes all it can get of
// the same connection.
import { Channel } from "../../../transport/mod.ts";
import { Pair, type PairOptions } from "./_pair.ts";

/** What came of it. */
export interface BesideBulkResult {
  /** Round trips of the stream's messages, in milliseconds. */
  readonly rttMs: number[];
  /** Bytes of the transfer's messages that arrived. */
  readonly bulkBytes: number;
  readonly seconds: number;
}

const STREAM_BYTES = 100;
const STREAM = 4;
const BULK = 5;
/** As much waits as keeps the connection busy. */
const QUEUE_BYTES = 200_000;

/** Sends 60 messages a second at a higher priority, beside messages of `bulkMessageBytes`. */
export function runBesideBulk(
  options: PairOptions,
  seconds = 30,
  bulkMessageBytes = 16_000,
): BesideBulkResult {
  const channels = [
    { delivery: Channel.ReliableOrdered, priority: 7 },
    { delivery: Channel.ReliableOrdered, priority: 1, redundancy: false },
  ];
  const pair = new Pair({
    ...options,
    connection: { ...options.connection, channels },
  });
  const { client, server } = pair;
  const message = new Uint8Array(STREAM_BYTES);
  const view = new DataView(message.buffer);
  const bulk = new Uint8Array(bulkMessageBytes);
  const rttMs: number[] = [];
  let sent = 0;
  let bulkBytes = 0;
  pair.run(
    seconds * 1000,
    (nowMs) => {
      client.connection.poll((bytes) => {
        const at = new DataView(bytes.buffer, bytes.byteOffset);
        rttMs.push(nowMs - at.getFloat64(0));
      });
      if (nowMs >= sent * 1000 / 60) {
        view.setFloat64(0, nowMs);
        client.connection.send(STREAM, message);
        sent += 1;
      }
      while (client.connection.queuedBytes < QUEUE_BYTES) {
        if (!client.connection.send(BULK, bulk)) break;
      }
    },
    () => {
      server.connection.poll((bytes, channel) => {
        if (channel === BULK) bulkBytes += bytes.length;
        else server.connection.send(channel, bytes);
      });
    },
  );
  return { rttMs, bulkBytes, seconds };
}
