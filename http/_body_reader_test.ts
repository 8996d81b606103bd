import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  BodyTooLargeError,
  checkLength,
  lengthAtOnce,
  readBody,
  type ReadBodyOptions,
  TruncatedBodyError,
} from "./_body_reader.ts";
import { HttpHeaders } from "./headers.ts";

const OPTIONS: ReadBodyOptions = {
  maxBytes: 100,
  hasBody: true,
  onProgress: undefined,
};

function chunked(sizes: number[], headers: Record<string, string> = {}) {
  const state = { pulled: 0, isCancelled: false };
  const body = new ReadableStream<Uint8Array>({
    pull(controller): void {
      const size = sizes[state.pulled++];
      if (size === undefined) controller.close();
      else controller.enqueue(new Uint8Array(size).fill(state.pulled));
    },
    cancel(): void {
      state.isCancelled = true;
    },
  }, { highWaterMark: 0 });
  return { response: new Response(body, { headers }), state };
}

function read(
  response: Response,
  options: ReadBodyOptions = OPTIONS,
): Promise<Uint8Array> {
  return readBody(response, new HttpHeaders(response.headers), options);
}

Deno.test("readBody() joins chunks up to the limit", async () => {
  for (const sizes of [[], [0], [100], [40, 60], [1, 2, 3]]) {
    const { response } = chunked(sizes);
    const bytes = await read(response);
    assertEquals(bytes.length, sizes.reduce((a, b) => a + b, 0));
  }
});

for (const declared of [undefined, 1, 3, 1_000]) {
  Deno.test(`readBody() keeps nothing of the chunks' large buffers when ${declared} bytes are declared`, async () => {
    // Each chunk is a view on the same buffer: a reader that kept the views would read the last byte throughout.
    const shared = new Uint8Array(65_536);
    for (const length of [1, 2, 3, 1_000]) {
      let sent = 0;
      const body = new ReadableStream<Uint8Array>({
        pull(controller): void {
          if (sent === length) return controller.close();
          shared[7] = ++sent;
          controller.enqueue(shared.subarray(7, 8));
        },
      }, { highWaterMark: 0 });
      const headers: HeadersInit = declared === undefined || declared > length
        ? {}
        : { "content-length": `${declared}` };
      const bytes = await read(new Response(body, { headers }), {
        ...OPTIONS,
        maxBytes: 1_000,
      });
      assertEquals(bytes, Uint8Array.from({ length }, (_, i) => i + 1));
      assertEquals(bytes.buffer.byteLength, length);
    }
  });
}

Deno.test("readBody() stops at the limit and cancels", async () => {
  const { response, state } = chunked([60, 60, 60, 60]);
  await assertRejects(() => read(response), BodyTooLargeError);
  assertEquals(state.pulled, 2);
  assert(state.isCancelled);
});

Deno.test("readBody() believes a declared length only to refuse", async () => {
  const large = chunked([1], { "content-length": "101" });
  await assertRejects(
    () => read(large.response),
    BodyTooLargeError,
  );
  assertEquals(large.state.pulled, 0);
  const lying = chunked([60, 60], { "content-length": "5" });
  await assertRejects(
    () => read(lying.response),
    BodyTooLargeError,
  );
  const short = chunked([4], { "content-length": "5" });
  await assertRejects(
    () => read(short.response),
    TruncatedBodyError,
    "4 of 5",
  );
});

for (const length of ["-1", "5x", "1e1", "", "99999999999999999999"]) {
  Deno.test(`readBody() passes over the length "${length}"`, async () => {
    const { response } = chunked([3], { "content-length": length });
    assertEquals((await read(response)).length, 3);
  });
}

Deno.test("readBody() does not take the length of a compressed body for the decoded one", async () => {
  const { response } = chunked([50], {
    "content-length": "10",
    "content-encoding": "gzip",
  });
  assertEquals((await read(response)).length, 50);
});

Deno.test("readBody() expects no body after HEAD, 204 and 304", async () => {
  const head = new Response(null, { headers: { "content-length": "5000" } });
  assertEquals(
    (await read(head, { ...OPTIONS, hasBody: false })).length,
    0,
  );
  for (const status of [204, 304]) {
    const response = new Response(null, {
      status,
      headers: { "content-length": "5000" },
    });
    assertEquals((await read(response)).length, 0);
  }
});

Deno.test("readBody() reports progress", async () => {
  const { response } = chunked([10, 20], { "content-length": "30" });
  const seen: unknown[] = [];
  await read(response, {
    ...OPTIONS,
    onProgress: (received, total) => seen.push([received, total]),
  });
  assertEquals(seen, [[10, 30], [30, 30]]);
});

Deno.test("lengthAtOnce() is for plain bodies of declared and allowed length", () => {
  function length(
    init: ResponseInit,
    options: ReadBodyOptions = OPTIONS,
  ): number | undefined {
    const response = new Response(init.status === 204 ? null : "hello", init);
    return lengthAtOnce(response, new HttpHeaders(response.headers), options);
  }
  const headers = { "content-length": "5" };
  assertEquals(length({ headers }), 5);
  assertEquals(length({}), undefined);
  assertEquals(length({ headers: { "content-length": "101" } }), undefined);
  assertEquals(
    length({ headers: { ...headers, "content-encoding": "gzip" } }),
    undefined,
  );
  assertEquals(length({ headers, status: 204 }), undefined);
  assertEquals(length({ headers }, { ...OPTIONS, hasBody: false }), undefined);
  assertEquals(
    length({ headers }, { ...OPTIONS, onProgress: () => {} }),
    undefined,
  );
});

Deno.test("checkLength() refuses what is too short or too large", () => {
  const bytes = new Uint8Array(5);
  assertStrictEquals(checkLength(bytes, 5, OPTIONS), bytes);
  assertThrows(() => checkLength(bytes, 6, OPTIONS), TruncatedBodyError);
  assertThrows(
    () => checkLength(bytes, 5, { ...OPTIONS, maxBytes: 4 }),
    BodyTooLargeError,
  );
});
