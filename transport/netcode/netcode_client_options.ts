/** Options for {@linkcode NetcodeClient}. */
export interface NetcodeClientOptions {
  /**
   * Whether to prove a new address to the server where the old one seems to be gone: only
   * servers of this library follow, others ignore it.
   *
   * @default {false}
   */
  readonly roaming?: boolean;
}
