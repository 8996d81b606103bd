// This module is browser compatible.
import type { RedisLike } from "../../core/mod.ts";

/** A Lua script, of which usually only the hash is sent. */
export class RedisScript {
  readonly #source: string;
  #sha1: Promise<string> | undefined;

  constructor(source: string) {
    this.#source = source;
  }

  /** Runs it, once, on a server that may not know it yet. Rejects with what the client rejects with. */
  async run(
    redis: RedisLike,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown> {
    const sha1 = await (this.#sha1 ??= hash(this.#source));
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await redis.command(["EVALSHA", sha1, ...rest]);
    } catch (error) {
      // The server was started anew or is another one; it has done nothing.
      if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) {
        throw error;
      }
      return await redis.command(["EVAL", this.#source, ...rest]);
    }
  }
}

async function hash(source: string): Promise<string> {
  const bytes = new TextEncoder().encode(source);
  const digest = await crypto.subtle.digest("SHA-1", bytes);
  return Array.from(
    new Uint8Array(digest),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");
}
