// This module is browser compatible.
import { isPlayerId } from "../../core/mod.ts";
import type { MatchmakingRefusal } from "./matchmaking_result.ts";
import type { ModeSettings } from "./_mode_settings.ts";
import type { TicketRequest } from "./ticket.ts";

/** As that of a lobby's players, and of ratings; far beyond it squares overflow. */
export const MAX_SKILL = 1e9;

/** A request as the table has it. */
export interface TicketColumns {
  /** Bits of its modes. */
  readonly modes: number;
  readonly meanSkill: number;
  readonly highestSkill: number;
  readonly uncertainty: number;
  /** Bits of its maps by mode, if it does not play all. */
  readonly maps: Int32Array | undefined;
  readonly waitedSeconds: number;
  readonly ttlSeconds: number;
}

export function readTicket(
  request: TicketRequest,
  modes: readonly ModeSettings[],
  modeNumbers: ReadonlyMap<string, number>,
  regions: readonly string[],
): TicketColumns | MatchmakingRefusal {
  const { players, waitedMs = 0, ttlMs = Infinity } = request;
  if (!(ttlMs > 0)) return invalid("ttlMs", "above 0", ttlMs);
  if (!(waitedMs >= 0 && waitedMs < Infinity)) {
    return invalid("waitedMs", "finite and 0 or more", waitedMs);
  }
  let bits = 0;
  if (request.modes.length === 0) return invalid("modes", "one or more", "[]");
  for (let i = 0; i < request.modes.length; i++) {
    const number = modeNumbers.get(request.modes[i]!);
    if (number === undefined) {
      return invalid(`modes[${i}]`, "a mode of the queue", request.modes[i]);
    }
    bits |= 1 << number;
    const { teamSize } = modes[number]!;
    if (players.length < 1 || players.length > teamSize) {
      return invalid("players", `1 to ${teamSize} players`, players.length);
    }
  }
  let sum = 0;
  let highestSkill = -Infinity;
  let uncertainty = 0;
  for (let i = 0; i < players.length; i++) {
    const member = players[i]!;
    if (!isPlayerId(member.player)) {
      return invalid(`players[${i}].player`, "a player id", member.player);
    }
    if (!isSkill(member.skill)) {
      return invalid(
        `players[${i}].skill`,
        `from -${MAX_SKILL} to ${MAX_SKILL}`,
        member.skill,
      );
    }
    const { uncertainty: own = 0 } = member;
    if (!(own >= 0 && own <= MAX_SKILL)) {
      return invalid(
        `players[${i}].uncertainty`,
        `from 0 to ${MAX_SKILL}`,
        own,
      );
    }
    for (let j = 0; j < i; j++) {
      if (players[j]!.player === member.player) {
        return invalid(`players[${i}].player`, "there once", member.player);
      }
    }
    sum += member.skill;
    highestSkill = Math.max(highestSkill, member.skill);
    uncertainty = Math.max(uncertainty, own);
  }
  let isAnywhere = regions.length === 0;
  for (const region of regions) {
    const ms = request.latenciesMs?.[region];
    if (ms === undefined) continue;
    if (!(ms >= 0)) return invalid(`latenciesMs.${region}`, "0 or more", ms);
    isAnywhere ||= ms < Infinity;
  }
  if (!isAnywhere) {
    return invalid("latenciesMs", "finite for a region of the queue", "none");
  }
  const maps = readMaps(request, bits, modes);
  if (maps !== undefined && "type" in maps) return maps;
  return {
    modes: bits,
    meanSkill: sum / players.length,
    highestSkill,
    uncertainty,
    maps,
    waitedSeconds: waitedMs / 1000,
    ttlSeconds: ttlMs / 1000,
  };
}

/** Whether something is a skill that can be counted with. */
export function isSkill(value: number): boolean {
  return Number.isFinite(value) && Math.abs(value) <= MAX_SKILL;
}

function readMaps(
  { maps }: TicketRequest,
  modeBits: number,
  modes: readonly ModeSettings[],
): Int32Array | undefined | MatchmakingRefusal {
  if (maps === undefined) return undefined;
  const bits = new Int32Array(modes.length);
  let isRestricted = false;
  for (let number = 0; number < modes.length; number++) {
    const { maps: known, name } = modes[number]!;
    if ((modeBits >>> number & 1) === 0) continue;
    if (known.length === 0) {
      // Nothing to choose from is nothing to differ in.
      bits[number] = -1;
      continue;
    }
    for (let map = 0; map < known.length; map++) {
      if (maps.includes(known[map]!)) bits[number]! |= 1 << map;
    }
    if (bits[number] === 0) {
      const wanted = `one or more maps of mode "${name}"`;
      return invalid("maps", wanted, maps.slice(0, 8).join(", "));
    }
    isRestricted = true;
  }
  return isRestricted ? bits : undefined;
}

function invalid(
  field: string,
  wanted: string,
  value: unknown,
): MatchmakingRefusal {
  // A stranger's text may be endless.
  const shown = typeof value === "string"
    ? JSON.stringify(value.slice(0, 64))
    : typeof value;
  return {
    type: "matchmakingError",
    reason: "invalidTicket",
    field,
    message:
      `Cannot enqueue the ticket as ${field} must be ${wanted}: current value is ${
        typeof value === "number" ? value : shown
      }`,
  };
}
