// This module is browser compatible.
import type { TableCoder } from "./table_coder.ts";

/** The coders of an end: the same at server and clients. */
export interface SyncCoders {
  /** What most clients are sent with; it learns nothing. */
  readonly fast: TableCoder;
  /** What takes fewer bytes and more time; none if left out. */
  readonly strong?: TableCoder;
}
