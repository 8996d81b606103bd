// This module is browser compatible.

/**
 * Lobbies, matchmaking, teams and ready checks: client and server.
 *
 * Nothing is exported in this version.
 *
 * @module
 */

export {};
