import { assert, assertEquals } from "@std/assert";
import { FileJournal } from "../../core/deno.ts";
import { eventsOfEntry, idsOf } from "./journal_entry.ts";

/** What a process told of an event. */
interface Told {
  readonly id: number;
  readonly name: string;
  /** Why it was dropped, or "taken". */
  readonly reason: string;
}

/** An entry that was given to the journal. */
interface Given {
  /** How many events had been told of before. */
  readonly told: number;
  /** The game's time. */
  readonly atMs: number;
}

/** Keeps account of what processes said that they did, and of what was found on the disk when they were dead. */
export class KillLedger {
  /** Ids of events that were on the disk once. */
  readonly persisted = new Set<number>();
  /** What the drop report has to say, by "name reason". */
  readonly known = new Map<string, number>();
  /** What nobody can know: the process was killed before its journal had anything about it. */
  readonly unknown = new Map<string, number>();
  /** The most of these in one process. */
  mostUnknown = 0;
  /**
   * The times of which journals had nothing in the end, in milliseconds of the game: without the last frame, and without
   * the time that the journal took for what it was given.
   */
  readonly #blindMs: number[] = [];
  /** How many events were recorded. */
  recorded = 0;
  /** How many processes were dead before their journal had anything of them. */
  traceless = 0;
  /** How many events they had recorded. */
  tracelessEvents = 0;
  /** Sessions in which something is unknown. */
  readonly torn = new Set<string>();
  lastId = 0;
  #entryId = 0;

  /**
   * Accounts for a process.
   *
   * @param lines What it told.
   * @param file Its journal. Nobody has it open.
   */
  async add(lines: readonly string[], file: string): Promise<void> {
    const told: Told[] = [];
    let pending: Given | undefined;
    let stored: Given | undefined;
    let session: string | undefined;
    let delayMs = 0;
    let frameMs = 0;
    let longestFrameMs = 0;
    const persisted: number[] = [];
    for (const line of lines) {
      const [kind, ...words] = line.split(" ");
      if (kind === "r") {
        const [id, name, reason] = words;
        told.push({ id: Number(id), name: name!, reason: reason! });
      } else if (kind === "c") {
        assert(pending === undefined, "two entries are written at a time");
        pending = { told: told.length, atMs: Number(words[0]) };
      } else if (kind === "s") {
        const [ms, entry, ...ids] = words;
        stored = pending;
        pending = undefined;
        delayMs = Number(ms) - stored!.atMs;
        this.#entryId = Number(entry);
        persisted.push(...ids.filter((it) => it !== "").map(Number));
      } else if (kind === "x") pending = undefined;
      else if (kind === "n") session = words[0];
      else if (kind === "f") {
        const nowMs = Number(words[0]);
        longestFrameMs = Math.max(longestFrameMs, nowMs - frameMs);
        frameMs = nowMs;
      }
    }
    // The one that was being written may be there or not.
    for (const { id, bytes } of await entriesOf(file)) {
      if (id <= this.#entryId) continue;
      assert(pending !== undefined, `nobody wrote entry ${id}`);
      this.#entryId = id;
      stored = pending;
      pending = undefined;
      persisted.push(...idsOf(eventsOfEntry(bytes)));
    }
    this.#count(told, stored?.told ?? 0, persisted, session);
    if (stored === undefined) {
      this.traceless++;
      this.tracelessEvents += told.length;
      return;
    }
    const blindMs = (pending?.atMs ?? frameMs) - stored.atMs - delayMs -
      longestFrameMs;
    this.#blindMs.push(Math.max(0, blindMs));
  }

  /** Of the times of which a journal had nothing: one that so many of them, as a share, are not longer than. */
  blindMs(share: number): number {
    const sorted = this.#blindMs.toSorted((a, b) => a - b);
    return sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  }

  #count(
    told: readonly Told[],
    known: number,
    persisted: readonly number[],
    session: string | undefined,
  ): void {
    this.recorded += told.length;
    this.lastId = Math.max(this.lastId, told.at(-1)?.id ?? 0);
    const taken = new Set<number>();
    for (const { id, reason } of told) if (reason === "taken") taken.add(id);
    for (const id of persisted) {
      assert(taken.has(id), `event ${id} was not recorded`);
      assert(!this.persisted.has(id), `event ${id} is in two entries`);
      this.persisted.add(id);
    }
    let unknown = 0;
    told.forEach(({ id, name, reason }, i) => {
      if (reason === "taken" && this.persisted.has(id)) {
        assert(i < known, `event ${id} is behind what is known`);
        return;
      }
      if (i < known) {
        addTo(this.known, `${name} ${reason === "taken" ? "crash" : reason}`);
      } else {
        unknown++;
        addTo(this.unknown, `${name} ${reason}`);
      }
    });
    this.mostUnknown = Math.max(this.mostUnknown, unknown);
    if (unknown > 0 && session !== undefined) this.torn.add(session);
  }
}

async function entriesOf(file: string) {
  await using journal = await FileJournal.open(file);
  assertEquals(journal.corruptRecords, 0);
  return await journal.read(0, Number.MAX_SAFE_INTEGER);
}

function addTo(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** The sum of all counts. */
export function sumOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}
