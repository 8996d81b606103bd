// This module is browser compatible.

/** What an insecure link has counted since it was made, by reason. Read, never written. */
export interface InsecureLinkCounters {
  /** Sessions that were accepted. */
  readonly accepted: number;
  /** Sessions that moved to another address. */
  readonly moved: number;
  /** Datagrams of no known type, or of a length or content that their type does not have. */
  readonly malformed: number;
  /** Requests and responses of another protocol, which were refused. */
  readonly wrongProtocol: number;
  /** Responses and path responses with a cookie that is not of this link, address and time. */
  readonly badCookie: number;
  /** Responses of a session that has ended: sent twice by the network, or by somebody else. */
  readonly replayed: number;
  /** Responses refused as there were `maxClients`, or nobody is let in any more. */
  readonly full: number;
  /** Responses refused, and moves dropped, as their host has `maxClientsPerHost`. */
  readonly hostFull: number;
  /** Responses that `authorize` refused. */
  readonly denied: number;
  /** Calls of `authorize` that threw: they count as refused too. */
  readonly authorizeFailed: number;
  /** Datagrams dropped, or left without an answer, as there were too many of their kind. */
  readonly rateLimited: number;
  /** Datagrams of a session from an address that is not its own. */
  readonly wrongAddress: number;
  /** Datagrams of a session that is none. */
  readonly unknownSession: number;
  /** Datagrams that nobody waits for: answers that came late, requests to a link that takes none. */
  readonly unexpected: number;
}
