import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { MemoryReplayStore } from "../replay/memory_replay_store.ts";
import { ADMIN_KEY, GAME_KEY, Harness } from "./_testing/harness.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const CASES = IS_SOAK ? 20_000 : 1_000;

Deno.test("LeaderboardServer answers any path, query and header with an error or an answer", async () => {
  await using harness = await makeHarness();
  const seed = 20_261_125;
  const random = new SeededRandom(seed);
  const parts = [
    ..."v1 boards b entries players ada held events scores runs seasons export replays uploads"
      .split(" "),
    "%2e%2e",
    "%",
    "%00",
    "%ff%fe",
    "%F0%9F%98%80",
    "a%2Fb",
    "__proto__",
    "constructor",
    "\u202e",
    "..;",
    "~hidden",
    "x".repeat(200),
  ];
  const names =
    "period season class pageSize page cursor minScore maxScore around players after limit __proto__"
      .split(" ");
  const values = [
    "",
    "1",
    "-1",
    "1e999",
    "NaN",
    "%",
    "%00",
    "daily",
    "~hidden",
    "ada,bob",
    ",",
    "__proto__",
    "9".repeat(400),
    "AQ".repeat(28),
  ];
  const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
  for (let i = 0; i < CASES; i++) {
    const depth = random.nextU32() % 6;
    const isNear = random.nextU32() % 4 > 0;
    const path = [
      ...(isNear ? ["v1", "boards", "b"] : []),
      ...Array.from({ length: depth }, () => pick(random, parts)),
    ].join("/");
    const query = Array.from(
      { length: random.nextU32() % 4 },
      () => `${pick(random, names)}=${pick(random, values)}`,
    ).join("&");
    const method = pick(random, methods);
    const answer = await harness.ask(method, `/${path}?${query}`, {
      as: pick(random, ["ada", "", "\u0000", "x".repeat(100)]),
      key: pick(random, [GAME_KEY, ADMIN_KEY]),
      headers: {
        "last-event-id": pick(random, values.filter(isPrintable)),
        "range": "bytes=9-1,0-0",
      },
      ...(method === "GET" || method === "HEAD" || method === "OPTIONS"
        ? {}
        : { body: "{}" }),
    });
    const where = `seed ${seed}, case ${i}: ${method} /${path}?${query}`;
    assert(answer.status < 500, `${where} -> ${answer.text}`);
    if (answer.status >= 400 && method !== "HEAD") {
      assertEquals(typeof answer.body?.code, "string", where);
    }
    // It may just have been deleted.
    const { status } = await harness.ask("GET", "/v1/boards/b");
    if (status === 200) continue;
    await harness.until(async () =>
      await harness.store.board("main/b") === undefined
    );
    await harness.putBoard("b", { classes: ["x"] });
  }
  assertEquals(harness.errors, []);
});

Deno.test("LeaderboardServer answers any body with an error or an answer", async () => {
  await using harness = await makeHarness();
  const seed = 4_711;
  const random = new SeededRandom(seed);
  const good = JSON.stringify({
    playerId: "ada",
    name: "Ada",
    score: 4200,
    subscore: "7",
    class: "x",
    metadata: { level: 3, ok: true, s: "ü" },
    replay: "0".repeat(64),
    run: "AQ".repeat(40),
    checksum: "0".repeat(16),
  });
  const bytes = new TextEncoder().encode(good);
  const post = async (body: Uint8Array<ArrayBuffer>, where: string) => {
    for (const path of ["/v1/boards/b/scores", "/v1/scores", "/v1/boards/b"]) {
      const response = await harness.server.handler(
        new Request(`http://localhost${path}`, {
          method: path === "/v1/boards/b" ? "PUT" : "POST",
          headers: {
            "x-api-key": ADMIN_KEY,
            "idempotency-key": "k",
          },
          body,
        }),
      );
      const text = await response.text();
      assert(response.status < 500, `${where} -> ${text}`);
    }
  };
  for (let length = 0; length < bytes.length; length++) {
    await post(bytes.slice(0, length), `cut at ${length}`);
  }
  for (let i = 0; i < CASES; i++) {
    const copy = bytes.slice();
    for (let n = random.nextU32() % 4 + 1; n > 0; n--) {
      copy[random.nextU32() % copy.length]! ^= 1 << random.nextU32() % 8;
    }
    await post(copy, `seed ${seed}, case ${i}`);
  }
  const odd = [
    '{"__proto__":{"playerId":"ada","score":1}}',
    '{"playerId":"ada","score":1,"metadata":{"__proto__":1}}',
    '{"playerId":"ada","score":1,"metadata":{"constructor":{"a":1}}}',
    '{"playerId":"ada","score":1,"metadata":{"toString":1}}',
    '{"playerId":"\\ud800","score":1}',
    '{"playerId":"ada","score":1,"name":"\\udfff"}',
    '{"playerId":"ada","score":1e400}',
    '{"playerId":"ada","score":-0}',
    `{"submissions":${"[".repeat(40_000)}`,
    '"' + "\\".repeat(60_000),
    "\ufeff{}",
  ];
  for (const text of odd) await post(new TextEncoder().encode(text), text);
  await post(new Uint8Array([0x7b, 0xff, 0x7d]), "no UTF-8");
  assertEquals(harness.errors, []);
  assertEquals(({} as { playerId?: string }).playerId, undefined);
});

Deno.test("LeaderboardServer takes no run of which a bit or a character is wrong", async () => {
  await using harness = new Harness({
    playerRate: { perSecond: 1, burst: 10_000 },
  });
  await harness.putBoard("b", { requiresRun: true });
  const { body: { run } } = await harness.ask("POST", "/v1/boards/b/runs", {
    as: "ada",
  });
  assertEquals(run.length, 79);
  const isRefused = async (run: string) => {
    const { status, body } = await harness.submit("b", "ada", {
      score: 1,
      run,
    });
    return status === 403 && body.code === "invalidRun";
  };
  for (let length = 1; length < run.length; length++) {
    assert(await isRefused(run.slice(0, length)), `cut at ${length}`);
  }
  const bytes = Uint8Array.fromBase64(run, { alphabet: "base64url" });
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    const flipped = bytes.toBase64({
      alphabet: "base64url",
      omitPadding: true,
    });
    assert(await isRefused(flipped), `bit ${bit}`);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
  }
  for (
    const wrong of [run + "A", run + "=", ` ${run}`, run.slice(0, -1) + "*"]
  ) {
    assert(await isRefused(wrong), wrong);
  }
  // The last character has bits that mean nothing: there is one text of each token.
  const last =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (const character of last) {
    const other = run.slice(0, -1) + character;
    assertEquals(await isRefused(other), other !== run);
  }
});

Deno.test("LeaderboardServer takes no cursor of which a bit or a character is wrong", async () => {
  await using harness = await makeHarness();
  for (let i = 0; i < 3; i++) await harness.submit("b", `p${i}`, { score: i });
  const path = "/v1/boards/b/entries?pageSize=1";
  const { body: { nextCursor: cursor } } = await harness.ask("GET", path);
  const codeOf = async (cursor: string) => {
    const query = `cursor=${encodeURIComponent(cursor)}`;
    const { status, body } = await harness.ask("GET", `${path}&${query}`);
    return `${status} ${body.code}`;
  };
  assertEquals(await codeOf(cursor), "200 undefined");
  for (let length = 0; length < cursor.length; length++) {
    assertEquals(await codeOf(cursor.slice(0, length)), "400 invalidCursor");
  }
  const bytes = Uint8Array.fromBase64(cursor, { alphabet: "base64url" });
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    const flipped = bytes.toBase64({
      alphabet: "base64url",
      omitPadding: true,
    });
    assertEquals(await codeOf(flipped), "400 invalidCursor", `bit ${bit}`);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
  }
  const seed = 99;
  const random = new SeededRandom(seed);
  for (let i = 0; i < 200; i++) {
    const random_ = new Uint8Array(41);
    random.fill(random_);
    random_[0] = 1;
    const text = random_.toBase64({ alphabet: "base64url", omitPadding: true });
    assertEquals(await codeOf(text), "400 invalidCursor", `seed ${seed}, ${i}`);
  }
});

Deno.test("LeaderboardServer reads no more of a body than it may have, whatever its length says", async () => {
  await using harness = await makeHarness();
  let sent = 0;
  const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      sent += 16_384;
      controller.enqueue(new Uint8Array(16_384).fill(0x20));
    },
  });
  const response = await harness.server.handler(
    new Request("http://localhost/v1/scores", {
      method: "POST",
      headers: {
        "x-api-key": ADMIN_KEY,
        "content-type": "application/json",
        "content-length": "2",
      },
      body: endless,
    }),
  );
  assertEquals(response.status, 413);
  await response.body?.cancel();
  assert(sent <= 65_536 + 3 * 16_384, `${sent} bytes were read`);
});

Deno.test("LeaderboardServer answers a body that breaks off", async () => {
  await using harness = await makeHarness();
  const broken = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      controller.error(new Error("reset"));
    },
  });
  const response = await harness.server.handler(
    new Request("http://localhost/v1/scores", {
      method: "POST",
      headers: { "x-api-key": ADMIN_KEY },
      body: broken,
    }),
  );
  assertEquals(response.status, 400);
  await response.body?.cancel();
});

async function makeHarness(): Promise<Harness> {
  const harness = new Harness({
    replays: new MemoryReplayStore(),
    playerRate: { perSecond: 1, burst: 1_000_000 },
  });
  await harness.putBoard("b", { classes: ["x"] });
  return harness;
}

function pick<T>(random: SeededRandom, values: readonly T[]): T {
  return values[random.nextU32() % values.length]!;
}

function isPrintable(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}
