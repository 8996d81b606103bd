/** What a {@linkcode NetcodeServer} has counted since it was made, by reason. Read, never written. */
export interface NetcodeServerCounters {
  /** Clients that were let in. */
  readonly accepted: number;
  /** Clients that have closed. */
  readonly closed: number;
  /** Clients that were not heard of for the time that their token allows. */
  readonly timedOut: number;
  /** Challenges that were sent. */
  readonly challenged: number;
  /** Requests and responses that were denied as all places are taken, or nobody is let in any more. */
  readonly full: number;
  /** Datagrams of a length, type, sequence or content that no packet has. */
  readonly malformed: number;
  /** Packets of a type that only servers send, and requests with a prefix that is not 0. */
  readonly wrongType: number;
  /** Requests of another version of the standard. */
  readonly wrongVersion: number;
  /** Requests of another protocol id. */
  readonly wrongProtocol: number;
  /** Requests with a token that has expired. */
  readonly expired: number;
  /** Requests with a token that none of the keys opens. */
  readonly badToken: number;
  /** Requests with a token that a key opens, and that says nothing of use. */
  readonly malformedToken: number;
  /** Requests with a token for other servers. */
  readonly otherServer: number;
  /** Requests and responses from an address whose client is connected. */
  readonly addressConnected: number;
  /** Requests and responses of a client that is connected from another address. */
  readonly clientConnected: number;
  /** Requests with a token that came from another address before. */
  readonly tokenUsed: number;
  /** Requests over a way that is sealed below, of somebody who has not the token's keys: who has seen it pass, maybe. */
  readonly badProof: number;
  /** Clients that were moved to another address. */
  readonly moved: number;
  /** Requests dropped as 1,024 addresses have been challenged and have not answered yet. */
  readonly mappingsFull: number;
  /** Responses to a challenge that is not this server's, or not this client's last ones. */
  readonly badChallenge: number;
  /** Packets that are not what was sealed with the key of their address. */
  readonly forged: number;
  /** Packets that have come before, or are too old to tell. */
  readonly replayed: number;
  /** Packets from an address that has no key. */
  readonly unknownAddress: number;
  /** Packets that only connected clients send, from one that is not yet. */
  readonly unexpected: number;
  /** Requests and responses dropped, before any cipher, as there were too many. */
  readonly rateLimited: number;
}
