import type { DatabaseSync, StatementSync } from "node:sqlite";
import { prepareRows, type Undo } from "../../core/sqlite/mod.ts";
import { SumBatch } from "./_sum_batch.ts";

/** What may be pending: how many rows, about how many sums, and for how long while others come. */
const MAX_ROWS = 16;
const MAX_SIZE = 4096;
const MAX_PENDING_MS = 2000;

/**
 * Sums that have been committed, a row for each commit, and are not in their tables yet: there they go together, as most of
 * a commit adds to what the one before has added to as well. A row goes in the transaction that adds it, so that it is
 * added once whatever happens in between.
 */
export class PendingSums {
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;
  readonly #write: (sums: SumBatch) => void;
  /** What the rows come to. */
  readonly #pending = new SumBatch();
  /** What the transaction under way adds, or the last one if nothing has looked since. */
  readonly #added = new SumBatch();
  #rows = 0;
  #sinceMs = 0;
  /** Whether the last transaction has ended, and was not undone. */
  #isEnded = false;
  /** Whether it has written what was pending. */
  #isWritten = false;
  #hasInserted = false;

  /**
   * Reads what is pending. `write` adds to the tables.
   *
   * @throws {Error} If it is damaged.
   */
  constructor(db: DatabaseSync, write: (sums: SumBatch) => void) {
    this.#write = write;
    this.#insert = db.prepare("INSERT INTO pending_sums VALUES (NULL, ?)");
    this.#delete = db.prepare("DELETE FROM pending_sums");
    const rows = prepareRows(db, "SELECT sums FROM pending_sums").all();
    for (const [sums] of rows) this.#pending.addJson(sums as string);
    this.#rows = rows.length;
  }

  /** What is pending, between transactions. */
  get committed(): SumBatch {
    this.#settle();
    return this.#pending;
  }

  /** What a transaction adds to. */
  get added(): SumBatch {
    return this.#added;
  }

  /** To be called before each transaction: what one has added that was given up is forgotten. */
  begin(): void {
    this.#settle();
    this.#added.clear();
    this.#isWritten = false;
    this.#hasInserted = false;
  }

  /** To be called at the end of each transaction. */
  end(undo: Undo): void {
    if (this.#added.size > 0) {
      const size = this.#pending.size + this.#added.size;
      const isDue = this.#rows >= MAX_ROWS || size > MAX_SIZE ||
        this.#rows > 0 && performance.now() - this.#sinceMs > MAX_PENDING_MS;
      if (isDue) this.flush();
      else {
        this.#insert.run(this.#added.toJson());
        this.#hasInserted = true;
      }
    }
    this.#isEnded = true;
    undo.add(() => this.#isEnded = false);
  }

  /** Adds everything to the tables, within a transaction. */
  flush(): void {
    if (!this.#isWritten && this.#rows > 0) {
      this.#write(this.#pending);
      this.#delete.run();
      this.#isWritten = true;
    }
    this.#write(this.#added);
    this.#added.clear();
  }

  #settle(): void {
    if (!this.#isEnded) return;
    this.#isEnded = false;
    if (this.#isWritten) {
      this.#pending.clear();
      this.#rows = 0;
      this.#isWritten = false;
    }
    if (!this.#hasInserted) return;
    if (this.#rows === 0) this.#sinceMs = performance.now();
    this.#rows++;
    this.#pending.merge(this.#added);
    this.#added.clear();
    this.#hasInserted = false;
  }
}
