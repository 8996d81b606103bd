import { assertEquals } from "@std/assert";
import * as sync from "./mod.ts";

/** The documented classes, each with what it must be able to do. */
const METHODS = {
  DeltaSnapshot: "apply",
  SnapshotBuffer: "push latest oldest atTick bracket",
  StateInterpolator: "pushSnapshot interpolate deadReckon",
  PlayerInput: "serialize",
  InputBuffer: "push ackUpTo unacked",
  ClientPrediction: "applyInput reconcile tickCorrection",
  LagCompensation: "record rewindToTick rewindForClient entityAtTick",
  NetworkClock: "recordPingPong tick toServerTick",
} as const;

const GETTERS = {
  EntitySnapshot: "alive grounded crouching",
  DeltaSnapshot: "changeCount",
  ClientPrediction: "isCorrecting",
  NetworkClock: "serverTime rttMs offset",
} as const;

Deno.test("mod.ts has the documented classes, with their members", () => {
  for (
    const [name, members] of [
      ...Object.entries(METHODS),
      ...Object.entries(GETTERS),
    ]
  ) {
    const { prototype } = sync[name as keyof typeof METHODS | "EntitySnapshot"];
    const lacking = members.split(" ").filter((member) =>
      !Object.hasOwn(prototype, member)
    );
    assertEquals(lacking, [], name);
  }
  assertEquals(typeof sync.DeltaSnapshot.build, "function");
  assertEquals(typeof sync.PlayerInput.deserialize, "function");
});

Deno.test("mod.ts has the documented snapshots, capacities and models", () => {
  const position = { x: 1, y: 2, z: 3 };
  const entity = new sync.EntitySnapshot({ id: 1, position });
  const { velocity, rotation, health, stateFlags, custom } = entity;
  assertEquals(
    { velocity, rotation, health, stateFlags, custom },
    {
      velocity: { x: 0, y: 0, z: 0 },
      rotation: 0,
      health: 100,
      stateFlags: sync.StateFlag.Alive,
      custom: new Uint8Array(),
    },
  );
  const { tick, timestamp, entities } = new sync.GameStateSnapshot(1, 2, [
    entity,
  ]);
  assertEquals([tick, timestamp, entities.get(1)], [1, 2, entity]);
  assertEquals(sync.SNAPSHOT_BUFFER_CAPACITY, 64);
  assertEquals(sync.INPUT_BUFFER_CAPACITY, 128);
  assertEquals(Object.keys(sync.AuthorityModel), [
    "Server",
    "Client",
    "Shared",
  ]);
});
