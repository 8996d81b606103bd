// This module is browser compatible.

/** Counts how often what is stored of a title has changed, so that answers can be told from newer ones. */
export class ChangeCounts {
  readonly #titles = new Map<string, number>();
  #all = 0;

  /** How often: grows with each change. */
  of(title: string): number {
    return this.#all + (this.#titles.get(title) ?? 0);
  }

  /** Counts a change of a title, or of all where there is none: after it was stored, and before anybody is told. */
  add(title?: string): void {
    if (title === undefined) this.#all++;
    else this.#titles.set(title, (this.#titles.get(title) ?? 0) + 1);
  }
}
