import { assertEquals } from "@std/assert";
import { testBackplane, until } from "../_testing/backplane_conformance.ts";
import { BroadcastChannelBackplane } from "./broadcast_channel_backplane.ts";

testBackplane("BroadcastChannelBackplane", async (run) => {
  const name = crypto.randomUUID();
  await run(() => Promise.resolve(new BroadcastChannelBackplane(name)));
});

Deno.test("BroadcastChannelBackplane hands on nothing but bytes", async () => {
  const name = crypto.randomUUID();
  const backplane = new BroadcastChannelBackplane(name);
  const other = new BroadcastChannel(name);
  const got: Uint8Array[] = [];
  backplane.subscribe((envelope) => got.push(envelope));
  for (const data of ["text", 7, null, [1], new Uint8Array([1])]) {
    other.postMessage(data);
  }
  await until(() => got.length > 0);
  assertEquals(got, [new Uint8Array([1])]);
  other.close();
  await backplane.close();
});

Deno.test("BroadcastChannelBackplane reaches a worker and is reached by it", async () => {
  const name = crypto.randomUUID();
  const worker = new Worker(
    new URL("../_testing/backplane_worker.ts", import.meta.url),
    { type: "module" },
  );
  const ready = new Promise((resolve) => worker.onmessage = resolve);
  worker.postMessage(name);
  await ready;
  const backplane = new BroadcastChannelBackplane(name);
  const got: Uint8Array[] = [];
  backplane.subscribe((envelope) => got.push(envelope.slice()));
  for (let i = 0; i < 50; i++) backplane.publish(new Uint8Array([i, 1]));
  await until(() => got.length >= 50);
  assertEquals(
    got,
    Array.from({ length: 50 }, (_, i) => new Uint8Array([i + 1, 1])),
  );
  await backplane.close();
  worker.terminate();
});
