// This module is browser compatible.
import { type ModeSettings, widthAt } from "./_mode_settings.ts";
import type { Packing } from "./_packing.ts";
import { type TicketTable, WAITING } from "./_ticket_table.ts";
import type { ModeExplanation, WaitingReason } from "./ticket_explanation.ts";

/** Compares a ticket with all others that wait for a mode. */
export function explainTicket(
  table: TicketTable,
  mode: ModeSettings,
  modeNumber: number,
  slot: number,
  now: number,
): ModeExplanation {
  const { skill: skillSlope, latency, uncertaintyFactor } = mode;
  const wait = now - table.arrived(slot);
  const width = widthAt(skillSlope, wait) +
    uncertaintyFactor * table.uncertainty(slot);
  const reach = reachOf(table, mode, slot, now);
  const maps = table.maps[slot]?.[modeNumber] ?? -1;
  let waitingTickets = 0;
  let waitingPlayers = 0;
  let bySkill = 0;
  let byLatency = 0;
  let byMaps = 0;
  let compatibleTickets = 0;
  let compatiblePlayers = 0;
  let longest = wait;
  const counts = new Int32Array(mode.teamSize + 1);
  for (let other = 0; other < table.top; other++) {
    if (other === slot || table.state(other) !== WAITING) continue;
    if ((table.modes(other) >>> modeNumber & 1) === 0) continue;
    const size = table.partySize(other);
    waitingTickets++;
    waitingPlayers += size;
    const theirWait = now - table.arrived(other);
    const theirs = widthAt(skillSlope, theirWait) +
      uncertaintyFactor * table.uncertainty(other);
    let isExcluded = false;
    if (Math.abs(skillOf(other) - skillOf(slot)) > Math.min(width, theirs)) {
      bySkill++;
      isExcluded = true;
    }
    if ((reachOf(table, mode, other, now) & reach) === 0) {
      byLatency++;
      isExcluded = true;
    }
    if (((table.maps[other]?.[modeNumber] ?? -1) & maps) === 0) {
      byMaps++;
      isExcluded = true;
    }
    if (isExcluded) continue;
    compatibleTickets++;
    compatiblePlayers += size;
    counts[size]!++;
    if (theirWait > longest) longest = theirWait;
  }
  // Whoever plays with one that may play with fewer teams may do so too.
  const packing = longest >= mode.fewerTeamsSeconds
    ? mode.packings[0]!
    : mode.packing;
  const neededPlayers = packing.players - table.partySize(slot);
  return {
    mode: mode.name,
    reason: reasonOf(),
    waitingTickets,
    waitingPlayers,
    bySkill,
    byLatency,
    byMaps,
    compatibleTickets,
    compatiblePlayers,
    neededPlayers,
    skillWindow: width,
    latencyWindowMs: widthAt(latency, wait),
  };

  function skillOf(ticket: number): number {
    return mode.isHighestSkill
      ? table.highestSkill(ticket)
      : table.meanSkill(ticket);
  }

  function reasonOf(): WaitingReason {
    if (mode.match !== undefined) return "custom";
    if (waitingPlayers < neededPlayers) return "notEnoughPlayers";
    if (compatiblePlayers < neededPlayers) {
      if (bySkill >= byLatency && bySkill >= byMaps) return "skill";
      return byLatency >= byMaps ? "latency" : "maps";
    }
    if (!canFill(packing, counts, table.partySize(slot))) return "partyShape";
    const takesAny = wait >= mode.overdueSeconds ||
      wait >= mode.fewerTeamsSeconds;
    return takesAny ? "mutual" : "patience";
  }
}

/** Bits of the regions within a ticket's latency window. */
function reachOf(
  table: TicketTable,
  { latency }: ModeSettings,
  slot: number,
  now: number,
): number {
  const { regions } = table;
  if (regions === 0) return -1;
  const limit = widthAt(latency, now - table.arrived(slot));
  let reach = 0;
  for (let region = 0; region < regions; region++) {
    if (table.latency[slot * regions + region]! <= limit) reach |= 1 << region;
  }
  return reach;
}

function canFill(
  packing: Packing,
  counts: Int32Array,
  ownSize: number,
): boolean {
  // Without tables the engine does not tell the shapes apart either.
  if (!packing.isTabulated) return true;
  let cell = 0;
  for (let size = 1; size <= packing.teamSize; size++) {
    cell += Math.min(counts[size]!, packing.caps[size]!) *
      packing.strides[size]!;
  }
  return packing.holds[ownSize]![cell]! > 0;
}
