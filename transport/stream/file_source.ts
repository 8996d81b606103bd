// This module is browser compatible.

/** Where the bytes of a file that is sent come from. */
export interface FileSource {
  /** How many there are: an integer, 0 to 4294967295. It does not change. */
  readonly size: number;
  /**
   * Reads bytes. What it throws comes out of the `tick()` that reads.
   *
   * @param offset Where they begin.
   * @param into What takes them, all of it.
   */
  read(offset: number, into: Uint8Array): void;
}

/**
 * Takes bytes of a file that is received, one piece after the other. They hold them only
 * until it returns. What it throws comes out of the `receive()` that writes.
 *
 * @param bytes The bytes.
 * @param offset Where they begin in the file.
 */
export type FileSink = (bytes: Uint8Array, offset: number) => void;
