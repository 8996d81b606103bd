// This module is browser compatible.
import type { PeerId } from "../link/peer_id.ts";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import type { PrivateToken } from "./_private_token.ts";
import { ReplayWindow } from "./_replay_window.ts";
import type { TokenSession } from "./_sealed_below.ts";
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
  /** `Infinity` if it may be silent for ever. */
  readonly timeoutMs: number;
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
  receivedMs: number;
  #excusedMs = -1;
  #excusedAtMs = -1;
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
    this.timeoutMs = token.timeoutSeconds > 0
      ? token.timeoutSeconds * 1_000
      : Infinity;
    this.receiveKey = token.clientToServerKey;
    this.sendKey = token.serverToClientKey;
    this.used = used;
    this.session = session;
    this.sequence = used.sequence;
    this.responseHigh = response.high;
    this.responseLow = response.low;
    this.receivedMs = nowMs;
    this.sentMs = nowMs;
  }

  /**
   * Whether a stall of the server excuses its silence: once, or a server that is ticked seldom
   * would wait for ever. Asked again within a tick, it says the same.
   */
  excuse(nowMs: number): boolean {
    if (this.#excusedMs === this.receivedMs) return nowMs === this.#excusedAtMs;
    this.#excusedMs = this.receivedMs;
    this.#excusedAtMs = nowMs;
    return true;
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

/** Clients in the order in which they were sent something last, so that the first is the next to be sent a keep-alive. */
export class SendOrder {
  #first: ServerClient | undefined;
  #last: ServerClient | undefined;

  get first(): ServerClient | undefined {
    return this.#first;
  }

  /** Puts one in that is not there. */
  add(client: ServerClient): void {
    client.previous = this.#last;
    client.next = undefined;
    if (this.#last === undefined) this.#first = client;
    else this.#last.next = client;
    this.#last = client;
  }

  remove(client: ServerClient): void {
    const { previous, next } = client;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    client.previous = undefined;
    client.next = undefined;
  }

  /** Notes that one was sent something. */
  toLast(client: ServerClient): void {
    if (client === this.#last) return;
    this.remove(client);
    this.add(client);
  }
}
