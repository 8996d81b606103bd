// The server of a game for netcode_bench.ts: sends each message back, polled each millisecond.
//
//     _game_server.ts
//
// Prints its port, answers a line of standard input with what it has counted, and with its steps
// since the last, and ends when standard input does.
import { NonBlockingSocket } from "../../transport/deno.ts";
import { ConnectionManager, type PeerId } from "../../transport/mod.ts";
import { LINKS } from "../_links.ts";
import { cpuUs, print, serveStdin } from "../_load.ts";
import { Waiter } from "../_waiter.ts";
import { Steps } from "./_steps.ts";

const MAX_CLIENTS = 256;

async function main(): Promise<void> {
  const socket = await NonBlockingSocket.bind({
    hostname: "127.0.0.1",
    backend: "native",
  });
  const { port } = socket.localAddress;
  const link = LINKS.netcode.server(port, MAX_CLIENTS);
  const manager = new ConnectionManager({ link });
  manager.bind(socket);
  const waiter = new Waiter("native", "pause");
  const steps = new Steps();
  let isEnded = false;
  print({ port });
  void serveStdin(
    () => ({
      atMs: performance.now(),
      cpuUs: cpuUs(),
      ...steps.take(),
      arrived: socket.counters.received,
      dropped: socket.counters.dropped,
      link: link.counters,
    }),
    () => isEnded = true,
  );
  function echo(peer: PeerId, message: Uint8Array, channel: number): void {
    manager.send(peer, message, channel);
  }
  while (!isEnded) {
    steps.begin();
    manager.poll(echo);
    for (const _ of manager.drainEvents());
    steps.end();
    await waiter.wait();
  }
  Deno.exit();
}

if (import.meta.main) await main();
