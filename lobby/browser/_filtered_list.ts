// This module is browser compatible.
import type { OutMessage } from "../../websocket/mod.ts";
import type { LobbyId } from "../lobby_id.ts";
import {
  listingChange,
  type LobbyListingChange,
  type LobbyListingDiff,
} from "./listing_diff.ts";
import type { PreparedFilter } from "./lobby_filter.ts";
import type { LobbyListing } from "./lobby_listing.ts";

/** Makes a message of a diff, once for all who get it. */
export type DiffEncoder = (key: string, diff: LobbyListingDiff) => OutMessage;

/** How large a list may become. */
export interface FilteredListOptions {
  /** The most listings of one list. */
  readonly maxListed: number;
  /** The most listings of one message. */
  readonly pageSize: number;
  /** The most bytes of one message, if it has more than one listing. */
  readonly pageBytes: number;
}

/** How many steps are kept at least, though somebody has yet to take them; of long lists twice their length. */
const MIN_KEPT_STEPS = 4_096;
/** So many steps come in before those are looked for that everybody has taken. */
const SPARE_STEPS = 1_024;

/**
 * What a filter lets through, with what has changed in it of late: of that a message is made for whoever has to be told,
 * from where that one stands to now. Those who stand at the same place share it.
 */
export class FilteredList {
  /** Of another filter, or of the same another time, no list has it. */
  readonly key: string;
  readonly filter: PreparedFilter;
  /** The last change of all that it knows of. */
  upTo: number;
  readonly #options: FilteredListOptions;
  readonly #encode: DiffEncoder;
  readonly #listed = new Map<LobbyId, LobbyListing>();
  /** What is wanted too, and does not fit. */
  readonly #unlisted = new Map<LobbyId, LobbyListing>();
  readonly #cursors = new Set<ListingCursor>();
  /** What was there before each of the last steps. */
  #steps: Step[] = [];
  /** How many steps came before those. */
  #forgotten = 0;
  #trimAt = SPARE_STEPS;
  /** The list as a whole, and those who are being told of it: others who come at about the same time share it. */
  #whole: Telling | undefined;
  readonly #beginners = new Set<ListingCursor>();
  /** What has changed from a step to the last one. */
  readonly #changes = new Map<number, Telling>();

  constructor(
    key: string,
    filter: PreparedFilter,
    upTo: number,
    options: FilteredListOptions,
    encode: DiffEncoder,
  ) {
    this.key = key;
    this.filter = filter;
    this.upTo = upTo;
    this.#options = options;
    this.#encode = encode;
  }

  /** How many steps it has made. */
  get stepCount(): number {
    return this.#forgotten + this.#steps.length;
  }

  /** How many of its steps it does not know any more. */
  get forgottenSteps(): number {
    return this.#forgotten;
  }

  /** How many read it. */
  get readerCount(): number {
    return this.#cursors.size;
  }

  /** Takes in what is there before anybody reads it. */
  begin(id: LobbyId, listing: LobbyListing): void {
    const hasRoom = this.#listed.size < this.#options.maxListed;
    (hasRoom ? this.#listed : this.#unlisted).set(id, listing);
  }

  /** A lobby is otherwise now; `undefined` if its filter does not let it through. */
  set(id: LobbyId, listing: LobbyListing | undefined): void {
    const before = this.#listed.get(id);
    if (listing === undefined) {
      if (before === undefined) this.#unlisted.delete(id);
      else {
        this.#listed.delete(id);
        this.#step(id, before);
      }
    } else if (before === undefined) this.#unlisted.set(id, listing);
    else {
      this.#listed.set(id, listing);
      this.#step(id, before);
    }
  }

  /** Takes those in for which there was no room until now. */
  fill(): void {
    for (const [id, listing] of this.#unlisted) {
      if (this.#listed.size >= this.#options.maxListed) break;
      this.#unlisted.delete(id);
      this.#listed.set(id, listing);
      this.#step(id, undefined);
    }
  }

  /** Somebody reads it, from the beginning. */
  open(): ListingCursor {
    const cursor = new ListingCursor(this, this.#tellWhole());
    this.#cursors.add(cursor);
    this.#beginners.add(cursor);
    return cursor;
  }

  close(cursor: ListingCursor): void {
    this.#cursors.delete(cursor);
    this.onBegun(cursor);
  }

  /** A reader has been told the list as a whole, or wants no more. Kept for good, all lists take more than all lobbies. */
  onBegun(cursor: ListingCursor): void {
    this.#beginners.delete(cursor);
    if (this.#beginners.size === 0) this.#whole = undefined;
  }

  /** The list as it was of late, and what has changed since, is told for less than all of it anew. */
  #tellWhole(): Telling {
    const known = this.#whole;
    const isGood = known !== undefined &&
      4 * (this.stepCount - known.upTo) <= this.#listed.size;
    if (isGood) return known;
    const added = [...this.#listed.values()];
    const whole = { isReset: true, added, changed: [], removed: [] };
    return this.#whole = this.#tell(whole);
  }

  /** Tells what has changed from a step on. */
  changesFrom(step: number): Telling {
    const known = this.#changes.get(step);
    if (known !== undefined) return known;
    const added: LobbyListing[] = [];
    const changed: LobbyListingChange[] = [];
    const removed: LobbyId[] = [];
    const seen = new Set<LobbyId>();
    for (let i = step - this.#forgotten; i < this.#steps.length; i++) {
      const { id, before } = this.#steps[i]!;
      // What counts is what was there before the first one.
      if (seen.has(id)) continue;
      seen.add(id);
      const after = this.#listed.get(id);
      if (after === undefined) {
        if (before !== undefined) removed.push(id);
      } else if (before === undefined) added.push(after);
      else {
        const change = listingChange(before, after);
        if (change !== undefined) changed.push(change);
      }
    }
    const telling = this.#tell({ isReset: false, added, changed, removed });
    this.#changes.set(step, telling);
    return telling;
  }

  #tell(diff: LobbyListingDiff): Telling {
    return new Telling(
      diff,
      this.stepCount,
      this.#options,
      (part) => this.#encode(this.key, part),
    );
  }

  #step(id: LobbyId, before: LobbyListing | undefined): void {
    this.#steps.push({ id, before });
    this.#changes.clear();
    if (this.#steps.length > this.#trimAt) this.#trim();
  }

  /** Forgets the steps that everybody has taken, and more if somebody is too far behind. */
  #trim(): void {
    const { stepCount } = this;
    const kept = Math.max(MIN_KEPT_STEPS, 2 * this.#listed.size);
    let first = stepCount;
    for (const { upTo } of this.#cursors) first = Math.min(first, upTo);
    first = Math.max(first, stepCount - kept);
    if (this.#whole !== undefined && this.#whole.upTo < first) {
      this.#whole = undefined;
    }
    if (first > this.#forgotten) {
      this.#steps = this.#steps.slice(first - this.#forgotten);
      this.#forgotten = first;
    }
    this.#trimAt = this.#steps.length + SPARE_STEPS;
  }
}

/** Where somebody who reads a list stands in it. */
export class ListingCursor {
  readonly list: FilteredList;
  /** The first step that it has not taken, nor will have with what it is being told. */
  #upTo: number;
  /** What it has begun to take, and how many messages of that it has. */
  #telling: Telling | undefined;
  #taken = 0;

  constructor(list: FilteredList, whole: Telling) {
    this.list = list;
    this.#upTo = whole.upTo;
    this.#telling = whole;
  }

  /** The key that its messages have. */
  get key(): string {
    return this.list.key;
  }

  get upTo(): number {
    return this.#upTo;
  }

  /** Whether it is so far behind that nobody knows what it lacks. */
  get isLost(): boolean {
    return this.#upTo < this.list.forgottenSteps;
  }

  /** The next message, which many share and nobody may change: the same until it is taken, or another when there is more. */
  peek(): OutMessage | undefined {
    if (this.#telling !== undefined) return this.#telling.message(this.#taken);
    while (!this.isLost && this.#upTo < this.list.stepCount) {
      const changes = this.list.changesFrom(this.#upTo);
      if (changes.count > 0) return changes.message(0);
      this.#upTo = changes.upTo;
    }
    return undefined;
  }

  /** What `peek` gave last is sent. */
  take(): void {
    const telling = this.#telling ?? this.list.changesFrom(this.#upTo);
    this.#upTo = telling.upTo;
    const isAll = telling.isLast(this.#taken);
    if (isAll) this.list.onBegun(this);
    this.#telling = isAll ? undefined : telling;
    this.#taken = isAll ? 0 : this.#taken + 1;
  }
}

/** A diff in as many messages as it takes, of which each is made when it is wanted, once. */
class Telling {
  /** The first step that is not in it. */
  readonly upTo: number;
  /** Of how many lobbies it tells. */
  readonly count: number;
  readonly #diff: LobbyListingDiff;
  readonly #options: FilteredListOptions;
  readonly #encode: (diff: LobbyListingDiff) => OutMessage;
  readonly #made: Part[] = [];

  constructor(
    diff: LobbyListingDiff,
    upTo: number,
    options: FilteredListOptions,
    encode: (diff: LobbyListingDiff) => OutMessage,
  ) {
    const { added, changed, removed } = diff;
    this.upTo = upTo;
    this.count = added.length + changed.length + removed.length;
    this.#diff = diff;
    this.#options = options;
    this.#encode = encode;
  }

  /** A message: there is one at least. They are asked for in their order at first. */
  message(index: number): OutMessage {
    return (this.#made[index] ??= this.#make(index)).message;
  }

  /** Whether a message that was made is the last one. */
  isLast(index: number): boolean {
    return this.#made[index]!.end === this.count;
  }

  #make(index: number): Part {
    const { pageSize, pageBytes } = this.#options;
    const { isReset, added, changed, removed } = this.#diff;
    const start = index === 0 ? 0 : this.#made[index - 1]!.end;
    let length = Math.min(pageSize, this.count - start);
    for (;; length >>>= 1) {
      const end = start + length;
      const addedAt = removed.length + changed.length;
      const message = this.#encode({
        isReset: isReset && index === 0,
        added: within(added, addedAt, start, end),
        changed: within(changed, removed.length, start, end),
        removed: within(removed, 0, start, end),
      });
      if (length <= 1 || message.bytes.length <= pageBytes) {
        return { message, end };
      }
    }
  }
}

interface Part {
  readonly message: OutMessage;
  /** How many lobbies it and those before it tell of. */
  readonly end: number;
}

/** What of some items, of which the first one has the number `at`, is from `start` to `end`. */
function within<T>(
  items: readonly T[],
  at: number,
  start: number,
  end: number,
): readonly T[] {
  return items.slice(Math.max(0, start - at), Math.max(0, end - at));
}

/** That a lobby of a list has changed. */
interface Step {
  readonly id: LobbyId;
  /** What was there before, if it was there. */
  readonly before: LobbyListing | undefined;
}
