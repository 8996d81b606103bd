// This module is browser compatible.

/** What hears of errors that nothing catches: a `Window`, a worker, `globalThis`. */
export interface ErrorTarget {
  /** Begins to listen. */
  addEventListener(type: string, listener: (event: unknown) => void): void;
  /** Ends it. */
  removeEventListener(type: string, listener: (event: unknown) => void): void;
}
