import { assert, assertEquals, assertThrows } from "@std/assert";
import { countedStream, encodeForm, prepareBody } from "./_request_body.ts";

Deno.test("prepareBody() keeps text, bytes and parameters as blobs of their type", async () => {
  const cases = [
    ["é", "é", "text/plain;charset=utf-8"],
    [new TextEncoder().encode("bytes"), "bytes", ""],
    [new TextEncoder().encode("buffer").buffer, "buffer", ""],
    [
      new URLSearchParams({ a: "b c" }),
      "a=b+c",
      "application/x-www-form-urlencoded;charset=utf-8",
    ],
  ] as const;
  for (const [body, text, type] of cases) {
    const prepared = prepareBody(body);
    assert(prepared instanceof Blob);
    assertEquals(await prepared.text(), text);
    assertEquals(prepared.type, type);
  }
  assertEquals(prepareBody(undefined), undefined);
});

Deno.test("prepareBody() copies bytes, so that their owner may reuse them", async () => {
  const bytes = new Uint8Array([1, 2, 3]);
  const prepared = prepareBody(bytes.subarray(1)) as Blob;
  bytes.fill(9);
  assertEquals(await prepared.bytes(), new Uint8Array([2, 3]));
});

Deno.test("prepareBody() copies shared memory", async () => {
  const bytes = new Uint8Array(new SharedArrayBuffer(4)).subarray(1);
  bytes.set([1, 2, 3]);
  const prepared = prepareBody(bytes) as Blob;
  bytes.fill(9);
  assertEquals(await prepared.bytes(), new Uint8Array([1, 2, 3]));
});

Deno.test("prepareBody() refuses a buffer that was given away", () => {
  const bytes = new Uint8Array(4);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  for (const body of [bytes, bytes.buffer]) {
    assertThrows(
      () => prepareBody(body),
      TypeError,
      "Cannot send request as the buffer of its body was transferred",
    );
  }
});

Deno.test("prepareBody() refuses what is no body", () => {
  for (const body of [null, 5, { a: 1 }, new Date(), [1]]) {
    assertThrows(
      () => prepareBody(body as unknown as string),
      TypeError,
      `current type is ${body === null ? "null" : typeof body}`,
    );
  }
});

Deno.test("encodeForm() gives the boundary that its body has", async () => {
  const form = new FormData();
  form.set("name", "ada");
  const { contentType, body } = encodeForm(form);
  const boundary = /^multipart\/form-data; ?boundary=(.+)$/.exec(contentType)
    ?.[1];
  assert(boundary !== undefined, contentType);
  const text = await (await body).text();
  assert(text.startsWith(`--${boundary}\r\n`), text);
  assert(text.includes("ada"));
});

Deno.test("countedStream() passes every byte on and counts it", async () => {
  const bytes = new Uint8Array(150_000).map((_, i) => i);
  for (const body of [new Blob([bytes]), new Blob([bytes]).stream()]) {
    const counts: number[] = [];
    const stream = countedStream(body, (sent) => counts.push(sent));
    assertEquals(await new Response(stream).bytes(), bytes);
    assertEquals(counts.at(-1), bytes.length);
    assertEquals(counts, counts.toSorted((a, b) => a - b));
  }
  const empty = countedStream(new Blob([]), () => {});
  assertEquals((await new Response(empty).bytes()).length, 0);
});
