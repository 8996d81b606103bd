import { assertEquals, assertRejects } from "@std/assert";
import { BUFFER_BYTES, gzip } from "./_testing/bodies.ts";
import { addHoldTests } from "./_testing/hold.ts";
import { HttpProblem } from "./http_problem.ts";
import {
  readBody,
  readEncodedBody,
  readJson,
  type ReadJsonOptions,
} from "./read_body.ts";

const UTF8 = new TextEncoder();

function post(
  body: BodyInit,
  headers: Readonly<Record<string, string>> = {},
): Request {
  return new Request("http://localhost/", { method: "POST", body, headers });
}

/** The status and code of what a promise rejects with. */
async function refusalOf(promise: Promise<unknown>): Promise<string> {
  const { status, code } = await assertRejects(() => promise, HttpProblem);
  return `${status} ${code}`;
}

addHoldTests("readBody()", (request) => readBody(request, BUFFER_BYTES));

Deno.test("readBody() waits for no body for ever", async () => {
  let isCancelled = false;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => controller.enqueue(new Uint8Array(10)),
    cancel: () => {
      isCancelled = true;
    },
  });
  const reading = readBody(post(body), BUFFER_BYTES, 1);
  assertEquals(await refusalOf(reading), "400 invalidRequest");
  assertEquals(isCancelled, true);
});

Deno.test("readBody() takes as many bytes as are allowed, whatever the header says", async () => {
  assertEquals(
    (await readBody(post(new Uint8Array(100)), 100)).length,
    100,
  );
  assertEquals(
    await refusalOf(readBody(post(new Uint8Array(101)), 100)),
    "413 bodyTooLarge",
  );
  const lying = post(new Uint8Array(1), { "content-length": "101" });
  assertEquals(await refusalOf(readBody(lying, 100)), "413 bodyTooLarge");
});

Deno.test("readEncodedBody() decompresses by header and by first bytes", async () => {
  const bytes = UTF8.encode("a batch of events ".repeat(1_000));
  const zipped = await gzip(bytes);
  const read = (request: Request): Promise<Uint8Array> =>
    readEncodedBody(request, 50_000, bytes.length);
  for (const encoding of [undefined, "gzip", "GZIP", "x-gzip", "identity"]) {
    const headers: Record<string, string> = encoding === undefined
      ? {}
      : { "content-encoding": encoding };
    assertEquals(await read(post(zipped, headers)), bytes, encoding);
  }
  assertEquals(await read(post(bytes)), bytes);
  assertEquals(await read(post(bytes.subarray(0, 1))), bytes.subarray(0, 1));
  assertEquals(await read(post("")), new Uint8Array(0));
});

Deno.test("readEncodedBody() bounds what is sent and what comes of it", async () => {
  const bytes = new Uint8Array(20_000_000);
  const bomb = await gzip(bytes);
  const read = (maxBytes: number, maxDecodedBytes: number): Promise<unknown> =>
    readEncodedBody(post(bomb), maxBytes, maxDecodedBytes);
  assertEquals(await refusalOf(read(bomb.length - 1, 1e8)), "413 bodyTooLarge");
  assertEquals(
    await refusalOf(read(bomb.length, bytes.length - 1)),
    "413 bodyTooLarge",
  );
  assertEquals(await refusalOf(read(bomb.length, 0)), "413 bodyTooLarge");
  assertEquals(await read(bomb.length, bytes.length), bytes);
  assertEquals(
    await refusalOf(readEncodedBody(post(new Uint8Array(101)), 200, 100)),
    "413 bodyTooLarge",
  );
});

Deno.test("readEncodedBody() asks for room before it takes it", async () => {
  const bytes = UTF8.encode("a batch of events ".repeat(1_000));
  const zipped = await gzip(bytes);
  const asked: number[] = [];
  const read = (
    body: Uint8Array<ArrayBuffer>,
    headers: Record<string, string>,
    room = Infinity,
  ): Promise<Uint8Array> => {
    asked.length = 0;
    return readEncodedBody(post(body, headers), 50_000, 50_000, 1_000, (n) => {
      asked.push(n);
      if (n > room) throw new HttpProblem("unavailable", 503, "No room");
    });
  };
  const { length } = zipped;
  // What a header announces is no reason to keep room for it: it may never come.
  for (const announced of [1, length, 50_000]) {
    const headers = { "content-length": `${announced}` };
    assertEquals(await read(zipped, headers), bytes);
    assertEquals(asked, [length, length + bytes.length]);
  }
  await read(bytes, {});
  assertEquals(asked, [bytes.length, bytes.length]);
  assertEquals(
    await refusalOf(read(bytes, {}, bytes.length - 1)),
    "503 unavailable",
  );
  const room = length + bytes.length - 1;
  const announced = { "content-length": `${length}` };
  assertEquals(
    await refusalOf(read(zipped, announced, room)),
    "503 unavailable",
  );
  // One that says too little of itself gets no more than that.
  zipped.set([1, 0, 0, 0], length - 4);
  assertEquals(await refusalOf(read(zipped, {})), "400 invalidRequest");
});

Deno.test("readEncodedBody() refuses what is no gzip, and other encodings", async () => {
  const zipped = await gzip(UTF8.encode("a batch of events"));
  const read = (
    body: Uint8Array<ArrayBuffer>,
    encoding?: string,
  ): Promise<unknown> =>
    readEncodedBody(
      post(
        body,
        encoding === undefined ? {} : { "content-encoding": encoding },
      ),
      1_000,
      50_000,
    );
  for (const length of [2, 10, zipped.length - 1]) {
    const cut = zipped.slice(0, length);
    assertEquals(await refusalOf(read(cut)), "400 invalidRequest", `${length}`);
  }
  for (const text of ["", "{}", "a batch of events"]) {
    const plain = UTF8.encode(text);
    assertEquals(await refusalOf(read(plain, "gzip")), "400 invalidRequest");
  }
  for (const encoding of ["br", "deflate", "gzip, gzip", "zstd"]) {
    assertEquals(
      await refusalOf(read(zipped, encoding)),
      "415 unsupportedMediaType",
    );
  }
});

Deno.test("readJson() takes the types that it is told", async () => {
  const cases: [type: string, types: string[] | undefined, isTaken: boolean][] =
    [
      ["application/json", undefined, true],
      ["Application/JSON ; charset=utf-8", undefined, true],
      ["application/json;charset=UTF-8", undefined, true],
      ["text/plain", undefined, false],
      ["application/jsonx", undefined, false],
      ["", undefined, false],
      ["text/plain;charset=UTF-8", ["application/json", "text/plain"], true],
      ["text/html", ["application/json", "text/plain"], false],
    ];
  for (const [type, types, isTaken] of cases) {
    const request = post('{"a":1}', { "content-type": type });
    const reading = readJson(request, types === undefined ? {} : { types });
    if (isTaken) assertEquals(await reading, { a: 1 }, type);
    else {
      assertEquals(await refusalOf(reading), "415 unsupportedMediaType", type);
    }
  }
});

Deno.test("readJson() takes an object that is whole, not too long and not too deep", async () => {
  const headers = { "content-type": "application/json" };
  const read = (
    body: BodyInit,
    options?: ReadJsonOptions,
  ): Promise<unknown> => readJson(post(body, headers), options);
  const deep = (depth: number): string =>
    `{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;
  assertEquals(await read('{"a":"[[[[[[[[[[[[[[[[[[[["}'), {
    a: "[".repeat(20),
  });
  assertEquals(Object.keys(await read(deep(16)) as object), ["a"]);
  for (const text of ["", "{", "[]", "1", "null", '"a"', deep(17), "{}{}"]) {
    assertEquals(await refusalOf(read(text)), "400 invalidRequest", text);
  }
  const notUtf8 = new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]);
  assertEquals(await refusalOf(read(notUtf8)), "400 invalidRequest");
  const long = JSON.stringify({ a: "x".repeat(70_000) });
  assertEquals(await refusalOf(read(long)), "413 bodyTooLarge");
  const zipped = await gzip(UTF8.encode(long));
  assertEquals(await refusalOf(read(zipped)), "400 invalidRequest");
  assertEquals(
    await read(zipped, { maxDecodedBytes: long.length }),
    JSON.parse(long),
  );
});

Deno.test("readJson() takes as many values within each other as it is told", async () => {
  const headers = { "content-type": "application/json" };
  const read = (body: string): Promise<unknown> =>
    readJson(post(body, headers), { maxParts: 10 });
  assertEquals(
    Object.keys(await read('{"a":[[],[],[],[],[],[],[]]}') as object),
    ["a"],
  );
  assertEquals(await read('{"a":1,"b":2,"c":{"d":":::[[{{\\"["}}') as object, {
    a: 1,
    b: 2,
    c: { d: ':::[[{{"[' },
  });
  for (
    const text of [
      '{"a":[[],[],[],[],[],[],[],[]]}',
      '{"a":[{},{},{},{},{},{},{},{}]}',
      '{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1}',
    ]
  ) {
    assertEquals(await refusalOf(read(text)), "400 invalidRequest", text);
  }
});
