import { assert, assertEquals, assertRejects } from "@std/assert";
import { PartReader } from "../replay/_part_reader.ts";
import { Problem } from "./problem.ts";
import { readBody } from "./read_body.ts";

/** What a runtime reads into at once: a chunk is a view of it, also if it is one byte. */
const BUFFER_BYTES = 65_536;
const CHUNKS = 4_096;
const BODIES = 4;

function byteByByte(chunks: number): Request {
  let count = 0;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (count === chunks) return controller.close();
      const buffer = new Uint8Array(BUFFER_BYTES);
      buffer[0] = count++ % 251;
      controller.enqueue(buffer.subarray(0, 1));
    },
  });
  return new Request("http://localhost/", { method: "POST", body });
}

const readers: Record<
  string,
  (request: Request) => Promise<Uint8Array<ArrayBuffer>>
> = {
  "readBody()": (request) => readBody(request, BUFFER_BYTES),
  "PartReader": (request) => new PartReader().read("upload", request),
};

for (const [name, read] of Object.entries(readers)) {
  Deno.test(`${name} holds no more than the bytes of bodies that come byte by byte`, async () => {
    const bodies = await Promise.all(
      Array.from({ length: BODIES }, () => read(byteByByte(CHUNKS))),
    );
    // All buffers are a gigabyte; those that are held by nobody go from time to time.
    const held = Deno.memoryUsage().external;
    assert(held < 400_000_000, `${held} bytes were held`);
    for (const bytes of bodies) {
      assertEquals(
        bytes,
        Uint8Array.from({ length: CHUNKS }, (_, i) => i % 251),
      );
    }
  });

  Deno.test(`${name} takes no body in too many pieces`, async () => {
    const error = await assertRejects(
      () => read(byteByByte(CHUNKS + 1)),
      Problem,
    );
    assertEquals(error.code, "invalidRequest");
  });
}

Deno.test("readBody() waits for no body for ever", async () => {
  let isCancelled = false;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => controller.enqueue(new Uint8Array(10)),
    cancel: () => {
      isCancelled = true;
    },
  });
  const request = new Request("http://localhost/", { method: "POST", body });
  const error = await assertRejects(
    () => readBody(request, BUFFER_BYTES, 1),
    Problem,
  );
  assertEquals([error.code, isCancelled], ["invalidRequest", true]);
});
