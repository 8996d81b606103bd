// This module is browser compatible.

/**
 * Reliable UDP: datagram links, connections and channels.
 *
 * Nothing is exported in this version.
 *
 * @module
 */

export {};
