// What netcode's link costs and gives, beside libsodium in C and the insecure link, all in the
// same run. Each promised figure is printed with what was measured, met or missed.
//
// seal        a packet sealed and opened
// in_memory   the links without a socket
// handshakes  connects in memory, and one over loopback
// echo        payloads of 1,200 bytes there and back, as fast as they go
// insecure    the same messages over the insecure link
// flood       16 clients beside 20,000 forged datagrams a second
//
//     deno task bench netcode_bench.ts [--smoke] [--json] [--only=seal,echo]
//
// The programs in C under bench/peers/ are built with gcc (those with a cipher need
// libsodium-dev); what cannot be built is left out, and the notes say so. `--smoke` takes
// seconds and shows that everything runs; its figures mean little.
import { type Parts, runParts } from "./_report.ts";
import { measureBesideInsecure } from "./netcode/beside_insecure.ts";
import { measureEcho } from "./netcode/echo.ts";
import { measureFlood } from "./netcode/flood.ts";
import { measureHandshakes } from "./netcode/handshakes.ts";
import { measureInMemory } from "./netcode/in_memory.ts";
import { measureSeal } from "./netcode/seal.ts";

const PARTS: Parts = {
  seal: measureSeal,
  in_memory: measureInMemory,
  handshakes: measureHandshakes,
  echo: measureEcho,
  insecure: measureBesideInsecure,
  flood: measureFlood,
};

if (import.meta.main) await runParts(PARTS, Deno.args);
