// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import { deepFreeze } from "./_deep_freeze.ts";
import {
  makeManagedLobby,
  makeReadyCheck,
  type ManagedLobby,
} from "./_managed_lobby.ts";
import { leftMsOf, toUs } from "./_microseconds.ts";
import type {
  LobbyAttemptSnapshot,
  LobbyBanSnapshot,
  LobbyInviteSnapshot,
  LobbyReservationSnapshot,
  LobbySnapshot,
} from "./lobby_snapshot.ts";
import { LOBBY_SNAPSHOT_FORMAT } from "./lobby_snapshot.ts";

/** Writes down all there is of a lobby. */
export function writeSnapshot(
  record: ManagedLobby,
  nowUs: number,
): LobbySnapshot {
  const { view, verifier, serverData } = record;
  const { countdownUs, readyCheckUs, hostGraceUs } = record;
  return {
    format: LOBBY_SNAPSHOT_FORMAT,
    lobby: view,
    ...(verifier === undefined ? {} : { verifier }),
    ...(serverData === undefined ? {} : { serverData }),
    seats: Array.from(
      record.seats,
      ([player, { skill, mayPlay, graceUs }]) => ({
        player,
        skill,
        ...(mayPlay ? {} : { mayPlay }),
        ...left("graceLeftMs", graceUs, nowUs),
      }),
    ),
    bans: listBans(record, nowUs),
    invites: listInvites(record, nowUs),
    reservations: listReservations(record, nowUs),
    attempts: listAttempts(record, nowUs),
    ...left("countdownLeftMs", countdownUs, nowUs),
    ...left("readyCheckLeftMs", readyCheckUs, nowUs),
    ...left("hostGraceLeftMs", hostGraceUs, nowUs),
    nextInvite: record.nextInvite,
    nextReservation: record.nextReservation,
    seed: record.seed,
  };
}

/** Makes a lobby of a snapshot that was checked. */
export function restoreLobby(
  snapshot: LobbySnapshot,
  order: number,
  nowUs: number,
): ManagedLobby {
  const { lobby } = snapshot;
  const record = makeManagedLobby(
    deepFreeze(lobby),
    order,
    snapshot.seed,
  );
  const until = (leftMs: number | undefined): number =>
    nowUs + toUs(leftMs ?? Infinity);
  record.verifier = snapshot.verifier;
  record.serverData = deepFreeze(snapshot.serverData);
  for (const { player, skill, mayPlay, graceLeftMs } of snapshot.seats) {
    record.seats.set(player, {
      skill,
      mayPlay: mayPlay ?? true,
      graceUs: until(graceLeftMs),
    });
  }
  for (const { player, leftMs } of snapshot.bans) {
    record.bans.set(player, until(leftMs));
  }
  for (const { leftMs, usesLeft, ...invite } of snapshot.invites) {
    record.invites.set(invite.code, {
      ...invite,
      usesLeft: usesLeft ?? Infinity,
      untilUs: until(leftMs),
    });
  }
  for (
    const { reservation, players, team, leftMs } of snapshot.reservations
  ) {
    record.reservations.set(reservation, {
      reservation,
      players: new Set(players),
      team,
      untilUs: until(leftMs),
    });
  }
  for (const { player, fullInMs } of snapshot.attempts) {
    if (player === undefined) record.forgottenUs = until(fullInMs);
    else record.forgottenUsOf.set(player, until(fullInMs));
  }
  if (lobby.readyCheck !== undefined) {
    const { votes } = lobby.readyCheck;
    record.readyCheck = makeReadyCheck(votes.map(({ player }) => player));
    for (const { player, isReady } of votes) {
      if (isReady !== undefined) record.readyCheck.vote(player, isReady);
    }
  }
  record.countdownUs = until(snapshot.countdownLeftMs);
  record.readyCheckUs = until(snapshot.readyCheckLeftMs);
  record.hostGraceUs = until(snapshot.hostGraceLeftMs);
  record.nextInvite = snapshot.nextInvite;
  record.nextReservation = snapshot.nextReservation;
  return record;
}

/** Who is banned, in the order in which they were. */
export function listBans(
  record: ManagedLobby,
  nowUs: number,
): LobbyBanSnapshot[] {
  return Array.from(record.bans, ([player, untilUs]) => ({
    player,
    ...left("leftMs", untilUs, nowUs),
  }));
}

/** The invites, in the order in which they were made. */
export function listInvites(
  record: ManagedLobby,
  nowUs: number,
): LobbyInviteSnapshot[] {
  return Array.from(
    record.invites.values(),
    ({ invite, code, by, role, usesLeft, untilUs }) => ({
      invite,
      code,
      by,
      role,
      ...(usesLeft < Infinity ? { usesLeft } : {}),
      ...left("leftMs", untilUs, nowUs),
    }),
  );
}

/** The reservations, in the order in which they were made. */
export function listReservations(
  record: ManagedLobby,
  nowUs: number,
): LobbyReservationSnapshot[] {
  return Array.from(
    record.reservations.values(),
    ({ reservation, players, team, untilUs }) => ({
      reservation,
      players: [...players],
      ...(team === undefined ? {} : { team }),
      leftMs: leftMsOf(untilUs, nowUs),
    }),
  );
}

function listAttempts(
  record: ManagedLobby,
  nowUs: number,
): LobbyAttemptSnapshot[] {
  const attempts: LobbyAttemptSnapshot[] = [];
  const add = (forgottenUs: number, player?: PlayerId): void => {
    if (forgottenUs <= nowUs) return;
    attempts.push({
      ...(player === undefined ? {} : { player }),
      fullInMs: leftMsOf(forgottenUs, nowUs),
    });
  };
  add(record.forgottenUs);
  for (const [player, us] of record.forgottenUsOf) add(us, player);
  return attempts;
}

function left<Name extends string>(
  name: Name,
  untilUs: number,
  nowUs: number,
): { [K in Name]?: number } {
  // What never ends is left out, as JSON has no Infinity.
  return (untilUs < Infinity ? { [name]: leftMsOf(untilUs, nowUs) } : {}) as {
    [K in Name]?: number;
  };
}
