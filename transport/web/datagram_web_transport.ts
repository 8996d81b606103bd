// This module is browser compatible.

/** The part of the web's `WebTransport` that carries datagrams. */
export interface DatagramWebTransport {
  /** Resolves when it is open. */
  readonly ready: Promise<unknown>;
  /** Settles when it is over. */
  readonly closed: Promise<unknown>;
  /** Its datagrams. */
  readonly datagrams: {
    /** What comes in. */
    readonly readable: ReadableStream<Uint8Array>;
    /** What goes out, in all but the newest runtimes. */
    readonly writable?: WritableStream<Uint8Array>;
    /** What goes out, in the newest. */
    createWritable?(): WritableStream<Uint8Array>;
  };
  /** Ends it. */
  close(info?: { closeCode?: number; reason?: string }): void;
}
