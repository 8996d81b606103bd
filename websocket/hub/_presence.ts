// This module is browser compatible.
import type { Member } from "../mux/control_message.ts";

interface Present {
  readonly member: Member;
  /** At how many hubs the player is. */
  hubs: number;
}

/** Who is on which channel, over all hubs. */
export class Presence {
  readonly #channels = new Map<string, Map<string, Present>>();

  /** The players of a channel, in the order in which they came. */
  *members(channel: string): IterableIterator<Member> {
    for (const { member } of this.#channels.get(channel)?.values() ?? []) {
      yield member;
    }
  }

  /** A player is at one more hub; returns whether at the first. */
  join(channel: string, member: Member): boolean {
    let players = this.#channels.get(channel);
    if (players === undefined) {
      players = new Map();
      this.#channels.set(channel, players);
    }
    const present = players.get(member.playerId);
    if (present !== undefined) {
      present.hubs += 1;
      return false;
    }
    players.set(member.playerId, { member, hubs: 1 });
    return true;
  }

  /** A player is at one hub fewer; returns who, if that was the last. */
  leave(channel: string, playerId: string): Member | undefined {
    const players = this.#channels.get(channel);
    const present = players?.get(playerId);
    if (players === undefined || present === undefined) return undefined;
    present.hubs -= 1;
    if (present.hubs > 0) return undefined;
    players.delete(playerId);
    if (players.size === 0) this.#channels.delete(channel);
    return present.member;
  }
}
