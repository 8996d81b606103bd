// This module is browser compatible.

/**
 * WebSocket client and hub with reconnection, resume and channels.
 *
 * Nothing is exported in this version.
 *
 * @module
 */

export {};
