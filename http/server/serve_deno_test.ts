import { assert, assertEquals, assertMatch } from "@std/assert";
import { ServerProcess } from "../../tools/process_signal.ts";
import { SECRET } from "./_testing/service_program.ts";

const PROGRAM = new URL("_testing/service_program.ts", import.meta.url);
const DEADLINE_MS = 30_000;

Deno.test("serveUntilStopped() answers 500 where an answer fails, ticks, and logs each request", async () => {
  await using server = await ServerProcess.start(PROGRAM);
  const url = `http://127.0.0.1:${server.port}`;
  for (const path of ["throws?key=1", "rejects"]) {
    const response = await fetch(`${url}/${path}`);
    assertEquals(response.status, 500);
    assertEquals((await response.text()).includes(SECRET), false);
  }
  const endMs = performance.now() + DEADLINE_MS;
  for (let ticks = 0; ticks < 2;) {
    ticks = Number(await (await fetch(`${url}/ticks`)).text());
    assert(performance.now() < endMs);
  }
  assertMatch(
    await (await fetch(`${url}/metrics`)).text(),
    /^ticks (?:[2-9]|\d\d)/m,
  );
  const head = await fetch(`${url}/healthz`, { method: "HEAD" });
  assertEquals(head.status, 200);
  await (await fetch(`${url}/player/his-secret`)).body!.cancel();
  const post = await fetch(`${url}/healthz`, { method: "POST" });
  assertMatch(await post.text(), /^\d+$/);
  Deno.kill(server.pid, "SIGTERM");
  const logged: string[] = [];
  for (
    let line = await server.nextLine();
    line !== undefined;
    line = await server.nextLine()
  ) {
    const { method, path, status } = JSON.parse(line);
    logged.push(`${method} ${path} ${status}`);
  }
  assertEquals(logged.slice(0, 2), ["GET /throws 500", "GET /rejects 500"]);
  assertEquals(logged.slice(-4), [
    "GET /metrics 200",
    "HEAD /healthz 200",
    "GET /player/* 200",
    "POST /healthz 200",
  ]);
});

Deno.test("runServer() tells a wrong command line by code 2, and prints the usage", async () => {
  for (
    const [args, code, text] of [
      [["--help"], 0, "Usage: none\n"],
      [["--bogus"], 2, "No options\n"],
    ] as const
  ) {
    const output = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", PROGRAM.href, ...args],
      env: { NO_COLOR: "1" },
    }).output();
    const printed = code === 0 ? output.stdout : output.stderr;
    assertEquals(output.code, code);
    assertEquals(new TextDecoder().decode(printed), text);
  }
});
