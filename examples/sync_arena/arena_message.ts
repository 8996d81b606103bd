/**
 * What the hub tells pages beside the world: what happened, and is over.
 *
 * @module
 */

import type { EntityId } from "../../sync/mod.ts";

/** The link that the world goes over. */
export const WORLD_LINK = "world";
/** The channel that a player is told on what is for nobody else. */
export const OWN_CHANNEL = "own";
/** The channel that everybody is told on. */
export const FEED_CHANNEL = "feed";

/** What one player is told. */
export interface OwnMessage {
  /** A shot has hit, as the server sees it. */
  readonly type: "hit";
  /** The tick of its input. */
  readonly tick: number;
  /** Who was hit. */
  readonly target: EntityId;
}

/** What everybody is told: who has shot down whom. */
export interface FeedMessage {
  readonly by: { readonly id: EntityId; readonly name: string };
  readonly of: { readonly id: EntityId; readonly name: string };
}
