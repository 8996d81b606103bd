/** Frames of many connections, on their way to another thread. */
export interface PackedFrames {
  /** By frame: of which connection, and how many bytes. */
  readonly index: Uint32Array<ArrayBuffer>;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Gathers frames of many connections; what it takes of a frame is one copy. */
export class FrameBatch {
  #bytes = new Uint8Array(65_536);
  #used = 0;
  #index = new Uint32Array(1_024);
  #count = 0;

  add(connection: number, frame: Uint8Array): void {
    const used = this.#used + frame.length;
    if (used > this.#bytes.length) this.#bytes = grown(this.#bytes, used);
    this.#bytes.set(frame, this.#used);
    this.#used = used;
    if (this.#count + 2 > this.#index.length) {
      this.#index = grown(this.#index, this.#count + 2);
    }
    this.#index[this.#count++] = connection;
    this.#index[this.#count++] = frame.length;
  }

  /** Hands out what was added since the last time. */
  take(): PackedFrames {
    const frames = {
      index: this.#index.slice(0, this.#count),
      bytes: this.#bytes.slice(0, this.#used),
    };
    this.#used = 0;
    this.#count = 0;
    return frames;
  }
}

/** Hands out frames one by one, each with memory of its own, as a runtime's sockets do. */
export function unpackFrames(
  { index, bytes }: PackedFrames,
  receive: (connection: number, frame: ArrayBuffer) => void,
): void {
  let at = 0;
  for (let i = 0; i < index.length; i += 2) {
    const frame = bytes.slice(at, at += index[i + 1]!);
    receive(index[i]!, frame.buffer);
  }
}

function grown<T extends Uint8Array | Uint32Array>(
  array: T,
  length: number,
): T {
  const Type = array.constructor as new (length: number) => T;
  const larger = new Type(Math.max(length, 2 * array.length));
  larger.set(array);
  return larger;
}
