// This module is browser compatible.
import {
  Delivery,
  type OutMessage,
  outMessage,
  type WsHub,
} from "../../websocket/mod.ts";
import { ListingFeed } from "../browser/_listing_feed.ts";
import type { LobbyListingDiff } from "../browser/listing_diff.ts";
import { type LobbyListing, lobbyListing } from "../browser/lobby_listing.ts";
import type { LobbyCluster } from "../cluster/lobby_cluster.ts";
import type { LobbyId } from "../lobby_id.ts";
import type { Lobby } from "../manager/lobby.ts";
import type { LobbyAnswer } from "../wire/lobby_answer.ts";
import type { LobbyPush } from "../wire/lobby_push.ts";
import {
  LOBBY_LIST_CHANNEL,
  type LobbyRequest,
} from "../wire/lobby_request.ts";
import type { Asker, ClientPushes } from "./_client_pushes.ts";
import { type ListReader, ListReaders } from "./_list_readers.ts";
import type { LobbySocket, People } from "./_people.ts";
import { limited } from "./_refusal.ts";
import type { ServerCounters } from "./_server_counters.ts";
import type { ServerSettings } from "./_server_settings.ts";

/** How long a client for whose list there is no room is told to wait. */
const LISTS_RETRY_MS = 1_000;
const PAGE_SIZE = 64;
/** Half of what may wait for a client. */
const PAGE_BYTES = 131_072;

/** Lists wait at the server, where readers share them. */
export const LIST_CHANNEL_OPTIONS = {
  delivery: Delivery.ExactlyOnce,
  priority: 5,
  slow: "drop",
  maxQueuedMessages: 64,
  maxQueuedBytes: 2 * PAGE_BYTES,
} as const;

const encoder = new TextEncoder();

/** The lists of lobbies that clients read. */
export class LobbyLists {
  readonly #hub: WsHub;
  readonly #people: People;
  readonly #pushes: ClientPushes;
  readonly #counters: ServerCounters;
  readonly #settings: ServerSettings;
  /** The other servers, which are told what is listed here. */
  readonly #cluster: LobbyCluster | undefined;
  readonly #feed: ListingFeed;
  readonly #readers: ListReaders;

  constructor(
    hub: WsHub,
    people: People,
    pushes: ClientPushes,
    counters: ServerCounters,
    settings: ServerSettings,
    cluster: LobbyCluster | undefined,
  ) {
    this.#hub = hub;
    this.#people = people;
    this.#pushes = pushes;
    this.#counters = counters;
    this.#settings = settings;
    this.#cluster = cluster;
    this.#feed = new ListingFeed({
      maxListed: settings.maxListed,
      maxFilters: settings.maxFilters,
      pageSize: PAGE_SIZE,
      pageBytes: PAGE_BYTES,
    }, encodeDiff);
    this.#readers = new ListReaders(this.#feed, {
      send: (client, message) =>
        hub.sendTo(client, LOBBY_LIST_CHANNEL, message),
      reply: (client, request, message) =>
        hub.reply(client, LOBBY_LIST_CHANNEL, request, message),
      onSlow: (reader) => this.#endList(reader),
    });
  }

  /** How many filters are read. */
  get filterCount(): number {
    return this.#feed.filterCount;
  }

  /** Bytes of lists that were sent. */
  get sentBytes(): number {
    return this.#readers.sentBytes;
  }

  /** Sends those whose turn it is what has changed. */
  tick(dt: number): void {
    const { listIntervalMs } = this.#settings;
    this.#readers.tick(
      listIntervalMs === 0 ? 1 : Math.min(1, dt * 1_000 / listIntervalMs),
    );
  }

  /** A client wants to read a list, instead of the one that it reads. */
  browse(
    socket: LobbySocket,
    asker: Asker,
    request: LobbyRequest & { do: "browse" },
    nowMs: number,
  ): void {
    const { client, number } = asker;
    const { person } = socket;
    // It may have left while this waited in line: nobody would ever end its list.
    if (this.#people.socket(client) !== socket) return;
    if (!person.lists.tryTake(1, nowMs)) {
      const waitMs = person.lists.waitMs(1, nowMs);
      this.#pushes.refuse(asker, request, limited(waitMs));
      return;
    }
    this.stop(socket);
    const cursor = this.#feed.subscribe(request.filter);
    if (cursor === undefined) {
      this.#pushes.refuse(asker, request, limited(LISTS_RETRY_MS));
      return;
    }
    const answer: LobbyAnswer = { ok: true, value: { key: cursor.key } };
    this.#counters.request(request.do, true);
    // What the list has is stored: it waits for nothing, and follows its answer.
    socket.reader = this.#readers.open(
      client,
      cursor,
      number,
      encoder.encode(JSON.stringify(answer)),
    );
  }

  /** A client reads no list any more. */
  stop(socket: LobbySocket): void {
    const { reader } = socket;
    if (reader === undefined) return;
    socket.reader = undefined;
    this.#feed.unsubscribe(reader.cursor);
    this.#readers.close(reader);
  }

  /** A lobby of this server is otherwise now, or gone. */
  update(id: LobbyId, lobby: Lobby | undefined): void {
    const { region, listedMetadata } = this.#settings;
    const listing = lobby === undefined || lobby.config.access !== "public"
      ? undefined
      : lobbyListing(lobby, { region, metadata: listedMetadata });
    this.#feed.update(id, listing);
    this.#cluster?.list(id, listing);
  }

  /** A lobby of another server is otherwise now, or gone. */
  updateElsewhere(id: LobbyId, listing: LobbyListing | undefined): void {
    this.#feed.update(id, listing);
  }

  #endList(reader: ListReader): boolean {
    const push: LobbyPush = {
      push: "listEnded",
      key: reader.cursor.key,
      reason: "slow",
    };
    const message = encoder.encode(JSON.stringify(push));
    if (!this.#hub.sendTo(reader.client, LOBBY_LIST_CHANNEL, message)) {
      // Nobody is there any more to be told.
      if (this.#hub.identityOf(reader.client) !== undefined) return false;
    }
    this.#counters.slowReaders++;
    const socket = this.#people.socket(reader.client);
    if (socket?.reader === reader) this.stop(socket);
    return true;
  }
}

/** The same for all who read a list. */
function encodeDiff(key: string, diff: LobbyListingDiff): OutMessage {
  const push: LobbyPush = { push: "list", key, ...diff };
  return outMessage(encoder.encode(JSON.stringify(push)));
}
