import { assert, assertEquals, assertThrows } from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { SeededRandom } from "../../core/mod.ts";
import { heldBytes } from "../_testing/held_bytes.ts";
import { RpcError } from "../rpc_error.ts";
import { clientId } from "../target/client_id.ts";
import vectors from "../vectors/call.json" with { type: "json" };
import { callOf, randomCall } from "./_testing/vector_calls.ts";
import { RpcBatcher } from "./rpc_batcher.ts";
import { MAX_BATCH_CALLS, MAX_CALL_BYTES, RpcCall } from "./rpc_call.ts";
import { rpcId } from "./rpc_id.ts";
import { RpcParam } from "./rpc_param.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const OWN = rpcId(100);
const batcher = new RpcBatcher();

function withText(text: string, sequence = 0): RpcCall {
  return new RpcCall({ id: OWN, sequence, params: [RpcParam.string(text)] });
}

function empty(count: number): RpcCall[] {
  return Array.from(
    { length: count },
    (_, sequence) => new RpcCall({ id: OWN, sequence }),
  );
}

Deno.test("RpcBatcher has the bytes of every vector, both ways", () => {
  for (const { name, calls, bytes } of vectors.batches) {
    const made = calls.map(callOf);
    const packets = batcher.batch(made, MAX_CALL_BYTES);
    assertEquals([name, packets.map(encodeHex)], [name, [bytes]]);
    assertEquals(batcher.unbatch(decodeHex(bytes), undefined), made, name);
  }
});

Deno.test("RpcBatcher.tryUnbatch() refuses every wrong vector, and says why", () => {
  for (const { name, bytes, fault } of vectors.refusedBatches) {
    const into: RpcCall[] = [];
    const found = batcher.tryUnbatch(decodeHex(bytes), undefined, into);
    assertEquals([name, found, into], [name, fault, []]);
  }
});

Deno.test("RpcBatcher.tryUnbatch() refuses what a call is refused for, behind others", () => {
  const good = new RpcCall({ id: OWN, sequence: 5 });
  for (const { name, bytes, fault } of vectors.refused) {
    const call = decodeHex(bytes);
    // The fault of a sequence and of what is behind the end are the batch's own.
    if (call[0] !== 0 || fault === "trailing") continue;
    const packet = new Uint8Array([2, ...good.serialize(), ...call]);
    const into = [good];
    assertEquals(
      [name, batcher.tryUnbatch(packet, undefined, into)],
      [name, fault],
    );
    assertEquals(into, [good], name);
  }
});

Deno.test("RpcBatcher.tryUnbatch() refuses every cut, and accepts only what encodes to the same", () => {
  let accepted = 0;
  for (const { name, bytes } of vectors.batches) {
    const whole = decodeHex(bytes);
    const into: RpcCall[] = [];
    for (let end = 0; end < whole.length; end++) {
      const part = whole.subarray(0, end);
      assert(batcher.tryUnbatch(part, undefined, into), `${name}, ${end}`);
    }
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const other = whole.slice();
      other[bit >>> 3]! ^= 1 << (bit & 7);
      into.length = 0;
      if (batcher.tryUnbatch(other, undefined, into) !== undefined) continue;
      accepted++;
      const again = batcher.batch(into, MAX_CALL_BYTES).map(encodeHex);
      assertEquals(again, [encodeHex(other)], `${name}, bit ${bit}`);
    }
  }
  assert(accepted > 100);
});

Deno.test("RpcBatcher.batch() keeps every call, its order and the limit", () => {
  const cases = IS_SOAK ? 5_000 : 100;
  for (let seed = 0; seed < cases; seed++) {
    const random = new SeededRandom(seed);
    const limitBytes = 200 + random.nextU32() % 1_300;
    const calls: RpcCall[] = [];
    while (calls.length < 20) {
      const call = randomCall(random);
      if (call.byteLength < limitBytes) calls.push(call);
    }
    const packets = batcher.batch(calls, limitBytes);
    for (const packet of packets) {
      assert(packet.length <= limitBytes, `seed ${seed}: ${packet.length}`);
    }
    const back = packets.flatMap((packet) =>
      batcher.unbatch(packet, undefined)
    );
    assertEquals(back, calls, `seed ${seed}`);
  }
});

Deno.test("RpcBatcher.batch() fills packets to the last byte", () => {
  // 1 of the number, 1 + 3 of each sequence, id and head, 1 of tags, 1 + 4 of the text.
  const calls = [0, 1, 2].map((sequence) => withText("abcd", sequence));
  const lengths = (limitBytes: number) =>
    batcher.batch(calls, limitBytes).map(({ length }) => length);
  assertEquals(lengths(28), [28]);
  assertEquals(lengths(27), [19, 10]);
  assertEquals(lengths(18), [10, 10, 10]);
  assertEquals(lengths(10), [10, 10, 10]);
});

Deno.test("RpcBatcher puts no more into a packet than 16 times its bytes and 64 KiB hold", () => {
  const bombs: readonly (readonly RpcParam[])[] = [
    [],
    [RpcParam.bool(true)],
    new Array(200).fill(RpcParam.bool(true)),
    new Array(20).fill(RpcParam.int(0)),
    new Array(20).fill(RpcParam.string("")),
    new Array(20).fill(RpcParam.bytes(new Uint8Array(0))),
    [RpcParam.float(0)],
  ];
  for (const [i, params] of bombs.entries()) {
    const calls = Array.from(
      { length: 6_000 },
      (_, sequence) => new RpcCall({ id: OWN, sequence, params }),
    );
    const packets = batcher.batch(calls, MAX_CALL_BYTES);
    let count = 0;
    for (const packet of packets) {
      const read = batcher.unbatch(packet, undefined);
      count += read.length;
      const held = read.reduce((sum, call) => sum + heldBytes(call), 0);
      assert(
        held <= 16 * packet.length + 65_536,
        `${i}: ${held} bytes of ${packet.length}`,
      );
    }
    assertEquals(count, calls.length);
    // The calls of two packets in one, if it has room for them.
    const first = batcher.unbatch(packets[0]!, undefined).length;
    const bodies = calls.slice(0, first + 1).flatMap((call, at) => [
      ...call.withSequence(0).serialize().with(0, at === 0 ? 0 : 2),
    ]);
    const one = first + 1;
    const over = one < 128
      ? [one, ...bodies]
      : [(one & 0x7f) | 0x80, one >> 7, ...bodies];
    if (first >= MAX_BATCH_CALLS || over.length > MAX_CALL_BYTES) continue;
    const into: RpcCall[] = [];
    const packet = Uint8Array.from(over);
    assertEquals(batcher.tryUnbatch(packet, undefined, into), "memory");
    assertEquals(into, []);
  }
});

Deno.test("RpcBatcher takes a call alone whatever it holds", () => {
  const params = new Array(1_024).fill(RpcParam.bytes(new Uint8Array(0)));
  const call = new RpcCall({ id: OWN, params });
  const packets = batcher.batch([call, call], MAX_CALL_BYTES);
  assertEquals(packets.length, 2);
  assertEquals(batcher.unbatch(packets[0]!, undefined), [call]);
  assertEquals(RpcCall.deserialize(call.serialize(), undefined), call);
});

Deno.test("RpcBatcher.batch() makes no packet of no calls", () => {
  assertEquals(batcher.batch([], 1_200), []);
});

Deno.test("RpcBatcher puts more than 255 calls into a packet, and no more than 4,096", () => {
  for (const count of [127, 128, 255, 256, 257, 300, MAX_BATCH_CALLS]) {
    const packets = batcher.batch(empty(count), MAX_CALL_BYTES);
    assertEquals(packets.length, 1);
    assertEquals(batcher.unbatch(packets[0]!, undefined), empty(count));
  }
  const packets = batcher.batch(empty(MAX_BATCH_CALLS + 1), MAX_CALL_BYTES);
  assertEquals(
    packets.map((packet) => batcher.unbatch(packet, undefined).length),
    [MAX_BATCH_CALLS, 1],
  );
  // Its number is 4097 here, and its calls are there.
  const tooMany = new Uint8Array([
    ...[0x81, 0x20, 0, 100, 0],
    ...Array(MAX_BATCH_CALLS).fill([2, 100, 0]).flat(),
  ]);
  assertEquals(batcher.tryUnbatch(tooMany, undefined, []), "range");
});

Deno.test("RpcBatcher.batch() crosses the length of its number's varint", () => {
  // 127 calls of 3 bytes and their number, and one byte more: no room for number 128.
  const calls = empty(128);
  assertEquals(
    batcher.batch(calls, 1 + 127 * 3 + 3).map(({ length }) => length),
    [382, 4],
  );
  assertEquals(
    batcher.batch(calls, 2 + 128 * 3 + 0).map(({ length }) => length),
    [386],
  );
});

Deno.test("RpcBatcher.batch() refuses a call that is too large, and then works on", () => {
  const calls = [withText("short"), withText("x".repeat(200))];
  const error = assertThrows(
    () => batcher.batch(calls, 100),
    RpcError,
    "call 1 must take at most 99 bytes: current value is 206",
  );
  assertEquals(error.code, "tooLarge");
  assertEquals(batcher.batch(calls, 207).length, 2);

  const most = new Uint8Array(MAX_CALL_BYTES - 8);
  const largest = (length: number) =>
    new RpcCall({
      id: OWN,
      params: [RpcParam.bytes(most.subarray(0, length))],
    });
  const [packet] = batcher.batch([largest(most.length)], MAX_CALL_BYTES);
  assertEquals(packet?.length, MAX_CALL_BYTES);
  assertEquals(batcher.unbatch(packet!, undefined), [largest(most.length)]);
  // Its last byte is one too many, alone and behind another.
  const over = new RpcCall({
    id: OWN,
    params: [RpcParam.bytes(new Uint8Array(MAX_CALL_BYTES - 7))],
  });
  for (const calls of [[over], [withText("a"), over]]) {
    assertThrows(() => batcher.batch(calls, MAX_CALL_BYTES), RpcError);
  }
});

Deno.test("RpcBatcher.batch() throws for parameters of nobody's making, and then works on", () => {
  const wrong = new RpcCall({ id: OWN, params: [{ type: "int", value: 0.5 }] });
  for (const calls of [[wrong], [withText("a"), wrong]]) {
    assertThrows(() => batcher.batch(calls, 100), RangeError, "parameter 0");
  }
  assertEquals(batcher.batch([withText("a")], 100).length, 1);
});

Deno.test("RpcBatcher.batch() refuses limits that are none", () => {
  for (const limitBytes of [0, -1, 1.5, NaN, Infinity, MAX_CALL_BYTES + 1]) {
    assertThrows(() => batcher.batch([], limitBytes), RangeError, "limitBytes");
  }
});

Deno.test("RpcBatcher.batch() gives each packet an array of its own", () => {
  const [first] = batcher.batch([withText("first")], 100);
  const before = encodeHex(first!);
  batcher.batch([withText("second"), withText("third")], 100);
  assertEquals(encodeHex(first!), before);
  assertEquals(first!.byteLength, first!.buffer.byteLength);
});

Deno.test("RpcBatcher.unbatch() gives its calls the caller of the connection", () => {
  const calls = [withText("a"), withText("b")].map(
    (call) => new RpcCall({ ...call, caller: clientId(99) }),
  );
  const [packet] = batcher.batch(calls, 100);
  const callers = (caller?: number) =>
    batcher.unbatch(packet!, caller === undefined ? caller : clientId(caller))
      .map(({ caller }) => caller as number | undefined);
  assertEquals(callers(3), [3, 3]);
  assertEquals(callers(), [undefined, undefined]);
});

Deno.test("RpcBatcher.unbatch() throws with the fault for people", () => {
  const error = assertThrows(
    () => batcher.unbatch(new Uint8Array([0]), undefined),
    RpcError,
    'current fault is "range"',
  );
  assertEquals(error.code, "deserializeError");
});
