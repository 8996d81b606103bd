import { timingSafeEqual } from "node:crypto";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import type { Writable } from "../writable.ts";
import type { PrivateToken } from "./_private_token.ts";
import type { ServerClient } from "./_server_client.ts";
import { REQUEST_BYTES } from "./_sizes.ts";
import {
  isTokenPacketLength,
  prefixOf,
  PROOF_AT,
  RESUME_BYTES,
  SESSION_AT,
  SESSION_BYTES,
  TOKEN_REQUEST_BYTES,
  TokenPacket,
} from "./_token_wire.ts";
import { getU32 } from "./_u64.ts";
import { tagOf, type UsedToken } from "./_used_tokens.ts";
import type { NetcodeServerCounters } from "./netcode_server_counters.ts";

/** What a token is used from that comes over a sealed way: no text of an address is like it. */
const SEALED_BELOW = "sealed below";

/** Which session of its token a client has over a sealed way. */
export interface TokenSession {
  /** 16 bytes that nobody else has. */
  readonly secret: Uint8Array;
  /** 0 to 15: what is of another one at the same address is of an earlier session. */
  readonly round: number;
}

/** What the server has for both kinds of its clients. */
export interface SealedBelowHost {
  readonly counters: Writable<NetcodeServerCounters>;
  usedToken(tag: string): UsedToken | undefined;
  useToken(tag: string, address: string): UsedToken;
  /** Whether a request has a good beginning, up to its expiry; counts what is wrong. */
  isRequest(request: Uint8Array): boolean;
  /** Whether whoever shows a token may be answered; counts it if not. */
  mayAnswer(used: UsedToken | undefined, from: DatagramAddress): boolean;
  /** The private token that one of the keys opens and that is for this server; counts what is wrong. */
  openToken(
    request: Uint8Array,
    from: DatagramAddress,
  ): PrivateToken | undefined;
  /** Notes that somebody has cost an opening for nothing. */
  failToken(from: DatagramAddress): void;
  clientWithId(clientId: bigint): ServerClient | undefined;
  clientAt(index: number): ServerClient | undefined;
  /** Lets a client in, in the place of the one that its token has; `false` if there is no room. */
  admit(
    address: DatagramAddress,
    token: PrivateToken,
    used: UsedToken,
    session: TokenSession,
    before: ServerClient | undefined,
  ): boolean;
  /** Takes a client to another address, and says so; `false` if nobody can be told. */
  moveClient(client: ServerClient, to: DatagramAddress): boolean;
  /** Notes that a client was heard, and maybe has a payload. */
  hear(client: ServerClient): void;
  /** Ends a client that has closed. */
  close(client: ServerClient): void;
  sendKeepAlive(client: ServerClient): void;
  transmit(datagram: Uint8Array, to: DatagramAddress): void;
}

/**
 * The server's half of PROTOCOL.md, section 8: what comes from sockets that are sealed
 * below. The rules are netcode's, in its order, but for the address rule and the challenge,
 * in whose place is the proof that the client has the token's key.
 */
export class SealedBelow {
  readonly #host: SealedBelowHost;
  readonly #note = new Uint8Array(1);

  constructor(host: SealedBelowHost) {
    this.#host = host;
  }

  /**
   * Takes a datagram.
   *
   * @param client Who is at that address.
   * @param out Takes the payload.
   * @returns The length of the client's payload, 0 if there is none.
   */
  open(
    datagram: Uint8Array,
    from: DatagramAddress,
    client: ServerClient | undefined,
    out: Uint8Array,
  ): number {
    const { length } = datagram;
    const prefix = length > 0 ? datagram[0]! : 0;
    const type = prefix & 15;
    const round = prefix >>> 4;
    const { counters } = this.#host;
    if (!isTokenPacketLength(type, length)) counters.malformed++;
    else if (type === TokenPacket.Denied) counters.wrongType++;
    else if (type === TokenPacket.Request) {
      this.#takeRequest(datagram, round, from, client);
    } else if (type === TokenPacket.Resume) {
      this.#takeResume(datagram, round, from, client);
    } else if (client === undefined) counters.unknownAddress++;
    else if (client.session!.round !== round) counters.unexpected++;
    else if (type === TokenPacket.Disconnect) this.#host.close(client);
    else {
      this.#host.hear(client);
      if (type !== TokenPacket.Payload) return 0;
      out.set(datagram.subarray(1));
      return length - 1;
    }
    return 0;
  }

  #takeRequest(
    request: Uint8Array,
    round: number,
    from: DatagramAddress,
    client: ServerClient | undefined,
  ): void {
    const host = this.#host;
    const { counters } = host;
    if (!host.isRequest(request)) return;
    const secret = request.subarray(SESSION_AT, TOKEN_REQUEST_BYTES);
    const tag = tagOf(request, REQUEST_BYTES);
    if (client !== undefined) {
      // The answer was lost, or is on its way.
      if (isSession(client, secret, round)) {
        host.sendKeepAlive(client);
        return;
      }
      if (client.used.tag !== tag) {
        counters.addressConnected++;
        return;
      }
    }
    const used = host.usedToken(tag);
    if (used !== undefined && used.address !== SEALED_BELOW) {
      counters.tokenUsed++;
      return;
    }
    if (used?.endedSession !== undefined && isSame(used.endedSession, secret)) {
      // It came late; or its client was thrown out before it knew that it was in.
      counters.unexpected++;
      this.#say(TokenPacket.Disconnect, round, from);
      return;
    }
    if (!host.mayAnswer(used, from)) return;
    const token = host.openToken(request, from);
    if (token === undefined) return;
    if (
      !isSame(request.subarray(PROOF_AT, SESSION_AT), token.clientToServerKey)
    ) {
      counters.badProof++;
      host.failToken(from);
      return;
    }
    const before = host.clientWithId(token.clientId);
    if (before !== undefined && before.used !== used) {
      counters.clientConnected++;
      host.failToken(from);
      return;
    }
    if (before !== undefined && isSession(before, secret, round)) {
      // A session goes on elsewhere by a resume.
      counters.unexpected++;
      return;
    }
    const entry = used ?? host.useToken(tag, SEALED_BELOW);
    const session = { secret: secret.slice(), round };
    if (!host.admit(from, token, entry, session, before)) {
      counters.full++;
      this.#say(TokenPacket.Denied, round, from);
    }
  }

  #takeResume(
    resume: Uint8Array,
    round: number,
    from: DatagramAddress,
    here: ServerClient | undefined,
  ): void {
    const host = this.#host;
    const client = host.clientAt(getU32(resume, 1));
    const secret = resume.subarray(RESUME_BYTES - SESSION_BYTES);
    if (client === undefined || !isSession(client, secret, round)) {
      host.counters.unexpected++;
      this.#say(TokenPacket.Denied, round, from);
    } else if (client === here) host.sendKeepAlive(client);
    else if (here !== undefined) host.counters.addressConnected++;
    else if (host.moveClient(client, from)) {
      host.hear(client);
      host.sendKeepAlive(client);
    }
  }

  #say(type: number, round: number, to: DatagramAddress): void {
    this.#note[0] = prefixOf(type, round);
    this.#host.transmit(this.#note, to);
  }
}

function isSession(
  { session }: ServerClient,
  secret: Uint8Array,
  round: number,
): boolean {
  return session !== undefined && session.round === round &&
    isSame(session.secret, secret);
}

/** In a time that says nothing of where they differ. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return timingSafeEqual(a, b);
}
