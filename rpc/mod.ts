// This module is browser compatible.

/**
 * Typed remote procedure calls for game events.
 *
 * Nothing is exported in this version.
 *
 * @module
 */

export {};
