// This module is browser compatible.
import type { ContractDifference } from "../../protocol/mod.ts";
import type { EntityId } from "../world/entity_id.ts";

/**
 * What a `SyncClient` tells.
 *
 * @typeParam N The names of the types of entities.
 */
export type SyncClientEvent<N extends string = string> =
  | {
    /** The handshake is over: snapshots will come. */
    readonly type: "connected";
  }
  | {
    /** The server has another world, so that nothing can come. */
    readonly type: "refused";
    /** In what it differs. */
    readonly differences: readonly ContractDifference[];
    /** All of it in a sentence, for people. */
    readonly message: string;
  }
  | {
    /**
     * An entity is there: it is new, or has come into view. One that comes and goes
     * between two drains is not told.
     */
    readonly type: "entitySpawned";
    /** Which. */
    readonly id: EntityId;
    /** The name of its type. */
    readonly entity: N;
  }
  | {
    /** An entity is there no more: it was removed, or has gone out of view. */
    readonly type: "entityDespawned";
    /** Which. */
    readonly id: EntityId;
    /** The name of its type. */
    readonly entity: N;
  }
  | {
    /**
     * Others are the client's own now: the server says so, or one of them is there at
     * last, or no more. Told after the entities that come and go.
     */
    readonly type: "ownedChanged";
    /** Those, as `SyncClient.owned`. */
    readonly owned: readonly EntityId[];
  }
  | {
    /**
     * What is here is not what the server has: its checksum is another one, or the
     * newest was damaged and seems newer than all that comes. All is asked for anew;
     * what was there stays until it comes. Told once until then.
     */
    readonly type: "desync";
    /** The tick. */
    readonly tick: number;
  }
  | {
    /** The link has closed: nothing more will come. What was there stays. */
    readonly type: "ended";
    /** Why, in the words of who closed it. */
    readonly reason: string;
  };
