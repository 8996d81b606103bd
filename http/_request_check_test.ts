import { assert, assertEquals } from "@std/assert";
import { invalidRequest } from "./_request_check.ts";
import { HttpRequest } from "./request.ts";

function makeStream(): ReadableStream<Uint8Array> {
  return new Blob(["abc"]).stream();
}

Deno.test("invalidRequest() refuses a stream that is locked or was read", async () => {
  const locked = makeStream();
  const reader = locked.getReader();
  const read = makeStream();
  await new Response(read).bytes();
  const begun = makeStream();
  const beginner = begun.getReader();
  await beginner.read();
  beginner.releaseLock();
  const cancelled = makeStream();
  await cancelled.cancel();
  for (const stream of [locked, read, begun, cancelled]) {
    const problem = invalidRequest(HttpRequest.post("/", stream));
    assert(problem?.includes("stream is locked or was read already"), problem);
  }
  await reader.cancel();
  await begun.cancel();
});

Deno.test("invalidRequest() leaves a fresh stream as it is", async () => {
  const stream = makeStream();
  assertEquals(invalidRequest(HttpRequest.post("/", stream)), undefined);
  assertEquals(invalidRequest(HttpRequest.post("/", stream)), undefined);
  assertEquals(await new Response(stream).text(), "abc");
});
