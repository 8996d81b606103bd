// What rpc costs, beside its peers in the same run. The contenders take turns in one process, the figures are medians over all
// rounds, and each promised figure is printed with what was measured, met or missed.
//
// calls      the typical call, alone and in a batch, beside msgpackr, protobufjs, avsc and JSON
// allocated  bytes of heap that an encoded and a decoded call take
// refused    mutants of packets, of contracts and of the documented surface
// endpoints  from RpcClient.send() to the server's handler; a ticket there and back
// tick       a server's tick with 64 clients
// recording  a server with an RpcRecorder and without
// types      `deno check` of 200 calls
//
//     deno task bench rpc_bench.ts [--smoke] [--json] [--only=calls,tick]
//
// `--smoke` takes seconds and shows that everything runs; its figures mean little.
import { type Parts, runParts } from "./_report.ts";
import { measureAllocations } from "./rpc/allocations.ts";
import { measureCalls } from "./rpc/calls.ts";
import { measureEndpoints } from "./rpc/endpoints.ts";
import { measureRecording } from "./rpc/recording.ts";
import { measureRejections } from "./rpc/rejections.ts";
import { measureServerTick } from "./rpc/server_tick.ts";
import { measureTypeCheck } from "./rpc/type_check.ts";

const PARTS: Parts = {
  calls: measureCalls,
  allocated: measureAllocations,
  refused: measureRejections,
  endpoints: measureEndpoints,
  tick: measureServerTick,
  recording: measureRecording,
  types: measureTypeCheck,
};

if (import.meta.main) await runParts(PARTS, Deno.args);
