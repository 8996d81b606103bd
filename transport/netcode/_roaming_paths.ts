import { createHash } from "node:crypto";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import { shareOf } from "./_host_share.ts";
import type { ServerClient } from "./_server_client.ts";
import { REQUEST_MARK_AT, ROAMING_MARK } from "./_request.ts";
import { REQUEST_BYTES } from "./_sizes.ts";
import { tagOf } from "./_used_tokens.ts";

/** How many ways of one client are tried at once: whoever has seen its request can begin as many. */
const MAX_PATHS = 4;
/** Of which one host has so many at most, or whoever recorded the request could keep its client from moving. */
const MAX_PATHS_OF_HOST = 2;
/** For how long another address cannot take the place of a way. */
const PATH_MS = 2_000;
/** On average, and two at once: clients ask ten times a second, and networks double. */
const CHALLENGE_MS = 50;
/** How many challenges may be on their way. */
const MAX_CHALLENGES = 8;

/** An address where a connected client may be. */
export interface RoamingPath {
  readonly client: ServerClient;
  readonly address: DatagramAddress;
  /** Whose address it is. */
  readonly host: string;
  readonly endMs: number;
  /** The sequences of the challenges that were sent there: only whoever reads there has answers to them. */
  readonly challenges: number[];
  nextChallengeMs: number;
}

/** A client, and what its request was, by its hash. */
interface Followed {
  readonly client: ServerClient;
  readonly request: string;
}

/**
 * Where connected clients say that they are, by showing their tokens from other addresses.
 * Nothing here is proven: it says whose key a response from there is opened with, and which
 * challenges it may answer. Bounded by the number of clients.
 */
export class RoamingPaths {
  readonly #byTag = new Map<string, Followed>();
  readonly #byAddress = new Map<DatagramAddress, RoamingPath>();
  readonly #byClient = new Map<ServerClient, RoamingPath[]>();

  /**
   * Follows a client, from when it is connected.
   *
   * @param request The one that it came with.
   */
  follow(client: ServerClient, request: Uint8Array): void {
    const marked = request.slice();
    marked[REQUEST_MARK_AT] = ROAMING_MARK;
    this.#byTag.set(client.used.tag, { client, request: hashOf(marked) });
  }

  /** Follows a client no more. */
  leave(client: ServerClient): void {
    this.#byTag.delete(client.used.tag);
    this.clear(client);
  }

  /** The connected client whose request it is, byte by byte but for the mark, which it has. */
  clientOf(request: Uint8Array): ServerClient | undefined {
    const followed = this.#byTag.get(tagOf(request, REQUEST_BYTES));
    return followed !== undefined && followed.request === hashOf(request)
      ? followed.client
      : undefined;
  }

  at(address: DatagramAddress): RoamingPath | undefined {
    return this.#byAddress.get(address);
  }

  /**
   * Notes that a client may be at an address.
   *
   * @returns What to challenge now; `undefined` if that was done just now, or other addresses are being tried.
   */
  begin(
    client: ServerClient,
    address: DatagramAddress,
    nowMs: number,
  ): RoamingPath | undefined {
    let path = this.#byAddress.get(address);
    if (path?.client !== client) {
      // Somebody else was there: whoever came last.
      if (path !== undefined) this.#remove(path);
      path = this.#add(client, address, nowMs);
      if (path === undefined) return undefined;
    }
    if (nowMs < path.nextChallengeMs - CHALLENGE_MS) return undefined;
    path.nextChallengeMs = Math.max(nowMs, path.nextChallengeMs) + CHALLENGE_MS;
    return path;
  }

  /** Notes a challenge that was sent. */
  challenged({ challenges }: RoamingPath, sequence: number): void {
    challenges.push(sequence);
    if (challenges.length > MAX_CHALLENGES) challenges.shift();
  }

  /** Forgets where a client may be. */
  clear(client: ServerClient): void {
    const paths = this.#byClient.get(client);
    if (paths === undefined) return;
    for (const path of [...paths]) this.#remove(path);
  }

  #add(
    client: ServerClient,
    address: DatagramAddress,
    nowMs: number,
  ): RoamingPath | undefined {
    const paths = this.#byClient.get(client) ?? [];
    const host = shareOf(address.host);
    const ofHost = paths.filter((path) => path.host === host);
    const oldest = ofHost.length === MAX_PATHS_OF_HOST
      ? ofHost[0]
      : paths.length === MAX_PATHS
      ? paths[0]
      : undefined;
    if (oldest !== undefined) {
      if (nowMs < oldest.endMs) return undefined;
      this.#remove(oldest);
    }
    const path: RoamingPath = {
      client,
      address,
      host,
      endMs: nowMs + PATH_MS,
      challenges: [],
      nextChallengeMs: nowMs,
    };
    address.retain();
    paths.push(path);
    this.#byClient.set(client, paths);
    this.#byAddress.set(address, path);
    return path;
  }

  #remove(path: RoamingPath): void {
    const { client, address } = path;
    const paths = this.#byClient.get(client)!;
    paths.splice(paths.indexOf(path), 1);
    if (paths.length === 0) this.#byClient.delete(client);
    this.#byAddress.delete(address);
    address.release();
  }
}

function hashOf(request: Uint8Array): string {
  return createHash("sha256").update(request).digest("base64");
}
