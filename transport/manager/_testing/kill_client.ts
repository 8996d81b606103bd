import { Channel, ConnectionManager, InsecureLink } from "../../mod.ts";
import { NonBlockingSocket } from "../../deno.ts";

// A client that sends a message again and again, for tests which kill it. The server's port is its argument.
const port = Number(Deno.args[0]);
const socket = await NonBlockingSocket.bind({ hostname: "127.0.0.1" });
const manager = new ConnectionManager({
  link: new InsecureLink({ protocol: "kill 1" }),
});
manager.bind(socket);
const peer = manager.connect(socket.address("127.0.0.1", port));
console.log(`ready ${socket.localAddress.port}`);
setInterval(() => {
  manager.send(peer, new Uint8Array([1]), Channel.ReliableOrdered);
  manager.poll(() => {});
  for (const _ of manager.drainEvents());
}, 5);
