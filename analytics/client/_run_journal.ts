// This module is browser compatible.
import { type Journal, JournalError, MemoryJournal } from "../../core/mod.ts";
import {
  type ClientState,
  decodeEntry,
  encodeEntry,
  type Entry,
  type Run,
} from "./_entry.ts";

/** What is read from the journal at once. */
const READ_BYTES = 262_144;
/** Of the newest runs, what is kept at hand for a page that is closed. */
const RECENT_CHARACTERS = 61_440;
/** By how much a state may grow when it tells what was dropped for it. */
const STATE_GROWTH_BYTES = 256;
/** Where no journal is given, or the one that is given fails. */
const MEMORY_LIMITS = { maxBytes: 4_194_304, maxEntries: 65_536 };

/** Whose runs they are. */
export interface RunJournalOwner {
  /** All that outlives the process, as it is when an entry with this run is stored. */
  stateWith(run: Run | undefined): ClientState;
  /** The run will survive what the journal promises. */
  onStored(run: Run): void;
  /** Whether the oldest run may be dropped: it is not under way. */
  mayDropOldest(): boolean;
  /** There was no room for this run. */
  onDropped(run: Run): void;
  /** The storage failed: from now on runs are kept in memory. */
  onJournalFailed(error: unknown): void;
}

/** A journal, and what an earlier process left in it. */
export interface OpenedJournal {
  readonly journal: RunJournal;
  readonly state: ClientState | undefined;
}

/** Runs that are read to be sent. */
export interface ReadRuns {
  /** The runs, oldest first. */
  readonly runs: readonly Run[];
  /** Up to which entry the journal can be emptied when they have arrived. */
  readonly upToId: number;
  /** Which journal it is: one that failed is replaced by another. */
  readonly epoch: number;
}

/** What is known of an entry without reading it. */
interface Known {
  readonly id: number;
  readonly events: number;
  readonly bytes: number;
  /** As long as it is among the newest. */
  recent: Run | undefined;
}

/**
 * The runs that wait to be sent, in a {@linkcode Journal}, and with them the client's state: every entry has it, so the
 * newest one tells. Calls take effect in their order.
 */
export class RunJournal {
  readonly #owner: RunJournalOwner;
  #journal: Journal;
  readonly #failed: Journal[] = [];
  #epoch = 0;
  #known: Known[] = [];
  #events = 0;
  #bytes = 0;
  #recentFrom = 0;
  #recentCharacters = 0;
  /** How much room is needed for what was refused last. */
  #missingBytes = 0;
  /** The last call, behind which the next one waits. */
  #last: Promise<unknown> = Promise.resolve();
  #isStopped = false;
  /** What was read at the beginning. */
  readonly sessions = new Set<string>();

  private constructor(journal: Journal, owner: RunJournalOwner) {
    this.#journal = journal;
    this.#owner = owner;
  }

  /** Opens what the factory gives, or memory where it fails, and finds out what an earlier process left. */
  static async open(
    factory: (() => Journal | Promise<Journal>) | undefined,
    owner: RunJournalOwner,
  ): Promise<OpenedJournal> {
    let inner: Journal = new MemoryJournal(MEMORY_LIMITS);
    try {
      if (factory !== undefined) inner = await factory();
    } catch (error) {
      owner.onJournalFailed(error);
    }
    const journal = new RunJournal(inner, owner);
    let state: ClientState | undefined;
    try {
      state = await journal.#load();
    } catch (error) {
      journal.#fail(error);
    }
    return { journal, state };
  }

  /** How many events wait. */
  get events(): number {
    return this.#events;
  }

  /** How many bytes wait, what is around the events included. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Stores a run. Where there is no room the oldest ones are dropped for it.
   *
   * @returns A promise of whether it is done with; `false` where there will be room when what is under way has ended.
   */
  append(run: Run): Promise<boolean> {
    return this.#inTurn(async () => {
      if (await this.#tryAppend(run)) return true;
      while (this.#owner.mayDropOldest()) {
        const upToId = await this.#giveUpOldest();
        if (upToId === undefined) {
          this.#owner.onDropped(run);
          this.#owner.onStored(run);
          return true;
        }
        if (await this.#tryAppend(run, upToId)) return true;
      }
      return false;
    });
  }

  /** Stores the state alone. */
  appendState(): Promise<void> {
    return this.#inTurn(async () => {
      // Without room the state before stays: what it lacks is told where the next run is stored.
      const before = this.#known.at(-1)?.id;
      const isStored = await this.#tryAppend(undefined);
      if (isStored && this.#events === 0 && before !== undefined) {
        await this.#removeUpTo(before);
      }
    });
  }

  /** Reads the oldest runs: as many as fit. */
  read(
    maxBytes: number,
    maxRuns: number,
    maxEvents: number,
  ): Promise<ReadRuns> {
    return this.#inTurn(async () => {
      const runs: Run[] = [];
      let upToId = 0;
      let events = 0;
      let bytes = 0;
      for await (const { id, entry, length } of this.#entries()) {
        const run = entry?.run;
        if (run !== undefined) {
          events += run.count;
          bytes += length;
          const fits = bytes <= maxBytes && runs.length < maxRuns &&
            events <= maxEvents;
          if (!fits && runs.length > 0) break;
          runs.push(run);
        }
        upToId = id;
      }
      return { runs, upToId, epoch: this.#epoch };
    });
  }

  /** Removes what has arrived, and what the collector does not want. */
  remove({ upToId, epoch }: ReadRuns): Promise<void> {
    return this.#inTurn(async () => {
      if (epoch !== this.#epoch) return;
      const newest = this.#known.at(-1)?.id ?? 0;
      if (upToId >= newest && newest > 0) {
        // The newest entry has the state, which must not go with it.
        if (!await this.#tryAppend(undefined)) {
          const before = this.#known.at(-2)?.id;
          if (before !== undefined) await this.#removeUpTo(before);
          if (!await this.#tryAppend(undefined)) return;
        }
        if (epoch !== this.#epoch) return;
      }
      await this.#removeUpTo(upToId);
    });
  }

  /** All runs that wait. */
  all(): Promise<readonly Run[]> {
    return this.#inTurn(async () => {
      const runs: Run[] = [];
      for await (const { entry } of this.#entries()) {
        if (entry?.run !== undefined) runs.push(entry.run);
      }
      return runs;
    });
  }

  /** The newest runs that are in the journal, oldest first: at most 60 KiB of them, each handed out once. */
  takeRecent(): readonly Run[] {
    const runs: Run[] = [];
    for (let i = this.#recentFrom; i < this.#known.length; i++) {
      const known = this.#known[i]!;
      if (known.recent !== undefined) runs.push(known.recent);
      known.recent = undefined;
    }
    this.#recentFrom = this.#known.length;
    this.#recentCharacters = 0;
    return runs;
  }

  /** From now on nothing is stored, whatever waits for its turn. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Removes everything and closes. */
  purge(): Promise<void> {
    return this.#inTurn(async () => {
      this.#forget();
      for (const journal of [...this.#failed, this.#journal]) {
        await removeAll(journal);
      }
    });
  }

  /** Closes; what waits is kept. */
  close(): Promise<void> {
    return this.#inTurn(async () => {
      for (const journal of [...this.#failed, this.#journal]) {
        await journal.close().catch(() => {});
      }
    });
  }

  async #load(): Promise<ClientState | undefined> {
    let state: ClientState | undefined;
    for await (const { id, entry, length } of this.#entries()) {
      state = entry?.state ?? state;
      if (entry?.run !== undefined) this.sessions.add(entry.run.session);
      this.#know(id, entry?.run?.count ?? 0, length, undefined);
    }
    return state;
  }

  async *#entries(): AsyncIterableIterator<{
    readonly id: number;
    readonly entry: Entry | undefined;
    readonly length: number;
  }> {
    for (let afterId = 0;;) {
      const entries = await this.#journal.read(afterId, READ_BYTES);
      if (entries.length === 0) return;
      for (const { id, bytes } of entries) {
        yield { id, entry: decodeEntry(bytes), length: bytes.length };
        afterId = id;
      }
    }
  }

  /**
   * Appends an entry, in memory if the storage fails. Tells whether there was room.
   *
   * @param dropId Up to which entry everything goes for it. Both are asked for at once: a process that is killed between
   * them would have dropped what no state tells of.
   */
  async #tryAppend(run: Run | undefined, dropId = 0): Promise<boolean> {
    if (this.#isStopped) return true;
    for (;;) {
      const state = this.#owner.stateWith(run);
      const bytes = encodeEntry({ state, run });
      try {
        const dropped = dropId > 0 ? this.#removeUpTo(dropId) : undefined;
        const appended = this.#journal.append(bytes);
        await Promise.allSettled([dropped, appended]);
        await dropped;
        const id = await appended;
        this.#know(id, run?.count ?? 0, bytes.length, run);
        if (run !== undefined) this.#owner.onStored(run);
        return true;
      } catch (error) {
        if (error instanceof JournalError && error.code === "full") {
          this.#missingBytes = bytes.length + STATE_GROWTH_BYTES;
          return false;
        }
        this.#fail(error);
        dropId = 0;
      }
    }
  }

  /** Gives up the oldest runs, enough to make room, and tells up to which entry; `undefined` if there is nothing. */
  async #giveUpOldest(): Promise<number | undefined> {
    let upToId: number | undefined;
    let bytes = 0;
    for await (const { id, entry, length } of this.#entries()) {
      if (entry?.run !== undefined) this.#owner.onDropped(entry.run);
      upToId = id;
      bytes += length;
      if (bytes >= this.#missingBytes) break;
    }
    return upToId;
  }

  async #removeUpTo(id: number): Promise<void> {
    const epoch = this.#epoch;
    await this.#journal.remove(id);
    if (epoch !== this.#epoch) return;
    let count = 0;
    for (; count < this.#known.length; count++) {
      const known = this.#known[count]!;
      if (known.id > id) break;
      this.#events -= known.events;
      this.#bytes -= known.bytes;
      this.#recentCharacters -= known.recent?.body.length ?? 0;
    }
    this.#known.splice(0, count);
    this.#recentFrom = Math.max(0, this.#recentFrom - count);
  }

  #know(
    id: number,
    events: number,
    bytes: number,
    recent: Run | undefined,
  ): void {
    this.#known.push({ id, events, bytes, recent });
    this.#events += events;
    this.#bytes += bytes;
    this.#recentCharacters += recent?.body.length ?? 0;
    while (this.#recentCharacters > RECENT_CHARACTERS) {
      const known = this.#known[this.#recentFrom++]!;
      this.#recentCharacters -= known.recent?.body.length ?? 0;
      known.recent = undefined;
    }
  }

  #forget(): void {
    this.#known = [];
    this.#events = this.#bytes = 0;
    this.#recentFrom = this.#recentCharacters = 0;
    this.sessions.clear();
  }

  /** Goes on in memory. What is in the storage is found at the next start, if it works again. */
  #fail(error: unknown): void {
    this.#failed.push(this.#journal);
    this.#journal = new MemoryJournal(MEMORY_LIMITS);
    this.#epoch++;
    this.#forget();
    this.#owner.onJournalFailed(error);
  }

  #inTurn<T>(call: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(async () => {
      try {
        return await call();
      } catch (error) {
        // Reading or removing failed; in memory neither does.
        this.#fail(error);
        return await call();
      }
    });
    this.#last = turn.catch(() => {});
    return turn;
  }
}

/** Empties a journal that nobody has opened for long, and closes it. */
export async function removeAll(journal: Journal): Promise<void> {
  try {
    await journal.remove(Number.MAX_SAFE_INTEGER);
  } catch {
    // A storage that fails gives nothing back. There is nobody to tell who could do more.
  }
  await journal.close().catch(() => {});
}
