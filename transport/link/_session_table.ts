// This module is browser compatible.

/** What a {@linkcode SessionTable} holds. */
export interface Session<T> {
  /** 32 bits, signed. */
  readonly session: number;
  /** The next of those with the same number. */
  nextSame: T | undefined;
}

/**
 * Sessions by number. This end's own numbers are unlike each other; those that several
 * servers gave it may not be.
 */
export class SessionTable<T extends Session<T>> {
  readonly #firsts = new Map<number, T>();

  /** The first with a number; the others follow by `nextSame`. */
  first(session: number): T | undefined {
    return this.#firsts.get(session);
  }

  add(added: T): void {
    added.nextSame = this.#firsts.get(added.session);
    this.#firsts.set(added.session, added);
  }

  remove(removed: T): void {
    let at = this.#firsts.get(removed.session);
    if (at === removed) {
      if (removed.nextSame === undefined) {
        this.#firsts.delete(removed.session);
      } else this.#firsts.set(removed.session, removed.nextSame);
      return;
    }
    while (at !== undefined && at.nextSame !== removed) at = at.nextSame;
    if (at !== undefined) at.nextSame = removed.nextSame;
  }
}
