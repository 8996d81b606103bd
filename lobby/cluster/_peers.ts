// This module is browser compatible.
import { isObject } from "../_is_object.ts";
import type { LobbyListing } from "../browser/lobby_listing.ts";
import { isLobbyId, type LobbyId } from "../lobby_id.ts";
import { isListing } from "../wire/_lobby_shapes.ts";
import { isCount } from "../wire/_shape.ts";

/** What a server says of itself. */
export interface ServerInfo {
  readonly url: string;
  /** The number of the last change of its listings. */
  readonly listed: number;
}

/** Another server. */
export interface Peer {
  readonly token: string;
  url: string;
  /** Whether it had its lease when that was asked last. */
  isAlive: boolean;
  /** The number of the last change of its listings that is known here. */
  listed: number;
  /** The number of the last one that it has made, as far as it was heard of. */
  latest: number;
  isReading: boolean;
  readonly listings: Set<LobbyId>;
}

/** The other servers, and what they list. */
export class Peers {
  readonly #maxListings: number;
  readonly #peers = new Map<string, Peer>();
  /** Who has listed a lobby last: one that has changed its server is listed by two for a while. */
  readonly #listedBy = new Map<LobbyId, string>();
  /** What is otherwise since it was taken last. */
  #changes = new Map<LobbyId, LobbyListing | undefined>();
  /** Listings that found no room or made no sense. */
  dropped = 0;

  constructor(maxListings: number) {
    this.#maxListings = maxListings;
  }

  get listingCount(): number {
    return this.#listedBy.size;
  }

  get(token: string): Peer | undefined {
    return this.#peers.get(token);
  }

  values(): IterableIterator<Peer> {
    return this.#peers.values();
  }

  /** Takes what was found out; those that are not named are gone. */
  update(
    servers: ReadonlyMap<string, ServerInfo>,
    isAlive: (token: string) => boolean,
  ): void {
    for (const [token, { url, listed }] of servers) {
      let peer = this.#peers.get(token);
      if (peer === undefined) {
        peer = {
          token,
          url,
          isAlive: false,
          listed: 0,
          latest: 0,
          isReading: false,
          listings: new Set(),
        };
        this.#peers.set(token, peer);
      }
      peer.url = url;
      peer.isAlive = isAlive(token);
      peer.latest = Math.max(peer.latest, listed);
      if (!peer.isAlive) this.#forget(peer);
    }
    for (const [token, peer] of this.#peers) {
      if (servers.has(token)) continue;
      this.#forget(peer);
      this.#peers.delete(token);
    }
  }

  /** Takes a change that was told; returns whether who told it is known, or is this server itself. */
  onMessage(text: string, own: string): boolean {
    const message = parse(text);
    if (!isObject(message)) {
      this.dropped++;
      return true;
    }
    const { by, number, changes } = message;
    if (typeof by !== "string" || !isCount(number) || !isObject(changes)) {
      this.dropped++;
      return true;
    }
    const peer = this.#peers.get(by);
    if (peer === undefined) return by === own;
    // A change that is missing is noticed by the number, and all of it read.
    peer.latest = Math.max(peer.latest, number as number);
    if (!peer.isAlive || peer.isReading || number !== peer.listed + 1) {
      return true;
    }
    peer.listed = number as number;
    for (const [id, listing] of Object.entries(changes)) {
      this.#take(peer, id, listing);
    }
    return true;
  }

  /** Takes all that a server lists. */
  onRead(peer: Peer, pairs: readonly (readonly [string, string])[]): void {
    if (!peer.isAlive || this.#peers.get(peer.token) !== peer) return;
    const gone = new Set(peer.listings);
    for (const [id, text] of pairs) {
      if (id === "") {
        peer.listed = Number(text);
        continue;
      }
      gone.delete(id as LobbyId);
      this.#take(peer, id, parse(text));
    }
    for (const id of gone) this.#take(peer, id, null);
  }

  /** What was this server's own is not: if another one lists it too, that is to be read again. */
  readAgain(id: LobbyId): void {
    const peer = this.#peers.get(this.#listedBy.get(id) ?? "");
    if (peer !== undefined) peer.listed = 0;
  }

  /** Tells what is listed otherwise since the last time, or no longer. */
  takeChanges(): ReadonlyMap<LobbyId, LobbyListing | undefined> {
    const changes = this.#changes;
    if (changes.size > 0) this.#changes = new Map();
    return changes;
  }

  #take(peer: Peer, id: string, listing: unknown): void {
    if (!isLobbyId(id)) {
      this.dropped++;
      return;
    }
    if (listing === null) {
      this.#unlist(peer, id);
      return;
    }
    const isFit = isListing(listing) &&
      (listing as LobbyListing).id === id &&
      (peer.listings.has(id) || peer.listings.size < this.#maxListings);
    if (!isFit) {
      this.dropped++;
      return;
    }
    peer.listings.add(id);
    this.#listedBy.set(id, peer.token);
    this.#changes.set(id, listing as LobbyListing);
  }

  #unlist(peer: Peer, id: LobbyId): void {
    if (!peer.listings.delete(id)) return;
    if (this.#listedBy.get(id) !== peer.token) return;
    this.#listedBy.delete(id);
    this.#changes.set(id, undefined);
  }

  #forget(peer: Peer): void {
    for (const id of peer.listings) this.#unlist(peer, id);
    peer.listed = 0;
  }
}

/** Reads what a server says of itself; `undefined` if that is nothing of the kind. */
export function readServerInfo(text: string): ServerInfo | undefined {
  const info = parse(text);
  return isObject(info) && typeof info.url === "string" && isCount(info.listed)
    ? { url: info.url, listed: info.listed as number }
    : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
