// This module is browser compatible.
import type { PeerId } from "../link/peer_id.ts";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import type { PrivateToken } from "./_private_token.ts";
import { ReplayWindow } from "./_replay_window.ts";
import type { TokenSession } from "./_sealed_below.ts";
import { Silence } from "./_silence.ts";
import type { UsedToken } from "./_used_tokens.ts";

/** What a server knows of one connected client. */
export class ServerClient {
  readonly id: PeerId;
  /** Which of the server's places it has. */
  readonly index: number;
  readonly clientId: bigint;
  address: DatagramAddress;
  readonly receiveKey: Uint8Array;
  readonly sendKey: Uint8Array;
  readonly userData: Uint8Array;
  readonly silence: Silence;
  readonly used: UsedToken;
  /** Of one whose socket is sealed below. */
  readonly session: TokenSession | undefined;
  /** Of the next packet to it. */
  sequence: number;
  /** The sequence of its response: what it sealed with the same key before is of another session. */
  readonly responseHigh: number;
  readonly responseLow: number;
  readonly #window = new ReplayWindow();
  /** Whether it has shown that it knows that it is connected. */
  isConfirmed = false;
  sentMs: number;
  /** Its neighbours in the order of sending. */
  previous: ServerClient | undefined;
  next: ServerClient | undefined;

  constructor(
    place: { id: PeerId; index: number; address: DatagramAddress },
    token: PrivateToken,
    used: UsedToken,
    response: { high: number; low: number },
    session: TokenSession | undefined,
    nowMs: number,
  ) {
    this.id = place.id;
    this.index = place.index;
    this.address = place.address;
    this.clientId = token.clientId;
    this.userData = token.userData;
    this.silence = new Silence(token.timeoutSeconds, nowMs);
    this.receiveKey = token.clientToServerKey;
    this.sendKey = token.serverToClientKey;
    this.used = used;
    this.session = session;
    this.sequence = used.sequence;
    this.responseHigh = response.high;
    this.responseLow = response.low;
    this.sentMs = nowMs;
  }

  isReplay(high: number, low: number): boolean {
    const isOfBefore = high < this.responseHigh ||
      (high === this.responseHigh && low <= this.responseLow);
    return isOfBefore || this.#window.isReplay(high, low);
  }

  advance(high: number, low: number): void {
    this.#window.advance(high, low);
  }
}
