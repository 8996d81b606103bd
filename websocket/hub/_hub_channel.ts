// This module is browser compatible.
import { checkInteger } from "../../core/mod.ts";
import { Delivery, MAX_PRIORITY } from "../mux/record.ts";
import { MAX_HISTORY, type Member } from "../mux/control_message.ts";
import type { HubClient } from "./_hub_client.ts";
import type { HubChannelOptions } from "./hub_options.ts";
import { Watchers } from "./_watchers.ts";

/** What was published. */
export interface Published {
  readonly bytes: Uint8Array;
  readonly isText: boolean;
}

/** One channel of the hub: who gets what is published, who is there, what was said. */
export class HubChannel {
  readonly name: string;
  readonly options: Required<HubChannelOptions>;
  readonly subscribers = new Set<HubClient>();
  /** Of them, those who want to know who is there. */
  readonly watchers: Watchers;
  readonly #history: Published[] = [];
  /** Clients of each player at this hub: the player is there while there is one. */
  readonly #clients = new Map<string, number>();
  readonly #members = new Map<string, Member>();
  /** Since when it has had no subscribers, in seconds of its hub. */
  unusedSince = 0;

  constructor(name: string, options: HubChannelOptions) {
    this.name = name;
    this.watchers = new Watchers(name);
    this.options = resolve(options);
  }

  get hasHistory(): boolean {
    return this.#history.length > 0;
  }

  /** The players at this hub. */
  get localMembers(): Iterable<Member> {
    return this.#members.values();
  }

  /** Keeps a message for who comes later. */
  remember(bytes: Uint8Array, isText: boolean): void {
    const { historyMessages } = this.options;
    if (historyMessages === 0) return;
    // It would keep a whole slab.
    const isShared = bytes.length < bytes.buffer.byteLength;
    this.#history.push({ bytes: isShared ? bytes.slice() : bytes, isText });
    if (this.#history.length > historyMessages) this.#history.shift();
  }

  /** The last messages, oldest first. */
  last(count: number): readonly Published[] {
    return count === 0 ? [] : this.#history.slice(-count);
  }

  /** Returns the member if the player was not at this hub before. */
  join(client: HubClient): Member | undefined {
    const { playerId } = client.identity;
    const count = (this.#clients.get(playerId) ?? 0) + 1;
    this.#clients.set(playerId, count);
    if (count > 1) return undefined;
    this.#members.set(playerId, client.member);
    return client.member;
  }

  /** Returns the member if the player is gone with it. */
  leave(client: HubClient): Member | undefined {
    const { playerId } = client.identity;
    const count = (this.#clients.get(playerId) ?? 1) - 1;
    if (count > 0) {
      this.#clients.set(playerId, count);
      return undefined;
    }
    this.#clients.delete(playerId);
    const member = this.#members.get(playerId);
    this.#members.delete(playerId);
    return member;
  }
}

/** Checks them: each subscriber's session would throw, in the middle of a tick. */
function resolve(options: HubChannelOptions): Required<HubChannelOptions> {
  const {
    delivery = Delivery.ExactlyOnce,
    priority = 4,
    historyMessages = 0,
    isRelayed = false,
    slow = "disconnect",
    maxQueuedMessages = 1_024,
    maxQueuedBytes = 1_048_576,
  } = options;
  checkInteger("delivery", delivery, 0, Delivery.LatestOnly);
  checkInteger("priority", priority, 0, MAX_PRIORITY);
  checkInteger("historyMessages", historyMessages, 0, MAX_HISTORY);
  const most = Number.MAX_SAFE_INTEGER;
  checkInteger("maxQueuedMessages", maxQueuedMessages, 1, most);
  checkInteger("maxQueuedBytes", maxQueuedBytes, 1, most);
  if (slow !== "disconnect" && slow !== "drop") {
    throw new TypeError(
      `Cannot use slow as it must be "disconnect" or "drop": current value is "${slow}"`,
    );
  }
  return {
    delivery,
    priority,
    historyMessages,
    isRelayed,
    slow,
    maxQueuedMessages,
    maxQueuedBytes,
  };
}
