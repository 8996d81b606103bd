import type { Journal, JournalEntry } from "../../../core/mod.ts";

/** A journal whose calls take effect when the test says so, or never, as the process was killed. */
export class CrashJournal implements Journal {
  readonly #inner: Journal;
  readonly #waiting: (() => void)[] = [];
  /** Called when an entry is given to the journal; what it gives is called when the entry is in it. */
  onAppend: (() => () => void) | undefined;
  isLazy = false;
  isDead = false;

  constructor(inner: Journal) {
    this.#inner = inner;
  }

  append(bytes: Uint8Array): Promise<number> {
    const onAppended = this.onAppend?.();
    const copy = bytes.slice();
    return this.#do(async () => {
      const id = await this.#inner.append(copy);
      onAppended?.();
      return id;
    });
  }

  read(afterId: number, maxBytes: number): Promise<readonly JournalEntry[]> {
    return this.#do(() => this.#inner.read(afterId, maxBytes));
  }

  remove(upToId: number): Promise<void> {
    return this.#do(() => this.#inner.remove(upToId));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Lets what was called so far take effect. */
  proceed(): void {
    for (const call of this.#waiting.splice(0)) call();
  }

  /** The process is killed. */
  crash(): void {
    this.isDead = true;
    this.#waiting.length = 0;
  }

  #do<T>(call: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.isDead) return;
      const run = (): void => {
        call().then(
          (value) => {
            if (!this.isDead) resolve(value);
          },
          (error) => {
            if (!this.isDead) reject(error);
          },
        );
      };
      if (this.isLazy) this.#waiting.push(run);
      else run();
    });
  }
}
