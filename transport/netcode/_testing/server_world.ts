import { assert, assertEquals } from "@std/assert";
import { ManualClock, SeededRandom } from "../../../core/mod.ts";
import { LinkEnd } from "../../link/_testing/link_end.ts";
import {
  MemoryNetwork,
  type MemorySocket,
} from "../../link/_testing/memory_network.ts";
import type { PeerId } from "../../link/peer_id.ts";
import { PacketType } from "../_packet_type.ts";
import { REQUEST_BYTES, VERSION } from "../_sizes.ts";
import {
  issueConnectToken,
  type IssueConnectTokenOptions,
} from "../issue_connect_token.ts";
import { NetcodeServer } from "../netcode_server.ts";
import type { NetcodeServerCounters } from "../netcode_server_counters.ts";
import type { NetcodeServerOptions } from "../netcode_server_options.ts";
import { createCipheriv } from "node:crypto";
import { hchacha20 } from "../_hchacha20.ts";
import { encodePrivateToken, type PrivateToken } from "../_private_token.ts";
import { putU64 } from "../_u64.ts";
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
  socket: MemorySocket;
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

  /** Puts another server in the place of the one that there is, on a socket of its own. */
  restart(options: Partial<NetcodeServerOptions> = {}): void {
    this.socket = this.network.socket("10.0.0.1", 9);
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
    server = SERVER,
  ): PlainClient {
    const client = new PlainClient(token, socket, server);
    this.clients.push(client);
    return client;
  }

  /** A request with a private token whose plain bytes somebody with the key has changed. */
  requestOf(
    token: PrivateToken,
    change: (plain: Uint8Array) => void,
  ): Uint8Array {
    const plain = encodePrivateToken(token);
    change(plain);
    const expire = BigInt(Math.floor(this.clock.epochMs() / 1_000) + 30);
    const nonce = new Uint8Array(24);
    this.random.fill(nonce);
    const request = new Uint8Array(REQUEST_BYTES);
    request.set(VERSION, 1);
    putU64(request, 14, PROTOCOL_ID);
    putU64(request, 22, expire);
    request.set(nonce, 30);
    const subkey = new Uint8Array(32);
    hchacha20(this.privateKey, nonce.subarray(0, 16), subkey);
    const inner = new Uint8Array(12);
    inner.set(nonce.subarray(16), 4);
    const cipher = createCipheriv("chacha20-poly1305", subkey, inner, {
      authTagLength: 16,
    });
    cipher.setAAD(request.subarray(1, 30), { plaintextLength: plain.length });
    request.set(cipher.update(plain), 54);
    cipher.final();
    request.set(cipher.getAuthTag(), REQUEST_BYTES - 16);
    return request;
  }

  /** Lets what was sent arrive, and what answers it. */
  settle(): void {
    for (let i = 0; i < 4; i++) {
      this.network.advance(0);
      this.end.pump(0);
      this.#poll();
    }
  }

  /** Gives what has come to all clients at its socket: there may be several. */
  #poll(): void {
    for (const { socket } of this.clients) {
      socket.poll((datagram) => {
        for (const client of this.clients) {
          if (client.socket === socket) client.take(datagram.slice());
        }
      });
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
