/**
 * What the login server, the game server and the client agree on.
 *
 * @module
 */

import type { ChannelConfig } from "../../transport/mod.ts";

/** Which game this is, and which version of it: other numbers do not meet. */
export const PROTOCOL_ID = 0x7469_636b_0000_0001n;

/** The channels beside the four of `Channel`, from index 4 on. */
export const CHANNELS: readonly ChannelConfig[] = [{ delivery: "latest" }];

/** The index of the channel on which the state goes out: an old one is worth nothing. */
export const STATE_CHANNEL = 4;

/** Where the files of the three programs are unless told otherwise. */
export const DATA_FOLDER = ".cache/secure_udp";
/** The private keys, in that folder. */
export const KEYS_FILE = "private_keys";
/** The certificate of the login server, in that folder: for its clients. */
export const CERTIFICATE_FILE = "certificate.pem";

/** What everybody sees: who is here, and how many echoes each has had. */
export interface GameState {
  readonly players: readonly {
    readonly name: string;
    readonly echoes: number;
  }[];
}

/**
 * Writes the state.
 *
 * @param state The state.
 * @returns A message.
 */
export function encodeState(state: GameState): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(state));
}

/**
 * Reads the state; of a server that has the client's trust.
 *
 * @param bytes A message.
 * @returns The state.
 */
export function decodeState(bytes: Uint8Array): GameState {
  return JSON.parse(new TextDecoder().decode(bytes));
}

/**
 * Makes a player's name what a token carries.
 *
 * @param name At most 24 letters.
 * @returns Its user data.
 */
export function encodeName(name: string): Uint8Array {
  return new TextEncoder().encode(name);
}

/**
 * Reads what {@linkcode encodeName} wrote, which a token fills up with zeros.
 *
 * @param userData 256 bytes, sealed by the login server.
 * @returns The name.
 */
export function decodeName(userData: Uint8Array): string {
  const end = userData.indexOf(0);
  return new TextDecoder().decode(
    userData.subarray(0, end < 0 ? userData.length : end),
  );
}
