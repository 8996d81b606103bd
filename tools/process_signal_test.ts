import { assert, assertEquals, assertRejects } from "@std/assert";
import { ServerProcess } from "./process_signal.ts";

const ECHO = program(`
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  console.log("ready " + listener.addr.port);
  for await (const conn of listener) {
    console.log("accepted");
    conn.readable.pipeTo(conn.writable).catch(() => {});
  }
`);

function program(source: string): URL {
  return new URL(`data:text/javascript,${encodeURIComponent(source)}`);
}

function connect(server: ServerProcess): Promise<Deno.TcpConn> {
  return Deno.connect({ hostname: "127.0.0.1", port: server.port });
}

async function echo(conn: Deno.TcpConn, byte: number): Promise<void> {
  await conn.write(new Uint8Array([byte]));
  const answer = new Uint8Array(1);
  assertEquals(await conn.read(answer), 1);
  assertEquals(answer[0], byte);
}

Deno.test("ServerProcess.suspend() keeps connections open that nobody answers until resume()", async () => {
  await using server = await ServerProcess.start(ECHO);
  await using other = await ServerProcess.start(ECHO);
  using conn = await connect(server);
  using beside = await connect(other);
  await echo(conn, 1);
  assertEquals(await server.nextLine(), "accepted");

  server.suspend();
  // The signal may take a moment to arrive: from then on there is silence.
  let isSilent = false;
  let later: Promise<void> | undefined;
  for (let byte = 2; !isSilent; byte++) {
    assert(byte < 200, "It still answers");
    isSilent = true;
    later = echo(conn, byte).then(() => {
      isSilent = false;
    });
    for (let i = 0; i < 100; i++) await echo(beside, i);
  }
  using early = await connect(server);
  await early.write(new Uint8Array([7]));
  for (let i = 0; i < 100; i++) await echo(beside, i);
  assert(isSilent);

  server.resume();
  await later;
  const answer = new Uint8Array(1);
  assertEquals(await early.read(answer), 1);
  assertEquals(answer[0], 7);
  assertEquals(await server.nextLine(), "accepted");
});

Deno.test("ServerProcess.kill() ends its connections, suspended or not", async () => {
  for (const isSuspended of [false, true]) {
    await using server = await ServerProcess.start(ECHO);
    using conn = await connect(server);
    await echo(conn, 1);
    assertEquals(await server.nextLine(), "accepted");
    if (isSuspended) server.suspend();
    await server.kill();
    assertEquals(await conn.read(new Uint8Array(1)), null);
    await assertRejects(
      () => connect(server),
      Deno.errors.ConnectionRefused,
    );
    assertEquals(await server.nextLine(), undefined);
    // What is done to a process that has ended does no harm.
    server.suspend();
    server.resume();
    await server.kill();
  }
});

Deno.test("ServerProcess.start() rejects a program that does not get ready", async () => {
  for (
    const source of [
      `console.log("hello"); setInterval(() => {}, 1000);`,
      `Deno.exit(3);`,
    ]
  ) {
    await assertRejects(
      () => ServerProcess.start(program(source)),
      Error,
      "ready <port>",
    );
  }
});

Deno.test("ServerProcess.start() kills a program that says nothing", async () => {
  await assertRejects(
    () =>
      ServerProcess.start(program(`setInterval(() => {}, 1000);`), {
        timeoutMs: 1,
      }),
    Error,
    "current value is undefined",
  );
});
