import { ConnectionManager, InsecureLink } from "../../mod.ts";
import { NonBlockingSocket } from "../../deno.ts";

// A server that echoes, for tests which kill it. The port is its argument, 0 for any.
const socket = await NonBlockingSocket.bind({
  hostname: "127.0.0.1",
  port: Number(Deno.args[0] ?? 0),
});
const manager = new ConnectionManager({
  link: new InsecureLink({ protocol: "kill 1", maxClients: 8 }),
});
manager.bind(socket);
console.log(`ready ${socket.localAddress.port}`);
setInterval(() => {
  manager.poll((peer, bytes, channel) => manager.send(peer, bytes, channel));
  for (const _ of manager.drainEvents());
}, 2);
