// Looks for bytes that reach all code of rpc's decoders: see `coverage_search.ts` of protocol. Prints what it found as JSON.
//
//     deno run -A rpc/_testing/fuzz_search.ts [seed [inputs made of nothing [inputs made of the vectors as well]]]
import { printSearch } from "../../protocol/_testing/coverage_search.ts";
import type { Scope } from "../../protocol/_testing/fuzz_coverage.ts";

/** Which functions read bytes from anybody. */
const DECODERS: Scope = {
  "call/_call_decoder.ts": /./,
  "call/rpc_call.ts": /^tryDeserialize/,
  "call/rpc_batcher.ts": /^tryUnbatch/,
  "wire/_plan_reader.ts": /./,
  "wire/call_reader.ts": /./,
  "wire/result_reader.ts": /./,
};

await printSearch({
  root: new URL("../", import.meta.url).href,
  scope: DECODERS,
  load: async () => (await import("./fuzz_targets.ts")).TARGETS,
}, Deno.args.map(Number));
