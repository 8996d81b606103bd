import type { Socket } from "node:net";

/** A request as it arrived. */
export interface ReceivedRequest {
  /** Method as sent. */
  readonly method: string;
  /** Request target as sent, with its query. */
  readonly target: string;
  /** Path and query of the target. */
  readonly url: URL;
  /** Header fields; repeated fields are combined with ", ". */
  readonly headers: Headers;
  /** Body without its transfer coding. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** Number of the connection it came over, from 1. */
  readonly connection: number;
  /** Number of requests that came over this connection before. */
  readonly earlier: number;
}

/**
 * Reads requests from and writes bytes to one TCP connection, with no HTTP
 * implementation in between. On `node:net`, since `Deno.Conn` cannot reset a connection.
 */
export class RawConnection {
  /** Number of the connection, from 1. */
  readonly number: number;
  /** Settles when the connection has ended, from whichever side. */
  readonly closed: Promise<void>;
  #socket: Socket;
  #onSent: (bytes: number) => void;
  #received = 0;
  #buffered = new Uint8Array(0);
  #arrival = Promise.withResolvers<void>();
  #ended = false;

  /**
   * Wraps a connection, which it then owns.
   *
   * @param socket The connection.
   * @param number Its number.
   * @param onSent Called with the number of bytes that each write got rid of.
   */
  constructor(
    socket: Socket,
    number: number,
    onSent: (bytes: number) => void,
  ) {
    this.#socket = socket;
    this.number = number;
    this.#onSent = onSent;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    socket.setNoDelay(true);
    socket.on("data", (data: Uint8Array) => {
      const joined = new Uint8Array(this.#buffered.length + data.length);
      joined.set(this.#buffered);
      joined.set(data, this.#buffered.length);
      this.#buffered = joined;
      this.#arrival.resolve();
    });
    // A "close" always follows.
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#ended = true;
      this.#arrival.resolve();
      resolve();
    });
  }

  /**
   * Receives the next request.
   *
   * @returns The request, or `undefined` if the connection ended or what came is no request.
   */
  async receive(): Promise<ReceivedRequest | undefined> {
    try {
      return await this.#receive();
    } catch (error) {
      // The first bytes of a TLS handshake are random: as a header field or a target they are refused.
      if (error instanceof TypeError) return undefined;
      throw error;
    }
  }

  async #receive(): Promise<ReceivedRequest | undefined> {
    const requestLine = await this.#line();
    const [method, target] = requestLine?.split(" ") ?? [];
    if (method === undefined || target === undefined) return undefined;
    const headers = new Headers();
    for (;;) {
      const line = await this.#line();
      if (line === undefined) return undefined;
      if (line === "") break;
      const colon = line.indexOf(":");
      if (colon < 1) return undefined;
      headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
    }
    const body = headers.has("transfer-encoding")
      ? await this.#chunkedBody()
      : await this.#bytes(Number(headers.get("content-length") ?? 0));
    if (body === undefined) return undefined;
    return {
      method,
      target,
      url: new URL(target, "http://fault.invalid"),
      headers,
      body,
      connection: this.number,
      earlier: this.#received++,
    };
  }

  /**
   * Writes bytes or text, and waits until the kernel has taken them.
   *
   * @param data What to write.
   * @returns `false` if the client has gone away.
   */
  async write(data: Uint8Array | string): Promise<boolean> {
    const bytes = typeof data === "string"
      ? Uint8Array.from(data, (character) => character.charCodeAt(0))
      : data;
    for (let from = 0; from < bytes.length; from += 65536) {
      if (this.#ended) return false;
      const part = bytes.subarray(from, from + 65536);
      const written = await Promise.race([
        new Promise<boolean>((resolve) =>
          this.#socket.write(part, (error) => resolve(!error))
        ),
        this.closed.then(() => false),
      ]);
      if (!written) return false;
      this.#onSent(part.length);
    }
    return !this.#ended;
  }

  /** Ends the connection behind what was written. */
  async close(): Promise<void> {
    this.#socket.end();
    this.#socket.destroySoon();
    await this.closed;
  }

  /** Resets the connection: the client gets RST, and perhaps not all that was written. */
  async reset(): Promise<void> {
    this.#socket.resetAndDestroy();
    await this.closed;
  }

  /** Ends the connection at once. */
  async destroy(): Promise<void> {
    this.#socket.destroy();
    await this.closed;
  }

  /** Waits for more; `false` at the end. */
  async #more(): Promise<boolean> {
    if (this.#ended) return false;
    this.#arrival = Promise.withResolvers<void>();
    await this.#arrival.promise;
    return !this.#ended;
  }

  /** Takes a line without its end. */
  async #line(): Promise<string | undefined> {
    for (let scanned = 0;;) {
      const end = this.#buffered.indexOf(10, scanned);
      if (end >= 0) {
        return new TextDecoder("latin1").decode(this.#take(end + 1)).trimEnd();
      }
      scanned = this.#buffered.length;
      if (!await this.#more()) return undefined;
    }
  }

  async #bytes(count: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    while (this.#buffered.length < count) {
      if (!await this.#more()) return undefined;
    }
    return this.#take(count);
  }

  async #chunkedBody(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    for (;;) {
      const size = parseInt(await this.#line() ?? "", 16);
      if (Number.isNaN(size)) return undefined;
      const chunk = await this.#bytes(size);
      // The end of a chunk, or the empty line behind the last: clients send no trailers here.
      if (chunk === undefined || await this.#line() === undefined) {
        return undefined;
      }
      if (size === 0) return await new Blob(chunks).bytes();
      chunks.push(chunk);
    }
  }

  #take(count: number): Uint8Array<ArrayBuffer> {
    const taken = this.#buffered.slice(0, count);
    this.#buffered = this.#buffered.slice(count);
    return taken;
  }
}
