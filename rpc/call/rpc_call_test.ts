import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { SeededRandom } from "../../core/mod.ts";
import { RpcError } from "../rpc_error.ts";
import { type ClientId, clientId } from "../target/client_id.ts";
import { RpcTarget } from "../target/rpc_target.ts";
import vectors from "../vectors/call.json" with { type: "json" };
import { callOf, randomCall } from "./_testing/vector_calls.ts";
import { MAX_CALL_BYTES, MAX_CALL_PARAMS, RpcCall } from "./rpc_call.ts";
import { type RpcId, rpcId } from "./rpc_id.ts";
import { RpcParam } from "./rpc_param.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const OWN = rpcId(100);

function there(params: readonly RpcParam[]): readonly RpcParam[] {
  const call = new RpcCall({ id: OWN, params });
  return RpcCall.deserialize(call.serialize(), undefined).params;
}

Deno.test("RpcCall has the bytes of every vector, both ways", () => {
  for (const { name, call, bytes } of vectors.calls) {
    const made = callOf(call);
    assertEquals([name, encodeHex(made.serialize())], [name, bytes]);
    assertEquals([name, made.byteLength], [name, bytes.length / 2]);
    assertEquals(RpcCall.deserialize(decodeHex(bytes), undefined), made, name);
  }
});

Deno.test("RpcCall.tryDeserialize() refuses every wrong vector, and says why", () => {
  for (const { name, bytes, fault } of vectors.refused) {
    const found = RpcCall.tryDeserialize(decodeHex(bytes), undefined);
    assertEquals([name, found], [name, fault]);
  }
});

Deno.test("RpcCall.tryDeserialize() refuses every cut, and accepts only what encodes to the same", () => {
  let accepted = 0;
  for (const { name, bytes } of vectors.calls) {
    const whole = decodeHex(bytes);
    for (let end = 0; end < whole.length; end++) {
      const found = RpcCall.tryDeserialize(whole.subarray(0, end), undefined);
      assert(typeof found === "string", `${name} cut at ${end}`);
    }
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const other = whole.slice();
      other[bit >>> 3]! ^= 1 << (bit & 7);
      const found = RpcCall.tryDeserialize(other, undefined);
      if (typeof found === "string") continue;
      accepted++;
      const again = encodeHex(found.serialize());
      assertEquals(again, encodeHex(other), `${name}, bit ${bit}`);
    }
  }
  assert(accepted > 100);
});

Deno.test("RpcCall reads nothing around its bytes", () => {
  for (const { bytes } of vectors.calls) {
    const whole = decodeHex(bytes);
    const amidst = new Uint8Array(whole.length + 64).fill(0xff);
    amidst.set(whole, 32);
    for (let end = 0; end <= whole.length; end++) {
      assertEquals(
        RpcCall.tryDeserialize(amidst.subarray(32, 32 + end), undefined),
        RpcCall.tryDeserialize(whole.slice(0, end), undefined),
      );
    }
  }
});

Deno.test("RpcCall comes back as it was, whatever it carries", () => {
  const cases = IS_SOAK ? 50_000 : 1_000;
  for (let seed = 0; seed < cases; seed++) {
    const call = randomCall(new SeededRandom(seed));
    if (call.byteLength > MAX_CALL_BYTES) continue;
    const bytes = call.serialize();
    assertEquals([seed, bytes.length], [seed, call.byteLength]);
    const back = RpcCall.deserialize(bytes, undefined);
    assertEquals(back, call, `seed ${seed}`);
    assertEquals(back.serialize(), bytes, `seed ${seed}`);
  }
});

Deno.test("RpcCall keeps the sign of a float's zero, and no sign of an int's", () => {
  const [float, vec, int] = there([
    RpcParam.float(-0),
    RpcParam.vec3({ x: 0, y: -0, z: 0 }),
    { type: "int", value: -0 },
  ]);
  assertStrictEquals(float?.value, -0);
  assert(vec?.type === "vec3");
  assertStrictEquals(vec.value.y, -0);
  assertStrictEquals(int?.value, 0);
});

Deno.test("RpcCall sends whole characters, and U+FFFD for half of one", () => {
  const texts = ["😀", "a😀b", "😀".repeat(400), "é".repeat(33), "\u{10ffff}"];
  for (const text of texts) {
    assertEquals(there([{ type: "string", value: text }])[0]?.value, text);
  }
  const halves = ["\ud83d", "\ude00", "a\ud83d", "\ude00b", "\ude00\ud83d"];
  for (const text of [...halves, "\ud83d".repeat(99)]) {
    const value = text.toWellFormed();
    assertEquals(there([{ type: "string", value: text }])[0]?.value, value);
    assertEquals(RpcParam.string(text).value, value);
  }
});

Deno.test("RpcCall carries up to 1,024 parameters", () => {
  for (const count of [0, 30, 31, 32, 158, 159, 255, 256, 257, 1_023]) {
    const params = Array.from({ length: count }, (_, i) => RpcParam.int(i));
    assertEquals(there(params), params);
  }
  const most = Array(MAX_CALL_PARAMS).fill(RpcParam.bool(true));
  assertEquals(there(most), most);
  assertThrows(
    () => new RpcCall({ id: OWN, params: [...most, RpcParam.int(1)] }),
    RangeError,
    "at most 1024 parameters",
  );
});

Deno.test("RpcCall.serialize() writes a typical call in 38 bytes", () => {
  const call = new RpcCall({
    id: rpcId(109),
    target: RpcTarget.client(clientId(12)),
    sequence: 4_711,
    params: [
      RpcParam.int(-1_000),
      RpcParam.float(12.5),
      RpcParam.string("twelve chars"),
      RpcParam.vec3({ x: 1.5, y: 2.5, z: -3.5 }),
    ],
  });
  assertEquals(call.serialize().length, 38);
});

Deno.test("RpcCall.serialize() refuses more than 65,535 bytes", () => {
  const withBytes = (length: number) =>
    new RpcCall({ id: OWN, params: [RpcParam.bytes(new Uint8Array(length))] });
  const largest = withBytes(MAX_CALL_BYTES - 7);
  assertEquals(largest.serialize().length, MAX_CALL_BYTES);
  const error = assertThrows(
    () => withBytes(MAX_CALL_BYTES - 6).serialize(),
    RpcError,
    "at most 65535 bytes: current value is 65536",
  );
  assertEquals(error.code, "tooLarge");
  const bytes = new Uint8Array(MAX_CALL_BYTES + 1);
  bytes.set([0, 100, 8, 6, 0xfa, 0xff, 3]);
  assertEquals(RpcCall.tryDeserialize(bytes, undefined), "range");
});

Deno.test("RpcCall has the caller that its receiver gives it, not one of its bytes", () => {
  const sent = new RpcCall({ id: OWN, caller: clientId(9) });
  assertEquals(sent.serialize(), new RpcCall({ id: OWN }).serialize());
  const bytes = sent.serialize();
  assertEquals(RpcCall.deserialize(bytes, clientId(4)).caller, 4);
  assertStrictEquals(RpcCall.deserialize(bytes, undefined).caller, undefined);
});

Deno.test("RpcCall keeps nothing of the bytes and the array it was made of", () => {
  const bytes = callOf(vectors.calls.find(({ name }) => name === "bytes")!.call)
    .serialize();
  const call = RpcCall.deserialize(bytes, undefined);
  const before = call.serialize();
  bytes.fill(0);
  assertEquals(call.serialize(), before);

  const params = [RpcParam.int(1)];
  const own = new RpcCall({ id: OWN, params });
  params.push(RpcParam.int(2));
  assertEquals(own.params.length, 1);
});

Deno.test("RpcCall.withSequence() changes nothing else", () => {
  const call = new RpcCall({
    id: OWN,
    target: RpcTarget.team(3),
    params: [RpcParam.int(1)],
    caller: clientId(2),
  });
  assertEquals({ ...call.withSequence(8) }, { ...call, sequence: 8 });
});

Deno.test("RpcCall.deserialize() throws with the fault for people", () => {
  const error = assertThrows(
    () => RpcCall.deserialize(new Uint8Array([0, 100, 5]), undefined),
    RpcError,
    'current fault is "target"',
  );
  assertEquals(error.code, "deserializeError");
});

Deno.test("RpcCall refuses what it cannot be made of", () => {
  const wrong = [0, -1, 1.5, 65_536, NaN].map((id) => ({ id: id as RpcId }));
  for (const init of wrong) {
    assertThrows(() => new RpcCall(init), RangeError, "id must be");
  }
  for (const sequence of [-1, 0.5, 2 ** 53, NaN, Infinity]) {
    assertThrows(
      () => new RpcCall({ id: OWN, sequence }),
      RangeError,
      "sequence must be",
    );
  }
  const id = 0 as ClientId;
  const targets: RpcTarget[] = [
    { type: "client", id },
    { type: "allExcept", id },
    { type: "team", team: 65_536 },
  ];
  for (const target of targets) {
    assertThrows(() => new RpcCall({ id: OWN, target }), RangeError, "target.");
  }
  const target = { type: "nobody" } as unknown as RpcTarget;
  assertThrows(() => new RpcCall({ id: OWN, target }), TypeError, "nobody");
});

Deno.test("RpcCall.serialize() throws for parameters of nobody's making", () => {
  const wrong: { type: string; value?: unknown }[] = [
    { type: "bool", value: 2 },
    { type: "bool" },
    { type: "int", value: 1.5 },
    { type: "int", value: 2 ** 53 },
    { type: "int", value: "1" },
    { type: "float", value: NaN },
    { type: "float", value: Infinity },
    { type: "float", value: 3.5e38 },
    { type: "float", value: "1" },
    { type: "string", value: 1 },
    { type: "vec3", value: { x: 1, y: 2 } },
    { type: "vec3", value: { x: 1, y: 2, z: -Infinity } },
    { type: "vec3" },
    { type: "bytes", value: [1] },
    { type: "date", value: 1 },
  ];
  for (const param of wrong) {
    const params = [RpcParam.bool(true), param as RpcParam];
    const call = new RpcCall({ id: OWN, params });
    const message =
      `parameter 1 must have a value of its type: current type is "${param.type}"`;
    assertThrows(() => call.serialize(), RangeError, message);
    assertThrows(() => call.byteLength, RangeError, message);
  }
});
