// The bytes of WIRE.md beside this, both ways.
import vectors from "../../vectors/fast_coder.json" with { type: "json" };
import { FAST_VECTOR_CASES } from "./_testing/vector_cases.ts";

for (const { name, run } of FAST_VECTOR_CASES) {
  Deno.test(name, () => run(vectors));
}
