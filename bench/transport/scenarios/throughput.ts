// How many small messages a second arrive over a line, when there are always more to send.
import { Channel } from "../../../transport/mod.ts";
import { Pair, type PairOptions } from "./_pair.ts";

const MESSAGE_BYTES = 100;

/** What came of it. */
export interface ThroughputResult {
  /** Messages that arrived in each second. */
  readonly bySecond: number[];
}

/** Sends reliable messages for so many seconds, at most `perSecond` of them. */
export function runThroughput(
  options: PairOptions,
  seconds = 10,
  perSecond = 40_000,
): ThroughputResult {
  const pair = new Pair(options);
  const { client, server } = pair;
  const message = new Uint8Array(MESSAGE_BYTES);
  const bySecond = new Array<number>(seconds).fill(0);
  let allowed = 0;
  let lastMs = 0;
  pair.run(
    seconds * 1000,
    (nowMs) => {
      allowed += (nowMs - lastMs) * perSecond / 1000;
      lastMs = nowMs;
      while (allowed >= 1) {
        if (!client.connection.send(Channel.Reliable, message)) break;
        allowed -= 1;
      }
    },
    (nowMs) => {
      const second = Math.floor(nowMs / 1000);
      bySecond[second]! += server.connection.poll(() => {});
    },
  );
  return { bySecond };
}
