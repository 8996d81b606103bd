// This module is browser compatible.
import type { Vec3 } from "../../core/mod.ts";
import type { ClientId } from "./client_id.ts";
import type { ServerTarget } from "./server_target.ts";

/** The clients that are connected. */
export interface ConnectedClients {
  /** Their ids, in the order of the calls that go to several. */
  readonly ids: readonly ClientId[];
  /** Whether a client is one of them. */
  has(id: ClientId): boolean;
}

/** What the game knows of its clients. */
export interface TargetHooks {
  /** The team of a client; `undefined` if it has none. Without it teams are empty. */
  readonly teamOf?: ((client: ClientId) => number | undefined) | undefined;
  /** Where a client is; `undefined` if nowhere. Without it nobody is near anything. */
  readonly positionOf?: ((client: ClientId) => Vec3 | undefined) | undefined;
}

/**
 * Finds the clients that a call goes to. Nothing is allocated but what the array needs
 * to grow.
 *
 * The game's hooks and tests run during the call, and may make calls of their own that
 * use the same array, as long as they cut it back to the length they found. What a hook
 * throws goes to the caller, and the array is as before. A client whose position is not
 * finite is near nothing.
 *
 * @param target Whom a call is for.
 * @param clients Who is connected.
 * @param hooks What the game knows of them.
 * @param into Takes the ids behind what it holds, each once.
 *
 * @example Around an explosion
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { type ClientId, clientId, resolveTarget, ServerTarget } from "@tickwire/net/rpc";
 *
 * const at = new Map([1, 2, 3].map((id) => [clientId(id), { x: id * 10, y: 0, z: 0 }]));
 * const clients = { ids: [...at.keys()], has: (id: ClientId) => at.has(id) };
 * const receivers: ClientId[] = [];
 * resolveTarget(
 *   ServerTarget.within({ x: 5, y: 0, z: 0 }, 20),
 *   clients,
 *   { positionOf: (client) => at.get(client) },
 *   receivers,
 * );
 * assertEquals(receivers, [clientId(1), clientId(2)]);
 * ```
 */
export function resolveTarget(
  target: ServerTarget,
  clients: ConnectedClients,
  hooks: TargetHooks,
  into: ClientId[],
): void {
  switch (target.type) {
    case "server":
      return;
    case "client":
      if (clients.has(target.id)) into.push(target.id);
      return;
    default: {
      const start = into.length;
      try {
        const { ids } = clients;
        for (let i = 0; i < ids.length; i++) {
          const id = ids[i]!;
          if (isReceiver(target, id, hooks)) into.push(id);
        }
      } catch (error) {
        into.length = start;
        throw error;
      }
    }
  }
}

function isReceiver(
  target: ServerTarget,
  id: ClientId,
  { teamOf, positionOf }: TargetHooks,
): boolean {
  switch (target.type) {
    case "all":
      return true;
    case "server":
      return false;
    case "client":
      return id === target.id;
    case "allExcept":
      return id !== target.id;
    case "team":
      return teamOf !== undefined && teamOf(id) === target.team;
    case "within": {
      const position = positionOf?.(id);
      return position !== undefined &&
        distanceSquared(position, target.at) <= target.radius * target.radius;
    }
    case "where":
      return target.test(id);
  }
}

/** Infinities away from each other are no distance: NaN is within nothing. */
export function distanceSquared(a: Vec3, b: Vec3): number {
  const x = a.x - b.x;
  const y = a.y - b.y;
  const z = a.z - b.z;
  return x * x + y * y + z * z;
}

/**
 * Refuses what only a programmer can get wrong: a target that is none, or one that needs
 * a hook which is not there.
 *
 * @param target What the server is to send to.
 * @param hooks What the game knows of its clients.
 * @throws {TypeError} If it is no target, or the hook is missing.
 */
export function checkTarget(target: ServerTarget, hooks: TargetHooks): void {
  switch (target?.type) {
    case "all":
    case "server":
    case "client":
    case "allExcept":
    case "where":
      return;
    case "team":
      if (hooks.teamOf === undefined) throw noHook("a team", "teamOf");
      return;
    case "within":
      if (hooks.positionOf === undefined) {
        throw noHook("clients within a radius", "positionOf");
      }
      return;
    default:
      throw new TypeError(
        `Cannot send to a target as it must be one of ServerTarget: current value is ${
          String((target as { type?: unknown } | undefined)?.type)
        }`,
      );
  }
}

function noHook(what: string, hook: string): TypeError {
  return new TypeError(
    `Cannot send to ${what} as the server must have ${hook}: current value is undefined`,
  );
}
