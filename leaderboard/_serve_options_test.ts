import { assertEquals, assertRejects } from "@std/assert";
import { readServeOptions, type ServeOptions } from "./_serve_options.ts";

const INSECURE = "--insecure-players";

async function read(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ServeOptions | undefined> {
  return await readServeOptions(args, (name) => env[name]);
}

Deno.test("readServeOptions() fills in what is left out", async () => {
  assertEquals(await read([INSECURE]), {
    port: 8_080,
    hostname: "127.0.0.1",
    database: "leaderboard.db",
    boards: { main: {} },
    apiKeys: undefined,
    origins: undefined,
    trustedProxies: [],
    protocolId: 0,
    tokenKey: undefined,
    isQuiet: false,
  });
  assertEquals(await read(["--help"]), undefined);
});

Deno.test("readServeOptions() reads keys and boards from wherever they are", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [keys, boards] = [`${folder}/keys`, `${folder}/boards.json`];
    await Deno.writeTextFile(
      keys,
      "# ours\n\n two:server:0123456789abcdef \r\none:admin:fedcba9876543210:,\n",
    );
    await Deno.writeTextFile(boards, `{"one/race":{"order":"ascending"}}`);
    const options = await read(
      ["--keys", keys, "--boards", boards, "--port", "0", "--quiet"],
      {
        TICKWIRE_TOKEN_KEY: "0F".repeat(32),
        TICKWIRE_API_KEYS: "one:game:x, two:game:a:b",
      },
    );
    assertEquals(options?.apiKeys, [
      { title: "one", role: "game", key: "x" },
      { title: "two", role: "game", key: "a:b" },
      { title: "two", role: "server", key: "0123456789abcdef" },
      { title: "one", role: "admin", key: "fedcba9876543210:," },
    ]);
    assertEquals(options?.boards, { "one/race": { order: "ascending" } });
    assertEquals(options?.tokenKey, new Uint8Array(32).fill(15));
    assertEquals([options?.port, options?.isQuiet], [0, true]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("readServeOptions() refuses what is wrong, and never shows a key", async () => {
  const folder = await Deno.makeTempDir();
  const secret = "5eC2e7";
  const write = async (name: string, text: string): Promise<string> => {
    await Deno.writeTextFile(`${folder}/${name}`, text);
    return `${folder}/${name}`;
  };
  try {
    const bad = await write("bad.json", "{");
    const list = await write("list.json", "[]");
    const keys = await write("keys", `main:admin:${secret}`);
    const none = await write("none", "# nothing\n");
    const api = (text: string): Record<string, string> => ({
      TICKWIRE_API_KEYS: text,
    });
    const cases: [string[], Record<string, string>, string][] = [
      [[], {}, "either TICKWIRE_TOKEN_KEY"],
      [[INSECURE], { TICKWIRE_TOKEN_KEY: "00".repeat(32) }, "either TICKWIRE"],
      [[], { TICKWIRE_TOKEN_KEY: secret }, "32 to 64 bytes in hex"],
      [[], { TICKWIRE_TOKEN_KEY: "" }, "32 to 64 bytes in hex"],
      [["--port", "70000", INSECURE], {}, "--port must be an integer"],
      [["--port", "0x1f", INSECURE], {}, "--port must be an integer"],
      [["--protocol-id", "-1", INSECURE], {}, "--protocol-id"],
      [[INSECURE], api(`main:boss:${secret}`), "key 1 of TICKWIRE_API_KEYS"],
      [[INSECURE], api(`,a:game:x,${secret}`), "key 3 of TICKWIRE_API_KEYS"],
      [[INSECURE], api("main:server:0123456789abcde"), "key 1 of TICKWIRE"],
      [[INSECURE], api("main:game:"), "key 1 of TICKWIRE"],
      [[INSECURE], api("-:game:x"), "key 1 of TICKWIRE"],
      [[INSECURE], api(`main:game:${secret} ☃`), "key 1 of TICKWIRE"],
      [[INSECURE], api(""), "at least one API key"],
      [["--keys", none, INSECURE], {}, "at least one API key"],
      [["--keys", keys, INSECURE], {}, "key 1 of --keys"],
      [["--keys", `${keys}x`, INSECURE], {}, "--keys must be readable"],
      [["--boards", bad, INSECURE], {}, "--boards must be JSON"],
      [["--boards", list, INSECURE], {}, "must be an object"],
    ];
    for (const [args, env, message] of cases) {
      const error = await assertRejects(
        () => read(args, env),
        Error,
        message,
      );
      assertEquals(error.message.includes(secret), false, error.message);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
