// Clients in a process of their own, which is ready when all of them are subscribed:
// `<port> <count>`.
import { WsClient } from "../mod.ts";

const FRAME_MS = 4;

const [port, count = 1] = Deno.args.map(Number);
const clients = Array.from({ length: count }, () => {
  const client = new WsClient({ url: `ws://127.0.0.1:${port}/`, mux: true });
  client.subscribe("news");
  client.connect();
  return client;
});
const { ppid } = Deno;
let subscribed = 0;
setInterval(() => {
  // It does not outlive the test, however that ends.
  if (Deno.ppid !== ppid) Deno.exit(1);
  for (const client of clients) {
    client.tick(FRAME_MS / 1_000);
    for (const { type } of client.drainEvents()) {
      if (type !== "subscribed") continue;
      subscribed += 1;
      if (subscribed === count) console.log(`ready ${port}`);
    }
  }
}, FRAME_MS);
