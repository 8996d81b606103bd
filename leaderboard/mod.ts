// This module is browser compatible.

/**
 * Leaderboards and replay sharing: poll-driven client and server half.
 *
 * Nothing is exported in this version.
 *
 * @module
 */

export {};
