import { assertEquals, assertRejects } from "@std/assert";
import type { ProposedMatch } from "./mod.ts";
import { readServeOptions } from "./_serve_options.ts";

function none(): undefined {}

Deno.test("readServeOptions() has a default for everything", async () => {
  assertEquals(await readServeOptions([], none), {
    port: 8_080,
    hostname: "127.0.0.1",
    database: "lobby.db",
    queues: {},
    maxPlayers: 64,
    region: "",
    origins: undefined,
    trustedProxies: [],
    protocolId: 0,
    serverAddress: undefined,
    spreadMs: 1_000,
    hasInsecureNames: false,
    tokenKey: undefined,
    isQuiet: false,
  });
  assertEquals(await readServeOptions(["--help"], none), undefined);
});

Deno.test("readServeOptions() takes what it is told", async () => {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/queues.json`;
  const modes = { duel: { teams: 2, teamSize: 1 } };
  const lobby = { config: { name: "A duel" } };
  await Deno.writeTextFile(
    file,
    JSON.stringify({ duels: { modes, ttlMs: 9, lobby }, other: { modes } }),
  );
  const options = await readServeOptions(
    [
      ...["--port", "0", "--hostname", "::1", "--database", ":memory:"],
      ...["--queues", file, "--players", "4", "--region", "eu", "--quiet"],
      ...["--origin", "https://a.test", "--origin", "https://b.test"],
      ...["--trusted-proxy", "10.0.0.1", "--protocol-id", "7"],
      ...["--address", "a:1", "--spread", "0", "--insecure-names"],
    ],
    (name) => `of ${name}`,
  );
  const { queues, ...rest } = options!;
  assertEquals(rest, {
    port: 0,
    hostname: "::1",
    database: ":memory:",
    maxPlayers: 4,
    region: "eu",
    origins: ["https://a.test", "https://b.test"],
    trustedProxies: ["10.0.0.1"],
    protocolId: 7,
    serverAddress: "a:1",
    spreadMs: 0,
    hasInsecureNames: true,
    tokenKey: "of TICKWIRE_TOKEN_KEY",
    isQuiet: true,
  });
  const { lobby: settingsOf, ...duels } = queues.duels!;
  assertEquals(duels, { modes, ttlMs: 9 });
  assertEquals(settingsOf!({} as ProposedMatch), lobby);
  assertEquals(queues.other, { modes });
  await Deno.remove(folder, { recursive: true });
});

Deno.test("readServeOptions() refuses what is no list of queues", async () => {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/queues.json`;
  for (
    const text of [
      "",
      "7",
      "null",
      "[]",
      `{"a":null}`,
      `{"a":{}}`,
      `{"a":{"modes":[]}}`,
      `{"a":{"modes":{"b":null}}}`,
      `{"a":{"modes":{"b":{}},"lobby":"c"}}`,
    ]
  ) {
    await Deno.writeTextFile(file, text);
    await assertRejects(
      () => readServeOptions(["--queues", file], none),
      SyntaxError,
      "--queues",
      text,
    );
  }
  await assertRejects(
    () => readServeOptions(["--queues", `${folder}/nothing`], none),
    SyntaxError,
    "--queues",
  );
  await Deno.remove(folder, { recursive: true });
});
