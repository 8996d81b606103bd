import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { Fnv1a64 } from "../../core/mod.ts";
import { readStoredSubmission, submissionJson } from "./_submission_json.ts";
import { ScoreSubmission } from "./score_submission.ts";

const FULL = new ScoreSubmission("ada", "Ada", 2n ** 62n)
  .withSubscore(-5)
  .withClass("any%")
  .withMeta("b", 1.5)
  .withMeta("10", true)
  .withMeta("9", 'quo"te')
  .withReplay("0f".repeat(32))
  .withRun("token_-")
  .onBoard("speedrun")
  .withIdempotencyKey("key-1");

function hashOf(text: string): string {
  const hash = new Fnv1a64();
  hash.update(new TextEncoder().encode(text));
  return hash.hex();
}

Deno.test("ScoreSubmission is not changed by its chain", () => {
  const plain = new ScoreSubmission("ada", "Ada", 1);
  const changed = plain.withMeta("a", 1).withSubscore(2).onBoard("x");
  assertEquals([plain.metadata, plain.subscore, plain.board], [
    undefined,
    undefined,
    undefined,
  ]);
  const more = changed.withMeta("b", 2);
  assertEquals(changed.metadata, { a: 1 });
  assertEquals(more.metadata, { a: 1, b: 2 });
  assertEquals(more.withMeta("a", "new").metadata, { a: "new", b: 2 });
  assertEquals([more.subscore, more.board], [2, "x"]);
  assertThrows(() => {
    (more.metadata as Record<string, unknown>).a = 3;
  }, TypeError);
});

Deno.test("ScoreSubmission.checksum is of the text that the protocol names, with names sorted by code units", () => {
  assertEquals(
    FULL.checksum,
    hashOf(
      `["ada","Ada","4611686018427387904",-5,"any%",{"10":true,"9":"quo\\"te","b":1.5},"${
        "0f".repeat(32)
      }","token_-"]`,
    ),
  );
  assertEquals(
    new ScoreSubmission("ada", undefined, 7).checksum,
    hashOf('["ada",null,7,null,null,null,null,null]'),
  );
  // Neither where it goes nor what it is known by is part of it.
  assertEquals(FULL.onBoard("other").checksum, FULL.checksum);
  assertNotEquals(FULL.withMeta("c", 0).checksum, FULL.checksum);
});

Deno.test("ScoreSubmission.withMeta() takes every name as a name", () => {
  const odd = new ScoreSubmission("ada", "Ada", 1).withMeta("__proto__", 1)
    .withMeta("constructor", "x").withMeta("z", -0);
  assertEquals(
    JSON.stringify(odd.metadata),
    '{"__proto__":1,"constructor":"x","z":0}',
  );
  assertEquals(Object.getPrototypeOf(odd.metadata), Object.prototype);
});

for (
  const [name, make] of Object.entries<() => unknown>({
    "an empty id": () => new ScoreSubmission("", "Ada", 1),
    "an id with a line break": () => new ScoreSubmission("a\n", "Ada", 1),
    "an empty name": () => new ScoreSubmission("ada", "", 1),
    "a name of 65 bytes": () =>
      new ScoreSubmission("ada", "é".repeat(32) + "x", 1),
    "half a score": () => new ScoreSubmission("ada", "Ada", 0.5),
    "a rounded score": () => new ScoreSubmission("ada", "Ada", 2 ** 53),
    "a score of 65 bits": () => new ScoreSubmission("ada", "Ada", 2n ** 63n),
    "an infinite subscore": () => FULL.withSubscore(Infinity),
    "a class with a control character": () => FULL.withClass("a\x7f"),
    "a class with a blank": () => FULL.withClass("any %"),
    "a board with a slash": () => FULL.onBoard("a/b"),
    "a board that begins with a dot": () => FULL.onBoard(".."),
    "a replay in upper case": () => FULL.withReplay("0F".repeat(32)),
    "a short replay": () => FULL.withReplay("0f"),
    "a run with a blank": () => FULL.withRun("a b"),
    "an endless run": () => FULL.withRun("x".repeat(1_025)),
    "an endless key": () => FULL.withIdempotencyKey("x".repeat(129)),
    "metadata without a name": () => FULL.withMeta("", 1),
    "metadata with a name of 66 bytes": () => FULL.withMeta("é".repeat(33), 1),
    "metadata that is not a number": () => FULL.withMeta("a", NaN),
    "too many fields": () => {
      let submission = FULL;
      for (let i = 0; i < 65; i++) submission = submission.withMeta(`f${i}`, i);
    },
    "too much text": () => FULL.withMeta("a", "x".repeat(16_384)),
  })
) {
  Deno.test(`ScoreSubmission refuses ${name}`, () => {
    assertThrows(make, RangeError);
  });
}

Deno.test("ScoreSubmission refuses what is of another kind", () => {
  assertThrows(
    () => new ScoreSubmission(7 as unknown as string, "Ada", 1),
    TypeError,
  );
  assertThrows(
    () => new ScoreSubmission("ada", "Ada", "1" as unknown as number),
    TypeError,
  );
  assertThrows(
    () => FULL.withMeta("a", null as unknown as string),
    TypeError,
  );
});

Deno.test("readStoredSubmission() gives back what was stored", () => {
  for (const submission of [FULL, new ScoreSubmission("..", undefined, -1)]) {
    const text = JSON.stringify(submissionJson(submission));
    const again = readStoredSubmission(
      "v1/boards/speedrun/scores",
      new TextEncoder().encode(text),
      "key-1",
    )!;
    assertEquals(submissionJson(again), submissionJson(submission));
    assertEquals([again.board, again.idempotencyKey], ["speedrun", "key-1"]);
  }
});

Deno.test("readStoredSubmission() takes nothing else for one", () => {
  const good = JSON.stringify(submissionJson(FULL));
  const url = "v1/boards/speedrun/scores";
  assertEquals(readStoredSubmission(url, good, "k") === undefined, false);
  for (
    const [path, body] of [
      ["v1/boards/speedrun/scores?x", good],
      ["/v1/boards/speedrun/scores", good],
      ["v1/boards//scores", good],
      ["v1/replays", good],
      [url, ""],
      [url, "null"],
      [url, "[]"],
      [url, "{}"],
      [url, '{"playerId":"ada","score":0.5}'],
      [url, '{"playerId":"ada","score":1,"metadata":{"a":[]}}'],
      [url, undefined],
    ] as const
  ) {
    assertEquals(readStoredSubmission(path, body, "k"), undefined, `${body}`);
  }
});
