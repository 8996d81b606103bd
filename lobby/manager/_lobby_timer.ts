// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { ManagedLobby } from "./_managed_lobby.ts";

/** Something of a lobby whose time is up. */
export type LobbyTimer =
  | { readonly type: "countdown"; readonly atUs: number }
  | { readonly type: "readyCheck"; readonly atUs: number }
  | { readonly type: "hostGrace"; readonly atUs: number }
  | {
    readonly type: "seat" | "ban";
    readonly atUs: number;
    readonly player: PlayerId;
  }
  | { readonly type: "invite"; readonly atUs: number; readonly code: string }
  | {
    readonly type: "reservation";
    readonly atUs: number;
    readonly reservation: number;
  };

/** Finds what of a lobby is due first; of those at the same time, the first named here. */
export function firstTimer(record: ManagedLobby): LobbyTimer | undefined {
  let first: LobbyTimer | undefined;
  let firstUs = Infinity;
  const { countdownUs, readyCheckUs, hostGraceUs, view } = record;
  if (countdownUs < firstUs) {
    firstUs = countdownUs;
    first = { type: "countdown", atUs: countdownUs };
  }
  if (readyCheckUs < firstUs) {
    firstUs = readyCheckUs;
    first = { type: "readyCheck", atUs: readyCheckUs };
  }
  if (
    hostGraceUs < firstUs &&
    view.players.some(({ id, isConnected }) => isConnected && id !== view.host)
  ) {
    firstUs = hostGraceUs;
    first = { type: "hostGrace", atUs: hostGraceUs };
  }
  for (const [player, { graceUs }] of record.seats) {
    if (graceUs >= firstUs) continue;
    firstUs = graceUs;
    first = { type: "seat", atUs: graceUs, player };
  }
  for (const [reservation, { untilUs }] of record.reservations) {
    if (untilUs >= firstUs) continue;
    firstUs = untilUs;
    first = { type: "reservation", atUs: untilUs, reservation };
  }
  for (const [code, { untilUs }] of record.invites) {
    if (untilUs >= firstUs) continue;
    firstUs = untilUs;
    first = { type: "invite", atUs: untilUs, code };
  }
  for (const [player, untilUs] of record.bans) {
    if (untilUs >= firstUs) continue;
    firstUs = untilUs;
    first = { type: "ban", atUs: untilUs, player };
  }
  return first;
}
