// This module is browser compatible.
import type { DatagramSocketCounters } from "./datagram_socket.ts";

/** The counters of a socket of the system, which may have dropped datagrams itself. */
export class SystemSocketCounters implements DatagramSocketCounters {
  /** Datagrams given to the system. */
  sent = 0;
  /** Their bytes. */
  sentBytes = 0;
  /** Datagrams handed to a sink. */
  received = 0;
  /** Their bytes. */
  receivedBytes = 0;
  /** Datagrams for which there was no room. */
  full = 0;
  /** Datagrams that were not sent for another reason. */
  failed = 0;
  /** Datagrams that this end dropped, without those of the system. */
  droppedHere = 0;
  /** Reads how many the system has dropped, where it tells. */
  readSystemDrops: (() => number) | undefined = undefined;

  /** Datagrams that came in and were dropped. */
  get dropped(): number {
    return this.droppedHere + (this.readSystemDrops?.() ?? 0);
  }
}
