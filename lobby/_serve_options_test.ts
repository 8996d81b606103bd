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
  const { lobby: usual, ...other } = queues.other!;
  assertEquals(other, { modes });
  assertEquals(usual!({} as ProposedMatch), {});
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
      `{"a":{"modes":{"b":{}},"lobby":null}}`,
      `{"a":{"modes":{"b":{}},"lobby":{"config":7}}}`,
      `{"a":{"modes":{"b":{}},"lobby":{"name":"A duel"}}}`,
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

Deno.test("readServeOptions() refuses queues whose matches could have no lobby", async () => {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/queues.json`;
  const duel = { teams: 2, teamSize: 1 };
  const cases: [queue: object, message: string][] = [
    [{ modes: { duel: { teams: 0, teamSize: 1 } } }, "teams"],
    [{ modes: { duel: { teams: 2, teamSize: 3 } } }, "maxPlayers"],
    [{ modes: { duel }, lobby: { config: { nmae: "A duel" } } }, "nmae"],
    [{ modes: { duel }, lobby: { config: { name: " " } } }, "name"],
    [{ modes: { duel }, lobby: { config: { minPlayers: 3 } } }, "minPlayers"],
    [
      { modes: { duel }, lobby: { config: { countdownMs: -1 } } },
      "countdownMs",
    ],
    [{ modes: { duel }, lobby: { metadata: { tags: [] } } }, "metadata.tags"],
    [{ modes: { duel: { ...duel, maps: ["a", "b\n"] } } }, "map"],
    // As many as all teams have, but too many for fewer.
    [
      {
        modes: {
          all: { teams: 4, teamSize: 1, fewerTeams: { min: 2, afterMs: 1 } },
        },
        lobby: { config: { minPlayers: 4 } },
      },
      "minPlayers",
    ],
    [{ modes: { duel, ["x".repeat(33)]: duel } }, "mode"],
  ];
  for (const [queue, message] of cases) {
    await Deno.writeTextFile(
      file,
      JSON.stringify({ good: { modes: { duel } }, a: queue }),
    );
    await assertRejects(
      () => readServeOptions(["--queues", file, "--players", "4"], none),
      RangeError,
      message,
      JSON.stringify(queue),
    );
  }
  await Deno.writeTextFile(
    file,
    JSON.stringify({
      a: {
        modes: {
          pairs: { teams: 2, teamSize: 2, maps: ["a", "b"] },
          all: { teams: 4, teamSize: 1, fewerTeams: { min: 2, afterMs: 1 } },
        },
        lobby: {
          config: { isAutoStarted: true, minPlayers: 1 },
          metadata: { level: 3 },
        },
      },
    }),
  );
  await readServeOptions(["--queues", file, "--players", "4"], none);
  await Deno.remove(folder, { recursive: true });
});
