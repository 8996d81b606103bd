// Section 5 of `PROTOCOL.md`: the vectors both ways, what is none of them, and mutants: 10,000,000 of them
// (TICKWIRE_SOAK=1), or a slice.
import { assert, assertEquals } from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { SeededRandom } from "../../core/mod.ts";
import vectors from "../vectors/controls.json" with { type: "json" };
import {
  type ControlMessage,
  decodeControl,
  encodeControl,
} from "./control_message.ts";

const MUTANTS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 10_000_000 : 20_000;

const accepted = vectors.accepted as readonly {
  readonly name: string;
  readonly bytes: string;
  readonly message: ControlMessage;
}[];

Deno.test("encodeControl() writes the bytes of every vector", () => {
  for (const { name, bytes, message } of accepted) {
    assertEquals([name, encodeHex(encodeControl(message))], [name, bytes]);
  }
});

Deno.test("decodeControl() reads every vector, and none that is cut or longer", () => {
  for (const { name, bytes, message } of accepted) {
    const whole = decodeHex(bytes);
    assertEquals([name, decodeControl(whole)], [name, message]);
    for (let end = 0; end < whole.length; end++) {
      const cut = decodeControl(whole.slice(0, end));
      assertEquals([name, cut], [name, undefined]);
    }
    const longer = new Uint8Array([...whole, 0]);
    assertEquals([name, decodeControl(longer)], [name, undefined]);
  }
});

Deno.test("decodeControl() refuses what is no control message", () => {
  for (const { name, bytes } of vectors.refused) {
    assertEquals([name, decodeControl(decodeHex(bytes))], [name, undefined]);
  }
});

Deno.test("decodeControl() reads mutants without a throw, and each in one form alone", () => {
  const random = new SeededRandom(1);
  const below = (n: number): number => random.nextU32() % n;
  const originals = accepted.map(({ bytes }) => decodeHex(bytes));
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
