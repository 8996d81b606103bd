// This module is browser compatible.
import type { Vec3 } from "../../core/mod.ts";
import type { ClientId } from "./client_id.ts";
import type { RpcTarget } from "./rpc_target.ts";

/** Whom a call of the server is for. What is more than an {@linkcode RpcTarget} stays there. */
export type ServerTarget =
  | RpcTarget
  | {
    /** The clients near a place: as far as `radius`, that included. */
    readonly type: "within";
    /** Where. */
    readonly at: Vec3;
    /** How far from it: 0 or more. */
    readonly radius: number;
  }
  | {
    /** The clients that a test lets through. */
    readonly type: "where";
    /**
     * The test.
     *
     * @param client Asked for each.
     */
    readonly test: (client: ClientId) => boolean;
  };
