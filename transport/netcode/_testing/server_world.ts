import { assert, assertEquals } from "@std/assert";
import { ManualClock, SeededRandom } from "../../../core/mod.ts";
import { LinkEnd } from "../../link/_testing/link_end.ts";
import {
  MemoryNetwork,
  type MemorySocket,
} from "../../link/_testing/memory_network.ts";
import type { PeerId } from "../../link/peer_id.ts";
import { PacketType } from "../_sizes.ts";
import {
  issueConnectToken,
  type IssueConnectTokenOptions,
} from "../issue_connect_token.ts";
import { NetcodeServer } from "../netcode_server.ts";
import type { NetcodeServerCounters } from "../netcode_server_counters.ts";
import type { NetcodeServerOptions } from "../netcode_server_options.ts";
import { PlainClient } from "./plain_client.ts";

export const PROTOCOL_ID = 0x1122_3344_5566_7788n;
export const SERVER = "10.0.0.1:9";
/** 2026-01-01, and some milliseconds. */
const START_MS = 1_767_225_600_250;

/** A server and plain clients, in virtual time. */
export class ServerWorld {
  readonly clock = new ManualClock({ epochMs: START_MS });
  readonly random: SeededRandom;
  readonly network = new MemoryNetwork();
  readonly privateKey: Uint8Array;
  readonly socket: MemorySocket;
  server: NetcodeServer;
  end: LinkEnd;
  readonly clients: PlainClient[] = [];
  nextClientId = 1n;

  constructor(options: Partial<NetcodeServerOptions> = {}, seed = 1) {
    this.random = new SeededRandom(seed);
    this.privateKey = this.key();
    this.socket = this.network.socket("10.0.0.1", 9);
    this.server = this.start(options);
    this.end = new LinkEnd(this.server, this.socket);
  }

  /** A server like this world's first. */
  start(options: Partial<NetcodeServerOptions> = {}): NetcodeServer {
    return new NetcodeServer({
      protocolId: PROTOCOL_ID,
      privateKeys: [this.privateKey],
      addresses: [SERVER],
      maxClients: 4,
      clock: this.clock,
      random: this.random,
      ...options,
    });
  }

  /** Puts another server in the place of the one that there is. */
  restart(options: Partial<NetcodeServerOptions> = {}): void {
    this.server = this.start(options);
    this.end = new LinkEnd(this.server, this.socket);
  }

  key(): Uint8Array<ArrayBuffer> {
    const key = new Uint8Array(32);
    this.random.fill(key);
    return key;
  }

  token(options: Partial<IssueConnectTokenOptions> = {}): Uint8Array {
    return issueConnectToken({
      protocolId: PROTOCOL_ID,
      privateKey: this.privateKey,
      clientId: this.nextClientId++,
      addresses: [SERVER],
      clock: this.clock,
      random: this.random,
      ...options,
    });
  }

  client(
    options: Partial<IssueConnectTokenOptions> = {},
    socket: MemorySocket = this.network.socket("10.0.0.2"),
  ): PlainClient {
    return this.clientWith(this.token(options), socket);
  }

  clientWith(
    token: Uint8Array,
    socket: MemorySocket = this.network.socket("10.0.0.2"),
  ): PlainClient {
    const client = new PlainClient(token, socket, SERVER);
    this.clients.push(client);
    return client;
  }

  /** Lets what was sent arrive, and what answers it. */
  settle(): void {
    for (let i = 0; i < 4; i++) {
      this.network.advance(0);
      this.end.pump(0);
      for (const client of this.clients) client.poll();
    }
  }

  /** Lets time pass. */
  pass(ms: number, stepMs = 10): void {
    for (let left = ms; left > 0; left -= stepMs) {
      const step = Math.min(left, stepMs);
      this.clock.advance(step);
      this.end.pump(step);
      this.settle();
    }
  }

  /** Connects a client, and gives its peer at the server. */
  connect(client: PlainClient): PeerId {
    const before = this.end.of("peerConnected").length;
    client.send(client.request());
    this.settle();
    client.respond();
    this.settle();
    const event = this.end.of("peerConnected")[before];
    assert(event !== undefined, "the client did not come in");
    return event.peer;
  }

  /** Connects and shows that it knows. */
  connectFully(client: PlainClient): PeerId {
    const peer = this.connect(client);
    client.sendPacket(PacketType.KeepAlive, new Uint8Array(8));
    this.settle();
    return peer;
  }

  /** Does something, and tells what the server has counted meanwhile. */
  counted(act: () => void): Partial<NetcodeServerCounters> {
    const before = { ...this.server.counters };
    act();
    this.settle();
    const counted: Record<string, number> = {};
    for (const [name, count] of Object.entries(this.server.counters)) {
      const more = count - before[name as keyof NetcodeServerCounters];
      if (more !== 0) counted[name] = more;
    }
    return counted;
  }

  /** Refuses anything that the server keeps of nobody. */
  assertEmpty(): void {
    assertEquals(this.server.clientCount, 0);
    assertEquals(this.socket.retained, 0);
    assertEquals(this.server.nextTickMs, Infinity);
  }
}
