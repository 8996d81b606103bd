// This module is browser compatible.
import type { Clock } from "../../core/mod.ts";
import type { SyncCoders } from "../coder/sync_coders.ts";
import type { EntitySchemas } from "../schema/define_world.ts";
import type { EntityId } from "../world/entity_id.ts";
import type { InterestFilter } from "./interest.ts";
import type { PeerInputs, SyncPeer } from "./sync_peer.ts";

/**
 * The options of `SyncServer`.
 *
 * @typeParam W The types of entities.
 */
export interface SyncServerOptions<W extends EntitySchemas = EntitySchemas> {
  /** What makes the coders; `FastCoder` alone if left out. */
  readonly coders?: SyncCoders;
  /**
   * Snapshots for a client in each second: above 0; at most one is sent in a tick.
   *
   * @default {30}
   */
  readonly sendRate?: number;
  /**
   * The same for spectators.
   *
   * @default {10}
   */
  readonly spectatorRate?: number;
  /**
   * The most bytes for a client in each second: 1024 or more. What was not used can be
   * used for up to a second.
   *
   * @default {131072}
   */
  readonly bytesPerSecond?: number;
  /**
   * The most bytes of a snapshot to a client that has something already: an integer
   * from 128 to 1048576. What is larger than a packet of the link is lost when any of
   * its packets is. One entity that alone is larger is sent all the same.
   *
   * @default {1100}
   */
  readonly messageBytes?: number;
  /**
   * Reports of a client in each second that are read: above 0.
   *
   * @default {240}
   */
  readonly reportsPerSecond?: number;
  /**
   * How long the handshake with a client may take once its link is open, in milliseconds
   * of the ticks' `dt`: above 0. Then the link is closed.
   *
   * @default {10000}
   */
  readonly handshakeTimeoutMs?: number;
  /**
   * How many snapshots of a client there are to one with a checksum of all that it has:
   * an integer, 0 or more; 0 for none.
   *
   * @default {64}
   */
  readonly checksumEvery?: number;
  /**
   * How soon the entities of a type are sent when not all can be, compared with those
   * of others: finite, 0 or more, 1 if left out. An entity that is left out counts so
   * much more each time, until it is sent; with 0 it gets what room is left.
   */
  readonly priorities?: { readonly [N in keyof W]?: number };
  /**
   * The same for each entity and client, beside what its type has: both are multiplied.
   *
   * @param peer The client.
   * @param id The entity.
   * @returns A number that is finite and 0 or more.
   */
  readonly priority?: (peer: SyncPeer, id: EntityId) => number;
  /** What decides on what clients see that bring nothing else; everything if left out. */
  readonly interest?: readonly InterestFilter[];
  /** Takes the inputs of clients; they are dropped if left out. */
  readonly inputs?: PeerInputs;
  /**
   * The most events that wait: an integer, 16 or more.
   *
   * @default {1024}
   */
  readonly maxEvents?: number;
  /** Where the times in messages come from; the system's if left out. */
  readonly clock?: Clock;
}

/** The options of a client that connects. */
export interface SyncPeerOptions {
  /**
   * Which coder: one that both ends have.
   *
   * @default {"fast"}
   */
  readonly coder?: "fast" | "strong";
  /**
   * Whether it only watches: it may have no inputs, and has the rate of spectators.
   *
   * @default {false}
   */
  readonly isSpectator?: boolean;
  /** Snapshots in each second, instead of the server's. */
  readonly sendRate?: number;
  /** The most bytes in each second, instead of the server's. */
  readonly bytesPerSecond?: number;
  /** What decides on what it sees, instead of the server's. */
  readonly interest?: readonly InterestFilter[];
}
