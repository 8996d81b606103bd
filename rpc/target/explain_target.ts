// This module is browser compatible.
import type { ClientId } from "./client_id.ts";
import {
  type ConnectedClients,
  distanceSquared,
  resolveTarget,
  type TargetHooks,
} from "./resolve_target.ts";
import type { ServerTarget } from "./server_target.ts";

/**
 * Why a client does not get a call.
 *
 * - `serverOnly`: the call is for the server.
 * - `notTheOne`: it is for another client.
 * - `excepted`: it is for all but this one.
 * - `noTeam`: it is for a team, and this client has none.
 * - `otherTeam`: it has another.
 * - `noPosition`: it is for those near a point, and this client is nowhere.
 * - `tooFar`: it is too far away.
 * - `testFailed`: the test did not choose it.
 */
export type NoReceiverReason =
  | "serverOnly"
  | "notTheOne"
  | "excepted"
  | "noTeam"
  | "otherTeam"
  | "noPosition"
  | "tooFar"
  | "testFailed";

/** A client that does not get a call. */
export interface NoReceiver {
  /** Which. */
  readonly client: ClientId;
  /** Why. */
  readonly reason: NoReceiverReason;
  /** The same in a sentence, for people. */
  readonly message: string;
}

/** Who gets a call, and why the others do not: plain values, for tools. */
export interface TargetExplanation {
  /** The kind of target. */
  readonly type: ServerTarget["type"];
  /** The connected clients that get it, in the order of sending. */
  readonly receivers: readonly ClientId[];
  /** The connected clients that do not. */
  readonly others: readonly NoReceiver[];
  /** A client that is named, but is not connected. */
  readonly notConnected?: ClientId;
  /** All of it in a sentence, for people. */
  readonly message: string;
}

/**
 * Tells who would get a call, and why the others would not. It asks the game's hooks and
 * tests as a call does.
 *
 * @param target Whom a call is for.
 * @param clients Who is connected.
 * @param hooks What the game knows of them.
 * @returns The explanation.
 *
 * @example Why the third player did not see it
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { clientId, explainTarget, RpcTarget } from "@tickwire/net/rpc";
 *
 * const ids = [clientId(1), clientId(2), clientId(3)];
 * const { receivers, others } = explainTarget(
 *   RpcTarget.team(0),
 *   { ids, has: (id) => ids.includes(id) },
 *   { teamOf: (client) => client === 3 ? 1 : 0 },
 * );
 * assertEquals(receivers, [clientId(1), clientId(2)]);
 * assertEquals(others[0]!.message, "Client 3 is of team 1, not 0");
 * ```
 */
export function explainTarget(
  target: ServerTarget,
  clients: ConnectedClients,
  hooks: TargetHooks,
): TargetExplanation {
  const receivers: ClientId[] = [];
  resolveTarget(target, clients, hooks, receivers);
  const chosen = new Set(receivers);
  const others = clients.ids.filter((id) => !chosen.has(id)).map((client) => {
    const [reason, text] = reasonOf(target, client, hooks);
    return { client, reason, message: `Client ${client} ${text}` };
  });
  const { type } = target;
  const isNamed = type === "client" || type === "allExcept";
  const isMissing = isNamed && !clients.has(target.id);
  const message = `${receivers.length} of ${clients.ids.length} clients get it${
    isMissing ? `; client ${target.id} is not connected` : ""
  }`;
  return isMissing
    ? { type, receivers, others, notConnected: target.id, message }
    : { type, receivers, others, message };
}

/** Why a client that is no receiver is none. */
function reasonOf(
  target: ServerTarget,
  client: ClientId,
  hooks: TargetHooks,
): [reason: NoReceiverReason, text: string] {
  switch (target.type) {
    case "all":
    case "where":
      return ["testFailed", "was not chosen by the test"];
    case "server":
      return ["serverOnly", "is not the server"];
    case "client":
      return ["notTheOne", `is not client ${target.id}`];
    case "allExcept":
      return ["excepted", "is left out"];
    case "team": {
      const team = hooks.teamOf?.(client);
      return team === undefined
        ? ["noTeam", "has no team"]
        : ["otherTeam", `is of team ${team}, not ${target.team}`];
    }
    case "within": {
      const position = hooks.positionOf?.(client);
      if (position === undefined) return ["noPosition", "has no position"];
      const distance = Math.sqrt(distanceSquared(position, target.at));
      return ["tooFar", `is ${distance} away, more than ${target.radius}`];
    }
  }
}
