// This module is browser compatible.
import { type DatagramSocketCounters, SendResult } from "./datagram_socket.ts";

/** The counters of a socket, which it writes itself. */
export class SocketCounters implements DatagramSocketCounters {
  sent = 0;
  sentBytes = 0;
  received = 0;
  receivedBytes = 0;
  full = 0;
  failed = 0;
  dropped = 0;

  /** Counts what became of a datagram, and returns it. */
  note(result: SendResult, bytes: number): SendResult {
    if (result === SendResult.Sent) {
      this.sent += 1;
      this.sentBytes += bytes;
    } else if (result === SendResult.Full) this.full += 1;
    else this.failed += 1;
    return result;
  }
}
