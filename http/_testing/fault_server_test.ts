import {
  assert,
  assertEquals,
  assertLessOrEqual,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { FaultServer, MALFORMED_REPLIES } from "./fault_server.ts";

/** Sends text over a socket of its own and reads to the end; `reset` if that is how it ended. */
async function exchange(server: FaultServer, request: string): Promise<string> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await conn.write(new TextEncoder().encode(request));
  const buffer = new Uint8Array(65536);
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (;;) {
      const count = await conn.read(buffer);
      if (count === null) return text;
      text += decoder.decode(buffer.subarray(0, count), { stream: true });
    }
  } catch (error) {
    assert(error instanceof Deno.errors.ConnectionReset);
    return `${text}<reset>`;
  }
}

/** Sends a GET over a socket of its own. */
function get(server: FaultServer, target: string): Promise<string> {
  return exchange(server, `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`);
}

/** Waits until a condition holds, for at most five seconds. */
async function until(condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 30_000; !condition();) {
    assert(Date.now() < deadline, `Gave up waiting for ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

Deno.test("FaultServer echoes method, fields, body and arrivals", async () => {
  await using server = await FaultServer.start();
  for (let round = 1; round <= 3; round++) {
    const body = "grüß".repeat(round * 5000);
    const response = await fetch(`${server.origin}/echo?round=${round}`, {
      method: "POST",
      headers: { "X-Request-Id": "a", "X-Other": "b" },
      body,
    });
    const echo = await response.json();
    assertEquals(echo.method, "POST");
    assertEquals(echo.target, `/echo?round=${round}`);
    assertEquals(echo.headers["x-other"], "b");
    assertEquals(echo.body, body);
    assertEquals(echo.bodyBytes, new TextEncoder().encode(body).length);
    assertEquals(echo.arrivals, round);
  }
  assertEquals(server.arrivals("a"), 3);
  assertEquals(server.hits("/echo"), 3);
  assertEquals(server.acceptedConnections, 1);
});

Deno.test("FaultServer takes chunked bodies", async () => {
  await using server = await FaultServer.start();
  const parts = ReadableStream.from(["one,", "two,", "three"]);
  const response = await fetch(`${server.origin}/echo`, {
    method: "PUT",
    body: parts.pipeThrough(new TextEncoderStream()),
  });
  const echo = await response.json();
  assertEquals(echo.body, "one,two,three");
  assertEquals(echo.headers["transfer-encoding"], "chunked");
});

Deno.test("FaultServer resets and closes where it says", async () => {
  await using server = await FaultServer.start();
  assertEquals(await get(server, "/reset"), "<reset>");
  assertEquals(await get(server, "/close"), "");
  const half = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello ";
  assertEquals(await get(server, "/close-mid-body"), half);
  const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
    "6\r\nhello \r\n5\r\nwo";
  assertEquals(await get(server, "/close-mid-chunked"), chunked);
  assert((await get(server, "/reset-mid-body")).endsWith("<reset>"));
  assert((await get(server, "/reset-mid-chunked")).endsWith("<reset>"));
  const request = "POST /drop-reused?how=reset HTTP/1.1\r\nHost: x\r\n" +
    "Content-Length: 2\r\n\r\nab";
  const reply = await exchange(server, request + request);
  assertEquals(reply.match(/"body":"ab"/g)?.length, 1);
  assert(reply.endsWith("<reset>"));
  assertEquals(server.hits("/drop-reused"), 2);
});

Deno.test("FaultServer fails as often as it is told", async () => {
  await using server = await FaultServer.start();
  const statuses = [];
  for (let round = 0; round < 4; round++) {
    const fault = encodeURIComponent("/status/503?header=Retry-After:1");
    const response = await fetch(
      `${server.origin}/flaky/2?key=k&fault=${fault}`,
    );
    statuses.push([response.status, response.headers.get("retry-after")]);
    await response.body?.cancel();
  }
  assertEquals(statuses, [[503, "1"], [503, "1"], [200, null], [200, null]]);
});

Deno.test("FaultServer holds its faults behind gates", async () => {
  await using server = await FaultServer.start();
  const response = await fetch(`${server.origin}/drip?bytes=3&gate=g`);
  const reader = response.body!.getReader();
  for (let round = 0; round < 3; round++) {
    server.release("g", 1);
    assertEquals((await reader.read()).value, new Uint8Array([120]));
  }
  assertEquals((await reader.read()).done, true);

  const stalled = get(server, "/stall-mid-body?gate=h");
  await until(() => server.hits("/stall-mid-body") === 1);
  server.release("h");
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await conn.write(new TextEncoder().encode("GET /stall?gate=i HTTP/1.1\r\n"));
  await conn.write(new TextEncoder().encode("\r\nGET /close HTTP/1.1\r\n\r\n"));
  await until(() => server.hits("/stall") === 1);
  server.release("i");
  await until(() => server.hits("/close") === 1);
  await server.die();
  assert((await stalled).endsWith("hello world"));
});

Deno.test("FaultServer gives a pass to nobody who left", async () => {
  await using server = await FaultServer.start();
  const controller = new AbortController();
  const left = fetch(`${server.origin}/stall?gate=g`, controller);
  await until(() => server.hits("/stall") === 1);
  assertEquals(server.busy, 1);
  controller.abort();
  await assertRejects(() => left, DOMException);
  await until(() => server.openConnections === 0);
  assertEquals(server.busy, 0);
  const stays = fetch(`${server.origin}/stall?gate=g`);
  await until(() => server.hits("/stall") === 2);
  server.release("g", 1);
  assertEquals(await (await stays).text(), "hello world");
});

Deno.test("FaultServer lies in Content-Length and drops reused connections", async () => {
  await using server = await FaultServer.start();
  assertEquals(
    await get(server, "/length?value=3&value=-1"),
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: -1\r\n\r\nhello world",
  );
  const request = "GET /drop-reused HTTP/1.1\r\nHost: x\r\n\r\n";
  const reply = await exchange(server, request + request);
  assertEquals(reply.split("HTTP/1.1 200").length, 2);
  assertEquals(server.hits("/drop-reused"), 2);
});

Deno.test("FaultServer redirects, fails and answers HEAD", async () => {
  await using server = await FaultServer.start();
  const to = "http://127.0.0.1:1/x";
  const redirect = await fetch(
    `${server.origin}/redirect?status=307&to=${encodeURIComponent(to)}`,
    { method: "HEAD", redirect: "manual" },
  );
  assertEquals(redirect.status, 307);
  assertEquals(redirect.headers.get("location"), to);
  const loop = await get(server, "/redirect-loop?close");
  assertStringIncludes(loop, "Location: /redirect-loop/a\r\n");
  const unknown = await get(server, "/unknown?close");
  assertStringIncludes(unknown, "HTTP/1.1 404 ");
});

Deno.test("FaultServer makes endless bodies only as they are read", async () => {
  await using server = await FaultServer.start();
  const response = await fetch(`${server.origin}/endless`);
  const reader = response.body!.getReader();
  await reader.read();
  await reader.cancel();
  await until(() => server.openConnections === 0);
  assertLessOrEqual(server.bytesSent, 2 ** 24);
});

Deno.test("FaultServer makes bombs", async () => {
  await using server = await FaultServer.start();
  const response = await fetch(`${server.origin}/bomb?bytes=5000000`);
  assertEquals((await response.bytes()).length, 5_000_000);
  assertLessOrEqual(server.bytesSent, 10_000);
});

Deno.test("FaultServer sends huge fields and malformed replies", async () => {
  await using server = await FaultServer.start();
  for (const [name, reply] of Object.entries(MALFORMED_REPLIES)) {
    using conn = await Deno.connect({
      hostname: "127.0.0.1",
      port: server.port,
    });
    const request = `GET /malformed/${name} HTTP/1.1\r\n\r\n`;
    await conn.write(new TextEncoder().encode(request));
    const bytes = await new Response(conn.readable).bytes();
    assertEquals(bytes, Uint8Array.from(reply, (c) => c.charCodeAt(0)));
  }
  const before = server.bytesSent;
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await conn.write(
    new TextEncoder().encode("GET /huge-headers?bytes=2048 HTTP/1.1\r\n\r\n"),
  );
  await until(() => server.bytesSent - before > 2048);
});

Deno.test("FaultServer dies and restarts on its port", async () => {
  await using server = await FaultServer.start();
  const stalled = get(server, "/stall");
  await until(() => server.hits("/stall") === 1);
  await server.die();
  assertEquals(await stalled, "");
  assertEquals(server.openConnections, 0);
  await assertRejects(
    () => Deno.connect({ hostname: "127.0.0.1", port: server.port }),
    Deno.errors.ConnectionRefused,
  );
  await server.restart();
  assert((await get(server, "/length?value=11")).endsWith("hello world"));
  await server.die();
  await server.die();
});

Deno.test("FaultServer lets clients wait while accepting is paused", async () => {
  await using server = await FaultServer.start();
  server.pauseAccepting();
  const waiting = get(server, "/close");
  await until(() => server.openConnections === 1);
  assertEquals(server.requests.length, 0);
  server.resumeAccepting();
  assertEquals(await waiting, "");
  assertEquals(server.hits("/close"), 1);
  server.pauseAccepting();
  const unserved = get(server, "/close");
  await until(() => server.acceptedConnections === 2);
  await server.die();
  assertEquals(await unserved, "");
  assertEquals(server.hits("/close"), 1);
});
