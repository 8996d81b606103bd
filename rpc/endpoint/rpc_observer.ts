// This module is browser compatible.
import type { ClientId } from "../target/client_id.ts";

/**
 * Is told what is done to an endpoint, and what it refuses, beside what goes over its
 * links: what is needed to record it. It calls nothing of the endpoint's.
 */
export interface RpcObserver {
  /**
   * A tick begins.
   *
   * @param dt The time in seconds.
   */
  ticked(dt: number): void;
  /**
   * The game ends a link between two ticks.
   *
   * @param client Which client's; `undefined` is the one to the server.
   * @param reason Why.
   */
  disconnected(client: ClientId | undefined, reason: string): void;
  /**
   * A call or a packet that came in is not handled.
   *
   * @param client Whose; `undefined` is the server.
   * @param rpc The name of the call; empty for a packet.
   * @param reason Why.
   */
  rejected(client: ClientId | undefined, rpc: string, reason: string): void;
}
