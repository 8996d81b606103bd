// This module is browser compatible.

/** What a {@linkcode WsClient} has counted since it was made. */
export interface WsClientStats {
  /**
   * Messages handed to a socket, pings not counted. In plain mode a message may be lost after that. Over the mux one counts
   * when all of it was, and once however often it is sent again; what goes over links is not counted.
   */
  readonly messagesSent: number;
  /** Messages taken in, answers to pings, what goes over links and `messagesFiltered` not counted. */
  readonly messagesReceived: number;
  /** Payload bytes of `messagesSent`. */
  readonly bytesSent: number;
  /** Payload bytes of `messagesReceived`. */
  readonly bytesReceived: number;
  /** Messages that came in and that the filter of their channel has refused. */
  readonly messagesFiltered: number;
  /** Bytes of messages, both ways, that deflate has kept off the network. */
  readonly bytesSaved: number;
  /** Seconds of `tick` time for which the present connection stands; 0 without one. */
  readonly uptime: number;
  /** Messages that wait to be sent. */
  readonly pendingOutbound: number;
  /** Their bytes. */
  readonly pendingOutboundBytes: number;
  /** Messages that `send` did not accept. */
  readonly refused: number;
  /** Accepted messages that were dropped before they were sent. */
  readonly dropped: number;
  /** Their bytes. */
  readonly droppedBytes: number;
  /**
   * Over the mux: messages that came in on at-most-once and latest-only channels and were dropped, as too much was not
   * drained.
   */
  readonly droppedIncoming: number;
  /** How often the client was connected again after the first time. */
  readonly reconnects: number;
  /** Smoothed round-trip time in milliseconds (RFC 6298 section 2); 0 until it is known. */
  readonly rttMs: number;
  /** Smoothed deviation from `rttMs` in milliseconds (RFC 6298 section 2). */
  readonly rttJitterMs: number;
  /** Received messages that wait to be drained. */
  readonly undrainedMessages: number;
  /** `error` and `pingRtt` events lost because nobody drained. */
  readonly lostEvents: number;
}
