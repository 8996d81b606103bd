// This module is browser compatible.
import type { EntityType } from "../schema/define_world.ts";
import type { TableContent } from "../snapshot/entity_table.ts";
import type { SyncPeer } from "./sync_peer.ts";

/**
 * Decides which entities a client is to see. A client with several sees what all of
 * them let through.
 *
 * What is not seen is not sent, and goes at the client as if it were removed; a client
 * cannot cheat with what it does not get.
 */
export interface InterestFilter {
  /**
   * Is called once before the clients of a tick, with what there is.
   *
   * @param tables The tables of the tick, by the numbers of the types.
   */
  beginTick?(tables: readonly TableContent[]): void;
  /**
   * Takes out what a client is not to see of a type.
   *
   * @param peer The client.
   * @param type The type.
   * @param table Its table.
   * @param before The places that the client was to see when it was asked last; to be
   * read.
   * @param places The places, as in `TableContent.alive`, to clear bits of. Bits of
   * places without an entity mean nothing.
   */
  narrow(
    peer: SyncPeer,
    type: EntityType,
    table: TableContent,
    before: Uint32Array,
    places: Uint32Array,
  ): void;
}
