import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { isPlayerId, type PlayerId, playerId } from "./player_id.ts";

const RUNS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 100_000 : 2_000;

const accepted: readonly string[] = [
  "a",
  "0",
  " ",
  "Ada Lovelace",
  "7f3c1c9e-0000-4000-8000-000000000000",
  "é",
  "\u0080",
  "\ufeff",
  "\uffff",
  "😀",
  "\u{10ffff}",
  "x".repeat(64),
  "é".repeat(32),
  "€".repeat(21) + "x",
  "😀".repeat(16),
];

const refused: readonly string[] = [
  "",
  "x".repeat(65),
  "é".repeat(32) + "x",
  "€".repeat(22),
  "😀".repeat(16) + "x",
  "x".repeat(1_000_000),
  "\0",
  "a\u001fb",
  "line\n",
  "\u007f",
  "\ud800",
  "\udc00",
  "\ude00\ud83d",
  "a\ud83d",
  "\udfffb",
];

Deno.test("playerId() returns the text that it was given", () => {
  for (const text of accepted) {
    const id: PlayerId = playerId(text);
    assertStrictEquals(id, text);
    assert(isPlayerId(text));
  }
});

Deno.test("playerId() refuses text that is too long, empty or not plain", () => {
  for (const text of refused) {
    assertEquals(isPlayerId(text), false, JSON.stringify(text.slice(0, 80)));
    assertThrows(() => playerId(text), RangeError, "Cannot make a player id");
  }
});

Deno.test("playerId() tells what is wrong in few words", () => {
  assertThrows(
    () => playerId("é".repeat(40)),
    RangeError,
    "Cannot make a player id as it must be 1 to 64 bytes in UTF-8: current value is 80",
  );
  const long = assertThrows(() => playerId("y".repeat(100_000)), RangeError);
  assert(long.message.length < 200);
  // Escaped, so that it cannot begin a line of its own in a log.
  const { message } = assertThrows(() => playerId("a\nb\ud800"), RangeError);
  assertStringIncludes(message, '"a\\nb\\ud800"');
});

Deno.test("playerId() refuses what is not a string", () => {
  for (const value of [undefined, null, 7, 7n, ["a"], {}, new String("a")]) {
    assertEquals(isPlayerId(value), false);
    assertThrows(
      () => playerId(value as unknown as string),
      TypeError,
      `must be a string: current value is of type "${typeof value}"`,
    );
  }
});

Deno.test("isPlayerId() agrees with the encoder of the platform", () => {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  // Every unit of text alike, surrogates and controls among them.
  const unit = fc.oneof(
    fc.constantFrom(0x1f, 0x20, 0x7e, 0x7f, 0x80, 0xd83d, 0xde00),
    fc.integer({ min: 0, max: 0xffff }),
    fc.integer({ min: 0x20, max: 0x7e }),
  );
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 70 }), (units) => {
      const text = String.fromCharCode(...units);
      const bytes = encoder.encode(text);
      const isPlain = decoder.decode(bytes) === text &&
        units.every((each) => each >= 0x20 && each !== 0x7f);
      assertEquals(
        isPlayerId(text),
        isPlain && bytes.length >= 1 && bytes.length <= 64,
      );
    }),
    { numRuns: RUNS },
  );
});
