// Mutants of control messages: 10,000,000 of them (TICKWIRE_SOAK=1), or a slice.
import { assert, assertEquals } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import { SeededRandom } from "../../core/mod.ts";
import {
  type ControlMessage,
  decodeControl,
  encodeControl,
} from "./control_message.ts";

const MUTANTS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 10_000_000 : 20_000;

const MESSAGES: readonly ControlMessage[] = [
  {
    type: "subscribe",
    request: 300,
    channel: "chat",
    history: 20,
    withPresence: true,
  },
  { type: "unsubscribe", channel: "n\u00e9ws" },
  { type: "subscribed", request: 1 },
  { type: "denied", request: 2, reason: "not yours" },
  {
    type: "presence",
    channel: "chat",
    change: "joined",
    members: [
      { playerId: "ada", displayName: "Ada" },
      { playerId: "bob", displayName: "" },
    ],
  },
];

Deno.test("decodeControl() reads what encodeControl() wrote, and nothing that was cut", () => {
  for (const message of MESSAGES) {
    const bytes = encodeControl(message);
    assertEquals(decodeControl(bytes), message);
    for (let length = 0; length < bytes.length; length++) {
      assertEquals(decodeControl(bytes.subarray(0, length)), undefined);
    }
    assertEquals(decodeControl(new Uint8Array([...bytes, 0])), undefined);
  }
});

Deno.test("decodeControl() reads mutants without a throw, and each in one form alone", () => {
  const random = new SeededRandom(1);
  const below = (n: number): number => random.nextU32() % n;
  const originals = MESSAGES.map((message) => encodeControl(message));
  let read = 0;
  for (let i = 0; i < MUTANTS; i++) {
    const original = originals[below(originals.length)]!;
    const bytes = original.slice(
      0,
      below(4) === 0 ? below(original.length + 1) : original.length,
    );
    for (let flips = below(4); flips >= 0 && bytes.length > 0; flips--) {
      bytes[below(bytes.length)] = below(256);
    }
    const message = decodeControl(bytes);
    if (message === undefined) continue;
    read += 1;
    if (!areEqual(encodeControl(message), bytes)) {
      throw new Error(`Mutant ${i} has two forms: ${encodeHex(bytes)}`);
    }
  }
  assert(read > MUTANTS / 100 && read < MUTANTS, `${read}`);
});

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
