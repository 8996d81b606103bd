// This module is browser compatible.

/**
 * Opt-in analytics: client with local log and collector server.
 *
 * Nothing is exported in this version.
 *
 * @module
 */

export {};
