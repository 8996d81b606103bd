// This module is browser compatible.

/** What a netcode client has counted since it was made, by reason. Read, never written. */
export interface NetcodeClientCounters {
  /** Sessions that a server let in. */
  readonly connected: number;
  /** Servers that had no room. */
  readonly denied: number;
  /** Servers that did not answer a request or a response in time. */
  readonly unanswered: number;
  /** Times that a session went on to the next server of its token. */
  readonly nextServers: number;
  /** Servers passed over, as their address is not of a family of the socket, or has too many sessions. */
  readonly passedOver: number;
  /** Connected sessions whose server fell silent. */
  readonly timedOut: number;
  /** Sessions that went on at another address of their server. */
  readonly moved: number;
  /** Datagrams from where no session is. */
  readonly strangers: number;
  /** Datagrams that are no packet: of no type, no sequence, or another length than their type's. */
  readonly malformed: number;
  /** Packets of a type that a client does not take, or not where its session is. */
  readonly unexpected: number;
  /** Packets that have come before, or are too old to tell. */
  readonly replayed: number;
  /** Packets that no session's key opens: forged, damaged, or of a session that is over. */
  readonly forged: number;
}
