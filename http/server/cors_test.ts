import { assertEquals } from "@std/assert";
import { Cors, type CorsLists } from "./cors.ts";

const LISTS: CorsLists = {
  methods: "GET, OPTIONS",
  requestFields: "X-Api-Key",
  responseFields: "ETag",
};

function headersOf(
  origins: readonly string[] | undefined,
  origin: string | undefined,
  isPreflight: boolean,
): Record<string, string> {
  const request = new Request("http://localhost/", {
    method: isPreflight ? "OPTIONS" : "GET",
    headers: {
      ...(origin !== undefined && { origin }),
      ...(isPreflight && { "access-control-request-method": "GET" }),
    },
  });
  const cors = new Cors(origins, LISTS);
  const response = isPreflight
    ? cors.preflight(request)
    : cors.apply(request, new Response(null));
  return Object.fromEntries(response.headers);
}

Deno.test("Cors lets the pages of its origins in, and no others", () => {
  const page = "https://game.example";
  const simple = {
    "access-control-allow-origin": page,
    "access-control-expose-headers": "ETag",
    "vary": "origin",
  };
  assertEquals(headersOf([page], page, false), simple);
  assertEquals(headersOf(["*"], page, false), simple);
  assertEquals(headersOf([page], "https://evil.example", false), {
    "vary": "origin",
  });
  assertEquals(headersOf([page], undefined, false), { "vary": "origin" });
  assertEquals(headersOf(undefined, page, false), {});
});

Deno.test("Cors.preflight() tells what may be asked", () => {
  const page = "https://game.example";
  const all = { "allow": "GET, OPTIONS", "cache-control": "no-store" };
  assertEquals(headersOf([page], page, true), {
    ...all,
    "access-control-allow-headers": "X-Api-Key",
    "access-control-allow-methods": "GET, OPTIONS",
    "access-control-allow-origin": page,
    "access-control-expose-headers": "ETag",
    "access-control-max-age": "86400",
    "vary": "origin",
  });
  assertEquals(headersOf([page], "https://evil.example", true), {
    ...all,
    "vary": "origin",
  });
  assertEquals(headersOf(undefined, page, true), all);
});
