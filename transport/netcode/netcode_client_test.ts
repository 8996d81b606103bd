import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { LinkEnd } from "../link/_testing/link_end.ts";
import { MemoryNetwork } from "../link/_testing/memory_network.ts";
import type { PeerId } from "../link/peer_id.ts";
import {
  PlainServer,
  type TestToken,
  testToken,
  type TestTokenOptions,
} from "./_testing/plain_server.ts";
import { NetcodeClient } from "./netcode_client.ts";
import { NetcodeClientState } from "./netcode_client_state.ts";

/** A client, servers, and a network that takes 10 ms each way. */
class World {
  readonly network = new MemoryNetwork();
  readonly random = new SeededRandom(8);
  readonly tokens: TestToken[] = [];
  readonly servers: PlainServer[] = [];
  readonly client = new NetcodeClient();
  readonly end: LinkEnd;

  constructor(serverCount = 1) {
    this.network.latencyMs = 10;
    for (let i = 0; i < serverCount; i++) {
      this.servers.push(
        new PlainServer(this.network, this.tokens, 9_000 + i),
      );
    }
    this.end = new LinkEnd(this.client, this.network.socket());
  }

  get server(): PlainServer {
    return this.servers[0]!;
  }

  /** The client as its servers call it. */
  get key(): string {
    return this.end.socket.key;
  }

  token(options?: TestTokenOptions): TestToken {
    const token = testToken(this.random, options);
    this.tokens.push(token);
    return token;
  }

  connect(token = this.token(), port = 9_000): PeerId {
    const to = this.end.socket.address("127.0.0.1", port);
    return this.client.connect(to, token.bytes);
  }

  pass(ms: number, stepMs = 5): void {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.network.advance(stepMs);
      for (const server of this.servers) server.pump();
      this.end.pump(stepMs);
    }
  }
}

Deno.test("NetcodeClient connects in two round trips, and carries payloads both ways", () => {
  const world = new World();
  const { client, end, server } = world;
  const peer = world.connect();
  assertEquals(
    client.stateOf(peer),
    NetcodeClientState.SendingConnectionRequest,
  );
  assertEquals(client.clientIndexOf(peer), undefined);
  world.pass(20);
  assertEquals(
    client.stateOf(peer),
    NetcodeClientState.SendingConnectionResponse,
  );
  assertEquals(end.send(new Uint8Array(1), peer), false);
  world.pass(20);
  assertEquals(client.stateOf(peer), NetcodeClientState.Connected);
  const [event, ...more] = end.events;
  assert(event?.type === "peerConnected");
  assertEquals([event.peer, event.address.port], [peer, 9_000]);
  assertEquals(more, []);
  assertEquals(client.clientIndexOf(peer), 3);
  assertEquals(client.maxClientsOf(peer), 64);

  assert(end.send(new Uint8Array([1, 2, 3]), peer));
  server.send(world.key, 5, new Uint8Array([4, 5]));
  world.pass(20);
  assertEquals(server.heard.map(({ type }) => type), [0, 3, 5]);
  assertEquals(server.heard.at(-1)!.body, new Uint8Array([1, 2, 3]));
  assertEquals(end.payloads, [{ peer, bytes: new Uint8Array([4, 5]) }]);
});
