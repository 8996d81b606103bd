// This module is browser compatible.
import type { DatagramAddress } from "./datagram_address.ts";
import type { DatagramSocket } from "./datagram_socket.ts";
import { formatIp, IP_WORDS, IPV4_MAPPED, parseIp } from "./ip_address.ts";

/** Options for {@linkcode IpAddressTable}. */
export interface IpAddressTableOptions {
  /**
   * How many addresses that nobody retains are known at most: rounded up to a power of two.
   *
   * @default {1024}
   */
  readonly maxStrangers?: number;
  /**
   * What the table's order depends on: an integer of 32 bits. Nobody outside should know it.
   *
   * @default {a random one}
   */
  readonly seed?: number;
}

/**
 * The interned IP addresses of one socket.
 *
 * Those that are retained stay. All others share a table of fixed size, in which a newer
 * one takes the place of an older one: a flood from any number of addresses costs no
 * memory, and pushes out nobody who is retained.
 */
export class IpAddressTable {
  /** The socket that the addresses belong to: set before the first one is handed out. */
  socket!: DatagramSocket;
  readonly #seed: number;
  readonly #strangers: (IpAddress | undefined)[];
  /** Chains of the retained. */
  #buckets: (IpAddress | undefined)[];
  #retained = 0;
  readonly #words = new Int32Array(IP_WORDS);

  /** Creates an empty table. */
  constructor(options: IpAddressTableOptions = {}) {
    const { maxStrangers = 1024, seed } = options;
    this.#seed = seed ?? crypto.getRandomValues(new Int32Array(1))[0]!;
    const slots = 1 << 32 - Math.clz32(maxStrangers - 1);
    this.#strangers = new Array(slots).fill(undefined);
    this.#buckets = new Array(16).fill(undefined);
  }

  /** How many addresses are retained. */
  get retainedCount(): number {
    return this.#retained;
  }

  /**
   * Gives the address of these words.
   *
   * @param w0 The first four bytes, little-endian, signed; `w1` to `w3` the others.
   * @param port 0 to 65535.
   * @param scope The scope id of a link-local address, otherwise 0.
   * @returns The interned address, not retained.
   */
  intern(
    w0: number,
    w1: number,
    w2: number,
    w3: number,
    port: number,
    scope: number,
  ): IpAddress {
    const hash = this.#hash(w0, w1, w2, w3, port, scope);
    let found = this.#buckets[hash & this.#buckets.length - 1];
    while (found !== undefined) {
      if (found.is(w0, w1, w2, w3, port, scope)) return found;
      found = found.next;
    }
    const slot = hash & this.#strangers.length - 1;
    const stranger = this.#strangers[slot];
    if (stranger?.is(w0, w1, w2, w3, port, scope)) return stranger;
    return this.#strangers[slot] = new IpAddress(
      this,
      hash,
      w0,
      w1,
      w2,
      w3,
      port,
      scope,
    );
  }

  /**
   * Gives the address of a text, without a check of the port.
   *
   * @param host An IP address as text.
   * @param port 0 to 65535.
   * @returns The interned address, `undefined` if `host` is none.
   */
  find(host: string, port: number): IpAddress | undefined {
    const words = this.#words;
    if (!parseIp(host, words)) return undefined;
    return this.intern(
      words[0]!,
      words[1]!,
      words[2]!,
      words[3]!,
      port,
      words[4]!,
    );
  }

  /**
   * Gives the address that somebody wants to send to: `address()` of a socket.
   *
   * @param host An IP address as text.
   * @param port 1 to 65535.
   * @returns The interned address, not retained.
   * @throws {TypeError} If `host` is not an address.
   * @throws {RangeError} If `port` is no port.
   */
  parse(host: string, port: number): IpAddress {
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      throw new RangeError(
        `Cannot use port as it must be an integer from 1 to 65535: current value is ${port}`,
      );
    }
    const found = this.find(host, port);
    if (found === undefined) {
      throw new TypeError(
        `Cannot use host as it must be an IP address: current value is "${host}"`,
      );
    }
    return found;
  }

  /**
   * Gives the object that an address has now.
   *
   * @param address Any object of it, forgotten or not.
   * @returns The interned one.
   */
  current(address: IpAddress): IpAddress {
    if (address.isRetained) return address;
    const { w0, w1, w2, w3, port, scope } = address;
    return this.intern(w0, w1, w2, w3, port, scope);
  }

  /** An address was retained for the first time: it moves to those that stay. */
  keep(address: IpAddress): void {
    const slot = address.hash & this.#strangers.length - 1;
    // Whoever stands there with the same address was made after this one was forgotten.
    if (this.#strangers[slot]?.isSameAs(address)) {
      this.#strangers[slot] = undefined;
    }
    if (++this.#retained > this.#buckets.length) this.#grow();
    this.#append(address);
  }

  /** An address is retained no more: it moves to the strangers. */
  forget(address: IpAddress): void {
    const index = address.hash & this.#buckets.length - 1;
    let at = this.#buckets[index];
    if (at === address) {
      this.#buckets[index] = address.next;
    } else {
      while (at!.next !== address) at = at!.next;
      at!.next = address.next;
    }
    address.next = undefined;
    this.#retained--;
    this.#strangers[address.hash & this.#strangers.length - 1] = address;
  }

  /** At the end of its chain: of two with the same address the older one is found. */
  #append(address: IpAddress): void {
    const index = address.hash & this.#buckets.length - 1;
    let at = this.#buckets[index];
    if (at === undefined) {
      this.#buckets[index] = address;
      return;
    }
    while (at.next !== undefined) at = at.next;
    at.next = address;
  }

  #grow(): void {
    const old = this.#buckets;
    this.#buckets = new Array(old.length * 2).fill(undefined);
    for (let at of old) {
      while (at !== undefined) {
        const { next }: IpAddress = at;
        at.next = undefined;
        this.#append(at);
        at = next;
      }
    }
  }

  #hash(
    w0: number,
    w1: number,
    w2: number,
    w3: number,
    port: number,
    scope: number,
  ): number {
    let hash = this.#seed;
    hash = mix(hash ^ w0);
    hash = mix(hash ^ w1);
    hash = mix(hash ^ w2);
    hash = mix(hash ^ w3);
    return mix(hash ^ port ^ scope << 16);
  }
}

/** After the finaliser of MurmurHash3 (Austin Appleby). */
function mix(word: number): number {
  word = Math.imul(word ^ word >>> 16, 0x85eb_ca6b);
  word = Math.imul(word ^ word >>> 13, 0xc2b2_ae35);
  return word ^ word >>> 16;
}

/** An address of an {@linkcode IpAddressTable}. */
export class IpAddress implements DatagramAddress {
  /** The first four bytes of the address, little-endian, signed. */
  readonly w0: number;
  /** The next four. */
  readonly w1: number;
  /** The next four. */
  readonly w2: number;
  /** The last four: all of an IPv4 address. */
  readonly w3: number;
  /** 0 to 65535. */
  readonly port: number;
  /** The scope id of a link-local address, otherwise 0. */
  readonly scope: number;
  /** The table's own. */
  readonly hash: number;
  /** The table's own. */
  next: IpAddress | undefined = undefined;
  /** The largest datagram that the system took for this address, in bytes: the socket's own. */
  provenBytes = 0;
  /** The smallest datagram that was too large for the system: the socket's own. */
  tooLargeBytes = Infinity;
  /** Whether the socket may send there, once that is known: the socket's own. */
  isReachable: boolean | undefined = undefined;
  /** The address as what is below the socket takes it: the socket's own. */
  route: unknown = undefined;
  /** Where it is interned. */
  readonly table: IpAddressTable;
  #holders = 0;
  #host: string | undefined = undefined;
  #key: Uint8Array | undefined = undefined;

  /** For {@linkcode IpAddressTable.intern}. */
  constructor(
    table: IpAddressTable,
    hash: number,
    w0: number,
    w1: number,
    w2: number,
    w3: number,
    port: number,
    scope: number,
  ) {
    this.table = table;
    this.hash = hash;
    this.w0 = w0;
    this.w1 = w1;
    this.w2 = w2;
    this.w3 = w3;
    this.port = port;
    this.scope = scope;
  }

  /** Whether it is the address of these words. */
  is(
    w0: number,
    w1: number,
    w2: number,
    w3: number,
    port: number,
    scope: number,
  ): boolean {
    return this.w3 === w3 && this.port === port && this.w0 === w0 &&
      this.w1 === w1 && this.w2 === w2 && this.scope === scope;
  }

  /** Whether it is the same address as another one, be it another object. */
  isSameAs({ w0, w1, w2, w3, port, scope }: IpAddress): boolean {
    return this.is(w0, w1, w2, w3, port, scope);
  }

  /** The socket that it belongs to. */
  get socket(): DatagramSocket {
    return this.table.socket;
  }

  /** Whether somebody retains it. */
  get isRetained(): boolean {
    return this.#holders > 0;
  }

  /** Whether it is one of IPv4. */
  get isIpv4(): boolean {
    return this.w2 === IPV4_MAPPED && this.w1 === 0 && this.w0 === 0;
  }

  /** The address as text: IPv4 dotted, IPv6 as RFC 5952 wants it. */
  get host(): string {
    return this.#host ??= formatIp([
      this.w0,
      this.w1,
      this.w2,
      this.w3,
      this.scope,
    ]);
  }

  /** 16 bytes of the address, two of the port, and four of the scope id if that is not 0. */
  get key(): Uint8Array {
    return this.#key ??= this.#makeKey();
  }

  #makeKey(): Uint8Array {
    const key = new Uint8Array(this.scope === 0 ? 18 : 22);
    const view = new DataView(key.buffer);
    view.setInt32(0, this.w0, true);
    view.setInt32(4, this.w1, true);
    view.setInt32(8, this.w2, true);
    view.setInt32(12, this.w3, true);
    view.setUint16(16, this.port);
    if (this.scope !== 0) view.setUint32(18, this.scope);
    return key;
  }

  /** Keeps it in the table until {@linkcode IpAddress.release}; counted. */
  retain(): void {
    if (this.#holders++ === 0) this.table.keep(this);
  }

  /**
   * Takes one {@linkcode IpAddress.retain} back.
   *
   * @throws {RangeError} If none is left to take back.
   */
  release(): void {
    if (this.#holders === 0) {
      throw new RangeError(
        "Cannot release the address as it must be retained: current value is 0 holders",
      );
    }
    if (--this.#holders === 0) this.table.forget(this);
  }

  /** `"203.0.113.7:9000"`, `"[2001:db8::7]:9000"`. */
  toString(): string {
    const { host, port } = this;
    return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  }
}
