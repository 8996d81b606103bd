import { assertEquals } from "@std/assert";
import { type Random, SeededRandom } from "../../../core/mod.ts";
import { LinkEnd } from "../../link/_testing/link_end.ts";
import { MemoryNetwork } from "../../link/_testing/memory_network.ts";
import type { PeerId } from "../../link/peer_id.ts";
import { NetcodeClient } from "../netcode_client.ts";
import { NetcodeClientState } from "../netcode_client_state.ts";
import {
  PlainServer,
  type TestToken,
  testToken,
  type TestTokenOptions,
} from "./plain_server.ts";

/** A client, servers, and a network that takes 10 ms each way. */
export class ClientWorld {
  readonly network = new MemoryNetwork();
  readonly random = new SeededRandom(8);
  readonly tokens: TestToken[] = [];
  readonly servers: PlainServer[] = [];
  readonly client: NetcodeClient;
  readonly end: LinkEnd;

  constructor(
    serverCount = 1,
    latencyMs = 10,
    roaming = false,
    random: Random = new SeededRandom(9),
  ) {
    this.network.latencyMs = latencyMs;
    this.client = new NetcodeClient({ roaming, random });
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

  /** Brings a session into one of the states above 0, where its first server leaves it. */
  enter(state: NetcodeClientState, token?: TestToken): PeerId {
    const { server } = this;
    if (state === NetcodeClientState.SendingConnectionRequest) {
      server.onRequest = "ignore";
    } else if (state === NetcodeClientState.SendingConnectionResponse) {
      server.onResponse = "ignore";
    }
    const peer = this.connect(token);
    this.pass(50);
    assertEquals(this.client.stateOf(peer), state);
    return peer;
  }

  pass(ms: number, stepMs = 5): void {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.network.advance(stepMs);
      for (const server of this.servers) server.pump();
      this.end.pump(stepMs);
    }
  }
}
