import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom, type Vec3 } from "../../core/mod.ts";
import { type ClientId, clientId } from "./client_id.ts";
import { explainTarget } from "./explain_target.ts";
import {
  checkTarget,
  type ConnectedClients,
  resolveTarget,
  type TargetHooks,
} from "./resolve_target.ts";
import { RpcTarget } from "./rpc_target.ts";
import { ServerTarget } from "./server_target.ts";

function connected(...ids: readonly number[]): ConnectedClients {
  const set = new Set(ids.map(clientId));
  return { ids: [...set], has: (id) => set.has(id) };
}

function receiversOf(
  target: ServerTarget,
  clients: ConnectedClients,
  hooks: TargetHooks = {},
): number[] {
  const into: ClientId[] = [];
  resolveTarget(target, clients, hooks, into);
  return into;
}

const FIVE = connected(3, 1, 4, 9, 5);
const HOOKS: TargetHooks = {
  teamOf: (client) => client === 9 ? undefined : client % 2,
  positionOf: (client) =>
    client === 9 ? undefined : { x: client, y: 0, z: client === 4 ? NaN : 0 },
};

Deno.test("resolveTarget() finds those that each target means, in order", () => {
  const cases: readonly [ServerTarget, number[]][] = [
    [RpcTarget.all(), [3, 1, 4, 9, 5]],
    [RpcTarget.server(), []],
    [RpcTarget.client(clientId(4)), [4]],
    [RpcTarget.client(clientId(7)), []],
    [RpcTarget.allExcept(clientId(4)), [3, 1, 9, 5]],
    [RpcTarget.allExcept(clientId(7)), [3, 1, 4, 9, 5]],
    [RpcTarget.team(1), [3, 1, 5]],
    [RpcTarget.team(0), [4]],
    [RpcTarget.team(7), []],
    // The limit is within.
    [ServerTarget.within({ x: 1, y: 0, z: 0 }, 2), [3, 1]],
    [ServerTarget.within({ x: 1, y: 0, z: 0 }, 1.999), [1]],
    [ServerTarget.within({ x: 1, y: 0, z: 0 }, 0), [1]],
    [ServerTarget.within({ x: 0, y: 0, z: 0 }, Infinity), [3, 1, 5]],
    [ServerTarget.where((client) => client > 3), [4, 9, 5]],
  ];
  for (const [target, expected] of cases) {
    assertEquals([target, receiversOf(target, FIVE, HOOKS)], [
      target,
      expected,
    ]);
    assertEquals(receiversOf(target, connected(), HOOKS), []);
  }
});

Deno.test("resolveTarget() finds nobody where the game cannot tell", () => {
  assertEquals(receiversOf(RpcTarget.team(0), FIVE), []);
  const near = ServerTarget.within({ x: 0, y: 0, z: 0 }, Infinity);
  assertEquals(receiversOf(near, FIVE), []);
});

Deno.test("resolveTarget() appends, and leaves the array alone where a hook throws", () => {
  const into = [clientId(8)];
  resolveTarget(RpcTarget.team(0), FIVE, HOOKS, into);
  assertEquals<number[]>(into, [8, 4]);
  const failing = ServerTarget.where((client) => {
    if (client === 9) throw new Error("no such player");
    return true;
  });
  assertThrows(
    () => resolveTarget(failing, FIVE, HOOKS, into),
    Error,
    "no such player",
  );
  assertEquals<number[]>(into, [8, 4]);
});

Deno.test("resolveTarget() may be called again by a hook with the same array", () => {
  const into: ClientId[] = [];
  const inner: number[][] = [];
  const outer = ServerTarget.where((client) => {
    const start = into.length;
    resolveTarget(RpcTarget.team(1), FIVE, HOOKS, into);
    inner.push(into.slice(start));
    into.length = start;
    return client !== 1;
  });
  resolveTarget(outer, FIVE, HOOKS, into);
  assertEquals<number[]>(into, [3, 4, 9, 5]);
  assertEquals(inner, new Array(5).fill([3, 1, 5]));
});

Deno.test("explainTarget() says of every client why it does not get the call", () => {
  const say = (target: ServerTarget, hooks = HOOKS) =>
    explainTarget(target, FIVE, hooks).others.map(
      ({ client, reason, message }) => {
        assert(message.startsWith(`Client ${client} `));
        return [
          client as number,
          reason,
          message.split(" ").slice(2).join(" "),
        ];
      },
    );
  assertEquals(say(RpcTarget.all()), []);
  assertEquals(
    say(RpcTarget.server()),
    [3, 1, 4, 9, 5].map((id) => [id, "serverOnly", "is not the server"]),
  );
  assertEquals(
    say(RpcTarget.client(clientId(4))),
    [3, 1, 9, 5].map((id) => [id, "notTheOne", "is not client 4"]),
  );
  assertEquals(say(RpcTarget.allExcept(clientId(4))), [
    [4, "excepted", "is left out"],
  ]);
  assertEquals(say(RpcTarget.team(1)), [
    [4, "otherTeam", "is of team 0, not 1"],
    [9, "noTeam", "has no team"],
  ]);
  assertEquals(say(ServerTarget.within({ x: 1, y: 0, z: 0 }, 2)), [
    [4, "tooFar", "is NaN away, more than 2"],
    [9, "noPosition", "has no position"],
    [5, "tooFar", "is 4 away, more than 2"],
  ]);
  assertEquals(
    say(ServerTarget.where((client) => client > 3)),
    [3, 1].map((id) => [id, "testFailed", "was not chosen by the test"]),
  );
  assertEquals(say(RpcTarget.team(0), {}).map(([, reason]) => reason), [
    ...new Array(5).fill("noTeam"),
  ]);
});

Deno.test("explainTarget() names who is meant and not there", () => {
  const gone = explainTarget(RpcTarget.client(clientId(7)), FIVE, HOOKS);
  assertEquals(gone.notConnected, clientId(7));
  assertEquals(
    gone.message,
    "0 of 5 clients get it; client 7 is not connected",
  );
  const rest = explainTarget(RpcTarget.allExcept(clientId(4)), FIVE, HOOKS);
  assertEquals(Object.hasOwn(rest, "notConnected"), false);
  assertEquals(rest.message, "4 of 5 clients get it");
  assertEquals(JSON.parse(JSON.stringify(rest)).receivers, [3, 1, 9, 5]);
});

Deno.test("explainTarget() and resolveTarget() agree on any world", () => {
  const seed = 77;
  const random = new SeededRandom(seed);
  for (let i = 0; i < 300; i++) {
    const ids = Array.from(
      { length: random.nextU32() % 20 },
      () => 1 + random.nextU32() % 40,
    );
    const clients = connected(...ids);
    const positions = new Map<number, Vec3>(
      ids.map((id) => [id, {
        x: random.nextFloat() * 10,
        y: random.nextFloat() * 10,
        z: 0,
      }]),
    );
    const hooks: TargetHooks = {
      teamOf: (client) => client % 3 === 0 ? undefined : client % 3,
      positionOf: (client) => positions.get(client),
    };
    const someone = clientId(1 + random.nextU32() % 40);
    const targets = [
      RpcTarget.all(),
      RpcTarget.client(someone),
      RpcTarget.allExcept(someone),
      RpcTarget.team(random.nextU32() % 3),
      ServerTarget.within({ x: 5, y: 5, z: 0 }, random.nextFloat() * 8),
      ServerTarget.where((client) => client % 2 === 0),
    ];
    for (const target of targets) {
      const { receivers, others } = explainTarget(target, clients, hooks);
      const context = [seed, i, target.type];
      assertEquals([...context, receivers], [
        ...context,
        receiversOf(target, clients, hooks),
      ]);
      const everyone = [...receivers, ...others.map(({ client }) => client)];
      assertEquals(
        new Set(everyone),
        new Set(clients.ids),
        `seed ${seed}, case ${i}`,
      );
      assertEquals(everyone.length, clients.ids.length);
    }
  }
});

Deno.test("ServerTarget refuses what means nobody by mistake", () => {
  const origin = { x: 0, y: 0, z: 0 };
  for (const radius of [-1, NaN]) {
    assertThrows(
      () => ServerTarget.within(origin, radius),
      RangeError,
      `it must be 0 or more: current value is ${radius}`,
    );
  }
  assertThrows(
    () => ServerTarget.within({ ...origin, y: NaN }, 1),
    RangeError,
    "its point must be finite: current value is 0, NaN, 0",
  );
  assertThrows(
    () => ServerTarget.where("all" as unknown as () => boolean),
    TypeError,
    "it must be a function: current value is all",
  );
  const at = { x: 1, y: 2, z: 3 };
  const target = ServerTarget.within(at, 1);
  at.x = 9;
  assertEquals(target, { type: "within", at: { x: 1, y: 2, z: 3 }, radius: 1 });
});

Deno.test("checkTarget() refuses what needs a hook that is not there", () => {
  const near = ServerTarget.within({ x: 0, y: 0, z: 0 }, 1);
  for (const target of [RpcTarget.all(), RpcTarget.team(1), near]) {
    checkTarget(target, HOOKS);
  }
  assertThrows(
    () => checkTarget(RpcTarget.team(1), {}),
    TypeError,
    "Cannot send to a team as the server must have teamOf",
  );
  assertThrows(
    () => checkTarget(near, {}),
    TypeError,
    "Cannot send to clients within a radius as the server must have positionOf",
  );
  for (const wrong of [undefined, null, {}, { type: "teams" }, "all"]) {
    assertThrows(
      () => checkTarget(wrong as unknown as ServerTarget, HOOKS),
      TypeError,
      "Cannot send to a target as it must be one of ServerTarget",
    );
  }
});
