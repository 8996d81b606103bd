// The bytes of WIRE.md beside this, both ways.
import vectors from "../../vectors/strong_coder.json" with { type: "json" };
import { VECTOR_CASES } from "./_testing/vector_cases.ts";

for (const { name, run } of VECTOR_CASES) {
  Deno.test(name, () => run(vectors));
}
