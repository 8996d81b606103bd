// This module is browser compatible.

/** The same object for who may write it: counters for their owner. */
export type Writable<T> = { -readonly [Name in keyof T]: T[Name] };
