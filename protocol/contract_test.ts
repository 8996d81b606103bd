import { assertEquals, assertThrows } from "@std/assert";
import { Contract } from "./contract.ts";
import vectors from "./vectors/contracts.json" with { type: "json" };

Deno.test("Contract has the hash of every vector, and sorts its entries", () => {
  for (const { name, entries, hash } of vectors.contracts) {
    const contract = new Contract(
      name,
      Object.fromEntries(
        entries.toReversed().map(({ name, descriptor }) => [name, descriptor]),
      ),
    );
    assertEquals([name, contract.hash], [name, hash]);
    assertEquals(
      (BigInt(contract.hashHigh) << 32n | BigInt(contract.hashLow)).toString(
        16,
      ),
      hash,
    );
    assertEquals(contract.entries, entries);
  }
});

Deno.test("Contract refuses what is out of range", () => {
  const wrong: [string, Record<string, string>][] = [
    ["", {}],
    ["1rpc", {}],
    ["r c", {}],
    ["r".repeat(65), {}],
    ["rpc", { "a b": "u8" }],
    ["rpc", { "é": "u8" }],
    ["rpc", { ["__proto__"]: "u8" }],
    ["rpc", { a: "u8\n" }],
    ["rpc", { a: "ü" }],
    ["rpc", { a: "x".repeat(8193) }],
    [
      "rpc",
      Object.fromEntries(Array.from({ length: 4097 }, (_, i) => [`e${i}`, ""])),
    ],
  ];
  for (const [name, entries] of wrong) {
    assertThrows(
      () => new Contract(name, entries),
      RangeError,
      "Cannot create a contract",
    );
  }
});
