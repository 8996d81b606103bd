// This module is browser compatible.

// The part of IndexedDB the journal uses. The full types come with the DOM
// library, which not every runtime loads.

export interface IdbRequest<T> {
  readonly result: T;
  readonly error: unknown;
  onsuccess: (() => void) | null;
  onerror: (() => void) | null;
}

export interface IdbOpenRequest extends IdbRequest<IdbDatabase> {
  onupgradeneeded: (() => void) | null;
}

export interface IdbDatabase {
  onversionchange: (() => void) | null;
  createObjectStore(name: string): unknown;
  transaction(
    stores: readonly string[],
    mode: "readonly" | "readwrite",
    options: { durability: "strict" },
  ): IdbTransaction;
  close(): void;
}

export interface IdbTransaction {
  readonly error: unknown;
  oncomplete: (() => void) | null;
  onabort: (() => void) | null;
  objectStore(name: string): IdbStore;
  abort(): void;
}

export interface IdbStore {
  get(key: string | number): IdbRequest<unknown>;
  put(value: unknown, key: string | number): IdbRequest<unknown>;
  delete(key: string | number): IdbRequest<undefined>;
}
