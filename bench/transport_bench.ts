// What the transport costs and gives, beside ENet, UDP and TCP in C, and what Deno has, all in
// the same run. Each promised figure is printed with what was measured, met or missed.
//
// packets      a datagram sent and received
// in_memory    a reliable message in two connections without a socket
// throughput   reliable messages on loopback, and one there and back
// echo         60 messages a second echoed over three bad lines
// saturated    reliable messages as fast as they go with 5 % lost
// beside_bulk  a stream beside a bulk transfer over a narrow line
// swarm        a server with 1,000 clients, and what an idle one holds
//
//     deno task bench transport_bench.ts [--smoke] [--json] [--only=packets,echo]
//
// The programs in C under bench/peers/ are built with gcc (ENet's needs libenet-dev); what
// cannot be built is left out, and the notes say so. `--smoke` takes seconds and shows that
// everything runs; its figures mean little.
import { type Parts, runParts } from "./_report.ts";
import { measureBesideBulk } from "./transport/beside_bulk.ts";
import { measureEcho } from "./transport/echo.ts";
import { measureInMemory } from "./transport/in_memory.ts";
import { measurePackets } from "./transport/packets.ts";
import { measureSaturated } from "./transport/saturated.ts";
import { measureSwarm } from "./transport/swarm.ts";
import { measureThroughput } from "./transport/throughput.ts";

const PARTS: Parts = {
  packets: measurePackets,
  in_memory: measureInMemory,
  throughput: measureThroughput,
  echo: measureEcho,
  saturated: measureSaturated,
  beside_bulk: measureBesideBulk,
  swarm: measureSwarm,
};

if (import.meta.main) await runParts(PARTS, Deno.args);
