/**
 * The rules that a private cache of a client keeps, by the sections of RFC 9111, RFC 9110, RFC 5861 and RFC 8246, so
 * that they can be read beside the text. Every rule is tried with every store.
 *
 * Left out, as they bind shared caches only: s-maxage, proxy-revalidate, private as a prohibition, and Authorization
 * as one (RFC 9111 sections 3.5, 5.2.2.7, 5.2.2.8 and 5.2.2.10).
 */

import { assert, assertEquals } from "@std/assert";
import { HttpHeaders } from "../headers.ts";
import { STORES } from "./_testing/stores.ts";
import { type Answer, TestCache } from "./_testing/test_cache.ts";

type Rule = readonly [
  section: string,
  sentence: string,
  test: (cache: TestCache) => Promise<void>,
];

const FRESH = { headers: { "cache-control": "max-age=100" } } as const;

function from(answer: Answer): string {
  return `${answer.from} ${answer.status} ${answer.text}`;
}

function fresh(
  headers: Readonly<Record<string, string>> = {},
  body = "body",
): { headers: Readonly<Record<string, string>>; body: string } {
  return { headers: { "cache-control": "max-age=100", ...headers }, body };
}

/** Stores a response and tells whether it is reused at once. */
async function isReused(
  cache: TestCache,
  headers: Readonly<Record<string, string>>,
  status = 200,
): Promise<boolean> {
  // Another URL for each combination, so that none finds what an earlier one has stored.
  const url = `https://example.com/${status}?${new URLSearchParams({
    ...headers,
  })}`;
  await cache.fetch({ url }, { status, headers });
  const answer = await cache.fetch({ url }, { status: 299, body: "second" });
  return answer.from === "cache";
}

const RULES: readonly Rule[] = [
  ["RFC 9111 section 2", "the key is method and URL", async (c) => {
    await c.fetch({ url: "https://example.com/a?x=1" }, fresh({}, "one"));
    for (
      const url of [
        "https://example.com/a?x=2",
        "https://example.com/a",
        "https://example.com/A?x=1",
        "http://example.com/a?x=1",
        "https://example.com:444/a?x=1",
      ]
    ) assertEquals((await c.fetch({ url }, "down")).from, "none", url);
    assertEquals(
      from(await c.fetch({ url: "https://example.com/a?x=1" }, "down")),
      "cache 200 one",
    );
  }],
  ["RFC 9111 section 2", "the fragment is not part of the key", async (c) => {
    await c.fetch({ url: "https://example.com/a#one" }, FRESH);
    const answer = await c.fetch({ url: "https://example.com/a#two" }, "down");
    assertEquals(answer.from, "cache");
  }],
  ["RFC 9111 section 3", "only GET and HEAD are stored", async (c) => {
    for (const method of ["OPTIONS", "PUT", "DELETE", "PATCH", "POST"]) {
      await c.fetch({ method }, FRESH);
      assertEquals((await c.get("down")).from, "none", method);
      assertEquals((await c.fetch({ method }, "down")).from, "none", method);
    }
  }],
  ["RFC 9111 section 3", "no-store forbids to store", async (c) => {
    assert(!await isReused(c, { "cache-control": "max-age=100, no-store" }));
    assert(!await isReused(c, { "cache-control": "No-StOrE, max-age=100" }));
    assertEquals(c.store.entryCount, 0);
  }],
  [
    "RFC 9111 section 3",
    "explicit freshness makes any final status storable",
    async (c) => {
      const statuses = [200, 203, 204, 299, 301, 302, 303, 307, 308, 400, 401];
      statuses.push(403, 404, 410, 429, 499, 500, 502, 503, 504, 599);
      for (const status of statuses) {
        assert(
          await isReused(c, { "cache-control": "max-age=9" }, status),
          `${status}`,
        );
        assert(
          await isReused(c, { "expires": c.date(9) }, status),
          `${status}`,
        );
      }
    },
  ],
  [
    "RFC 9111 section 3",
    "interim responses and answers to conditions and ranges are not stored",
    async (c) => {
      for (const status of [100, 103, 206, 304, 412, 416]) {
        assert(!await isReused(c, { "cache-control": "max-age=9" }, status));
      }
      assertEquals(c.store.entryCount, 0);
    },
  ],
  [
    "RFC 9111 section 3.1",
    "fields of one connection, and those that Connection names, are not stored",
    async (c) => {
      await c.get(fresh({
        "connection": "Keep-Alive, X-Hop",
        "keep-alive": "timeout=5",
        "x-hop": "1",
        "proxy-authenticate": "Basic",
        "proxy-authentication-info": "1",
        "proxy-authorization": "1",
        "proxy-connection": "1",
        "te": "trailers",
        "transfer-encoding": "chunked",
        "upgrade": "h2c",
        "x-end": "2",
      }));
      const { headers } = await c.get("down");
      assertEquals(
        [...headers].map(([name]) => name).sort(),
        ["age", "cache-control", "date", "x-end"],
      );
    },
  ],
  ["RFC 9111 section 3.2", "a 304 replaces stored fields", async (c) => {
    await c.get({
      headers: { "cache-control": "max-age=5", etag: '"1"', a: "1", b: "1" },
    });
    c.wait(10);
    const validated = await c.get({
      status: 304,
      headers: { "cache-control": "max-age=50", etag: '"1"', a: "2" },
      body: "",
    });
    assertEquals(from(validated), "validated 200 body");
    for (const { headers } of [validated, await c.get("down")]) {
      assertEquals(headers.get("a"), "2");
      assertEquals(headers.get("b"), "1");
      assertEquals(headers.get("cache-control"), "max-age=50");
    }
    c.wait(49);
    assertEquals((await c.get("down")).from, "cache");
  }],
  [
    "RFC 9111 section 3.2",
    "a 304 does not replace Content-Length and what describes the stored bytes",
    async (c) => {
      const stored = {
        "content-length": "4",
        "content-encoding": "x",
        "content-md5": "1",
      };
      await c.get(fresh({ ...stored, etag: '"1"' }));
      c.wait(200);
      const { headers } = await c.get({
        status: 304,
        headers: {
          etag: '"1"',
          "content-length": "0",
          "content-encoding": "y",
          "content-md5": "2",
          "content-range": "z",
        },
      });
      assertEquals(headers.get("content-length"), "4");
      assertEquals(headers.get("content-encoding"), "x");
      assertEquals(headers.get("content-md5"), "1");
      assertEquals(headers.get("content-range"), undefined);
    },
  ],
  ["RFC 9111 section 3.2", "the Age of before goes with a 304", async (c) => {
    await c.get({
      headers: { "cache-control": "max-age=100", etag: '"1"', age: "90" },
    });
    c.wait(20);
    await c.get({ status: 304, headers: { etag: '"1"' } });
    c.wait(30);
    const answer = await c.get("down");
    assertEquals(answer.from, "cache");
    assertEquals(answer.headers.get("age"), "30");
  }],
  [
    "RFC 9111 section 3.2",
    "a 304 that says no-store removes what was stored",
    async (c) => {
      await c.get({ headers: { "cache-control": "max-age=5", etag: '"1"' } });
      c.wait(10);
      const answer = await c.get({
        status: 304,
        headers: { etag: '"1"', "cache-control": "no-store" },
      });
      assertEquals(from(answer), "validated 200 body");
      assertEquals(c.store.entryCount, 0);
    },
  ],
  [
    "RFC 9111 section 3.3",
    "a part is not taken for the whole",
    async (c) => {
      await c.get({
        status: 206,
        headers: {
          "cache-control": "max-age=100",
          "content-range": "bytes 0-3/10",
        },
      }, { range: "bytes=0-3" });
      assertEquals(c.store.entryCount, 1);
      assertEquals((await c.get("down")).from, "none");
      assertEquals(
        from(await c.get("down", { range: "bytes=1-2" })),
        "cache 206 od",
      );
      assertEquals(
        (await c.get("down", { range: "bytes=1-9" })).from,
        "none",
      );
      const head = await c.fetch({ method: "HEAD" }, "down");
      assertEquals(head.from, "none");
    },
  ],
  [
    "RFC 9111 section 3.4",
    "parts with the same strong tag are put together",
    async (c) => {
      const part = (range: string, etag: string) => ({
        status: 206,
        headers: {
          "cache-control": "max-age=100",
          "content-range": `bytes ${range}/8`,
          etag,
        },
      });
      await c.get({ ...part("0-3", '"1"'), body: "0123" }, {
        range: "bytes=0-3",
      });
      await c.get({ ...part("4-7", '"1"'), body: "4567" }, {
        range: "bytes=4-7",
      });
      const whole = await c.get("down");
      assertEquals(from(whole), "cache 200 01234567");
      assertEquals(whole.headers.get("content-length"), "8");
      assertEquals(whole.headers.get("content-range"), undefined);
      assertEquals(c.store.entryCount, 1);
    },
  ],
  [
    "RFC 9111 section 3.4",
    "parts with other, weak or no tags are not put together",
    async (c) => {
      for (
        const [first, second] of [['"1"', '"2"'], ['W/"1"', 'W/"1"'], ["", ""]]
      ) {
        const url = `https://example.com/${first}${second}`;
        const part = (range: string, etag: string) => ({
          status: 206,
          headers: {
            "cache-control": "max-age=100",
            "content-range": `bytes ${range}/8`,
            ...(etag === "" ? {} : { etag }),
          },
        });
        await c.fetch(
          { url, headers: { range: "bytes=0-3" } },
          part("0-3", first!),
        );
        await c.fetch(
          { url, headers: { range: "bytes=4-7" } },
          part("4-7", second!),
        );
        assertEquals((await c.fetch({ url }, "down")).from, "none");
      }
    },
  ],
  [
    "RFC 9111 section 3.4",
    "a part of a stored whole updates the fields of the whole",
    async (c) => {
      await c.get({
        headers: { "cache-control": "max-age=5", etag: '"1"', a: "1" },
        body: "01234567",
      });
      c.wait(10);
      await c.get({
        status: 206,
        headers: {
          "cache-control": "max-age=50",
          etag: '"1"',
          a: "2",
          "content-range": "bytes 2-3/8",
        },
        body: "23",
      }, { range: "bytes=2-3" });
      const answer = await c.get("down");
      assertEquals(from(answer), "cache 200 01234567");
      assertEquals(answer.headers.get("a"), "2");
      assertEquals(answer.headers.get("content-range"), undefined);
    },
  ],
  [
    "RFC 9111 section 4.3.1",
    "the tags of what was stored for other credentials are not sent",
    async (c) => {
      const vary = "Lang, Cookie, Proxy-Authorization";
      for (const name of ["authorization", "cookie", "proxy-authorization"]) {
        const url = `https://example.com/${name}`;
        const theirs = fresh({ vary, etag: '"1"' }, "for A");
        await c.fetch({ url, headers: { [name]: "A", lang: "en" } }, theirs);
        for (const headers of [{ [name]: "B" }, { lang: "en" }]) {
          const { sent } = await c.fetch({ url, headers }, { status: 500 });
          assertEquals(sent!.get("if-none-match"), undefined);
        }
        // To the same user it may be the answer in another language, too.
        const { sent } = await c.fetch(
          { url, headers: { [name]: "A", lang: "fr" } },
          { status: 500 },
        );
        assertEquals(sent!.get("if-none-match"), '"1"');
      }
    },
  ],
  [
    "RFC 9111 section 4.3.4",
    "a 304 does not confirm what was stored for other credentials",
    async (c) => {
      await c.get(fresh({ etag: '"1"' }, "for A"), { authorization: "A" });
      for (const headers of [{}, { etag: '"1"' }]) {
        const url = "https://example.com/a";
        // The credentials changed after the conditions were made.
        const lookup = await c.cache.lookup(
          {
            method: "GET",
            url,
            headers: new HttpHeaders({ authorization: "A" }),
          },
          "revalidate",
          c.nowEpochMs,
        );
        assert(lookup.type === "validate");
        const request = {
          method: "GET",
          url,
          headers: new HttpHeaders({ authorization: "B" }),
        };
        const result = await c.cache.handleResponse(
          request,
          "revalidate",
          lookup,
          {
            status: 304,
            statusText: "",
            headers: new HttpHeaders(headers),
            body: new Uint8Array(0),
          },
          c.nowEpochMs,
          c.nowEpochMs,
        );
        assertEquals(result.outcome, "resend");
        assertEquals(
          from(await c.get("down", { authorization: "A" })),
          "cache 200 for A",
        );
      }
    },
  ],
  [
    "RFC 9111 section 3.5",
    "responses to requests with Authorization are stored, but for the same credentials only",
    async (c) => {
      await c.get(fresh({}, "for A"), { authorization: "Bearer A" });
      assertEquals(
        from(await c.get("down", { authorization: "Bearer A" })),
        "cache 200 for A",
      );
      assertEquals(
        (await c.get("down", { authorization: "Bearer B" })).from,
        "none",
      );
      assertEquals((await c.get("down")).from, "none");
      const url = "https://example.com/public";
      await c.fetch({ url, headers: { authorization: "Bearer A" } }, {
        headers: { "cache-control": "max-age=100, public" },
        body: "for all",
      });
      assertEquals(
        from(
          await c.fetch(
            { url, headers: { authorization: "Bearer B" } },
            "down",
          ),
        ),
        "cache 200 for all",
      );
    },
  ],
  [
    "RFC 9111 section 4",
    "of several that match the most recent one by Date is used",
    async (c) => {
      await c.get({
        headers: {
          "cache-control": "max-age=900",
          date: c.date(-10),
          vary: "a",
        },
        body: "younger",
      }, { a: "1" });
      await c.get({
        headers: { "cache-control": "max-age=900", date: c.date(-20) },
        body: "older",
      }, { a: "2" });
      assertEquals(from(await c.get("down", { a: "1" })), "cache 200 younger");
    },
  ],
  [
    "RFC 9111 section 4",
    "a stored response to GET answers HEAD, without content",
    async (c) => {
      await c.get(fresh({ "content-length": "4" }));
      const answer = await c.fetch({ method: "HEAD" }, "down");
      assertEquals(from(answer), "cache 200 ");
      assertEquals(answer.headers.get("content-length"), "4");
    },
  ],
  [
    "RFC 9111 section 4",
    "a stored response to HEAD answers HEAD but never GET",
    async (c) => {
      await c.fetch({ method: "HEAD" }, { ...FRESH, body: "" });
      assertEquals((await c.fetch({ method: "HEAD" }, "down")).from, "cache");
      assertEquals((await c.get("down")).from, "none");
    },
  ],
  [
    "RFC 9111 section 4",
    "unsafe requests are always sent on",
    async (c) => {
      await c.get(FRESH);
      for (const method of ["POST", "PUT", "DELETE", "PATCH", "M-SEARCH"]) {
        const answer = await c.fetch({ method }, { status: 500 });
        assertEquals(answer.from, "origin", method);
      }
      assertEquals((await c.get("down")).from, "cache");
    },
  ],
  [
    "RFC 9111 section 4",
    "identical requests that waited share a response only if it is fresh",
    async (c) => {
      assert((await c.get(FRESH)).isReusable);
      for (
        const cc of ["no-store", "no-cache, max-age=9", "max-age=0", ""]
      ) {
        const url = `https://example.com/${cc}`;
        const answer = await c.fetch({ url }, {
          headers: { "cache-control": cc },
        });
        assert(!answer.isReusable, cc);
      }
      c.wait(200);
      assert(!(await c.fetch({ method: "POST" }, FRESH)).isReusable);
    },
  ],
  ["RFC 9111 section 4.1", "all fields of Vary have to match", async (c) => {
    await c.get(fresh({ vary: "A, b" }), { a: "1", b: "2", c: "3" });
    const answers = async (headers: Record<string, string>) =>
      (await c.get("down", headers)).from;
    assertEquals(await answers({ a: "1", b: "2" }), "cache");
    assertEquals(await answers({ a: "1", b: "2", c: "4" }), "cache");
    assertEquals(await answers({ a: "1", b: "3" }), "none");
    assertEquals(await answers({ a: "2", b: "2" }), "none");
    assertEquals(await answers({ a: "1" }), "none");
    assertEquals(await answers({ b: "2" }), "none");
    assertEquals(await answers({}), "none");
  }],
  [
    "RFC 9111 section 4.1",
    "a field that the stored request did not have must be absent",
    async (c) => {
      await c.get(fresh({ vary: "a" }));
      assertEquals((await c.get("down")).from, "cache");
      assertEquals((await c.get("down", { a: "" })).from, "none");
      assertEquals((await c.get("down", { a: "1" })).from, "none");
    },
  ],
  ["RFC 9111 section 4.1", "several variants are kept", async (c) => {
    for (const a of ["1", "2", "3"]) {
      await c.get(fresh({ vary: "a" }, `for ${a}`), { a });
    }
    for (const a of ["1", "2", "3"]) {
      assertEquals(
        from(await c.get("down", { a })),
        `cache 200 for ${a}`,
      );
    }
  }],
  ["RFC 9111 section 4.1", 'Vary with "*" never matches', async (c) => {
    for (const vary of ["*", "*, *", ", *", "*, a", "a, *", "a,*,b"]) {
      assert(
        !await isReused(c, { "cache-control": "max-age=9", vary }),
        vary,
      );
    }
  }],
  [
    "RFC 9111 section 4.1",
    "white space, repeated lines, and order and case of languages do not matter",
    async (c) => {
      await c.get(fresh({ vary: "a, accept-language" }), {
        a: "1, 2",
        "accept-language": "en, de;q=0.5",
      });
      for (const a of ["1,2", "1 ,2", " 1,  2 "]) {
        for (
          const language of [
            "de;q=0.5,en",
            "EN, DE; Q=0.50",
            "en;q=1.0,de;q=0.5",
          ]
        ) {
          const answer = await c.get("down", {
            a,
            "accept-language": language,
          });
          assertEquals(answer.from, "cache", `${a} ${language}`);
        }
      }
      for (
        const [a, language] of [
          ["2, 1", "en, de;q=0.5"],
          ["1, 2", "en;q=0.5, de"],
          ["1, 2", "en, de"],
          ['"1, 2"', "en, de;q=0.5"],
        ]
      ) {
        const answer = await c.get("down", {
          a: a!,
          "accept-language": language!,
        });
        assertEquals(answer.from, "none", `${a} ${language}`);
      }
    },
  ],
  ["RFC 9111 section 4.2.1", "max-age is the lifetime", async (c) => {
    await c.get({ headers: { "cache-control": "max-age=10" } });
    c.wait(9);
    assertEquals((await c.get("down")).from, "cache");
    c.wait(1);
    assertEquals((await c.get({ body: "new" })).from, "origin");
  }],
  ["RFC 9111 section 4.2.1", "max-age goes before Expires", async (c) => {
    const cc = { "cache-control": "max-age=10" };
    assert(await isReused(c, { ...cc, expires: c.date(-10) }));
    assert(await isReused(c, { ...cc, expires: "0" }));
    assert(
      !await isReused(c, {
        "cache-control": "max-age=0",
        expires: c.date(10),
      }),
    );
  }],
  [
    "RFC 9111 section 4.2.1",
    "s-maxage means nothing to a private cache",
    async (c) => {
      assert(!await isReused(c, { "cache-control": "s-maxage=10, max-age=0" }));
      assert(!await isReused(c, { "cache-control": "s-maxage=10" }));
      assert(await isReused(c, { "cache-control": "s-maxage=0, max-age=10" }));
    },
  ],
  ["RFC 9111 section 4.2.1", "Expires counts from Date", async (c) => {
    // The origin's clock is an hour ahead; then one behind.
    for (const offset of [3_600, 0]) {
      const url = `https://example.com/${offset}`;
      await c.fetch({ url }, {
        headers: { date: c.date(offset), expires: c.date(offset + 10) },
      });
      c.wait(9);
      assertEquals((await c.fetch({ url }, "down")).from, "cache");
      c.wait(1);
      assertEquals((await c.fetch({ url }, {})).from, "origin");
    }
    assert(
      !await isReused(c, { date: c.date(400), expires: c.date(300) }),
    );
    assert(!await isReused(c, { expires: c.date() }));
  }],
  [
    "RFC 9111 section 4.2.1",
    "what is invalid or contradicts itself is stale",
    async (c) => {
      for (
        const cc of [
          "max-age",
          "max-age=",
          "max-age=-1",
          "max-age=3.5",
          "max-age=a9",
          "max-age=9a",
          "max-age='9'",
          "max-age= 9",
          "max-age =9",
          'max-age="9"a',
          "max-age=9, max-age=8",
          "max-age=8, max-age=9",
          "max-age=٩",
        ]
      ) {
        assert(
          !await isReused(c, {
            "cache-control": cc,
            "last-modified": c.date(-1e6),
          }),
          cc,
        );
      }
      for (const cc of ['max-age="9"', "max-age=9, max-age=9", "max-age=009"]) {
        assert(await isReused(c, { "cache-control": cc }), cc);
      }
    },
  ],
  [
    "RFC 9111 section 4.2.1",
    "directives inside of quoted strings are none",
    async (c) => {
      for (
        const cc of [
          'ext="max-age=9", max-age=0',
          'max-age=0, ext="max-age=9"',
          'ext="a\\", max-age=9"',
          'ext="max-age=9',
        ]
      ) assert(!await isReused(c, { "cache-control": cc }), cc);
      assert(
        await isReused(c, { "cache-control": 'ext="no-store", max-age=9' }),
      );
    },
  ],
  [
    "RFC 9111 section 4.2.2",
    "a tenth of the time since Last-Modified, if nothing is explicit",
    async (c) => {
      await c.get({ headers: { "last-modified": c.date(-1_000) } });
      c.wait(99);
      assertEquals((await c.get("down")).from, "cache");
      c.wait(1);
      assertEquals((await c.get({ status: 304 })).from, "validated");
      assert(
        !await isReused(c, {
          "last-modified": c.date(-1_000),
          expires: "0",
        }),
      );
    },
  ],
  [
    "RFC 9111 section 4.2.2",
    "only for statuses that allow it, or with public",
    async (c) => {
      const lm = { "last-modified": c.date(-1e6) };
      const cacheable = [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501];
      for (const status of cacheable) {
        assert(await isReused(c, lm, status), `${status}`);
      }
      for (const status of [201, 202, 302, 307, 400, 403, 500, 503, 599]) {
        assert(!await isReused(c, lm, status), `${status}`);
        assert(
          !await isReused(c, { ...lm, "cache-control": "private" }, status),
          `${status}`,
        );
        assert(
          await isReused(c, { ...lm, "cache-control": "public" }, status),
          `${status}`,
        );
      }
    },
  ],
  [
    "RFC 9111 section 4.2.2",
    "never for longer than a day",
    async (c) => {
      await c.get({ headers: { "last-modified": c.date(-1e9) } });
      c.wait(86_399);
      assertEquals((await c.get("down")).from, "cache");
      c.wait(1);
      assertEquals((await c.get({})).from, "origin");
    },
  ],
  [
    "RFC 9111 section 4.2.2",
    "mode useCache gives a lifetime where there is nothing to go by",
    async (c) => {
      await c.get({});
      assertEquals((await c.get({ body: "second" })).from, "origin");
      c.wait(59);
      assertEquals((await c.get("down", {}, "useCache")).from, "cache");
      c.wait(1);
      assertEquals((await c.get({}, {}, "useCache")).from, "origin");
      for (
        const headers of [
          { "cache-control": "max-age=0" },
          { expires: "0" },
          { "last-modified": c.date() },
          { "cache-control": "no-cache" },
          { "cache-control": "no-store" },
        ]
      ) {
        const url = `https://example.com/${JSON.stringify(headers)}`;
        await c.fetch({ url }, { headers });
        const answer = await c.fetch({ url, mode: "useCache" }, {});
        assertEquals(answer.from, "origin", url);
      }
      await c.fetch({ url: "https://example.com/503" }, { status: 503 });
      const answer = await c.fetch({
        url: "https://example.com/503",
        mode: "useCache",
      }, {});
      assertEquals(answer.from, "origin");
    },
  ],
  [
    "RFC 9111 section 4.2.3",
    "age is Age, the time it took to come, and the time it was stored",
    async (c) => {
      await c.get({
        headers: { "cache-control": "max-age=100", age: "30" },
        delaySecs: 20,
      });
      c.wait(49);
      const answer = await c.get("down");
      assertEquals(answer.headers.get("age"), "99");
      c.wait(1);
      assertEquals((await c.get({})).from, "origin");
    },
  ],
  [
    "RFC 9111 section 4.2.3",
    "age is at least what Date tells",
    async (c) => {
      await c.get({
        headers: { "cache-control": "max-age=100", date: c.date(-60) },
      });
      c.wait(39);
      assertEquals((await c.get("down")).headers.get("age"), "99");
      c.wait(1);
      assertEquals((await c.get({})).from, "origin");
    },
  ],
  [
    "RFC 9111 section 4.2.3",
    "a Date, which has whole seconds, does not make what is new old",
    async (c) => {
      c.wait(0.9);
      await c.get({ headers: { "cache-control": "max-age=1" } });
      c.wait(0.9);
      assertEquals((await c.get("down")).from, "cache");
    },
  ],
  [
    "RFC 9111 section 4.2.3",
    "nothing is fresh if the clock was set back behind it",
    async (c) => {
      await c.get(fresh({ etag: '"1"' }));
      c.wait(-0.5);
      assertEquals((await c.get("down")).from, "cache");
      c.wait(-3_600);
      assertEquals(
        (await c.get({ status: 304, headers: { etag: '"1"' } })).from,
        "validated",
      );
    },
  ],
  [
    "RFC 9111 section 4.2.4",
    "a stale response is not used while the server can be asked",
    async (c) => {
      await c.get({ headers: { "cache-control": "max-age=1" } });
      c.wait(10);
      assertEquals(from(await c.get({ body: "new" })), "origin 200 new");
    },
  ],
  [
    "RFC 9111 section 4.2.4",
    "a stale response is used if the server cannot be reached",
    async (c) => {
      await c.get({ headers: { "cache-control": "max-age=1" } });
      c.wait(1_000);
      const answer = await c.get("down");
      assertEquals(from(answer), "fallback 200 body");
      assertEquals(answer.headers.get("age"), "1000");
      assertEquals(c.cache.counters.stale, 1);
    },
  ],
  [
    "RFC 9111 section 4.2.4",
    "not if must-revalidate or no-cache forbids it: then it is 504",
    async (c) => {
      for (
        const cc of ["max-age=1, must-revalidate", "max-age=1, no-cache"]
      ) {
        const url = `https://example.com/${cc}`;
        await c.fetch({ url }, { headers: { "cache-control": cc } });
        c.wait(10);
        const answer = await c.fetch({ url }, "down");
        assertEquals(from(answer), "fallback 504 ", cc);
      }
    },
  ],
  [
    "RFC 9111 section 4.2.4",
    "not if the request asked for better",
    async (c) => {
      await c.get({ headers: { "cache-control": "max-age=1" } });
      c.wait(10);
      for (
        const cc of ["no-cache", "max-age=5", "min-fresh=1", "max-stale=5"]
      ) {
        const answer = await c.get("down", { "cache-control": cc });
        assertEquals(answer.from, "none", cc);
      }
      for (const mode of ["revalidate", "noCache", "noStore"] as const) {
        assertEquals((await c.get("down", {}, mode)).from, "none", mode);
      }
      assertEquals((await c.get("down")).from, "fallback");
      const url = "https://example.com/b";
      await c.fetch({ url }, {
        headers: { "cache-control": "max-age=99, must-revalidate" },
      });
      c.wait(10);
      const answer = await c.fetch({
        url,
        headers: { "cache-control": "max-age=5" },
      }, "down");
      assertEquals(answer.from, "none");
    },
  ],
  [
    "RFC 9111 section 4.3.1",
    "validation asks with the stored tag and date",
    async (c) => {
      const lastModified = c.date(-1_000);
      await c.get({
        headers: {
          "cache-control": "max-age=1",
          etag: '"1"',
          "last-modified": lastModified,
        },
      });
      c.wait(10);
      const { sent } = await c.get({ status: 304, headers: { etag: '"1"' } });
      assertEquals(sent!.get("if-none-match"), '"1"');
      assertEquals(sent!.get("if-modified-since"), lastModified);
    },
  ],
  [
    "RFC 9111 section 4.3.1",
    "tags that cannot be sent back, and dates that are none, are not",
    async (c) => {
      for (
        const headers of [
          { etag: '"a' },
          { etag: 'a"b' },
          { etag: '"a", "b"' },
          { etag: `"${"x".repeat(2_000)}"` },
          { "last-modified": "yesterday" },
        ]
      ) {
        const url = `https://example.com/${JSON.stringify(headers)}`;
        await c.fetch({ url }, {
          headers: { "cache-control": "max-age=0", ...headers },
        });
        const { sent } = await c.fetch({ url }, {});
        assertEquals(sent!.has("if-none-match"), false, url);
        assertEquals(sent!.has("if-modified-since"), false, url);
      }
    },
  ],
  [
    "RFC 9111 section 4.3.1",
    "if no variant matches, the tags of all are sent, and a 304 selects one",
    async (c) => {
      await c.get(fresh({ vary: "a", etag: '"1"' }, "one"), { a: "1" });
      await c.get(fresh({ vary: "a", etag: '"2"' }, "two"), { a: "2" });
      const third = await c.get({
        status: 304,
        headers: { etag: '"1"', vary: "a" },
      }, { a: "3" });
      assertEquals(third.sent!.get("if-none-match"), '"2", "1"');
      assertEquals(from(third), "validated 200 one");
      // From now on it answers those requests, too.
      assertEquals(from(await c.get("down", { a: "3" })), "cache 200 one");
      assertEquals(from(await c.get("down", { a: "1" })), "cache 200 one");
      assertEquals(from(await c.get("down", { a: "2" })), "cache 200 two");
    },
  ],
  [
    "RFC 9111 section 4.3.2",
    "a condition of the game is answered with 304 from a fresh response",
    async (c) => {
      const lastModified = c.date(-1_000);
      await c.get(fresh({
        etag: '"1"',
        "last-modified": lastModified,
        "content-type": "text/plain",
      }));
      const met: ReadonlyArray<Record<string, string>> = [
        { "if-none-match": '"1"' },
        { "if-none-match": 'W/"1"' },
        { "if-none-match": '"0", "1"' },
        { "if-none-match": "*" },
        { "if-modified-since": lastModified },
        { "if-modified-since": c.date(-999) },
        // If-None-Match goes before If-Modified-Since.
        { "if-none-match": '"1"', "if-modified-since": c.date(-9_999) },
      ];
      for (const headers of met) {
        const answer = await c.get("down", headers);
        assertEquals(from(answer), "cache 304 ", JSON.stringify(headers));
        assertEquals(answer.headers.get("etag"), '"1"');
        assertEquals(answer.headers.get("cache-control"), "max-age=100");
        assertEquals(answer.headers.has("content-type"), false);
      }
      const unmet: ReadonlyArray<Record<string, string>> = [
        { "if-none-match": '"0"' },
        { "if-none-match": '"0"', "if-modified-since": lastModified },
        { "if-modified-since": c.date(-1_001) },
        { "if-modified-since": "yesterday" },
      ];
      for (const headers of unmet) {
        assertEquals(
          from(await c.get("down", headers)),
          "cache 200 body",
          JSON.stringify(headers),
        );
      }
    },
  ],
  [
    "RFC 9111 section 4.3.2",
    "without Last-Modified, Date is compared with If-Modified-Since",
    async (c) => {
      await c.get(FRESH);
      const since = c.date();
      assertEquals(
        (await c.get("down", { "if-modified-since": since })).status,
        304,
      );
      assertEquals(
        (await c.get("down", { "if-modified-since": c.date(-1) })).status,
        200,
      );
    },
  ],
  [
    "RFC 9111 section 4.3.2",
    "a condition of the game goes to the server as it is if nothing is fresh",
    async (c) => {
      await c.get({ headers: { "cache-control": "max-age=1", etag: '"1"' } });
      c.wait(10);
      const answer = await c.get({
        status: 304,
        headers: { etag: '"1"', "cache-control": "max-age=50" },
        body: "",
      }, { "if-none-match": '"0", "1"' });
      assertEquals(answer.sent!.get("if-none-match"), '"0", "1"');
      assertEquals(from(answer), "origin 304 ");
      // The 304 has confirmed what is stored.
      assertEquals(from(await c.get("down")), "cache 200 body");
    },
  ],
  [
    "RFC 9111 section 4.3.2",
    "a 304 to a condition of the game that is about something else changes nothing",
    async (c) => {
      await c.get({ headers: { "cache-control": "max-age=1", etag: '"1"' } });
      c.wait(10);
      for (const headers of [{ etag: '"0"' }, {}]) {
        const answer = await c.get(
          { status: 304, headers, body: "" },
          { "if-none-match": '"0"' },
        );
        assertEquals(from(answer), "origin 304 ");
      }
      const answer = await c.get({ status: 304, headers: { etag: '"1"' } });
      assertEquals(answer.from, "validated");
    },
  ],
  [
    "RFC 9111 section 4.3.2",
    "If-Match and If-Unmodified-Since are for the server alone",
    async (c) => {
      await c.get(fresh({ etag: '"1"' }));
      for (
        const headers of [
          { "if-match": '"1"' },
          { "if-unmodified-since": c.date() },
        ]
      ) {
        assertEquals((await c.get({ status: 412 }, headers)).from, "origin");
      }
      assertEquals((await c.get("down")).from, "cache");
    },
  ],
  [
    "RFC 9111 section 4.3.3",
    "a full response replaces the stored one",
    async (c) => {
      await c.get({ headers: { "cache-control": "max-age=1", etag: '"1"' } });
      c.wait(10);
      const answer = await c.get(fresh({ etag: '"2"' }, "new"));
      assertEquals(from(answer), "origin 200 new");
      assertEquals(from(await c.get("down")), "cache 200 new");
      assertEquals(c.store.entryCount, 1);
    },
  ],
  [
    "RFC 9111 section 4.3.3",
    "a full response that may not be stored still removes the stored one",
    async (c) => {
      for (const status of [200, 404, 410]) {
        await c.get({ headers: { "cache-control": "max-age=1", etag: '"1"' } });
        c.wait(10);
        await c.get({ status, headers: { "cache-control": "no-store" } });
        assertEquals(c.store.entryCount, 0, `${status}`);
      }
    },
  ],
  [
    "RFC 9111 section 4.3.3",
    "an error of the server leaves the stored one alone",
    async (c) => {
      await c.get({ headers: { "cache-control": "max-age=1", etag: '"1"' } });
      c.wait(10);
      for (const status of [401, 429, 500, 503]) {
        assertEquals((await c.get({ status })).status, status);
      }
      const answer = await c.get({ status: 304, headers: { etag: '"1"' } });
      assertEquals(answer.from, "validated");
    },
  ],
  [
    "RFC 9111 section 4.3.4",
    "a 304 without a tag is about the one that was asked for",
    async (c) => {
      const lastModified = c.date(-9);
      await c.get({
        headers: {
          "cache-control": "max-age=0",
          "last-modified": lastModified,
        },
      });
      for (const headers of [{}, { "last-modified": lastModified }]) {
        const answer = await c.get({ status: 304, headers });
        assertEquals(answer.from, "validated");
      }
    },
  ],
  [
    "RFC 9111 section 4.3.4",
    "a 304 with a weak tag updates by the weak comparison",
    async (c) => {
      await c.get({ headers: { "cache-control": "max-age=0", etag: 'W/"1"' } });
      const answer = await c.get({ status: 304, headers: { etag: 'W/"1"' } });
      assertEquals(answer.from, "validated");
    },
  ],
  [
    "RFC 9111 section 4.3.4",
    "a 304 about something else updates nothing: the request is sent again without conditions",
    async (c) => {
      for (const headers of [{ etag: '"2"' }, { etag: 'W/"2"' }]) {
        await c.get({ headers: { "cache-control": "max-age=0", etag: '"1"' } });
        const answer = await c.get({ status: 304, headers, body: "new" });
        assertEquals(from(answer), "origin 200 new");
        assertEquals(answer.sent!.has("if-none-match"), false);
      }
    },
  ],
  [
    "RFC 9111 section 4.3.4",
    "all stored responses with the same strong tag are updated",
    async (c) => {
      const stored = (a: string) =>
        c.get({
          headers: { "cache-control": "max-age=5", vary: "a", etag: '"1"' },
        }, { a });
      await stored("1");
      await stored("2");
      c.wait(10);
      // No variant matches, so both are asked about.
      await c.get({
        status: 304,
        headers: { "cache-control": "max-age=50", vary: "a", etag: '"1"' },
      }, { a: "3" });
      for (const a of ["1", "2", "3"]) {
        assertEquals((await c.get("down", { a })).from, "cache", a);
      }
    },
  ],
  [
    "RFC 9111 section 4.3.5",
    "a response to HEAD updates the stored response to GET",
    async (c) => {
      await c.get({
        headers: { "cache-control": "max-age=1", etag: '"1"', a: "1", b: "1" },
      });
      c.wait(10);
      await c.fetch({ method: "HEAD" }, {
        headers: { "cache-control": "max-age=50", etag: '"1"', a: "2" },
        body: "",
      });
      const answer = await c.get("down");
      assertEquals(from(answer), "cache 200 body");
      assertEquals(answer.headers.get("a"), "2");
      assertEquals(answer.headers.get("b"), "1");
    },
  ],
  [
    "RFC 9111 section 4.3.5",
    "a response to HEAD with another validator or length outdates it",
    async (c) => {
      for (
        const headers of [
          { etag: '"2"' },
          { "last-modified": c.date(-1) },
          { "content-length": "5" },
        ]
      ) {
        await c.get(fresh({ etag: '"1"', "content-length": "4" }));
        await c.fetch({ method: "HEAD", mode: "noCache" }, { headers });
        assertEquals((await c.get("down")).from, "none");
      }
    },
  ],
  [
    "RFC 9111 section 4.4",
    "an unsafe request that did not fail invalidates its URL",
    async (c) => {
      for (const method of ["POST", "PUT", "DELETE", "PATCH", "M-SEARCH"]) {
        for (const status of [200, 201, 204, 303]) {
          await c.get(fresh({ vary: "a" }));
          await c.get(fresh({ vary: "a" }), { a: "1" });
          await c.fetch({ method }, { status });
          assertEquals((await c.get("down")).from, "none", method);
          assertEquals((await c.get("down", { a: "1" })).from, "none", method);
        }
      }
    },
  ],
  [
    "RFC 9111 section 4.4",
    "one that failed, or is safe, does not",
    async (c) => {
      await c.get(FRESH);
      for (const status of [400, 404, 412, 500, 503]) {
        await c.fetch({ method: "POST" }, { status });
      }
      for (const method of ["OPTIONS", "TRACE"]) {
        await c.fetch({ method }, { status: 200 });
      }
      assertEquals((await c.get("down")).from, "cache");
    },
  ],
  [
    "RFC 9111 section 4.4",
    "it invalidates Location and Content-Location of the same origin",
    async (c) => {
      for (const field of ["location", "content-location"]) {
        for (
          const value of ["/b", "b#x", "https://example.com/b", "./x/../b"]
        ) {
          await c.fetch({ url: "https://example.com/b" }, FRESH);
          await c.fetch({ method: "POST" }, { headers: { [field]: value } });
          const answer = await c.fetch(
            { url: "https://example.com/b" },
            "down",
          );
          assertEquals(answer.from, "none", value);
        }
      }
    },
  ],
  [
    "RFC 9111 section 4.4",
    "it does not invalidate what is on other origins",
    async (c) => {
      for (
        const url of [
          "http://example.com/b",
          "https://example.com:444/b",
          "https://other.example/b",
        ]
      ) {
        await c.fetch({ url }, FRESH);
        await c.fetch({ method: "POST" }, {
          headers: { location: url, "content-location": url },
        });
        assertEquals((await c.fetch({ url }, "down")).from, "cache", url);
      }
      await c.fetch({ method: "POST" }, { headers: { location: "https://[" } });
    },
  ],
  [
    "RFC 9111 section 4.4",
    "also in mode noStore and with no-store in the request",
    async (c) => {
      await c.get(FRESH);
      await c.fetch({ method: "POST", mode: "noStore" }, {});
      assertEquals((await c.get("down")).from, "none");
      await c.get(FRESH);
      await c.fetch({
        method: "POST",
        headers: { "cache-control": "no-store" },
      }, {});
      assertEquals((await c.get("down")).from, "none");
    },
  ],
  [
    "RFC 9111 section 4.4",
    "what was on its way when it happened is not stored",
    async (c) => {
      const lookup = await c.cache.lookup(
        {
          method: "GET",
          url: "https://example.com/a",
          headers: new HttpHeaders(),
        },
        "default",
        c.nowEpochMs,
      );
      assert(lookup.type === "miss");
      c.wait(1);
      await c.fetch({ method: "POST" }, {});
      // It was sent before the change and comes after it.
      c.wait(-1);
      await c.send(lookup, { ...FRESH, delaySecs: 2 });
      assertEquals(c.store.entryCount, 0);
      await c.get(FRESH);
      assertEquals(c.store.entryCount, 1);
    },
  ],
  ["RFC 9111 section 5.1", "a hit has an Age, whole seconds", async (c) => {
    await c.get(FRESH);
    assertEquals((await c.get("down")).headers.get("age"), "0");
    c.wait(1.999);
    assertEquals((await c.get("down")).headers.get("age"), "1");
  }],
  [
    "RFC 9111 section 5.1",
    "an invalid Age is ignored, of a list the first member counts",
    async (c) => {
      const ages = ["abc", "-5", "7.5", "", "0, 900", "0,x", "5;x=1"];
      for (const age of ages) {
        assert(await isReused(c, { "cache-control": "max-age=9", age }), age);
      }
      for (const age of ["9", "900, 0", "2147483648", "9".repeat(400)]) {
        assert(!await isReused(c, { "cache-control": "max-age=9", age }), age);
      }
    },
  ],
  [
    "RFC 9111 section 5.2.1.1",
    "max-age of the request limits the age, fresh or not",
    async (c) => {
      await c.get(FRESH);
      c.wait(10);
      const ask = async (cc: string) =>
        (await c.get({ status: 500 }, { "cache-control": cc })).from;
      assertEquals(await ask("max-age=10"), "cache");
      assertEquals(await ask("max-age=9"), "origin");
      assertEquals(await ask("max-age=0"), "origin");
      assertEquals(await ask("max-age=x"), "origin");
      assertEquals(await ask("max-age=10, max-age=9"), "origin");
    },
  ],
  [
    "RFC 9111 section 5.2.1.2",
    "max-stale of the request allows stale responses",
    async (c) => {
      await c.get({ headers: { "cache-control": "max-age=10" } });
      c.wait(20);
      const ask = async (cc: string) =>
        (await c.get({ status: 500 }, { "cache-control": cc })).from;
      assertEquals(await ask("max-stale"), "stale");
      assertEquals(await ask("max-stale=10"), "stale");
      assertEquals(await ask("max-stale=9"), "origin");
      assertEquals(await ask("max-stale=x"), "origin");
      assertEquals(await ask("max-stale, max-age=15"), "origin");
    },
  ],
  [
    "RFC 9111 section 5.2.1.2",
    "but not if the server said must-revalidate or no-cache",
    async (c) => {
      for (const cc of ["max-age=1, must-revalidate", "no-cache"]) {
        const url = `https://example.com/${cc}`;
        await c.fetch({ url }, { headers: { "cache-control": cc } });
        c.wait(5);
        const answer = await c.fetch({
          url,
          headers: { "cache-control": "max-stale" },
        }, {});
        assertEquals(answer.from, "origin", cc);
      }
    },
  ],
  [
    "RFC 9111 section 5.2.1.3",
    "min-fresh of the request asks for a rest of freshness",
    async (c) => {
      await c.get(FRESH);
      c.wait(50);
      const ask = async (cc: string) =>
        (await c.get({ status: 500 }, { "cache-control": cc })).from;
      assertEquals(await ask("min-fresh=50"), "cache");
      assertEquals(await ask("min-fresh=51"), "origin");
      assertEquals(await ask("min-fresh=x"), "origin");
      assertEquals(await ask("max-stale, min-fresh=51"), "origin");
    },
  ],
  [
    "RFC 9111 section 5.2.1.4",
    "no-cache of the request asks for validation",
    async (c) => {
      await c.get(fresh({ etag: '"1"' }));
      const answer = await c.get(
        { status: 304, headers: { etag: '"1"' } },
        { "cache-control": "no-cache" },
      );
      assertEquals(answer.from, "validated");
      assertEquals(answer.sent!.get("cache-control"), "no-cache");
    },
  ],
  [
    "RFC 9111 section 5.2.1.5",
    "no-store of the request keeps its response out",
    async (c) => {
      await c.get(FRESH, { "cache-control": "no-store" });
      assertEquals(c.store.entryCount, 0);
      await c.get(FRESH);
      const answer = await c.get({ body: "new" }, {
        "cache-control": "no-store",
      });
      assertEquals(from(answer), "origin 200 new");
      assertEquals(from(await c.get("down")), "cache 200 body");
    },
  ],
  [
    "RFC 9111 section 5.2.1.7",
    "only-if-cached is answered from the cache or with 504",
    async (c) => {
      const oic = { "cache-control": "only-if-cached" };
      assertEquals(from(await c.get(FRESH, oic)), "fallback 504 ");
      await c.get(FRESH);
      assertEquals((await c.get("down", oic)).from, "cache");
      c.wait(200);
      assertEquals((await c.get(FRESH, oic)).status, 504);
      const stale = await c.get("down", {
        "cache-control": "only-if-cached, max-stale",
      });
      assertEquals(stale.from, "stale");
      assertEquals((await c.get(FRESH, oic, "noCache")).status, 504);
    },
  ],
  ["RFC 9111 section 5.2.2.2", "must-revalidate, once stale", async (c) => {
    await c.get({
      headers: { "cache-control": "max-age=10, must-revalidate", etag: '"1"' },
    });
    assertEquals((await c.get("down")).from, "cache");
    c.wait(10);
    const answer = await c.get({ status: 304, headers: { etag: '"1"' } });
    assertEquals(answer.from, "validated");
  }],
  [
    "RFC 9111 section 5.2.2.3",
    "must-understand overrides no-store if the status is understood",
    async (c) => {
      const cc = { "cache-control": "max-age=9, no-store, must-understand" };
      assert(await isReused(c, cc, 200));
      assert(await isReused(c, cc, 404));
      assert(!await isReused(c, cc, 599));
      assert(!await isReused(c, cc, 299));
      assert(
        !await isReused(
          c,
          { "cache-control": "max-age=9, must-understand" },
          599,
        ),
      );
    },
  ],
  [
    "RFC 9111 section 5.2.2.4",
    "no-cache is stored but never used without validation",
    async (c) => {
      await c.get({
        headers: { "cache-control": "max-age=100, no-cache", etag: '"1"' },
      });
      const answer = await c.get({ status: 304, headers: { etag: '"1"' } });
      assertEquals(from(answer), "validated 200 body");
      assertEquals(answer.isReusable, false);
    },
  ],
  [
    "RFC 9111 section 5.2.2.4",
    "no-cache with names keeps these fields back until validated",
    async (c) => {
      await c.get({
        headers: {
          "cache-control": 'max-age=10, no-cache="Set-Cookie, a"',
          "set-cookie": "secret",
          a: "1",
          b: "2",
          etag: '"1"',
        },
      });
      const hit = await c.get("down");
      assertEquals(hit.from, "cache");
      assertEquals(hit.headers.has("set-cookie"), false);
      assertEquals(hit.headers.has("a"), false);
      assertEquals(hit.headers.get("b"), "2");
      c.wait(10);
      const validated = await c.get({ status: 304, headers: { etag: '"1"' } });
      assertEquals(validated.headers.get("a"), "1");
    },
  ],
  [
    "RFC 9111 section 5.2.2.4",
    "no-cache with an empty list is no-cache",
    async (c) => {
      for (const cc of ['no-cache=""', "no-cache=", 'no-cache=" , "']) {
        assert(
          !await isReused(c, { "cache-control": `max-age=9, ${cc}` }),
          cc,
        );
      }
    },
  ],
  [
    "RFC 9111 section 5.2.2.7",
    "private is for shared caches",
    async (c) => {
      assert(await isReused(c, { "cache-control": "private, max-age=9" }));
      await c.get({
        headers: { "cache-control": 'private="a", max-age=9', a: "1" },
      });
      assertEquals((await c.get("down")).headers.get("a"), "1");
    },
  ],
  [
    "RFC 9111 section 5.2.3",
    "unknown directives are ignored",
    async (c) => {
      assert(
        await isReused(c, {
          "cache-control": 'foo, max-age=9, community="UCI", =, ,',
        }),
      );
    },
  ],
  [
    "RFC 9111 section 5.3",
    "an invalid Expires is in the past",
    async (c) => {
      for (
        const expires of [
          "0",
          "-1",
          "",
          "tomorrow",
          "Thu, 18 Aug 2050 02:01:18 UTC",
          "Thu, 18 Aug 2050 02:01:18 AEST",
          "Thu, 18 Aug 50 02:01:18 GMT",
          "Thu, 18 Aug 2050 02:01:18 GMT, Thu, 18 Aug 2050 02:01:18 GMT",
        ]
      ) {
        assert(
          !await isReused(c, { expires, "last-modified": c.date(-1e6) }),
          expires,
        );
      }
    },
  ],
  [
    "RFC 9111 section 5.4",
    "Pragma: no-cache counts in requests without Cache-Control only",
    async (c) => {
      await c.get(fresh({ pragma: "no-cache" }));
      assertEquals((await c.get("down")).from, "cache");
      assertEquals((await c.get("down", { pragma: "x" })).from, "cache");
      const answer = await c.get({ status: 500 }, { pragma: "No-Cache" });
      assertEquals(answer.from, "origin");
      const overridden = await c.get("down", {
        pragma: "no-cache",
        "cache-control": "max-age=50",
      });
      assertEquals(overridden.from, "cache");
    },
  ],
  [
    "RFC 9110 section 6.6.1",
    "the time it came is recorded if there is no Date",
    async (c) => {
      await c.get(fresh({ date: "" }));
      const came = c.date();
      c.wait(10);
      assertEquals((await c.get("down")).headers.get("date"), came);
    },
  ],
  ["RFC 9110 section 6.6.1", "Date is never changed by a hit", async (c) => {
    await c.get(FRESH);
    const came = c.date();
    c.wait(10);
    assertEquals((await c.get("down")).headers.get("date"), came);
  }],
  [
    "RFC 9110 section 9.3.3",
    "POST answers GET with explicit freshness and Content-Location of itself",
    async (c) => {
      const own = { "content-location": "/a" };
      await c.fetch({ method: "POST" }, fresh(own, "posted"));
      assertEquals(from(await c.get("down")), "cache 200 posted");
      assertEquals(
        (await c.fetch({ method: "POST" }, { status: 500 })).from,
        "origin",
      );
      for (
        const headers of [
          own,
          { "cache-control": "max-age=9" },
          { "cache-control": "max-age=9", "content-location": "/b" },
          { "cache-control": "max-age=9, no-store", ...own },
        ]
      ) {
        await c.fetch({ method: "POST" }, { headers });
        assertEquals(c.store.entryCount, 0, JSON.stringify(headers));
      }
      await c.fetch({ method: "PUT" }, fresh(own));
      assertEquals(c.store.entryCount, 0);
    },
  ],
  [
    "RFC 9110 section 13.1.5",
    "If-Range that does not hold brings the whole",
    async (c) => {
      const lastModified = c.date(-1_000);
      await c.get(
        fresh({ etag: '"1"', "last-modified": lastModified }, "01234567"),
      );
      const ask = (ifRange: string) =>
        c.get("down", { range: "bytes=2-3", "if-range": ifRange });
      assertEquals(from(await ask('"1"')), "cache 206 23");
      assertEquals(from(await ask(lastModified)), "cache 206 23");
      for (const other of ['"2"', 'W/"1"', c.date(-999), "x"]) {
        assertEquals(from(await ask(other)), "cache 200 01234567", other);
      }
    },
  ],
  [
    "RFC 9110 section 13.1.5",
    "a date that is too young is no strong validator",
    async (c) => {
      const lastModified = c.date();
      await c.get(fresh({ "last-modified": lastModified }));
      const answer = await c.get("down", {
        range: "bytes=2-3",
        "if-range": lastModified,
      });
      assertEquals(answer.status, 200);
    },
  ],
  [
    "RFC 9110 section 13.2.1",
    "conditions mean nothing to what is not a success",
    async (c) => {
      await c.get({ ...fresh({ etag: '"1"' }), status: 404 });
      for (const tag of ["*", '"1"']) {
        const answer = await c.get("down", { "if-none-match": tag });
        assertEquals(answer.status, 404);
      }
    },
  ],
  [
    "RFC 9110 section 14.2",
    "ranges are answered from a stored whole",
    async (c) => {
      await c.get(fresh({ "content-length": "8", etag: '"1"' }, "01234567"));
      for (
        const [range, text, contentRange] of [
          ["bytes=0-1", "01", "bytes 0-1/8"],
          ["bytes=2-", "234567", "bytes 2-7/8"],
          ["bytes=6-99", "67", "bytes 6-7/8"],
          ["bytes=-3", "567", "bytes 5-7/8"],
          ["bytes=-99", "01234567", "bytes 0-7/8"],
          ["BYTES=0-0", "0", "bytes 0-0/8"],
        ]
      ) {
        const answer = await c.get("down", { range: range! });
        assertEquals(from(answer), `cache 206 ${text}`, range);
        assertEquals(answer.headers.get("content-range"), contentRange);
        assertEquals(
          answer.headers.get("content-length"),
          String(text!.length),
        );
        assertEquals(answer.headers.get("etag"), '"1"');
      }
    },
  ],
  [
    "RFC 9110 section 14.2",
    "a Range that is invalid, of another unit, or of several ranges is ignored",
    async (c) => {
      await c.get(fresh({}, "01234567"));
      for (
        const range of [
          "bytes=2-1",
          "bytes=a-b",
          "bytes=",
          "bytes=-",
          "bytes",
          "lines=0-1",
          "bytes=0-1,3-4",
          "bytes=0x1-2",
          "bytes=1-2 3",
          `bytes=${"9".repeat(400)}-`,
        ]
      ) {
        assertEquals(
          from(await c.get("down", { range })),
          "cache 200 01234567",
          range,
        );
      }
    },
  ],
  [
    "RFC 9110 section 14.2",
    "Range means nothing to HEAD, nor to answers that are not 200",
    async (c) => {
      await c.get({ ...FRESH, status: 404 });
      const answer = await c.get("down", { range: "bytes=0-1" });
      assertEquals(from(answer), "cache 404 body");
      const head = await c.fetch({
        method: "HEAD",
        headers: { range: "bytes=0-1" },
      }, "down");
      assertEquals(from(head), "cache 404 ");
    },
  ],
  [
    "RFC 9110 section 14.2",
    "a stale whole is validated before a range of it is served",
    async (c) => {
      await c.get({
        headers: { "cache-control": "max-age=1", etag: '"1"' },
        body: "01234567",
      });
      c.wait(10);
      const answer = await c.get(
        { status: 304, headers: { etag: '"1"' } },
        { range: "bytes=0-1" },
      );
      assertEquals(from(answer), "validated 206 01");
      assertEquals(answer.sent!.get("range"), "bytes=0-1");
    },
  ],
  [
    "RFC 9110 section 14.2",
    "the tags of other variants are not sent with a Range",
    async (c) => {
      await c.get(fresh({ vary: "a", etag: '"1"' }), { a: "1" });
      const { sent } = await c.get({ status: 500 }, {
        a: "2",
        range: "bytes=0-1",
      });
      assertEquals(sent!.has("if-none-match"), false);
    },
  ],
  [
    "RFC 9110 section 14.2",
    "ranges of coded content are not cut from decoded bytes",
    async (c) => {
      await c.get(fresh({ "content-encoding": "gzip" }));
      const answer = await c.get({ status: 500 }, { range: "bytes=0-1" });
      assertEquals(answer.from, "origin");
      assertEquals(answer.sent!.has("if-none-match"), false);
    },
  ],
  [
    "RFC 9110 section 14.4",
    "a part whose Content-Range is invalid is not stored",
    async (c) => {
      for (
        const contentRange of [
          "bytes 3-0/10",
          "bytes 0-3/3",
          "bytes */10",
          "bytes 0-3",
          "lines 0-3/10",
          "0-3/10",
          "bytes 0-2/10",
          `bytes 0-${"9".repeat(400)}/*`,
        ]
      ) {
        await c.get({
          status: 206,
          headers: {
            "cache-control": "max-age=100",
            "content-range": contentRange,
          },
        }, { range: "bytes=0-3" });
        assertEquals(c.store.entryCount, 0, contentRange);
      }
    },
  ],
  [
    "RFC 9110 section 14.4",
    "a part of unknown length answers positions, not ends",
    async (c) => {
      await c.get({
        status: 206,
        headers: {
          "cache-control": "max-age=100",
          "content-range": "bytes 2-5/*",
        },
      }, { range: "bytes=2-5" });
      assertEquals(
        from(await c.get("down", { range: "bytes=3-4" })),
        "cache 206 od",
      );
      for (const range of ["bytes=3-", "bytes=-1", "bytes=1-3", "bytes=4-6"]) {
        assertEquals((await c.get("down", { range })).from, "none", range);
      }
    },
  ],
  [
    "RFC 9110 section 15.5.17",
    "a range behind the end is answered with 416",
    async (c) => {
      await c.get(fresh({}, "01234567"));
      for (const range of ["bytes=8-", "bytes=8-9", "bytes=-0"]) {
        const answer = await c.get("down", { range });
        assertEquals(from(answer), "cache 416 ", range);
        assertEquals(answer.headers.get("content-range"), "bytes */8");
      }
    },
  ],
  [
    "RFC 5861 section 3",
    "stale-while-revalidate is served stale while the server is asked",
    async (c) => {
      await c.get({
        headers: {
          "cache-control": "max-age=10, stale-while-revalidate=20",
          etag: '"1"',
        },
      });
      assertEquals((await c.get("down")).background, undefined);
      c.wait(15);
      const answer = await c.get("down");
      assertEquals(from(answer), "stale 200 body");
      assertEquals(answer.headers.get("age"), "15");
      const { background } = answer;
      assertEquals(background!.type, "validate");
      assertEquals(background!.headers.get("if-none-match"), '"1"');
      await c.send(background!, fresh({}, "new"));
      assertEquals(from(await c.get("down")), "cache 200 new");
    },
  ],
  [
    "RFC 5861 section 3",
    "not after its time, and not against must-revalidate or no-cache",
    async (c) => {
      const swr = "max-age=10, stale-while-revalidate=20";
      for (
        const [cc, secs] of [
          [swr, 30],
          [`${swr}, must-revalidate`, 15],
          [`${swr}, no-cache`, 5],
          ["max-age=10, stale-while-revalidate", 15],
          ["max-age=10, stale-while-revalidate=x", 15],
        ] as const
      ) {
        const url = `https://example.com/${cc}`;
        await c.fetch({ url }, { headers: { "cache-control": cc } });
        c.wait(secs);
        assertEquals((await c.fetch({ url }, {})).from, "origin", cc);
      }
    },
  ],
  [
    "RFC 5861 section 4",
    "stale-if-error is served for an error of the server",
    async (c) => {
      await c.get({
        headers: { "cache-control": "max-age=10, stale-if-error=20" },
      });
      c.wait(30);
      for (const status of [500, 502, 503, 504]) {
        assertEquals(from(await c.get({ status })), "fallback 200 body");
      }
      assertEquals((await c.get("down")).from, "fallback");
      c.wait(1);
      assertEquals((await c.get({ status: 503 })).from, "origin");
      assertEquals((await c.get("down")).from, "none");
    },
  ],
  [
    "RFC 5861 section 4",
    "stale-if-error of the request, too",
    async (c) => {
      await c.get({ headers: { "cache-control": "max-age=10" } });
      c.wait(30);
      const ask = async (cc: string) =>
        (await c.get({ status: 503 }, { "cache-control": cc })).from;
      assertEquals(await ask("stale-if-error=20"), "fallback");
      assertEquals(await ask("stale-if-error=19"), "origin");
      assertEquals(await ask("max-age=50"), "origin");
    },
  ],
  [
    "RFC 5861 section 4",
    "without it, an error of the server is passed on",
    async (c) => {
      await c.get({ headers: { "cache-control": "max-age=10" } });
      c.wait(30);
      assertEquals((await c.get({ status: 503 })).status, 503);
      await c.get({
        headers: {
          "cache-control": "max-age=10, stale-if-error=99, must-revalidate",
        },
      });
      c.wait(30);
      assertEquals((await c.get({ status: 503 })).status, 503);
    },
  ],
  [
    "RFC 8246 section 2",
    "immutable spares the validation while fresh",
    async (c) => {
      await c.get({
        headers: { "cache-control": "max-age=10, immutable", etag: '"1"' },
      });
      assertEquals((await c.get("down", {}, "revalidate")).from, "cache");
      assertEquals((await c.get({}, {}, "noCache")).from, "origin");
      await c.get(
        {
          headers: { "cache-control": "max-age=10, immutable", etag: '"1"' },
        },
        {},
        "noCache",
      );
      c.wait(10);
      const answer = await c.get(
        { status: 304, headers: { etag: '"1"' } },
        {},
        "revalidate",
      );
      assertEquals(answer.from, "validated");
      assertEquals(answer.sent!.get("cache-control"), "max-age=0");
    },
  ],
  [
    "RFC 8246 section 2",
    "immutable allows nothing once stale",
    async (c) => {
      await c.get({
        headers: {
          "cache-control": "max-age=10, immutable, stale-while-revalidate=90",
        },
      });
      c.wait(10);
      assertEquals((await c.get({}, {}, "revalidate")).from, "origin");
    },
  ],
  [
    "Fetch Standard, HTTP-network-or-cache fetch",
    "modes revalidate, noCache and noStore",
    async (c) => {
      await c.get(fresh({ etag: '"1"' }));
      const revalidated = await c.get(
        { status: 304, headers: { etag: '"1"' } },
        {},
        "revalidate",
      );
      assertEquals(revalidated.from, "validated");
      assertEquals(revalidated.sent!.get("cache-control"), "max-age=0");
      const unstored = await c.get({ body: "x" }, {}, "noStore");
      assertEquals(from(unstored), "origin 200 x");
      assertEquals(from(await c.get("down")), "cache 200 body");
      const reloaded = await c.get(fresh({}, "new"), {}, "noCache");
      assertEquals(from(reloaded), "origin 200 new");
      assertEquals(reloaded.sent!.get("cache-control"), "no-cache");
      assertEquals(reloaded.sent!.has("if-none-match"), false);
      assertEquals(from(await c.get("down")), "cache 200 new");
      const own = await c.get({}, { "cache-control": "x" }, "noCache");
      assertEquals(own.sent!.get("cache-control"), "x");
    },
  ],
];

for (const [storeName, newStore] of STORES) {
  for (const [section, sentence, test] of RULES) {
    Deno.test(`${section}: ${sentence} (${storeName})`, () =>
      test(new TestCache(newStore())));
  }
}
