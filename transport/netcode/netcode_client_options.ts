import type { Random } from "../../core/mod.ts";

/** Options for {@linkcode NetcodeClient}. */
export interface NetcodeClientOptions {
  /**
   * Whether to prove to the server where this end is now, when it was silent for half a
   * second or by `move()`: only servers of this library follow, others ignore it. What it
   * costs is a request of 1,078 bytes ten times a second while a server is silent.
   *
   * @default {false}
   */
  readonly roaming?: boolean;
  /**
   * Where the numbers of packets begin, so that a program that starts anew and uses a token
   * again does not repeat them: only tests give another one.
   *
   * @default {new SecureRandom()}
   */
  readonly random?: Random;
}
