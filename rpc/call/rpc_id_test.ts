import { assertEquals, assertThrows } from "@std/assert";
import {
  FIRST_OWN_RPC_ID,
  isRpcId,
  MAX_RPC_ID,
  RpcId,
  rpcId,
} from "./rpc_id.ts";

Deno.test("RpcId has the twelve numbers of the documentation", () => {
  assertEquals(RpcId, {
    Chat: 1,
    PlayerJoined: 2,
    PlayerLeft: 3,
    GameEvent: 4,
    ForceField: 5,
    ParticleBurst: 6,
    ScreenEffect: 7,
    PlaySound: 8,
    DamageNumber: 9,
    EntityStatus: 10,
    CameraShake: 11,
    Dialogue: 12,
  });
});

Deno.test("rpcId() accepts what isRpcId() says, and nothing else", () => {
  const right = [1, 12, 13, FIRST_OWN_RPC_ID, MAX_RPC_ID];
  assertEquals(right.map(rpcId) as number[], right);
  for (const id of [0, -1, 1.5, MAX_RPC_ID + 1, NaN, Infinity]) {
    assertEquals(isRpcId(id), false);
    assertThrows(() => rpcId(id), RangeError, `${id}`);
  }
});
