import { assert, assertEquals, assertThrows } from "@std/assert";
import { HttpHeaders } from "./headers.ts";
import { HttpResponse } from "./response.ts";

function withBody(text: string, contentType?: string): HttpResponse {
  return new HttpResponse({
    status: 200,
    body: new TextEncoder().encode(text),
    headers: new HttpHeaders(
      contentType === undefined ? {} : { "Content-Type": contentType },
    ),
  });
}

Deno.test("HttpResponse classes its status", () => {
  const classes = (status: number): boolean[] => {
    const response = new HttpResponse({ status });
    return [
      response.isSuccess,
      response.isNotModified,
      response.isClientError,
      response.isServerError,
    ];
  };
  assertEquals(classes(204), [true, false, false, false]);
  assertEquals(classes(304), [false, true, false, false]);
  assertEquals(classes(404), [false, false, true, false]);
  assertEquals(classes(599), [false, false, false, true]);
});

Deno.test("HttpResponse.text decodes by charset and falls back to UTF-8", () => {
  const latin = new HttpResponse({
    status: 200,
    body: new Uint8Array([0xe9]),
    headers: new HttpHeaders({
      "content-type": "text/plain; charset=ISO-8859-1",
    }),
  });
  assertEquals(latin.text, "é");
  assertEquals(withBody("é").text, "é");
  assertEquals(withBody("é", "text/plain; charset=klingon").text, "é");
  assertEquals(
    new HttpResponse({ status: 200, body: new Uint8Array([0xff]) }).text,
    "\ufffd",
  );
});

Deno.test("HttpResponse.jsonField() looks up own properties only", () => {
  const response = withBody('{"a":{"b":[1,{"c.d":null}]},"length":3}');
  assertEquals(response.jsonField("a.b.0"), 1);
  assertEquals(response.jsonField(["a", "b", 1, "c.d"]), null);
  assertEquals(response.jsonField("a.b.2"), undefined);
  assertEquals(response.jsonField("a.b.length"), undefined);
  assertEquals(response.jsonField("length"), 3);
  assertEquals(response.jsonField("a.constructor"), undefined);
  assertEquals(response.jsonField("__proto__.x"), undefined);
  assertEquals(withBody("no json").jsonField("a"), undefined);
  assertEquals(withBody('"text"').jsonField("0"), undefined);
});

Deno.test("HttpResponse.json() parses once and throws for what is not JSON", () => {
  const response = withBody('{"a":1}');
  assert(response.json() === response.json());
  assertThrows(() => withBody("{").json(), SyntaxError);
});

Deno.test("HttpResponse.body copies shared bytes once, when asked", () => {
  const shared = new Uint8Array([1, 2, 3]);
  const response = new HttpResponse({
    status: 200,
    body: shared,
    isBodyShared: true,
  });
  assertEquals(response.bodyLength, 3);
  response.body[0] = 9;
  assertEquals(response.body, new Uint8Array([9, 2, 3]));
  assertEquals(shared, new Uint8Array([1, 2, 3]));
});
