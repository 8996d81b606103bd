// One end of numbered traffic in a process of its own, which can be suspended: `hub <keepaliveMs>`
// or `client <keepaliveMs> <port>`.
import { SeededRandom } from "../../core/mod.ts";
import { ClientEnd, HubEnd, Talker } from "./talker.ts";

const FRAME_MS = 4;

const [role, ...numbers] = Deno.args;
const [keepaliveMs = 0, port = 0] = numbers.map(Number);
const end = role === "hub"
  ? new HubEnd({ keepaliveMs })
  : new ClientEnd({ keepaliveMs, port });
const talker = new Talker(end, new SeededRandom(2));
console.log(`ready ${end instanceof HubEnd ? end.port : port}`);
const { ppid } = Deno;
setInterval(() => {
  talker.step();
  // It does not outlive the test, however that ends.
  if (Deno.ppid !== ppid) Deno.exit(1);
}, FRAME_MS);
