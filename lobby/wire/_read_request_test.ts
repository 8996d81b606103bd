import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { MAX_REQUEST_BYTES, readRequest } from "./_read_request.ts";
import { mutate } from "./_testing/mutate.ts";
import { REQUESTS } from "./_testing/requests.ts";

const encoder = new TextEncoder();

function read(value: unknown): ReturnType<typeof readRequest> {
  return readRequest(encoder.encode(
    typeof value === "string" ? value : JSON.stringify(value),
  ));
}

Deno.test("readRequest() reads one of each as it is, and leaves out what it does not know", () => {
  for (const request of REQUESTS) {
    assertEquals(read(request), { request } as never);
    assertEquals(
      read({ ...request, unknown: { a: [1] }, __proto__: 1 }),
      { request } as never,
    );
  }
});

Deno.test("readRequest() leaves out what it does not know further down, too", () => {
  assertEquals(
    read({
      do: "configure",
      changes: { name: "a", other: {}, teams: { count: 2, more: [] } },
    }),
    {
      request: {
        do: "configure",
        changes: { name: "a", teams: { count: 2 } },
      },
    },
  );
  assertEquals(
    read({ do: "browse", filter: { mode: "race", maxPingMs: 1 } }),
    { request: { do: "browse", filter: { mode: "race" } } },
  );
});

Deno.test("readRequest() names what is wrong", () => {
  for (
    const [value, wrong] of [
      ["", ""],
      ["{", ""],
      ["null", ""],
      ["[]", ""],
      ['"leave"', ""],
      [{}, "do"],
      [{ do: 1 }, "do"],
      [{ do: "dance" }, "do"],
      [{ do: "toString" }, "do"],
      [{ do: "__proto__" }, "do"],
      [{ do: "ready" }, "isReady"],
      [{ do: "ready", isReady: 1 }, "isReady"],
      [{ do: "kick", player: "a\nb" }, "player"],
      [{ do: "kick", player: "" }, "player"],
      [{ do: "kick", player: "x".repeat(65) }, "player"],
      [{ do: "kick", player: "bob", banMs: -1 }, "banMs"],
      [{ do: "join", lobby: "a", role: "host" }, "role"],
      [{ do: "join", lobby: "a", password: "" }, "password"],
      [{ do: "join", lobby: "a", password: "x".repeat(129) }, "password"],
      [{ do: "setTeam", team: 16 }, "team"],
      [{ do: "create", config: [] }, "config"],
      [{ do: "create", config: { maxPlayers: "2" } }, "config"],
      [{ do: "create", config: { teams: { count: null } } }, "config"],
      [{ do: "create", metadata: { a: {} } }, "metadata"],
      [{ do: "setMetadata", changes: null }, "changes"],
      [{ do: "setTeam" }, "team"],
      [{ do: "chat", text: "" }, "text"],
      ['{"do":"chat","text":"\\ud800"}', "text"],
      [{ do: "browse", filter: { name: "" } }, "filter"],
      [{ do: "enqueue", queue: "q", modes: [1] }, "modes"],
      [{ do: "enqueue", queue: "q", latencies: { eu: -1 } }, "latencies"],
      [{ do: "setLatencies" }, "latencies"],
      [{ do: "setLatencies", latencies: [1] }, "latencies"],
      [{ do: "setLatencies", latencies: { eu: "1" } }, "latencies"],
      [{ do: "setLatencies", latencies: { "": 1 } }, "latencies"],
      ['{"do":"setLatencies","latencies":{"eu":1e999}}', "latencies"],
      [
        {
          do: "setLatencies",
          latencies: Object.fromEntries([...Array(65).keys()].entries()),
        },
        "latencies",
      ],
      [{ do: "reserve", players: Array(257).fill("a") }, "players"],
      [{ do: "answer", proposal: 0.5, isAccepted: true }, "proposal"],
      ['{"do":"answer","proposal":1e999,"isAccepted":true}', "proposal"],
    ] as const
  ) assertEquals(read(value), { wrong }, JSON.stringify(value));
});

Deno.test("readRequest() refuses what is too long, too deep or no UTF-8", () => {
  const text = "x".repeat(MAX_REQUEST_BYTES - 25);
  assert("request" in read({ do: "chat", text }));
  assertEquals(read({ do: "chat", text: text + "xxxxxxxxx" }), { wrong: "" });
  assertEquals(read("[".repeat(MAX_REQUEST_BYTES)), { wrong: "" });
  assertEquals(read('{"a":'.repeat(3_000)), { wrong: "" });
  assertEquals(readRequest(new Uint8Array([0x22, 0xff, 0x22])), { wrong: "" });
});

Deno.test("readRequest() answers whatever bytes come", () => {
  const rounds = Deno.env.get("TICKWIRE_SOAK") ? 2_000_000 : 6_000;
  const random = new SeededRandom(9);
  let taken = 0;
  for (let i = 0; i < rounds; i++) {
    const request = REQUESTS[i % REQUESTS.length]!;
    const mutant = mutate(random, encoder.encode(JSON.stringify(request)));
    const answer = readRequest(mutant);
    if ("wrong" in answer) continue;
    taken++;
    // What is taken is taken again as it is.
    assertEquals(read(answer.request), answer as never);
  }
  assert(taken > rounds / 100);
});
