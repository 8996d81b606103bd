// This module is browser compatible.
import { type Identity, type PlayerId, TokenBucket } from "../../core/mod.ts";
import type { ClientId } from "../../websocket/mod.ts";
import type { LobbyId } from "../lobby_id.ts";
import { isDisplayText } from "../_text.ts";
import type { ListReader } from "./_list_readers.ts";

/** How often something may be done. */
export interface Rate {
  /** On the average. */
  readonly perSecond: number;
  /** At once. */
  readonly burst: number;
}

/** How much a player may do. */
export interface PersonRates {
  readonly requests: Rate;
  readonly chat: Rate;
  readonly hashes: Rate;
  /** Passwords of others' lobbies that are tried. */
  readonly attempts: Rate;
  readonly lists: Rate;
  /** How many wrong or untimely requests are put up with. */
  readonly patience: Rate;
}

/** The most clients of a player, as up to 1 MiB and more waits for each. */
const MAX_CLIENTS = 16;
/** How often it is looked for people that need not be remembered. */
const SWEEP_MS = 10_000;

/** A connection of a player that has spoken of lobbies. */
export interface LobbySocket {
  readonly client: ClientId;
  readonly person: Person;
  /** Whether there is a socket now. */
  isOnline: boolean;
  /** Whether something found no room, so that it has to be told everything. */
  isBehind: boolean;
  /** When that was, by the server's time. */
  behindMs: number;
  /**
   * Up to which message of which lobby it was told what is said; `undefined` before it has said hello, as a client tells
   * with that what it knows already.
   */
  heard:
    | { readonly lobby: LobbyId | undefined; readonly number: number }
    | undefined;
  /** Where it was told to go, if it was. */
  elsewhere: string | undefined;
  /** The list that it reads. */
  reader: ListReader | undefined;
}

/** A player, with all of its connections. */
export class Person {
  readonly player: PlayerId;
  readonly sockets = new Set<LobbySocket>();
  readonly requests: TokenBucket;
  readonly chat: TokenBucket;
  readonly hashes: TokenBucket;
  readonly attempts: TokenBucket;
  readonly lists: TokenBucket;
  readonly patience: TokenBucket;
  identity: Identity;
  /** For how long there has been no connection, by the server's time. */
  offlineSinceMs: number | undefined = undefined;
  /** The password that the player has set last, while it is hashed. */
  lastPassword: object | undefined = undefined;

  readonly #maxNameBytes: number;

  constructor(identity: Identity, rates: PersonRates, maxNameBytes: number) {
    this.#maxNameBytes = maxNameBytes;
    this.player = identity.playerId;
    this.identity = identity;
    this.requests = bucket(rates.requests);
    this.chat = bucket(rates.chat);
    this.hashes = bucket(rates.hashes);
    this.attempts = bucket(rates.attempts);
    this.lists = bucket(rates.lists);
    this.patience = bucket(rates.patience);
  }

  /** What others see, if that can be shown. */
  get name(): string | undefined {
    const { displayName } = this.identity;
    return isDisplayText(displayName, this.#maxNameBytes)
      ? displayName
      : undefined;
  }

  get isOnline(): boolean {
    for (const { isOnline } of this.sockets) if (isOnline) return true;
    return false;
  }
}

/** Everybody who is there, or was just now. */
export class People {
  readonly #rates: PersonRates;
  readonly #maxNameBytes: number;
  readonly #people = new Map<PlayerId, Person>();
  readonly #sockets = new Map<ClientId, LobbySocket>();
  /** All clients, also those that have not spoken of lobbies, and whether each has a socket. */
  readonly #clients = new Map<PlayerId, Map<ClientId, boolean>>();
  #sweptMs = 0;

  constructor(rates: PersonRates, maxNameBytes: number) {
    this.#rates = rates;
    this.#maxNameBytes = maxNameBytes;
  }

  get socketCount(): number {
    return this.#sockets.size;
  }

  get(player: PlayerId): Person | undefined {
    return this.#people.get(player);
  }

  socket(client: ClientId): LobbySocket | undefined {
    return this.#sockets.get(client);
  }

  sockets(): Iterable<LobbySocket> {
    return this.#sockets.values();
  }

  /** All clients of a player. */
  clientsOf(player: PlayerId): readonly ClientId[] {
    return [...this.#clients.get(player)?.keys() ?? []];
  }

  /** A client is there, for the first time or again. Returns the one that is to make room, if they are too many. */
  onClient(client: ClientId, { playerId }: Identity): ClientId | undefined {
    const clients = this.#clients.get(playerId) ?? new Map();
    this.#clients.set(playerId, clients.set(client, true));
    if (clients.size <= MAX_CLIENTS) return undefined;
    // Each page that is loaded anew leaves a session without a socket behind.
    let [excess] = clients.keys();
    for (const [other, isOnline] of clients) {
      if (isOnline) continue;
      excess = other;
      break;
    }
    clients.delete(excess!);
    return excess;
  }

  /** A client has no socket, and may come back. */
  onClientAway(client: ClientId, { playerId }: Identity): void {
    const clients = this.#clients.get(playerId);
    if (clients?.has(client)) clients.set(client, false);
  }

  /** A client is gone for good. */
  onClientLeft(client: ClientId, { playerId }: Identity): void {
    const clients = this.#clients.get(playerId);
    clients?.delete(client);
    if (clients?.size === 0) this.#clients.delete(playerId);
  }

  /** The person of an identity, as somebody has just been let in as. */
  meet(identity: Identity): Person {
    let person = this.#people.get(identity.playerId);
    if (person === undefined) {
      person = new Person(identity, this.#rates, this.#maxNameBytes);
      this.#people.set(person.player, person);
    }
    person.identity = identity;
    return person;
  }

  /** A connection speaks of lobbies for the first time. */
  attach(client: ClientId, identity: Identity): LobbySocket {
    const person = this.meet(identity);
    const socket: LobbySocket = {
      client,
      person,
      isOnline: true,
      isBehind: false,
      behindMs: 0,
      heard: undefined,
      elsewhere: undefined,
      reader: undefined,
    };
    person.sockets.add(socket);
    this.#sockets.set(client, socket);
    return socket;
  }

  /** A connection is gone for good. */
  detach(socket: LobbySocket): void {
    socket.person.sockets.delete(socket);
    this.#sockets.delete(socket.client);
  }

  /** Forgets those who are gone and have nothing left to wait for. Of those who are awaited, since when they are gone counts. */
  sweep(nowMs: number, isAwaited: (player: PlayerId) => boolean): void {
    if (nowMs - this.#sweptMs < SWEEP_MS) return;
    this.#sweptMs = nowMs;
    for (const [player, person] of this.#people) {
      if (person.sockets.size > 0 || isAwaited(player)) continue;
      const { requests, chat, hashes, attempts, lists, patience } = this.#rates;
      const isRested = isFull(person.requests, requests, nowMs) &&
        isFull(person.chat, chat, nowMs) &&
        isFull(person.hashes, hashes, nowMs) &&
        isFull(person.attempts, attempts, nowMs) &&
        isFull(person.lists, lists, nowMs) &&
        isFull(person.patience, patience, nowMs);
      if (isRested) this.#people.delete(player);
    }
  }
}

function bucket({ perSecond, burst }: Rate): TokenBucket {
  return new TokenBucket({ capacity: burst, refillPerSecond: perSecond });
}

function isFull(tokens: TokenBucket, { burst }: Rate, nowMs: number): boolean {
  return tokens.available(nowMs) >= burst;
}
