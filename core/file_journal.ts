import { JournalEntries } from "./_journal_entries.ts";
import {
  checkBytes,
  checkId,
  checkMaxBytes,
  checkRoom,
  closedError,
  nextId,
  resolveLimits,
  toJournalError,
} from "./_journal_limits.ts";
import {
  concat,
  type DecodedLog,
  decodeLog,
  encodeEntry,
  encodeLog,
  encodeState,
} from "./_journal_log.ts";
import {
  type Journal,
  type JournalEntry,
  JournalError,
  type JournalLimits,
} from "./journal.ts";

/** A call that waits for its turn. */
interface Operation {
  /** What it adds to the log. */
  readonly frame?: Uint8Array;
  /** Whether the frame must be on the disk before `apply` is called. */
  readonly durable: boolean;
  /** Called when it is. */
  readonly apply: () => void;
  readonly reject: (error: unknown) => void;
}

/** Below this size a log is not worth the file it takes to shorten it. */
const MIN_COMPACT_BYTES = 65_536;
/** What a record takes in the log beside its bytes, at most. */
const FRAME_BYTES = 17;

/**
 * A {@linkcode Journal} in a file, for Deno. It needs `--allow-read` and
 * `--allow-write` for the file and, beside it, for "….lock" and "….new".
 *
 * The file is a log to which every call appends; the entries are kept in memory
 * as well. Each record has a checksum and stands between zeros, of which it
 * contains none, so a reader finds its way after any damage: a record that a
 * crash tore off is cut away when the journal is opened, and damaged ones are
 * skipped and counted. When more than half of the log is removed, and when the
 * journal is closed, what is left goes to a new file, which takes the place of
 * the old one at once.
 *
 * A promise of `append()` resolves after `fdatasync(2)`: the entry survives a
 * power failure, as far as the disk keeps its word. Appends that wait at the
 * same time share one `fdatasync`. A removal is written but not waited for:
 * after a power failure the last removed entries may be back, to be delivered
 * once more. Should `fdatasync` fail, what is on the disk is unknown, and every
 * further call rejects with code `"storage"`.
 *
 * One journal at a time has the file open, in whatever process: a lock on
 * "….lock" sees to that, which ends with the process.
 *
 * @example Keep an entry over a restart
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { FileJournal } from "@tickwire/net/core/deno";
 *
 * const folder = await Deno.makeTempDir();
 * const before = await FileJournal.open(`${folder}/unsent.journal`);
 * const id = await before.append(new Uint8Array([1, 2, 3]));
 * await before.close();
 *
 * const after = await FileJournal.open(`${folder}/unsent.journal`);
 * assertEquals(await after.read(0, 65_536), [
 *   { id, bytes: new Uint8Array([1, 2, 3]) },
 * ]);
 * await after.close();
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export class FileJournal implements Journal {
  readonly #path: string;
  readonly #lock: Deno.FsFile;
  #file: Deno.FsFile;
  readonly #limits: Required<JournalLimits>;
  readonly #corruptRecords: number;
  // What is in the log, and on the disk as far as it was promised.
  readonly #entries = new JournalEntries();
  #removedId: number;
  #size: number;
  #compactAt = MIN_COMPACT_BYTES;
  // What calls were given that are in the log or wait for it.
  #lastId: number;
  #waitingBytes = 0;
  #waitingEntries = 0;
  // Up to here entries make room already for what is appended behind their removal.
  #leavingId = 0;
  #operations: Operation[] = [];
  #writing: Promise<void> | undefined;
  #failure: JournalError | undefined;
  #closing: Promise<void> | undefined;

  private constructor(
    path: string,
    limits: Required<JournalLimits>,
    lock: Deno.FsFile,
    file: Deno.FsFile,
    decoded: DecodedLog,
  ) {
    this.#path = path;
    this.#limits = limits;
    this.#lock = lock;
    this.#file = file;
    this.#corruptRecords = decoded.corrupt;
    for (const entry of decoded.entries) this.#entries.push(entry);
    this.#removedId = decoded.removedId;
    this.#lastId = decoded.lastId;
    this.#size = decoded.end;
  }

  /**
   * Opens the journal in a file, or begins it. Damage to the file is never a
   * reason to fail.
   *
   * @param path The path of the file. Its folder must exist.
   * @param limits How much the journal holds. Entries that are in the file
   * already stay, even if there are more.
   * @returns A promise of the journal.
   * @throws {RangeError} If a limit is not an integer of 1 or more.
   * @throws {JournalError} With code `"locked"` if the journal is open
   * elsewhere, with `"storage"` if the file cannot be opened.
   */
  static async open(
    path: string,
    limits: JournalLimits = {},
  ): Promise<FileJournal> {
    const resolved = resolveLimits(limits);
    const opened: Deno.FsFile[] = [];
    try {
      const lock = await Deno.open(`${path}.lock`, LOCK_OPTIONS);
      opened.push(lock);
      if (!await lock.tryLock(true)) {
        throw new JournalError(
          "locked",
          `Cannot open the journal as it is open elsewhere: "${path}"`,
        );
      }
      const file = await Deno.open(path, FILE_OPTIONS);
      opened.push(file);
      const log = await Deno.readFile(path);
      if (log.length === 0) await syncFolder(path);
      const decoded = decodeLog(log);
      if (decoded.end < log.length) await file.truncate(decoded.end);
      return new FileJournal(path, resolved, lock, file, decoded);
    } catch (error) {
      for (const file of opened) file.close();
      throw toJournalError(error);
    }
  }

  /**
   * How many damaged records were skipped when the journal was opened. The one
   * that a crash tore off at the end is not among them.
   *
   * @returns 0 where nothing was damaged.
   */
  get corruptRecords(): number {
    return this.#corruptRecords;
  }

  /**
   * Adds an entry at the end. See {@linkcode Journal.append}.
   *
   * @param bytes The entry, which is copied.
   * @returns A promise of the entry's id, which resolves when the entry is on
   * the disk.
   * @throws {JournalError} With code `"full"`, `"storage"` or `"closed"`.
   */
  append(bytes: Uint8Array): Promise<number> {
    return this.#enqueue((resolve, reject) => {
      checkBytes(bytes);
      const leaving = this.#entries.sizeUpTo(this.#leavingId);
      checkRoom(
        this.#limits,
        this.#entries.bytes - leaving.bytes + this.#waitingBytes,
        this.#entries.size - leaving.size + this.#waitingEntries,
        bytes.length,
      );
      const entry = { id: nextId(this.#lastId), bytes: bytes.slice() };
      this.#lastId = entry.id;
      this.#waitingBytes += bytes.length;
      this.#waitingEntries++;
      const settle = () => {
        this.#waitingBytes -= entry.bytes.length;
        this.#waitingEntries--;
      };
      return {
        frame: encodeEntry(entry),
        durable: true,
        apply: () => {
          settle();
          this.#entries.push(entry);
          resolve(entry.id);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
    });
  }

  /**
   * Reads the oldest entries after a given one. See {@linkcode Journal.read}.
   *
   * @param afterId The id after which to begin; 0 for the start.
   * @param maxBytes How many bytes the entries may have together.
   * @returns A promise of copies of the entries.
   * @throws {JournalError} With code `"storage"` or `"closed"`.
   */
  read(afterId: number, maxBytes: number): Promise<readonly JournalEntry[]> {
    return this.#enqueue((resolve, reject) => {
      checkId("read", "afterId", afterId);
      checkMaxBytes(maxBytes);
      return {
        durable: false,
        apply: () => resolve(this.#entries.read(afterId, maxBytes)),
        reject,
      };
    });
  }

  /**
   * Removes all entries up to a given one. See {@linkcode Journal.remove}.
   *
   * @param upToId The id of the last entry to remove.
   * @throws {JournalError} With code `"storage"` or `"closed"`.
   */
  remove(upToId: number): Promise<void> {
    return this.#enqueue((resolve, reject) => {
      checkId("remove from", "upToId", upToId);
      const removedId = Math.min(upToId, this.#lastId);
      const isNew = removedId > this.#removedId;
      this.#leavingId = Math.max(this.#leavingId, removedId);
      return {
        ...(isNew && { frame: encodeState(removedId, this.#lastId) }),
        durable: false,
        apply: () => {
          this.#removedId = Math.max(this.#removedId, removedId);
          this.#entries.remove(removedId);
          resolve();
        },
        reject: (error) => {
          this.#leavingId = this.#removedId;
          reject(error);
        },
      };
    });
  }

  /**
   * Finishes what is under way, also to the disk, and closes the file.
   *
   * @throws {JournalError} With code `"storage"` if that failed. The file is
   * closed all the same.
   */
  close(): Promise<void> {
    return this.#closing ??= this.#finish();
  }

  /** Closes the journal at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #enqueue<T>(
    call: (
      resolve: (value: T) => void,
      reject: (error: unknown) => void,
    ) => Operation,
  ): Promise<T> {
    // What the executor throws is what the promise rejects with.
    return new Promise((resolve, reject) => {
      if (this.#closing !== undefined) throw closedError();
      this.#operations.push(call(resolve, reject));
      this.#writing ??= this.#write();
    });
  }

  /** Writes what waits, all of it at once, until nothing waits any more. */
  async #write(): Promise<void> {
    // Calls made in the same task share the first write.
    await Promise.resolve();
    while (this.#operations.length > 0) {
      const batch = this.#operations;
      this.#operations = [];
      try {
        await this.#writeBatch(batch);
        for (const operation of batch) operation.apply();
      } catch (error) {
        const reason = toJournalError(error);
        for (const operation of batch) {
          const hasFailed = operation.frame !== undefined ||
            this.#failure !== undefined;
          if (hasFailed) operation.reject(reason);
          else operation.apply();
        }
      }
      await this.#compact();
    }
    this.#writing = undefined;
  }

  async #writeBatch(batch: readonly Operation[]): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const frames = batch.flatMap(({ frame }) => frame ?? []);
    if (frames.length === 0) return;
    const bytes = concat(frames);
    try {
      await writeAt(this.#file, this.#size, bytes);
    } catch (error) {
      // What was refused must not be found when the journal is opened again.
      await this.#failUnless(() => this.#file.truncate(this.#size));
      throw error;
    }
    if (batch.some(({ durable }) => durable)) {
      await this.#failUnless(() => this.#file.syncData());
    }
    this.#size += bytes.length;
  }

  /** Shortens the log where more than half of it is of no use any more. */
  async #compact(isClosing = false): Promise<void> {
    const { bytes, size } = this.#entries;
    const usedBytes = bytes * 255 / 254 + size * FRAME_BYTES;
    const isWorthIt = this.#size >= this.#compactAt &&
      usedBytes <= this.#size / 2;
    if (!isClosing && !isWorthIt || this.#failure !== undefined) return;
    const path = `${this.#path}.new`;
    const log = encodeLog(this.#entries, this.#removedId, this.#lastId);
    if (log.length >= this.#size) return;
    try {
      using file = await Deno.open(path, { ...FILE_OPTIONS, truncate: true });
      await writeAt(file, 0, log);
      await file.sync();
    } catch {
      // Nothing is lost by a log that is too long. It is tried again later.
      this.#compactAt = 2 * this.#size;
      return;
    }
    await this.#failUnless(async () => {
      // Windows does not replace a file that is open.
      this.#file.close();
      try {
        await Deno.rename(path, this.#path);
        this.#size = log.length;
        this.#compactAt = MIN_COMPACT_BYTES;
      } finally {
        this.#file = await Deno.open(this.#path, FILE_OPTIONS);
      }
      await syncFolder(this.#path);
    }).catch(() => {});
  }

  async #finish(): Promise<void> {
    await this.#writing;
    // What was removed is to be gone: it may be what somebody wants forgotten.
    await this.#compact(true);
    try {
      if (this.#failure !== undefined) throw this.#failure;
      await this.#file.syncData();
    } catch (error) {
      throw toJournalError(error);
    } finally {
      closeQuietly(this.#file);
      // Closing alone would leave the lock to a process that is being started and has copies of our files still.
      this.#lock.unlockSync();
      this.#lock.close();
    }
  }

  /** After a failure here the state of the file is unknown. */
  async #failUnless(succeed: () => Promise<void>): Promise<void> {
    try {
      await succeed();
    } catch (error) {
      this.#failure = new JournalError(
        "storage",
        "Cannot use the journal as the state of its file is unknown",
        { cause: error },
      );
      throw this.#failure;
    }
  }
}

const LOCK_OPTIONS = { write: true, create: true };
const FILE_OPTIONS = { read: true, write: true, create: true };

function closeQuietly(file: Deno.FsFile): void {
  try {
    file.close();
  } catch {
    // It is closed already: opening it again after compaction failed.
  }
}

async function writeAt(
  file: Deno.FsFile,
  at: number,
  bytes: Uint8Array,
): Promise<void> {
  await file.seek(at, Deno.SeekMode.Start);
  for (let done = 0; done < bytes.length;) {
    done += await file.write(bytes.subarray(done));
  }
}

/** Makes the name of a new file survive, too, where the system can. */
async function syncFolder(path: string): Promise<void> {
  try {
    using folder = await Deno.open(path.replace(/[^/\\]*$/, "") || ".");
    await folder.sync();
  } catch {
    // Windows does not open folders; its file systems log new names.
  }
}
