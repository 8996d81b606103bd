// This module is browser compatible.
import type { Vec3 } from "../../core/mod.ts";
import type { ClientId } from "../target/client_id.ts";
import type { ServerTarget } from "../target/server_target.ts";

/** What the game knows of its clients. */
export interface TargetRules {
  readonly teamOf?: (client: ClientId) => number | undefined;
  readonly positionOf?: (client: ClientId) => Vec3 | undefined;
}

/** Tells whether a client is among those that a target means. */
export function isTargeted(
  client: ClientId,
  target: ServerTarget,
  rules: TargetRules,
): boolean {
  switch (target.type) {
    case "all":
      return true;
    case "server":
      return false;
    case "client":
      return client === target.id;
    case "allExcept":
      return client !== target.id;
    case "team":
      return rules.teamOf?.(client) === target.team;
    case "within": {
      const position = rules.positionOf?.(client);
      return position !== undefined &&
        isWithin(position, target.at, target.radius);
    }
    case "where":
      return target.test(client);
  }
}

/** Refuses a target that the server has no rule for, or cannot mean. */
export function checkTarget(target: ServerTarget, rules: TargetRules): void {
  const { type } = target;
  if (type === "server") {
    throw new TypeError(
      'Cannot send a call as its target must be clients: current value is "server"',
    );
  }
  const missing = type === "team" && rules.teamOf === undefined
    ? "teamOf"
    : type === "within" && rules.positionOf === undefined
    ? "positionOf"
    : undefined;
  if (missing !== undefined) {
    throw new TypeError(
      `Cannot send a call as ${missing} must be given for targets of type "${type}": current value is undefined`,
    );
  }
}

function isWithin(a: Vec3, b: Vec3, radius: number): boolean {
  const x = a.x - b.x;
  const y = a.y - b.y;
  const z = a.z - b.z;
  return x * x + y * y + z * z <= radius * radius;
}
