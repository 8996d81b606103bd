// This module is browser compatible.
import { encodeControl, type Member } from "../mux/control_message.ts";
import type { HubClient } from "./_hub_client.ts";

const MAX_MEMBERS_PER_MESSAGE = 256;
/** Who has more to be told than this is told anew who is there, once it has less. */
const MAX_WAITING_CONTROLS = 64;

/** A question of a few bytes does not bring all of them more often. */
const ANEW_SECONDS = 1;

type Change = "all" | "joined" | "left";

/** What has become of a player since the watchers were last told. */
interface Difference {
  /** As they know the player, if they do. */
  readonly before: Member | undefined;
  after: Member | undefined;
}

/**
 * Those who want to know who is on a channel. What changes is told once a tick, to all
 * of them with the same bytes: one by one, a thousand who come would be a million
 * messages. Whoever is new, or behind, is told all who are there, instead.
 */
export class Watchers {
  readonly #channel: string;
  /** They know who was there when the differences began. */
  readonly #informed = new Set<HubClient>();
  readonly #uninformed = new Set<HubClient>();
  readonly #differences = new Map<string, Difference>();
  /** When each was last told all, also of those who have left since. */
  readonly #toldAt = new WeakMap<HubClient, number>();

  constructor(channel: string) {
    this.#channel = channel;
  }

  /** Whether there is something to tell. */
  get isDue(): boolean {
    return this.#uninformed.size > 0 || this.#differences.size > 0;
  }

  has(client: HubClient): boolean {
    return this.#informed.has(client) || this.#uninformed.has(client);
  }

  /** Is to be told all, anew if it was before. */
  add(client: HubClient): void {
    this.#informed.delete(client);
    this.#uninformed.add(client);
  }

  delete(client: HubClient): void {
    this.#informed.delete(client);
    this.#uninformed.delete(client);
  }

  joined(member: Member): void {
    if (this.#informed.size === 0) return;
    const { playerId } = member;
    const difference = this.#differences.get(playerId);
    if (difference === undefined) {
      this.#differences.set(playerId, { before: undefined, after: member });
    } else if (difference.before?.displayName === member.displayName) {
      this.#differences.delete(playerId);
    } else {
      difference.after = member;
    }
  }

  left(member: Member): void {
    if (this.#informed.size === 0) return;
    const { playerId } = member;
    const difference = this.#differences.get(playerId);
    if (difference === undefined) {
      this.#differences.set(playerId, { before: member, after: undefined });
    } else if (difference.before === undefined) {
      this.#differences.delete(playerId);
    } else {
      difference.after = undefined;
    }
  }

  /**
   * Tells what there is to tell; `members` are those who are there now, `nowSeconds` is
   * the hub's time.
   */
  tell(members: Iterable<Member>, nowSeconds: number): void {
    this.#tellDifferences();
    const able = [...this.#uninformed].filter((client) =>
      isKeepingUp(client) &&
      nowSeconds - (this.#toldAt.get(client) ?? -Infinity) >= ANEW_SECONDS
    );
    if (able.length === 0) return;
    const all = this.#encode("all", [...members]);
    for (const client of able) {
      this.#uninformed.delete(client);
      this.#informed.add(client);
      this.#toldAt.set(client, nowSeconds);
      this.#send(client, all);
    }
  }

  #tellDifferences(): void {
    if (this.#differences.size === 0) return;
    const left: Member[] = [];
    const joined: Member[] = [];
    for (const { before, after } of this.#differences.values()) {
      if (before !== undefined) left.push(before);
      if (after !== undefined) joined.push(after);
    }
    this.#differences.clear();
    const news = [
      ...left.length > 0 ? this.#encode("left", left) : [],
      ...joined.length > 0 ? this.#encode("joined", joined) : [],
    ];
    for (const client of this.#informed) {
      if (isKeepingUp(client)) this.#send(client, news);
      else this.add(client);
    }
  }

  #encode(change: Change, members: readonly Member[]): Part[] {
    const parts: Part[] = [];
    let start = 0;
    do {
      const part = members.slice(start, start + MAX_MEMBERS_PER_MESSAGE);
      parts.push(this.#part(start === 0 ? change : follow(change), part));
      start += MAX_MEMBERS_PER_MESSAGE;
    } while (start < members.length);
    return parts;
  }

  #part(change: Change, members: readonly Member[]): Part {
    const bytes = encodeControl({
      type: "presence",
      channel: this.#channel,
      change,
      members,
    });
    return { change, members, bytes };
  }

  /** A client that misses one of these would be wrong from then on. */
  #send(client: HubClient, parts: readonly Part[]): void {
    for (const part of parts) {
      if (!this.#sendPart(client, part)) {
        client.isStuck = true;
        return;
      }
    }
  }

  #sendPart(client: HubClient, { change, members, bytes }: Part): boolean {
    if (client.tellShared(bytes)) return true;
    if (members.length < 2) return false;
    // The client may take small frames alone.
    const half = members.length >> 1;
    const first = this.#part(change, members.slice(0, half));
    const second = this.#part(follow(change), members.slice(half));
    return this.#sendPart(client, first) && this.#sendPart(client, second);
  }
}

/** Some of the players of a change, as they are told. */
interface Part {
  readonly change: Change;
  readonly members: readonly Member[];
  readonly bytes: Uint8Array;
}

/** What comes after the first of several messages. */
function follow(change: Change): Change {
  return change === "all" ? "joined" : change;
}

function isKeepingUp({ session }: HubClient): boolean {
  return session.queuedControls <= MAX_WAITING_CONTROLS;
}
