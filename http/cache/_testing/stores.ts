import { MemoryCacheStore } from "../memory_store.ts";
import type { HttpCacheStore } from "../store.ts";
import {
  type WebCache,
  type WebCacheStorage,
  WebCacheStore,
} from "../web_cache_store.ts";

/** Every kind of store, for tests that all of them have to pass. */
export const STORES: ReadonlyArray<
  readonly [string, (maxBytes?: number) => HttpCacheStore]
> = [
  [
    "MemoryCacheStore",
    (maxBytes = 1_000_000) => new MemoryCacheStore({ maxBytes }),
  ],
  [
    "WebCacheStore",
    (maxBytes = 1_000_000) =>
      new WebCacheStore({ maxBytes, caches: new FakeCacheStorage() }),
  ],
];

/** The Cache API in memory, where a test can look and break things. */
export class FakeCacheStorage implements WebCacheStorage {
  readonly caches = new Map<string, FakeCache>();

  open(name: string): Promise<FakeCache> {
    let cache = this.caches.get(name);
    if (cache === undefined) this.caches.set(name, cache = new FakeCache());
    return Promise.resolve(cache);
  }

  delete(name: string): Promise<boolean> {
    return Promise.resolve(this.caches.delete(name));
  }
}

/** One cache of a {@linkcode FakeCacheStorage}. */
export class FakeCache implements WebCache {
  readonly bytes = new Map<string, Uint8Array>();
  /** Throws to make an operation fail. */
  check: (operation: "match" | "put" | "delete" | "keys") => void = () => {};

  async match(url: string): Promise<Response | undefined> {
    await this.#turn("match");
    const bytes = this.bytes.get(url);
    return bytes && new Response(bytes.slice());
  }

  async put(url: string, response: Response): Promise<void> {
    const bytes = new Uint8Array(await response.arrayBuffer());
    await this.#turn("put");
    this.bytes.set(url, bytes);
  }

  async delete(url: string): Promise<boolean> {
    await this.#turn("delete");
    return this.bytes.delete(url);
  }

  async keys(): Promise<readonly Request[]> {
    await this.#turn("keys");
    return [...this.bytes.keys()].map((url) => new Request(url));
  }

  async #turn(operation: "match" | "put" | "delete" | "keys"): Promise<void> {
    await Promise.resolve();
    this.check(operation);
  }
}
