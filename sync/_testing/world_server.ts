// A server of a small match in a process of its own, over UDP and over websockets: the ports of both, 0 for any, and the name
// of its first player, by which one server is told from the next. It prints the ports, then who comes and goes.

import { playerId } from "../../core/mod.ts";
import type { MessageLink } from "../../protocol/mod.ts";
import { NonBlockingSocket } from "../../transport/deno.ts";
import { ConnectionManager, InsecureLink } from "../../transport/mod.ts";
import { upgradeWebSocket } from "../../websocket/deno.ts";
import { WsHub } from "../../websocket/mod.ts";
import { MATCH } from "../recording/_testing/match_game.ts";
import { SyncServer } from "../server/sync_server.ts";
import {
  WORLD_CONNECTION,
  WORLD_LINK,
  WORLD_PROTOCOL,
  WorldMatch,
} from "./world_match.ts";

const TICK_MS = 1_000 / 60;
const HOSTNAME = "127.0.0.1";

const [udpPort = "0", webPort = "0", name = "first"] = Deno.args;
const server = new SyncServer(MATCH, { sendRate: 60, checksumEvery: 1 });
const match = new WorldMatch(server.entities, name);
const udp = await NonBlockingSocket.bind({
  hostname: HOSTNAME,
  port: Number(udpPort),
});
const pollUdp = listenUdp();
const pollWebSocket = listenWebSocket();
const { ppid } = Deno;
setInterval(() => {
  // It does not outlive the test, however that ends.
  if (Deno.ppid !== ppid) Deno.exit(1);
  pollUdp();
  pollWebSocket();
  server.tick(TICK_MS / 1_000, (tick) => match.step(tick));
  for (const { type } of server.drainEvents()) console.log(type);
}, TICK_MS);

function connect(link: MessageLink): void {
  server.connect(link);
}

function listenUdp(): () => void {
  const manager = new ConnectionManager({
    link: new InsecureLink({ protocol: WORLD_PROTOCOL, maxClients: 8 }),
    connection: WORLD_CONNECTION,
  });
  manager.bind(udp);
  return () => {
    manager.poll();
    for (const event of manager.drainEvents()) {
      if (event.type === "peerConnected") connect(manager.link(event.peer)!);
    }
  };
}

function listenWebSocket(): () => void {
  const hub = new WsHub({
    upgrade: upgradeWebSocket,
    authenticate: () => ({ playerId: playerId("p") }),
  });
  const { addr } = Deno.serve(
    { port: Number(webPort), hostname: HOSTNAME, onListen() {} },
    hub.handler,
  );
  console.log(`ready ${udp.localAddress.port}\n${addr.port}`);
  return () => {
    hub.tick(TICK_MS / 1_000);
    for (const event of hub.drainEvents()) {
      // A link goes on over cuts.
      if (event.type !== "clientConnected" || event.isResumed) continue;
      connect(hub.link(event.client, WORLD_LINK)!);
    }
  };
}
