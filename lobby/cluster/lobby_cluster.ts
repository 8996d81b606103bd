// This module is browser compatible.
import {
  checkInteger,
  checkNotNegative,
  type Clock,
  type Metric,
  type RedisLike,
  SystemClock,
} from "../../core/mod.ts";
import type { LobbyListing } from "../browser/lobby_listing.ts";
import type { LobbyId } from "../lobby_id.ts";
import {
  type LobbyBatch,
  type LobbyRecord,
  type LobbyRecordKey,
  type LobbyRecordKind,
  type LobbyStore,
  LobbyStoreError,
} from "../store/lobby_store.ts";
import { ClusterKeys } from "./_cluster_keys.ts";
import { ListingPublisher } from "./_listing_publisher.ts";
import { type Peer, Peers, readServerInfo, type ServerInfo } from "./_peers.ts";
import { pairsOf, run } from "./_scripts.ts";
import type { LobbyClusterOptions } from "./lobby_cluster_options.ts";

/** How much earlier than Redis this server takes its lease for over: clocks do not go equally fast. */
const LEASE_SHARE = 0.9;
/** How often in the time of a lease it is renewed. */
const BEATS_PER_LEASE = 5;
/** How long it is waited before a gift is tried again that could not be given yet, or of which nobody knows whether it was. */
const GIVE_AGAIN_MS = 250;
/** For how long it is kept what only matters as long as a reply or a command may be under way. */
const KEPT_MS = 86_400_000;
/** The most questions that wait for Redis. */
const MAX_QUESTIONS = 16_384;
const NAME = /^[A-Za-z0-9_.-]{1,64}$/;

/** Where something is that only one server has. */
export type LobbyPlace =
  /** This server has it. */
  | {
    readonly type: "here";
    /** Whether it was nobody's until it was claimed; until it is saved, it can be claimed again. */
    readonly isNew: boolean;
  }
  /** Another server has it. */
  | {
    readonly type: "elsewhere";
    /** Where clients reach that one. */
    readonly url: string;
    /** The number of its lease. */
    readonly token: number;
  }
  /** No server has it. */
  | { readonly type: "nowhere" }
  /** A server had it that is dead, and another one is about to have it; or Redis did not answer. */
  | { readonly type: "unknown" };

/** What a cluster has found out since it was asked last. */
export interface LobbyClusterNews {
  /** What dead servers had, or living ones have handed over, which is this server's from now on. */
  readonly inherited: readonly LobbyRecord[];
  /** What this server wanted to save and another one has. */
  readonly taken: readonly LobbyRecordKey[];
  /** What other servers list otherwise, or no longer. */
  readonly listings: ReadonlyMap<LobbyId, LobbyListing | undefined>;
}

/**
 * Makes a `LobbyServer` one of several, which share their lobbies by way of Redis: give it to the server as its store. Each
 * lobby, player and queue belongs to one server at a time, which holds a lease; what a dead server had goes to another one as
 * a whole. `lobby/cluster/CLUSTER.md` says what is kept where, and what is guaranteed.
 *
 * The server ticks it. When the lease is lost, as the process stood still or was cut off from Redis for too long, it is over
 * for good: the server sends its clients away, says `clusterLost`, and another one is to be made.
 *
 * @example One of several servers
 * ```ts ignore
 * import { createClient } from "redis";
 * import { fromNodeRedis, playerId } from "@tickwire/net/core";
 * import { LobbyCluster, LobbyServer } from "@tickwire/net/lobby";
 * import { upgradeWebSocket } from "@tickwire/net/websocket/deno";
 *
 * const client = createClient({ url: "redis://127.0.0.1:6379" });
 * client.on("error", console.error);
 * await client.connect();
 * const store = await LobbyCluster.open(fromNodeRedis(client), {
 *   url: "wss://lobby-7.example.com",
 * });
 * const lobbies = new LobbyServer({
 *   upgrade: upgradeWebSocket,
 *   authenticate: (request) => {
 *     const name = new URL(request.url).searchParams.get("name"); // ask your own server
 *     return name ? { playerId: playerId(name) } : undefined;
 *   },
 *   store,
 * });
 * ```
 */
export class LobbyCluster implements LobbyStore {
  /** Where clients reach this server. */
  readonly url: string;
  readonly #redis: RedisLike;
  readonly #keys: ClusterKeys;
  readonly #token: string;
  readonly #leaseMs: number;
  readonly #clock: Clock;
  readonly #peers: Peers;
  /** Until when nobody else can have what is here. */
  #heldUntilMs: number;
  #isLost = false;
  #isClosed = false;
  #isLoaded = false;
  #closing: Promise<void> | undefined;
  #end: (() => Promise<void>) | undefined;
  #beatWaitMs = 0;
  #beat: Promise<void> | undefined;
  readonly #saving = new Set<Promise<unknown>>();
  /**
   * The names of what this server has, as far as it knows, each with its owner in Redis; or with nothing, as long as it is
   * not known whether it was saved. What it inherits it has before it knows.
   */
  readonly #known = new Map<string, string>();
  /** What a batch really is, as it was when that was saved first. */
  readonly #plans = new WeakMap<LobbyBatch, Plan>();
  /** The numbers of the last batch, and of the last one that was saved. */
  #planned = 0;
  #lastSaved = 0;
  /** What is removed by a batch that may not have been saved yet. */
  readonly #leaving = new Set<string>();
  #saved: (() => void)[] = [];
  #questions = 0;
  /** The tokens of the dead whose records are being taken. */
  readonly #inheriting = new Set<string>();
  #inherited: Received[] = [];
  readonly #gifts = new Set<Gift>();
  #given = 0;
  /** The numbers of gifts that were taken, and may be there still. */
  readonly #accepted = new Set<string>();
  #taken: LobbyRecordKey[] = [];
  readonly #publisher: ListingPublisher;
  #failures = 0;
  #inheritances = 0;

  private constructor(
    redis: RedisLike,
    options: LobbyClusterOptions,
    keys: ClusterKeys,
    token: string,
    heldUntilMs: number,
    leaseMs: number,
    clock: Clock,
  ) {
    const { listIntervalMs = 500, maxListingsPerServer = 65_536 } = options;
    this.url = options.url;
    this.#redis = redis;
    this.#keys = keys;
    this.#token = token;
    this.#heldUntilMs = heldUntilMs;
    this.#leaseMs = leaseMs;
    this.#clock = clock;
    this.#peers = new Peers(maxListingsPerServer);
    this.#publisher = new ListingPublisher(
      redis,
      keys,
      token,
      { leaseMs, intervalMs: listIntervalMs },
      {
        onLost: () => this.#isLost = true,
        onFailed: () => this.#failures++,
      },
    );
  }

  /**
   * Takes a lease for a new server.
   *
   * @param redis The client, which can subscribe and stays the caller's to close.
   * @param options Where clients reach this server, and how the cluster behaves.
   * @returns A promise of the cluster. Tick its server from then on, or the lease runs out.
   * @throws {TypeError} If `redis` cannot subscribe, or `url` or `name` is none.
   * @throws {RangeError} If a number is out of its range.
   * @throws If Redis cannot be reached.
   */
  static async open(
    redis: RedisLike,
    options: LobbyClusterOptions,
  ): Promise<LobbyCluster> {
    const {
      url,
      name = "lobby",
      leaseMs = 10_000,
      listIntervalMs = 500,
      maxListingsPerServer = 65_536,
      clock = new SystemClock(),
    } = options;
    checkInteger("leaseMs", leaseMs, 1_000, 600_000);
    checkNotNegative("listIntervalMs", listIntervalMs);
    checkInteger("maxListingsPerServer", maxListingsPerServer, 0, 1_000_000);
    if (!NAME.test(name)) {
      throw new TypeError(
        `Cannot open a LobbyCluster as name must be 1 to 64 letters, digits, -, _ and .: current value is "${name}"`,
      );
    }
    if (!URL.canParse(url)) {
      throw new TypeError(
        `Cannot open a LobbyCluster as url must be an absolute URL: current value is "${url}"`,
      );
    }
    if (redis.subscribe === undefined) {
      throw new TypeError(
        `Cannot open a LobbyCluster as redis must have subscribe: current value is ${redis.subscribe}`,
      );
    }
    const keys = new ClusterKeys(name);
    // Listening first: what is listed from here on is not missed.
    let cluster: LobbyCluster | undefined;
    const end = await redis.subscribe(
      keys.listed,
      (text) => {
        if (cluster !== undefined) cluster.#onListed(text);
      },
    );
    try {
      const token = String(await redis.command(["INCR", keys.tokens]));
      const sentMs = clock.nowMs();
      const info: ServerInfo = { url, listed: 0 };
      const reply = await run(redis, "acquire", [
        keys.lease(token),
        keys.servers,
      ], [token, String(leaseMs), JSON.stringify(info)]);
      if (reply === null) {
        throw new Error(
          `Cannot open a LobbyCluster as token ${token} must be new: it has a lease`,
        );
      }
      cluster = new LobbyCluster(
        redis,
        options,
        keys,
        token,
        sentMs + leaseMs * LEASE_SHARE,
        leaseMs,
        clock,
      );
      cluster.#end = end;
      return cluster;
    } catch (error) {
      await end().catch(ignore);
      throw error;
    }
  }

  /** The number of the lease: each has a higher one than all before. */
  get token(): number {
    return Number(this.#token);
  }

  /** Whether all that this server has is its own now. Once it is not, it never is again. */
  get isHeld(): boolean {
    if (!this.#isLost && this.#clock.nowMs() >= this.#heldUntilMs) {
      this.#isLost = true;
    }
    return !this.#isLost;
  }

  /** The other servers that were alive when that was asked last. */
  get otherUrls(): readonly string[] {
    const urls: string[] = [];
    for (const { isAlive, url } of this.#peers.values()) {
      if (isAlive) urls.push(url);
    }
    return urls;
  }

  /**
   * Takes what dead servers had, and reads it with all that this server has.
   *
   * @returns A promise of the records.
   */
  async load(): Promise<readonly LobbyRecord[]> {
    this.#check("load");
    try {
      await this.#renew();
      for (const peer of [...this.#peers.values()]) {
        if (!peer.isAlive) await this.#inherit(peer.token);
      }
      const keys = this.#keys;
      const reply = await run(this.#redis, "load", [
        ...[keys.lease(this.#token), keys.records(this.#token), keys.owners],
        keys.gifts(this.#token),
      ], [this.#token]);
      if (!Array.isArray(reply)) {
        this.#isLost = true;
        throw new Error("the lease is lost");
      }
      // They are among them.
      this.#inherited = [];
      this.#isLoaded = true;
      const records: LobbyRecord[] = [];
      for (let i = 0; i + 2 < reply.length; i += 3) {
        const [name, value, owner] = reply.slice(i, i + 3).map(String);
        this.#known.set(name!, owner!);
        records.push({ ...keyOf(name!), value: value! });
      }
      return records;
    } catch (error) {
      throw this.#failed("load", error);
    }
  }

  /**
   * Saves a batch, if the lease is still this server's. See {@linkcode LobbyStore.save}. What another server has is left as
   * it is there, and told by `takeNews`.
   *
   * @param batch What changes.
   * @returns A promise that resolves when it is saved.
   */
  save(batch: LobbyBatch): Promise<void> {
    const saved = this.#save(batch);
    this.#saving.add(saved);
    const forget = () => {
      this.#saving.delete(saved);
    };
    saved.then(forget, forget);
    return saved;
  }

  /**
   * Gives the lease back, after what is being saved: another server has all that was here as soon as it notices.
   *
   * @returns A promise that resolves when that is done, or Redis cannot be reached.
   */
  close(): Promise<void> {
    return this.#closing ??= this.#finish();
  }

  /**
   * Renews the lease and tells what is listed, when it is time to. A `LobbyServer` calls it.
   *
   * @param dt The time in seconds: finite, 0 or more.
   */
  tick(dt: number): void {
    if (this.#isClosed || !this.isHeld) return;
    this.#beatWaitMs -= dt * 1_000;
    if (this.#beatWaitMs <= 0 && this.#beat === undefined) {
      this.#beatWaitMs = this.#leaseMs / BEATS_PER_LEASE;
      this.#beat = this.#onBeat();
    }
    for (const gift of this.#gifts) {
      if (!gift.isAsked && (gift.waitMs -= dt * 1_000) <= 0) {
        this.#giveNow(gift);
      }
    }
    this.#publisher.tick(dt);
  }

  /**
   * Tells what was found out since the last time.
   *
   * @returns What there is.
   */
  takeNews(): LobbyClusterNews {
    const inherited: LobbyRecord[] = [];
    const taken = this.#taken;
    // What may be given away still, as far as is known here, can be back already.
    if (![...this.#gifts].some(({ isSent }) => isSent)) {
      for (const { name, owner, record } of this.#inherited) {
        this.#known.set(name, owner);
        inherited.push(record);
      }
      this.#inherited = [];
    }
    if (taken.length > 0) this.#taken = [];
    return { inherited, taken, listings: this.#peers.takeChanges() };
  }

  /**
   * Asks for something that one server has at a time: it is this server's, if it was nobody's.
   *
   * @param record What.
   * @returns A promise of whose it is now; it does not reject.
   */
  claim(record: LobbyRecordKey): Promise<LobbyPlace> {
    return this.#ask(async () => {
      const name = nameOf(record);
      // A batch that is tried again would give up what was claimed since.
      if (!await this.#hasLeft(name)) return { type: "unknown" };
      const keys = this.#keys;
      const owner = await run(this.#redis, "claim", [
        keys.lease(this.#token),
        keys.records(this.#token),
        keys.owners,
      ], [this.#token, name, `claimed by ${this.#token}`]);
      if (owner === null) {
        this.#isLost = true;
        return { type: "unknown" };
      }
      if (owner !== "") return await this.#placeOf(`${owner}`);
      this.#known.set(name, this.#token);
      return { type: "here", isNew: true };
    });
  }

  /**
   * Asks where something is.
   *
   * @param record What.
   * @returns A promise of whose it is; it does not reject.
   */
  locate(record: LobbyRecordKey): Promise<LobbyPlace> {
    return this.#ask(async () => {
      const name = nameOf(record);
      if (!await this.#hasLeft(name)) return { type: "unknown" };
      const owner = await this.#redis.command([
        "HGET",
        this.#keys.owners,
        name,
      ]);
      return owner === null
        ? { type: "nowhere" }
        : await this.#placeOf(`${owner}`);
    });
  }

  /**
   * Hands records over to another server, all of them or none, when all batches before it are saved.
   *
   * @param to The number of its lease.
   * @param records What; it waits until the first one is saved or claimed.
   * @returns A promise of whether they are the other's now: if not, it is dead, or the first one is another's. It does not
   * resolve before that is known, nor if this server's lease is lost.
   */
  give(to: number, records: readonly LobbyRecord[]): Promise<boolean> {
    return new Promise((resolve) => {
      const gift: Gift = {
        to: String(to),
        number: `${this.#token}.${++this.#given}`,
        records,
        resolve,
        after: this.#planned,
        owner: undefined,
        isAsked: false,
        isSent: false,
        waitMs: 0,
      };
      this.#gifts.add(gift);
      this.#giveNow(gift);
    });
  }

  /**
   * Tells the other servers what is listed of a lobby.
   *
   * @param id Which.
   * @param listing What; `undefined` if nothing is, or no longer.
   */
  list(id: LobbyId, listing: LobbyListing | undefined): void {
    this.#publisher.list(id, listing);
    if (listing === undefined) this.#peers.readAgain(id);
  }

  /**
   * Tells the numbers of the cluster as it is seen from here.
   *
   * @returns What there is now, and what has been counted since it was opened.
   */
  *metrics(): IterableIterator<Metric> {
    yield metric(
      "gauge",
      "held",
      "Whether the lease is held",
      Number(this.isHeld),
    );
    yield metric(
      "gauge",
      "servers",
      "Other servers that are alive",
      this.otherUrls.length,
    );
    yield metric(
      "gauge",
      "listings",
      "Lobbies that other servers list",
      this.#peers.listingCount,
    );
    yield metric(
      "gauge",
      "questions",
      "Questions that Redis has not answered",
      this.#questions,
    );
    yield metric(
      "counter",
      "failures",
      "Commands of Redis that have failed",
      this.#failures,
    );
    yield metric(
      "counter",
      "inheritances",
      "Dead servers whose lobbies were taken",
      this.#inheritances,
    );
    yield metric(
      "counter",
      "dropped_listings",
      "Listings that made no sense or found no room",
      this.#peers.dropped,
    );
  }

  /** Closes the cluster: `await using cluster = …`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #save(batch: LobbyBatch): Promise<void> {
    this.#check("save");
    const plan = this.#planOf(batch);
    const { number, changed, removed } = plan;
    const args = [
      ...[this.#token, String(number), String(KEPT_MS)],
      String(changed.length),
    ];
    for (const { name, owner, record } of changed) {
      args.push(name, owner, record.value);
    }
    for (const { name, owner } of removed) {
      args.push(name, owner);
      this.#leaving.add(name);
    }
    const keys = this.#keys;
    let reply: unknown;
    try {
      reply = await run(this.#redis, "save", [
        ...[keys.lease(this.#token), keys.records(this.#token), keys.owners],
        keys.saved(this.#token),
      ], args);
    } catch (error) {
      throw this.#failed("save", error);
    }
    if (!Array.isArray(reply)) {
      this.#isLost = true;
      throw this.#failed("save", new Error("the lease is lost"));
    }
    this.#lastSaved = number;
    const taken = new Set(reply.map(String));
    for (const { name, owner, record: { kind, key } } of changed) {
      // What was given away or has come back meanwhile is as it is meant to be.
      if (this.#known.get(name) !== owner) continue;
      if (taken.has(name)) {
        this.#known.delete(name);
        this.#taken.push({ kind, key });
        this.#endGifts(name);
      } else if (owner === "") this.#known.set(name, this.#token);
    }
    if (removed.length === 0) return;
    for (const { name } of removed) this.#leaving.delete(name);
    for (const resolve of this.#saved.splice(0)) resolve();
  }

  /** Of a gift that has not been given the first record is another's: nothing of it is given. */
  #endGifts(name: string): void {
    for (const gift of this.#gifts) {
      if (gift.isSent || nameOf(gift.records[0]!) !== name) continue;
      this.#gifts.delete(gift);
      gift.resolve(false);
    }
  }

  /** What a batch changes and removes, of what this server had when it was to be saved first. */
  #planOf(batch: LobbyBatch): Plan {
    let plan = this.#plans.get(batch);
    if (plan !== undefined) return plan;
    const changed = batch.changed.map((record) => {
      const name = nameOf(record);
      const owner = this.#known.get(name) ?? "";
      this.#known.set(name, owner);
      return { name, owner, record };
    });
    const removed = batch.removed.map(nameOf)
      .filter((name) => this.#known.has(name))
      .map((name) => ({ name, owner: this.#known.get(name) || this.#token }));
    for (const { name } of removed) this.#known.delete(name);
    plan = { number: ++this.#planned, changed, removed };
    this.#plans.set(batch, plan);
    return plan;
  }

  async #finish(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled([...this.#saving]);
    await this.#beat;
    await this.#publisher.finish();
    for (const resolve of this.#saved.splice(0)) resolve();
    try {
      if (!this.#isLost) {
        await run(this.#redis, "release", [
          this.#keys.lease(this.#token),
          this.#keys.listings(this.#token),
        ], [this.#token]);
      }
      await this.#end?.();
    } catch {
      // It runs out by itself.
    }
    this.#isLost = true;
  }

  async #onBeat(): Promise<void> {
    try {
      await this.#renew();
      if (this.#isLoaded) {
        for (const { token, isAlive } of [...this.#peers.values()]) {
          if (!isAlive) this.#inheriting.add(token);
        }
        for (const token of this.#inheriting) {
          if (!this.isHeld || this.#isClosed) break;
          await this.#inherit(token);
        }
      }
      if (this.#isLoaded) await this.#accept();
      for (const peer of this.#peers.values()) {
        if (peer.listed < peer.latest) await this.#read(peer);
      }
    } catch {
      this.#failures++;
      // As long as there is time.
      this.#beatWaitMs = Math.min(this.#beatWaitMs, this.#leaseMs / 20);
    }
    this.#beat = undefined;
  }

  async #renew(): Promise<void> {
    const keys = this.#keys;
    const sentMs = this.#clock.nowMs();
    const info: ServerInfo = { url: this.url, listed: this.#publisher.number };
    const reply = await run(this.#redis, "renew", [
      keys.lease(this.#token),
      keys.servers,
      keys.listings(this.#token),
    ], [this.#token, String(this.#leaseMs), JSON.stringify(info)]);
    if (!Array.isArray(reply)) {
      this.#isLost = true;
      return;
    }
    // What came too late makes nothing good.
    if (!this.isHeld) return;
    this.#heldUntilMs = sentMs + this.#leaseMs * LEASE_SHARE;
    const servers = new Map<string, ServerInfo>();
    for (const [token, text] of pairsOf(reply)) {
      const server = token === this.#token ? undefined : readServerInfo(text);
      if (server !== undefined) servers.set(token, server);
    }
    const tokens = [...servers.keys()];
    const leases = tokens.length === 0 ? [] : await this.#redis.command([
      "MGET",
      ...tokens.map((token) => keys.lease(token)),
    ]) as unknown[];
    const alive = new Set(tokens.filter((_, i) => leases[i] !== null));
    this.#peers.update(servers, (token) => alive.has(token));
  }

  async #inherit(token: string): Promise<void> {
    const keys = this.#keys;
    this.#inheriting.add(token);
    // If the reply is lost, it is asked again and gets the same.
    const reply = await run(this.#redis, "adopt", [
      keys.lease(this.#token),
      keys.lease(token),
      keys.records(this.#token),
      keys.records(token),
      keys.owners,
      keys.servers,
      keys.inherited(this.#token, token),
      keys.gifts(token),
      keys.saved(token),
    ], [this.#token, token, `${this.#token} ${token}`, String(KEPT_MS)]);
    if (!Array.isArray(reply)) {
      this.#isLost = true;
      return;
    }
    this.#inheriting.delete(token);
    if (reply.length === 0) return;
    this.#inheritances++;
    this.#take(pairsOf(reply), token);
    await this.#redis.command(["DEL", keys.inherited(this.#token, token)]);
  }

  /** Takes what has come in one piece: `by` tells it from all other pieces. */
  #take(pairs: readonly [string, string][], by: string): void {
    const owner = `${this.#token} ${by}`;
    for (const [name, value] of pairs) {
      this.#inherited.push({ name, owner, record: { ...keyOf(name), value } });
    }
  }

  async #giveNow(gift: Gift): Promise<void> {
    const { to, number, records } = gift;
    const owner = gift.owner ??= this.#known.get(nameOf(records[0]!));
    // What is not saved yet is not given, and what is saved later is not lost.
    if (!owner || this.#lastSaved < gift.after) {
      gift.owner = undefined;
      return;
    }
    gift.isSent = true;
    gift.isAsked = true;
    const pairs = records.flatMap((it) => [nameOf(it), it.value]);
    const keys = this.#keys;
    try {
      const reply = await run(this.#redis, "give", [
        keys.lease(this.#token),
        keys.lease(to),
        keys.records(this.#token),
        keys.records(to),
        keys.owners,
        keys.gifts(to),
      ], [
        ...[this.#token, to, number, JSON.stringify(pairs)],
        ...[String(KEPT_MS), keys.listed, owner, `${to} ${number}`, ...pairs],
      ]);
      if (reply === null) {
        this.#isLost = true;
        return;
      }
      this.#gifts.delete(gift);
      if (Number(reply) === 1) {
        for (const record of records) this.#known.delete(nameOf(record));
      }
      gift.resolve(Number(reply) === 1);
    } catch {
      this.#failures++;
      gift.waitMs = GIVE_AGAIN_MS;
      gift.isAsked = false;
    }
  }

  /** Takes what others have handed over, each gift once. */
  async #accept(): Promise<void> {
    const key = this.#keys.gifts(this.#token);
    const gifts = pairsOf(await run(this.#redis, "read", [key]));
    if (gifts.length === 0) return;
    for (const [number, text] of gifts) {
      if (this.#accepted.has(number)) continue;
      this.#accepted.add(number);
      this.#take(pairsOf(parseGift(text)), number);
    }
    const numbers = gifts.map(([number]) => number);
    await this.#redis.command(["HDEL", key, ...numbers]);
    for (const number of numbers) this.#accepted.delete(number);
  }

  /** Reads all that a server lists. */
  async #read(peer: Peer): Promise<void> {
    peer.isReading = true;
    try {
      const reply = await run(this.#redis, "read", [
        this.#keys.listings(peer.token),
      ]);
      this.#peers.onRead(peer, pairsOf(reply));
    } finally {
      peer.isReading = false;
    }
  }

  #onListed(text: string): void {
    if (this.#isClosed) return;
    if (text.startsWith("to ")) {
      if (text === `to ${this.#token}`) this.#beatWaitMs = 0;
      return;
    }
    // One that is new is asked for at once.
    if (!this.#peers.onMessage(text, this.#token)) this.#beatWaitMs = 0;
  }

  async #ask(question: () => Promise<LobbyPlace>): Promise<LobbyPlace> {
    if (
      this.#isClosed || !this.isHeld || this.#questions >= MAX_QUESTIONS
    ) return { type: "unknown" };
    this.#questions++;
    try {
      return await question();
    } catch {
      this.#failures++;
      return { type: "unknown" };
    } finally {
      this.#questions--;
    }
  }

  /** Waits until what this server gives up is given up; returns whether it may ask for it still. */
  async #hasLeft(name: string): Promise<boolean> {
    while (this.#leaving.has(name)) {
      await new Promise<void>((resolve) => this.#saved.push(resolve));
      if (this.#isClosed || !this.isHeld) return false;
    }
    return true;
  }

  async #placeOf(owner: string): Promise<LobbyPlace> {
    const [token] = owner.split(" ") as [string];
    if (token === this.#token) return { type: "here", isNew: false };
    const peer = this.#peers.get(token);
    if (peer !== undefined) {
      return peer.isAlive
        ? { type: "elsewhere", url: peer.url, token: Number(token) }
        : { type: "unknown" };
    }
    // It may have come just now.
    const text = await this.#redis.command([
      "HGET",
      this.#keys.servers,
      token,
    ]);
    const info = typeof text === "string" ? readServerInfo(text) : undefined;
    return info === undefined
      ? { type: "unknown" }
      : { type: "elsewhere", url: info.url, token: Number(token) };
  }

  #check(action: string): void {
    if (this.#isClosed) {
      throw new LobbyStoreError(
        "closed",
        `Cannot ${action} as the store is closed`,
      );
    }
    if (!this.isHeld) {
      throw new LobbyStoreError(
        "storeFailed",
        `Cannot ${action} as the lease is lost`,
      );
    }
  }

  #failed(action: string, cause: unknown): LobbyStoreError {
    if (cause instanceof LobbyStoreError) return cause;
    this.#failures++;
    const message = cause instanceof Error ? cause.message : String(cause);
    return new LobbyStoreError(
      "storeFailed",
      `Cannot ${action} as Redis failed: ${message}`,
      { cause },
    );
  }
}

/** Names with their values, one after the other; `undefined` if it is nothing of the kind. */
function parseGift(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A record, and its owner as it is in Redis. */
interface Received {
  readonly name: string;
  readonly owner: string;
  readonly record: LobbyRecord;
}

/** What is sent of a batch, each time that it is. */
interface Plan {
  readonly number: number;
  readonly changed: readonly Received[];
  readonly removed: readonly Omit<Received, "record">[];
}

/** Records that are being handed over. */
interface Gift {
  readonly to: string;
  readonly number: string;
  readonly records: readonly LobbyRecord[];
  readonly resolve: (isGiven: boolean) => void;
  /** The number of the last batch before it. */
  readonly after: number;
  /** The owner of the first one, as it was when it was sent first. */
  owner: string | undefined;
  isAsked: boolean;
  /** Whether it may have been given. */
  isSent: boolean;
  waitMs: number;
}

/** No kind has a colon. */
function nameOf({ kind, key }: LobbyRecordKey): string {
  return `${kind}:${key}`;
}

function keyOf(name: string): LobbyRecordKey {
  const at = name.indexOf(":");
  return {
    kind: name.slice(0, at) as LobbyRecordKind,
    key: name.slice(at + 1),
  };
}

function metric(
  type: "counter" | "gauge",
  name: string,
  help: string,
  value: number,
): Metric {
  return { name: `tickwire_lobby_cluster_${name}`, help, type, value };
}

function ignore(): void {}
