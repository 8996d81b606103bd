// This module is browser compatible.

/**
 * Game-state synchronisation: snapshots, deltas, prediction and lag compensation.
 *
 * Nothing is exported in this version.
 *
 * @module
 */

export {};
