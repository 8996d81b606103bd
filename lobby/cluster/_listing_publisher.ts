// This module is browser compatible.
import type { RedisLike } from "../../core/mod.ts";
import { listingChange } from "../browser/listing_diff.ts";
import type { LobbyListing } from "../browser/lobby_listing.ts";
import type { LobbyId } from "../lobby_id.ts";
import type { ClusterKeys } from "./_cluster_keys.ts";
import { run } from "./_scripts.ts";

/** The most changes of listings that are told in one message. */
const MAX_TOLD = 512;

/** How long what is listed here is kept, and how often it is told what has changed. */
export interface ListingPublisherTimes {
  readonly leaseMs: number;
  readonly intervalMs: number;
}

/** What it tells its cluster. */
export interface ListingPublisherHost {
  /** The lease is lost. */
  onLost(): void;
  /** A command of Redis has failed: what it was to tell is told with the next one. */
  onFailed(): void;
}

/** Tells the other servers of a cluster what is listed here. */
export class ListingPublisher {
  readonly #redis: RedisLike;
  readonly #keys: ClusterKeys;
  readonly #token: string;
  readonly #leaseMs: number;
  readonly #intervalMs: number;
  readonly #host: ListingPublisherHost;
  /** What is listed here, as others know it. */
  readonly #listed = new Map<LobbyId, LobbyListing | "unsure">();
  readonly #unlisted = new Map<LobbyId, LobbyListing | undefined>();
  #number = 0;
  #waitMs = 0;
  #publishing: Promise<void> | undefined;

  constructor(
    redis: RedisLike,
    keys: ClusterKeys,
    token: string,
    { leaseMs, intervalMs }: ListingPublisherTimes,
    host: ListingPublisherHost,
  ) {
    this.#redis = redis;
    this.#keys = keys;
    this.#token = token;
    this.#leaseMs = leaseMs;
    this.#intervalMs = intervalMs;
    this.#host = host;
  }

  /** The number of the last change that was told, or is being told. */
  get number(): number {
    return this.#number;
  }

  /** A lobby is listed otherwise, or no longer. */
  list(id: LobbyId, listing: LobbyListing | undefined): void {
    this.#unlisted.set(id, listing);
  }

  /** Tells what has changed, when it is time to. */
  tick(dt: number): void {
    this.#waitMs -= dt * 1_000;
    if (
      this.#waitMs > 0 || this.#unlisted.size === 0 ||
      this.#publishing !== undefined
    ) return;
    this.#waitMs = this.#intervalMs;
    // It may be over at once, where nothing is to be told.
    this.#publishing = this.#publish().finally(() =>
      this.#publishing = undefined
    );
  }

  /** Resolves when what is being told is. */
  async finish(): Promise<void> {
    await this.#publishing;
  }

  async #publish(): Promise<void> {
    const changes: Record<string, LobbyListing | null> = {};
    const set: string[] = [];
    const removed: string[] = [];
    const taken: [LobbyId, LobbyListing | undefined][] = [];
    for (const [id, listing] of this.#unlisted) {
      if (taken.length >= MAX_TOLD) break;
      this.#unlisted.delete(id);
      if (areSame(this.#listed.get(id), listing)) continue;
      taken.push([id, listing]);
      changes[id] = listing ?? null;
      if (listing === undefined) removed.push(id);
      else set.push(id, JSON.stringify(listing));
    }
    if (taken.length > 0) {
      const keys = this.#keys;
      const number = this.#number + 1;
      this.#number = number;
      try {
        const reply = await run(this.#redis, "publish", [
          keys.lease(this.#token),
          keys.listings(this.#token),
        ], [
          ...[this.#token, String(this.#leaseMs), keys.listed],
          JSON.stringify({ by: this.#token, number, changes }),
          ...[String(number), String(set.length / 2), ...set, ...removed],
        ]);
        if (reply === null) this.#host.onLost();
        for (const [id, listing] of taken) {
          if (listing === undefined) this.#listed.delete(id);
          else this.#listed.set(id, listing);
        }
      } catch {
        this.#host.onFailed();
        for (const [id, listing] of taken) {
          this.#listed.set(id, "unsure");
          if (!this.#unlisted.has(id)) this.#unlisted.set(id, listing);
        }
      }
    }
    if (this.#unlisted.size > 0 && taken.length >= MAX_TOLD) {
      this.#waitMs = 0;
    }
  }
}

/** Whether others know it already, which nobody can say after a failure. */
function areSame(
  known: LobbyListing | "unsure" | undefined,
  now: LobbyListing | undefined,
): boolean {
  if (known === undefined || now === undefined) return known === now;
  return known !== "unsure" && listingChange(known, now) === undefined;
}
