import { Libc, type LibcPort } from "../_libc.ts";
import type { LibcLayout } from "../_libc_layout.ts";

/** Where `msg_controllen` is in a `msghdr`. */
const CONTROL_LENGTH_AT = 40;

/** A libc whose calls fail when a test wants them to. */
export class FaultLibc implements LibcPort {
  /** What its structures look like. */
  readonly layout: LibcLayout;
  /** The calls, of which those for messages may fail. */
  readonly calls: LibcPort["calls"];
  /** Errors of the next calls that send; 0 for none. */
  readonly sendErrors: number[] = [];
  /** Errors of the next calls that receive. */
  readonly receiveErrors: number[] = [];
  /** What calls fail with whose first message has several datagrams; 0 for none. */
  segmentError = 0;
  /** How many messages a call takes at most. */
  maxMessages = Infinity;
  /** Calls that send. */
  sendCalls = 0;
  readonly #libc = Libc.open();
  #error = 0;

  /** Opens one, with another layout of the same libc. */
  constructor(layout: Partial<LibcLayout> = {}) {
    this.layout = { ...this.#libc.layout, ...layout };
    const { calls } = this.#libc;
    this.calls = {
      ...calls,
      sendmmsg: (fd, header, count, flags) => {
        if (this.#failsToSend(header)) return -1;
        return calls.sendmmsg!(
          fd,
          header,
          Math.min(count, this.maxMessages),
          flags,
        );
      },
      sendmsg: (fd, header, flags) => {
        if (this.#failsToSend(header)) return -1;
        return calls.sendmsg(fd, header, flags);
      },
      recvmmsg: (...args) => {
        this.#error = this.receiveErrors.shift() ?? 0;
        return this.#error > 0 ? -1 : calls.recvmmsg!(...args);
      },
      recvmsg: (...args) => {
        this.#error = this.receiveErrors.shift() ?? 0;
        return this.#error > 0 ? -1 : calls.recvmsg(...args);
      },
    };
  }

  #failsToSend(header: Deno.PointerValue): boolean {
    this.sendCalls++;
    this.#error = this.sendErrors.shift() ?? 0;
    const view = new Deno.UnsafePointerView(header!);
    if (this.segmentError > 0 && view.getUint32(CONTROL_LENGTH_AT) > 0) {
      this.#error = this.segmentError;
    }
    return this.#error > 0;
  }

  /** What the last call failed with. */
  get errno(): number {
    return this.#error > 0 ? this.#error : this.#libc.errno;
  }

  /** Closes it. */
  close(): void {
    this.#libc.close();
  }
}
