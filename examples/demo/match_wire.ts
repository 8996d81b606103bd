import type { NetworkConditions } from "../../transport/mod.ts";

/** What game this is: the same in the match and in its tokens. */
export const PROTOCOL_ID = 0x7469_636b_7769_7265n;
/** How often a player says where it is, and the match where all are. */
export const STATES_PER_SECOND = 20;
/** How many there can be at once. */
export const MAX_PLAYERS = 16;
/** How many of them are bots, whose numbers count from 1. */
export const BOTS = 8;
/** Where a player can be: 0 up to and including this. */
export const MAX_PLACE = 255;

/** What the line of the match is like for a while. */
export interface Weather {
  /** For people. */
  readonly name: string;
  /** In each direction. */
  readonly conditions: NetworkConditions;
}

/** What the line goes through, in this order. */
export const WEATHERS: readonly Weather[] = [
  { name: "fair", conditions: { latencyMs: 20, jitterMs: 4 } },
  {
    name: "5 % lost",
    conditions: { latencyMs: 20, jitterMs: 10, loss: 0.05 },
  },
  {
    name: "bursts",
    conditions: {
      latencyMs: 20,
      jitterMs: 10,
      burstLoss: { share: 0.05, length: 4 },
    },
  },
  {
    name: "storm",
    conditions: {
      latencyMs: 20,
      jitterMs: 30,
      loss: 0.2,
      duplication: 0.1,
    },
  },
];

/** What a player is called, by its number. */
export function playerName(id: number): string {
  return id <= BOTS ? `Bot ${id}` : `Player ${id}`;
}
