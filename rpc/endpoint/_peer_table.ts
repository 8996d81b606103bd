// This module is browser compatible.
import type { ClientId } from "../target/client_id.ts";
import type { ConnectedClients } from "../target/resolve_target.ts";

/**
 * The clients of a server, by their ids.
 *
 * @typeParam P What is kept of each.
 */
export class PeerTable<P> implements ConnectedClients {
  /** Never changed, but replaced: the game may end a client while it is read. */
  ids: readonly ClientId[] = [];
  readonly #peers = new Map<ClientId, P>();

  get size(): number {
    return this.#peers.size;
  }

  has(id: ClientId): boolean {
    return this.#peers.has(id);
  }

  get(id: ClientId): P | undefined {
    return this.#peers.get(id);
  }

  values(): IterableIterator<P> {
    return this.#peers.values();
  }

  add(id: ClientId, peer: P): void {
    this.#peers.set(id, peer);
    this.ids = [...this.ids, id];
  }

  remove(id: ClientId): void {
    if (!this.#peers.delete(id)) return;
    this.ids = this.ids.filter((other) => other !== id);
  }
}
