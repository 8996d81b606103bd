// A server that echoes, in a process of its own. Arguments: its address, and its port, 0 for any. It prints what happens.

import { NonBlockingSocket } from "../deno.ts";
import { ConnectionManager, InsecureLink } from "../mod.ts";
import { ECHO_CONNECTION, ECHO_PROTOCOL } from "./echo_link.ts";

const [hostname = "127.0.0.1", port = "0"] = Deno.args;
const socket = await NonBlockingSocket.bind({ hostname, port: Number(port) });
const manager = new ConnectionManager({
  link: new InsecureLink({ protocol: ECHO_PROTOCOL, maxClients: 8 }),
  connection: ECHO_CONNECTION,
});
manager.bind(socket);
console.log(`ready ${socket.localAddress.port}`);
setInterval(() => {
  manager.poll((peer, bytes, channel) => {
    // One that is refused would be missed at the other end: better to end here.
    if (!manager.send(peer, bytes, channel)) throw new Error("refused");
  });
  for (const { type } of manager.drainEvents()) console.log(type);
}, 2);
