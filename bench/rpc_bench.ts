// What rpc costs, beside its peers in the same run. The contenders take turns in one process, the figures are medians over all
// rounds, and each promised figure is printed with what was measured, met or missed.
//
// calls    the typical call, alone and in a batch, beside msgpackr, protobufjs, avsc and JSON
//
//     deno task bench rpc_bench.ts [--smoke] [--json] [--only=calls]
//
// `--smoke` takes seconds and shows that everything runs; its figures mean little.
import { type Parts, runParts } from "./_report.ts";
import { measureCalls } from "./rpc/calls.ts";

const PARTS: Parts = {
  calls: measureCalls,
};

if (import.meta.main) await runParts(PARTS, Deno.args);
