// This module is browser compatible.
import type { ClientId } from "./client_id.ts";

/** Whom a call is for, as it goes over the wire. */
export type RpcTarget =
  | {
    /** Every client; of a client's call, the caller too. */
    readonly type: "all";
  }
  | {
    /** The server alone. */
    readonly type: "server";
  }
  | {
    /** One client. */
    readonly type: "client";
    /** Which. */
    readonly id: ClientId;
  }
  | {
    /** The clients of a team. */
    readonly type: "team";
    /** Which: 0 to 65535, as the game numbers them. */
    readonly team: number;
  }
  | {
    /** Every client but one. */
    readonly type: "allExcept";
    /** Which is left out. */
    readonly id: ClientId;
  };

/**
 * The makers of targets. `all()` and `server()` are always the same objects.
 *
 * @example Everybody but who shot
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { clientId, RpcTarget } from "@tickwire/net/rpc";
 *
 * assertEquals(RpcTarget.allExcept(clientId(7)), { type: "allExcept", id: clientId(7) });
 * assertThrows(() => RpcTarget.team(-1), RangeError);
 * ```
 */
export const RpcTarget: {
  /** Every client. */
  all(): RpcTarget;
  /** The server alone. */
  server(): RpcTarget;
  /** One client. */
  client(id: ClientId): RpcTarget;
  /** The clients of a team: 0 to 65535. */
  team(team: number): RpcTarget;
  /** Every client but one. */
  allExcept(id: ClientId): RpcTarget;
} = {
  all(): RpcTarget {
    return ALL;
  },
  server(): RpcTarget {
    return SERVER;
  },
  client(id: ClientId): RpcTarget {
    return { type: "client", id };
  },
  team(team: number): RpcTarget {
    if (!Number.isInteger(team) || team < 0 || team > 0xffff) {
      throw new RangeError(
        `Cannot target a team as it must be an integer from 0 to 65535: current value is ${team}`,
      );
    }
    return { type: "team", team };
  },
  allExcept(id: ClientId): RpcTarget {
    return { type: "allExcept", id };
  },
};

const ALL: RpcTarget = Object.freeze({ type: "all" });
const SERVER: RpcTarget = Object.freeze({ type: "server" });
