// This module is browser compatible.

/**
 * The binary wire format: packets, varints, bit packing and field descriptors.
 *
 * Nothing is exported in this version.
 *
 * @module
 */

export {};
