import { assert } from "@std/assert";
import { testMessageLink } from "../../protocol/_testing/message_link_conformance.ts";
import { XorLink } from "../link/_testing/xor_link.ts";
import {
  ManagerWorld,
  type ManagerWorldOptions,
} from "./_testing/manager_world.ts";

// Little room, so that it is soon filled.
const connection = {
  limits: {
    maxReliableBytes: 65_536,
    maxChannelBytes: 262_144,
    maxReadyBytes: 262_144,
    maxReorderBytes: 262_144,
    maxReassemblyBytes: 262_144,
  },
};

for (
  const [name, options] of Object.entries<ManagerWorldOptions>({
    "PeerLink": { conditions: {} },
    "PeerLink on a lossy network": {
      conditions: { latencyMs: 4, jitterMs: 4, loss: 0.1, duplication: 0.1 },
    },
    "PeerLink on a link with 25 bytes of overhead": {
      conditions: {},
      link: (options) => new XorLink(options),
    },
    "PeerLink on a link with payloads of 1,200 bytes": {
      conditions: {},
      link: (options) => new XorLink(options, 1_200),
    },
  })
) {
  testMessageLink(name, (run) => {
    const world = new ManagerWorld({ connection, ...options });
    world.server.takes = false;
    const { end, peer, atServer } = world.connected();
    const a = world.server.manager.link(atServer);
    const b = end.manager.link(peer);
    assert(a !== undefined && b !== undefined);
    return run({ a, b, settle: () => world.run(400, 4) });
  });
}

testMessageLink("PeerLink of a client that connects", (run) => {
  const world = new ManagerWorld({
    connection,
    conditions: { latencyMs: 1 },
  });
  world.server.takes = false;
  const { end, peer } = world.connect();
  const a = end.manager.link(peer);
  assert(a !== undefined);
  // The server's end is there when its client is: until then there is nothing to ask.
  let b: typeof a | undefined;
  function server(): typeof a | undefined {
    const [event] = world.server.of("peerConnected");
    return b ??= event && world.server.manager.link(event.peer);
  }
  return run({
    a,
    b: {
      get state() {
        return server()?.state ?? { type: "connecting" };
      },
      get maxMessageBytes() {
        return server()!.maxMessageBytes;
      },
      get rttMs() {
        return server()?.rttMs ?? 0;
      },
      send: (bytes, channel) => server()?.send(bytes, channel) ?? false,
      poll: (sink) => server()?.poll(sink),
      close: (reason) => server()?.close(reason),
    },
    settle: () => world.run(100, 2),
  });
});
