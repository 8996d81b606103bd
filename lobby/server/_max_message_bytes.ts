// This module is browser compatible.
import type { LobbyLimits } from "../manager/lobby_limits.ts";

/** An id of 64 bytes in JSON: quotes and backslashes take two bytes each. */
const ID_BYTES = 2 * 64;
/** The names of the fields of a member, and what stands between them. */
const MEMBER_BYTES = 160;
/** Of an answer in a ready check. */
const VOTE_BYTES = 48 + ID_BYTES;
/** The lobby's own fields: its ids, its configuration, and a ticket and a proposal beside it. */
const LOBBY_BYTES = 65_536;

/**
 * How long the longest message to a player can be: a lobby that is full, with all the
 * metadata that its players may have.
 *
 * @param limits What the lobbies hold.
 * @returns Bytes of JSON, at least as many as it takes.
 */
export function maxMessageBytes(limits: LobbyLimits): number {
  const member = limits.playerMetadataBytes + 2 * limits.nameBytes +
    2 * ID_BYTES + MEMBER_BYTES;
  return limits.playersPerLobby * (member + VOTE_BYTES) +
    limits.spectatorsPerLobby * member +
    limits.lobbyMetadataBytes + limits.resultsBytes + LOBBY_BYTES;
}
