import { assert, assertEquals, assertGreater } from "@std/assert";
import { run } from "./udp_ping.ts";

Deno.test("udp_ping.ts gets an answer to each ping that was not lost, over real sockets", async () => {
  const { pings, answered, acknowledged, lost, refused, ...rest } = await run(
    400,
    7,
  );
  assertEquals(pings, 400);
  assertGreater(lost, 5);
  // The token, too, may have been lost once or twice.
  assert(answered >= pings - lost && answered < pings, `${answered}, ${lost}`);
  assertEquals(acknowledged, answered);
  const { replayDetected, payloadTruncated, bufferTooShort, ...others } =
    refused;
  assertGreater(replayDetected ?? 0, 5);
  assertGreater((payloadTruncated ?? 0) + (bufferTooShort ?? 0), 5);
  assertEquals(others, {});
  assertGreater(rest.bytesPerSecUp, 0);
  assertGreater(rest.bytesPerSecDown, 0);
  assert(rest.rttMs.p50 > 0 && rest.rttMs.p50 <= rest.rttMs.p99);
});

Deno.test("udp_ping.ts prints what became of the pings", async () => {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      new URL("udp_ping.ts", import.meta.url).href,
      "--pings",
      "50",
    ],
    cwd: new URL("..", import.meta.url),
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder().decode(stdout);
  assertEquals(code, 0);
  assert(/^50 pings, \d+ of them lost on the line\n/.test(text), text);
  assert(/round trip {3}p50 \d/.test(text), text);
});
