import { type LibcLayout, LINUX, MACOS } from "./_libc_layout.ts";

const SYMBOLS = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  setsockopt: {
    parameters: ["i32", "i32", "i32", "buffer", "u32"],
    result: "i32",
  },
  getsockopt: {
    parameters: ["i32", "i32", "i32", "buffer", "buffer"],
    result: "i32",
  },
  close: { parameters: ["i32"], result: "i32" },
  // What they return fits into 32 bits, and is below 0 if its lower half is.
  sendmsg: { parameters: ["i32", "pointer", "i32"], result: "i32" },
  recvmsg: { parameters: ["i32", "pointer", "i32"], result: "i32" },
  sendmmsg: {
    parameters: ["i32", "pointer", "u32", "i32"],
    result: "i32",
    optional: true,
  },
  recvmmsg: {
    parameters: ["i32", "pointer", "u32", "i32", "pointer"],
    result: "i32",
    optional: true,
  },
  __errno_location: { parameters: [], result: "pointer", optional: true },
  __error: { parameters: [], result: "pointer", optional: true },
} as const;

type Library = Deno.DynamicLibrary<typeof SYMBOLS>;

/** What a socket calls of libc; a test may stand in between. */
export interface LibcPort {
  /** What its structures look like. */
  readonly layout: LibcLayout;
  /** Its functions. */
  readonly calls: Library["symbols"];
  /** What the last call failed with. To be read at once. */
  readonly errno: number;
  /** One socket less. */
  close(): void;
}

/** The functions of libc that a socket calls. */
export class Libc implements LibcPort {
  /** What its structures look like. */
  readonly layout: LibcLayout;
  /** Its functions. */
  readonly calls: Library["symbols"];
  readonly #library: Library;
  readonly #errno: Int32Array;
  #users = 0;

  /**
   * All sockets of a thread share it: V8 calls a function directly only where every call
   * of that place goes to the same one, and a library opened twice has two.
   */
  static #shared: Libc | undefined;

  private constructor(layout: LibcLayout, library: Library) {
    this.layout = layout;
    this.#library = library;
    this.calls = library.symbols;
    const errno = this.calls[layout.errnoLocation]!()!;
    // It stays where it is as long as the thread lives.
    this.#errno = new Int32Array(
      Deno.UnsafePointerView.getArrayBuffer(errno, 4),
    );
  }

  /**
   * Opens libc for one socket, which closes it.
   *
   * @returns It.
   * @throws If this system has none that is known.
   */
  static open(): Libc {
    const libc = Libc.#shared ??= Libc.#load();
    libc.#users++;
    return libc;
  }

  static #load(): Libc {
    const layout = layoutHere();
    if (layout === undefined) {
      throw new Error(
        `Cannot use native sockets as the system must be Linux or macOS of 64 bits: current value is ${Deno.build.target}`,
      );
    }
    let failure: unknown;
    for (const name of layout.libraries) {
      try {
        return new Libc(layout, Deno.dlopen(name, SYMBOLS));
      } catch (error) {
        failure ??= error;
      }
    }
    throw failure;
  }

  /** One socket less. */
  close(): void {
    if (--this.#users > 0) return;
    Libc.#shared = undefined;
    this.#library.close();
  }

  /** What the last call failed with. To be read at once. */
  get errno(): number {
    return this.#errno[0]!;
  }
}

/**
 * The layout of this system's libc.
 *
 * @returns It, `undefined` if it is not known.
 */
export function layoutHere(): LibcLayout | undefined {
  // Both have 64 bits and put the lower byte first.
  if (Deno.build.arch !== "x86_64" && Deno.build.arch !== "aarch64") {
    return undefined;
  }
  switch (Deno.build.os) {
    case "linux":
      return LINUX;
    case "darwin":
      return MACOS;
    default:
      return undefined;
  }
}
