// This module is browser compatible.
import type { Hello } from "../mux/record.ts";
import { RecordReader } from "../mux/record_reader.ts";

/** Reads a frame that holds a hello and nothing else. */
export function readHello(frame: Uint8Array): Hello | undefined {
  let found: Hello | undefined;
  const refuse = (): boolean => false;
  const error = new RecordReader().read(frame, {
    hello: (hello) => {
      if (found !== undefined) return false;
      found = hello;
      return true;
    },
    data: refuse,
    welcome: refuse,
    refuse,
    open: refuse,
    shut: refuse,
    ack: refuse,
    credit: refuse,
    ping: refuse,
    pong: refuse,
    gap: refuse,
    bye: refuse,
    control: refuse,
  });
  return error === undefined ? found : undefined;
}
