// This module is browser compatible.
import type { PlayerId } from "./player_id.ts";

/**
 * Who is at the other end, as the game's own server found out from a request. What a
 * client says about itself is never identity.
 */
export interface Identity {
  /** The player. */
  readonly playerId: PlayerId;
  /** What others see. */
  readonly displayName?: string;
  /** What the player may do, in the game's own words. */
  readonly roles?: readonly string[];
  /** Whatever else the game's server wants to know later. */
  readonly data?: unknown;
}
