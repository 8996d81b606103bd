import { ConnectionManager } from "../../mod.ts";
import { NonBlockingSocket } from "../../deno.ts";
import { Login } from "./login.ts";

// A server that echoes, for tests which kill it. Its arguments: the key in decimal numbers, the port or 0 for any.
const [key = "", wanted = "0"] = Deno.args;
const socket = await NonBlockingSocket.bind({
  hostname: "127.0.0.1",
  port: Number(wanted),
});
const { port } = socket.localAddress;
const login = new Login({}, new Uint8Array(key.split(",").map(Number)));
const manager = new ConnectionManager({
  link: login.server(`127.0.0.1:${port}`),
});
manager.bind(socket);
console.log(`ready ${port}`);
setInterval(() => {
  manager.poll((peer, bytes, channel) => manager.send(peer, bytes, channel));
  for (const _ of manager.drainEvents());
}, 2);
