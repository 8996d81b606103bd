import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import {
  clientId,
  loadRecording,
  RpcCall,
  RpcError,
  rpcId,
  RpcParam,
  RpcReplay,
  RpcTarget,
} from "../mod.ts";

function some(seed: number, count: number): RpcReplay {
  const random = new SeededRandom(seed);
  const replay = new RpcReplay();
  replay.startRecording();
  for (let i = 0; i < count; i++) {
    if (random.nextFloat() < 0.5) replay.tick(random.nextFloat() / 3);
    assert(replay.record(
      new RpcCall({
        id: rpcId(100 + random.nextU32() % 5),
        target: RpcTarget.team(i % 7),
        sequence: i,
        caller: i % 3 === 0 ? undefined : clientId(i),
        params: [
          RpcParam.int(i - 5),
          RpcParam.string("né 👋".slice(0, i % 6)),
          RpcParam.bytes(new Uint8Array(random.nextU32() % 300)),
        ],
      }),
    ));
  }
  replay.stopRecording();
  return replay;
}

Deno.test("RpcReplay has the same calls and times after export and import", () => {
  for (let seed = 0; seed < 30; seed++) {
    const replay = some(seed, 40);
    const bytes = replay.export();
    const other = new RpcReplay();
    assertEquals(other.import(bytes), "stopped");
    assertEquals(other.replayAll(), replay.replayAll(), `seed ${seed}`);
    assertEquals(other.export(), bytes);
    assertEquals(other.durationMs, replay.durationMs);
  }
});

Deno.test("RpcReplay.play() hands each call out when its time has come", () => {
  const replay = some(1, 200);
  const all = replay.replayAll();
  for (const speed of [0.25, 1, 3]) {
    const run = replay.play({ speed });
    const given: unknown[] = [];
    let seconds = 0;
    while (!run.isDone) {
      const before = run.timeMs;
      for (const next of run.tick(0.05)) {
        // The first tick has what was called at 0.
        assert(next.timeMs > before || before === 0, `${next.timeMs}`);
        assert(next.timeMs <= run.timeMs);
        given.push(next);
      }
      seconds += 0.05;
    }
    assertEquals(given, all);
    assert(Math.abs(seconds * speed * 1_000 - replay.durationMs) < 51 * speed);
  }
  const run = replay.play({ filter: (call) => call.id === 101 });
  assertEquals(
    run.tick(1_000),
    replay.replayFiltered((call) => call.id === 101),
  );
  assert(run.tick(0).length === 0 && run.isDone);
});

Deno.test("RpcReplay.play() is no rounding too late", () => {
  const replay = new RpcReplay();
  replay.startRecording();
  for (let i = 0; i < 10; i++) replay.tick(0.1);
  replay.record(new RpcCall({ id: rpcId(100) }));
  const run = replay.play();
  for (let i = 0; i < 9; i++) assertEquals(run.tick(0.1), []);
  assertEquals(run.tick(0.1)[0]!.timeMs, 1_000);
});

Deno.test("RpcReplay keeps a call as it was", () => {
  const replay = new RpcReplay();
  const call = new RpcCall({
    id: rpcId(100),
    params: [RpcParam.bytes(new Uint8Array([1, 2]))],
  });
  assertEquals(replay.record(call), false);
  replay.startRecording();
  assert(replay.record(call));
  const [param] = call.params;
  if (param?.type === "bytes") param.value[0] = 9;
  assertEquals(
    replay.replayAll()[0]!.call.params,
    [RpcParam.bytes(new Uint8Array([1, 2]))],
  );
});

Deno.test("RpcReplay keeps no more than its bounds, and counts the rest", () => {
  const call = new RpcCall({ id: rpcId(100) });
  for (
    const options of [{ maxCalls: 3 }, { maxBytes: 3 * call.byteLength + 1 }]
  ) {
    const replay = new RpcReplay(options);
    replay.startRecording();
    const taken = [0, 1, 2, 3, 4].map(() => replay.record(call));
    assertEquals(taken, [true, true, true, false, false]);
    assertEquals([replay.count, replay.droppedCount], [3, 2]);
    const larger = some(1, 4).export();
    const error = assertThrows(() => replay.import(larger), RpcError);
    assertEquals([error.code, replay.count], ["tooLarge", 3]);
  }
  assertThrows(() => new RpcReplay({ maxCalls: 0 }), RangeError);
  assertThrows(() => new RpcReplay().play({ speed: 0 }), RangeError);
  assertThrows(() => new RpcReplay().tick(-1), RangeError);
});

Deno.test("RpcReplay.import() replaces nothing by what is wrong", () => {
  const bytes = some(2, 6).export();
  const replay = some(3, 2);
  const before = replay.replayAll();
  const random = new SeededRandom(5);
  for (let i = 0; i < 2_000; i++) {
    const mutant = bytes.slice();
    mutant[random.nextU32() % mutant.length]! ^= 1 << (random.nextU32() % 8);
    try {
      // A length that became longer looks like the end of what was cut off.
      assertEquals(replay.import(mutant), "truncated");
      replay.import(some(3, 2).export());
    } catch (error) {
      assert(error instanceof RpcError && error.code === "deserializeError");
    }
    assertEquals(replay.count, 2);
  }
  assertEquals(replay.replayAll(), before);
});

Deno.test("RpcReplay.import() takes what is whole of a recording that was cut", () => {
  const bytes = some(2, 6).export();
  const replay = new RpcReplay();
  for (let length = 18; length < bytes.length; length++) {
    const cut = bytes.subarray(0, length);
    assertEquals(replay.import(cut), "truncated");
    assertEquals(replay.count, loadRecording(cut).count);
  }
});
