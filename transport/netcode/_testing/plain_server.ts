import { createCipheriv, createDecipheriv } from "node:crypto";
import type { SeededRandom } from "../../../core/mod.ts";
import type {
  MemoryNetwork,
  MemorySocket,
} from "../../link/_testing/memory_network.ts";
import type { DatagramAddress } from "../../socket/datagram_address.ts";
import { encodeConnectToken } from "../connect_token.ts";

/** A token, and what only its server knows. */
export interface TestToken {
  readonly bytes: Uint8Array;
  readonly protocolId: bigint;
  readonly privateData: Uint8Array;
  readonly clientToServerKey: Uint8Array;
  readonly serverToClientKey: Uint8Array;
}

/** What a {@linkcode testToken} says. */
export interface TestTokenOptions {
  readonly addresses?: readonly string[];
  readonly timeoutSeconds?: number;
  readonly lifeSeconds?: bigint;
  readonly protocolId?: bigint;
}

/** Makes a token whose private part is noise: a {@linkcode PlainServer} knows it by that. */
export function testToken(
  random: SeededRandom,
  options: TestTokenOptions = {},
): TestToken {
  const {
    addresses = ["127.0.0.1:9000"],
    timeoutSeconds = 5,
    lifeSeconds = 30n,
    protocolId = 0x1122_3344_5566_7788n,
  } = options;
  const [privateData, nonce, clientToServerKey, serverToClientKey] = [
    1_024,
    24,
    32,
    32,
  ].map((length) => {
    const bytes = new Uint8Array(length);
    random.fill(bytes);
    return bytes;
  }) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const bytes = encodeConnectToken({
    protocolId,
    createSeconds: 1_000n,
    expireSeconds: 1_000n + lifeSeconds,
    nonce,
    privateData,
    timeoutSeconds,
    addresses,
    clientToServerKey,
    serverToClientKey,
  });
  return {
    bytes,
    protocolId,
    privateData,
    clientToServerKey,
    serverToClientKey,
  };
}

/** Seals a packet as the standard's text has it, by an own path. */
export function sealPacket(
  token: TestToken,
  key: Uint8Array,
  type: number,
  sequence: bigint,
  body: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const number: number[] = [];
  for (let rest = sequence; number.length === 0 || rest > 0n; rest >>= 8n) {
    number.push(Number(rest & 255n));
  }
  const prefix = type | number.length << 4;
  const cipher = createCipheriv("chacha20-poly1305", key, nonceOf(sequence), {
    authTagLength: 16,
  });
  cipher.setAAD(bindingOf(token, prefix), { plaintextLength: body.length });
  const sealed = [...cipher.update(body), ...cipher.final()];
  return new Uint8Array([prefix, ...number, ...sealed, ...cipher.getAuthTag()]);
}

/** A packet that was opened. */
export interface OpenedPacket {
  readonly type: number;
  readonly sequence: bigint;
  readonly body: Uint8Array;
}

/** Opens a packet; `undefined` if the key does not. */
export function openPacket(
  token: TestToken,
  key: Uint8Array,
  packet: Uint8Array,
): OpenedPacket | undefined {
  const count = packet[0]! >> 4;
  let sequence = 0n;
  for (let i = count; i > 0; i--) {
    sequence = sequence << 8n | BigInt(packet[i]!);
  }
  const decipher = createDecipheriv(
    "chacha20-poly1305",
    key,
    nonceOf(sequence),
    { authTagLength: 16 },
  );
  const end = packet.length - 16;
  decipher.setAAD(bindingOf(token, packet[0]!), {
    plaintextLength: end - 1 - count,
  });
  decipher.setAuthTag(packet.subarray(end));
  try {
    const body = decipher.update(packet.subarray(1 + count, end));
    decipher.final();
    return { type: packet[0]! & 15, sequence, body: new Uint8Array(body) };
  } catch {
    return undefined;
  }
}

/** What a client has sent to a {@linkcode PlainServer}. */
export interface Heard extends OpenedPacket {
  readonly atMs: number;
  readonly from: string;
  readonly token: TestToken;
}

/**
 * A server that does what the standard's text says to a client, and only as far as a client
 * sees it. Written apart from the module, for the tests of its client.
 */
export class PlainServer {
  readonly socket: MemorySocket;
  /** All that has come in and could be opened. */
  readonly heard: Heard[] = [];
  /** What came in and could not. */
  unread = 0;
  /** What it does about requests and responses. */
  onRequest: "challenge" | "deny" | "ignore" = "challenge";
  onResponse: "accept" | "deny" | "ignore" = "accept";
  /** Whether it follows a client to another address, as servers of this library do. */
  follows = false;
  /** Whether it sends keep-alives ten times a second. */
  keepsAlive = true;
  readonly #network: MemoryNetwork;
  readonly #tokens: TestToken[];
  /** Whose key an address has. */
  readonly #keys = new Map<string, TestToken>();
  readonly #connected = new Map<string, { nextMs: number }>();
  /** By token, so that no nonce comes twice. */
  readonly #sequences = new Map<TestToken, bigint>();
  #global = 1n << 63n;

  constructor(
    network: MemoryNetwork,
    tokens: TestToken[],
    port = 9_000,
    host = "127.0.0.1",
  ) {
    this.#network = network;
    this.#tokens = tokens;
    this.socket = network.socket(host, port);
  }

  /** Whether somebody at an address is connected. */
  isConnected(from: string): boolean {
    return this.#connected.has(from);
  }

  /** Where the client of a token is connected. */
  addressOf(token: TestToken): string | undefined {
    for (const key of this.#connected.keys()) {
      if (this.#keys.get(key) === token) return key;
    }
    return undefined;
  }

  /** Takes what has come in, and does what is due. */
  pump(): void {
    this.socket.poll((datagram, from) => this.#take(datagram, from));
    for (const [key, client] of this.#connected) {
      if (!this.keepsAlive || this.#network.nowMs < client.nextMs) continue;
      client.nextMs = this.#network.nowMs + 100;
      this.send(key, 4, KEEP_ALIVE);
    }
  }

  /** Makes the next packet of a type for an address. */
  packet(
    to: string,
    type: number,
    body: Uint8Array = NONE,
  ): Uint8Array<ArrayBuffer> {
    const token = this.#keys.get(to)!;
    let sequence: bigint;
    if (type < 4) sequence = this.#global++;
    else {
      sequence = this.#sequences.get(token) ?? 0n;
      this.#sequences.set(token, sequence + 1n);
    }
    return sealPacket(token, token.serverToClientKey, type, sequence, body);
  }

  /** Sends a packet. */
  send(to: string, type: number, body: Uint8Array = NONE): void {
    this.#network.carry(this.packet(to, type, body), this.socket, to);
  }

  /** Forgets a client, and tells nobody. */
  forget(from: string): void {
    this.#connected.delete(from);
    this.#keys.delete(from);
  }

  #take(datagram: Uint8Array, from: DatagramAddress): void {
    const key = `${from.host}:${from.port}`;
    const atMs = this.#network.nowMs;
    if (datagram[0] === 0) {
      const token = this.#tokens.find(({ privateData }) =>
        privateData.every((byte, i) => byte === datagram[54 + i])
      );
      if (token === undefined || datagram.length !== 1_078) {
        this.unread++;
        return;
      }
      const body = datagram.slice();
      this.heard.push({ type: 0, sequence: -1n, body, from: key, token, atMs });
      if (this.isConnected(key)) return;
      if (this.addressOf(token) !== undefined && !this.follows) return;
      this.#keys.set(key, token);
      if (this.onRequest === "deny") this.send(key, 1);
      if (this.onRequest === "challenge") this.send(key, 2, CHALLENGE);
      return;
    }
    const token = this.#keys.get(key);
    const packet = token &&
      openPacket(token, token.clientToServerKey, datagram);
    if (token === undefined || packet === undefined) {
      this.unread++;
      return;
    }
    this.heard.push({ ...packet, from: key, token, atMs });
    if (packet.type === 6) this.#connected.delete(key);
    if (packet.type !== 3 || this.isConnected(key)) return;
    const before = this.addressOf(token);
    const mark = before === undefined ? 0 : 0x80;
    if (
      packet.body.some((byte, i) =>
        byte !== (CHALLENGE[i]! | (i === 7 ? mark : 0))
      )
    ) return;
    if (before !== undefined) this.forget(before);
    if (this.onResponse === "deny") this.send(key, 1);
    if (this.onResponse !== "accept") return;
    this.#connected.set(key, { nextMs: atMs + 100 });
    this.send(key, 4, KEEP_ALIVE);
  }
}

const NONE = new Uint8Array(0);
export const CHALLENGE: Uint8Array = Uint8Array.from(
  { length: 308 },
  (_, i) => i * 7,
);
/** Index 3 of 64. */
export const KEEP_ALIVE: Uint8Array = new Uint8Array([3, 0, 0, 0, 64, 0, 0, 0]);

function nonceOf(sequence: bigint): Uint8Array {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setBigUint64(4, sequence, true);
  return nonce;
}

function bindingOf({ protocolId }: TestToken, prefix: number): Uint8Array {
  const binding = new Uint8Array(22);
  binding.set(new TextEncoder().encode("NETCODE 1.02\0"));
  new DataView(binding.buffer).setBigUint64(13, protocolId, true);
  binding[21] = prefix;
  return binding;
}
