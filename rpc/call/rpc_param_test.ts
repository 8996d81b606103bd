import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { RpcParam } from "./rpc_param.ts";

Deno.test("RpcParam makes what the other end will read", () => {
  assertEquals(RpcParam.bool(true), { type: "bool", value: true });
  assertEquals(RpcParam.int(-7), { type: "int", value: -7 });
  assertStrictEquals(RpcParam.int(-0).value, 0);
  assertEquals(RpcParam.float(0.1).value, Math.fround(0.1));
  assertStrictEquals(RpcParam.float(-0).value, -0);
  assertEquals(RpcParam.string("a\ud800").value, "a\ufffd");
  assertEquals(RpcParam.vec3({ x: 0.1, y: 1, z: 2 }).value, {
    x: Math.fround(0.1),
    y: 1,
    z: 2,
  });
});

Deno.test("RpcParam keeps nothing of what it is made of", () => {
  const bytes = new Uint8Array([1, 2]);
  const point = { x: 1, y: 2, z: 3 };
  const params = [RpcParam.bytes(bytes), RpcParam.vec3(point)];
  bytes.fill(9);
  point.x = 9;
  assertEquals(params, [
    { type: "bytes", value: new Uint8Array([1, 2]) },
    { type: "vec3", value: { x: 1, y: 2, z: 3 } },
  ]);
});

Deno.test("RpcParam refuses numbers that cannot be sent", () => {
  for (const value of [0.5, 2 ** 53, -(2 ** 53), NaN, Infinity]) {
    assertThrows(() => RpcParam.int(value), RangeError, `${value}`);
  }
  // What is rounded to an infinity in 32 bits is one.
  for (const value of [NaN, Infinity, -Infinity, 3.4028236e38]) {
    assertThrows(() => RpcParam.float(value), RangeError, `${value}`);
    for (const axis of ["x", "y", "z"]) {
      const point = { x: 0, y: 0, z: 0, [axis]: value };
      assertThrows(() => RpcParam.vec3(point), RangeError, `${value}`);
    }
  }
});
