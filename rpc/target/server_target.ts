// This module is browser compatible.
import type { Vec3 } from "../../core/mod.ts";
import type { ClientId } from "./client_id.ts";
import { RpcTarget } from "./rpc_target.ts";

/**
 * Whom a call of the server is for. What is more than an {@linkcode RpcTarget} is decided
 * at the server and never goes over the wire.
 */
export type ServerTarget =
  | RpcTarget
  | {
    /** The clients that are near a point, as the server's `positionOf` has them. */
    readonly type: "within";
    /** The point. */
    readonly at: Vec3;
    /** How far they may be away, in the game's units: 0 or more. */
    readonly radius: number;
  }
  | {
    /** The clients that a test chooses. */
    readonly type: "where";
    /** Whether a client is chosen: asked for every client, on each call. */
    test(client: ClientId): boolean;
  };

/** The makers of targets, for the server: those of {@linkcode RpcTarget}, and two more. */
export const ServerTarget: typeof RpcTarget & {
  /**
   * The clients that are at most `radius` away from a point: 0 or more. The point is
   * copied.
   */
  within(at: Vec3, radius: number): ServerTarget;
  /** The clients that a test chooses. */
  where(test: (client: ClientId) => boolean): ServerTarget;
} = {
  ...RpcTarget,
  within({ x, y, z }: Vec3, radius: number): ServerTarget {
    if (!(radius >= 0)) {
      throw new RangeError(
        `Cannot target clients within a radius as it must be 0 or more: current value is ${radius}`,
      );
    }
    if (!Number.isFinite(x) || !Number.isFinite(y) || !Number.isFinite(z)) {
      throw new RangeError(
        `Cannot target clients within a radius as its point must be finite: current value is ${x}, ${y}, ${z}`,
      );
    }
    return { type: "within", at: { x, y, z }, radius };
  },
  where(test: (client: ClientId) => boolean): ServerTarget {
    if (typeof test !== "function") {
      throw new TypeError(
        `Cannot target clients by a test as it must be a function: current value is ${test}`,
      );
    }
    return { type: "where", test };
  },
};
