import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { rpcChat } from "./fixed_events.ts";
import { RpcCall } from "./rpc_call.ts";
import { MAX_RPC_ID, RpcId, rpcId } from "./rpc_id.ts";
import { RpcParam } from "./rpc_param.ts";
import { type RpcInvocation, RpcRegistry } from "./rpc_registry.ts";

function nothing(): void {}

function codeOf(outcome: RpcInvocation): string {
  return outcome.type === "failed" ? outcome.error.code : outcome.type;
}

Deno.test("RpcRegistry.register() gives own ids from 100 on, and the twelve theirs", () => {
  const registry = new RpcRegistry();
  assertEquals(registry.register("open", nothing), rpcId(100));
  registry.registerFixed(rpcId(101), "close", nothing);
  assertEquals(registry.register("chat", nothing), RpcId.Chat);
  assertEquals(registry.register("lock", nothing), rpcId(102));
  assertEquals(registry.size, 4);
  assertEquals(registry.idFor("close"), rpcId(101));
  assertEquals(registry.idFor("dialogue"), RpcId.Dialogue);
  assertEquals(registry.idFor("toString"), undefined);
  assertStrictEquals(registry.handler(RpcId.Chat), nothing);
  assertStrictEquals(registry.handler(RpcId.Dialogue), undefined);
});

Deno.test("RpcRegistry.register() ends at the last id", () => {
  const registry = new RpcRegistry();
  for (let id = 100; id <= MAX_RPC_ID; id++) {
    assertEquals(registry.register(`n${id}`, nothing), rpcId(id));
  }
  assertThrows(() => registry.register("one", nothing), RangeError, "65535");
});

Deno.test("RpcRegistry refuses ids and names that are taken or of others", () => {
  const registry = new RpcRegistry();
  registry.register("open", nothing);
  assertThrows(() => registry.register("open", nothing), TypeError, "free");
  assertThrows(
    () => registry.registerFixed(rpcId(100), "close", nothing),
    TypeError,
    "free",
  );
  assertThrows(
    () => registry.registerFixed(rpcId(200), "chat", nothing),
    TypeError,
    "fixed name",
  );
  assertThrows(
    () => registry.registerFixed(RpcId.Chat, "talk", nothing),
    TypeError,
    "fixed name",
  );
  for (const id of [13, 99, 0, 65_536, 100.5]) {
    assertThrows(
      () => registry.registerFixed(id as RpcId, "close", nothing),
      RangeError,
      `${id}`,
    );
  }
  for (const name of ["", "1st", "a b", "a".repeat(65), "ä"]) {
    assertThrows(() => registry.register(name, nothing), RangeError, "name");
  }
  assertEquals(registry.size, 1);
});

Deno.test("RpcRegistry.invoke() hands on the call and the context, and returns the value", () => {
  const registry = new RpcRegistry<string[]>();
  const id = registry.register("add", (call, seen) => {
    seen.push(`${call.id}`);
    return RpcParam.int(seen.length);
  });
  const seen: string[] = [];
  const call = new RpcCall({ id });
  const { type } = registry.invoke(call, seen);
  assertEquals([type, seen], ["returned", ["100"]]);
  assertEquals(registry.invoke(call, seen), {
    type: "returned",
    value: RpcParam.int(2),
  });
});

Deno.test("RpcRegistry.invoke() says that there is no handler", () => {
  const outcome = new RpcRegistry().invoke(
    new RpcCall({ id: rpcId(100) }),
    undefined,
  );
  assertEquals(codeOf(outcome), "unknownRpc");
});

Deno.test("RpcRegistry.invoke() calls no handler with what is not in its signature", () => {
  const registry = new RpcRegistry();
  let calls = 0;
  const id = registry.register("move", () => void calls++, ["vec3", "int"]);
  const at = RpcParam.vec3({ x: 1, y: 2, z: 3 });
  const one = RpcParam.int(1);
  const invoke = (...params: RpcParam[]) =>
    codeOf(registry.invoke(new RpcCall({ id, params }), undefined));
  assertEquals(invoke(), "invalidParams");
  assertEquals(invoke(at), "invalidParams");
  assertEquals(invoke(at, one, one), "invalidParams");
  assertEquals(invoke(one, at), "wrongParamType");
  assertEquals(invoke(at, RpcParam.float(1)), "wrongParamType");
  assertEquals(calls, 0);
  assertEquals(invoke(at, one), "returned");
  assertEquals(calls, 1);
});

Deno.test("RpcRegistry.invoke() knows the parameters of the twelve", () => {
  const registry = new RpcRegistry();
  registry.registerFixed(RpcId.Chat, "chat", nothing);
  const bare = new RpcCall({ id: RpcId.Chat });
  assertEquals(codeOf(registry.invoke(bare, undefined)), "invalidParams");
  const chat = rpcChat({ text: "hello" });
  assertEquals(codeOf(registry.invoke(chat, undefined)), "returned");
});

Deno.test("RpcRegistry.invoke() isolates a handler that throws", () => {
  const registry = new RpcRegistry();
  const cause = new Error("no such door");
  const id = registry.register("open", () => {
    throw cause;
  });
  const outcome = registry.invoke(new RpcCall({ id }), undefined);
  assert(outcome.type === "failed");
  assertEquals(outcome.error.code, "handlerFailed");
  assertStrictEquals(outcome.error.cause, cause);
  // Whatever it is that is thrown.
  const odd = registry.register("odd", () => {
    throw undefined;
  });
  assertEquals(
    codeOf(registry.invoke(new RpcCall({ id: odd }), undefined)),
    "handlerFailed",
  );
});

Deno.test("RpcRegistry takes no handler whose failure nobody would see", () => {
  const registry = new RpcRegistry();
  // @ts-expect-error A promise may be rejected when invoke() has returned.
  registry.register("later", async () => await Promise.resolve());
});

Deno.test("RpcRegistry.invoke() fails for a handler that is async, whatever it throws later", async () => {
  const registry = new RpcRegistry();
  const handler = (() => Promise.reject(new Error("later"))) as unknown;
  const id = registry.register("wait", handler as () => void);
  const outcome = registry.invoke(new RpcCall({ id }), undefined);
  assertEquals(
    outcome.type === "failed" && outcome.error.code,
    "handlerFailed",
  );
  // An error that nobody caught would end the test here.
  await new Promise((resolve) => setTimeout(resolve, 0));
});
