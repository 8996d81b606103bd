import { assertEquals, assertRejects } from "@std/assert";
import { readServeOptions, type ServeOptions } from "./_serve_options.ts";

const DAY_MS = 86_400_000;

async function read(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ServeOptions | undefined> {
  return await readServeOptions(args, (name) => env[name]);
}

Deno.test("readServeOptions() fills in what is left out", async () => {
  assertEquals(await read([]), {
    port: 8_080,
    hostname: "127.0.0.1",
    database: "analytics.db",
    events: [],
    eventRetentionMs: 90 * DAY_MS,
    rollupRetentionMs: 400 * DAY_MS,
    apiKeys: undefined,
    origins: undefined,
    trustedProxies: [],
    otlp: undefined,
    isQuiet: false,
  });
  const long = await read(["--keep-days", "500"]);
  assertEquals(
    [long?.eventRetentionMs, long?.rollupRetentionMs],
    [500 * DAY_MS, 500 * DAY_MS],
  );
  assertEquals(await read(["-h"]), undefined);
});

Deno.test("readServeOptions() reads keys, events and where to send on from wherever they are", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [keys, events] = [`${folder}/keys`, `${folder}/events.json`];
    await Deno.writeTextFile(
      keys,
      "# ours\n\n two:reader:0123456789abcdef \r\none:admin:fedcba9876543210:,\n",
    );
    await Deno.writeTextFile(
      events,
      `[{"name":"potion","fields":{"kind":{"kind":"label"},"left":{"kind":"int","min":0}}},{"name":"rest","fields":{}}]`,
    );
    const options = await read(
      [
        ...["--keys", keys, "--events", events, "--port", "0", "--quiet"],
        ...["--keep-days", "7", "--keep-sums-days", "31"],
        ...["--otlp", "https://otel.example/base"],
        ...["--origin", "https://a.example", "--origin", "https://b.example"],
        ...["--trusted-proxy", "10.0.0.1"],
      ],
      {
        TICKWIRE_API_KEYS: "one:game:x, two:game:a:b",
        TICKWIRE_OTLP_HEADERS: "authorization=Basic%20YTpi=, x-a = 1 ,",
      },
    );
    assertEquals(options, {
      port: 0,
      hostname: "127.0.0.1",
      database: "analytics.db",
      events: [
        {
          name: "potion",
          fields: { kind: { kind: "label" }, left: { kind: "int", min: 0 } },
        },
        { name: "rest", fields: {} },
      ],
      eventRetentionMs: 7 * DAY_MS,
      rollupRetentionMs: 31 * DAY_MS,
      apiKeys: [
        { title: "one", role: "game", key: "x" },
        { title: "two", role: "game", key: "a:b" },
        { title: "two", role: "reader", key: "0123456789abcdef" },
        { title: "one", role: "admin", key: "fedcba9876543210:," },
      ],
      origins: ["https://a.example", "https://b.example"],
      trustedProxies: ["10.0.0.1"],
      otlp: {
        url: "https://otel.example/base",
        headers: { "authorization": "Basic YTpi=", "x-a": "1" },
      },
      isQuiet: true,
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("readServeOptions() refuses what is wrong, and never shows a key", async () => {
  const folder = await Deno.makeTempDir();
  const secret = "0123456789abcde";
  const write = async (name: string, text: string): Promise<string> => {
    await Deno.writeTextFile(`${folder}/${name}`, text);
    return `${folder}/${name}`;
  };
  try {
    const bad = await write("bad.json", "{");
    const object = await write("object.json", "{}");
    const text = await write(
      "text.json",
      `[{"name":"potion","fields":{"kind":{"kind":"text","maxLength":9}}}]`,
    );
    const none = await write("none.json", `[{"name":"potion","fields":null}]`);
    const taken = await write("taken.json", `[{"name":"death","fields":{}}]`);
    const keys = await write("keys", `main:reader:${secret}`);
    const api = (text: string): Record<string, string> => ({
      TICKWIRE_API_KEYS: text,
    });
    const otlp = (text: string): Record<string, string> => ({
      TICKWIRE_OTLP_HEADERS: text,
    });
    const to = ["--otlp", "http://127.0.0.1:4318"];
    const cases: [string[], Record<string, string>, string][] = [
      [["--bogus"], {}, "--bogus"],
      [["more"], {}, "more"],
      [["--port", "70000"], {}, "--port must be an integer from 0 to 65535"],
      [["--keep-days", "0"], {}, "--keep-days must be an integer from 1 to"],
      [["--keep-days", "1.5"], {}, "--keep-days must be an integer"],
      [["--keep-sums-days", "30"], {}, "--keep-sums-days must be an integer"],
      [
        ["--keep-days", "90", "--keep-sums-days", "89"],
        {},
        "--keep-sums-days must be an integer from 90 to",
      ],
      [[], api(`main:server:${secret}`), "role game, reader or admin"],
      [[], api(`main:admin:${secret}`), "key 1 of TICKWIRE_API_KEYS"],
      [[], api("main:game:"), "key 1 of TICKWIRE_API_KEYS"],
      [[], api("main:game:a,other:game:a"), "each must be there once"],
      [[], api(""), "at least one API key"],
      [["--keys", keys], {}, "key 1 of --keys"],
      [["--keys", `${keys}x`], {}, "--keys must be readable"],
      [["--events", bad], {}, "--events must be JSON"],
      [["--events", object], {}, "they must be an array"],
      [["--events", text], {}, "--events must define events"],
      [["--events", none], {}, "--events must define events"],
      [["--events", taken], {}, "--events must define events"],
      [["--events", `${bad}x`], {}, "--events must be readable"],
      [["--otlp", "127.0.0.1:4318"], {}, "--otlp must be a URL of http"],
      [["--otlp", "ftp://a.example"], {}, "--otlp must be a URL of http"],
      [["--otlp", `http://a:${secret}@b.example`], {}, "without a user"],
      [["--otlp", `http://b.example?key=${secret}`], {}, "without a user"],
      [[], otlp("a=b"), "--otlp, which is not given"],
      [to, otlp(secret), "field 1 of TICKWIRE_OTLP_HEADERS"],
      [to, otlp(`a=b,=${secret}`), "field 2 of TICKWIRE_OTLP_HEADERS"],
      [to, otlp(`a b=${secret}`), "field 1 of TICKWIRE_OTLP_HEADERS"],
      [to, otlp(`a=${secret}%0a`), "field 1 of TICKWIRE_OTLP_HEADERS"],
      [to, otlp(`a=${secret}%`), "field 1 of TICKWIRE_OTLP_HEADERS"],
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
